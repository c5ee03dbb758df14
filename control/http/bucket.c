/* The table: sets of 8 slots, chosen by the key's hash. */
#include "control/http/bucket.h"

#include <string.h>

#include <xxhash.h>

#include "rib/base/check.h"

#define WAYS 8u

void buckets_init(struct buckets *b, double rate, unsigned burst, uint64_t seed)
{
	ASSERT(rate > 0 && burst >= 1);
	memset(b, 0, sizeof(*b));
	b->seed = seed;
	b->cost = max_u64(1, (usec_t)((double)USEC_PER_SEC / rate));
	b->burst = b->cost * burst;
}

/* The key's slot, or the one to take for it. */
static struct bucket *find(struct buckets *b, uint64_t key)
{
	struct bucket *set = &b->slot[(key % (BUCKET_COUNT / WAYS)) * WAYS], *best = set;
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			return &set[i];
		}
		if (set[i].full < best->full) {
			best = &set[i];
		}
	}
	*best = (struct bucket){.key = key};
	return best;
}

usec_t buckets_take(struct buckets *b, uint64_t key, usec_t now)
{
	struct bucket *one = find(b, key);
	usec_t full = max_u64(one->full, now) + b->cost;
	if (full > now + b->burst) {
		return full - now - b->burst;
	}
	one->full = full;
	return 0;
}

uint64_t buckets_addr_key(const struct buckets *b, const struct addr *a)
{
	/* Whoever has one address of a /64 has all of them. */
	uint8_t bytes[9] = {a->family};
	memcpy(bytes + 1, a->bytes, 8);
	uint64_t key = XXH3_64bits_withSeed(bytes, sizeof(bytes), b->seed);
	return key != 0 ? key : 1;
}

uint64_t buckets_text_key(const struct buckets *b, const char *text)
{
	uint64_t key = XXH3_64bits_withSeed(text, strlen(text), b->seed);
	return key != 0 ? key : 1;
}
