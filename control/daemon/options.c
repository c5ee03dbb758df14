/* Options of the server: few, because everything else is configuration. */
#include "control/daemon/options.h"

#include <stdio.h>
#include <string.h>

const char options_help[] =
	"usage: causewayd -c FILE [--check]\n"
	"\n"
	"  -c FILE     the configuration; the server runs in the foreground and logs to stderr\n"
	"  --check     read the configuration, say what is wrong with it, and exit\n"
	"  --version   print the version\n"
	"  -h, --help  print this\n"
	"\n"
	"SIGTERM ends every session with a shutdown message; SIGHUP reads the configuration again\n"
	"and applies what differs, or says what is wrong and changes nothing.\n"
	"exit status: 0 done, 1 faulty configuration, 64 and above as in sysexits(3)\n";

enum options_verdict options_parse(int argc, char *const *argv, struct options *out, char *why,
				   size_t why_len)
{
	bool is_check = false;
	const char *config = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			return OPTIONS_HELP;
		}
		if (strcmp(argv[i], "--version") == 0) {
			return OPTIONS_VERSION;
		}
		if (strcmp(argv[i], "--check") == 0) {
			is_check = true;
		} else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc && config == NULL) {
			config = argv[++i];
		} else {
			snprintf(why, why_len, "'%.100s' is not understood here", argv[i]);
			return OPTIONS_USAGE;
		}
	}
	if (config == NULL) {
		snprintf(why, why_len, "the configuration is missing: -c FILE");
		return OPTIONS_USAGE;
	}
	out->config = config;
	return is_check ? OPTIONS_CHECK : OPTIONS_RUN;
}
