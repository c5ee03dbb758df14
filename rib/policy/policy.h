/* The rules of one generation: what members may announce, and who hears it.
 *
 * Made by control from files, IRR, RPKI and the registry; immutable from policy_finish() on;
 * published to the workers, each of which adopts it in a turn of its choice.  One generation at a
 * time: the next is published only when every shard has judged by the last.
 *
 * Sets of prefixes and numbers are counted, so that generations share what did not change, and so
 * are the rules of a member.  All counting is control's; workers only read. */
#pragma once

#include "rib/policy/pattern.h"
#include "rib/policy/reject.h"

struct prefix_set; /* prefix_set.h */
struct asn_set;	   /* asn_set.h */
struct roa;	   /* roa.h */
struct aspa;	   /* aspa.h */
struct own_routes; /* own.h */

enum next_hop_rule { NEXT_HOP_ANY, NEXT_HOP_STRICT, NEXT_HOP_SAME_AS, NEXT_HOP_AUTHORIZED };
enum blackhole_rule { BLACKHOLE_OFF, BLACKHOLE_UNCHANGED, BLACKHOLE_REWRITE };
/* What becomes of a rejected route is one thing: it is kept, and sent to nobody.  By this it is
 * shown with the communities that say why. */
enum reject_policy { REJECT_POLICY_REJECT, REJECT_POLICY_TAG, REJECT_POLICY_TAG_AND_REJECT };

/* Communities of one form that a member's routes may have attached. */
#define ATTACH_MAX 48

/* What holds for one member: as who announces, and as who receives.  `cfg` and the member's own
 * `cfg` merged.  A set that is NULL is empty. */
struct peer_policy {
	uint32_t refs; /* Control's. */
	asn_t asn;
	uint16_t asn_alias; /* `16bit_mapped_asn`; 0: none. */
	struct addr addr;

	/* As who announces. */
	enum next_hop_rule next_hop; /* ANY: whatever is usable. */
	struct addr *authorized;     /* AUTHORIZED: these. */
	unsigned authorized_count;
	struct {
		uint8_t min, max; /* max 0: no rule. */
	} len[FAMILY_COUNT];
	uint8_t path_len_max;	 /* 0: no rule. */
	bool enforces_first_as;	 /* The left-most AS is the member's. */
	bool rejects_invalid_as; /* `reject_invalid_as_in_as_path` */
	bool enforces_origin, enforces_prefix, allows_longer; /* `irrdb` */
	bool has_rov, rejects_rov_invalid;
	bool has_aspa, rejects_aspa_invalid;
	bool has_graceful_shutdown;
	enum reject_policy reject_policy;
	uint16_t communities_max; /* Of all forms together; 0: no rule. */
	uint32_t graceful_shutdown_pref;
	struct asn_set *as_set;		  /* Origins by IRR. */
	struct prefix_set *as_set_prefix; /* Prefixes by IRR, ge = le = their lengths. */
	struct asn_set *white_asn;
	struct prefix_set *white_prefix;
	struct prefix_set *white_route; /* With origins. */
	struct prefix_set *black;
	struct community_value *attach; /* `attach_custom_communities` */
	unsigned attach_count;
	/* By the registry; with is_restricted nothing else is accepted, whatever the IRR says. */
	bool is_restricted;
	struct prefix_set *authorised;
	/* Of these, what is for `limited_to` alone (bits; NULL: nobody), and what is about to go:
	 * where the most specific authorisation of a route is one of them. */
	struct prefix_set *limited, *draining;
	uint64_t *limited_to;

	/* As who receives. */
	bool has_blackhole_to;		 /* `announce_to_client` */
	struct prefix_set *export_deny;	 /* Not to this member; */
	struct prefix_set *export_allow; /* these alone.  NULL: no rule. */
	uint64_t *hears; /* Bits: members whose routes it may have.  NULL: everyone's. */
};

/* Numbers that nobody has.  What they are kept from, as who receives, nobody who gets one has to be
 * kept from anew. */
struct vacancy {
	uint64_t *numbers; /* Bits; NULL: none. */
	uint64_t *hears;   /* As a member's. */
};

#define VACANCIES 2 /* Who is in none of them hears everyone. */

struct policy_index;

struct policy {
	uint32_t generation;
	asn_t rs_as;
	unsigned peer_count;
	/* A number without rules is nobody's: what its last member announced, and is still on its
	 * way out, goes nowhere.  But for `origin`, whose routes are `own`; PEER_NONE: none is.
	 * Not set: nothing is checked of a number without rules, and everyone hears it. */
	bool knows_members;
	peer_id_t origin;
	struct own_routes *own;
	struct community_pattern pattern[COMMUNITY_NAME_COUNT][COMMUNITY_FORM_COUNT];
	struct community_pattern cause_map[REJECT_CODE_COUNT][COMMUNITY_FORM_COUNT];
	struct community_value *custom; /* `custom_communities`: scrubbed on input. */
	unsigned custom_count;
	bool obeys_well_known;	 /* `rfc1997_wellknown_communities`: rfc1997. */
	bool rejects_not_global; /* IPv6 outside 2000::/3. */
	bool has_transit_rule, transit_is_warning;
	bool uses_roas_as_route_objects;
	bool tags_as_set;	    /* `irrdb.tag_as_set` */
	bool has_graceful_shutdown; /* Members that take no part lose the community. */
	bool blackhole_adds_noexport;
	enum blackhole_rule blackhole[FAMILY_COUNT];
	struct addr blackhole_next_hop[FAMILY_COUNT]; /* REWRITE. */
	struct asn_set *transit_free;
	struct asn_set *never_via_rs;
	struct prefix_set *global_black;
	struct prefix_set *bogon;
	struct prefix_set *registrobr; /* Prefixes with origins, and all longer ones. */
	struct roa *roa;
	struct aspa *aspa;
	uint16_t *rtt_threshold_ms; /* The values that RTT communities may name. */
	unsigned rtt_threshold_count;
	uint16_t *rtt_ms; /* [peer] as measured; 0: not known.  NULL: of nobody. */
	struct vacancy vacant[VACANCIES];
	const struct policy_index *index; /* Made by policy_finish(). */
	struct peer_policy *peer[];	  /* [peer_count]; NULL: no such member. */
};

/* All zero: nothing is rejected, no community means anything, everyone hears everyone.  NULL when
 * memory is short. */
struct policy *policy_new(unsigned peer_count);
/* Derive what the judge looks up; nothing may be changed afterwards.  False: memory is short. */
bool policy_finish(struct policy *p);
/* Gives back every set and member's rules, and frees the arrays (malloc).  NULL is fine. */
void policy_free(struct policy *p);

struct peer_policy *peer_policy_new(void); /* One reference; all zero; NULL: memory is short. */
void peer_policy_hold(struct peer_policy *p);
/* The last one gives back its sets and frees its arrays (malloc).  NULL is fine. */
void peer_policy_put(struct peer_policy *p);
