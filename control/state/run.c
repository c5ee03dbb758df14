/* run.json:
 *
 *     {"format": 1, "end": "running", "at": 1760000000, "neighbors": ["198.18.1.1"]}
 */
#include "control/state/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "rib/base/check.h"

#define FILE_NAME     "run.json"
#define FILE_NAME_NEW "run.json.new"
#define FORMAT	      1

static const char *const end_texts[] = {[RUN_NONE] = "",
					[RUN_RUNNING] = "running",
					[RUN_RESTART] = "restart",
					[RUN_SHUTDOWN] = "shutdown"};

static bool read_neighbors(const json_t *list, struct run_record *out)
{
	size_t count = json_array_size(list);
	out->neighbor = calloc(count + 1, sizeof(*out->neighbor));
	ASSERT(out->neighbor != NULL);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (text == NULL || addr_parse(text, &out->neighbor[out->count]) != 0) {
			return false;
		}
		out->count++;
	}
	return json_is_array(list);
}

static bool read_root(const json_t *root, struct run_record *out)
{
	const char *end = json_string_value(json_object_get(root, "end"));
	const json_t *at = json_object_get(root, "at");
	if (json_integer_value(json_object_get(root, "format")) != FORMAT || end == NULL ||
	    !json_is_integer(at)) {
		return false;
	}
	out->at_s = json_integer_value(at);
	for (unsigned i = RUN_RUNNING; i < ARRAY_COUNT(end_texts); i++) {
		if (strcmp(end, end_texts[i]) == 0) {
			out->end = (enum run_end)i;
		}
	}
	return out->end != RUN_NONE && read_neighbors(json_object_get(root, "neighbors"), out);
}

void run_read(const struct state *s, struct run_record *out)
{
	*out = (struct run_record){.end = RUN_NONE};
	int fd = openat(state_dir_fd(s), FILE_NAME, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	json_t *root = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	if (root == NULL || !read_root(root, out)) {
		run_free(out);
	}
	json_decref(root);
}

static char *to_text(const struct run_record *r)
{
	char addr[ADDR_TEXT_MAX];
	json_t *list = json_array();
	for (unsigned i = 0; i < r->count; i++) {
		json_array_append_new(list, json_string(addr_format(&r->neighbor[i], addr)));
	}
	json_t *root = json_pack("{s:i, s:s, s:I, s:o}", "format", FORMAT, "end", end_texts[r->end],
				 "at", (json_int_t)r->at_s, "neighbors", list);
	char *text = json_dumps(root, JSON_INDENT(2));
	ASSERT(text != NULL);
	json_decref(root);
	return text;
}

int run_write(const struct state *s, const struct run_record *r)
{
	ASSERT(r->end != RUN_NONE);
	int dir = state_dir_fd(s);
	int fd = openat(dir, FILE_NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	char *text = to_text(r);
	size_t len = strlen(text);
	int err = write(fd, text, len) == (ssize_t)len ? 0 : -EIO;
	free(text);
	if (err == 0 && r->end != RUN_RUNNING && fsync(fd) != 0) {
		err = -errno;
	}
	if (close(fd) != 0 && err == 0) {
		err = -errno;
	}
	if (err == 0 && renameat(dir, FILE_NAME_NEW, dir, FILE_NAME) != 0) {
		err = -errno;
	}
	return err;
}

void run_free(struct run_record *r)
{
	free(r->neighbor);
	*r = (struct run_record){.end = RUN_NONE};
}

bool run_is_restart(const struct run_record *r, int64_t now_s, unsigned restart_s)
{
	bool was_soft = r->end == RUN_RUNNING || r->end == RUN_RESTART;
	/* A clock that was set back says nothing. */
	return was_soft && now_s >= r->at_s && now_s - r->at_s < (int64_t)restart_s;
}

bool run_has(const struct run_record *r, const struct addr *addr)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (addr_equal(&r->neighbor[i], addr)) {
			return true;
		}
	}
	return false;
}
