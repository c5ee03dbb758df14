/* The members of validators' JSON, each read by its name. */
#include "control/rpki/roa_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/rpki/json_in.h"
#include "rib/base/check.h"

#define VRPS_MAX ((size_t)8 * 1000 * 1000)

struct reader {
	struct json_in in;
	const struct roa_file_opts *opts;
	struct vrp *item;
	size_t count, max;
	size_t left_out;
	bool has_roas;
	struct aspa_list aspas;
};

/* Digits alone, up to `max`. */
static bool digits_of(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' || value > max) {
			return false;
		}
		value = value * 10 + (uint64_t)(s.data[i] - '0');
	}
	*out = value;
	return s.len > 0 && value <= max;
}

/* 64500, "64500", "AS64500". */
static bool read_asn(struct json_in *in, asn_t *out)
{
	uint64_t value = 0;
	struct span s;
	if (json_in_peek(in) == JSON_IN_NUMBER) {
		if (!json_in_number(in, UINT32_MAX, &value)) {
			return false;
		}
	} else {
		if (!json_in_string(in, &s)) {
			return false;
		}
		bool has_as = s.len > 2 && strncasecmp((const char *)s.data, "AS", 2) == 0;
		struct span number = has_as ? span_of(s.data + 2, s.len - 2) : s;
		if (!digits_of(number, UINT32_MAX, &value)) {
			json_in_fail(in, "here should be an AS number such as \"AS64500\"");
			return false;
		}
	}
	*out = (asn_t)value;
	return true;
}

/* "198.18.0.0/15" without a library call: half of the time of a file is its prefixes'. */
static bool read_v4(struct span s, struct prefix *out)
{
	struct addr a = {.family = FAMILY_IPV4};
	unsigned part = 0, value = 0, digits = 0;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if (c >= '0' && c <= '9') {
			value = value * 10 + (unsigned)(c - '0');
			digits++;
		}
		bool is_end = (part < 3 && c == '.') || (part == 3 && c == '/');
		if (is_end && digits > 0) {
			a.bytes[part++] = (uint8_t)value;
			value = 0;
			digits = 0;
		} else if (c < '0' || c > '9' || digits > 3 || value > 255) {
			return false;
		}
	}
	if (part != 4 || digits == 0 || digits > 2 || value > 32) {
		return false;
	}
	*out = prefix_make(&a, value);
	/* Bits past the length are no VRP's. */
	return memcmp(out->bytes, a.bytes, sizeof(a.bytes)) == 0;
}

static bool read_other(struct span s, struct prefix *out)
{
	char text[PREFIX_TEXT_MAX + 16];
	bool has_host_bits = false;
	size_t len = 0;
	/* "2001:db8::\/32" is the same text. */
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\\' && i + 1 < s.len && s.data[i + 1] == '/') {
			continue;
		}
		if (len == sizeof(text) - 1 || s.data[i] == '\\') {
			return false;
		}
		text[len++] = (char)s.data[i];
	}
	text[len] = '\0';
	return strchr(text, '/') != NULL && prefix_parse(text, out, &has_host_bits) == 0 &&
	       !has_host_bits;
}

static bool read_prefix(struct json_in *in, struct prefix *out)
{
	struct span s;
	if (!json_in_string(in, &s)) {
		return false;
	}
	if (!read_v4(s, out) && !read_other(s, out)) {
		json_in_fail(in, "here should be a prefix without host bits");
		return false;
	}
	return true;
}

static bool is_wanted(const struct roa_file_opts *opts, struct span ta)
{
	for (unsigned i = 0; i < opts->anchor_count; i++) {
		const char *name = opts->anchors[i];
		if (strlen(name) == ta.len &&
		    strncasecmp(name, (const char *)ta.data, ta.len) == 0) {
			return true;
		}
	}
	return opts->anchor_count == 0;
}

enum { ROA_ASN = 1, ROA_PREFIX = 2, ROA_LEN_MAX = 4, ROA_TA = 8 };

static unsigned roa_member(struct span name)
{
	return json_in_is(name, "asn")	       ? ROA_ASN
	       : json_in_is(name, "prefix")    ? ROA_PREFIX
	       : json_in_is(name, "maxLength") ? ROA_LEN_MAX
	       : json_in_is(name, "ta")	       ? ROA_TA
					       : 0;
}

/* One record; the members that it had. */
static unsigned read_vrp(struct json_in *in, struct vrp *out, struct span *out_ta)
{
	unsigned seen = 0, count = 0;
	uint64_t len_max = 0;
	struct span name;
	if (!json_in_enter(in, JSON_IN_OBJECT)) {
		return 0;
	}
	while (json_in_member(in, &count, &name)) {
		unsigned member = roa_member(name);
		if ((seen & member) != 0) {
			json_in_fail(in, "a name stands twice in one record");
		}
		seen |= member;
		if (member == ROA_ASN) {
			(void)read_asn(in, &out->asn);
		} else if (member == ROA_PREFIX) {
			(void)read_prefix(in, &out->prefix);
		} else if (member == ROA_LEN_MAX) {
			(void)json_in_number(in, 128, &len_max);
		} else if (member == ROA_TA) {
			(void)json_in_string(in, out_ta);
		} else {
			json_in_skip(in);
		}
	}
	/* RFC 9582 §4.3.2: without a maximum length it is the prefix's. */
	out->len_max = (seen & ROA_LEN_MAX) != 0 ? (uint8_t)len_max : out->prefix.len;
	return seen;
}

static bool keep(struct reader *r, const struct vrp *v)
{
	if (r->count == r->max) {
		size_t max = r->max == 0 ? 4096 : r->max * 2;
		struct vrp *more =
			max <= 2 * VRPS_MAX ? reallocarray(r->item, max, sizeof(*more)) : NULL;
		if (more == NULL) {
			json_in_fail(&r->in, "too many records");
			return false;
		}
		r->item = more;
		r->max = max;
	}
	r->item[r->count++] = *v;
	return true;
}

