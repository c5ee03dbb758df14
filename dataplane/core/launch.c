/* Launch: command line of EAL, worker threads, time.
 *
 * EAL is configured by words only, so the work here is to choose them: memory (huge pages in
 * memfds, which leave nothing behind, or ordinary memory with a cap and a private directory),
 * devices (--no-pci unless a PCI port is named: probing would otherwise touch the machine's own
 * NICs) and CPUs (lcore 0 is the caller, lcores 1… the workers in order).  What EAL says while it
 * starts goes to memory, and its last error becomes the caller's `why`.
 *
 * There is no state here: EAL is a singleton already, and what a worker needs travels in a block
 * that the last worker to end frees. */
#include "dataplane/core/launch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "dataplane/nic/nic_dpdk.h"
#include "rib/base/check.h"

#define ARG_MAX_COUNT	128
#define ARG_LEN		512
#define HUGEPAGE_KIB	2048
#define MEMORY_MIB	96 /* EAL's own, and one queue of 1500-byte frames on one port … */
#define QUEUE_MIB	32 /* … and each further queue of each port … */
#define QUEUE_JUMBO_MIB 64 /* … or of one with large frames. */

/* The words of EAL's command line. */
struct args {
	int count;
	bool is_full;
	char text[ARG_MAX_COUNT][ARG_LEN];
	char *argv[ARG_MAX_COUNT + 1];
};

__attribute__((format(printf, 2, 3))) static void arg_add(struct args *a, const char *format, ...)
{
	va_list list;

	if (a->count == ARG_MAX_COUNT) {
		a->is_full = true;
		return;
	}
	va_start(list, format);
	int len = vsnprintf(a->text[a->count], ARG_LEN, format, list);
	va_end(list);
	a->is_full |= len < 0 || len >= ARG_LEN;
	a->argv[a->count] = a->text[a->count];
	a->count++;
}

/* "0000:03:00.0" or "03:00.0", with or without device options after a comma. */
static bool is_pci(const char *device)
{
	unsigned domain, bus, slot, function;

	return sscanf(device, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) == 4 ||
	       sscanf(device, "%2x:%2x.%1x", &bus, &slot, &function) == 3;
}

static bool has_name(const char *device, const char *driver)
{
	return strncmp(device, driver, strlen(driver)) == 0;
}

static uint16_t device_mtu(const struct launch_opts *opts, unsigned i)
{
	return opts->mtus == NULL ? 1500 : opts->mtus[i];
}

/* The word for one device, with the options that it leaves out. */
static void device_arg(struct args *a, const struct launch_opts *opts, unsigned i)
{
	const char *device = opts->devices[i];

	if (is_pci(device)) {
		arg_add(a, "--allow=%s", device);
	} else if (has_name(device, "net_af_packet")) {
		char more[96] = "";
		size_t len = 0;
		bool is_jumbo = nic_dpdk_frame_len(device, device_mtu(opts, i)) ==
				NIC_AF_PACKET_FRAME_JUMBO;

		if (strstr(device, "qpairs=") == NULL) {
			len += (size_t)snprintf(more, sizeof(more), ",qpairs=%u", opts->cpu_count);
		}
		if (strstr(device, "framecnt=") == NULL) {
			len += (size_t)snprintf(more + len, sizeof(more) - len, ",framecnt=2048");
		}
		if (is_jumbo && strstr(device, "framesz=") == NULL) {
			len += (size_t)snprintf(more + len, sizeof(more) - len, ",framesz=%u",
						NIC_AF_PACKET_FRAME_JUMBO);
		}
		if (strstr(device, "blocksz=") == NULL) {
			/* Whole pages and whole frames: the driver knows of no rest in a block. */
			(void)snprintf(more + len, sizeof(more) - len, ",blocksz=%u",
				       is_jumbo ? 8 * NIC_AF_PACKET_FRAME_JUMBO : 65536);
		}
		arg_add(a, "--vdev=%s%s", device, more);
	} else if (has_name(device, "net_af_xdp") && strstr(device, "busy_budget=") == NULL) {
		arg_add(a, "--vdev=%s,busy_budget=0", device);
	} else if (has_name(device, "net_memif") && strstr(device, "bsize=") == NULL) {
		arg_add(a, "--vdev=%s,bsize=%u", device,
			nic_dpdk_memif_len(device, device_mtu(opts, i)));
	} else {
		arg_add(a, "--vdev=%s", device);
	}
}

