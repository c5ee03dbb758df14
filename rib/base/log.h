/* Log lines: one event, one line, `key=value`, to stderr.
 *
 * Pure code never logs: it returns events, and the shell around it (control, launch) calls this.
 * Under systemd (JOURNAL_STREAM names our stderr) a line starts with its "<N>" priority and carries
 * no time; elsewhere it starts with an RFC 3339 time in UTC.  A value with spaces or quotes is
 * quoted and escaped, so a line stays one line whatever a peer sent; past 4 KiB it is cut.  Any
 * thread; one write() per line.  LOG_* are also macros of <syslog.h>: do not include that here. */
#pragma once

#include "rib/base/units.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

/* Lines above `level` are dropped; default LOG_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* -EINVAL for an unknown name; names are error, warning, notice, info, debug. */
int log_level_parse(const char *name, enum log_level *out);

/* `event` is a short fixed phrase; then pairs of (const char *key, const char *value), NULL ends.
 * A NULL value drops its pair. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* One `event` with a printf-formatted detail="..." pair. */
void log_printf(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
