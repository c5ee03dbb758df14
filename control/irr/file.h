/* Files of others, read in slices and read again when they are other files.
 *
 * A dump of PeeringDB has tens of megabytes: the control loop takes a piece in each turn.  Who puts
 * a new file in place renames it there; a stamp tells one file from the next. */
#pragma once

#include "rib/base/bytes.h"

/* Zero: none. */
struct file_stamp {
	uint64_t device, inode, size, changed_ns;
};

enum file_verdict { FILE_MORE, FILE_DONE, FILE_BAD };

struct file_read {
	int fd; /* −1: not open. */
	struct file_stamp stamp;
	char *text; /* Owned; a NUL behind it. */
	size_t len, size;
	char why[160]; /* BAD. */
};

/* False when the path leads to no file. */
bool file_stamp(const char *path, struct file_stamp *out);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);
/* Open.  BAD when it is no regular file or longer than `bytes_max`. */
enum file_verdict file_read_begin(struct file_read *f, const char *path, size_t bytes_max);
/* A piece further. */
enum file_verdict file_read_step(struct file_read *f);
void file_read_end(struct file_read *f);
