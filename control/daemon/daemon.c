/* Start, control loop, end.
 *
 * Order of the start: configuration → identity → state → EAL → ports → control sockets → privileges
 * → server → workers → ready.  What needs root comes before privileges go, what may fail for a
 * reason that the operator can mend comes before anything is seen by a neighbour.  Each step that
 * fails says why and what to do, and everything before it is undone in reverse order.
 *
 * The control thread then waits for signals and requests.  While it waits it is offline for RCU.
 */
#include "control/daemon/daemon.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "control/api/api.h"
#include "control/daemon/client.h"
#include "control/daemon/events.h"
#include "control/daemon/evidence_join.h"
#include "control/daemon/identity.h"
#include "control/daemon/limits.h"
#include "control/daemon/membership.h"
#include "control/daemon/ports.h"
#include "control/daemon/registry.h"
#include "control/daemon/reload.h"
#include "control/daemon/restart.h"
#include "control/daemon/rules.h"
#include "control/daemon/watch.h"
#include "control/daemon/worker.h"
#include "control/http/http.h"
#include "control/irr/irr.h"
#include "control/rpki/rpki.h"
#include "dataplane/core/launch.h"
#include "rib/base/check.h"

#define CONFIG_FAULTY	 1
#define LOOP_US		 (25 * USEC_PER_MSEC) /* Events of workers are fetched this often. */
#define SHUTDOWN_US	 (5 * USEC_PER_SEC)
#define SHUTDOWN_MESSAGE "the route server is being stopped"

struct daemon {
	const char *config_file;
	struct config *config;
	struct identity identity;
	struct state *state;
	bool has_eal, has_workers;
	struct ports ports;
	struct server *server;
	struct roster *roster;
	struct rules *rules;
	struct busy_meter busy;
	struct api_env env;
	struct api_wish wish;
	struct restart restart;
	bool is_restart; /* Asked for: it ends without a NOTIFICATION. */
	struct api *api;
	struct http *http; /* NULL: no HTTP. */
	struct events *events;
	struct feed *feed;
	struct api_description description;
	struct watch *watch;
	struct membership *membership;
	struct registry_source *registry; /* NULL: none is configured. */
	struct evidence_join *evidence;	  /* The same. */
	struct reload *reload;
	struct rpki *rpki;
	struct irr *irr;
	struct limits *limits;
	struct workers *workers;
	int signal_fd;
	usec_t watchdog_us, watchdog_due; /* 0: no watchdog. */
	bool is_shutdown_sent;
	usec_t shutdown_due; /* 0 until a signal asked to stop. */
};

static int fail(int status, const char *event, const char *why)
{
	log_event(LOG_ERROR, event, "detail", why, NULL);
	return status;
}

static int load_config(const char *file, struct config **out)
{
	struct config_errors errors;
	*out = config_load(file, &errors);
	config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	return *out != NULL ? 0 : CONFIG_FAULTY;
}

int daemon_check(const char *config_file)
{
	struct config *c;
	int status = load_config(config_file, &c);
	if (status == 0) {
		printf("%s: the configuration is good: %u port%s, %u neighbour%s\n", config_file,
		       c->dataplane.port_count, c->dataplane.port_count == 1 ? "" : "s",
		       c->client_count, c->client_count == 1 ? "" : "s");
	}
	config_free(c);
	return status;
}

/* Signals come through a descriptor; threads made from here on inherit the mask. */
static int open_signals(struct daemon *d)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return d->signal_fd < 0 ? fail(EX_OSERR, "no signals", strerror(errno)) : 0;
}

static int resolve_identity(struct daemon *d)
{
	char why[512] = "";
	int err = identity_resolve(d->config, &d->identity, why, sizeof(why));
	if (err == 0) {
		return 0;
	}
	return fail(err == -EPERM ? EX_NOPERM : EX_NOUSER, "no identity", why);
}

static int open_state(struct daemon *d)
{
	char why[512] = "";
	int err = state_open(d->config->control.state_dir, &d->state, why, sizeof(why));
	switch (err) {
	case 0:
		break;
	case -EBUSY:
		return fail(EX_UNAVAILABLE, "already running", why);
	case -ENOTSUP:
		return fail(EX_CONFIG, "state of a newer version", why);
	case -EBADMSG:
		return fail(EX_DATAERR, "state damaged", why);
	default:
		return fail(err == -EACCES || err == -EPERM ? EX_NOPERM : EX_CANTCREAT, "no state",
			    why);
	}
	err = d->identity.is_changing ? state_chown(d->state, d->identity.uid, d->identity.gid) : 0;
	return err == 0 ? 0 : fail(EX_NOPERM, "no state", strerror(-err));
}

