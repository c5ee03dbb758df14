/* Capabilities, each with how it is read and written.
 *
 * A sender may repeat a capability (RFC 5492 §4): the same again changes nothing; different ones
 * add up where the capability is a list, and of graceful restart the last one counts.  Those of
 * the first days are refused when malformed, together with the OPEN; a later one that cannot be
 * read is passed over like an unknown one (RFC 7911 §4 says so for its own), for the session is
 * worth more without the feature than not at all.
 *
 * RFC 2918 §2; RFC 4724 §3; RFC 4760 §8; RFC 5492 §3–5; RFC 6793 §3; RFC 7313 §3.1; RFC 7911 §4;
 * RFC 8538 §2; RFC 8654 §3; RFC 8950 §4; RFC 9234 §4; RFC 9494 §3. */
#include "rib/wire/capability.h"

#include "rib/base/check.h"
#include "rib/wire/family.h"

#define GRACEFUL_RESTARTING   0x8000
#define GRACEFUL_NOTIFICATION 0x4000
#define GRACEFUL_TIME	      0x0fff
#define FLAG_FORWARDING	      0x80
#define LONG_LIVED_TIME_MAX   0xffffff

struct cap_row {
	uint8_t code;
	bool is_strict; /* Malformed, it makes the OPEN malformed. */
	/* True when it was well-formed; else `o` is untouched. */
	bool (*take)(struct rd *r, struct open *o);
	/* Write the values: as many capabilities as it takes. */
	void (*put)(struct wr *w, const struct open *o);
};

static bool at_end(const struct rd *r)
{
	return rd_is_ok(r) && rd_left(r) == 0;
}

/* Room for the length of a capability; cap_end fills it in. */
static size_t cap_begin(struct wr *w, uint8_t code)
{
	wr_u8(w, code);
	wr_u8(w, 0);
	return wr_len(w);
}

static void cap_end(struct wr *w, size_t start)
{
	size_t len = wr_len(w) - start;
	ASSERT(len <= UINT8_MAX);
	if (wr_is_ok(w)) {
		w->begin[start - 1] = (uint8_t)len;
	}
}

/* A capability without a value. */
static void put_empty(struct wr *w, uint8_t code)
{
	cap_end(w, cap_begin(w, code));
}

/* RFC 4760 §8: AFI, reserved octet, SAFI. */
static bool take_multiprotocol(struct rd *r, struct open *o)
{
	uint16_t afi = rd_u16(r);
	rd_u8(r);
	uint8_t safi = rd_u8(r);
	if (!at_end(r)) {
		return false;
	}
	if (!o->has_multiprotocol) {
		/* From here on only what is said counts. */
		o->has_multiprotocol = true;
		o->families[FAMILY_IPV4] = false;
	}
	enum family family;
	if (family_of_afi(afi, safi, &family)) {
		o->families[family] = true;
	}
	return true;
}

static void put_multiprotocol(struct wr *w, const struct open *o)
{
	/* Whoever wants IPv6 must say so; then IPv4 has to be said as well. */
	bool is_said = o->has_multiprotocol || o->families[FAMILY_IPV6];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (is_said && o->families[f]) {
			size_t start = cap_begin(w, CAP_MULTIPROTOCOL);
			wr_u16(w, family_afi((enum family)f));
			wr_u8(w, 0);
			wr_u8(w, SAFI_UNICAST);
			cap_end(w, start);
		}
	}
}

static bool take_refresh(struct rd *r, struct open *o)
{
	o->has_refresh |= at_end(r);
	return at_end(r);
}

static void put_refresh(struct wr *w, const struct open *o)
{
	if (o->has_refresh) {
		put_empty(w, CAP_REFRESH);
	}
}

/* RFC 8950 §4: (NLRI AFI, NLRI SAFI of two octets, next hop AFI), any number. */
static bool take_next_hop6(struct rd *r, struct open *o)
{
	bool has_next_hop6 = o->has_next_hop6;
	while (rd_left(r) > 0) {
		uint16_t afi = rd_u16(r);
		uint16_t safi = rd_u16(r);
		uint16_t next_hop_afi = rd_u16(r);
		has_next_hop6 |=
			afi == AFI_IPV4 && safi == SAFI_UNICAST && next_hop_afi == AFI_IPV6;
	}
	if (rd_is_ok(r)) {
		o->has_next_hop6 = has_next_hop6;
	}
	return rd_is_ok(r);
}

