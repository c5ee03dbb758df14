/* The keys of a session: in cfg, in a client's cfg, beside its asn; inheritance and mistakes. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/scratch.h"

/* RFC 7313. */
Test(session_keys, enhanced_refresh_is_on_unless_it_is_turned_off)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s,
			     "clients:\n"
			     "- {asn: 64501, ip: 198.18.1.1}\n"
			     "- {asn: 64502, ip: 198.18.1.2, enhanced_refresh: false}\n" PORT
			     "cfg: {rs_as: 64500}\n",
			     &e);
	cr_assert(c != NULL && c->client_count == 2);
	cr_expect(c->client[0].session.has_enhanced_refresh);
	cr_expect_not(c->client[1].session.has_enhanced_refresh);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* RFC 4724: on unless it is turned off; a client's keys go before cfg's, each for itself. */
Test(session_keys, graceful_restart_is_on_by_default)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		"clients:\n"
		"- {asn: 64501, ip: 198.18.1.1}\n"
		"- {asn: 64502, ip: 198.18.1.2, cfg: {graceful_restart: {enabled: false}}}\n"
		"- {asn: 64503, ip: 198.18.1.3, cfg: {graceful_restart: {stale_time: 5,\n"
		"   long_lived_stale_time: 0}}}\n" PORT "cfg: {rs_as: 64500, graceful_restart:\n"
		"  {stale_time: 600, long_lived_stale_time: 86400}}\n",
		&e);
	cr_assert(c != NULL && c->client_count == 3);
	cr_expect_eq(c->client[0].session.stale_s, 600);
	cr_expect_eq(c->client[1].session.stale_s, 0);
	cr_expect_eq(c->client[2].session.stale_s, 5);
	cr_expect_eq(c->client[0].session.long_stale_s, 86400);
	cr_expect_eq(c->client[2].session.long_stale_s, 0);
	config_free(c);
	c = scratch_load(
		&s, "clients: [{asn: 64501, ip: 198.18.1.1}]\n" PORT "cfg: {rs_as: 64500}\n", &e);
	cr_expect(c != NULL && c->client[0].session.stale_s == 360);
	cr_expect_eq(c->client[0].session.long_stale_s, 0, "only when it is asked for");
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* How long members keep our routes: 0 is a value.  How long selection waits: the whole server's. */
Test(session_keys, times_of_our_own_restart)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		"clients:\n"
		"- {asn: 64501, ip: 198.18.1.1}\n"
		"- {asn: 64502, ip: 198.18.1.2, graceful_restart: {restart_time: 0}}\n"
		"- {asn: 64503, ip: 198.18.1.3, cfg: {graceful_restart: {restart_time: 4095,\n"
		"   long_lived_stale_time: 16777215}}}\n" PORT
		"cfg: {rs_as: 64500, graceful_restart:\n"
		"  {restart_time: 60, selection_deferral_time: 3600}}\n",
		&e);
	cr_assert(c != NULL && c->client_count == 3 && e.count == 0);
	cr_expect_eq(c->client[0].session.restart_s, 60);
	cr_expect_eq(c->client[1].session.restart_s, 0, "they keep nothing");
	cr_expect_eq(c->client[2].session.restart_s, 4095);
	cr_expect_eq(c->client[1].session.stale_s, 360, "each key for itself");
	cr_expect_eq(c->client[2].session.long_stale_s, 16777215);
	cr_expect_eq(c->deferral_s, 3600);
	config_free(c);
	c = scratch_load(
		&s, "clients: [{asn: 64501, ip: 198.18.1.1}]\n" PORT "cfg: {rs_as: 64500}\n", &e);
	cr_assert(c != NULL);
	cr_expect_eq(c->client[0].session.restart_s, 120);
	cr_expect_eq(c->deferral_s, 180);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(session_keys, what_is_wanted_of_a_members_updates)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		"clients:\n"
		"- {asn: 64501, ip: 198.18.1.1, attributes: {discard: []}, connect_retry_time: 5}\n"
		"- {asn: 64502, ip: 198.18.1.2, accept_as_set: true, enforce_first_as: true,\n"
		"   cfg: {attributes: {treat_as_withdraw: [255]}}}\n"
		"- {asn: 64503, ip: 198.18.1.3, cfg: {graceful_shutdown: {enabled: true}}}\n" PORT
		"cfg: {rs_as: 64500, graceful_shutdown: {local_pref: 4294967295},\n"
		"      attributes: {discard: [128, 21]}}\n",
		&e);
	cr_assert(c != NULL && c->client_count == 3);
	const struct session_conf *a = &c->client[0].session, *b = &c->client[1].session,
				  *d = &c->client[2].session;
	cr_expect(!a->accepts_as_set && !a->enforces_first_as && !a->has_graceful_shutdown);
	cr_expect(a->retry_s == 5 && b->retry_s == 0);
	cr_expect(a->lists.discard[4] == 0 && a->lists.discard[0] == 0);
	cr_expect(b->accepts_as_set && b->enforces_first_as);
	cr_expect(b->lists.discard[4] == 1 && b->lists.discard[0] == 1u << 21);
	cr_expect(b->lists.withdraw[7] == 1u << 31 && d->lists.withdraw[7] == 0);
	cr_expect(d->has_graceful_shutdown && d->graceful_shutdown_pref == UINT32_MAX);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* RFC 8654, RFC 8950: off unless they are turned on; a client's keys go before cfg's. */
