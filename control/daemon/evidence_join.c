#include "control/daemon/evidence_join.h"

#include <stdlib.h>

#include "rib/base/check.h"

struct evidence_join {
	struct registrar *registrar;
	const struct rpki *rpki;
	const struct config *config;
	struct evidence *evidence;
};

static const struct registry *registry(void *context)
{
	struct evidence_join *j = context;
	const bool is_ready = registrar_state(j->registrar, NULL) == REGISTRAR_READY;
	return is_ready ? registrar_registry(j->registrar) : NULL;
}

static const struct registry_rules *rules(void *context)
{
	return registrar_rules(((struct evidence_join *)context)->registrar);
}

/* Good as long as one of the sources in use is asked, or is lost for no longer than its data are
 * said to be good (RFC 8210 §6). */
static struct roa *roa(void *context, const char **out_stale)
{
	const struct rpki *r = ((struct evidence_join *)context)->rpki;
	const char *why = rpki_source_count(r) == 0 ? "no RPKI source is configured"
						    : "there are no RPKI data yet";
	for (unsigned i = 0; i < rpki_source_count(r) && rpki_roa(r) != NULL; i++) {
		const struct source *s = rpki_source(r, i);
		if (!s->is_used) {
			continue;
		}
		if (s->is_current || s->alarm == SOURCE_LOST) {
			*out_stale = NULL;
			return rpki_roa(r);
		}
		why = s->detail;
	}
	*out_stale = why;
	return rpki_roa(r);
}

static bool has_duty(void *context)
{
	return registrar_has_duty(((struct evidence_join *)context)->registrar);
}

static void submit(void *context, const struct registry_command *c, evidence_done *done,
		   void *done_context)
{
	struct evidence_join *j = context;
	const struct registrar_command command = {.command = *c};
	registrar_submit(j->registrar, &command, done, done_context);
}

static void forget(void *context, void *done_context)
{
	registrar_forget(((struct evidence_join *)context)->registrar, done_context);
}

static void changed(void *context, const struct registry_change *change)
{
	evidence_changed(((struct evidence_join *)context)->evidence, change);
}

struct evidence_join *evidence_join_new(struct registrar *registrar, const struct rpki *rpki,
					const struct config *c, uint64_t seed)
{
	struct evidence_join *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct evidence_join){.registrar = registrar, .rpki = rpki, .config = c};
	const struct evidence_opts opts = {.world = {.context = j,
						     .registry = registry,
						     .rules = rules,
						     .roa = roa,
						     .has_duty = has_duty,
						     .submit = submit,
						     .forget = forget},
					   .conf = &c->registry,
					   .irr = &c->irr,
					   .seed = seed};
	j->evidence = evidence_new(&opts);
	registrar_listen(registrar, changed, j);
	return j;
}

void evidence_join_free(struct evidence_join *j)
{
	if (j != NULL) {
		registrar_unlisten(j->registrar, j);
		evidence_free(j->evidence);
		free(j);
	}
}

void evidence_join_adopt(struct evidence_join *j)
{
	if (j != NULL) {
		evidence_configure(j->evidence, &j->config->irr);
	}
}

struct evidence *evidence_join_evidence(struct evidence_join *j)
{
	return j != NULL ? j->evidence : NULL;
}

unsigned evidence_join_fds(const struct evidence_join *j, struct pollfd out[EVIDENCE_FDS_MAX])
{
	return j != NULL ? evidence_fds(j->evidence, out) : 0;
}

bool evidence_join_step(struct evidence_join *j, usec_t now, int64_t now_s)
{
	return j != NULL && evidence_step(j->evidence, now, now_s);
}
