/* The numbers of sessions: taken for all members first, then written family by family. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/counts.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

#define MEMBERS_SLICE 128 /* Each costs about two thousand reads on eight workers. */

static void add_rejected(struct metrics *m, unsigned family, unsigned reason, uint64_t count)
{
	if (m->rejected_count == m->rejected_size) {
		m->rejected_size = m->rejected_size > 0 ? 2 * m->rejected_size : 64;
		m->rejected = realloc(m->rejected, m->rejected_size * sizeof(*m->rejected));
		ASSERT(m->rejected != NULL);
	}
	m->rejected[m->rejected_count++] = (struct metrics_rejected){.member = m->member_count,
								     .family = (uint8_t)family,
								     .reason = (uint8_t)reason,
								     .count = count};
}

static void take_family(struct metrics *m, struct metrics_member *to, peer_id_t peer,
			const struct member_status *st, unsigned f)
{
	const struct server *s = m->env->server;
	struct peer_counts c = peer_counts(s, (enum family)f, peer);
	to->received[f] = c.received;
	to->accepted[f] = c.accepted;
	to->filtered[f] = c.received - c.accepted;
	to->stale[f] = c.stale;
	to->blocked[f] = c.blocked;
	to->exported[f] = exported_family(&m->exported, peer, st, (enum family)f);
	to->limit[f] = st->max_prefix.rules.limit[f];
	to->exceeded[f] = st->max_prefix.exceeded[f];
	to->warned[f] = st->max_prefix.warnings[f];
	for (unsigned reason = REJECT_NONE + 1; reason < REJECT_COUNT; reason++) {
		uint64_t count = peer_rejected(s, (enum family)f, peer, (enum reject)reason);
		if (count > 0) {
			add_rejected(m, f, reason, count);
		}
	}
}

static void take_import(struct metrics_member *to, const struct import_stats *st)
{
	to->updates_in = metric_get(&st->updates);
	to->announced = metric_get(&st->announced);
	to->withdrawn = metric_get(&st->withdrawn);
	to->treat_as_withdraw = metric_get(&st->treat_as_withdraw);
	to->attr_discard = metric_get(&st->attr_discard);
	to->afi_disable = metric_get(&st->afi_disable);
	to->session_reset = metric_get(&st->session_reset);
}

static void take_session(struct metrics_member *to, const struct member_status *st)
{
	for (unsigned i = 1; i < ARRAY_COUNT(st->session.messages_in); i++) {
		to->messages_in += metric_get(&st->session.messages_in[i]);
		to->messages_out += metric_get(&st->session.messages_out[i]);
	}
	to->established = metric_get(&st->session.established);
	to->collisions = st->collisions;
	to->prefixes_sent = st->prefixes_sent;
	to->withdraws_sent = st->withdraws_sent;
	to->bytes_in = st->bytes_in;
	to->bytes_out = st->bytes_out;
	to->retransmits = st->retransmits;
	to->rtt_us = st->rtt_min_us;
	to->sendq_bytes = st->sendq_bytes;
	to->pending = st->pending;
	to->evictions = st->evictions;
}

static void take_member(struct metrics *m, peer_id_t peer, const struct config_client *client)
{
	struct metrics_member *to = &m->member[m->member_count];
	const struct api_env *env = m->env;
	struct member_status st;
	server_member_status(env->server, peer, &st);
	*to = (struct metrics_member){.asn = client->asn,
				      .worker = place_member(env->server, &client->ip),
				      .is_enabled = st.is_enabled,
				      .state =
					      st.state == FSM_OPEN_DELAYED ? FSM_ACTIVE : st.state};
	addr_format(&client->ip, to->address);
	if (client->description != NULL) {
		to->description = strdup(client->description);
		ASSERT(to->description != NULL);
	}
	usec_t since = st.since != 0 ? st.since : env->started;
	to->since_us = m->now_us - (m->now > since ? m->now - since : 0);
	if (env->established_us != NULL) {
		to->established_us = env->established_us[peer];
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		take_family(m, to, peer, &st, f);
	}
	take_import(to, &st.import);
	take_session(to, &st);
	m->member_count++;
}

