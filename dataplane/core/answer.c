/* Answers to segments of neighbours that belong to no connection: SYN+ACK and RST.
 *
 * Neither leaves state behind, so what a flood can cost is the work of answering and the frames
 * that go out; both are bounded.  A SYN+ACK costs about a microsecond with its frame: 200,000 in a
 * second take a fifth of a worker, and a burst of 4,096 lets every neighbour of a large exchange
 * return at one moment.  Beside that common allowance each neighbour has a small one of its own,
 * so that a flood in the name of one does not keep the others out.  Resets tell a neighbour that
 * we have forgotten it; nobody needs more than a thousand in a second, and an address that is
 * spoofed is not to be flooded by us.  Of these, too, each has a few of its own: whom no reset
 * reaches keeps a dead session until its hold timer expires.
 *
 * When we restart, neighbours still know our hardware address and we do not know theirs: an answer
 * then waits for the resolution, one for each neighbour and the newest, until the neighbour would
 * send its SYN again.
 */
#include "dataplane/core/transport.h"

#include "dataplane/tcp/cookie.h"

struct allowance {
	usec_t each_us;
	unsigned burst;
};

#define ANSWER_US USEC_PER_SEC /* RFC 6298 §2: nobody repeats a SYN sooner. */

static const struct allowance syn_all = {.each_us = 5, .burst = 4096};
static const struct allowance syn_own = {.each_us = 10 * USEC_PER_MSEC, .burst = 8};
static const struct allowance reset_all = {.each_us = USEC_PER_MSEC, .burst = 1024};
static const struct allowance reset_own = {.each_us = 100 * USEC_PER_MSEC, .burst = 4};

/* Take one of an allowance of which `*due` tells when it is whole again. */
static bool allowance_take(const struct allowance *a, usec_t *due, usec_t now)
{
	usec_t from = max_u64(*due, now);
	if (from + a->each_us > now + a->burst * a->each_us) {
		return false;
	}
	*due = from + a->each_us;
	return true;
}

static void answer(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		   const struct seg *seg)
{
	struct core *c = m->core;
	c->answer[c->answer_count++] = (struct answer){.member = m,
						       .local = *local,
						       .remote = *remote,
						       .seg = *seg,
						       .until = c->now + ANSWER_US};
}

void answer_wait(const struct answer *a)
{
	struct member *m = a->member;
	m->answer = *a;
	m->answer_due = m->core->now + ROUTE_RETRY_US;
	member_sync(m);
}

void answer_tick(struct member *m)
{
	struct core *c = m->core;
	if (m->answer_due == 0 || c->now < m->answer_due) {
		return;
	}
	if (c->answer_count == ANSWERS_MAX) {
		m->answer_due = c->now + ROUTE_RETRY_US; /* Not this turn. */
		return;
	}
	m->answer_due = 0;
	c->answer[c->answer_count++] = m->answer;
}

void answer_syn(struct member *m, const struct tcp_conf *conf, const struct seg *syn)
{
	struct core *c = m->core;
	struct seg out;
	if (c->answer_count == ANSWERS_MAX || (!allowance_take(&syn_own, &m->syn_due, c->now) &&
					       !allowance_take(&syn_all, &c->syn_due, c->now))) {
		member_drop(m, CORE_DROP_SYN_LIMITED);
		return;
	}
	if (!tcp_cookie_answer(conf, syn, transport_cookie_key(m), c->now, &out)) {
		member_drop(m, CORE_DROP_NO_MEMORY_CONNECTION);
		return;
	}
	keys_answer(m, syn, &out);
	answer(m, &conf->local, &conf->remote, &out);
}

void answer_reset(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		  const struct seg *in)
{
	struct core *c = m->core;
	struct seg out;
	if (!tcp_reset_for(in, &out) || !keys_answer(m, in, &out)) {
		return;
	}
	if (c->answer_count == ANSWERS_MAX ||
	    (!allowance_take(&reset_own, &m->reset_due, c->now) &&
	     !allowance_take(&reset_all, &c->reset_due, c->now))) {
		member_drop(m, CORE_DROP_RESET_LIMITED);
		return;
	}
	answer(m, local, remote, &out);
}
