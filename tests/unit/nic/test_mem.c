/* The in-memory wire: order, delay, bounds, loss, addressing and the spread over queues. */
#include <criterion/criterion.h>

#include "dataplane/nic/nic_cut.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/base/csum.h"

static struct mac mac_n(uint8_t last)
{
	return (struct mac){{2, 0, 0, 0, 0, last}};
}

/* Send a frame of `len` bytes, its payload filled with `tag`. */
static void send_typed(struct nic *n, uint8_t dst, uint16_t len, uint8_t tag, uint16_t type)
{
	struct frame_buf f;

	cr_assert_eq(nic_alloc(n, 0, &f, 1), 1u);
	cr_assert_leq(len, f.room);
	memset(f.data, tag, len);
	memcpy(f.data, dst == 0xff ? (uint8_t[6]){255, 255, 255, 255, 255, 255} : mac_n(dst).bytes,
	       6);
	memcpy(f.data + 6, n->mac.bytes, 6);
	f.data[12] = (uint8_t)(type >> 8);
	f.data[13] = (uint8_t)type;
	f.len = len;
	cr_assert_eq(nic_tx(n, 0, &f, 1), 1u);
}

static void send_frame(struct nic *n, uint8_t dst, uint16_t len, uint8_t tag)
{
	send_typed(n, dst, len, tag, 0x88b5); /* An EtherType that is not IP. */
}

static void send_tagged(struct nic *n, uint8_t dst, uint16_t len)
{
	send_typed(n, dst, len, 1, 0x8100);
}

/* Receive one frame on `queue`; its last byte, or -1. */
static int take(struct nic *n, unsigned queue)
{
	struct frame_buf f;

	if (nic_rx(n, queue, &f, 1) == 0) {
		return -1;
	}
	int tag = f.data[f.len - 1];
	nic_release(n, queue, &f, 1);
	return tag;
}

static unsigned count_all(struct nic *n)
{
	unsigned count = 0;

	for (unsigned q = 0; q < n->queue_count; q++) {
		while (take(n, q) >= 0) {
			count++;
		}
	}
	return count;
}

Test(nic_mem, frames_arrive_after_the_delay_and_in_order)
{
	struct nic_hub *h = nic_hub_new(2, 16);
	struct nic *a = nic_mem_open(h, mac_n(1), 1500, 1), *b = nic_mem_open(h, mac_n(2), 1500, 1);

	cr_expect_eq(nic_hub_due(h), USEC_NEVER);
	nic_hub_set_time(h, 100, 50);
	send_frame(a, 2, 60, 1);
	nic_hub_set_time(h, 110, 5); /* The wire became shorter: still no overtaking. */
	send_frame(a, 2, 60, 2);
	cr_expect_eq(nic_hub_due(h), 150u);
	cr_expect_eq(take(b, 0), -1);
	nic_hub_set_time(h, 149, 5);
	cr_expect_eq(take(b, 0), -1);
	nic_hub_set_time(h, 150, 5);
	cr_expect_eq(nic_hub_due(h), USEC_NEVER);
	cr_expect_eq(nic_mem_waiting(b), 2u);
	cr_expect_eq(take(b, 0), 1);
	cr_expect_eq(take(b, 0), 2);
	cr_expect_eq(take(b, 0), -1);
	cr_expect_eq(take(a, 0), -1);
	cr_expect_eq(b->ops->wait_fd(b, 0), -1);
	a->ops->close(a);
	b->ops->close(b);
	nic_hub_free(h);
}

Test(nic_mem, frames_go_where_they_are_addressed)
{
	struct nic_hub *h = nic_hub_new(3, 16);
	struct nic *n[3];

	for (uint8_t i = 0; i < 3; i++) {
		n[i] = nic_mem_open(h, mac_n((uint8_t)(i + 1)), 1500, 1);
	}
	send_frame(n[0], 2, 60, 7);
	cr_expect_eq(count_all(n[1]), 1u);
	cr_expect_eq(count_all(n[2]), 0u);
	send_frame(n[0], 0xff, 60, 7);
	cr_expect_eq(count_all(n[0]), 0u);
	cr_expect_eq(count_all(n[1]), 1u);
	cr_expect_eq(count_all(n[2]), 1u);
	send_frame(n[0], 9, 60, 7); /* Nobody's: to all, as a switch does. */
	cr_expect_eq(count_all(n[1]), 1u);
	cr_expect_eq(count_all(n[2]), 1u);
	/* A NIC can leave and another take its place. */
	n[1]->ops->close(n[1]);
	n[1] = nic_mem_open(h, mac_n(2), 1500, 1);
	send_frame(n[2], 2, 60, 7);
	cr_expect_eq(count_all(n[1]), 1u);
	for (int i = 0; i < 3; i++) {
		n[i]->ops->close(n[i]);
	}
	nic_hub_free(h);
}

