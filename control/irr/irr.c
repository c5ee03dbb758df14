/* Sets in a sorted array, filters in a list; a turn serves what runs and starts what is due. */
#include "control/irr/irr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/irr/dump.h"
#include "control/irr/rules.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "rib/base/log.h"

#define LOOK_US (60 * USEC_PER_SEC) /* How often files of AS-SETs are looked at. */

struct irr {
	const struct irr_conf *conf;
	int cache_fd;
	struct prng prng;
	int64_t now_s;
	bool is_started; /* From the first turn on nothing may take long. */
	struct irr_set **set;
	unsigned set_count;
	struct irr_filter **filter;
	unsigned filter_count;
	unsigned running;
	uint32_t generation;
	struct dump nets, routes;
	unsigned next; /* The set whose turn for a slice of work it is. */
};

/* Whom its answers are of.  A file as it was read last: another file is another source. */
static void whence(const struct irr *i, const struct irr_set *s, char out[IRR_FROM_MAX])
{
	if (s->path != NULL) {
		(void)snprintf(out, IRR_FROM_MAX, "file %llx %llx %s",
			       (unsigned long long)s->stamp.inode,
			       (unsigned long long)s->stamp.changed_ns, s->path);
	} else {
		(void)snprintf(out, IRR_FROM_MAX, "%s %s%s", i->conf->host, i->conf->sources,
			       i->conf->has_private ? " private" : "");
	}
}

/* Whom it is to be asked of, whatever a file has in it; to be compared. */
static uint64_t source_hash(const struct irr *i, const struct irr_set *s)
{
	char from[IRR_FROM_MAX];
	if (s->path != NULL) {
		return hash_bytes(s->path, strlen(s->path), 1);
	}
	whence(i, s, from);
	return hash_bytes(from, strlen(from), 0);
}

static void finish_dump(struct dump *d, usec_t now)
{
	do {
		(void)dump_step(d, now);
	} while (dump_has_work(d));
}

struct irr *irr_new(const struct irr_opts *opts)
{
	struct irr *i = calloc(1, sizeof(*i));
	ASSERT(i != NULL);
	*i = (struct irr){.conf = opts->conf, .cache_fd = opts->cache_fd, .now_s = opts->now_s};
	prng_init(&i->prng, opts->seed);
	dump_init(&i->nets, opts->conf->peeringdb, false);
	dump_init(&i->routes, opts->conf->registrobr, true);
	finish_dump(&i->nets, opts->now);
	finish_dump(&i->routes, opts->now);
	return i;
}

void irr_use_cache(struct irr *i, int dir_fd)
{
	ASSERT(i->cache_fd < 0 && dir_fd >= 0 && i->set_count == 0);
	i->cache_fd = dir_fd;
}

void irr_free(struct irr *i)
{
	if (i == NULL) {
		return;
	}
	ASSERT(i->filter_count == 0 && i->set_count == 0);
	dump_fini(&i->nets);
	dump_fini(&i->routes);
	if (i->cache_fd >= 0) {
		close(i->cache_fd);
	}
	free(i->set);
	free(i->filter);
	free(i);
}

/* The file that stands in for questions about `name`; the caller frees it.  NULL: none. */
static char *path_of(const struct irr *i, const struct irr_name *name)
{
	char *path = NULL;
	for (unsigned f = 0; f < i->conf->file_count; f++) {
		if (strcmp(i->conf->file[f].name.text, name->text) == 0) {
			path = strdup(i->conf->file[f].path);
			ASSERT(path != NULL);
			return path;
		}
	}
	if (i->conf->files_dir != NULL) {
		int len = asprintf(&path, "%s/%s.json", i->conf->files_dir, name->text);
		ASSERT(len > 0);
	}
	return path;
}

static int set_index(const struct irr *i, const char *text, unsigned *out_at)
{
	unsigned low = 0, high = i->set_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = strcmp(i->set[middle]->name.text, text);
		if (order == 0) {
			*out_at = middle;
			return 0;
		}
		low = order < 0 ? middle + 1 : low;
		high = order < 0 ? high : middle;
	}
	*out_at = low;
	return -ENOENT;
}

/* What the filter's AS-SETs hold together. */
struct merging {
	asn_t *asns;
	size_t asn_count;
	struct prefix_rule *rules;
	size_t rule_count;
};

