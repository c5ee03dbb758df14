/* A scripted member: see speaker.h. */
#include "tests/support/speaker.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/tcp/signer.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

#define RETRY_US     (200 * USEC_PER_MSEC)
#define RESOLVE_US   (20 * USEC_PER_MSEC)
#define KEEPALIVE_US (20 * USEC_PER_SEC)
#define OPENING_US   (60 * USEC_PER_SEC) /* Then an unanswered OPEN is given up. */

void speaker_init(struct speaker *s, const struct speaker_conf *conf, struct nic *nic)
{
	*s = (struct speaker){.conf = *conf, .nic = nic, .wants_up = true};
	struct net_port_conf port = {.mac = conf->mac, .mtu = nic->mtu, .addr_count = 1};
	port.addr[0].addr = conf->addr;
	port.addr[0].prefix_len = conf->prefix_len;
	s->net = net_new(&port, 1, conf->seed);
	/* One by one, and never as the server may: LANES_SCALAR. */
	s->signer = signer_new(LANES_SCALAR);
	s->auth = conf->keys == NULL ? NULL : auth_new(conf->keys);
	ASSERT(s->net != NULL && s->signer != NULL);
	ASSERT(auth_kind(s->auth) == auth_keys_kind(conf->keys));
}

static void drop_connection(struct speaker *s)
{
	if (s->tcp != NULL && s->auth != NULL) {
		auth_end(s->auth, tcp_local(s->tcp), tcp_remote(s->tcp));
	}
	tcp_free(s->tcp);
	s->tcp = NULL;
}

void speaker_fini(struct speaker *s)
{
	drop_connection(s);
	auth_free(s->auth);
	signer_free(s->signer);
	net_free(s->net);
}

void speaker_change_keys(struct speaker *s, const struct auth_keys *keys, usec_t now)
{
	struct auth *next = auth_new(keys);
	ASSERT(next != NULL && auth_kind(next) == auth_kind(s->auth));
	auth_adopt(next, s->auth, now);
	auth_free(s->auth);
	s->auth = next;
}

static void session_lost(struct speaker *s, usec_t now)
{
	if (s->state == SPEAKER_UP) {
		s->downs++;
		if (s->conf.record != NULL) {
			s->conf.record(s->conf.context, NULL, 0, false);
		}
	}
	memset(s->held, 0, sizeof(s->held));
	if (s->conf.takes_paths[0] || s->conf.takes_paths[1]) {
		memset(s->path, 0, sizeof(s->path));
	}
	s->has_eor[0] = s->has_eor[1] = false;
	for (unsigned f = 0; f < 2; f++) {
		s->sent_eor[f] = s->is_wanted[f] = s->has_asked[f] = s->is_renewing[f] = false;
	}
	s->state = SPEAKER_DOWN;
	s->retry_due = now + RETRY_US;
}

static void connect_now(struct speaker *s, usec_t now)
{
	struct net_route route;
	s->retry_due = now + RETRY_US;
	enum net_route_verdict verdict =
		net_route(s->net, &s->conf.addr, &s->conf.server, now, &route);
	if (verdict != ROUTE_OK) {
		s->retry_due = now + (verdict == ROUTE_WAIT ? RESOLVE_US : RETRY_US);
		return;
	}
	drop_connection(s);
	s->tcp = tcp_new();
	ASSERT(s->tcp != NULL);
	struct tcp_conf conf = {
		.local = {.addr = s->conf.addr,
			  .port = (uint16_t)(20000 + (now / 1000 + s->downs) % 40000)},
		.remote = {.addr = s->conf.server, .port = 179},
		.mss = (uint16_t)(route.mtu - (s->conf.addr.family == FAMILY_IPV4 ? 40 : 60)),
		.rcv_buf_max = s->conf.window_bytes,
		.snd_buf_max = 256 * 1024,
		.iss = tcp_isn(&(struct endpoint){.addr = s->conf.addr},
			       &(struct endpoint){.addr = s->conf.server}, s->conf.seed, now),
		.auth = (uint8_t)auth_kind(s->auth),
		.mac_len = auth_mac_len(s->auth),
	};
	tcp_connect(s->tcp, &conf, now);
	if (s->auth != NULL) {
		auth_connect(s->auth, &conf.local, &conf.remote, conf.iss);
	}
	s->state = SPEAKER_CONNECTING;
}

