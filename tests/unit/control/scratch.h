/* A directory of a test's own for the files it writes; gone when the test ends. */
#pragma once

#include "control/config/config.h"

/* The port of a configuration: four lines. */
#define PORT                                                                                       \
	"dataplane:\n"                                                                             \
	"  ports:\n"                                                                               \
	"    - device: net_af_packet0,iface=ix0\n"                                                 \
	"      addresses: [198.18.0.1/16, \"2001:db8:0:1::1/64\"]\n"

struct scratch {
	char dir[64];
};

void scratch_init(struct scratch *s);
void scratch_fini(struct scratch *s);
/* The path of `name` in the directory; valid until the next call with the same buffer. */
const char *scratch_path(const struct scratch *s, const char *name, char buf[256]);
void scratch_write(const struct scratch *s, const char *name, const char *text);
/* How much was said, but for files that are not on this machine. */
unsigned scratch_findings(const struct config_errors *e);
/* Load `yaml` as the main file; its mistakes also go to stderr. */
struct config *scratch_load(struct scratch *s, const char *yaml, struct config_errors *e);
