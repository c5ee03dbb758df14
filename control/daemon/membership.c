/* Members' tasks: see membership.h.
 *
 * Tasks are in the order in which they came, and found by address.  A step goes over them in three
 * rounds: what is told to members that there are, numbers, and members that are new. */
#include "control/daemon/membership.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/daemon/client.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

#define BUCKETS	      1024
#define RULES_UNKNOWN UINT64_MAX
#define TRIES_MAX     64 /* That may fail in a round: the rest waits for the next step. */

enum stage {
	CHANGE, /* The member that there is has to hear of it. */
	NUMBER,
	RULES,
	ADDITION,
};

struct task {
	struct task *next, *before; /* In order. */
	struct task *chain;	    /* Of its bucket. */
	struct addr ip;
	const struct config_client *client; /* NULL: nobody. */
	enum stage stage;
	peer_id_t peer;	 /* PEER_NONE: it has no number. */
	bool is_leaving; /* CHANGE: whoever has the number goes. */
	bool has_session, has_keys, has_state;
	uint64_t rules;	  /* RULES: the ticket, or RULES_UNKNOWN. */
	unsigned sources; /* Bits. */
};

struct membership {
	struct membership_opts opts;
	struct task *first, *last;
	struct task *bucket[BUCKETS];
	unsigned busy[MEMBER_SOURCE_COUNT];
	bool are_rules_due, is_full;
	uint64_t rules;
};

struct membership *membership_new(const struct membership_opts *opts)
{
	struct membership *m = calloc(1, sizeof(*m));
	ASSERT(m != NULL);
	m->opts = *opts;
	return m;
}

static struct task **bucket_of(struct membership *m, const struct addr *ip)
{
	return &m->bucket[hash_bytes(ip, sizeof(*ip), 0) % BUCKETS];
}

static struct task *find(const struct membership *m, const struct addr *ip)
{
	struct task *t = m->bucket[hash_bytes(ip, sizeof(*ip), 0) % BUCKETS];
	while (t != NULL && !addr_equal(&t->ip, ip)) {
		t = t->chain;
	}
	return t;
}

static void claim(struct membership *m, struct task *t, enum member_source source)
{
	if ((t->sources >> source & 1) == 0) {
		t->sources |= 1u << source;
		m->busy[source]++;
	}
}

static struct task *begin(struct membership *m, const struct addr *ip)
{
	struct task *t = calloc(1, sizeof(*t)), **bucket = bucket_of(m, ip);
	ASSERT(t != NULL);
	t->ip = *ip;
	t->peer = PEER_NONE;
	t->chain = *bucket;
	*bucket = t;
	t->before = m->last;
	*(m->last != NULL ? &m->last->next : &m->first) = t;
	m->last = t;
	return t;
}

static void end(struct membership *m, struct task *t)
{
	struct task **at = bucket_of(m, &t->ip);
	while (*at != t) {
		at = &(*at)->chain;
	}
	*at = t->chain;
	*(t->before != NULL ? &t->before->next : &m->first) = t->next;
	*(t->next != NULL ? &t->next->before : &m->last) = t->before;
	for (unsigned i = 0; i < MEMBER_SOURCE_COUNT; i++) {
		m->busy[i] -= t->sources >> i & 1;
	}
	free(t);
}

void membership_free(struct membership *m)
{
	while (m != NULL && m->first != NULL) {
		end(m, m->first);
	}
	free(m);
}

const struct config_client *membership_client(const struct membership *m, const struct addr *ip)
{
	const struct task *t = find(m, ip);
	return t != NULL ? t->client
			 : roster_client(m->opts.roster, roster_find(m->opts.roster, ip));
}

bool membership_is_busy(const struct membership *m, enum member_source source)
{
	return m->busy[source] > 0;
}

void membership_touch_rules(struct membership *m)
{
	m->are_rules_due = true;
}

bool membership_is_moving(const struct membership *m)
{
	return m->are_rules_due || (m->first != NULL && !m->is_full);
}

uint64_t membership_rules(const struct membership *m)
{
	return m->rules;
}

bool membership_are_rules_settled(const struct membership *m, uint64_t ticket)
{
	return m->opts.rules_are_settled == NULL ||
	       m->opts.rules_are_settled(m->opts.context, ticket);
}

static void seat(struct membership *m, peer_id_t peer, const struct config_client *client)
{
	if (client != NULL) {
		roster_set(m->opts.roster, peer, client);
	} else {
		roster_remove(m->opts.roster, peer);
	}
	if (m->opts.seated != NULL) {
		m->opts.seated(m->opts.context, peer);
	}
}

