/* The whole session: what members send, read by the session, imported into shards and exported to
 * the other member (exchange.h), step by step as the input says.
 *
 * Input: how the exchange is configured, then steps.  A step is an octet for what (the lower five
 * bits) and for whom (bit 7), then what it needs.  The member's bytes are raw, or a message whose
 * header is right, or an OPEN, KEEPALIVE or UPDATE that is right but for what the input adds; so
 * that the deep states are reached and still nothing is out of reach.  Between them: timers, the
 * transport, the operator, a second connection (RFC 4271 §6.8), turns of shards, acknowledgements.
 *
 * After each step every machine's invariants must hold, and what we have sent must be such as a
 * careful receiver takes (hearer.h).  In the end everything settles, each member has what the
 * shards have for it, and once both are gone nothing is left. */
#include <limits.h>

#include "rib/base/check.h"
#include "tests/fuzz/exchange.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX   160
#define OUR_AS	    64500
#define MESSAGE_MAX 6000 /* Of what the input fills; longer ones it sends itself. */
#define UNIVERSE    64	 /* Prefixes of a family, for UPDATEs made here. */
#define COUNT_MAX   24
#define TEXT_MAX    40

enum step {
	STEP_BYTES,
	STEP_MESSAGE,
	STEP_OPEN,
	STEP_KEEPALIVE,
	STEP_UPDATE,
	STEP_WITHDRAW,
	STEP_END_OF_RIB,
	STEP_REFRESH,
	STEP_NOTIFICATION,
	STEP_READ,
	STEP_TIME,
	STEP_CONNECT,
	STEP_DISCONNECT,
	STEP_ESTABLISH,
	STEP_ENABLE,
	STEP_DISABLE,
	STEP_RESET,
	STEP_ASK,
	STEP_DELIVER,
	STEP_FULL,
	STEP_TURN,
	STEP_TURNS,
	STEP_RIVAL,
	STEP_LONG_LIVED,
	STEP_SETTLED,
	STEP_SETTLE,
	STEP_LOOK,
	STEP_LEAVE,
	STEP_COUNT
};

/* What the input says of a member besides its configuration. */
struct habits {
	struct open open;     /* What it says about itself. */
	unsigned reads_count; /* What we read at once of what it says; STEP_READ reads on. */
};

struct subject {
	struct rd in;
	struct exchange exchange;
	struct habits habits[EXCHANGE_MEMBERS];
};

static bool bit(unsigned octet, unsigned i)
{
	return (octet & 1u << i) != 0;
}

static asn_t member_as(unsigned i)
{
	return i == 0 ? 64501 : 4200000001u;
}

static void read_conf(struct rd *in, unsigned i, struct session_conf *out)
{
	static const uint16_t hold_s[] = {90, 0, 3, 30};
	uint8_t a = rd_u8(in), b = rd_u8(in), c = rd_u8(in), d = rd_u8(in);

	*out = (struct session_conf){
		.local_as = OUR_AS,
		.peer_as = member_as(i),
		.router_id = 0xc6120001,
		.hold_s = hold_s[a & 3],
		.hold_min_s = bit(a, 2) ? 20 : 0,
		.send_hold_s = bit(a, 3) ? 10 : 0,
		.delay_open_s = bit(c, 7) ? 5 : 0,
		.retry_s = bit(a, 4) ? 5 : 0,
		.is_passive = bit(a, 5),
		.stale_s = bit(a, 6) ? 0 : 300,
		.families = {!bit(b, 0), !bit(b, 1)},
		.has_enhanced_refresh = bit(b, 2),
		.has_extended_message = bit(b, 3),
		.has_next_hop6 = bit(b, 4),
		.has_role = bit(b, 5),
		.is_role_strict = bit(b, 6),
		.role = (c >> 4 & 7) % 5,
		.add_path = {c & 3, c >> 2 & 3},
		.restart_s = bit(d, 7) ? 120 : 0,
		.is_restarting = bit(d, 7) && bit(a, 7),
		.long_stale_s = bit(d, 6) ? 600 : 0,
		.is_damped = bit(d, 0),
		.accepts_as_set = bit(d, 1),
		.enforces_first_as = bit(d, 2),
		.has_graceful_shutdown = bit(d, 3),
		.graceful_shutdown_pref = bit(d, 4) ? 0 : 50,
	};
	if (bit(d, 5)) { /* MED; an unknown one. */
		out->lists =
			(struct attr_lists){.discard = {1u << 4}, .withdraw = {0, 0, 0, 1u << 3}};
	}
}

