/* Sources and what becomes of them.
 *
 * A turn of rpki_step(): take what the caches' threads have left, look at files that were written,
 * see which sources are current, choose, and if what is chosen is not what is in use, build.  A
 * build is a merge and an index, tens of milliseconds for half a million VRPs; GATHER_US lets the
 * last records of several caches come together before one.
 */
#include "control/rpki/rpki.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "control/rpki/watch.h"
#include "rib/base/check.h"
#include "rib/base/log.h"

#define GATHER_US (20 * USEC_PER_MSEC)
#define CHECK_US  USEC_PER_SEC /* States and files without news are looked at this often. */

struct input {
	char *identity; /* Of its configuration: what it was opened with. */
	struct rtr_cache *cache;
	struct rtr_cache_report report;
	struct watch file; /* Of a file. */
};

/* Which sources are in use, and which of their versions. */
struct chosen {
	uint32_t mask;
	uint64_t versions;
};

struct rpki {
	const struct rpki_conf *conf;
	int event_fd;
	int notify_fd;
	struct source source[RPKI_SOURCES_MAX];
	struct input input[RPKI_SOURCES_MAX];
	unsigned count;
	struct chosen vrps_chosen, aspas_chosen;
	struct vrp_set *vrps;  /* In use. */
	struct vrp_set *taken; /* What was in use at the last rpki_take_touched(). */
	struct roa *roa;
	struct aspa *aspa;
	usec_t check_due;
	usec_t build_due; /* 0: nothing to build. */
	struct rpki_numbers numbers;
};

static usec_t clock_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void set_alarm(struct source *s, enum source_alarm alarm, const char *detail, usec_t now)
{
	bool is_new = s->alarm != alarm;
	if (strcmp(s->detail, detail) != 0) {
		snprintf(s->detail, sizeof(s->detail), "%s", detail);
	}
	if (!is_new) {
		return;
	}
	s->alarm = alarm;
	s->alarm_since = now;
	if (alarm == SOURCE_FINE) {
		log_event(LOG_NOTICE, "rpki source fine again", "source", s->name, NULL);
	} else {
		log_event(LOG_WARNING, "rpki alarm", "source", s->name, "alarm",
			  source_alarm_text(alarm), "detail", detail, "data",
			  s->version > 0 ? "kept" : "none", NULL);
	}
}

static void note_change(struct source *s, usec_t now)
{
	char vrps[24], aspas[24], took[24];
	s->changed = now;
	snprintf(vrps, sizeof(vrps), "%zu", s->vrps != NULL ? s->vrps->count : 0);
	snprintf(aspas, sizeof(aspas), "%zu", s->aspas.count);
	snprintf(took, sizeof(took), "%llu", (unsigned long long)(s->took_us / USEC_PER_MSEC));
	log_event(LOG_INFO, "rpki data", "source", s->name, "vrps", vrps, "aspas",
		  s->aspas.count > 0 ? aspas : NULL, "took_ms", took, NULL);
}

/* What is wrong with a cache whose set, if there was a new one, was plausible. */
static enum source_alarm cache_alarm(const struct rtr_cache_report *now_is, char *detail,
				     size_t len)
{
	*detail = '\0';
	if (now_is->is_flooded) {
		snprintf(detail, len, "it sends more records than the server takes");
		return SOURCE_FAULTY;
	}
	if (now_is->error == NULL) {
		return SOURCE_FINE;
	}
	snprintf(detail, len, "%s", now_is->error);
	if (now_is->has_synced && now_is->synced_age_us > (usec_t)now_is->expire_s * USEC_PER_SEC) {
		return SOURCE_EXPIRED;
	}
	return SOURCE_LOST;
}

static void take_cache(struct rpki *r, unsigned i, usec_t now)
{
	struct source *s = &r->source[i];
	struct rtr_cache_report *report = &r->input[i].report;
	char detail[sizeof(s->detail)] = "";
	struct aspa_list none = {0};
	struct vrp_set *news = rtr_cache_take(r->input[i].cache, report);
	bool is_implausible = s->alarm == SOURCE_IMPLAUSIBLE && news == NULL;
	if (news != NULL) {
		if (source_offer(s, news, &none, r->conf->shrink_max, detail, sizeof(detail))) {
			s->took_us = report->took_us;
			note_change(s, now);
		} else {
			is_implausible = true;
		}
	}
	s->is_current = report->state == RTR_CACHE_SYNCED && !is_implausible && !report->is_flooded;
	if (is_implausible && report->error == NULL) {
		set_alarm(s, SOURCE_IMPLAUSIBLE, news != NULL ? detail : s->detail, now);
		return;
	}
	enum source_alarm alarm = cache_alarm(report, detail, sizeof(detail));
	set_alarm(s, alarm, detail, now);
}

