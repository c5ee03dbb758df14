/* Many signatures at once: at every level that this machine has they are those made one by one, and
 * nothing but the segment is read or written. */
#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/tcp/seq.h"
#include "dataplane/tcp/signer_enter.h"
#include "rib/base/csum.h"
#include "rib/base/prng.h"

#define LEN_MAX	  1530
#define SLOTS	  64
#define SLOT_SIZE 16384

static void fill(struct prng *prng, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		to[i] = (uint8_t)prng_u64(prng);
	}
}

static const uint32_t initial[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/* RFC 1321 §A.5. */
Test(signer, every_level_has_the_md5_digests_of_rfc_1321)
{
	static const struct {
		const char *text;
		uint8_t digest[4]; /* Its front. */
	} rows[] = {
		{"", {0xd4, 0x1d, 0x8c, 0xd9}},
		{"a", {0x0c, 0xc1, 0x75, 0xb9}},
		{"abc", {0x90, 0x01, 0x50, 0x98}},
		{"message digest", {0xf9, 0x6b, 0x69, 0x7d}},
		{"abcdefghijklmnopqrstuvwxyz", {0xc3, 0xfc, 0xd3, 0xd7}},
	};
	uint8_t blocks[ARRAY_COUNT(rows)][LANES_BLOCK_HASH] = {{0}};
	struct lanes_message message[ARRAY_COUNT(rows)];

	for (unsigned level = 0; level <= lanes_best(); level++) {
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
			size_t len = strlen(rows[i].text);

			memcpy(blocks[i], rows[i].text, len);
			blocks[i][len] = 0x80;
			blocks[i][LANES_BLOCK_HASH - 8] = (uint8_t)(len * 8);
			message[i] = (struct lanes_message){.piece = {{NULL, 0}, {blocks[i], 1}}};
			memcpy(message[i].state, initial, sizeof(initial));
		}
		lanes_run(LANES_MD5, (enum lanes_level)level, message, ARRAY_COUNT(rows));
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
			cr_expect_arr_eq(message[i].state, rows[i].digest, 4, "%u: \"%s\"", level,
					 rows[i].text);
		}
	}
}

/* The kinds' states and keys may be anything. */
static void random_messages(struct prng *prng, struct lanes_message *message, size_t count,
			    uint8_t (*text)[12 * LANES_BLOCK_HASH])
{
	static uint32_t key[LANES_MAX][LANES_AES_KEY];

	fill(prng, (uint8_t *)key, sizeof(key));
	for (size_t i = 0; i < count; i++) {
		size_t a = prng_below(prng, 4), b = prng_below(prng, 4);
		size_t c = prng_below(prng, 4) + (a + b == 0);

		message[i].piece[0] = (struct lanes_piece){text[i], a};
		message[i].piece[1] = (struct lanes_piece){text[i] + 4 * LANES_BLOCK_HASH, b};
		message[i].piece[2] = (struct lanes_piece){text[i] + 8 * LANES_BLOCK_HASH, c};
		message[i].key = key[i % LANES_MAX];
		fill(prng, (uint8_t *)message[i].state, sizeof(message[i].state));
	}
}

/* Blocks of any count in pieces of any count, in batches around every width. */
Test(signer, lanes_of_different_lengths_do_not_mix)
{
	enum { COUNT = 2 * LANES_MAX + 3 };
	static uint8_t text[COUNT][12 * LANES_BLOCK_HASH];
	struct prng prng;

	prng_init(&prng, 1);
	fill(&prng, text[0], sizeof(text));
	for (unsigned run = 0; run < 6 * COUNT; run++) {
		struct lanes_message wanted[COUNT], message[COUNT];
		enum lanes_kind kind = (enum lanes_kind)(run / COUNT % LANES_KIND_COUNT);
		size_t count = 1 + run % COUNT;

		random_messages(&prng, wanted, count, text);
		memcpy(message, wanted, sizeof(message));
		for (size_t i = 0; i < count; i++) {
			lanes_run(kind, LANES_SCALAR, &wanted[i], 1);
		}
		for (unsigned level = 0; level <= lanes_best(); level++) {
			struct lanes_message seen[COUNT];

			memcpy(seen, message, sizeof(seen));
			lanes_run(kind, (enum lanes_level)level, seen, count);
			for (size_t i = 0; i < count; i++) {
				cr_assert_arr_eq(seen[i].state, wanted[i].state, 16,
						 "kind %u, level %u, %zu of %zu", kind, level, i,
						 count);
			}
		}
	}
}

