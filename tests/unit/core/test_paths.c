/* Whose frame is it: workers, members, ports that share a NIC, and the host's kernel beside us. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "dataplane/nic/nic_mem.h"
#include "tests/support/world.h"
#include "tests/unit/net/frames.h"

#define PAIRS	 12
#define V4(last) (0xc6120000u + (last))

static const usec_t start = 100 * USEC_PER_SEC;

/* Two servers with a dozen sessions between them, each from an address of its own to another. */
struct pair {
	struct nic_hub *hub;
	struct nic *nic[2];
	struct server *server[2];
	unsigned workers[2];
	usec_t now;
};

static void pair_side(struct pair *p, unsigned i, unsigned queues)
{
	struct member_conf conf[PAIRS];
	struct net_port_conf port = {
		.mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}}, .mtu = 1500, .addr_count = PAIRS};

	for (unsigned k = 0; k < PAIRS; k++) {
		port.addr[k].addr = addr_v4(V4(100 * (i + 1) + k));
		port.addr[k].prefix_len = 24;
		conf[k] = (struct member_conf){.asn = 65001 - i,
					       .addr = addr_v4(V4(100 * (2 - i) + k)),
					       .has_local_addr = true,
					       .local_addr = port.addr[k].addr,
					       .session.hold_s = 90,
					       .session.retry_s = 5,
					       .session.is_passive = i == 1,
					       .is_enabled = true};
	}
	p->nic[i] = nic_mem_open(p->hub, port.mac, 1500, (uint16_t)queues);
	struct server_opts opts = {.local_as = 65000 + i,
				   .router_id = V4(1 + i),
				   .core_count = p->workers[i],
				   .seed = 7 + i,
				   .members = conf,
				   .member_count = PAIRS,
				   .ports = &port,
				   .nics = &p->nic[i],
				   .port_count = 1,
				   .now = p->now};
	p->server[i] = server_new(&opts);
	cr_assert_not_null(p->server[i]);
}

static unsigned pair_up(const struct pair *p)
{
	unsigned count = 0;

	for (unsigned k = 0; k < PAIRS; k++) {
		struct member_status st;

		server_member_status(p->server[0], (peer_id_t)k, &st);
		count += st.state == FSM_ESTABLISHED;
	}
	return count;
}

static void pair_run(struct pair *p, usec_t us)
{
	for (usec_t until = p->now + us; p->now < until; p->now += 200) {
		nic_hub_set_time(p->hub, p->now, 20);
		for (unsigned side = 0; side < 2; side++) {
			for (unsigned c = 0; c < p->workers[side]; c++) {
				core_step(server_core(p->server[side], (core_id_t)c), p->now);
			}
		}
	}
}

static void pair_fini(struct pair *p)
{
	for (unsigned side = 0; side < 2; side++) {
		server_free(p->server[side]);
		p->nic[side]->ops->close(p->nic[side]);
	}
	nic_hub_free(p->hub);
	epoch_barrier();
	epoch_thread_end();
}

/* RFC 9293 §3.5: the SYN+ACK of a connection that we open comes to the queue that the NIC's hash
 * says, which knows nothing of who opened it. */
Test(paths, an_answer_on_the_wrong_worker_finds_its_owner)
{
	static const unsigned queues[] = {3, 2, 1};

	for (size_t i = 0; i < ARRAY_COUNT(queues); i++) {
		struct pair p = {.hub = nic_hub_new(2, 1024), .workers = {3, 1}, .now = start};
		uint64_t handed = 0;

		epoch_thread_begin_alone();
		pair_side(&p, 0, queues[i]);
		pair_side(&p, 1, 1);
		pair_run(&p, 3 * USEC_PER_SEC);
		cr_expect_eq(pair_up(&p), (unsigned)PAIRS, "%u queues: %u of %u", queues[i],
			     pair_up(&p), PAIRS);
		for (unsigned c = 0; c < 3; c++) {
			const struct core_stats *st = server_core_stats(p.server[0], (core_id_t)c);
			handed += st->frames_handed_over;
			cr_expect_eq(server_drops(p.server[0], (core_id_t)c,
						  DROP_CORE_FIRST + CORE_DROP_NO_CONNECTION),
				     0u);
			cr_expect_eq(st->connections, PAIRS / 3u);
		}
		/* SYN+ACK, OPEN and KEEPALIVE of a third of them at least. */
		cr_expect_geq(handed, 3u * PAIRS / 3);
		pair_fini(&p);
	}
}