static void take_file(struct rpki *r, unsigned i, bool is_rung, usec_t now)
{
	struct source *s = &r->source[i];
	struct watch *w = &r->input[i].file;
	char detail[sizeof(s->detail)] = "";
	struct roa_file file = {0};
	usec_t begun = clock_us();
	switch (watch_look(w, is_rung, &file, detail, sizeof(detail))) {
	case WATCH_NEW:
		if (source_offer(s, file.vrps, &file.aspas, r->conf->shrink_max, detail,
				 sizeof(detail))) {
			s->took_us = clock_us() - begun;
			note_change(s, now);
			watch_accept(w);
			s->is_current = true;
			set_alarm(s, SOURCE_FINE, "", now);
		} else {
			s->is_current = false;
			set_alarm(s, SOURCE_IMPLAUSIBLE, detail, now);
		}
		break;
	case WATCH_MISSING:
		s->is_current = false;
		set_alarm(s, SOURCE_MISSING, detail, now);
		break;
	case WATCH_FAULTY:
		s->is_current = false;
		set_alarm(s, SOURCE_FAULTY, detail, now);
		break;
	case WATCH_SAME:
		break;
	}
	if (s->alarm == SOURCE_FINE || s->alarm == SOURCE_OLD) {
		bool is_old = watch_is_old(w, detail, sizeof(detail));
		s->is_current = !is_old && s->version > 0;
		set_alarm(s, is_old ? SOURCE_OLD : SOURCE_FINE, detail, now);
	}
}

static struct chosen choose(const struct rpki *r, bool is_aspa, uint32_t before)
{
	struct chosen c = {.mask = source_choose(r->source, r->count, is_aspa, before)};
	for (unsigned i = 0; i < r->count; i++) {
		c.versions += (c.mask >> i & 1) != 0 ? r->source[i].version : 0;
	}
	return c;
}

static bool is_same(const struct chosen *a, const struct chosen *b)
{
	return a->mask == b->mask && a->versions == b->versions;
}

/* Has one of the sources had no data ever?  A new configuration may have a wrong path, or a cache
 * that has yet to answer: until there is something new, what is in use stays. */
static bool is_awaiting(const struct rpki *r, bool is_aspa)
{
	for (unsigned i = 0; i < r->count; i++) {
		/* RTR before version 2 has no ASPAs. */
		bool may_have = !is_aspa || !r->source[i].is_cache;
		if (may_have && r->source[i].version == 0) {
			return true;
		}
	}
	return false;
}

/* True when the VRPs in use are others now. */
static bool build_roa(struct rpki *r, const struct chosen *c)
{
	struct vrp_set *sets[RPKI_SOURCES_MAX], *all = NULL;
	unsigned count = 0;
	for (unsigned i = 0; i < r->count; i++) {
		if ((c->mask >> i & 1) != 0) {
			sets[count++] = r->source[i].vrps;
		}
	}
	if (count == 0 && is_awaiting(r, false)) {
		r->vrps_chosen = *c;
		return false;
	}
	if (count > 0) {
		all = vrp_set_union(sets, count);
		if (all == NULL) {
			return false; /* Memory is short: what is in use stays. */
		}
	}
	struct roa *roa = NULL;
	bool is_new = !vrp_set_equal(all, r->vrps);
	if (is_new && all != NULL) {
		roa = roa_new(all->item, all->count);
		is_new = roa != NULL;
	}
	r->vrps_chosen = *c;
	if (!is_new) {
		vrp_set_put(all);
		return false;
	}
	vrp_set_put(r->vrps);
	roa_put(r->roa);
	r->vrps = all;
	r->roa = roa;
	return true;
}

static bool build_aspa(struct rpki *r, const struct chosen *c)
{
	const struct aspa_list *lists[RPKI_SOURCES_MAX];
	unsigned count = 0;
	for (unsigned i = 0; i < r->count; i++) {
		if ((c->mask >> i & 1) != 0) {
			lists[count++] = &r->source[i].aspas;
		}
	}
	r->aspas_chosen = *c;
	if (count == 0 && is_awaiting(r, true)) {
		return false;
	}
	struct aspa *aspa = aspa_list_join(lists, count);
	if (aspa_equal(aspa, r->aspa) || (aspa == NULL && count > 0)) {
		aspa_put(aspa);
		return false;
	}
	aspa_put(r->aspa);
	r->aspa = aspa;
	return true;
}

static void note_used(struct rpki *r)
{
	uint32_t mask = r->vrps_chosen.mask | r->aspas_chosen.mask;
	for (unsigned i = 0; i < r->count; i++) {
		r->source[i].is_used = (mask >> i & 1) != 0;
	}
}

