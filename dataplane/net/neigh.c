/* The neighbour cache, RFC 4861 §7.3 and RFC 826 (with the manners of RFC 5227).
 *
 * Memory is one block, taken at the start.  Three structures share the entries by index:
 *   - a flat hash (linear probing, load at most one half, deletion by shifting back);
 *   - the use list, most recently used first; its tail is evicted when the block is full;
 *   - the pending list: entries with a question open, in the order of their due times.  Because
 *     every retransmission waits the same time, appending keeps it sorted; a new question is nearly
 *     always due at once and goes to the front.  So the next deadline is the head's, without a
 *     timer wheel.
 * REACHABLE and the hold-down end lazily: they are looked at when the entry is used.
 * Index NEIGH_COUNT_MAX is the head of both lists. */
#include "dataplane/net/neigh.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "rib/base/prng.h"

#define SLOT_COUNT (2 * NEIGH_COUNT_MAX)
#define HEAD	   NEIGH_COUNT_MAX
#define IDX_NONE   UINT16_MAX

static_assert((SLOT_COUNT & (SLOT_COUNT - 1)) == 0, "slots are masked");
static_assert(NEIGH_COUNT_MAX < IDX_NONE, "indices and the head fit");

struct entry {
	struct addr addr;
	struct mac mac;
	uint8_t state; /* enum neigh_state */
	uint8_t tries; /* Questions sent in this state. */
	bool is_used;  /* We have sent to it; all of these are before the others in the use list. */
	uint16_t port;
	uint32_t hash;
	usec_t ask_from; /* The next question goes not before. */
	usec_t due; /* Pending: next question; REACHABLE: until; UNREACHABLE: hold-down's end. */
};

struct link {
	uint16_t prev, next;
};

struct neigh_cache {
	uint64_t key;
	struct prng prng;
	size_t count;
	struct link uses[NEIGH_COUNT_MAX + 1];
	struct link pending[NEIGH_COUNT_MAX + 1]; /* next == IDX_NONE: not in the list. */
	uint16_t slots[SLOT_COUNT];		  /* Index, or IDX_NONE. */
	struct entry entries[NEIGH_COUNT_MAX];
};

static void link_after(struct link *list, uint16_t where, uint16_t idx)
{
	uint16_t next = list[where].next;

	list[idx] = (struct link){.prev = where, .next = next};
	list[where].next = idx;
	list[next].prev = idx;
}

static void unlink_idx(struct link *list, uint16_t idx)
{
	struct link l = list[idx];

	ASSERT(idx != HEAD && l.next != IDX_NONE);
	list[l.prev].next = l.next;
	list[l.next].prev = l.prev;
	list[idx] = (struct link){.prev = IDX_NONE, .next = IDX_NONE};
}

static bool is_pending_state(uint8_t state)
{
	return state == NEIGH_INCOMPLETE || state == NEIGH_PROBE;
}

static bool has_mac(uint8_t state)
{
	return state == NEIGH_REACHABLE || state == NEIGH_STALE || state == NEIGH_PROBE;
}

struct neigh_cache *neigh_new(uint64_t seed)
{
	struct neigh_cache *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	prng_init(&c->prng, seed);
	c->key = prng_u64(&c->prng);
	memset(c->slots, 0xff, sizeof(c->slots));
	memset(c->pending, 0xff, sizeof(c->pending));
	c->uses[HEAD] = (struct link){.prev = HEAD, .next = HEAD};
	c->pending[HEAD] = (struct link){.prev = HEAD, .next = HEAD};
	return c;
}

void neigh_free(struct neigh_cache *c)
{
	free(c);
}

static uint32_t key_hash(const struct neigh_cache *c, unsigned port, const struct addr *addr)
{
	uint64_t h = hash_bytes(addr->bytes, sizeof(addr->bytes), c->key);

	return (uint32_t)hash_mix(h, (uint64_t)port << 8 | addr->family);
}

/* The slot that holds the key, or the empty one where it would go. */
static uint32_t slot_find(const struct neigh_cache *c, uint32_t hash, unsigned port,
			  const struct addr *addr)
{
	uint32_t slot = hash & (SLOT_COUNT - 1);

	for (; c->slots[slot] != IDX_NONE; slot = (slot + 1) & (SLOT_COUNT - 1)) {
		const struct entry *e = &c->entries[c->slots[slot]];

		if (e->hash == hash && e->port == port && addr_equal(&e->addr, addr)) {
			break;
		}
	}
	return slot;
}

static uint16_t find(const struct neigh_cache *c, unsigned port, const struct addr *addr)
{
	return c->slots[slot_find(c, key_hash(c, port, addr), port, addr)];
}

