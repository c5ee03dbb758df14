/* How auth enters a segment, once it knows the key: see signer.h.  Private to dataplane/tcp and its
 * tests. */
#pragma once

#include "dataplane/tcp/auth_mac.h"
#include "dataplane/tcp/signer.h"

/* The MAC is the last thing in `header`, where p->bytes begin. */
void signer_enter_md5(struct signer *s, const struct auth_key *key, const struct auth_packet *p,
		      uint8_t *header);
/* `extension`: as of ao_front. */
void signer_enter_ao(struct signer *s, const struct ao_traffic *t, uint32_t extension,
		     const struct auth_packet *p, uint8_t *header);
