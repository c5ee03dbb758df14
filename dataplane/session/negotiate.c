/* What two OPENs agree on.
 *
 * An OPEN that could be read is not yet one that we can live with: the AS must be the configured
 * one, the hold time not below the operator's bound, and at least one family must be common.  The
 * rest is the smaller of two wishes.
 *
 * RFC 4271 §4.2, §6.2; RFC 4760 §8; RFC 5492 §5; RFC 6286 §2.2; RFC 6793 §4.1. */
#include "dataplane/session/session_priv.h"

#include "rib/base/check.h"

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

bool session_negotiate(const struct session_conf *conf, const struct open *peer,
		       struct update_opts *out_opts, uint16_t *out_hold_s, struct notify *out_why)
{
	if (peer->asn != conf->peer_as) {
		*out_why = notify_make(NOTIFY_OPEN, NOTIFY_OPEN_PEER_AS);
		return false;
	}
	/* RFC 6286 §2.2: identifiers need to differ within one AS only. */
	if (peer->router_id == conf->router_id && peer->asn == conf->local_as) {
		*out_why = notify_make(NOTIFY_OPEN, NOTIFY_OPEN_BGP_ID);
		return false;
	}
	if (peer->hold_s < conf->hold_min_s) {
		*out_why = notify_make(NOTIFY_OPEN, NOTIFY_OPEN_HOLD_TIME);
		return false;
	}
	struct update_opts opts = {.is_as4 = peer->has_as4, .local_as = conf->local_as};
	bool has_any = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		opts.families[f] = conf->families[f] && peer->families[f];
		has_any |= opts.families[f];
	}
	if (!has_any) {
		*out_why = no_common_family(conf);
		return false;
	}
	*out_opts = opts;
	/* Zero, "no hold timer", is the smallest. */
	*out_hold_s = (uint16_t)min_u64(conf->hold_s, peer->hold_s);
	return true;
}
