/* A house of members: see house.h.  The server is AS 65000 on 198.18.0.1; member i is AS 100 + i on
 * the address 0x100 + i of the same /16. */
#include "bench/house.h"

#include <stdlib.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"
#include "rib/base/check.h"
#include "rib/base/csum.h"

#define SERVER_V4   0xc6120001u
#define HOST_FIRST  0x100u
#define SERVER_AS   65000u
#define FRAMES	    4096 /* Buffers of a queue. */
#define FRAME_ROOM  9216
#define SENT_MAX    (48u * 1024) /* Sent and not acknowledged. */
#define TICKS_WEIRD 200000	 /* A burst that took so long was interrupted. */

enum peer_state { PEER_AWAY, PEER_KNOCKING, PEER_OPENING, PEER_CONFIRMING, PEER_UP };

struct peer {
	struct peer *next; /* In the lane's list of those that have something to send. */
	bool is_listed, owes_arp, has_greeted;
	uint8_t state; /* enum peer_state */
	uint16_t id;
	uint32_t una, nxt; /* Our numbers: the first is 0. */
	uint32_t rcv;	   /* The next that we expect. */
	uint32_t ts_recent;
	unsigned owed;	  /* Segments to acknowledge. */
	uint8_t *updates; /* All that it announces. */
	size_t updates_len;
	uint32_t fed; /* Number of the first of these bytes. */
};

/* One queue. */
struct lane {
	struct peer *first, *last;
	uint8_t *frame[FRAMES]; /* A stack of free ones. */
	unsigned free_count;
	unsigned knocked; /* The next that may connect. */
	bool is_fed;
	uint8_t *memory;
	struct house_count count;
} __attribute__((aligned(128)));

struct house {
	struct nic nic;
	struct house_opts opts;
	struct server *server;
	struct policy *policy; /* NULL when nobody asks for anything. */
	struct peer *peer;
	struct lane lane[];
};

static struct house *house_of(struct nic *n)
{
	return (struct house *)(void *)n;
}

static struct mac mac_of(unsigned host)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
}

static struct endpoint end_of(const struct peer *p)
{
	return (struct endpoint){.addr = addr_v4((SERVER_V4 & 0xffff0000u) + HOST_FIRST + p->id),
				 .port = (uint16_t)(20000 + p->id)};
}

static struct lane *lane_of(struct house *h, const struct peer *p)
{
	return &h->lane[p->id % h->opts.workers];
}

static void list(struct house *h, struct peer *p)
{
	struct lane *l = lane_of(h, p);
	if (p->is_listed) {
		return;
	}
	p->is_listed = true;
	p->next = NULL;
	*(l->last != NULL ? &l->last->next : &l->first) = p;
	l->last = p;
}

bool house_is_shared(const struct house_opts *opts, unsigned set)
{
	return (set * 37 + 11) % 100 < opts->overlap;
}

/* What an announcer says in one UPDATE. */
struct said {
	unsigned member, set;
	unsigned first, count; /* /24s, numbered. */
	bool is_longer;	       /* The path, by one AS number. */
};

static size_t put_update(uint8_t *to, const struct house_opts *o, const struct said *said)
{
	struct wr w = wr_of(to, 4096);
	unsigned member = said->member, set = said->set, count = said->count;
	bool asks = o->asking > 0 && set % o->asking == 0;
	unsigned attrs = 4 + 17 + 7 + 11 + (asks ? 4u : 0) + (said->is_longer ? 4u : 0);
	for (unsigned i = 0; i < 16; i++) {
		wr_u8(&w, 0xff);
	}
	wr_u16(&w, (uint16_t)(19 + 4 + attrs + 4 * count));
	wr_u8(&w, BGP_UPDATE);
	wr_u16(&w, 0);
	wr_u16(&w, (uint16_t)attrs);
	wr_u32(&w, 0x40010100);
	unsigned path = said->is_longer ? 4 : 3; /* A sequence of so many. */
	wr_u32(&w, 0x40020002u | (2 + 4 * path) << 8);
	wr_u8(&w, (uint8_t)path);
	for (unsigned i = 2; i < path; i++) {
		wr_u32(&w, 100 + member);
	}
	wr_u32(&w, 3000 + set % 7);
	wr_u32(&w, 400000 + set);
	wr_u8(&w, 0x40);
	wr_u16(&w, 0x0304);
	wr_u32(&w, (SERVER_V4 & 0xffff0000u) + HOST_FIRST + member);
	wr_u8(&w, 0xc0);
	wr_u16(&w, asks ? 0x080c : 0x0808);
	wr_u32(&w, (100 + member % 60000) << 16 | set % 11);
	wr_u32(&w, 64500u << 16 | set % 5);
	if (asks) { /* 0:peer_as, of any member but itself. */
		wr_u32(&w, 100 + (member + 1 + set % (o->members - 1)) % o->members);
	}
	for (unsigned i = 0; i < count; i++) {
		wr_u32(&w, 24u << 24 | (0x140000 + said->first + i));
	}
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}

