/* `rpki` and `cfg.rpki_roas`: what becomes of their keys, and of mistakes in them. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/scratch.h"

#define CFG PORT "cfg: {rs_as: 64500}\n"

Test(rpki_conf, caches_and_files_are_read)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		CFG "rpki:\n"
		    "  caches:\n"
		    "    - {address: 198.18.0.9}\n"
		    "    - {address: rtr.example.net, port: 3323, preference: 2, refresh: 60, "
		    "retry: 5, expire: 600}\n"
		    "    - {address: \"2001:db8::9\", transport: ssh, user: rpki,\n"
		    "       private_key: /etc/causeway/rtr, host_key: /etc/causeway/known}\n"
		    "  files:\n"
		    "    - /var/lib/rpki-client/json\n"
		    "    - roas/a.json\n"
		    "    - {path: /x, preference: 9, max_age: 60, trust_anchors: [ripe, arin]}\n"
		    "  shrink_max: 20\n",
		&e);
	cr_assert(c != NULL && scratch_findings(&e) == 0);
	const struct rpki_conf *r = &c->rpki;
	cr_assert(r->cache_count == 3 && r->file_count == 3 && r->shrink_max == 20);
	cr_expect(r->cache[0].port == 323 && !r->cache[0].is_ssh && r->cache[0].preference == 1);
	cr_expect(r->cache[0].refresh_s == 0 && r->cache[0].retry_s == 0);
	cr_expect(strcmp(r->cache[1].address, "rtr.example.net") == 0 && r->cache[1].port == 3323);
	cr_expect(r->cache[1].refresh_s == 60 && r->cache[1].retry_s == 5);
	cr_expect(r->cache[1].expire_s == 600 && r->cache[1].preference == 2);
	cr_expect(r->cache[2].is_ssh && r->cache[2].port == 22);
	cr_expect(strcmp(r->cache[2].user, "rpki") == 0);
	cr_expect(strcmp(r->cache[2].private_key, "/etc/causeway/rtr") == 0);
	cr_expect(strcmp(r->cache[2].host_key, "/etc/causeway/known") == 0);
	cr_expect(strcmp(r->file[0].path, "/var/lib/rpki-client/json") == 0);
	cr_expect(r->file[0].preference == 1 && r->file[0].age_max_s == 0);
	cr_expect(r->file[0].anchor_count == 0);
	char path[256];
	cr_expect(strcmp(r->file[1].path, scratch_path(&s, "roas/a.json", path)) == 0);
	cr_expect(r->file[2].preference == 9 && r->file[2].age_max_s == 60);
	cr_expect(r->file[2].anchor_count == 2 && strcmp(r->file[2].anchors[1], "arin") == 0);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(rpki_conf, without_keys_there_are_no_sources)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s, CFG, &e);
	cr_assert(c != NULL && e.count == 0);
	cr_expect(c->rpki.cache_count == 0 && c->rpki.file_count == 0 && c->rpki.shrink_max == 50);
	config_free(c);
	scratch_fini(&s);
}

/* arouteserver: a file's age and trust anchors are bounded by default; of the keys of its own those
 * that are set hold for our files, too. */
