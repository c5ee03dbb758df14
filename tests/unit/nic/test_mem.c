/* The in-memory wire: order, delay, bounds, loss, addressing and the spread over queues. */
#include <criterion/criterion.h>

#include "dataplane/nic/nic_mem.h"

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
