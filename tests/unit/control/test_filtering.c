/* `filtering`: its keys told apart, and roles (RFC 9234) from file to session. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/config/diff.h"
#include "rib/base/check.h"
#include "tests/unit/control/scratch.h"

/* RFC 9234, arouteserver's keys: off unless enabled; a client's keys go before cfg's, each for
 * itself; we are an rs unless a client's local_role says otherwise. */
Test(filtering, roles_are_inherited_key_by_key)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s,
			     "clients:\n"
			     "- {asn: 64501, ip: 198.18.1.1}\n"
			     "- {asn: 64502, ip: 198.18.1.2, cfg: {filtering: {roles: "
			     "{enabled: false}}}}\n"
			     "- {asn: 64503, ip: 198.18.1.3, cfg: {filtering: {roles: "
			     "{local_role: peer}}}}\n"
			     "- {asn: 64504, ip: 198.18.1.4,\n"
			     "   cfg: {filtering: {roles: {strict_mode: no, local_role: "
			     "rs-client}}}}\n" PORT "cfg: {rs_as: 64500, filtering: {roles: "
			     "{enabled: yes, strict_mode: yes}}}\n",
			     &e);
	cr_assert(c != NULL && c->client_count == 4 && e.count == 0);
	static const struct session_conf wanted[] = {
		{.has_role = true, .is_role_strict = true, .role = ROLE_RS},
		{.has_role = false},
		{.has_role = true, .is_role_strict = true, .role = ROLE_PEER},
		{.has_role = true, .is_role_strict = false, .role = ROLE_RS_CLIENT},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(wanted); i++) {
		const struct session_conf *got = &c->client[i].session;
		cr_expect(got->has_role == wanted[i].has_role, "%u", i);
		cr_expect(got->is_role_strict == wanted[i].is_role_strict, "%u", i);
		cr_expect(got->role == wanted[i].role, "%u", i);
	}
	config_free(c);
	c = scratch_load(&s,
			 "clients:\n- {asn: 64501, ip: 198.18.1.1,\n"
			 "   cfg: {filtering: {roles: {local_role: peer}}}}\n" PORT
			 "cfg: {rs_as: 64500, filtering: {roles: {strict_mode: yes}}}\n",
			 &e);
	cr_assert(c != NULL && !c->client[0].session.has_role);
	cr_assert(e.count == 1 && e.item[0].is_warning && e.item[0].line == 2);
	cr_expect(strstr(e.item[0].text, "'local_role' of the neighbour 198.18.1.1 has no effect"));
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* What is attached has to fit beside what is told: the loader knows how much there may be. */
Test(filtering, as_many_communities_are_attached_as_fit)
{
	for (unsigned count = ATTACH_MAX; count <= ATTACH_MAX + 1; count++) {
		struct scratch s;
		struct config_errors e;
		char text[16384];
		size_t at = 0;
		scratch_init(&s);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s",
				       PORT "cfg: {rs_as: 64500, custom_communities: {");
		for (unsigned i = 0; i < count; i++) {
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       "%sc%u: {std: '64512:%u', lrg: 'rs_as:9:%u'}",
					       i == 0 ? "" : ", ", i, i, i);
		}
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "}}\nclients:\n- {asn: 64501, ip: 198.18.1.1, "
				       "cfg: {attach_custom_communities: [");
		for (unsigned i = 0; i < count; i++) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%sc%u",
					       i == 0 ? "" : ", ", i);
		}
		snprintf(text + at, sizeof(text) - at, "]}}\n");
		struct config *c = scratch_load(&s, text, &e);
		cr_expect((c != NULL) == (count <= ATTACH_MAX), "%u", count);
		cr_expect(c != NULL || strstr(e.item[0].text, "at most") != NULL);
		config_free(c);
		config_errors_free(&e);
		scratch_fini(&s);
	}
}

/* A change of roles is a change of the session. */
Test(filtering, roles_are_compared)
{
	static const char *const roles[] = {"enabled: false", "enabled: true",
					    "enabled: true, strict_mode: true",
					    "enabled: true, local_role: peer"};
	struct scratch s;
	struct config_errors e;
	struct config *c[ARRAY_COUNT(roles)];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(roles); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 PORT "cfg: {rs_as: 64500}\nclients:\n"
			      "- {asn: 64501, ip: 198.18.1.1, cfg: {filtering: {roles: {%s}}}}\n",
			 roles[i]);
		c[i] = scratch_load(&s, text, &e);
		cr_assert(c[i] != NULL && e.count == 0);
		config_errors_free(&e);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(roles); i++) {
		for (unsigned k = 0; k < ARRAY_COUNT(roles); k++) {
			struct config_diff d;
			config_diff(c[i], c[k], &d);
			cr_expect((d.count == 0) == (i == k), "%u %u", i, k);
			config_diff_free(&d);
		}
	}
	for (unsigned i = 0; i < ARRAY_COUNT(roles); i++) {
		config_free(c[i]);
	}
	scratch_fini(&s);
}
