/* causeway-bulk: how fast our TCP sends through a DPDK port, and how fast the port alone can.
 *
 *   causeway-bulk tcp|udp|bare DEVICE OWN TARGET PORT SECONDS MTU DIRECTORY
 *   causeway-bulk sink PORT
 *
 * `tcp` connects from address OWN to TARGET, a Linux host with a sink, and sends whole segments for
 * SECONDS: net, tcp and the port in one loop, as a worker has them, without BGP above.  `udp` sends
 * frames of the same length as datagrams, `bare` with an EtherType that nobody takes: what the
 * device can carry with and without the receiver's work (on veth the sender's CPU does that too).
 * `sink` reads and forgets.  The frames that arrived are counted by the receiver's interface. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>

#include "dataplane/core/launch.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/net.h"
#include "dataplane/nic/nic_dpdk.h"
#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"

#define OWN_PORT       40000
#define CHUNK	       4096
#define SEND_BYTES_MAX (256 * 1024) /* As a member's send queue. */
#define SEGMENTS_BURST 64
#define ETHERTYPE_BARE 0x88b5 /* IEEE 802: local experiments. */
#define PROTO_UDP      17
#define EMPTY_TURNS    200 /* Then it sleeps until a frame comes, as an adaptive worker does. */
#define SLEEP_MS       1
#define CONNECT_US     (5 * USEC_PER_SEC)

struct bulk {
	struct nic *nic;
	struct net *net;
	struct tcp *tcp;
	struct endpoint local, remote;
	const char *kind;
	uint16_t mtu;
	usec_t duration, end;
	uint64_t frames; /* Datagrams, or bare frames, that the port took. */
	usec_t started;
	bool has_failed, is_done;
	unsigned empty_turns;
	struct frame_buf out[NIC_BURST_MAX];
	unsigned out_count;
};

static const uint8_t pattern[CHUNK] = {1, 2, 3};

static void flush(struct bulk *b)
{
	unsigned sent = nic_tx(b->nic, 0, b->out, b->out_count);

	b->empty_turns = sent > 0 ? 0 : b->empty_turns;
	memmove(b->out, b->out + sent, (b->out_count - sent) * sizeof(b->out[0]));
	b->out_count -= sent;
}

/* A buffer to fill, or NULL: the port does not keep up. */
static struct frame_buf *frame_begin(struct bulk *b)
{
	if (b->out_count == NIC_BURST_MAX) {
		flush(b);
	}
	if (b->out_count == NIC_BURST_MAX || nic_alloc(b->nic, 0, &b->out[b->out_count], 1) == 0) {
		return NULL;
	}
	return &b->out[b->out_count];
}

static void frame_end(struct bulk *b, struct frame_buf *frame, size_t len)
{
	ASSERT(len <= frame->room);
	frame->len = (uint16_t)len;
	b->out_count++;
}

/* A worker that spins with nothing to do keeps the kernel from the very frames it waits for: the
 * deferred receive work of its CPU has to wait for its time slice to end. */
static void rest(struct bulk *b)
{
	struct pollfd watched = {.fd = b->nic->ops->wait_fd(b->nic, 0), .events = POLLIN};

	if (++b->empty_turns >= EMPTY_TURNS) {
		poll(&watched, 1, SLEEP_MS);
		b->empty_turns = 0;
	}
}

static void receive(struct bulk *b, usec_t now)
{
	struct frame_buf in[NIC_BURST_MAX];
	unsigned count = nic_rx(b->nic, 0, in, NIC_BURST_MAX);

	b->empty_turns = count > 0 ? 0 : b->empty_turns;
	for (unsigned i = 0; i < count; i++) {
		uint16_t src_port, dst_port;
		struct net_rx rx;
		struct seg seg;

		if (net_rx(b->net, 0, &in[i], now, &rx) == NET_TCP && b->tcp != NULL &&
		    seg_decode(rx.l4, &rx.src, &rx.dst, in[i].is_csum_good, &src_port, &dst_port,
			       &seg) == SEG_OK &&
		    dst_port == b->local.port) {
			tcp_rx(b->tcp, &seg, now);
		}
	}
	nic_release(b->nic, 0, in, count);
}

static void send_own(struct bulk *b, usec_t now)
{
	while (net_wants_tx(b->net)) {
		struct frame_buf *frame = frame_begin(b);
		unsigned port;
		size_t len =
			frame == NULL ? 0 : net_tx(b->net, frame->data, frame->room, &port, now);

		if (frame == NULL) {
			return;
		}
		if (len == 0) {
			nic_release(b->nic, 0, frame, 1);
			return;
		}
		frame_end(b, frame, len);
	}
}

