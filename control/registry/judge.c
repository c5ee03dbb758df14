/* What evidence says, and how long. */
#include <string.h>

#include "control/registry/field_own.h"
#include "control/registry/life.h"
#include "control/registry/memory.h"

/* A check that says the same again is written once a day, so that 100,000 checks an hour are not
 * 100,000 changes an hour. */
#define RECORD_AGAIN_S 86400

/* How long a record counts as a proof; 0: it does not; INT64_MAX: until something happens. */
static int64_t holds_until(const struct registry_evidence *e, const struct registry_rules *rules,
			   bool *out_is_failing)
{
	int64_t grace_s = rules->grace_s[e->type];
	*out_is_failing = e->result != RESULT_VALID;
	if (e->result == RESULT_VALID) {
		return e->expires_s == 0 ? INT64_MAX : e->expires_s;
	}
	return e->failing_since_s == 0 ? 0 : e->failing_since_s + grace_s;
}

static bool is_accepted(const struct registry_evidence *e, const struct registry_rules *rules)
{
	return e->type == EVIDENCE_OPERATOR || (rules->evidence_accepted >> e->type & 1) != 0;
}

/* RFC 6811 §2: Invalid means that ROAs cover the prefix, and none matches.  What is invalid is
 * rejected by the import rules, too: no grace, and no other proof makes up for it. */
bool life_is_veto(const struct registry_evidence *e)
{
	bool is_negative = e->result == RESULT_INVALID || e->result == RESULT_MISMATCH;
	return is_negative && (e->type == EVIDENCE_ROA || e->type == EVIDENCE_OPERATOR);
}

/* The end of a proof that holds now, with its grace behind its expiry; 0: it does not hold. */
static int64_t end_of(const struct registry_evidence *e, const struct registry_rules *rules,
		      int64_t now_s, bool *out_is_failing)
{
	int64_t until_s = holds_until(e, rules, out_is_failing);
	if (until_s > now_s) {
		return until_s;
	}
	if (!*out_is_failing) {
		*out_is_failing = true;
		until_s += rules->grace_s[e->type];
	}
	return until_s > now_s ? until_s : 0;
}

static const char *reason_of(const struct registry_evidence *e, int64_t now_s)
{
	if (e->result == RESULT_VALID && e->expires_s != 0 && e->expires_s <= now_s) {
		return "date-expired";
	}
	return e->reason[0] != '\0' ? e->reason : "evidence-lost";
}

static bool was_proof(const struct registry_evidence *e)
{
	return e->result == RESULT_VALID || e->failing_since_s != 0;
}

static struct life_judgement judge_rest(const struct life_evidence *e,
					const struct registry_rules *rules, int64_t now_s)
{
	struct life_judgement j = {.proof = PROOF_NONE, .reason = "pending"};
	bool is_waiting = false;
	for (unsigned i = 0; i < e->count; i++) {
		const struct registry_evidence *one = e->item[i];
		if (!is_accepted(one, rules)) {
			continue;
		}
		if (was_proof(one)) {
			return (struct life_judgement){.proof = PROOF_LOST,
						       .reason = reason_of(one, now_s)};
		}
		is_waiting |= one->result == RESULT_PENDING || one->result == RESULT_ERROR;
		if (one->result != RESULT_PENDING && one->result != RESULT_ERROR &&
		    j.proof == PROOF_NONE) {
			j.proof = PROOF_FAILED;
			j.reason = reason_of(one, now_s);
		}
	}
	/* Something may still come. */
	j.proof = is_waiting ? PROOF_NONE : j.proof;
	return j;
}

/* When time alone changes what a record counts for, the next time; INT64_MAX: never. */
static int64_t turn_of(const struct registry_evidence *e, const struct registry_rules *rules,
		       int64_t now_s)
{
	bool is_failing;
	int64_t end_s = end_of(e, rules, now_s, &is_failing);
	return end_s == 0 || !is_accepted(e, rules) ? INT64_MAX : end_s;
}

/* Whether one record says more than another: a proof that is whole more than one in its grace, and
 * of these the one that lasts longer. */
static bool is_better(bool is_failing, int64_t end_s, const struct life_judgement *best,
		      int64_t best_end_s)
{
	if (best->proof == PROOF_NONE) {
		return true;
	}
	return is_failing == (best->proof == PROOF_FAILING) ? end_s > best_end_s : !is_failing;
}

