/* The first of three places that has a name. */
#include "control/irr/choose.h"

#include <string.h>

#include "rib/base/check.h"

void irr_choose(const struct irr_choice *c, struct irr_names *out)
{
	struct irr_name name;
	*out = (struct irr_names){.count = 0};
	for (unsigned i = 0; i < c->as_set_count; i++) {
		/* The configuration's reader has refused what is no name. */
		if (irr_name_parse(c->as_sets[i], strlen(c->as_sets[i]), &name)) {
			(void)irr_names_add(out, &name);
		}
	}
	const struct peeringdb_net *net =
		c->asks_peeringdb ? peeringdb_find(c->dump, c->asn) : NULL;
	if (out->count == 0 && net != NULL && net->as_set != NULL) {
		(void)irr_names_add_text(out, net->as_set);
	}
	if (out->count == 0) {
		name = irr_name_of_asn(c->asn);
		(void)irr_names_add(out, &name);
	}
	ASSERT(out->count > 0);
}