/* A server on a wire, in VLAN 0 (its members 198.18.0.2, .4, ...) and in VLAN 100, both shared with
 * the host; what the host sees and sends goes over hubs of their own. */
struct shared {
	struct nic_hub *wire, *inside[2];
	struct nic *nic, *peer, *kernel[2], *host[2];
	struct server *server;
	unsigned workers;
	usec_t now;
};

static struct mac mac_n(uint8_t last)
{
	return (struct mac){{2, 0, 0, 0, 0, last}};
}

static struct shared *shared_new(unsigned workers, bool has_kernel)
{
	struct shared *s = calloc(1, sizeof(*s));
	struct net_port_conf port[2] = {port_conf(), port_conf()};
	struct member_conf conf[6];

	port[0].gateway_count = port[1].gateway_count = 0;
	port[1].vlan = 100;
	port[1].addr[0].addr = addr_of("198.19.0.1");
	port[1].addr[1].addr = addr_of("2001:db8:1::1");
	for (unsigned i = 0; i < ARRAY_COUNT(conf); i++) {
		conf[i] = (struct member_conf){.asn = 65001,
					       .addr = addr_v4(V4(2 + 2 * i)),
					       .session.hold_s = 90,
					       .session.is_passive = true,
					       .is_enabled = true};
	}
	s->workers = workers;
	s->now = start;
	epoch_thread_begin_alone();
	s->wire = nic_hub_new(2, 256);
	s->nic = nic_mem_open(s->wire, mac_n(1), 1500, (uint16_t)workers);
	s->peer = nic_mem_open(s->wire, mac_n(2), 1500, 1);
	for (unsigned i = 0; i < 2; i++) {
		s->inside[i] = nic_hub_new(2, 256);
		s->kernel[i] = nic_mem_open(s->inside[i], mac_n(0xfe), 1500, (uint16_t)workers);
		s->host[i] = nic_mem_open(s->inside[i], mac_n(1), 1500, 1);
	}
	struct server_opts opts = {.local_as = 65000,
				   .router_id = V4(1),
				   .core_count = workers,
				   .seed = 7,
				   .members = conf,
				   .member_count = ARRAY_COUNT(conf),
				   .ports = port,
				   .nics = &s->nic,
				   .port_count = 2,
				   .kernels = has_kernel ? s->kernel : NULL,
				   .now = s->now};
	s->server = server_new(&opts);
	cr_assert_not_null(s->server);
	return s;
}

static void shared_free(struct shared *s)
{
	server_free(s->server);
	s->nic->ops->close(s->nic);
	s->peer->ops->close(s->peer);
	for (unsigned i = 0; i < 2; i++) {
		s->kernel[i]->ops->close(s->kernel[i]);
		s->host[i]->ops->close(s->host[i]);
		nic_hub_free(s->inside[i]);
	}
	nic_hub_free(s->wire);
	free(s);
	epoch_barrier();
	epoch_thread_end();
}

static void shared_run(struct shared *s, usec_t us)
{
	for (usec_t until = s->now + us; s->now < until; s->now += 20) {
		nic_hub_set_time(s->wire, s->now, 10);
		nic_hub_set_time(s->inside[0], s->now, 10);
		nic_hub_set_time(s->inside[1], s->now, 10);
		for (unsigned c = 0; c < s->workers; c++) {
			core_step(server_core(s->server, (core_id_t)c), s->now);
		}
	}
}

