/* Store, registrar, members and rules in one: see registry.h. */
#include "control/daemon/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "control/config/client_make.h"
#include "control/daemon/in_force.h"
#include "control/daemon/registry_origin.h"
#include "rib/base/check.h"

#define LOAD_US	    (10 * USEC_PER_SEC)
#define SERVERS_MAX 256 /* Addresses of ours. */

struct registry_source {
	const struct config *config;
	struct registrar *registrar;
	struct registry_members *members;
	struct registry_members_opts opts; /* Empty before there is a server. */
	struct registry_rules rules;
	const struct config_client **order; /* Of the files' clients. */
	struct addr ours[SERVERS_MAX];
	struct rules *server_rules; /* Of the server; NULL before there is one. */
	bool is_origin_due;	    /* What the server originates may be others. */
	bool is_origin_full;	    /* It was told that some wait. */
	struct prefix originated[RULES_ORIGINATED_MAX]; /* In order. */
	unsigned originated_count;
	usec_t (*clock)(void);
	int64_t now_s;
	unsigned overdue;  /* registry_overdue(), while nothing can be written down; */
	int64_t overdue_s; /* when that is to be looked at again. */
	struct in_force pending;
	struct registry_numbers numbers;
};

static bool is_taken(void *context, const struct addr *a)
{
	const struct registry_source *s = context;
	return config_find(s->order, s->config->client_count, a) != NULL;
}

/* Ids, secrets and keys come from this.  The kernel's pool is there long before us. */
static void random_bytes(void *context, void *out, size_t len)
{
	(void)context;
	for (uint8_t *at = out; len > 0;) {
		ssize_t got = getrandom(at, len, 0);
		ASSERT(got > 0 || errno == EINTR);
		at += got > 0 ? got : 0;
		len -= got > 0 ? (size_t)got : 0;
	}
}

static void make_rules(struct registry_source *s)
{
	const struct config *c = s->config;
	const struct registry_conf *conf = &c->registry;
	struct registry_rules *r = &s->rules;
	static_assert(REGISTRY_PROOF_LETTER == (int)EVIDENCE_LETTER, "one order of proofs");
	registry_rules_init(r);
	free(s->order);
	s->order = config_order(c);
	r->bogons = c->policy.bogons;
	r->has_test_asns = config_takes_test_asns(c);
	r->evidence_accepted = conf->accepted;
	r->has_aut_num = (conf->accepted >> REGISTRY_PROOF_IRR & 1) != 0 &&
			 c->irr.files_dir == NULL && c->irr.aut_num_sources[0] != '\0';
	r->recheck_s = conf->recheck_s;
	r->drain_s = conf->drain_s;
	r->rs_as = c->rs_as;
	for (unsigned i = 0; i < REGISTRY_PROOF_COUNT; i++) {
		r->grace_s[i] = conf->grace_s[i];
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		r->len[f].min = conf->len[f].min;
		r->len[f].max = conf->len[f].max;
	}
	r->quota = (struct registry_quota){.asns = conf->limits.asns,
					   .prefixes = conf->limits.prefixes,
					   .sessions = conf->limits.sessions,
					   .routes_ipv4 = conf->limits.routes_ipv4,
					   .routes_ipv6 = conf->limits.routes_ipv6};
	r->server_addr = s->ours;
	for (unsigned p = 0; p < c->dataplane.port_count; p++) {
		const struct config_port *port = &c->dataplane.port[p];
		for (unsigned i = 0; i < port->addr_count && r->server_addr_count < SERVERS_MAX;
		     i++) {
			s->ours[r->server_addr_count++] = port->addr[i].addr;
		}
	}
	r->is_taken = is_taken;
	r->context = s;
	r->random = random_bytes;
}

static struct registry_members_view view_of(const struct registry_source *s)
{
	return (struct registry_members_view){.registry = registrar_registry(s->registrar),
					      .rules = &s->rules,
					      .now_s = s->now_s};
}

/* All that there are, each prefix once; the caller frees them. */
static struct policy_originated *look_for_origins(const struct registry_source *s,
						  unsigned *out_count)
{
	const struct registry *r = registrar_registry(s->registrar);
	const char *site = s->config->registry.site;
	unsigned room = RULES_ORIGINATED_MAX;
	for (;;) {
		struct policy_originated *item = calloc(room, sizeof(*item));
		ASSERT(item != NULL);
		*out_count = registry_origins(r, site, s->now_s, item, room);
		if (*out_count <= room) {
			return item;
		}
		room = *out_count;
		free(item);
	}
}

/* Those that there is no room for wait; those that end make room. */
static void originate(struct registry_source *s)
{
	unsigned count, all;
	struct policy_originated *item = look_for_origins(s, &all);
	count = registry_origins_fit(item, all, s->originated, s->originated_count,
				     RULES_ORIGINATED_MAX);
	rules_set_originated(s->server_rules, item, count);
	for (unsigned i = 0; i < count; i++) {
		s->originated[i] = item[i].prefix;
	}
	s->originated_count = count;
	if (count < all && !s->is_origin_full) {
		log_printf(LOG_ERROR, "too many originated prefixes",
			   "the server announces at most %u for customers; %u wait",
			   RULES_ORIGINATED_MAX, all - count);
	}
	s->is_origin_full = count < all;
	free(item);
}

