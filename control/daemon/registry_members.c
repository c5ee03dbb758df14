/* Sessions become clients: see registry_members.h. */
#include "control/daemon/registry_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/daemon/registry_client.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

#define BUCKETS 4096

struct registry_members {
	const struct config *config;
	const struct config_client **order; /* Of the files, by address. */
	struct registry_members_opts opts;  /* Empty before it serves. */
	struct registry_member *by_id[BUCKETS], *by_ip[BUCKETS];
	struct registry_members_counts counts;
};

/* One call from outside, and what its sessions may share. */
struct batch {
	struct registry_members *m;
	const struct registry_members_view *view;
	const struct registry_member *last; /* Whose grant was made last; NULL: nobody's. */
	const struct registry_session *kin; /* That one, as the registry has it. */
};

static unsigned id_bucket(const char *id)
{
	return (unsigned)(hash_bytes(id, strlen(id), 0) % BUCKETS);
}

static unsigned ip_bucket(const struct addr *ip)
{
	return (unsigned)(hash_bytes(ip, sizeof(*ip), 0) % BUCKETS);
}

static struct registry_member *find(const struct registry_members *m, const char *id)
{
	struct registry_member *s = m->by_id[id_bucket(id)];
	while (s != NULL && strcmp(s->id.text, id) != 0) {
		s = s->by_id;
	}
	return s;
}

static struct registry_member *find_ip(const struct registry_members *m, const struct addr *ip)
{
	struct registry_member *s = m->by_ip[ip_bucket(ip)];
	while (s != NULL && !addr_equal(&s->ip, ip)) {
		s = s->by_ip;
	}
	return s;
}

/* Whose the client is; two may have an address for as long as a change takes. */
static const struct registry_member *find_client(const struct registry_members *m,
						 const struct config_client *client)
{
	const struct registry_member *s = client != NULL ? m->by_ip[ip_bucket(&client->ip)] : NULL;
	while (s != NULL && s->client != client) {
		s = s->by_ip;
	}
	return s;
}

static void link_ip(struct registry_members *m, struct registry_member *s, const struct addr *ip)
{
	struct registry_member **bucket = &m->by_ip[ip_bucket(ip)];
	s->ip = *ip;
	s->by_ip = *bucket;
	*bucket = s;
}

static void unlink_ip(struct registry_members *m, struct registry_member *s)
{
	struct registry_member **at = &m->by_ip[ip_bucket(&s->ip)];
	while (*at != s) {
		at = &(*at)->by_ip;
	}
	*at = s->by_ip;
}

struct registry_members *registry_members_new(const struct config *c)
{
	struct registry_members *m = calloc(1, sizeof(*m));
	ASSERT(m != NULL);
	m->config = c;
	m->order = config_order(c);
	return m;
}

static void member_free(struct registry_member *s)
{
	registry_grant_put(&s->grant);
	config_client_free(s->client);
	free(s);
}

void registry_members_free(struct registry_members *m)
{
	for (unsigned i = 0; m != NULL && i < BUCKETS; i++) {
		while (m->by_id[i] != NULL) {
			struct registry_member *s = m->by_id[i];
			m->by_id[i] = s->by_id;
			member_free(s);
		}
	}
	if (m != NULL) {
		free(m->order);
		free(m);
	}
}

static bool is_of_files(const struct registry_members *m, const struct addr *ip)
{
	return config_find(m->order, m->config->client_count, ip) != NULL;
}

/* The site is named in the configuration, and has an id in the registry. */
static bool is_ours(const struct batch *b, const struct registry_session *s)
{
	return registry_site_is(b->view->registry, s->site.text, b->m->config->registry.site);
}

/* What an operator or a prefix limit had to say of the session is not about the next one that is
 * given its address. */
static void forget_state(const struct registry_members *m, const struct addr *ip)
{
	char peer[ADDR_TEXT_MAX];
	int err = m->opts.state != NULL && state_find(m->opts.state, ip) != NULL
			  ? state_enable(m->opts.state, ip)
			  : 0;
	if (err != 0) {
		log_event(LOG_ERROR, "disabled neighbour not forgotten", "peer",
			  addr_format(ip, peer), "detail", strerror(-err), NULL);
	}
}

/* `s` is no member with this address any more; another may have it already.  It may have been none,
 * having lost what it takes to be one: of that nothing is to stay, either. */
static void leave(struct registry_members *m, const struct registry_member *s)
{
	if (m->opts.membership != NULL &&
	    membership_client(m->opts.membership, &s->ip) == s->client) {
		membership_set(m->opts.membership, &s->ip, NULL, MEMBERS_OF_REGISTRY);
		forget_state(m, &s->ip);
	}
}

static void drop(struct registry_members *m, struct registry_member *s)
{
	struct registry_member **at = &m->by_id[id_bucket(s->id.text)];
	leave(m, s);
	while (*at != s) {
		at = &(*at)->by_id;
	}
	*at = s->by_id;
	unlink_ip(m, s);
	m->counts.sessions--;
	m->counts.refused -= s->problem[0] != '\0';
	member_free(s);
}

static struct registry_member *add(struct registry_members *m, const struct registry_session *s)
{
	struct registry_member *new = calloc(1, sizeof(*new));
	struct registry_member **bucket = &m->by_id[id_bucket(s->object.id.text)];
	ASSERT(new != NULL);
	new->id = s->object.id;
	new->by_id = *bucket;
	*bucket = new;
	link_ip(m, new, &s->address);
	m->counts.sessions++;
	return new;
}