/* The sets at home with an announcer: its own, all of them, or those of the one before, shared. */
static void say_sets(struct house *h, struct peer *p, unsigned home)
{
	const struct house_opts *o = &h->opts;
	unsigned sets = (o->prefixes + o->per_set - 1) / o->per_set;
	for (unsigned set = 0; set < sets; set++) {
		unsigned done = set * o->per_set;
		bool is_shared = house_is_shared(o, set), is_own = home == p->id;
		struct said said = {.member = p->id,
				    .set = set,
				    .first = home * o->prefixes + done,
				    .count = (unsigned)min_u64(o->per_set, o->prefixes - done),
				    .is_longer = is_shared && is_own == (set % 2 == 0)};
		if (is_own || is_shared) {
			p->updates_len += put_update(p->updates + p->updates_len, o, &said);
		}
	}
}

static void make_updates(struct house *h, struct peer *p)
{
	const struct house_opts *o = &h->opts;
	unsigned sets = (o->prefixes + o->per_set - 1) / o->per_set;
	p->updates = malloc((size_t)2 * sets * (128 + 4 * o->per_set) + 1);
	ASSERT(p->updates != NULL);
	if (p->id < o->announcers) {
		say_sets(h, p, p->id);
	}
	if (p->id < o->announcers && o->overlap > 0) {
		say_sets(h, p, (p->id + o->announcers - 1) % o->announcers);
	}
}

/* What the peer says before its UPDATEs, by state. */
static size_t greeting(const struct peer *p, uint8_t *to)
{
	if (p->state == PEER_OPENING) {
		const struct open open = {.asn = 100u + p->id,
					  .router_id = 0x0a000000u + p->id + 1,
					  .has_as4 = true,
					  .has_multiprotocol = true,
					  .families[FAMILY_IPV4] = true};
		return open_encode(&open, to, OPEN_ENCODED_MAX);
	}
	struct wr w = wr_of(to, BGP_HEADER_LEN);
	frame_begin(&w, BGP_KEEPALIVE);
	frame_end(&w, 0);
	return wr_len(&w);
}

/* The payload of the next segment; the greetings are told by the state that follows. */
static size_t next_payload(struct house *h, struct peer *p, uint8_t *to)
{
	size_t room = h->opts.mtu - 52u;
	if (p->state == PEER_OPENING || p->state == PEER_CONFIRMING) {
		size_t len = p->has_greeted ? 0 : greeting(p, to);
		p->has_greeted = true;
		return len;
	}
	size_t done = p->nxt - p->fed;
	size_t left = p->updates_len - done;
	if (p->state != PEER_UP || !lane_of(h, p)->is_fed || left == 0 ||
	    p->nxt - p->una >= SENT_MAX) {
		return 0;
	}
	size_t len = left < room ? left : room;
	memcpy(to, p->updates + done, len);
	return len;
}

