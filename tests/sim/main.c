/* The simulator: many histories, each from its seed alone.
 *
 *     history [--seed S] [--count N] [--failures N] [--dump DIR]
 *
 * A failing seed is printed and repeats exactly: history --seed S --count 1.  With --dump DIR all
 * received messages go to an MRT file and the expected tables to a text file, so that a third
 * party's decoder (bgpdump) can repeat the comparison.  A kind of trouble that never struck in a
 * thousand histories is a failure, too: such a check could not fail.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rib/base/check.h"
#include "tests/sim/history.h"

#define FAILURES_MAX 5	  /* Unless told otherwise. */
#define ALL_KINDS    1000 /* So many histories must show every kind of trouble. */

static const char *const fault_texts[] = {
	[NIC_FAULT_LOSS] = "loss",
	[NIC_FAULT_BURST] = "burst",
	[NIC_FAULT_CUT] = "cut",
	[NIC_FAULT_TOO_BIG] = "too_big",
	[NIC_FAULT_CORRUPT] = "corrupt",
	[NIC_FAULT_TRUNCATE] = "truncate",
	[NIC_FAULT_DUPLICATE] = "duplicate",
	[NIC_FAULT_REORDER] = "reorder",
	[NIC_FAULT_DELAY] = "delay",
};

static_assert(ARRAY_COUNT(fault_texts) == NIC_FAULT_COUNT, "each fault has a text");

static uint64_t seed_now;

/* An assertion failed, or worse: the seed, before all ends. */
static void on_crash(int signal_number)
{
	char text[] = "history: CRASHED with seed 00000000000000000000\n";
	uint64_t seed = seed_now;
	for (size_t i = sizeof(text) - 3; seed > 0; i--, seed /= 10) {
		text[i] = (char)('0' + seed % 10);
	}
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		_exit(2);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* One number of the totals; counts it in *never when it is zero. */
static void say(const char *what, uint64_t value, unsigned *never)
{
	printf(" %s %lu", what, value);
	*never += value == 0;
}

/* The totals; how many kinds of trouble never struck. */
static unsigned say_totals(const struct totals *t)
{
	unsigned never = 0;
	printf("history: %lu histories:", t->histories);
	for (unsigned i = 0; i < HISTORY_KIND_COUNT; i++) {
		say(history_kind_text((enum history_kind)i), t->kind[i], &never);
	}
	printf("\nhistory: faults:");
	for (unsigned i = 0; i < NIC_FAULT_COUNT; i++) {
		say(fault_texts[i], t->fault[i], &never);
	}
	say("told_too_big", t->too_big_told, &never);
	say("restarts", t->restarts, &never);
	printf("\nhistory: attacks:");
	for (unsigned i = 0; i < ROGUE_ATTACK_COUNT; i++) {
		say(rogue_attack_text((enum rogue_attack)i), t->attack[i], &never);
	}
	say("exact_rst", t->kills, &never);
	say("deaths_of_it", t->deaths, &never);
	printf("\nhistory: lies:");
	for (unsigned i = MANGLE_NOTHING + 1; i < MANGLE_COUNT; i++) {
		say(mangle_text((enum mangle)i), t->mangle[i], &never);
	}
	say("windows_shut", t->blinks, &never);
	printf("\nhistory: received:");
	say("long_messages", t->long_messages, &never);
	say("ipv6_next_hops_of_ipv4", t->next_hops6, &never);
	printf("\nhistory: several paths:");
	say("prefixes_compared", t->paths_compared, &never);
	say("withdrawn_by_id", t->paths_gone, &never);
	printf("\nhistory: prefixes that change too often:");
	say("waited", t->paced, &never);
	printf("\nhistory: control communities:");
	say("asked", t->asked, &never);
	say("asked_anew", t->asked_anew, &never);
	say("kept_from_members", t->kept, &never);
	printf("\nhistory: rules:");
	say("changed", t->rules_changed, &never);
	say("refused", t->refused, &never);
	say("not_to_be_heard", t->unheard, &never);
	printf("\nhistory: refreshes:");
	say("answered_to_the_end", t->renewed, &never);
	say("by_members", t->answers, &never);
	say("routes_left_out", t->left_out, &never);
	printf("\nhistory: members while the server runs:");
	say("came", t->came, &never);
	say("gone", t->gone, &never);
	say("changed", t->changed, &never);
	printf("\nhistory: members that restart:");
	say("back", t->member_restarts, &never);
	say("ends_of_rib", t->ends_of_rib, &never);
	say("stale_compared", t->stale_compared, &never);
	say("long_lived_compared", t->long_stale_compared, &never);
	printf("\n");
	return never;
}

/* Exit code. */
static int conclude(const struct totals *t, unsigned failed)
{
	unsigned never = say_totals(t);
	bool is_blind = t->histories >= ALL_KINDS && never > 0;
	if (is_blind) {
		printf("history: %u of these never happened in %lu histories\n", never,
		       t->histories);
	}
	printf("history: %lu events, %lu prefixes announced, %lu withdrawn, %lu sessions ended, "
	       "%lu lost, %lu refreshes, %lu stalls, %lu evictions, %lu messages decoded, "
	       "%lu segments checked, %lu routes compared, %u failed\n",
	       t->events, t->announced, t->withdrawn, t->downs, t->lost, t->refreshes, t->stalls,
	       t->evictions, t->messages, t->segments, t->compared, failed);
	return failed == 0 && !is_blind && t->compared > 0 && t->segments > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, count = 10, failures_max = FAILURES_MAX;
	const char *dump_dir = NULL;
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (value[0] != 0 && strcmp(argv[i], "--seed") == 0) {
			seed = strtoull(value, NULL, 0);
		} else if (value[0] != 0 && strcmp(argv[i], "--count") == 0) {
			count = strtoull(value, NULL, 0);
		} else if (value[0] != 0 && strcmp(argv[i], "--failures") == 0) {
			failures_max = strtoull(value, NULL, 0);
		} else if (value[0] != 0 && strcmp(argv[i], "--dump") == 0) {
			dump_dir = value;
		} else {
			fprintf(stderr, "usage: history [--seed S] [--count N] [--failures N] "
					"[--dump DIR]\n");
			return 64;
		}
	}
	struct dump *dump = dump_dir != NULL ? dump_open(dump_dir) : NULL;
	struct world *world = malloc(sizeof(*world));
	struct totals t = {0};
	unsigned failed = 0;
	printf("history: seeds %lu..%lu\n", seed, seed + count - 1);
	fflush(stdout);
	mallopt(M_PERTURB, 0x5a); /* Freed bytes do not stay what they were. */
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGBUS, on_crash);
	for (uint64_t i = 0; i < count && failed < failures_max; i++) {
		seed_now = seed + i;
		if (!history_run(seed_now, world, dump, &t)) {
			fprintf(stderr, "history: FAILED with seed %lu\n", seed_now);
			failed++;
		}
	}
	dump_close(dump);
	free(world);
	return conclude(&t, failed);
}
