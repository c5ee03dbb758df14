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

static bool write_objects(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned k = 0; m->env->registrar != NULL && k < REGISTRY_KIND_COUNT; k++) {
		struct om_labels l = {0};
		om_label(&l, "kind", registry_kind_text((enum registry_kind)k));
		om_sample(out, &row->family, &l, m->registry.objects[k]);
	}
	return true;
}

static void write_states(const struct metric_row *row, struct om_text *out,
			 const char *const *names, const uint64_t *count)
{
	for (unsigned s = 0; names[s] != NULL; s++) {
		struct om_labels l = {0};
		om_label(&l, "state", names[s]);
		om_sample(out, &row->family, &l, count[s]);
	}
}

static bool write_asns(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->registrar != NULL) {
		write_states(row, out, names_of(REGISTRY_ASN, "state"), m->registry.asns);
	}
	return true;
}

static bool write_prefixes(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->registrar != NULL) {
		write_states(row, out, names_of(REGISTRY_PREFIX, "state"), m->registry.prefixes);
	}
	return true;
}

static bool write_evidence(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	const char *const *types = names_of(REGISTRY_EVIDENCE, "type");
	const char *const *results = names_of(REGISTRY_EVIDENCE, "result");
	for (unsigned t = 0; m->env->registrar != NULL && types[t] != NULL; t++) {
		for (unsigned r = 0; results[r] != NULL; r++) {
			struct om_labels l = {0};
			om_label(&l, "type", types[t]);
			om_label(&l, "result", results[r]);
			om_sample(out, &row->family, &l, m->registry.evidence[t][r]);
		}
	}
	return true;
}

static bool write_revision(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->registrar != NULL) {
		om_sample(out, &row->family, NULL,
			  registry_revision(registrar_registry(m->env->registrar)));
	}
	return true;
}

static bool write_store(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	static const enum registrar_state states[] = {REGISTRAR_LOADING, REGISTRAR_READY,
						      REGISTRAR_READ_ONLY, REGISTRAR_BROKEN};
	for (unsigned i = 0; m->env->registrar != NULL && i < ARRAY_COUNT(states); i++) {
		struct om_labels l = {0};
		bool is_now = registrar_state(m->env->registrar, NULL) == states[i];
		om_label(&l, row->family.name, registrar_state_text(states[i]));
		om_sample(out, &row->family, &l, is_now ? 1 : 0);
	}
	return true;
}

/* By row->offset into the registrar's counts. */
static bool write_count(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	struct registrar_counts counts;
	if (m->env->registrar == NULL) {
		return true;
	}
	registrar_count(m->env->registrar, &counts);
	const void *at = (const char *)&counts + row->offset;
	const uint64_t *value = at;
	if (row->value == METRIC_TIME) {
		om_sample_us(out, &row->family, NULL, *value);
	} else {
		om_sample(out, &row->family, NULL, *value);
	}
	return true;
}

static bool write_queue(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	struct registrar_counts counts;
	if (m->env->registrar != NULL) {
		registrar_count(m->env->registrar, &counts);
		om_sample(out, &row->family, NULL, counts.queued);
	}
	return true;
}

#define COUNT(name, type, unit, help, member, value)                                               \
	{                                                                                          \
		{"causeway_registry_" name, type, unit, help}, write_count,                        \
			offsetof(struct registrar_counts, member), value                           \
	}

static const struct metric_row rows[] = {
	{{"causeway_registry_objects", OM_GAUGE, NULL, "Objects of the registry, by kind."},
	 write_objects,
	 0,
	 0},
	{{"causeway_registry_asns", OM_GAUGE, NULL, "ASNs, by state."}, write_asns, 0, 0},
	{{"causeway_registry_prefixes", OM_GAUGE, NULL, "Prefixes, by state."},
	 write_prefixes,
	 0,
	 0},
	{{"causeway_registry_evidence", OM_GAUGE, NULL, "Proofs, by type and result."},
	 write_evidence,
	 0,
	 0},
	{{"causeway_registry_revision", OM_GAUGE, NULL, "Number of the last change."},
	 write_revision,
	 0,
	 0},
	{{"causeway_registry_store_state", OM_STATESET, NULL, "Whether changes can be kept."},
	 write_store,
	 0,
	 0},
	{{"causeway_registry_queued_commands", OM_GAUGE, NULL, "Commands that wait."},
	 write_queue,
	 0,
	 0},
	COUNT("commits", OM_COUNTER, NULL, "Changes kept.", commits, METRIC_NUMBER),
	COUNT("failed_commits", OM_COUNTER, NULL, "Changes that the database did not keep.",
	      failures, METRIC_NUMBER),
	COUNT("conflicts", OM_COUNTER, NULL, "Commands planned again because others were first.",
	      conflicts, METRIC_NUMBER),
	COUNT("foreign_changes", OM_COUNTER, NULL, "Changes of other servers.", foreign,
	      METRIC_NUMBER),
	COUNT("refused_commands", OM_COUNTER, NULL, "Commands that were refused.", refused,
	      METRIC_NUMBER),
	COUNT("commit_last_seconds", OM_GAUGE, "seconds", "What the last commit took.",
	      commit_us_last, METRIC_TIME),
	COUNT("commit_max_seconds", OM_GAUGE, "seconds", "The most that a commit took.",
	      commit_us_max, METRIC_TIME),
};

const struct metric_list metrics_of_registry = {rows, ARRAY_COUNT(rows)};
