/* The root key `registry`. */
#pragma once

#include "control/config/loader.h"

extern const struct key_table registry_keys;
void read_registry(struct loader *l, const struct node *key, const struct node *v, void *target);
/* Defaults, and what only the whole section can show. */
void finish_registry(struct loader *l);
