/* The tap: set up as asked, and frames pass both ways.
 *
 * Each test runs in a namespace of its own (namespace.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/nic/nic_tap.h"
#include "tests/unit/nic/namespace.h"

static const struct mac mac = {{2, 0, 0, 0, 0, 1}};

static struct nic *open_tap(const char *name, uint16_t mtu, uint16_t queues)
{
	struct nic_tap_opts opts = {.name = name, .mac = mac, .mtu = mtu, .queues = queues};
	char why[256] = "";
	struct nic *n = nic_tap_open(&opts, why, sizeof(why));

	if (n == NULL) {
		give_up(why);
	}
	return n;
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

static void set_address(const char *name, uint32_t address)
{
	struct ifreq r;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	memcpy(&r.ifr_addr, &in, sizeof(in));
	EXPECT(ioctl(fd, SIOCSIFADDR, &r) == 0);
	close(fd);
}

static void test_the_interface_is_set_up_like_its_port(void)
{
	for (uint16_t queues = 1; queues <= 3; queues += 2) {
		struct nic *n = open_tap("ix0k", 9000, queues);

		EXPECT(n->queue_count == queues);
		EXPECT(memcmp(ask("ix0k", SIOCGIFHWADDR).ifr_hwaddr.sa_data, mac.bytes, 6) == 0);
		EXPECT(ask("ix0k", SIOCGIFMTU).ifr_mtu == 9000);
		EXPECT((ask("ix0k", SIOCGIFFLAGS).ifr_flags & IFF_UP) != 0);
		for (unsigned q = 0; q < queues; q++) {
			EXPECT(n->ops->wait_fd(n, q) >= 0);
		}
		n->ops->close(n);
		EXPECT(if_nametoindex("ix0k") == 0); /* It goes with its owner. */
	}
}

/* The kernel answers an ARP request that comes by the tap, on whichever queue. */
static void test_frames_pass_both_ways(void)
{
	static const uint8_t request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0,	 0, 0, 0,
					    2,	  8,	6,    0,    1,	  8,	0,   6,	 4, 0, 1,
					    2,	  0,	0,    0,    0,	  2,	198, 18, 0, 2, 0,
					    0,	  0,	0,    0,    0,	  198,	18,  0,	 1};
	struct frame_buf f;
	unsigned answers = 0;

	struct nic *n = open_tap("ix0k", 1500, 2);
	set_address("ix0k", 0xc6120001);
	EXPECT(nic_alloc(n, 1, &f, 1) == 1);
	EXPECT(f.room == 1518);
	memcpy(f.data, request, sizeof(request));
	f.len = sizeof(request);
	EXPECT(nic_tx(n, 1, &f, 1) == 1);
	for (unsigned round = 0; round < 100 && answers == 0; round++) {
		struct pollfd wait[2] = {{.fd = n->ops->wait_fd(n, 0), .events = POLLIN},
					 {.fd = n->ops->wait_fd(n, 1), .events = POLLIN}};

		(void)poll(wait, 2, 100);
		for (unsigned q = 0; q < 2; q++) {
			while (nic_rx(n, q, &f, 1) == 1) { /* And what IPv6 says of itself. */
				answers += f.len >= 42 && f.data[12] == 8 && f.data[13] == 6 &&
					   f.data[21] == 2 &&
					   memcmp(f.data + 22, mac.bytes, 6) == 0;
				nic_release(n, q, &f, 1);
			}
		}
	}
	EXPECT(answers == 1);
	n->ops->close(n);
}

/* A bound stock: what is not given back is not had twice, and all of it comes back. */
static void test_the_stock_of_buffers_is_bounded(void)
{
	struct frame_buf f[3 * NIC_BURST_MAX];

	struct nic *n = open_tap("ix0k", 1500, 1);
	for (unsigned round = 0; round < 3; round++) {
		unsigned count = nic_alloc(n, 0, f, ARRAY_COUNT(f));

		EXPECT(count == 2 * NIC_BURST_MAX);
		EXPECT(nic_alloc(n, 0, f + count, 1) == 0);
		nic_release(n, 0, f, count);
	}
	n->ops->close(n);
}

/* A frame longer than the MTU, several that a port has joined, is the kernel's all the same. */
static void test_joined_frames_have_room(void)
{
	struct nic_tap_opts opts = {
		.name = "ix0k", .mac = mac, .mtu = 1500, .queues = 1, .takes_joined = true};
	char why[256] = "";
	struct frame_buf f;

	struct nic *n = nic_tap_open(&opts, why, sizeof(why));
	EXPECT(n != NULL);
	EXPECT(nic_alloc(n, 0, &f, 1) == 1);
	EXPECT(f.room == 65535 + 18);
	memset(f.data, 0xff, f.room);
	f.len = f.room;
	EXPECT(nic_tx(n, 0, &f, 1) == 1);
	n->ops->close(n);
}

/* While the interface is down a frame is refused, and its buffer stays the caller's. */
static void test_an_interface_that_is_down_refuses(void)
{
	struct frame_buf f;

	struct nic *n = open_tap("ix0k", 1500, 1);
	struct ifreq r = ask("ix0k", SIOCGIFFLAGS);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	r.ifr_flags = (short)(r.ifr_flags & ~IFF_UP);
	EXPECT(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
	EXPECT(nic_alloc(n, 0, &f, 1) == 1);
	memset(f.data, 0, 60);
	f.len = 60;
	EXPECT(nic_tx(n, 0, &f, 1) == 0);
	EXPECT(f.data != NULL);
	nic_release(n, 0, &f, 1);
	n->ops->close(n);
}

static void test_a_name_that_is_taken_says_so(void)
{
	struct nic_tap_opts opts = {.name = "lo", .mac = mac, .mtu = 1500, .queues = 1};
	char why[256] = "";

	EXPECT(nic_tap_open(&opts, why, sizeof(why)) == NULL);
	EXPECT(strstr(why, "by lo: ") != NULL);
	struct nic *n = open_tap("ix0k", 1500, 1);
	opts.name = "ix0k"; /* Held by another, and made for one queue. */
	opts.queues = 2;
	EXPECT(nic_tap_open(&opts, why, sizeof(why)) == NULL);
	EXPECT(strstr(why, "remove it") != NULL);
	n->ops->close(n);
}

Test(nic_tap, the_interface_is_set_up_like_its_port, .timeout = 60)
{
	run_apart(test_the_interface_is_set_up_like_its_port);
}

Test(nic_tap, frames_pass_both_ways, .timeout = 60)
{
	run_apart(test_frames_pass_both_ways);
}

Test(nic_tap, the_stock_of_buffers_is_bounded, .timeout = 60)
{
	run_apart(test_the_stock_of_buffers_is_bounded);
}

Test(nic_tap, joined_frames_have_room, .timeout = 60)
{
	run_apart(test_joined_frames_have_room);
}

Test(nic_tap, an_interface_that_is_down_refuses, .timeout = 60)
{
	run_apart(test_an_interface_that_is_down_refuses);
}

Test(nic_tap, a_name_that_is_taken_says_so, .timeout = 60)
{
	run_apart(test_a_name_that_is_taken_says_so);
}
