/* How the paths of a prefix are kept: the word, the dirty ring. */
#include "rib/table/dirty.h"
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>

static const struct attr *address(uint64_t a)
{
	return (const struct attr *)(uintptr_t)a;
}

Test(table, a_word_gives_back_the_path_that_was_put_in)
{
	const uint64_t at[] = {0x10, 0x7ffffffffff0, 0xfffffffffff0, 0xa5a5a5a5a5a0};
	const peer_id_t peer[] = {0, 1, 4096, PEER_COUNT_MAX - 1};
	for (unsigned i = 0; i < 4 * 4 * 8 * 8; i++) {
		struct path p = {.attr = address(at[i % 4]),
				 .peer = peer[i / 4 % 4],
				 .slot = (uint16_t)(i / 16 % 8),
				 .generation = (uint16_t)(i * 97),
				 .reason = (uint8_t)(i / 128)};
		struct paths_one one;
		cr_assert(path_fits_word(&p));
		paths_word_t word = word_of_path(&p);
		cr_assert_null(word_array(word));
		const struct paths *seen = word_paths(word, p.generation, &one);
		cr_assert(seen == &one.paths && seen->count == 1);
		cr_assert_eq(seen->ranked_count, p.reason == 0);
		cr_assert_eq(memcmp(&seen->path[0], &p, sizeof(p)), 0);
	}
}

Test(table, what_does_not_fit_a_word_is_known)
{
	const struct path good = {.attr = address(0x10), .slot = 7, .reason = 7};
	struct path p = good;
	cr_expect(path_fits_word(&p));
	p.slot = 8;
	cr_expect_not(path_fits_word(&p));
	p = good;
	p.reason = 8;
	cr_expect_not(path_fits_word(&p));
	p = good;
	p.attr = address(0x18);
	cr_expect_not(path_fits_word(&p), "8 bytes are not enough of an alignment");
	p.attr = address(UINT64_C(1) << 48);
	cr_expect_not(path_fits_word(&p), "five levels of page tables");
}

Test(table, an_array_and_no_path_are_words_too)
{
	struct paths_one one;
	struct paths *p = make_paths((struct path[2]){{.peer = 1}, {.peer = 2}}, 2);
	cr_expect_eq(word_array(word_of_array(p)), p);
	cr_expect_eq(word_paths(word_of_array(p), 0, &one), p);
	cr_expect_null(word_array(0));
	cr_expect_null(word_paths(0, 0, &one));
	free(p);
}

static uint64_t array_bytes(const struct rig *r)
{
	return shard_stats(r->shard, FAMILY_IPV4)->path_bytes;
}

Test(table, an_only_path_has_an_array_only_if_it_must)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_announce(&r, 0, 1, 5, 0);
	rig_settle(&r);
	cr_expect_eq(array_bytes(&r), 0);
	rig_announce(&r, 1, 1, 5, 0);
	rig_turn(&r);
	cr_expect_eq(array_bytes(&r), 48, "8 and two times 16, as the allocator has it");
	rig_withdraw(&r, 0, 5);
	rig_settle(&r);
	epoch_barrier();
	rig_turn(&r);
	cr_expect_eq(array_bytes(&r), 0);
	cr_expect_eq(rig_paths(&r, 0)->path[0].peer, 1);
	rig_withdraw(&r, 1, 5);
	for (uint32_t id = 1; id <= 9; id++) {
		rig_announce_id(&r, 0, 1, 5, id, 0);
	}
	for (uint32_t id = 1; id <= 8; id++) {
		rig_withdraw_id(&r, 0, 1, 5, id);
	}
	rig_settle(&r);
	epoch_barrier();
	rig_turn(&r);
	cr_expect_eq(array_bytes(&r), 32, "slot 9 does not fit");
	cr_expect_eq(rig_paths(&r, 0)->path[0].slot, 9);
	rig_fini(&r);
}

Test(table, an_empty_log_gives_back_after_a_second_what_it_needs_no_more)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	for (unsigned n = 0; n < 6000; n++) {
		rig_announce(&r, 1, 1, n, n % VARIANT_LARGE);
	}
	rig_turn(&r);
	const struct shard_stats *stats = shard_stats(r.shard, FAMILY_IPV4);
	uint64_t full = stats->table_bytes;
	runlog_set_floor(r.log, 0, runlog_end(r.log));
	rig_settle(&r);
	r.now += USEC_PER_SEC / 2;
	rig_turn(&r);
	cr_expect_eq(stats->table_bytes, full, "it may be needed again");
	cr_expect_not(shard_can_rest(r.shard, r.now));
	cr_expect(shard_can_rest(r.shard, r.now + USEC_PER_SEC));
	r.now += USEC_PER_SEC;
	rig_turn(&r);
	cr_expect(stats->table_bytes <= full - 6000 * 8 - 6000 * 4);
	rig_settle(&r);
	epoch_barrier();
	rig_turn(&r);
	uint64_t end = runlog_end(r.log);
	rig_announce(&r, 1, 1, 5, VARIANT_LARGE - 1);
	rig_turn(&r);
	cr_assert_eq(runlog_end(r.log), end + 1);
	rig_announce(&r, 1, 1, 5, 0);
	rig_turn(&r);
	cr_expect(run_is_dirty(runlog_at(r.log, end)), "the new index finds it");
	runlog_set_floor(r.log, 0, UINT64_MAX);
	rig_fini(&r);
}

Test(table, the_dirty_ring_keeps_places_when_it_grows_and_shrinks_when_empty)
{
	struct dirty d;
	dirty_init(&d);
	size_t least = dirty_bytes(&d);
	d.head = d.tail = UINT32_MAX - 100; /* Places wrap. */
	for (unsigned round = 0; round < 2; round++) {
		uint32_t first = 0;
		for (unsigned i = 0; i < 100000; i++) {
			uint32_t place = dirty_push(&d, (struct dirty_item){.id = i});
			first = i == 0 ? place : first;
			cr_assert_eq(place, first + i);
		}
		cr_expect(dirty_bytes(&d) > least);
		for (unsigned i = 0; i < 100000; i++) {
			cr_assert_eq(dirty_at(&d, first + i)->id, i);
			cr_assert_eq(dirty_count(&d), 100000 - i);
			dirty_pop(&d);
		}
		cr_expect_eq(dirty_bytes(&d), least);
	}
	dirty_fini(&d);
}