/* The directory of the socket is also EAL's: both are for the time of running. */
static int make_runtime_dir(const struct daemon *d, char *out, size_t len)
{
	snprintf(out, len, "%s", d->config->control.socket);
	char *dir = dirname(out);
	memmove(out, dir, strlen(dir) + 1);
	int err = identity_make_dir(&d->identity, out);
	if (err == 0) {
		/* EAL's own folder, so that the user can remove at the end what root made. */
		char eal[300];
		snprintf(eal, sizeof(eal), "%s/dpdk", out);
		err = identity_make_dir(&d->identity, eal);
	}
	if (err == 0) {
		return 0;
	}
	char why[512];
	snprintf(why, sizeof(why), "cannot make %s: %s; make it or set control.socket", out,
		 strerror(-err));
	return fail(EX_CANTCREAT, "no runtime directory", why);
}

static int start_eal(struct daemon *d)
{
	char why[512] = "", dir[256];
	const char *devices[PORTS_MAX];
	uint16_t mtus[PORTS_MAX];
	int status = make_runtime_dir(d, dir, sizeof(dir));
	if (status != 0) {
		return status;
	}
	const struct launch_opts opts = {
		.cpus = d->config->dataplane.workers,
		.cpu_count = d->config->dataplane.worker_count,
		.hugepages = d->config->dataplane.is_hugepages_off ? HUGEPAGES_OFF : HUGEPAGES_AUTO,
		.memory_mib = d->config->dataplane.memory_mib,
		.devices = devices,
		.mtus = mtus,
		.device_count = ports_eal_devices(d->config, devices, mtus),
		.runtime_dir = dir,
	};
	int err = launch_eal(&opts, why, sizeof(why));
	if (err != 0) {
		return fail(err == -EPERM || err == -EACCES ? EX_NOPERM : EX_OSERR, "no EAL", why);
	}
	d->has_eal = true;
	snprintf(why, sizeof(why), "%s/dpdk", dir);
	identity_hand_over(&d->identity, why);
	return 0;
}

static int open_ports(struct daemon *d)
{
	return ports_open(&d->ports, d->config);
}

/* Before the server is made: members' limits are PeeringDB's. */
static int start_irr(struct daemon *d)
{
	usec_t now = launch_now();
	const struct irr_opts opts = {
		.conf = &d->config->irr,
		.cache_fd = -1,
		.seed = now, /* Only spreads questions over time. */
		.now = now,
		.now_s = (int64_t)time(NULL),
	};
	d->irr = irr_new(&opts);
	return 0;
}

/* A reload has changed what is borrowed of the configuration. */
static void adopted(void *context)
{
	struct daemon *d = context;
	rpki_apply(d->rpki, &d->config->rpki, launch_now());
	irr_configure(d->irr, &d->config->irr, launch_now());
	rules_adopt(d->rules);
	if (d->registry != NULL) {
		registry_source_adopt(d->registry);
		evidence_join_adopt(d->evidence);
	}
	watch_reload(d->watch);
}

static uint64_t rules_changed(void *context)
{
	struct daemon *d = context;
	rules_adopt(d->rules);
	return policy_desk_ticket(rules_desk(d->rules));
}

static bool rules_are_settled(void *context, uint64_t ticket)
{
	const struct daemon *d = context;
	return policy_desk_is_settled(rules_desk(d->rules), ticket);
}

static struct policy *rules_try(void *context, const struct config *wanted)
{
	const struct daemon *d = context;
	return policy_desk_try(rules_desk(d->rules), wanted);
}

/* The number has another client, or none. */
static void seated(void *context, peer_id_t peer)
{
	const struct daemon *d = context;
	if (d->registry != NULL) {
		registry_members_seat(registry_source_members(d->registry), peer);
	}
}

/* Who has an address that the files have left. */
static const struct config_client *heir(void *context, const struct addr *ip)
{
	const struct daemon *d = context;
	return d->registry == NULL
		       ? NULL
		       : registry_members_client(registry_source_members(d->registry), ip);
}

