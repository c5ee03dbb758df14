/* A link over our own TCP, on a port of our own: see link.h and station.h.
 *
 * One loop, as a worker of causewayd has it: frames in, timers, what has become due to be sent.
 * What arrives is handed over segment by segment, while it is in the cache; what is to be sent
 * (mostly acknowledgements) goes out once for each connection and turn.  A member is found by its
 * address, which is an index, and then by its port: a connection that is ending may still be there
 * beside the next one.
 */
#include "bench/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "bench/station.h"
#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"
#include "rib/base/wheel.h"

#define RX_BURSTS      8 /* In a turn. */
#define RCV_BUF_MAX    (256 * 1024)
#define SND_BUF_MAX    (256 * 1024)
#define CHUNK_MAX      (32 * 1024) /* Of what is pushed at once. */
#define PORT_FIRST     20000
#define PORT_COUNT     40000
#define SPIN_US	       20000 /* After the last work; then it naps. */
#define NAP_US	       50
#define GOODBYE_US     300000
#define GRACE_US       50000 /* Nothing may be under way when a memif ends, see the guide. */
#define IPV4_TCP_BYTES 40

struct conn {
	struct tcp *tcp;   /* NULL: none. */
	struct tcp *dying; /* The one before, which has still something to say. */
	struct conn *next; /* To be looked after in this turn. */
	struct wheel_timer timer;
	uint16_t incarnation;
	bool is_listed, is_up, is_stalled, wants_room;
};

struct own {
	struct link link;
	struct station *station;
	struct wheel *wheel;
	struct conn *conn;
	struct conn *first, **last; /* To be looked after. */
	usec_t now, worked_at;
	bool has_worked;
	uint64_t key;
	struct link_stats stats; /* Of connections that have ended. */
};

static_assert(offsetof(struct own, link) == 0, "an own link begins with its link");

static struct own *own_of(struct link *l)
{
	return (struct own *)(void *)l;
}

static const struct own *own_of_const(const struct link *l)
{
	return (const struct own *)(const void *)l;
}

static void look_after(struct own *o, struct conn *c)
{
	if (!c->is_listed) {
		c->is_listed = true;
		c->next = NULL;
		*o->last = c;
		o->last = &c->next;
	}
}

static struct conn *take_listed(struct own *o)
{
	struct conn *c = o->first;

	if (c != NULL) {
		o->first = c->next;
		o->last = o->first == NULL ? &o->first : o->last;
		c->is_listed = false;
	}
	return c;
}

static void add_stats(const struct tcp *tcp, struct link_stats *to)
{
	const struct tcp_stats *stats = tcp_stats(tcp);

	to->retransmits += metric_get(&stats->retransmits);
	to->bytes_in += metric_get(&stats->bytes_in);
	to->bytes_out += metric_get(&stats->bytes_out);
}

static void forget(struct own *o, struct tcp **tcp)
{
	if (*tcp != NULL) {
		add_stats(*tcp, &o->stats);
		tcp_free(*tcp);
		*tcp = NULL;
	}
}

static int own_connect(struct link *l, unsigned i)
{
	struct own *o = own_of(l);
	struct conn *c = &o->conn[i];
	struct tcp_conf conf = {
		.local = {.addr = addr_v4(l->conf.source + i),
			  .port = (uint16_t)(PORT_FIRST + c->incarnation++ % PORT_COUNT)},
		.remote = {.addr = addr_v4(l->conf.server), .port = LINK_SERVER_PORT},
		.mss = (uint16_t)(l->conf.port.mtu - IPV4_TCP_BYTES),
		.rcv_buf_max = RCV_BUF_MAX,
		.snd_buf_max = SND_BUF_MAX,
	};

	ASSERT(c->tcp == NULL);
	c->tcp = tcp_new();
	if (c->tcp == NULL) {
		return -ENOMEM;
	}
	o->now = link_now_us();
	conf.iss = tcp_isn(&conf.local, &conf.remote, o->key, o->now);
	conf.ts_offset = tcp_ts_offset(&conf.local, &conf.remote, o->key);
	c->is_up = c->is_stalled = c->wants_room = false;
	station_greet(o->station, i);
	tcp_connect(c->tcp, &conf, o->now);
	look_after(o, c);
	return 0;
}

static void own_close(struct link *l, unsigned i, bool has_reset)
{
	struct own *o = own_of(l);
	struct conn *c = &o->conn[i];

	if (c->tcp == NULL) {
		return;
	}
	forget(o, &c->dying);
	c->dying = c->tcp;
	c->tcp = NULL;
	if (has_reset) {
		tcp_abort(c->dying);
	} else {
		tcp_close(c->dying);
	}
	look_after(o, c);
}

static size_t own_send(struct link *l, unsigned i, const void *data, size_t len)
{
	struct own *o = own_of(l);
	struct conn *c = &o->conn[i];
	size_t at = 0;

	if (c->tcp == NULL) {
		return 0;
	}
	struct sendq *q = tcp_sendq(c->tcp);
	while (at < len) {
		uint64_t room = q->bytes_max - sendq_bytes(q);
		size_t n = min_u64(min_u64(len - at, CHUNK_MAX), room);

		if (n == 0 || !sendq_push_copy(q, span_of((const uint8_t *)data + at, n))) {
			break;
		}
		at += n;
	}
	c->wants_room = at < len;
	look_after(o, c);
	return at;
}

