/* rtrlib's sessions, one for each cache.
 *
 * (a) rtrlib calls record_changed() and state_changed() in the session's own thread; what belongs
 *     to that thread (base, change) needs no lock.  Only rtr_mgr_stop() calls them from elsewhere:
 *     to say that the session is to end, and when that thread has ended.
 * (b) Changes are applied at the state ESTABLISHED, which follows End of Data and nothing else.
 * (c) The session's thread may be cancelled at any write(): both callbacks forbid that while they
 *     run, so that nobody dies with the lock in hand.
 * rtrlib's manager reports only changes of a group's state, and an exchange within an established
 * session is none; so the function that it gave the session is called by ours.
 */
#include "control/rpki/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rtrlib/rtrlib.h>

#include "rib/base/check.h"
#include "rib/base/log.h"

/* RFC 8210 §6. */
#define REFRESH_DEFAULT_S 3600
#define EXPIRE_DEFAULT_S  7200
/* Deviates: RFC 8210 §6 has 600 s between attempts; a cache that was restarted is wanted sooner. */
#define RETRY_DEFAULT_S 30
#define CONNECT_S	10
/* Of one exchange; the whole RPKI has half a million VRPs. */
#define CHANGES_MAX ((size_t)8 * 1000 * 1000)

struct rtr_cache {
	struct rtr_socket socket; /* First: a callback is told only its session. */
	struct tr_socket transport;
	struct rtr_socket *sockets[1];
	struct rtr_mgr_config *manager;
	rtr_connection_state_fp manager_fp;
	unsigned refresh_s, retry_s, expire_s;
	char *text[5]; /* What rtrlib may keep pointers to. */
	int event_fd;

	/* The session's thread. */
	struct vrp_set *base;
	struct vrp_change *change;
	size_t change_count, change_max;
	bool is_flooded;

	pthread_mutex_t lock; /* Of what follows. */
	bool is_closed, has_news;
	struct vrp_set *latest;
	struct rtr_cache_report report;
	usec_t synced;
};

static usec_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* rtrlib gives its session as const; it is the first member of what we allocated. */
static struct rtr_cache *cache_of(const struct rtr_socket *socket)
{
	union {
		const struct rtr_socket *socket;
		struct rtr_cache *cache;
	} of = {.socket = socket};
	static_assert(offsetof(struct rtr_cache, socket) == 0, "the session comes first");
	return of.cache;
}

static struct vrp vrp_of(const struct pfx_record *r)
{
	struct addr a = {0};
	if (r->prefix.ver == LRTR_IPV4) {
		a = addr_v4(r->prefix.u.addr4.addr);
	} else {
		a.family = FAMILY_IPV6;
		for (unsigned i = 0; i < 16; i++) {
			uint32_t word = r->prefix.u.addr6.addr[i / 4];
			a.bytes[i] = (uint8_t)(word >> (24 - i % 4 * 8));
		}
	}
	struct vrp v = {.len_max = r->max_len, .asn = r->asn};
	v.prefix = prefix_make(&a, r->min_len);
	return v;
}

/* What a cache sends is checked like any bytes from outside. */
static bool is_sound(const struct pfx_record *r)
{
	unsigned bits = r->prefix.ver == LRTR_IPV4 ? 32 : 128;
	return r->min_len <= r->max_len && r->max_len <= bits;
}

static void record_changed(struct pfx_table *table, const struct pfx_record record,
			   const bool is_added)
{
	(void)table;
	struct rtr_cache *c = cache_of(record.socket);
	if (!is_sound(&record) || c->is_flooded) {
		return;
	}
	if (c->change_count == c->change_max) {
		size_t max = c->change_max == 0 ? 1024 : c->change_max * 2;
		struct vrp_change *more =
			max <= CHANGES_MAX ? reallocarray(c->change, max, sizeof(*more)) : NULL;
		if (more == NULL) {
			c->is_flooded = true;
			return;
		}
		c->change = more;
		c->change_max = max;
	}
	c->change[c->change_count++] =
		(struct vrp_change){.vrp = vrp_of(&record), .is_added = is_added};
}

