/* Times as text: RFC 3339. */
#include "control/registry/field.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"

/* "Z", "+02:00": seconds east of UTC.  False for anything else. */
static bool zone_parse(const char *text, long *out_s)
{
	unsigned hours, minutes;
	char sign;
	int end = 0;
	if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0') {
		*out_s = 0;
		return true;
	}
	if (sscanf(text, "%c%2u:%2u%n", &sign, &hours, &minutes, &end) != 3 || end != 6 ||
	    text[end] != '\0' || (sign != '+' && sign != '-') || hours > 23 || minutes > 59) {
		return false;
	}
	*out_s = (long)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

static bool is_shape(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	for (unsigned i = 0; shape[i] != '\0'; i++) {
		bool is_digit = text[i] >= '0' && text[i] <= '9';
		bool is_tee = shape[i] == 'T' && (text[i] == 't' || text[i] == ' ');
		if (shape[i] == 'd' ? !is_digit : text[i] != shape[i] && !is_tee) {
			return false;
		}
	}
	return true;
}

bool registry_time_parse(const char *text, int64_t *out_s)
{
	struct tm tm = {.tm_isdst = 0};
	long east_s;
	if (!is_shape(text)) {
		return false;
	}
	if (sscanf(text, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3 ||
	    sscanf(text + 11, "%2d:%2d:%2d", &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 3) {
		return false;
	}
	const char *rest = text + 19;
	if (*rest == '.') {
		size_t digits = strspn(rest + 1, "0123456789");
		rest += 1 + digits;
		if (digits == 0) {
			return false;
		}
	}
	struct tm given = tm;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_t at = timegm(&tm);
	/* timegm carries what is too large over: a date that comes back otherwise is none. */
	if (tm.tm_year != given.tm_year - 1900 || tm.tm_mon != given.tm_mon - 1 ||
	    tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
	    tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec || !zone_parse(rest, &east_s)) {
		return false;
	}
	/* 0 is no time, and no object is as old; a year has four digits. */
	if (at - east_s <= 0 || at - east_s > REGISTRY_TIME_S_MAX) {
		return false;
	}
	*out_s = at - east_s;
	return true;
}

char *registry_time_format(int64_t at_s, char *buf)
{
	time_t at = (time_t)at_s;
	struct tm tm;
	ASSERT(at_s >= 0 && at_s <= REGISTRY_TIME_S_MAX);
	ASSERT(gmtime_r(&at, &tm) != NULL);
	size_t len = strftime(buf, REGISTRY_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	ASSERT(len == 20);
	return buf;
}