/* `role` is what we are to it. */
static void read_habits(struct rd *in, unsigned i, uint8_t role, struct habits *out)
{
	static const uint8_t fitting[] = {ROLE_CUSTOMER, ROLE_RS_CLIENT, ROLE_RS, ROLE_PROVIDER,
					  ROLE_PEER};
	uint8_t a = rd_u8(in), b = rd_u8(in), c = rd_u8(in), d = rd_u8(in);

	out->reads_count = bit(d, 7) ? bit(d, 6) : UINT_MAX;
	out->open = (struct open){
		.asn = member_as(i),
		.hold_s = bit(a, 0) ? 30 : 90,
		.router_id = 0x0a000001 + i,
		.has_as4 = !bit(a, 1) || member_as(i) > UINT16_MAX,
		.has_refresh = !bit(a, 2),
		.has_multiprotocol = true,
		.families = {!bit(a, 3), !bit(a, 4)},
		.has_enhanced_refresh = bit(a, 5),
		.has_extended_message = bit(a, 6),
		.has_extended_parameters = bit(a, 7),
		.has_next_hop6 = bit(b, 0),
		.has_role = bit(b, 1),
		.role = bit(b, 2) ? role : fitting[role],
		.add_path = {b >> 3 & 3, b >> 5 & 3},
		.graceful = {.is_present = bit(c, 0),
			     .is_restarting = bit(c, 1),
			     .has_notification = bit(c, 2),
			     .restart_s = bit(c, 3) ? 0 : 120,
			     .families = {bit(c, 4), bit(c, 5)},
			     .is_forwarding = {bit(c, 6), bit(c, 7)}},
		.long_lived = {.is_present = bit(c, 0) && bit(d, 0),
			       .families = {bit(d, 1), bit(d, 2)},
			       .is_forwarding = {bit(d, 3), bit(d, 4)},
			       .stale_s = {3600, bit(d, 5) ? 5 : 3600}},
	};
}

static void send_message(struct subject *s, unsigned who, const uint8_t *message, size_t len)
{
	struct exchange_member *m = &s->exchange.member[who];

	exchange_send(m, span_of(message, len));
	exchange_read(m, s->habits[who].reads_count);
}

static void send_typed(struct subject *s, unsigned who, enum bgp_type type, struct span body)
{
	static uint8_t message[BGP_HEADER_LEN + MESSAGE_MAX];
	struct wr w = wr_of(message, sizeof(message));

	frame_begin(&w, type);
	wr_copy(&w, body.data, min_u64(body.len, MESSAGE_MAX));
	ASSERT(wr_is_ok(&w));
	frame_end(&w, 0);
	send_message(s, who, message, wr_len(&w));
}

/* So many bytes of the input, or what is left of it. */
static struct span take(struct subject *s, size_t len)
{
	return rd_span(&s->in, min_u64(len, rd_left(&s->in)));
}

static void send_open(struct subject *s, unsigned who)
{
	uint8_t message[OPEN_ENCODED_MAX];
	size_t len = open_encode(&s->habits[who].open, message, sizeof(message));

	ASSERT(len > 0);
	send_message(s, who, message, len);
}

