/* Packing prefixes into messages: nothing lost, nothing too long, nothing half empty. */
#include "tests/unit/wire/vector.h"
#include "rib/base/prng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define PREFIXES_MAX 4000
#define OUT_MAX	     (256 * 1024)

static struct prefix prefixes[PREFIXES_MAX];
static struct prefix got[PREFIXES_MAX];
static uint8_t out[OUT_MAX];

/* What a reader that knows nothing of our codec finds in one message. */
struct naive {
	const uint8_t *nlri;
	size_t nlri_len;
	const uint8_t *attrs; /* Without MP attributes. */
	size_t attrs_len;
	bool is_withdraw;
	uint8_t next_hop_len;
};

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Reads an UPDATE of the shapes that a packer may write; RFC 7606 §5.1 about the first place. */
static struct naive naive_read(const uint8_t *m, size_t len, enum family family)
{
	struct naive n = {0};
	unsigned withdrawn_len = be16(m + 19);
	const uint8_t *attrs = m + 23 + withdrawn_len;
	unsigned attrs_len = be16(attrs - 2);
	cr_assert_leq(23 + withdrawn_len + attrs_len, len);
	n.attrs = attrs;
	n.attrs_len = attrs_len;
	if (family == FAMILY_IPV4) {
		n.is_withdraw = withdrawn_len > 0;
		n.nlri = n.is_withdraw ? m + 21 : attrs + attrs_len;
		n.nlri_len = n.is_withdraw ? withdrawn_len : len - 23 - attrs_len;
		return n;
	}
	cr_assert_eq(withdrawn_len, 0);
	cr_assert_eq(23 + attrs_len, len);
	cr_assert_eq(attrs[0] & 0xef, 0x80);
	cr_assert(attrs[1] == 14 || attrs[1] == 15, "first attribute is %u", attrs[1]);
	n.is_withdraw = attrs[1] == 15;
	bool is_long = (attrs[0] & 0x10) != 0;
	size_t value_len = is_long ? be16(attrs + 2) : attrs[2];
	cr_assert_eq(is_long, value_len > 255, "shortest length form");
	const uint8_t *value = attrs + (is_long ? 4 : 3);
	cr_assert_eq(be16(value), 2);
	cr_assert_eq(value[2], 1);
	size_t fixed = 3;
	if (!n.is_withdraw) {
		n.next_hop_len = value[3];
		fixed = 4u + value[3] + 1u;
	}
	n.nlri = value + fixed;
	n.nlri_len = value_len - fixed;
	n.attrs = value + value_len;
	n.attrs_len = (size_t)(attrs + attrs_len - n.attrs);
	return n;
}

static size_t naive_prefixes(const struct naive *n, enum family family, struct prefix *to)
{
	size_t count = 0;
	for (size_t at = 0; at < n->nlri_len;) {
		struct prefix p = {.family = (uint8_t)family, .len = n->nlri[at]};
		size_t bytes = ((size_t)p.len + 7) / 8;
		memcpy(p.bytes, n->nlri + at + 1, bytes);
		at += 1 + bytes;
		to[count++] = p;
	}
	return count;
}

static void random_prefixes(struct prng *p, enum family family, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[16];
		for (size_t b = 0; b < sizeof(bytes); b++) {
			bytes[b] = (uint8_t)prng_u64(p);
		}
		struct addr a = addr_make(family, bytes);
		prefixes[i] =
			prefix_make(&a, (unsigned)prng_below(p, family_bits((uint8_t)family) + 1));
	}
}

/* A set whose attributes take `attrs_len` octets of canonical bytes, as near as may be. */
static struct attr *make_set(enum family family, uint8_t next_hop_len, size_t attrs_len)
{
	static struct attr_draft draft;
	struct wr w = wr_of(draft.wire, sizeof(draft.wire));
	uint8_t head[64];
	wr_copy(&w, head, hex_bytes("400101 00 40020a 0202 0000fbf4 0000fbf5", head, sizeof(head)));
	if (attrs_len >= wr_len(&w) + 4 + 256) {
		size_t rest = attrs_len - wr_len(&w) - 4;
		wr_u8(&w, 0xf0);
		wr_u8(&w, 0x63);
		wr_u16(&w, (uint16_t)rest);
		memset(w.at, 0xab, rest);
		w.at += rest;
	}
	cr_assert(wr_is_ok(&w));
	draft.wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(draft.wire, draft.wire_len, &draft.facts);
	struct next_hop next_hop = {.len = next_hop_len};
	for (unsigned i = 0; i < next_hop_len; i++) {
		next_hop.bytes[i] = (uint8_t)(family == FAMILY_IPV4 ? 10 + i : 0x20 + i);
	}
	return attr_of_draft(&draft, &next_hop);
}