static void make_membership(struct daemon *d)
{
	const struct membership_opts opts = {.server = d->server,
					     .roster = d->roster,
					     .state = d->state,
					     .irr = d->irr,
					     .seated = seated,
					     .rules_changed = rules_changed,
					     .rules_are_settled = rules_are_settled,
					     .context = d};
	d->membership = membership_new(&opts);
}

/* What the operator steers by; nobody is answered before the loop. */
static void make_controls(struct daemon *d)
{
	make_membership(d);
	const struct reload_opts reload = {.server = d->server,
					   .config = d->config,
					   .roster = d->roster,
					   .membership = d->membership,
					   .file = d->config_file,
					   .heir = heir,
					   .adopted = adopted,
					   .rules_try = rules_try,
					   .context = d};
	d->reload = reload_new(&reload);
	d->env = (struct api_env){.server = d->server,
				  .config = d->config,
				  .roster = d->roster,
				  .state = d->state,
				  .irr = d->irr,
				  .started = launch_now(),
				  .started_s = (int64_t)time(NULL),
				  .busy = &d->busy,
				  .config_file = d->config_file,
				  .wish = &d->wish,
				  .reload = reload_api(d->reload)};
	/* Numbers of events ascend, over restarts, too. */
	d->feed = feed_new((uint64_t)d->env.started_s * USEC_PER_SEC);
	d->watch = watch_new(d->feed, d->roster);
	d->env.feed = d->feed;
	d->env.description = &d->description;
}

/* The registry's sessions are members from the start, like the files' clients. */
static int open_registry(struct daemon *d)
{
	char why[512] = "";
	if (!d->config->registry.is_on) {
		return 0;
	}
	d->registry = registry_source_open(d->config, why, sizeof(why));
	if (d->registry == NULL) {
		return fail(EX_UNAVAILABLE, "no registry", why);
	}
	if (!registry_source_load(d->registry, launch_now)) {
		log_event(LOG_WARNING, "registry not loaded", "detail",
			  "its database is waited for; until then none of its sessions are there",
			  NULL);
	}
	return 0;
}

static unsigned registry_sessions(const struct daemon *d)
{
	return d->registry != NULL ? registry_source_numbers(d->registry).sessions : 0;
}

/* Those that there are at the start, with their numbers. */
static struct member_conf *make_members(struct daemon *d, unsigned capacity, unsigned *out_count)
{
	const struct config *c = d->config;
	const struct config_client **client = calloc(capacity + 1, sizeof(*client));
	struct member_conf *members = calloc(capacity + 1, sizeof(*members));
	unsigned count = 0;
	ASSERT(client != NULL && members != NULL && c->client_count <= capacity);
	while (count < c->client_count) {
		client[count] = &c->client[count];
		count++;
	}
	if (d->registry != NULL) {
		count += registry_members_clients(registry_source_members(d->registry),
						  client + count, capacity - count);
	}
	restart_begin(&d->restart, d->state, client, count, (int64_t)time(NULL));
	d->roster = roster_new(c, capacity);
	for (unsigned i = 0; i < count; i++) {
		ASSERT(roster_client(d->roster, (peer_id_t)i) == NULL || i < c->client_count);
		members[i] = client_member(client[i], d->state, irr_peeringdb(d->irr));
		members[i].is_awaited = restart_awaits(&d->restart, &client[i]->ip);
		roster_set(d->roster, (peer_id_t)i, client[i]);
	}
	free(client);
	*out_count = count;
	return members;
}

static int make_server(struct daemon *d)
{
	const struct config *c = d->config;
	unsigned capacity = config_capacity(c, registry_sessions(d)), count = 0;
	struct member_conf *members = make_members(d, capacity, &count);
	struct net_port_conf ports[PORTS_MAX];
	uint64_t seed = 0;
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		const struct config_port *port = &c->dataplane.port[i];
		ports[i] = ports_conf(port, d->ports.nic[port->device_idx]);
	}
	/* ISNs and hash keys come from this: it must not be guessed. */
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		free(members);
		return fail(EX_OSERR, "no randomness", strerror(errno));
	}
	d->rules = rules_new(c, d->roster);
	const struct server_opts opts = {
		.local_as = c->rs_as,
		.router_id = addr_v4_host_order(&c->router_id),
		.core_count = c->dataplane.worker_count,
		.paths_sent_max = c->paths_sent,
		.policy = policy_now(rules_desk(d->rules)),
		.seed = seed,
		.members = members,
		.member_count = count,
		.capacity = capacity,
		.ports = ports,
		.nics = d->ports.nic,
		.kernels = d->ports.kernel,
		.port_count = c->dataplane.port_count,
		.is_restarting = d->restart.is_restart,
		.deferral_us = c->deferral_s * USEC_PER_SEC,
		.now = launch_now(),
	};
	d->server = server_new(&opts);
	free(members);
	if (d->server == NULL) {
		return fail(EX_OSERR, "no memory", "the server's tables do not fit");
	}
	rules_serve(d->rules, d->server);
	make_controls(d);
	return 0;
}

