/* Packet ports at both ends of a wire: frames pass unchanged, super-segments whole or well cut, and
 * nothing is lost without being counted.
 *
 * Each test runs in a namespace of its own (namespace.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/nic/nic_packet.h"
#include "rib/base/csum.h"
#include "tests/unit/nic/namespace.h"

#define HEADER4_LEN (14 + 20 + 20)
#define HEADER6_LEN (14 + 40 + 20)
#define MSS	    1428 /* Of IPv6. */
#define BIG	    60000
#define RING_SLOTS  4096

/* A netlink message that grows. */
struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg info;
		struct tcmsg queue;
	};
	uint8_t more[256];
};

static struct rtattr *add(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((uint8_t *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len > 0) {
		memcpy(RTA_DATA(a), data, len);
	}
	r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + (unsigned)RTA_ALIGN(a->rta_len);
	return a;
}

static void add_end(const struct request *r, struct rtattr *a)
{
	a->rta_len = (unsigned short)((const uint8_t *)r + r->header.nlmsg_len - (uint8_t *)a);
}

static void tell_kernel(struct request *r)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t more[512];
	} answer = {.error.error = -EIO};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	r->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	EXPECT(send(fd, r, r->header.nlmsg_len, 0) == (ssize_t)r->header.nlmsg_len);
	EXPECT(recv(fd, &answer, sizeof(answer), 0) > 0 && answer.error.error == 0);
	close(fd);
}

static void make_wire(const char *one, const char *other)
{
	struct request r = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(r.info)), .nlmsg_type = RTM_NEWLINK}};
	struct ifinfomsg peer_info = {0};

	add(&r, IFLA_IFNAME, one, strlen(one) + 1);
	struct rtattr *link = add(&r, IFLA_LINKINFO, NULL, 0);
	add(&r, IFLA_INFO_KIND, "veth", 4);
	struct rtattr *data = add(&r, IFLA_INFO_DATA, NULL, 0);
	struct rtattr *peer = add(&r, VETH_INFO_PEER, &peer_info, sizeof(peer_info));
	add(&r, IFLA_IFNAME, other, strlen(other) + 1);
	add_end(&r, peer);
	add_end(&r, data);
	add_end(&r, link);
	tell_kernel(&r);
}

/* A queue before the device, too short for any frame. */
static void block(const char *name)
{
	struct request r = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(r.queue)), .nlmsg_type = RTM_NEWQDISC},
		.queue = {.tcm_parent = TC_H_ROOT}};
	struct tc_fifo_qopt limit = {.limit = 0};

	r.queue.tcm_ifindex = (int)if_nametoindex(name);
	add(&r, TCA_KIND, "pfifo", 6);
	add(&r, TCA_OPTIONS, &limit, sizeof(limit));
	tell_kernel(&r);
}

static struct ifreq ask(const char *name, unsigned long what)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	EXPECT(ioctl(fd, what, &r) == 0);
	close(fd);
	return r;
}

