/* Signatures: the vectors of RFC 9235, and two ends that sign and verify for each other. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>

#include "dataplane/tcp/auth_mac.h"
#include "dataplane/tcp/seq.h"
#include "dataplane/tcp/signer_enter.h"

#define HEX_MAX 512

static size_t from_hex(const char *text, uint8_t *out)
{
	size_t len = 0;
	char *end;

	for (; *text != '\0'; text = end) {
		out[len++] = (uint8_t)strtoul(text, &end, 16);
		cr_assert(end != text && len <= HEX_MAX);
	}
	return len;
}

static size_t hex_member(const json_t *v, const char *name, uint8_t *out)
{
	const char *text = json_string_value(json_object_get(v, name));

	cr_assert_not_null(text, "%s", name);
	return from_hex(text, out);
}

/* A vector's IP packet, taken apart. */
struct vector {
	uint8_t bytes[HEX_MAX];
	struct endpoint from, to;
	struct seg seg;
	struct auth_packet packet;
	struct auth_key key;
	struct ao_context context;
};

static struct span take_apart(struct vector *v, size_t len)
{
	bool is_v4 = v->bytes[0] >> 4 == 4;
	size_t ip_len = is_v4 ? 20 : 40, addr_at = is_v4 ? 12 : 8, addr_len = is_v4 ? 4 : 16;
	enum family family = is_v4 ? FAMILY_IPV4 : FAMILY_IPV6;

	v->from.addr = addr_make(family, v->bytes + addr_at);
	v->to.addr = addr_make(family, v->bytes + addr_at + addr_len);
	return span_of(v->bytes + ip_len, len - ip_len);
}

static void vector_read(struct vector *v, const json_t *from, const char *master)
{
	size_t len = hex_member(from, "packet", v->bytes);
	struct span l4 = take_apart(v, len);

	cr_assert_eq(seg_decode(l4, &v->from.addr, &v->to.addr, true, &v->from.port, &v->to.port,
				&v->seg),
		     SEG_OK);
	v->packet = (struct auth_packet){&v->seg, &v->from, &v->to, l4};
	v->key = (struct auth_key){.secret_len = (uint8_t)strlen(master)};
	memcpy(v->key.secret, master, strlen(master));
	const char *algorithm = json_string_value(json_object_get(from, "algorithm"));

	v->key.algorithm =
		strcmp(algorithm, "HMAC-SHA-1-96") == 0 ? AUTH_HMAC_SHA_1_96 : AUTH_AES_128_CMAC_96;
	v->key.excludes_options = json_is_false(json_object_get(from, "options_covered"));
	v->context = (struct ao_context){
		&v->from, &v->to, (uint32_t)json_integer_value(json_object_get(from, "src_isn")),
		(uint32_t)json_integer_value(json_object_get(from, "dst_isn"))};
}

static void vector_check(struct vector *v, const json_t *from)
{
	const char *section = json_string_value(json_object_get(from, "section"));
	uint32_t sne = (uint32_t)json_integer_value(json_object_get(from, "sne"));
	uint8_t wanted[HEX_MAX], raw[AO_TRAFFIC_KEY_MAX], mac[AUTH_AO_MAC_LEN];
	size_t len = hex_member(from, "traffic_key", wanted);
	struct ao_traffic t;

	cr_expect_eq(ao_kdf(&v->key, &v->context, raw), len, "%s", section);
	cr_expect_arr_eq(raw, wanted, len, "%s: traffic key", section);
	cr_assert_eq(hex_member(from, "mac", wanted), AUTH_AO_MAC_LEN);
	ao_derive(&t, &v->key, &v->context);
	for (unsigned again = 0; again < 2; again++) {
		ao_mac(&t, sne, &v->packet, v->seg.mac_at, mac);
		cr_expect_arr_eq(mac, wanted, AUTH_AO_MAC_LEN, "%s: MAC", section);
		cr_expect_arr_eq(mac, v->packet.bytes.data + v->seg.mac_at, AUTH_AO_MAC_LEN);
	}
	cr_expect(v->seg.key_id == (v->from.port == 179 ? 84 : 61), "%s", section);
	cr_expect(v->seg.rnext_id == (v->from.port == 179 ? 61 : 84), "%s", section);
}

