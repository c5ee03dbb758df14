/* members.json: a small JSON object, replaced whole.
 *
 *     {"format": 1, "disabled": [{"address": "198.18.1.1", "reason": "…", "since": 1760000000}]}
 *
 * Order of a change: new content into members.json.new, fsync, rename over members.json, fsync of
 * the directory.  All paths are relative to an open directory, so the state stays where it was
 * opened whatever happens to the names above it.
 */
#include "control/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "rib/base/check.h"

#define FILE_NAME     "members.json"
#define FILE_NAME_NEW "members.json.new"
#define LOCK_NAME     "lock"

struct state {
	int dir_fd;
	int lock_fd;
	char *dir;
	struct state_disabled *item;
	unsigned count;
};

static int find_index(const struct state *s, const struct addr *addr)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (addr_equal(&s->item[i].addr, addr)) {
			return (int)i;
		}
	}
	return -1;
}

/* Append without saving. */
static struct state_disabled *append(struct state *s, const struct addr *addr)
{
	struct state_disabled *grown = realloc(s->item, (s->count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	s->item = grown;
	struct state_disabled *d = &s->item[s->count++];
	*d = (struct state_disabled){.addr = *addr};
	return d;
}

static void remove_at(struct state *s, unsigned index)
{
	ASSERT(index < s->count);
	s->count--;
	memmove(&s->item[index], &s->item[index + 1], (s->count - index) * sizeof(*s->item));
}

static char *to_text(const struct state *s)
{
	char addr[ADDR_TEXT_MAX];
	json_t *list = json_array();
	for (unsigned i = 0; i < s->count; i++) {
		const struct state_disabled *d = &s->item[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "address",
						      addr_format(&d->addr, addr), "reason",
						      d->reason, "since", (json_int_t)d->since));
	}
	json_t *root = json_pack("{s:i, s:o}", "format", STATE_FORMAT, "disabled", list);
	char *text = json_dumps(root, JSON_INDENT(2));
	ASSERT(text != NULL);
	json_decref(root);
	return text;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t wrote = write(fd, text, len);
		if (wrote < 0 && errno != EINTR) {
			return -errno;
		}
		if (wrote > 0) {
			text += wrote;
			len -= (size_t)wrote;
		}
	}
	return fsync(fd) != 0 ? -errno : 0;
}

static int save(const struct state *s)
{
	int fd = openat(s->dir_fd, FILE_NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	char *text = to_text(s);
	int err = write_all(fd, text, strlen(text));
	free(text);
	if (close(fd) != 0 && err == 0) {
		err = -errno;
	}
	if (err == 0 && renameat(s->dir_fd, FILE_NAME_NEW, s->dir_fd, FILE_NAME) != 0) {
		err = -errno;
	}
	if (err == 0 && fsync(s->dir_fd) != 0) {
		err = -errno;
	}
	return err;
}

/* One item of "disabled"; false when it is not what we write. */
static bool read_item(struct state *s, const json_t *item)
{
	const char *address = json_string_value(json_object_get(item, "address"));
	const char *reason = json_string_value(json_object_get(item, "reason"));
	const json_t *since = json_object_get(item, "since");
	struct addr addr;
	if (address == NULL || reason == NULL || !json_is_integer(since) ||
	    strlen(reason) >= STATE_REASON_MAX || addr_parse(address, &addr) != 0 ||
	    find_index(s, &addr) >= 0) {
		return false;
	}
	struct state_disabled *d = append(s, &addr);
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	d->since = json_integer_value(since);
	return true;
}

static int damaged(const struct state *s, const char *what, char *why, size_t why_len)
{
	snprintf(why, why_len,
		 "%s/%s is damaged (%s); restore it from a backup, or move it away to start with "
		 "every neighbour enabled",
		 s->dir, FILE_NAME, what);
	return -EBADMSG;
}

static int read_root(struct state *s, const json_t *root, char *why, size_t why_len)
{
	const json_t *format = json_object_get(root, "format");
	const json_t *list = json_object_get(root, "disabled");
	if (!json_is_integer(format) || json_integer_value(format) < 1) {
		return damaged(s, "it has no format number", why, why_len);
	}
	if (json_integer_value(format) > STATE_FORMAT) {
		snprintf(why, why_len,
			 "%s/%s has format %lld, and this version knows up to %d; run the newer "
			 "version again or restore the backup from before the upgrade",
			 s->dir, FILE_NAME, (long long)json_integer_value(format), STATE_FORMAT);
		return -ENOTSUP;
	}
	if (!json_is_array(list)) {
		return damaged(s, "'disabled' is no list", why, why_len);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!read_item(s, json_array_get(list, i))) {
			char what[64];
			snprintf(what, sizeof(what), "item %zu of 'disabled'", i + 1);
			return damaged(s, what, why, why_len);
		}
	}
	return 0;
}