static bool build(struct rpki *r, usec_t now)
{
	usec_t begun = clock_us();
	struct chosen vrps = choose(r, false, r->vrps_chosen.mask);
	struct chosen aspas = choose(r, true, r->aspas_chosen.mask);
	bool is_new = !is_same(&vrps, &r->vrps_chosen) && build_roa(r, &vrps);
	is_new |= !is_same(&aspas, &r->aspas_chosen) && build_aspa(r, &aspas);
	note_used(r);
	r->build_due = 0;
	if (is_new) {
		r->numbers.changes++;
		r->numbers.changed = now;
		r->numbers.build_us = clock_us() - begun;
	}
	return is_new;
}

static bool is_build_needed(const struct rpki *r)
{
	struct chosen vrps = choose(r, false, r->vrps_chosen.mask);
	struct chosen aspas = choose(r, true, r->aspas_chosen.mask);
	return !is_same(&vrps, &r->vrps_chosen) || !is_same(&aspas, &r->aspas_chosen);
}

/* Empty a descriptor; whether there was anything. */
static bool drain(int fd)
{
	char buf[4096] __attribute__((aligned(8)));
	bool is_rung = false;
	while (read(fd, buf, sizeof(buf)) > 0) {
		is_rung = true;
	}
	return is_rung;
}

bool rpki_step(struct rpki *r, usec_t now)
{
	bool is_due = now >= r->check_due;
	bool is_rung = drain(r->event_fd), is_written = drain(r->notify_fd);
	if (is_due) {
		r->check_due = now + CHECK_US;
	}
	for (unsigned i = 0; i < r->count; i++) {
		if (r->source[i].is_cache ? is_rung || is_due : is_written || is_due) {
			if (r->source[i].is_cache) {
				take_cache(r, i, now);
			} else {
				take_file(r, i, is_written, now);
			}
		}
	}
	if (r->build_due == 0 && (is_due || is_rung || is_written) && is_build_needed(r)) {
		r->build_due = max_u64(now, r->numbers.changed + GATHER_US);
	}
	return r->build_due != 0 && now >= r->build_due && build(r, now);
}

static char *make_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *make_text(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	ASSERT(len >= 0);
	return text;
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "";
}

static char *cache_identity(const struct rpki_cache_conf *c)
{
	return make_text("%d %s %u %s %s %s %u %u %u", c->is_ssh, c->address, c->port,
			 or_none(c->user), or_none(c->private_key), or_none(c->host_key),
			 c->refresh_s, c->retry_s, c->expire_s);
}

/* A file that is to be read otherwise is another one. */
static char *file_identity(const struct rpki_file_conf *f)
{
	char *text = make_text("file %s", f->path);
	for (unsigned i = 0; i < f->anchor_count; i++) {
		char *more = make_text("%s\n%s", text, f->anchors[i]);
		free(text);
		text = more;
	}
	return text;
}

static void close_input(struct source *s, struct input *in)
{
	if (in->cache != NULL) {
		rtr_cache_close(in->cache);
	}
	free(in->identity);
	source_fini(s);
	*in = (struct input){0};
}

/* Another bound may find plausible what was not. */
static void offer_again(struct rpki *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (r->source[i].alarm != SOURCE_IMPLAUSIBLE) {
			continue;
		}
		if (r->source[i].is_cache) {
			rtr_cache_again(r->input[i].cache);
		} else {
			watch_again(&r->input[i].file);
		}
	}
}

/* A source as it was, if it was there; it takes its identity. */
static bool take_over(struct rpki *old, char *identity, struct source *s, struct input *in)
{
	for (unsigned i = 0; i < old->count; i++) {
		if (old->input[i].identity != NULL &&
		    strcmp(old->input[i].identity, identity) == 0) {
			*s = old->source[i];
			*in = old->input[i];
			old->source[i] = (struct source){0};
			old->input[i] = (struct input){0};
			free(identity);
			return true;
		}
	}
	*in = (struct input){.identity = identity};
	return false;
}

static void add_cache(struct rpki *r, struct rpki *old, const struct rpki_cache_conf *conf,
		      usec_t now)
{
	char why[128] = "";
	ASSERT(r->count < RPKI_SOURCES_MAX);
	struct source *s = &r->source[r->count];
	struct input *in = &r->input[r->count++];
	if (!take_over(old, cache_identity(conf), s, in)) {
		const struct rtr_cache_opts opts = {.address = conf->address,
						    .port = conf->port,
						    .is_ssh = conf->is_ssh,
						    .user = conf->user,
						    .private_key = conf->private_key,
						    .host_key = conf->host_key,
						    .refresh_s = conf->refresh_s,
						    .retry_s = conf->retry_s,
						    .expire_s = conf->expire_s,
						    .event_fd = r->event_fd};
		s->is_cache = true;
		s->name = make_text("%s %s port %u", conf->is_ssh ? "ssh" : "tcp", conf->address,
				    conf->port);
		in->cache = rtr_cache_open(&opts, why, sizeof(why));
		if (in->cache == NULL) {
			set_alarm(s, SOURCE_FAULTY, why, now);
		}
	}
	s->preference = conf->preference;
}