/* RFC 9235 §4 to §7: both algorithms, IPv4 and IPv6, options covered and not, all 32 segments. */
Test(auth, every_vector_of_rfc_9235_is_met_byte_for_byte)
{
	json_error_t error;
	json_t *root = json_load_file(SOURCE_ROOT "/tests/data/tcpao_rfc9235.json", 0, &error);

	cr_assert_not_null(root, "%s", error.text);
	const json_t *list = json_object_get(root, "vectors");
	const char *master = json_string_value(json_object_get(root, "master_key"));

	cr_assert_eq(json_array_size(list), 32);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct vector v;

		vector_read(&v, json_array_get(list, i), master);
		vector_check(&v, json_array_get(list, i));
	}
	json_decref(root);
}

/* All of them in one batch, at every level that this machine has. */
Test(auth, every_vector_of_rfc_9235_is_signed_among_the_others)
{
	json_t *root = json_load_file(SOURCE_ROOT "/tests/data/tcpao_rfc9235.json", 0, NULL);
	const json_t *list = json_object_get(root, "vectors");
	const char *master = json_string_value(json_object_get(root, "master_key"));
	static struct vector v[32];

	for (unsigned level = 0; level <= lanes_best(); level++) {
		struct signer *signer = signer_new((enum lanes_level)level);
		uint8_t wanted[32][HEX_MAX];

		for (size_t i = 0; i < ARRAY_COUNT(v); i++) {
			const json_t *from = json_array_get(list, i);
			struct ao_traffic t;

			vector_read(&v[i], from, master);
			memcpy(wanted[i], v[i].bytes, HEX_MAX);
			uint8_t *header = v[i].bytes + (v[i].packet.bytes.data - v[i].bytes);
			uint32_t sne = (uint32_t)json_integer_value(json_object_get(from, "sne"));

			memset(header + v[i].seg.mac_at, 0, AUTH_AO_MAC_LEN);
			ao_derive(&t, &v[i].key, &v[i].context);
			signer_enter_ao(signer, &t, sne, &v[i].packet, header);
		}
		signer_run(signer);
		for (size_t i = 0; i < ARRAY_COUNT(v); i++) {
			const uint8_t *header = v[i].packet.bytes.data;
			size_t mac_at = (size_t)(header - v[i].bytes) + v[i].seg.mac_at;

			cr_expect_arr_eq(v[i].bytes + mac_at, wanted[i] + mac_at, AUTH_AO_MAC_LEN,
					 "level %u, vector %zu", level, i);
		}
		signer_free(signer);
	}
	json_decref(root);
}

/* RFC 5926 §3.1.1.2: 16 octets are the key itself, other lengths go through CMAC first. */
Test(auth, master_keys_of_any_length_derive_different_traffic_keys)
{
	struct endpoint a = {.addr = addr_v4(1), .port = 1}, b = {.addr = addr_v4(2), .port = 2};
	struct ao_context context = {&a, &b, 3, 4};
	uint8_t seen[4][AO_TRAFFIC_KEY_MAX];
	const uint8_t lens[4] = {10, 16, 18, AUTH_SECRET_MAX};

	for (unsigned i = 0; i < 4; i++) {
		struct auth_key key = {.algorithm = AUTH_AES_128_CMAC_96, .secret_len = lens[i]};

		for (unsigned byte = 0; byte < lens[i]; byte++) {
			key.secret[byte] = (uint8_t)byte;
		}
		cr_assert_eq(ao_kdf(&key, &context, seen[i]), 16U);
		for (unsigned other = 0; other < i; other++) {
			cr_expect_arr_neq(seen[i], seen[other], 16);
		}
	}
}