static void put_next_hop6(struct wr *w, const struct open *o)
{
	if (o->has_next_hop6) {
		size_t start = cap_begin(w, CAP_NEXT_HOP6);
		wr_u16(w, AFI_IPV4);
		wr_u16(w, SAFI_UNICAST);
		wr_u16(w, AFI_IPV6);
		cap_end(w, start);
	}
}

static bool take_extended_message(struct rd *r, struct open *o)
{
	o->has_extended_message |= at_end(r);
	return at_end(r);
}

static void put_extended_message(struct wr *w, const struct open *o)
{
	if (o->has_extended_message) {
		put_empty(w, CAP_EXTENDED_MESSAGE);
	}
}

/* cap_take has looked for a second one that differs. */
static bool take_role(struct rd *r, struct open *o)
{
	uint8_t role = rd_u8(r);
	if (at_end(r)) {
		o->has_role = true;
		o->role = role;
	}
	return at_end(r);
}

static void put_role(struct wr *w, const struct open *o)
{
	if (o->has_role) {
		size_t start = cap_begin(w, CAP_ROLE);
		wr_u8(w, o->role);
		cap_end(w, start);
	}
}

/* RFC 4724 §3: flags and time, then (AFI, SAFI, flags), any number; the last instance counts. */
static bool take_graceful(struct rd *r, struct open *o)
{
	uint16_t head = rd_u16(r);
	struct open_graceful g = {
		.is_present = true,
		.is_restarting = (head & GRACEFUL_RESTARTING) != 0,
		.has_notification = (head & GRACEFUL_NOTIFICATION) != 0,
		.restart_s = head & GRACEFUL_TIME,
	};
	while (rd_left(r) > 0) {
		uint16_t afi = rd_u16(r);
		uint8_t safi = rd_u8(r);
		uint8_t flags = rd_u8(r);
		enum family family;
		if (family_of_afi(afi, safi, &family)) {
			g.families[family] = true;
			g.is_forwarding[family] = (flags & FLAG_FORWARDING) != 0;
		}
	}
	if (rd_is_ok(r)) {
		o->graceful = g;
	}
	return rd_is_ok(r);
}

static void put_graceful(struct wr *w, const struct open *o)
{
	const struct open_graceful *g = &o->graceful;
	if (!g->is_present) {
		return;
	}
	ASSERT(g->restart_s <= GRACEFUL_TIME);
	size_t start = cap_begin(w, CAP_GRACEFUL);
	wr_u16(w, (uint16_t)(g->restart_s | (g->is_restarting ? GRACEFUL_RESTARTING : 0) |
			     (g->has_notification ? GRACEFUL_NOTIFICATION : 0)));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (g->families[f]) {
			wr_u16(w, family_afi((enum family)f));
			wr_u8(w, SAFI_UNICAST);
			wr_u8(w, g->is_forwarding[f] ? FLAG_FORWARDING : 0);
		}
	}
	cap_end(w, start);
}

static bool take_as4(struct rd *r, struct open *o)
{
	asn_t asn = rd_u32(r);
	if (at_end(r)) {
		o->has_as4 = true;
		o->asn = asn;
	}
	return at_end(r);
}

static void put_as4(struct wr *w, const struct open *o)
{
	if (o->has_as4) {
		size_t start = cap_begin(w, CAP_AS4);
		wr_u32(w, o->asn);
		cap_end(w, start);
	}
}

/* RFC 7911 §4: (AFI, SAFI, send and receive), any number; one bad value spoils all. */
static bool take_add_path(struct rd *r, struct open *o)
{
	uint8_t add_path[FAMILY_COUNT] = {o->add_path[FAMILY_IPV4], o->add_path[FAMILY_IPV6]};
	while (rd_left(r) > 0) {
		uint16_t afi = rd_u16(r);
		uint8_t safi = rd_u8(r);
		uint8_t can = rd_u8(r);
		if (can < ADD_PATH_RECEIVE || can > (ADD_PATH_RECEIVE | ADD_PATH_SEND)) {
			return false;
		}
		enum family family;
		if (family_of_afi(afi, safi, &family)) {
			add_path[family] = can;
		}
	}
	memcpy(o->add_path, add_path, sizeof(add_path));
	return true;
}