/* Read everything back.  Returns how many prefixes; every message but the last must be full. */
static size_t read_back(const struct wr *w, const struct update_form *form, const struct attr *a)
{
	size_t count = 0;
	size_t at = 0;
	size_t room_before = 0;
	while (at < wr_len(w)) {
		const uint8_t *m = w->begin + at;
		size_t len = be16(m + 16);
		cr_assert_leq(len, form->message_max);
		cr_assert_leq(at + len, wr_len(w));
		struct naive n = naive_read(m, len, form->family);
		cr_assert_eq(n.is_withdraw, a == NULL);
		if (a != NULL && form->family == FAMILY_IPV6) {
			cr_assert_eq(n.next_hop_len, a->next_hop_len);
			cr_assert_eq(n.attrs_len, a->wire_len);
			cr_assert_arr_eq(n.attrs, a->wire, a->wire_len);
		} else if (a != NULL) {
			cr_assert_eq(n.attrs_len, a->wire_len + 7u);
		} else {
			cr_assert_eq(n.attrs_len, 0);
		}
		size_t first = count;
		count += naive_prefixes(&n, form->family, got + count);
		cr_assert_gt(count, first, "empty message");
		/* The first prefix of this message did not fit into the one before; the growth of
		 * the MP header by an octet may cost one more. */
		size_t first_len = nlri_len(&got[first]);
		cr_assert_leq(room_before, at == 0 ? 0 : first_len, "message not full");
		room_before = form->message_max - len;
		at += len;
	}
	return count;
}

/* As read_back, for a writer that was full: its last messages are as long as there was room. */
static size_t read_back_full(const struct wr *w, enum family family)
{
	size_t count = 0;
	size_t len = 0;
	for (size_t at = 0; at < wr_len(w); at += len) {
		len = be16(w->begin + at + 16);
		struct naive n = naive_read(w->begin + at, len, family);
		count += naive_prefixes(&n, family, got + count);
	}
	return count;
}

static void expect_all_packed(struct prng *p, const struct update_form *form, const struct attr *a)
{
	size_t count = 1 + (size_t)prng_below(p, PREFIXES_MAX);
	random_prefixes(p, form->family, count);
	size_t done = 0;
	while (done < count) {
		/* Mostly plenty of room; sometimes a writer that is full soon. */
		size_t room = prng_chance(p, 3, 4) ? OUT_MAX : 4096 + (size_t)prng_below(p, 9000);
		struct wr w = wr_of(out, room);
		size_t n = update_pack(&w, form, a, prefixes + done, count - done);
		cr_assert(wr_is_ok(&w));
		cr_assert_gt(n, 0);
		bool has_room = wr_left(&w) >= form->message_max;
		cr_assert(!has_room || n == count - done, "stopped too early");
		cr_assert_eq(has_room ? read_back(&w, form, a) : read_back_full(&w, form->family),
			     n);
		cr_assert_arr_eq(got, prefixes + done, n * sizeof(got[0]));
		done += n;
	}
}

/* RFC 4271 §4.3, RFC 4760: what goes in comes out, in order, in full messages. */
Test(wire, packed_prefixes_come_out_again)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct prng p;
		prng_init(&p, seed);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			struct update_form form = {
				.family = (enum family)f,
				.is_as4 = true,
				.message_max = prng_chance(&p, 1, 6) ? UINT16_MAX : BGP_MESSAGE_MAX,
			};
			uint8_t nh6 = prng_chance(&p, 1, 2) ? 16 : 32;
			size_t attrs_len = (size_t)prng_below(&p, 3990);
			struct attr *a =
				make_set(form.family, f == FAMILY_IPV4 ? 4 : nh6, attrs_len);
			if (update_fits(a, &form)) {
				expect_all_packed(&p, &form, a);
			}
			expect_all_packed(&p, &form, NULL);
			free(a);
		}
	}
}

