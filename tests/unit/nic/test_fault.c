/* The faulty link: each fault does what it says, nothing else, and the same for the same seed. */
#include <criterion/criterion.h>

#include "dataplane/nic/nic_fault.h"
#include "dataplane/nic/nic_mem.h"

#define FRAMES 400

struct lan {
	struct nic_hub *hub;
	struct nic *a, *b; /* `a` has the faulty link. */
	usec_t now;
};

static struct lan lan_new(enum nic_fault_way way, const struct nic_fault_plan *plan, uint64_t seed)
{
	struct lan l = {.hub = nic_hub_new(2, 4096)};
	struct mac a = {{2, 0, 0, 0, 0, 1}}, b = {{2, 0, 0, 0, 0, 2}};

	l.a = nic_fault_new(nic_mem_open(l.hub, a, 1500, 1), seed);
	l.b = nic_mem_open(l.hub, b, 1500, 1);
	cr_assert_not_null(l.a);
	nic_fault_set_plan(l.a, way, plan);
	return l;
}

static void lan_fini(struct lan *l)
{
	l->a->ops->close(l->a);
	l->b->ops->close(l->b);
	nic_hub_free(l->hub);
}

static void lan_time(struct lan *l, usec_t now)
{
	l->now = now;
	nic_hub_set_time(l->hub, now, 0);
	nic_fault_set_time(l->a, now);
}

/* A frame of zeros with a number at its end. */
static void send_number(struct nic *from, const struct nic *to, uint16_t len, uint16_t number)
{
	struct frame_buf f;

	cr_assert_eq(nic_alloc(from, 0, &f, 1), 1u);
	memset(f.data, 0, len);
	memcpy(f.data, to->mac.bytes, 6);
	memcpy(f.data + 6, from->mac.bytes, 6);
	f.data[12] = 0x88;
	f.data[13] = 0xb5;
	f.data[len - 2] = (uint8_t)(number >> 8);
	f.data[len - 1] = (uint8_t)number;
	f.len = len;
	cr_assert_eq(nic_tx(from, 0, &f, 1), 1u);
}

/* The numbers of what arrives at `n`, in order. */
static unsigned receive_numbers(struct nic *n, uint16_t *out, unsigned max)
{
	struct frame_buf f;
	unsigned count = 0;

	while (count < max && nic_rx(n, 0, &f, 1) == 1) {
		out[count++] = (uint16_t)(f.data[f.len - 2] << 8 | f.data[f.len - 1]);
		nic_release(n, 0, &f, 1);
	}
	return count;
}

static unsigned pass(const struct nic_fault_plan *plan, uint64_t seed, uint16_t *out)
{
	struct lan l = lan_new(NIC_FAULT_OUT, plan, seed);
	unsigned count = 0;

	for (uint16_t i = 0; i < FRAMES; i++) {
		lan_time(&l, l.now + 1);
		send_number(l.a, l.b, 60, i);
		count += receive_numbers(l.b, out + count, 2 * FRAMES - count);
	}
	lan_time(&l, l.now + USEC_PER_SEC);
	count += receive_numbers(l.b, out + count, 2 * FRAMES - count);
	lan_fini(&l);
	return count;
}

Test(nic_fault, a_perfect_link_passes_everything_at_once_and_in_order)
{
	struct nic_fault_plan plan = {0};
	uint16_t got[2 * FRAMES];

	cr_assert_eq(pass(&plan, 1, got), (unsigned)FRAMES);
	for (uint16_t i = 0; i < FRAMES; i++) {
		cr_assert_eq(got[i], i);
	}
}

Test(nic_fault, the_same_seed_gives_the_same_faults)
{
	struct nic_fault_plan plan = {
		.loss = 100, .duplicate = 100, .reorder = 100, .reorder_us = 50, .jitter_us = 5};
	uint16_t one[2 * FRAMES], two[2 * FRAMES];
	unsigned count = pass(&plan, 7, one);

	cr_assert_eq(pass(&plan, 7, two), count);
	cr_assert_arr_eq(one, two, count * sizeof(one[0]));
}

Test(nic_fault, loss_loses_about_what_it_says)
{
	struct nic_fault_plan plan = {.loss = 250};
	uint16_t got[2 * FRAMES];
	unsigned count = pass(&plan, 3, got);

	cr_expect_gt(count, FRAMES * 6u / 10);
	cr_expect_lt(count, FRAMES * 9u / 10);
}

Test(nic_fault, bursts_lose_neighbours)
{
	struct nic_fault_plan plan = {.burst = 20, .burst_frames = 20};
	uint16_t got[2 * FRAMES];
	unsigned count = pass(&plan, 3, got), longest = 0;

	for (unsigned i = 1; i < count; i++) {
		unsigned gap = got[i] - got[i - 1] - 1u;
		longest = gap > longest ? gap : longest;
	}
	cr_expect_gt(longest, 3u);
}

Test(nic_fault, duplicates_come_twice)
{
	struct nic_fault_plan plan = {.duplicate = 1000};
	uint16_t got[2 * FRAMES];

	cr_assert_eq(pass(&plan, 3, got), 2u * FRAMES);
	for (unsigned i = 0; i < 2u * FRAMES; i++) {
		cr_assert_eq(got[i], i / 2);
	}
}

Test(nic_fault, jitter_delays_but_keeps_the_order)
{
	struct nic_fault_plan plan = {.delay_us = 10, .jitter_us = 100};
	uint16_t got[2 * FRAMES];

	cr_assert_eq(pass(&plan, 3, got), (unsigned)FRAMES);
	for (uint16_t i = 0; i < FRAMES; i++) {
		cr_assert_eq(got[i], i);
	}
}

