/* A member whose segments come in by one port and ours go out by another, as on an exchange with a
 * VLAN of each size: what is sent fits the port that it leaves by.  RFC 9293 §3.7.1. */
#include <criterion/criterion.h>

#include "dataplane/core/core_priv.h"
#include "dataplane/nic/nic_mem.h"

#define LARGE	   9000
#define SMALL	   1500
#define BYTES	   6000
#define STEP_US	   20
#define BUFFER	   65536
#define PEER_PORT  40000
#define LARGE_ADDR 0xc6120001 /* 198.18.0.1 */
#define SMALL_ADDR 0xc6130001 /* 198.19.0.1 */

/* Port 0 takes large packets, port 1 small ones; the member is at home on port 1. */
struct side {
	struct nic *nic[2];
	struct mac mac[2];
};

struct ports {
	struct nic_hub *hub[2];
	struct side ours, theirs;
	struct server *server;
	struct net *net; /* The member's. */
	struct tcp *tcp; /* The member's. */
	size_t longest;	 /* Packet that came to the member. */
	usec_t now;
};

static void side_open(struct ports *p, struct side *s, unsigned number,
		      struct net_port_conf conf[2])
{
	for (unsigned i = 0; i < 2; i++) {
		uint16_t mtu = i == 0 ? LARGE : SMALL;
		s->mac[i] = (struct mac){{2, 0, 0, 0, (uint8_t)number, (uint8_t)(i + 1)}};
		s->nic[i] = nic_mem_open(p->hub[i], s->mac[i], mtu, 1);
		conf[i] = (struct net_port_conf){
			.mac = s->mac[i], .mtu = mtu, .nic = (uint8_t)i, .addr_count = 1};
		conf[i].addr[0].addr =
			addr_v4((i == 0 ? LARGE_ADDR : SMALL_ADDR) + 10 * (number - 1));
		conf[i].addr[0].prefix_len = 24;
	}
}

static void ports_init(struct ports *p)
{
	struct net_port_conf conf[2];
	struct member_conf member = {.asn = 65001,
				     .addr = addr_v4(SMALL_ADDR + 10),
				     .session.hold_s = 90,
				     .session.is_passive = true,
				     .is_enabled = true};
	*p = (struct ports){.now = 100 * USEC_PER_SEC};
	epoch_thread_begin_alone();
	for (unsigned i = 0; i < 2; i++) {
		p->hub[i] = nic_hub_new(2, 256);
	}
	side_open(p, &p->theirs, 2, conf);
	p->net = net_new(conf, 2, 3);
	side_open(p, &p->ours, 1, conf);
	struct server_opts opts = {.local_as = 65000,
				   .router_id = LARGE_ADDR,
				   .core_count = 1,
				   .seed = 7,
				   .members = &member,
				   .member_count = 1,
				   .ports = conf,
				   .nics = p->ours.nic,
				   .port_count = 2,
				   .now = p->now};
	p->server = server_new(&opts);
	cr_assert(p->server != NULL && p->net != NULL);
	struct tcp_conf tcp = {.local = {.addr = member.addr, .port = PEER_PORT},
			       .remote = {.addr = addr_v4(LARGE_ADDR), .port = 179},
			       .mss = LARGE - 40,
			       .rcv_buf_max = BUFFER,
			       .snd_buf_max = BUFFER,
			       .iss = 1};
	p->tcp = tcp_new();
	tcp_connect(p->tcp, &tcp, p->now);
}

static void ports_fini(struct ports *p)
{
	server_free(p->server);
	tcp_free(p->tcp);
	net_free(p->net);
	for (unsigned i = 0; i < 2; i++) {
		p->ours.nic[i]->ops->close(p->ours.nic[i]);
		p->theirs.nic[i]->ops->close(p->theirs.nic[i]);
		nic_hub_free(p->hub[i]);
	}
	epoch_barrier();
	epoch_thread_end();
}

static void put(struct nic *n, const uint8_t *data, size_t len)
{
	struct frame_buf f;
	cr_assert_eq(nic_alloc(n, 0, &f, 1), 1u);
	memcpy(f.data, data, len);
	f.len = (uint16_t)max_u64(len, 60);
	cr_assert_eq(nic_tx(n, 0, &f, 1), 1u);
}

