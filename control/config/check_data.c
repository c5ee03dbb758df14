/* See check_data.h. */
#include "control/config/check_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rib/base/check.h"

/* What may not be looked at is not missing. */
static bool is_missing(const char *path)
{
	return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

void data_named(struct loader *l, const struct place *at, const char *path)
{
	struct draft_general *g = &l->general;
	g->data = reallocarray(g->data, g->data_count + 1, sizeof(*g->data));
	ASSERT(g->data != NULL);
	g->data[g->data_count] = (struct draft_data){.path = strdup(path), .at = *at};
	ASSERT(g->data[g->data_count].path != NULL);
	g->data_count++;
}

static void warn_if_missing(struct loader *l, const struct place *at, const char *path)
{
	if (is_missing(path)) {
		loader_warn(l, at, "there is no '%s' here now; put it there, or correct the path",
			    path);
	}
}

static bool has_file(const struct irr_conf *c, const char *name)
{
	for (unsigned i = 0; i < c->file_count; i++) {
		if (strcmp(c->file[i].name.text, name) == 0) {
			return true;
		}
	}
	char *path = NULL;
	int len = asprintf(&path, "%s/%s.json", c->files_dir, name);
	ASSERT(len > 0);
	bool is_there = !is_missing(path);
	free(path);
	return is_there;
}

/* How many of the client's AS-SETs have no file; the last of them is in `name`. */
static unsigned missing_sets(const struct loader *l, const struct config_client *client,
			     char name[IRR_NAME_MAX])
{
	const struct irr_conf *c = &l->config->irr;
	const struct client_policy *p = &client->policy;
	unsigned missing = 0;
	if (!p->irr.enforces_origin && !p->irr.enforces_prefix) {
		return 0;
	}
	for (unsigned i = 0; p->irr.as_sets != NULL && i < p->irr.as_sets->count; i++) {
		if (!has_file(c, p->irr.as_sets->name[i])) {
			missing++;
			(void)snprintf(name, IRR_NAME_MAX, "%s", p->irr.as_sets->name[i]);
		}
	}
	/* PeeringDB's dump, where it is asked, may know some. */
	bool is_own_as = p->irr.as_sets == NULL || p->irr.as_sets->count == 0;
	if (is_own_as && (!l->config->policy.irr.asks_peeringdb || c->peeringdb == NULL)) {
		char own[IRR_NAME_MAX];
		(void)snprintf(own, sizeof(own), "AS%u", client->asn);
		if (!has_file(c, own)) {
			missing++;
			(void)snprintf(name, IRR_NAME_MAX, "%s", own);
		}
	}
	return missing;
}

static void check_irr_files(struct loader *l)
{
	char name[IRR_NAME_MAX], text[ADDR_TEXT_MAX];
	unsigned members = 0;
	if (l->config->irr.files_dir == NULL) {
		return;
	}
	if (is_missing(l->config->irr.files_dir)) {
		warn_if_missing(l, &l->general.irr_files_at, l->config->irr.files_dir);
		return;
	}
	for (unsigned i = 0; i < l->client_count; i++) {
		const struct config_client *client = &l->client[i].value;
		if (missing_sets(l, client, name) > 0 && members++ == 0) {
			addr_format(&client->ip, text);
			loader_warn(l, &l->client[i].ip_at,
				    "there is no file '%s/%s.json' here now; without it %s can "
				    "announce nothing of that AS-SET",
				    l->config->irr.files_dir, name, text);
		}
	}
	if (members > 1) {
		loader_warn(l, &l->general.irr_files_at,
			    "the AS-SETs of %u neighbours have no file in this folder; see "
			    "`causeway irr` once the server runs",
			    members);
	}
}

static void check_rov(struct loader *l)
{
	const struct rpki_conf *c = &l->config->rpki;
	for (unsigned i = 0; i < l->client_count; i++) {
		if (l->client[i].value.policy.has_rov && c->cache_count + c->file_count == 0) {
			loader_warn(l, &l->start,
				    "'rpki_bgp_origin_validation' has no effect without data; add "
				    "a source, such as 'rpki: {caches: [{address: …}]}'");
			return;
		}
	}
}

void check_data(struct loader *l)
{
	const struct draft_general *g = &l->general;
	if (l->errors->error_count > 0) {
		return;
	}
	for (unsigned i = 0; i < g->data_count; i++) {
		warn_if_missing(l, &g->data[i].at, g->data[i].path);
	}
	check_irr_files(l);
	check_rov(l);
}
