/* Limits of a new dump: who is told, and when. */
#include <criterion/criterion.h>

#include "control/daemon/limits.h"
#include "tests/unit/control/fake.h"

struct rig {
	struct scratch scratch;
	struct server server;
	struct config *config;
	struct roster *roster;
	struct state *state;
	struct irr *irr;
	struct limits *limits;
};

static void stand(struct rig *r)
{
	struct config_errors e;
	char text[1024], path[256], why[256];
	*r = (struct rig){.server = {.core_count = 1}};
	scratch_init(&r->scratch);
	snprintf(text, sizeof(text),
		 PORT "irr: {peeringdb: '%s'}\n"
		      "cfg: {rs_as: 64500, filtering: {max_prefix: {action: block, "
		      "peering_db: {enabled: true}}}}\nclients:\n"
		      "- {asn: 64501, ip: 198.18.1.1}\n- {asn: 64502, ip: 198.18.1.2}\n",
		 scratch_path(&r->scratch, "net.json", path));
	r->config = scratch_load(&r->scratch, text, &e);
	cr_assert(r->config != NULL);
	config_errors_free(&e);
	r->roster = roster_new(r->config, 4);
	cr_assert_eq(state_open(r->scratch.dir, &r->state, why, sizeof(why)), 0);
	const struct irr_opts opts = {
		.conf = &r->config->irr, .cache_fd = -1, .seed = 1, .now = 1, .now_s = 1790000000};
	r->irr = irr_new(&opts);
	const struct limits_opts limits = {
		.server = &r->server, .roster = r->roster, .state = r->state, .irr = r->irr};
	r->limits = limits_new(&limits);
}

static void read_dump(struct rig *r)
{
	scratch_write(
		&r->scratch, "net.json",
		"{\"data\": [{\"asn\": 64501, \"info_prefixes4\": 50, \"info_prefixes6\": 5}, "
		"{\"asn\": 64502, \"info_prefixes4\": 60, \"info_prefixes6\": 6}]}");
	for (unsigned i = 0; i < 100; i++) {
		(void)irr_serve(r->irr, 61 * USEC_PER_SEC, 1790000061);
	}
	cr_assert(irr_peeringdb(r->irr) != NULL);
}

static void end(struct rig *r)
{
	limits_free(r->limits);
	irr_free(r->irr);
	state_close(r->state);
	roster_free(r->roster);
	config_free(r->config);
	scratch_fini(&r->scratch);
}

Test(limits, a_new_dump_is_told_to_every_member)
{
	struct rig r;
	stand(&r);
	limits_step(r.limits);
	cr_expect_eq(r.server.asked_count, 0);
	read_dump(&r);
	limits_step(r.limits);
	cr_assert_eq(r.server.asked_count, 2);
	cr_expect_str_eq(r.server.asked[0], "~0");
	cr_expect_str_eq(r.server.asked[1], "~1");
	end(&r);
}

/* A reload knows who has the number while its rules are made, and the server does not yet. */
Test(limits, a_member_that_is_not_added_yet_has_them_when_it_is)
{
	struct rig r;
	stand(&r);
	r.server.waiting = 1u << 0;
	read_dump(&r);
	limits_step(r.limits);
	cr_assert_eq(r.server.asked_count, 1);
	cr_expect_str_eq(r.server.asked[0], "~1");
	end(&r);
}
