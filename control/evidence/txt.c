#include "control/evidence/txt.h"

#include <stdio.h>

#include "rib/base/check.h"

#define RECORD_BYTES_MAX 4096

void txt_init(struct txt *t, const struct prefix *p, const char *token)
{
	*t = (struct txt){.prefix = *p, .is_secure = true};
	(void)snprintf(t->token, sizeof(t->token), "%s", token);
}

/* The zone that is asked about; a prefix that is one itself is its only part and enclosing. */
static struct prefix zone_of(const struct txt *t)
{
	return t->asked == 0 ? reverse_enclosing(&t->prefix)
			     : reverse_part(&t->prefix, t->asked - 1);
}

char *txt_name(const struct txt *t, char out[REVERSE_NAME_MAX])
{
	const struct prefix zone = zone_of(t);
	ASSERT(!t->is_complete);
	return reverse_name(&zone, out);
}

/* RFC 1035 §3.3.14: character strings, each with its length before it; together they are the text.
 * False when they do not fill the RDATA. */
static bool join(struct span rdata, char out[RECORD_BYTES_MAX], size_t *out_len)
{
	struct rd in = rd_of(rdata);
	size_t len = 0;
	while (rd_left(&in) > 0) {
		size_t piece = rd_u8(&in);
		if (piece > rd_left(&in) || piece > RECORD_BYTES_MAX - len) {
			return false;
		}
		memcpy(out + len, in.at, piece);
		in.at += piece;
		len += piece;
	}
	*out_len = len;
	return true;
}

static enum claim_token find(const struct txt *t, const struct txt_reply *reply)
{
	enum claim_token found = CLAIM_TOKEN_NONE;
	char text[RECORD_BYTES_MAX];
	size_t len;
	for (unsigned i = 0; i < reply->count && found != CLAIM_TOKEN_FOUND; i++) {
		if (join(reply->record[i], text, &len)) {
			enum claim_token one = claim_find_token(text, len, t->token);
			found = one > found ? one : found;
		}
	}
	return found;
}

static void judge(const struct txt *t, const struct txt_reply *reply, struct finding *out)
{
	char name[REVERSE_NAME_MAX];
	txt_name(t, name);
	*out = (struct finding){.reason = ""};
	switch (reply->status) {
	case TXT_BOGUS:
		finding_say(out, FINDING_INVALID, "signature-invalid",
			    "DNSSEC: the answer for %s is bogus: %s", name, reply->why);
		return;
	case TXT_FAILED:
		finding_say(out, FINDING_ERROR, "", "%s could not be looked up: %s", name,
			    reply->why);
		return;
	case TXT_ANSWERED:
	case TXT_NOTHING:
		break;
	}
	switch (find(t, reply)) {
	case CLAIM_TOKEN_FOUND:
		finding_say(out, FINDING_VALID, "", "%s has the token (DNSSEC: %s)", name,
			    reply->is_secure ? "secure" : "insecure");
		break;
	case CLAIM_TOKEN_OTHER:
		finding_say(out, FINDING_MISMATCH, "ownership-token-mismatch",
			    "the TXT record at %s has another token; it has to be "
			    "\"" CLAIM_TOKEN_KEY "%s\"",
			    name, t->token);
		break;
	case CLAIM_TOKEN_NONE:
		finding_say(out, FINDING_MISSING, "ownership-token-missing",
			    "there is no TXT record at %s with \"" CLAIM_TOKEN_KEY "%s\"", name,
			    t->token);
		break;
	}
}

static bool complete(struct txt *t, const struct finding *f)
{
	t->finding = *f;
	t->is_complete = true;
	return true;
}

/* Not at the enclosing zone: whose it is, the customer may have no say in.  So what is said of the
 * first part is the advice, with what else there is. */
static bool end_at_part(struct txt *t, const struct finding *f, unsigned count)
{
	struct finding out = *f;
	size_t len = strlen(out.detail);
	if (f->result == FINDING_VALID) {
		char text[PREFIX_TEXT_MAX];
		finding_say(&out, FINDING_VALID, "",
			    "all %u zones of %s have the token (DNSSEC: %s)", count,
			    prefix_format(&t->prefix, text), t->is_secure ? "secure" : "insecure");
	} else if (f->result == FINDING_MISSING || f->result == FINDING_MISMATCH) {
		(void)snprintf(out.detail + len, sizeof(out.detail) - len,
			       " (it has to be in each of the %u zones)", count);
	}
	return complete(t, &out);
}

bool txt_take(struct txt *t, const struct txt_reply *reply)
{
	const unsigned count = reverse_part_count(&t->prefix);
	struct finding f;
	ASSERT(!t->is_complete);
	judge(t, reply, &f);
	if (t->asked == 0) {
		if (count == 1 || f.result == FINDING_VALID || f.result == FINDING_ERROR) {
			return complete(t, &f);
		}
		t->asked = 1;
		return false;
	}
	t->is_secure = t->is_secure && reply->is_secure;
	if (f.result != FINDING_VALID || t->asked == count) {
		return end_at_part(t, &f, count);
	}
	t->asked++;
	return false;
}
