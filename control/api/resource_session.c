/* What is the server's of a session: the customer's configuration for it, and how it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/api/live.h"
#include "control/api/resource.h"
#include "control/registry/authorise.h"
#include "control/snippet/snippet.h"
#include "rib/base/check.h"

#define PREFIXES_MAX 256 /* In a configuration to copy. */

struct draft {
	struct snippet snippet;
	char name[64];
	const struct registry_session *session;
	struct snippet_prefix prefix[PREFIXES_MAX];
};

static bool is_at_site(const struct registry_prefix *p, const struct registry_session *s)
{
	bool is = p->sites.count == 0;
	for (size_t i = 0; i < p->sites.count; i++) {
		is = is || strcmp(p->sites.item[i].text, s->site.text) == 0;
	}
	return is;
}

/* Whether the customer will announce it, if all goes well. */
static bool is_coming(const struct registry_prefix *p)
{
	switch (p->state) {
	case PREFIX_RELEASED:
	case PREFIX_FAILED:
	case PREFIX_EXPIRED:
	case PREFIX_DRAINING:
	case PREFIX_WITHDRAWN:
		return false;
	default:
		return true;
	}
}

static bool add_prefix(void *context, const struct registry_object *o)
{
	struct draft *d = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	if (d->snippet.prefix_count == PREFIXES_MAX) {
		return false;
	}
	if (is_coming(p) && is_at_site(p, d->session) &&
	    (d->session->families & REGISTRY_FAMILY_BIT(p->prefix.family)) != 0) {
		uint32_t max = p->max_length > p->prefix.len ? p->max_length : p->prefix.len;
		d->prefix[d->snippet.prefix_count++] =
			(struct snippet_prefix){.prefix = p->prefix, .max_len = (uint8_t)max};
	}
	return true;
}

/* RFC 9234: what the customer is to us, when we are this to it. */
static const char *role_of(uint8_t ours)
{
	static const char *const theirs[] = {
		[SESSION_ROLE_PROVIDER] = "customer", [SESSION_ROLE_RS] = "rs-client",
		[SESSION_ROLE_RS_CLIENT] = "rs",      [SESSION_ROLE_CUSTOMER] = "provider",
		[SESSION_ROLE_PEER] = "peer",
	};
	return ours < ARRAY_COUNT(theirs) ? theirs[ours] : NULL;
}

static void put_options(struct snippet *out, const struct registry_session *s)
{
	static const enum snippet_auth auths[] = {[SESSION_AUTH_NONE] = SNIPPET_AUTH_NONE,
						  [SESSION_AUTH_MD5] = SNIPPET_AUTH_MD5,
						  [SESSION_AUTH_TCP_AO] = SNIPPET_AUTH_AO};
	const struct registry_session_options *o = &s->options;
	ASSERT(o->authentication < ARRAY_COUNT(auths));
	out->auth = auths[o->authentication];
	/* What we receive is what the customer sends. */
	out->ao_send_id = (uint8_t)s->key_recv_id;
	out->ao_recv_id = (uint8_t)s->key_send_id;
	out->has_gtsm = o->gtsm;
	out->multihop = (uint8_t)o->multihop;
	out->hold_s = (uint16_t)o->hold_time;
	out->role = role_of(o->role);
	out->has_several[0] = o->add_path == PATHS_TX || o->add_path == PATHS_BOTH;
	out->has_several[1] = o->add_path == PATHS_RX || o->add_path == PATHS_BOTH;
}

/* Ours in the subnet that `member` is in, where the site does not say it; zero: there is none. */
static struct addr own_address(const struct config *config, const struct addr *member)
{
	for (unsigned i = 0; i < config->dataplane.port_count; i++) {
		const struct config_port *port = &config->dataplane.port[i];
		for (unsigned k = 0; k < port->addr_count; k++) {
			struct prefix subnet =
				prefix_make(&port->addr[k].addr, port->addr[k].prefix_len);
			if (prefix_has_addr(&subnet, member)) {
				return port->addr[k].addr;
			}
		}
	}
	return (struct addr){.family = FAMILY_IPV4};
}

static struct addr server_of(const struct call *c, const struct registry_site *site,
			     const struct addr *member)
{
	struct addr said = member->family == FAMILY_IPV6 ? site->server_ipv6 : site->server_ipv4;
	const char *ours = c->env->config->registry.site;
	bool is_here = ours == NULL || strcmp(ours, site->name) == 0;
	return addr_is_zero(&said) && is_here ? own_address(c->env->config, member) : said;
}

