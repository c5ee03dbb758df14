/* Every fault of RFC 7606 §3–§7, and what it is answered with: one line, one UPDATE. */
#include "tests/unit/wire/vector.h"
#include "rib/wire/offence.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN	 "400101 00"
#define PATH	 "40020a 0202 0000fbf4 0000fbf5"
#define NEXT_HOP "400304 c6120001"
#define MED	 "800404 0000000a"
#define BASE	 ORIGIN PATH NEXT_HOP
#define NLRI	 "18c63364"
#define NH6	 "20010db8000000000000000000000001"
#define REACH6	 "800e1a 0002 01 10" NH6 "00 20 20010db8"

#define LINE_MAX_LEN 4096

/* One line of the file: tests/support/malformed_updates.py says what the columns mean. */
struct row {
	const char *name, *session, *verdict;
	uint8_t type;
	uint8_t subcode; /* Of the NOTIFICATION, when the verdict is a reset. */
	const char *rule, *reason, *hex;
};

struct session {
	struct update_opts opts;
	struct attr_lists lists;
};

static char *next_column(char **rest)
{
	char *column = *rest;
	cr_assert(column != NULL, "a column is missing");
	char *end = strstr(column, " | ");
	*rest = end == NULL ? NULL : end + 3;
	column[end == NULL ? strcspn(column, "\n") : (size_t)(end - column)] = '\0';
	return column;
}

static struct row row_of(char *line)
{
	struct row row;
	row.name = next_column(&line);
	row.session = next_column(&line);
	row.verdict = next_column(&line);
	row.type = (uint8_t)strtoul(next_column(&line), NULL, 10);
	row.subcode = (uint8_t)strtoul(next_column(&line), NULL, 10);
	row.rule = next_column(&line);
	row.reason = next_column(&line);
	row.hex = next_column(&line);
	return row;
}

static void list_add(uint32_t *bits, unsigned long type)
{
	bits[type / 32] |= UINT32_C(1) << (type % 32);
}

static void session_agree(struct session *s, const char *word)
{
	const char *value = strchr(word, '=');
	unsigned long number = value == NULL ? 0 : strtoul(value + 1, NULL, 10);
	if (strcmp(word, "as2") == 0) {
		s->opts.is_as4 = false;
	} else if (strcmp(word, "ipv4-only") == 0) {
		s->opts.families[FAMILY_IPV6] = false;
	} else if (strcmp(word, "add-path") == 0) {
		s->opts.has_path_ids[FAMILY_IPV4] = s->opts.has_path_ids[FAMILY_IPV6] = true;
	} else if (strcmp(word, "next-hop6") == 0) {
		s->opts.has_next_hop6 = true;
	} else if (strcmp(word, "as-set") == 0) {
		s->opts.accepts_as_set = true;
	} else if (strncmp(word, "first-as=", 9) == 0) {
		s->opts.first_as = (asn_t)number;
	} else if (strncmp(word, "discard=", 8) == 0) {
		list_add(s->lists.discard, number);
	} else if (strncmp(word, "withdraw=", 9) == 0) {
		list_add(s->lists.withdraw, number);
	} else if (strcmp(word, "foreign") != 0) {
		cr_assert_str_eq(word, "-");
	}
}

static void session_init(struct session *s, const char *words)
{
	*s = (struct session){.opts = {.is_as4 = true, .families = {true, true}}};
	s->opts.lists = &s->lists;
	while (*words != '\0') {
		char word[32] = "";
		size_t len = strcspn(words, " ");
		cr_assert_lt(len, sizeof(word));
		memcpy(word, words, len);
		session_agree(s, word);
		words += len + strspn(words + len, " ");
	}
}

/* Which faults the file has shown so far. */
static bool is_shown[FAULT_COUNT];