/* Empty a slot and shift back those behind it that probing had pushed past it. */
static void slot_clear(struct neigh_cache *c, uint32_t hole)
{
	uint32_t slot = hole;

	for (;;) {
		slot = (slot + 1) & (SLOT_COUNT - 1);
		if (c->slots[slot] == IDX_NONE) {
			break;
		}
		uint32_t home = c->entries[c->slots[slot]].hash & (SLOT_COUNT - 1);
		/* Cyclic distances: it may move when its home is not past the hole. */
		if (((slot - home) & (SLOT_COUNT - 1)) >= ((slot - hole) & (SLOT_COUNT - 1))) {
			c->slots[hole] = c->slots[slot];
			hole = slot;
		}
	}
	c->slots[hole] = IDX_NONE;
}

static uint16_t evict(struct neigh_cache *c)
{
	uint16_t idx = c->uses[HEAD].prev;
	struct entry *e = &c->entries[idx];

	ASSERT(idx != HEAD);
	uint32_t slot = slot_find(c, e->hash, e->port, &e->addr);
	ASSERT(c->slots[slot] == idx);
	slot_clear(c, slot);
	unlink_idx(c->uses, idx);
	if (is_pending_state(e->state)) {
		unlink_idx(c->pending, idx);
	}
	return idx;
}

/* Whether a stranger would take the place of somebody in use. */
static bool is_full_of_used(const struct neigh_cache *c)
{
	return c->count == NEIGH_COUNT_MAX && c->entries[c->uses[HEAD].prev].is_used;
}

/* A new entry at the front (`is_used`) or the tail of the use list, in state NEIGH_NONE. */
static uint16_t add(struct neigh_cache *c, unsigned port, const struct addr *addr, bool is_used)
{
	uint16_t idx = c->count < NEIGH_COUNT_MAX ? (uint16_t)c->count++ : evict(c);
	uint32_t hash = key_hash(c, port, addr);
	uint32_t slot = slot_find(c, hash, port, addr);

	ASSERT(c->slots[slot] == IDX_NONE);
	c->slots[slot] = idx;
	c->entries[idx] = (struct entry){
		.addr = *addr, .port = (uint16_t)port, .hash = hash, .is_used = is_used};
	link_after(c->uses, is_used ? HEAD : c->uses[HEAD].prev, idx);
	return idx;
}

/* Enter a pending state: the first question is due at once, or a second after the last. */
static void ask(struct neigh_cache *c, uint16_t idx, enum neigh_state state, usec_t now)
{
	struct entry *e = &c->entries[idx];

	ASSERT(is_pending_state((uint8_t)state));
	if (is_pending_state(e->state)) {
		unlink_idx(c->pending, idx);
	}
	e->state = (uint8_t)state;
	e->tries = 0;
	e->due = max_u64(now, e->ask_from);
	uint16_t before = HEAD;
	while (c->pending[before].next != HEAD &&
	       c->entries[c->pending[before].next].due < e->due) {
		before = c->pending[before].next;
	}
	link_after(c->pending, before, idx);
}

/* Leave a pending state, or change between those that are not. */
static void settle(struct neigh_cache *c, uint16_t idx, enum neigh_state state, usec_t due)
{
	struct entry *e = &c->entries[idx];

	ASSERT(!is_pending_state((uint8_t)state));
	if (is_pending_state(e->state)) {
		unlink_idx(c->pending, idx);
	}
	e->state = (uint8_t)state;
	e->due = due;
}

enum neigh_verdict neigh_use(struct neigh_cache *c, unsigned port, const struct addr *addr,
			     usec_t now, struct mac *out_mac)
{
	uint16_t idx = find(c, port, addr);

	if (idx == IDX_NONE) {
		ask(c, add(c, port, addr, true), NEIGH_INCOMPLETE, now);
		return NEIGH_WAIT;
	}
	struct entry *e = &c->entries[idx];
	e->is_used = true;
	if (c->uses[HEAD].next != idx) {
		unlink_idx(c->uses, idx);
		link_after(c->uses, HEAD, idx);
	}
	if (e->state == NEIGH_INCOMPLETE) {
		return NEIGH_WAIT;
	}
	if (e->state == NEIGH_UNREACHABLE) {
		if (now < e->due) {
			return NEIGH_FAILED;
		}
		ask(c, idx, NEIGH_INCOMPLETE, now);
		return NEIGH_WAIT;
	}
	ASSERT(has_mac(e->state));
	/* RFC 4861 §7.3.3 waits 5 s (DELAY) for word from above; none comes here, so ask now. */
	if (e->state == NEIGH_STALE || (e->state == NEIGH_REACHABLE && now >= e->due)) {
		ask(c, idx, NEIGH_PROBE, now);
	}
	*out_mac = e->mac;
	return NEIGH_OK;
}

static void reached(struct neigh_cache *c, uint16_t idx, usec_t now)
{
	/* RFC 4861 §6.3.2: MIN_RANDOM_FACTOR 0.5 … MAX_RANDOM_FACTOR 1.5. */
	usec_t lasts = NEIGH_REACHABLE_US / 2 + prng_below(&c->prng, NEIGH_REACHABLE_US);

	settle(c, idx, NEIGH_REACHABLE, now + lasts);
}

