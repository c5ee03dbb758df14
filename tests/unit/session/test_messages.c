/* Messages in every state; faulty and unexpected ones.
 * RFC 4271 §6.1, §6.4, §6.6, §8.2.2; RFC 6608; RFC 2918 §4. */
#include <criterion/criterion.h>

#include "tests/unit/session/link.h"
#include "tests/unit/wire/vector.h"

/* A well-formed message of each type. */
static size_t sample(enum bgp_type type, uint8_t *out)
{
	static const uint8_t notification[] = {6, 2, 3, 'b', 'y', 'e'};
	static const uint8_t update[] = {0, 0, 0, 0};
	static const uint8_t refresh[] = {0, 1, 0, 1};
	struct open o = open_good();
	switch (type) {
	case BGP_OPEN:
		return open_encode(&o, out, 128);
	case BGP_UPDATE:
		return message_make(type, update, sizeof(update), out);
	case BGP_NOTIFICATION:
		return message_make(type, notification, sizeof(notification), out);
	case BGP_ROUTE_REFRESH:
		return message_make(type, refresh, sizeof(refresh), out);
	default:
		return message_make(type, NULL, 0, out);
	}
}

/* RFC 6608 §3, for each state with a connection: what each type leads to.  §4: the data of an FSM
 * error is the message's type. */
Test(messages, each_type_in_each_state)
{
	enum { FSM_ERROR = 100 }; /* Else: enum session_rx_kind. */
	static const int expected[][6] = {
		[FSM_OPEN_SENT] = {0, SESSION_RX_DONE, FSM_ERROR, SESSION_RX_DOWN, FSM_ERROR,
				   FSM_ERROR},
		[FSM_OPEN_CONFIRM] = {0, FSM_ERROR, FSM_ERROR, SESSION_RX_DOWN, SESSION_RX_UP,
				      FSM_ERROR},
		[FSM_ESTABLISHED] = {0, FSM_ERROR, SESSION_RX_UPDATE, SESSION_RX_DOWN,
				     SESSION_RX_DONE, SESSION_RX_REFRESH},
	};
	for (unsigned state = FSM_OPEN_SENT; state <= FSM_ESTABLISHED; state++) {
		for (unsigned type = BGP_OPEN; type <= BGP_ROUTE_REFRESH; type++) {
			struct session s;
			struct session_conf conf = link_conf(0);
			uint8_t message[128];
			alone_init(&s, &conf, (enum fsm_state)state);
			size_t len = sample((enum bgp_type)type, message);
			struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
			int want = expected[state][type];
			session_check(&s);
			cr_expect(rx.consumed == len);
			cr_expect((int)rx.kind == (want == FSM_ERROR ? SESSION_RX_DOWN : want),
				  "state %u type %u: %d", state, type, (int)rx.kind);
			if (want == FSM_ERROR) {
				struct notify n = sent_notify(&s);
				cr_expect(n.code == NOTIFY_FSM &&
						  n.subcode == state - FSM_OPEN_SENT + 1,
					  "state %u type %u: %u/%u", state, type, n.code,
					  n.subcode);
				cr_expect(n.data_len == 1 && n.data[0] == type,
					  "state %u type %u: %u octets of data", state, type,
					  n.data_len);
			}
		}
	}
}

/* RFC 4271 §6.4: no answer, but an end. */
Test(messages, a_notification_is_never_answered)
{
	for (unsigned state = FSM_OPEN_SENT; state <= FSM_ESTABLISHED; state++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[128];
		char text[NOTIFY_TEXT_MAX];
		alone_init(&s, &conf, (enum fsm_state)state);
		size_t len = sample(BGP_NOTIFICATION, message);
		struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
		cr_expect(rx.kind == SESSION_RX_DOWN && session_tx(&s).len == 0);
		cr_expect(s.state == FSM_IDLE && s.want == SESSION_WANT_CLOSE);
		cr_expect(s.cause == SESSION_CAUSE_NOTIFICATION_RECEIVED);
		cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
				 "peer sent Cease: Administrative Shutdown (\"bye\")");
		cr_expect(session_take_down(&s) == (state == FSM_ESTABLISHED));
		session_transport_down(&s, "peer closed the connection", ALONE_NOW);
		cr_expect(s.cause == SESSION_CAUSE_NOTIFICATION_RECEIVED);
	}
}