/* A member that has a number is another. */
static void change(struct membership *m, struct task *t, const struct config_change *what)
{
	t->has_session = t->has_session || what->has_session || what->has_limits;
	t->has_keys = t->has_keys || what->has_keys;
	t->has_state = t->has_state || what->has_state;
	seat(m, t->peer, t->client);
}

/* Its worker does not know it yet: it never came. */
static void forget_number(struct membership *m, struct task *t)
{
	seat(m, t->peer, NULL);
	server_give_member(m->opts.server, t->peer);
	t->peer = PEER_NONE;
	m->are_rules_due = true;
}

/* Another word about a member that has a task. */
static void merge(struct membership *m, struct task *t, const struct config_client *was)
{
	struct config_change what;
	if (t->stage == CHANGE && t->is_leaving) {
		return; /* It goes first, and comes as who it is then. */
	}
	if (t->client == NULL && t->stage == CHANGE) {
		t->is_leaving = true;
		seat(m, t->peer, NULL);
		m->are_rules_due = true;
	} else if (t->client == NULL) {
		if (t->peer != PEER_NONE) {
			forget_number(m, t);
		}
		end(m, t);
	} else if (t->peer != PEER_NONE) {
		bool differs = config_client_diff(was, t->client, &what);
		change(m, t, &what);
		if (differs) {
			m->are_rules_due = true;
			t->rules = RULES_UNKNOWN;
			t->stage = t->stage == CHANGE ? CHANGE : RULES;
		}
	}
}

/* The first word about a member that may be there already. */
static void set_new(struct membership *m, const struct addr *ip, const struct config_client *client,
		    enum member_source source)
{
	struct config_change what = {.has_policy = false};
	peer_id_t peer = roster_find(m->opts.roster, ip);
	const struct config_client *was = roster_client(m->opts.roster, peer);
	if (was == NULL && client == NULL) {
		return;
	}
	if (was != NULL && client != NULL) {
		bool differs = config_client_diff(was, client, &what);
		m->are_rules_due = m->are_rules_due || differs;
		if (!what.has_session && !what.has_limits && !what.has_keys && !what.has_state) {
			seat(m, peer, client);
			return;
		}
	}
	struct task *t = begin(m, ip);
	t->client = client;
	t->peer = peer;
	t->stage = was != NULL ? CHANGE : NUMBER;
	claim(m, t, source);
	if (was != NULL && client != NULL) {
		change(m, t, &what);
	} else if (was != NULL) {
		t->is_leaving = true;
		seat(m, peer, NULL);
		m->are_rules_due = true;
	}
}

void membership_set(struct membership *m, const struct addr *ip, const struct config_client *client,
		    enum member_source source)
{
	struct task *t = find(m, ip);
	ASSERT(client == NULL || addr_equal(&client->ip, ip));
	if (t == NULL) {
		set_new(m, ip, client, source);
		return;
	}
	const struct config_client *was = t->client;
	t->client = client;
	claim(m, t, source);
	merge(m, t, was);
}

/* Nothing that was tried for this member will ever succeed. */
static void give_up(struct membership *m, struct task *t, int err)
{
	char peer[ADDR_TEXT_MAX];
	log_event(LOG_ERROR, "member incomplete", "peer", addr_format(&t->ip, peer), "detail",
		  strerror(-err), NULL);
	end(m, t);
}

static const struct peeringdb *dump_of(const struct membership *m)
{
	return m->opts.irr != NULL ? irr_peeringdb(m->opts.irr) : NULL;
}

static void log_keys(const struct task *t)
{
	static const char *const kinds[] = {
		[SEG_AUTH_NONE] = "none", [SEG_AUTH_MD5] = "TCP-MD5", [SEG_AUTH_AO] = "TCP-AO"};
	char peer[ADDR_TEXT_MAX];
	log_event(LOG_NOTICE, "keys changed", "peer", addr_format(&t->ip, peer), "kind",
		  kinds[auth_keys_kind(t->client->keys)], NULL);
}

static int hand_keys(struct membership *m, const struct task *t)
{
	struct request request = {.kind = REQUEST_KEYS, .peer = t->peer};
	if (t->client->keys != NULL) {
		request.auth = auth_new(t->client->keys);
		if (request.auth == NULL) {
			return -ENOMEM;
		}
	}
	if (server_request(m->opts.server, &request)) {
		log_keys(t);
		return 0;
	}
	auth_free(request.auth);
	return -EAGAIN;
}

