/* The load: see load.h. */
#include "bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US    1000000
#define MESSAGE_MAX 4096
#define WAIT_US	    5000 /* For something to happen, before time is looked at again. */

enum peer_state { PEER_IDLE, PEER_CONNECTING, PEER_OPENING, PEER_UP };

struct peer {
	enum peer_state state;
	bool has_announced;
	uint64_t retry_at, keepalive_at, heard_at;
	uint8_t *out; /* Bytes that the link has still to take. */
	size_t out_len, out_at;
	uint64_t *held;
	struct tally tally;
};

struct load {
	struct plan plan;
	struct link *link;
	struct peer *peer;
	unsigned connecting;
	bool is_announcing, is_connecting;
	struct load_state state;
	uint64_t next_scan;
	char last_loss[128];
};

uint64_t load_now_us(void)
{
	return link_now_us();
}

static void lose(struct load *l, unsigned i, const char *why)
{
	struct peer *p = &l->peer[i];
	if (p->state == PEER_UP) {
		l->state.up--;
		l->state.lost++;
		snprintf(l->last_loss, sizeof(l->last_loss), "member %u: %s", i, why);
	} else {
		l->state.failed++;
		if (l->last_loss[0] == '\0') {
			snprintf(l->last_loss, sizeof(l->last_loss), "member %u (opening): %s", i,
				 why);
		}
	}
	if (p->state == PEER_CONNECTING || p->state == PEER_OPENING) {
		l->connecting--;
	}
	link_close(l->link, i, false);
	free(p->out);
	l->state.delivered -= p->tally.delivered;
	p->tally.delivered = 0;
	memset(p->held, 0, (plan_prefixes(&l->plan) / 64 + 1) * sizeof(uint64_t));
	*p = (struct peer){
		.held = p->held, .tally = p->tally, .retry_at = load_now_us() + RETRY_US};
}

static void flush_out(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	p->out_at += link_send(l->link, i, p->out + p->out_at, p->out_len - p->out_at);
	if (p->out_at == p->out_len) {
		free(p->out);
		p->out = NULL;
		p->out_len = p->out_at = 0;
	}
}

/* Queue bytes behind what still waits, and send what goes. */
static void send_bytes(struct load *l, unsigned i, const uint8_t *data, size_t len)
{
	struct peer *p = &l->peer[i];
	size_t left = p->out_len - p->out_at;
	uint8_t *out = malloc(left + len);
	if (out == NULL) {
		lose(l, i, "out of memory");
		return;
	}
	if (left > 0) {
		memcpy(out, p->out + p->out_at, left);
	}
	memcpy(out + left, data, len);
	free(p->out);
	p->out = out;
	p->out_at = 0;
	p->out_len = left + len;
	flush_out(l, i);
}

static void send_keepalive(struct load *l, unsigned i)
{
	uint8_t m[19];
	memset(m, 0xff, 16);
	m[16] = 0;
	m[17] = 19;
	m[18] = 4;
	l->peer[i].keepalive_at = load_now_us() + (uint64_t)l->plan.hold_s * 1000000 / 3;
	send_bytes(l, i, m, sizeof(m));
}

static void announce(struct load *l, unsigned i)
{
	uint8_t *data;
	size_t len = plan_updates(&l->plan, i, &data);
	l->peer[i].has_announced = true;
	if (len > 0) {
		send_bytes(l, i, data, len);
	}
	free(data);
}

/* One whole message; false when the session is over. */
static bool hear(struct load *l, unsigned i, const uint8_t *m, size_t len)
{
	struct peer *p = &l->peer[i];
	char why[64];
	switch (m[18]) {
	case 1:
		send_keepalive(l, i);
		return true;
	case 2: {
		uint64_t before = p->tally.delivered;
		if (!plan_check(&l->plan, i, m, len, p->held, &p->tally)) {
			lose(l, i, "received a malformed UPDATE");
			return false;
		}
		l->state.delivered += p->tally.delivered - before;
		return true;
	}
	case 3:
		snprintf(why, sizeof(why), "received NOTIFICATION %u/%u", len > 20 ? m[19] : 0,
			 len > 20 ? m[20] : 0);
		lose(l, i, why);
		return false;
	case 4:
		if (p->state == PEER_OPENING) {
			p->state = PEER_UP;
			l->connecting--;
			l->state.up++;
			if (l->is_announcing) {
				announce(l, i);
			}
		}
		return true;
	default:
		return true;
	}
}

/* Whole messages in `len` bytes at `data`; returns how many bytes they are. */
static size_t hear_all(struct load *l, unsigned i, const uint8_t *data, size_t len)
{
	size_t at = 0;
	while (len - at >= 19) {
		size_t message = (size_t)data[at + 16] << 8 | data[at + 17];
		if (message < 19 || message > MESSAGE_MAX) {
			lose(l, i, "received a bad message length");
			return len;
		}
		if (len - at < message) {
			break;
		}
		if (!hear(l, i, data + at, message)) {
			return len;
		}
		at += message;
	}
	return at;
}

