/* Two whole servers with keys: what the wrong ones cause, and how they are changed. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/core_priv.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/base/csum.h"

/* Site 0 waits, site 1 connects; each is the other's only member. */
struct site {
	struct nic *nic;
	struct server *server;
};

struct lab {
	struct nic_hub *hub;
	struct site site[2];
	enum family family;
	usec_t now;
};

static struct addr addr_of(const struct lab *l, unsigned i)
{
	const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(1 + i)};

	return l->family == FAMILY_IPV4 ? addr_v4(0xc6120001 + i) : addr_make(FAMILY_IPV6, v6);
}

static void site_init(struct lab *l, unsigned i, const struct auth_keys *keys)
{
	struct member_conf conf = {.asn = 65001 - i,
				   .addr = addr_of(l, 1 - i),
				   .session.hold_s = 9,
				   .session.retry_s = 1,
				   .session.is_passive = i == 0,
				   .is_enabled = true,
				   .keys = keys};
	struct net_port_conf port = {
		.mac = {{2, 0, 0, 0, 1, (uint8_t)i}}, .mtu = 1500, .addr_count = 1};

	port.addr[0].addr = addr_of(l, i);
	port.addr[0].prefix_len = l->family == FAMILY_IPV4 ? 24 : 64;
	l->site[i].nic = nic_mem_open(l->hub, port.mac, 1500, 1);
	struct server_opts opts = {.local_as = 65000 + i,
				   .router_id = 0xc6120001 + i,
				   .core_count = 1,
				   .seed = 42 + i,
				   .members = &conf,
				   .member_count = 1,
				   .ports = &port,
				   .nics = &l->site[i].nic,
				   .port_count = 1,
				   .now = l->now};

	l->site[i].server = server_new(&opts);
	cr_assert_not_null(l->site[i].server);
}

static struct lab *lab_new(enum family family, const struct auth_keys *passive,
			   const struct auth_keys *active)
{
	struct lab *l = calloc(1, sizeof(*l));

	cr_assert_not_null(l);
	epoch_thread_begin_alone();
	l->family = family;
	l->now = 10 * USEC_PER_SEC;
	l->hub = nic_hub_new(4, 1024);
	nic_hub_set_time(l->hub, l->now, 20);
	site_init(l, 0, passive);
	site_init(l, 1, active);
	return l;
}

static void lab_free(struct lab *l)
{
	for (unsigned i = 0; i < 2; i++) {
		server_free(l->site[i].server);
		l->site[i].nic->ops->close(l->site[i].nic);
	}
	nic_hub_free(l->hub);
	epoch_barrier();
	epoch_thread_end();
	free(l);
}

static void lab_run(struct lab *l, usec_t us)
{
	for (usec_t until = l->now + us; l->now < until; l->now += 10 * USEC_PER_MSEC) {
		for (unsigned round = 0; round < 6; round++) {
			nic_hub_set_time(l->hub, l->now, 20);
			core_step(server_core(l->site[round % 2].server, 0), l->now);
			core_check(server_core(l->site[round % 2].server, 0));
		}
	}
}

static struct member_status status_of(const struct lab *l, unsigned i)
{
	struct member_status st;

	server_member_status(l->site[i].server, 0, &st);
	return st;
}

static uint64_t refusals(const struct lab *l, unsigned i, unsigned verdict)
{
	return verdict == AUTH_OK ? 0
				  : status_of(l, i).drops[auth_drop((enum auth_verdict)verdict)];
}

static bool is_up(const struct lab *l)
{
	return status_of(l, 0).state == FSM_ESTABLISHED && status_of(l, 1).state == FSM_ESTABLISHED;
}

static unsigned sessions(const struct lab *l)
{
	struct member_status st = status_of(l, 0);

	return (unsigned)metric_get(&st.session.established);
}

static struct auth_keys keys_of(uint8_t algorithm, uint8_t id, const char *secret)
{
	struct auth_keys k = {.count = 1,
			      .key = {{.algorithm = algorithm,
				       .send_id = id,
				       .recv_id = id,
				       .secret_len = (uint8_t)strlen(secret)}}};

	memcpy(k.key[0].secret, secret, strlen(secret));
	return k;
}

static void change_keys(struct lab *l, unsigned i, const struct auth_keys *keys)
{
	struct request r = {.kind = REQUEST_KEYS, .auth = keys != NULL ? auth_new(keys) : NULL};

	cr_assert(server_request(l->site[i].server, &r));
}

static const uint8_t algorithms[] = {AUTH_MD5, AUTH_HMAC_SHA_1_96, AUTH_AES_128_CMAC_96};

Test(keys, equal_keys_bring_the_session_up)
{
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(algorithms); i++) {
		struct auth_keys k = keys_of(algorithms[i / 2], 1, "secret");
		struct lab *l = lab_new((enum family)(i % 2), &k, &k);

		lab_run(l, 3 * USEC_PER_SEC);
		cr_expect(is_up(l), "algorithm %u, family %u", i / 2, i % 2);
		cr_expect_eq(status_of(l, 0).auth.kind, auth_keys_kind(&k));
		for (unsigned v = 0; v < AUTH_VERDICT_COUNT; v++) {
			cr_expect_eq(refusals(l, 0, v), 0);
		}
		lab_free(l);
	}
}

