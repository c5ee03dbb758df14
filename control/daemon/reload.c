/* Reload, in steps: see reload.h.
 *
 * A worker's ring may be full, and a number may still be a former member's; so what is to be done
 * is a list of tasks, each tried again until it is taken.  New members wait for each other in
 * groups: those that have their numbers get their rules together, and then their sessions. */
#include "control/daemon/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/daemon/client.h"
#include "control/policy/trial.h"
#include "rib/base/check.h"

#define LINES_MAX 32 /* Of the log for one reload. */

enum stage { IDLE, CHANGES, NUMBERS, RULES, ADDITIONS };

/* One member, which the roster knows by `peer`. */
struct task {
	struct config_change change;
	peer_id_t peer; /* PEER_NONE: it has no number yet. */
	bool is_done;	/* ADDED, CHANGED: but for its keys. */
	bool are_keys_done;
};

struct reload_trial {
	struct policy_trial walk;
	struct policy *rules;
};

struct reload {
	struct reload_opts opts;
	struct api_reload api;
	enum stage stage;
	bool is_wanted_again;
	struct task *task;
	unsigned count;
};

static void end(struct reload *r)
{
	free(r->task);
	r->task = NULL;
	r->count = 0;
	r->stage = IDLE;
}

void reload_free(struct reload *r)
{
	if (r != NULL) {
		end(r);
		free(r);
	}
}

/* What makes the whole of it impossible; "" when nothing does. */
static void refuse(const struct reload *r, const struct config *wanted, char *text, size_t len)
{
	if (wanted == NULL) {
		snprintf(text, len, "the configuration is faulty; nothing was changed");
	} else if (wanted->rs_as != r->opts.config->rs_as) {
		snprintf(text, len,
			 "cfg.rs_as is another: that takes a restart of the server; nothing was "
			 "changed");
	} else if (wanted->client_count > r->opts.roster->capacity) {
		snprintf(text, len,
			 "%u neighbours are more than the %u that there is room for; set "
			 "dataplane.members_max and restart the server; nothing was changed",
			 wanted->client_count, r->opts.roster->capacity);
	}
}

static void log_findings(const struct reload_report *report)
{
	char peer[ADDR_TEXT_MAX];
	const struct config_diff *d = &report->diff;
	for (unsigned i = 0; i < d->count && i < LINES_MAX; i++) {
		const struct config_change *c = &d->item[i];
		bool is_member = c->kind <= CHANGE_CHANGED;
		log_event(LOG_NOTICE,
			  c->kind == CHANGE_RESTART ? "applies at the next start" : "reload",
			  "peer", is_member ? addr_format(&c->ip, peer) : NULL, "change",
			  c->kind == CHANGE_RESTART ? NULL : change_kind_text(c->kind), "what",
			  c->what[0] != '\0' ? c->what : NULL, "detail",
			  c->is_new_session ? "the session starts anew" : NULL, NULL);
	}
	if (d->count > LINES_MAX) {
		log_printf(LOG_NOTICE, "reload", "and %u more", d->count - LINES_MAX);
	}
}

static void log_errors(const struct config_errors *errors)
{
	for (unsigned i = 0; i < errors->count; i++) {
		const struct config_error *e = &errors->item[i];
		log_printf(e->is_warning ? LOG_WARNING : LOG_ERROR, "configuration", "%s:%d:%d: %s",
			   e->file, e->line, e->column, e->text);
	}
}

static void make_tasks(struct reload *r, const struct config_diff *diff)
{
	r->task = calloc(diff->count + 1, sizeof(*r->task));
	ASSERT(r->task != NULL);
	for (unsigned i = 0; i < diff->count; i++) {
		if (diff->item[i].kind <= CHANGE_CHANGED) {
			struct task *t = &r->task[r->count++];
			t->change = diff->item[i];
			t->peer = roster_find(r->opts.roster, &t->change.ip);
		}
	}
}

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_ = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

/* `wanted` is in force, but for what only a start can do; what was is freed. */
static void adopt(struct reload *r, struct config *wanted)
{
	struct config *c = r->opts.config;
	struct roster *roster = r->opts.roster;
	SWAP(*c, *wanted);
	SWAP(c->dataplane, wanted->dataplane);
	SWAP(c->control, wanted->control);
	SWAP(c->control.log_level, wanted->control.log_level);
	c->router_id = wanted->router_id;
	c->paths_sent = wanted->paths_sent;
	c->deferral_s = wanted->deferral_s;
	log_set_level(c->control.log_level);
	const struct config_client **order = config_order(c);
	for (unsigned i = 0; i < roster->capacity; i++) {
		peer_id_t peer = (peer_id_t)i;
		if (roster_client(roster, peer) == NULL) {
			continue;
		}
		const struct config_client *now =
			config_find(order, c->client_count, &roster->row[i].addr);
		if (now != NULL) {
			roster_set(roster, peer, now);
		} else {
			roster_remove(roster, peer);
		}
	}
	free(order);
	if (r->opts.adopted != NULL) {
		r->opts.adopted(r->opts.context);
	}
	config_free(wanted);
}

