/* One walk over the members for each new dump; a full ring stops it, and it goes on from there. */
#include "control/daemon/limits.h"

#include <stdlib.h>

#include "control/daemon/client.h"
#include "control/policy/limit.h"
#include "rib/base/check.h"

struct limits {
	struct limits_opts opts;
	uint32_t generation; /* Of the data: members have its limits, or the walk is under way. */
	unsigned next;	     /* Of the walk; the capacity: none is under way. */
};

struct limits *limits_new(const struct limits_opts *opts)
{
	struct limits *l = calloc(1, sizeof(*l));
	ASSERT(l != NULL);
	*l = (struct limits){.opts = *opts,
			     .generation = irr_generation(opts->irr),
			     .next = opts->roster->capacity};
	return l;
}

void limits_free(struct limits *l)
{
	free(l);
}

/* False when the member's worker takes nothing now.  Who is not added yet gets its limits then. */
static bool tell(const struct limits *l, peer_id_t peer)
{
	const struct config_client *client = roster_client(l->opts.roster, peer);
	if (client == NULL || !client->policy.max_prefix.asks_peeringdb ||
	    !server_has_member(l->opts.server, peer)) {
		return true;
	}
	struct member_status st;
	const struct member_conf conf =
		client_member(client, l->opts.state, irr_peeringdb(l->opts.irr));
	server_member_status(l->opts.server, peer, &st);
	bool is_same = true;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_same = is_same && st.max_prefix.rules.limit[f] == conf.max_prefix.limit[f];
	}
	return is_same || server_change_member(l->opts.server, peer, &conf) == 0;
}

void limits_step(struct limits *l)
{
	if (l->generation != irr_generation(l->opts.irr)) {
		l->generation = irr_generation(l->opts.irr);
		l->next = 0;
	}
	while (l->next < l->opts.roster->capacity && tell(l, (peer_id_t)l->next)) {
		l->next++;
	}
}