/* The set after the exchange that has just ended; NULL when it is the same. */
static struct vrp_set *end_exchange(struct rtr_cache *c, uint64_t *out_added, uint64_t *out_removed)
{
	for (size_t i = 0; i < c->change_count; i++) {
		*out_added += c->change[i].is_added ? 1 : 0;
		*out_removed += c->change[i].is_added ? 0 : 1;
	}
	if (c->change_count == 0 || c->is_flooded) {
		return NULL;
	}
	struct vrp_set *after = vrp_set_apply(c->base, c->change, c->change_count);
	free(c->change);
	c->change = NULL;
	c->change_count = 0;
	c->change_max = 0;
	if (after == NULL) {
		c->is_flooded = true;
		return NULL;
	}
	bool is_same = vrp_set_equal(c->base, after);
	vrp_set_put(c->base);
	c->base = after;
	return is_same ? NULL : vrp_set_hold(after);
}

static void take_exchange(struct rtr_cache *c)
{
	uint64_t added = 0, removed = 0;
	/* An operator's word counts more than the cache's. */
	c->socket.refresh_interval = c->refresh_s != 0 ? c->refresh_s : c->socket.refresh_interval;
	c->socket.expire_interval = c->expire_s != 0 ? c->expire_s : c->socket.expire_interval;
	c->socket.retry_interval = c->retry_s != 0 ? c->retry_s : RETRY_DEFAULT_S;
	usec_t begun = monotonic();
	struct vrp_set *after = end_exchange(c, &added, &removed);
	usec_t took = monotonic() - begun;
	pthread_mutex_lock(&c->lock);
	if (after != NULL) {
		vrp_set_put(c->latest);
		c->latest = after;
		c->has_news = true;
	}
	c->synced = monotonic();
	c->report.state = RTR_CACHE_SYNCED;
	c->report.has_synced = true;
	c->report.error = NULL;
	c->report.is_flooded = c->is_flooded;
	c->report.version = c->socket.version;
	c->report.session = c->socket.session_id;
	c->report.serial = c->socket.serial_number;
	c->report.refresh_s = c->socket.refresh_interval;
	c->report.retry_s = c->socket.retry_interval;
	c->report.expire_s = c->socket.expire_interval;
	c->report.took_us = took;
	c->report.exchanges++;
	c->report.added += added;
	c->report.removed += removed;
	pthread_mutex_unlock(&c->lock);
}

static void set_state(struct rtr_cache *c, enum rtr_cache_state state, const char *error)
{
	pthread_mutex_lock(&c->lock);
	c->report.state = state;
	c->report.error = error;
	pthread_mutex_unlock(&c->lock);
}

/* Ask for everything the next time.  A cache that was restarted does not know the old session;
 * StayRTR says so with "Corrupt Data" and not with Cache Reset (RFC 8210 §5.9), and rtrlib would
 * ask in vain until its data expire.  In the session's thread, which is about to connect. */
static void forget_session(struct rtr_cache *c)
{
	c->socket.request_session_id = true;
	c->socket.serial_number = 0;
}

static void note_state(struct rtr_cache *c, enum rtr_socket_state state)
{
	switch (state) {
	case RTR_ESTABLISHED:
		take_exchange(c);
		break;
	case RTR_ERROR_FATAL: /* A connection that the cache has closed is this to rtrlib, too. */
		forget_session(c);
		__attribute__((fallthrough));
	case RTR_ERROR_TRANSPORT:
		set_state(c, RTR_CACHE_LOST,
			  "the session failed, or there is none; it is tried again");
		break;
	case RTR_ERROR_NO_DATA_AVAIL:
		set_state(c, RTR_CACHE_LOST, "it has no data (RFC 8210 §12, code 2)");
		break;
	default:
		break; /* Steps on the way to one of those. */
	}
}

static void ring(struct rtr_cache *c)
{
	const uint64_t one = 1;
	pthread_mutex_lock(&c->lock);
	if (!c->is_closed) {
		/* Full is rung already. */
		ssize_t done = write(c->event_fd, &one, sizeof(one));
		(void)done;
	}
	pthread_mutex_unlock(&c->lock);
}

static void state_changed(const struct rtr_socket *socket, const enum rtr_socket_state state,
			  void *manager, void *group)
{
	struct rtr_cache *c = cache_of(socket);
	int before = 0;
	c->manager_fp(socket, state, manager, group);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	note_state(c, state);
	ring(c);
	pthread_setcancelstate(before, &before);
}