bool speaker_send(struct speaker *s, const uint8_t *message, size_t len)
{
	return s->tcp != NULL && s->state >= SPEAKER_OPENING &&
	       sendq_push_copy(tcp_sendq(s->tcp), span_of(message, len));
}

void speaker_end_of_rib(struct speaker *s, unsigned family)
{
	uint8_t message[32];
	size_t len = naive_end_of_rib(message, family);
	if (s->state == SPEAKER_UP && !s->sent_eor[family]) {
		s->sent_eor[family] = speaker_send(s, message, len);
	}
}

bool speaker_is_drained(const struct speaker *s)
{
	const struct sendq *q = s->tcp == NULL ? NULL : tcp_sendq(s->tcp);
	return q != NULL && q->acked == q->end;
}

void speaker_end(struct speaker *s, enum speaker_end how, usec_t now)
{
	if (s->tcp == NULL || s->state == SPEAKER_DOWN) {
		return;
	}
	if (how == END_RESET) {
		tcp_abort(s->tcp);
	} else if (how == END_VANISH) {
		drop_connection(s);
	} else {
		uint8_t cease[21] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
				     255, 255, 255, 255, 255, 0,   21,	3,   6,	  2};
		cease[20] = how == END_HARD_RESET ? 9 : 2;
		if (how != END_CLOSE) {
			speaker_send(s, cease, sizeof(cease));
		}
		tcp_close(s->tcp);
	}
	session_lost(s, now);
}

