/* A real table: bench/table.h.  RFC 6396 section 4.3. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/table.h"
#include "tests/unit/bench/rig.h"

struct dump {
	uint8_t octets[4096];
	size_t len;
};

static void add(struct dump *d, const void *octets, size_t len)
{
	memcpy(d->octets + d->len, octets, len);
	d->len += len;
}

static void add_u32(struct dump *d, uint32_t v)
{
	add(d, (uint8_t[]){(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v},
	    4);
}

/* One RIB record with one path: ORIGIN, AS_PATH 3257 `asn`, communities that are to be cleaned. */
static void add_record(struct dump *d, const uint8_t *prefix, bool is_v6, uint32_t asn)
{
	const uint8_t attrs[] = {0x40, 1, 1, 2, 0x40, 2, 10, 2, 2, 0, 0, 12, 185};
	const uint8_t communities[] = {0xc0, 8, 16, 0xff, 0xff, 0xff, 1, 0, 7, 0,
				       9,    0, 1,  0,	  2,	0,    7, 0, 9};
	size_t prefix_len = 1 + ((size_t)prefix[0] + 7) / 8;
	size_t attrs_len = sizeof(attrs) + 4 + sizeof(communities);
	add_u32(d, 0);
	add_u32(d, 13 << 16 | (is_v6 ? 4 : 2));
	add_u32(d, (uint32_t)(4 + prefix_len + 2 + 8 + attrs_len));
	add_u32(d, 0);
	add(d, prefix, prefix_len);
	add(d, (uint8_t[]){0, 1, 0, 0, 0, 0, 0, 0, 0, (uint8_t)attrs_len}, 10);
	add(d, attrs, sizeof(attrs));
	add_u32(d, asn);
	add(d, communities, sizeof(communities));
}

static struct table *sample(uint32_t limit)
{
	static struct dump d;
	d.len = 0;
	add_record(&d, (const uint8_t[]){20, 20, 1, 16}, false, 100);
	add_record(&d, (const uint8_t[]){32, 0x20, 1, 13, 0xb8}, true, 100);
	add_record(&d, (const uint8_t[]){24, 20, 2, 1}, false, 200);
	add_record(&d, (const uint8_t[]){24, 20, 2, 2}, false, 100);
	add_record(&d, (const uint8_t[]){24, 20, 2, 2}, false, 300); /* Again. */
	add_record(&d, (const uint8_t[]){8, 127}, false, 100);
	add_record(&d, (const uint8_t[]){24, 20, 2, 3}, false, 64500); /* The server's own AS. */
	return table_new(d.octets, d.len, limit);
}

Test(table, prefixes_with_the_same_attributes_are_a_group)
{
	struct table *t = sample(100);
	uint32_t first, count;
	bool is_v6;
	cr_assert_not_null(t);
	cr_assert_eq(table_prefix_count(t), 4);
	cr_assert_eq(table_group_count(t), 3);
	table_group(t, 0, &first, &count, &is_v6);
	cr_assert(first == 0 && count == 2 && !is_v6);
	table_group(t, 2, &first, &count, &is_v6);
	cr_assert(first == 3 && count == 1 && is_v6);
	struct plan_attrs a = {0};
	table_say(t, 1, &a);
	cr_assert(a.path_count == 2 && a.path[0] == 3257 && a.path[1] == 200 && a.origin == 2);
	cr_assert(a.community_count == 2 && a.community[0] == 0x00010002 &&
			  a.community[1] == 0x00070009,
		  "sorted, each once, without those that change where routes go");
	table_free(t);
}

Test(table, octets_find_their_prefix)
{
	struct table *t = sample(100);
	uint8_t octets[17];
	for (uint32_t n = 0; n < table_prefix_count(t); n++) {
		table_prefix(t, n, octets);
		cr_assert_eq(table_find(t, n == 3, octets), n);
		cr_assert_eq(table_find(t, n != 3, octets), PLAN_NONE);
	}
	table_free(t);
}

Test(table, no_more_is_read_than_asked_for)
{
	struct table *t = sample(2);
	cr_assert_eq(table_prefix_count(t), 2);
	table_free(t);
	cr_assert_null(sample(0));
	cr_assert_null(table_new((const uint8_t *)"nonsense, nothing but nonsense", 30, 9));
}

Test(table, its_prefixes_are_dealt_to_members_and_checked)
{
	struct rig r;
	struct plan p = rig_plan();
	struct table *t = sample(100);
	p.table = t;
	p.members = 5;
	p.announcers = 4;
	p.overlap = 2;
	p.shared_pct = 100;
	rig_init(&r, &p);
	rig_converge(&r);
	struct verdict v = rig_verdict(&r);
	cr_assert_eq(v.right, v.expected);
	cr_assert_gt(v.expected, 15);
	cr_assert_eq(checker_tally(r.checker)->wrong, 0);
	rig_fini(&r);
	table_free(t);
}