static void own_stall(struct link *l, unsigned i, bool is_stalled)
{
	struct own *o = own_of(l);

	o->conn[i].is_stalled = is_stalled;
	look_after(o, &o->conn[i]);
}

static void hear(struct own *o, struct conn *c)
{
	struct tcp *tcp = c->tcp;
	struct span in = tcp_peek(tcp);

	if (in.len == 0 || c->is_stalled) {
		return;
	}
	size_t taken =
		o->link.user.heard(o->link.user.context, (unsigned)(c - o->conn), in.data, in.len);
	if (c->tcp == tcp && taken > 0) {
		tcp_consume(tcp, taken);
	}
}

/* Tell the user what has become of a connection.  Each callback may end it. */
static void follow(struct own *o, struct conn *c)
{
	struct tcp *tcp = c->tcp;
	unsigned i = (unsigned)(c - o->conn);
	const struct link_user *user = &o->link.user;

	if (tcp == NULL) {
		return;
	}
	enum tcp_state state = tcp_state(tcp);
	if (!c->is_up && (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT)) {
		c->is_up = true;
		user->up(user->context, i);
	}
	if (c->tcp == tcp && c->is_up) {
		hear(o, c);
	}
	if (c->tcp != tcp) {
		return;
	}
	if (tcp_state(tcp) == TCP_CLOSED) {
		const char *why = tcp_reason_text(tcp_reason(tcp));

		forget(o, &c->tcp);
		user->down(user->context, i, why);
	} else if (tcp_is_eof(tcp)) {
		own_close(&o->link, i, false);
		user->down(user->context, i, "connection closed");
	}
}

/* Write a segment; `tcp` gives its payload, NULL when it has none. */
static void emit(struct own *o, unsigned i, uint8_t *l4, const struct seg *seg,
		 const struct endpoint ends[2], struct tcp *tcp)
{
	size_t header = seg_header_len(seg);
	uint64_t sum = tcp == NULL ? 0 : tcp_payload(tcp, seg, l4 + header);

	seg_encode(seg, &ends[0], &ends[1], l4);
	seg_seal(seg, &ends[0], &ends[1], l4, sum);
	station_end(o->station, i, header + seg->payload.len);
}

/* Send what a connection wants; false when the port takes no more. */
static bool transmit(struct own *o, unsigned i, struct tcp *tcp)
{
	struct seg seg;

	while (tcp_wants_tx(tcp, o->now)) {
		const struct endpoint ends[2] = {*tcp_local(tcp), *tcp_remote(tcp)};
		uint8_t *l4 = station_begin(o->station);

		if (l4 == NULL) {
			return false;
		}
		if (!tcp_tx(tcp, &seg, o->now)) {
			break;
		}
		emit(o, i, l4, &seg, ends, tcp);
	}
	return true;
}

static bool has_ended(const struct tcp *tcp)
{
	return tcp_state(tcp) == TCP_CLOSED || tcp_state(tcp) == TCP_TIME_WAIT;
}

/* Everything that one connection needs in this turn; false when the port takes no more. */
static bool attend(struct own *o, struct conn *c)
{
	unsigned i = (unsigned)(c - o->conn);
	usec_t due = USEC_NEVER;
	bool is_done = true;

	follow(o, c);
	if (c->tcp != NULL && c->wants_room && sendq_bytes(tcp_sendq(c->tcp)) <= SND_BUF_MAX / 2) {
		c->wants_room = false;
		o->link.user.room(o->link.user.context, i);
	}
	if (!station_is_ready(o->station, i, o->now)) {
		return false;
	}
	if (c->dying != NULL) {
		is_done = transmit(o, i, c->dying);
		if (has_ended(c->dying)) {
			forget(o, &c->dying);
		} else {
			due = tcp_due(c->dying);
		}
	}
	if (c->tcp != NULL) {
		is_done = transmit(o, i, c->tcp) && is_done;
		due = min_u64(due, tcp_due(c->tcp));
	}
	wheel_arm(o->wheel, &c->timer, due);
	return is_done;
}

static void take_segment(void *context, unsigned i, const struct ip_packet *packet,
			 bool is_csum_good)
{
	struct own *o = context;
	struct conn *c = &o->conn[i];
	struct seg seg;
	uint16_t src_port, dst_port;

	if (seg_decode(packet->l4, &packet->src, &packet->dst, is_csum_good, &src_port, &dst_port,
		       &seg) != SEG_OK) {
		return;
	}
	if (c->tcp != NULL && tcp_local(c->tcp)->port == dst_port) {
		tcp_rx(c->tcp, &seg, o->now);
		follow(o, c);
		look_after(o, c);
	} else if (c->dying != NULL && tcp_local(c->dying)->port == dst_port) {
		tcp_rx(c->dying, &seg, o->now);
		tcp_consume(c->dying, tcp_peek(c->dying).len); /* Nobody listens any more. */
		look_after(o, c);
	} else {
		const struct endpoint ends[2] = {{.addr = packet->dst, .port = dst_port},
						 {.addr = packet->src, .port = src_port}};
		struct seg reset;

		if (tcp_reset_for(&seg, &reset) && station_is_ready(o->station, i, o->now)) {
			uint8_t *l4 = station_begin(o->station);

			if (l4 != NULL) {
				emit(o, i, l4, &reset, ends, NULL);
			}
		}
	}
}