static void establish(struct subject *s, unsigned who)
{
	struct exchange_member *m = &s->exchange.member[who];

	session_enable(&m->session, s->exchange.now);
	exchange_sync(m);
	exchange_connect(m, false);
	send_open(s, who);
	send_typed(s, who, BGP_KEEPALIVE, span_of(NULL, 0));
}

/* The n-th prefix of a family, with the path id that the session wants. */
static void put_prefix(struct wr *w, enum family family, bool has_path_id, unsigned n)
{
	if (has_path_id) {
		wr_u32(w, n >> 6);
	}
	n %= UNIVERSE;
	if (family == FAMILY_IPV4) {
		wr_u8(w, (uint8_t)(17 + n % 8));
		wr_u8(w, 10);
		wr_u8(w, (uint8_t)n);
		wr_u8(w, 128);
		return;
	}
	wr_u8(w, 48);
	wr_u32(w, 0x20010db8 + n);
	wr_u16(w, 1);
}

static void put_prefixes(struct subject *s, unsigned who, struct wr *w, enum family family)
{
	const struct update_opts *opts = &s->exchange.member[who].session.terms.opts;
	unsigned first = rd_u8(&s->in), count = 1 + rd_u8(&s->in) % COUNT_MAX;

	for (unsigned i = 0; i < count; i++) {
		put_prefix(w, family, opts->has_path_ids[family], first + i);
	}
}

static void put_attr(struct wr *w, uint8_t flags, uint8_t type, const void *value, size_t len)
{
	wr_u8(w, flags | ATTR_FLAG_EXT_LEN);
	wr_u8(w, type);
	wr_u16(w, (uint16_t)len);
	wr_copy(w, value, len);
}

static void put_path(struct subject *s, unsigned who, struct wr *w, unsigned length)
{
	uint8_t value[2 + 8 * 4];
	struct wr v = wr_of(value, sizeof(value));

	wr_u8(&v, 2);
	wr_u8(&v, (uint8_t)(1 + length));
	for (unsigned i = 0; i <= length; i++) {
		asn_t asn = i == 0 ? member_as(who) : 65000 + i;
		if (s->exchange.member[who].session.terms.opts.is_as4) {
			wr_u32(&v, asn);
		} else {
			wr_u16(&v, (uint16_t)asn);
		}
	}
	put_attr(w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, value, wr_len(&v));
}

/* MP_REACH_NLRI without its prefixes; returns where its length stands. */
static size_t begin_reach(struct wr *w, enum family family, unsigned who, bool has_link_local)
{
	struct addr hop = lan_addr(FAMILY_IPV6, (uint8_t)(2 + who));
	size_t at = wr_len(w) + 2;

	put_attr(w, ATTR_FLAG_OPTIONAL, ATTR_MP_REACH_NLRI, NULL, 0);
	wr_u16(w, family == FAMILY_IPV4 ? 1 : 2);
	wr_u8(w, 1);
	wr_u8(w, has_link_local ? 32 : 16);
	wr_copy(w, hop.bytes, 16);
	if (has_link_local) {
		hop.bytes[0] = 0xfe;
		hop.bytes[1] = 0x80;
		wr_copy(w, hop.bytes, 16);
	}
	wr_u8(w, 0);
	return at;
}

static void end_length(struct wr *w, size_t at)
{
	wr_patch_u16(w, at, (uint16_t)(wr_len(w) - at - 2));
}