/* A number from a one-line file of the kernel; 0 when it cannot be read. */
static unsigned long file_number(const char *path)
{
	unsigned long number = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		return 0;
	}
	if (fscanf(f, "%lu", &number) != 1) {
		number = 0;
	}
	(void)fclose(f);
	return number;
}

static unsigned memory_mib(const struct launch_opts *opts)
{
	if (opts->memory_mib != 0) {
		return opts->memory_mib;
	}
	unsigned mib = MEMORY_MIB;
	for (unsigned i = 0; i < opts->device_count; i++) {
		bool is_jumbo = device_mtu(opts, i) > NIC_AF_PACKET_FRAME;

		mib += (is_jumbo ? QUEUE_JUMBO_MIB : QUEUE_MIB) * opts->cpu_count;
	}
	return mib;
}

static bool has_hugepages(const struct launch_opts *opts)
{
	unsigned long pages =
		file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");

	return opts->hugepages == HUGEPAGES_AUTO &&
	       pages * HUGEPAGE_KIB >= (unsigned long)memory_mib(opts) * 1024;
}

/* Whether a device shows our memory to another process, which takes only a few pieces of it. */
static bool is_shown(const struct launch_opts *opts)
{
	for (unsigned i = 0; i < opts->device_count; i++) {
		if (has_name(opts->devices[i], "net_virtio_user") ||
		    has_name(opts->devices[i], "virtio_user")) {
			return true;
		}
	}
	return false;
}

static void memory_args(struct args *a, const struct launch_opts *opts)
{
	if (has_hugepages(opts)) {
		arg_add(a, "--in-memory");
		if (is_shown(opts)) {
			arg_add(a, "--single-file-segments");
		}
	} else {
		arg_add(a, "--no-huge");
		arg_add(a, "-m");
		arg_add(a, "%u", memory_mib(opts));
		arg_add(a, "--file-prefix=cw-%d", (int)getpid());
		arg_add(a, "--no-shconf");
	}
	arg_add(a, "--iova-mode=va");
}

/* Is `cpu` one of the workers'? */
static bool is_worker_cpu(const struct launch_opts *opts, unsigned cpu)
{
	for (unsigned i = 0; i < opts->cpu_count; i++) {
		if (opts->cpus[i] == cpu) {
			return true;
		}
	}
	return false;
}

/* Check the workers' CPUs and choose the main thread's: one without a worker, if there is one. */
static int cpus_choose(const struct launch_opts *opts, unsigned *out_main, char *why,
		       size_t why_len)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		int error = errno;

		(void)snprintf(why, why_len, "cannot read the allowed CPUs: %s", strerror(error));
		return -error;
	}
	for (unsigned i = 0; i < opts->cpu_count; i++) {
		unsigned cpu = opts->cpus[i];

		if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed)) {
			(void)snprintf(why, why_len,
				       "CPU %u does not exist or is not allowed to this process "
				       "(%d are: see `taskset -p $$`); correct the list of CPUs",
				       cpu, CPU_COUNT(&allowed));
			return -ENODEV;
		}
	}
	*out_main = opts->cpus[0];
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && !is_worker_cpu(opts, cpu)) {
			*out_main = cpu;
			break;
		}
	}
	return 0;
}

static void lcore_args(struct args *a, const struct launch_opts *opts, unsigned main_cpu)
{
	char map[ARG_LEN];
	size_t len = (size_t)snprintf(map, sizeof(map), "0@%u", main_cpu);

	for (unsigned i = 0; i < opts->cpu_count && len < sizeof(map); i++) {
		len += (size_t)snprintf(map + len, sizeof(map) - len, ",%u@%u", i + 1,
					opts->cpus[i]);
	}
	a->is_full |= len >= sizeof(map);
	arg_add(a, "--lcores=%s", map);
	arg_add(a, "--main-lcore=0");
}

/* Does the interface of an AF_PACKET or AF_XDP device exist?  EAL's own words would not say. */
static int iface_check(const char *device, char *why, size_t why_len)
{
	char name[IF_NAMESIZE * 4];
	const char *at = strstr(device, "iface=");

	if (!has_name(device, "net_af_packet") && !has_name(device, "net_af_xdp")) {
		return 0;
	}
	if (at == NULL) {
		(void)snprintf(why, why_len, "device %s: add `,iface=NAME`, the interface to use",
			       device);
		return -EINVAL;
	}
	at += strlen("iface=");
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	if (if_nametoindex(name) == 0) {
		(void)snprintf(why, why_len,
			       "device %s: there is no interface %s in this network namespace; "
			       "create it first or correct `iface=` (see `ip link`)",
			       device, name);
		return -ENODEV;
	}
	return 0;
}