bool metrics_take(struct metrics *m)
{
	unsigned end = m->looked_at + MEMBERS_SLICE;
	for (; m->looked_at < m->capacity && m->looked_at < end; m->looked_at++) {
		const struct config_client *client =
			roster_client(m->env->roster, (peer_id_t)m->looked_at);
		if (client != NULL) {
			take_member(m, (peer_id_t)m->looked_at, client);
		}
	}
	return m->looked_at == m->capacity;
}

void metrics_forget(struct metrics *m)
{
	for (unsigned i = 0; i < m->member_count; i++) {
		free(m->member[i].description);
	}
	m->member_count = 0;
}

static void put_families(const struct metric_row *row, const uint64_t value[FAMILY_COUNT],
			 const struct om_labels *labels, struct om_text *out)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (value[f] != 0 || row->value != METRIC_FAMILIES_SOME) {
			struct om_labels l = *labels;
			om_label(&l, "family", metric_families[f]);
			om_sample(out, &row->family, &l, value[f]);
		}
	}
}

/* By row->offset and row->value. */
static void put_value(const struct metric_row *row, const struct metrics_member *member,
		      struct om_text *out)
{
	const void *at = (const char *)member + row->offset;
	const uint64_t *value = at;
	struct om_labels l = {0};
	om_label(&l, "neighbor", member->address);
	switch (row->value) {
	case METRIC_NUMBER:
		om_sample(out, &row->family, &l, *value);
		break;
	case METRIC_TIME:
	case METRIC_TIME_OR_NONE:
		if (*value != 0 || row->value == METRIC_TIME) {
			om_sample_us(out, &row->family, &l, *value);
		}
		break;
	default:
		put_families(row, value, &l, out);
		break;
	}
}

static bool write_values(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (; m->next < m->member_count && !metrics_is_enough(m, out); m->next++) {
		put_value(row, &m->member[m->next], out);
	}
	return m->next == m->member_count;
}

static bool write_info(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (; m->next < m->member_count && !metrics_is_enough(m, out); m->next++) {
		const struct metrics_member *member = &m->member[m->next];
		struct om_labels l = {0};
		char asn[16], worker[16];
		(void)snprintf(asn, sizeof(asn), "%u", member->asn);
		(void)snprintf(worker, sizeof(worker), "%u", member->worker);
		om_label(&l, "neighbor", member->address);
		om_label(&l, "asn", asn);
		om_label(&l, "worker", worker);
		if (member->description != NULL) {
			om_label(&l, "description", member->description);
		}
		om_sample(out, &row->family, &l, 1);
	}
	return m->next == m->member_count;
}

static bool write_states(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (; m->next < m->member_count && !metrics_is_enough(m, out); m->next++) {
		const struct metrics_member *member = &m->member[m->next];
		for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
			if (s != FSM_OPEN_DELAYED) { /* Told as Active. */
				struct om_labels l = {0};
				om_label(&l, "neighbor", member->address);
				om_label(&l, row->family.name, fsm_state_text((enum fsm_state)s));
				om_sample(out, &row->family, &l, member->state == s ? 1 : 0);
			}
		}
	}
	return m->next == m->member_count;
}

/* UPDATEs that were not accepted whole.  RFC 7606 §2. */
static bool write_faults(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	static const struct {
		const char *verdict;
		size_t offset;
	} verdicts[] = {
		{"treat_as_withdraw", offsetof(struct metrics_member, treat_as_withdraw)},
		{"attr_discard", offsetof(struct metrics_member, attr_discard)},
		{"afi_disable", offsetof(struct metrics_member, afi_disable)},
		{"session_reset", offsetof(struct metrics_member, session_reset)},
	};
	for (; m->next < m->member_count && !metrics_is_enough(m, out); m->next++) {
		const struct metrics_member *member = &m->member[m->next];
		for (unsigned i = 0; i < ARRAY_COUNT(verdicts); i++) {
			const void *at = (const char *)member + verdicts[i].offset;
			const uint64_t *count = at;
			struct om_labels l = {0};
			om_label(&l, "neighbor", member->address);
			om_label(&l, "verdict", verdicts[i].verdict);
			om_sample(out, &row->family, &l, *count);
		}
	}
	return m->next == m->member_count;
}

