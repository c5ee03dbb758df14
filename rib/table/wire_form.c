/* Wire classes: see wire_form.h. */
#include "rib/table/wire_form.h"

struct update_form wire_form(enum family family, unsigned class_idx, asn_t local_as)
{
	ASSERT(class_idx < WIRE_CLASS_COUNT);
	ASSERT((class_idx & (WIRE_CLASS_OTC_ADD | WIRE_CLASS_PREPEND)) == 0 || local_as != 0);
	return (struct update_form){
		.family = family,
		.is_as4 = (class_idx & WIRE_CLASS_AS2) == 0,
		.has_llgr = (class_idx & WIRE_CLASS_LLGR) != 0,
		.has_path_ids = (class_idx & WIRE_CLASS_PATHS) != 0,
		.message_max = (class_idx & WIRE_CLASS_LONG) != 0 ? UINT16_MAX : BGP_MESSAGE_MAX,
		.has_next_hop6 = (class_idx & WIRE_CLASS_NEXT_HOP6) != 0,
		.otc = (class_idx & WIRE_CLASS_OTC_ADD) != 0 ? local_as : 0,
		.prepend = (class_idx & WIRE_CLASS_PREPEND) != 0 ? local_as : 0,
		.denies_otc = (class_idx & WIRE_CLASS_OTC_DENY) != 0,
	};
}