Test(nic_mem, a_full_queue_and_a_long_frame_are_lost_and_counted)
{
	struct nic_hub *h = nic_hub_new(2, 8);
	struct nic *a = nic_mem_open(h, mac_n(1), 9000, 1), *b = nic_mem_open(h, mac_n(2), 1500, 1);

	for (unsigned i = 0; i < 11; i++) {
		send_frame(a, 2, 60, (uint8_t)i);
	}
	cr_expect_eq(nic_mem_lost(b), 3u);
	for (int i = 0; i < 8; i++) {
		cr_expect_eq(take(b, 0), i);
	}
	send_frame(a, 2, 1514, 1);
	cr_expect_eq(nic_mem_lost(b), 3u);
	send_frame(a, 2, 1515, 1);
	cr_expect_eq(nic_mem_lost(b), 4u);
	cr_expect_eq(count_all(b), 1u);
	send_tagged(a, 2, 1518); /* A VLAN tag is no part of the MTU. */
	send_tagged(a, 2, 1519);
	cr_expect_eq(nic_mem_lost(b), 5u);
	cr_expect_eq(count_all(b), 1u);
	send_frame(a, 2, 60, 1); /* Closing frees what was not read. */
	a->ops->close(a);
	b->ops->close(b);
	nic_hub_free(h);
}

static bool keep_even(void *context, const struct frame_buf *frame)
{
	++*(unsigned *)context;
	return frame->data[frame->len - 1] % 2 == 0;
}

Test(nic_mem, the_filter_loses_what_it_does_not_keep)
{
	struct nic_hub *h = nic_hub_new(2, 64);
	struct nic *a = nic_mem_open(h, mac_n(1), 1500, 1), *b = nic_mem_open(h, mac_n(2), 1500, 1);
	unsigned seen = 0;

	nic_hub_set_filter(h, keep_even, &seen);
	for (uint8_t i = 0; i < 10; i++) {
		send_frame(a, 2, 60, i);
	}
	cr_expect_eq(seen, 10u);
	cr_expect_eq(count_all(b), 5u);
	nic_hub_set_filter(h, NULL, NULL);
	send_frame(a, 2, 60, 1);
	cr_expect_eq(count_all(b), 1u);
	a->ops->close(a);
	b->ops->close(b);
	nic_hub_free(h);
}

/* Send a frame between two addresses of a family, and say on which of `to`'s queues it came. */
static unsigned queue_of(struct nic *from, struct nic *to, bool is6, uint8_t src, uint8_t dst)
{
	struct frame_buf f;
	size_t at = is6 ? 22 : 26, len = is6 ? 16 : 4;
	unsigned found = 99;

	cr_assert_eq(nic_alloc(from, 0, &f, 1), 1u);
	memcpy(f.data, to->mac.bytes, 6);
	memcpy(f.data + 6, from->mac.bytes, 6);
	f.data[12] = is6 ? 0x86 : 0x08;
	f.data[13] = is6 ? 0xdd : 0x00;
	f.data[at + len - 1] = src;
	f.data[at + 2 * len - 1] = dst;
	f.len = 60;
	cr_assert_eq(nic_tx(from, 0, &f, 1), 1u);
	for (unsigned q = 0; q < to->queue_count; q++) {
		if (take(to, q) >= 0) {
			found = q;
		}
	}
	return found;
}

Test(nic_mem, queues_are_chosen_by_a_symmetric_hash_of_addresses)
{
	struct nic_hub *h = nic_hub_new(2, 64);
	struct nic *a = nic_mem_open(h, mac_n(1), 1500, 3), *b = nic_mem_open(h, mac_n(2), 1500, 3);
	unsigned per_queue[3] = {0};

	for (unsigned i = 0; i < 200; i++) {
		bool is6 = i % 2 == 0;
		unsigned there = queue_of(a, b, is6, 1, (uint8_t)i);
		unsigned back = queue_of(b, a, is6, (uint8_t)i, 1);

		cr_assert_lt(there, 3u);
		cr_expect_eq(there, back);
		per_queue[there]++;
	}
	for (unsigned q = 0; q < 3; q++) {
		cr_expect_gt(per_queue[q], 30u);
	}
	send_frame(a, 2, 60, 1); /* Not IP. */
	cr_expect_eq(take(b, 0), 1);
	a->ops->close(a);
	b->ops->close(b);
	nic_hub_free(h);
}

#define GATHER_MSS   1000
#define GATHER_BYTES 2500

static struct span payload_of(const uint8_t *bytes, size_t from, size_t to)
{
	return span_of(bytes + from, to - from);
}

