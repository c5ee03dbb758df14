/* Validators' JSON: what roa_file_parse() takes is JSON with as many records as another reader
 * finds there, in order, each once, and each within the bounds that the index asserts.
 *
 * Input: the text. */
#include <jansson.h>

#include "control/rpki/roa_file.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

/* We look at no text that we have no use for: neither at its escapes nor at its encoding. */
static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] >= 0x80 || s.data[i] == '\\' || s.data[i] == '\0') {
			return false;
		}
	}
	return true;
}

/* "1e999" is a number to us, and none that a double could hold. */
static bool is_too_large(const json_error_t *e)
{
	return json_error_code(e) == json_error_numeric_overflow;
}

static void check_against_tree(struct span in, const struct roa_file *f)
{
	json_error_t e = {0};
	json_t *root = json_loadb((const char *)in.data, in.len, 0, &e);
	if (root == NULL) {
		ASSERT(is_too_large(&e));
		return;
	}
	size_t records = json_array_size(json_object_get(root, "roas"));
	ASSERT(f->left_out <= records);
	size_t wanted = records - f->left_out;
	ASSERT(f->vrps == NULL ? wanted == 0 : f->vrps->count <= wanted);
	json_decref(root);
}

static void check_order(const struct vrp_set *s)
{
	size_t v4 = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct vrp *v = &s->item[i];
		ASSERT(i == 0 || vrp_cmp(&s->item[i - 1], v) < 0);
		ASSERT(v->prefix.len <= v->len_max);
		ASSERT(v->len_max <= family_bits(v->prefix.family));
		v4 += v->prefix.family == FAMILY_IPV4 ? 1 : 0;
	}
	ASSERT(v4 == s->count_v4);
	struct roa *roa = roa_new(s->item, s->count);
	ASSERT(roa != NULL && roa_count(roa) == s->count);
	roa_put(roa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const anchors[] = {"ripe"};
	const struct roa_file_opts opts = {.anchors = anchors, .anchor_count = len & 1};
	struct span in = guarded(span_of(data, len));
	struct roa_file f;
	char why[160] = "";
	if (!roa_file_parse((const char *)in.data, in.len, &opts, &f, why, sizeof(why))) {
		ASSERT(why[0] != '\0');
		return 0;
	}
	if (is_plain(in)) {
		check_against_tree(in, &f);
	}
	if (f.vrps != NULL) {
		check_order(f.vrps);
	}
	const struct aspa_list *lists[] = {&f.aspas};
	struct aspa *aspa = aspa_list_join(lists, 1);
	ASSERT((aspa != NULL) == (f.aspas.count > 0));
	aspa_put(aspa);
	roa_file_fini(&f);
	return 0;
}