/* One end of a connection: its keys, its numbers, its clock. */
struct end {
	struct auth *auth;
	struct endpoint at;
	uint32_t seq;
};

struct pair {
	struct end end[2];
	usec_t now;
	enum family family;
};

#define LONG 1448

/* The segment as bytes, from end `from`; returns the verdict of the other. */
struct crossing {
	struct pair *pair;
	unsigned from;
	uint8_t flags;
	size_t len;
	uint8_t key_id;	 /* Of an answer without a connection. */
	struct seg seen; /* As it arrived. */
	uint8_t bytes[TCP_HEADER_MAX + LONG];
	size_t bytes_len;
};

static void sign(struct crossing *x)
{
	struct end *from = &x->pair->end[x->from], *to = &x->pair->end[1 - x->from];
	struct seg s = {.seq = from->seq,
			.ack = to->seq,
			.flags = x->flags,
			.window = 1000,
			.wscale = 0xff,
			.has_ts = true,
			.auth = (uint8_t)auth_kind(from->auth),
			.mac_len = auth_mac_len(from->auth),
			.key_id = x->key_id,
			.payload = span_of(NULL, x->len)};
	size_t header = seg_header_len(&s);

	x->bytes_len = header + x->len;
	for (size_t i = 0; i < x->len; i++) {
		x->bytes[header + i] = (uint8_t)(i * 7);
	}
	seg_encode(&s, &from->at, &to->at, x->bytes);
	if (from->auth != NULL) {
		struct auth_packet p = {&s, &from->at, &to->at, span_of(x->bytes, x->bytes_len)};

		struct signer *signer = signer_new(LANES_SCALAR);

		auth_sign(from->auth, &p, x->bytes, x->pair->now, signer);
		signer_run(signer);
		signer_free(signer);
	}
	auth_check(from->auth);
}

static enum auth_verdict verify(struct crossing *x)
{
	struct end *from = &x->pair->end[x->from], *to = &x->pair->end[1 - x->from];
	uint16_t src, dst;

	cr_assert_eq(seg_decode(span_of(x->bytes, x->bytes_len), &from->at.addr, &to->at.addr, true,
				&src, &dst, &x->seen),
		     SEG_OK);
	struct auth_packet p = {&x->seen, &from->at, &to->at, span_of(x->bytes, x->bytes_len)};
	enum auth_verdict v = auth_rx(to->auth, &p, x->pair->now);

	auth_check(to->auth);
	return v;
}

static enum auth_verdict cross_with(struct pair *p, unsigned from, uint8_t flags, size_t len)
{
	struct crossing x = {.pair = p, .from = from, .flags = flags, .len = len};

	sign(&x);
	return verify(&x);
}

static enum auth_verdict data(struct pair *p, unsigned from)
{
	return cross_with(p, from, TCP_ACK, LONG);
}

/* A key: "secret" by default. */
static struct auth_key key_of(uint8_t algorithm, uint8_t id, const char *secret)
{
	struct auth_key k = {.algorithm = algorithm,
			     .send_id = id,
			     .recv_id = id,
			     .secret_len = (uint8_t)strlen(secret)};

	memcpy(k.secret, secret, strlen(secret));
	return k;
}

static struct auth_keys one_key(struct auth_key k)
{
	return (struct auth_keys){.count = 1, .key = {k}};
}

static struct auth_keys two_keys(struct auth_key a, struct auth_key b)
{
	return (struct auth_keys){.count = 2, .key = {a, b}};
}

static struct pair pair_of(const struct auth_keys *left, const struct auth_keys *right,
			   enum family family)
{
	static const uint8_t bytes[2][16] = {{0x20, 1, 0xd, 0xb8, 1}, {0x20, 1, 0xd, 0xb8, 2}};
	struct pair p = {.now = USEC_PER_SEC, .family = family};

