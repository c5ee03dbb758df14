/* Data that the filters need and that are not there: a warning, with the place of who asks. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/scratch.h"

#define CFG PORT "cfg: {rs_as: 64500}\n"
/* On the lines 7 to 9. */
#define CLIENTS                                                                                    \
	"clients:\n"                                                                               \
	"- {asn: 64501, ip: 198.18.1.1, cfg: {filtering: {irrdb: {as_sets: [AS-X, AS-Y]}}}}\n"     \
	"- {asn: 64502, ip: 198.18.1.2}\n"

static struct config_errors load(struct scratch *s, const char *yaml)
{
	struct config_errors e;
	struct config *c = scratch_load(s, yaml, &e);
	cr_assert(c != NULL);
	config_free(c);
	return e;
}

/* One warning; it is at that line. */
static bool is_said(const struct config_errors *e, int line, const char *text)
{
	unsigned found = 0;
	for (unsigned i = 0; i < e->count; i++) {
		found += e->item[i].is_warning && e->item[i].line == line &&
			 strstr(e->item[i].text, text) != NULL;
	}
	return found == 1;
}

Test(check_data, files_that_are_not_there_are_named_with_their_place)
{
	struct scratch s;
	scratch_init(&s);
	struct config_errors e = load(&s, CFG "rpki: {files: [a.json]}\n"
					      "irr:\n  files: {AS-X: b.json}\n  peeringdb: c.json\n"
					      "  registrobr: d.txt\n");
	cr_expect(e.count == 4 &&
		  is_said(&e, 6, "/a.json' here now; put it there, or correct the path"));
	cr_expect(is_said(&e, 8, "/b.json' here now") && is_said(&e, 9, "/c.json' here now"));
	cr_expect(is_said(&e, 10, "/d.txt' here now"));
	config_errors_free(&e);
	scratch_write(&s, "a.json", "");
	e = load(&s, CFG "rpki: {files: [a.json]}\n");
	cr_expect(e.count == 0);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(check_data, as_sets_without_a_file_are_named)
{
	struct scratch s;
	scratch_init(&s);
	struct config_errors e = load(&s, CFG CLIENTS "irr: {files: none}\n");
	cr_expect(e.count == 1 && is_said(&e, 9, "/none' here now"));
	config_errors_free(&e);

	e = load(&s, CFG CLIENTS "irr: {files: .}\n");
	cr_expect(e.count == 2 && is_said(&e, 7, "/AS-Y.json' here now; without it 198.18.1.1 "));
	cr_expect(is_said(&e, 9, "of 2 neighbours"));
	config_errors_free(&e);

	scratch_write(&s, "AS-X.json", "");
	scratch_write(&s, "AS-Y.json", "");
	e = load(&s, CFG CLIENTS "irr: {files: .}\n");
	cr_expect(e.count == 1 && is_said(&e, 8, "/AS64502.json' here now"));
	config_errors_free(&e);

	scratch_write(&s, "AS64502.json", "");
	e = load(&s, CFG CLIENTS "irr: {files: .}\n");
	cr_expect(e.count == 0);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(check_data, who_needs_no_as_set_needs_no_file)
{
	struct scratch s;
	scratch_init(&s);
	struct config_errors e =
		load(&s, PORT
		     "cfg: {rs_as: 64500, filtering: {irrdb: {enforce_origin_in_as_set: false,\n"
		     " enforce_prefix_in_as_set: false}}}\n" CLIENTS "irr: {files: .}\n");
	cr_expect(e.count == 0);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(check_data, validation_without_a_source_is_said_to_do_nothing)
{
#define ROV "cfg: {rs_as: 64500, filtering: {rpki_bgp_origin_validation: {enabled: true}}}\n"
	struct scratch s;
	scratch_init(&s);
	struct config_errors e = load(&s, PORT ROV CLIENTS);
	cr_expect(e.count == 1 && is_said(&e, 1, "has no effect without data"));
	config_errors_free(&e);
	e = load(&s, PORT ROV CLIENTS "rpki: {caches: [{address: 198.18.0.9}]}\n");
	cr_expect(e.count == 0);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(check_data, a_file_that_cannot_be_read_is_not_blamed_twice)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	scratch_write(&s, "general.yml", "cfg:\n\trs_as: 64500\n");
	struct config *c = scratch_load(&s, "include: general.yml\n" PORT, &e);
	cr_expect(c == NULL && e.count == 1 && e.item[0].line == 2);
	config_errors_free(&e);
	scratch_fini(&s);
}
