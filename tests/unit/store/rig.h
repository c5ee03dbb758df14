/* A store on a scratch folder, and changes made by hand: tenants with a name. */
#pragma once

#include "control/registry/registry.h"
#include "control/store/database.h"
#include "control/store/store.h"

struct rig {
	char dir[64];
	struct store *store;
	uint64_t revision; /* Of the last change that was made. */
};

/* A scratch folder, without a store. */
void rig_init(struct rig *rig);
void rig_fini(struct rig *rig); /* Closes the store, removes the folder. */
const char *rig_path(const struct rig *rig, const char *name, char buf[128]);
/* Open a store; it must succeed, load (*out_registry is the caller's) and be ready. */
struct store *rig_open(const struct rig *rig, const char *url, struct registry **out_registry);
/* The next news, which must come within ten seconds. */
void rig_next(struct store *s, struct store_news *out);
/* The next news of this kind; what comes before it must not be a failure, and is dropped. */
void rig_await(struct store *s, enum store_news_kind kind, struct store_news *out);

/* A change that makes (`before` NULL), renames or removes (`after` NULL) tenant `number`. */
struct registry_change *rig_change(uint64_t revision, unsigned number, const char *before,
				   const char *after);
/* Of many tenants, from `first` on, in one change. */
struct registry_change *rig_many(uint64_t revision, unsigned first, unsigned count);
const char *rig_id(unsigned number, char buf[REGISTRY_ID_MAX]);
/* Commit; the news that ends it. */
enum store_news_kind rig_commit(struct store *s, const struct registry_change *c,
				char why[STORE_TEXT_MAX]);
/* The same of one that must be kept; the change is freed. */
void rig_keep(struct store *s, struct registry_change *c);
/* The name of tenant `number`; NULL: there is none. */
const char *rig_name(const struct registry *r, unsigned number);