/* RFC 4271 §6.1. */
Test(messages, a_faulty_header_is_answered_with_code_1)
{
	static const struct {
		size_t at;
		uint8_t value;
		uint8_t subcode;
	} cases[] = {{0, 0, NOTIFY_HEADER_SYNC},     {15, 0xfe, NOTIFY_HEADER_SYNC},
		     {17, 18, NOTIFY_HEADER_LENGTH}, {16, 0x10, NOTIFY_HEADER_LENGTH},
		     {17, 20, NOTIFY_HEADER_LENGTH}, {18, 0, NOTIFY_HEADER_TYPE},
		     {18, 6, NOTIFY_HEADER_TYPE},    {18, 255, NOTIFY_HEADER_TYPE}};
	for (unsigned state = FSM_OPEN_SENT; state <= FSM_ESTABLISHED; state++) {
		for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
			struct session s;
			struct session_conf conf = link_conf(0);
			uint8_t message[64] = {0};
			alone_init(&s, &conf, (enum fsm_state)state);
			size_t len = message_make(BGP_KEEPALIVE, NULL, 0, message);
			message[cases[i].at] = cases[i].value;
			struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
			struct notify n = sent_notify(&s);
			cr_expect(rx.kind == SESSION_RX_DOWN && rx.consumed == len);
			cr_expect(n.code == NOTIFY_HEADER && n.subcode == cases[i].subcode,
				  "case %zu: %u/%u", i, n.code, n.subcode);
			cr_expect(s.stats.messages_in[0] == 1);
		}
	}
}

/* Every beginning of a message is "more"; nothing past the bytes given is read. */
Test(messages, an_incomplete_message_is_waited_for)
{
	struct guard g;
	guard_init(&g);
	for (unsigned type = BGP_UPDATE; type <= BGP_ROUTE_REFRESH; type++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[128];
		alone_init(&s, &conf, FSM_ESTABLISHED);
		size_t len = sample((enum bgp_type)type, message);
		for (size_t n = 0; n < len; n++) {
			struct session_rx rx = session_rx(&s, guard_put(&g, message, n), ALONE_NOW);
			cr_assert(rx.kind == SESSION_RX_MORE && rx.consumed == 0);
		}
		cr_expect(session_rx(&s, guard_put(&g, message, len), ALONE_NOW).consumed == len);
	}
	guard_fini(&g);
}

/* Two messages behind each other are two calls. */
Test(messages, one_call_deals_with_one_message)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t bytes[256];
	alone_init(&s, &conf, FSM_ESTABLISHED);
	size_t first = sample(BGP_UPDATE, bytes);
	size_t second = sample(BGP_KEEPALIVE, bytes + first);
	struct session_rx rx = session_rx(&s, span_of(bytes, first + second), ALONE_NOW);
	cr_expect(rx.kind == SESSION_RX_UPDATE && rx.consumed == first);
	cr_expect(rx.body.data == bytes + BGP_HEADER_LEN && rx.body.len == 4);
	rx = session_rx(&s, span_of(bytes + first, second), ALONE_NOW);
	cr_expect(rx.kind == SESSION_RX_DONE && rx.consumed == second);
}

/* RFC 2918 §4: a family that we did not offer is passed over. */
Test(messages, a_refresh_of_another_family_is_ignored)
{
	static const struct {
		uint8_t body[5];
		size_t len;
		enum session_rx_kind kind;
	} cases[] = {
		{{0, 1, 0, 1}, 4, SESSION_RX_REFRESH},
		{{0, 2, 0, 1}, 4, SESSION_RX_DONE},   /* Known, not offered. */
		{{0, 1, 0, 128}, 4, SESSION_RX_DONE}, /* Not carried. */
		{{0, 25, 0, 65}, 4, SESSION_RX_DONE},
		{{0, 1, 1, 1}, 4, SESSION_RX_DONE}, /* RFC 7313's subtype. */
		{{0, 1, 0}, 3, SESSION_RX_DOWN},
		{{0, 1, 0, 1, 0}, 5, SESSION_RX_DOWN},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		conf.families[FAMILY_IPV6] = false;
		uint8_t message[64];
		alone_init(&s, &conf, FSM_ESTABLISHED);
		size_t len = message_make(BGP_ROUTE_REFRESH, cases[i].body, cases[i].len, message);
		struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
		cr_expect(rx.kind == cases[i].kind, "case %zu: %d", i, (int)rx.kind);
		cr_expect(rx.kind == SESSION_RX_DOWN || s.state == FSM_ESTABLISHED);
		if (rx.kind == SESSION_RX_DOWN) {
			cr_expect(s.cause == SESSION_CAUSE_NOTIFICATION_SENT);
		}
	}
}

