#include "control/rpki/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rib/base/check.h"

#define FILE_BYTES_MAX ((off_t)1 << 30)

int watch_open(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void watch_set(struct watch *w, const struct rpki_file_conf *conf, int notify_fd)
{
	w->conf = conf;
	w->notify_fd = notify_fd;
}

/* The folder, since files are replaced by renaming; it may come later than we do. */
static void watch_folder(struct watch *w)
{
	char *path = strdup(w->conf->path);
	ASSERT(path != NULL);
	if (!w->is_watched) {
		w->is_watched = inotify_add_watch(w->notify_fd, dirname(path),
						  IN_CLOSE_WRITE | IN_MOVED_TO) >= 0;
	}
	free(path);
}

static bool is_equal(const struct watch_stamp *a, const struct watch_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct watch_stamp stamp_of(const struct stat *st)
{
	return (struct watch_stamp){.device = st->st_dev,
				    .inode = st->st_ino,
				    .size = st->st_size,
				    .written = st->st_mtim,
				    .changed = st->st_ctim};
}

/* All `size` bytes; NULL with errno. */
static char *read_whole(int fd, size_t size)
{
	char *text = malloc(size + 1);
	size_t len = 0;
	while (text != NULL && len < size) {
		ssize_t got = read(fd, text + len, size - len);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			errno = got == 0 ? EAGAIN : errno; /* It became shorter under our eyes. */
			free(text);
			return NULL;
		}
		len += (size_t)got;
	}
	return text;
}

static enum watch_news read_file(struct watch *w, int fd, const struct stat *st,
				 struct roa_file *out, char *why, size_t why_len)
{
	const struct roa_file_opts opts = {.anchors = (const char *const *)w->conf->anchors,
					   .anchor_count = w->conf->anchor_count};
	if (!S_ISREG(st->st_mode) || st->st_size > FILE_BYTES_MAX) {
		snprintf(why, why_len, "it is no file of at most 1 GiB");
		return WATCH_FAULTY;
	}
	size_t size = (size_t)st->st_size;
	char *text = read_whole(fd, size);
	if (text == NULL) {
		snprintf(why, why_len, "%s", strerror(errno));
		return WATCH_MISSING;
	}
	bool is_good = roa_file_parse(text, size, &opts, out, why, why_len);
	free(text);
	return is_good ? WATCH_NEW : WATCH_FAULTY;
}

static enum watch_news miss(struct watch *w, char *why, size_t why_len)
{
	snprintf(why, why_len, "%s", strerror(errno));
	w->was_looked_at = false; /* Whatever comes is news. */
	return WATCH_MISSING;
}

enum watch_news watch_look(struct watch *w, bool is_rung, struct roa_file *out, char *why,
			   size_t why_len)
{
	struct stat st;
	watch_folder(w);
	int fd = open(w->conf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		enum watch_news news = miss(w, why, why_len);
		if (fd >= 0) {
			close(fd);
		}
		return news;
	}
	struct watch_stamp stamp = stamp_of(&st);
	enum watch_news news = WATCH_SAME;
	bool is_new = !w->was_looked_at || !is_equal(&stamp, &w->seen);
	bool is_settled = is_rung || !w->was_looked_at || time(NULL) - st.st_mtim.tv_sec >= 2;
	if (is_new && is_settled) {
		w->seen = stamp;
		w->was_looked_at = true;
		news = read_file(w, fd, &st, out, why, why_len);
	}
	close(fd);
	return news;
}

void watch_accept(struct watch *w)
{
	w->accepted_s = (int64_t)w->seen.written.tv_sec;
}

void watch_again(struct watch *w)
{
	w->was_looked_at = false;
}

bool watch_is_old(const struct watch *w, char *why, size_t why_len)
{
	int64_t age = (int64_t)time(NULL) - w->accepted_s;
	if (w->conf->age_max_s == 0 || w->accepted_s == 0 || age <= (int64_t)w->conf->age_max_s) {
		return false;
	}
	snprintf(why, why_len, "written %lld s ago; %u s are allowed", (long long)age,
		 w->conf->age_max_s);
	return true;
}

int64_t watch_written_s(const struct watch *w)
{
	return w->accepted_s;
}
