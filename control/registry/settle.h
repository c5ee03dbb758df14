/* Subjects move as far as their evidence and the clock bring them, and those that follow from them.
 */
#pragma once

#include "control/registry/life.h"
#include "control/registry/tx.h"

/* An ASN or a prefix, and with it what depends on it: an ASN's prefixes, and who waits for a number
 * that has become free; a prefix's delegated ones.  What the plan has written into it before counts
 * as well.  O(those whose proof changes with it). */
void settle(struct tx *t, const char *id);
/* Who waits for a number: its holder is gone. */
void settle_claims(struct tx *t, asn_t asn);
struct life_evidence settle_evidence(const struct registry *r, const char *subject);
/* What the evidence and what it depends on say about it now. */
struct life_judgement settle_judge(const struct registry *r, const struct registry_rules *rules,
				   const struct registry_prefix *p, int64_t now_s);
/* Whether an ASN or a prefix would move if it were settled: though nothing was written, other rules
 * hold by now, or the clock was put back. */
bool settle_moves(const struct registry *r, const struct registry_rules *rules,
		  const struct registry_object *o, int64_t now_s);
/* What an ASN is to a tenant; NULL: not registered. */
const struct registry_asn *settle_asn_of(const struct registry *r, asn_t asn, const char *tenant);
bool registry_asn_is_private(asn_t asn);
