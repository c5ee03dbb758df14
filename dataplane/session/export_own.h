/* What the files of export share. */
#pragma once

#include "dataplane/session/export.h"

/* Say what is complete, and begin answers; false when the sink is full. */
bool export_borders(struct export *ex, const struct export_sink *sink);