static void merge_asn(void *context, asn_t asn)
{
	struct merging *m = context;
	m->asns[m->asn_count++] = asn;
}

static void merge_rule(void *context, const struct prefix_rule *rule)
{
	struct merging *m = context;
	m->rules[m->rule_count++] = *rule;
}

static struct irr_set *set_of(const struct irr *i, const struct irr_name *name)
{
	unsigned at;
	return set_index(i, name->text, &at) == 0 ? i->set[at] : NULL;
}

static void merge(const struct irr *i, struct irr_filter *f)
{
	size_t asns = 0, rules = 0;
	for (unsigned n = 0; n < f->names.count; n++) {
		const struct irr_set *s = set_of(i, &f->names.item[n]);
		asns += asn_set_count(s->asns);
		rules += prefix_set_count(s->prefixes);
	}
	struct merging m = {.asns = malloc((asns + 1) * sizeof(*m.asns)),
			    .rules = malloc((rules + 1) * sizeof(*m.rules))};
	ASSERT(m.asns != NULL && m.rules != NULL);
	for (unsigned n = 0; n < f->names.count; n++) {
		const struct irr_set *s = set_of(i, &f->names.item[n]);
		asn_set_each(s->asns, merge_asn, &m);
		prefix_set_each(s->prefixes, merge_rule, &m);
	}
	ASSERT(m.asn_count == asns && m.rule_count == rules);
	f->asns = asn_set_new(m.asns, m.asn_count);
	f->prefixes = prefix_set_new(m.rules, m.rule_count);
	ASSERT(f->asns != NULL && f->prefixes != NULL);
	free(m.asns);
	free(m.rules);
}

/* Make its sets anew.  One AS-SET's are shared, not copied. */
static void renew(struct irr *i, struct irr_filter *f)
{
	asn_set_put(f->asns);
	prefix_set_put(f->prefixes);
	f->has_data = false;
	f->is_whole = true;
	for (unsigned n = 0; n < f->names.count; n++) {
		bool has_data = irr_set_has_data(set_of(i, &f->names.item[n]));
		f->has_data = f->has_data || has_data;
		f->is_whole = f->is_whole && has_data;
	}
	if (f->names.count == 1) {
		const struct irr_set *s = set_of(i, &f->names.item[0]);
		f->asns = s->asns;
		f->prefixes = s->prefixes;
		asn_set_hold(f->asns);
		prefix_set_hold(f->prefixes);
	} else {
		merge(i, f);
	}
}

static bool has_name(const struct irr_names *names, const struct irr_name *name)
{
	for (unsigned n = 0; n < names->count; n++) {
		if (strcmp(names->item[n].text, name->text) == 0) {
			return true;
		}
	}
	return false;
}

/* The set's data is another. */
static void spread(struct irr *i, const struct irr_set *s)
{
	for (unsigned n = 0; n < i->filter_count; n++) {
		if (has_name(&i->filter[n]->names, &s->name)) {
			renew(i, i->filter[n]);
		}
	}
	i->generation++;
}

static struct irr_taking taking(const struct irr *i, const struct irr_set *s,
				char from[IRR_FROM_MAX])
{
	whence(i, s, from);
	return (struct irr_taking){.shrink_percent = i->conf->shrink_percent,
				   .now_s = i->now_s,
				   .cache_fd = i->cache_fd,
				   .from = from};
}

/* An alarm is logged when it comes, and when it is over. */
static void log_alarm(const struct irr_set *s, enum irr_alarm before)
{
	static const char *const events[] = {
		[IRR_ALARM_NONE] = "irr data good again",
		[IRR_ALARM_FAILED] = "irr question failed",
		[IRR_ALARM_HELD] = "irr answer not believed",
		[IRR_ALARM_EMPTY] = "irr answer empty",
	};
	const struct irr_set_part *p = irr_set_alarmed(s);
	enum irr_alarm now = p != NULL ? p->alarm : IRR_ALARM_NONE;
	if (now != before) {
		log_event(now == IRR_ALARM_NONE ? LOG_NOTICE : LOG_WARNING, events[now], "as_set",
			  s->name.text, "part",
			  p != NULL ? irr_part_text((enum irr_part)(p - s->part)) : NULL, "detail",
			  p != NULL ? p->detail : NULL, NULL);
	}
}