	for (unsigned i = 0; i < 2; i++) {
		const struct auth_keys *keys = i == 0 ? left : right;

		p.end[i].at.addr = addr_make(family, bytes[i]);
		p.end[i].at.port = i == 0 ? 50000 : 179;
		p.end[i].auth = keys != NULL ? auth_new(keys) : NULL;
		p.end[i].seq = i == 0 ? 0xfffffff0 : 5000;
	}
	return p;
}

static void pair_free(struct pair *p)
{
	auth_free(p->end[0].auth);
	auth_free(p->end[1].auth);
}

/* SYN of end 0; true when end 1 takes it, and end 0 the answer that end 1 makes without state. */
static bool shake_hands(struct pair *p)
{
	struct crossing syn = {.pair = p, .flags = TCP_SYN};
	struct crossing answer = {.pair = p, .from = 1, .flags = TCP_SYN | TCP_ACK};

	sign(&syn);
	if (verify(&syn) != AUTH_OK) {
		return false;
	}
	answer.key_id = auth_answer_key(p->end[1].auth, &syn.seen);
	p->end[0].seq++;
	sign(&answer);
	cr_assert_eq(verify(&answer), AUTH_OK);
	p->end[1].seq++;
	return true;
}

static void connect_pair(struct pair *p)
{
	struct crossing ack = {.pair = p, .flags = TCP_ACK};

	auth_connect(p->end[0].auth, &p->end[0].at, &p->end[1].at, p->end[0].seq);
	cr_assert(shake_hands(p));
	sign(&ack);
	cr_assert_eq(verify(&ack), AUTH_OK);
	auth_accept(p->end[1].auth, &p->end[1].at, &p->end[0].at, &ack.seen);
	cr_assert_eq(data(p, 0), AUTH_OK);
	cr_assert_eq(data(p, 1), AUTH_OK);
}

/* The keys of one end change while the connection lives. */
static void rekey(struct pair *p, unsigned end, const struct auth_keys *keys)
{
	struct auth *next = auth_new(keys);

	auth_adopt(next, p->end[end].auth, p->now);
	auth_free(p->end[end].auth);
	p->end[end].auth = next;
	auth_check(next);
}

/* Data both ways until both have seen each other's choice. */
static void talk(struct pair *p)
{
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(data(p, i % 2), AUTH_OK);
		p->end[i % 2].seq += LONG;
	}
}

static const uint8_t algorithms[] = {AUTH_MD5, AUTH_HMAC_SHA_1_96, AUTH_AES_128_CMAC_96};

Test(auth, equal_keys_connect_both_families_and_all_algorithms)
{
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = one_key(key_of(algorithms[i / 2], 7, "secret"));
		struct pair p = pair_of(&k, &k, i % 2 == 0 ? FAMILY_IPV4 : FAMILY_IPV6);

		connect_pair(&p);
		talk(&p);
		pair_free(&p);
	}
}

Test(auth, options_may_be_excluded)
{
	for (unsigned i = 1; i < ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = one_key(key_of(algorithms[i], 7, "secret")), other = k;

		k.key[0].excludes_options = true;
		struct pair p = pair_of(&k, &k, FAMILY_IPV4);

		connect_pair(&p);
		struct crossing x = {.pair = &p, .flags = TCP_ACK, .len = 10};

		sign(&x);
		x.bytes[TCP_HEADER_MIN + 4] ^= 1; /* A middlebox alters the timestamp. */
		cr_expect_eq(verify(&x), AUTH_OK);
		pair_free(&p);
		p = pair_of(&k, &other, FAMILY_IPV4);
		auth_connect(p.end[0].auth, &p.end[0].at, &p.end[1].at, 1);
		cr_expect_not(shake_hands(&p));
		pair_free(&p);
	}
}

