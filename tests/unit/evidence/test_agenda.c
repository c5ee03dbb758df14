/* What is due, in the order of time. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "control/evidence/agenda.h"
#include "rib/base/prng.h"

Test(agenda, items_come_when_they_are_due_and_in_order)
{
	struct agenda a = {.count = 0};
	struct agenda_item item;
	struct prng prng;
	prng_init(&prng, 7);
	cr_expect(agenda_due(&a) == USEC_NEVER);
	for (unsigned i = 0; i < 1000; i++) {
		item = (struct agenda_item){.due = 1 + prng_below(&prng, 500)};
		(void)snprintf(item.id.text, sizeof(item.id.text), "p-%u", i);
		agenda_push(&a, &item);
	}
	usec_t before = 0;
	unsigned count = 0;
	cr_expect(!agenda_pop(&a, 0, &item));
	for (usec_t now = 0; now <= 500; now += 50) {
		while (agenda_pop(&a, now, &item)) {
			cr_expect(item.due >= before && item.due <= now);
			before = item.due;
			count++;
		}
		cr_expect(agenda_due(&a) > now);
	}
	cr_expect(count == 1000);
	agenda_fini(&a);
}

Test(agenda, it_knows_what_stands_in_it)
{
	struct agenda a = {.count = 0};
	struct agenda_item item = {.due = 5, .id = {"p-a"}};
	agenda_push(&a, &item);
	cr_expect(agenda_has(&a, "p-a", USEC_NEVER) && !agenda_has(&a, "p-b", USEC_NEVER));
	cr_expect(agenda_pop(&a, 5, &item));
	cr_expect(!agenda_has(&a, "p-a", USEC_NEVER));
	agenda_fini(&a);
}
