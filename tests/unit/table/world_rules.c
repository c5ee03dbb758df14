/* Rules: who judges by which, and what becomes of routes.  See world.h. */
#include "tests/unit/table/world_own.h"

struct judge *judge_of(const struct world *w, struct intern *intern)
{
	if (w->policy == NULL) {
		return NULL;
	}
	struct judge *j = judge_new(&(struct judge_opts){intern, WORLD_PEERS, KEY});
	cr_assert(judge_adopt(j, w->policy));
	return j;
}

void judge_op(struct world *w, unsigned member, unsigned variant, struct op *op)
{
	core_id_t core = op->from;
	struct judge *j = w->judge[core];
	struct made made;
	if (j == NULL) {
		op->attr = make_attr(w->intern[core], member, variant, (enum family)op->family);
		return;
	}
	make_draft(member, variant, (enum family)op->family, &made);
	judge_begin(j, op->peer, &made.draft, &made.hop, (enum reject)op->reason);
	struct judged v = judge_route(j, &op->prefix);
	judge_end(j);
	op->attr = v.attr;
	op->reason = (uint8_t)v.reason;
	op->policy = (uint16_t)judge_generation(j);
}

const struct attr *own_attr(struct world *w, unsigned member, unsigned variant, enum family family)
{
	struct made made;
	make_draft(member, variant, family, &made);
	made.draft.facts.local_pref = w->policy != NULL ? 100 : made.draft.facts.local_pref;
	return intern_get(w->own, &made.draft, &made.hop, 1);
}

bool has_swept(const struct world *w)
{
	for (unsigned s = 0; s < w->opts.shards; s++) {
		if (w->policy != NULL && shard_swept(w->shard[s]) != w->policy->generation) {
			return false;
		}
	}
	return true;
}

bool world_publish(struct world *w, const struct make_rules *rules)
{
	cr_assert(w->opts.has_reach);
	if (!has_swept(w) || w->era_count == WORLD_ERA) {
		return false;
	}
	policy_free(w->older);
	policy_scope_fini(&w->scope);
	struct make_rules next = *rules;
	next.generation = w->policy->generation + 1;
	w->older = w->policy;
	w->policy = make_policy(&next);
	(void)policy_scope_between(w->older, w->policy, NULL, &w->scope);
	w->era[w->era_count++] = next;
	return true;
}

void world_adopt(struct world *w, unsigned core)
{
	struct judge *j = w->judge[core];
	if (j != NULL && judge_policy(j) != w->policy) {
		cr_assert(judge_adopt(j, w->policy));
		shard_adopt(w->shard[core], w->policy, &w->scope);
	}
}
