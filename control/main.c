/* causewayd: the route server. */
#include <stdio.h>
#include <sysexits.h>

#include "control/daemon/daemon.h"
#include "control/daemon/options.h"

/* jemalloc reads it before main().  What a full log or a start has left free goes back to the
 * system within a second, by a thread of jemalloc's: an idle worker allocates nothing, and so
 * would keep it for ever. */
const char *malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

int main(int argc, char **argv)
{
	struct options options;
	char why[256];
	switch (options_parse(argc, argv, &options, why, sizeof(why))) {
	case OPTIONS_RUN:
		return daemon_run(options.config);
	case OPTIONS_CHECK:
		return daemon_check(options.config);
	case OPTIONS_HELP:
		fputs(options_help, stdout);
		return EX_OK;
	case OPTIONS_VERSION:
		printf("causewayd %s\n", CAUSEWAY_VERSION);
		return EX_OK;
	default:
		fprintf(stderr, "causewayd: %s\n%s", why, options_help);
		return EX_USAGE;
	}
}
