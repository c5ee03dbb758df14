/* UPDATE: decode, encode what is announced and withdrawn, decode again: the same routes with the
 * same attributes.  In the form that they came in, in that of the other kind of AS numbers (RFC
 * 6793), and with OTC where there was none (RFC 9234 §5).
 *
 * Input: a byte that says how the session reads (wire_opts.h), then the body. */
#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/wire/offence.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire_opts.h"

#define ROUTES_MAX GUARD_MAX
#define OUT_MAX	   (1u << 20)
#define OTC_ADDED  64499

/* The routes of one place. */
struct routes {
	struct prefix prefix[ROUTES_MAX];
	uint32_t path_id[ROUTES_MAX];
	size_t count;
};

static struct routes first, second;
static uint8_t out[OUT_MAX];

static void take_routes(const struct update_nlri *n, struct routes *to)
{
	struct rd r = rd_of(n->nlri);
	size_t before = to->count;

	while (nlri_next(&r, n->form, &to->prefix[to->count], &to->path_id[to->count])) {
		to->count++;
		ASSERT(to->count < ROUTES_MAX);
	}
	ASSERT(rd_left(&r) == 0);
	ASSERT(to->count - before == n->count);
}

static struct attr *attr_of(const struct attr_draft *draft, const struct next_hop *next_hop)
{
	struct attr *a = malloc(attr_bytes(draft->wire_len, next_hop->len));

	ASSERT(a != NULL);
	attr_write(a, draft, next_hop);
	return a;
}

/* What was decoded is `a`, and OTC if that was added. */
static void check_attrs(const struct attr_draft *draft, const struct attr *a, asn_t otc)
{
	static struct attr_draft with;

	with.wire_len = a->wire_len;
	with.facts = a->facts;
	memcpy(with.wire, a->wire, a->wire_len);
	if (otc != 0 && a->facts.otc == 0) {
		ASSERT(attr_add_otc(&with, otc));
		ASSERT(draft->facts.otc == otc);
	}
	ASSERT(draft->wire_len == with.wire_len);
	ASSERT(memcmp(draft->wire, with.wire, with.wire_len) == 0);
}

/* Decode the messages in `in`; all of it must be well, and the attributes those of `a`. */
static void decode_again(struct span in, const struct update_opts *opts, const struct attr *a,
			 asn_t otc)
{
	static struct attr_draft draft;
	struct frame f;
	struct notify why;
	struct update u;

	second.count = 0;
	while (in.len > 0) {
		ASSERT(frame_next(in, UINT16_MAX, &f, &why) == FRAME_OK);
		update_decode(f.body, opts, &draft, &u);
		ASSERT(u.attrs.verdict == VERDICT_OK);
		for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
			const struct update_nlri *n = a != NULL ? &u.announced[i] : &u.withdrawn[i];

			take_routes(n, &second);
			if (a != NULL && n->count > 0) {
				ASSERT(n->next_hop.len == a->next_hop_len);
				ASSERT(memcmp(n->next_hop.bytes, attr_next_hop_octets(a).data,
					      a->next_hop_len) == 0);
			}
		}
		if (a != NULL) {
			check_attrs(&draft, a, otc);
		}
		in = span_of(in.data + f.len, in.len - f.len);
	}
}

/* How the member reads that gets what `form` makes. */
static struct update_opts opts_for(const struct update_form *form, uint8_t how)
{
	struct update_opts opts = wire_opts(how);

	opts.is_as4 = form->is_as4;
	if (form->otc != 0) {
		opts.lists = NULL; /* It may be among them. */
	}
	return opts;
}

static void check_form(const struct update_form *form, const struct attr *a, uint8_t how)
{
	struct update_opts opts = opts_for(form, how);
	struct update_paths paths = {
		.prefixes = first.prefix,
		.path_ids = form->has_path_ids ? first.path_id : NULL,
		.count = first.count,
	};
	struct wr w = wr_of(out, sizeof(out));

	if (a != NULL && !update_fits(a, form)) {
		return;
	}
	ASSERT(update_pack_paths(&w, form, a, &paths) == first.count);
	decode_again(span_of(out, wr_len(&w)), &opts, a, form->otc);
	ASSERT(second.count == first.count);
	ASSERT(memcmp(first.prefix, second.prefix, first.count * sizeof(first.prefix[0])) == 0);
	ASSERT(memcmp(first.path_id, second.path_id, first.count * sizeof(first.path_id[0])) == 0);
}

static void check_round_trip(const struct update_nlri *n, const struct attr *a, uint8_t how)
{
	struct update_form form = {
		.family = n->form.family,
		.is_as4 = wire_opts(how).is_as4,
		.message_max = (how & HOW_EXTENDED) != 0 ? UINT16_MAX : BGP_MESSAGE_MAX,
		.has_path_ids = n->form.has_path_ids,
		.has_next_hop6 = wire_opts(how).has_next_hop6,
	};

	first.count = 0;
	take_routes(n, &first);
	if (first.count == 0) {
		return;
	}
	check_form(&form, a, how);
	if (a != NULL) {
		form.otc = OTC_ADDED;
		check_form(&form, a, how);
		form.otc = 0;
		form.is_as4 = !form.is_as4;
		check_form(&form, a, how);
	}
}

static void check_result(const struct attr_result *r, struct span body)
{
	static struct offence o;
	static char text[OFFENCE_TEXT_MAX];
	bool is_ok = r->verdict == VERDICT_OK;

	ASSERT(is_ok == (r->fault == FAULT_NONE) && is_ok == (r->fault_count == 0));
	ASSERT(is_ok == (r->reason == NULL) && is_ok == (r->section == NULL));
	ASSERT((r->verdict == VERDICT_SESSION_RESET) == (r->why.code == NOTIFY_UPDATE));
	ASSERT(r->note_count == min_u64(r->fault_count, FAULT_NOTES_MAX));
	for (unsigned i = 0; i < r->note_count; i++) {
		ASSERT(r->notes[i].verdict <= r->verdict);
		ASSERT(r->notes[i].offset <= BGP_HEADER_LEN + body.len);
	}
	if (!is_ok) {
		offence_keep(&o, body, r);
		ASSERT(strlen(offence_format(&o, text, sizeof(text))) > 10);
		ASSERT(strlen(offence_hex(&o, text, sizeof(text))) % 2 == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct attr_draft draft;
	struct update u;

	if (len < 1) {
		return 0;
	}
	struct update_opts opts = wire_opts(data[0]);
	struct span body = guarded(span_of(data + 1, len - 1));
	update_decode(body, &opts, &draft, &u);
	check_result(&u.attrs, body);
	if (u.attrs.verdict == VERDICT_SESSION_RESET) {
		ASSERT(draft.wire_len == 0);
		return 0;
	}
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		check_round_trip(&u.withdrawn[i], NULL, data[0]);
		if (attr_is_usable(&u.attrs) && u.announced[i].count > 0) {
			struct attr *a = attr_of(&draft, &u.announced[i].next_hop);

			check_round_trip(&u.announced[i], a, data[0]);
			free(a);
		}
	}
	return 0;
}