Test(session_keys, long_messages_and_ipv6_next_hops_are_asked_for)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s,
			     "clients:\n"
			     "- {asn: 64501, ip: 198.18.1.1}\n"
			     "- {asn: 64502, ip: 198.18.1.2, cfg: {rfc8950: False}}\n"
			     "- {asn: 64503, ip: 198.18.1.3, extended_messages: true}\n" PORT
			     "cfg: {rs_as: 64500, rfc8950: True}\n",
			     &e);
	cr_assert(c != NULL && c->client_count == 3 && e.count == 0);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(c->client[i].session.has_next_hop6 == (i != 1), "%u", i);
		cr_expect(c->client[i].session.has_extended_message == (i == 2), "%u", i);
	}
	config_free(c);
	c = scratch_load(
		&s, "clients: [{asn: 64501, ip: 198.18.1.1}]\n" PORT "cfg: {rs_as: 64500}\n", &e);
	cr_expect(c != NULL && !c->client[0].session.has_next_hop6 &&
		  !c->client[0].session.has_extended_message);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* A mistake in line 6, which is a client's; line 5 is cfg. */
static const struct {
	const char *client;
	int column;
	const char *fragment;
} mistakes[] = {
	{"passive: true, cfg: {passive: true}", 61, "'passive' is set twice for this client"},
	{"hold_time: 9, cfg: {hold_time: 9}", 60, "'hold_time' is set twice"},
	{"attributes: {discard: 128}", 62, "must be a list of attribute type codes"},
	{"attributes: {discard: [128, 256]}", 68, "from 1 to 255"},
	{"attributes: {discard: [2]}", 63, "a route is nothing without attribute 2"},
	{"attributes: {treat_as_withdraw: [14]}", 73, "a route is nothing without attribute 14"},
	{"attributes: {discard: [9], drop: [1]}", 67, "known here: discard, treat_as_withdraw"},
	{"graceful_shutdown: {enabled: 2}", 69, "true or false"},
	{"extended_messages: 65535", 59, "true or false"},
	{"rfc8950: 1", 49, "true or false"},
	{"connect_retry_time: 0", 60, "from 1 to 65535"},
	{"graceful_restart: {restart_time: 4096}", 73, "from 0 to 4095"},
	{"graceful_restart: {stale_time: 0}", 71, "from 1 to 3600"},
	{"graceful_restart: {long_lived_stale_time: 16777216}", 82, "from 0 to 16777215"},
	{"graceful_restart: {selection_deferral_time: 60}", 59,
	 "stands in cfg.graceful_restart alone"},
	{"cfg: {graceful_restart: {selection_deferral_time: 60}}", 65,
	 "stands in cfg.graceful_restart alone"},
	{"graceful_restart: {restart_time: 2m}", 73, "from 0 to 4095"},
	{"graceful_restart: {restart: 60}", 59, "known here: enabled, stale_time"},
};

/* The server's own key, in line 5. */
Test(session_keys, a_mistaken_deferral_has_its_place_and_remedy)
{
	static const char *const values[] = {"0", "3601", "-1", "1h"};
	struct scratch s;
	char path[256], text[1024];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(values); i++) {
		struct config_errors e;
		snprintf(text, sizeof(text),
			 PORT "cfg: {rs_as: 64500, graceful_restart: {selection_deferral_time: "
			      "%s}}\nclients: [{asn: 64501, ip: 198.18.1.1}]\n",
			 values[i]);
		scratch_write(&s, "main.yml", text);
		struct config *c = config_load(scratch_path(&s, "main.yml", path), &e);
		config_errors_print(&e, stderr);
		cr_expect(c == NULL, "%s: was accepted", values[i]);
		cr_expect(e.count == 1 && e.item[0].line == 5 && e.item[0].column == 65 &&
				  strstr(e.item[0].text, "from 1 to 3600") != NULL,
			  "%s", values[i]);
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}

Test(session_keys, each_mistake_has_its_place_and_remedy)
{
	struct scratch s;
	char path[256], text[1024];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		struct config_errors e;
		snprintf(text, sizeof(text),
			 PORT "cfg: {rs_as: 64500}\nclients: [{asn: 64501, ip: 198.18.1.1, %s}]\n",
			 mistakes[i].client);
		scratch_write(&s, "main.yml", text);
		struct config *c = config_load(scratch_path(&s, "main.yml", path), &e);
		config_errors_print(&e, stderr);
		cr_expect(c == NULL, "%s: was accepted", mistakes[i].client);
		cr_expect(e.count >= 1 && e.item[0].line == 6 &&
				  e.item[0].column == mistakes[i].column &&
				  strstr(e.item[0].text, mistakes[i].fragment) != NULL,
			  "%s", mistakes[i].client);
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}