/* The result has to be of one piece whatever it says. */
static void expect_coherent(const struct row *row, const struct update *u, size_t len)
{
	const struct attr_result *r = &u->attrs;
	bool is_ok = r->verdict == VERDICT_OK;
	cr_expect_eq(r->reason == NULL, is_ok, "%s", row->name);
	cr_expect_eq(r->section == NULL, is_ok, "%s", row->name);
	cr_expect_eq(r->fault == FAULT_NONE, is_ok, "%s", row->name);
	cr_expect_eq(r->fault_count == 0, is_ok, "%s", row->name);
	cr_expect_leq(r->note_count, r->fault_count, "%s", row->name);
	bool is_noted = is_ok;
	for (unsigned i = 0; i < r->note_count; i++) {
		is_shown[r->notes[i].fault] = true;
		cr_expect_lt(r->notes[i].offset, len, "%s", row->name);
		cr_expect_leq(r->notes[i].verdict, r->verdict, "%s", row->name);
		is_noted |= r->notes[i].fault == r->fault && r->notes[i].type == r->type &&
			    r->notes[i].offset == r->offset;
	}
	cr_expect(is_noted, "%s: the worst fault is not among the notes", row->name);
}

/* Decode and compare; `can_disable`: whether the caller gives up single families. */
static void check_row(const struct guard *g, const struct row *row, bool can_disable)
{
	static uint8_t bytes[VECTOR_MAX];
	struct session s;
	session_init(&s, row->session);
	s.opts.can_disable = can_disable;
	struct span message = guard_put(g, bytes, hex_bytes(row->hex, bytes, sizeof(bytes)));
	struct frame frame;
	struct notify why;
	cr_assert_eq(frame_next(message, BGP_MESSAGE_MAX, &frame, &why), FRAME_OK);
	cr_assert_eq(frame.len, message.len);
	struct attr_draft draft;
	struct update u;
	size_t allocated = mallinfo2().uordblks;
	update_decode(frame.body, &s.opts, &draft, &u);
	/* Whatever a length says: the decoder works in what it was given. */
	cr_expect_eq(mallinfo2().uordblks, allocated, "%s", row->name);
	const char *want = row->verdict;
	/* A family that is not carried is given up by everyone. */
	bool is_carried = strstr(row->session, "ipv4-only") == NULL &&
			  strstr(row->session, "foreign") == NULL;
	if (!can_disable && is_carried && strcmp(want, "afi-disable") == 0) {
		want = "session-reset";
	}
	const char *reason = u.attrs.reason == NULL ? "-" : u.attrs.reason;
	cr_expect_str_eq(verdict_name(u.attrs.verdict), want, "%s: %s, %s", row->name,
			 verdict_name(u.attrs.verdict), reason);
	cr_expect_eq(u.attrs.type, row->type, "%s: type %d", row->name, u.attrs.type);
	cr_expect_str_eq(reason, row->reason, "%s: %s", row->name, reason);
	expect_coherent(row, &u, message.len);
	if (strcmp(row->verdict, "session-reset") == 0) {
		cr_expect_eq(u.attrs.why.code, NOTIFY_UPDATE, "%s", row->name);
		cr_expect_eq(u.attrs.why.subcode, row->subcode, "%s: subcode %d", row->name,
			     u.attrs.why.subcode);
	}
}

/* RFC 7606 §3–§7, RFC 4271 §6.3, and what each attribute's own document says: the rule stands in
 * the file. */
Test(wire, each_malformed_update_gets_its_verdict)
{
	struct guard g;
	guard_init(&g);
	FILE *file = fopen(TEST_DATA "/malformed_updates.txt", "r");
	cr_assert(file != NULL, "%s", TEST_DATA);
	unsigned malformed = 0;
	unsigned resets = 0;
	static char line[LINE_MAX_LEN];
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '#') {
			continue;
		}
		struct row row = row_of(line);
		check_row(&g, &row, true);
		check_row(&g, &row, false);
		malformed += strcmp(row.verdict, "ok") != 0;
		resets += strcmp(row.verdict, "session-reset") == 0;
	}
	fclose(file);
	guard_fini(&g);
	cr_assert_geq(malformed, 190, "only %u rows", malformed);
	for (unsigned f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
		/* Only an extended message can be beyond the budget: test_attr.c. */
		cr_expect(is_shown[f] || f == FAULT_TOO_LARGE, "no row shows \"%s\"",
			  fault_phrase((enum fault)f));
	}
	cr_assert_geq(resets, 30);
}

