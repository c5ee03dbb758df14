#include "control/evidence/irr_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define REMEMBERED_MAX 256 /* Answers; the oldest that nobody asks for goes first. */
#define WAIT_US	       (60 * USEC_PER_SEC) /* An answer that nobody fetched for so long goes. */

struct remembered {
	asn_t asn; /* 0: free. */
	bool is_any;
	struct irr_name name;
	struct fetch *fetch; /* Under way. */
	char *path;	     /* The file that stands in for the question. */
	bool is_wanted;	     /* To be asked. */
	bool has_answer;
	usec_t answered, used;
	bool is_failed;
	char why[160];
	struct irr_list list[FAMILY_COUNT];
};

struct irr_ask {
	const struct irr_conf *conf;
	struct irr_conf any; /* The same, with all sources; its texts are `conf`'s. */
	char no_sources[1];
	struct remembered item[REMEMBERED_MAX];
	unsigned running;
};

static void set_conf(struct irr_ask *a, const struct irr_conf *conf)
{
	a->conf = conf;
	a->any = *conf;
	a->any.sources = a->no_sources;
}

struct irr_ask *irr_ask_new(const struct irr_conf *conf)
{
	struct irr_ask *a = calloc(1, sizeof(*a));
	ASSERT(a != NULL);
	set_conf(a, conf);
	return a;
}

static void forget(struct irr_ask *a, struct remembered *m)
{
	a->running -= m->fetch != NULL ? 1 : 0;
	fetch_free(m->fetch);
	free(m->path);
	irr_list_free(&m->list[FAMILY_IPV4]);
	irr_list_free(&m->list[FAMILY_IPV6]);
	*m = (struct remembered){.asn = 0};
}

void irr_ask_free(struct irr_ask *a)
{
	if (a != NULL) {
		for (unsigned i = 0; i < REMEMBERED_MAX; i++) {
			forget(a, &a->item[i]);
		}
		free(a);
	}
}

void irr_ask_configure(struct irr_ask *a, const struct irr_conf *conf)
{
	for (unsigned i = 0; i < REMEMBERED_MAX; i++) {
		forget(a, &a->item[i]);
	}
	set_conf(a, conf);
}

static struct remembered *find(struct irr_ask *a, asn_t asn, bool is_any)
{
	for (unsigned i = 0; i < REMEMBERED_MAX; i++) {
		if (a->item[i].asn == asn && a->item[i].is_any == is_any) {
			return &a->item[i];
		}
	}
	return NULL;
}

/* A free place, or the one that nobody has asked for the longest time; NULL: all are in use. */
static struct remembered *make_room(struct irr_ask *a, usec_t now)
{
	struct remembered *oldest = NULL;
	for (unsigned i = 0; i < REMEMBERED_MAX; i++) {
		struct remembered *m = &a->item[i];
		if (m->asn == 0) {
			return m;
		}
		const bool is_free = m->fetch == NULL && now >= m->used + WAIT_US;
		if (is_free && (oldest == NULL || m->used < oldest->used)) {
			oldest = m;
		}
	}
	if (oldest != NULL) {
		forget(a, oldest);
	}
	return oldest;
}

/* As irr.c does: a file stands in for questions where the configuration says so. */
static char *path_of(const struct irr_ask *a, const struct irr_name *name)
{
	char *path = NULL;
	for (unsigned i = 0; i < a->conf->file_count; i++) {
		if (strcmp(a->conf->file[i].name.text, name->text) == 0) {
			path = strdup(a->conf->file[i].path);
			ASSERT(path != NULL);
			return path;
		}
	}
	if (a->conf->files_dir != NULL) {
		int len = asprintf(&path, "%s/%s.json", a->conf->files_dir, name->text);
		ASSERT(len > 0);
	}
	return path;
}

struct irr_ask_answer irr_ask_get(struct irr_ask *a, asn_t asn, bool is_any, enum family family,
				  usec_t age_us, usec_t now)
{
	ASSERT(asn != 0);
	struct remembered *m = find(a, asn, is_any);
	if (m == NULL) {
		m = make_room(a, now);
		if (m == NULL) {
			return (struct irr_ask_answer){.state = IRR_ASK_WAIT};
		}
		*m = (struct remembered){.asn = asn, .is_any = is_any, .is_wanted = true};
		m->name = irr_name_of_asn(asn);
	}
	m->used = now;
	if (!m->has_answer || now > m->answered + age_us) {
		m->is_wanted = m->fetch == NULL;
		return (struct irr_ask_answer){.state = IRR_ASK_WAIT};
	}
	if (m->is_failed) {
		return (struct irr_ask_answer){.state = IRR_ASK_FAILED, .why = m->why};
	}
	return (struct irr_ask_answer){.state = IRR_ASK_GOOD, .list = &m->list[family]};
}

unsigned irr_ask_fds(const struct irr_ask *a, struct pollfd out[IRR_ASK_FDS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < REMEMBERED_MAX && a->running > 0; i++) {
		if (a->item[i].fetch != NULL) {
			count += fetch_fds(a->item[i].fetch, out + count);
		}
	}
	ASSERT(count <= IRR_ASK_FDS_MAX);
	return count;
}

static void begin(struct irr_ask *a, struct remembered *m, usec_t now)
{
	m->is_wanted = false;
	free(m->path);
	m->path = path_of(a, &m->name);
	m->fetch = fetch_start(m->is_any ? &a->any : a->conf, &m->name, m->path, now);
	a->running++;
}

/* What has come takes the place of what there was, or the failure does. */
static void take(struct irr_ask *a, struct remembered *m, usec_t now)
{
	static const enum irr_part part[FAMILY_COUNT] = {
		[FAMILY_IPV4] = IRR_IPV4, [FAMILY_IPV6] = IRR_IPV6};
	m->is_failed = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct fetch_part *p = fetch_part(m->fetch, part[f]);
		/* DOUBTFUL may lack just the object that is looked for. */
		if (p->result != FETCH_GOOD && !m->is_failed) {
			m->is_failed = true;
			(void)snprintf(m->why, sizeof(m->why), "%s",
				       p->why[0] != '\0' ? p->why : "no answer");
		}
	}
	for (unsigned f = 0; f < FAMILY_COUNT && !m->is_failed; f++) {
		struct fetch_part *p = fetch_part(m->fetch, part[f]);
		irr_list_free(&m->list[f]);
		m->list[f] = p->list;
		p->list = (struct irr_list){.count = 0};
	}
	m->has_answer = true;
	m->answered = now;
	fetch_free(m->fetch);
	m->fetch = NULL;
	a->running--;
}

bool irr_ask_step(struct irr_ask *a, usec_t now)
{
	bool has_more = false;
	for (unsigned i = 0; i < REMEMBERED_MAX; i++) {
		struct remembered *m = &a->item[i];
		if (m->is_wanted && a->running < IRR_ASK_CHILDREN) {
			begin(a, m, now);
		}
		if (m->fetch != NULL && fetch_step(m->fetch, now)) {
			take(a, m, now);
			has_more = true;
		} else if (m->fetch != NULL) {
			has_more = has_more || fetch_has_work(m->fetch);
		}
	}
	return has_more;
}
