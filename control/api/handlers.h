/* The handlers that the table of routes names. */
#pragma once

#include "control/api/call.h"

#define ROUTE(method, path, access, query, in, out, handle, text) void handle(struct call *c);
#include "control/api/routes.def"
#undef ROUTE