/* RFC 7313 §4, §5: Begin and End, and their errors, only where both sides have agreed on them. */
Test(messages, the_borders_of_a_refresh_are_known_where_agreed)
{
	static const struct {
		uint8_t body[5];
		size_t len;
		enum session_rx_kind plain, enhanced;
		uint8_t code; /* Of the NOTIFICATION, when enhanced. */
	} cases[] = {
		{{0, 1, 0, 1}, 4, SESSION_RX_REFRESH, SESSION_RX_REFRESH, 0},
		{{0, 1, 1, 1}, 4, SESSION_RX_DONE, SESSION_RX_RENEW, 0},
		{{0, 1, 2, 1}, 4, SESSION_RX_DONE, SESSION_RX_RENEWED, 0},
		{{0, 2, 1, 1}, 4, SESSION_RX_DONE, SESSION_RX_DONE, 0}, /* Not offered. */
		{{0, 1, 3, 1}, 4, SESSION_RX_DONE, SESSION_RX_DONE, 0},
		{{0, 1, 255, 1}, 4, SESSION_RX_DONE, SESSION_RX_DONE, 0},
		{{0, 1, 1}, 3, SESSION_RX_DOWN, SESSION_RX_DOWN, NOTIFY_REFRESH},
		{{0, 1, 2, 1, 0}, 5, SESSION_RX_DOWN, SESSION_RX_DOWN, NOTIFY_REFRESH},
		{{0, 1, 0, 1, 0}, 5, SESSION_RX_DOWN, SESSION_RX_DOWN, NOTIFY_HEADER},
		{{0, 1, 3, 1, 0}, 5, SESSION_RX_DOWN, SESSION_RX_DOWN, NOTIFY_HEADER},
	};
	for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
		bool is_enhanced = i % 2 != 0;
		struct session s;
		struct session_conf conf = link_conf(0);
		conf.families[FAMILY_IPV6] = false;
		uint8_t message[64];
		alone_init(&s, &conf, FSM_ESTABLISHED);
		s.terms.has_enhanced_refresh = is_enhanced;
		size_t len = message_make(BGP_ROUTE_REFRESH, cases[i / 2].body, cases[i / 2].len,
					  message);
		struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
		cr_expect(rx.kind == (is_enhanced ? cases[i / 2].enhanced : cases[i / 2].plain),
			  "case %zu: %d", i, (int)rx.kind);
		if (rx.kind == SESSION_RX_DOWN) {
			cr_expect_eq(sent_notify(&s).code,
				     is_enhanced ? cases[i / 2].code : NOTIFY_HEADER);
		} else {
			cr_expect_eq(s.stats.refresh_ignored, rx.kind == SESSION_RX_DONE);
		}
	}
}

Test(messages, a_dead_session_hears_nothing)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t message[128];
	alone_init(&s, &conf, FSM_ESTABLISHED);
	struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESET);
	session_reset(&s, &why, ALONE_NOW);
	size_t waiting = session_tx(&s).len;
	for (unsigned type = BGP_OPEN; type <= BGP_ROUTE_REFRESH; type++) {
		size_t len = sample((enum bgp_type)type, message);
		struct session_rx rx = session_rx(&s, span_of(message, len), ALONE_NOW);
		cr_expect(rx.kind == SESSION_RX_DOWN && rx.consumed == len);
		cr_expect(s.state == FSM_IDLE && session_tx(&s).len == waiting);
	}
	cr_expect(session_rx(&s, span_of(message, 0), ALONE_NOW).kind == SESSION_RX_MORE);
}

/* Random bytes behind a valid marker: never a crash, never a state that contradicts itself. */
Test(messages, noise_breaks_no_invariant)
{
	struct guard g;
	guard_init(&g);
	struct prng p;
	prng_init(&p, 20261123);
	for (unsigned round = 0; round < 20000; round++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[128];
		enum fsm_state state = (enum fsm_state)(FSM_OPEN_SENT + prng_below(&p, 3));
		alone_init(&s, &conf, state);
		size_t len = sample((enum bgp_type)(1 + prng_below(&p, 5)), message);
		for (unsigned n = (unsigned)prng_below(&p, 4); n > 0; n--) {
			message[16 + prng_below(&p, len - 16)] = (uint8_t)prng_u64(&p);
		}
		size_t given = prng_chance(&p, 1, 8) ? prng_below(&p, len) : len;
		struct session_rx rx = session_rx(&s, guard_put(&g, message, given), ALONE_NOW);
		session_check(&s);
		cr_assert(rx.consumed <= given);
		cr_assert((rx.kind == SESSION_RX_DOWN) == (s.state == FSM_IDLE));
		cr_assert(session_tx(&s).len <= SESSION_TX_MAX);
	}
	guard_fini(&g);
}
