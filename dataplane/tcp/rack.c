/* The steps of RFC 8985 §6.2 that deal in times. */
#include "dataplane/tcp/rack.h"

#include "rib/base/check.h"

#define MIN_RTT_LIFE_US (300 * USEC_PER_SEC) /* A path may become longer. */
#define WIDEN_MAX	8		     /* Two round trips; srtt is the bound anyhow. */
#define PERSIST		16		     /* RFC 8985 §6.2 step 4: recoveries. */

void rack_init(struct rack *r)
{
	*r = (struct rack){.widen = 1};
}

usec_t rack_resent_upto(const struct rack *r, usec_t now)
{
	return now - min_u64(now, r->min_rtt_us);
}

void rack_note(struct rack *r, const struct sack_news *news, usec_t now)
{
	if (news->newest_end == 0) {
		return;
	}
	ASSERT(news->newest_at <= now);
	usec_t rtt = now - news->newest_at;

	if (!news->is_newest_again &&
	    (r->min_rtt_us == 0 || rtt <= r->min_rtt_us || now - r->min_rtt_at > MIN_RTT_LIFE_US)) {
		r->min_rtt_us = max_u64(rtt, 1);
		r->min_rtt_at = now;
	}
	r->rtt_us = rtt;
	if (news->newest_at > r->sent_at ||
	    (news->newest_at == r->sent_at && news->newest_end > r->end)) {
		r->sent_at = news->newest_at;
		r->end = news->newest_end;
	}
	/* What was sent once and lies below what arrived before it has been overtaken. */
	if (news->clean_low != 0 && news->clean_low < r->highest) {
		r->has_reordering = true;
	}
	r->highest = max_u64(r->highest, news->newest_end);
}

void rack_dsack(struct rack *r, uint64_t una, uint64_t end)
{
	if (una < r->dsack_end) {
		return;
	}
	r->dsack_end = end;
	r->persist = PERSIST;
	if (r->widen < WIDEN_MAX) {
		r->widen++;
	}
}

void rack_overtaken(struct rack *r)
{
	r->has_reordering = true;
}

void rack_recovered(struct rack *r)
{
	if (r->persist > 0 && --r->persist == 0) {
		r->widen = 1;
	}
}

usec_t rack_window(const struct rack *r, usec_t srtt_us, bool is_sure)
{
	if (!r->has_reordering && is_sure) {
		return 0;
	}
	return min_u64(r->widen * r->min_rtt_us / 4, srtt_us);
}