static void send_segments(struct bulk *b, const struct net_route *route, usec_t now)
{
	struct seg seg;

	while (sendq_push_ref(tcp_sendq(b->tcp), span_of(pattern, CHUNK))) {
	}
	for (unsigned i = 0; i < SEGMENTS_BURST && tcp_wants_tx(b->tcp, now); i++) {
		struct frame_buf *frame = frame_begin(b);

		if (frame == NULL || !tcp_tx(b->tcp, &seg, now)) {
			return;
		}
		size_t l4_len = seg_header_len(&seg) + seg.payload.len;
		uint8_t *l4 = frame->data + route->header_len;

		uint64_t sum = tcp_payload(b->tcp, &seg, l4 + seg_header_len(&seg));

		seg_encode(&seg, &b->local, &b->remote, l4);
		seg_seal(&seg, &b->local, &b->remote, l4, sum);
		net_encap(b->net, route, (uint16_t)l4_len, frame->data);
		frame_end(b, frame, route->header_len + l4_len);
	}
}

/* Datagrams, or frames that are no IP at all, as long as a full segment's frame. */
static void send_frames(struct bulk *b, const struct net_route *route)
{
	for (unsigned i = 0; i < SEGMENTS_BURST; i++) {
		struct frame_buf *frame = frame_begin(b);
		size_t l4_len = (size_t)b->mtu + ETH_HEADER_LEN - route->header_len;

		if (frame == NULL) {
			return;
		}
		net_encap(b->net, route, (uint16_t)l4_len, frame->data);
		struct wr w = wr_of(frame->data + route->header_len, l4_len);

		wr_u16(&w, b->local.port);
		wr_u16(&w, b->remote.port);
		wr_u16(&w, (uint16_t)l4_len);
		wr_u16(&w, 0); /* No checksum, RFC 768. */
		if (strcmp(b->kind, "bare") == 0) {
			frame->data[12] = ETHERTYPE_BARE >> 8;
			frame->data[13] = ETHERTYPE_BARE & 0xff;
		} else { /* The header's checksum follows: RFC 1624 §3 for one changed word. */
			uint8_t *ip = frame->data + ETH_HEADER_LEN;
			uint32_t sum = (uint32_t)(uint16_t) ~(ip[10] << 8 | ip[11]) +
				       (uint16_t)~ip[9] + PROTO_UDP;

			sum = (sum & 0xffff) + (sum >> 16);
			sum = ~((sum & 0xffff) + (sum >> 16));
			ip[9] = PROTO_UDP;
			ip[10] = (uint8_t)(sum >> 8);
			ip[11] = (uint8_t)sum;
		}
		frame_end(b, frame, (size_t)b->mtu + ETH_HEADER_LEN);
		b->frames++;
	}
}

/* The clock starts when there is somewhere to send to. */
static bool is_ready(struct bulk *b, usec_t now)
{
	bool is_up = b->tcp == NULL || tcp_state(b->tcp) == TCP_ESTABLISHED;

	if (b->started == 0 && is_up) {
		b->started = now;
		b->end = now + b->duration;
	}
	return b->started != 0;
}

static bool turn(void *context, unsigned core)
{
	struct bulk *b = context;
	usec_t now = launch_now();
	struct net_route route;

	(void)core;
	net_tick(b->net, now);
	receive(b, now);
	if (b->tcp != NULL && tcp_due(b->tcp) <= now) {
		tcp_tick(b->tcp, now);
	}
	if (net_route(b->net, &b->local.addr, &b->remote.addr, now, &route) == ROUTE_OK) {
		if (b->tcp != NULL) {
			send_segments(b, &route, now);
			is_ready(b, now);
		} else if (is_ready(b, now)) {
			send_frames(b, &route);
		}
	}
	send_own(b, now);
	flush(b);
	rest(b);
	b->has_failed = b->tcp != NULL && tcp_state(b->tcp) == TCP_CLOSED;
	bool goes_on = now < b->end && !b->has_failed;

	__atomic_store_n(&b->is_done, !goes_on, __ATOMIC_RELEASE);
	return goes_on;
}

static struct net *make_net(const struct bulk *b)
{
	struct net_port_conf conf = {.mac = b->nic->mac, .mtu = b->mtu, .addr_count = 1};

	conf.addr[0].addr = b->local.addr;
	conf.addr[0].prefix_len = 16;
	return net_new(&conf, 1, 1);
}

