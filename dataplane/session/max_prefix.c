/* See max_prefix.h. */
#include "dataplane/session/max_prefix.h"

#include <stdio.h>

#include "rib/base/check.h"

/* A warning is ready again when the count is so much below its level. */
#define NEAR_AGAIN_PERCENT 90

static const char *const family_name[] = {[FAMILY_IPV4] = "IPv4", [FAMILY_IPV6] = "IPv6"};

static bool has_limit(const struct max_prefix *m, enum family family)
{
	return m->rules.action != MAX_PREFIX_OFF && m->rules.limit[family] != 0;
}

static bool blocks(const struct max_prefix *m, enum family family)
{
	return has_limit(m, family) && m->rules.action == MAX_PREFIX_BLOCK;
}

/* Until counts have come, as many may be announced as if there were nothing. */
static void set_room(struct max_prefix *m)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct max_prefix_family *s = &m->family[f];
		s->room = has_limit(m, (enum family)f) ? m->rules.limit[f] : UINT64_MAX;
		s->is_near = s->is_over = false;
	}
}

void max_prefix_init(struct max_prefix *m, const struct max_prefix_rules *rules)
{
	ASSERT(rules->action <= MAX_PREFIX_SHUTDOWN && rules->warning_percent <= 100);
	*m = (struct max_prefix){.rules = *rules};
	set_room(m);
}

void max_prefix_set_rules(struct max_prefix *m, const struct max_prefix_rules *rules)
{
	ASSERT(rules->action <= MAX_PREFIX_SHUTDOWN && rules->warning_percent <= 100);
	bool is_freeing[FAMILY_COUNT];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_freeing[f] = m->family[f].is_freeing || blocks(m, (enum family)f);
	}
	m->rules = *rules;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		m->family[f].is_freeing = is_freeing[f] && !blocks(m, (enum family)f);
	}
	set_room(m);
}

bool max_prefix_is_on(const struct max_prefix *m)
{
	bool is_on = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_on = is_on || has_limit(m, (enum family)f) || m->family[f].is_freeing;
	}
	return is_on;
}

