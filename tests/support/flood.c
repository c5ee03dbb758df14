/* A flood of frames from one interface, as fast as the kernel takes them.
 *
 *   flood DEVICE TARGET-MAC TARGET4 TARGET6 KIND SECONDS SEED [ADDRESS/PORT...]
 *
 * The Ethernet source is the device's own; everything above it is forged.  ADDRESS/PORT are
 * neighbours of the target, and the port from which each has its connection to port 179 (0: none).
 * Kinds:
 *   syn-neighbour  SYNs with neighbours' addresses, from any port
 *   syn-onlink     SYNs with any address of the target's subnets (/16, /64)
 *   syn-far        SYNs with addresses from elsewhere
 *   live           RST, SYN, ACK and data with the addresses and ports of live connections, any
 *                  sequence and acknowledgement numbers
 *   garbage        any bytes, most of them behind a known EtherType
 *   link           ARP and ND: requests and claims with any address, neighbours' among them
 *   mixed          all of that
 * Both families.  Checksums are right but for garbage.  Ends with `frames N seconds N refused N`,
 * refused being what the device did not take. */
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rib/base/check.h"
#include "rib/base/prng.h"
#include "tests/support/wire_fix.h"

#define BATCH	    64
#define FRAME_MAX   256
#define SOURCES_MAX 256
#define PORT_BGP    179
#define SECONDS_MAX 60
#define SYN	    0x02
#define RST	    0x04
#define ACK	    0x10

struct source {
	struct addr addr;
	uint16_t port;
};

struct flood {
	struct prng prng;
	uint8_t own_mac[6], target_mac[6];
	struct addr target[FAMILY_COUNT];
	struct source source[SOURCES_MAX];
	unsigned source_count;
};

typedef size_t make_frame(struct flood *f, uint8_t *to);

static uint64_t below(struct flood *f, uint64_t bound)
{
	return prng_below(&f->prng, bound);
}

static struct wr begin(struct flood *f, uint16_t type, bool is_broadcast, uint8_t *to)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct wr w = wr_of(to, FRAME_MAX);

	wr_copy(&w, is_broadcast ? all : f->target_mac, 6);
	wr_copy(&w, f->own_mac, 6);
	wr_u16(&w, type);
	return w;
}

/* An IP header to the target with `l4_len` bytes behind it. */
static void put_ip(struct wr *w, const struct flood *f, const struct addr *src, uint8_t proto,
		   size_t l4_len)
{
	const struct addr *dst = &f->target[src->family];

	if (src->family == FAMILY_IPV4) {
		wr_u16(w, 0x4500);
		wr_u16(w, (uint16_t)(20 + l4_len));
		wr_u32(w, 0x00004000);
		wr_u8(w, 64);
		wr_u8(w, proto);
		wr_u16(w, 0);
	} else {
		wr_u32(w, 0x60000000);
		wr_u16(w, (uint16_t)l4_len);
		wr_u8(w, proto);
		wr_u8(w, 255);
	}
	wr_copy(w, src->bytes, family_bytes(src->family));
	wr_copy(w, dst->bytes, family_bytes(src->family));
}

/* A segment with any numbers, to port 179; SYNs with the usual MSS option. */
static size_t make_tcp(struct flood *f, const struct source *from, uint8_t flags, size_t payload,
		       uint8_t *to)
{
	struct wr w = begin(f, from->addr.family == FAMILY_IPV4 ? 0x0800 : 0x86dd, false, to);
	size_t header_len = (flags & SYN) != 0 ? 24 : 20;

	put_ip(&w, f, &from->addr, 6, header_len + payload);
	wr_u16(&w, from->port);
	wr_u16(&w, PORT_BGP);
	wr_u32(&w, (uint32_t)prng_u64(&f->prng));
	wr_u32(&w, (flags & ACK) != 0 ? (uint32_t)prng_u64(&f->prng) : 0);
	wr_u8(&w, (uint8_t)(header_len / 4 << 4));
	wr_u8(&w, flags);
	wr_u16(&w, 0xffff);
	wr_u32(&w, 0);
	if ((flags & SYN) != 0) {
		wr_u32(&w, 0x020405b4);
	}
	for (size_t i = 0; i < payload; i++) {
		wr_u8(&w, 0xff); /* Like the beginning of a BGP message. */
	}
	ASSERT(wr_is_ok(&w));
	wire_fix(to, wr_len(&w));
	return wr_len(&w);
}

