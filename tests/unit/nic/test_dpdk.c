/* DPDK ports and the launch of EAL, without root, huge pages or a network: the net_ring device
 * hands back what it is given.  One EAL for each test, because EAL starts once per process. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "dataplane/core/launch.h"
#include "dataplane/nic/nic_dpdk.h"
#include "rib/base/csum.h"

struct lab {
	char dir[64];
	char why[512];
	unsigned cpus[2];
	const char *devices[2];
	struct launch_opts opts;
};

/* Options with `workers` on CPUs that this process may use, and a directory of our own. */
static struct lab *lab_new(unsigned workers)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	cpu_set_t allowed;
	unsigned first = CPU_SETSIZE, last = 0;

	cr_assert_not_null(lab);
	(void)snprintf(lab->dir, sizeof(lab->dir), "/tmp/cw-test-XXXXXX");
	cr_assert_not_null(mkdtemp(lab->dir));
	cr_assert_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed)) {
			first = cpu < first ? cpu : first;
			last = cpu;
		}
	}
	lab->cpus[0] = last;
	lab->cpus[1] = first;
	lab->devices[0] = "net_ring0";
	lab->opts = (struct launch_opts){.cpus = lab->cpus,
					 .cpu_count = workers,
					 .hugepages = HUGEPAGES_OFF,
					 .memory_mib = 64,
					 .devices = lab->devices,
					 .device_count = 1,
					 .runtime_dir = lab->dir};
	return lab;
}

/* The directory must be empty again. */
static void lab_free(struct lab *lab)
{
	cr_expect_eq(rmdir(lab->dir), 0, "%s: %s", lab->dir, strerror(errno));
	free(lab);
}

static struct nic *open_ring(struct lab *lab, uint16_t queues)
{
	struct nic_dpdk_opts opts = {.device = "net_ring0", .queues = queues, .mtu = 1500};

	cr_assert_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0, "%s", lab->why);
	struct nic *n = nic_dpdk_open(&opts, lab->why, sizeof(lab->why));
	cr_assert_not_null(n, "%s", lab->why);
	return n;
}

/* What the operator says goes first; a frame of the ring holds the MTU and the kernel's header. */
Test(nic_dpdk, ring_frames_fit_the_mtu)
{
	cr_expect_eq(nic_dpdk_frame_len("net_af_packet0,iface=a", 1500), 2048u);
	cr_expect_eq(nic_dpdk_frame_len("net_af_packet0,iface=a", 1950), 2048u);
	cr_expect_eq(nic_dpdk_frame_len("net_af_packet0,iface=a", 1951), 10240u);
	cr_expect_eq(nic_dpdk_frame_len("net_af_packet0,iface=a", 9216), 10240u);
	cr_expect_eq(nic_dpdk_frame_len("net_af_packet0,iface=a,framesz=16384", 9000), 16384u);
	cr_expect_geq(10240u, 9216 + NIC_HEADER_MAX + 66);
	/* A whole number of them, and of pages, in a block. */
	cr_expect_eq(8 * NIC_AF_PACKET_FRAME_JUMBO % 4096, 0);
}

