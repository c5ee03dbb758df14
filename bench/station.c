/* The station: see station.h.  RFC 826, 791. */
#include "bench/station.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/core/launch.h"
#include "dataplane/net/arp.h"
#include "dataplane/nic/nic_dpdk.h"
#include "rib/base/check.h"

#define ARP_RETRY_US   100000
#define HEADERS_LEN    (ETH_HEADER_LEN + IP4_HEADER_LEN)
#define FRAME_MIN      60    /* Ethernet's minimum without the frame check sequence. */
#define BUFFERS	       16384 /* So that a turn of a thousand members fits. */
#define SERVER_WAIT_MS 20000 /* For a memif's server to listen. */

struct station {
	struct station_conf conf;
	struct nic *nic;
	struct addr server;
	struct mac server_mac;
	bool has_server_mac;
	uint64_t arp_at;
	unsigned stock_count, out_count;
	struct frame_buf stock[NIC_BURST_MAX]; /* Empty. */
	struct frame_buf out[NIC_BURST_MAX];   /* Filled. */
	char dir[32];
};

/* The value after `key` in a device string, copied; false when it is not there. */
static bool device_value(const char *device, const char *key, char *out, size_t out_len)
{
	const char *at = strstr(device, key);

	if (at == NULL) {
		return false;
	}
	at += strlen(key);
	(void)snprintf(out, out_len, "%.*s", (int)strcspn(at, ","), at);
	return true;
}

/* Whether a socket of that name is in this network namespace.  To connect and hang up would tell,
 * too, but the driver of DPDK 22.11 aborts the server's process on that. */
static bool is_listening(const char *name)
{
	char line[512];
	FILE *f = fopen("/proc/net/unix", "re");
	bool is_found = false;

	while (f != NULL && !is_found && fgets(line, sizeof(line), f) != NULL) {
		const char *at = strrchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		is_found = at != NULL && strcmp(at + 1, name) == 0;
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return is_found;
}

/* The driver gives up at once when nobody listens; so that both sides may start in either order,
 * wait here.  The socket is in the abstract name space unless the device string says otherwise, as
 * the driver has it. */
static bool memif_wait(const char *device)
{
	char abstract[4] = "yes", role[16] = "", name[128] = "@";

	(void)device_value(device, "role=", role, sizeof(role));
	(void)device_value(device, "socket-abstract=", abstract, sizeof(abstract));
	bool is_abstract = strcmp(abstract, "yes") == 0;
	if (strncmp(device, "net_memif", strlen("net_memif")) != 0 ||
	    (strcmp(role, "client") != 0 && strcmp(role, "slave") != 0) ||
	    !device_value(device, "socket=", name + is_abstract, sizeof(name) - 1)) {
		return true;
	}
	for (unsigned ms = 0; ms < SERVER_WAIT_MS; ms += 20) {
		if (is_listening(name)) {
			return true;
		}
		usleep(20000);
	}
	return false;
}

static bool start(struct station *s, char *why, size_t why_len)
{
	const struct station_conf *conf = &s->conf;
	cpu_set_t own;
	const struct launch_opts opts = {.cpus = &conf->cpu,
					 .cpu_count = 1,
					 .hugepages = HUGEPAGES_AUTO,
					 .devices = &conf->device,
					 .mtus = &conf->mtu,
					 .device_count = 1,
					 .memory_mib =
						 64 + (BUFFERS / 1024) * (conf->mtu + 1000u) / 1024,
					 .runtime_dir = s->dir};
	const struct nic_dpdk_opts nic_opts = {
		.device = conf->device, .queues = 1, .mtu = conf->mtu, .buffer_count = BUFFERS};

	CPU_ZERO(&own);
	CPU_SET(conf->cpu, &own); /* EAL's main thread is this one, and stays there. */
	if (sched_setaffinity(0, sizeof(own), &own) != 0) {
		(void)snprintf(why, why_len, "CPU %u: %s", conf->cpu, strerror(errno));
		return false;
	}
	if (!memif_wait(conf->device)) {
		(void)snprintf(why, why_len, "device %s: nobody listens on its socket",
			       conf->device);
		return false;
	}
	if (launch_eal(&opts, why, why_len) != 0) {
		return false;
	}
	s->nic = nic_dpdk_open(&nic_opts, why, why_len);
	if (s->nic == NULL) {
		launch_fini();
	}
	return s->nic != NULL;
}

struct station *station_new(const struct station_conf *conf, char *why, size_t why_len)
{
	struct station *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return NULL;
	}
	s->conf = *conf;
	s->server = addr_v4(conf->server);
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/causeway-bench-XXXXXX");
	if (mkdtemp(s->dir) == NULL) {
		(void)snprintf(why, why_len, "%s: %s", s->dir, strerror(errno));
		free(s);
		return NULL;
	}
	if (!start(s, why, why_len)) {
		(void)rmdir(s->dir);
		free(s);
		return NULL;
	}
	return s;
}

void station_free(struct station *s)
{
	if (s == NULL) {
		return;
	}
	nic_release(s->nic, 0, s->stock, s->stock_count);
	nic_release(s->nic, 0, s->out, s->out_count);
	s->nic->ops->close(s->nic);
	launch_fini();
	(void)rmdir(s->dir);
	free(s);
}

