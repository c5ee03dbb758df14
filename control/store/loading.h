/* A registry while it is read: rows become objects, some at a time, and go into the copy. */
#pragma once

#include "control/store/database.h"

struct loading;

/* `copy` (NULL: none) takes everything, too; borrowed. */
struct loading *loading_new(struct database *copy);
void loading_free(struct loading *l);
const struct load_sink *loading_sink(struct loading *l);
/* Whether an object was none, so that the load ended. */
bool loading_is_faulty(const struct loading *l);
/* The registry, at `head`; the caller's.  NULL with `why` when an object was none. */
struct registry *loading_finish(struct loading *l, const struct head *head, char *why);
bool loading_is_copied(const struct loading *l);
/* A change of its text; NULL when it is none. */
struct registry_change *loading_change(const char *body);