static uint16_t any_port(struct flood *f)
{
	return (uint16_t)(1024 + below(f, 64512));
}

static struct source any_neighbour(struct flood *f)
{
	return f->source[below(f, f->source_count)];
}

/* Of the target's subnet, or of anywhere. */
static struct addr any_addr(struct flood *f, bool is_onlink)
{
	struct addr a = f->target[below(f, FAMILY_COUNT)];
	uint64_t bits = prng_u64(&f->prng);
	size_t len = family_bytes(a.family), kept = is_onlink ? len / 2 : 0;

	memcpy(a.bytes + kept, &bits, min_u64(len - kept, sizeof(bits)));
	if (!is_onlink) { /* A unicast address. */
		a.bytes[0] = a.family == FAMILY_IPV4 ? (uint8_t)(11 + below(f, 100)) : 0x20;
	}
	if (addr_equal(&a, &f->target[a.family])) {
		a.bytes[len - 1] ^= 1; /* To pose as the target would mislead its neighbours. */
	}
	return a;
}

static size_t syn_neighbour(struct flood *f, uint8_t *to)
{
	struct source from = any_neighbour(f);

	from.port = any_port(f);
	return make_tcp(f, &from, SYN, 0, to);
}

static size_t syn_onlink(struct flood *f, uint8_t *to)
{
	struct source from = {.addr = any_addr(f, true), .port = any_port(f)};

	return make_tcp(f, &from, SYN, 0, to);
}

static size_t syn_far(struct flood *f, uint8_t *to)
{
	struct source from = {.addr = any_addr(f, false), .port = any_port(f)};

	return make_tcp(f, &from, SYN, 0, to);
}

static size_t live(struct flood *f, uint8_t *to)
{
	static const uint8_t flags[] = {RST, RST | ACK, SYN, SYN | ACK, ACK, ACK};
	struct source from = any_neighbour(f);
	size_t i = below(f, ARRAY_COUNT(flags));

	if (from.port == 0) {
		from.port = any_port(f);
	}
	return make_tcp(f, &from, flags[i], i == 5 ? 1 + below(f, 64) : 0, to);
}

static size_t garbage(struct flood *f, uint8_t *to)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x8100, 0x88cc};
	size_t kind = below(f, ARRAY_COUNT(types) + 1), len = 1 + below(f, 120);
	uint16_t type = kind < ARRAY_COUNT(types) ? types[kind] : (uint16_t)prng_u64(&f->prng);
	struct wr w = begin(f, type, below(f, 8) == 0, to);

	for (size_t i = 0; i < len; i++) {
		wr_u8(&w, (uint8_t)prng_u64(&f->prng));
	}
	if (kind < 2) { /* Begin like a header. */
		to[14] = kind == 0 ? (uint8_t)(0x45 + below(f, 4)) : 0x60;
	}
	return wr_len(&w);
}

/* Who has the target's address, or a claim to everybody. */
static size_t make_arp(struct flood *f, const struct addr *sender, uint8_t *to)
{
	bool is_claim = below(f, 2) == 0;
	struct wr w = begin(f, 0x0806, true, to);

	wr_u32(&w, 0x00010800);
	wr_u32(&w, is_claim ? 0x06040002 : 0x06040001);
	wr_copy(&w, f->own_mac, 6);
	wr_copy(&w, sender->bytes, 4);
	wr_copy(&w, f->target_mac, 6);
	wr_copy(&w, is_claim ? sender->bytes : f->target[FAMILY_IPV4].bytes, 4);
	return wr_len(&w);
}

/* A solicitation for the target from `sender`, or an advertisement of the sender's own. */
static size_t make_nd(struct flood *f, const struct addr *sender, uint8_t *to)
{
	bool is_claim = below(f, 2) == 0;
	struct wr w = begin(f, 0x86dd, false, to);

	put_ip(&w, f, sender, 58, 32);
	wr_u8(&w, is_claim ? 136 : 135);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	/* An advertisement that overrides and says that it was asked for. */
	wr_u32(&w, is_claim ? 0x60000000 : 0);
	wr_copy(&w, is_claim ? sender->bytes : f->target[FAMILY_IPV6].bytes, 16);
	wr_u8(&w, is_claim ? 2 : 1);
	wr_u8(&w, 1);
	wr_copy(&w, f->own_mac, 6);
	ASSERT(wr_is_ok(&w));
	wire_fix(to, wr_len(&w));
	return wr_len(&w);
}

