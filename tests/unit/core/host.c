/* The host; see host.h. */
#include "tests/unit/core/host.h"

#include <criterion/criterion.h>

#include "rib/base/csum.h"

#define BUFFER (128 * 1024)

void host_init(struct host *h, struct nic_hub *hub)
{
	struct net_port_conf port = {.mac = h->mac, .mtu = 1500, .addr_count = 1};
	port.addr[0].addr = h->addr;
	port.addr[0].prefix_len = 24;
	h->nic = nic_mem_open(hub, h->mac, 1500, 1);
	h->net = net_new(&port, 1, 7);
	h->next_port = 30000;
	cr_assert(h->nic != NULL && h->net != NULL);
}

void host_forget(struct host *h)
{
	for (unsigned k = 0; k < HOST_CONNECTIONS; k++) {
		tcp_free(h->connection[k].tcp);
		h->connection[k] = (struct host_connection){.tcp = NULL};
	}
}

void host_fini(struct host *h)
{
	host_forget(h);
	net_free(h->net);
	h->nic->ops->close(h->nic);
}

static struct tcp_conf conf_of(const struct host *h, uint16_t local, uint16_t remote)
{
	return (struct tcp_conf){.local = {.addr = h->addr, .port = local},
				 .remote = {.addr = h->server, .port = remote},
				 .mss = 1460,
				 .rcv_buf_max = BUFFER,
				 .snd_buf_max = BUFFER,
				 .iss = 0x12340000u + h->next_port};
}

void host_dial(struct host *h, unsigned k, usec_t now)
{
	struct tcp_conf conf = conf_of(h, h->next_port++, 179);
	struct host_connection *c = &h->connection[k];
	tcp_free(c->tcp);
	*c = (struct host_connection){.tcp = tcp_new(), .is_dialled = true};
	tcp_connect(c->tcp, &conf, now);
}

struct host_connection *host_accepted(struct host *h)
{
	for (unsigned k = 0; k < HOST_CONNECTIONS; k++) {
		if (h->connection[k].tcp != NULL && !h->connection[k].is_dialled) {
			return &h->connection[k];
		}
	}
	return NULL;
}

bool host_is_up(const struct host_connection *c)
{
	return c != NULL && c->tcp != NULL && tcp_state(c->tcp) == TCP_ESTABLISHED;
}

void host_send(struct host_connection *c, enum bgp_type type, const void *body, size_t len)
{
	static uint8_t m[UINT16_MAX];
	struct wr w = wr_of(m, sizeof(m));
	frame_begin(&w, type);
	wr_copy(&w, body, len);
	frame_end(&w, 0);
	cr_assert(sendq_push_copy(tcp_sendq(c->tcp), span_of(m, wr_len(&w))));
}

void host_send_open(struct host *h, struct host_connection *c, asn_t asn)
{
	uint8_t m[128];
	struct open o = {.asn = asn,
			 .hold_s = 90,
			 .router_id = h->router_id,
			 .has_as4 = true,
			 .has_multiprotocol = true,
			 .families = {true, true},
			 .has_refresh = true,
			 .add_path = {h->add_path[FAMILY_IPV4], h->add_path[FAMILY_IPV6]},
			 .has_extended_message = h->has_extended_message,
			 .has_enhanced_refresh = h->has_enhanced_refresh,
			 .graceful = h->graceful,
			 .long_lived = h->long_lived};
	size_t len = open_encode(&o, m, sizeof(m));
	cr_assert(sendq_push_copy(tcp_sendq(c->tcp), span_of(m, len)));
}

static void put_frame(struct host *h, const uint8_t *data, size_t len)
{
	struct frame_buf frame;
	if (nic_alloc(h->nic, 0, &frame, 1) != 1) {
		return;
	}
	memcpy(frame.data, data, len);
	frame.len = (uint16_t)len;
	if (nic_tx(h->nic, 0, &frame, 1) != 1) {
		nic_release(h->nic, 0, &frame, 1);
	}
}

