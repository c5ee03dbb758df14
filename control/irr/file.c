/* open, fstat, and reads of one piece each. */
#include "control/irr/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rib/base/check.h"

#define PIECE ((size_t)1 << 20)

static struct file_stamp stamp_of(const struct stat *st)
{
	return (struct file_stamp){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.changed_ns = (uint64_t)st->st_mtim.tv_sec * UINT64_C(1000000000) +
			      (uint64_t)st->st_mtim.tv_nsec,
	};
}

bool file_stamp(const char *path, struct file_stamp *out)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		return false;
	}
	*out = stamp_of(&st);
	return true;
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static enum file_verdict bad(struct file_read *f, const char *path, const char *what)
{
	(void)snprintf(f->why, sizeof(f->why), "cannot read %s: %s", path, what);
	return FILE_BAD;
}

enum file_verdict file_read_begin(struct file_read *f, const char *path, size_t bytes_max)
{
	struct stat st;
	*f = (struct file_read){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		return bad(f, path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		return bad(f, path, "it is no regular file");
	}
	if ((uint64_t)st.st_size > bytes_max) {
		return bad(f, path, "it is too long");
	}
	f->stamp = stamp_of(&st);
	f->size = (size_t)st.st_size;
	f->text = malloc(f->size + 1);
	ASSERT(f->text != NULL);
	f->text[0] = '\0';
	return FILE_MORE;
}

enum file_verdict file_read_step(struct file_read *f)
{
	ASSERT(f->fd >= 0 && f->len <= f->size);
	size_t piece = min_u64(f->size - f->len, PIECE);
	ssize_t got = piece > 0 ? read(f->fd, f->text + f->len, piece) : 0;
	if (got < 0 && errno != EINTR) {
		return bad(f, "it", strerror(errno));
	}
	f->len += got > 0 ? (size_t)got : 0;
	f->text[f->len] = '\0';
	/* One that was cut short meanwhile ends where it ends. */
	return got == 0 || f->len == f->size ? FILE_DONE : FILE_MORE;
}

void file_read_end(struct file_read *f)
{
	if (f->fd >= 0) {
		close(f->fd);
	}
	free(f->text);
	*f = (struct file_read){.fd = -1};
}