/* From the address of port 1, by port 0. */
static void peer_tx(struct ports *p)
{
	struct net_route route = {.port = 0,
				  .src = tcp_local(p->tcp)->addr,
				  .dst = tcp_remote(p->tcp)->addr,
				  .dst_mac = p->ours.mac[0],
				  .header_len = 34,
				  .mtu = LARGE};
	uint8_t f[LARGE + 64] = {0};
	struct seg seg;
	unsigned port;
	size_t len;
	while (tcp_tx(p->tcp, &seg, p->now)) {
		len = seg_header_len(&seg);
		cr_assert_eq(seg.payload.len, 0u);
		seg_encode(&seg, tcp_local(p->tcp), tcp_remote(p->tcp), f + 34);
		seg_seal(&seg, tcp_local(p->tcp), tcp_remote(p->tcp), f + 34, 0);
		net_encap(p->net, &route, (uint16_t)len, f);
		put(p->theirs.nic[0], f, 34 + len);
	}
	net_tick(p->net, p->now);
	while ((len = net_tx(p->net, f, sizeof(f), &port, p->now)) > 0) {
		put(p->theirs.nic[port], f, len);
	}
}

static void peer_rx(struct ports *p, unsigned nic)
{
	struct frame_buf f;
	struct net_rx rx;
	struct seg seg;
	uint16_t ports[2];
	while (nic_rx(p->theirs.nic[nic], 0, &f, 1) == 1) {
		if (net_rx(p->net, nic, &f, p->now, &rx) == NET_TCP) {
			cr_assert_eq(seg_decode(rx.l4, &rx.src, &rx.dst, false, &ports[0],
						&ports[1], &seg),
				     SEG_OK);
			p->longest = max_u64(p->longest, rx.l4.len + 20);
			tcp_rx(p->tcp, &seg, p->now);
		}
		nic_release(p->theirs.nic[nic], 0, &f, 1);
	}
}

static void ports_run(struct ports *p, usec_t us)
{
	for (usec_t until = p->now + us; p->now < until; p->now += STEP_US) {
		nic_hub_set_time(p->hub[0], p->now, 10);
		nic_hub_set_time(p->hub[1], p->now, 10);
		core_step(server_core(p->server, 0), p->now);
		peer_rx(p, 0);
		peer_rx(p, 1);
		tcp_tick(p->tcp, p->now);
		peer_tx(p);
	}
}

Test(ports, what_is_sent_fits_the_port_that_it_leaves_by)
{
	static const uint8_t bytes[BYTES];
	struct ports p;
	ports_init(&p);
	ports_run(&p, 3 * USEC_PER_SEC);
	cr_assert_eq(tcp_state(p.tcp), TCP_ESTABLISHED);
	struct member *m = &p.server->member[0];
	size_t before = tcp_peek(p.tcp).len; /* The OPEN. */
	cr_assert(sendq_push_ref(tcp_sendq(m->tcp), span_of(bytes, sizeof(bytes))));
	member_sync(m);
	ports_run(&p, 100 * USEC_PER_MSEC);
	cr_expect_eq(tcp_peek(p.tcp).len, before + BYTES);
	cr_expect_eq(p.longest, (size_t)SMALL);
	ports_fini(&p);
}

static unsigned take_nothing(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	(void)n, (void)queue, (void)in, (void)count;
	return 0;
}

/* A worker whose ports take nothing waits for them instead of turning for ever; what it has is sent
 * once they do. */
Test(ports, a_full_port_is_asked_again_later)
{
	struct ports p;
	ports_init(&p);
	struct core *c = server_core(p.server, 0);
	const struct nic_ops *open = p.ours.nic[0]->ops;
	struct nic_ops full = *open;
	full.tx_burst = take_nothing;
	p.ours.nic[0]->ops = p.ours.nic[1]->ops = &full;
	usec_t due = core_step(c, p.now); /* Announces its addresses. */
	for (unsigned i = 0; i < 3; i++) {
		due = core_step(c, p.now += STEP_US);
	}
	cr_expect(output_pending(c));
	cr_expect_eq(metric_get(&c->stats.frames_out), 0u);
	cr_expect(due > p.now && due <= p.now + USEC_PER_MSEC, "%lu", due - p.now);
	p.ours.nic[0]->ops = p.ours.nic[1]->ops = open;
	core_step(c, p.now = due);
	cr_expect_gt(metric_get(&c->stats.frames_out), 0u);
	cr_expect_not(output_pending(c));
	ports_fini(&p);
}