/* The digest covers addresses, ports, header, data and key: a bit anywhere is noticed. */
Test(auth, a_changed_bit_anywhere_is_a_wrong_digest)
{
	for (unsigned i = 0; i < ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = one_key(key_of(algorithms[i], 7, "secret"));
		struct pair p = pair_of(&k, &k, FAMILY_IPV4);

		connect_pair(&p);
		struct crossing x = {.pair = &p, .flags = TCP_ACK, .len = 5};

		sign(&x);
		for (size_t at = 0; at < x.bytes_len; at++) {
			bool is_checksum = at == 16 || at == 17;
			bool is_option = at >= TCP_HEADER_MIN &&
					 at + auth_mac_len(p.end[0].auth) < x.bytes_len - 5;

			if (is_checksum || is_option || at == 12) {
				continue;
			}
			x.bytes[at] ^= 4;
			cr_expect_eq(verify(&x), AUTH_BAD, "%u: byte %zu", i, at);
			x.bytes[at] ^= 4;
		}
		cr_expect_eq(verify(&x), AUTH_OK);
		pair_free(&p);
	}
}

Test(auth, what_does_not_fit_is_named)
{
	struct auth_keys md5 = one_key(key_of(AUTH_MD5, 0, "secret"));
	struct auth_keys ao = one_key(key_of(AUTH_HMAC_SHA_1_96, 1, "secret"));
	struct auth_keys md5_other = one_key(key_of(AUTH_MD5, 0, "Secret"));
	struct auth_keys ao_other = one_key(key_of(AUTH_HMAC_SHA_1_96, 1, "Secret"));
	struct auth_keys ao_id = one_key(key_of(AUTH_HMAC_SHA_1_96, 2, "secret"));
	static const enum auth_verdict none = AUTH_OK;
	const struct {
		const struct auth_keys *theirs, *ours;
		enum auth_verdict verdict;
	} row[] = {
		{NULL, NULL, none},	      {NULL, &md5, AUTH_MISSING},
		{NULL, &ao, AUTH_MISSING},    {&md5, NULL, AUTH_UNEXPECTED},
		{&ao, NULL, AUTH_UNEXPECTED}, {&md5, &ao, AUTH_KIND},
		{&ao, &md5, AUTH_KIND},	      {&md5, &md5_other, AUTH_BAD},
		{&ao, &ao_other, AUTH_BAD},   {&ao, &ao_id, AUTH_KEY_UNKNOWN},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(row); i++) {
		struct pair p = pair_of(row[i].theirs, row[i].ours, FAMILY_IPV4);

		if (p.end[0].auth != NULL) {
			auth_connect(p.end[0].auth, &p.end[0].at, &p.end[1].at, p.end[0].seq);
		}
		cr_expect_eq(cross_with(&p, 0, TCP_SYN, 0), row[i].verdict, "row %u", i);
		pair_free(&p);
	}
}

/* RFC 5925 §7.7: after a restart the old connection's segments prove nothing. */
Test(auth, ao_segments_of_a_forgotten_connection_have_no_key)
{
	struct auth_keys k = one_key(key_of(AUTH_HMAC_SHA_1_96, 1, "secret"));
	struct pair p = pair_of(&k, &k, FAMILY_IPV4);

	connect_pair(&p);
	talk(&p); /* Past what could end a handshake. */
	auth_end(p.end[1].auth, &p.end[1].at, &p.end[0].at);
	cr_expect_eq(data(&p, 0), AUTH_NO_CONNECTION);
	pair_free(&p);
}

