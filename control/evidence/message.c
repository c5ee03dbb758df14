#include "control/evidence/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rib/base/check.h"
#include "rib/base/text.h"

#define FIELD_COUNT 7
#define DAY_S	    86400

enum message_field {
	FIELD_NAME,
	FIELD_VERSION,
	FIELD_TENANT,
	FIELD_PREFIX,
	FIELD_ORIGINS,
	FIELD_EXPIRY,
	FIELD_NONCE
};

static unsigned day_of(int64_t at_s)
{
	const time_t at = (time_t)at_s;
	struct tm tm;
	gmtime_r(&at, &tm);
	return (unsigned)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

/* The first second after the day; −1 when there is no such day. */
static int64_t end_of(unsigned day)
{
	struct tm tm = {.tm_year = (int)(day / 10000) - 1900,
			.tm_mon = (int)(day / 100 % 100) - 1,
			.tm_mday = (int)(day % 100)};
	int64_t start_s = (int64_t)timegm(&tm);
	return day_of(start_s) == day ? start_s + DAY_S : -1;
}

/* The last day of the month that is `months` away from this one. */
static unsigned month_end(int64_t now_s, int months)
{
	const time_t at = (time_t)now_s;
	struct tm tm;
	gmtime_r(&at, &tm);
	struct tm next = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months + 1, .tm_mday = 0};
	return day_of((int64_t)timegm(&next));
}

unsigned message_default_day(int64_t now_s)
{
	return month_end(now_s, 12);
}

static int asn_order(const void *a, const void *b)
{
	const asn_t x = *(const asn_t *)a, y = *(const asn_t *)b;
	return x < y ? -1 : x > y;
}

static void put_origins(const struct claim *c, struct text *t)
{
	asn_t sorted[FINDING_ORIGINS_MAX];
	ASSERT(c->origin_count <= FINDING_ORIGINS_MAX);
	memcpy(sorted, c->origins, c->origin_count * sizeof(sorted[0]));
	qsort(sorted, c->origin_count, sizeof(sorted[0]), asn_order);
	for (unsigned i = 0; i < c->origin_count; i++) {
		text_printf(t, "%s%u", i > 0 ? "," : "", sorted[i]);
	}
}

size_t message_write(const struct claim *c, unsigned day, char out[MESSAGE_MAX])
{
	char prefix[PREFIX_TEXT_MAX];
	struct text t = text_of(out, MESSAGE_MAX);
	text_put(&t, "causeway|1|");
	text_put(&t, c->tenant);
	text_printf(&t, "|%s|", prefix_format(&c->prefix, prefix));
	put_origins(c, &t);
	text_printf(&t, "|%08u|", day);
	text_put(&t, c->token);
	ASSERT(!t.is_cut);
	return t.len;
}

/* Into its fields; false when there are not as many as there have to be. */
static bool split(struct span text, struct span out[FIELD_COUNT])
{
	const uint8_t *at = text.data, *end = text.data + text.len;
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		const uint8_t *bar = memchr(at, '|', (size_t)(end - at));
		if ((bar == NULL) != (i == FIELD_COUNT - 1)) {
			return false;
		}
		out[i] = span_of(at, (size_t)((bar != NULL ? bar : end) - at));
		at = bar != NULL ? bar + 1 : end;
	}
	return true;
}

static bool is_text(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

/* The number of eight digits; 0 when it is none. */
static unsigned read_day(struct span s)
{
	unsigned day = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.len != 8 || s.data[i] < '0' || s.data[i] > '9') {
			return 0;
		}
		day = day * 10 + (unsigned)(s.data[i] - '0');
	}
	return day;
}

static bool is_same_prefix(struct span s, const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix parsed;
	if (s.len >= sizeof(text)) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "%.*s", (int)s.len, (const char *)s.data);
	return prefix_parse(text, &parsed, NULL) == 0 && prefix_equal(&parsed, p);
}

/* The text is ours but for its day; else the finding says where it is not. */
static bool check_fields(const struct claim *c, const struct span field[FIELD_COUNT],
			 struct finding *out)
{
	char prefix[PREFIX_TEXT_MAX], origins[MESSAGE_MAX];
	struct text t = text_of(origins, sizeof(origins));
	put_origins(c, &t);
	if (!is_text(field[FIELD_NAME], "causeway") || !is_text(field[FIELD_VERSION], "1")) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message does not begin with \"causeway|1|\"");
	} else if (!is_text(field[FIELD_TENANT], c->tenant)) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message is not about the tenant %s", c->tenant);
	} else if (!is_same_prefix(field[FIELD_PREFIX], &c->prefix)) {
		finding_say(out, FINDING_INVALID, "message-cidr-mismatch",
			    "the message is not about %s", prefix_format(&c->prefix, prefix));
	} else if (!is_text(field[FIELD_ORIGINS], origins)) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message's origins have to be \"%.100s\"", origins);
	} else if (!is_text(field[FIELD_NONCE], c->token)) {
		finding_say(out, FINDING_INVALID, "ownership-token-mismatch",
			    "the message's last field has to be the prefix's proof token %s",
			    c->token);
	} else {
		return true;
	}
	return false;
}

