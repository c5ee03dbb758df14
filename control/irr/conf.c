/* Defaults: those of arouteserver's own tool. */
#include "control/irr/conf.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define SOURCES_DEFAULT "RIPE,APNIC,AFRINIC,ARIN,NTTCOM,ALTDB,BBOI,BELL,JPIRR,LEVEL3,RADB,TC"
/* Those that hand out numbers: elsewhere anybody may register an aut-num. */
#define AUT_NUM_SOURCES_DEFAULT "RIPE,APNIC,AFRINIC,ARIN,LACNIC"

static char *copy(const char *text)
{
	char *made = strdup(text);
	ASSERT(made != NULL);
	return made;
}

void irr_conf_init(struct irr_conf *c)
{
	*c = (struct irr_conf){.bgpq4_path = copy("bgpq4"),
			       .whois_path = copy("whois"),
			       .aut_num_sources = copy(AUT_NUM_SOURCES_DEFAULT),
			       .host = copy("rr.ntt.net"),
			       .sources = copy(SOURCES_DEFAULT),
			       .timeout_s = 120,
			       .threads = 4,
			       .refresh_s = 43200,
			       .shrink_percent = 50};
}

void irr_conf_fini(struct irr_conf *c)
{
	for (unsigned i = 0; i < c->file_count; i++) {
		free(c->file[i].path);
	}
	free(c->file);
	free(c->bgpq4_path);
	free(c->whois_path);
	free(c->aut_num_sources);
	free(c->host);
	free(c->sources);
	free(c->cache_dir);
	free(c->files_dir);
	free(c->peeringdb);
	free(c->registrobr);
	*c = (struct irr_conf){.bgpq4_path = NULL};
}

static bool is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool irr_conf_equal(const struct irr_conf *a, const struct irr_conf *b)
{
	bool is_equal = is_same(a->bgpq4_path, b->bgpq4_path) && is_same(a->host, b->host) &&
			is_same(a->whois_path, b->whois_path) &&
			is_same(a->aut_num_sources, b->aut_num_sources) &&
			is_same(a->sources, b->sources) && a->timeout_s == b->timeout_s &&
			a->threads == b->threads && a->refresh_s == b->refresh_s &&
			a->shrink_percent == b->shrink_percent &&
			a->has_private == b->has_private && is_same(a->cache_dir, b->cache_dir) &&
			is_same(a->files_dir, b->files_dir) &&
			is_same(a->peeringdb, b->peeringdb) &&
			is_same(a->registrobr, b->registrobr) && a->file_count == b->file_count;
	for (unsigned i = 0; is_equal && i < a->file_count; i++) {
		is_equal = is_same(a->file[i].name.text, b->file[i].name.text) &&
			   is_same(a->file[i].path, b->file[i].path);
	}
	return is_equal;
}
