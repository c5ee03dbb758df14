/* The sender's scoreboard against a naive model with one mark per byte; RFC 2018 §5, RFC 6675 §4,
 * RFC 8985 §6.2. */
#include <criterion/criterion.h>

#include "dataplane/tcp/sack.h"
#include "rib/base/prng.h"

#define START (UINT64_C(1) << 33)

static struct sack_news take(struct sack *s, uint64_t upto)
{
	struct sack_news news = {.resent_upto = USEC_NEVER};

	sack_ack(s, upto, &news);
	return news;
}

static bool hold(struct sack *s, uint64_t from, uint64_t to)
{
	struct sack_news news = {.resent_upto = USEC_NEVER};

	return sack_hold(s, START + from, START + to, &news);
}

Test(tcp, a_burst_of_segments_is_one_range)
{
	struct sack s;

	sack_init(&s, START);
	for (uint64_t i = 0; i < 100; i++) {
		sack_sent(&s, START + i * 10, START + i * 10 + 10, 7);
	}
	cr_expect_eq(s.count, 1);
	sack_sent(&s, START + 1000, START + 1010, 8);
	cr_expect_eq(s.count, 2);
	cr_expect_eq(sack_pipe(&s), 1010);
	cr_expect_null(s.many);
	take(&s, START + 1010);
	sack_check(&s, START + 1010, START + 1010);
	sack_fini(&s);
}

/* RFC 6675 §4: what is held or lost is not in the network. */
Test(tcp, held_and_lost_bytes_leave_the_pipe)
{
	struct sack s;
	uint64_t from, to;

	sack_init(&s, START);
	sack_sent(&s, START, START + 100, 1);
	cr_expect(hold(&s, 50, 60));
	cr_expect_eq(sack_pipe(&s), 90);
	cr_expect_eq(sack_lose_before(&s, 1, START + 60, 1), 0);
	cr_expect_eq(sack_pipe(&s), 40, "[0, 50) left before [50, 60) did");
	cr_assert(sack_first_lost(&s, &from, &to));
	cr_expect_eq(from, START);
	cr_expect_eq(to, START + 50);
	sack_sent(&s, START, START + 20, 2);
	cr_assert(sack_first_lost(&s, &from, &to));
	cr_expect_eq(from, START + 20);
	cr_expect_eq(sack_pipe(&s), 60);
	sack_check(&s, START, START + 100);
	sack_fini(&s);
}

/* RFC 8985 §6.2: at one instant the order is that of the stream; what is not yet due is told. */
Test(tcp, what_left_later_than_what_arrived_is_not_lost)
{
	struct sack s;

	sack_init(&s, START);
	sack_sent(&s, START, START + 10, 1);
	sack_sent(&s, START + 10, START + 20, 5);
	sack_sent(&s, START + 20, START + 40, 9);
	cr_expect(hold(&s, 20, 30));
	cr_expect_eq(sack_lose_before(&s, 9, START + 30, 1), 5);
	cr_expect_eq(s.lost, 10);
	cr_expect_eq(sack_lose_before(&s, 9, START + 30, 9), 0);
	cr_expect_eq(s.lost, 20, "[30, 40) left at the same time, but behind");
	sack_fini(&s);
}

/* RFC 8985 §6.2 step 2: an arrival is news of the transmission that it can answer. */
Test(tcp, an_arrival_too_early_for_the_repetition_is_news_of_nothing)
{
	struct sack s;
	struct sack_news news = {.resent_upto = 99};

	sack_init(&s, START);
	sack_sent(&s, START, START + 10, 1);
	sack_sent(&s, START + 10, START + 20, 2);
	sack_sent(&s, START, START + 10, 100);
	sack_ack(&s, START + 10, &news);
	cr_expect_eq(news.bytes, 10);
	cr_expect_eq(news.newest_end, 0);
	cr_expect_eq(news.clean_low, 0);
	news.resent_upto = 100;
	sack_ack(&s, START + 20, &news);
	cr_expect_eq(news.newest_end, START + 20);
	cr_expect_eq(news.newest_at, 2);
	cr_expect_not(news.is_newest_again);
	sack_fini(&s);
}

/* A peer that holds every second byte cannot make us keep more than the bound, and what we forget
 * costs retransmissions only. */
Test(tcp, the_scoreboard_is_bounded)
{
	struct sack s;
	unsigned noted = 0;

	sack_init(&s, START);
	sack_sent(&s, START, START + 4000, 1);
	for (uint64_t i = 0; i < 2000; i++) {
		noted += hold(&s, 2 * i, 2 * i + 1);
		sack_check(&s, START, START + 4000);
	}
	cr_expect_eq(noted, SACK_RANGES_MAX / 2);
	cr_expect_eq(s.held, noted);
	/* Sending goes on: the last range swallows what is new. */
	for (uint64_t i = 0; i < 100; i++) {
		sack_sent(&s, START + 4000 + i, START + 4001 + i, 2 + i);
		sack_check(&s, START, START + 4001 + i);
	}
	/* So does repeating. */
	sack_lose_all(&s, START);
	uint64_t from, to;

	for (unsigned i = 0; sack_first_lost(&s, &from, &to); i++) {
		cr_assert_lt(i, 2 * SACK_RANGES_MAX);
		sack_sent(&s, from, from + 1, 200 + i);
		sack_check(&s, START, START + 4100);
	}
	take(&s, START + 4100);
	cr_expect_null(s.many, "nothing in flight, nothing held in memory");
	sack_fini(&s);
}

