/* What is common to all NICs: the text of a MAC address. */
#include "dataplane/nic/nic.h"

#include <stdio.h>

const char *mac_format(const struct mac *m, char *to)
{
	const uint8_t *b = m->bytes;

	(void)snprintf(to, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		       b[4], b[5]);
	return to;
}