static size_t put_segment(struct house *h, struct peer *p, uint8_t *frame)
{
	uint8_t payload[FRAME_ROOM];
	bool is_syn = p->state == PEER_KNOCKING;
	size_t len = is_syn ? 0 : next_payload(h, p, payload);
	struct endpoint from = end_of(p), to = {.addr = addr_v4(SERVER_V4), .port = 179};
	if (len == 0 && p->owed == 0 && !is_syn) {
		return 0;
	}
	struct seg s = {.seq = p->nxt,
			.ack = p->rcv,
			.flags = is_syn ? TCP_SYN : TCP_ACK,
			.window = 0xffff,
			.wscale = is_syn ? 10 : 0xff,
			.mss = is_syn ? (uint16_t)(h->opts.mtu - 40) : 0,
			.has_sack_permitted = is_syn,
			.has_ts = true,
			.ts_val = 1,
			.ts_ecr = p->ts_recent,
			.payload = span_of(NULL, len)};
	size_t header = seg_header_len(&s);
	struct mac src = mac_of(HOST_FIRST + p->id), dst = mac_of(1);
	struct ip_packet ip = {.src = from.addr,
			       .dst = to.addr,
			       .proto = IP_PROTO_TCP,
			       .hop_limit = 255,
			       .l4 = span_of(NULL, header + len)};
	uint8_t *l4 = frame + ETH_HEADER_LEN + IP4_HEADER_LEN;
	eth_encode(&dst, &src, ETHERTYPE_IPV4, frame);
	ip_encode(&ip, frame + ETH_HEADER_LEN);
	seg_encode(&s, &from, &to, l4);
	seg_seal(&s, &from, &to, l4, csum_copy(l4 + header, payload, len));
	p->nxt += (uint32_t)len;
	p->owed -= p->owed < 2 ? p->owed : 2;
	lane_of(h, p)->count.acks++;
	return ETH_HEADER_LEN + IP4_HEADER_LEN + header + len;
}

static size_t put_arp(const struct peer *p, uint8_t *frame)
{
	struct mac us = mac_of(1);
	struct arp m = {.operation = ARP_REPLY,
			.sender_mac = mac_of(HOST_FIRST + p->id),
			.sender = end_of(p).addr,
			.target_mac = us,
			.target = addr_v4(SERVER_V4)};
	arp_encode(&m, &us, frame);
	return ARP_FRAME_LEN;
}

/* The next frame of a peer; 0 when it has said all. */
static size_t put_frame(struct house *h, struct peer *p, uint8_t *frame)
{
	if (p->owes_arp) {
		p->owes_arp = false;
		return put_arp(p, frame);
	}
	return put_segment(h, p, frame);
}

static void charge(struct lane *l, uint64_t since)
{
	uint64_t spent = house_ticks() - since;
	l->count.ticks += spent < TICKS_WEIRD ? spent : 0;
}

static unsigned house_rx(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct house *h = house_of(n);
	struct lane *l = &h->lane[queue];
	uint64_t since = house_ticks();
	unsigned count = 0;
	while (count < max && l->first != NULL && l->free_count > FRAMES / 2) {
		struct peer *p = l->first;
		uint8_t *frame = l->frame[l->free_count - 1];
		size_t len = put_frame(h, p, frame);
		if (len > 0) {
			l->free_count--;
			out[count++] = (struct frame_buf){
				.data = frame, .len = (uint16_t)len, .cookie = frame};
		}
		if (len == 0 || p->state == PEER_KNOCKING) {
			l->first = p->next;
			l->last = l->first == NULL ? NULL : l->last;
			p->is_listed = false;
		}
	}
	charge(l, since);
	return count;
}

/* The server's segment: `l4` from the TCP header on. */
static void hear_segment(struct house *h, struct peer *p, struct span l4)
{
	struct lane *l = lane_of(h, p);
	struct rd r = rd_of(span_of(l4.data + 4, 8));
	size_t header = (size_t)(l4.data[12] >> 4) * 4;
	uint32_t seq = rd_u32(&r), len = (uint32_t)(l4.len - header);
	p->una = rd_u32(&r);
	if (header >= 32) { /* All but the SYN+ACK have the timestamp first. */
		size_t at = p->state == PEER_KNOCKING ? header - 8 : 24;
		struct rd ts = rd_of(span_of(l4.data + at, 4));
		p->ts_recent = rd_u32(&ts);
	}
	if (p->state == PEER_KNOCKING && (l4.data[13] & TCP_SYN) == 0) {
		return;
	}
	if (p->state == PEER_KNOCKING) {
		p->state = PEER_OPENING;
		p->nxt = p->una;
		p->rcv = seq + 1;
		p->owed = 1;
		list(h, p);
		return;
	}
	if (len > 0) {
		ASSERT(seq == p->rcv);
		p->rcv += len;
		p->owed++;
		l->count.segments++;
		l->count.bytes += len;
		if (p->state < PEER_UP && p->has_greeted) {
			p->state++;
			p->has_greeted = false;
			p->fed = p->nxt;
		}
	}
	list(h, p);
}

