/* What HTTP counts of itself, for metrics; kept by control/http. */
#pragma once

#include <stdint.h>

struct http_counts {
	uint64_t requests, refused_rate, refused_token, late;
	unsigned connections, feeds;
};
