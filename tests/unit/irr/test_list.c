/* bgpq4's answers: what they say, and what becomes of every other text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/irr/bgpq4.h"
#include "control/irr/list.h"
#include "rib/base/prng.h"

static enum irr_parse_verdict parse_bytes(struct irr_parse *p, const char *text, size_t len)
{
	enum irr_parse_verdict v;
	irr_parse_init(p, text, len);
	do {
		v = irr_parse_step(p, 3);
	} while (v == IRR_PARSE_MORE);
	return v;
}

static enum irr_parse_verdict parse(struct irr_parse *p, const char *text)
{
	return parse_bytes(p, text, strlen(text));
}

/* As bgpq4 1.9 writes them. */
static const char ASNS[] = "{\"p\": [\n  64501,2,\n  3,4200000001\n]}\n";
static const char IPV4[] = "{ \"p\": [\n"
			   "    { \"prefix\": \"198.18.0.0\\/24\", \"exact\": true },\n"
			   "    { \"prefix\": \"198.18.1.0\\/24\", \"exact\": true },\n"
			   "    { \"prefix\": \"198.18.1.0\\/25\", \"exact\": true }\n"
			   "] }\n";
static const char IPV6[] = "{ \"p\": [\n"
			   "    { \"prefix\": \"2001:db8::\\/32\", \"exact\": false, "
			   "\"less-equal\": 48 },\n    { \"prefix\": \"2001:db8:8000::\\/33\", "
			   "\"greater-equal\": 40, \"less-equal\": 44 }\n] }\n";

static void expect_rule(const struct prefix_rule *r, const char *prefix, unsigned ge, unsigned le)
{
	char text[PREFIX_TEXT_MAX];
	cr_expect_str_eq(prefix_format(&r->prefix, text), prefix);
	cr_expect(r->ge == ge && r->le == le && r->origin == 0, "%s %u %u", text, r->ge, r->le);
}

Test(irr, answers_become_sorted_lists)
{
	struct irr_parse p;
	char all[2048];
	(void)snprintf(all, sizeof(all), "%s%s%s", IPV6, ASNS, IPV4);
	cr_assert(parse(&p, all) == IRR_PARSE_DONE);
	cr_assert(p.list[IRR_ASNS].count == 4 && p.list[IRR_IPV4].count == 3 &&
		  p.list[IRR_IPV6].count == 2);
	cr_expect(p.list[IRR_ASNS].asns[0] == 2 && p.list[IRR_ASNS].asns[3] == 4200000001);
	expect_rule(&p.list[IRR_IPV4].rules[0], "198.18.0.0/24", 24, 24);
	expect_rule(&p.list[IRR_IPV4].rules[2], "198.18.1.0/25", 25, 25);
	expect_rule(&p.list[IRR_IPV6].rules[0], "2001:db8::/32", 32, 48);
	expect_rule(&p.list[IRR_IPV6].rules[1], "2001:db8:8000::/33", 40, 44);
	irr_parse_fini(&p);
}

Test(irr, order_and_repetition_do_not_make_another_list)
{
	struct irr_parse a, b, c;
	cr_assert(parse(&a, "{\"a\": [5, 3, 5, 4]}") == IRR_PARSE_DONE);
	cr_assert(parse(&b, "{\"b\": [3, 4], \"c\": {\"d\": [5]}}") == IRR_PARSE_DONE);
	cr_assert(parse(&c, "{\"b\": [3, 4, 6]}") == IRR_PARSE_DONE);
	cr_expect(a.list[IRR_ASNS].count == 3);
	cr_expect(irr_list_hash(IRR_ASNS, &a.list[IRR_ASNS]) ==
		  irr_list_hash(IRR_ASNS, &b.list[IRR_ASNS]));
	cr_expect(irr_list_hash(IRR_ASNS, &a.list[IRR_ASNS]) !=
		  irr_list_hash(IRR_ASNS, &c.list[IRR_ASNS]));
	irr_parse_fini(&a);
	irr_parse_fini(&b);
	irr_parse_fini(&c);
}

Test(irr, an_empty_answer_is_an_answer)
{
	static const char *const table[] = {"{\"p\": [\n]}", "{ \"p\": [\n] }", "{}",
					    "{\"meta\": {\"a\": 1, \"b\": {}}, \"n\": null}"};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct irr_parse p;
		cr_expect(parse(&p, table[i]) == IRR_PARSE_DONE, "%s", table[i]);
		cr_expect(p.items == 0);
		irr_parse_fini(&p);
	}
}

Test(irr, what_is_no_answer_is_bad_and_says_so)
{
	static const char *const table[] = {
		"",
		" \n",
		"[]",
		"ERROR:",
		"{",
		"{\"p\"",
		"{\"p\":",
		"{\"p\":[",
		"{\"p\":[1",
		"{\"p\":[1,",
		"{\"p\":[1]",
		"{\"p\":[1,]}",
		"{\"p\":[,1]}",
		"{\"p\":[1 2]}",
		"{\"p\":[1]]",
		"{\"p\":[1],}",
		"{,}",
		"{\"p\":[0]}",
		"{\"p\":[-1]}",
		"{\"p\":[4294967295]}",
		"{\"p\":[99999999999999999999]}",
		"{\"p\":[1.5]}",
		"{\"p\":[\"AS1\"]}",
		"{\"p\":[null]}",
		"{\"p\":[{}]}",
		"{\"p\":[[1]]}",
		"{\"p\":[{\"prefix\": 1}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.1/24\"}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.0/33\"}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.0/24\", \"less-equal\": 33}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.0/24\", \"less-equal\": 23}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.0/24\", \"less-equal\": \"32\"}]}",
		"{\"p\":[{\"prefix\": \"198.18.0.0/24\", \"greater-equal\": 23}]}",
		"{\"p\":[1]} x",
		"x {\"p\":[1]}",
		"{\"p\":[1]} {",
		"{\"p\":{\"q\":[1]}",
		"{\"p\":{\"q\":[1]}}}",
		"{\"p\":{} \"q\":[1]}",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct irr_parse p;
		cr_expect(parse(&p, table[i]) == IRR_PARSE_BAD, "%s", table[i]);
		cr_expect(p.why[0] != '\0');
		cr_expect(irr_parse_step(&p, 1) == IRR_PARSE_BAD);
		irr_parse_fini(&p);
	}
}