static void put_rejected(const struct metric_row *row, const struct metrics_rejected *r,
			 const char *neighbor, struct om_text *out)
{
	struct om_labels l = {0};
	char code[16];
	(void)snprintf(code, sizeof(code), "%u", reject_code((enum reject)r->reason));
	if (neighbor != NULL) {
		om_label(&l, "neighbor", neighbor);
	}
	om_label(&l, "family", metric_families[r->family]);
	om_label(&l, "reason", reject_name((enum reject)r->reason));
	om_label(&l, "code", code);
	om_sample(out, &row->family, &l, r->count);
}

static bool write_rejected(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (; m->next < m->rejected_count && !metrics_is_enough(m, out); m->next++) {
		const struct metrics_rejected *r = &m->rejected[m->next];
		put_rejected(row, r, m->member[r->member].address, out);
	}
	return m->next == m->rejected_count;
}

/* Of all members together, every reason. */
static bool write_rejected_in_all(struct metrics *m, const struct metric_row *row,
				  struct om_text *out)
{
	uint64_t sum[FAMILY_COUNT][REJECT_COUNT] = {0};
	for (unsigned i = 0; i < m->rejected_count; i++) {
		sum[m->rejected[i].family][m->rejected[i].reason] += m->rejected[i].count;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned reason = REJECT_NONE + 1; reason < REJECT_COUNT; reason++) {
			const struct metrics_rejected r = {.family = (uint8_t)f,
							   .reason = (uint8_t)reason,
							   .count = sum[f][reason]};
			put_rejected(row, &r, NULL, out);
		}
	}
	return true;
}

static bool write_by_state(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	uint64_t count[FSM_STATE_COUNT] = {0};
	for (unsigned i = 0; i < m->member_count; i++) {
		count[m->member[i].state]++;
	}
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		if (s != FSM_OPEN_DELAYED) {
			struct om_labels l = {0};
			om_label(&l, "state", fsm_state_text((enum fsm_state)s));
			om_sample(out, &row->family, &l, count[s]);
		}
	}
	return true;
}

static bool write_disabled(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < m->member_count; i++) {
		count += m->member[i].is_enabled != 0 ? 0 : 1;
	}
	om_sample(out, &row->family, NULL, count);
	return true;
}

#define MEMBER(name, type, unit, help, member, value)                                              \
	{                                                                                          \
		{"causeway_session_" name, type, unit, help}, write_values,                        \
			offsetof(struct metrics_member, member), value                             \
	}