/* RFC 5925 §6.2: the extension counts wraps; a segment of the last round is not one of this. */
Test(auth, the_sequence_number_extension_follows_wraps)
{
	for (unsigned i = 1; i < ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = one_key(key_of(algorithms[i], 1, "secret"));
		struct pair p = pair_of(&k, &k, FAMILY_IPV4);
		struct crossing late = {.pair = &p, .flags = TCP_ACK, .len = 100};
		struct crossing old = late;

		connect_pair(&p);
		p.end[0].seq = 0xffffffc0;
		sign(&late);
		sign(&old);
		p.end[0].seq = 0xffffffc0 + 100; /* Past the wrap. */
		cr_assert_eq(data(&p, 0), AUTH_OK);
		cr_expect_eq(verify(&late), AUTH_OK, "overtaken at the wrap");
		for (unsigned step = 0; step < 8; step++) {
			p.end[0].seq += 1U << 29;
			cr_assert_eq(data(&p, 0), AUTH_OK, "step %u", step);
		}
		p.end[0].seq = 0xffffffc0 + 50;
		cr_assert_eq(data(&p, 0), AUTH_OK);
		cr_expect_eq(verify(&old), AUTH_BAD, "replayed a round later");
		pair_free(&p);
	}
}

/* Either side changes first; no segment is lost to it, and the old key is gone afterwards. */
Test(auth, an_md5_password_changes_while_the_connection_lives)
{
	struct auth_keys old = one_key(key_of(AUTH_MD5, 0, "old"));
	struct auth_keys new = one_key(key_of(AUTH_MD5, 0, "new"));

	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		struct pair p = pair_of(&old, &old, (enum family)family);

		connect_pair(&p);
		rekey(&p, 1, &new);
		talk(&p); /* The peer has still the old one. */
		cr_expect(auth_status(p.end[1].auth, p.now).is_on_retired);
		/* The peer changes at one blow, like a kernel socket. */
		auth_free(p.end[0].auth);
		p.end[0].auth = auth_new(&new);
		auth_connect(p.end[0].auth, &p.end[0].at, &p.end[1].at, 1);
		cr_expect_eq(data(&p, 1), AUTH_BAD);
		cr_expect_eq(data(&p, 0), AUTH_OK);
		talk(&p);
		cr_expect_eq(auth_status(p.end[1].auth, p.now).retired, 0);
		auth_free(p.end[0].auth);
		p.end[0].auth = auth_new(&old);
		cr_expect_eq(data(&p, 0), AUTH_BAD);
		pair_free(&p);
	}
}

/* Two that are configured count both for as long as they are: a member may change its own whenever
 * it likes, connect anew with either, and is answered with the one it used. */
Test(auth, of_two_md5_passwords_the_peer_chooses)
{
	struct auth_keys old = one_key(key_of(AUTH_MD5, 0, "old"));
	struct auth_keys new = one_key(key_of(AUTH_MD5, 0, "new"));
	struct auth_keys both = new;

	both.key[both.count++] = old.key[0];
	for (unsigned i = 0; i < 2; i++) {
		struct pair p = pair_of(i == 0 ? &old : &new, &both, FAMILY_IPV4);

		connect_pair(&p);
		p.now += 2 * AUTH_OVERLAP_US;
		talk(&p);
		cr_expect(auth_status(p.end[1].auth, p.now).key_count == 2);
		auth_free(p.end[0].auth);
		p.end[0].auth = auth_new(i == 0 ? &new : &old);
		auth_connect(p.end[0].auth, &p.end[0].at, &p.end[1].at, 1);
		cr_expect_eq(data(&p, 0), AUTH_OK);
		talk(&p);
		pair_free(&p);
	}
	/* The third drives out the first; in its overlap that is still good. */
	struct pair p = pair_of(&old, &both, FAMILY_IPV4);
	both.key[0] = key_of(AUTH_MD5, 0, "newer");
	both.key[1] = new.key[0];
	connect_pair(&p);
	rekey(&p, 1, &both);
	talk(&p);
	cr_expect(auth_status(p.end[1].auth, p.now).is_on_retired);
	p.now += AUTH_OVERLAP_US;
	cr_expect_eq(data(&p, 0), AUTH_BAD);
	pair_free(&p);
}

