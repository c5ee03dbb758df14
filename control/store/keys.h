/* Request keys (Idempotency-Key) that were used in the last day: what each was used for.
 *
 * Pure.  The oldest go when there are too many, or when their day is over. */
#pragma once

#include "rib/base/units.h"

#define KEYS_MAX   262144
#define KEYS_AGE_S 86400

struct request_keys;

struct request_key {
	char *text; /* "AUTHOR\nKEY" */
	uint64_t hash, revision;
	int64_t at_s;
};

struct request_keys *request_keys_new(void);
void request_keys_free(struct request_keys *k);
/* `text` is copied.  The same text again takes the place of the first. */
void request_keys_put(struct request_keys *k, const struct request_key *key);
/* NULL when it was not used, or its day is over.  Good until the next put. */
const struct request_key *request_keys_find(struct request_keys *k, const char *text,
					    int64_t now_s);
unsigned request_keys_count(const struct request_keys *k);