static void set_up(const char *name, bool is_up)
{
	struct ifreq r = ask(name, SIOCGIFFLAGS);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	r.ifr_flags = (short)(is_up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	EXPECT(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
}

static void set_offload(const char *name, uint32_t command, uint32_t value)
{
	struct ifreq r;
	struct ethtool_value v = {.cmd = command, .data = value};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	r.ifr_data = (void *)&v;
	EXPECT(ioctl(fd, SIOCETHTOOL, &r) == 0);
	close(fd);
}

/* What the kernel says of itself on a new interface would be among the frames. */
static void be_quiet(void)
{
	FILE *f = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "we");

	if (f != NULL) {
		(void)fputs("1", f);
		(void)fclose(f);
	}
}

static void (*body_on_wire)(void);

static void on_wire(void)
{
	be_quiet();
	make_wire("ix0", "ld0");
	set_up("ix0", true);
	set_up("ld0", true);
	body_on_wire();
}

static void run(void (*body)(void))
{
	body_on_wire = body; /* The child is a copy of us. */
	run_apart(on_wire);
}

static struct nic *open_with(struct nic_packet_opts opts)
{
	char why[256] = "";
	struct nic *n = nic_packet_open(&opts, why, sizeof(why));

	if (n == NULL) {
		give_up(why);
	}
	return n;
}

static struct nic *open_port(const char *name, uint16_t queues)
{
	return open_with(
		(struct nic_packet_opts){.interface = name, .mtu = 1500, .queues = queues});
}

/* The kernel may hand a frame on later than the sender's call ends. */
static unsigned receive(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct pollfd wait = {.fd = n->ops->wait_fd(n, queue), .events = POLLIN};
	unsigned count = 0;

	for (unsigned round = 0; round < 100 && count < max; round++) {
		unsigned got = nic_rx(n, queue, out + count, max - count);

		count += got;
		if (got == 0 && poll(&wait, 1, 50) == 0) {
			break;
		}
	}
	return count;
}

/* A broadcast frame of an experimental protocol; `number` tells it from others. */
static bool send_number(struct nic *n, uint32_t number, uint32_t len)
{
	struct frame_buf f;

	if (nic_alloc(n, 0, &f, 1) != 1) {
		return false;
	}
	memset(f.data, 0xff, 6);
	memcpy(f.data + 6, n->mac.bytes, 6);
	f.data[12] = 0x88;
	f.data[13] = 0xb5;
	memset(f.data + 14, (int)number, len - 14);
	memcpy(f.data + 14, &number, sizeof(number));
	f.len = len;
	if (nic_tx(n, 0, &f, 1) == 1) {
		return true;
	}
	nic_release(n, 0, &f, 1);
	return false;
}

static uint32_t number_of(const struct frame_buf *f)
{
	uint32_t number = UINT32_MAX;

	if (f->len >= 18 && f->data[12] == 0x88 && f->data[13] == 0xb5) {
		memcpy(&number, f->data + 14, sizeof(number));
	}
	return number;
}

static void test_frames_pass_both_ways(void)
{
	struct frame_buf f[NIC_BURST_MAX];
	struct nic *side[2] = {open_port("ix0", 1), open_port("ld0", 1)};

	EXPECT(memcmp(ask("ix0", SIOCGIFHWADDR).ifr_hwaddr.sa_data, side[0]->mac.bytes, 6) == 0);
	for (unsigned from = 0; from < 2; from++) {
		struct nic *other = side[1 - from];

		for (uint32_t i = 0; i < NIC_BURST_MAX; i++) {
			EXPECT(send_number(side[from], i, 60 + i * 46));
		}
		EXPECT(receive(other, 0, f, NIC_BURST_MAX) == NIC_BURST_MAX);
		for (uint32_t i = 0; i < NIC_BURST_MAX; i++) {
			EXPECT(number_of(&f[i]) == i && f[i].len == 60 + i * 46);
			EXPECT(f[i].len <= f[i].room && f[i].data[f[i].len - 1] == i);
			EXPECT(!f[i].is_csum_good);
		}
		nic_release(other, 0, f, NIC_BURST_MAX);
		EXPECT(receive(side[from], 0, f, 1) == 0); /* What it has sent itself. */
	}
	side[0]->ops->close(side[0]);
	side[1]->ops->close(side[1]);
}

/* The kernel takes a tag out; it is where it was. */
static void test_a_tag_stays_in_its_frame(void)
{
	static const uint8_t sent[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,    0,    0,
					 0,    9,    0x81, 0,	 0xa0, 7,    8, 0x45, 0x42, 1};
	struct frame_buf f;
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);

	for (uint32_t len = 60; len <= 1518; len += 1458) {
		EXPECT(nic_alloc(ix, 0, &f, 1) == 1);
		EXPECT(f.room == 1518);
		memset(f.data, 0x5a, len);
		memcpy(f.data, sent, sizeof(sent));
		f.len = len;
		EXPECT(nic_tx(ix, 0, &f, 1) == 1);
		EXPECT(receive(ld, 0, &f, 1) == 1);
		EXPECT(f.len == len && memcmp(f.data, sent, sizeof(sent)) == 0);
		nic_release(ld, 0, &f, 1);
	}
	ix->ops->close(ix);
	ld->ops->close(ld);
}

