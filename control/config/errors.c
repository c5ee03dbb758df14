/* Mistakes: collected while the whole configuration is read, then shown in order of place.
 *
 * One faulty key must not hide the next, so nothing here stops the reading.  Memory for a message
 * is the only thing that can fail; a configuration that exhausts memory ends the process, because
 * to start with half a list of mistakes would be worse.
 */
#include "control/config/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

void errors_add(struct config_errors *e, const struct place *at, bool is_warning,
		const char *format, ...)
{
	struct config_error *grown = realloc(e->item, (e->count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	e->item = grown;

	char *text = NULL;
	va_list args;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	ASSERT(len >= 0);

	e->item[e->count] = (struct config_error){.file = strdup(at->file),
						  .line = at->line,
						  .column = at->column,
						  .is_warning = is_warning,
						  .text = text};
	ASSERT(e->item[e->count].file != NULL);
	e->count++;
	e->error_count += is_warning ? 0 : 1;
}

static bool is_before(const struct config_error *a, const struct config_error *b)
{
	int files = strcmp(a->file, b->file);
	if (files != 0) {
		return files < 0;
	}
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Insertion sort: stable, and a configuration has few mistakes. */
void errors_sort(struct config_errors *e)
{
	for (unsigned i = 1; i < e->count; i++) {
		struct config_error moving = e->item[i];
		unsigned at = i;
		while (at > 0 && is_before(&moving, &e->item[at - 1])) {
			e->item[at] = e->item[at - 1];
			at--;
		}
		e->item[at] = moving;
	}
}

void config_errors_free(struct config_errors *e)
{
	for (unsigned i = 0; i < e->count; i++) {
		free(e->item[i].file);
		free(e->item[i].text);
	}
	free(e->item);
	*e = (struct config_errors){0};
}

void config_errors_print(const struct config_errors *e, FILE *to)
{
	for (unsigned i = 0; i < e->count; i++) {
		const struct config_error *item = &e->item[i];
		fprintf(to, "%s:", item->file);
		if (item->line > 0) {
			fprintf(to, "%d:%d:", item->line, item->column);
		}
		fprintf(to, " %s%s\n", item->is_warning ? "warning: " : "", item->text);
	}
}
