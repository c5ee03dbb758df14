/* The failed assertion: say what and where, then abort so that a core dump is left.
 *
 * No allocation and no stdio: the heap may be what is broken.  One writev keeps the line whole
 * when several threads die at once. */
#include "rib/base/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rib/base/units.h"

#define LINE_DIGITS_MAX 12

/* `line` in decimal at the end of `buf`; returns the first digit. */
static char *line_format(int line, char buf[static LINE_DIGITS_MAX])
{
	unsigned value = line > 0 ? (unsigned)line : 0;
	char *at = buf + LINE_DIGITS_MAX - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return at;
}

/* An iovec is not const-correct; writev only reads. */
static struct iovec text_iovec(const char *text)
{
	union {
		const char *text;
		void *base;
	} u = {.text = text};

	return (struct iovec){.iov_base = u.base, .iov_len = strlen(text)};
}

void check_failed(const char *expression, const char *file, int line)
{
	char digits[LINE_DIGITS_MAX];
	struct iovec parts[] = {
		text_iovec("assertion failed: "),
		text_iovec(expression),
		text_iovec(" at "),
		text_iovec(file),
		text_iovec(":"),
		text_iovec(line_format(line, digits)),
		text_iovec("\n"),
	};
	ssize_t ignored = writev(STDERR_FILENO, parts, ARRAY_COUNT(parts));

	(void)ignored;
	abort();
}
