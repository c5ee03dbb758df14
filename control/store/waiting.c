/* See waiting.h. */
#include "control/store/waiting.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "control/store/record.h"
#include "rib/base/check.h"

static char *copy(const char *text)
{
	char *made = text != NULL ? strdup(text) : NULL;
	ASSERT(text == NULL || made != NULL);
	return made;
}

struct waiting *waiting_new(const struct registrar_command *c, registrar_done *done, void *context)
{
	struct waiting *w = calloc(1, sizeof(*w));
	ASSERT(w != NULL);
	w->command = c->command;
	w->command.id = copy(c->command.id);
	w->command.action = copy(c->command.action);
	w->command.request_key = copy(c->command.request_key);
	w->command.undo = NULL;
	/* Counting who holds it is all that changes in a body. */
	w->command.body =
		c->command.body != NULL ? json_incref((json_t *)(uintptr_t)c->command.body) : NULL;
	w->undo_of = c->undo_of;
	w->is_dry_run = c->is_dry_run;
	w->done = done;
	w->context = context;
	if (c->command.request_key != NULL && c->command.request_key[0] != '\0') {
		w->request = record_request(&c->command.author, c->command.request_key);
	}
	return w;
}

static void drop(const char *text)
{
	free((char *)(uintptr_t)text);
}

void waiting_free(struct waiting *w)
{
	if (w == NULL) {
		return;
	}
	drop(w->command.id);
	drop(w->command.action);
	drop(w->command.request_key);
	json_decref((json_t *)(uintptr_t)w->command.body);
	registry_change_free(w->undo);
	free(w->request);
	free(w);
}

void waiting_answer(struct waiting *w, const struct registry_change *change,
		    const struct registry_error *error)
{
	registrar_done *done = w->done;
	ASSERT((change == NULL) != (error == NULL));
	w->done = NULL;
	if (done != NULL) {
		done(w->context, change, error);
	}
}

void waiting_refuse(struct waiting *w, int status, const char *reason, const char *remedy,
		    const char *format, ...)
{
	struct registry_error e = {.status = status};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(e.text, sizeof(e.text), format, args);
	va_end(args);
	snprintf(e.reason, sizeof(e.reason), "%s", reason);
	snprintf(e.remedy, sizeof(e.remedy), "%s", remedy);
	waiting_answer(w, NULL, &e);
}
