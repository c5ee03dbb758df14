/* ASPA: see aspa.h.  Customers ascending, each with its providers ascending. */
#include "rib/policy/aspa.h"

#include <stdlib.h>
#include <string.h>

#include "rib/attr/aspath.h"
#include "rib/base/check.h"

struct customer {
	asn_t asn;
	uint32_t first; /* Of `provider`; they end where the next one's begin. */
};

struct aspa {
	uint32_t refs; /* Control only. */
	uint32_t customer_count, provider_count;
	asn_t *provider;
	struct customer customer[]; /* One more, for the end; the providers follow. */
};

static int pair_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x == y ? 0 : x < y ? -1 : 1;
}

/* Customer and provider in one word.  A customer with none is given AS 0, which nobody is. */
static size_t pairs_of(const struct aspa_record *records, size_t count, uint64_t *pair)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct aspa_record *r = &records[i];
		uint64_t customer = (uint64_t)r->customer << 32;
		for (unsigned k = 0; k < r->provider_count; k++) {
			pair[n++] = customer | r->providers[k];
		}
		if (r->provider_count == 0) {
			pair[n++] = customer;
		}
	}
	qsort(pair, n, sizeof(*pair), pair_cmp);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || pair[kept - 1] != pair[i]) {
			pair[kept++] = pair[i];
		}
	}
	return kept;
}

static size_t bytes_for(size_t customers, size_t providers)
{
	return sizeof(struct aspa) + (customers + 1) * sizeof(struct customer) +
	       providers * sizeof(asn_t);
}

static struct aspa *aspa_make(const uint64_t *pair, size_t count)
{
	size_t customers = 0;
	for (size_t i = 0; i < count; i++) {
		customers += i == 0 || pair[i] >> 32 != pair[i - 1] >> 32;
	}
	struct aspa *a = malloc(bytes_for(customers, count));
	if (a == NULL) {
		return NULL;
	}
	*a = (struct aspa){.refs = 1, .provider_count = (uint32_t)count};
	a->provider = (asn_t *)&a->customer[customers + 1];
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || pair[i] >> 32 != pair[i - 1] >> 32) {
			a->customer[a->customer_count++] = (struct customer){
				.asn = (asn_t)(pair[i] >> 32), .first = (uint32_t)i};
		}
		a->provider[i] = (asn_t)pair[i];
	}
	a->customer[customers] = (struct customer){.asn = UINT32_MAX, .first = (uint32_t)count};
	return a;
}

struct aspa *aspa_new(const struct aspa_record *records, size_t count)
{
	size_t pairs = 1;
	for (size_t i = 0; i < count; i++) {
		pairs += records[i].provider_count + (records[i].provider_count == 0);
	}
	ASSERT(pairs < UINT32_MAX);
	uint64_t *pair = malloc(pairs * sizeof(*pair));
	if (pair == NULL) {
		return NULL;
	}
	struct aspa *a = aspa_make(pair, pairs_of(records, count, pair));
	free(pair);
	return a;
}

void aspa_hold(struct aspa *a)
{
	if (a != NULL) {
		ASSERT(a->refs > 0 && a->refs < UINT32_MAX);
		a->refs++;
	}
}

void aspa_put(struct aspa *a)
{
	if (a == NULL) {
		return;
	}
	ASSERT(a->refs > 0);
	if (--a->refs == 0) {
		free(a);
	}
}

size_t aspa_count(const struct aspa *a)
{
	return a == NULL ? 0 : a->customer_count;
}

size_t aspa_bytes(const struct aspa *a)
{
	return a == NULL ? 0 : bytes_for(a->customer_count, a->provider_count);
}

bool aspa_equal(const struct aspa *a, const struct aspa *b)
{
	if (aspa_count(a) != aspa_count(b)) {
		return false;
	}
	if (aspa_count(a) == 0) {
		return true;
	}
	return a->provider_count == b->provider_count &&
	       memcmp(a->customer, b->customer, a->customer_count * sizeof(*a->customer)) == 0 &&
	       memcmp(a->provider, b->provider, a->provider_count * sizeof(*a->provider)) == 0;
}

static const struct customer *find_customer(const struct aspa *a, asn_t asn)
{
	uint32_t from = 0, to = a->customer_count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (a->customer[middle].asn < asn) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from < a->customer_count && a->customer[from].asn == asn ? &a->customer[from] : NULL;
}

enum aspa_state aspa_hop(const struct aspa *a, asn_t customer, asn_t provider)
{
	const struct customer *c = a == NULL ? NULL : find_customer(a, customer);

	if (c == NULL) {
		return ASPA_UNKNOWN;
	}
	/* Draft, §4: AS 0 among providers has no influence; nobody is AS 0. */
	for (uint32_t i = c->first; i < c[1].first && provider != 0; i++) {
		if (a->provider[i] == provider) {
			return ASPA_VALID;
		}
	}
	return ASPA_INVALID;
}

/* Draft, §5.5.  The path is walked as it is written, the neighbor first: each number is the
 * provider of the one behind it, if the path only ever went up.  One hop that is denied makes it
 * invalid (max_up_ramp < N), else one that nothing is known of makes it unknown (min_up_ramp). */
enum aspa_state aspa_verify_upstream(const struct aspa *a, struct span as_path, asn_t neighbor)
{
	struct rd r = rd_of(as_path);
	enum aspa_state state = ASPA_VALID;
	asn_t above = 0;
	bool is_first = true;
	uint8_t type;
	struct span asns;

	while (rd_left(&r) > 0) {
		/* Cut short, or a set. */
		if (!aspath_next(&r, 4, &type, &asns) || type != AS_SEQUENCE) {
			return ASPA_INVALID;
		}
		struct rd list = rd_of(asns);
		while (rd_left(&list) > 0) {
			asn_t asn = rd_u32(&list);
			if (is_first && asn != neighbor) {
				return ASPA_INVALID;
			}
			/* §5.2: prepends are one. */
			if (!is_first && asn != above) {
				enum aspa_state hop = aspa_hop(a, asn, above);
				if (hop == ASPA_INVALID) {
					return ASPA_INVALID;
				}
				state = hop == ASPA_UNKNOWN ? ASPA_UNKNOWN : state;
			}
			above = asn;
			is_first = false;
		}
	}
	return is_first ? ASPA_INVALID : state;
}

const char *aspa_state_name(enum aspa_state s)
{
	static const char *const name[] = {
		[ASPA_UNKNOWN] = "unknown", [ASPA_VALID] = "valid", [ASPA_INVALID] = "invalid"};

	ASSERT(s < ARRAY_COUNT(name));
	return name[s];
}