static void hear_frame(struct house *h, const struct frame_buf *f)
{
	const uint8_t *ip = f->data + ETH_HEADER_LEN;
	bool is_arp = f->data[13] == 0x06;
	const uint8_t *host = ip + (is_arp ? 26 : 18);
	unsigned id = ((unsigned)host[0] << 8 | host[1]) - HOST_FIRST;
	if (id >= h->opts.members) {
		return; /* The server speaks of itself. */
	}
	struct peer *p = &h->peer[id];
	if (is_arp) {
		p->owes_arp = true;
		list(h, p);
		return;
	}
	size_t ip_len = (size_t)ip[2] << 8 | ip[3];
	hear_segment(h, p, span_of(ip + IP4_HEADER_LEN, ip_len - IP4_HEADER_LEN));
}

static void give_back(struct lane *l, const struct frame_buf *in, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ASSERT(l->free_count < FRAMES);
		l->frame[l->free_count++] = in[i].cookie;
	}
}

static unsigned house_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct house *h = house_of(n);
	struct lane *l = &h->lane[queue];
	uint64_t since = house_ticks(), segments = l->count.segments;
	for (unsigned i = 0; i < count; i++) {
		hear_frame(h, &in[i]);
	}
	give_back(l, in, count);
	charge(l, since);
	if (l->count.segments != segments) {
		l->count.last = house_ticks();
		l->count.last_spent = l->count.ticks;
	}
	return count;
}

static unsigned house_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	struct lane *l = &house_of(n)->lane[queue];
	uint64_t since = house_ticks();
	unsigned i = 0;
	for (; i < count && l->free_count > 0; i++) {
		uint8_t *frame = l->frame[--l->free_count];
		out[i] = (struct frame_buf){.data = frame, .room = FRAME_ROOM, .cookie = frame};
	}
	charge(l, since);
	return i;
}

static void house_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	give_back(&house_of(n)->lane[queue], in, count);
}

static int house_wait_fd(struct nic *n, unsigned queue)
{
	(void)n, (void)queue;
	return -1;
}

static void house_close(struct nic *n)
{
	(void)n;
}

static const struct nic_ops house_ops = {
	.rx_burst = house_rx,
	.tx_alloc = house_alloc,
	.tx_burst = house_tx,
	.release = house_release,
	.wait_fd = house_wait_fd,
	.close = house_close,
};

/* 0:peer_as keeps a route from a member. */
static struct policy *make_policy(const struct house_opts *opts)
{
	struct policy *p = policy_new(opts->members);
	ASSERT(p != NULL);
	p->generation = 1;
	p->pattern[COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER][COMMUNITY_STD] =
		(struct community_pattern){.is_set = true, .has_peer_as = true};
	for (unsigned i = 0; i < opts->members; i++) {
		p->peer[i] = peer_policy_new();
		ASSERT(p->peer[i] != NULL);
		p->peer[i]->asn = 100 + i;
	}
	bool is_whole = policy_finish(p);
	ASSERT(is_whole);
	return p;
}

static void make_server(struct house *h)
{
	h->policy = h->opts.asking > 0 ? make_policy(&h->opts) : NULL;
	struct member_conf *conf = calloc(h->opts.members, sizeof(*conf));
	ASSERT(conf != NULL);
	for (unsigned i = 0; i < h->opts.members; i++) {
		conf[i] = (struct member_conf){.asn = 100 + i,
					       .addr = end_of(&h->peer[i]).addr,
					       .session.is_passive = true,
					       .is_enabled = true};
	}
	struct net_port_conf port = {
		.mac = h->nic.mac, .mtu = (uint16_t)h->opts.mtu, .addr_count = 1};
	port.addr[0].addr = addr_v4(SERVER_V4);
	port.addr[0].prefix_len = 16;
	struct nic *nic = &h->nic;
	h->server = server_new(&(struct server_opts){.local_as = SERVER_AS,
						     .router_id = SERVER_V4,
						     .core_count = h->opts.workers,
						     .seed = 1,
						     .members = conf,
						     .member_count = h->opts.members,
						     .ports = &port,
						     .nics = &nic,
						     .port_count = 1,
						     .policy = h->policy,
						     .now = h->opts.now});
	ASSERT(h->server != NULL);
	free(conf);
}

