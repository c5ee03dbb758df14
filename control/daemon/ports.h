/* The devices behind the ports that are configured: opened at the start, closed at the end. */
#pragma once

#include "control/config/config.h"
#include "dataplane/nic/nic.h"
#include "dataplane/net/net.h"

#define PORTS_MAX 32

struct ports {
	struct nic *nic[PORTS_MAX];
	unsigned nic_count;
	struct nic *kernel[PORTS_MAX]; /* [port]; NULL where the host does not share it. */
};

/* The devices that are DPDK's, and how many; packet ports need nothing of it. */
unsigned ports_eal_devices(const struct config *c, const char *out[PORTS_MAX],
			   uint16_t out_mtus[PORTS_MAX]);
/* 0, or an exit status; what was wrong is in the log.  Half of them may then be open. */
int ports_open(struct ports *p, const struct config *c);
void ports_close(struct ports *p);
struct net_port_conf ports_conf(const struct config_port *port, const struct nic *nic);