static void connect_tcp(struct bulk *b)
{
	struct tcp_conf conf = {.local = b->local,
				.remote = b->remote,
				.mss = (uint16_t)(b->mtu - 40),
				.rcv_buf_max = 65535,
				.snd_buf_max = SEND_BYTES_MAX,
				.iss = 1};

	b->tcp = tcp_new();
	ASSERT(b->tcp != NULL);
	tcp_connect(b->tcp, &conf, launch_now());
}

static int report(struct bulk *b)
{
	double seconds = (double)b->duration / 1e6;

	if (b->has_failed || b->started == 0) {
		fprintf(stderr, "causeway-bulk: no connection\n");
		return 1;
	}
	if (b->tcp != NULL) {
		printf("payload_bytes %lu seconds %.3f retransmits %lu\n", tcp_sendq(b->tcp)->acked,
		       seconds, metric_get(&tcp_stats(b->tcp)->retransmits));
	} else {
		printf("frames %lu seconds %.3f\n", b->frames, seconds);
	}
	return 0;
}

static int run(struct bulk *b, const char *device, const char *directory)
{
	static const unsigned cpus[] = {1};
	char why[512] = "";
	struct launch_opts opts = {.cpus = cpus,
				   .cpu_count = 1,
				   .hugepages = HUGEPAGES_AUTO,
				   .devices = &device,
				   .device_count = 1,
				   .runtime_dir = directory};
	struct nic_dpdk_opts nic_opts = {.device = device, .queues = 1, .mtu = b->mtu};

	if (launch_eal(&opts, why, sizeof(why)) != 0 ||
	    (b->nic = nic_dpdk_open(&nic_opts, why, sizeof(why))) == NULL) {
		fprintf(stderr, "causeway-bulk: %s\n", why);
		return 1;
	}
	b->net = make_net(b);
	ASSERT(b->net != NULL);
	if (strcmp(b->kind, "tcp") == 0) {
		connect_tcp(b);
	}
	b->end = launch_now() + CONNECT_US;
	launch_workers(turn, b);
	while (!__atomic_load_n(&b->is_done, __ATOMIC_ACQUIRE)) {
		usleep(10000); /* launch_join would spin on the receiver's CPU. */
	}
	launch_join();
	int status = report(b);

	tcp_free(b->tcp);
	net_free(b->net);
	b->nic->ops->close(b->nic);
	launch_fini();
	return status;
}

static int bound(int type, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
		perror("causeway-bulk: sink");
		exit(1);
	}
	return fd;
}

/* One connection at a time, and datagrams. */
static int sink(uint16_t port)
{
	static char buf[1 << 18];
	struct pollfd watched[3] = {{.fd = bound(SOCK_STREAM, port), .events = POLLIN},
				    {.fd = bound(SOCK_DGRAM, port), .events = POLLIN},
				    {.fd = -1, .events = POLLIN}};

	if (listen(watched[0].fd, 4) != 0) {
		return 1;
	}
	while (poll(watched, 3, -1) > 0) {
		if (watched[0].revents != 0 && watched[2].fd < 0) {
			watched[2].fd = accept(watched[0].fd, NULL, NULL);
			watched[2].revents = 0;
		}
		if (watched[1].revents != 0) {
			(void)!recv(watched[1].fd, buf, sizeof(buf), 0);
		}
		if (watched[2].fd >= 0 && watched[2].revents != 0 &&
		    recv(watched[2].fd, buf, sizeof(buf), 0) <= 0) {
			close(watched[2].fd);
			watched[2].fd = -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct bulk b;

	if (argc == 3 && strcmp(argv[1], "sink") == 0) {
		return sink((uint16_t)strtoul(argv[2], NULL, 10));
	}
	if (argc != 9 || addr_parse(argv[3], &b.local.addr) != 0 ||
	    addr_parse(argv[4], &b.remote.addr) != 0 ||
	    (strcmp(argv[1], "tcp") != 0 && strcmp(argv[1], "udp") != 0 &&
	     strcmp(argv[1], "bare") != 0)) {
		fprintf(stderr, "usage: causeway-bulk tcp|udp|bare DEVICE OWN TARGET PORT SECONDS "
				"MTU DIRECTORY\n       causeway-bulk sink PORT\n");
		return 64;
	}
	b.kind = argv[1];
	b.local.port = OWN_PORT;
	b.remote.port = (uint16_t)strtoul(argv[5], NULL, 10);
	b.duration = strtoul(argv[6], NULL, 10) * USEC_PER_SEC;
	b.mtu = (uint16_t)strtoul(argv[7], NULL, 10);
	return run(&b, argv[2], argv[8]);
}