static int load(struct state *s, char *why, size_t why_len)
{
	int fd = openat(s->dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		return 0;
	}
	if (fd < 0) {
		int err = -errno;
		snprintf(why, why_len, "cannot read %s/%s: %s", s->dir, FILE_NAME, strerror(-err));
		return err;
	}
	json_error_t error;
	json_t *root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
	close(fd);
	if (root == NULL) {
		return damaged(s, error.text, why, why_len);
	}
	int err = read_root(s, root, why, why_len);
	json_decref(root);
	return err;
}

/* Open the directory and take its lock. */
static int claim(struct state *s, const char *dir, char *why, size_t why_len)
{
	int err = 0;
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
		err = -errno;
		snprintf(why, why_len,
			 "cannot make the state directory %s: %s; make it or set "
			 "control.state_dir",
			 dir, strerror(-err));
		return err;
	}
	s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd >= 0) {
		s->lock_fd = openat(s->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	}
	if (s->dir_fd < 0 || s->lock_fd < 0) {
		err = -errno;
		snprintf(why, why_len,
			 "cannot use the state directory %s: %s; check its owner and permissions",
			 dir, strerror(-err));
		return err;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		snprintf(why, why_len,
			 "another causewayd runs on the state directory %s; stop it or set "
			 "control.state_dir",
			 dir);
		return -EBUSY;
	}
	return 0;
}

int state_open(const char *dir, struct state **out_state, char *why, size_t why_len)
{
	struct state *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->dir_fd = -1;
	s->lock_fd = -1;
	s->dir = strdup(dir);
	ASSERT(s->dir != NULL);
	int err = claim(s, dir, why, why_len);
	if (err == 0) {
		err = load(s, why, why_len);
	}
	if (err != 0) {
		state_close(s);
		return err;
	}
	*out_state = s;
	return 0;
}

void state_close(struct state *s)
{
	if (s == NULL) {
		return;
	}
	if (s->lock_fd >= 0) {
		close(s->lock_fd);
	}
	if (s->dir_fd >= 0) {
		close(s->dir_fd);
	}
	free(s->dir);
	free(s->item);
	free(s);
}

int state_chown(struct state *s, uid_t uid, gid_t gid)
{
	if (fchown(s->dir_fd, uid, gid) != 0 || fchown(s->lock_fd, uid, gid) != 0) {
		return -errno;
	}
	if (fchownat(s->dir_fd, FILE_NAME, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT) {
		return -errno;
	}
	return 0;
}

int state_dir_fd(const struct state *s)
{
	return s->dir_fd;
}

const struct state_disabled *state_find(const struct state *s, const struct addr *addr)
{
	int index = find_index(s, addr);
	return index >= 0 ? &s->item[index] : NULL;
}

unsigned state_count(const struct state *s)
{
	return s->count;
}

int state_disable(struct state *s, const struct addr *addr, const char *reason, int64_t now_s)
{
	ASSERT(strlen(reason) < STATE_REASON_MAX);
	int index = find_index(s, addr);
	struct state_disabled *d = index >= 0 ? &s->item[index] : append(s, addr);
	struct state_disabled before = *d;
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	d->since = now_s;
	int err = save(s);
	if (err != 0 && index >= 0) {
		*d = before;
	} else if (err != 0) {
		remove_at(s, s->count - 1);
	}
	return err;
}

int state_enable(struct state *s, const struct addr *addr)
{
	int index = find_index(s, addr);
	if (index < 0) {
		return 0;
	}
	struct state_disabled before = s->item[index];
	remove_at(s, (unsigned)index);
	int err = save(s);
	if (err != 0) {
		*append(s, addr) = before;
	}
	return err;
}