Test(nic_dpdk, a_burst_comes_back_whole, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct nic *n = open_ring(lab, 1);
	struct frame_buf out[NIC_BURST_MAX], in[NIC_BURST_MAX];

	cr_expect_eq(n->mtu, 1500);
	cr_expect_eq(n->queue_count, 1);
	cr_expect_eq(n->ops->wait_fd(n, 0), -1);
	for (unsigned round = 0; round < 500; round++) { /* More frames than there are buffers. */
		cr_assert_eq(nic_alloc(n, 0, out, NIC_BURST_MAX), (unsigned)NIC_BURST_MAX);
		for (unsigned i = 0; i < NIC_BURST_MAX; i++) {
			cr_assert_eq(out[i].room, 1518); /* With a tag. */
			out[i].len = (uint16_t)(60 + (round * 32 + i) % 1455);
			memset(out[i].data, (int)(i + round), out[i].len);
			out[i].data[6] = 2; /* Not the port's own address, which is zero. */
		}
		cr_assert_eq(nic_tx(n, 0, out, NIC_BURST_MAX), (unsigned)NIC_BURST_MAX);
		cr_assert_eq(nic_rx(n, 0, in, NIC_BURST_MAX), (unsigned)NIC_BURST_MAX);
		for (unsigned i = 0; i < NIC_BURST_MAX; i++) {
			cr_assert_eq(in[i].len, 60 + (round * 32 + i) % 1455);
			cr_assert_eq(in[i].data[0], (uint8_t)(i + round));
			cr_assert_eq(in[i].data[in[i].len - 1], (uint8_t)(i + round));
			cr_assert_not(in[i].is_csum_good);
		}
		nic_release(n, 0, in, NIC_BURST_MAX);
	}
	cr_expect_eq(nic_rx(n, 0, in, NIC_BURST_MAX), 0u);
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

Test(nic_dpdk, own_frames_are_dropped_and_counted, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct nic *n = open_ring(lab, 1);
	struct frame_buf f[2];

	cr_assert_eq(nic_alloc(n, 0, f, 2), 2u);
	for (unsigned i = 0; i < 2; i++) {
		memset(f[i].data, 0x22, 60);
		f[i].len = 60;
	}
	memcpy(f[0].data + 6, n->mac.bytes, 6);
	cr_assert_eq(nic_tx(n, 0, f, 2), 2u);
	cr_assert_eq(nic_rx(n, 0, f, 2), 1u);
	cr_expect_eq(f[0].data[6], 0x22);
	nic_release(n, 0, f, 1);
	cr_expect_eq(nic_dpdk_own(n), 1u);
	cr_expect_eq(nic_dpdk_chained(n), 0u);
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

/* The other side of a memif or of a virtual machine's port says how a frame is cut; a piece may be
 * empty, and the first one hold it all. */
Test(nic_dpdk, a_frame_with_empty_pieces_is_received, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct nic *n = open_ring(lab, 1);
	struct frame_buf f[2];

	for (unsigned empty = 0; empty < 2; empty++) {
		cr_assert_eq(nic_alloc(n, 0, f, 2), 2u);
		struct rte_mbuf *head = f[0].cookie, *tail = f[1].cookie;

		memset(f[0].data, 0x22, 60);
		memset(f[1].data, 0x33, 40);
		head->next = tail;
		head->nb_segs = 2;
		tail->data_len = empty == 0 ? 40 : 0;
		f[0].len = 60;
		cr_assert_eq(nic_tx(n, 0, f, 1), 1u);
		cr_assert_eq(nic_rx(n, 0, f, 1), 1u);
		cr_expect_eq(f[0].len, empty == 0 ? 100u : 60u);
		cr_expect_eq(f[0].data[59], 0x22);
		cr_expect(empty != 0 || f[0].data[99] == 0x33);
		nic_release(n, 0, f, 1);
	}
	cr_expect_eq(nic_dpdk_chained(n), 0u);
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

/* An empty pool is pressure: fewer buffers, and all come back. */
Test(nic_dpdk, an_empty_pool_gives_fewer_buffers, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct nic_dpdk_opts opts = {
		.device = "net_ring0", .queues = 1, .mtu = 1500, .buffer_count = 1023};
	struct frame_buf *f = calloc(2000, sizeof(*f));

	cr_assert_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0, "%s", lab->why);
	struct nic *n = nic_dpdk_open(&opts, lab->why, sizeof(lab->why));
	cr_assert_not_null(n, "%s", lab->why);
	for (unsigned round = 0; round < 3; round++) {
		unsigned count = nic_alloc(n, 0, f, 2000);

		cr_expect_gt(count, 500u);
		cr_expect_leq(count, 1023u);
		nic_release(n, 0, f, count);
	}
	free(f);
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

Test(nic_dpdk, an_unknown_port_says_why, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct nic_dpdk_opts opts = {.device = "net_ring7", .queues = 1, .mtu = 1500};

	cr_assert_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0, "%s", lab->why);
	cr_expect_null(nic_dpdk_open(&opts, lab->why, sizeof(lab->why)));
	cr_expect_not_null(strstr(lab->why, "net_ring7"));
	cr_expect_not_null(strstr(lab->why, "check the spelling"), "%s", lab->why);
	launch_fini();
	lab_free(lab);
}

/* A frame, with a tag, takes one buffer of a memif. */
Test(nic_dpdk, memif_buffers_fit_the_mtu)
{
	cr_expect_eq(nic_dpdk_memif_len("net_memif0", 1500), 2048u);
	cr_expect_eq(nic_dpdk_memif_len("net_memif0,bsize=4096", 1500), 4096u);
	for (uint16_t mtu = 576; mtu < 9300; mtu++) {
		cr_assert_geq(nic_dpdk_memif_len("net_memif0,role=client", mtu),
			      (unsigned)mtu + NIC_HEADER_MAX);
	}
}

/* Both ends in one process.  The wire is there once the driver's own thread has set it up. */
Test(nic_dpdk, a_memif_carries_jumbo_frames_whole, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	char device[2][80];
	uint16_t mtus[2] = {9000, 9000};
	struct nic *end[2];
	struct frame_buf f;

	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(device[i], sizeof(device[i]),
			       "net_memif%u,role=%s,socket=cw-test-%d", i,
			       i == 0 ? "server" : "client", (int)getpid());
		lab->devices[i] = device[i];
	}
	lab->opts.device_count = 2;
	lab->opts.mtus = mtus;
	lab->opts.memory_mib = 128;
	cr_assert_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0, "%s", lab->why);
	for (unsigned i = 0; i < 2; i++) {
		struct nic_dpdk_opts opts = {.device = device[i], .queues = 1, .mtu = 9000};

		end[i] = nic_dpdk_open(&opts, lab->why, sizeof(lab->why));
		cr_assert_not_null(end[i], "%s", lab->why);
	}
	for (unsigned round = 0; round < 3000; round++) { /* Each buffer of the ring, and again. */
		unsigned from = round % 2;
		bool is_sent = false;

		cr_assert_eq(nic_alloc(end[from], 0, &f, 1), 1u);
		f.len = 9018;
		memset(f.data, (int)round, f.len);
		f.data[6] = 2;
		do { /* The client's reading is what gives the server room. */
			is_sent = is_sent || nic_tx(end[from], 0, &f, 1) == 1;
		} while (nic_rx(end[1 - from], 0, &f, 1) == 0);
		cr_assert(is_sent);
		cr_assert_eq(f.len, 9018u);
		cr_assert_eq(f.data[0], (uint8_t)round);
		cr_assert_eq(f.data[9017], (uint8_t)round);
		nic_release(end[1 - from], 0, &f, 1);
	}
	cr_expect_eq(nic_dpdk_chained(end[0]) + nic_dpdk_chained(end[1]), 0u);
	for (unsigned i = 0; i < 2; i++) {
		end[i]->ops->close(end[i]);
	}
	launch_fini();
	lab_free(lab);
}