/* Two servers of ours: each waits for the other, until the first forgets the old key. */
Test(auth, two_ends_that_both_overlap_agree_when_the_first_forgets)
{
	struct auth_keys old = one_key(key_of(AUTH_MD5, 0, "old"));
	struct auth_keys new = one_key(key_of(AUTH_MD5, 0, "new"));
	struct pair p = pair_of(&old, &old, FAMILY_IPV4);

	connect_pair(&p);
	rekey(&p, 0, &new);
	p.now += AUTH_OVERLAP_US / 2;
	rekey(&p, 1, &new);
	talk(&p);
	p.now += AUTH_OVERLAP_US / 2;
	cr_assert_eq(data(&p, 0), AUTH_OK);
	talk(&p);
	cr_expect_eq(auth_status(p.end[1].auth, p.now).retired, 0);
	pair_free(&p);
}

Test(auth, a_retired_key_expires)
{
	struct auth_keys old = one_key(key_of(AUTH_MD5, 0, "old"));
	struct auth_keys new = one_key(key_of(AUTH_MD5, 0, "new"));
	struct pair p = pair_of(&old, &old, FAMILY_IPV4);

	connect_pair(&p);
	rekey(&p, 1, &new);
	p.now += AUTH_OVERLAP_US - 1;
	talk(&p);
	p.now += 1;
	cr_expect_eq(data(&p, 0), AUTH_BAD);
	cr_expect_eq(data(&p, 1), AUTH_BAD);
	pair_free(&p);
}

/* Nobody has shown a key yet: our SYNs try both. */
Test(auth, syns_try_the_new_and_the_retired_key_in_turn)
{
	struct auth_keys old = one_key(key_of(AUTH_MD5, 0, "old"));
	struct auth_keys new = one_key(key_of(AUTH_MD5, 0, "new"));

	for (unsigned i = 0; i < 2; i++) {
		struct pair p = pair_of(&old, i == 0 ? &old : &new, FAMILY_IPV4);

		rekey(&p, 0, &new);
		auth_connect(p.end[0].auth, &p.end[0].at, &p.end[1].at, p.end[0].seq);
		cr_expect_eq(shake_hands(&p), i == 1);
		if (i == 0) {
			cr_expect(shake_hands(&p));
		}
		pair_free(&p);
	}
}

/* RFC 4271 §6.8: each has opened one; they have their own numbers and traffic keys. */
Test(auth, two_connections_of_one_neighbour_do_not_mix)
{
	for (unsigned i = 0; i < ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = one_key(key_of(algorithms[i], 1, "secret"));
		struct pair p = pair_of(&k, &k, FAMILY_IPV6);
		struct end first[2];

		connect_pair(&p);
		memcpy(first, p.end, sizeof(first));
		p.end[0].at.port++;
		p.end[0].seq = 77;
		connect_pair(&p);
		talk(&p);
		memcpy(p.end, first, sizeof(first));
		talk(&p);
		auth_end(p.end[1].auth, &p.end[1].at, &p.end[0].at);
		cr_expect_eq(data(&p, 0), i == 0 ? AUTH_OK : AUTH_NO_CONNECTION);
		pair_free(&p);
	}
}

/* RFC 5925 §3.3: the new key is known to both before either uses it. */
Test(auth, ao_rolls_over_when_the_peer_asks_for_the_new_key)
{
	for (unsigned i = 1; i < ARRAY_COUNT(algorithms); i++) {
		struct auth_key old_key = key_of(algorithms[i], 1, "old");
		struct auth_key new_key = key_of(algorithms[3 - i], 2, "new");
		struct auth_keys old = one_key(old_key), new = one_key(new_key);
		struct auth_keys both = two_keys(new_key, old_key);
		struct pair p = pair_of(&old, &old, FAMILY_IPV6);

		connect_pair(&p);
		rekey(&p, 0, &both);
		talk(&p);
		cr_expect_eq(auth_status(p.end[1].auth, p.now).send_id, 1);
		rekey(&p, 1, &both);
		talk(&p);
		for (unsigned end = 0; end < 2; end++) {
			cr_expect_eq(auth_status(p.end[end].auth, p.now).send_id, 2);
			cr_expect_eq(auth_status(p.end[end].auth, p.now).want_id, 2);
			rekey(&p, end, &new);
			talk(&p);
			cr_expect_eq(auth_status(p.end[end].auth, p.now).retired, 0);
		}
		pair_free(&p);
	}
}