static void trial_free(struct reload_trial *t)
{
	policy_free(t->rules);
	free(t);
}

/* Begin to count what the rules of `wanted` would make of the routes. */
static void try_rules(struct reload *r, const struct config *wanted, struct reload_report *out)
{
	struct policy *rules =
		r->opts.rules_try != NULL ? r->opts.rules_try(r->opts.context, wanted) : NULL;
	if (rules == NULL) {
		return;
	}
	out->trial = calloc(1, sizeof(*out->trial));
	ASSERT(out->trial != NULL);
	out->trial_free = trial_free;
	out->trial->rules = rules;
	policy_trial_begin(&out->trial->walk, r->opts.server, rules);
}

static bool count(void *context, struct reload_report *out)
{
	(void)context;
	struct policy_trial *walk = &out->trial->walk;
	bool is_over = policy_trial_step(walk, JOB_SLICE);
	out->routes.all = walk->routes;
	out->routes.to_rejected = walk->to_rejected;
	out->routes.to_accepted = walk->to_accepted;
	out->routes.other_reason = walk->other_reason;
	out->routes.gone = walk->gone;
	return is_over;
}

static void begin(void *context, bool is_dry, uid_t uid, struct reload_report *out)
{
	struct reload *r = context;
	char by[16];
	*out = (struct reload_report){.is_dry = is_dry};
	if (!is_dry && r->stage != IDLE) {
		snprintf(out->refusal, sizeof(out->refusal),
			 "a reload is under way; try again when it is done");
		return;
	}
	struct config *wanted = config_load(r->opts.file, &out->errors);
	refuse(r, wanted, out->refusal, sizeof(out->refusal));
	if (wanted != NULL) {
		config_diff(r->opts.config, wanted, &out->diff);
	}
	if (is_dry || out->refusal[0] != '\0') {
		if (is_dry && out->refusal[0] == '\0') {
			try_rules(r, wanted, out);
		}
		config_free(wanted);
	} else {
		snprintf(by, sizeof(by), "%u", (unsigned)uid);
		log_event(LOG_NOTICE, "configuration good", "uid", by, NULL);
		log_findings(out);
		make_tasks(r, &out->diff);
		adopt(r, wanted);
		r->stage = CHANGES;
		reload_step(r);
	}
	if (!is_dry) {
		log_errors(&out->errors);
	}
	if (!is_dry && out->refusal[0] != '\0') {
		log_event(LOG_ERROR, "reload refused", "detail", out->refusal, NULL);
	}
}

static bool is_done(const void *context)
{
	const struct reload *r = context;
	return r->stage == IDLE;
}

/* Nothing that was tried for this member will ever succeed. */
static void give_up(struct task *t, int err)
{
	char peer[ADDR_TEXT_MAX];
	log_event(LOG_ERROR, "reload incomplete", "peer", addr_format(&t->change.ip, peer),
		  "detail", strerror(-err), NULL);
	t->is_done = t->are_keys_done = true;
}

static void log_keys(const struct task *t, const struct config_client *client)
{
	static const char *const kinds[] = {
		[SEG_AUTH_NONE] = "none", [SEG_AUTH_MD5] = "TCP-MD5", [SEG_AUTH_AO] = "TCP-AO"};
	char peer[ADDR_TEXT_MAX];
	log_event(LOG_NOTICE, "keys changed", "peer", addr_format(&t->change.ip, peer), "kind",
		  kinds[auth_keys_kind(client->keys)], NULL);
}

static int hand_keys(struct reload *r, const struct task *t, const struct config_client *client)
{
	struct request request = {.kind = REQUEST_KEYS, .peer = t->peer};
	if (client->keys != NULL) {
		request.auth = auth_new(client->keys);
		if (request.auth == NULL) {
			return -ENOMEM;
		}
	}
	if (server_request(r->opts.server, &request)) {
		log_keys(t, client);
		return 0;
	}
	auth_free(request.auth);
	return -EAGAIN;
}

static const struct peeringdb *dump_of(const struct reload *r)
{
	return r->opts.irr != NULL ? irr_peeringdb(r->opts.irr) : NULL;
}

