/* Frames that a worker hands to another: whose they are may change while they are on their way. */
#include <criterion/criterion.h>

#include "dataplane/core/core_priv.h"
#include "tests/unit/core/desk.h"

#define WRONG 2 /* It owns the last host alone. */

/* Every frame is handed to this one worker, as if all addresses had been its members' just now. */
static void lead_astray(struct desk *d)
{
	struct frame_buf frame;
	for (core_id_t queue = 0; queue < d->workers; queue++) {
		while (nic_rx(d->nic, queue, &frame, 1) == 1) {
			struct mail *mail = mesh_mail(d->server->mesh, WRONG, WRONG);
			cr_assert_not_null(mail);
			*mail = (struct mail){.kind = MAIL_RX, .queue = (uint8_t)queue};
			mail->frame = frame;
			d->sent++;
		}
	}
}

Test(handed, a_frame_for_another_worker_is_handed_on)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 3});
	d.before = lead_astray;
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		desk_up(&d, i, 0);
	}
	cr_expect(d.sent > 0);
	desk_fini(&d);
}
