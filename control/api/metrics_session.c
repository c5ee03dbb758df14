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
	m->sums.rejected[family][reason] += count;
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
	m->sums.sessions[to->state]++;
	m->sums.disabled += to->is_enabled != 0 ? 0 : 1;
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

/* The n-th member; NULL: there are no more. */
static const struct metrics_member *member_of(const struct metrics *m, unsigned n,
					      struct metric_sample *out)
{
	if (n >= m->member_count) {
		return NULL;
	}
	om_label(&out->labels, "neighbor", m->member[n].address);
	return &m->member[n];
}

/* By row->offset. */
static bool value(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	const struct metrics_member *member = member_of(m, n, out);
	out->value = member != NULL ? metric_at(member, row->offset) : 0;
	return member != NULL;
}

/* The same, of each family. */
static bool family_value(const struct metrics *m, const struct metric_row *row, unsigned n,
			 struct metric_sample *out)
{
	unsigned family = n % FAMILY_COUNT;
	const struct metrics_member *member = member_of(m, n / FAMILY_COUNT, out);
	if (member == NULL) {
		return false;
	}
	om_label(&out->labels, "family", metric_families[family]);
	out->value = metric_at(member, row->offset + family * sizeof(uint64_t));
	return true;
}

static bool info(const struct metrics *m, const struct metric_row *row, unsigned n,
		 struct metric_sample *out)
{
	(void)row;
	const struct metrics_member *member = member_of(m, n, out);
	if (member == NULL) {
		return false;
	}
	metric_label_number(out, "asn", member->asn);
	metric_label_number(out, "worker", member->worker);
	if (member->description != NULL) {
		om_label(&out->labels, "description", member->description);
	}
	out->value = 1;
	return true;
}

static bool state(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	unsigned s = n % FSM_STATE_COUNT;
	const struct metrics_member *member = member_of(m, n / FSM_STATE_COUNT, out);
	if (member == NULL) {
		return false;
	}
	om_label(&out->labels, row->family.name, fsm_state_text((enum fsm_state)s));
	out->is_absent = s == FSM_OPEN_DELAYED; /* Told as Active. */
	out->value = member->state == s ? 1 : 0;
	return true;
}

/* UPDATEs that were not accepted whole.  RFC 7606 §2. */
static bool faults(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	static const struct {
		const char *verdict;
		size_t offset;
	} verdicts[] = {
		{"treat_as_withdraw", offsetof(struct metrics_member, treat_as_withdraw)},
		{"attr_discard", offsetof(struct metrics_member, attr_discard)},
		{"afi_disable", offsetof(struct metrics_member, afi_disable)},
		{"session_reset", offsetof(struct metrics_member, session_reset)},
	};
	unsigned i = n % ARRAY_COUNT(verdicts);
	const struct metrics_member *member = member_of(m, n / ARRAY_COUNT(verdicts), out);
	if (member == NULL) {
		return false;
	}
	om_label(&out->labels, "verdict", verdicts[i].verdict);
	out->value = metric_at(member, verdicts[i].offset);
	return true;
}

static void label_rejected(struct metric_sample *out, unsigned family, enum reject reason)
{
	om_label(&out->labels, "family", metric_families[family]);
	om_label(&out->labels, "reason", reject_name(reason));
	metric_label_number(out, "code", reject_code(reason));
}

static bool rejected(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	if (n >= m->rejected_count) {
		return false;
	}
	const struct metrics_rejected *r = &m->rejected[n];
	om_label(&out->labels, "neighbor", m->member[r->member].address);
	label_rejected(out, r->family, (enum reject)r->reason);
	out->value = r->count;
	return true;
}

/* Of all members together, every reason. */
static bool rejected_in_all(const struct metrics *m, const struct metric_row *row, unsigned n,
			    struct metric_sample *out)
{
	(void)row;
	const unsigned count = REJECT_COUNT - REJECT_NONE - 1;
	unsigned family = n / count, reason = REJECT_NONE + 1 + n % count;
	if (family == FAMILY_COUNT) {
		return false;
	}
	label_rejected(out, family, (enum reject)reason);
	out->value = m->sums.rejected[family][reason];
	return true;
}

static bool by_state(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	if (n == FSM_STATE_COUNT) {
		return false;
	}
	om_label(&out->labels, "state", fsm_state_text((enum fsm_state)n));
	out->is_absent = n == FSM_OPEN_DELAYED;
	out->value = m->sums.sessions[n];
	return true;
}

static bool disabled(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, m->sums.disabled, out);
}

#define MEMBER(name, kind, unit, sentence, member)                                                 \
	METRIC("session_" name, kind, unit, sentence, value,                                       \
	       .offset = offsetof(struct metrics_member, member))