static int open_api(struct daemon *d)
{
	char why[512] = "";
	const struct api_opts opts = {.socket = d->config->control.socket,
				      .uid = d->identity.uid,
				      .operator_gid = d->identity.operator_gid,
				      .read_gid = d->identity.read_gid};
	int err = api_open(&opts, &d->env, &d->api, why, sizeof(why));
	if (err != 0) {
		return fail(err == -EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT, "no control socket",
			    why);
	}
	return 0;
}

/* Before privileges go: a port may be one that only root can have. */
static int open_http(struct daemon *d)
{
	char why[512] = "";
	int err = http_open(&d->config->control.http, &d->http, why, sizeof(why));
	return err == 0 ? 0 : fail(EX_UNAVAILABLE, "no HTTP", why);
}

static int begin_http(struct daemon *d)
{
	char why[512] = "";
	d->env.http = http_counts(d->http);
	int err = d->http != NULL ? http_begin(d->http, &d->env, why, sizeof(why)) : 0;
	return err == 0 ? 0 : fail(EX_CONFIG, "no HTTP", why);
}

static int drop_privileges(struct daemon *d)
{
	int err = identity_assume(&d->identity);
	if (err != 0) {
		return fail(EX_NOPERM, "privileges not dropped", strerror(-err));
	}
	if (d->identity.stays_root) {
		log_event(LOG_WARNING, "running as root", "detail",
			  "there is no user 'causeway' and no control.user; make one (useradd "
			  "--system causeway)",
			  NULL);
	}
	return 0;
}

/* After privileges have gone: keys and files are the user's to read. */
static int start_rpki(struct daemon *d)
{
	rtr_cache_hush();
	d->rpki = rpki_new(&d->config->rpki, launch_now());
	d->env.rpki = d->rpki;
	return d->rpki != NULL ? 0 : fail(EX_OSERR, "no RPKI sources", strerror(errno));
}

/* Without a cache a start waits for every answer, but the server works. */
static void open_irr_cache(struct daemon *d)
{
	const char *dir = d->config->irr.cache_dir;
	int fd = irr_cache_open(state_dir_fd(d->state), dir);
	if (fd >= 0) {
		irr_use_cache(d->irr, fd);
	} else {
		log_printf(LOG_WARNING, "no irr cache", "cannot use %s: %s",
			   dir != NULL ? dir : "irr in the state directory", strerror(-fd));
	}
}

/* After privileges have gone: the cache is the user's. */
static int begin_rules(struct daemon *d)
{
	open_irr_cache(d);
	if (d->registry != NULL) {
		const struct registry_members_opts opts = {.config = d->config,
							   .roster = d->roster,
							   .desk = rules_desk(d->rules),
							   .membership = d->membership,
							   .state = d->state};
		registry_source_serve(d->registry, &opts, d->rules, launch_now);
		d->env.registrar = registry_source_registrar(d->registry);
		d->env.session_problem = registry_members_problem;
		d->env.members = registry_source_members(d->registry);
		d->evidence = evidence_join_new(d->env.registrar, d->rpki, d->config, launch_now());
		d->env.evidence = evidence_join_evidence(d->evidence);
	}
	rules_begin(d->rules, d->rpki, d->irr, launch_now());
	d->env.policy = policy_now(rules_desk(d->rules));
	return 0;
}

static int start_workers(struct daemon *d)
{
	d->events = events_new(d->roster, d->state);
	events_tell(d->events, d->feed);
	d->env.established_us = events_established(d->events);
	const struct limits_opts limits = {
		.server = d->server, .roster = d->roster, .state = d->state, .irr = d->irr};
	d->limits = limits_new(&limits);
	d->workers = workers_new(d->server, d->config->dataplane.is_busy, launch_now);
	int err = launch_workers(workers_turn, d->workers);
	if (err != 0) {
		return fail(EX_OSERR, "no workers", strerror(-err));
	}
	d->has_workers = true;
	return 0;
}

