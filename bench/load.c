/* The load: see load.h. */
#include "bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/message.h"

#define RETRY_US 1000000
#define WAIT_US	 5000 /* For something to happen, before time is looked at again. */

enum peer_state { PEER_IDLE, PEER_CONNECTING, PEER_OPENING, PEER_UP };

struct peer {
	enum peer_state state;
	bool is_wanted;	    /* Its session is to be kept. */
	bool is_announcing; /* What it announces is true. */
	bool has_announced;
	uint64_t retry_at, keepalive_at, heard_at;
	uint8_t *out; /* Bytes that the link has still to take. */
	size_t out_len, out_at;
};

struct load {
	struct plan plan;
	struct link *link;
	struct ledger *ledger;
	struct checker *checker;
	struct peer *peer;
	unsigned connecting, wanted;
	uint64_t said_at;
	uint64_t now; /* When load_run last looked. */
	struct load_state state;
	uint64_t next_scan;
	char last_loss[128];
};

uint64_t load_now_us(void)
{
	return link_now_us();
}

/* Calls `each` for every group and slot that the member announces. */
static void for_said_by(struct load *l, unsigned member, void *context,
			void (*each)(struct load *l, const struct group *g, unsigned slot,
				     void *context))
{
	const struct plan *p = &l->plan;
	for (unsigned slot = 0; member < p->announcers && slot < p->overlap; slot++) {
		unsigned home = (member + p->announcers - slot) % p->announcers;
		for (unsigned row = 0; row < 2; row++) {
			uint32_t first, count = plan_homed(p, home, row, &first);
			for (uint32_t n = first; n < first + count; n++) {
				struct group g = plan_group(p, n);
				if (slot < g.slots) {
					each(l, &g, slot, context);
				}
			}
		}
	}
}

static void make_true(struct load *l, const struct group *g, unsigned slot, void *context)
{
	uint16_t version;
	bool is_said = ledger_said(l->ledger, g, slot, &version);
	if (*(const bool *)context && !is_said) {
		ledger_say(l->ledger, g, slot, version);
	} else if (!*(const bool *)context && is_said) {
		ledger_take_back(l->ledger, g, slot);
	}
}

static void expect_one(struct load *l, unsigned member, bool is_announcing)
{
	if (is_announcing) {
		ledger_up(l->ledger, member);
	}
	if (l->peer[member].is_announcing != is_announcing) {
		l->peer[member].is_announcing = is_announcing;
		for_said_by(l, member, &is_announcing, make_true);
	}
}

void load_expect(struct load *l, unsigned first, unsigned end, bool is_announcing)
{
	/* One by one it is members × groups of these, at once members × groups of all. */
	bool is_bulk = (end - first) * l->plan.overlap * 8 > l->plan.announcers;
	if (is_bulk) {
		ledger_begin(l->ledger);
	}
	for (unsigned m = first; m < end; m++) {
		expect_one(l, m, is_announcing);
	}
	if (is_bulk) {
		ledger_end(l->ledger);
	}
}

static void reset_peer(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	if (p->state == PEER_CONNECTING || p->state == PEER_OPENING) {
		l->connecting--;
	}
	l->state.up -= p->state == PEER_UP;
	free(p->out);
	*p = (struct peer){.is_wanted = p->is_wanted, .is_announcing = p->is_announcing};
}

static void lose(struct load *l, unsigned i, const char *why)
{
	struct peer *p = &l->peer[i];
	bool was_up = p->state == PEER_UP, was_announcing = p->is_announcing;
	if (was_up) {
		l->state.lost++;
		snprintf(l->last_loss, sizeof(l->last_loss), "member %u: %s", i, why);
	} else {
		l->state.failed++;
		if (l->last_loss[0] == '\0') {
			snprintf(l->last_loss, sizeof(l->last_loss), "member %u (opening): %s", i,
				 why);
		}
	}
	link_close(l->link, i, false);
	reset_peer(l, i);
	p->retry_at = load_now_us() + RETRY_US;
	if (was_up) {
		ledger_down(l->ledger, i);
		expect_one(l, i, false);
		p->has_announced = was_announcing; /* To be said again. */
	}
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

static void send_outgoing(struct load *l, unsigned i, struct outgoing *o)
{
	if (o->is_short) {
		lose(l, i, "out of memory");
	} else if (o->len > 0) {
		send_bytes(l, i, o->data, o->len);
		l->state.said_updates += o->updates;
		l->state.said_prefixes += o->prefixes;
	}
	outgoing_fini(o);
}

static void send_keepalive(struct load *l, unsigned i)
{
	uint8_t m[MESSAGE_MAX];
	l->peer[i].keepalive_at = load_now_us() + (uint64_t)l->plan.hold_s * 1000000 / 3;
	send_bytes(l, i, m, message_keepalive(m));
}

static void add_announce(struct load *l, const struct group *g, unsigned slot, void *context)
{
	uint16_t version;
	if (ledger_said(l->ledger, g, slot, &version)) {
		message_announce(context, &l->plan, g, slot, version);
	}
}

static void add_withdraw(struct load *l, const struct group *g, unsigned slot, void *context)
{
	(void)slot;
	message_withdraw(context, &l->plan, g);
}

static void announce(struct load *l, unsigned i)
{
	struct outgoing o = {0};
	l->peer[i].has_announced = true;
	for_said_by(l, i, &o, add_announce);
	send_outgoing(l, i, &o);
}

void load_announce(struct load *l, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		if (l->peer[i].state == PEER_UP && l->peer[i].is_announcing &&
		    !l->peer[i].has_announced) {
			announce(l, i);
		}
	}
}

