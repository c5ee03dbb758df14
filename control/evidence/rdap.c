#include "control/evidence/rdap.h"

#include <stdlib.h>

#include <jansson.h>

#include "control/evidence/cert.h"
#include "rib/base/check.h"

#define REMARKS_BYTES_MAX ((size_t)64 << 10) /* Of all descriptions of one object. */

/* RFC 9083 §5.4: the first and the last address. */
static bool network_covers(const json_t *object, const struct prefix *p)
{
	const char *start = json_string_value(json_object_get(object, "startAddress"));
	const char *end = json_string_value(json_object_get(object, "endAddress"));
	struct addr first, last, own_last;
	if (start == NULL || end == NULL || addr_parse(start, &first) != 0 ||
	    addr_parse(end, &last) != 0 || first.family != p->family || last.family != p->family) {
		return false;
	}
	const struct addr own_first = addr_make((enum family)p->family, p->bytes);
	own_last = own_first;
	for (unsigned bit = p->len; bit < family_bits(p->family); bit++) {
		own_last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	}
	return addr_cmp(&first, &own_first) <= 0 && addr_cmp(&own_last, &last) <= 0;
}

/* RFC 9083 §5.5. */
static bool autnum_covers(const json_t *object, asn_t asn)
{
	const json_t *start = json_object_get(object, "startAutnum");
	const json_t *end = json_object_get(object, "endAutnum");
	return json_is_integer(start) && json_is_integer(end) &&
	       json_integer_value(start) <= (json_int_t)asn &&
	       (json_int_t)asn <= json_integer_value(end);
}

/* All descriptions, line by line (RFC 9083 §4.3: an array of strings each); the caller's. */
static char *join_remarks(const json_t *object, size_t *out_len)
{
	const json_t *remarks = json_object_get(object, "remarks");
	char *text = malloc(REMARKS_BYTES_MAX + 1);
	size_t len = 0, i, k;
	json_t *remark, *line;
	ASSERT(text != NULL);
	json_array_foreach(remarks, i, remark)
	{
		json_array_foreach(json_object_get(remark, "description"), k, line)
		{
			size_t more = json_string_length(line);
			if (json_is_string(line) && more < REMARKS_BYTES_MAX - len) {
				memcpy(text + len, json_string_value(line), more);
				len += more;
				text[len++] = '\n';
			}
		}
	}
	text[len] = '\0';
	*out_len = len;
	return text;
}

static bool is_class(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, "objectClassName"));
	return text != NULL && strcmp(text, name) == 0;
}

/* The object is the subject's; else the finding says what it is. */
static bool check_object(const json_t *object, const struct rdap_subject *s, struct finding *out)
{
	char text[PREFIX_TEXT_MAX];
	const char *class = s->prefix != NULL ? "ip network" : "autnum";
	if (!is_class(object, class)) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "this is no RDAP object of the class \"%s\"", class);
		return false;
	}
	if (s->prefix != NULL && !network_covers(object, s->prefix)) {
		finding_say(out, FINDING_MISMATCH, "message-cidr-mismatch",
			    "the RDAP object does not cover %s", prefix_format(s->prefix, text));
		return false;
	}
	if (s->prefix == NULL && !autnum_covers(object, s->asn)) {
		finding_say(out, FINDING_MISMATCH, "message-cidr-mismatch",
			    "the RDAP object is not AS%u's", s->asn);
		return false;
	}
	return true;
}

static void judge_remarks(const char *text, size_t len, const struct rdap_subject *s,
			  struct finding *out)
{
	struct cert *c = cert_find(text, len);
	if (c != NULL) {
		memcpy(out->certificate, cert_fingerprint(c), sizeof(out->certificate));
	}
	cert_free(c);
	const char *also = out->certificate[0] != '\0'
				   ? "; a certificate is there: a message signed with its key "
				     "proves it, too"
				   : "";
	switch (claim_find_token(text, len, s->token)) {
	case CLAIM_TOKEN_FOUND:
		finding_say(out, FINDING_VALID, "", "the object's remarks have the token");
		break;
	case CLAIM_TOKEN_OTHER:
		finding_say(out, FINDING_MISMATCH, "ownership-token-mismatch",
			    "the object's remarks have another token; it has to be "
			    "\"" CLAIM_TOKEN_KEY "%s\"%s",
			    s->token, also);
		break;
	case CLAIM_TOKEN_NONE:
		finding_say(out, FINDING_MISSING, "ownership-token-missing",
			    "the object's remarks do not have \"" CLAIM_TOKEN_KEY "%s\"%s",
			    s->token, also);
		break;
	}
}

void rdap_check(const char *text, size_t len, const struct rdap_subject *s, struct finding *out)
{
	json_error_t error;
	*out = (struct finding){.reason = ""};
	json_t *object = len <= RDAP_BYTES_MAX
				 ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &error)
				 : NULL;
	if (object == NULL) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "this is no RDAP answer: JSON of at most %zu KiB is wanted",
			    RDAP_BYTES_MAX >> 10);
		return;
	}
	if (check_object(object, s, out)) {
		size_t remarks_len;
		char *remarks = join_remarks(object, &remarks_len);
		judge_remarks(remarks, remarks_len, s, out);
		free(remarks);
	}
	json_decref(object);
}