struct mark {
	uint8_t state;
	bool is_resent;
	usec_t sent_at;
};

struct model {
	uint64_t from, end;
	struct mark mark[6000];
};

static void model_compare(const struct model *m, const struct sack *s, uint64_t seed)
{
	uint64_t held = 0, lost = 0;

	sack_check(s, START + m->from, START + m->end);
	for (uint64_t i = m->from; i < m->end; i++) {
		held += m->mark[i].state == SACK_HELD;
		lost += m->mark[i].state == SACK_LOST;
		cr_assert_eq(sack_at(s, START + i), m->mark[i].state, "seed %lu byte %lu", seed, i);
	}
	cr_assert_eq(s->held, held);
	cr_assert_eq(s->lost, lost);
	uint64_t first = m->from, from, to;

	while (first < m->end && m->mark[first].state != SACK_LOST) {
		first++;
	}
	bool has_lost = sack_first_lost(s, &from, &to);

	cr_assert_eq(has_lost, first < m->end);
	cr_assert(!has_lost || from == START + first, "seed %lu", seed);
}

static void model_sent(struct model *m, uint64_t from, uint64_t to, usec_t now)
{
	for (uint64_t i = from; i < to; i++) {
		if (i < m->end && m->mark[i].state == SACK_HELD) {
			continue;
		}
		m->mark[i] = (struct mark){
			.state = SACK_FLYING, .is_resent = i < m->end, .sent_at = now};
	}
	m->end = max_u64(m->end, to);
}

static void model_lose(struct model *m, usec_t at, uint64_t end, usec_t deadline)
{
	for (uint64_t i = m->from; i < m->end; i++) {
		struct mark *k = &m->mark[i];

		if (k->state == SACK_FLYING && k->sent_at <= deadline &&
		    (k->sent_at < at || (k->sent_at == at && i < end))) {
			k->state = SACK_LOST;
		}
	}
}

/* One random step in both. */
static void step(struct model *m, struct sack *s, struct prng *prng, usec_t now)
{
	uint64_t len = m->end - m->from;
	uint64_t a = m->from + prng_below(prng, len + 1), b = m->from + prng_below(prng, len + 1);
	uint64_t low = min_u64(a, b), high = max_u64(a, b);

	switch (prng_below(prng, len == 0 ? 1 : 7)) {
	case 0:
		model_sent(m, m->end, m->end + 1 + high % 50, now);
		sack_sent(s, s->end, START + m->end, now);
		break;
	case 1: /* From anywhere, perhaps beyond the end. */
		model_sent(m, low, low + 60, now);
		sack_sent(s, START + low, START + low + 60, now);
		break;
	case 2:
		m->from += (low - m->from) / 4;
		take(s, START + m->from);
		break;
	case 3:
	case 4:
		if (low < high) {
			cr_assert(hold(s, low, high));
			for (uint64_t i = low; i < high; i++) {
				m->mark[i].state = SACK_HELD;
			}
		}
		break;
	case 5: {
		/* The end of what arrived ends a range, as after a block. */
		usec_t at = now - prng_below(prng, 20), deadline = now - prng_below(prng, 20);

		model_lose(m, at, UINT64_MAX, deadline);
		sack_lose_before(s, at, UINT64_MAX, deadline);
		break;
	}
	default: {
		uint8_t state = prng_chance(prng, 1, 2) ? SACK_HELD : SACK_LOST;

		if (state == SACK_HELD) {
			sack_forget(s);
		} else {
			sack_unlose(s);
		}
		for (uint64_t i = m->from; i < m->end; i++) {
			m->mark[i].state =
				m->mark[i].state == state ? SACK_FLYING : m->mark[i].state;
		}
		/* When those left is no longer known: all leave again. */
		model_sent(m, m->from, m->end, now);
		sack_sent(s, s->from, s->end, now);
	}
	}
}

Test(tcp, the_scoreboard_agrees_with_a_naive_model)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		static struct model m;
		struct prng prng;
		struct sack s;

		m.from = m.end = 0;
		prng_init(&prng, seed);
		sack_init(&s, START);
		for (usec_t now = 100; now < 400 && m.end < 5000; now++) {
			step(&m, &s, &prng, now);
			model_compare(&m, &s, seed);
		}
		sack_fini(&s);
	}
}