void load_take_back(struct load *l, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		if (l->peer[i].state == PEER_UP && l->peer[i].has_announced) {
			struct outgoing o = {0};
			l->peer[i].has_announced = false;
			for_said_by(l, i, &o, add_withdraw);
			send_outgoing(l, i, &o);
		}
	}
}

bool load_say(struct load *l, const struct group *g, unsigned slot)
{
	unsigned i = plan_announcer(&l->plan, g, slot);
	struct outgoing o = {0};
	uint16_t version;
	if (l->peer[i].state != PEER_UP) {
		return false;
	}
	ledger_said(l->ledger, g, slot, &version);
	ledger_say(l->ledger, g, slot, ++version);
	message_announce(&o, &l->plan, g, slot, version);
	l->said_at = load_now_us();
	send_outgoing(l, i, &o);
	return true;
}

bool load_unsay(struct load *l, const struct group *g, unsigned slot)
{
	unsigned i = plan_announcer(&l->plan, g, slot);
	struct outgoing o = {0};
	if (l->peer[i].state != PEER_UP) {
		return false;
	}
	ledger_take_back(l->ledger, g, slot);
	message_withdraw(&o, &l->plan, g);
	l->said_at = load_now_us();
	send_outgoing(l, i, &o);
	return true;
}

uint64_t load_said_at(const struct load *l)
{
	return l->said_at;
}

void load_stall(struct load *l, unsigned member, bool is_stalled)
{
	ledger_excuse(l->ledger, member, is_stalled);
	if (!is_stalled) {
		l->peer[member].heard_at = load_now_us(); /* We have not listened. */
	}
	link_stall(l->link, member, is_stalled);
}

size_t load_backlog(const struct load *l, unsigned member)
{
	return l->peer[member].out_len - l->peer[member].out_at;
}

/* Established; what it had announced before it was lost is true again. */
static void on_established(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	bool is_again = p->has_announced;
	p->state = PEER_UP;
	p->has_announced = false;
	l->connecting--;
	l->state.up++;
	ledger_up(l->ledger, i);
	if (is_again) {
		expect_one(l, i, true);
	}
	if (p->is_announcing) {
		announce(l, i);
	}
}

/* Whole messages that are heard together. */
#define BATCH_MAX 32

struct batch {
	unsigned count;
	struct {
		const uint8_t *at;
		uint32_t ahead; /* check_ahead */
		uint16_t len;
	} message[BATCH_MAX];
};

/* One whole message; false when the session is over. */
static bool hear(struct load *l, unsigned i, const uint8_t *m, size_t len, uint32_t ahead)
{
	struct peer *p = &l->peer[i];
	char why[64];
	switch (m[18]) {
	case 1:
		send_keepalive(l, i);
		return p->state != PEER_IDLE;
	case 2:
		if (!check_update(l->checker, i, m, len, ahead)) {
			lose(l, i, "received a malformed UPDATE");
			return false;
		}
		return true;
	case 3:
		snprintf(why, sizeof(why), "received NOTIFICATION %u/%u", len > 20 ? m[19] : 0,
			 len > 20 ? m[20] : 0);
		lose(l, i, why);
		return false;
	case 4:
		if (p->state == PEER_OPENING) {
			on_established(l, i);
		}
		return p->state != PEER_IDLE;
	default:
		return true;
	}
}

/* The next whole messages of `len` bytes at `data`: how many bytes they are. */
static size_t split(const struct load *l, struct batch *b, const uint8_t *data, size_t len)
{
	size_t at = 0;
	b->count = 0;
	while (b->count < BATCH_MAX && len - at >= 19) {
		const uint8_t *m = data + at;
		uint16_t message = (uint16_t)(m[16] << 8 | m[17]);
		if (message < 19 || message > MESSAGE_MAX || len - at < message) {
			break;
		}
		b->message[b->count].at = m;
		b->message[b->count].len = message;
		b->message[b->count++].ahead = check_ahead(l->checker, m, message);
		at += message;
	}
	for (unsigned k = 0; k < b->count; k++) {
		check_fetch(l->checker, b->message[k].ahead);
	}
	return at;
}

