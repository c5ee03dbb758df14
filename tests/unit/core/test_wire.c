/* The listener on the wire, which judges the server's TCP in every history: what it must find, and
 * what it must not take for the start of another connection. */
#include <criterion/criterion.h>

#include "tests/support/wire.h"

#define SERVER_ISN 1000u
#define MEMBER_ISN 5000u
#define OFFERED	   65535u /* In a SYN, where it is not scaled. */

enum side { SERVER, MEMBER };

static const uint8_t macs[][6] = {[SERVER] = {2, 0, 0, 0, 0, 1}, [MEMBER] = {2, 0, 0, 0, 0, 7}};
static const uint8_t addrs[][4] = {[SERVER] = {198, 18, 0, 1}, [MEMBER] = {198, 18, 1, 7}};
static const uint16_t ports[] = {[SERVER] = 179, [MEMBER] = 47603};

static struct mac mac_of(enum side side)
{
	struct mac mac;

	memcpy(mac.bytes, macs[side], 6);
	return mac;
}

static struct endpoint endpoint_of(enum side side)
{
	return (struct endpoint){.addr = addr_make(FAMILY_IPV4, addrs[side]), .port = ports[side]};
}

/* Only the server is trusted. */
static struct wire *listen_to_server(void)
{
	struct wire *w = wire_new();
	struct mac mac = mac_of(SERVER);

	wire_trust(w, &mac);
	return w;
}

static void say(struct wire *w, enum side from, struct wire_segment s)
{
	uint8_t bytes[WIRE_FRAME_MAX];
	struct frame_buf frame = {.data = bytes, .room = sizeof(bytes)};

	s.src_mac = mac_of(from);
	s.dst_mac = mac_of(1 - from);
	s.src = endpoint_of(from);
	s.dst = endpoint_of(1 - from);
	frame.len = (uint32_t)wire_build(&s, bytes);
	wire_see(w, &frame);
}

/* A SYN, or its answer, with a window scale of two. */
static void say_syn(struct wire *w, enum side from, uint32_t seq, uint32_t ack)
{
	static const uint8_t options[] = {3, 3, 2, 1};

	say(w, from,
	    (struct wire_segment){.seq = seq,
				  .ack = ack,
				  .flags = ack == 0 ? TCP_SYN : TCP_SYN | TCP_ACK,
				  .window = OFFERED,
				  .options = options,
				  .options_len = sizeof(options)});
}

static void say_bytes(struct wire *w, enum side from, uint32_t seq, uint32_t ack, size_t len)
{
	static const uint8_t bytes[WIRE_FRAME_MAX];

	say(w, from,
	    (struct wire_segment){.seq = seq,
				  .ack = ack,
				  .flags = TCP_ACK,
				  .window = 1u << 15,
				  .bytes = bytes,
				  .bytes_len = len});
}

static void say_window(struct wire *w, uint32_t ack, uint16_t window)
{
	say(w, SERVER,
	    (struct wire_segment){
		    .seq = SERVER_ISN + 1, .ack = ack, .flags = TCP_ACK, .window = window});
}

/* A member that lies sends its segment twice, once with the flags of a SYN+ACK. */
static void say_with_syn(struct wire *w, uint32_t seq)
{
	say(w, MEMBER,
	    (struct wire_segment){.seq = seq,
				  .ack = SERVER_ISN + 1,
				  .flags = TCP_SYN | TCP_ACK,
				  .window = 1u << 14});
}

static void open_by(struct wire *w, enum side caller)
{
	uint32_t isn[] = {[SERVER] = SERVER_ISN, [MEMBER] = MEMBER_ISN};

	say_syn(w, caller, isn[caller], 0);
	say_syn(w, 1 - caller, isn[1 - caller], isn[caller] + 1);
	say_bytes(w, caller, isn[caller] + 1, isn[1 - caller] + 1, 0);
}

/* RFC 9293 §3.8.6: the right edge must not move left. */
Test(listener, a_window_that_shrinks_is_a_fault)
{
	struct wire *w = listen_to_server();

	open_by(w, MEMBER);
	say_window(w, MEMBER_ISN + 1, 1u << 15);
	cr_expect_eq(wire_faults(w), 0);
	say_window(w, MEMBER_ISN + 1, (1u << 15) - 1);
	cr_expect_eq(wire_faults(w), 1);
	wire_free(w);
}

/* The server acknowledges 57 bytes, and by chance so the number of the lie, too: that would begin a
 * connection without window scale. */
static void lie_by_number(enum side caller)
{
	struct wire *w = listen_to_server();

	open_by(w, caller);
	say_with_syn(w, MEMBER_ISN + 57);
	say_bytes(w, MEMBER, MEMBER_ISN + 1, SERVER_ISN + 1, 57);
	say_window(w, MEMBER_ISN + 58, 1u << 15);
	cr_expect_eq(wire_faults(w), 0);
	say_window(w, MEMBER_ISN + 58, (1u << 15) - 1);
	cr_expect_eq(wire_faults(w), 1, "the connection is still the one that was");
	wire_free(w);
}

Test(listener, a_syn_of_a_liar_begins_nothing_where_the_server_answered)
{
	lie_by_number(MEMBER);
}

Test(listener, a_syn_of_a_liar_begins_nothing_where_the_server_called)
{
	lie_by_number(SERVER);
}

/* The ports are the same, the numbers are others. */
Test(listener, a_connection_in_the_place_of_another_begins_anew)
{
	struct wire *w = listen_to_server();
	uint32_t isn = SERVER_ISN + 100000;

	open_by(w, SERVER);
	say_window(w, MEMBER_ISN + 1, UINT16_MAX);
	say_syn(w, SERVER, isn, 0);
	say_syn(w, MEMBER, MEMBER_ISN, isn + 1);
	say_bytes(w, SERVER, isn + 1, MEMBER_ISN + 1, 10);
	cr_expect_eq(wire_faults(w), 0);
	say_bytes(w, SERVER, isn + 12, MEMBER_ISN + 1, 10);
	cr_expect_eq(wire_faults(w), 1, "a gap in the new one");
	wire_free(w);
}