/* Read a NIC empty; the last frame goes to *out. */
static unsigned read_all(struct nic *n, struct eth_frame *out)
{
	struct frame_buf f;
	unsigned count = 0;

	while (nic_rx(n, 0, &f, 1) == 1) {
		count++;
		out->len = f.len;
		memcpy(out->bytes, f.data, f.len);
		nic_release(n, 0, &f, 1);
	}
	return count;
}

static void send(struct nic *n, const struct eth_frame *f)
{
	struct frame_buf out;

	cr_assert_eq(nic_alloc(n, 0, &out, 1), 1u);
	memcpy(out.data, f->bytes, f->len);
	out.len = (uint16_t)f->len;
	cr_assert_eq(nic_tx(n, 0, &out, 1), 1u);
}

static struct eth_frame tcp_frame(uint8_t host, uint16_t src_port, uint16_t dst_port)
{
	struct eth_frame f = frame_make(FRAME_TCP4);

	f.bytes[29] = host;
	f.bytes[34] = (uint8_t)(src_port >> 8);
	f.bytes[35] = (uint8_t)src_port;
	f.bytes[36] = (uint8_t)(dst_port >> 8);
	f.bytes[37] = (uint8_t)dst_port;
	frame_fix(&f);
	return f;
}

/* A report from 198.18.0.`router` that a segment from us to member `host` was too big, or that the
 * port is not there. */
static struct eth_frame icmp_frame(uint8_t router, uint8_t host, uint16_t port, uint8_t code)
{
	struct eth_frame f = frame_make(FRAME_ECHO4);
	const uint8_t body[36] = {3,
				  code,
				  0,
				  0,
				  0,
				  0,
				  0x05,
				  0x78,
				  0x45,
				  0,
				  0x05,
				  0xdc,
				  0,
				  0,
				  0x40,
				  0,
				  64,
				  6,
				  0,
				  0,
				  198,
				  18,
				  0,
				  1,
				  198,
				  18,
				  0,
				  host,
				  (uint8_t)(port >> 8),
				  (uint8_t)port,
				  0x9c,
				  0x40,
				  1,
				  2,
				  3,
				  4};

	f.bytes[29] = router;
	memcpy(f.bytes + 34, body, sizeof(body));
	f.bytes[17] = 20 + sizeof(body);
	f.len = 34 + sizeof(body);
	frame_fix(&f);
	return f;
}

/* RFC 1191 §3: any router on the way may report; the owner of the connection hears of it, and the
 * session does not mind (RFC 5927 §5.2). */
Test(paths, a_report_about_a_connection_reaches_its_owner)
{
	struct pair p = {.hub = nic_hub_new(3, 1024), .workers = {3, 1}, .now = start};
	struct nic *router;
	uint64_t handed[2] = {0, 0};

	epoch_thread_begin_alone();
	pair_side(&p, 0, 3);
	pair_side(&p, 1, 1);
	router = nic_mem_open(p.hub, mac_n(9), 1500, 1);
	pair_run(&p, 3 * USEC_PER_SEC);
	cr_assert_eq(pair_up(&p), (unsigned)PAIRS);
	for (unsigned i = 0; i < 3; i++) {
		handed[0] += server_core_stats(p.server[0], (core_id_t)i)->frames_handed_over;
	}
	for (unsigned k = 0; k < PAIRS; k++) {
		const struct tcp *tcp = p.server[0]->member[k].tcp;
		static const uint8_t codes[3] = {4, 3, 1}; /* Too big; port; host unreachable. */

		for (unsigned i = 0; i < 3; i++) {
			struct eth_frame f = icmp_frame(9, 0, tcp_local(tcp)->port, codes[i]);
			uint16_t port = tcp_remote(tcp)->port;

			memcpy(f.bytes + 30, tcp_local(tcp)->addr.bytes, 4);
			memcpy(f.bytes + 54, tcp_local(tcp)->addr.bytes, 4);
			memcpy(f.bytes + 58, tcp_remote(tcp)->addr.bytes, 4);
			f.bytes[64] = (uint8_t)(port >> 8);
			f.bytes[65] = (uint8_t)port;
			frame_fix(&f);
			send(router, &f);
		}
	}
	pair_run(&p, USEC_PER_SEC);
	for (unsigned i = 0; i < 3; i++) {
		const struct core_stats *st = server_core_stats(p.server[0], (core_id_t)i);

		for (unsigned kind = 0; kind < ICMP_KIND_COUNT; kind++) {
			cr_expect_eq(server_drops(p.server[0], (core_id_t)i,
						  DROP_CORE_FIRST + CORE_DROP_ICMP_TOO_BIG + kind),
				     PAIRS / 3u, "kind %u", kind);
		}
		cr_expect_eq(server_drops(p.server[0], (core_id_t)i,
					  DROP_CORE_FIRST + CORE_DROP_ICMP_UNKNOWN),
			     0u);
		handed[1] += st->frames_handed_over;
	}
	cr_expect_gt(handed[1], handed[0]);
	cr_expect_eq(pair_up(&p), (unsigned)PAIRS);
	router->ops->close(router);
	pair_fini(&p);
}

