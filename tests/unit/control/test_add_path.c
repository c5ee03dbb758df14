/* `add_path`: a boolean or a mapping, in cfg and for a client.  RFC 7911. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/scratch.h"

static void expect_add_path(const struct config_client *c, unsigned can, unsigned limit)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		cr_expect_eq(c->session.add_path[f], can, "AS %u: %u", c->asn,
			     c->session.add_path[f]);
	}
	cr_expect_eq(c->paths_limit, limit, "AS %u: %u", c->asn, c->paths_limit);
}

/* RFC 7911; arouteserver's boolean says what members are sent. */
Test(add_path_keys, add_path_is_a_boolean_or_a_mapping)
{
	static const char *const clients =
		"clients:\n"
		"- {asn: 1, ip: 198.18.1.1}\n"
		"- {asn: 2, ip: 198.18.1.2, add_path: yes}\n"
		"- {asn: 3, ip: 198.18.1.3, cfg: {add_path: false}}\n"
		"- {asn: 4, ip: 198.18.1.4, cfg: {add_path: {receive: true}}}\n"
		"- {asn: 5, ip: 198.18.1.5, add_path: {send: false, limit: 255}}\n" PORT;
	struct scratch s;
	struct config_errors e;
	char text[1024];
	scratch_init(&s);
	snprintf(text, sizeof(text), "%scfg: {rs_as: 64500}\n", clients);
	struct config *c = scratch_load(&s, text, &e);
	cr_assert(c != NULL && e.count == 0 && c->client_count == 5);
	cr_expect_eq(c->paths_sent, 8);
	const unsigned alone[] = {0, ADD_PATH_SEND, 0, ADD_PATH_RECEIVE, 0};
	for (unsigned i = 0; i < 5; i++) {
		expect_add_path(&c->client[i], alone[i], i == 4 ? 255 : 16);
	}
	config_free(c);
	snprintf(text, sizeof(text),
		 "%scfg: {rs_as: 64500, add_path: {send: true, receive: true, paths: 16, limit: "
		 "3}}\n",
		 clients);
	c = scratch_load(&s, text, &e);
	cr_assert(c != NULL && e.count == 0);
	cr_expect_eq(c->paths_sent, 16);
	const unsigned both = ADD_PATH_SEND | ADD_PATH_RECEIVE;
	const unsigned general[] = {both, both, 0, both, ADD_PATH_RECEIVE};
	for (unsigned i = 0; i < 5; i++) {
		expect_add_path(&c->client[i], general[i], i == 4 ? 255 : 3);
	}
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* Of the second line after the port, which is a client's, or of the first, which is cfg. */
static const struct {
	const char *cfg, *client;
	int line, column;
	const char *fragment;
} mistakes[] = {
	{"", "add_path: {paths: 4}", 6, 51, "one number for all members"},
	{", add_path: {paths: 17}", "", 5, 39, "from 1 to 16"},
	{", add_path: {paths: 0}", "", 5, 39, "from 1 to 16"},
	{", add_path: {limit: 0}", "", 5, 39, "from 1 to 255"},
	{"", "add_path: {limit: 256}", 6, 58, "from 1 to 255"},
	{", add_path: [send]", "", 5, 32, "must be true, false or a mapping"},
	{", add_path: both", "", 5, 31, "must be true or false, not 'both'"},
	{", add_path: {sent: true}", "", 5, 32, "did you mean 'send'?"},
	{"", "add_path: true, cfg: {add_path: true}", 6, 62, "is set twice for this client"},
};

Test(add_path_keys, each_mistake_has_its_place_and_remedy)
{
	struct scratch s;
	char path[256], text[1024];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		struct config_errors e;
		snprintf(text, sizeof(text),
			 PORT
			 "cfg: {rs_as: 64500%s}\nclients: [{asn: 64501, ip: 198.18.1.1%s%s}]\n",
			 mistakes[i].cfg, mistakes[i].client[0] != 0 ? ", " : "",
			 mistakes[i].client);
		scratch_write(&s, "main.yml", text);
		struct config *c = config_load(scratch_path(&s, "main.yml", path), &e);
		config_errors_print(&e, stderr);
		cr_expect(c == NULL, "%s: was accepted", mistakes[i].fragment);
		cr_expect(e.count >= 1 && e.item[0].line == mistakes[i].line &&
				  e.item[0].column == mistakes[i].column &&
				  strstr(e.item[0].text, mistakes[i].fragment) != NULL,
			  "%s %s", mistakes[i].cfg, mistakes[i].client);
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}
