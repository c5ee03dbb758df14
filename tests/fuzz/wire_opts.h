/* What the wire targets share: how a session reads, from an octet of the input. */
#pragma once

#include "rib/wire/update.h"

enum {
	HOW_AS2 = 1,
	HOW_PATH_IDS = 2,
	HOW_NEXT_HOP6 = 4,
	HOW_DISABLE = 8,
	HOW_AS_SET = 16,
	HOW_FIRST_AS = 32,
	HOW_LISTS = 64,
	HOW_EXTENDED = 128, /* RFC 8654: longer messages. */
};

static inline struct update_opts wire_opts(uint8_t how)
{
	static const struct attr_lists lists = {.discard = {1u << 8}, .withdraw = {0, 1u << 3}};

	return (struct update_opts){
		.is_as4 = (how & HOW_AS2) == 0,
		.families = {true, true},
		.has_path_ids = {(how & HOW_PATH_IDS) != 0, (how & HOW_PATH_IDS) != 0},
		.has_next_hop6 = (how & HOW_NEXT_HOP6) != 0,
		.can_disable = (how & HOW_DISABLE) != 0,
		.accepts_as_set = (how & HOW_AS_SET) != 0,
		.first_as = (how & HOW_FIRST_AS) != 0 ? 64500 : 0,
		.lists = (how & HOW_LISTS) != 0 ? &lists : NULL,
	};
}
