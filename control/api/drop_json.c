/* A row of the table of drops as JSON; see drop_json.h. */
#include "control/api/drop_json.h"

#include "dataplane/core/drop.h"

json_t *drop_json(unsigned i, uint64_t count)
{
	const struct drop_row *row = drop_row(i);
	return json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", row->name, "layer", row->layer,
			 "severity", row->severity, "count", (json_int_t)count, "text", row->text);
}