bool station_flush(struct station *s)
{
	unsigned sent = s->out_count == 0 ? 0 : nic_tx(s->nic, 0, s->out, s->out_count);

	memmove(s->out, s->out + sent, (s->out_count - sent) * sizeof(s->out[0]));
	s->out_count -= sent;
	return s->out_count == 0;
}

/* An empty frame, or NULL. */
static struct frame_buf *frame_begin(struct station *s)
{
	if (s->out_count == NIC_BURST_MAX) {
		(void)station_flush(s);
	}
	if (s->out_count == NIC_BURST_MAX) {
		return NULL;
	}
	if (s->stock_count == 0) {
		s->stock_count = nic_alloc(s->nic, 0, s->stock, NIC_BURST_MAX);
	}
	return s->stock_count == 0 ? NULL : &s->stock[s->stock_count - 1];
}

static void frame_end(struct station *s, size_t len)
{
	struct frame_buf *frame = &s->stock[--s->stock_count];

	ASSERT(len <= frame->room && s->out_count < NIC_BURST_MAX);
	if (len < FRAME_MIN) {
		memset(frame->data + len, 0, FRAME_MIN - len);
		len = FRAME_MIN;
	}
	frame->len = (uint16_t)len;
	s->out[s->out_count++] = *frame;
}

uint8_t *station_begin(struct station *s)
{
	struct frame_buf *frame = frame_begin(s);

	return frame == NULL ? NULL : frame->data + HEADERS_LEN;
}

void station_end(struct station *s, unsigned member, size_t len)
{
	uint8_t *frame = s->stock[s->stock_count - 1].data;
	struct ip_packet packet = {.src = addr_v4(s->conf.source + member),
				   .dst = s->server,
				   .proto = IP_PROTO_TCP,
				   .hop_limit = 255,
				   .l4 = span_of(NULL, len)};

	ASSERT(s->has_server_mac);
	eth_encode(&s->server_mac, &s->nic->mac, ETHERTYPE_IPV4, frame);
	ip_encode(&packet, frame + ETH_HEADER_LEN);
	frame_end(s, HEADERS_LEN + len);
}

static void send_arp(struct station *s, const struct arp *arp, const struct mac *dst)
{
	struct frame_buf *frame = frame_begin(s);

	if (frame != NULL) { /* Else it is asked for again. */
		arp_encode(arp, dst, frame->data);
		frame_end(s, ARP_FRAME_LEN);
	}
}

void station_greet(struct station *s, unsigned member)
{
	const struct mac everyone = mac_broadcast();
	const struct arp arp = {.operation = ARP_REQUEST,
				.sender_mac = s->nic->mac,
				.sender = addr_v4(s->conf.source + member),
				.target = s->server};

	send_arp(s, &arp, s->has_server_mac ? &s->server_mac : &everyone);
}

bool station_is_ready(struct station *s, unsigned member, uint64_t now)
{
	if (!s->has_server_mac && now >= s->arp_at) {
		s->arp_at = now + ARP_RETRY_US;
		station_greet(s, member);
	}
	return s->has_server_mac;
}

/* The member with an address, or UINT_MAX. */
static unsigned member_of(const struct station *s, const struct addr *a)
{
	uint32_t index = addr_v4_host_order(a) - s->conf.source;

	return index < s->conf.members ? index : UINT32_MAX;
}

static void take_arp(struct station *s, struct span in)
{
	struct arp arp;

	if (arp_decode(in, &arp) != NET_DROP_NONE) {
		return;
	}
	if (addr_equal(&arp.sender, &s->server)) {
		s->server_mac = arp.sender_mac;
		s->has_server_mac = true;
	}
	if (arp.operation == ARP_REQUEST && member_of(s, &arp.target) != UINT32_MAX) {
		const struct arp reply = {.operation = ARP_REPLY,
					  .sender_mac = s->nic->mac,
					  .sender = arp.target,
					  .target_mac = arp.sender_mac,
					  .target = arp.sender};
		send_arp(s, &reply, &arp.sender_mac);
	}
}

bool station_rx(struct station *s, unsigned bursts,
		void (*take)(void *context, unsigned member, const struct ip_packet *packet,
			     bool is_csum_good),
		void *context)
{
	struct frame_buf in[NIC_BURST_MAX];
	bool has_any = false;
	unsigned count = NIC_BURST_MAX;

	for (; bursts > 0 && count == NIC_BURST_MAX; bursts--) {
		count = nic_rx(s->nic, 0, in, NIC_BURST_MAX);
		has_any = has_any || count > 0;
		for (unsigned i = 0; i < count; i++) {
			struct ip_packet packet;
			struct eth eth;

			if (eth_decode(span_of(in[i].data, in[i].len), &eth) != NET_DROP_NONE) {
				continue;
			}
			if (eth.type == ETHERTYPE_ARP) {
				take_arp(s, eth.payload);
			} else if (eth.type == ETHERTYPE_IPV4 &&
				   ip4_decode(eth.payload, in[i].is_csum_good, &packet) ==
					   NET_DROP_NONE &&
				   packet.proto == IP_PROTO_TCP &&
				   addr_equal(&packet.src, &s->server) &&
				   member_of(s, &packet.dst) != UINT32_MAX) {
				take(context, member_of(s, &packet.dst), &packet,
				     in[i].is_csum_good);
			}
		}
		nic_release(s->nic, 0, in, count);
	}
	return has_any;
}

int station_wait_fd(struct station *s)
{
	return s->nic->ops->wait_fd(s->nic, 0);
}