struct house *house_new(const struct house_opts *opts)
{
	size_t bytes = sizeof(struct house) + opts->workers * sizeof(struct lane);
	struct house *h = aligned_alloc(128, (bytes + 127) / 128 * 128);
	ASSERT(h != NULL && opts->mtu <= FRAME_ROOM - NIC_HEADER_MAX);
	memset(h, 0, bytes);
	h->opts = *opts;
	h->nic = (struct nic){.ops = &house_ops,
			      .mac = mac_of(1),
			      .mtu = (uint16_t)opts->mtu,
			      .queue_count = (uint16_t)opts->workers};
	h->peer = calloc(opts->members, sizeof(*h->peer));
	ASSERT(h->peer != NULL);
	for (unsigned i = 0; i < opts->members; i++) {
		h->peer[i].id = (uint16_t)i;
		make_updates(h, &h->peer[i]);
	}
	for (unsigned w = 0; w < opts->workers; w++) {
		struct lane *l = &h->lane[w];
		l->knocked = w;
		l->memory = aligned_alloc(128, (size_t)FRAMES * FRAME_ROOM);
		ASSERT(l->memory != NULL);
		for (; l->free_count < FRAMES; l->free_count++) {
			l->frame[l->free_count] = l->memory + (size_t)l->free_count * FRAME_ROOM;
		}
	}
	make_server(h);
	return h;
}

void house_free(struct house *h)
{
	server_free(h->server);
	policy_free(h->policy);
	for (unsigned i = 0; i < h->opts.members; i++) {
		free(h->peer[i].updates);
	}
	for (unsigned w = 0; w < h->opts.workers; w++) {
		free(h->lane[w].memory);
	}
	free(h->peer);
	free(h);
}

struct server *house_server(struct house *h)
{
	return h->server;
}

bool house_knock(struct house *h, unsigned queue, unsigned count)
{
	struct lane *l = &h->lane[queue];
	for (unsigned i = queue; i < l->knocked; i += h->opts.workers) {
		struct peer *p = &h->peer[i];
		if (p->state == PEER_OPENING && !p->is_listed) { /* Its ACK was not taken. */
			p->state = PEER_KNOCKING;
			p->nxt = 0;
			p->has_greeted = false;
		}
		if (p->state == PEER_KNOCKING) {
			list(h, p);
		}
	}
	for (; count > 0 && l->knocked < h->opts.members; count--) {
		struct peer *p = &h->peer[l->knocked];
		p->state = PEER_KNOCKING;
		list(h, p);
		l->knocked += h->opts.workers;
	}
	return l->knocked < h->opts.members;
}

void house_feed(struct house *h, unsigned queue)
{
	h->lane[queue].is_fed = true;
	for (unsigned i = queue; i < h->opts.members; i += h->opts.workers) {
		list(h, &h->peer[i]);
	}
}

void house_change(struct house *h, unsigned member, unsigned version)
{
	struct peer *p = &h->peer[member];
	const struct house_opts *o = &h->opts;
	unsigned sets = (o->prefixes + o->per_set - 1) / o->per_set;
	unsigned count = o->prefixes < o->per_set ? o->prefixes : o->per_set;
	ASSERT(p->nxt == p->una && member < o->announcers);
	p->fed = p->nxt;
	p->updates_len = put_update(p->updates, o,
				    &(struct said){.member = member,
						   .set = sets * version,
						   .first = member * o->prefixes,
						   .count = count});
	list(h, p);
}

bool house_has_mail(const struct house *h, unsigned queue)
{
	return h->lane[queue].first != NULL;
}

const struct house_count *house_count(const struct house *h, unsigned queue)
{
	return &h->lane[queue].count;
}