/* The key is replaced outright, under new ids and under the old ones. */
Test(auth, ao_keys_that_are_replaced_overlap)
{
	for (uint8_t id = 1; id <= 2; id++) {
		struct auth_keys old = one_key(key_of(AUTH_HMAC_SHA_1_96, 1, "old"));
		struct auth_keys new = one_key(key_of(AUTH_HMAC_SHA_1_96, id, "new"));
		struct pair p = pair_of(&old, &old, FAMILY_IPV4);

		connect_pair(&p);
		rekey(&p, 0, &new);
		talk(&p);
		cr_expect(auth_status(p.end[0].auth, p.now).is_on_retired);
		rekey(&p, 1, &new);
		talk(&p);
		if (id == 1) { /* Nothing tells the two apart until one side forgets. */
			p.now += AUTH_OVERLAP_US;
			cr_assert_eq(data(&p, 0), AUTH_OK);
			talk(&p);
		}
		for (unsigned end = 0; end < 2; end++) {
			cr_expect_eq(auth_status(p.end[end].auth, p.now).retired, 0);
			cr_expect_eq(auth_status(p.end[end].auth, p.now).send_id, id);
		}
		pair_free(&p);
	}
}

/* A segment from before the rollover, replayed, does not bring the old key back. */
Test(auth, a_replayed_segment_asks_for_nothing)
{
	struct auth_key old_key = key_of(AUTH_HMAC_SHA_1_96, 1, "old");
	struct auth_key new_key = key_of(AUTH_HMAC_SHA_1_96, 2, "new");
	struct auth_keys old_first = two_keys(old_key, new_key);
	struct auth_keys new_first = two_keys(new_key, old_key);
	struct pair p = pair_of(&old_first, &old_first, FAMILY_IPV4);
	struct crossing before = {.pair = &p, .flags = TCP_ACK, .len = 100};

	connect_pair(&p);
	sign(&before);
	p.end[0].seq += 100;
	rekey(&p, 0, &new_first);
	talk(&p);
	cr_assert_eq(auth_status(p.end[1].auth, p.now).send_id, 2);
	cr_expect_eq(verify(&before), AUTH_OK);
	cr_expect_eq(auth_status(p.end[1].auth, p.now).send_id, 2);
	pair_free(&p);
}

/* Bytes of the peer's choice: any option of any length is answered with a verdict. */
Test(auth, a_short_or_long_mac_is_a_wrong_one)
{
	struct auth_keys k = one_key(key_of(AUTH_HMAC_SHA_1_96, 1, "secret"));
	struct pair p = pair_of(&k, &k, FAMILY_IPV4);
	uint8_t bytes[TCP_HEADER_MAX] = {0};

	for (uint8_t len = 4; len <= 36; len += 4) {
		struct seg s;
		uint16_t src, dst;

		bytes[12] = (uint8_t)((TCP_HEADER_MIN + len) / 4 << 4);
		bytes[13] = TCP_SYN;
		bytes[20] = 29;
		bytes[21] = len;
		bytes[22] = 1;
		cr_assert_eq(seg_decode(span_of(bytes, TCP_HEADER_MIN + len), &p.end[0].at.addr,
					&p.end[1].at.addr, true, &src, &dst, &s),
			     SEG_OK);
		struct auth_packet in = {&s, &p.end[0].at, &p.end[1].at,
					 span_of(bytes, TCP_HEADER_MIN + len)};

		cr_expect_eq(auth_rx(p.end[1].auth, &in, p.now), AUTH_BAD, "%u", len);
	}
	pair_free(&p);
}