/* Attributes by the bits of `how`, and those of the input. */
static void put_attributes(struct subject *s, unsigned who, struct wr *w, uint8_t how)
{
	static const uint8_t pad[5000];
	uint8_t what = rd_u8(&s->in), origin = what % 3;
	uint8_t communities[] = {0xff, 0xff, 0, bit(what, 2) ? 6 : 7, 0xfb, 0xf4, 0, what};

	put_attr(w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
	put_path(s, who, w, what >> 3 & 7);
	if (bit(how, 1)) {
		put_attr(w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES,
			 communities, sizeof(communities));
	}
	if (bit(how, 2)) {
		put_attr(w, ATTR_FLAG_OPTIONAL, ATTR_MED, communities + 4, 4);
	}
	if (bit(how, 3)) {
		put_attr(w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, 99, pad,
			 (size_t)rd_u8(&s->in) * 16);
	}
	if (bit(how, 4)) {
		struct span more = take(s, rd_u8(&s->in));
		wr_copy(w, more.data, more.len);
	}
}

static void step_update(struct subject *s, unsigned who)
{
	static uint8_t body[MESSAGE_MAX];
	struct wr w = wr_of(body, sizeof(body));
	uint8_t how = rd_u8(&s->in);
	enum family family = bit(how, 0) ? FAMILY_IPV6 : FAMILY_IPV4;
	bool is_mp = family == FAMILY_IPV6 || bit(how, 5);
	struct addr hop = lan_addr(FAMILY_IPV4, (uint8_t)(2 + who));

	wr_u16(&w, 0);
	size_t attrs_at = wr_len(&w);
	wr_u16(&w, 0);
	put_attributes(s, who, &w, how);
	if (is_mp) {
		size_t at = begin_reach(&w, family, who, bit(how, 6));
		put_prefixes(s, who, &w, family);
		end_length(&w, at);
	} else {
		put_attr(&w, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, hop.bytes, 4);
	}
	end_length(&w, attrs_at);
	if (!is_mp) {
		put_prefixes(s, who, &w, family);
	}
	ASSERT(wr_is_ok(&w));
	send_typed(s, who, BGP_UPDATE, span_of(body, wr_len(&w)));
}

/* Prefixes of a family to withdraw, or with none End-of-RIB. */
static void step_withdraw(struct subject *s, unsigned who, bool has_prefixes)
{
	uint8_t body[1024];
	struct wr w = wr_of(body, sizeof(body));
	enum family family = bit(rd_u8(&s->in), 0) ? FAMILY_IPV6 : FAMILY_IPV4;

	wr_u16(&w, 0);
	if (family == FAMILY_IPV4) {
		if (has_prefixes) {
			put_prefixes(s, who, &w, family);
			end_length(&w, 0);
		}
		wr_u16(&w, 0);
	} else {
		wr_u16(&w, 0);
		put_attr(&w, ATTR_FLAG_OPTIONAL, ATTR_MP_UNREACH_NLRI, "\0\2\1", 3);
		if (has_prefixes) {
			put_prefixes(s, who, &w, family);
		}
		end_length(&w, 6);
		end_length(&w, 2);
	}
	ASSERT(wr_is_ok(&w));
	send_typed(s, who, BGP_UPDATE, span_of(body, wr_len(&w)));
}

static void step_refresh(struct subject *s, unsigned who)
{
	uint8_t how = rd_u8(&s->in);
	uint8_t body[4] = {0, 1 + (how & 1), how >> 1 & 3, 1};

	send_typed(s, who, BGP_ROUTE_REFRESH, span_of(body, sizeof(body)));
}

/* A second connection on which our OPEN went out and the member's bytes have come. */
static void step_rival(struct subject *s, unsigned who)
{
	struct exchange_member *m = &s->exchange.member[who];
	struct session *session = &m->session;
	struct open open;
	struct notify why = {0};
	uint8_t message[SESSION_OPEN_MAX], how = rd_u8(&s->in);
	struct span in = bit(how, 0) ? take(s, rd_u8(&s->in))
				     : span_of(message, open_encode(&s->habits[who].open, message,
								    sizeof(message)));
	uint8_t ours[SESSION_OPEN_MAX];

	ASSERT(session_open(session, ours, sizeof(ours)) > 0);
	switch (session_judge(session, guarded(in), &open, &why)) {
	case RIVAL_OPEN:
		break;
	case RIVAL_BAD:
		ASSERT(why.code != NOTIFY_NONE);
		return;
	default:
		return;
	}
	bool has_heard = session->state >= FSM_OPEN_CONFIRM;
	if (session->state < FSM_OPEN_SENT || session->state == FSM_OPEN_DELAYED ||
	    (!has_heard && m->unread_len > 0) || session_tx(session).len > 0 ||
	    !session_yields(session, &open, m->is_ours, bit(how, 1), false)) {
		return;
	}
	exchange_move(m, bit(how, 1), span_of(ours, session_open(session, ours, sizeof(ours))));
	send_message(s, who, in.data, in.len);
}

/* The operator's. */
static void step_end(struct subject *s, unsigned who, bool is_disabled)
{
	struct exchange_member *m = &s->exchange.member[who];
	char text[TEXT_MAX] = "";
	struct span bytes = take(s, rd_u8(&s->in) % TEXT_MAX);

	if (bytes.len > 0) {
		memcpy(text, bytes.data, bytes.len);
	}
	if (is_disabled) {
		struct notify why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, text);
		session_disable(&m->session, &why, s->exchange.now);
		unsigned gone = stale_drop(&m->stale);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			if (bit(gone, f)) {
				exchange_tell(m, OP_STALE_END, (enum family)f);
			}
		}
	} else {
		struct notify why = notify_shutdown(NOTIFY_CEASE_RESET, text);
		session_reset(&m->session, &why, s->exchange.now);
	}
	exchange_sync(m);
}