struct big {
	uint8_t payload[BIG];
	struct span spans[NIC_GATHER_SPANS];
	struct nic_gather g;
	struct addr src, dst;
};

/* A super-segment of uneven pieces. */
static struct big *big_new(const struct nic *from, bool is6, uint32_t payload_len,
			   uint16_t gso_size)
{
	struct big *b = calloc(1, sizeof(*b));
	struct nic_gather *g = &b->g;
	uint32_t l4_len = 20 + payload_len;
	uint8_t sum[2];

	for (unsigned i = 0; i < BIG; i++) {
		b->payload[i] = (uint8_t)(i * 7 + i / 251);
	}
	for (uint32_t at = 0, len; at < payload_len; at += len) {
		len = payload_len - at < 997 || g->payload_count == 63 ? payload_len - at : 997;
		b->spans[g->payload_count++] = span_of(b->payload + at, len);
	}
	g->payload = b->spans;
	g->payload_len = payload_len;
	g->gso_size = gso_size;
	g->l3_at = 14;
	g->l4_at = is6 ? 54 : 34;
	g->header_len = (uint8_t)(g->l4_at + 20);
	EXPECT(addr_parse(is6 ? "2001:db8::1" : "198.18.0.1", &b->src) == 0);
	EXPECT(addr_parse(is6 ? "2001:db8::2" : "198.18.0.2", &b->dst) == 0);
	struct wr w = wr_of(g->header, sizeof(g->header));
	wr_copy(&w, "\xff\xff\xff\xff\xff\xff", 6);
	wr_copy(&w, from->mac.bytes, 6);
	wr_u16(&w, is6 ? 0x86dd : 0x0800);
	if (is6) {
		wr_u32(&w, 0x60000000);
		wr_u16(&w, (uint16_t)l4_len);
		wr_u16(&w, 0x0640);
	} else {
		wr_u16(&w, 0x4500);
		wr_u16(&w, (uint16_t)(20 + l4_len));
		wr_u32(&w, 0x12344000);
		wr_u32(&w, 0x40060000);
	}
	wr_copy(&w, b->src.bytes, is6 ? 16 : 4);
	wr_copy(&w, b->dst.bytes, is6 ? 16 : 4);
	if (!is6) {
		csum_store(csum_add(0, g->header + 14, 20), g->header + 24);
	}
	wr_u32(&w, 179u << 16 | 40000);
	wr_u32(&w, 1000); /* Sequence number. */
	wr_u32(&w, 2000);
	wr_u32(&w, 0x501801ff);
	csum_store(csum_add_pseudo(0, &b->src, &b->dst, 6, l4_len), sum);
	wr_u8(&w, (uint8_t)~sum[0]);
	wr_u8(&w, (uint8_t)~sum[1]);
	wr_u16(&w, 0);
	EXPECT(wr_is_ok(&w) && wr_len(&w) == g->header_len);
	return b;
}

static void test_a_super_segment_passes_whole(void)
{
	struct frame_buf f;
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);

	EXPECT(nic_can_gather(ix) && ix->tso_max == 65535);
	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct big *b = big_new(ix, is6 != 0, BIG, MSS);
		uint32_t header = b->g.header_len;

		for (unsigned round = 0; round < 3 * NIC_BURST_MAX; round++) {
			EXPECT(nic_gather(ix, 0, &b->g, 1) == 1);
			EXPECT(receive(ld, 0, &f, 1) == 1);
			EXPECT(f.is_csum_good && f.len == header + BIG && f.len <= f.room);
			EXPECT(memcmp(f.data, b->g.header, header) == 0);
			EXPECT(memcmp(f.data + header, b->payload, BIG) == 0);
			nic_release(ld, 0, &f, 1);
		}
		free(b);
	}
	EXPECT(nic_losses(ld, 0).missed == 0);
	ix->ops->close(ix);
	ld->ops->close(ld);
}