/* True with the end of its time. */
static bool check_day(struct span field, int64_t now_s, struct finding *out)
{
	const unsigned day = read_day(field);
	const int64_t end_s = day > 0 ? end_of(day) : -1;
	if (end_s < 0) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message's date has to be a day as YYYYMMDD");
	} else if (end_s <= now_s) {
		finding_say(out, FINDING_EXPIRED, "date-expired",
			    "the message was good until %08u; sign one with a later date", day);
	} else if (end_s > now_s + (int64_t)MESSAGE_YEARS_MAX * 366 * DAY_S) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message's date may be at most %d years away", MESSAGE_YEARS_MAX);
	} else {
		out->expires_s = end_s;
		return true;
	}
	return false;
}

static bool check_cert(const struct cert *cert, int64_t now_s, struct finding *out)
{
	char why[160];
	if (cert == NULL) {
		finding_say(out, FINDING_INVALID, "cert-missing",
			    "no X.509 certificate in PEM could be read");
	} else if (cert_ends_s(cert) <= now_s) {
		finding_say(out, FINDING_EXPIRED, "cert-expired",
			    "the certificate is good no more; sign with a new one");
	} else if (cert_begins_s(cert) > now_s) {
		finding_say(out, FINDING_INVALID, "cert-expired",
			    "the certificate is not good yet: its time has not begun");
	} else if (!cert_is_strong(cert, why, sizeof(why))) {
		finding_say(out, FINDING_INVALID, "signature-invalid", "%s", why);
	} else {
		return true;
	}
	return false;
}

/* Whoever writes the text with echo signs the line's end, too. */
static bool is_signed(const struct cert *cert, struct span text, const struct message_given *g)
{
	char line[MESSAGE_BYTES_MAX + 1];
	if (cert_verify(cert, text, g->signature, g->signature_len)) {
		return true;
	}
	if (text.len >= sizeof(line)) {
		return false;
	}
	memcpy(line, text.data, text.len);
	line[text.len] = '\n';
	return cert_verify(cert, span_of(line, text.len + 1), g->signature, g->signature_len);
}

static void check_text(const struct claim *c, const struct cert *cert,
		       const struct message_given *g, int64_t now_s, struct finding *out)
{
	struct span field[FIELD_COUNT], text = span_of(g->text, g->text_len);
	if (text.len > 0 && text.data[text.len - 1] == '\n') {
		text.len--;
	}
	if (text.len > MESSAGE_BYTES_MAX || !split(text, field)) {
		finding_say(out, FINDING_INVALID, "message-format",
			    "the message has to have %d fields with \"|\" between them",
			    FIELD_COUNT);
		return;
	}
	if (!check_fields(c, field, out) || !check_day(field[FIELD_EXPIRY], now_s, out)) {
		return;
	}
	if (!is_signed(cert, text, g)) {
		finding_say(out, FINDING_INVALID, "signature-invalid",
			    "the signature is not this certificate's over \"%.*s\"", (int)text.len,
			    (const char *)text.data);
		return;
	}
	out->expires_s = out->expires_s < cert_ends_s(cert) ? out->expires_s : cert_ends_s(cert);
	finding_prove_origins(out, c->origins, c->origin_count);
	finding_say(out, FINDING_VALID, "", "signed by the certificate's key, good until %.8s",
		    (const char *)field[FIELD_EXPIRY].data);
}

/* Without a text it is ours, with the day that we gave out this month, or the one before it. */
static void check_own_text(const struct claim *c, const struct cert *cert,
			   const struct message_given *g, int64_t now_s, struct finding *out)
{
	char text[MESSAGE_MAX];
	struct message_given own = *g;
	own.text = text;
	own.text_len = message_write(c, month_end(now_s, 12), text);
	check_text(c, cert, &own, now_s, out);
	if (out->result != FINDING_VALID) {
		struct finding before = {.reason = ""};
		own.text_len = message_write(c, month_end(now_s, 11), text);
		check_text(c, cert, &own, now_s, &before);
		*out = before.result == FINDING_VALID ? before : *out;
	}
}

void message_check(const struct claim *c, const struct message_given *g, int64_t now_s,
		   struct finding *out)
{
	*out = (struct finding){.reason = ""};
	struct cert *cert = cert_find(g->certificate, g->certificate_len);
	if (check_cert(cert, now_s, out)) {
		if (g->text != NULL) {
			check_text(c, cert, g, now_s, out);
		} else {
			check_own_text(c, cert, g, now_s, out);
		}
		memcpy(out->certificate, cert_fingerprint(cert), sizeof(out->certificate));
	}
	cert_free(cert);
}
