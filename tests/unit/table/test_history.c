/* Random histories against the naive oracle: DESIGN §7.1, 7.2 and 7.4 for 1 and 3 shards. */
#include "tests/unit/table/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define HISTORIES 120
#define STEPS	  400

/* More histories on demand, for as long as they take: CAUSEWAY_HISTORIES=n. */
static unsigned histories(void)
{
	const char *text = getenv("CAUSEWAY_HISTORIES");
	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : HISTORIES;
}

static uint64_t run_histories(const struct world_opts *base, uint64_t first_seed)
{
	uint64_t evictions = 0;
	epoch_thread_begin();
	for (unsigned i = 0; i < histories(); i++) {
		struct world_opts opts = *base;
		opts.seed = first_seed + i;
		opts.is_paced = i % 2 == 1;
		opts.members = 2 + i % (WORLD_MEMBERS - 1);
		struct world *w = world_new(&opts);
		for (unsigned step = 0; step < STEPS; step++) {
			world_step(w);
			if (step == STEPS / 2) {
				world_calm(w);
			}
		}
		world_calm(w);
		world_end(w);
		evictions += world_evictions(w);
		world_free(w);
	}
	epoch_thread_end();
	return evictions;
}

Test(table, histories_with_one_shard_end_as_the_oracle_says)
{
	run_histories(&(struct world_opts){.shards = 1, .numbers = 16}, 1000);
}

Test(table, histories_with_three_shards_end_as_the_oracle_says)
{
	run_histories(&(struct world_opts){.shards = 3, .numbers = 48, .is_busy = true}, 2000);
}

Test(table, histories_of_plain_members_end_as_the_oracle_says)
{
	run_histories(&(struct world_opts){.shards = 1, .numbers = 16, .is_plain = true}, 4000);
}

Test(table, histories_after_our_own_restart_end_as_the_oracle_says)
{
	run_histories(
		&(struct world_opts){
			.shards = 3, .numbers = 24, .is_busy = true, .is_deferred = true},
		5000);
}

Test(table, histories_with_a_tiny_log_evict_and_end_as_the_oracle_says)
{
	uint64_t evictions = run_histories(
		&(struct world_opts){
			.shards = 1, .numbers = 16, .is_busy = true, .log_bytes_max = 2500},
		3000);
	cr_expect_gt(evictions, 10);
}

Test(table, histories_over_all_classes_end_as_the_oracle_says)
{
	/* RFC 8654, 8950 and 9234 §5 beside the others, in any combination. */
	run_histories(&(struct world_opts){.shards = 1, .numbers = 12, .has_all = true}, 6000);
	run_histories(
		&(struct world_opts){.shards = 3, .numbers = 16, .is_busy = true, .has_all = true},
		7000);
}

Test(table, histories_over_all_classes_with_tiny_logs_end_as_the_oracle_says)
{
	uint64_t evictions = run_histories(&(struct world_opts){.shards = 1,
								.numbers = 8,
								.is_busy = true,
								.has_all = true,
								.log_bytes_max = 2500},
					   8000);
	cr_expect_gt(evictions, 10);
}

Test(table, histories_with_control_communities_end_as_the_oracle_says)
{
	run_histories(&(struct world_opts){.shards = 1, .numbers = 12, .has_reach = true}, 9000);
	run_histories(
		&(struct world_opts){
			.shards = 3, .numbers = 24, .is_busy = true, .has_reach = true},
		9500);
}

Test(table, histories_with_control_communities_and_tiny_logs_end_so_too)
{
	uint64_t evictions = run_histories(&(struct world_opts){.shards = 1,
								.numbers = 8,
								.is_busy = true,
								.has_reach = true,
								.has_all = true,
								.log_bytes_max = 2500},
					   9900);
	cr_expect_gt(evictions, 10);
}

Test(table, histories_in_which_rules_change_end_as_the_oracle_says)
{
	run_histories(
		&(struct world_opts){
			.shards = 1, .numbers = 12, .has_reach = true, .has_rules = true},
		20000);
	run_histories(&(struct world_opts){.shards = 3,
					   .numbers = 24,
					   .is_busy = true,
					   .has_reach = true,
					   .has_rules = true},
		      21000);
	run_histories(&(struct world_opts){.shards = 3,
					   .numbers = 16,
					   .is_deferred = true,
					   .has_reach = true,
					   .has_rules = true,
					   .has_all = true},
		      22000);
}

Test(table, histories_in_which_rules_change_with_tiny_logs_end_so_too)
{
	uint64_t evictions = run_histories(&(struct world_opts){.shards = 2,
								.numbers = 8,
								.is_busy = true,
								.has_reach = true,
								.has_rules = true,
								.has_all = true,
								.log_bytes_max = 2500},
					   23000);
	cr_expect_gt(evictions, 10);
}
