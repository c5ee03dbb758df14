/* What a configuration's text is made of: other files' lines, the environment. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/scratch.h"

/* arouteserver's: a line of its own, whatever its indentation; places are those of the file. */
Test(config_text, lines_of_other_files_are_put_in)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	scratch_write(&s, "filters.yml", "  filtering:\n    max_as_path_len: 7\n");
	scratch_write(&s, "clients.yml", "- {asn: 64501, ip: 198.18.1.1}");
	const char *text =
		PORT "cfg:\n  rs_as: 64500\n  !include filters.yml\n  add_path: yes\n"
		     "clients:\n    !include clients.yml\n- {asn: 64502, ip: 198.18.1.2}\n";
	struct config *c = scratch_load(&s, text, &e);
	cr_assert(c != NULL && e.count == 0);
	cr_expect(c->client_count == 2 && c->client[1].policy.path_len_max == 7);
	config_free(c);
	scratch_write(&s, "filters.yml", "  filtering:\n    max_as_path_len: 70\n");
	c = scratch_load(&s, text, &e);
	cr_assert(c == NULL && e.count == 1);
	cr_expect(e.item[0].line == 2 && e.item[0].column == 22, "%d", e.item[0].line);
	cr_expect(strstr(e.item[0].file, "filters.yml") != NULL);
	config_errors_free(&e);
	scratch_write(&s, "filters.yml", "  !include filters.yml\n");
	c = scratch_load(&s, text, &e);
	cr_assert(c == NULL && e.count == 1);
	cr_expect(strstr(e.item[0].text, "in a loop") != NULL && e.item[0].column == 3);
	config_errors_free(&e);
	c = scratch_load(&s, PORT "cfg:\n  !include none.yml\n", &e);
	cr_assert(c == NULL && e.count == 1 && e.item[0].line == 6);
	cr_expect(strstr(e.item[0].text, "none.yml': No such file") != NULL);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config_text, values_come_from_the_environment)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	setenv("CAUSEWAY_TEST_ASN", "64511", 1);
	unsetenv("CAUSEWAY_TEST_NONE");
	struct config *c = scratch_load(&s,
					PORT "cfg: {rs_as: 64500}\nclients:\n"
					     "- {asn: \"${CAUSEWAY_TEST_ASN}\", ip: 198.18.1.1, "
					     "description: 'a${CAUSEWAY_TEST_ASN}$b'}\n",
					&e);
	cr_assert(c != NULL && e.count == 0);
	cr_expect(c->client[0].asn == 64511);
	cr_expect_str_eq(c->client[0].description, "a64511$b");
	config_free(c);
	c = scratch_load(&s, PORT "cfg: {rs_as: \"${CAUSEWAY_TEST_NONE}\"}\n", &e);
	cr_assert(c == NULL && e.count == 2);
	cr_expect(e.item[0].is_warning && strstr(e.item[0].text, "has no 'CAUSEWAY_TEST_NONE'"));
	config_errors_free(&e);
	scratch_fini(&s);
}

/* One server of several that share a file. */
Test(config_text, of_several_router_ids_ours_is_taken)
{
	struct scratch s;
	struct config_errors e;
	struct addr id;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s, PORT "cfg: {rs_as: 64500, router_id: [198.18.0.9, 198.18.0.1]}\n", &e);
	cr_assert(c != NULL && addr_parse("198.18.0.1", &id) == 0);
	cr_expect(addr_equal(&c->router_id, &id));
	config_free(c);
	c = scratch_load(&s, PORT "cfg: {rs_as: 64500, router_id: [198.18.0.9, 198.18.0.8]}\n", &e);
	cr_assert(c != NULL && addr_parse("198.18.0.9", &id) == 0);
	cr_expect(addr_equal(&c->router_id, &id));
	config_free(c);
	c = scratch_load(&s, PORT "cfg: {rs_as: 64500, router_id: []}\n", &e);
	cr_expect(c == NULL && e.count == 1);
	config_errors_free(&e);
	scratch_fini(&s);
}
