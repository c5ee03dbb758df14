/* Showing: tables by default, one JSON document with --json.
 *
 * Lists (neighbors, routes) become a JSON array that is written as the rows come; status and
 * neighbor an object; explain an object with its candidates, rpki one with its sources or VRPs,
 * reload one with its rows, whatever came of it; a change its status.  A request that
 * was refused before anything was written gives {"status": …, "text": …}.  What has no end (events
 * that are followed) is one document a line.
 */
#include "control/cli/show.h"

#include <string.h>

#include "control/cli/put.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

char *show_duration(uint64_t seconds, char buf[32])
{
	unsigned long long s = seconds;
	if (s >= 86400) {
		snprintf(buf, 32, "%llud %02lluh", s / 86400, s / 3600 % 24);
	} else if (s >= 3600) {
		snprintf(buf, 32, "%lluh %02llum", s / 3600, s / 60 % 60);
	} else if (s >= 60) {
		snprintf(buf, 32, "%llum %02llus", s / 60, s % 60);
	} else {
		snprintf(buf, 32, "%llus", s);
	}
	return buf;
}

char *show_bytes(uint64_t bytes, char buf[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	unsigned unit = 0;
	while (value >= 1024 && unit + 1 < ARRAY_COUNT(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
	return buf;
}

static bool is_list(enum cli_view view)
{
	return view == VIEW_NEIGHBORS || view == VIEW_ROUTES || view == VIEW_IRR ||
	       view == VIEW_EVENTS;
}

void show_begin(struct show *s, const struct cli *cli, FILE *out)
{
	*s = (struct show){.cli = cli, .out = out};
	if (cli->is_json &&
	    (cli->view == VIEW_EXPLAIN || cli->view == VIEW_RPKI || cli->view == VIEW_RELOAD)) {
		s->candidates = json_array();
	}
}

void show_fini(struct show *s)
{
	json_decref(s->head);
	json_decref(s->candidates);
	json_decref(s->problem);
}

void show_head(struct show *s, json_t *head)
{
	json_decref(s->head);
	s->head = json_incref(head);
}

/* NULL, where there is none, is null. */
static void json_one(FILE *out, const json_t *value)
{
	json_t *none = json_null();
	json_dumpf(value != NULL ? value : none, out, JSON_INDENT(2) | JSON_ENCODE_ANY);
	fputc('\n', out);
}

static void json_row(struct show *s, json_t *row)
{
	switch (s->cli->view) {
	case VIEW_EXPLAIN:
	case VIEW_RPKI:
	case VIEW_RELOAD:
		json_array_append(s->candidates, row);
		break;
	case VIEW_EVENTS:
	case VIEW_NEIGHBORS:
	case VIEW_ROUTES:
	case VIEW_IRR:
		if (s->cli->is_endless) {
			json_dumpf(row, s->out, JSON_COMPACT);
			fputc('\n', s->out);
			break;
		}
		fputs(s->rows == 0 ? "[\n" : ",\n", s->out);
		json_dumpf(row, s->out, JSON_COMPACT);
		break;
	case VIEW_REGISTRY_STATUS:
		json_one(s->out, json_object_get(row, "registry"));
		break;
	default:
		json_dumpf(row, s->out, JSON_INDENT(2));
		fputc('\n', s->out);
		break;
	}
}

/* The answer is what it would be without. */
static void put_dry_run(const struct show *s)
{
	const json_t *query = json_object_get(s->cli->request, "query");
	if (number_of(s->head, "status") < 400 && json_is_true(json_object_get(query, "dry_run"))) {
		fputs("dry run, nothing is changed; it would be:\n", s->out);
	}
}

static void table_row(struct show *s, const json_t *row)
{
	bool is_first = s->rows == 0;
	int columns = s->cli->columns;
	switch (s->cli->view) {
	case VIEW_STATUS:
		table_status(s->out, row);
		break;
	case VIEW_NEIGHBORS:
		if (is_first) {
			table_neighbors_title(s->out, columns);
		}
		table_neighbors_row(s->out, row, columns);
		break;
	case VIEW_NEIGHBOR:
		table_neighbor(s->out, row);
		break;
	case VIEW_ROUTES:
		if (is_first) {
			table_routes_title(s->out, columns);
		}
		table_routes_row(s->out, row, s->cli->is_detailed, columns);
		break;
	case VIEW_RPKI:
		table_rpki_row(s->out, s->head, row, is_first, columns);
		break;
	case VIEW_IRR:
		if (is_first) {
			table_irr_title(s->out, columns);
		}
		table_irr_row(s->out, row, columns);
		break;
	case VIEW_EXPLAIN:
		if (is_first) {
			table_explain_title(s->out, s->head);
		}
		table_explain_row(s->out, row);
		break;
	case VIEW_RELOAD:
		table_reload_row(s->out, row);
		break;
	case VIEW_EVENTS:
		table_events_row(s->out, row, columns);
		break;
	case VIEW_REGISTRY:
		put_dry_run(s);
		table_registry_row(s->out, s->head, row, columns);
		break;
	case VIEW_REGISTRY_STATUS:
		table_registry_status(s->out, json_object_get(row, "registry"));
		break;
	case VIEW_METRICS:
		fputs(text_of(row, "text"), s->out);
		break;
	default:
		break;
	}
}

void show_row(struct show *s, json_t *row)
{
	if (s->cli->view == VIEW_REGISTRY && number_of(s->head, "status") >= 400) {
		json_decref(s->problem);
		s->problem = json_incref(row);
	}
	if (s->cli->is_json) {
		json_row(s, row);
	} else {
		table_row(s, row);
	}
	if (s->cli->is_endless) {
		fflush(s->out); /* Whoever reads waits for it. */
	}
	s->rows++;
}

/* Findings first, then what differs, in the order of the answer. */
static void json_reload_end(const struct show *s, const json_t *end)
{
	json_t *doc = json_object(), *found = json_array(), *changes = json_array();
	size_t i;
	json_t *row;
	json_array_foreach(s->candidates, i, row)
	{
		const char *kind = json_string_value(json_object_get(row, "kind"));
		bool is_finding = kind != NULL && strcmp(kind, "finding") == 0;
		if (kind != NULL && strcmp(kind, "routes") == 0) {
			json_object_set(doc, "routes", row);
		} else {
			json_array_append(is_finding ? found : changes, row);
		}
	}
	json_object_set(doc, "status", json_object_get(end, "status"));
	json_object_set(doc, "text", json_object_get(end, "text"));
	json_object_set(doc, "dry_run", json_object_get(s->head, "dry_run"));
	json_object_set_new(doc, "findings", found);
	json_object_set_new(doc, "changes", changes);
	json_dumpf(doc, s->out, JSON_INDENT(2));
	fputc('\n', s->out);
	json_decref(doc);
}

/* Close the JSON document. */
static void json_end(struct show *s, const json_t *end, bool is_done)
{
	if (s->cli->is_endless && s->rows > 0) {
		return; /* Each row was a document. */
	}
	if (is_list(s->cli->view) && (s->rows > 0 || is_done)) {
		fputs(s->rows > 0 ? "\n]\n" : "[]\n", s->out);
	} else if (s->cli->view == VIEW_RELOAD) {
		json_reload_end(s, end);
	} else if (s->cli->view == VIEW_EXPLAIN && is_done) {
		json_t *doc = json_object();
		json_object_set(doc, "prefix", json_object_get(s->head, "prefix"));
		const char *about = json_object_get(s->head, "from") != NULL ? "from" : "to";
		json_object_set(doc, about, json_object_get(s->head, about));
		json_object_set(doc, "candidates", s->candidates);
		json_object_set(doc, "result", json_object_get(end, "text"));
		json_dumpf(doc, s->out, JSON_INDENT(2));
		fputc('\n', s->out);
		json_decref(doc);
	} else if (s->cli->view == VIEW_RPKI && is_done) {
		json_object_set(s->head, json_string_value(json_object_get(s->head, "rows_are")),
				s->candidates);
		json_object_del(s->head, "rows_are");
		json_object_del(s->head, "command");
		json_dumpf(s->head, s->out, JSON_INDENT(2));
		fputc('\n', s->out);
	} else if (s->rows == 0) {
		json_t *doc = json_object();
		json_object_set(doc, "status", json_object_get(end, "status"));
		json_object_set(doc, "text", json_object_get(end, "text"));
		json_dumpf(doc, s->out, JSON_COMPACT);
		fputc('\n', s->out);
		json_decref(doc);
	}
}

int show_end(struct show *s, const json_t *end, FILE *errors)
{
	const char *status = json_string_value(json_object_get(end, "status"));
	const char *text = json_string_value(json_object_get(end, "text"));
	bool is_done = status != NULL && strcmp(status, "done") == 0;
	if (s->cli->is_json) {
		json_end(s, end, is_done);
	} else if (is_done && s->cli->view == VIEW_RPKI) {
		table_rpki_end(s->out, s->head);
	} else if (is_done && text != NULL) {
		fprintf(s->out, "%s\n", text);
	} else if (is_done && (s->cli->view == VIEW_CHANGE ||
			       (s->cli->view == VIEW_REGISTRY && s->rows == 0))) {
		fprintf(s->out, "done\n");
	}
	if (is_done) {
		return 0;
	}
	fprintf(errors, "causeway: %s\n", text != NULL ? text : "the server gave no reason");
	table_registry_problem(errors, s->problem);
	return status != NULL && strcmp(status, "usage") == 0 ? 2 : 1;
}