static void fill(struct draft *d, const struct call *c, const struct registry *r,
		 const struct registry_site *site)
{
	const struct registry_session *s = d->session;
	bool is_v6 = s->address.family == FAMILY_IPV6;
	/* A name of its own: several texts go into one router, where descriptions may be alike, or
	 * words of its language. */
	snprintf(d->name, sizeof(d->name), "%.10s_ipv%c_%.6s", site->name, is_v6 ? '6' : '4',
		 s->object.id.text + 2);
	d->snippet.name = d->name;
	d->snippet.asn = s->asn;
	d->snippet.server_asn = site->server_asn != 0 ? site->server_asn : c->env->config->rs_as;
	d->snippet.local = s->address;
	d->snippet.server = server_of(c, site, &s->address);
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		d->snippet.families[family] = (s->families & REGISTRY_FAMILY_BIT(family)) != 0;
	}
	put_options(&d->snippet, s);
	registry_each(r, REGISTRY_PREFIX, s->tenant.text, NULL, add_prefix, d);
	d->snippet.prefix = d->prefix;
}

static bool find_router(struct call *c, enum snippet_router *out)
{
	const char *name = call_query(c, "router");
	if (name == NULL || !snippet_router_find(name, out)) {
		call_fail(c, 400, "form",
			  "'router' must be bird, bird3, frr, openbgpd, gobgp, ios-xe, ios-xr, "
			  "junos, eos or mikrotik");
		return false;
	}
	return true;
}

void serve_configuration(struct call *c)
{
	enum snippet_router router;
	const struct registry *r = resource_registry(c);
	const struct registry_object *o = r != NULL ? resource_object(c) : NULL;
	if (o == NULL || !find_router(c, &router)) {
		return;
	}
	const struct registry_session *s = (const struct registry_session *)o;
	const struct registry_object *site = registry_get(r, REGISTRY_SITE, s->site.text);
	struct draft *d = calloc(1, sizeof(*d));
	ASSERT(d != NULL && site != NULL);
	d->session = s;
	fill(d, c, r, (const struct registry_site *)site);
	if (addr_is_zero(&d->snippet.server)) {
		const char *family = s->address.family == FAMILY_IPV6 ? "6" : "4";
		free(d);
		call_fail(c, 409, "refused",
			  "set server_ipv%s of the site %s: the route server's "
			  "address there is not known",
			  family, ((const struct registry_site *)site)->name);
		return;
	}
	char *text = snippet_text(router, &d->snippet);
	free(d);
	if (text == NULL) {
		call_fail(c, 500, "memory", "the configuration could not be made");
		return;
	}
	call_answer_bytes(c, "text/plain; charset=utf-8", text, strlen(text));
}

/* Whether the neighbour with its address is this session, and not a client of the files. */
static bool is_member(const struct api_env *env, const struct registry_session *s)
{
	const struct config_client *client =
		roster_client(env->roster, roster_find(env->roster, &s->address));
	return client != NULL && client->session_id != NULL &&
	       strcmp(client->session_id, s->object.id.text) == 0;
}

/* Why it is none of our members although it runs. */
static void say_no_member(const struct api_env *env, const struct registry *r,
			  const struct registry_session *s, struct registry_why *out)
{
	const struct registry_object *site = registry_get(r, REGISTRY_SITE, s->site.text);
	const char *ours = env->config->registry.site;
	const char *theirs = site != NULL ? ((const struct registry_site *)site)->name : "";
	const char *problem = env->session_problem != NULL
				      ? env->session_problem(env->members, s->object.id.text)
				      : NULL;
	*out = (struct registry_why){.remedy = "Talk to the operator."};
	if (ours != NULL && strcmp(ours, theirs) != 0) {
		snprintf(out->text, sizeof(out->text), "The session is at the site %.100s.",
			 theirs);
		snprintf(out->remedy, sizeof(out->remedy), "Ask the route server of that site.");
	} else {
		snprintf(out->text, sizeof(out->text), "%s",
			 problem != NULL ? problem : "This server has no room for it.");
	}
}

/* A session that does not run is not among the neighbours, nor one of another site: why not is the
 * answer. */
void serve_session_status(struct call *c)
{
	struct registry_why why;
	const struct registry *r = resource_registry(c);
	const struct registry_object *o = r != NULL ? resource_object(c) : NULL;
	if (o == NULL) {
		return;
	}
	const struct registry_session *s = (const struct registry_session *)o;
	bool runs = registry_session_runs(r, s, &why);
	if (runs && !is_member(c->env, s)) {
		say_no_member(c->env, r, s, &why);
		runs = false;
	}
	if (!runs) {
		call_answer(c, 200,
			    json_pack("{s:[], s:s, s:s, s:s, s:n}", "rows", "status", "done",
				      "text", why.text, "remedy", why.remedy, "next_cursor"));
		return;
	}
	const struct api_request request = {
		.command = API_NEIGHBOR, .has_address = true, .address = s->address};
	live_run(c, job_neighbors(&request, c->env));
}
