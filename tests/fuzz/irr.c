/* Answers about AS-SETs, PeeringDB's dump, registro.br's file and names: each takes the same bytes,
 * in slices and whole, and either says no or gives what holds together.
 *
 * Input: the text. */
#include "control/irr/list.h"
#include "control/irr/name.h"
#include "control/irr/peeringdb.h"
#include "control/irr/registrobr.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

static enum irr_parse_verdict parse(struct irr_parse *p, struct span in, size_t slice)
{
	enum irr_parse_verdict v;
	irr_parse_init(p, (const char *)in.data, in.len);
	do {
		v = irr_parse_step(p, slice);
	} while (v == IRR_PARSE_MORE);
	return v;
}

static void check_rules(const struct irr_list *l, uint8_t family)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct prefix_rule *r = &l->rules[i];
		ASSERT(r->prefix.family == family);
		ASSERT(r->prefix.len <= r->ge && r->ge <= r->le && r->le <= family_bits(family));
		ASSERT(i == 0 || prefix_cmp(&r[-1].prefix, &r->prefix) <= 0);
	}
}

static void check_answer(struct span in)
{
	struct irr_parse whole, sliced;
	enum irr_parse_verdict v = parse(&whole, in, SIZE_MAX);
	ASSERT(parse(&sliced, in, 1) == v);
	for (unsigned i = 0; v == IRR_PARSE_DONE && i < IRR_PART_COUNT; i++) {
		ASSERT(irr_list_hash((enum irr_part)i, &whole.list[i]) ==
		       irr_list_hash((enum irr_part)i, &sliced.list[i]));
	}
	if (v == IRR_PARSE_DONE) {
		const struct irr_list *asns = &whole.list[IRR_ASNS];
		for (size_t i = 1; i < asns->count; i++) {
			ASSERT(asns->asns[i - 1] < asns->asns[i]);
		}
		check_rules(&whole.list[IRR_IPV4], FAMILY_IPV4);
		check_rules(&whole.list[IRR_IPV6], FAMILY_IPV6);
	} else {
		ASSERT(whole.why[0] != '\0');
	}
	irr_parse_fini(&whole);
	irr_parse_fini(&sliced);
}

static void check_peeringdb(struct span in)
{
	struct peeringdb_parse p;
	enum peeringdb_verdict v;
	peeringdb_parse_init(&p, (const char *)in.data, in.len);
	do {
		v = peeringdb_parse_step(&p, 3);
	} while (v == PEERINGDB_MORE);
	ASSERT(v == PEERINGDB_BAD || peeringdb_count(p.made) > 0);
	peeringdb_parse_fini(&p);
}

static void check_registrobr(struct span in)
{
	struct registrobr_parse p;
	registrobr_parse_init(&p, (const char *)in.data, in.len);
	while (!registrobr_parse_step(&p, 2)) {
	}
	struct prefix_set *s = registrobr_parse_take(&p);
	ASSERT((s == NULL) == (p.count == 0));
	ASSERT(prefix_set_count(s) <= p.count);
	prefix_set_put(s);
	registrobr_parse_fini(&p);
}

/* What is a name is harmless, and is itself. */
static void check_name(struct span in)
{
	struct irr_name n, again;
	if (!irr_name_parse((const char *)in.data, in.len, &n)) {
		return;
	}
	ASSERT(strlen(n.text) == in.len && n.text[0] != '-');
	ASSERT(strspn(n.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:") == in.len);
	ASSERT(irr_name_parse(n.text, in.len, &again) && memcmp(&n, &again, sizeof(n)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = guarded(span_of(data, len));
	check_answer(in);
	check_peeringdb(in);
	check_registrobr(in);
	check_name(in);
	return 0;
}
