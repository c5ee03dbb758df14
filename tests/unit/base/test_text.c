/* The bounded text builder: whole pieces, or an ellipsis. */
#include "rib/base/text.h"

#include <criterion/criterion.h>

Test(text, every_size_shows_whole_pieces_or_an_ellipsis)
{
	/* "12 345 6789" has 11 characters. */
	static const char *const expected[] = {
		[1] = "",
		[2] = ".",
		[3] = "..",
		[4] = "...",
		[5] = "...",
		[6] = "12...",
		[7] = "12...",
		[8] = "12...",
		[9] = "12...",
		[10] = "12 345...",
		[11] = "12 345...",
		[12] = "12 345 6789",
		[13] = "12 345 6789",
	};

	for (size_t size = 1; size < ARRAY_COUNT(expected); size++) {
		char buf[16];
		memset(buf, '#', sizeof(buf));
		struct text t = text_of(buf, size);

		text_put(&t, "12");
		text_printf(&t, " %d", 345);
		text_printf(&t, " %d", 6789);
		cr_expect_str_eq(buf, expected[size], "%zu", size);
		cr_expect_eq(t.is_cut, size < 12);
		cr_expect_eq(buf[size], '#', "nothing past the buffer");
	}
}

Test(text, nothing_follows_a_cut)
{
	char buf[8];
	struct text t = text_of(buf, sizeof(buf));

	text_put(&t, "123456789");
	text_put(&t, "1");
	cr_expect_str_eq(buf, "...");
}
