/* What an answer says: AS numbers and prefixes, apart by what they were asked for.
 *
 * The three parts of an AS-SET (its AS numbers, its IPv4 and its IPv6 prefixes) are three answers,
 * each judged and kept on its own.  A list is sorted, each item once, so that equal answers are
 * equal lists and have one hash. */
#pragma once

#include "control/irr/items.h"
#include "rib/policy/prefix_set.h"

enum irr_part { IRR_ASNS, IRR_IPV4, IRR_IPV6, IRR_PART_COUNT };

struct irr_list {
	size_t count;
	asn_t *asns;		   /* ASNS; owned. */
	struct prefix_rule *rules; /* The others; owned. */
};

#define IRR_PARSE_LONG 10

enum irr_parse_verdict { IRR_PARSE_MORE, IRR_PARSE_DONE, IRR_PARSE_BAD };

/* bgpq4's JSON on its way to lists. */
struct irr_parse {
	struct items walk;
	struct irr_list list[IRR_PART_COUNT];
	size_t capacity[IRR_PART_COUNT];
	size_t items; /* So far. */
	bool is_bad;
	char why[96]; /* When it is. */
};

const char *irr_part_text(enum irr_part part); /* "asns", "ipv4", "ipv6" */
void irr_list_free(struct irr_list *l);
uint64_t irr_list_hash(enum irr_part part, const struct irr_list *l);

/* `text` is borrowed until the end.  bgpq4 -j: {"name": [64501, …]} or {"name": [{"prefix": "…",
 * "exact": true}, …]}; bounds as "greater-equal" and "less-equal". */
void irr_parse_init(struct irr_parse *p, const char *text, size_t len);
/* As many items further as cost `work_max`: a prefix in bgpq4's own form costs 1, any other item
 * IRR_PARSE_LONG.  DONE: the lists are whole, sorted and the caller's to take
 * out; what he leaves is freed by fini. */
enum irr_parse_verdict irr_parse_step(struct irr_parse *p, size_t work_max);
void irr_parse_fini(struct irr_parse *p);
