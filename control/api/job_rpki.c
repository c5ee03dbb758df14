/* `rpki`: the sources, one row each; or the VRPs that cover a prefix, and what they make of an
 * origin. */
#include <stdlib.h>

#include "control/api/job.h"
#include "rib/base/check.h"

#define COVERING_MAX 256 /* Shown; there are hardly ever more than ten. */

static void set_number(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static const char *state_of(const struct source *s, const struct rtr_cache_report *rtr)
{
	if (rtr == NULL) {
		return s->is_current ? "current" : "stale";
	}
	switch (rtr->state) {
	case RTR_CACHE_SYNCED:
		return "in sync";
	case RTR_CACHE_LOST:
		return "lost";
	default:
		return "connecting";
	}
}

static json_t *rtr_json(const struct rtr_cache_report *rtr)
{
	json_t *to = json_object();
	json_object_set_new(to, "has_synced", json_boolean(rtr->has_synced));
	set_number(to, "version", rtr->version);
	set_number(to, "session", rtr->session);
	set_number(to, "serial", rtr->serial);
	set_number(to, "refresh_s", rtr->refresh_s);
	set_number(to, "retry_s", rtr->retry_s);
	set_number(to, "expire_s", rtr->expire_s);
	set_number(to, "synced_age_s", rtr->synced_age_us / USEC_PER_SEC);
	set_number(to, "exchanges", rtr->exchanges);
	set_number(to, "added", rtr->added);
	set_number(to, "removed", rtr->removed);
	return to;
}

static json_t *source_json(const struct rpki *rpki, unsigned i, usec_t now)
{
	const struct source *s = rpki_source(rpki, i);
	const struct rtr_cache_report *rtr = rpki_report(rpki, i);
	size_t count = s->vrps != NULL ? s->vrps->count : 0;
	size_t v4 = s->vrps != NULL ? s->vrps->count_v4 : 0;
	json_t *row = json_object();
	json_object_set_new(row, "source", json_string(s->name));
	json_object_set_new(row, "kind", json_string(rtr != NULL ? "cache" : "file"));
	json_object_set_new(row, "state", json_string(state_of(s, rtr)));
	set_number(row, "preference", s->preference);
	json_object_set_new(row, "used", json_boolean(s->is_used));
	json_object_set_new(row, "has_data", json_boolean(s->version > 0));
	set_number(row, "vrps_ipv4", v4);
	set_number(row, "vrps_ipv6", count - v4);
	set_number(row, "aspas", s->aspas.count);
	if (s->version > 0) {
		set_number(row, "took_us", s->took_us);
		set_number(row, "changed_age_s", (now - s->changed) / USEC_PER_SEC);
	}
	if (rtr != NULL) {
		json_object_set_new(row, "rtr", rtr_json(rtr));
	} else if (rpki_written_s(rpki, i) != 0) {
		set_number(row, "written", (uint64_t)rpki_written_s(rpki, i));
	}
	if (s->alarm != SOURCE_FINE) {
		json_object_set_new(row, "alarm", json_string(source_alarm_text(s->alarm)));
		json_object_set_new(row, "detail", json_string(s->detail));
		set_number(row, "alarm_for_s", (now - s->alarm_since) / USEC_PER_SEC);
	}
	return row;
}

static json_t *numbers_json(const struct rpki *rpki, usec_t now)
{
	struct rpki_numbers n = rpki_numbers(rpki);
	json_t *head = json_object();
	set_number(head, "vrps_ipv4", n.v4);
	set_number(head, "vrps_ipv6", n.v6);
	set_number(head, "aspas", n.customers);
	set_number(head, "bytes", n.bytes);
	set_number(head, "changes", n.changes);
	set_number(head, "alarms", rpki_alarms(rpki));
	if (n.changes > 0) {
		set_number(head, "changed_age_s", (now - n.changed) / USEC_PER_SEC);
		set_number(head, "build_us", n.build_us);
	}
	return head;
}

static json_t *covering_json(const struct rpki *rpki, const struct api_request *r, unsigned count)
{
	char text[PREFIX_TEXT_MAX];
	json_t *head = json_object();
	json_object_set_new(head, "prefix", json_string(prefix_format(&r->prefix, text)));
	set_number(head, "covering", count);
	if (r->has_origin) {
		enum rov_state state = roa_validate(rpki_roa(rpki), &r->prefix, r->origin);
		set_number(head, "origin", r->origin);
		json_object_set_new(head, "state", json_string(rov_state_name(state)));
	}
	return head;
}

/* What one VRP says of the prefix, and of the origin when one is asked for.  RFC 6811 §2. */
static const char *verdict_of(const struct vrp *v, const struct api_request *r)
{
	if (r->prefix.len > v->len_max) {
		return "the prefix is longer than it allows";
	}
	if (v->asn == 0) {
		return "nobody may originate it (AS 0)";
	}
	return !r->has_origin ? "allows it" : v->asn == r->origin ? "matches" : "another origin";
}

static json_t *vrp_json(const struct vrp *v, const struct api_request *r)
{
	char text[PREFIX_TEXT_MAX];
	json_t *row = json_object();
	json_object_set_new(row, "prefix", json_string(prefix_format(&v->prefix, text)));
	set_number(row, "max_length", v->len_max);
	set_number(row, "asn", v->asn);
	json_object_set_new(row, "verdict", json_string(verdict_of(v, r)));
	return row;
}

static void put_head(struct reply *out, json_t *head, const char *rows_are)
{
	json_object_set_new(head, "command", json_string(api_command_text(API_RPKI)));
	json_object_set_new(head, "rows_are", json_string(rows_are));
	reply_head(out, head);
}

static bool step(struct job *j, const struct api_env *env, struct reply *out, usec_t now)
{
	struct vrp covering[COVERING_MAX];
	if (env->rpki == NULL) {
		reply_end(out, "refused", "the server has no RPKI data");
		return true;
	}
	if (j->request.has_prefix) {
		unsigned count = roa_covering(rpki_roa(env->rpki), &j->request.prefix, covering,
					      COVERING_MAX);
		put_head(out, covering_json(env->rpki, &j->request, count), "vrps");
		for (unsigned i = 0; i < count && i < COVERING_MAX; i++) {
			reply_row(out, vrp_json(&covering[i], &j->request));
		}
	} else {
		put_head(out, numbers_json(env->rpki, now), "sources");
		unsigned count = j->sight.is_limited ? 0 : rpki_source_count(env->rpki);
		for (unsigned i = 0; i < count; i++) {
			reply_row(out, source_json(env->rpki, i, now));
		}
	}
	reply_end(out, "done", NULL);
	return true;
}

static void free_rpki(struct job *j)
{
	free(j);
}

struct job *job_rpki(const struct api_request *r)
{
	struct job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct job){.step = step, .free = free_rpki, .request = *r};
	return j;
}