static char *copy(struct rtr_cache *c, unsigned i, const char *text)
{
	if (text != NULL) {
		c->text[i] = strdup(text);
		ASSERT(c->text[i] != NULL);
	}
	return c->text[i];
}

static bool open_transport(struct rtr_cache *c, const struct rtr_cache_opts *o)
{
	char port[8];
	snprintf(port, sizeof(port), "%u", o->port);
	if (!o->is_ssh) {
		const struct tr_tcp_config tcp = {.host = copy(c, 0, o->address),
						  .port = copy(c, 1, port),
						  .connect_timeout = CONNECT_S};
		return tr_tcp_init(&tcp, &c->transport) == TR_SUCCESS;
	}
	const struct tr_ssh_config ssh = {.host = copy(c, 0, o->address),
					  .port = o->port,
					  .username = copy(c, 2, o->user),
					  .client_privkey_path = copy(c, 3, o->private_key),
					  .server_hostkey_path = copy(c, 4, o->host_key),
					  .connect_timeout = CONNECT_S};
	return tr_ssh_init(&ssh, &c->transport) == TR_SUCCESS;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value != 0 ? value : otherwise;
}

static bool open_manager(struct rtr_cache *c)
{
	struct rtr_mgr_group group = {.sockets = c->sockets, .sockets_len = 1, .preference = 1};
	c->socket.tr_socket = &c->transport;
	c->sockets[0] = &c->socket;
	if (rtr_mgr_init(&c->manager, &group, 1, or_default(c->refresh_s, REFRESH_DEFAULT_S),
			 or_default(c->expire_s, EXPIRE_DEFAULT_S),
			 or_default(c->retry_s, RETRY_DEFAULT_S), record_changed, NULL, NULL,
			 NULL) != RTR_SUCCESS) {
		return false;
	}
	c->manager_fp = c->socket.connection_state_fp;
	c->socket.connection_state_fp = state_changed;
	return rtr_mgr_start(c->manager) == RTR_SUCCESS;
}

static void free_cache(struct rtr_cache *c)
{
	if (c->manager != NULL) {
		rtr_mgr_stop(c->manager);
		rtr_mgr_free(c->manager); /* The transport, too. */
	}
	vrp_set_put(c->base);
	vrp_set_put(c->latest);
	free(c->change);
	for (unsigned i = 0; i < ARRAY_COUNT(c->text); i++) {
		free(c->text[i]);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void rtr_cache_hush(void)
{
	FILE *nowhere = log_get_level() < LOG_DEBUG ? fopen("/dev/null", "we") : NULL;
	if (nowhere != NULL) {
		stderr = nowhere;
	}
}

struct rtr_cache *rtr_cache_open(const struct rtr_cache_opts *o, char *why, size_t why_len)
{
	struct rtr_cache *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	pthread_mutex_init(&c->lock, NULL);
	c->refresh_s = o->refresh_s;
	c->retry_s = o->retry_s;
	c->expire_s = o->expire_s;
	c->event_fd = o->event_fd;
	if (!open_transport(c, o) || !open_manager(c)) {
		snprintf(why, why_len, "rtrlib takes neither its address nor its intervals");
		free_cache(c);
		return NULL;
	}
	return c;
}

struct vrp_set *rtr_cache_take(struct rtr_cache *c, struct rtr_cache_report *out)
{
	pthread_mutex_lock(&c->lock);
	struct vrp_set *news = c->has_news ? vrp_set_hold(c->latest) : NULL;
	c->has_news = false;
	*out = c->report;
	out->synced_age_us = c->report.has_synced ? monotonic() - c->synced : 0;
	pthread_mutex_unlock(&c->lock);
	return news;
}

void rtr_cache_again(struct rtr_cache *c)
{
	pthread_mutex_lock(&c->lock);
	c->has_news = c->latest != NULL;
	pthread_mutex_unlock(&c->lock);
}

static void *end_session(void *cache)
{
	free_cache(cache);
	return NULL;
}

void rtr_cache_close(struct rtr_cache *c)
{
	pthread_t thread;
	pthread_mutex_lock(&c->lock);
	c->is_closed = true;
	pthread_mutex_unlock(&c->lock);
	/* rtr_mgr_stop() waits for a session that is connecting or resting. */
	if (pthread_create(&thread, NULL, end_session, c) == 0) {
		pthread_detach(thread);
	}
}