/* RFC 4271 §4.3, RFC 4760 §3: to the octet. */
Test(wire, update_fits_is_exact)
{
	static const struct {
		enum family family;
		uint8_t next_hop_len;
		size_t limit; /* Canonical octets of the largest set that fits into 4096. */
	} cases[] = {
		/* 4096 - 19 - 4 - 7 (NEXT_HOP) - 5. */
		{FAMILY_IPV4, 4, 4061},
		/* 4096 - 19 - 4 - 3 (header) - 5 - next hop - 17. */
		{FAMILY_IPV6, 16, 4032},
		{FAMILY_IPV6, 32, 4016},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct update_form form = {
			.family = cases[i].family, .is_as4 = true, .message_max = BGP_MESSAGE_MAX};
		struct attr *most = make_set(form.family, cases[i].next_hop_len, cases[i].limit);
		struct attr *more =
			make_set(form.family, cases[i].next_hop_len, cases[i].limit + 1);
		cr_assert_eq(most->wire_len, cases[i].limit);
		cr_expect(update_fits(most, &form), "case %zu", i);
		cr_expect_not(update_fits(more, &form), "case %zu", i);
		/* And a host route really goes in, into a message of exactly the limit. */
		struct addr host = addr_make(form.family, attr_next_hop_octets(most).data);
		struct prefix p = prefix_make(&host, family_bits((uint8_t)form.family));
		struct wr w = wr_of(out, sizeof(out));
		cr_expect_eq(update_pack(&w, &form, most, &p, 1), 1);
		cr_expect_eq(wr_len(&w), BGP_MESSAGE_MAX);
		free(most);
		free(more);
	}
}

/* RFC 6793 §4.2.2: the 2-octet form decides for old speakers. */
Test(wire, update_fits_knows_the_old_form)
{
	static struct attr_draft draft;
	struct wr w = wr_of(draft.wire, sizeof(draft.wire));
	/* 680 numbers in 3 segments: 2,726 octets, and 1,366 + 4 + 2,726 in the old form. */
	wr_u32(&w, 0x40010100);
	wr_u16(&w, 0x5002);
	wr_u16(&w, 2726);
	static const uint8_t counts[] = {255, 255, 170};
	for (size_t s = 0; s < ARRAY_COUNT(counts); s++) {
		wr_u8(&w, 2);
		wr_u8(&w, counts[s]);
		for (unsigned i = 0; i < counts[s]; i++) {
			wr_u32(&w, 70000 + i);
		}
	}
	draft.wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(draft.wire, draft.wire_len, &draft.facts);
	struct next_hop next_hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	struct attr *a = attr_of_draft(&draft, &next_hop);
	struct update_form form = {.family = FAMILY_IPV4, .is_as4 = true, .message_max = 4096};
	cr_expect(update_fits(a, &form));
	form.is_as4 = false;
	cr_expect_not(update_fits(a, &form));
	struct attr_form old = {.has_next_hop = true};
	cr_expect_eq(attr_encoded_len(a, &old), 4 + 7 + 4 + 1366 + 4 + 2726);
	free(a);
}

/* RFC 4271 §4.3: a packed message of ours, taken apart by our own decoder. */
Test(wire, packed_messages_decode)
{
	struct prng p;
	prng_init(&p, 7);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct update_form form = {
			.family = (enum family)f, .is_as4 = true, .message_max = BGP_MESSAGE_MAX};
		struct attr *a = make_set(form.family, f == FAMILY_IPV4 ? 4 : 16, 500);
		random_prefixes(&p, form.family, 3000);
		struct wr w = wr_of(out, sizeof(out));
		cr_assert_eq(update_pack(&w, &form, a, prefixes, 3000), 3000);
		struct span rest = span_of(out, wr_len(&w));
		size_t count = 0;
		while (rest.len > 0) {
			static struct attr_draft draft;
			struct frame frame;
			struct notify why;
			struct update u;
			struct update_opts opts = {.is_as4 = true, .families = {true, true}};
			cr_assert_eq(frame_next(rest, BGP_MESSAGE_MAX, &frame, &why), FRAME_OK);
			update_decode(frame.body, &opts, &draft, &u);
			cr_assert_eq(u.attrs.verdict, VERDICT_OK, "%s", u.attrs.reason);
			cr_assert_eq(draft.wire_len, a->wire_len);
			cr_assert_arr_eq(draft.wire, a->wire, a->wire_len);
			const struct update_nlri *at =
				&u.announced[f == FAMILY_IPV4 ? UPDATE_FIELD : UPDATE_MP];
			cr_assert_eq(at->form.family, f);
			cr_assert_eq(at->next_hop.len, a->next_hop_len);
			struct rd r = rd_of(at->nlri);
			struct prefix prefix;
			while (nlri_next(&r, (struct nlri_form){form.family, false}, &prefix,
					 NULL)) {
				cr_assert(prefix_equal(&prefix, &prefixes[count]));
				count++;
			}
			rest = span_of(rest.data + frame.len, rest.len - frame.len);
		}
		cr_assert_eq(count, 3000);
		free(a);
	}
}