/* A frame must fit one buffer of a memif: with several a full ring mixes frames up. */
static int memif_check(const char *device, uint16_t mtu, char *why, size_t why_len)
{
	if (has_name(device, "net_memif") &&
	    nic_dpdk_memif_len(device, mtu) < (unsigned)mtu + NIC_HEADER_MAX) {
		(void)snprintf(why, why_len,
			       "device %s: a frame of MTU %u does not fit `bsize=`; leave it out, "
			       "or give at least %u on both sides",
			       device, mtu, (unsigned)mtu + NIC_HEADER_MAX);
		return -EINVAL;
	}
	return 0;
}

/* EAL keeps its files in $RUNTIME_DIRECTORY/dpdk before anything else.  The variable is changed
 * for the start of EAL only; `*out_old` is what it was (taken by environment_restore). */
static int environment_set(const char *runtime_dir, char **out_old)
{
	const char *old = getenv("RUNTIME_DIRECTORY");

	*out_old = old == NULL ? NULL : strdup(old);
	if ((old != NULL && *out_old == NULL) || setenv("RUNTIME_DIRECTORY", runtime_dir, 1) != 0) {
		free(*out_old);
		*out_old = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void environment_restore(char *old)
{
	if (old != NULL) {
		(void)setenv("RUNTIME_DIRECTORY", old, 1);
	} else {
		(void)unsetenv("RUNTIME_DIRECTORY");
	}
	free(old);
}

/* What is most likely wrong when EAL does not start. */
static const char *remedy(const char *log, int error)
{
	if (strstr(log, "Operation not permitted") != NULL ||
	    strstr(log, "Permission denied") != NULL ||
	    strstr(log, "open AF_PACKET socket") != NULL) {
		return "start as root or with CAP_NET_RAW, CAP_NET_ADMIN and a writable runtime "
		       "directory";
	}
	if (strstr(log, "memory") != NULL) {
		return "give the data path more memory or reserve huge pages";
	}
	if (error == ENODEV || strstr(log, "driver") != NULL || strstr(log, "vdev") != NULL ||
	    strstr(log, "device") != NULL) {
		return "check the device string; a PCI port must be bound to vfio-pci";
	}
	return "check devices, CPUs and memory of the data path";
}

/* The first line of `log` (where the cause stands; what follows from it comes later), with a
 * remedy. */
static void explain(const char *log, int error, char *why, size_t why_len)
{
	size_t len = strcspn(log, "\n");

	(void)snprintf(why, why_len, "DPDK does not start: %s%s%.*s; %s", strerror(error),
		       len > 0 ? ": " : "", (int)len, log, remedy(log, error));
}

/* Remove EAL's directory (it holds plain files only) and its parent when that is empty too. */
static void runtime_remove(const char *dir)
{
	char path[PATH_MAX + NAME_MAX + 2];
	DIR *d = opendir(dir);
	const struct dirent *e;

	if (d == NULL) {
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			(void)unlink(path);
		}
	}
	(void)closedir(d);
	(void)rmdir(dir);
	const char *slash = strrchr(dir, '/');
	if (slash != NULL) {
		(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - dir), dir);
		(void)rmdir(path);
	}
}

/* rte_eal_init with its messages caught.  A device that does not come up is not an error to EAL
 * (some drivers only log it), but it is to us: each must have become a port. */
static int eal_start(struct args *a, unsigned device_count, char *why, size_t why_len)
{
	char *log = NULL;
	size_t log_len = 0;
	FILE *stream = open_memstream(&log, &log_len);
	int error = 0;

	if (stream != NULL) {
		(void)rte_openlog_stream(stream);
	}
	if (rte_eal_init(a->count, a->argv) < 0) {
		error = rte_errno != 0 ? rte_errno : EIO;
	} else if (rte_eth_dev_count_avail() < device_count) {
		error = ENODEV;
		(void)rte_eal_cleanup();
	}
	if (stream != NULL) {
		(void)rte_openlog_stream(NULL);
		(void)fclose(stream);
	}
	if (error != 0) {
		explain(log != NULL ? log : "", error, why, why_len);
		runtime_remove(rte_eal_get_runtime_dir());
	}
	free(log);
	return -error;
}