static const struct metric_row rows[] = {
	{{"causeway_sessions", OM_GAUGE, NULL, "Sessions, by state."}, write_by_state, 0, 0},
	{{"causeway_sessions_disabled", OM_GAUGE, NULL, "Sessions that are disabled."},
	 write_disabled,
	 0,
	 0},
	{{"causeway_rejected_routes", OM_GAUGE, NULL, "Rejected routes held now, by reason."},
	 write_rejected_in_all,
	 0,
	 0},
	{{"causeway_session", OM_INFO, NULL, "Who the neighbour is."}, write_info, 0, 0},
	{{"causeway_session_state", OM_STATESET, NULL, "State of the session (RFC 4271 8)."},
	 write_states,
	 0,
	 0},
	MEMBER("enabled", OM_GAUGE, NULL, "1: enabled, 0: disabled by an operator or a limit.",
	       is_enabled, METRIC_NUMBER),
	MEMBER("state_since_timestamp_seconds", OM_GAUGE, "seconds", "When the state began.",
	       since_us, METRIC_TIME),
	MEMBER("established_timestamp_seconds", OM_GAUGE, "seconds",
	       "When the session was established last, since the server started.", established_us,
	       METRIC_TIME_OR_NONE),
	MEMBER("establishments", OM_COUNTER, NULL, "Times that the session was established.",
	       established, METRIC_NUMBER),
	MEMBER("collisions", OM_COUNTER, NULL, "Collisions of connections (RFC 4271 6.8).",
	       collisions, METRIC_NUMBER),
	MEMBER("received_routes", OM_GAUGE, NULL, "Routes of the neighbour held now.", received,
	       METRIC_FAMILIES),
	MEMBER("accepted_routes", OM_GAUGE, NULL, "Of those received, the accepted.", accepted,
	       METRIC_FAMILIES),
	MEMBER("filtered_routes", OM_GAUGE, NULL, "Of those received, the others.", filtered,
	       METRIC_FAMILIES),
	MEMBER("exported_routes", OM_GAUGE, NULL, "Routes that the neighbour is sent.", exported,
	       METRIC_FAMILIES),
	MEMBER("stale_routes", OM_GAUGE, NULL, "Of those received, kept of an earlier session.",
	       stale, METRIC_FAMILIES),
	MEMBER("blocked_routes", OM_GAUGE, NULL, "Of those received, kept out by a limit.", blocked,
	       METRIC_FAMILIES),
	{{"causeway_session_rejected_routes", OM_GAUGE, NULL,
	  "Rejected routes held now, by reason; without those of which there are none."},
	 write_rejected,
	 0,
	 0},
	MEMBER("max_prefix", OM_GAUGE, NULL, "Limit on prefixes; absent: none.", limit,
	       METRIC_FAMILIES_SOME),
	MEMBER("max_prefix_exceeded", OM_COUNTER, NULL, "Times that the limit was exceeded.",
	       exceeded, METRIC_FAMILIES),
	MEMBER("max_prefix_warnings", OM_COUNTER, NULL, "Times that the limit came near.", warned,
	       METRIC_FAMILIES),
	MEMBER("received_messages", OM_COUNTER, NULL, "BGP messages received.", messages_in,
	       METRIC_NUMBER),
	MEMBER("sent_messages", OM_COUNTER, NULL, "BGP messages sent, but for UPDATEs.",
	       messages_out, METRIC_NUMBER),
	MEMBER("received_updates", OM_COUNTER, NULL, "UPDATEs received.", updates_in,
	       METRIC_NUMBER),
	MEMBER("received_announcements", OM_COUNTER, NULL, "Prefixes announced to us.", announced,
	       METRIC_NUMBER),
	MEMBER("received_withdrawals", OM_COUNTER, NULL, "Prefixes withdrawn from us.", withdrawn,
	       METRIC_NUMBER),
	MEMBER("sent_announcements", OM_COUNTER, NULL, "Prefixes announced to the neighbour.",
	       prefixes_sent, METRIC_NUMBER),
	MEMBER("sent_withdrawals", OM_COUNTER, NULL, "Prefixes withdrawn from the neighbour.",
	       withdraws_sent, METRIC_NUMBER),
	{{"causeway_session_faulty_updates", OM_COUNTER, NULL,
	  "UPDATEs not accepted whole, by verdict (RFC 7606)."},
	 write_faults,
	 0,
	 0},
	MEMBER("received_bytes", OM_COUNTER, "bytes", "TCP payload received.", bytes_in,
	       METRIC_NUMBER),
	MEMBER("sent_bytes", OM_COUNTER, "bytes", "TCP payload sent.", bytes_out, METRIC_NUMBER),
	MEMBER("retransmits", OM_COUNTER, NULL, "TCP segments sent again.", retransmits,
	       METRIC_NUMBER),
	MEMBER("rtt_min_seconds", OM_GAUGE, "seconds",
	       "Least round trip of the last minute; absent: not known.", rtt_us,
	       METRIC_TIME_OR_NONE),
	MEMBER("send_queue_bytes", OM_GAUGE, "bytes", "Waiting to be sent or acknowledged.",
	       sendq_bytes, METRIC_NUMBER),
	MEMBER("pending_prefixes", OM_GAUGE, NULL, "To be sent to a neighbour that lags.", pending,
	       METRIC_NUMBER),
	MEMBER("evictions", OM_COUNTER, NULL, "Times it fell behind a log.", evictions,
	       METRIC_NUMBER),
};

const struct metric_list metrics_of_sessions = {rows, ARRAY_COUNT(rows)};