/* More than there are buffers for long frames wait in the socket's queue, with short ones between
 * them: all come, in order. */
static void test_long_and_short_frames_keep_their_order(void)
{
	struct frame_buf f[2];
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);
	struct big *b = big_new(ix, false, BIG, MSS);
	unsigned pairs = 0;

	for (uint32_t i = 0; i < 100; i++) {
		EXPECT(nic_gather(ix, 0, &b->g, 1) == 1);
		EXPECT(send_number(ix, i, 60));
	}
	while (receive(ld, 0, f, 2) == 2) {
		EXPECT(f[0].len == HEADER4_LEN + BIG && number_of(&f[1]) == pairs);
		nic_release(ld, 0, f, 2);
		pairs++;
	}
	EXPECT(pairs == 100);
	free(b);
	ix->ops->close(ix);
	ld->ops->close(ld);
}

static bool is_tcp_good(const struct big *b, const struct frame_buf *f)
{
	const uint8_t *l4 = f->data + b->g.l4_at;
	uint32_t l4_len = f->len - b->g.l4_at;

	return csum_is_good(csum_add(csum_add_pseudo(0, &b->src, &b->dst, 6, l4_len), l4, l4_len));
}

/* Where the device cannot do it the kernel cuts: what arrives is right to the last bit. */
static void test_a_super_segment_is_cut_for_a_plain_device(void)
{
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);

	set_offload("ix0", ETHTOOL_STSO, 0);
	set_offload("ix0", ETHTOOL_STXCSUM, 0);
	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct big *b = big_new(ix, is6 != 0, BIG, MSS);
		struct frame_buf f;
		uint32_t header = b->g.header_len, at = 0;

		EXPECT(nic_gather(ix, 0, &b->g, 1) == 1);
		while (at < BIG && receive(ld, 0, &f, 1) == 1) {
			uint32_t len = f.len - header;
			struct rd seq = rd_of(span_of(f.data + b->g.l4_at + 4, 4));

			EXPECT(len == (BIG - at < MSS ? BIG - at : MSS));
			EXPECT(rd_u32(&seq) == 1000 + at);
			EXPECT(memcmp(f.data + header, b->payload + at, len) == 0);
			EXPECT(is_tcp_good(b, &f));
			EXPECT(is6 != 0 || csum_is_good(csum_add(0, f.data + 14, 20)));
			EXPECT(!f.is_csum_good);
			at += len;
			nic_release(ld, 0, &f, 1);
		}
		EXPECT(at == BIG);
		free(b);
	}
	ix->ops->close(ix);
	ld->ops->close(ld);
}

/* Whoever the frames are handed on to looks at every checksum. */
static void test_a_shared_port_completes_checksums(void)
{
	struct nic *ix = open_port("ix0", 1);
	struct nic *ld = open_with((struct nic_packet_opts){
		.interface = "ld0", .mtu = 1500, .queues = 1, .is_shared = true});

	for (unsigned i = 0; i < 4; i++) {
		bool is_long = i % 2 == 0;
		struct big *b = big_new(ix, i / 2 == 0, is_long ? BIG : 99, is_long ? MSS : 0);
		struct frame_buf f;

		EXPECT(nic_gather(ix, 0, &b->g, 1) == 1);
		EXPECT(receive(ld, 0, &f, 1) == 1);
		EXPECT(f.is_csum_good && f.len == b->g.header_len + b->g.payload_len);
		EXPECT(is_tcp_good(b, &f));
		nic_release(ld, 0, &f, 1);
		free(b);
	}
	ix->ops->close(ix);
	ld->ops->close(ld);
}