static void add_file(struct rpki *r, struct rpki *old, const struct rpki_file_conf *conf)
{
	ASSERT(r->count < RPKI_SOURCES_MAX);
	struct source *s = &r->source[r->count];
	struct input *in = &r->input[r->count++];
	if (!take_over(old, file_identity(conf), s, in)) {
		s->name = make_text("%s", conf->path);
	}
	s->preference = conf->preference;
	watch_set(&in->file, conf, r->notify_fd);
}

void rpki_apply(struct rpki *r, const struct rpki_conf *conf, usec_t now)
{
	struct rpki *old = calloc(1, sizeof(*old));
	ASSERT(old != NULL);
	memcpy(old->source, r->source, sizeof(old->source));
	memcpy(old->input, r->input, sizeof(old->input));
	old->count = r->count;
	memset(r->source, 0, sizeof(r->source));
	memset(r->input, 0, sizeof(r->input));
	r->count = 0;
	r->conf = conf;
	for (unsigned i = 0; i < conf->cache_count; i++) {
		add_cache(r, old, &conf->cache[i], now);
	}
	for (unsigned i = 0; i < conf->file_count; i++) {
		add_file(r, old, &conf->file[i]);
	}
	for (unsigned i = 0; i < old->count; i++) {
		close_input(&old->source[i], &old->input[i]);
	}
	free(old);
	offer_again(r);
	/* The numbers of sources are others now: choose anew, from what is current. */
	r->vrps_chosen = (struct chosen){.versions = UINT64_MAX};
	r->aspas_chosen = r->vrps_chosen;
	r->check_due = 0;
}

struct rpki *rpki_new(const struct rpki_conf *conf, usec_t now)
{
	struct rpki *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->notify_fd = watch_open();
	if (r->event_fd < 0 || r->notify_fd < 0) {
		rpki_free(r);
		return NULL;
	}
	rpki_apply(r, conf, now);
	(void)rpki_step(r, now);
	return r;
}

void rpki_free(struct rpki *r)
{
	if (r == NULL) {
		return;
	}
	for (unsigned i = 0; i < r->count; i++) {
		close_input(&r->source[i], &r->input[i]);
	}
	vrp_set_put(r->vrps);
	vrp_set_put(r->taken);
	roa_put(r->roa);
	aspa_put(r->aspa);
	if (r->event_fd >= 0) {
		close(r->event_fd);
	}
	if (r->notify_fd >= 0) {
		close(r->notify_fd);
	}
	free(r);
}

unsigned rpki_fds(const struct rpki *r, struct pollfd *out)
{
	out[0] = (struct pollfd){.fd = r->event_fd, .events = POLLIN};
	out[1] = (struct pollfd){.fd = r->notify_fd, .events = POLLIN};
	return RPKI_FDS_MAX;
}

struct roa *rpki_roa(const struct rpki *r)
{
	return r->roa;
}

struct aspa *rpki_aspa(const struct rpki *r)
{
	return r->aspa;
}

struct prefix_set *rpki_take_touched(struct rpki *r)
{
	struct prefix_set *touched = vrp_set_difference(r->taken, r->vrps);
	vrp_set_put(r->taken);
	r->taken = vrp_set_hold(r->vrps);
	return touched;
}

unsigned rpki_source_count(const struct rpki *r)
{
	return r->count;
}

const struct source *rpki_source(const struct rpki *r, unsigned i)
{
	ASSERT(i < r->count);
	return &r->source[i];
}

const struct rtr_cache_report *rpki_report(const struct rpki *r, unsigned i)
{
	ASSERT(i < r->count);
	return r->source[i].is_cache ? &r->input[i].report : NULL;
}

int64_t rpki_written_s(const struct rpki *r, unsigned i)
{
	ASSERT(i < r->count);
	return r->source[i].is_cache ? 0 : watch_written_s(&r->input[i].file);
}

unsigned rpki_alarms(const struct rpki *r)
{
	unsigned alarms = 0;
	for (unsigned i = 0; i < r->count; i++) {
		alarms += r->source[i].alarm != SOURCE_FINE ? 1 : 0;
	}
	return alarms;
}

struct rpki_numbers rpki_numbers(const struct rpki *r)
{
	struct rpki_numbers n = r->numbers;
	n.v4 = r->vrps != NULL ? r->vrps->count_v4 : 0;
	n.v6 = r->vrps != NULL ? r->vrps->count - r->vrps->count_v4 : 0;
	n.customers = aspa_count(r->aspa);
	n.bytes = roa_bytes(r->roa) + aspa_bytes(r->aspa) +
		  (r->vrps != NULL ? r->vrps->count * sizeof(r->vrps->item[0]) : 0);
	return n;
}
