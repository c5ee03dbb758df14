/* What reading and finishing of communities share. */
#pragma once

#include "control/config/loader.h"

#define CUSTOM_MAX 256

/* What a mapping of forms is about. */
struct community_target {
	const char *name;
	bool needs_peer, needs_value; /* `peer_as`, `dyn_val` as the last. */
	struct draft_pattern *form;   /* [COMMUNITY_FORM_COUNT] */
};

extern const char *const community_form_name[COMMUNITY_FORM_COUNT];

/* "rs_as:0:peer_as".  False when the text has not the form's shape. */
bool community_parse(const char *text, enum community_form form, struct draft_pattern *out);
/* The communities of `communities_preset`, where the file does not name them. */
void communities_add_preset(struct loader *l);