static int start(struct daemon *d)
{
	static int (*const steps[])(struct daemon * d) = {
		resolve_identity, open_signals, open_state,	 start_eal,  open_ports,
		open_api,	  open_http,	drop_privileges, start_irr,  open_registry,
		make_server,	  start_rpki,	begin_rules,	 begin_http, start_workers,
	};
	for (unsigned i = 0; i < ARRAY_COUNT(steps); i++) {
		int status = steps[i](d);
		if (status != 0) {
			return status;
		}
	}
	return 0;
}

/* What was started, in reverse order; half of it may be missing. */
static void stop(struct daemon *d)
{
	if (d->has_workers) {
		workers_stop(d->workers);
		epoch_offline();
		launch_join();
		epoch_online();
	}
	api_close(d->api);
	http_close(d->http);
	if (d->server != NULL && d->events != NULL) {
		events_drain(d->events, d->server);
	}
	workers_free(d->workers);
	events_free(d->events);
	watch_free(d->watch);
	feed_free(d->feed);
	api_description_fini(&d->description);
	reload_free(d->reload);
	membership_free(d->membership);
	rules_end(d->rules);
	limits_free(d->limits);
	evidence_join_free(d->evidence);
	irr_free(d->irr);
	rpki_free(d->rpki);
	server_free(d->server);
	roster_free(d->roster);
	rules_free(d->rules);
	registry_source_free(d->registry);
	restart_fini(&d->restart);
	ports_close(&d->ports);
	if (d->has_eal) {
		launch_fini();
	}
	state_close(d->state);
	if (d->signal_fd >= 0) {
		close(d->signal_fd);
	}
}

static void begin_shutdown(struct daemon *d, usec_t now)
{
	if (d->shutdown_due != 0) {
		d->shutdown_due = now; /* Asked a second time: at once. */
		return;
	}
	log_event(LOG_NOTICE, "stopping", NULL);
	restart_end(&d->restart, RUN_SHUTDOWN);
	sd_notify(0, "STOPPING=1");
	d->shutdown_due = now + SHUTDOWN_US;
}

static void take_signals(struct daemon *d, usec_t now)
{
	struct signalfd_siginfo info;
	while (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			reload_signal(d->reload);
			http_reload(d->http);
		} else {
			begin_shutdown(d, now);
		}
	}
}

/* RFC 4724 §4.1: the members are to keep what we have told them. */
static void begin_restart(struct daemon *d, usec_t now)
{
	char uid[16];
	if (!d->wish.is_restart || d->shutdown_due != 0) {
		return;
	}
	snprintf(uid, sizeof(uid), "%u", (unsigned)d->wish.uid);
	log_event(LOG_NOTICE, "restarting", "reason",
		  d->wish.reason[0] != '\0' ? d->wish.reason : NULL, "uid", uid, NULL);
	restart_end(&d->restart, RUN_RESTART);
	sd_notify(0, "STOPPING=1");
	d->is_restart = true;
	d->shutdown_due = now + SHUTDOWN_US;
}

/* True when the server may go. */
static bool is_shut_down(struct daemon *d, usec_t now)
{
	if (d->shutdown_due == 0) {
		return false;
	}
	if (!d->is_shutdown_sent) {
		struct request r = {.kind = d->is_restart ? REQUEST_RESTART : REQUEST_SHUTDOWN,
				    .text = SHUTDOWN_MESSAGE};
		d->is_shutdown_sent = server_request(d->server, &r);
		return now >= d->shutdown_due;
	}
	return server_is_quiet(d->server) || now >= d->shutdown_due;
}

/* The service manager hears of us only while every worker makes turns. */
static void feed_watchdog(struct daemon *d, usec_t now)
{
	if (d->watchdog_us != 0 && now >= d->watchdog_due && workers_have_moved(d->workers)) {
		d->watchdog_due = now + d->watchdog_us / 4;
		sd_notify(0, "WATCHDOG=1");
	}
}

/* What is on its way to the workers is looked after at once: who waits for it waits for us. */
static int patience_ms(const struct daemon *d, usec_t now)
{
	if (d->registry != NULL && registry_source_due(d->registry) <= now) {
		return 0;
	}
	const struct policy_desk *desk = rules_desk(d->rules);
	bool is_busy = membership_is_moving(d->membership) ||
		       !policy_desk_is_settled(desk, policy_desk_ticket(desk));
	return is_busy ? 1 : (int)(LOOP_US / USEC_PER_MSEC);
}