/* Whole messages in `len` bytes at `data`; returns how many bytes they are. */
static size_t hear_all(struct load *l, unsigned i, const uint8_t *data, size_t len)
{
	struct batch b;
	size_t at = 0, n;
	while ((n = split(l, &b, data + at, len - at)) > 0) {
		for (unsigned k = 0; k < b.count; k++) {
			if (!hear(l, i, b.message[k].at, b.message[k].len, b.message[k].ahead)) {
				return len;
			}
		}
		at += n;
	}
	if (len - at >= 19) {
		unsigned message = (unsigned)(data[at + 16] << 8 | data[at + 17]);
		if (message < 19 || message > MESSAGE_MAX) {
			lose(l, i, "received a bad message length");
			return len;
		}
	}
	return at;
}

static size_t on_heard(void *context, unsigned i, const uint8_t *data, size_t len)
{
	struct load *l = context;
	struct peer *p = &l->peer[i];
	if (p->state == PEER_UP && l->now > p->heard_at + l->state.silence_us_max) {
		l->state.silence_us_max = l->now - p->heard_at;
	}
	p->heard_at = l->now;
	return hear_all(l, i, data, len);
}

static void on_up(void *context, unsigned i)
{
	struct load *l = context;
	uint8_t open[128];
	l->peer[i].state = PEER_OPENING;
	send_bytes(l, i, open, message_open(&l->plan, i, open));
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
	struct link_conf conf = {
		.port = *port, .server = p->server, .source = p->source, .members = p->members};
	struct link_user user = {
		.context = l, .up = on_up, .down = on_down, .heard = on_heard, .room = on_room};
	snprintf(why, why_len, "not enough memory for %u members", p->members);
	if (l == NULL) {
		return NULL;
	}
	l->plan = *p;
	l->peer = calloc(p->members, sizeof(struct peer));
	l->ledger = ledger_new(&l->plan);
	l->checker = l->ledger != NULL ? checker_new(&l->plan, l->ledger) : NULL;
	if (l->peer != NULL && l->checker != NULL) {
		l->link = port->device == NULL ? link_kernel_new(&conf, &user)
					       : link_own_new(&conf, &user, why, why_len);
	}
	if (l->link == NULL) {
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
		free(l->peer[i].out);
	}
	link_free(l->link);
	checker_free(l->checker);
	ledger_free(l->ledger);
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

void load_start(struct load *l, unsigned member)
{
	l->wanted += !l->peer[member].is_wanted;
	l->peer[member].is_wanted = true;
	l->next_scan = 0;
}

void load_stop(struct load *l, unsigned member)
{
	uint8_t m[MESSAGE_MAX];
	l->wanted -= l->peer[member].is_wanted;
	l->peer[member].is_wanted = false;
	if (l->peer[member].state == PEER_UP) {
		send_bytes(l, member, m, message_cease(m));
	}
	link_close(l->link, member, false);
	reset_peer(l, member);
	ledger_down(l->ledger, member);
}

/* Connects, keepalives, hold timers: what time brings. */
static void scan(struct load *l, uint64_t now)
{
	l->next_scan = now + 1000;
	for (unsigned i = 0; i < l->plan.members; i++) {
		struct peer *p = &l->peer[i];
		if (p->state == PEER_IDLE && p->is_wanted && now >= p->retry_at &&
		    l->connecting < l->plan.connects_max) {
			start_connect(l, i);
		} else if (p->state == PEER_UP && ledger_counts(l->ledger, i) &&
			   now >= p->heard_at + (uint64_t)l->plan.hold_s * 1000000) {
			lose(l, i, "hold timer expired: the server was silent");
		} else if (p->state == PEER_UP && now >= p->keepalive_at) {
			send_keepalive(l, i);
		}
	}
}

bool load_run(struct load *l, bool (*is_done)(const struct load *l), uint64_t us)
{
	uint64_t now = load_now_us(), until = now + us;
	l->now = now;
	while (is_done == NULL || !is_done(l)) {
		if (now >= l->next_scan) {
			scan(l, now);
		}
		/* A link may wait in steps of a millisecond. */
		uint64_t left = until > now ? until - now : 0;
		link_poll(l->link, left < 1000 ? 0 : left < WAIT_US ? 1000 : WAIT_US);
		l->now = now = load_now_us();
		if (now >= until) {
			return is_done != NULL && is_done(l);
		}
	}
	return true;
}

unsigned load_wanted(const struct load *l)
{
	return l->wanted;
}

const struct load_state *load_state(const struct load *l)
{
	return &l->state;
}

const struct plan *load_plan(const struct load *l)
{
	return &l->plan;
}

struct ledger *load_ledger(const struct load *l)
{
	return l->ledger;
}

const struct tally *load_tally(const struct load *l)
{
	return checker_tally(l->checker);
}

void load_link_stats(const struct load *l, struct link_stats *out)
{
	link_stats(l->link, out);
}

const char *load_last_loss(const struct load *l)
{
	return l->last_loss;
}
