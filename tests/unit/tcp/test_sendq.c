/* The send queue against the obvious model: one flat array. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/tcp/sendq.h"
#include "rib/base/prng.h"

#define SOURCE_LEN 65536

static const uint8_t *source(void)
{
	static uint8_t bytes[SOURCE_LEN];
	struct prng prng;

	prng_init(&prng, 3);
	for (size_t i = 0; i < SOURCE_LEN; i++) {
		bytes[i] = (uint8_t)prng_u64(&prng);
	}
	return bytes;
}

struct model {
	uint8_t *bytes; /* Everything ever pushed. */
	uint64_t acked, end;
};

static void push(struct sendq *q, struct model *m, struct prng *prng, const uint8_t *src)
{
	size_t len = prng_chance(prng, 1, 20) ? 0 : prng_below(prng, 3000);
	struct span s = span_of(src + prng_below(prng, SOURCE_LEN - 3000), len);
	bool has_room = sendq_has_room(q, len);
	bool ok = prng_chance(prng, 1, 2) ? sendq_push_ref(q, s) : sendq_push_copy(q, s);

	cr_assert_eq(ok, has_room);
	if (ok) {
		memcpy(m->bytes + m->end, s.data, len);
		m->end += len;
	}
}

static void read_some(struct sendq *q, struct model *m, struct prng *prng)
{
	static uint8_t buf[SOURCE_LEN];
	uint64_t from = m->acked + prng_below(prng, m->end - m->acked + 1);
	size_t len = prng_below(prng, min_u64(m->end - from, 5000) + 1);

	while (true) { /* Sequentially on, as sending does. */
		sendq_read(q, from, buf, len);
		cr_assert_eq(memcmp(buf, m->bytes + from, len), 0);
		from += len;
		if (len == 0 || m->end - from < len || prng_chance(prng, 1, 4)) {
			return;
		}
	}
}

Test(tcp, sendq_reads_what_was_pushed)
{
	const uint8_t *src = source();

	for (uint64_t seed = 0; seed < 50; seed++) {
		struct prng prng;
		struct sendq q;
		struct model m = {.bytes = malloc(2000 * 3000)};

		prng_init(&prng, seed);
		sendq_init(&q, 20000 + prng_below(&prng, 2000000));
		for (int step = 0; step < 2000; step++) {
			switch (prng_below(&prng, 8)) {
			case 0:
			case 1:
			case 2:
			case 3:
				push(&q, &m, &prng, src);
				break;
			case 4:
				m.acked += prng_below(&prng, m.end - m.acked + 1);
				sendq_ack(&q, m.acked);
				break;
			case 5:
				if (prng_chance(&prng, 1, 10)) {
					cr_assert(sendq_privatize(&q));
				}
				break;
			default:
				read_some(&q, &m, &prng);
			}
			cr_assert_eq(sendq_bytes(&q), m.end - m.acked);
			sendq_check(&q);
		}
		sendq_ack(&q, m.end);
		cr_expect_null(q.item);
		sendq_fini(&q);
		free(m.bytes);
	}
}

Test(tcp, sendq_is_bounded_in_bytes_and_elements)
{
	struct sendq q;
	uint8_t bytes[100] = {0};
	unsigned count = 0;

	sendq_init(&q, 250);
	cr_expect(sendq_push_copy(&q, span_of(bytes, 100)));
	cr_expect(sendq_push_ref(&q, span_of(bytes, 100)));
	cr_expect_not(sendq_push_ref(&q, span_of(bytes, 51)));
	cr_expect_not(sendq_has_room(&q, UINT64_MAX));
	cr_expect(sendq_push_ref(&q, span_of(bytes, 50)));
	sendq_fini(&q);
	sendq_init(&q, 1 << 20);
	while (sendq_push_ref(&q, span_of(bytes, 1))) {
		count++;
	}
	cr_expect_eq(count, SENDQ_ITEMS_MAX);
	sendq_ack(&q, 1);
	cr_expect(sendq_push_copy(&q, span_of(bytes, 1)));
	sendq_check(&q);
	sendq_shut(&q);
	sendq_ack(&q, 500);
	cr_expect_not(sendq_has_room(&q, 0));
	cr_expect_not(sendq_push_copy(&q, span_of(bytes, 1)));
	sendq_fini(&q);
}

Test(tcp, sendq_makes_one_element_of_references_in_a_row)
{
	struct sendq q;
	uint8_t bytes[300], got[200];

	memset(bytes, 'x', 200);
	memset(bytes + 200, 'y', 100);
	sendq_init(&q, 1000);
	cr_assert(sendq_push_ref(&q, span_of(bytes, 100)));
	cr_assert(sendq_push_ref(&q, span_of(bytes + 100, 150)));
	cr_expect_eq(q.tail - q.head, 1);
	sendq_ack(&q, 80);
	cr_assert(sendq_push_ref(&q, span_of(bytes + 250, 50)));
	cr_expect_eq(q.tail - q.head, 1);
	sendq_check(&q);
	sendq_read(&q, 100, got, 200);
	cr_expect_eq(memcmp(got, bytes + 100, 200), 0);
	cr_assert(sendq_push_copy(&q, span_of("own", 3)));
	cr_assert(sendq_push_ref(&q, span_of(bytes + 299, 1)));
	cr_expect_eq(q.tail - q.head, 3);
	sendq_check(&q);
	sendq_fini(&q);
}

Test(tcp, sendq_privatize_reads_nothing_borrowed_afterwards)
{
	struct sendq q;
	uint8_t *lent = malloc(1000), got[900];

	memset(lent, 'x', 1000);
	sendq_init(&q, 5000);
	cr_assert(sendq_push_ref(&q, span_of(lent, 500)));
	cr_assert(sendq_push_copy(&q, span_of("own", 3)));
	cr_assert(sendq_push_ref(&q, span_of(lent + 500, 500)));
	sendq_ack(&q, 103);
	cr_assert(sendq_privatize(&q));
	free(lent); /* ASan would see a read from here on. */
	sendq_check(&q);
	sendq_read(&q, 103, got, 900);
	cr_expect_eq(got[0], 'x');
	cr_expect_eq(memcmp(got + 397, "own", 3), 0);
	cr_expect_eq(got[899], 'x');
	sendq_ack(&q, 700);
	sendq_check(&q);
	sendq_fini(&q);
}