Test(nic_fault, reordering_changes_the_order_and_loses_nothing)
{
	struct nic_fault_plan plan = {.reorder = 200, .reorder_us = 50};
	uint16_t got[2 * FRAMES];
	bool has_seen[FRAMES] = {0};
	unsigned count = pass(&plan, 3, got), inversions = 0;

	cr_assert_eq(count, (unsigned)FRAMES);
	for (unsigned i = 0; i < count; i++) {
		cr_assert_not(has_seen[got[i]]);
		has_seen[got[i]] = true;
		inversions += i > 0 && got[i] < got[i - 1];
	}
	cr_expect_gt(inversions, 10u);
}

Test(nic_fault, a_cut_is_of_one_way_only)
{
	struct nic_fault_plan plan = {.is_cut = true};
	struct lan l = lan_new(NIC_FAULT_IN, &plan, 1);
	uint16_t got[4];

	lan_time(&l, 1);
	send_number(l.a, l.b, 60, 1);
	send_number(l.b, l.a, 60, 2);
	cr_expect_eq(receive_numbers(l.b, got, 4), 1u);
	cr_expect_eq(receive_numbers(l.a, got, 4), 0u);
	cr_expect_eq(nic_fault_counts(l.a)[NIC_FAULT_CUT], 1u);
	lan_fini(&l);
}

static void note_too_big(void *context, enum nic_fault_way way, const struct frame_buf *frame)
{
	cr_expect_eq(way, NIC_FAULT_OUT);
	*(unsigned *)context = frame->len;
}

Test(nic_fault, a_black_hole_swallows_long_frames_only)
{
	struct nic_fault_plan plan = {.mtu = 576};
	struct lan l = lan_new(NIC_FAULT_OUT, &plan, 1);
	unsigned swallowed = 0;
	uint16_t got[4];

	nic_fault_set_too_big(l.a, note_too_big, &swallowed);
	lan_time(&l, 1);
	send_number(l.a, l.b, 590, 1);
	cr_expect_eq(swallowed, 0u);
	send_number(l.a, l.b, 591, 2);
	cr_expect_eq(swallowed, 591u);
	cr_expect_eq(receive_numbers(l.b, got, 4), 1u);
	cr_expect_eq(got[0], 1);
	lan_fini(&l);
}

/* The one's complement sum over everything, which no corruption may leave as it is. */
static unsigned sum_of(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint64_t)bytes[i] << 8 : bytes[i];
	}
	return (unsigned)(sum % 65535);
}

Test(nic_fault, corruption_is_found_by_a_checksum_wherever_it_strikes)
{
	struct nic_fault_plan plan = {.corrupt = 1000};

	for (uint16_t len = 60; len < 64; len++) {
		struct lan l = lan_new(NIC_FAULT_IN, &plan, len);
		bool has_hit[32] = {0};

		for (unsigned i = 0; i < 5000; i++) {
			struct frame_buf f;
			uint8_t sent[64] = {0};

			lan_time(&l, i);
			send_number(l.b, l.a, len, 0xffff);
			memcpy(sent, l.a->mac.bytes, 6);
			memcpy(sent + 6, l.b->mac.bytes, 6);
			sent[12] = 0x88;
			sent[13] = 0xb5;
			sent[len - 2] = sent[len - 1] = 0xff;
			cr_assert_eq(nic_rx(l.a, 0, &f, 1), 1u);
			cr_assert_eq(f.len, len);
			cr_assert_neq(sum_of(f.data, len), sum_of(sent, len));
			for (size_t k = 0; k < len; k++) {
				has_hit[k / 2] = has_hit[k / 2] || f.data[k] != sent[k];
			}
			nic_release(l.a, 0, &f, 1);
		}
		for (unsigned k = 0; k < len / 2u; k++) {
			cr_expect(has_hit[k], "word %u of %u bytes never hit", k, len);
		}
		lan_fini(&l);
	}
}

Test(nic_fault, truncation_cuts_the_end_off)
{
	struct nic_fault_plan plan = {.truncate = 1000};
	struct lan l = lan_new(NIC_FAULT_IN, &plan, 5);

	for (unsigned i = 0; i < 100; i++) {
		struct frame_buf f;

		lan_time(&l, i);
		send_number(l.b, l.a, 100, 1);
		cr_assert_eq(nic_rx(l.a, 0, &f, 1), 1u);
		cr_assert(f.len >= 1 && f.len < 100);
		nic_release(l.a, 0, &f, 1);
	}
	lan_fini(&l);
}

Test(nic_fault, held_frames_are_due_and_freed)
{
	struct nic_fault_plan plan = {.delay_us = 100};
	struct lan l = lan_new(NIC_FAULT_OUT, &plan, 1);
	uint16_t got[4];

	lan_time(&l, 50);
	cr_expect_eq(nic_fault_due(l.a), USEC_NEVER);
	send_number(l.a, l.b, 60, 1);
	cr_expect_eq(nic_fault_due(l.a), 150u);
	lan_time(&l, 149);
	cr_expect_eq(receive_numbers(l.b, got, 4), 0u);
	lan_time(&l, 150);
	cr_expect_eq(receive_numbers(l.b, got, 4), 1u);
	cr_expect_eq(nic_fault_due(l.a), USEC_NEVER);
	send_number(l.a, l.b, 60, 2); /* Still held when all is closed. */
	lan_fini(&l);
}