/* What the host gets, and what is ours. */
Test(paths, the_host_gets_all_but_our_sessions)
{
	const struct {
		const char *what;
		struct eth_frame frame;
		bool is_hosts;
	} rows[] = {
		{"a member to 179", tcp_frame(2, 40000, 179), false},
		{"a member to 22", tcp_frame(2, 40000, 22), true},
		{"a member from 179", tcp_frame(2, 179, 40000), false},
		{"a stranger to 179", tcp_frame(3, 40000, 179), false},
		{"a stranger to 22", tcp_frame(3, 40000, 22), true},
		{"a stranger from 179", tcp_frame(3, 179, 40000), true},
		{"ping", frame_make(FRAME_ECHO4), true},
		{"who has us", frame_make(FRAME_ARP_REQUEST), true},
		{"too big, a session", icmp_frame(9, 2, 179, 4), false},
		{"too big, SSH", icmp_frame(9, 2, 22, 4), true},
		{"too big, a stranger's", icmp_frame(9, 3, 179, 4), true},
	};

	for (unsigned workers = 1; workers <= 3; workers += 2) {
		for (int has_kernel = 0; has_kernel < 2; has_kernel++) {
			struct shared *s = shared_new(workers, has_kernel != 0);
			struct eth_frame got;

			shared_run(s, 5000);
			(void)read_all(s->host[0], &got);
			for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
				send(s->peer, &rows[i].frame);
				shared_run(s, 1000);
				cr_expect_eq(read_all(s->host[0], &got),
					     rows[i].is_hosts && has_kernel, "%s", rows[i].what);
				cr_expect(!rows[i].is_hosts || !has_kernel ||
						  (got.len == rows[i].frame.len &&
						   memcmp(got.bytes, rows[i].frame.bytes,
							  got.len) == 0),
					  "%s", rows[i].what);
				cr_expect_eq(read_all(s->host[1], &got), 0u);
			}
			shared_free(s);
		}
	}
}

