/* A row of the table of drops as JSON. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* Name, layer, severity, count and text of row `i` (drop_row).  The caller owns it. */
json_t *drop_json(unsigned i, uint64_t count);