static void put_add_path(struct wr *w, const struct open *o)
{
	if (o->add_path[FAMILY_IPV4] == 0 && o->add_path[FAMILY_IPV6] == 0) {
		return;
	}
	size_t start = cap_begin(w, CAP_ADD_PATH);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		ASSERT(o->add_path[f] <= (ADD_PATH_RECEIVE | ADD_PATH_SEND));
		if (o->add_path[f] != 0) {
			wr_u16(w, family_afi((enum family)f));
			wr_u8(w, SAFI_UNICAST);
			wr_u8(w, o->add_path[f]);
		}
	}
	cap_end(w, start);
}

static bool take_enhanced_refresh(struct rd *r, struct open *o)
{
	o->has_enhanced_refresh |= at_end(r);
	return at_end(r);
}

static void put_enhanced_refresh(struct wr *w, const struct open *o)
{
	if (o->has_enhanced_refresh) {
		put_empty(w, CAP_ENHANCED_REFRESH);
	}
}

/* RFC 9494 §3.1: (AFI, SAFI, flags, time of three octets), any number; the last instance counts. */
static bool take_long_lived(struct rd *r, struct open *o)
{
	struct open_long_lived l = {.is_present = true};
	while (rd_left(r) > 0) {
		uint16_t afi = rd_u16(r);
		uint8_t safi = rd_u8(r);
		uint8_t flags = rd_u8(r);
		uint32_t stale_s = (uint32_t)rd_u8(r) << 16;
		stale_s |= rd_u16(r);
		enum family family;
		if (family_of_afi(afi, safi, &family)) {
			l.families[family] = true;
			l.is_forwarding[family] = (flags & FLAG_FORWARDING) != 0;
			l.stale_s[family] = stale_s;
		}
	}
	if (rd_is_ok(r)) {
		o->long_lived = l;
	}
	return rd_is_ok(r);
}

static void put_long_lived(struct wr *w, const struct open *o)
{
	const struct open_long_lived *l = &o->long_lived;
	if (!l->is_present) {
		return;
	}
	size_t start = cap_begin(w, CAP_LONG_LIVED);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		ASSERT(l->stale_s[f] <= LONG_LIVED_TIME_MAX);
		if (l->families[f]) {
			wr_u16(w, family_afi((enum family)f));
			wr_u8(w, SAFI_UNICAST);
			wr_u8(w, l->is_forwarding[f] ? FLAG_FORWARDING : 0);
			wr_u8(w, (uint8_t)(l->stale_s[f] >> 16));
			wr_u16(w, (uint16_t)l->stale_s[f]);
		}
	}
	cap_end(w, start);
}

static const struct cap_row rows[] = {
	{CAP_MULTIPROTOCOL, true, take_multiprotocol, put_multiprotocol},
	{CAP_REFRESH, true, take_refresh, put_refresh},
	{CAP_NEXT_HOP6, false, take_next_hop6, put_next_hop6},
	{CAP_EXTENDED_MESSAGE, false, take_extended_message, put_extended_message},
	{CAP_ROLE, false, take_role, put_role},
	{CAP_GRACEFUL, false, take_graceful, put_graceful},
	{CAP_AS4, true, take_as4, put_as4},
	{CAP_ADD_PATH, false, take_add_path, put_add_path},
	{CAP_ENHANCED_REFRESH, false, take_enhanced_refresh, put_enhanced_refresh},
	{CAP_LONG_LIVED, false, take_long_lived, put_long_lived},
};

enum cap_verdict cap_take(uint8_t code, struct span value, struct open *o, uint8_t *out_subcode)
{
	/* RFC 9234 §4.2: several roles, not all the same. */
	if (code == CAP_ROLE && value.len == 1 && o->has_role && value.data[0] != o->role) {
		*out_subcode = NOTIFY_OPEN_ROLE;
		return CAP_REFUSE;
	}
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (rows[i].code == code) {
			struct rd r = rd_of(value);
			bool is_good = rows[i].take(&r, o);
			return is_good || !rows[i].is_strict ? CAP_OK : CAP_BAD;
		}
	}
	return CAP_OK; /* RFC 5492 §3: not known, not used. */
}

void cap_finish(struct open *o)
{
	/* RFC 9494 §4.1: without graceful restart it is as if it were not there. */
	if (!o->graceful.is_present) {
		o->long_lived = (struct open_long_lived){0};
	}
}

void cap_put_all(struct wr *w, const struct open *o)
{
	ASSERT(o->graceful.is_present || !o->long_lived.is_present);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		rows[i].put(w, o);
	}
}
