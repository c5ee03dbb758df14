/* What two OPENs agree on.
 *
 * An OPEN that could be read is not yet one that we can live with: the AS must be the configured
 * one, the hold time not below the operator's bound, and at least one family must be common.  The
 * rest is the smaller of two wishes.
 *
 * RFC 4271 §4.2, §6.2; RFC 4760 §8; RFC 5492 §5; RFC 6286 §2.2; RFC 6793 §4.1; RFC 8654 §4;
 * RFC 8950 §4; RFC 9234 §4.2. */
#include "dataplane/session/session_priv.h"

#include "rib/base/check.h"
#include "rib/table/shard.h"
#include "rib/wire/role.h"

enum { CAP_MULTIPROTOCOL = 1, SAFI_UNICAST = 1 };

static const uint16_t afi_of[FAMILY_COUNT] = {[FAMILY_IPV4] = 1, [FAMILY_IPV6] = 2};

/* RFC 5492 §5: the data names the capabilities that were missed. */
static struct notify no_common_family(const struct session_conf *conf)
{
	uint8_t data[6 * FAMILY_COUNT];
	struct wr w = wr_of(data, sizeof(data));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (conf->families[f]) {
			wr_u8(&w, CAP_MULTIPROTOCOL);
			wr_u8(&w, 4);
			wr_u16(&w, afi_of[f]);
			wr_u8(&w, 0);
			wr_u8(&w, SAFI_UNICAST);
		}
	}
	ASSERT(wr_is_ok(&w));
	return notify_with(NOTIFY_OPEN, NOTIFY_OPEN_CAPABILITY, span_of(data, wr_len(&w)));
}

/* RFC 4724 §3, RFC 8538 §2, RFC 9494 §3.1, §4.1. */
static void offer_restart(const struct session_conf *conf, struct open *o)
{
	if (conf->stale_s == 0) {
		return;
	}
	/* RFC 4724 §4: without a restart time no family, and then we only help; RFC 8538 §2: the
	 * member's routes stay also when a NOTIFICATION ends the session. */
	o->graceful = (struct open_graceful){.is_present = true,
					     .has_notification = true,
					     .is_restarting = conf->is_restarting,
					     .restart_s = conf->restart_s};
	o->long_lived.is_present = conf->long_stale_s != 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		/* The F bit always: a route server forwards nothing, so what it has told stays
		 * as good as its announcers are, however its session ended. */
		bool is_kept = conf->restart_s != 0 && conf->families[f];
		o->graceful.families[f] = o->graceful.is_forwarding[f] = is_kept;
		if (o->long_lived.is_present && is_kept) {
			o->long_lived.families[f] = o->long_lived.is_forwarding[f] = true;
			o->long_lived.stale_s[f] = conf->long_stale_s;
		}
	}
}

struct open session_offer(const struct session_conf *conf)
{
	struct open o = {
		.asn = conf->local_as,
		.hold_s = conf->hold_s,
		.router_id = conf->router_id,
		.has_as4 = true,
		.has_refresh = true,
		.has_multiprotocol = true,
		.has_enhanced_refresh = conf->has_enhanced_refresh,
		.has_extended_message = conf->has_extended_message,
		.has_next_hop6 = conf->has_next_hop6,
		.has_role = conf->has_role,
		.role = conf->role,
	};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		o.families[f] = conf->families[f];
		o.add_path[f] = conf->families[f] ? conf->add_path[f] : 0;
	}
	offer_restart(conf, &o);
	return o;
}

/* RFC 9234 §4.2: both say a role and these do not fit, or the other says none and has to (strict
 * mode).  A role of the other's alone is not looked at: we have none to compare it with. */
static bool is_role_acceptable(const struct session_conf *conf, const struct open *peer)
{
	if (!conf->has_role) {
		return true;
	}
	return peer->has_role ? role_is_pair(conf->role, peer->role) : !conf->is_role_strict;
}

