/* The joint between auth, tcp and a member: see keys.h.
 *
 * A change of keys of one kind is adopted by the connections at hand.  A change of kind (password
 * to TCP-AO, or to none) cannot be: every segment of a connection carries one kind.  So the session
 * ends, its last segments still signed as before, and the new keys wait for the end of the
 * connections; in between none is accepted.
 */
#include "dataplane/core/transport.h"

#include "rib/base/check.h"

#define TELL_PERIOD_US (1 * USEC_PER_SEC) /* Between events about one member. */

bool keys_admit(struct member *m, const struct auth_packet *in)
{
	usec_t now = m->core->now;
	enum auth_verdict v = auth_rx(m->auth.now, in, now);

	if (v == AUTH_OK) {
		return true;
	}
	m->tcp_drop[auth_drop(v)]++;
	m->auth.refused_at[v] = now;
	work_add(m->core, WORK_STATUS, m);
	if (now >= m->auth.told_due) {
		m->auth.told_due = now + TELL_PERIOD_US;
		member_tell(m, EVENT_AUTH, tcp_drop_text(auth_drop(v)));
	}
	return false;
}

bool keys_answer(const struct member *m, const struct seg *in, struct seg *out)
{
	enum seg_auth kind = auth_kind(m->auth.now);

	if (kind == SEG_AUTH_NONE) {
		return true;
	}
	/* RFC 5925 §7.7: without a connection there is no traffic key to sign a reset with. */
	if (kind == SEG_AUTH_AO && (out->flags & TCP_RST) != 0) {
		return false;
	}
	out->auth = (uint8_t)kind;
	out->mac_len = auth_mac_len(m->auth.now);
	out->key_id = auth_answer_key(m->auth.now, in);
	return true;
}

void keys_accept(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		 const struct seg *ack)
{
	if (m->auth.now != NULL) {
		auth_accept(m->auth.now, local, remote, ack);
	}
}

void keys_connect(struct member *m, const struct tcp_conf *conf)
{
	if (m->auth.now != NULL) {
		auth_connect(m->auth.now, &conf->local, &conf->remote, conf->iss);
	}
}

void keys_close(struct member *m, const struct endpoint *local, const struct endpoint *remote)
{
	if (m->auth.now != NULL) {
		auth_end(m->auth.now, local, remote);
	}
}

void keys_sign(struct member *m, const struct auth_packet *out, uint8_t *header)
{
	/* An answer that waited for its route over a change of kind stays unsigned: the peer asks
	 * again. */
	if (out->seg->auth != SEG_AUTH_NONE && out->seg->auth == auth_kind(m->auth.now)) {
		auth_sign(m->auth.now, out, header, m->core->now, m->core->signer);
	}
}

void keys_settle(struct member *m)
{
	if (m->auth.has_next && m->tcp == NULL && m->rival.tcp == NULL) {
		auth_free(m->auth.now);
		m->auth.now = m->auth.next;
		m->auth.next = NULL;
		m->auth.has_next = false;
	}
}

void keys_change(struct member *m, struct auth *next)
{
	auth_free(m->auth.next);
	m->auth.next = NULL;
	m->auth.has_next = false;
	if (auth_kind(next) == auth_kind(m->auth.now)) {
		if (next != NULL) {
			auth_adopt(next, m->auth.now, m->core->now);
			auth_free(m->auth.now);
			m->auth.now = next;
		}
		return;
	}
	m->auth.next = next;
	m->auth.has_next = true;
	rival_free(m);
	keys_settle(m);
	if (m->tcp != NULL) {
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG);

		session_reset(&m->session, &why, m->core->now);
	}
}

void keys_publish(struct member *m, struct member_status *out)
{
	out->auth = auth_status(m->auth.now, m->core->now);
	memcpy(out->refused_at, m->auth.refused_at, sizeof(out->refused_at));
}

void keys_fini(struct member *m)
{
	auth_free(m->auth.now);
	auth_free(m->auth.next);
	m->auth = (struct member_auth){.now = NULL};
}
