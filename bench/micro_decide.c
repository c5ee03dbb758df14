/* micro_decide: what it costs to find the best path of a prefix, and who is to hear which.
 *
 * For 1, 2, 4 and 16 paths of a prefix, all of different members:
 *
 *   rank      decide_rank() alone, paths in the order in which they came
 *   view      what one member gets (view()), asked of every member in turn
 *   filtered  the same where each path is kept from one member in eight
 *   flush     the shard's turn for prefixes that are new: ranking, publishing, the audiences of all
 *             members and the runs for them; four prefixes share their sets
 *   walked    the same where each path is kept from one member in eight
 *
 *     micro_decide [--members N]
 *
 * Prints one JSON object; times are the best of several rounds: rank per path, view per prefix and
 * member, flush per prefix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/table_house.h"
#include "rib/base/check.h"
#include "rib/base/epoch.h"

#define ROUNDS	  7
#define PREFIXES  4096u
#define PER_SET	  4u
#define PATHS_MAX 16u
#define FILTER	  8u /* One member in so many does not get a path. */

static const unsigned path_counts[] = {1, 2, 4, PATHS_MAX};

struct bench {
	struct table_house house;
	unsigned paths;
	bool is_filtered;
	uint64_t sum; /* Of what was found, so that none of it is left out. */
};

/* The set of the k-th path: mostly not the first that came is the best; of more than two paths two
 * and two are equally long. */
static const struct attr *set_of(struct bench *b, unsigned prefix, unsigned k)
{
	unsigned number = prefix / PER_SET, length = 2 + ((k * 7 + number) % b->paths + 1) / 2;
	peer_id_t peer = (peer_id_t)((number + k) % b->house.members);
	return b->is_filtered ? table_house_filtered(&b->house, peer, number, length, FILTER, false)
			      : table_house_attr(&b->house, peer, number, length);
}

static void announce_all(struct bench *b)
{
	for (unsigned n = 0; n < PREFIXES; n++) {
		for (unsigned k = 0; k < b->paths; k++) {
			peer_id_t peer = (peer_id_t)((n / PER_SET + k) % b->house.members);
			table_house_say(&b->house, peer, n, set_of(b, n, k));
		}
	}
}

static void withdraw_all(struct bench *b)
{
	for (unsigned n = 0; n < PREFIXES; n++) {
		for (unsigned k = 0; k < b->paths; k++) {
			peer_id_t peer = (peer_id_t)((n / PER_SET + k) % b->house.members);
			table_house_say(&b->house, peer, n, NULL);
		}
	}
	table_house_settle(&b->house);
}

/* Nanoseconds for the turns that tell everybody of all prefixes, and a prefix of them. */
static double flush(struct bench *b)
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		announce_all(b);
		uint64_t begin = table_house_clock();
		table_house_turn(&b->house);
		best = min_u64(best, table_house_clock() - begin);
		table_house_settle(&b->house);
		if (i + 1 < ROUNDS) {
			withdraw_all(b);
		}
	}
	return (double)best / PREFIXES;
}

/* What is published of all prefixes: the k-th id is the k-th prefix's, for slots come in order. */
static double look(struct bench *b)
{
	const struct slab *slab = shard_slab(b->house.shard, FAMILY_IPV4);
	struct update_form form = shard_form(b->house.shard, FAMILY_IPV4, 0);
	uint64_t best = UINT64_MAX, asked = 0;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin = table_house_clock();
		asked = 0;
		for (unsigned n = 0; n < PREFIXES; n += 16) {
			for (unsigned m = 0; m < b->house.members; m++, asked++) {
				struct paths_one one;
				const struct paths *paths = entry_paths(slab_at(slab, n), &one);
				const struct path *p = view(paths, (peer_id_t)m, &form);
				b->sum += p != NULL ? p->peer : 0;
			}
		}
		best = min_u64(best, table_house_clock() - begin);
	}
	return (double)best / (double)asked;
}

/* Nanoseconds for each path. */
static double rank(struct bench *b)
{
	struct rank_peer *peers = calloc(b->house.members, sizeof(*peers));
	struct path came[PATHS_MAX] = {0};
	size_t bytes = sizeof(struct paths) + PATHS_MAX * sizeof(struct path);
	struct paths *paths = malloc(bytes);
	uint64_t best = UINT64_MAX;
	ASSERT(peers != NULL && paths != NULL);
	for (unsigned i = 0; i < b->house.members; i++) {
		peers[i] = (struct rank_peer){.router_id = 100 + i, .addr = addr_v4(i)};
	}
	for (unsigned k = 0; k < b->paths; k++) {
		came[k].peer = (peer_id_t)(k % b->house.members);
		came[k].attr = set_of(b, 0, k);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin = table_house_clock();
		for (unsigned n = 0; n < PREFIXES; n++) {
			memset(paths, 0, sizeof(*paths));
			paths->count = (uint16_t)b->paths;
			memcpy(paths->path, came, b->paths * sizeof(came[0]));
			decide_rank(paths, peers);
			b->sum += paths->path[0].peer;
		}
		best = min_u64(best, table_house_clock() - begin);
	}
	for (unsigned k = 0; k < b->paths; k++) {
		intern_adjust(b->house.intern, came[k].attr, -1);
	}
	free(paths);
	free(peers);
	return (double)best / PREFIXES / b->paths;
}

static void measure(unsigned members, unsigned paths, uint64_t *sum)
{
	double ns[2][2], rank_ns = 0;
	for (unsigned filtered = 0; filtered < 2; filtered++) {
		struct bench b = {.paths = paths, .is_filtered = filtered != 0};
		table_house_init(&b.house, members);
		runlog_set_floor(b.house.log, 0, UINT64_MAX);
		ns[filtered][0] = flush(&b);
		ns[filtered][1] = look(&b);
		rank_ns = filtered ? rank_ns : rank(&b);
		withdraw_all(&b);
		table_house_fini(&b.house);
		*sum += b.sum;
	}
	printf("%s{\"paths\": %u, \"rank_ns\": %.1f, \"view_ns\": %.1f, \"filtered_ns\": %.1f, "
	       "\"flush_ns\": %.0f, \"walked_ns\": %.0f}",
	       paths == path_counts[0] ? "" : ", ", paths, rank_ns, ns[0][1], ns[1][1], ns[0][0],
	       ns[1][0]);
}

int main(int argc, char **argv)
{
	bool has_members = argc == 3 && strcmp(argv[1], "--members") == 0;
	unsigned members = has_members ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	uint64_t sum = 0;
	if ((argc != 1 && !has_members) || members < PATHS_MAX || members > PEER_COUNT_MAX) {
		fprintf(stderr, "usage: micro_decide [--members N]\n");
		return EXIT_FAILURE;
	}
	epoch_thread_begin();
	printf("{\"bench\": \"micro_decide\", \"members\": %u, \"prefixes\": %u, \"by_paths\": [",
	       members, PREFIXES);
	for (unsigned i = 0; i < ARRAY_COUNT(path_counts); i++) {
		measure(members, path_counts[i], &sum);
	}
	printf("], \"sum\": %lu}\n", sum);
	epoch_thread_end();
	return EXIT_SUCCESS;
}
