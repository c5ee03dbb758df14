/* How large a segment the path takes: told by ICMP, or found out.
 *
 * ICMP is believed only when it quotes something in flight (RFC 5927 §7): who cannot see the
 * segments would have to guess the number.  It only ever lowers, and never below TCP_MSS_MIN (IPv4)
 * or the 1,280 bytes of RFC 8201 §4.
 * Where the ICMP does not come (a black hole), three timeouts in a row of a segment larger than a
 * common size are taken for its sign, and the next smaller size is tried with each further one;
 * whether smaller ones pass then shows.
 * Up again goes one segment of the agreed size, with real data; when it is acknowledged all are
 * that large, when it is lost nothing changes (RFC 4821 §7.5, §7.6).  After a mere suspicion that
 * is tried at once, because bad luck or a peer that was away look the same; then more and more
 * rarely, at last every ten minutes, as after an ICMP (RFC 1191 §6.3).
 */
#include "dataplane/tcp/tcp_steps.h"

#define RAISE_MIN_US	  (10 * USEC_PER_SEC)
#define RAISE_MAX_US	  (600 * USEC_PER_SEC)
#define SUSPECT_TIMEOUTS  3
#define IPV6_MTU_MIN	  1280
#define HEADERS_LEN(ipv6) ((ipv6) ? 40u + TCP_HEADER_MIN : 20u + TCP_HEADER_MIN)

/* RFC 1191 §7: sizes of common links, for routers that do not say theirs. */
static const uint16_t plateaus[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
/* What is tried against black holes: Ethernet, tunnels and IPv6's least, and RFC 791's least. */
static const uint16_t bases[] = {1500, IPV6_MTU_MIN, 576};

static uint32_t headers_len(const struct tcp *c)
{
	return HEADERS_LEN(c->conf.remote.addr.family == FAMILY_IPV6);
}

static uint32_t mss_min(const struct tcp *c)
{
	return c->conf.remote.addr.family == FAMILY_IPV6 ? IPV6_MTU_MIN - headers_len(c)
							 : TCP_MSS_MIN;
}

/* What the options of every segment take. */
static uint32_t options_len(const struct tcp *c)
{
	struct seg s = {.wscale = WSCALE_NONE,
			.has_ts = c->has_ts,
			.auth = c->conf.auth,
			.mac_len = c->conf.mac_len};

	return (uint32_t)seg_header_len(&s) - TCP_HEADER_MIN;
}

static void set_path(struct tcp *c, uint32_t mss)
{
	c->mss_path = mss;
	c->snd_mss = mss - options_len(c);
	c->raise_to = 0;
	c->is_raise_due = false;
	if (c->cc.mss != 0) {
		cc_set_mss(&c->cc, c->snd_mss);
	}
	tcp_show(c);
}

void tcp_path_init(struct tcp *c, uint32_t mss)
{
	c->mss_agreed = mss;
	set_path(c, mss);
}

uint32_t tcp_path_full(const struct tcp *c)
{
	return c->mss_agreed - options_len(c);
}

static void lower(struct tcp *c, uint32_t mss, usec_t raise_us, usec_t now)
{
	metric_add(&c->stats.path_lowered, 1);
	c->raise_us = raise_us;
	c->raise_at = now + raise_us;
	set_path(c, mss);
}

/* The largest of `sizes` below the present one; 0 when there is none. */
static uint16_t next_below(const struct tcp *c, const uint16_t *sizes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sizes[i] < c->mss_path + headers_len(c)) {
			return sizes[i];
		}
	}
	return 0;
}

/* Everything in flight again, in smaller pieces; the path, not congestion, has swallowed it. */
static void send_again(struct tcp *c, usec_t now)
{
	c->mark = 0;
	if (c->has_sack) {
		tcp_recover_timeout(c);
	} else {
		c->snd_nxt = c->snd_una;
		c->is_resend_due = true;
		c->dups = 0;
	}
	tcp_rto_restart(c, now);
}

void tcp_too_big(struct tcp *c, seq_t quoted, uint16_t mtu, usec_t now)
{
	uint64_t position = seq_widen(c->snd_una, quoted);

	/* Before the handshake is complete nothing large is in flight. */
	if (c->state == TCP_CLOSED || c->state < TCP_ESTABLISHED || c->is_aborting ||
	    position < c->snd_una || position >= c->snd_max) {
		tcp_drop(c, TCP_DROP_TOO_BIG_OUTSIDE);
		return;
	}
	if (mtu == 0) {
		mtu = next_below(c, plateaus, ARRAY_COUNT(plateaus));
	}
	uint32_t mss = mtu > headers_len(c) ? mtu - headers_len(c) : 0;

	mss = (uint32_t)max_u64(mss, mss_min(c));
	if (mss >= c->mss_path) {
		tcp_drop(c, TCP_DROP_TOO_BIG_IGNORED);
		return;
	}
	lower(c, mss, RAISE_MAX_US, now);
	send_again(c, now);
}

void tcp_path_suspect(struct tcp *c, usec_t now)
{
	uint16_t mtu = next_below(c, bases, ARRAY_COUNT(bases));
	uint32_t mss = mtu > headers_len(c) ? mtu - headers_len(c) : 0;

	tcp_path_failed(c, now);
	if (c->timeouts < SUSPECT_TIMEOUTS || mss < mss_min(c) ||
	    min_u64(tcp_flight(c), c->snd_mss) + options_len(c) <= mss) {
		return;
	}
	lower(c, mss, 0, now);
}

void tcp_path_ack(struct tcp *c, usec_t now)
{
	if (c->raise_to != 0 && c->snd_una >= c->raise_to) {
		set_path(c, c->mss_agreed);
	}
	if (c->mss_path < c->mss_agreed && now >= c->raise_at && c->raise_to == 0) {
		c->is_raise_due = true;
	}
}

void tcp_path_failed(struct tcp *c, usec_t now)
{
	if (c->raise_to != 0) {
		c->raise_to = 0;
		c->raise_us = min_u64(max_u64(8 * c->raise_us, RAISE_MIN_US), RAISE_MAX_US);
		c->raise_at = now + c->raise_us;
	}
}