static int args_make(struct args *a, const struct launch_opts *opts, unsigned main_cpu, char *why,
		     size_t why_len)
{
	bool has_pci = false;

	arg_add(a, "causeway");
	arg_add(a, "--log-level=*:error");
	arg_add(a, "--no-telemetry");
	memory_args(a, opts);
	lcore_args(a, opts, main_cpu);
	for (unsigned i = 0; i < opts->device_count; i++) {
		int error = iface_check(opts->devices[i], why, why_len);

		if (error == 0) {
			error = memif_check(opts->devices[i], device_mtu(opts, i), why, why_len);
		}
		if (error != 0) {
			return error;
		}
		has_pci |= is_pci(opts->devices[i]);
		device_arg(a, opts, i);
	}
	if (!has_pci) {
		arg_add(a, "--no-pci");
	}
	if (a->is_full) {
		(void)snprintf(why, why_len, "a device string or the list of CPUs is too long");
		return -E2BIG;
	}
	return 0;
}

int launch_eal(const struct launch_opts *opts, char *why, size_t why_len)
{
	char *old_directory = NULL;
	unsigned main_cpu = 0;
	struct args *a = calloc(1, sizeof(*a));

	ASSERT(opts->cpu_count > 0);
	ASSERT(opts->runtime_dir != NULL);
	if (a == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return -ENOMEM;
	}
	int error = cpus_choose(opts, &main_cpu, why, why_len);
	if (error == 0) {
		error = args_make(a, opts, main_cpu, why, why_len);
	}
	if (error == 0) {
		error = environment_set(opts->runtime_dir, &old_directory);
		if (error == 0) {
			error = eal_start(a, opts->device_count, why, why_len);
			environment_restore(old_directory);
		} else {
			(void)snprintf(why, why_len, "out of memory");
		}
	}
	free(a); /* EAL has copied its words. */
	return error;
}

/* What the workers share; freed by the last to end. */
struct work {
	bool (*turn)(void *context, unsigned core);
	void *context;
	unsigned users;
};

static void work_put(struct work *w, unsigned users)
{
	if (__atomic_sub_fetch(&w->users, users, __ATOMIC_ACQ_REL) == 0) {
		free(w);
	}
}

static int worker_main(void *arg)
{
	struct work *w = arg;
	unsigned core = rte_lcore_id() - 1; /* Lcore 0 is the main thread. */

	while (w->turn(w->context, core)) {
	}
	work_put(w, 1);
	return 0;
}

int launch_workers(bool (*turn)(void *context, unsigned core), void *context)
{
	struct work *w = malloc(sizeof(*w));
	unsigned count = rte_lcore_count() - 1;

	if (w == NULL) {
		return -ENOMEM;
	}
	ASSERT(count > 0);
	*w = (struct work){.turn = turn, .context = context, .users = count};
	for (unsigned i = 0; i < count; i++) {
		int error = rte_eal_remote_launch(worker_main, w, i + 1);

		if (error != 0) {
			work_put(w, count - i);
			return error;
		}
	}
	return 0;
}

void launch_join(void)
{
	rte_eal_mp_wait_lcore();
}

static void has_come(void *flag)
{
	__atomic_store_n((bool *)flag, true, __ATOMIC_RELEASE);
}

/* EAL's own thread, which hears of devices, uses memory that rte_eal_cleanup() unmaps, and is not
 * waited for there.  Alarms are run by that thread: when one has come, it has seen to what was
 * ready before; a few, because one message may bring about another; and then some time to fall
 * asleep. */
static void settle_interrupts(void)
{
	for (unsigned round = 0; round < 4; round++) {
		bool flag = false;

		if (rte_eal_alarm_set(1, has_come, &flag) != 0) {
			return;
		}
		for (unsigned ms = 0; ms < 500 && !__atomic_load_n(&flag, __ATOMIC_ACQUIRE); ms++) {
			usleep(1000);
		}
		(void)rte_eal_alarm_cancel(has_come, &flag); /* Waits while it runs. */
	}
	usleep(10000);
}

void launch_fini(void)
{
	char dir[PATH_MAX];

	settle_interrupts();
	(void)snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	(void)rte_eal_cleanup();
	if (dir[0] != '\0') {
		runtime_remove(dir);
	}
}

usec_t launch_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}
