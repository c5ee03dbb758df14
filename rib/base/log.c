/* One event, one line, one write(2).
 *
 *     2026-01-31T12:00:00.123456Z notice event="session up" peer=192.0.2.1
 *     <5>event="session up" peer=192.0.2.1
 *
 * The line is built in a buffer no longer than PIPE_BUF, so lines of several threads never mix even
 * on a pipe.  What is too long ends in "...".  A value that is not plain printable ASCII is quoted;
 * in quotes everything but printable ASCII is escaped, so neither a line break nor a terminal's
 * control sequence gets through.  The level is the one mutable global of the library: a filter that
 * every thread reads, and which nothing but the log depends on. */
#include "rib/base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rib/base/check.h"

#define LINE_MAX_BYTES	 PIPE_BUF
#define ESCAPE_MAX_BYTES 4 /* "\x7f" */
/* Kept free for what must always fit: the ellipsis, a closing quote, the line's end. */
#define TAIL_BYTES 8

static enum log_level log_level_now = LOG_INFO;

static const struct {
	const char *name;
	const char *priority; /* sd-daemon(3), RFC 5424 §6.2.1 */
} levels[LOG_LEVEL_COUNT] = {
	[LOG_ERROR] = {"error", "<3>"},	  [LOG_WARNING] = {"warning", "<4>"},
	[LOG_NOTICE] = {"notice", "<5>"}, [LOG_INFO] = {"info", "<6>"},
	[LOG_DEBUG] = {"debug", "<7>"},
};

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	bool is_full;
};

void log_set_level(enum log_level level)
{
	ASSERT(level < LOG_LEVEL_COUNT);
	__atomic_store_n(&log_level_now, level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return __atomic_load_n(&log_level_now, __ATOMIC_RELAXED);
}

int log_level_parse(const char *name, enum log_level *out)
{
	for (unsigned level = 0; level < LOG_LEVEL_COUNT; level++) {
		if (strcmp(name, levels[level].name) == 0) {
			*out = (enum log_level)level;
			return 0;
		}
	}
	return -EINVAL;
}

static size_t line_room(const struct line *l)
{
	return l->is_full ? 0 : LINE_MAX_BYTES - TAIL_BYTES - l->len;
}

/* Append `len` bytes whole or not at all; what does not fit fills the line for good. */
static void line_append(struct line *l, const char *bytes, size_t len)
{
	if (len > line_room(l)) {
		l->is_full = true;
		return;
	}
	memcpy(l->text + l->len, bytes, len);
	l->len += len;
}

static void line_text(struct line *l, const char *text)
{
	line_append(l, text, strlen(text));
}

/* Into the reserved tail. */
static void line_force(struct line *l, const char *text)
{
	size_t len = strlen(text);

	ASSERT(len <= LINE_MAX_BYTES - l->len);
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static bool is_plain(const char *value)
{
	for (const char *c = value; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '=') {
			return false;
		}
	}
	return *value != '\0';
}

static void line_escaped(struct line *l, char c)
{
	static const char hex[] = "0123456789abcdef";
	char escape[ESCAPE_MAX_BYTES] = {'\\', c};
	size_t len = 2;

	if (c == '\n') {
		escape[1] = 'n';
	} else if (c == '\t') {
		escape[1] = 't';
	} else if (c != '"' && c != '\\') {
		escape[1] = 'x';
		escape[2] = hex[(uint8_t)c >> 4];
		escape[3] = hex[(uint8_t)c & 15];
		len = 4;
	}
	line_append(l, escape, len);
}

static void line_value(struct line *l, const char *value)
{
	if (is_plain(value) && strlen(value) <= line_room(l)) {
		line_text(l, value);
		return;
	}
	line_text(l, "\"");
	/* Once the line is full the rest, however long, is not looked at. */
	for (const char *c = value; *c != '\0' && !l->is_full; c++) {
		if (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\') {
			line_append(l, c, 1);
		} else {
			line_escaped(l, *c);
		}
	}
	if (l->is_full) {
		line_force(l, "...\"");
		return;
	}
	line_text(l, "\"");
}

static void line_pair(struct line *l, const char *key, const char *value)
{
	if (value == NULL) {
		return;
	}
	/* " key=" and an opening quote, or nothing. */
	if (strlen(key) + 3 > line_room(l)) {
		l->is_full = true;
		return;
	}
	line_text(l, " ");
	line_text(l, key);
	line_text(l, "=");
	line_value(l, value);
}

/* Whether stderr is the journal's own stream: systemd.exec(5), $JOURNAL_STREAM. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[48];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) {
		return false;
	}
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

static void line_begin(struct line *l, enum log_level level, const char *event)
{
	char stamp[40];
	struct timespec now;
	struct tm utc;

	l->len = 0;
	l->is_full = false;
	if (is_journal()) {
		line_text(l, levels[level].priority);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &utc);
		/* RFC 3339 §5.6 */
		size_t len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
		snprintf(stamp + len, sizeof(stamp) - len, ".%06uZ ",
			 (unsigned)(now.tv_nsec / 1000));
		line_text(l, stamp);
		line_text(l, levels[level].name);
		line_text(l, " ");
	}
	line_text(l, "event=");
	line_value(l, event);
}

static void line_write(struct line *l)
{
	line_force(l, "\n");
	ASSERT(l->len <= LINE_MAX_BYTES);
	/* Nowhere to complain when even stderr fails; a partial line is not worth repeating. */
	while (write(STDERR_FILENO, l->text, l->len) < 0 && errno == EINTR) {
	}
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line l;
	va_list pairs;

	ASSERT(level < LOG_LEVEL_COUNT);
	if (level > log_get_level()) {
		return;
	}
	line_begin(&l, level, event);
	va_start(pairs, event);
	for (const char *key = va_arg(pairs, const char *); key != NULL;
	     key = va_arg(pairs, const char *)) {
		line_pair(&l, key, va_arg(pairs, const char *));
	}
	va_end(pairs);
	line_write(&l);
}

void log_printf(enum log_level level, const char *event, const char *format, ...)
{
	char detail[LINE_MAX_BYTES];
	struct line l;
	va_list arguments;

	ASSERT(level < LOG_LEVEL_COUNT);
	if (level > log_get_level()) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	line_begin(&l, level, event);
	line_pair(&l, "detail", detail);
	line_write(&l);
}