/* The event that control logs. */
static bool has_auth_event(struct lab *l, unsigned site, const char *words)
{
	struct event e;
	bool has = false;

	while (server_event(l->site[site].server, &e)) {
		has = has || (e.kind == EVENT_AUTH && strstr(e.text, words) != NULL);
	}
	return has;
}

Test(keys, keys_that_differ_are_refused_counted_and_told)
{
	struct auth_keys md5 = keys_of(AUTH_MD5, 0, "one"), md5_other = keys_of(AUTH_MD5, 0, "two");
	struct auth_keys ao = keys_of(AUTH_HMAC_SHA_1_96, 1, "one");
	struct auth_keys ao_other = keys_of(AUTH_HMAC_SHA_1_96, 1, "two");
	struct auth_keys ao_id = keys_of(AUTH_HMAC_SHA_1_96, 2, "one");
	const struct {
		const struct auth_keys *passive, *active;
		enum auth_verdict verdict;
		const char *words;
	} row[] = {
		{&md5, &md5_other, AUTH_BAD, "wrong digest"},
		{&md5, NULL, AUTH_MISSING, "no signature"},
		{NULL, &md5, AUTH_UNEXPECTED, "no key"},
		{&ao, &ao_other, AUTH_BAD, "wrong digest"},
		{&ao, &ao_id, AUTH_KEY_UNKNOWN, "key id"},
		{&ao, &md5, AUTH_KIND, "the other way round"},
		{NULL, &ao, AUTH_UNEXPECTED, "no key"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(row); i++) {
		struct lab *l = lab_new(FAMILY_IPV4, row[i].passive, row[i].active);

		lab_run(l, 5 * USEC_PER_SEC);
		struct member_status st = status_of(l, 0);

		cr_expect_not(is_up(l), "row %u", i);
		cr_expect_gt(refusals(l, 0, row[i].verdict), 1, "row %u", i);
		cr_expect_gt(st.refused_at[row[i].verdict], 10 * USEC_PER_SEC);
		cr_expect(has_auth_event(l, 0, row[i].words), "row %u", i);
		/* Nothing answers: the other side hears neither SYN+ACK nor reset. */
		const struct member_status other = status_of(l, 1);

		for (unsigned v = 0; v < AUTH_VERDICT_COUNT; v++) {
			cr_expect_eq(refusals(l, 1, v), 0, "row %u", i);
		}
		cr_expect_null(strstr(other.last_error, "refused"), "row %u", i);
		lab_free(l);
	}
}

/* Both sides change, one after the other, and the session knows nothing of it. */
Test(keys, keys_change_without_a_reset)
{
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(algorithms); i++) {
		unsigned first = i % 2;
		struct auth_keys old = keys_of(algorithms[i / 2], 1, "old");
		struct auth_keys new = keys_of(algorithms[i / 2], 2, "new");
		struct lab *l = lab_new(FAMILY_IPV4, &old, &old);

		lab_run(l, 3 * USEC_PER_SEC);
		cr_assert(is_up(l));
		change_keys(l, first, &new);
		lab_run(l, 30 * USEC_PER_SEC);
		change_keys(l, 1 - first, &new);
		lab_run(l, AUTH_OVERLAP_US + 30 * USEC_PER_SEC);
		cr_expect(is_up(l));
		cr_expect_eq(sessions(l), 1);
		for (unsigned side = 0; side < 2; side++) {
			cr_expect_eq(status_of(l, side).auth.retired, 0);
			if (old.key[0].algorithm != AUTH_MD5) {
				cr_expect_eq(status_of(l, side).auth.send_id, 2);
			}
		}
		lab_free(l);
	}
}

/* A connection carries one kind of signature: RFC 5925 §1. */
Test(keys, a_change_of_kind_ends_the_session_and_it_comes_back)
{
	struct auth_keys md5 = keys_of(AUTH_MD5, 0, "one");
	struct auth_keys ao = keys_of(AUTH_AES_128_CMAC_96, 1, "one");
	const struct auth_keys *turn[] = {NULL, &md5, &ao, NULL};
	struct lab *l = lab_new(FAMILY_IPV4, NULL, NULL);

	lab_run(l, 3 * USEC_PER_SEC);
	for (unsigned i = 1; i < ARRAY_COUNT(turn); i++) {
		cr_assert(is_up(l), "turn %u", i);
		change_keys(l, 0, turn[i]);
		change_keys(l, 1, turn[i]);
		lab_run(l, 10 * USEC_PER_SEC);
		cr_expect_eq(sessions(l), i + 1);
		cr_expect_eq(status_of(l, 0).auth.kind, auth_keys_kind(turn[i]));
	}
	cr_expect(is_up(l));
	lab_free(l);
}