/* A page that must not be read lies right behind the text. */
static char *guarded(size_t len, char **out_end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = len / page + 1;
	char *map = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(map != MAP_FAILED);
	cr_assert(mprotect(map + pages * page, page, PROT_NONE) == 0);
	*out_end = map + pages * page;
	return map;
}

/* The same items with a blank more or less, which the shortcut does not know. */
Test(irr, the_shortcut_reads_what_the_library_reads)
{
	static const char *const table[] = {
		"\"198.18.0.0\\/24\", \"exact\": true",
		"\"198.18.0.0/24\", \"exact\": true",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 28",
		"\"198.18.0.0\\/24\", \"exact\": false, \"greater-equal\": 26, \"less-equal\": 28",
		"\"198.18.0.0\\/24\", \"exact\": false, \"greater-equal\": 26",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 023",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 23",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 33",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 0028",
		"\"198.18.0.0\\/24\", \"exact\": false, \"less-equal\": 28.5",
		"\"198.18.0.0\\/24\", \"exact\": false",
		"\"198.18.0.1\\/24\", \"exact\": true",
		"\"198.18.0.0\\/33\", \"exact\": true",
		"\"198.18.0.0\", \"exact\": true",
		"\"198.18.0.0\\n/24\", \"exact\": true",
		"\"198.18.0.0\\\", \"exact\": true",
		"\"0.0.0.0\\/0\", \"exact\": false, \"less-equal\": 0",
		"\"2001:db8::\\/32\", \"exact\": true",
		"\"2001:DB8::\\/32\", \"exact\": false, \"less-equal\": 128",
		"\"2001:db8::\\/32\", \"exact\": false, \"less-equal\": 129",
		"\"2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0\\/32\", \"exact\": true",
		"\"\", \"exact\": true",
	};
	unsigned good = 0;
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char own[512], other[512];
		struct irr_parse a, b;
		(void)snprintf(own, sizeof(own), "{\"p\": [\n    { \"prefix\": %s }\n] }\n",
			       table[i]);
		(void)snprintf(other, sizeof(other), "{\"p\": [{\"prefix\": %s}]}", table[i]);
		enum irr_parse_verdict v = parse(&a, own);
		cr_expect(v == parse(&b, other), "%s", table[i]);
		for (unsigned part = 0; part < IRR_PART_COUNT; part++) {
			cr_expect(irr_list_hash(part, &a.list[part]) ==
					  irr_list_hash(part, &b.list[part]),
				  "%s", table[i]);
		}
		good += v == IRR_PARSE_DONE ? 1 : 0;
		irr_parse_fini(&a);
		irr_parse_fini(&b);
	}
	cr_expect(good == 10, "%u", good);
}

static const char *const FORMS[] = {
	"{ \"prefix\": \"198.18.0.0\\/24\", \"exact\": true }",
	"{ \"prefix\": \"2001:db8::\\/32\", \"exact\": false, \"greater-equal\": 40, "
	"\"less-equal\": 44 }",
};

Test(irr, the_shortcut_knows_the_forms_of_bgpq4_and_no_part_of_one)
{
	for (unsigned i = 0; i < ARRAY_COUNT(FORMS); i++) {
		struct prefix_rule rule;
		size_t whole = strlen(FORMS[i]);
		char *end, *map = guarded(whole, &end);
		for (size_t len = 0; len <= whole; len++) {
			memcpy(end - len, FORMS[i], len);
			cr_expect_eq(bgpq4_prefix(span_of(end - len, len), &rule),
				     len == whole ? whole : 0);
		}
		munmap(map, (size_t)(end - map) + (size_t)sysconf(_SC_PAGESIZE));
	}
}

Test(irr, torn_and_garbled_answers_never_read_past_their_end)
{
	char *end, *map = guarded(sizeof(IPV6), &end);
	struct prng r;
	prng_init(&r, 1);
	unsigned done = 0;
	for (unsigned round = 0; round < 20000; round++) {
		const char *text = round % 2 == 0 ? IPV6 : ASNS;
		size_t whole = strlen(text);
		size_t len = round < 2 * whole ? round / 2 : whole;
		len = len < whole ? len : whole;
		memcpy(end - len, text, len);
		for (unsigned i = 0; round >= 1000 && i < 1 + round % 3; i++) {
			end[-(ptrdiff_t)(1 + prng_below(&r, len))] = (char)prng_u64(&r);
		}
		struct irr_parse p;
		done += parse_bytes(&p, end - len, len) == IRR_PARSE_DONE ? 1 : 0;
		irr_parse_fini(&p);
	}
	cr_expect(done > 100 && done < 19000, "%u", done);
	munmap(map, (size_t)(end - map) + (size_t)sysconf(_SC_PAGESIZE));
}
