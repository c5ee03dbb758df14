/* The numbers of the registry: its objects are counted in slices, as the members are taken. */
#include <stddef.h>
#include <string.h>

#include "control/api/metrics_own.h"
#include "control/registry/field.h"
#include "control/store/registrar.h"
#include "rib/base/check.h"

#define OBJECTS_SLICE 4096

struct counting {
	struct metrics_registry *to;
	unsigned left;
	const struct registry_object *last;
};

/* By what kinds differ in most: how far they are. */
static bool count_one(void *context, const struct registry_object *o)
{
	struct counting *c = context;
	c->to->objects[o->kind]++;
	if (o->kind == REGISTRY_ASN) {
		c->to->asns[((const struct registry_asn *)o)->state]++;
	} else if (o->kind == REGISTRY_PREFIX) {
		c->to->prefixes[((const struct registry_prefix *)o)->state]++;
	} else if (o->kind == REGISTRY_EVIDENCE) {
		const struct registry_evidence *e = (const struct registry_evidence *)o;
		c->to->evidence[e->type][e->result]++;
	}
	c->last = o;
	return --c->left > 0;
}

bool metrics_count_registry(struct metrics *m)
{
	struct metrics_registry *to = &m->registry;
	if (m->env->registrar == NULL) {
		return true;
	}
	const struct registry *r = registrar_registry(m->env->registrar);
	struct counting c = {.to = to, .left = OBJECTS_SLICE};
	while (to->kind < REGISTRY_KIND_COUNT && c.left > 0) {
		c.last = NULL;
		registry_each(r, (enum registry_kind)to->kind, NULL,
			      to->after[0] != '\0' ? to->after : NULL, count_one, &c);
		if (c.left > 0) {
			to->kind++;
			to->after[0] = '\0';
		} else {
			memcpy(to->after, c.last->id.text, sizeof(to->after));
		}
	}
	return to->kind == REGISTRY_KIND_COUNT;
}

/* The names that a field's values have. */
static const char *const *names_of(enum registry_kind kind, const char *field)
{
	const struct field *f = field_find(registry_fields(kind), field);
	ASSERT(f != NULL && f->choices != NULL);
	return f->choices;
}

static bool objects(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	if (m->env->registrar == NULL || n == REGISTRY_KIND_COUNT) {
		return false;
	}
	om_label(&out->labels, "kind", registry_kind_text((enum registry_kind)n));
	out->value = m->registry.objects[n];
	return true;
}

/* The n-th state of a kind. */
static bool is_state(const struct metrics *m, enum registry_kind kind, unsigned n,
		     struct metric_sample *out)
{
	const char *const *names = names_of(kind, "state");
	if (m->env->registrar == NULL || names[n] == NULL) {
		return false;
	}
	om_label(&out->labels, "state", names[n]);
	return true;
}

static bool asns(const struct metrics *m, const struct metric_row *row, unsigned n,
		 struct metric_sample *out)
{
	(void)row;
	if (!is_state(m, REGISTRY_ASN, n, out)) {
		return false;
	}
	out->value = m->registry.asns[n];
	return true;
}

static bool prefixes(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	if (!is_state(m, REGISTRY_PREFIX, n, out)) {
		return false;
	}
	out->value = m->registry.prefixes[n];
	return true;
}

static bool evidence(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	unsigned type = n / RESULT_COUNT, result = n % RESULT_COUNT;
	if (m->env->registrar == NULL || type == EVIDENCE_TYPE_COUNT) {
		return false;
	}
	om_label(&out->labels, "type", names_of(REGISTRY_EVIDENCE, "type")[type]);
	om_label(&out->labels, "result", names_of(REGISTRY_EVIDENCE, "result")[result]);
	out->value = m->registry.evidence[type][result];
	return true;
}

static bool revision(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	const struct registrar *r = m->env->registrar;
	return metric_only(n, r != NULL, r != NULL ? registry_revision(registrar_registry(r)) : 0,
			   out);
}

static bool store(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	static const enum registrar_state states[] = {REGISTRAR_LOADING, REGISTRAR_READY,
						      REGISTRAR_READ_ONLY, REGISTRAR_BROKEN};
	if (m->env->registrar == NULL || n == ARRAY_COUNT(states)) {
		return false;
	}
	om_label(&out->labels, row->family.name, registrar_state_text(states[n]));
	out->value = registrar_state(m->env->registrar, NULL) == states[n] ? 1 : 0;
	return true;
}

/* By row->offset into the registrar's counts. */
static bool count(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	struct registrar_counts counts = {0};
	if (m->env->registrar != NULL) {
		registrar_count(m->env->registrar, &counts);
	}
	return metric_only(n, m->env->registrar != NULL, metric_at(&counts, row->offset), out);
}

static bool queue(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	(void)row;
	struct registrar_counts counts = {0};
	if (m->env->registrar != NULL) {
		registrar_count(m->env->registrar, &counts);
	}
	return metric_only(n, m->env->registrar != NULL, counts.queued, out);
}

#define COUNT(name, sentence, member)                                                              \
	METRIC("registry_" name, COUNTER, NULL, sentence, count,                                   \
	       .offset = offsetof(struct registrar_counts, member))
#define TOOK(name, sentence, member)                                                               \
	METRIC("registry_" name, GAUGE, "seconds", sentence, count,                                \
	       .offset = offsetof(struct registrar_counts, member), .value = METRIC_TIME)

static const struct metric_row rows[] = {
	METRIC("registry_objects", GAUGE, NULL, "Objects of the registry, by kind.", objects),
	METRIC("registry_asns", GAUGE, NULL, "ASNs, by state.", asns),
	METRIC("registry_prefixes", GAUGE, NULL, "Prefixes, by state.", prefixes),
	METRIC("registry_evidence", GAUGE, NULL, "Proofs, by type and result.", evidence),
	METRIC("registry_revision", GAUGE, NULL, "Number of the last change.", revision),
	METRIC("registry_store_state", STATESET, NULL, "Whether changes can be kept.", store),
	METRIC("registry_queued_commands", GAUGE, NULL, "Commands that wait.", queue),
	COUNT("commits", "Changes kept.", commits),
	COUNT("failed_commits", "Changes that the database did not keep.", failures),
	COUNT("conflicts", "Commands planned again because others were first.", conflicts),
	COUNT("foreign_changes", "Changes of other servers.", foreign),
	COUNT("refused_commands", "Commands that were refused.", refused),
	TOOK("commit_last_seconds", "What the last commit took.", commit_us_last),
	TOOK("commit_max_seconds", "The most that a commit took.", commit_us_max),
};

const struct metric_list metrics_of_registry = {rows, ARRAY_COUNT(rows)};