#define SUPER_MSS  1448
#define SUPER_LEN  40000
#define SUPER_HEAD (14 + 20 + 20)

/* IPv4 and TCP for `len` bytes, as the port wants them; the sum is the pseudo-header's. */
static void super_header(struct nic_gather *g, unsigned len)
{
	static const uint8_t header[SUPER_HEAD] = {
		2, 0,	0, 0,	 0, 9,	 2, 0, 0, 0,   0,  8, 8,    0,	  0x45, 0, 0,
		0, 0,	0, 0x40, 0, 255, 6, 0, 0, 198, 18, 0, 1,    198,  18,	0, 2,
		0, 179, 1, 2,	 0, 0,	 0, 1, 0, 0,   0,  1, 0x50, 0x18, 1,	0};
	uint8_t *ip = g->header + 14, *tcp = ip + 20;
	uint8_t pseudo[4] = {0, 6, (uint8_t)((20 + len) >> 8), (uint8_t)(20 + len)};

	memcpy(g->header, header, sizeof(header));
	ip[2] = (uint8_t)((40 + len) >> 8);
	ip[3] = (uint8_t)(40 + len);
	csum_store(csum_add(0, ip, 20), ip + 10);
	csum_store_open(csum_add(csum_add(0, ip + 12, 8), pseudo, 4), tcp + 16);
}

static const uint8_t *super_bytes(void)
{
	static uint8_t bytes[SUPER_LEN];

	for (unsigned i = 0; i < SUPER_LEN; i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	}
	return bytes;
}