/* Changed on one side only: the old key expires, and the session with it. */
Test(keys, a_key_that_the_peer_never_gets_ends_the_session)
{
	struct auth_keys old = keys_of(AUTH_MD5, 0, "old"), new = keys_of(AUTH_MD5, 0, "new");
	struct lab *l = lab_new(FAMILY_IPV4, &old, &old);

	lab_run(l, 3 * USEC_PER_SEC);
	change_keys(l, 0, &new);
	lab_run(l, AUTH_OVERLAP_US - USEC_PER_SEC);
	cr_expect(is_up(l));
	cr_expect(status_of(l, 0).auth.is_on_retired);
	lab_run(l, 15 * USEC_PER_SEC);
	cr_expect_not(is_up(l));
	cr_expect_gt(refusals(l, 0, AUTH_BAD), 0);
	change_keys(l, 1, &new);
	lab_run(l, 30 * USEC_PER_SEC);
	cr_expect(is_up(l));
	lab_free(l);
}

/* A worker that ends has keys in its ring: they are freed (LeakSanitizer looks). */
Test(keys, keys_on_their_way_are_freed)
{
	struct auth_keys k = keys_of(AUTH_MD5, 0, "one");
	struct lab *l = lab_new(FAMILY_IPV4, NULL, &k);

	change_keys(l, 0, &k);
	change_keys(l, 1, &k);
	lab_free(l);
}

/* An established connection of a member with a key: a reset without a signature is no reset. */
Test(keys, a_peer_that_restarts_is_answered_with_a_signed_reset)
{
	struct auth_keys k = keys_of(AUTH_MD5, 0, "one");
	struct lab *l = lab_new(FAMILY_IPV4, &k, &k);

	lab_run(l, 3 * USEC_PER_SEC);
	cr_assert(is_up(l));
	/* Site 1 forgets everything and connects again. */
	server_free(l->site[1].server);
	l->site[1].nic->ops->close(l->site[1].nic);
	site_init(l, 1, &k);
	lab_run(l, 5 * USEC_PER_SEC);
	cr_expect(is_up(l));
	cr_expect_eq(sessions(l), 2);
	lab_free(l);
}

/* A router's word (RFC 1191 §4) that site 1's segment to site 0 was too big. */
static void send_too_big(struct lab *l)
{
	const struct tcp *tcp = l->site[1].server->member[0].tcp;
	const struct endpoint *local = tcp_local(tcp), *remote = tcp_remote(tcp);
	uint8_t frame[70] = {[12] = 8, [14] = 0x45, [17] = 56, [20] = 0x40, [22] = 64, [23] = 1};
	uint8_t *ip = frame + 14, *icmp = ip + 20, *quoted = icmp + 8;
	struct frame_buf buf;

	memcpy(frame, l->site[1].nic->mac.bytes, 6);
	memcpy(frame + 6, l->site[0].nic->mac.bytes, 6);
	memcpy(ip + 12, remote->addr.bytes, 4);
	memcpy(ip + 16, local->addr.bytes, 4);
	csum_store(csum_add(0, ip, 20), ip + 10);
	memcpy(icmp, (const uint8_t[]){3, 4, 0, 0, 0, 0, 576 >> 8, 576 & 0xff}, 8);
	memcpy(quoted, (const uint8_t[]){0x45, 0, 1500 >> 8, 1500 & 0xff, 0, 0, 0x40, 0, 64, 6},
	       10);
	memcpy(quoted + 12, local->addr.bytes, 4);
	memcpy(quoted + 16, remote->addr.bytes, 4);
	memcpy(quoted + 20,
	       (const uint8_t[]){(uint8_t)(local->port >> 8), (uint8_t)local->port, 0, 179}, 4);
	csum_store(csum_add(0, icmp, 36), icmp + 2);
	cr_assert_eq(nic_alloc(l->site[0].nic, 0, &buf, 1), 1u);
	memcpy(buf.data, frame, sizeof(frame));
	buf.len = sizeof(frame);
	cr_assert_eq(nic_tx(l->site[0].nic, 0, &buf, 1), 1u);
}

Test(keys, a_report_of_too_big_counts_for_nothing_beside_ao)
{
	/* RFC 5925 §7.8.  TCP names the report as one about nothing in flight; with AO it is not
	 * even asked. */
	for (unsigned k = 0; k < ARRAY_COUNT(algorithms); k++) {
		struct auth_keys keys = keys_of(algorithms[k], 1, "the same on both sides");
		struct lab *l = lab_new(FAMILY_IPV4, &keys, &keys);

		lab_run(l, 3 * USEC_PER_SEC);
		cr_assert(is_up(l));
		send_too_big(l);
		lab_run(l, USEC_PER_SEC);
		struct member_status st = status_of(l, 1);

		cr_expect_eq(st.drops[DROP_CORE_FIRST + CORE_DROP_ICMP_TOO_BIG - DROP_MEMBER_FIRST],
			     1u);
		cr_expect_eq(st.drops[TCP_DROP_TOO_BIG_OUTSIDE],
			     algorithms[k] == AUTH_MD5 ? 1u : 0u, "algorithm %u", k);
		lab_free(l);
	}
}
