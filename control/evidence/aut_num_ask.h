/* Asks an IRR's server for aut-num objects (`whois`), one at a time, and says what each proves
 * (aut_num.h).  Who asks while one is under way waits in a short line.  Control thread; it never
 * waits. */
#pragma once

#include <poll.h>

#include "control/evidence/finding.h"
#include "control/irr/child.h"
#include "control/irr/conf.h"
#include "control/registry/object.h"

#define AUT_NUM_ASK_FDS_MAX CHILD_FDS
#define AUT_NUM_WAITING_MAX 32

struct aut_num_ask;

struct aut_num_done {
	registry_id_t id;
	uint8_t failures; /* As it began. */
	struct finding finding;
};

struct aut_num_ask *aut_num_ask_new(const struct irr_conf *conf);
void aut_num_ask_free(struct aut_num_ask *a);
/* Another configuration: what waits is asked by it. */
void aut_num_ask_configure(struct aut_num_ask *a, const struct irr_conf *conf);
/* False: there are as many as may wait. */
bool aut_num_ask_begin(struct aut_num_ask *a, const struct registry_asn *of, uint8_t failures);
bool aut_num_ask_has(const struct aut_num_ask *a, const char *id);
unsigned aut_num_ask_fds(const struct aut_num_ask *a, struct pollfd out[AUT_NUM_ASK_FDS_MAX]);
/* True with one that has ended. */
bool aut_num_ask_step(struct aut_num_ask *a, usec_t now, struct aut_num_done *out);