static void log_change(const struct irr_set *s)
{
	char count[IRR_PART_COUNT][24];
	for (unsigned n = 0; n < IRR_PART_COUNT; n++) {
		(void)snprintf(count[n], sizeof(count[n]), "%zu", s->part[n].count);
	}
	log_event(LOG_INFO, "irr data", "as_set", s->name.text, "asns", count[IRR_ASNS], "ipv4",
		  count[IRR_IPV4], "ipv6", count[IRR_IPV6], NULL);
}

static enum irr_alarm alarm_of(const struct irr_set *s)
{
	const struct irr_set_part *p = irr_set_alarmed(s);
	return p != NULL ? p->alarm : IRR_ALARM_NONE;
}

static struct irr_timing timing(const struct irr *i)
{
	return (struct irr_timing){.refresh_us = i->conf->refresh_s * USEC_PER_SEC};
}

/* When it is asked for again.  Files are looked at often: that costs nothing. */
static void plan(struct irr *i, struct irr_set *s, usec_t now)
{
	const struct irr_timing t = timing(i);
	enum irr_alarm alarm = alarm_of(s);
	bool has_failed = alarm == IRR_ALARM_FAILED || alarm == IRR_ALARM_HELD;
	s->failures = has_failed ? s->failures + 1 : 0;
	if (s->path != NULL) {
		s->due = now + LOOK_US;
	} else {
		s->due = has_failed ? irr_due_after_failure(&t, &i->prng, s->failures, now)
				    : irr_due_after_answer(&t, &i->prng, now);
	}
}

static void finish(struct irr *i, struct irr_set *s, usec_t now)
{
	char from[IRR_FROM_MAX];
	s->stamp = fetch_stamp(s->fetch);
	const struct irr_taking t = taking(i, s, from);
	enum irr_alarm before = alarm_of(s);
	bool is_changed = irr_set_take(s, s->fetch, &t);
	fetch_free(s->fetch);
	s->fetch = NULL;
	i->running--;
	plan(i, s, now);
	if (is_changed) {
		log_change(s);
		spread(i, s);
	}
	log_alarm(s, before);
}

/* A file that is the same is not read. */
static bool is_other_file(const struct irr_set *s)
{
	struct file_stamp stamp;
	return !file_stamp(s->path, &stamp) || !file_stamp_equal(&stamp, &s->stamp);
}

static void start(struct irr *i, struct irr_set *s, usec_t now)
{
	if (s->path != NULL && !is_other_file(s)) {
		s->due = now + LOOK_US;
		return;
	}
	s->fetch = fetch_start(i->conf, &s->name, s->path, now);
	i->running++;
}

/* A file that is read while the server starts. */
static void read_now(struct irr *i, struct irr_set *s, usec_t now)
{
	start(i, s, now);
	while (!fetch_step(s->fetch, now)) {
	}
	finish(i, s, now);
}

/* What there is of a new set without asking anyone. */
static void load(struct irr *i, struct irr_set *s, usec_t now)
{
	char from[IRR_FROM_MAX];
	if (s->path != NULL) {
		(void)file_stamp(s->path, &s->stamp);
	}
	whence(i, s, from);
	bool is_whole = i->cache_fd >= 0 && irr_set_load(s, i->cache_fd, from);
	s->due = now;
	if (!is_whole) {
		s->stamp = (struct file_stamp){.size = 0};
	}
	if (s->path != NULL && is_whole) {
		s->due = now + LOOK_US;
	} else if (s->path != NULL && !i->is_started && !irr_set_has_data(s)) {
		read_now(i, s, now);
	} else if (s->path == NULL && is_whole) {
		const struct irr_timing t = timing(i);
		int64_t age_s = i->now_s - irr_set_fetched_s(s);
		/* A clock that was set back says nothing. */
		s->due = age_s >= 0
				 ? irr_due_at_start(&t, &i->prng, (usec_t)age_s * USEC_PER_SEC, now)
				 : now;
	}
}