/* 2,500 bytes of TCP payload in three spans, with FIN and PSH, from 2 to `dst`. */
static struct nic_gather gather_of(const struct span *payload, unsigned version, uint8_t dst)
{
	static const uint8_t v4[20] = {0x45, 0, 0,   0,	 0xff, 0xff, 0x40, 0,  255, 6,
				       0,    0, 198, 18, 0,    1,    198,  18, 0,   2};
	static const uint8_t v6[40] = {0x60, [6] = 6, [7] = 255, [8] = 0x20, [24] = 0x20, [39] = 2};
	static const uint8_t tcp[32] = {0,    179,  1,	  2,	       0xff,
					0xff, 0xff, 0xf0, [12] = 0x80, [13] = 0x19};
	unsigned ip_len = version == 4 ? sizeof(v4) : sizeof(v6);
	size_t l4_len = sizeof(tcp) + GATHER_BYTES, l3_len = ip_len + l4_len;
	struct nic_gather g = {.payload = payload,
			       .payload_len = GATHER_BYTES,
			       .payload_count = 3,
			       .gso_size = GATHER_MSS,
			       .header_len = (uint8_t)(14 + ip_len + sizeof(tcp)),
			       .l3_at = 14,
			       .l4_at = (uint8_t)(14 + ip_len)};
	uint8_t *l3 = g.header + 14, *l4 = l3 + ip_len;
	uint8_t pseudo[4] = {0, 6, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};

	memcpy(g.header, mac_n(dst).bytes, 6);
	memcpy(g.header + 12, version == 4 ? "\x08\x00" : "\x86\xdd", 2);
	memcpy(l3, version == 4 ? v4 : v6, ip_len);
	memcpy(l4, tcp, sizeof(tcp));
	size_t len = version == 4 ? l3_len : l4_len;
	l3[version == 4 ? 2 : 4] = (uint8_t)(len >> 8);
	l3[version == 4 ? 3 : 5] = (uint8_t)len;
	csum_store_open(csum_add(csum_add(0, l3 + (version == 4 ? 12 : 8), version == 4 ? 8 : 32),
				 pseudo, sizeof(pseudo)),
			l4 + 16);
	return g;
}

/* The sums of a received frame, taken by the book. */
static bool sums_are_good(const struct frame_buf *f, unsigned version)
{
	const uint8_t *l3 = f->data + 14, *l4 = l3 + (version == 4 ? 20 : 40);
	size_t l4_len = f->len - (size_t)(l4 - f->data);
	uint8_t pseudo[4] = {0, 6, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};
	uint64_t sum = csum_add(0, l3 + (version == 4 ? 12 : 8), version == 4 ? 8 : 32);

	return (version == 6 || csum_is_good(csum_add(0, l3, 20))) &&
	       csum_is_good(csum_add(csum_add(sum, pseudo, sizeof(pseudo)), l4, l4_len));
}

/* As a device with TSO does it: RFC 9293 §3.1, RFC 791 §3.1, RFC 8200 §3. */
Test(nic_mem, a_super_segment_is_cut_into_segments_that_are_right_each)
{
	static uint8_t bytes[GATHER_BYTES];
	struct span payload[] = {payload_of(bytes, 0, 1), payload_of(bytes, 1, 1999),
				 payload_of(bytes, 1999, GATHER_BYTES)};

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	}
	for (unsigned version = 4; version <= 6; version += 2) {
		struct nic_hub *h = nic_hub_new(2, 16);
		struct nic *a = nic_mem_open(h, mac_n(1), 1500, 1),
			   *b = nic_mem_open(h, mac_n(2), 1500, 1);
		struct nic_gather g = gather_of(payload, version, 2);
		struct frame_buf f;

		cr_expect_not(nic_can_gather(a));
		nic_mem_set_tso(a, 65535);
		cr_assert(nic_can_gather(a));
		cr_assert_eq(nic_gather(a, 0, &g, 1), 1u);
		for (unsigned i = 0; i < 3; i++) {
			size_t len = i < 2 ? GATHER_MSS : 500;
			cr_assert_eq(nic_rx(b, 0, &f, 1), 1u);
			cr_assert_eq(f.len, g.header_len + len);
			const uint8_t *l3 = f.data + 14, *l4 = f.data + g.l4_at;
			size_t said =
				(size_t)(version == 4 ? l3[2] << 8 | l3[3] : l3[4] << 8 | l3[5]);
			cr_expect_eq(said, f.len - (version == 4 ? 14u : 54u));
			cr_expect(sums_are_good(&f, version), "IPv%u, piece %u", version, i);
			cr_expect_arr_eq(f.data + g.header_len, bytes + i * GATHER_MSS, len);
			/* 0xfffffff0 and so much more. */
			uint32_t seq = (uint32_t)l4[4] << 24 | (uint32_t)l4[5] << 16 |
				       (uint32_t)l4[6] << 8 | l4[7];
			cr_expect_eq(seq, 0xfffffff0 + i * GATHER_MSS);
			cr_expect_eq(l4[13], i < 2 ? 0x10 : 0x19);
			if (version == 4) {
				cr_expect_eq((uint16_t)(l3[4] << 8 | l3[5]),
					     (uint16_t)(0xffff + i));
			}
			nic_release(b, 0, &f, 1);
		}
		cr_expect_eq(nic_rx(b, 0, &f, 1), 0u);
		a->ops->close(a);
		b->ops->close(b);
		nic_hub_free(h);
	}
}