/* The host knows nothing of tags: they come off on the way in, and are put on on the way out. */
Test(paths, the_host_is_in_the_vlan_of_its_port)
{
	struct shared *s = shared_new(2, true);
	struct eth_frame plain = frame_make(FRAME_ECHO4), tagged, got, from;

	plain.bytes[27] = plain.bytes[31] = 19;
	frame_fix(&plain);
	tagged = plain;
	frame_tag(&tagged, 100);
	shared_run(s, 5000);
	(void)read_all(s->peer, &got);
	send(s->peer, &tagged);
	shared_run(s, 1000);
	cr_expect_eq(read_all(s->host[0], &got), 0u);
	cr_assert_eq(read_all(s->host[1], &got), 1u);
	cr_expect(got.len == plain.len && memcmp(got.bytes, plain.bytes, plain.len) == 0);
	cr_expect_eq(read_all(s->peer, &got), 0u, "the host answers, not we");
	for (unsigned i = 0; i < 2; i++) {
		from = plain;
		memcpy(from.bytes, mac_n(2).bytes, 6);
		memcpy(from.bytes + 6, mac_n(1).bytes, 6);
		send(s->host[i], &from);
		shared_run(s, 1000);
		cr_assert_eq(read_all(s->peer, &got), 1u);
		cr_expect_eq(got.len, i == 0 ? 60u : 62u); /* 58 bytes, padded or tagged. */
		cr_expect_eq(got.bytes[12], i == 0 ? 0x08 : 0x81);
		cr_expect_eq(got.bytes[15], i == 0 ? 0x00 : 100);
	}
	cr_expect_eq(server_drops(s->server, 0, DROP_CORE_FIRST + CORE_DROP_KERNEL_FULL), 0u);
	shared_free(s);
}

/* A report that is about no connection is counted as such, where the connection would be. */
Test(paths, a_report_about_no_connection_is_counted_by_its_owner)
{
	struct shared *s = shared_new(3, false);
	uint64_t handed = 0, unknown = 0;

	shared_run(s, 5000);
	for (uint8_t router = 20; router < 40; router++) {
		for (uint8_t i = 0; i < 6; i++) {
			struct eth_frame f = icmp_frame(router, (uint8_t)(2 + 2 * i), 179, 4);
			send(s->peer, &f);
		}
		shared_run(s, 1000);
	}
	for (unsigned c = 0; c < 3; c++) {
		const struct core_stats *st = server_core_stats(s->server, (core_id_t)c);

		cr_expect_eq(server_drops(s->server, (core_id_t)c,
					  DROP_CORE_FIRST + CORE_DROP_ICMP_UNKNOWN),
			     40u);
		cr_expect_eq(server_drops(s->server, (core_id_t)c,
					  DROP_CORE_FIRST + CORE_DROP_ICMP_TOO_BIG),
			     0u);
		handed += st->frames_handed_over;
	}
	cr_expect_gt(handed, 0u);
	struct eth_frame stranger = icmp_frame(20, 3, 179, 4);
	send(s->peer, &stranger);
	shared_run(s, 1000);
	for (unsigned c = 0; c < 3; c++) {
		unknown += server_drops(s->server, (core_id_t)c,
					DROP_CORE_FIRST + CORE_DROP_ICMP_UNKNOWN);
	}
	cr_expect_eq(unknown, 121u);
	shared_free(s);
}

/* RFC 5227 §2.4: the operator hears of it, with both addresses. */
Test(paths, a_conflict_becomes_an_event)
{
	struct shared *s = shared_new(2, false);
	struct eth_frame f = frame_make(FRAME_ARP_REPLY);
	struct addr ours = addr_of("198.18.0.1");
	struct mac thief = mac_n(2);
	struct event e;

	shared_run(s, 5000);
	f.bytes[31] = 1;
	for (unsigned i = 0; i < 10; i++) {
		send(s->peer, &f);
		shared_run(s, 1000);
	}
	cr_assert(server_event(s->server, &e));
	cr_expect_eq(e.kind, EVENT_CONFLICT);
	cr_expect(addr_equal(&e.addr, &ours));
	cr_expect_arr_eq(e.mac.bytes, thief.bytes, 6);
	cr_expect_not(server_event(s->server, &e), "once in ten seconds");
	shared_free(s);
}

/* Strangers who ask for us are nothing that other workers need to know, and a flood about a member
 * leaves half of the ring to frames. */