static void test_several_segments_go_in_one_call(void)
{
	struct nic_gather g[20];
	struct frame_buf f[20];
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);
	struct big *b = big_new(ix, false, 1000, 0);

	for (unsigned i = 0; i < 20; i++) {
		g[i] = b->g;
		g[i].header[18] = (uint8_t)i; /* Of its identification. */
	}
	EXPECT(nic_gather(ix, 0, g, 20) == 20);
	EXPECT(receive(ld, 0, f, 20) == 20);
	for (unsigned i = 0; i < 20; i++) {
		EXPECT(f[i].data[18] == i && f[i].is_csum_good && f[i].len == HEADER4_LEN + 1000);
	}
	nic_release(ld, 0, f, 20);
	free(b);
	ix->ops->close(ix);
	ld->ops->close(ld);
}

/* Frames may be given back late and in any order.  What finds no room is counted, and afterwards
 * all is as before. */
static void test_a_full_ring_loses_and_counts(void)
{
	struct frame_buf held[2], f[NIC_BURST_MAX];
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);
	uint32_t next = 2, count;

	EXPECT(send_number(ix, 0, 60) && send_number(ix, 1, 60));
	EXPECT(receive(ld, 0, held, 2) == 2);
	for (uint32_t i = 0; i < RING_SLOTS + 100; i++) {
		EXPECT(send_number(ix, 2 + i, 60));
	}
	while ((count = receive(ld, 0, f, NIC_BURST_MAX)) > 0) {
		for (uint32_t i = 0; i < count; i++) {
			EXPECT(number_of(&f[i]) == next++);
		}
		nic_release(ld, 0, f, count);
	}
	EXPECT(next == RING_SLOTS); /* Two were held. */
	EXPECT(number_of(&held[0]) == 0 && number_of(&held[1]) == 1);
	nic_release(ld, 0, &held[1], 1);
	nic_release(ld, 0, &held[0], 1);
	for (uint32_t i = 0; i < 2 * RING_SLOTS; i++) {
		EXPECT(send_number(ix, i, 60) && receive(ld, 0, f, 1) == 1);
		EXPECT(number_of(f) == i);
		nic_release(ld, 0, f, 1);
	}
	EXPECT(nic_losses(ld, 0).missed == 102);
	ix->ops->close(ix);
	ld->ops->close(ld);
}

/* Whether a frame arrives, at last: the kernel takes its time to see that a link is up. */
static bool passes(struct nic *from, struct nic *to)
{
	struct frame_buf f;

	for (uint32_t i = 1; i <= 100; i++) {
		(void)send_number(from, i, 60);
		if (receive(to, 0, &f, 1) == 1) {
			bool is_ours = number_of(&f) <= i;

			nic_release(to, 0, &f, 1);
			return is_ours;
		}
	}
	return false;
}

/* What is sent into an interface that is down is lost and counted; its socket does not keep a
 * sleeper awake; and it works again by itself. */
static void test_an_interface_goes_down_and_comes_back(void)
{
	struct frame_buf f;
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 1);
	struct pollfd wait = {.fd = ix->ops->wait_fd(ix, 0), .events = POLLIN};

	set_up("ix0", false);
	EXPECT(poll(&wait, 1, 1000) == 1);
	for (unsigned i = 0; i < 2000; i++) {
		EXPECT(nic_rx(ix, 0, &f, 1) == 0);
	}
	EXPECT(poll(&wait, 1, 0) == 0);
	for (uint32_t i = 0; i < 200; i++) {
		EXPECT(send_number(ix, i, 60));
	}
	EXPECT(nic_losses(ix, 0).refused == 200);
	set_up("ix0", true);
	EXPECT(passes(ix, ld));
	EXPECT(passes(ld, ix));
	ix->ops->close(ix);
	ld->ops->close(ld);
}