static int change_one(struct reload *r, struct task *t)
{
	struct server *server = r->opts.server;
	const struct config_client *client = roster_client(r->opts.roster, t->peer);
	int err = 0;
	if (t->change.kind == CHANGE_REMOVED) {
		err = server_remove_member(server, t->peer);
		t->is_done = t->are_keys_done = err == 0;
		return err;
	}
	bool is_members = t->change.has_session || t->change.has_limits;
	if (is_members && !t->is_done) {
		const struct member_conf conf = client_member(client, r->opts.state, dump_of(r));
		err = server_change_member(server, t->peer, &conf);
	}
	t->is_done = err == 0;
	if (err == 0 && t->change.has_keys) {
		err = hand_keys(r, t, client);
	}
	t->are_keys_done = err == 0;
	return err;
}

/* Removed and changed members; false when a ring is full. */
static bool do_changes(struct reload *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct task *t = &r->task[i];
		bool is_done = t->is_done && t->are_keys_done;
		int err = is_done || t->change.kind == CHANGE_ADDED ? 0 : change_one(r, t);
		if (err == -EAGAIN) {
			return false;
		}
		if (err != 0) {
			give_up(t, err);
		}
	}
	return true;
}

/* Numbers for new members, as many as there are; whether there is anything to go on with. */
static bool take_numbers(struct reload *r)
{
	const struct config *c = r->opts.config;
	const struct config_client **order = config_order(c);
	unsigned wanted = 0, taken = 0;
	int peer = 0;
	for (unsigned i = 0; i < r->count; i++) {
		struct task *t = &r->task[i];
		if (t->change.kind != CHANGE_ADDED || t->is_done) {
			continue;
		}
		wanted++;
		peer = peer >= 0 ? server_take_member(r->opts.server) : peer;
		if (peer >= 0) {
			taken++;
			t->peer = (peer_id_t)peer;
			roster_set(r->opts.roster, t->peer,
				   config_find(order, c->client_count, &t->change.ip));
		}
	}
	free(order);
	return wanted == 0 || taken > 0;
}

static int add_one(struct reload *r, struct task *t)
{
	const struct config_client *client = roster_client(r->opts.roster, t->peer);
	const struct member_conf conf = client_member(client, r->opts.state, dump_of(r));
	int err = server_add_member(r->opts.server, t->peer, &conf);
	t->is_done = err == 0;
	return err;
}

/* False when a ring is full, or an address still a former member's. */
static bool do_additions(struct reload *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct task *t = &r->task[i];
		bool is_ready = t->change.kind == CHANGE_ADDED && t->peer != PEER_NONE;
		int err = is_ready && !t->is_done ? add_one(r, t) : 0;
		if (err == -EAGAIN) {
			return false;
		}
		if (err != 0) {
			roster_remove(r->opts.roster, t->peer);
			server_give_member(r->opts.server, t->peer);
			give_up(t, err);
		}
	}
	return true;
}

static bool has_more_additions(const struct reload *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (r->task[i].change.kind == CHANGE_ADDED && !r->task[i].is_done) {
			return true;
		}
	}
	return false;
}

static void tell_rules(const struct reload *r)
{
	if (r->opts.rules_changed != NULL) {
		r->opts.rules_changed(r->opts.context);
	}
}

static bool are_rules_settled(const struct reload *r)
{
	return r->opts.rules_are_settled == NULL || r->opts.rules_are_settled(r->opts.context);
}

/* One stage; false when it has to be tried again later. */
static bool step_once(struct reload *r)
{
	switch (r->stage) {
	case IDLE:
		return false;
	case CHANGES:
		if (!do_changes(r)) {
			return false;
		}
		r->stage = NUMBERS;
		return true;
	case NUMBERS:
		if (!take_numbers(r)) {
			return false;
		}
		tell_rules(r);
		r->stage = RULES;
		return true;
	case RULES:
		if (!are_rules_settled(r)) {
			return false;
		}
		r->stage = ADDITIONS;
		return true;
	case ADDITIONS:
		if (!do_additions(r)) {
			return false;
		}
		if (has_more_additions(r)) {
			r->stage = NUMBERS;
			return true;
		}
		log_event(LOG_NOTICE, "reload complete", NULL);
		end(r);
		return false;
	}
	return false;
}

void reload_step(struct reload *r)
{
	while (step_once(r)) {
	}
	if (r->stage == IDLE && r->is_wanted_again) {
		r->is_wanted_again = false;
		reload_signal(r);
	}
}

void reload_signal(struct reload *r)
{
	struct reload_report report;
	if (r->stage != IDLE) {
		r->is_wanted_again = true;
		return;
	}
	begin(r, false, 0, &report);
	reload_report_fini(&report);
}

const struct api_reload *reload_api(const struct reload *r)
{
	return &r->api;
}

struct reload *reload_new(const struct reload_opts *opts)
{
	struct reload *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->opts = *opts;
	r->api = (struct api_reload){
		.context = r, .begin = begin, .count = count, .is_done = is_done};
	return r;
}
