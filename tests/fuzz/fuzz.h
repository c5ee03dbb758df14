/* What the fuzz targets share: the entry point, guarded memory, checksums, and a LAN of one port.
 *
 * A target is one .c file with LLVMFuzzerTestOneInput.  It is linked twice: with libFuzzer
 * (scripts/fuzz), and with replay.c, whose main gives it every file of its corpus as an ordinary
 * test.  The same input must do the same on every run: no clock, no chance but what the input
 * seeds, no memory that was not written.  A broken promise of ours is an ASSERT. */
#pragma once

#include "dataplane/net/net.h"
#include "tests/support/wire_fix.h"

/* One input; returns 0.  Aborts when it finds a bug. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define GUARD_MAX 8192 /* Longer inputs are cut. */
#define FRAME_MAX 1600

/* A copy of `in` (at most GUARD_MAX bytes) that ends at an unreadable page; valid until the next
 * call. */
struct span guarded(struct span in);

/* We are 198.18.0.1 and 2001:db8::1 at lan_mac(1), the neighbour is .2 and ::2 at lan_mac(2). */
struct mac lan_mac(uint8_t station);
struct addr lan_addr(enum family family, uint8_t station);
/* A net of one port with these addresses, gateways .254 and ::fe, MTU 1500; nothing waits. */
struct net *lan_net(void);
/* Take everything that waits to be sent; each frame must be one that we could have made. */
void lan_drain(struct net *n, usec_t now);
/* Ethernet and IP headers from the neighbour to us; returns their length (IPv6: no extensions). */
size_t lan_headers(enum family family, uint8_t proto, size_t l4_len, uint8_t *to);
/* Give a frame to net_rx in guarded memory, and check what it says. */
enum net_verdict lan_rx(struct net *n, struct span frame, usec_t now, struct net_rx *out);
/* Assert the neighbour cache's invariants.  Slow. */
void lan_check(const struct net *n);