Test(paths, what_is_learned_leaves_room_for_frames)
{
	struct shared *s = shared_new(2, false);
	struct mesh *mesh = s->server->mesh;
	struct eth_frame ask = frame_make(FRAME_ARP_REQUEST), answer = frame_make(FRAME_ARP_REPLY);

	shared_run(s, 5000);
	size_t room = mesh_mail_room(mesh, 0, 1);
	for (unsigned i = 0; i < 3 * MAIL_RING; i++) {
		ask.bytes[31] = (uint8_t)(100 + i % 100);
		send(s->peer, &ask);
		s->now += 20;
		nic_hub_set_time(s->wire, s->now, 0);
		core_step(server_core(s->server, 0), s->now);
	}
	cr_expect_eq(mesh_mail_room(mesh, 0, 1), room, "strangers");
	for (unsigned i = 0; i < 3 * MAIL_RING; i++) {
		send(s->peer, &answer); /* About member 0, at 198.18.0.2. */
		s->now += 20;
		nic_hub_set_time(s->wire, s->now, 0);
		core_step(server_core(s->server, 0), s->now);
	}
	cr_expect_eq(mesh_mail_room(mesh, 0, 1), MAIL_RING / 2u, "a member");
	shared_free(s);
}

/* Announce an IPv6 prefix by a global and a link-local next hop; `is_bare`: by the latter alone. */
static void announce6(struct world *w, unsigned member, unsigned prefix, bool is_bare)
{
	struct naive_attrs a = {.path_len = 1, .path = {w->speaker[member].conf.asn}};
	struct addr global = addr_of("2001:db8:9::2"), local = addr_of("fe80::1234");
	uint8_t m[512];

	memcpy(a.next_hop, is_bare ? local.bytes : global.bytes, 16);
	size_t len = naive_announce(m, &a, &w->universe[prefix], 1, true);
	size_t tail = 1 + 1 + (w->universe[prefix].len + 7u) / 8; /* Reserved, and the prefix. */
	size_t hop = len - tail - 16;
	if (!is_bare) { /* RFC 2545 §3: 32 octets, the global one first. */
		memmove(m + hop + 32, m + hop + 16, tail);
		memcpy(m + hop + 16, local.bytes, 16);
		m[hop - 1] = 32;
		m[hop - 5] = (uint8_t)(m[hop - 5] + 16); /* Of the attribute, ... */
		m[22] = (uint8_t)(m[22] + 16);		 /* ... of all attributes, ... */
		m[17] = (uint8_t)(m[17] + 16);		 /* ... of the message. */
		len += 16;
	}
	cr_assert(speaker_send(&w->speaker[member], m, len));
}

/* RFC 2545 §2, RFC 7947 §2.2.1: members on one LAN may use the link-local address, so it is passed
 * on as it came; alone it is useless to who might not be on it. */
Test(paths, a_link_local_next_hop_is_passed_on_beside_a_global_one)
{
	struct world *w = malloc(sizeof(*w));
	struct world_opts opts = {.seed = 5, .workers = 2, .members = 4, .universe = 8};
	struct addr global = addr_of("2001:db8:9::2"), local = addr_of("fe80::1234");
	unsigned prefix = 1; /* Odd ones are IPv6. */

	world_init(w, &opts);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	cr_assert_eq(w->universe[prefix].family, FAMILY_IPV6);
	announce6(w, 1, prefix, false);
	announce6(w, 1, prefix + 2, true);
	world_run(w, USEC_PER_SEC);
	for (unsigned i = 0; i < 4; i++) {
		const struct held_route *h = &w->speaker[i].held[prefix];

		cr_expect_eq(h->is_held, i != 1);
		cr_expect(i == 1 ||
			  (h->next_hop_len == 32 && memcmp(h->next_hop, global.bytes, 16) == 0 &&
			   memcmp(h->next_hop + 16, local.bytes, 16) == 0));
		cr_expect_not(w->speaker[i].held[prefix + 2].is_held);
		cr_expect_eq(w->speaker[i].downs, 0u);
	}
	world_fini(w);
	free(w);
}