static void tick(struct own *o)
{
	struct wheel_timer *timer;

	while ((timer = wheel_pop(o->wheel, o->now)) != NULL) {
		struct conn *c =
			(struct conn *)(void *)((char *)timer - offsetof(struct conn, timer));

		if (c->tcp != NULL) {
			tcp_tick(c->tcp, o->now);
		}
		if (c->dying != NULL) {
			tcp_tick(c->dying, o->now);
		}
		look_after(o, c);
	}
}

static void turn(struct own *o)
{
	struct conn *c;
	bool is_done = true;

	usec_t now = link_now_us();
	if (o->has_worked) {
		o->stats.busy_us += now - o->now;
	}
	o->now = now;
	o->has_worked = station_rx(o->station, RX_BURSTS, take_segment, o);
	tick(o);
	while (is_done && (c = take_listed(o)) != NULL) {
		o->has_worked = true;
		is_done = attend(o, c);
		if (!is_done) {
			look_after(o, c);
		}
	}
	(void)station_flush(o->station);
	if (o->has_worked) {
		o->worked_at = o->now;
	}
}

static void nap(struct own *o)
{
	struct pollfd watched = {.fd = station_wait_fd(o->station), .events = POLLIN};
	struct timespec ts = {.tv_nsec = NAP_US * 1000};

	if (o->now - o->worked_at >= SPIN_US) {
		(void)ppoll(&watched, watched.fd >= 0, &ts, NULL);
	}
}

static void own_poll(struct link *l, uint64_t wait_us)
{
	struct own *o = own_of(l);
	usec_t until = USEC_NEVER;

	for (;;) {
		turn(o);
		until = min_u64(until, o->now + wait_us);
		if (o->has_worked || o->now >= until) {
			return;
		}
		nap(o);
	}
}

static void own_stats(const struct link *l, struct link_stats *out)
{
	const struct own *o = own_of_const(l);

	*out = o->stats;
	for (unsigned i = 0; i < l->conf.members; i++) {
		if (o->conn[i].tcp != NULL) {
			add_stats(o->conn[i].tcp, out);
		}
	}
}

/* Close all in order, and give the server a moment to see it. */
static void say_goodbye(struct own *o)
{
	usec_t until = link_now_us() + GOODBYE_US;
	bool is_quiet = false;

	for (unsigned i = 0; i < o->link.conf.members; i++) {
		own_close(&o->link, i, false);
	}
	while (!is_quiet && o->now < until) {
		turn(o);
		is_quiet = true;
		for (unsigned i = 0; i < o->link.conf.members; i++) {
			is_quiet = is_quiet && o->conn[i].dying == NULL;
		}
	}
	for (until = o->now + GRACE_US; o->now < until;) {
		turn(o);
	}
}

static void own_free(struct link *l)
{
	struct own *o = own_of(l);

	say_goodbye(o);
	for (unsigned i = 0; i < l->conf.members; i++) {
		forget(o, &o->conn[i].tcp);
		forget(o, &o->conn[i].dying);
	}
	station_free(o->station);
	wheel_free(o->wheel);
	free(o->conn);
	free(o);
}

static const struct link_ops own_ops = {
	.connect = own_connect,
	.close = own_close,
	.send = own_send,
	.stall = own_stall,
	.poll = own_poll,
	.stats = own_stats,
	.free = own_free,
};

struct link *link_own_new(const struct link_conf *conf, const struct link_user *user, char *why,
			  size_t why_len)
{
	const struct station_conf station = {.device = conf->port.device,
					     .cpu = conf->port.cpu,
					     .mtu = conf->port.mtu,
					     .server = conf->server,
					     .source = conf->source,
					     .members = conf->members};
	struct own *o = calloc(1, sizeof(*o));
	struct conn *conn = calloc(conf->members, sizeof(*conn));
	usec_t now = link_now_us();
	struct wheel *wheel = wheel_new(now);

	(void)snprintf(why, why_len, "out of memory");
	if (o != NULL && conn != NULL && wheel != NULL) {
		*o = (struct own){.link = {.ops = &own_ops, .conf = *conf, .user = *user},
				  .wheel = wheel,
				  .conn = conn,
				  .now = now,
				  .key = now};
		o->last = &o->first;
		(void)prctl(PR_SET_TIMERSLACK, 1);
		o->station = station_new(&station, why, why_len);
	}
	if (o == NULL || o->station == NULL) {
		wheel_free(wheel);
		free(conn);
		free(o);
		return NULL;
	}
	return &o->link;
}
