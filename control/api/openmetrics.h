/* OpenMetrics 1.0 as text: families one after another, each with its samples in a row.
 *
 * The form is https://github.com/OpenObservability/OpenMetrics, "Text format": TYPE, UNIT and HELP
 * before the samples, `_total` behind counters, `_info` behind infos, times in seconds and sizes
 * in octets, "# EOF" at the end.  Pure. */
#pragma once

#include <stddef.h>

#include "rib/base/units.h"

#define OM_MEDIA_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What waits for a reader; grows. */
struct om_text {
	char *data;
	size_t len, size;
};

enum om_type { OM_GAUGE, OM_COUNTER, OM_INFO, OM_STATESET };

struct om_family {
	const char *name; /* With its unit, without `_total` and `_info`. */
	enum om_type type;
	const char *unit; /* "seconds"; NULL: none. */
	const char *help;
};

struct om_label {
	const char *name;
	const char *value; /* Any UTF-8 text. */
};

/* Of a sample; at most OM_LABELS_MAX. */
#define OM_LABELS_MAX 6
struct om_labels {
	struct om_label label[OM_LABELS_MAX];
	unsigned count;
};

void om_text_fini(struct om_text *t);
/* The lines before a family's samples. */
void om_family(struct om_text *t, const struct om_family *f);
void om_label(struct om_labels *l, const char *name, const char *value);
void om_sample(struct om_text *t, const struct om_family *f, const struct om_labels *l,
	       uint64_t value);
/* A time in seconds, exact to the microsecond. */
void om_sample_us(struct om_text *t, const struct om_family *f, const struct om_labels *l,
		  uint64_t value_us);
void om_end(struct om_text *t);