static size_t on_heard(void *context, unsigned i, const uint8_t *data, size_t len)
{
	struct load *l = context;
	struct peer *p = &l->peer[i];
	uint64_t now = load_now_us();
	if (p->state == PEER_UP && now - p->heard_at > l->state.silence_us_max) {
		l->state.silence_us_max = now - p->heard_at;
	}
	p->heard_at = now;
	return hear_all(l, i, data, len);
}

static void on_up(void *context, unsigned i)
{
	struct load *l = context;
	uint8_t open[64];
	l->peer[i].state = PEER_OPENING;
	send_bytes(l, i, open, plan_open(&l->plan, i, open));
}

static void on_down(void *context, unsigned i, const char *why)
{
	lose(context, i, why);
}

static void on_room(void *context, unsigned i)
{
	flush_out(context, i);
}

struct load *load_new(const struct plan *p, const struct link_port *port, char *why, size_t why_len)
{
	struct load *l = calloc(1, sizeof(*l));
	size_t words = plan_prefixes(p) / 64 + 1;
	struct link_conf conf = {
		.port = *port, .server = p->server, .source = p->source, .members = p->members};
	struct link_user user = {
		.context = l, .up = on_up, .down = on_down, .heard = on_heard, .room = on_room};
	snprintf(why, why_len, "not enough memory for %u members", p->members);
	if (l == NULL) {
		return NULL;
	}
	l->plan = *p;
	l->link = port->device == NULL ? link_kernel_new(&conf, &user)
				       : link_own_new(&conf, &user, why, why_len);
	l->peer = calloc(p->members, sizeof(struct peer));
	for (unsigned i = 0; l->peer != NULL && i < p->members; i++) {
		l->peer[i].held = calloc(words, sizeof(uint64_t));
		if (l->peer[i].held == NULL) {
			load_free(l);
			return NULL;
		}
	}
	if (l->link == NULL || l->peer == NULL) {
		load_free(l);
		return NULL;
	}
	return l;
}

void load_free(struct load *l)
{
	if (l == NULL) {
		return;
	}
	for (unsigned i = 0; l->peer != NULL && i < l->plan.members; i++) {
		free(l->peer[i].held);
		free(l->peer[i].out);
	}
	link_free(l->link);
	free(l->peer);
	free(l);
}

static void start_connect(struct load *l, unsigned i)
{
	l->peer[i].state = PEER_CONNECTING;
	l->connecting++;
	int error = link_connect(l->link, i);
	if (error != 0) {
		lose(l, i, strerror(-error));
	}
}

/* Connects, keepalives, hold timers: what time brings. */
static void scan(struct load *l, uint64_t now)
{
	l->next_scan = now + 1000;
	for (unsigned i = 0; i < l->plan.members; i++) {
		struct peer *p = &l->peer[i];
		if (p->state == PEER_IDLE && l->is_connecting && now >= p->retry_at &&
		    l->connecting < l->plan.connects_max) {
			start_connect(l, i);
		} else if (p->state == PEER_UP &&
			   now >= p->heard_at + (uint64_t)l->plan.hold_s * 1000000) {
			lose(l, i, "hold timer expired: the server was silent");
		} else if (p->state == PEER_UP && now >= p->keepalive_at) {
			send_keepalive(l, i);
		}
	}
}

void load_connect(struct load *l)
{
	l->is_connecting = true;
}

void load_announce(struct load *l)
{
	l->is_announcing = true;
	for (unsigned i = 0; i < l->plan.members; i++) {
		if (l->peer[i].state == PEER_UP && !l->peer[i].has_announced) {
			announce(l, i);
		}
	}
}

bool load_run(struct load *l, bool (*is_done)(const struct load *l), uint64_t us)
{
	uint64_t until = load_now_us() + us;
	for (;;) {
		uint64_t now = load_now_us();
		if (is_done != NULL && is_done(l)) {
			return true;
		}
		if (now >= until) {
			return false;
		}
		if (now >= l->next_scan) {
			scan(l, now);
		}
		link_poll(l->link, WAIT_US);
	}
}

const struct load_state *load_state(const struct load *l)
{
	return &l->state;
}

const struct plan *load_plan(const struct load *l)
{
	return &l->plan;
}

void load_tally(const struct load *l, struct tally *out)
{
	*out = (struct tally){0};
	for (unsigned i = 0; i < l->plan.members; i++) {
		const struct tally *t = &l->peer[i].tally;
		out->delivered += t->delivered;
		out->wrong += t->wrong;
		out->own += t->own;
		out->repeated += t->repeated;
		out->withdrawn += t->withdrawn;
		out->updates += t->updates;
	}
}

void load_link_stats(const struct load *l, struct link_stats *out)
{
	link_stats(l->link, out);
}

const char *load_last_loss(const struct load *l)
{
	return l->last_loss;
}
