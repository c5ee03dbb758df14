/* Keys on the control side: what a reload hands on, and what an operator reads of them. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/auth_json.h"
#include "control/daemon/reload.h"
#include "tests/unit/control/fake.h"

#define GENERAL                                                                                    \
	"dataplane: {ports: [{device: x, addresses: [198.18.0.1/16]}]}\n"                          \
	"cfg: {rs_as: 64500, router_id: 198.18.0.1}\nclients:\n"

static struct config *load(const struct scratch *s, const char *clients)
{
	char text[1024], path[256];
	struct config_errors e;
	snprintf(text, sizeof(text), GENERAL "%s", clients);
	scratch_write(s, "main.yml", text);
	struct config *c = config_load(scratch_path(s, "main.yml", path), &e);
	cr_assert(c != NULL);
	config_errors_free(&e);
	return c;
}

static void free_requests(struct server *s)
{
	for (unsigned i = 0; i < s->request_count; i++) {
		auth_free(s->request[i].auth);
	}
	s->request_count = 0;
}

/* Only what changed, to whom it changed, and once: the rings' pace. */
Test(reload, changed_keys_are_handed_on_when_the_rings_take_them)
{
	struct scratch s;
	char path[256];
	struct server server = {.core_count = 1};
	scratch_init(&s);
	struct config *running = load(&s, "- {asn: 1, ip: 198.18.1.1, password: a}\n"
					  "- {asn: 2, ip: 198.18.1.2, password: b}\n"
					  "- {asn: 3, ip: 198.18.1.3, password: c}\n"
					  "- {asn: 4, ip: 198.18.1.4}\n");
	struct reload *r = reload_new(&server, running);
	/* In another order, and with one more. */
	config_free(load(&s, "- {asn: 5, ip: 198.18.1.5, password: e}\n"
			     "- {asn: 4, ip: 198.18.1.4, password: d}\n"
			     "- {asn: 3, ip: 198.18.1.3}\n"
			     "- {asn: 2, ip: 198.18.1.2, tcp_ao: "
			     "[{send_id: 1, recv_id: 2, key: b}]}\n"
			     "- {asn: 1, ip: 198.18.1.1, password: a}\n"));
	scratch_path(&s, "main.yml", path);
	server.is_ring_full = true;
	reload_begin(r, path);
	reload_step(r);
	cr_expect(server.request_count == 0);
	server.is_ring_full = false;
	reload_step(r);
	cr_assert(server.request_count == 3);
	static const enum seg_auth kinds[] = {SEG_AUTH_AO, SEG_AUTH_NONE, SEG_AUTH_MD5};
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(server.request[i].kind == REQUEST_KEYS);
		cr_expect(server.request[i].peer == i + 1);
		cr_expect(auth_kind(server.request[i].auth) == kinds[i]);
	}
	free_requests(&server);
	reload_begin(r, path); /* The same file again. */
	reload_step(r);
	cr_expect(server.request_count == 0);
	scratch_write(&s, "main.yml", "cfg: {}\n");
	reload_begin(r, path); /* A faulty one. */
	reload_step(r);
	cr_expect(server.request_count == 0);
	reload_free(r);
	config_free(running);
	scratch_fini(&s);
}

/* "TCP-MD5: 12 segments with a wrong digest, last 3 s ago: …" */
Test(auth_json, refused_segments_are_said_in_words)
{
	struct member_status st = {.auth = {.kind = SEG_AUTH_MD5, .key_count = 1}};
	st.drops[TCP_DROP_AUTH_BAD] = 12;
	st.refused_at[AUTH_BAD] = 7 * USEC_PER_SEC;
	json_t *row = auth_json(&st, 10 * USEC_PER_SEC + 1);
	const json_t *bad = json_object_get(json_object_get(row, "refused"), "AUTH_BAD");
	cr_expect_str_eq(json_string_value(json_object_get(bad, "text")),
			 "TCP-MD5: 12 segments with a wrong digest, last 3 s ago: is the password "
			 "the same on both sides?");
	cr_expect(json_integer_value(json_object_get(bad, "count")) == 12);
	cr_expect(json_object_size(json_object_get(row, "refused")) == 1);
	cr_expect(json_object_get(row, "text") == NULL);
	json_decref(row);
}

/* Counts outlive a change of kind, so each verdict needs words under each kind. */
Test(auth_json, every_refusal_has_words_under_every_kind)
{
	for (unsigned kind = SEG_AUTH_NONE; kind <= SEG_AUTH_AO; kind++) {
		struct member_status st = {.auth = {.kind = (uint8_t)kind}};
		for (unsigned v = 1; v < AUTH_VERDICT_COUNT; v++) {
			st.drops[auth_drop((enum auth_verdict)v)] = 1;
		}
		json_t *row = auth_json(&st, USEC_PER_SEC);
		json_t *refused = json_object_get(row, "refused"), *one;
		const char *name;
		cr_expect(json_object_size(refused) == AUTH_VERDICT_COUNT - 1);
		json_object_foreach(refused, name, one)
		{
			const char *text = json_string_value(json_object_get(one, "text"));
			cr_expect(strstr(text, "1 segment ") != NULL &&
					  strstr(text, "(null)") == NULL,
				  "%s: %s", name, text);
		}
		json_decref(row);
	}
}

Test(auth_json, keys_in_use_are_shown_by_their_ids)
{
	struct member_status st = {.auth = {.kind = SEG_AUTH_AO,
					    .key_count = 2,
					    .retired = 1,
					    .has_current = true,
					    .send_id = 7,
					    .want_id = 9,
					    .is_on_retired = true}};
	json_t *row = auth_json(&st, USEC_PER_SEC);
	cr_expect_str_eq(json_string_value(json_object_get(row, "text")),
			 "sends with id 7, asks for id 9; the former key is in use until the "
			 "neighbour has the new one");
	json_decref(row);
}
