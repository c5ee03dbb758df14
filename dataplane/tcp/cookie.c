/* The handshake is played with a connection that lives for one call: once to make the SYN+ACK, and
 * once more when its answer comes.  So both are made by the same code that a lasting one would use,
 * and nothing that the tcp machine negotiates can differ between the two.  RFC 4987 §3.6. */
#include "dataplane/tcp/cookie.h"

#include "dataplane/tcp/prf.h"
#include "dataplane/tcp/tcp_steps.h"
#include "rib/base/check.h"

#define BITS_PLAIN	 3 /* The MSS. */
#define BITS_FULL	 8 /* And window scale (4), SACK (1). */
#define WSCALE_ABSENT	 0xff
#define WSCALE_CODE_NONE 15 /* RFC 7323 §2.3: a shift is at most 14. */

/* What links and tunnels make; an offer is rounded down. */
static const uint16_t mss_table[1 << BITS_PLAIN] = {TCP_MSS_MIN, 536,  1220, 1380,
						    1440,	 1460, 8940, 8960};

static uint32_t mss_code(uint16_t mss)
{
	uint32_t code = ARRAY_COUNT(mss_table) - 1;
	while (code > 0 && mss_table[code] > mss) {
		code--;
	}
	return code;
}

/* Whether the cookie holds all that the SYN offers. */
static bool is_full(const struct tcp_conf *conf, bool has_ts)
{
	return has_ts || conf->auth != SEG_AUTH_NONE;
}

/* What is remembered of a SYN, in the low bits of the cookie. */
static uint32_t code_of(const struct tcp_conf *conf, const struct seg *syn)
{
	uint16_t absent =
		conf->remote.addr.family == FAMILY_IPV4 ? 536 : 1220; /* RFC 9293 §3.7.1. */
	uint32_t code = mss_code(syn->mss == 0 ? absent : syn->mss);
	if (is_full(conf, syn->has_ts)) {
		uint32_t scale = syn->wscale == WSCALE_ABSENT
					 ? WSCALE_CODE_NONE
					 : (uint32_t)min_u64(syn->wscale, WSCALE_CODE_NONE - 1);
		code |= scale << BITS_PLAIN;
		code |= (uint32_t)syn->has_sack_permitted << (BITS_FULL - 1);
	}
	return code;
}

/* The SYN as `code` and the ACK that followed it tell. */
static struct seg syn_of(const struct tcp_conf *conf, uint32_t code, const struct seg *ack)
{
	struct seg syn = {
		.seq = ack->seq - 1,
		.flags = TCP_SYN,
		.window = ack->window,
		.mss = mss_table[code & ((1 << BITS_PLAIN) - 1)],
		.wscale = WSCALE_ABSENT,
		.has_ts = ack->has_ts,
		.ts_val = ack->ts_val,
		.auth = ack->auth,
	};
	if (is_full(conf, ack->has_ts)) {
		uint32_t scale = code >> BITS_PLAIN & 15;
		syn.wscale = scale == WSCALE_CODE_NONE ? WSCALE_ABSENT : (uint8_t)scale;
		syn.has_sack_permitted = code >> (BITS_FULL - 1) != 0;
	}
	return syn;
}

static uint32_t cookie_of(const struct tcp_conf *conf, const struct seg *syn, uint32_t code,
			  uint64_t key, usec_t now)
{
	unsigned bits = is_full(conf, syn->has_ts) ? BITS_FULL : BITS_PLAIN;
	uint64_t word[7];
	memcpy(word, conf->local.addr.bytes, 16);
	memcpy(word + 2, conf->remote.addr.bytes, 16);
	word[4] = (uint64_t)conf->remote.addr.family << 32 | (uint64_t)conf->local.port << 16 |
		  conf->remote.port;
	word[5] = (uint64_t)syn->seq << 32 | code << 1 | (syn->has_ts ? 1 : 0);
	word[6] = now / TCP_COOKIE_US;
	return (uint32_t)tcp_prf(word, ARRAY_COUNT(word), key) << bits | code;
}

/* A connection that has received `syn` and sent its SYN+ACK, `*out`, at `when`. */
static struct tcp *handshake(const struct tcp_conf *conf, uint32_t cookie, const struct seg *syn,
			     usec_t when, struct seg *out)
{
	struct tcp_conf with_iss = *conf;
	struct tcp *c = tcp_new();
	if (c == NULL) {
		return NULL;
	}
	with_iss.iss = cookie;
	tcp_accept(c, &with_iss, syn, when);
	bool has_sent = tcp_tx(c, out, when);
	ASSERT(has_sent && out->flags == (TCP_SYN | TCP_ACK));
	return c;
}

bool tcp_cookie_answer(const struct tcp_conf *conf, const struct seg *syn, uint64_t key, usec_t now,
		       struct seg *out)
{
	struct seg remembered = *syn;
	ASSERT((syn->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN);
	remembered.payload.len = 0; /* It will be sent again. */
	if (conf->auth == SEG_AUTH_MD5 && syn->has_sack_permitted && !conf->has_no_sack) {
		remembered.has_ts = false; /* As tcp_accept will choose; the ACK has none. */
	}
	if (!is_full(conf, remembered.has_ts)) {
		remembered.wscale = WSCALE_ABSENT;
		remembered.has_sack_permitted = false;
	}
	uint32_t code = code_of(conf, &remembered);
	uint32_t cookie = cookie_of(conf, &remembered, code, key, now);
	struct tcp *c = handshake(conf, cookie, &remembered, now, out);
	bool is_made = c != NULL;
	tcp_free(c);
	return is_made;
}

/* How long ago our SYN+ACK left, as the echoed timestamp tells; false: it is none of ours. */
static bool age_of(const struct tcp_conf *conf, const struct seg *ack, usec_t now, usec_t *out)
{
	uint32_t ticks = (uint32_t)(now / USEC_PER_MSEC) + conf->ts_offset - ack->ts_ecr;
	if (!ack->has_ts) {
		*out = 0;
		return true;
	}
	*out = min_u64(ticks * USEC_PER_MSEC, now);
	return ticks * USEC_PER_MSEC <= TCP_COOKIE_US;
}

struct tcp *tcp_cookie_open(const struct tcp_conf *conf, const struct seg *ack, uint64_t key,
			    usec_t now)
{
	uint32_t cookie = ack->ack - 1;
	uint32_t code =
		cookie & ((1u << (is_full(conf, ack->has_ts) ? BITS_FULL : BITS_PLAIN)) - 1);
	struct seg syn = syn_of(conf, code, ack), sent;
	usec_t age;
	if ((ack->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
	    !age_of(conf, ack, now, &age)) {
		return NULL;
	}
	usec_t before = now - min_u64(now, TCP_COOKIE_US);
	if (cookie_of(conf, &syn, code, key, now) != cookie &&
	    cookie_of(conf, &syn, code, key, before) != cookie) {
		return NULL;
	}
	struct tcp *c = handshake(conf, cookie, &syn, now - age, &sent);
	if (c == NULL) {
		return NULL;
	}
	if (!ack->has_ts) {
		c->mark = 0; /* Nobody knows when the SYN+ACK left: no sample (RFC 6298 §2). */
	}
	tcp_rx(c, ack, now);
	return c;
}
