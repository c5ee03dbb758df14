/* The desk; see desk.h. */
#include "tests/unit/core/desk.h"

#include <criterion/criterion.h>

#define STEP_US	  50
#define QUIET_US  1000 /* Hosts look at their timers at least so often. */
#define SERVER_ID 100

static struct addr address(unsigned last)
{
	return addr_v4(0xc6120000u + last);
}

static struct mac mac_of(unsigned last)
{
	return (struct mac){{2, 0, 0, 0, 3, (uint8_t)last}};
}

static void make_server(struct desk *d, const struct desk_opts *opts)
{
	struct member_conf *conf = d->conf;
	struct net_port_conf port = {.mac = mac_of(1), .mtu = 1500, .addr_count = 1};
	port.addr[0].addr = address(1);
	port.addr[0].prefix_len = 24;
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		conf[i] = (struct member_conf){
			.asn = 101 + i,
			.addr = address(11 + i),
			.session.hold_s = 90,
			.session.retry_s = 5,
			.session.stale_s = opts->stale_s,
			.session.delay_open_s = opts->delay_open_s,
			.session.is_damped = true,
			.session.long_stale_s = opts->long_stale_s,
			.session.has_enhanced_refresh = opts->has_enhanced_refresh,
			.session.is_passive = !opts->is_active,
			.session.has_extended_message = opts->has_extended_message,
			.is_enabled = true,
			.paths_max = opts->paths_max,
			.is_awaited = i < 2,
			.hop_limit_min = opts->has_gtsm ? 255 : 0};
		memcpy(conf[i].session.add_path, opts->add_path[i],
		       sizeof(conf[i].session.add_path));
		if (opts->configure != NULL) {
			opts->configure(&conf[i], i);
		}
	}
	d->nic = nic_mem_open(d->hub, port.mac, 1500, (uint16_t)d->workers);
	struct server_opts so = {.local_as = 65000,
				 .router_id = SERVER_ID,
				 .core_count = d->workers,
				 .seed = 99,
				 .members = conf,
				 .member_count = opts->members != 0 ? opts->members : DESK_HOSTS,
				 .capacity = opts->capacity,
				 .ports = &port,
				 .nics = &d->nic,
				 .port_count = 1,
				 .paths_sent_max = opts->paths_sent_max,
				 .log_bytes_max = opts->log_bytes_max,
				 .is_restarting = opts->is_restarting,
				 .deferral_us = opts->deferral_s * USEC_PER_SEC,
				 .now = d->now};
	d->server = server_new(&so);
	cr_assert_not_null(d->server);
}

void desk_init(struct desk *d, const struct desk_opts *opts)
{
	*d = (struct desk){.now = 100 * USEC_PER_SEC,
			   .workers = opts->workers == 0 ? 1 : opts->workers};
	epoch_thread_begin_alone();
	d->hub = nic_hub_new(1 + DESK_HOSTS, 1024);
	nic_hub_set_time(d->hub, d->now, 20);
	make_server(d, opts);
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		d->host[i].addr = address(11 + i);
		d->host[i].server = address(1);
		d->host[i].mac = mac_of(11 + i);
		d->host[i].server_mac = mac_of(1);
		d->host[i].asn = 101 + i;
		d->host[i].router_id = opts->router_id == 0 ? 50 : opts->router_id;
		host_init(&d->host[i], d->hub);
	}
}

void desk_fini(struct desk *d)
{
	server_free(d->server);
	d->nic->ops->close(d->nic);
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		host_fini(&d->host[i]);
	}
	nic_hub_free(d->hub);
	epoch_barrier();
	epoch_thread_end();
}

/* One turn of everything; returns when the next is worth it: after a step, or, while nobody has
 * anything to do and no frame is under way, when the first has. */
static usec_t turn(struct desk *d)
{
	usec_t due = d->now + QUIET_US;
	nic_hub_set_time(d->hub, d->now, 20);
	if (d->before != NULL) {
		d->before(d);
		due = d->now;
	}
	for (unsigned c = 0; c < d->workers; c++) {
		due = min_u64(due, core_step(server_core(d->server, (core_id_t)c), d->now));
		core_check(server_core(d->server, (core_id_t)c));
	}
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		host_step(&d->host[i], d->now);
	}
	return max_u64(min_u64(due, nic_hub_due(d->hub)), d->now + STEP_US);
}

void desk_run(struct desk *d, usec_t us)
{
	usec_t until = d->now + us;
	while (d->now < until) {
		d->now = min_u64(turn(d), until);
	}
}

void desk_up(struct desk *d, unsigned i, unsigned k)
{
	struct host *h = &d->host[i];
	host_dial(h, k, d->now);
	desk_run(d, 50 * USEC_PER_MSEC);
	cr_assert(host_is_up(&h->connection[k]));
	host_send_open(h, &h->connection[k], h->asn);
	host_send(&h->connection[k], BGP_KEEPALIVE, NULL, 0);
	desk_run(d, 50 * USEC_PER_MSEC);
	cr_assert_eq(desk_status(d, i).state, FSM_ESTABLISHED);
}

struct member_status desk_status(struct desk *d, unsigned i)
{
	struct member_status st;
	desk_run(d, 150 * USEC_PER_MSEC); /* Statuses are published ten times a second. */
	server_member_status(d->server, (peer_id_t)i, &st);
	return st;
}

uint64_t desk_member_drops(struct desk *d, unsigned i, enum core_drop why)
{
	return desk_status(d, i).drops[DROP_CORE_FIRST - DROP_MEMBER_FIRST + why];
}

uint64_t desk_drops(struct desk *d, unsigned row)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		sum += server_drops(d->server, (core_id_t)c, row);
	}
	return sum;
}

uint64_t desk_connections(struct desk *d)
{
	uint64_t sum = 0;
	desk_run(d, 150 * USEC_PER_MSEC);
	for (unsigned c = 0; c < d->workers; c++) {
		sum += metric_get(&server_core_stats(d->server, (core_id_t)c)->connections);
	}
	return sum;
}
