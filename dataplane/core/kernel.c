/* Ports that the host's kernel shares: its frames out, and in what is not ours.
 *
 * The kernel's side of a port is one more NIC, a tap, with a queue for each worker, so no worker
 * waits for another.  Nothing is kept here: what the tap or the port does not take at once is
 * dropped and counted, and the kernel's own queue before the tap is bounded by the kernel.
 *
 * What is ours of TCP: segments to port 179, whoever sends them (a stranger learns no more of the
 * host because of this), and those from a member's port 179, which answer connections that we open.
 */
#include "dataplane/core/core_priv.h"

#include "dataplane/net/eth.h"
#include "rib/base/check.h"

static bool is_bgp(const struct net_rx *rx, bool is_member)
{
	struct rd r = rd_of(rx->l4);
	uint16_t src_port = rd_u16(&r), dst_port = rd_u16(&r);

	/* Cut short: the kernel would not want it either. */
	return !rd_is_ok(&r) || dst_port == BGP_PORT || (is_member && src_port == BGP_PORT);
}

bool kernel_owns(const struct core *c, const struct net_rx *rx, bool is_icmp, bool is_member)
{
	if (c->server->kernel[rx->port] == NULL) {
		return false;
	}
	if (is_icmp) {
		return !is_member ||
		       (rx->icmp.local_port != BGP_PORT && rx->icmp.remote_port != BGP_PORT);
	}
	return !is_bgp(rx, is_member);
}

void kernel_give(struct core *c, unsigned port, const struct frame_buf *frame)
{
	struct nic *kernel = c->server->kernel[port];
	struct frame_buf copy;

	ASSERT(kernel != NULL);
	if (nic_alloc(kernel, c->id, &copy, 1) != 1) {
		core_drop(c, CORE_DROP_KERNEL_FULL);
		return;
	}
	if (frame->len <= copy.room) {
		copy.len = (uint32_t)eth_copy_untagged(span_of(frame->data, frame->len), copy.data);
		if (nic_tx(kernel, c->id, &copy, 1) == 1) {
			metric_add(&c->stats.kernel_in, 1);
			return;
		}
	}
	nic_release(kernel, c->id, &copy, 1);
	core_drop(c, CORE_DROP_KERNEL_FULL);
}

static void take(struct core *c, unsigned port)
{
	struct nic *kernel = c->server->kernel[port];
	struct frame_buf frame[NIC_BURST_MAX];
	unsigned count = nic_rx(kernel, c->id, frame, NIC_BURST_MAX);

	for (unsigned i = 0; i < count; i++) {
		bool is_sent = output_frame(c, port, span_of(frame[i].data, frame[i].len));
		if (is_sent) {
			metric_add(&c->stats.kernel_out, 1);
		} else {
			core_drop(c, CORE_DROP_KERNEL_FULL);
		}
	}
	nic_release(kernel, c->id, frame, count);
	c->did_work = c->did_work || count > 0;
}

void kernel_rx(struct core *c)
{
	if (c->now < c->kernel_due) {
		return;
	}
	c->kernel_due = c->now + KERNEL_PERIOD_US;
	for (unsigned port = 0; port < c->server->opts.port_count; port++) {
		if (c->server->kernel[port] != NULL) {
			take(c, port);
		}
	}
}