/* Milliseconds, or up to 18 hours. */
static void step_time(struct subject *s)
{
	uint16_t units = rd_u16(&s->in);

	exchange_wait(&s->exchange, bit(units, 15) ? (usec_t)(units & 0x7fff) * 2 * USEC_PER_SEC
						   : (usec_t)units * USEC_PER_MSEC);
}

static void step_look(const struct exchange_member *m)
{
	char text[NOTIFY_TEXT_MAX];

	ASSERT(strlen(session_cause_format(&m->session, text, sizeof(text))) < sizeof(text));
	ASSERT(session_cause_format(&m->session, text, 1)[0] == '\0');
}

static void step_shards(struct subject *s, unsigned count)
{
	uint8_t how = rd_u8(&s->in);

	for (unsigned i = 0; i < count; i++) {
		unsigned shard = (i + bit(how, 7)) % s->exchange.opts.shard_count;
		exchange_turn(&s->exchange, shard, how & 0x1f);
	}
}

/* What the member sends. */
static void step_member(struct subject *s, unsigned who, enum step step)
{
	switch (step) {
	case STEP_BYTES: {
		struct span bytes = take(s, rd_u8(&s->in));
		send_message(s, who, bytes.data, bytes.len);
		break;
	}
	case STEP_MESSAGE: {
		uint8_t type = rd_u8(&s->in) % 7;
		send_typed(s, who, (enum bgp_type)type, take(s, rd_u16(&s->in) % MESSAGE_MAX));
		break;
	}
	case STEP_OPEN:
		send_open(s, who);
		break;
	case STEP_UPDATE:
		step_update(s, who);
		break;
	case STEP_WITHDRAW:
	case STEP_END_OF_RIB:
		step_withdraw(s, who, step == STEP_WITHDRAW);
		break;
	case STEP_REFRESH:
		step_refresh(s, who);
		break;
	case STEP_NOTIFICATION:
		send_typed(s, who, BGP_NOTIFICATION, take(s, 2 + rd_u8(&s->in) % TEXT_MAX));
		break;
	default:
		send_typed(s, who, BGP_KEEPALIVE, span_of(NULL, 0));
		break;
	}
}

