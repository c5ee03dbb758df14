/* Restarts of the server: see restart.h. */
#include "control/daemon/restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"

#define LOOK_US	 USEC_PER_SEC
#define WRITE_US (10 * USEC_PER_SEC)

/* How long any member keeps our routes. */
static unsigned restart_s(const struct config_client *const *client, unsigned count)
{
	uint64_t longest = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct session_conf *s = &client[i]->session;
		longest = max_u64(longest, s->stale_s != 0 ? s->restart_s : 0);
	}
	return (unsigned)longest;
}

void restart_begin(struct restart *r, const struct state *state,
		   const struct config_client *const *client, unsigned count, int64_t now_s)
{
	*r = (struct restart){.state = state};
	run_read(state, &r->last);
	r->is_restart = r->is_deferred = run_is_restart(&r->last, now_s, restart_s(client, count));
	if (r->is_restart) {
		char awaited[16];
		snprintf(awaited, sizeof(awaited), "%u", r->last.count);
		log_event(LOG_NOTICE, "this is a restart", "after",
			  r->last.end == RUN_RESTART ? "an orderly end" : "a crash", "established",
			  awaited, NULL);
	}
}

void restart_fini(struct restart *r)
{
	run_free(&r->last);
	run_free(&r->written);
}

bool restart_awaits(const struct restart *r, const struct addr *addr)
{
	return r->is_restart && run_has(&r->last, addr);
}

static void write_down(struct restart *r, enum run_end end)
{
	r->written.end = end;
	r->written.at_s = (int64_t)time(NULL);
	int err = run_write(r->state, &r->written);
	if (err != 0 && end != RUN_RUNNING) {
		log_event(LOG_WARNING, "how the server ends is not saved", "detail", strerror(-err),
			  NULL);
	}
}

/* Whether they are other neighbours than those written. */
static bool note_established(struct restart *r, const struct server *server,
			     const struct roster *roster)
{
	bool differs = false;
	unsigned count = 0;
	if (r->written.neighbor == NULL) {
		r->written.neighbor = calloc(roster->capacity + 1, sizeof(struct addr));
		ASSERT(r->written.neighbor != NULL);
	}
	for (unsigned i = 0; i < roster->capacity; i++) {
		struct member_status st;
		const struct addr *addr = &roster->row[i].addr;
		server_member_status(server, (peer_id_t)i, &st);
		if (roster_client(roster, (peer_id_t)i) == NULL) {
			continue;
		}
		if (st.state != FSM_ESTABLISHED && !st.is_awaited) {
			continue;
		}
		differs = differs || count >= r->written.count ||
			  !addr_equal(&r->written.neighbor[count], addr);
		r->written.neighbor[count++] = *addr;
	}
	differs = differs || count != r->written.count;
	r->written.count = count;
	return differs;
}

void restart_tick(struct restart *r, const struct server *server, const struct roster *roster,
		  usec_t now)
{
	if (r->written.end > RUN_RUNNING || now < r->look_due) {
		return;
	}
	r->look_due = now + LOOK_US;
	if (note_established(r, server, roster) || now >= r->write_due) {
		r->write_due = now + WRITE_US;
		write_down(r, RUN_RUNNING);
	}
	if (r->is_deferred && server_awaited(server) == 0) {
		r->is_deferred = false;
		log_event(LOG_NOTICE, "restart complete", "detail",
			  "routes are selected and announced", NULL);
	}
}

void restart_end(struct restart *r, enum run_end end)
{
	ASSERT(end > RUN_RUNNING);
	write_down(r, end);
}