/* A full queue is waited for; one that stays full is a wire that loses. */
static void test_a_device_that_takes_nothing_holds_its_sender_up_for_a_while(void)
{
	struct nic *ix = open_port("ix0", 1);
	unsigned kept = 0;

	block("ix0");
	EXPECT(!send_number(ix, 0, 60));
	EXPECT(nic_losses(ix, 0).refused == 0);
	for (uint32_t i = 0; i < 1000; i++) {
		kept += !send_number(ix, i, 60);
	}
	EXPECT(kept < 100);
	EXPECT(kept + nic_losses(ix, 0).refused == 1000);
	ix->ops->close(ix);
}

/* Each flow comes to one of the queues, and what this host sends to none. */
static void test_queues_share_the_flows(void)
{
	struct frame_buf f;
	struct nic *ix = open_port("ix0", 1), *ld = open_port("ld0", 3);
	struct big *b = big_new(ix, false, 100, 0);
	unsigned at[3] = {0};

	EXPECT(ld->queue_count == 3);
	for (unsigned flow = 0; flow < 100; flow++) {
		unsigned home = 3;

		b->g.header[37] = (uint8_t)flow; /* Of a port. */
		for (unsigned i = 0; i < 4; i++) {
			EXPECT(nic_gather(ix, 0, &b->g, 1) == 1);
		}
		for (unsigned q = 0; q < 3; q++) {
			while (nic_rx(ld, q, &f, 1) == 1) {
				home = home == 3 ? q : home;
				EXPECT(q == home && f.data[37] == flow);
				at[q]++;
				nic_release(ld, q, &f, 1);
			}
		}
	}
	EXPECT(at[0] + at[1] + at[2] == 400);
	EXPECT(at[0] > 0 && at[1] > 0 && at[2] > 0);
	free(b);
	ix->ops->close(ix);
	ix = open_port("ld0", 1); /* Another sender at this end. */
	EXPECT(send_number(ix, 1, 60));
	for (unsigned q = 0; q < 3; q++) {
		EXPECT(receive(ld, q, &f, 1) == 0);
	}
	ix->ops->close(ix);
	ld->ops->close(ld);
}

static void test_a_faulty_interface_is_named(void)
{
	static const struct {
		const char *name;
		uint16_t mtu;
		const char *why;
	} faults[] = {
		{"ix7", 1500, "device packet:ix7: cannot find it: there is no such interface"},
		{"lo", 1500, "device packet:lo: cannot use it: it is no Ethernet"},
		{"ix0", 9000, "device packet:ix0: cannot use it: its MTU is less than the port's"},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(faults); i++) {
		struct nic_packet_opts opts = {
			.interface = faults[i].name, .mtu = faults[i].mtu, .queues = 2};
		char why[256] = "";

		EXPECT(nic_packet_open(&opts, why, sizeof(why)) == NULL);
		expect(strstr(why, faults[i].why) == why, why);
	}
}

Test(nic_packet, devices_are_known_by_their_prefix)
{
	cr_expect_str_eq(nic_packet_interface("packet:ix0"), "ix0");
	cr_expect_null(nic_packet_interface("net_af_packet0,iface=ix0"));
	cr_expect_null(nic_packet_interface("packet"));
}

#define WIRE_TEST(name)                                                                            \
	Test(nic_packet, name, .timeout = 60)                                                      \
	{                                                                                          \
		run(test_##name);                                                                  \
	}

WIRE_TEST(frames_pass_both_ways)
WIRE_TEST(a_tag_stays_in_its_frame)
WIRE_TEST(a_super_segment_passes_whole)
WIRE_TEST(long_and_short_frames_keep_their_order)
WIRE_TEST(a_super_segment_is_cut_for_a_plain_device)
WIRE_TEST(a_shared_port_completes_checksums)
WIRE_TEST(several_segments_go_in_one_call)
WIRE_TEST(a_full_ring_loses_and_counts)
WIRE_TEST(an_interface_goes_down_and_comes_back)
WIRE_TEST(a_device_that_takes_nothing_holds_its_sender_up_for_a_while)
WIRE_TEST(queues_share_the_flows)
WIRE_TEST(a_faulty_interface_is_named)