/* What the operator wants. */
static void step_operator(struct subject *s, struct exchange_member *m, enum step step)
{
	switch (step) {
	case STEP_ENABLE:
		session_enable(&m->session, s->exchange.now);
		exchange_sync(m);
		break;
	case STEP_DISABLE:
	case STEP_RESET:
		step_end(s, m->id, step == STEP_DISABLE);
		break;
	case STEP_LEAVE:
		session_leave(&m->session, s->exchange.now);
		exchange_sync(m);
		break;
	case STEP_ASK:
		session_send_refresh(&m->session,
				     bit(rd_u8(&s->in), 0) ? FAMILY_IPV6 : FAMILY_IPV4);
		exchange_sync(m);
		break;
	case STEP_LONG_LIVED:
		exchange_tell(m, OP_LLGR, bit(rd_u8(&s->in), 0) ? FAMILY_IPV6 : FAMILY_IPV4);
		break;
	default:
		exchange_tell(m, OP_SETTLED, bit(rd_u8(&s->in), 0) ? FAMILY_IPV6 : FAMILY_IPV4);
		break;
	}
}

static void run_step(struct subject *s)
{
	uint8_t what = rd_u8(&s->in);
	unsigned who = what >> 7;
	struct exchange_member *m = &s->exchange.member[who];
	enum step step = (enum step)((what & 0x1f) % STEP_COUNT);

	switch (step) {
	case STEP_READ:
		exchange_read(m, bit(what, 6) ? 1 : UINT_MAX);
		break;
	case STEP_TIME:
		step_time(s);
		break;
	case STEP_CONNECT:
		exchange_connect(m, bit(what, 6));
		break;
	case STEP_DISCONNECT:
		exchange_disconnect(m, bit(what, 6));
		break;
	case STEP_ESTABLISH:
		establish(s, who);
		break;
	case STEP_ENABLE:
	case STEP_DISABLE:
	case STEP_RESET:
	case STEP_LEAVE:
	case STEP_ASK:
	case STEP_LONG_LIVED:
	case STEP_SETTLED:
		step_operator(s, m, step);
		break;
	case STEP_DELIVER:
		exchange_deliver(m, bit(what, 6) ? UINT64_MAX : rd_u8(&s->in) * 17u);
		break;
	case STEP_FULL:
		m->is_full = !bit(what, 6);
		break;
	case STEP_TURN:
	case STEP_TURNS:
		step_shards(s, step == STEP_TURN ? 1 : 6);
		break;
	case STEP_RIVAL:
		step_rival(s, who);
		break;
	case STEP_SETTLE:
		exchange_settle(&s->exchange);
		break;
	case STEP_LOOK:
		step_look(m);
		break;
	default:
		step_member(s, who, step);
		break;
	}
	exchange_check(&s->exchange);
}

/* Configure the exchange; both members come up unless the input says otherwise. */
static void begin(struct subject *s)
{
	static const size_t log_bytes[] = {1 << 20, 600, 2000, 8000};
	static const size_t send_bytes[] = {70000, 300000};
	static const uint32_t slice[] = {EXCHANGE_UNREAD_MAX, 1, 3, 50};
	uint8_t a = rd_u8(&s->in), b = rd_u8(&s->in);
	struct exchange_opts opts = {
		.shard_count = 1 + (a & 1),
		.log_bytes_max = log_bytes[a >> 1 & 3],
		.send_bytes_max = send_bytes[a >> 3 & 1],
		.sets_max = bit(a, 4) ? 3 : 1000,
		.paths_max = bit(a, 5) ? 2 : 16,
		.view_max = bit(a, 6) ? 2 : 8,
		.is_deferred = bit(a, 7),
		.slice = slice[b >> 2 & 3],
	};

	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		read_conf(&s->in, i, &opts.conf[i]);
		read_habits(&s->in, i, opts.conf[i].role, &s->habits[i]);
	}
	exchange_init(&s->exchange, &opts);
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		if (!bit(b, i)) {
			establish(s, i);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct subject s;

	s.in = rd_of(span_of(data, len));
	begin(&s);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&s.in) > 0; i++) {
		run_step(&s);
	}
	exchange_settle(&s.exchange);
	exchange_check(&s.exchange);
	exchange_fini(&s.exchange);
	return 0;
}
