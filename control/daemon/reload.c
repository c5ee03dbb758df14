/* Reload: see reload.h.  What it does to members is membership's. */
#include "control/daemon/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/policy/trial.h"
#include "rib/base/check.h"

#define LINES_MAX 32 /* Of the log for one reload. */

enum stage { IDLE, MEMBERS, RULES };

struct reload_trial {
	struct policy_trial walk;
	struct policy *rules;
};

struct reload {
	struct reload_opts opts;
	struct api_reload api;
	enum stage stage;
	bool is_wanted_again;
	uint64_t rules; /* RULES: the ticket. */
};

void reload_free(struct reload *r)
{
	free(r);
}

/* Members that the files do not know. */
static unsigned others(const struct reload *r)
{
	const struct config *c = r->opts.config;
	unsigned count = 0;
	for (unsigned i = 0; i < r->opts.roster->capacity; i++) {
		const struct config_client *client = r->opts.roster->row[i].client;
		count += client != NULL &&
			 (client < c->client || client >= c->client + c->client_count);
	}
	return count;
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
	} else if (wanted->client_count + others(r) > r->opts.roster->capacity) {
		snprintf(text, len,
			 "%u neighbours are more than the %u that there is room for; set "
			 "dataplane.members_max and restart the server; nothing was changed",
			 wanted->client_count + others(r), r->opts.roster->capacity);
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

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_ = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

/* Who is in the files, or not any more, is a member, or not any more. */
static void set_members(struct reload *r, const struct config *was)
{
	const struct config *c = r->opts.config;
	struct membership *m = r->opts.membership;
	const struct config_client **order = config_order(c);
	for (unsigned i = 0; i < was->client_count; i++) {
		const struct addr *ip = &was->client[i].ip;
		if (config_find(order, c->client_count, ip) == NULL) {
			const struct config_client *heir =
				r->opts.heir != NULL ? r->opts.heir(r->opts.context, ip) : NULL;
			membership_set(m, ip, heir, MEMBERS_OF_FILES);
		}
	}
	free(order);
	for (unsigned i = 0; i < c->client_count; i++) {
		membership_set(m, &c->client[i].ip, &c->client[i], MEMBERS_OF_FILES);
	}
}

/* `wanted` is in force, but for what only a start can do; what was is freed. */
static void adopt(struct reload *r, struct config *wanted)
{
	struct config *c = r->opts.config;
	SWAP(*c, *wanted);
	SWAP(c->dataplane, wanted->dataplane);
	SWAP(c->control, wanted->control);
	SWAP(c->control.log_level, wanted->control.log_level);
	SWAP(c->registry.is_on, wanted->registry.is_on);
	SWAP(c->registry.database, wanted->registry.database);
	SWAP(c->registry.site, wanted->registry.site);
	SWAP(c->registry.forward, wanted->registry.forward);
	SWAP(c->registry.forward_port, wanted->registry.forward_port);
	SWAP(c->registry.trust_anchor, wanted->registry.trust_anchor);
	c->router_id = wanted->router_id;
	c->paths_sent = wanted->paths_sent;
	c->deferral_s = wanted->deferral_s;
	log_set_level(c->control.log_level);
	set_members(r, wanted);
	if (r->opts.adopted != NULL) {
		r->opts.adopted(r->opts.context);
	}
	membership_touch_rules(r->opts.membership);
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
		adopt(r, wanted);
		r->stage = MEMBERS;
		membership_step(r->opts.membership);
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

/* One stage; false when it has to be tried again later. */
static bool step_once(struct reload *r)
{
	const struct membership *m = r->opts.membership;
	switch (r->stage) {
	case IDLE:
		return false;
	case MEMBERS:
		if (membership_is_busy(m, MEMBERS_OF_FILES)) {
			return false;
		}
		r->rules = membership_rules(m);
		r->stage = RULES;
		return true;
	case RULES:
		if (!membership_are_rules_settled(m, r->rules)) {
			return false;
		}
		log_event(LOG_NOTICE, "reload complete", NULL);
		r->stage = IDLE;
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