static struct nic *open_device(struct lab *lab, const char *device)
{
	struct nic_dpdk_opts opts = {.device = device, .queues = 1, .mtu = 1500};

	lab->devices[0] = device;
	lab->opts.memory_mib = 128;
	return launch_eal(&lab->opts, lab->why, sizeof(lab->why)) == 0
		       ? nic_dpdk_open(&opts, lab->why, sizeof(lab->why))
		       : NULL;
}

static bool is_super(const struct frame_buf *f, unsigned len)
{
	struct nic_gather g = {.header_len = SUPER_HEAD};

	super_header(&g, len);
	return f->len == SUPER_HEAD + len && f->is_csum_good &&
	       memcmp(f->data, g.header, 34) == 0 &&
	       memcmp(f->data + SUPER_HEAD, super_bytes(), len) == 0;
}

/* The switch's side, in a process of its own: what came `count` times is right; 0 if so. */
static int vhost_receive(const char *socket, unsigned len, unsigned count)
{
	struct lab *lab = lab_new(1);
	char device[160];
	struct frame_buf f;
	int result = 0;

	(void)snprintf(device, sizeof(device), "net_vhost0,iface=%s,tso=1", socket);
	struct nic *n = open_device(lab, device);
	if (n == NULL) {
		(void)fprintf(stderr, "%s\n", lab->why);
		return 2;
	}
	while (count > 0 && result == 0) {
		if (nic_rx(n, 0, &f, 1) == 1) {
			result = is_super(&f, len) ? 0 : 3;
			nic_release(n, 0, &f, 1);
			count--;
		}
	}
	result = nic_dpdk_chained(n) == 0 ? result : 4;
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
	return result;
}

/* A virtual machine's port (virtio) and the switch behind it (vhost): a super-segment crosses as
 * one, since nothing on the way has to cut it, and is received as one; `count` times. */
static void virtio_to_vhost(const char *options, unsigned len, unsigned count)
{
	const uint8_t *bytes = super_bytes();
	char device[160], socket[80];
	int status = 0;

	(void)snprintf(socket, sizeof(socket), "/tmp/cw-test-%d.sock", (int)getpid());
	pid_t child = fork();
	if (child == 0) { /* Not to end without the parent. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(vhost_receive(socket, len, count));
	}
	struct lab *lab = lab_new(1);
	(void)snprintf(device, sizeof(device), "net_virtio_user0,path=%s,queue_size=1024%s", socket,
		       options);
	while (access(socket, F_OK) != 0) {
		cr_assert_eq(waitpid(child, &status, WNOHANG), 0);
		usleep(1000);
	}
	struct nic *n = open_device(lab, device);
	cr_assert_not_null(n, "%s", lab->why);
	cr_assert(nic_can_gather(n));
	cr_expect_not_null(n->ops->losses);
	cr_assert_geq(n->tso_max, SUPER_LEN + 40);
	struct span payload[] = {span_of(bytes, 1), span_of(bytes + 1, len / 2),
				 span_of(bytes + 1 + len / 2, len - 1 - len / 2)};
	struct nic_gather g = {.payload = payload,
			       .payload_len = len,
			       .payload_count = 3,
			       .gso_size = SUPER_MSS,
			       .header_len = SUPER_HEAD,
			       .l3_at = 14,
			       .l4_at = 34};
	super_header(&g, len);
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (nic_gather(n, 0, &g, 1) == 0) { /* The ring is full. */
			usleep(100);
		}
	}
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
	(void)signal(SIGPIPE, SIG_IGN); /* The driver says goodbye to who has gone. */
	n->ops->close(n);
	launch_fini();
	(void)unlink(socket);
	lab_free(lab);
}

/* Each buffer of the ring, and again. */
Test(nic_dpdk, a_virtio_port_takes_super_segments_and_a_vhost_port_joins_them, .timeout = 60)
{
	virtio_to_vhost("", SUPER_LEN, 500);
}

/* Short ones take one descriptor each, and the ring gives their buffers back late. */
Test(nic_dpdk, a_virtio_ring_of_super_segments_leaves_buffers, .timeout = 60)
{
	virtio_to_vhost(",in_order=0", 12000, 3000);
}

/* What each worker did. */
struct tally {
	unsigned turns[2];
	unsigned cpu[2];
};