struct life_judgement life_judge(const struct life_evidence *e, const struct registry_rules *rules,
				 int64_t now_s)
{
	struct life_judgement best = {.proof = PROOF_NONE, .reason = ""};
	int64_t due_s = INT64_MAX, best_end_s = 0;
	for (unsigned i = 0; i < e->count; i++) {
		const struct registry_evidence *one = e->item[i];
		bool is_failing;
		if (life_is_veto(one)) {
			return (struct life_judgement){.proof = PROOF_VETOED,
						       .reason = reason_of(one, now_s)};
		}
		int64_t end_s = end_of(one, rules, now_s, &is_failing), turn_s;
		turn_s = turn_of(one, rules, now_s);
		due_s = turn_s < due_s ? turn_s : due_s;
		if (end_s == 0 || !is_accepted(one, rules) ||
		    !is_better(is_failing, end_s, &best, best_end_s)) {
			continue;
		}
		best_end_s = end_s;
		best.proof = is_failing ? PROOF_FAILING : PROOF_VALID;
		best.reason = is_failing ? reason_of(one, now_s) : "";
	}
	if (best.proof == PROOF_NONE) {
		return judge_rest(e, rules, now_s);
	}
	best.due_s = due_s == INT64_MAX ? 0 : due_s;
	return best;
}

bool life_is_for(const struct registry_evidence *e, asn_t origin)
{
	for (size_t i = 0; i < e->origins.count; i++) {
		if (e->origins.item[i] == origin) {
			return true;
		}
	}
	return e->origins.count == 0;
}

bool life_has_origin(const struct life_evidence *e, const struct registry_rules *rules,
		     int64_t now_s, asn_t origin)
{
	for (unsigned i = 0; i < e->count; i++) {
		const struct registry_evidence *one = e->item[i];
		bool is_failing;
		if (life_is_for(one, origin) && is_accepted(one, rules) &&
		    end_of(one, rules, now_s, &is_failing) != 0) {
			return true;
		}
	}
	return false;
}

static bool is_same_origins(const struct registry_asns *a, const struct registry_asns *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->item, b->item, a->count * sizeof(asn_t)) == 0);
}

static bool is_repeated(const struct registry_evidence *e, const struct life_finding *found,
			int64_t now_s)
{
	return e->checked_s != 0 && now_s < e->checked_s + RECORD_AGAIN_S &&
	       e->result == found->result && strcmp(e->reason, found->reason) == 0 &&
	       strcmp(e->detail, found->detail) == 0 && e->expires_s == found->expires_s &&
	       e->error[0] == '\0' && strcmp(e->document.text, found->document) == 0 &&
	       (e->failing_since_s != 0 || is_same_origins(&e->origins, &found->origins));
}

static void take_origins(struct registry_asns *to, const struct registry_asns *from)
{
	asn_t *item = registry_alloc(from->count, sizeof(asn_t));
	if (from->count > 0) {
		memcpy(item, from->item, from->count * sizeof(asn_t));
	}
	free(to->item);
	to->item = from->count > 0 ? item : NULL;
	to->count = from->count;
	if (from->count == 0) {
		free(item);
	}
}

/* From when on it is no proof any more; 0: it is one, or never was. */
static int64_t failing_since(const struct registry_evidence *e, const struct life_finding *found,
			     int64_t now_s)
{
	if (found->result == RESULT_VALID || found->is_final) {
		return 0;
	}
	if (e->result == RESULT_VALID) {
		return e->expires_s != 0 && e->expires_s < now_s ? e->expires_s : now_s;
	}
	return e->failing_since_s;
}

bool life_record(struct registry_evidence *e, const struct life_finding *found, int64_t now_s)
{
	if (found->result == RESULT_ERROR) {
		/* Fail stale: what was known is still known. */
		bool is_news = strcmp(e->error, found->detail) != 0;
		registry_text_set(&e->error, found->detail);
		return is_news;
	}
	if (is_repeated(e, found, now_s)) {
		return false;
	}
	e->failing_since_s = failing_since(e, found, now_s);
	e->result = (uint8_t)found->result;
	registry_text_set(&e->reason, found->reason);
	registry_text_set(&e->detail, found->detail);
	registry_text_set(&e->author, found->author);
	registry_text_set(&e->error, "");
	e->document = (registry_id_t){.text = ""};
	memcpy(e->document.text, found->document, strnlen(found->document, REGISTRY_ID_LEN));
	/* In its grace it is a proof for what it was one for. */
	if (e->failing_since_s == 0) {
		take_origins(&e->origins, &found->origins);
	}
	e->checked_s = now_s;
	e->expires_s = found->expires_s;
	e->next_check_s = found->next_check_s;
	return true;
}