/* Told when it begins, and when it is another. */
static void set_problem(struct registry_members *m, struct registry_member *s, const char *text)
{
	char peer[ADDR_TEXT_MAX];
	m->counts.refused -= s->problem[0] != '\0';
	m->counts.refused += text[0] != '\0';
	if (strcmp(s->problem, text) == 0) {
		return;
	}
	snprintf(s->problem, sizeof(s->problem), "%s", text);
	if (text[0] != '\0') {
		log_event(LOG_ERROR, "registry session refused", "peer", addr_format(&s->ip, peer),
			  "session", s->id.text, "detail", text, NULL);
	}
}

/* Sessions of a tenant share sets, so that they are made once, and rules need not compare what is
 * the same. */
static void make_grant(struct batch *b, const struct registry_session *from,
		       struct registry_member *s)
{
	const struct registry_members_view *v = b->view;
	bool is_kin = b->last != NULL && strcmp(b->kin->tenant.text, from->tenant.text) == 0;
	const struct registry_grant *before = is_kin ? &b->last->grant : &s->grant;
	struct registry_grant grant;
	if (!is_kin || !registry_grant_of_kin(from, b->kin, before, &grant)) {
		registry_grant(v->registry, v->rules, from, v->now_s, before, &grant);
	}
	registry_grant_put(&s->grant);
	s->grant = grant;
	s->is_limited = from->is_limited;
	b->last = s;
	b->kin = from;
}

/* As the registry has it now. */
static void refresh(struct batch *b, const struct registry_session *from)
{
	struct registry_members *m = b->m;
	struct registry_member *s = find(m, from->object.id.text);
	char why[sizeof(s->problem)] = "";
	if (s == NULL) {
		s = add(m, from);
	} else if (!addr_equal(&s->ip, &from->address)) {
		leave(m, s);
		unlink_ip(m, s);
		link_ip(m, s, &from->address);
	}
	struct config_client *was = s->client;
	make_grant(b, from, s);
	s->is_seen = true;
	s->client = registry_client_new(m->config, b->view->registry, from, &s->grant, why,
					sizeof(why));
	bool is_taken = is_of_files(m, &s->ip);
	if (is_taken) {
		snprintf(why, sizeof(why),
			 "its address is a neighbour's of the configuration's files, which go "
			 "before; remove it there, or give the session another");
	}
	set_problem(m, s, why);
	if (m->opts.membership != NULL && !is_taken) {
		membership_set(m->opts.membership, &s->ip, s->client, MEMBERS_OF_REGISTRY);
	}
	config_client_free(was);
}

static void touch(void *context, const char *id, const struct registry_session *from)
{
	struct batch *b = context;
	struct registry_member *s = find(b->m, id);
	if (from != NULL && is_ours(b, from)) {
		refresh(b, from);
	} else if (s != NULL) {
		b->last = b->last == s ? NULL : b->last;
		drop(b->m, s);
	}
}

static bool touch_each(void *context, const struct registry_object *o)
{
	touch(context, o->id.text, (const struct registry_session *)o);
	return true;
}

void registry_members_load(struct registry_members *m, const struct registry_members_view *v)
{
	struct batch b = {.m = m, .view = v};
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct registry_member *s = m->by_id[i]; s != NULL; s = s->by_id) {
			s->is_seen = false;
		}
	}
	registry_each(v->registry, REGISTRY_SESSION, NULL, NULL, touch_each, &b);
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct registry_member *s = m->by_id[i], *next; s != NULL; s = next) {
			next = s->by_id;
			if (!s->is_seen) {
				drop(m, s);
			}
		}
	}
}

void registry_members_change(struct registry_members *m, const struct registry_members_view *v,
			     const struct registry_change *change)
{
	struct batch b = {.m = m, .view = v};
	registry_touched(v->registry, change, touch, &b);
}

unsigned registry_members_clients(const struct registry_members *m,
				  const struct config_client **out, unsigned max)
{
	unsigned count = 0;
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct registry_member *s = m->by_id[i]; s != NULL; s = s->by_id) {
			if (s->problem[0] == '\0' && count < max) {
				out[count++] = s->client;
			}
		}
	}
	return count;
}

void registry_members_serve(struct registry_members *m, const struct registry_members_opts *opts)
{
	m->opts = *opts;
	for (unsigned i = 0; i < opts->roster->capacity; i++) {
		registry_members_seat(m, (peer_id_t)i);
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct registry_member *s = m->by_id[i]; s != NULL; s = s->by_id) {
			/* There was no number for it at the start. */
			if (s->problem[0] == '\0' &&
			    roster_find(opts->roster, &s->ip) == PEER_NONE) {
				membership_set(opts->membership, &s->ip, s->client,
					       MEMBERS_OF_REGISTRY);
			}
		}
	}
}

void registry_members_configure(struct registry_members *m, const struct registry_members_view *v)
{
	free(m->order);
	m->order = config_order(m->config);
	registry_members_load(m, v);
}

const struct config_client *registry_members_client(const struct registry_members *m,
						    const struct addr *ip)
{
	const struct registry_member *s = find_ip(m, ip);
	return s != NULL ? s->client : NULL;
}

const char *registry_members_problem(const void *members, const char *session)
{
	const struct registry_member *s = find(members, session);
	return s != NULL && s->problem[0] != '\0' ? s->problem : NULL;
}

void registry_members_seat(const struct registry_members *m, peer_id_t peer)
{
	const struct config_client *client = roster_client(m->opts.roster, peer);
	const struct registry_member *s = find_client(m, client);
	if (s == NULL) {
		policy_desk_set_grant(m->opts.desk, peer, NULL);
		return;
	}
	const struct policy_grant grant = {.is_restricted = true,
					   .hears_limited = s->is_limited,
					   .authorised = s->grant.authorised,
					   .limited = s->grant.limited,
					   .draining = s->grant.draining};
	policy_desk_set_grant(m->opts.desk, peer, &grant);
}

struct registry_members_counts registry_members_count(const struct registry_members *m)
{
	return m->counts;
}
