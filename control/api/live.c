/* The server's own resources as calls: the same jobs as those of the control socket, for whoever
 * may see what they tell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/feed.h"
#include "control/api/handlers.h"
#include "control/api/live.h"
#include "control/api/offence_json.h"
#include "rib/base/check.h"

static struct sight sight_of(const struct call *c)
{
	struct sight s = {.is_limited = c->who.role < ROLE_VIEWER};
	s.sees_glass = c->env->config->control.http.is_glass_public;
	if (c->who.role == ROLE_TENANT) {
		memcpy(s.tenant, c->who.tenant.text, sizeof(s.tenant));
	}
	return s;
}

/* Texts of a query as the request's values: what is none of its type stays a text, which the
 * request refuses. */
static json_t *value_of(const char *name, const char *text)
{
	size_t len = strlen(text);
	if (strcmp(name, "filtered") == 0 || strcmp(name, "best") == 0) {
		return json_boolean(strcmp(text, "true") == 0);
	}
	if ((strcmp(name, "origin") == 0 || strcmp(name, "limit") == 0) && len > 0 && len <= 18 &&
	    strspn(text, "0123456789") == len) {
		return json_integer((json_int_t)strtoull(text, NULL, 10));
	}
	json_t *value = json_string(text);
	return value != NULL ? value : json_null();
}

/* The request that the call is; false after a problem. */
static bool request_of(struct call *c, enum api_command command, struct api_request *out)
{
	struct api_fault fault;
	json_t *root = c->body != NULL ? json_copy(c->body) : json_object();
	if (!json_is_object(root) || json_object_get(root, "command") != NULL ||
	    json_object_get(root, "address") != NULL) {
		json_decref(root);
		call_fail(c, 400, "form", "the body has at most a 'reason'");
		return false;
	}
	for (unsigned i = 0; i < c->query_count; i++) {
		json_object_set_new(root, c->query[i].name,
				    value_of(c->query[i].name, c->query[i].value));
	}
	json_object_set_new(root, "command", json_string(api_command_text(command)));
	if (c->arg[0] != NULL) {
		json_object_set_new(root, "address", value_of("address", c->arg[0]));
	}
	bool is_good = api_request_read(root, out, &fault);
	if (!is_good) {
		bool is_in_body = json_object_get(c->body, fault.member) != NULL;
		struct registry_error e = {.status = 400, .reason = "form"};
		(void)snprintf(e.text, sizeof(e.text), "%s", fault.why);
		(void)snprintf(e.pointer, sizeof(e.pointer), "%s/%s", is_in_body ? "" : "/query",
			       fault.member);
		call_problem(c, &e);
	}
	json_decref(root);
	return is_good;
}

void live_run(struct call *c, struct job *j)
{
	j->sight = sight_of(c);
	if (c->who.kind == AUTHOR_TOKEN) {
		memcpy(j->by, c->who.name, sizeof(j->by));
	}
	static_assert(sizeof(j->by) == sizeof(c->who.name), "one name, one size");
	call_stream(c, j);
}

void serve_status(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_STATUS, &r)) {
		live_run(c, job_status(&r));
	}
}

void serve_neighbors(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_NEIGHBORS, &r)) {
		live_run(c, job_neighbors(&r, c->env));
	}
}

void serve_neighbor(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_NEIGHBOR, &r)) {
		live_run(c, job_neighbors(&r, c->env));
	}
}

void serve_offence(struct call *c)
{
	struct api_request r;
	const struct sight sight = sight_of(c);
	if (!request_of(c, API_NEIGHBOR, &r)) {
		return;
	}
	peer_id_t peer = env_find(c->env, &r.address);
	if (peer == PEER_NONE || sight_of_peer(&sight, c->env, peer) != SIGHT_ALL) {
		call_fail(c, 404, "not-found", "%s is not a configured neighbour", c->arg[0]);
		return;
	}
	json_t *offence = offence_json(c->env->server, peer, c->now);
	if (offence == NULL) {
		call_fail(c, 404, "not-found", "every UPDATE of %s was accepted whole", c->arg[0]);
	} else {
		call_answer(c, 200, offence);
	}
}

static void change(struct call *c, enum api_command command)
{
	struct api_request r;
	if (request_of(c, command, &r)) {
		live_run(c, job_change(&r));
	}
}

void serve_enable(struct call *c)
{
	change(c, API_ENABLE);
}

void serve_disable(struct call *c)
{
	change(c, API_DISABLE);
}

void serve_reset(struct call *c)
{
	change(c, API_RESET);
}

void serve_refresh(struct call *c)
{
	change(c, API_REFRESH);
}

void serve_routes(struct call *c)
{
	struct api_request r;
	uint64_t limit;
	const struct call_range range = {1, CALL_LIMIT_MAX, CALL_LIMIT_DEFAULT};
	if (call_query_number(c, "limit", range, &limit) && request_of(c, API_ROUTES, &r)) {
		r.limit = limit;
		live_run(c, job_routes(&r));
	}
}

void serve_explain(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_EXPLAIN, &r)) {
		live_run(c, job_explain(&r));
	}
}

void serve_rpki(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_RPKI, &r)) {
		live_run(c, job_rpki(&r));
	}
}

void serve_irr(struct call *c)
{
	struct api_request r;
	if (request_of(c, API_IRR, &r)) {
		live_run(c, job_irr(&r));
	}
}

/* --- Events --- */

struct live_feed {
	struct call_feed feed; /* First: what the carrier holds. */
	struct feed *from;
	struct feed_reader reader;
	struct sight sight; /* Has the tenant's name. */
};

static bool next_event(struct call_feed *feed, struct call_event *out)
{
	struct live_feed *f = (struct live_feed *)feed;
	struct feed_shown shown;
	if (!feed_read(f->from, &f->reader, &shown)) {
		return false;
	}
	/* Many may hold it: nobody changes it. */
	*out = (struct call_event){
		.id = shown.id, .type = shown.type, .data = json_incref(shown.event)};
	return true;
}

static void free_feed(struct call_feed *feed)
{
	free(feed);
}

/* Who comes for the first time hears what comes; who asks for 0 hears all that is kept. */
static uint64_t begin_at(struct call *c, const struct feed *f)
{
	const char *given = call_query(c, "last_event");
	return c->last_event == 0 && given == NULL ? feed_next_id(f) : feed_after(f, c->last_event);
}

void serve_events(struct call *c)
{
	uint64_t last;
	const struct call_range range = {0, UINT64_MAX, c->last_event};
	if (c->env->feed == NULL) {
		call_fail(c, 404, "not-found", "the server keeps no events");
		return;
	}
	if (!call_query_number(c, "last_event", range, &last)) {
		return;
	}
	c->last_event = last;
	struct live_feed *f = calloc(1, sizeof(*f));
	ASSERT(f != NULL);
	f->feed = (struct call_feed){.next = next_event, .free = free_feed};
	f->from = c->env->feed;
	f->sight = sight_of(c);
	f->reader = (struct feed_reader){.sees_all = !f->sight.is_limited,
					 .sees_open = f->sight.sees_glass,
					 .tenant = f->sight.tenant,
					 .next = begin_at(c, f->from)};
	call_subscribe(c, &f->feed);
}