/* Ethernet and IPv4 by hand: net writes our own address and 255. */
void host_raw(struct host *h, const struct addr *from, uint16_t src_port, const struct seg *seg,
	      uint8_t hop_limit)
{
	uint8_t f[192] = {0};
	struct endpoint source = {.addr = *from, .port = src_port};
	struct endpoint target = {.addr = h->server, .port = 179};
	size_t header_len = seg_header_len(seg), total = 20 + header_len + seg->payload.len;
	uint64_t payload_sum = 0;
	cr_assert_leq(seg->payload.len, 64u);
	uint32_t sum = 0;
	memcpy(f, h->server_mac.bytes, 6);
	memcpy(f + 6, h->mac.bytes, 6);
	memcpy(f + 12,
	       (const uint8_t[]){8, 0, 0x45, 0, 0, (uint8_t)total, 0, 0, 0, 0, hop_limit, 6}, 12);
	memcpy(f + 26, from->bytes, 4);
	memcpy(f + 30, h->server.bytes, 4);
	for (unsigned i = 14; i < 34; i += 2) {
		sum += (uint32_t)f[i] << 8 | f[i + 1];
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	f[24] = (uint8_t)(sum >> 8);
	f[25] = (uint8_t)sum;
	seg_encode(seg, &source, &target, f + 34);
	if (seg->payload.len > 0) {
		memcpy(f + 34 + header_len, seg->payload.data, seg->payload.len);
		payload_sum = csum_add(0, seg->payload.data, seg->payload.len);
	}
	seg_seal(seg, &source, &target, f + 34, payload_sum);
	put_frame(h, f, 14 + total < 60 ? 60 : 14 + total);
}

/* `tcp` has the payload; ports are the host's and the server's. */
static void send_segment(struct host *h, const struct seg *seg, const uint16_t ports[2],
			 struct tcp *tcp, usec_t now)
{
	uint8_t f[1600];
	struct net_route route;
	struct endpoint local = {.addr = h->addr, .port = ports[0]};
	struct endpoint remote = {.addr = h->server, .port = ports[1]};
	if (net_route(h->net, &h->addr, &h->server, now, &route) != ROUTE_OK) {
		return;
	}
	size_t header = seg_header_len(seg);
	uint8_t *l4 = f + route.header_len;
	uint64_t sum = seg->payload.len > 0 ? tcp_payload(tcp, seg, l4 + header) : 0;
	seg_encode(seg, &local, &remote, l4);
	seg_seal(seg, &local, &remote, l4, sum);
	net_encap(h->net, &route, (uint16_t)(header + seg->payload.len), f);
	put_frame(h, f, max_u64(60, route.header_len + header + seg->payload.len));
}

static struct host_connection *find(struct host *h, uint16_t local, uint16_t remote)
{
	for (unsigned k = 0; k < HOST_CONNECTIONS; k++) {
		struct tcp *tcp = h->connection[k].tcp;
		if (tcp != NULL && tcp_local(tcp)->port == local &&
		    tcp_remote(tcp)->port == remote) {
			return &h->connection[k];
		}
	}
	return NULL;
}

static void accept_syn(struct host *h, const struct seg *seg, uint16_t port, usec_t now)
{
	struct tcp_conf conf = conf_of(h, 179, port);
	for (unsigned k = 0; k < HOST_CONNECTIONS; k++) {
		struct host_connection *c = &h->connection[k];
		if (c->tcp == NULL) {
			*c = (struct host_connection){.tcp = tcp_new()};
			tcp_accept(c->tcp, &conf, seg, now);
			return;
		}
	}
}

static void rx_segment(struct host *h, const struct seg *seg, uint16_t local, uint16_t remote,
		       usec_t now)
{
	struct host_connection *c = find(h, local, remote);
	struct seg reset;
	h->resets_in += (seg->flags & TCP_RST) != 0;
	if (c != NULL) {
		h->bare_acks +=
			c == &h->connection[0] && seg->payload.len == 0 && seg->flags == TCP_ACK;
		tcp_rx(c->tcp, seg, now);
	} else if (local == 179 && h->is_listening && seg->flags == TCP_SYN) {
		accept_syn(h, seg, remote, now);
	} else if (!h->is_silent && tcp_reset_for(seg, &reset)) {
		const uint16_t ports[2] = {local, remote};
		send_segment(h, &reset, ports, NULL, now);
	}
}

static void receive(struct host *h, usec_t now)
{
	struct frame_buf frame[NIC_BURST_MAX];
	unsigned count;
	while ((count = nic_rx(h->nic, 0, frame, NIC_BURST_MAX)) > 0) {
		for (unsigned i = 0; i < count; i++) {
			struct net_rx rx;
			struct seg seg;
			uint16_t src_port, dst_port;
			if (net_rx(h->net, 0, &frame[i], now, &rx) == NET_TCP &&
			    seg_decode(rx.l4, &rx.src, &rx.dst, false, &src_port, &dst_port,
				       &seg) == SEG_OK) {
				rx_segment(h, &seg, dst_port, src_port, now);
			}
		}
		nic_release(h->nic, 0, frame, count);
	}
}

static void read_messages(const struct host *h, struct host_connection *c)
{
	struct frame f;
	struct notify why;
	while (frame_next(tcp_peek(c->tcp), UINT16_MAX, &f, &why) == FRAME_OK) {
		c->heard[f.type]++;
		if (h->hear != NULL) {
			h->hear(h->context, tcp_peek(c->tcp).data, f.len);
		}
		if (f.type == BGP_NOTIFICATION) {
			memcpy(c->notification, f.body.data, 2);
		}
		tcp_consume(c->tcp, f.len);
	}
}

static void step_connection(struct host *h, struct host_connection *c, usec_t now)
{
	struct net_route route;
	struct seg seg;
	tcp_tick(c->tcp, now);
	if (!h->is_deaf) {
		read_messages(h, c);
	}
	if (tcp_is_eof(c->tcp)) {
		tcp_close(c->tcp);
	}
	while (net_route(h->net, &h->addr, &h->server, now, &route) == ROUTE_OK &&
	       tcp_tx(c->tcp, &seg, now)) {
		const uint16_t ports[2] = {tcp_local(c->tcp)->port, tcp_remote(c->tcp)->port};
		if ((seg.flags & (TCP_SYN | TCP_ACK)) == TCP_ACK && c->acks++ == 0) {
			c->completes = seg;
		}
		send_segment(h, &seg, ports, c->tcp, now);
	}
}

void host_step(struct host *h, usec_t now)
{
	uint8_t f[1600];
	unsigned port;
	size_t len;
	net_tick(h->net, now);
	receive(h, now);
	for (unsigned k = 0; k < HOST_CONNECTIONS; k++) {
		if (h->connection[k].tcp != NULL) {
			step_connection(h, &h->connection[k], now);
		}
	}
	while (net_wants_tx(h->net) && (len = net_tx(h->net, f, sizeof(f), &port, now)) > 0) {
		put_frame(h, f, len < 60 ? 60 : len);
	}
}