/* RFC 4271 §6.3: the erroneous attribute (type, length, value) is the NOTIFICATION's data. */
Test(wire, notification_carries_the_offending_attribute)
{
	uint8_t body[256];
	size_t len = hex_update("", BASE "406302 aabb", NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(body, len), &opts, &draft, &u);
	static const uint8_t whole[] = {0x40, 0x63, 0x02, 0xaa, 0xbb};
	cr_assert_eq(u.attrs.why.data_len, sizeof(whole));
	cr_assert_arr_eq(u.attrs.why.data, whole, sizeof(whole));
}

/* RFC 7606 §2: with treat-as-withdraw the prefixes are still known. */
Test(wire, treat_as_withdraw_still_names_the_prefixes)
{
	uint8_t body[256];
	size_t len = hex_update("18c63365", "400101 07" PATH NEXT_HOP, NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_TREAT_AS_WITHDRAW);
	cr_assert_eq(u.announced[UPDATE_FIELD].nlri.len, 4);
	cr_assert_eq(u.withdrawn[UPDATE_FIELD].nlri.len, 4);
	cr_assert_str_eq(u.attrs.reason, "ORIGIN: undefined value");
}

/* RFC 4760 §7, RFC 7606 §7.11: the family at fault is given up, the rest of the message is used. */
Test(wire, disabled_family_leaves_the_other_alone)
{
	uint8_t body[256];
	size_t len = hex_update("18c63365", "800e16 0002 01 10" NH6 "00 20" BASE, NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}, .can_disable = true};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_AFI_DISABLE);
	cr_expect(u.attrs.is_disabled[FAMILY_IPV6]);
	cr_expect_not(u.attrs.is_disabled[FAMILY_IPV4]);
	cr_expect(attr_is_usable(&u.attrs));
	cr_expect_eq(u.announced[UPDATE_FIELD].count, 1);
	cr_expect_eq(u.withdrawn[UPDATE_FIELD].count, 1);
	cr_expect_eq(u.announced[UPDATE_MP].nlri.len, 0);
	/* With a fault beside it the routes of the other family are withdrawn, §3 h. */
	len = hex_update("", "800e16 0002 01 10" NH6 "00 20 400101 07" PATH NEXT_HOP, NLRI, body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_expect_eq(u.attrs.verdict, VERDICT_AFI_DISABLE);
	cr_expect_not(attr_is_usable(&u.attrs));
	/* A withdrawal that can be read is of no use any more when its family is given up. */
	len = hex_update("", "800e16 0002 01 10" NH6 "00 20 800f08 0002 01 20 20010db8" BASE, NLRI,
			 body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_expect_eq(u.withdrawn[UPDATE_MP].nlri.len, 0);
	/* Both at once would leave nothing to go on with. */
	len = hex_update("", "800e16 0002 01 10" NH6 "00 20 800f04 0001 01 21" BASE, NLRI, body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_expect_eq(u.attrs.verdict, VERDICT_SESSION_RESET);
	/* A family that we do not carry is given up without any effect. */
	len = hex_update("", "800e06 0019 46 ff 00 00" BASE, NLRI, body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_expect_eq(u.attrs.verdict, VERDICT_AFI_DISABLE);
	cr_expect_not(u.attrs.is_disabled[FAMILY_IPV4] || u.attrs.is_disabled[FAMILY_IPV6]);
}

/* RFC 7606 §3 h: all faults are told, in order, with their places; the excess is counted. */
Test(wire, every_fault_of_a_message_is_noted)
{
	uint8_t body[512];
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	size_t len = hex_update("", "400504 00000064" ORIGIN "c00803 fbf400" PATH NEXT_HOP ORIGIN,
				NLRI, body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	static const struct fault_note want[] = {
		{FAULT_REFUSED, VERDICT_ATTR_DISCARD, 5, 23},
		{FAULT_LENGTH, VERDICT_TREAT_AS_WITHDRAW, 8, 34},
		{FAULT_DUPLICATE, VERDICT_ATTR_DISCARD, 1, 60},
	};
	cr_assert_eq(u.attrs.fault_count, ARRAY_COUNT(want));
	cr_assert_eq(u.attrs.note_count, ARRAY_COUNT(want));
	for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
		cr_expect_eq(u.attrs.notes[i].fault, want[i].fault, "note %zu", i);
		cr_expect_eq(u.attrs.notes[i].verdict, want[i].verdict, "note %zu", i);
		cr_expect_eq(u.attrs.notes[i].type, want[i].type, "note %zu", i);
		cr_expect_eq(u.attrs.notes[i].offset, want[i].offset, "note %zu: %u", i,
			     u.attrs.notes[i].offset);
	}
	cr_expect_eq(u.attrs.offset, 34);
	len = hex_update("", BASE MED MED MED MED MED MED MED MED MED MED MED, NLRI, body);
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_expect_eq(u.attrs.fault_count, 10);
	cr_expect_eq(u.attrs.note_count, FAULT_NOTES_MAX);
	cr_expect_eq(u.attrs.verdict, VERDICT_ATTR_DISCARD);
}

/* RFC 7606 §6: what was wrong, where, and the octets. */
Test(wire, offending_message_is_kept_and_told)
{
	uint8_t body[256];
	size_t len = hex_update("", ORIGIN PATH "400304 7f000001", NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	static struct offence o;
	char text[256];
	cr_expect_str_eq(offence_format(&o, text, sizeof(text)), "none");
	update_decode(span_of(body, len), &opts, &draft, &u);
	offence_keep(&o, span_of(body, len), &u.attrs);
	cr_expect_str_eq(offence_format(&o, text, sizeof(text)),
			 "treat-as-withdraw: NEXT_HOP: not a host (RFC 4271 §6.3), "
			 "attribute 3 at octet 43 of 51");
	cr_expect_str_eq(offence_hex(&o, text, sizeof(text)),
			 "ffffffffffffffffffffffffffffffff003302"
			 "0000"
			 "0018"
			 "40010100"
			 "40020a02020000fbf40000fbf5"
			 "4003047f000001"
			 "18c63364");
	cr_expect_str_eq(offence_hex(&o, text, 6), "ffff");
	cr_expect_str_eq(offence_hex(&o, text, 1), "");
}

/* RFC 8654: of a long message the front is kept. */
Test(wire, offending_extended_message_is_cut)
{
	static uint8_t body[60000];
	static struct offence o;
	static char text[OFFENCE_TEXT_MAX];
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	body[0] = 0xff;
	update_decode(span_of(body, sizeof(body)), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_SESSION_RESET);
	offence_keep(&o, span_of(body, sizeof(body)), &u.attrs);
	cr_expect_eq(strlen(offence_hex(&o, text, sizeof(text))), 2 * (19 + OFFENCE_KEPT_MAX));
	cr_expect_eq(memcmp(text + 32, "ea7302ff00", 10), 0);
	cr_expect_str_eq(offence_format(&o, text, sizeof(text)),
			 "session-reset: field lengths exceed the message (RFC 7606 §3 b)"
			 " at octet 19 of 60019");
}

/* RFC 4271 §4.3: every proper prefix of a well-formed body is answered without a read beyond it. */
Test(wire, no_truncation_reads_past_the_end)
{
	struct guard g;
	guard_init(&g);
	uint8_t body[512];
	size_t len = hex_update("18c63365", REACH6 BASE MED "c00804 fbf40001", NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	for (size_t cut = 0; cut < len; cut++) {
		struct attr_draft draft;
		struct update u;
		update_decode(guard_put(&g, body, cut), &opts, &draft, &u);
		/* Cut within the last field, a shorter body may be well-formed by itself. */
		bool is_whole = cut == len - 4;
		cr_expect_eq(u.attrs.verdict == VERDICT_SESSION_RESET, !is_whole, "cut at %zu",
			     cut);
	}
	guard_fini(&g);
}