static void use_set(struct irr *i, const struct irr_name *name, usec_t now)
{
	unsigned at;
	if (set_index(i, name->text, &at) == 0) {
		i->set[at]->users++;
		return;
	}
	struct irr_set **grown = realloc(i->set, (i->set_count + 1) * sizeof(struct irr_set *));
	struct irr_set *s = calloc(1, sizeof(*s));
	ASSERT(grown != NULL && s != NULL);
	i->set = grown;
	memmove(&i->set[at + 1], &i->set[at], (i->set_count - at) * sizeof(struct irr_set *));
	i->set[at] = s;
	i->set_count++;
	*s = (struct irr_set){.name = *name, .users = 1, .path = path_of(i, name)};
	s->source = source_hash(i, s);
	load(i, s, now);
}

static void drop_set(struct irr *i, const struct irr_name *name)
{
	unsigned at = 0;
	int err = set_index(i, name->text, &at);
	ASSERT(err == 0 && i->set[at]->users > 0);
	if (--i->set[at]->users > 0) {
		return;
	}
	i->running -= i->set[at]->fetch != NULL ? 1 : 0;
	irr_set_free(i->set[at]);
	i->set_count--;
	memmove(&i->set[at], &i->set[at + 1], (i->set_count - at) * sizeof(struct irr_set *));
}

const struct irr_filter *irr_filter_get(struct irr *i, const struct irr_names *names, usec_t now)
{
	ASSERT(names->count > 0);
	for (unsigned n = 0; n < i->filter_count; n++) {
		if (irr_names_equal(&i->filter[n]->names, names)) {
			i->filter[n]->users++;
			return i->filter[n];
		}
	}
	struct irr_filter **grown =
		realloc(i->filter, (i->filter_count + 1) * sizeof(struct irr_filter *));
	struct irr_filter *f = calloc(1, sizeof(*f));
	ASSERT(grown != NULL && f != NULL);
	i->filter = grown;
	for (unsigned n = 0; n < names->count; n++) {
		use_set(i, &names->item[n], now);
	}
	*f = (struct irr_filter){.names = *names, .users = 1};
	i->filter[i->filter_count++] = f;
	renew(i, f);
	return f;
}

void irr_filter_put(struct irr *i, const struct irr_filter *filter)
{
	unsigned at = 0;
	while (at < i->filter_count && i->filter[at] != filter) {
		at++;
	}
	ASSERT(at < i->filter_count);
	struct irr_filter *f = i->filter[at];
	if (--f->users > 0) {
		return;
	}
	for (unsigned n = 0; n < f->names.count; n++) {
		drop_set(i, &f->names.item[n]);
	}
	asn_set_put(f->asns);
	prefix_set_put(f->prefixes);
	free(f);
	i->filter[at] = i->filter[--i->filter_count];
}

void irr_configure(struct irr *i, const struct irr_conf *conf, usec_t now)
{
	i->conf = conf;
	for (unsigned n = 0; n < i->set_count; n++) {
		struct irr_set *s = i->set[n];
		if (s->fetch != NULL) {
			/* It reads the old strings; it is asked again. */
			fetch_free(s->fetch);
			s->fetch = NULL;
			i->running--;
			s->due = now;
		}
		free(s->path);
		s->path = path_of(i, &s->name);
		uint64_t source = source_hash(i, s);
		if (s->source != source) {
			s->source = source;
			s->due = now;
			s->stamp = (struct file_stamp){.size = 0};
		}
	}
	dump_configure(&i->nets, conf->peeringdb, now);
	dump_configure(&i->routes, conf->registrobr, now);
}

uint32_t irr_generation(const struct irr *i)
{
	return i->generation;
}

bool irr_is_asking(const struct irr *i)
{
	return i->running > 0;
}

const struct peeringdb *irr_peeringdb(const struct irr *i)
{
	return i->nets.nets;
}

struct prefix_set *irr_registrobr(const struct irr *i)
{
	return i->routes.routes;
}

unsigned irr_fds(const struct irr *i, struct pollfd out[IRR_FDS_MAX])
{
	unsigned count = 0;
	for (unsigned n = 0; n < i->set_count; n++) {
		if (i->set[n]->fetch != NULL) {
			ASSERT(count + CHILD_FDS <= IRR_FDS_MAX);
			count += fetch_fds(i->set[n]->fetch, out + count);
		}
	}
	return count;
}