static bool count_turns(void *context, unsigned core)
{
	struct tally *t = context;

	t->cpu[core] = (unsigned)sched_getcpu();
	return ++t->turns[core] < 1000 * (core + 1);
}

Test(launch, workers_run_on_their_cpus_until_they_say_so, .timeout = 60)
{
	struct lab *lab = lab_new(2);
	struct nic *n = open_ring(lab, 2);
	struct tally t = {{0}, {0}};

	cr_expect_eq(n->queue_count, 2);
	for (unsigned round = 1; round <= 2; round++) { /* Workers can be started again. */
		t = (struct tally){{0}, {0}};
		cr_assert_eq(launch_workers(count_turns, &t), 0);
		launch_join();
		for (unsigned i = 0; i < 2; i++) {
			cr_expect_eq(t.turns[i], 1000 * (i + 1));
			cr_expect_eq(t.cpu[i], lab->cpus[i]);
		}
	}
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

Test(launch, one_cpu_is_enough, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct tally t = {{0}, {0}};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(lab->cpus[0], &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	struct nic *n = open_ring(lab, 1);
	cr_assert_eq(launch_workers(count_turns, &t), 0);
	launch_join();
	cr_expect_eq(t.turns[0], 1000u);
	n->ops->close(n);
	launch_fini();
	lab_free(lab);
}

Test(launch, signals_and_environment_stay_the_callers, .timeout = 60)
{
	struct lab *lab = lab_new(1);
	struct sigaction before[NSIG], after;

	cr_assert_eq(setenv("RUNTIME_DIRECTORY", "/somewhere", 1), 0);
	for (int s = 1; s < NSIG; s++) {
		(void)sigaction(s, NULL, &before[s]);
	}
	cr_assert_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0, "%s", lab->why);
	for (int s = 1; s < NSIG; s++) {
		if (sigaction(s, NULL, &after) == 0) {
			cr_expect_eq(before[s].sa_handler, after.sa_handler, "signal %d", s);
		}
	}
	cr_expect_str_eq(getenv("RUNTIME_DIRECTORY"), "/somewhere");
	launch_fini();
	lab_free(lab);
}

/* Every mistake is named together with what to do about it; EAL is not even started. */
Test(launch, mistakes_are_explained)
{
	static const struct {
		unsigned cpu;
		const char *device;
		int error;
		const char *word;
	} rows[] = {
		{9999, "net_ring0", -ENODEV, "CPU 9999 does not exist"},
		{1023, "net_ring0", -ENODEV, "CPU 1023 does not exist"},
		{0, "net_af_packet0,iface=cw-none0", -ENODEV, "there is no interface cw-none0"},
		{0, "net_af_packet0,iface=cw-none0,qpairs=2", -ENODEV, "cw-none0 in this network"},
		{0, "net_af_packet0", -EINVAL, "iface=NAME"},
		{0, "net_memif0,role=server,bsize=1517", -EINVAL, "does not fit `bsize=`"},
		{0, "net_af_xdp0,iface=cw-none0", -ENODEV, "there is no interface cw-none0"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lab *lab = lab_new(1);

		if (rows[i].cpu != 0) {
			lab->cpus[0] = rows[i].cpu;
		}
		lab->devices[0] = rows[i].device;
		cr_expect_eq(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), rows[i].error,
			     "row %zu", i);
		cr_expect_not_null(strstr(lab->why, rows[i].word), "%s", lab->why);
		lab_free(lab);
	}
}

/* EAL's own first words reach the caller, and its remedy. */
Test(launch, an_unknown_driver_is_explained, .timeout = 60)
{
	struct lab *lab = lab_new(1);

	cr_redirect_stderr();
	lab->devices[0] = "net_nosuch0";
	cr_expect_lt(launch_eal(&lab->opts, lab->why, sizeof(lab->why)), 0);
	cr_expect_not_null(strstr(lab->why, "net_nosuch0"), "%s", lab->why);
	cr_expect_not_null(strstr(lab->why, "check the device string"), "%s", lab->why);
	lab_free(lab);
}

Test(launch, time_does_not_go_back)
{
	usec_t before = launch_now();

	for (unsigned i = 0; i < 100000; i++) {
		usec_t now = launch_now();

		cr_assert_geq(now, before);
		before = now;
	}
}