static size_t neighbour(struct flood *f, uint8_t *to)
{
	struct addr sender = below(f, 4) == 0 ? any_neighbour(f).addr : any_addr(f, true);

	return sender.family == FAMILY_IPV4 ? make_arp(f, &sender, to) : make_nd(f, &sender, to);
}

static size_t mixed(struct flood *f, uint8_t *to)
{
	static make_frame *const all[] = {syn_neighbour, syn_onlink, syn_far,
					  live,		 garbage,    neighbour};

	return all[below(f, ARRAY_COUNT(all))](f, to);
}

static const struct {
	const char *name;
	make_frame *make;
} kinds[] = {{"syn-neighbour", syn_neighbour},
	     {"syn-onlink", syn_onlink},
	     {"syn-far", syn_far},
	     {"live", live},
	     {"garbage", garbage},
	     {"link", neighbour},
	     {"mixed", mixed}};

static make_frame *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			return kinds[i].make;
		}
	}
	return NULL;
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A socket that sends on `device` and receives nothing; its own MAC too. */
static int open_device(const char *device, uint8_t own_mac[6])
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(device)};
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || to.sll_ifindex == 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0 ||
	    bind(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
		perror(device);
		exit(1);
	}
	/* Without it the queueing discipline costs more than the frame. */
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	memcpy(own_mac, request.ifr_hwaddr.sa_data, 6);
	return fd;
}

static void run(struct flood *f, int fd, make_frame *make, double seconds)
{
	static uint8_t frame[BATCH][FRAME_MAX];
	struct mmsghdr message[BATCH] = {0};
	struct iovec piece[BATCH];
	uint64_t sent = 0, refused = 0;
	double start = seconds_now(), now = start;

	for (unsigned i = 0; i < BATCH; i++) {
		piece[i].iov_base = frame[i];
		message[i].msg_hdr.msg_iov = &piece[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	for (; now < start + seconds; now = seconds_now()) {
		for (unsigned i = 0; i < BATCH; i++) {
			piece[i].iov_len = make(f, frame[i]);
		}
		int count = sendmmsg(fd, message, BATCH, 0);

		sent += count > 0 ? (uint64_t)count : 0;
		refused += BATCH - (count > 0 ? (uint64_t)count : 0);
	}
	printf("frames %lu seconds %.2f refused %lu\n", sent, now - start, refused);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5]) == 6;
}

static bool parse_source(char *text, struct source *out)
{
	char *slash = strchr(text, '/');

	if (slash == NULL) {
		return false;
	}
	*slash = '\0';
	out->port = (uint16_t)strtoul(slash + 1, NULL, 10);
	return addr_parse(text, &out->addr) == 0;
}

int main(int argc, char **argv)
{
	static struct flood f;
	make_frame *make = argc >= 9 ? kind_of(argv[5]) : NULL;
	double seconds = argc >= 9 ? strtod(argv[6], NULL) : 0;
	bool is_good = make != NULL && seconds > 0 && seconds <= SECONDS_MAX &&
		       argc - 8 <= SOURCES_MAX && parse_mac(argv[2], f.target_mac) &&
		       addr_parse(argv[3], &f.target[FAMILY_IPV4]) == 0 &&
		       addr_parse(argv[4], &f.target[FAMILY_IPV6]) == 0;

	for (int i = 8; is_good && i < argc; i++) {
		is_good = parse_source(argv[i], &f.source[f.source_count++]);
	}
	if (!is_good) {
		fprintf(stderr, "usage: flood DEVICE MAC TARGET4 TARGET6 KIND SECONDS SEED "
				"ADDRESS/PORT...\n");
		return 64;
	}
	prng_init(&f.prng, strtoul(argv[7], NULL, 10));
	run(&f, open_device(argv[1], f.own_mac), make, seconds);
	return 0;
}