static unsigned registry_fds(const struct daemon *d, struct pollfd *out)
{
	if (d->registry == NULL) {
		return 0;
	}
	unsigned count = registry_source_fds(d->registry, out);
	return count + evidence_join_fds(d->evidence, out + count);
}

/* True when there is more to do at once. */
static bool step_registry(struct daemon *d, usec_t now)
{
	const int64_t now_s = (int64_t)time(NULL);
	if (d->registry == NULL) {
		return false;
	}
	registry_source_step(d->registry, now, now_s);
	return evidence_join_step(d->evidence, now, now_s);
}

static void measure_registry(struct daemon *d)
{
	if (d->registry != NULL) {
		registry_source_measure(d->registry);
		d->env.registry = registry_source_numbers(d->registry);
	}
}

static void loop(struct daemon *d)
{
	struct pollfd fds[1 + API_FDS_MAX + RPKI_FDS_MAX + IRR_FDS_MAX + HTTP_FDS_MAX +
			  REGISTRY_FDS_MAX + EVIDENCE_FDS_MAX];
	bool has_more = false;
	for (;;) {
		fds[0] = (struct pollfd){.fd = d->signal_fd, .events = POLLIN};
		unsigned count = api_fds(d->api, fds + 1), all = 1 + count;
		all += rpki_fds(d->rpki, fds + all);
		all += irr_fds(d->irr, fds + all);
		all += http_fds(d->http, fds + all);
		all += registry_fds(d, fds + all);
		epoch_offline();
		int ready = poll(fds, all, has_more ? 0 : patience_ms(d, launch_now()));
		epoch_online();
		if (ready < 0) {
			/* Interrupted: the descriptors' events are not filled in. */
			continue;
		}
		usec_t now = launch_now();
		if (fds[0].revents != 0) {
			take_signals(d, now);
		}
		has_more = step_registry(d, now);
		/* Before the rules, which follow in the same turn. */
		membership_step(d->membership);
		/* Before what may need the new rules, and before anybody looks at the old. */
		rules_step(d->rules, rpki_step(d->rpki, now), now);
		d->env.policy = policy_now(rules_desk(d->rules));
		d->env.rules = policy_desk_numbers(rules_desk(d->rules));
		measure_registry(d);
		has_more = api_serve(d->api, fds + 1, count, now) || has_more;
		has_more = irr_serve(d->irr, now, (int64_t)time(NULL)) || has_more;
		has_more = http_serve(d->http, now, (int64_t)time(NULL)) || has_more;
		events_drain(d->events, d->server);
		watch_step(d->watch, &d->env, now);
		reload_step(d->reload);
		limits_step(d->limits);
		busy_tick(&d->busy, d->server, now);
		(void)server_settle_members(d->server);
		restart_tick(&d->restart, d->server, d->roster, now);
		begin_restart(d, now);
		feed_watchdog(d, now);
		if (is_shut_down(d, now)) {
			return;
		}
	}
}

static void announce_ready(struct daemon *d)
{
	char neighbours[16];
	uint64_t watchdog = 0;
	snprintf(neighbours, sizeof(neighbours), "%u", d->config->client_count);
	log_event(LOG_NOTICE, "ready", "version", CAUSEWAY_VERSION, "neighbors", neighbours, NULL);
	sd_notify(0, "READY=1");
	if (sd_watchdog_enabled(0, &watchdog) > 0) {
		d->watchdog_us = watchdog;
	}
}

int daemon_run(const char *config_file)
{
	struct daemon d = {.config_file = config_file, .signal_fd = -1};
	int status = load_config(config_file, &d.config);
	if (status != 0) {
		return status;
	}
	log_set_level(d.config->control.log_level);
	umask(0027);
	/* Before any thread exists, so that all inherit it. */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	epoch_thread_begin();
	status = start(&d);
	if (status == 0) {
		announce_ready(&d);
		loop(&d);
	}
	stop(&d);
	epoch_thread_end();
	config_free(d.config);
	if (status == 0) {
		log_event(LOG_NOTICE, "stopped", NULL);
	}
	return status == 0 && d.is_restart ? EX_TEMPFAIL : status;
}