static void changed(void *context, const struct registry_change *change)
{
	struct registry_source *s = context;
	const struct registry_members_view view = view_of(s);
	if (s->opts.membership != NULL) {
		in_force_await(&s->pending, registry_revision(view.registry), s->clock());
	}
	s->is_origin_due = s->is_origin_due || registry_origins_touched(change);
	if (change != NULL) {
		registry_members_change(s->members, &view, change);
	} else {
		registry_members_load(s->members, &view);
	}
}

struct registry_source *registry_source_open(const struct config *c, char *why, size_t why_len)
{
	const struct store_opts opts = {.url = c->registry.database,
					.state_dir = c->control.state_dir};
	struct store *store = store_open(&opts, why, why_len);
	if (store == NULL) {
		return NULL;
	}
	struct registry_source *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->config = c;
	s->now_s = (int64_t)time(NULL);
	make_rules(s);
	s->members = registry_members_new(c);
	s->registrar = registrar_new(store, &s->rules);
	registrar_listen(s->registrar, changed, s);
	return s;
}

void registry_source_free(struct registry_source *s)
{
	if (s != NULL) {
		registrar_free(s->registrar);
		registry_members_free(s->members);
		free(s->order);
		free(s);
	}
}

bool registry_source_load(struct registry_source *s, usec_t (*clock)(void))
{
	const usec_t begun = clock();
	while (registrar_state(s->registrar, NULL) == REGISTRAR_LOADING) {
		struct pollfd fds[REGISTRY_FDS_MAX];
		unsigned count = registry_source_fds(s, fds);
		if (clock() - begun > LOAD_US) {
			return false;
		}
		(void)poll(fds, count, 100);
		registry_source_step(s, clock(), (int64_t)time(NULL));
	}
	return true;
}

struct registrar *registry_source_registrar(const struct registry_source *s)
{
	return s->registrar;
}

struct registry_members *registry_source_members(const struct registry_source *s)
{
	return s->members;
}

void registry_source_serve(struct registry_source *s, const struct registry_members_opts *opts,
			   struct rules *rules, usec_t (*clock)(void))
{
	s->opts = *opts;
	s->server_rules = rules;
	s->is_origin_due = true;
	s->clock = clock;
	registry_members_serve(s->members, opts);
}

void registry_source_adopt(struct registry_source *s)
{
	make_rules(s);
	registrar_set_rules(s->registrar, &s->rules);
	const struct registry_members_view view = view_of(s);
	registry_members_configure(s->members, &view);
	s->is_origin_due = true;
}

usec_t registry_source_due(const struct registry_source *s)
{
	return registrar_due(s->registrar);
}

unsigned registry_source_fds(const struct registry_source *s, struct pollfd *out)
{
	return registrar_fds(s->registrar, out);
}

/* What time alone changes the registrar writes down, and all follow that.  While it cannot, windows
 * end all the same. */
static void end_windows(struct registry_source *s)
{
	enum registrar_state state = registrar_state(s->registrar, NULL);
	const struct registry_members_view view = view_of(s);
	if (state == REGISTRAR_READY || state == REGISTRAR_LOADING) {
		s->overdue = 0;
		s->overdue_s = 0;
	} else if (s->now_s >= s->overdue_s) {
		unsigned count = registry_overdue(view.registry, s->now_s, &s->overdue_s);
		if (count != s->overdue) {
			s->overdue = count;
			s->is_origin_due = true;
			registry_members_load(s->members, &view);
		}
	}
}

void registry_source_step(struct registry_source *s, usec_t now, int64_t now_s)
{
	s->now_s = now_s;
	(void)registrar_step(s->registrar, now, now_s);
	end_windows(s);
	if (s->is_origin_due && s->server_rules != NULL) {
		s->is_origin_due = false;
		originate(s);
	}
}

static void note(struct registry_numbers *n, const struct in_force_change *p, usec_t now)
{
	n->revision_in_force = p->revision;
	n->took_us = now - p->since;
	n->took_us_max = max_u64(n->took_us_max, n->took_us);
	n->changes++;
	n->slow += n->took_us > REGISTRY_SLOW_US;
}

/* In order: a change is in force when those before it are. */
void registry_source_measure(struct registry_source *s)
{
	const struct in_force_change *first = in_force_first(&s->pending);
	if (first == NULL) {
		return;
	}
	/* The turn's `now` is from before the changes that came in it. */
	const usec_t now = s->clock();
	/* Which rules they take is known now that the members' step has seen to them. */
	in_force_take(&s->pending, policy_desk_ticket(s->opts.desk));
	while (first != NULL && !membership_is_busy(s->opts.membership, MEMBERS_OF_REGISTRY) &&
	       policy_desk_is_settled(s->opts.desk, first->ticket)) {
		note(&s->numbers, first, now);
		in_force_pass(&s->pending);
		first = in_force_first(&s->pending);
	}
}

struct registry_numbers registry_source_numbers(const struct registry_source *s)
{
	struct registry_numbers n = s->numbers;
	const struct registry_members_counts counts = registry_members_count(s->members);
	n.is_on = true;
	n.state = registrar_state_text(registrar_state(s->registrar, &n.why));
	n.revision = registry_revision(registrar_registry(s->registrar));
	n.has_duty = registrar_has_duty(s->registrar);
	n.sessions = counts.sessions;
	n.refused = counts.refused;
	n.pending = s->pending.count;
	return n;
}
