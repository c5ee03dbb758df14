/* Proofs that are bytes from outside: a certificate with a signed message, an uploaded letter, TXT
 * records.  Each is taken or says why not; nothing is proved by what was not signed.
 *
 * Input: a byte that says what it is; the members follow one another, each of two bytes of length
 * and its bytes. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "control/evidence/letter.h"
#include "control/evidence/message.h"
#include "control/evidence/reverse.h"
#include "control/evidence/txt.h"
#include "rib/base/check.h"

#define NOW_S	    INT64_C(1795766400) /* 2026-11-27T08:00:00Z */
#define RECORDS_MAX 8

static const asn_t origins[] = {64500, 64501};
static const char token[] = "causeway-0123456789abcdef";

static struct claim a_claim(const char *prefix)
{
	struct claim c = {.tenant = "t-0123456789abc",
			  .len_max = 24,
			  .origins = origins,
			  .origin_count = 2,
			  .token = token};
	int rc = prefix_parse(prefix, &c.prefix, NULL);
	ASSERT(rc == 0);
	return c;
}

static struct span take(struct span *in)
{
	if (in->len < 2) {
		struct span rest = *in;
		in->len = 0;
		return rest;
	}
	size_t len = (size_t)in->data[0] << 8 | in->data[1];
	len = len > in->len - 2 ? in->len - 2 : len;
	struct span out = span_of(in->data + 2, len);
	*in = span_of(in->data + 2 + len, in->len - 2 - len);
	return out;
}

static void check_finding(const struct finding *f)
{
	ASSERT(f->result < FINDING_RESULT_COUNT && f->reason != NULL);
	ASSERT(memchr(f->detail, '\0', sizeof(f->detail)) != NULL);
	ASSERT(f->result == FINDING_VALID || f->result == FINDING_PENDING || f->detail[0] != '\0');
	ASSERT(f->origin_count <= FINDING_ORIGINS_MAX);
}

static void check_message(struct span in)
{
	struct claim c = a_claim("203.0.113.0/24");
	struct span certificate = take(&in), signature = take(&in), text = take(&in);
	struct message_given g = {.certificate = (const char *)certificate.data,
				  .certificate_len = certificate.len,
				  .signature = (const char *)signature.data,
				  .signature_len = signature.len,
				  .text = text.len == 0 ? NULL : (const char *)text.data,
				  .text_len = text.len};
	struct finding f = {.origin_count = 0};
	char ours[MESSAGE_MAX];
	message_check(&c, &g, NOW_S, &f);
	check_finding(&f);
	if (f.result == FINDING_VALID && text.len > 0) {
		size_t len = message_write(&c, 0, ours);
		const char *day = strstr(ours, "|0|");
		/* Up to the day it is ours, byte by byte. */
		size_t same = day == NULL ? len : (size_t)(day - ours);
		ASSERT(text.len > same || day == NULL);
	}
}

static void check_letter(struct span in)
{
	struct finding f = {.origin_count = 0};
	letter_check(in, &f);
	check_finding(&f);
	ASSERT(f.result != FINDING_VALID); /* An operator has to read it. */
}

static void check_txt(struct span in, const char *prefix)
{
	struct prefix p;
	struct txt t;
	char name[REVERSE_NAME_MAX];
	int rc = prefix_parse(prefix, &p, NULL);
	ASSERT(rc == 0);
	txt_init(&t, &p, token);
	for (unsigned asked = 0; !t.is_complete; asked++) {
		struct span record[RECORDS_MAX];
		struct txt_reply reply = {.why = "why", .record = record};
		struct span head = take(&in);
		ASSERT(asked <= 1 + reverse_part_count(&p));
		(void)txt_name(&t, name);
		reply.status = head.len == 0 ? TXT_NOTHING : (enum txt_status)(head.data[0] % 4);
		reply.is_secure = head.len > 1 && (head.data[1] & 1) != 0;
		while (reply.status == TXT_ANSWERED && reply.count < RECORDS_MAX && in.len > 0) {
			record[reply.count++] = take(&in);
		}
		bool is_complete = txt_take(&t, &reply);
		ASSERT(is_complete == t.is_complete);
	}
	check_finding(&t.finding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = guarded(span_of(data, len));
	if (in.len == 0) {
		return 0;
	}
	struct span rest = span_of(in.data + 1, in.len - 1);
	switch (in.data[0] % 4) {
	case 0:
		check_message(rest);
		break;
	case 1:
		check_letter(rest);
		break;
	case 2:
		check_txt(rest, "203.0.113.0/24");
		break;
	default:
		check_txt(rest, "203.0.112.0/22");
		break;
	}
	return 0;
}
