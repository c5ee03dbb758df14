/* A command that waits: its own copy of what was asked. */
#pragma once

#include "control/store/registrar.h"

struct waiting {
	struct waiting *next;
	struct registry_command command; /* Its texts are ours, its body is held. */
	uint64_t undo_of;
	struct registry_change *undo; /* The change to undo, once it was read. */
	bool is_dry_run, is_refused;
	bool is_asked;	      /* Something is being read for it. */
	char *request;	      /* Of its key, with the author; NULL: none. */
	registrar_done *done; /* NULL: nobody waits for it. */
	void *context;
};

struct waiting *waiting_new(const struct registrar_command *c, registrar_done *done, void *context);
void waiting_free(struct waiting *w);
/* Tell who asked.  One of both is NULL. */
void waiting_answer(struct waiting *w, const struct registry_change *change,
		    const struct registry_error *error);
/* The same of a refusal: `text` is printf's. */
void waiting_refuse(struct waiting *w, int status, const char *reason, const char *remedy,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
