/* Members that come, go and change while the server runs: control's side.
 *
 * Every number (peer_id_t) is a slot.  Its way:
 *
 *     FREE ─take→ TAKEN ─add→ USED ─remove→ LEAVING ─the worker has let go→ FORGETTING
 *       ↑                                                                      │
 *       └──────────────────── every shard has forgotten the number ────────────┘
 *
 * The last number is ours, for routes of our own (origin.c), if no member has it from the start.
 *
 * Between TAKEN and USED rules about the member can be published, so that it is judged by them from
 * its first route on.  An added member's address is in the table before its worker knows of it, and
 * until then its segments are a stranger's; a removed one's stays until its connections have ended,
 * for they end in order.  From then on the address may be another slot's.
 *
 * What a worker has done it counts (server.gone, shard_times_forgotten); control compares with how
 * often it has asked.  So no answer is needed, and none can be lost.
 *
 * Control thread. */
#include <errno.h>
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "rib/attr/audience.h"
#include "rib/base/check.h"

static struct place *place_of_slots(const struct server *s)
{
	struct place_row *rows = malloc((s->capacity + 1) * sizeof(*rows));
	size_t count = 0;
	for (unsigned i = 0; rows != NULL && i < s->capacity; i++) {
		const struct slot *slot = &s->slot[i];
		if (slot->state == SLOT_USED || slot->state == SLOT_LEAVING) {
			rows[count++] = (struct place_row){.addr = slot->addr,
							   .peer = (peer_id_t)i,
							   .hop_limit_min = slot->hop_limit_min};
		}
	}
	struct place *p = rows != NULL ? place_new(s, rows, count) : NULL;
	free(rows);
	return p;
}

bool slots_init(struct server *s)
{
	s->slot = calloc(s->capacity, sizeof(*s->slot));
	s->gone = calloc(s->capacity, sizeof(*s->gone));
	s->retire = retire_new();
	if (s->slot == NULL || s->gone == NULL || s->retire == NULL) {
		return false;
	}
	for (unsigned i = 0; i < s->opts.member_count; i++) {
		s->slot[i] = (struct slot){.state = SLOT_USED,
					   .addr = s->conf[i].addr,
					   .hop_limit_min = s->conf[i].hop_limit_min};
	}
	s->place = place_of_slots(s);
	if (s->opts.member_count < s->capacity) {
		s->slot[s->capacity - 1].state = SLOT_OURS;
	}
	return s->place != NULL;
}

static void free_retired(struct server *s)
{
	struct retired r;
	while (retire_pop(s->retire, &r)) {
		free(r.object);
	}
}

void slots_fini(struct server *s)
{
	if (s->retire != NULL && retire_count(s->retire) > 0) {
		epoch_barrier();
		free_retired(s);
	}
	retire_free(s->retire);
	free(s->place);
	free(s->slot);
	free(s->gone);
}

/* The slots' addresses have changed. */
static bool publish(struct server *s)
{
	struct place *next = place_of_slots(s);
	if (next == NULL) {
		return false;
	}
	retire_push(s->retire, (struct retired){.object = s->place});
	epoch_publish(s->place, next);
	retire_flush(s->retire);
	return true;
}

static bool has_room(struct server *s, peer_id_t peer)
{
	return spsc_room(s->core[place_worker(s, peer)].requests) > 0;
}

unsigned server_capacity(const struct server *s)
{
	return s->capacity;
}

peer_id_t server_origin(const struct server *s)
{
	return s->slot[s->capacity - 1].state == SLOT_OURS ? (peer_id_t)(s->capacity - 1)
							   : PEER_NONE;
}

int server_take_member(struct server *s, const uint64_t *wanted)
{
	bool is_any_going = false;
	unsigned any = s->capacity, first = s->capacity;
	for (unsigned i = 0; i < s->capacity && first == s->capacity; i++) {
		bool is_free = s->slot[i].state == SLOT_FREE;
		any = is_free && any == s->capacity ? i : any;
		first = is_free && (wanted == NULL || bits_has(wanted, i)) ? i : first;
		is_any_going = is_any_going || s->slot[i].state >= SLOT_LEAVING;
	}
	first = first < s->capacity ? first : any;
	if (first == s->capacity) {
		return is_any_going ? -EAGAIN : -ENOSPC;
	}
	s->slot[first].state = SLOT_TAKEN;
	return (int)first;
}

void server_give_member(struct server *s, peer_id_t peer)
{
	ASSERT(peer < s->capacity && s->slot[peer].state == SLOT_TAKEN);
	s->slot[peer].state = SLOT_FREE;
}

static uint64_t far_drops(const struct server *s, peer_id_t peer)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		sum += metric_get(&s->core[i].far_drop[peer]);
	}
	return sum;
}