/* Whether the other's OPEN can be lived with at all. */
static bool is_acceptable(const struct session_conf *conf, const struct open *peer,
			  struct notify *out_why)
{
	uint8_t subcode = 0;
	if (peer->asn != conf->peer_as) {
		subcode = NOTIFY_OPEN_PEER_AS;
	} else if (peer->router_id == conf->router_id && peer->asn == conf->local_as) {
		/* RFC 6286 §2.2: identifiers need to differ within one AS only. */
		subcode = NOTIFY_OPEN_BGP_ID;
	} else if (peer->hold_s < conf->hold_min_s) {
		subcode = NOTIFY_OPEN_HOLD_TIME;
	} else if (!is_role_acceptable(conf, peer)) {
		subcode = NOTIFY_OPEN_ROLE;
	}
	*out_why = notify_make(NOTIFY_OPEN, subcode);
	return subcode == 0;
}

/* How the member is sent a family. */
static uint8_t class_of(const struct session_conf *conf, const struct open *peer,
			enum family family)
{
	uint8_t class_idx = 0;
	if (!peer->has_as4) {
		class_idx |= WIRE_CLASS_AS2;
	}
	if ((conf->add_path[family] & ADD_PATH_SEND) != 0 &&
	    (peer->add_path[family] & ADD_PATH_RECEIVE) != 0) {
		class_idx |= WIRE_CLASS_PATHS;
	}
	/* RFC 8654 §4: longer ones "only if the ... Capability was received from that peer". */
	if (conf->has_extended_message && peer->has_extended_message) {
		class_idx |= WIRE_CLASS_LONG;
	}
	/* RFC 8950 §4: to those alone that have said so; of IPv6 prefixes it says nothing. */
	if (family == FAMILY_IPV4 && conf->has_next_hop6 && peer->has_next_hop6) {
		class_idx |= WIRE_CLASS_NEXT_HOP6;
	}
	/* RFC 9234 §4.2: "the locally configured BGP Role is used for the procedures". */
	if (conf->has_role && role_adds_otc(conf->role)) {
		class_idx |= WIRE_CLASS_OTC_ADD;
	}
	if (conf->has_role && role_denies_otc(conf->role)) {
		class_idx |= WIRE_CLASS_OTC_DENY;
	}
	if (peer->long_lived.is_present) {
		class_idx |= WIRE_CLASS_LLGR; /* RFC 9494 §4.3 */
	}
	if (conf->prepends_local_as) {
		class_idx |= WIRE_CLASS_PREPEND;
	}
	return class_idx;
}

bool session_negotiate(const struct session_conf *conf, const struct open *peer,
		       struct session_terms *out, struct notify *out_why)
{
	if (!is_acceptable(conf, peer, out_why)) {
		return false;
	}
	struct session_terms terms = {
		/* Zero, "no hold timer", is the smallest. */
		.hold_s = (uint16_t)min_u64(conf->hold_s, peer->hold_s),
		/* What we have advertised binds us, whatever the other can take (RFC 8654 §4). */
		.message_max = conf->has_extended_message ? UINT16_MAX : BGP_MESSAGE_MAX,
		.has_enhanced_refresh = conf->has_enhanced_refresh && peer->has_enhanced_refresh,
		.opts = {.is_as4 = peer->has_as4,
			 .has_next_hop6 = conf->has_next_hop6 && peer->has_next_hop6,
			 .accepts_as_set = conf->accepts_as_set,
			 .first_as = conf->enforces_first_as ? conf->peer_as : 0,
			 .local_as = conf->local_as,
			 .peer_as = conf->peer_as,
			 .has_role = conf->has_role,
			 .role = conf->role,
			 .lists = &conf->lists,
			 .has_graceful_shutdown = conf->has_graceful_shutdown,
			 .graceful_shutdown_pref = conf->graceful_shutdown_pref},
	};
	unsigned count = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		terms.families[f] = conf->families[f] && peer->families[f];
		terms.opts.families[f] = terms.families[f];
		terms.opts.has_path_ids[f] = (conf->add_path[f] & ADD_PATH_RECEIVE) != 0 &&
					     (peer->add_path[f] & ADD_PATH_SEND) != 0;
		terms.class_idx[f] = class_of(conf, peer, (enum family)f);
		count += terms.families[f];
	}
	/* RFC 7606 §2 leaves the choice: with one family a new session is the better answer. */
	terms.opts.can_disable = count > 1;
	if (count == 0) {
		*out_why = no_common_family(conf);
		return false;
	}
	*out = terms;
	return true;
}