/* Enabled or not; RFC 9003's text says why, the operator's word before the registry's. */
static int hand_state(struct membership *m, const struct task *t)
{
	const struct state_disabled *by_hand = state_find(m->opts.state, &t->ip);
	const char *why = by_hand != NULL ? by_hand->reason : t->client->disabled_why;
	bool is_enabled = by_hand == NULL && !t->client->is_disabled;
	struct request request = {.kind = is_enabled ? REQUEST_ENABLE : REQUEST_DISABLE,
				  .peer = t->peer};
	snprintf(request.text, sizeof(request.text), "%s", why != NULL ? why : "");
	return server_request(m->opts.server, &request) ? 0 : -EAGAIN;
}

static int hand_session(struct membership *m, const struct task *t)
{
	const struct member_conf conf = client_member(t->client, m->opts.state, dump_of(m));
	return server_change_member(m->opts.server, t->peer, &conf);
}

/* Each part that is told is not told again. */
static int tell(struct membership *m, struct task *t)
{
	int err = 0;
	if (t->is_leaving) {
		return server_remove_member(m->opts.server, t->peer);
	}
	if (t->has_session) {
		err = hand_session(m, t);
		t->has_session = err != 0;
	}
	if (err == 0 && t->has_keys) {
		err = hand_keys(m, t);
		t->has_keys = err != 0;
	}
	if (err == 0 && t->has_state) {
		err = hand_state(m, t);
		t->has_state = err != 0;
	}
	return err;
}

/* Who has left may be wanted again, with another number. */
static void told(struct membership *m, struct task *t)
{
	if (t->client != NULL && t->is_leaving) {
		t->is_leaving = false;
		t->peer = PEER_NONE;
		t->stage = NUMBER;
	} else {
		end(m, t);
	}
}

static void do_changes(struct membership *m)
{
	unsigned failed = 0;
	for (struct task *t = m->first, *next; t != NULL && failed < TRIES_MAX; t = next) {
		next = t->next;
		int err = t->stage == CHANGE ? tell(m, t) : 0;
		if (t->stage != CHANGE) {
			continue;
		}
		if (err == 0) {
			told(m, t);
		} else if (err == -EAGAIN) {
			failed++;
		} else {
			give_up(m, t, err);
		}
	}
}

/* Said once, until there is room again. */
static void note_room(struct membership *m, int err)
{
	if (err == -ENOSPC && !m->is_full) {
		log_event(LOG_ERROR, "no room for more members", "detail",
			  "raise dataplane.members_max and restart the server", NULL);
	}
	m->is_full = err == -ENOSPC;
}

/* As many as there are. */
static void take_numbers(struct membership *m)
{
	for (struct task *t = m->first; t != NULL; t = t->next) {
		if (t->stage != NUMBER) {
			continue;
		}
		enum keep keep = keep_of(t->client);
		int peer = server_take_member(m->opts.server, roster_kept(m->opts.roster, keep));
		if (peer < 0) {
			note_room(m, peer);
			return;
		}
		t->peer = (peer_id_t)peer;
		roster_share(m->opts.roster, t->peer, keep);
		t->stage = RULES;
		t->rules = RULES_UNKNOWN;
		seat(m, t->peer, t->client);
		m->are_rules_due = true;
	}
}

static void see_to_rules(struct membership *m)
{
	if (m->are_rules_due) {
		m->are_rules_due = false;
		m->rules = m->opts.rules_changed != NULL ? m->opts.rules_changed(m->opts.context)
							 : m->rules;
	}
	for (struct task *t = m->first; t != NULL; t = t->next) {
		if (t->stage == RULES && t->rules == RULES_UNKNOWN) {
			t->rules = m->rules;
		}
		if (t->stage == RULES && membership_are_rules_settled(m, t->rules)) {
			t->stage = ADDITION;
		}
	}
}

static void do_additions(struct membership *m)
{
	unsigned failed = 0;
	for (struct task *t = m->first, *next; t != NULL && failed < TRIES_MAX; t = next) {
		next = t->next;
		if (t->stage != ADDITION) {
			continue;
		}
		const struct member_conf conf = client_member(t->client, m->opts.state, dump_of(m));
		int err = server_add_member(m->opts.server, t->peer, &conf);
		if (err == 0) {
			end(m, t);
		} else if (err == -EAGAIN) {
			failed++;
		} else {
			forget_number(m, t);
			give_up(m, t, err);
		}
	}
}

void membership_step(struct membership *m)
{
	if (m->first == NULL && !m->are_rules_due) {
		return;
	}
	do_changes(m);
	take_numbers(m);
	see_to_rules(m);
	do_additions(m);
}