uint64_t slots_far_drops(const struct server *s, peer_id_t peer)
{
	return far_drops(s, peer) - s->slot[peer].far_before;
}

static struct member_conf *conf_copy(const struct member_conf *conf)
{
	struct member_conf *copy = malloc(sizeof(*copy));
	if (copy != NULL) {
		*copy = *conf;
		copy->keys = NULL; /* The caller's. */
	}
	return copy;
}

/* Whether the address is a member's already: then why it cannot be another's. */
static int address_error(const struct server *s, const struct addr *addr)
{
	const struct place_row *row = place_find(s, addr);
	if (row == NULL) {
		return 0;
	}
	return s->slot[row->peer].state == SLOT_USED ? -EEXIST : -EAGAIN;
}

int server_add_member(struct server *s, peer_id_t peer, const struct member_conf *conf)
{
	ASSERT(peer < s->capacity && s->slot[peer].state == SLOT_TAKEN);
	struct request r = {.kind = REQUEST_ADD, .peer = peer};
	struct slot *slot = &s->slot[peer], before = *slot;
	int err = address_error(s, &conf->addr);
	if (err != 0) {
		return err;
	}
	if (!has_room(s, peer)) {
		return -EAGAIN;
	}
	bool has_keys = auth_keys_kind(conf->keys) != SEG_AUTH_NONE;
	r.conf = conf_copy(conf);
	r.auth = has_keys ? auth_new(conf->keys) : NULL;
	slot->state = SLOT_USED;
	slot->addr = conf->addr;
	slot->hop_limit_min = conf->hop_limit_min;
	slot->far_before = far_drops(s, peer);
	if (r.conf == NULL || (has_keys && r.auth == NULL) || !publish(s)) {
		*slot = before;
		auth_free(r.auth);
		free(r.conf);
		return -ENOMEM;
	}
	bool is_sent = server_request(s, &r);
	ASSERT(is_sent);
	return 0;
}

bool server_has_member(const struct server *s, peer_id_t peer)
{
	return peer < s->capacity && s->slot[peer].state == SLOT_USED;
}

int server_remove_member(struct server *s, peer_id_t peer)
{
	const struct request r = {.kind = REQUEST_REMOVE, .peer = peer};
	ASSERT(peer < s->capacity && s->slot[peer].state == SLOT_USED);
	if (!server_request(s, &r)) {
		return -EAGAIN;
	}
	s->slot[peer].state = SLOT_LEAVING;
	s->slot[peer].times_removed++;
	return 0;
}

int server_change_member(struct server *s, peer_id_t peer, const struct member_conf *conf)
{
	ASSERT(peer < s->capacity && s->slot[peer].state == SLOT_USED);
	ASSERT(addr_equal(&s->slot[peer].addr, &conf->addr));
	struct slot *slot = &s->slot[peer], before = *slot;
	if (!has_room(s, peer)) {
		return -EAGAIN;
	}
	const struct request r = {.kind = REQUEST_CHANGE, .peer = peer, .conf = conf_copy(conf)};
	slot->hop_limit_min = conf->hop_limit_min;
	bool has_moved = slot->hop_limit_min != before.hop_limit_min;
	if (r.conf == NULL || (has_moved && !publish(s))) {
		*slot = before;
		free(r.conf);
		return -ENOMEM;
	}
	bool is_sent = server_request(s, &r);
	ASSERT(is_sent);
	return 0;
}

static bool has_been_forgotten(const struct server *s, peer_id_t peer)
{
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		if (shard_times_forgotten(s->shard[i], peer) != s->slot[peer].times_removed) {
			return false;
		}
	}
	return true;
}

/* True when the table of addresses has one too many. */
static bool move_on(struct server *s, peer_id_t peer)
{
	struct slot *slot = &s->slot[peer];
	uint32_t gone = __atomic_load_n(&s->gone[peer], __ATOMIC_ACQUIRE);
	if (slot->state == SLOT_LEAVING && gone == slot->times_removed) {
		slot->state = SLOT_FORGETTING;
		return true;
	}
	if (slot->state == SLOT_FORGETTING && has_been_forgotten(s, peer)) {
		slot->state = SLOT_FREE;
	}
	return false;
}

unsigned server_settle_members(struct server *s)
{
	unsigned going = 0;
	bool is_stale = s->is_place_stale;
	free_retired(s);
	for (unsigned i = 0; i < s->capacity; i++) {
		if (s->slot[i].state >= SLOT_LEAVING) {
			is_stale = move_on(s, (peer_id_t)i) || is_stale;
			going += s->slot[i].state != SLOT_FREE;
		}
	}
	/* Without memory a row too many does no harm: its member is no member any more. */
	s->is_place_stale = is_stale && !publish(s);
	return going;
}
