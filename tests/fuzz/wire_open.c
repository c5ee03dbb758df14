/* OPEN: what open_decode accepts must survive open_encode and open_decode.
 *
 * Input: the body. */
#include "rib/base/check.h"
#include "rib/wire/open.h"
#include "tests/fuzz/fuzz.h"

/* A value that says multiprotocol but nothing that we carry has no form of its own. */
static bool has_form(const struct open *o)
{
	return !o->has_multiprotocol || o->families[FAMILY_IPV4] || o->families[FAMILY_IPV6];
}

static void check_same(const struct open *a, const struct open *b)
{
	const struct open_graceful *g = &a->graceful, *h = &b->graceful;
	const struct open_long_lived *l = &a->long_lived, *m = &b->long_lived;

	ASSERT(a->asn == b->asn && a->hold_s == b->hold_s && a->router_id == b->router_id);
	ASSERT(a->has_as4 == b->has_as4 && a->has_refresh == b->has_refresh);
	ASSERT(a->has_multiprotocol == b->has_multiprotocol);
	ASSERT(a->has_enhanced_refresh == b->has_enhanced_refresh);
	ASSERT(a->has_extended_message == b->has_extended_message);
	ASSERT(a->has_extended_parameters == b->has_extended_parameters);
	ASSERT(a->has_next_hop6 == b->has_next_hop6);
	ASSERT(a->has_role == b->has_role && (!a->has_role || a->role == b->role));
	ASSERT(g->is_present == h->is_present && g->is_restarting == h->is_restarting);
	ASSERT(g->has_notification == h->has_notification && g->restart_s == h->restart_s);
	ASSERT(l->is_present == m->is_present);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		ASSERT(a->families[f] == b->families[f] && a->add_path[f] == b->add_path[f]);
		ASSERT(g->families[f] == h->families[f]);
		ASSERT(g->is_forwarding[f] == h->is_forwarding[f]);
		ASSERT(l->families[f] == m->families[f]);
		ASSERT(l->is_forwarding[f] == m->is_forwarding[f]);
		ASSERT(l->stale_s[f] == m->stale_s[f]);
	}
}

static void check_round_trip(const struct open *first)
{
	uint8_t once[OPEN_ENCODED_MAX], twice[OPEN_ENCODED_MAX];
	struct open second;
	struct frame f;
	struct notify why;
	size_t len = open_encode(first, once, sizeof(once));

	ASSERT(len >= BGP_HEADER_LEN + 10);
	ASSERT(frame_next(span_of(once, len), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
	ASSERT(open_decode(f.body, &second, &why));
	check_same(first, &second);
	/* Every other field, whatever there will be: the same value has the same bytes. */
	ASSERT(open_encode(&second, twice, sizeof(twice)) == len);
	ASSERT(memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct open o, untouched;
	struct notify why = {0};

	memset(&o, 0xa5, sizeof(o));
	memcpy(&untouched, &o, sizeof(o));
	if (!open_decode(guarded(span_of(data, len)), &o, &why)) {
		ASSERT(why.code == NOTIFY_OPEN);
		ASSERT(memcmp(&o, &untouched, sizeof(o)) == 0);
		return 0;
	}
	ASSERT(o.asn != 0 && o.router_id != 0 && (o.hold_s == 0 || o.hold_s >= 3));
	ASSERT(o.graceful.is_present || !o.long_lived.is_present);
	if (has_form(&o)) {
		check_round_trip(&o);
	}
	return 0;
}