/* Memory between two pages that nobody may touch. */
static uint8_t *slot_new(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, SLOT_SIZE + 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mprotect(map, page, PROT_NONE), 0);
	cr_assert_eq(mprotect(map + page + SLOT_SIZE, page, PROT_NONE), 0);
	return map + page;
}

/* A segment in a slot, at its end or at its beginning. */
struct sample {
	uint8_t *slot, *header;
	struct endpoint from, to;
	struct seg seg;
	struct auth_packet packet;
	struct auth_key key;
	struct ao_traffic traffic;
	uint32_t extension;
	uint8_t before[SLOT_SIZE];
};

static void random_endpoint(struct prng *prng, enum family family, struct endpoint *e)
{
	uint8_t bytes[16];

	fill(prng, bytes, sizeof(bytes));
	e->addr = addr_make(family, bytes);
	e->port = (uint16_t)prng_u64(prng);
}

static void random_key(struct prng *prng, struct sample *s)
{
	s->key.algorithm = (uint8_t)prng_below(prng, 3);
	s->key.secret_len = (uint8_t)(1 + prng_below(prng, AUTH_SECRET_MAX));
	s->key.excludes_options = prng_chance(prng, 1, 2);
	fill(prng, s->key.secret, s->key.secret_len);
	s->extension = (uint32_t)prng_u64(prng);
	if (s->key.algorithm != AUTH_MD5) {
		const struct ao_context context = {&s->from, &s->to, 1, 2};

		ao_derive(&s->traffic, &s->key, &context);
	}
}

/* As a worker writes it: sealed, with a MAC of zero. */
static void write_segment(struct sample *s, size_t payload, bool is_at_end)
{
	s->seg = (struct seg){.seq = 7,
			      .flags = TCP_ACK,
			      .wscale = 0xff,
			      .has_ts = s->extension % 4 != 0,
			      .auth = s->key.algorithm == AUTH_MD5 ? SEG_AUTH_MD5 : SEG_AUTH_AO,
			      .payload = span_of(NULL, payload)};
	s->seg.mac_len = s->seg.auth == SEG_AUTH_MD5 ? SEG_MD5_LEN : AUTH_AO_MAC_LEN;
	size_t header_len = seg_header_len(&s->seg), len = header_len + payload;

	s->header = is_at_end ? s->slot + SLOT_SIZE - len : s->slot;
	seg_encode(&s->seg, &s->from, &s->to, s->header);
	seg_seal(&s->seg, &s->from, &s->to, s->header,
		 csum_add(0, s->header + header_len, payload));
	s->packet = (struct auth_packet){&s->seg, &s->from, &s->to, span_of(s->header, len)};
	memcpy(s->before, s->slot, SLOT_SIZE);
}

static void enter(struct signer *signer, const struct sample *s)
{
	if (s->key.algorithm == AUTH_MD5) {
		signer_enter_md5(signer, &s->key, &s->packet, s->header);
	} else {
		signer_enter_ao(signer, &s->traffic, s->extension, &s->packet, s->header);
	}
}

/* Only MAC and checksum have changed, and both are right. */
static void expect_signed(struct sample *s)
{
	uint8_t *before = s->before + (s->header - s->slot);
	size_t mac_at = seg_header_len(&s->seg) - s->seg.mac_len;
	struct auth_packet packet = s->packet;
	uint8_t mac[SEG_MD5_LEN];

	packet.bytes.data = before;
	if (s->key.algorithm == AUTH_MD5) {
		auth_md5(&s->key, &packet, mac);
	} else {
		ao_mac(&s->traffic, s->extension, &packet, mac_at, mac);
	}
	cr_assert_arr_eq(s->header + mac_at, mac, s->seg.mac_len, "%u, %zu bytes", s->key.algorithm,
			 s->packet.bytes.len);
	uint64_t sum = csum_add_pseudo(0, &s->from.addr, &s->to.addr, 6, s->packet.bytes.len);

	cr_assert(csum_is_good(csum_add(sum, s->header, s->packet.bytes.len)));
	memcpy(before + mac_at, s->header + mac_at, s->seg.mac_len);
	memcpy(before + 16, s->header + 16, 2);
	cr_assert_eq(memcmp(s->slot, s->before, SLOT_SIZE), 0, "other bytes were changed");
}