/* Each child is heard; of those that have work of ours to do, one is given its slice. */
static void serve_fetches(struct irr *i, usec_t now)
{
	bool is_spent = false;
	unsigned served = i->next;
	for (unsigned n = 0; n < i->set_count; n++) {
		unsigned at = (i->next + n) % i->set_count;
		struct irr_set *s = i->set[at];
		if (s->fetch == NULL) {
			continue;
		}
		bool has_work = fetch_has_work(s->fetch);
		if (has_work && is_spent) {
			continue;
		}
		if (has_work) {
			is_spent = true;
			served = at + 1;
		}
		if (fetch_step(s->fetch, now)) {
			finish(i, s, now);
		}
	}
	i->next = served;
}

static bool has_work(const struct irr *i)
{
	for (unsigned n = 0; n < i->set_count; n++) {
		if (i->set[n]->fetch != NULL && fetch_has_work(i->set[n]->fetch)) {
			return true;
		}
	}
	return dump_has_work(&i->nets) || dump_has_work(&i->routes);
}

/* The one that waits longest. */
static struct irr_set *find_due(const struct irr *i, usec_t now)
{
	struct irr_set *due = NULL;
	for (unsigned n = 0; n < i->set_count; n++) {
		struct irr_set *s = i->set[n];
		if (s->fetch == NULL && s->due <= now && (due == NULL || s->due < due->due)) {
			due = s;
		}
	}
	return due;
}

bool irr_serve(struct irr *i, usec_t now, int64_t now_s)
{
	struct irr_set *s;
	i->now_s = now_s;
	i->is_started = true;
	serve_fetches(i, now);
	if (i->running < i->conf->threads && (s = find_due(i, now)) != NULL) {
		start(i, s, now); /* One in a turn: a start costs a millisecond. */
	}
	if (dump_step(&i->nets, now) || dump_step(&i->routes, now)) {
		i->generation++;
	}
	return has_work(i);
}

unsigned irr_refresh(struct irr *i, const struct irr_name *name, usec_t now)
{
	unsigned count = 0;
	for (unsigned n = 0; n < i->set_count; n++) {
		struct irr_set *s = i->set[n];
		if (name == NULL || strcmp(s->name.text, name->text) == 0) {
			s->due = now;
			s->stamp = (struct file_stamp){.size = 0};
			count++;
		}
	}
	if (name == NULL) {
		i->nets.due = now;
		i->routes.due = now;
	}
	return count;
}

int irr_accept(struct irr *i, const struct irr_name *name, int64_t now_s)
{
	char from[IRR_FROM_MAX];
	struct irr_set *s = set_of(i, name);
	if (s == NULL) {
		return -ENOENT;
	}
	i->now_s = now_s;
	const struct irr_taking t = taking(i, s, from);
	if (!irr_set_accept(s, &t)) {
		return -EAGAIN;
	}
	log_change(s);
	spread(i, s);
	return 0;
}

unsigned irr_set_count(const struct irr *i)
{
	return i->set_count;
}

const struct irr_set *irr_set_at(const struct irr *i, unsigned idx)
{
	ASSERT(idx < i->set_count);
	return i->set[idx];
}

const struct irr_set *irr_set_find(const struct irr *i, const struct irr_name *name)
{
	return set_of(i, name);
}

const char *irr_set_state(const struct irr_set *s)
{
	switch (alarm_of(s)) {
	case IRR_ALARM_FAILED:
		return irr_set_has_data(s) ? "stale" : "failed";
	case IRR_ALARM_HELD:
		return "held";
	case IRR_ALARM_EMPTY:
		return "empty";
	default:
		return irr_set_has_data(s) ? "ok" : "waiting";
	}
}

unsigned irr_alarm_count(const struct irr *i)
{
	unsigned count = 0;
	for (unsigned n = 0; n < i->set_count; n++) {
		count += irr_set_alarmed(i->set[n]) != NULL ? 1 : 0;
	}
	return count;
}

int irr_cache_open(int state_dir_fd, const char *dir)
{
	const char *name = dir != NULL ? dir : "irr";
	if (mkdirat(state_dir_fd, name, 0750) != 0 && errno != EEXIST) {
		return -errno;
	}
	int fd = openat(state_dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}
