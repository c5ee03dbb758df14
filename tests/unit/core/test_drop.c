/* The table of all drops: every row can be read by a person, and no two are the same. */
#include <criterion/criterion.h>

#include "dataplane/core/drop.h"
#include "tests/unit/core/desk.h"

Test(drop, every_row_has_its_own_name_a_severity_and_a_text)
{
	for (unsigned i = 0; i < DROP_COUNT; i++) {
		const struct drop_row *row = drop_row(i);
		cr_expect_gt(strlen(row->text), 10u, "%s", row->name);
		cr_expect(strcmp(row->severity, "PEER") == 0 ||
				  strcmp(row->severity, "NORMAL") == 0 ||
				  strcmp(row->severity, "LOCAL") == 0,
			  "%s: %s", row->name, row->severity);
		for (unsigned k = 0; k < i; k++) {
			cr_expect_str_neq(row->name, drop_row(k)->name);
		}
	}
}

Test(drop, the_layers_follow_each_other)
{
	cr_expect_str_eq(drop_row(0)->layer, "net");
	cr_expect_str_eq(drop_row(DROP_MEMBER_FIRST + TCP_DROP_SEQ_OLD)->name, "SEQ_OLD");
	cr_expect_str_eq(drop_row(DROP_MEMBER_FIRST)->layer, "tcp");
	cr_expect_str_eq(drop_row(DROP_CORE_FIRST + CORE_DROP_TTL_LOW)->name, "TTL_LOW");
	cr_expect_str_eq(drop_row(DROP_COUNT - 1)->layer, "core");
}

/* What a port may have counted; its queues are one worker's each. */
static struct nic_losses lost(const struct nic *n, unsigned queue)
{
	(void)n;
	return (struct nic_losses){.missed = 5 + queue, .refused = 8 + queue};
}

Test(drop, what_the_ports_lose_has_a_name_and_its_worker)
{
	struct desk d;
	struct nic_ops ops;
	desk_init(&d, &(struct desk_opts){.workers = 2});
	ops = *d.nic->ops;
	cr_expect_eq(server_drops(d.server, 0, DROP_CORE_FIRST + CORE_DROP_PORT_MISSED), 0u);
	ops.losses = lost;
	d.nic->ops = &ops;
	for (core_id_t i = 0; i < 2; i++) {
		cr_expect_eq(server_drops(d.server, i, DROP_CORE_FIRST + CORE_DROP_PORT_MISSED),
			     5u + i);
		cr_expect_eq(server_drops(d.server, i, DROP_CORE_FIRST + CORE_DROP_PORT_REFUSED),
			     8u + i);
	}
	desk_fini(&d);
}
