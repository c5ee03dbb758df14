/* A file that others write: read when it has been written, and only then.
 *
 * inotify says when something in its folder was closed or moved into place; a look now and then
 * finds what inotify cannot see (a folder that came later, a network's file system).  Who replaces
 * the file by renaming one that is complete is read at once; a file that is being written in place
 * and not yet closed is left alone for a second after its last change. */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "control/config/rpki_conf.h"
#include "control/rpki/roa_file.h"

struct watch {
	const struct rpki_file_conf *conf;
	int notify_fd;
	bool is_watched;
	bool was_looked_at;
	struct watch_stamp {
		dev_t device;
		ino_t inode;
		off_t size;
		struct timespec written, changed;
	} seen; /* Of the file read last. */
	int64_t accepted_s;
};

enum watch_news { WATCH_SAME, WATCH_NEW, WATCH_MISSING, WATCH_FAULTY };

/* inotify's descriptor; −1. */
int watch_open(void);
void watch_set(struct watch *w, const struct rpki_file_conf *conf, int notify_fd);
/* Look whether the file has been written since the last look, and read it: NEW fills *out, MISSING
 * and FAULTY say why.  `is_rung`: inotify has just said something. */
enum watch_news watch_look(struct watch *w, bool is_rung, struct roa_file *out, char *why,
			   size_t why_len);
/* What watch_look() has just read is in use. */
void watch_accept(struct watch *w);
/* Take the file for news at the next look, written or not. */
void watch_again(struct watch *w);
/* Whether the file in use is older than it may be; `why` says so. */
bool watch_is_old(const struct watch *w, char *why, size_t why_len);
int64_t watch_written_s(const struct watch *w); /* Of the file in use; 0: none. */
