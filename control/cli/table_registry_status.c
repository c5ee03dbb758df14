/* `causeway registry status`: the registry as this server has it, what is wrong first. */
#include "control/cli/put.h"
#include "control/cli/tables.h"

static void put_line(FILE *out, const char *name, const char *value)
{
	fprintf(out, "  %-20s", name);
	put_text(out, value, 0);
	fputc('\n', out);
}

static void put_number(FILE *out, const char *name, unsigned long long value)
{
	fprintf(out, "  %-20s%llu\n", name, value);
}

static void put_alarms(FILE *out, const json_t *registry)
{
	size_t i;
	const json_t *source, *failing = json_object_get(registry, "failing_sources");
	if (text_of(registry, "detail")[0] != '\0') {
		put_line(out, "detail", text_of(registry, "detail"));
	}
	if (text_of(registry, "away_since")[0] != '\0') {
		put_line(out, "copy of", text_of(registry, "away_since"));
	}
	json_array_foreach(failing, i, source)
	{
		fputs("  no answer from      ", out);
		put_text(out, text_of(source, "type"), 0);
		fputs(": ", out);
		put_text(out, text_of(source, "text"), 0);
		fputc('\n', out);
	}
}

static void put_force(FILE *out, const json_t *registry)
{
	unsigned long long revision = number_of(registry, "revision");
	unsigned long long in_force = number_of(registry, "revision_in_force");
	fprintf(out, "  %-20s%llu%s", "revision", revision,
		revision == in_force ? ", in force" : "");
	if (revision != in_force) {
		fprintf(out, "; %llu is in force", in_force);
	}
	fputc('\n', out);
}

void table_registry_status(FILE *out, const json_t *registry)
{
	if (registry == NULL) {
		fputs("this server has no registry: there was no section 'registry' in its "
		      "configuration when it started\n",
		      out);
		return;
	}
	fprintf(out, "registry %s, %llu alarms\n", text_of(registry, "state"),
		number_of(registry, "alarms"));
	put_alarms(out, registry);
	put_line(out, "database", text_of(registry, "database"));
	put_line(out, "site",
		 text_of(registry, "site")[0] != '\0' ? text_of(registry, "site") : "all");
	put_force(out, registry);
	fprintf(out, "  %-20s%llu, %llu failed, %llu queued\n", "commits",
		number_of(registry, "commits"), number_of(registry, "failed_commits"),
		number_of(registry, "queued"));
	fprintf(out, "  %-20s%.1f ms, at most %.1f ms\n", "last change took",
		(double)number_of(registry, "took_us") / 1000,
		(double)number_of(registry, "took_us_max") / 1000);
	put_number(out, "sessions", number_of(registry, "sessions"));
	if (number_of(registry, "refused") > 0) {
		put_number(out, "not possible here", number_of(registry, "refused"));
	}
	put_number(out, "checks planned", number_of(registry, "checks_waiting"));
	if (!json_is_true(json_object_get(registry, "has_duty"))) {
		put_line(out, "proofs", "another server looks at them");
	}
}