#define TIMED(name, sentence, member, how)                                                         \
	METRIC("session_" name, GAUGE, "seconds", sentence, value,                                 \
	       .offset = offsetof(struct metrics_member, member), .value = (how))
#define FAMILIES(name, kind, sentence, member, how)                                                \
	METRIC("session_" name, kind, NULL, sentence, family_value,                                \
	       .offset = offsetof(struct metrics_member, member), .value = (how))

static const struct metric_row rows[] = {
	METRIC("sessions", GAUGE, NULL, "Sessions, by state.", by_state),
	METRIC("sessions_disabled", GAUGE, NULL, "Sessions that are disabled.", disabled),
	METRIC("rejected_routes", GAUGE, NULL, "Rejected routes held now, by reason.",
	       rejected_in_all),
	METRIC("session", INFO, NULL, "Who the neighbour is.", info),
	METRIC("session_state", STATESET, NULL, "State of the session (RFC 4271 8).", state),
	MEMBER("enabled", GAUGE, NULL, "1: enabled, 0: disabled by an operator or a limit.",
	       is_enabled),
	TIMED("state_since_timestamp_seconds", "When the state began.", since_us, METRIC_TIME),
	TIMED("established_timestamp_seconds",
	      "When the session was established last, since the server started.", established_us,
	      METRIC_TIME_SOME),
	MEMBER("establishments", COUNTER, NULL, "Times that the session was established.",
	       established),
	MEMBER("collisions", COUNTER, NULL, "Collisions of connections (RFC 4271 6.8).",
	       collisions),
	FAMILIES("received_routes", GAUGE, "Routes of the neighbour held now.", received,
		 METRIC_NUMBER),
	FAMILIES("accepted_routes", GAUGE, "Of those received, the accepted.", accepted,
		 METRIC_NUMBER),
	FAMILIES("filtered_routes", GAUGE, "Of those received, the others.", filtered,
		 METRIC_NUMBER),
	FAMILIES("exported_routes", GAUGE, "Routes that the neighbour is sent.", exported,
		 METRIC_NUMBER),
	FAMILIES("stale_routes", GAUGE, "Of those received, kept of an earlier session.", stale,
		 METRIC_NUMBER),
	FAMILIES("blocked_routes", GAUGE, "Of those received, kept out by a limit.", blocked,
		 METRIC_NUMBER),
	METRIC("session_rejected_routes", GAUGE, NULL,
	       "Rejected routes held now, by reason; without those of which there are none.",
	       rejected),
	FAMILIES("max_prefix", GAUGE, "Limit on prefixes; absent: none.", limit,
		 METRIC_NUMBER_SOME),
	FAMILIES("max_prefix_exceeded", COUNTER, "Times that the limit was exceeded.", exceeded,
		 METRIC_NUMBER),
	FAMILIES("max_prefix_warnings", COUNTER, "Times that the limit came near.", warned,
		 METRIC_NUMBER),
	MEMBER("received_messages", COUNTER, NULL, "BGP messages received.", messages_in),
	MEMBER("sent_messages", COUNTER, NULL, "BGP messages sent, but for UPDATEs.", messages_out),
	MEMBER("received_updates", COUNTER, NULL, "UPDATEs received.", updates_in),
	MEMBER("received_announcements", COUNTER, NULL, "Prefixes announced to us.", announced),
	MEMBER("received_withdrawals", COUNTER, NULL, "Prefixes withdrawn from us.", withdrawn),
	MEMBER("sent_announcements", COUNTER, NULL, "Prefixes announced to the neighbour.",
	       prefixes_sent),
	MEMBER("sent_withdrawals", COUNTER, NULL, "Prefixes withdrawn from the neighbour.",
	       withdraws_sent),
	METRIC("session_faulty_updates", COUNTER, NULL,
	       "UPDATEs not accepted whole, by verdict (RFC 7606).", faults),
	MEMBER("received_bytes", COUNTER, "bytes", "TCP payload received.", bytes_in),
	MEMBER("sent_bytes", COUNTER, "bytes", "TCP payload sent.", bytes_out),
	MEMBER("retransmits", COUNTER, NULL, "TCP segments sent again.", retransmits),
	TIMED("rtt_min_seconds", "Least round trip of the last minute; absent: not known.", rtt_us,
	      METRIC_TIME_SOME),
	MEMBER("send_queue_bytes", GAUGE, "bytes", "Waiting to be sent or acknowledged.",
	       sendq_bytes),
	MEMBER("pending_prefixes", GAUGE, NULL, "To be sent to a neighbour that lags.", pending),
	MEMBER("evictions", COUNTER, NULL, "Times it fell behind a log.", evictions),
};

const struct metric_list metrics_of_sessions = {rows, ARRAY_COUNT(rows)};
