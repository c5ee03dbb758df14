/* Segments that wait for their signatures, so that many are signed at once (lanes.h).
 *
 * What a worker sends in a turn goes to many neighbours: their segments are entered one by one
 * (auth_sign), sealed over a MAC of zero, and signed together before the port gets them.  An entry
 * is a value: keys may change, and connections end, while it waits.  Only the segment itself must
 * stay where and as it is.
 *
 * One for each worker; no thread shares it. */
#pragma once

#include "dataplane/tcp/auth.h"
#include "dataplane/tcp/lanes.h"

struct signer;

/* NULL when memory is short.  `level` is at most lanes_best(). */
struct signer *signer_new(enum lanes_level level);
/* Nothing waits; NULL is allowed. */
void signer_free(struct signer *s);
/* Put the MAC into every header that waits, and into its checksum. */
void signer_run(struct signer *s);
bool signer_is_empty(const struct signer *s);