struct samples {
	struct prng prng;
	struct sample sample[SLOTS];
};

static struct samples *samples_new(uint64_t seed)
{
	struct samples *all = calloc(1, sizeof(*all));

	cr_assert_not_null(all);
	prng_init(&all->prng, seed);
	for (unsigned i = 0; i < SLOTS; i++) {
		all->sample[i].slot = slot_new();
		fill(&all->prng, all->sample[i].slot, SLOT_SIZE);
	}
	return all;
}

static void samples_free(struct samples *all)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (unsigned i = 0; i < SLOTS; i++) {
		munmap(all->sample[i].slot - page, SLOT_SIZE + 2 * page);
	}
	free(all);
}

/* Others' keys, ends and lengths in each of the first `count` samples; a batch of them. */
static void try_batch(struct samples *all, struct signer *signer, unsigned count,
		      const size_t *payload)
{
	for (unsigned i = 0; i < count; i++) {
		struct sample *s = &all->sample[i];
		enum family family = prng_chance(&all->prng, 1, 2) ? FAMILY_IPV4 : FAMILY_IPV6;

		random_endpoint(&all->prng, family, &s->from);
		random_endpoint(&all->prng, family, &s->to);
		random_key(&all->prng, s);
		write_segment(s, payload[i], prng_chance(&all->prng, 1, 2));
		enter(signer, s);
	}
	signer_run(signer);
	cr_assert(signer_is_empty(signer));
	for (unsigned i = 0; i < count; i++) {
		expect_signed(&all->sample[i]);
	}
}

/* RFC 2385, RFC 5926: batches of every size, mixed in every way. */
Test(signer, batches_of_any_size_sign_as_one_by_one)
{
	struct samples *all = samples_new(2);

	for (unsigned level = 0; level <= lanes_best(); level++) {
		struct signer *signer = signer_new((enum lanes_level)level);

		cr_assert_not_null(signer);
		for (unsigned count = 0; count <= SLOTS; count++) {
			size_t payload[SLOTS];
			bool is_jumbo = count % 16 == 15;

			for (unsigned i = 0; i < count; i++) {
				payload[i] = prng_below(&all->prng, is_jumbo ? 9000 : LEN_MAX);
			}
			try_batch(all, signer, count, payload);
		}
		signer_free(signer);
	}
	samples_free(all);
}

Test(signer, payloads_of_any_length_are_signed)
{
	struct samples *all = samples_new(3);

	for (unsigned level = 0; level <= lanes_best(); level++) {
		struct signer *signer = signer_new((enum lanes_level)level);

		for (size_t from = 0; from < LEN_MAX; from += SLOTS / 2) {
			size_t payload[SLOTS / 2];

			for (size_t i = 0; i < ARRAY_COUNT(payload); i++) {
				payload[i] = from + i;
			}
			for (unsigned again = 0; again < 4; again++) {
				try_batch(all, signer, ARRAY_COUNT(payload), payload);
			}
		}
		signer_free(signer);
	}
	samples_free(all);
}

/* A connection may end, and its keys go, in the turn that sends its last segment. */
Test(signer, what_was_entered_is_signed_with_the_keys_of_that_moment)
{
	struct samples *all = samples_new(4);
	struct signer *signer = signer_new(lanes_best());
	struct sample kept[8];

	for (unsigned i = 0; i < ARRAY_COUNT(kept); i++) {
		struct sample *s = &all->sample[i];

		random_endpoint(&all->prng, FAMILY_IPV6, &s->from);
		random_endpoint(&all->prng, FAMILY_IPV6, &s->to);
		random_key(&all->prng, s);
		write_segment(s, 100 * i, true);
		enter(signer, s);
		kept[i] = *s;
		memset(&s->key, 0, sizeof(s->key));
		memset(&s->traffic, 0, sizeof(s->traffic));
	}
	signer_run(signer);
	for (unsigned i = 0; i < ARRAY_COUNT(kept); i++) {
		kept[i].packet.from = &kept[i].from;
		kept[i].packet.to = &kept[i].to;
		expect_signed(&kept[i]);
	}
	signer_free(signer);
	samples_free(all);
}