void max_prefix_note(struct max_prefix *m, const struct prefix *p)
{
	struct max_prefix_family *f = &m->family[p->family];
	f->last[f->last_next] = *p;
	f->last_next = (uint8_t)((f->last_next + 1) % MAX_PREFIX_LAST);
	if (f->last_count < MAX_PREFIX_LAST) {
		f->last_count++;
	}
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Take in the sums: what counts, and the room that is left. */
static void take(struct max_prefix *m, enum family family, const struct max_prefix_tally *t,
		 usec_t now)
{
	struct max_prefix_family *f = &m->family[family];
	/* Sums of counters that move while they are read: never less than nothing. */
	f->count = m->rules.counts_rejected ? less(t->received, t->blocked) : t->accepted;
	f->blocked = t->blocked;
	f->pushed = max_u64(f->pushed, t->announces);
	if (now >= f->grant_due) {
		f->grant = 0;
	}
	f->coming = f->pushed - t->announces;
	f->room = has_limit(m, family)
			  ? less(m->rules.limit[family], f->count + f->coming + f->grant)
			  : UINT64_MAX;
}

/* `block`: the beginning is told, and what there is room for is granted. */
static enum max_prefix_step step_block(struct max_prefix_family *f, usec_t now)
{
	if (f->blocked == 0) {
		f->is_over = false;
		return MAX_PREFIX_NOTHING;
	}
	if (!f->is_over) {
		f->is_over = true;
		f->exceeded++;
		if (now >= f->over_due) {
			f->over_due = now + MAX_PREFIX_TELL_US;
			return MAX_PREFIX_FULL;
		}
	}
	if (f->room > 0 && now >= f->grant_due) {
		f->grant = min_u64(f->room, f->blocked);
		f->grant_due = now + MAX_PREFIX_HOLD_US;
		f->room -= f->grant;
		return MAX_PREFIX_GRANT;
	}
	return MAX_PREFIX_NOTHING;
}

/* Nothing blocks any more: what was kept out is granted, until none is left or on its way. */
static enum max_prefix_step step_free(struct max_prefix_family *f, usec_t now)
{
	f->is_freeing = f->blocked > 0 || f->coming > 0;
	if (f->blocked == 0 || now < f->grant_due) {
		return MAX_PREFIX_NOTHING;
	}
	f->grant = f->blocked;
	f->grant_due = now + MAX_PREFIX_HOLD_US;
	return MAX_PREFIX_GRANT;
}

static enum max_prefix_step step_over(struct max_prefix *m, struct max_prefix_family *f,
				      uint64_t limit, usec_t now)
{
	if (m->rules.action == MAX_PREFIX_BLOCK) {
		return step_block(f, now);
	}
	if (f->count <= limit) {
		f->is_over = false;
		return MAX_PREFIX_NOTHING;
	}
	if (m->rules.action == MAX_PREFIX_WARN) {
		bool is_news = !f->is_over && now >= f->over_due;
		f->exceeded += !f->is_over;
		f->is_over = true;
		f->over_due = is_news ? now + MAX_PREFIX_TELL_US : f->over_due;
		return is_news ? MAX_PREFIX_OVER : MAX_PREFIX_NOTHING;
	}
	f->exceeded++;
	f->room = 0;
	return m->rules.action == MAX_PREFIX_RESTART ? MAX_PREFIX_END : MAX_PREFIX_END_FOR_GOOD;
}

static bool is_near_now(struct max_prefix *m, struct max_prefix_family *f, uint64_t limit,
			usec_t now)
{
	uint64_t level = (limit * m->rules.warning_percent + 99) / 100;
	if (m->rules.warning_percent == 0 || f->count < level) {
		f->is_near = f->is_near && f->count * 100 >= level * NEAR_AGAIN_PERCENT;
		return false;
	}
	bool is_news = !f->is_near && now >= f->near_due;
	f->is_near = true;
	if (is_news) {
		f->warnings++;
		f->near_due = now + MAX_PREFIX_TELL_US;
	}
	return is_news;
}

enum max_prefix_step max_prefix_count(struct max_prefix *m, enum family family,
				      const struct max_prefix_tally *tally, usec_t now)
{
	struct max_prefix_family *f = &m->family[family];

	if (!has_limit(m, family) && !f->is_freeing) {
		return MAX_PREFIX_NOTHING;
	}
	take(m, family, tally, now);
	if (f->is_freeing && step_free(f, now) == MAX_PREFIX_GRANT) {
		return MAX_PREFIX_GRANT;
	}
	if (!has_limit(m, family)) {
		return MAX_PREFIX_NOTHING;
	}
	bool is_near = is_near_now(m, f, m->rules.limit[family], now);
	enum max_prefix_step step = step_over(m, f, m->rules.limit[family], now);
	return step == MAX_PREFIX_NOTHING && is_near ? MAX_PREFIX_NEAR : step;
}

struct notify max_prefix_notify(const struct max_prefix *m, enum family family)
{
	uint8_t data[7];
	struct wr w = wr_of(data, sizeof(data));

	wr_u16(&w, family == FAMILY_IPV4 ? 1 : 2);
	wr_u8(&w, 1); /* Unicast. */
	wr_u32(&w, m->rules.limit[family]);
	ASSERT(wr_is_ok(&w));
	return notify_with(NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIX, span_of(data, sizeof(data)));
}

char *max_prefix_format(const struct max_prefix *m, enum family family, enum max_prefix_step step,
			char *buf, size_t len)
{
	static const char *const what[] = {
		[MAX_PREFIX_NOTHING] = "",
		[MAX_PREFIX_NEAR] = "near the limit",
		[MAX_PREFIX_OVER] = "over the limit",
		[MAX_PREFIX_FULL] = "new ones are kept out",
		[MAX_PREFIX_GRANT] = "room again",
		[MAX_PREFIX_END] = "the session ends, and comes back by itself",
		[MAX_PREFIX_END_FOR_GOOD] = "the session ends, and stays down until it is enabled",
	};
	ASSERT(step < ARRAY_COUNT(what) && family < FAMILY_COUNT);
	snprintf(buf, len, "%llu %s prefixes, the limit is %u: %s",
		 (unsigned long long)m->family[family].count, family_name[family],
		 m->rules.limit[family], what[step]);
	return buf;
}
