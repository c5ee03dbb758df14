/* The mailbox mesh: order, reserve, publication at flush, waking. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "dataplane/core/mailbox.h"

Test(mailbox, ops_appear_in_order_only_after_flush)
{
	struct mesh *m = mesh_new(3, 10);
	cr_assert_not_null(m);
	for (uint32_t i = 0; i < 5; i++) {
		struct op op = {.kind = OP_WITHDRAW, .incarnation = i};
		mesh_push(m, 0, 2, &op);
	}
	cr_assert_null(mesh_pop(m, 0, 2), "visible before the flush");
	cr_assert_not(mesh_has_ops(m, 2));
	mesh_flush(m, 0);
	cr_assert(mesh_has_ops(m, 2));
	cr_assert_not(mesh_has_ops(m, 1));
	for (uint32_t i = 0; i < 5; i++) {
		const struct op *op = mesh_pop(m, 0, 2);
		cr_assert_not_null(op);
		cr_assert_eq(op->incarnation, i);
	}
	cr_assert_null(mesh_pop(m, 0, 2));
	mesh_release(m, 2);
	mesh_free(m);
}

Test(mailbox, room_leaves_the_reserve_untouched)
{
	struct mesh *m = mesh_new(2, 100);
	struct op op = {.kind = OP_WITHDRAW};
	size_t pushed = 0;
	while (mesh_room(m, 0) > 0) {
		mesh_push(m, 0, 1, &op);
		pushed++;
	}
	cr_assert_geq(pushed, OP_RING_FEW, "room for %zu", pushed);
	for (unsigned i = 0; i < 101 * OPS_PER_MEMBER; i++) {
		mesh_push(m, 0, 1, &op); /* DOWNs still fit; a failure would abort. */
	}
	cr_assert_eq(mesh_room_to(m, 0, 1), 0);
	cr_assert_gt(mesh_room_to(m, 0, 0), 0, "another outbox has room");
	cr_assert_eq(mesh_room(m, 0), 0, "the shortest outbox counts");
	mesh_free(m);
}

Test(mailbox, a_full_mail_ring_refuses)
{
	struct mesh *m = mesh_new(1, 1);
	unsigned count = 0;
	while (count <= 4 * MAIL_RING && mesh_mail(m, 0, 0) != NULL) {
		count++;
	}
	cr_assert_eq(count, MAIL_RING);
	mesh_free(m);
}

Test(mailbox, a_flush_wakes_a_sleeper_once)
{
	struct mesh *m = mesh_new(2, 1);
	struct op op = {.kind = OP_WITHDRAW};
	uint64_t n;
	mesh_push(m, 0, 1, &op);
	mesh_flush(m, 0);
	cr_assert_lt(read(mesh_wake_fd(m, 1), &n, sizeof(n)), 0, "nobody sleeps");
	mesh_sleep_begin(m, 1);
	mesh_push(m, 0, 1, &op);
	mesh_flush(m, 0);
	cr_assert(mesh_has_mail(m, 1));
	cr_assert_eq(read(mesh_wake_fd(m, 1), &n, sizeof(n)), (ssize_t)sizeof(n));
	mesh_sleep_end(m, 1);
	mesh_free(m);
}