static int universe_index(const struct speaker *s, const struct naive_prefix *p)
{
	for (unsigned i = 0; i < s->conf.universe_count; i++) {
		const struct naive_prefix *q = &s->conf.universe[i];
		if (q->family == p->family && q->len == p->len &&
		    memcmp(q->bytes, p->bytes, 16) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* Its own mark: a route that it has announced. */
static bool is_own(const struct speaker *s, const uint8_t *attrs, size_t attrs_len)
{
	const uint8_t own[7] = {0xc0,
				8,
				4,
				65000 >> 8,
				65000 & 0xff,
				(uint8_t)(s->conf.asn >> 8),
				(uint8_t)s->conf.asn};
	return memmem(attrs, attrs_len, own, sizeof(own)) != NULL;
}

/* A route that its announcer has asked to keep from this member. */
static bool is_kept(const struct speaker *s, const uint8_t *attrs, size_t attrs_len)
{
	const uint8_t mark[7] = {0xc0, 32, 12, 0, 0, 65000 >> 8, 65000 & 0xff};
	const uint8_t *at = memmem(attrs, attrs_len, mark, sizeof(mark));
	if (s->conf.asks == NULL || at == NULL) {
		return false;
	}
	unsigned serial =
		(unsigned)at[7] << 24 | (unsigned)at[8] << 16 | (unsigned)at[9] << 8 | at[10];
	return !naive_may_hear(&s->conf.asks[serial], s->conf.asn);
}

/* The path of this id, or a free place for it. */
static struct held_path *path_of(struct speaker *s, unsigned prefix, uint32_t id)
{
	struct held_path *free_one = NULL;
	for (unsigned k = 0; k < HELD_PATHS_MAX; k++) {
		struct held_path *p = &s->path[prefix][k];
		if (p->is_held && p->id == id) {
			return p;
		}
		free_one = free_one == NULL && !p->is_held ? p : free_one;
	}
	return free_one;
}

/* RFC 7911 §3 */
static void on_path(struct speaker *s, unsigned prefix, uint32_t id, struct span attrs,
		    struct span next_hop)
{
	struct held_path *p = path_of(s, prefix, id);
	if (attrs.data == NULL) {
		s->withdraws++;
		s->paths_gone += p != NULL && p->is_held;
		if (p != NULL) {
			p->is_held = false;
		}
		return;
	}
	s->announces++;
	if (p == NULL) {
		s->is_broken = true;
		return;
	}
	*p = (struct held_path){.id = id,
				.is_held = true,
				.next_hop_len = (uint8_t)next_hop.len,
				.attrs_len = (uint16_t)attrs.len,
				.attrs_hash = hash_bytes(attrs.data, attrs.len, 0)};
	memcpy(p->next_hop, next_hop.data, next_hop.len);
	s->own_seen += is_own(s, attrs.data, attrs.len);
	s->kept_seen += is_kept(s, attrs.data, attrs.len);
}

static void on_route(void *context, const struct naive_prefix *p, const uint8_t *attrs,
		     size_t attrs_len, const uint8_t *next_hop, size_t next_hop_len)
{
	struct speaker *s = context;
	int i = universe_index(s, p);
	if (i < 0 || attrs_len > NAIVE_LONG_MAX || next_hop_len > 32) {
		s->is_broken = true;
		return;
	}
	if (p->has_path_id) {
		on_path(s, (unsigned)i, p->path_id, span_of(attrs, attrs_len),
			span_of(next_hop, next_hop_len));
		return;
	}
	struct held_route *h = &s->held[i];
	if (attrs == NULL) {
		s->withdraws++;
		h->is_held = false;
		return;
	}
	s->announces++;
	*h = (struct held_route){.is_held = true,
				 .attrs_len = (uint16_t)attrs_len,
				 .attrs_hash = hash_bytes(attrs, attrs_len, 0),
				 .next_hop_len = (uint8_t)next_hop_len};
	memcpy(h->attrs, attrs, min_u64(attrs_len, sizeof(h->attrs)));
	s->next_hops6 += p->family == 0 && next_hop_len != 4;
	memcpy(h->next_hop, next_hop, next_hop_len);
	s->own_seen += is_own(s, attrs, attrs_len);
	s->kept_seen += is_kept(s, attrs, attrs_len);
}

static void on_eor(void *context, unsigned family)
{
	struct speaker *s = context;
	s->has_eor[family] = true;
}

/* RFC 7313 §4.  Everything that is still held at the End has been said again. */
static void hear_refresh(struct speaker *s, unsigned family, unsigned subtype)
{
	if (family > 1 || subtype > 2 || (subtype > 0 && !s->conf.has_enhanced)) {
		s->is_broken = true;
		return;
	}
	if (subtype == 0) {
		s->is_wanted[family] = true;
		return;
	}
	if (subtype == 2) {
		s->border_faults += !s->is_renewing[family];
		s->renewed++;
	}
	for (unsigned i = family; i < s->conf.universe_count; i += 2) {
		struct held_route *r = &s->held[i];
		s->border_faults += subtype == 2 && r->is_held && r->is_old;
		r->is_old = subtype == 1;
		for (unsigned k = 0; k < HELD_PATHS_MAX; k++) {
			struct held_path *p = &s->path[i][k];
			s->border_faults += subtype == 2 && p->is_held && p->is_old;
			p->is_old = subtype == 1;
		}
	}
	s->is_renewing[family] = subtype == 1;
	s->has_asked[family] = s->has_asked[family] && subtype != 1;
}

static void hear(struct speaker *s, const uint8_t *m, size_t len, usec_t now)
{
	struct naive_sink sink = {.route = on_route,
				  .end_of_rib = on_eor,
				  .is_long = s->conf.is_long,
				  .has_next_hop6 = s->conf.has_next_hop6,
				  .has_path_ids = {s->conf.takes_paths[0], s->conf.takes_paths[1]},
				  .context = s};
	s->messages++;
	s->long_messages += len > 4096;
	if (m[18] == 2 && s->conf.record != NULL) {
		s->conf.record(s->conf.context, m, len, true);
	}
	if (!naive_message(m, len, &sink)) {
		s->is_broken = true;
	}
	if (m[18] == 1 && s->state == SPEAKER_OPENING) {
		uint8_t keepalive[19];
		speaker_send(s, keepalive, naive_keepalive(keepalive));
	} else if (m[18] == 4 && s->state == SPEAKER_OPENING) {
		s->state = SPEAKER_UP;
		s->ups++;
		if (s->conf.record != NULL) {
			s->conf.record(s->conf.context, NULL, 0, true);
		}
		s->keepalive_due = now + KEEPALIVE_US;
	} else if (m[18] == 5 && len == 23) {
		hear_refresh(s, m[20] - 1u, m[21]);
	} else if (m[18] == 3) {
		memcpy(s->last_notification, m + 19, 2);
		s->blamed += m[19] <= 3 || m[19] == 5;
	}
}

static bool read_messages(struct speaker *s, usec_t now)
{
	bool did = false;
	while (!s->is_stalled && s->state >= SPEAKER_OPENING) {
		struct span in = tcp_peek(s->tcp);
		if (in.len < 19) {
			break;
		}
		size_t len = (size_t)in.data[16] << 8 | in.data[17];
		if (len < 19 || len > (s->conf.is_long ? 65535 : 4096)) {
			s->is_broken = true;
			break;
		}
		if (in.len < len) {
			break;
		}
		hear(s, in.data, len, now);
		tcp_consume(s->tcp, len);
		did = true;
	}
	return did;
}

static size_t put_graceful(const struct speaker *s, uint8_t *open, size_t len)
{
	const struct speaker_graceful *g = &s->conf.graceful;
	unsigned bits = (g->is_restarting ? 0x8000u : 0) | (g->has_notification ? 0x4000u : 0) |
			g->restart_s;
	uint8_t restart[10] = {(uint8_t)(bits >> 8), (uint8_t)bits}, long_lived[14];
	size_t n = 2, k = 0;
	for (unsigned f = 0; f < 2; f++) {
		if (!g->families[f]) {
			continue;
		}
		const uint8_t family[3] = {0, (uint8_t)(f + 1), 1};
		memcpy(restart + n, family, 3);
		restart[n + 3] = g->is_forwarding[f] ? 0x80 : 0;
		n += 4;
		memcpy(long_lived + k, family, 3);
		long_lived[k + 3] = g->is_long_forwarding[f] ? 0x80 : 0;
		long_lived[k + 4] = 0;
		long_lived[k + 5] = (uint8_t)(g->long_s >> 8);
		long_lived[k + 6] = (uint8_t)g->long_s;
		k += 7;
	}
	if (g->is_present) {
		len = naive_capability(open, len, 64, restart, n);
	}
	return g->has_long ? naive_capability(open, len, 71, long_lived, k) : len;
}

/* RFC 7911 §4 */
static size_t put_paths(const struct speaker *s, uint8_t *open, size_t len)
{
	uint8_t value[8];
	size_t n = 0;
	for (unsigned f = 0; f < 2; f++) {
		int mode = s->conf.takes_paths[f] + 2 * s->conf.sends_paths[f];
		const uint8_t one[4] = {0, (uint8_t)(f + 1), 1, (uint8_t)mode};
		memcpy(value + n, one, mode != 0 ? 4 : 0);
		n += mode != 0 ? 4 : 0;
	}
	return n > 0 ? naive_capability(open, len, 69, value, n) : len;
}

static void send_open(struct speaker *s)
{
	static const uint8_t ipv4_by_ipv6[6] = {0, 1, 0, 1, 0, 2};
	uint8_t open[192];
	size_t len = naive_open(open, s->conf.asn, s->conf.router_id, s->conf.hold_s,
				s->conf.is_as4, s->conf.has_refresh);
	if (s->conf.is_long) {
		len = naive_capability(open, len, 6, ipv4_by_ipv6, 0);
	}
	if (s->conf.has_next_hop6) {
		len = naive_capability(open, len, 5, ipv4_by_ipv6, sizeof(ipv4_by_ipv6));
	}
	if (s->conf.has_enhanced) {
		len = naive_capability(open, len, 70, ipv4_by_ipv6, 0);
	}
	len = put_graceful(s, open, put_paths(s, open, len));
	speaker_send(s, open, len);
}

static void follow_transport(struct speaker *s, usec_t now)
{
	enum tcp_state state = tcp_state(s->tcp);
	if (s->state == SPEAKER_CONNECTING &&
	    (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT)) {
		s->state = SPEAKER_OPENING;
		s->opening_due = now + OPENING_US;
		send_open(s);
	}
	if (tcp_is_eof(s->tcp) && state == TCP_CLOSE_WAIT) {
		tcp_close(s->tcp);
		if (s->state != SPEAKER_DOWN) {
			session_lost(s, now);
		}
	}
	if (tcp_state(s->tcp) == TCP_CLOSED && !tcp_wants_tx(s->tcp, now)) {
		if (s->state != SPEAKER_DOWN) {
			session_lost(s, now);
		}
		drop_connection(s);
	}
}

static bool send_frame(struct speaker *s, struct frame_buf *frame, size_t len)
{
	frame->len = (uint16_t)len;
	if (s->conf.mangle != NULL) {
		s->conf.mangle(s->conf.mangle_context, s->nic, frame);
	}
	if (nic_tx(s->nic, 0, frame, 1) == 1) {
		return true;
	}
	nic_release(s->nic, 0, frame, 1);
	return false;
}

static bool is_ours(const struct speaker *s, const struct net_rx *rx, uint16_t src_port,
		    uint16_t dst_port)
{
	return s->tcp != NULL && dst_port == tcp_local(s->tcp)->port &&
	       src_port == tcp_remote(s->tcp)->port &&
	       addr_equal(&rx->src, &tcp_remote(s->tcp)->addr);
}

/* Sign what seg_encode wrote at the start of `bytes`, and seal it. */
static void seal(struct speaker *s, const struct seg *seg, const struct endpoint *local,
		 const struct endpoint *remote, uint8_t *bytes, uint64_t sum, usec_t now)
{
	struct auth_packet packet = {seg, local, remote,
				     span_of(bytes, seg_header_len(seg) + seg->payload.len)};
	if (seg->auth != SEG_AUTH_NONE) {
		auth_sign(s->auth, &packet, bytes, now, s->signer);
	}
	seg_seal(seg, local, remote, bytes, sum);
	signer_run(s->signer);
}

/* A segment for a connection that is not there: RST, as every host answers.  With AO it has no key
 * for that (RFC 5925 §7.7). */
static void refuse(struct speaker *s, const struct net_rx *rx, const struct seg *in,
		   uint16_t src_port, uint16_t dst_port, usec_t now)
{
	struct endpoint local = {.addr = s->conf.addr, .port = dst_port};
	struct endpoint remote = {.addr = rx->src, .port = src_port};
	struct net_route route;
	struct frame_buf frame;
	struct seg seg;

	if (auth_kind(s->auth) == SEG_AUTH_AO || !tcp_reset_for(in, &seg) ||
	    net_route(s->net, &local.addr, &remote.addr, now, &route) != ROUTE_OK ||
	    nic_alloc(s->nic, 0, &frame, 1) != 1) {
		return;
	}
	seg.auth = (uint8_t)auth_kind(s->auth);
	seg.mac_len = auth_mac_len(s->auth);
	seg.key_id = s->auth == NULL ? 0 : auth_answer_key(s->auth, in);
	size_t header = seg_header_len(&seg);
	seg_encode(&seg, &local, &remote, frame.data + route.header_len);
	seal(s, &seg, &local, &remote, frame.data + route.header_len, 0, now);
	net_encap(s->net, &route, (uint16_t)header, frame.data);
	send_frame(s, &frame, route.header_len + header);
}

static void receive_frame(struct speaker *s, const struct frame_buf *frame, usec_t now)
{
	struct net_rx rx;
	struct seg seg;
	uint16_t src_port, dst_port;

	if (net_rx(s->net, 0, frame, now, &rx) != NET_TCP ||
	    seg_decode(rx.l4, &rx.src, &rx.dst, false, &src_port, &dst_port, &seg) != SEG_OK) {
		return;
	}
	struct endpoint local = {.addr = rx.dst, .port = dst_port};
	struct endpoint remote = {.addr = rx.src, .port = src_port};
	const struct auth_packet packet = {&seg, &remote, &local, rx.l4};
	enum auth_verdict verdict = auth_rx(s->auth, &packet, now);
	if (verdict != AUTH_OK) {
		s->refused[verdict]++;
		return;
	}
	if (is_ours(s, &rx, src_port, dst_port)) {
		tcp_rx(s->tcp, &seg, now);
		tcp_check(s->tcp);
	} else {
		refuse(s, &rx, &seg, src_port, dst_port, now);
	}
}

static bool receive(struct speaker *s, usec_t now)
{
	struct frame_buf frame[NIC_BURST_MAX];
	unsigned count = nic_rx(s->nic, 0, frame, NIC_BURST_MAX);
	for (unsigned i = 0; i < count; i++) {
		receive_frame(s, &frame[i], now);
	}
	nic_release(s->nic, 0, frame, count);
	return count > 0;
}

static bool transmit(struct speaker *s, usec_t now)
{
	bool did = false;
	struct frame_buf frame;
	unsigned port;
	while (net_wants_tx(s->net) && nic_alloc(s->nic, 0, &frame, 1) == 1) {
		size_t len = net_tx(s->net, frame.data, frame.room, &port, now);
		if (len == 0) {
			nic_release(s->nic, 0, &frame, 1);
			break;
		}
		did = send_frame(s, &frame, len) || did;
	}
	struct net_route route;
	struct seg seg;
	while (s->tcp != NULL && tcp_wants_tx(s->tcp, now) &&
	       net_route(s->net, &s->conf.addr, &s->conf.server, now, &route) == ROUTE_OK &&
	       nic_alloc(s->nic, 0, &frame, 1) == 1) {
		if (!tcp_tx(s->tcp, &seg, now)) {
			nic_release(s->nic, 0, &frame, 1);
			break;
		}
		size_t header = seg_header_len(&seg);
		uint8_t *l4 = frame.data + route.header_len;
		uint64_t sum = tcp_payload(s->tcp, &seg, l4 + header);
		seg_encode(&seg, tcp_local(s->tcp), tcp_remote(s->tcp), l4);
		seal(s, &seg, tcp_local(s->tcp), tcp_remote(s->tcp), l4, sum, now);
		net_encap(s->net, &route, (uint16_t)(header + seg.payload.len), frame.data);
		send_frame(s, &frame, route.header_len + header + seg.payload.len);
		did = true;
	}
	return did;
}

bool speaker_step(struct speaker *s, usec_t now)
{
	bool did = receive(s, now);
	if (net_due(s->net) <= now) {
		net_tick(s->net, now);
	}
	if (s->tcp != NULL) {
		if (tcp_due(s->tcp) <= now) {
			tcp_tick(s->tcp, now);
			tcp_check(s->tcp);
		}
		did = read_messages(s, now) || did;
		follow_transport(s, now);
	}
	if (s->state == SPEAKER_UP && now >= s->keepalive_due) {
		uint8_t keepalive[19];
		speaker_send(s, keepalive, naive_keepalive(keepalive));
		s->keepalive_due = now + KEEPALIVE_US;
	}
	if (s->state == SPEAKER_OPENING && now >= s->opening_due) {
		speaker_end(s, END_RESET, now);
	}
	if (s->state == SPEAKER_DOWN && s->wants_up && now >= s->retry_due) {
		connect_now(s, now);
	}
	return transmit(s, now) || did;
}

usec_t speaker_due(const struct speaker *s)
{
	usec_t due = net_due(s->net);
	if (s->tcp != NULL) {
		due = min_u64(due, tcp_due(s->tcp));
	}
	if (s->state == SPEAKER_UP) {
		due = min_u64(due, s->keepalive_due);
	}
	if (s->state == SPEAKER_OPENING) {
		due = min_u64(due, s->opening_due);
	}
	if (s->state == SPEAKER_DOWN && s->wants_up) {
		due = min_u64(due, s->retry_due);
	}
	return due;
}