static void read_roas(struct reader *r)
{
	unsigned count = 0;
	if (r->has_roas) {
		json_in_fail(&r->in, "\"roas\" stands twice");
	}
	r->has_roas = true;
	if (!json_in_enter(&r->in, JSON_IN_ARRAY)) {
		return;
	}
	while (json_in_item(&r->in, &count)) {
		struct vrp v = {0};
		struct span ta = {0};
		unsigned seen = read_vrp(&r->in, &v, &ta);
		if ((seen & (ROA_ASN | ROA_PREFIX)) != (ROA_ASN | ROA_PREFIX)) {
			json_in_fail(&r->in, "a record needs \"asn\" and \"prefix\"");
		} else if (v.len_max < v.prefix.len || v.len_max > family_bits(v.prefix.family)) {
			json_in_fail(&r->in, "\"maxLength\" is %u for a prefix of length %u",
				     v.len_max, v.prefix.len);
		} else if (!is_wanted(r->opts, ta)) {
			r->left_out++;
		} else {
			(void)keep(r, &v);
		}
	}
}

static void read_providers(struct reader *r)
{
	unsigned count = 0;
	asn_t provider = 0;
	if (!json_in_enter(&r->in, JSON_IN_ARRAY)) {
		return;
	}
	while (json_in_item(&r->in, &count)) {
		if (read_asn(&r->in, &provider) && !aspa_list_provider(&r->aspas, provider)) {
			json_in_fail(&r->in, "memory is short");
		}
	}
}

/* The customer may stand behind its providers: it is filled in at the end. */
static void read_aspa(struct reader *r)
{
	unsigned count = 0;
	bool has_customer = false, has_providers = false;
	asn_t customer = 0;
	struct span name;
	if (!json_in_enter(&r->in, JSON_IN_OBJECT)) {
		return;
	}
	if (!aspa_list_begin(&r->aspas, 0)) {
		json_in_fail(&r->in, "memory is short");
		return;
	}
	while (json_in_member(&r->in, &count, &name)) {
		bool is_customer =
			json_in_is(name, "customer_asid") || json_in_is(name, "customer");
		bool is_providers = json_in_is(name, "providers");
		if ((is_customer && has_customer) || (is_providers && has_providers)) {
			json_in_fail(&r->in, "a name stands twice in one record");
		} else if (is_customer) {
			has_customer = read_asn(&r->in, &customer);
		} else if (is_providers) {
			has_providers = true;
			read_providers(r);
		} else {
			json_in_skip(&r->in);
		}
	}
	if (!has_customer || !has_providers) {
		json_in_fail(&r->in, "a record needs a customer and \"providers\"");
	}
	r->aspas.row[r->aspas.count - 1].customer = customer;
}

static void read_aspas(struct reader *r)
{
	unsigned count = 0;
	if (!json_in_enter(&r->in, JSON_IN_ARRAY)) {
		return;
	}
	while (json_in_item(&r->in, &count)) {
		read_aspa(r);
	}
}

/* rpki-client's, by family: what is attested is the same for both now. */
static void read_authorizations(struct reader *r)
{
	unsigned count = 0;
	struct span name;
	if (!json_in_enter(&r->in, JSON_IN_OBJECT)) {
		return;
	}
	while (json_in_member(&r->in, &count, &name)) {
		read_aspas(r);
	}
}

static void read_root(struct reader *r)
{
	unsigned count = 0;
	struct span name;
	bool has_aspas = false;
	if (!json_in_enter(&r->in, JSON_IN_OBJECT)) {
		return;
	}
	while (json_in_member(&r->in, &count, &name)) {
		if (json_in_is(name, "roas")) {
			read_roas(r);
		} else if (json_in_is(name, "aspas")) {
			if (has_aspas) {
				json_in_fail(&r->in, "\"aspas\" stands twice");
			}
			has_aspas = true;
			read_aspas(r);
		} else if (json_in_is(name, "provider_authorizations")) {
			has_aspas = true;
			read_authorizations(r);
		} else {
			json_in_skip(&r->in);
		}
	}
	if (!r->has_roas && !has_aspas) {
		json_in_fail(&r->in, "there is neither \"roas\" nor \"aspas\"");
	}
	json_in_end(&r->in);
}

bool roa_file_parse(const char *text, size_t len, const struct roa_file_opts *opts,
		    struct roa_file *out, char *why, size_t why_len)
{
	struct reader r = {.in = json_in_of(text, len), .opts = opts};
	unsigned line = 0, column = 0;
	struct roa_file f = {0};
	read_root(&r);
	if (!r.in.is_bad && r.count + r.aspas.count == 0) {
		json_in_fail(&r.in, r.left_out > 0 ? "no VRP is of a trust anchor that is allowed"
						   : "there is no record in it");
	}
	if (!r.in.is_bad && r.count > 0) {
		f.vrps = vrp_set_new(r.item, r.count);
		if (f.vrps == NULL) {
			json_in_fail(&r.in, "memory is short");
		}
	}
	free(r.item);
	if (r.in.is_bad) {
		aspa_list_fini(&r.aspas);
		json_in_place(&r.in, &line, &column);
		(void)snprintf(why, why_len, "%u:%u: %s", line, column, r.in.why);
		return false;
	}
	f.aspas = r.aspas;
	f.left_out = r.left_out;
	*out = f;
	return true;
}

void roa_file_fini(struct roa_file *f)
{
	vrp_set_put(f->vrps);
	f->vrps = NULL;
	aspa_list_fini(&f->aspas);
}
