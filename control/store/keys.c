/* A hash of lists, and one list in the order of putting, which is that of their ends. */
#include "control/store/keys.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "rib/base/check.h"

#define BUCKETS 65536

struct node {
	struct request_key key; /* First. */
	struct node *next;	/* Of the bucket. */
	struct node *younger;
};

struct request_keys {
	struct node *bucket[BUCKETS];
	struct node *oldest, *youngest;
	unsigned count;
};

static unsigned bucket_of(const char *text)
{
	return (unsigned)(XXH3_64bits(text, strlen(text)) % BUCKETS);
}

struct request_keys *request_keys_new(void)
{
	struct request_keys *k = calloc(1, sizeof(*k));
	ASSERT(k != NULL);
	return k;
}

static void remove_oldest(struct request_keys *k)
{
	struct node *n = k->oldest;
	struct node **at = &k->bucket[bucket_of(n->key.text)];
	while (*at != n) {
		at = &(*at)->next;
	}
	*at = n->next;
	k->oldest = n->younger;
	k->youngest = k->oldest == NULL ? NULL : k->youngest;
	k->count--;
	free(n->key.text);
	free(n);
}

void request_keys_free(struct request_keys *k)
{
	if (k == NULL) {
		return;
	}
	while (k->oldest != NULL) {
		remove_oldest(k);
	}
	free(k);
}

static struct node *find(const struct request_keys *k, const char *text)
{
	struct node *n = k->bucket[bucket_of(text)];
	while (n != NULL && strcmp(n->key.text, text) != 0) {
		n = n->next;
	}
	return n;
}

static void expire(struct request_keys *k, int64_t now_s)
{
	while (k->oldest != NULL &&
	       (k->oldest->key.at_s + KEYS_AGE_S <= now_s || k->count > KEYS_MAX)) {
		remove_oldest(k);
	}
}

void request_keys_put(struct request_keys *k, const struct request_key *key)
{
	struct node *n = find(k, key->text);
	if (n != NULL) {
		n->key.hash = key->hash;
		n->key.revision = key->revision;
		return;
	}
	n = calloc(1, sizeof(*n));
	ASSERT(n != NULL);
	struct node **bucket = &k->bucket[bucket_of(key->text)];
	n->key = *key;
	n->key.text = strdup(key->text);
	ASSERT(n->key.text != NULL);
	n->next = *bucket;
	*bucket = n;
	if (k->youngest != NULL) {
		k->youngest->younger = n;
	} else {
		k->oldest = n;
	}
	k->youngest = n;
	k->count++;
	expire(k, INT64_MIN);
}

const struct request_key *request_keys_find(struct request_keys *k, const char *text, int64_t now_s)
{
	expire(k, now_s);
	const struct node *n = find(k, text);
	return n != NULL ? &n->key : NULL;
}

unsigned request_keys_count(const struct request_keys *k)
{
	return k->count;
}