Test(rpki_conf, arouteservers_keys_name_files)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		PORT
		"cfg:\n"
		"  rs_as: 64500\n"
		"  rpki_roas:\n"
		"    source: ripe-rpki-validator-cache\n"
		"    ripe_rpki_validator_url: [\"https://console.rpki-client.org/vrps.json\",\n"
		"                              /var/lib/a.json, \"file:///var/lib/b.json\"]\n",
		&e);
	cr_assert(c != NULL && scratch_findings(&e) == 1 && e.error_count == 0);
	cr_expect(e.item[0].line == 9 && strstr(e.item[0].text, "let a timer fetch it") != NULL);
	cr_assert(c->rpki.file_count == 2);
	cr_expect(strcmp(c->rpki.file[0].path, "/var/lib/a.json") == 0);
	cr_expect(strcmp(c->rpki.file[1].path, "/var/lib/b.json") == 0);
	cr_expect(c->rpki.file[0].preference == 2 && c->rpki.file[1].preference == 3);
	cr_expect(c->rpki.file[0].age_max_s == 21600 && c->rpki.file[0].anchor_count == 8);
	config_free(c);
	config_errors_free(&e);
	c = scratch_load(&s,
			 PORT "rpki: {files: [/x, {path: /y, max_age: 5, trust_anchors: [a]}]}\n"
			      "cfg:\n"
			      "  rs_as: 64500\n"
			      "  rpki_roas: {allowed_trust_anchors: [ripe, arin],\n"
			      "              ignore_cache_files_older_than: 60,\n"
			      "              ripe_rpki_validator_url: /z}\n",
			 &e);
	cr_assert(c != NULL && scratch_findings(&e) == 0 && c->rpki.file_count == 3);
	static const struct {
		unsigned age_s, anchors;
	} wanted[] = {{60, 2}, {5, 1}, {60, 2}};
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(c->rpki.file[i].age_max_s == wanted[i].age_s, "%u", i);
		cr_expect(c->rpki.file[i].anchor_count == wanted[i].anchors, "%u", i);
	}
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(rpki_conf, a_source_that_names_no_cache_is_warned_of)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s, PORT "cfg: {rs_as: 64500, rpki_roas: {source: rtr}}\n", &e);
	cr_assert(c != NULL && e.count == 1 && e.item[0].line == 1);
	cr_expect(strstr(e.item[0].text, "names no cache") != NULL, "%s", e.item[0].text);
	config_errors_free(&e);
	config_free(c);
	c = scratch_load(&s,
			 PORT "cfg: {rs_as: 64500, rpki_roas: {source: rtr}}\n"
			      "rpki: {caches: [{address: 198.18.0.9}]}\n",
			 &e);
	cr_expect(c != NULL && e.count == 0);
	config_free(c);
	scratch_fini(&s);
}

Test(rpki_conf, mistakes_have_a_place_and_a_remedy)
{
	static const struct {
		const char *rpki, *text;
		int line, column;
	} table[] = {
		{"rpki: {caches: {address: 198.18.0.9}}", "must be a list such as", 6, 17},
		{"rpki: {caches: [{port: 323}]}", "this cache has no 'address'", 6, 18},
		{"rpki: {caches: [{address: a, port: 0}]}", "from 1 to 65535, not '0'", 6, 36},
		{"rpki: {caches: [{address: a, transport: tls}]}", "must be tcp or ssh", 6, 41},
		{"rpki: {caches: [{address: a, transport: ssh}]}", "needs 'user'", 6, 18},
		{"rpki: {caches: [{address: a, user: u}]}", "go with 'transport: ssh'", 6, 18},
		{"rpki: {caches: [{address: a}, {address: a}]}", "was configured before", 6, 32},
		{"rpki: {caches: [{address: a, expire: 60}]}", "from 600 to 172800", 6, 38},
		{"rpki: {caches: [{address: a, refresh: 7200, expire: 600}]}", "longer than", 6,
		 18},
		{"rpki: {caches: [{adress: a}]}", "did you mean 'address'?", 6, 18},
		{"rpki: {files: [{preference: 1}]}", "this file has no 'path'", 6, 17},
		{"rpki: {files: [/a, /a]}", "was named before", 6, 20},
		{"rpki: {files: [{path: /a, preference: 256}]}", "from 1 to 255", 6, 39},
		{"rpki: {files: [{path: /a, trust_anchors: ripe}]}", "must be a list", 6, 42},
		{"rpki: {shrink_max: 0}", "from 1 to 100", 6, 20},
		{"rpki: []", "rpki must be a mapping", 6, 1},
		{"rpki: {cashes: []}", "did you mean 'caches'?", 6, 8},
	};
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char text[512];
		struct config_errors e;
		snprintf(text, sizeof(text), CFG "%s\n", table[i].rpki);
		struct config *c = scratch_load(&s, text, &e);
		cr_assert(c == NULL && e.count == 1, "%s: %u", table[i].rpki, e.count);
		cr_expect(strstr(e.item[0].text, table[i].text) != NULL, "%s", e.item[0].text);
		cr_expect(e.item[0].line == table[i].line && e.item[0].column == table[i].column,
			  "%s: %d:%d", table[i].rpki, e.item[0].line, e.item[0].column);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}
