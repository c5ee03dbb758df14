/* The inside of struct net, shared by net.c (out) and net_in.c (in) and by nobody else. */
#pragma once

#include "dataplane/net/iface.h"
#include "dataplane/net/neigh.h"
#include "dataplane/net/replyq.h"

struct net {
	struct iface *ports;
	unsigned port_count;
	usec_t now; /* The latest that a caller told. */
	struct neigh_cache *neighbours;
	struct replyq *replyq;
	metric_t drops[NET_DROP_COUNT];
};
