/* The name of the read-only control socket: server and command line must agree on it. */
#pragma once

#include <stdio.h>
#include <string.h>

/* "/run/x/control.sock" → "/run/x/control-ro.sock"; a name without that ending gets "-ro". */
static inline void socket_read_only_path(const char *path, char *out, size_t len)
{
	size_t stem = strlen(path);
	const char *ending = "";
	if (stem > 5 && strcmp(path + stem - 5, ".sock") == 0) {
		stem -= 5;
		ending = ".sock";
	}
	snprintf(out, len, "%.*s-ro%s", (int)stem, path, ending);
}