/* Somebody says that a known address is at `mac`, and we did not ask. */
static void claim(struct neigh_cache *c, uint16_t idx, const struct mac *mac, usec_t now)
{
	struct entry *e = &c->entries[idx];

	if (e->state == NEIGH_UNREACHABLE) {
		e->due = now; /* It lives: the next use asks again. */
	} else if (e->state == NEIGH_REACHABLE && memcmp(&e->mac, mac, sizeof(*mac)) != 0) {
		ask(c, idx, NEIGH_PROBE, now);
	}
}

bool neigh_answered(struct neigh_cache *c, unsigned port, const struct addr *addr,
		    const struct mac *mac, bool is_explicit, usec_t now)
{
	uint16_t idx = find(c, port, addr);

	if (idx == IDX_NONE) {
		return false;
	}
	struct entry *e = &c->entries[idx];
	if (e->state == NEIGH_INCOMPLETE && is_explicit) {
		e->mac = *mac;
		reached(c, idx, now);
		return true;
	}
	if (e->state == NEIGH_PROBE && memcmp(&e->mac, mac, sizeof(*mac)) == 0) {
		reached(c, idx, now);
		return true;
	}
	claim(c, idx, mac, now);
	return false;
}

bool neigh_heard(struct neigh_cache *c, unsigned port, const struct addr *addr,
		 const struct mac *mac, usec_t now)
{
	uint16_t idx = find(c, port, addr);

	if (idx == IDX_NONE && is_full_of_used(c)) {
		return false;
	}
	if (idx == IDX_NONE) {
		idx = add(c, port, addr, false);
	} else if (has_mac(c->entries[idx].state)) {
		claim(c, idx, mac, now);
		return false;
	}
	c->entries[idx].mac = *mac;
	settle(c, idx, NEIGH_STALE, USEC_NEVER);
	return true;
}

void neigh_claimed(struct neigh_cache *c, unsigned port, const struct addr *addr,
		   const struct mac *mac, usec_t now)
{
	uint16_t idx = find(c, port, addr);

	if (idx != IDX_NONE) {
		claim(c, idx, mac, now);
	}
}

bool neigh_tx(struct neigh_cache *c, usec_t now, struct neigh_question *out)
{
	for (;;) {
		uint16_t idx = c->pending[HEAD].next;
		struct entry *e = &c->entries[idx];

		if (idx == HEAD || e->due > now) {
			return false;
		}
		if (e->tries < NEIGH_TRIES) {
			e->tries++;
			e->due = e->ask_from = now + NEIGH_RETRANS_US;
			unlink_idx(c->pending, idx);
			link_after(c->pending, c->pending[HEAD].prev, idx);
			*out = (struct neigh_question){.port = e->port,
						       .addr = e->addr,
						       .is_unicast = e->state == NEIGH_PROBE,
						       .mac = e->mac};
			return true;
		}
		if (e->state == NEIGH_PROBE) {
			ask(c, idx, NEIGH_INCOMPLETE, now);
		} else {
			settle(c, idx, NEIGH_UNREACHABLE, now + NEIGH_HOLD_DOWN_US);
		}
	}
}

usec_t neigh_due(const struct neigh_cache *c)
{
	uint16_t idx = c->pending[HEAD].next;

	return idx == HEAD ? USEC_NEVER : c->entries[idx].due;
}

enum neigh_state neigh_state_of(const struct neigh_cache *c, unsigned port, const struct addr *addr)
{
	uint16_t idx = find(c, port, addr);

	return idx == IDX_NONE ? NEIGH_NONE : (enum neigh_state)c->entries[idx].state;
}

size_t neigh_count(const struct neigh_cache *c)
{
	return c->count;
}

void neigh_check(const struct neigh_cache *c)
{
	size_t used = 0, pending = 0, pending_states = 0, slots = 0;
	bool were_used = true;
	usec_t due = 0;

	for (uint16_t i = c->uses[HEAD].next; i != HEAD; i = c->uses[i].next) {
		const struct entry *e = &c->entries[i];

		ASSERT(++used <= c->count);
		ASSERT(e->state != NEIGH_NONE);
		ASSERT(were_used || !e->is_used);
		ASSERT(e->is_used || !is_pending_state(e->state));
		were_used = e->is_used;
		ASSERT(find(c, e->port, &e->addr) == i);
		ASSERT((c->pending[i].next != IDX_NONE) == is_pending_state(e->state));
		pending_states += is_pending_state(e->state);
	}
	for (uint16_t i = c->pending[HEAD].next; i != HEAD; i = c->pending[i].next) {
		ASSERT(++pending <= pending_states);
		ASSERT(c->entries[i].tries <= NEIGH_TRIES);
		ASSERT(c->entries[i].due >= due);
		due = c->entries[i].due;
	}
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		slots += c->slots[i] != IDX_NONE;
	}
	ASSERT(used == c->count);
	ASSERT(pending == pending_states);
	ASSERT(slots == c->count);
}
