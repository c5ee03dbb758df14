/* causewayd from start to end, as one call.  Owns everything that it starts. */
#pragma once

/* Check the configuration and say so.  The exit status. */
int daemon_check(const char *config_file);
/* Run until SIGTERM, SIGINT or `causeway restart`.  The exit status: 0, EX_TEMPFAIL to be started
 * again, 1 for a faulty configuration, else one of
 * sysexits(3). */
int daemon_run(const char *config_file);
