/* Reading the files: the main one and those it includes, each once through the tables of keys.
 *
 * Files wait in a queue rather than on the stack, so depth is no danger; each remembers who
 * included it, and a file that is its own ancestor is a loop.  A file is known by device and inode,
 * whatever its names are.  Documents stay open until the end because places point into them.
 */
#include "control/config/config.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/config/loader.h"
#include "rib/base/check.h"

#define FILES_MAX      256
#define FILE_BYTES_MAX ((size_t)64 << 20)

struct file {
	char *path;
	int includer; /* Index; -1 for the main file. */
	struct place asked_at;
	dev_t device;
	ino_t inode;
	char *text;
	size_t len;
	struct yaml *yaml;
};

struct file_queue {
	struct file item[FILES_MAX];
	int count;
	int current;
};

static void add_v(struct loader *l, const struct place *at, bool is_warning, const char *format,
		  va_list args)
{
	char *text = NULL;
	int len = vasprintf(&text, format, args);
	ASSERT(len >= 0);
	errors_add(l->errors, at, is_warning, "%s", text);
	free(text);
}

void loader_fail(struct loader *l, const struct place *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_v(l, at, false, format, args);
	va_end(args);
}

void loader_warn(struct loader *l, const struct place *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_v(l, at, true, format, args);
	va_end(args);
}

/* `path` as seen from the file that names it. */
static char *path_beside(const char *includer, const char *path)
{
	char *joined = NULL;
	if (path[0] == '/' || strchr(includer, '/') == NULL) {
		joined = strdup(path);
	} else {
		char *copy = strdup(includer);
		ASSERT(copy != NULL);
		int len = asprintf(&joined, "%s/%s", dirname(copy), path);
		ASSERT(len > 0);
		free(copy);
	}
	ASSERT(joined != NULL);
	return joined;
}

static void include_file(struct loader *l, const struct place *at, const char *path)
{
	struct file_queue *q = l->files;
	if (q->count == FILES_MAX) {
		loader_fail(l, at, "more than %d files are included; join some of them", FILES_MAX);
		return;
	}
	q->item[q->count] = (struct file){.path = path_beside(q->item[q->current].path, path),
					  .includer = q->current,
					  .asked_at = *at};
	q->count++;
}

/* Where to blame for a file that cannot be used: the include that asked for it. */
static void fail_file(struct loader *l, const struct file *f, const char *what)
{
	const struct place whole = {.file = f->path};
	if (f->includer < 0) {
		loader_fail(l, &whole, "%s", what);
	} else {
		loader_fail(l, &f->asked_at, "cannot include '%s': %s", f->path, what);
	}
}

static bool is_own_ancestor(const struct file_queue *q, int index)
{
	const struct file *f = &q->item[index];
	for (int i = f->includer; i >= 0; i = q->item[i].includer) {
		if (q->item[i].device == f->device && q->item[i].inode == f->inode) {
			return true;
		}
	}
	return false;
}

/* The whole of an open file; NULL after an error (errno). */
static char *read_all(FILE *in, size_t *out_len)
{
	char *text = NULL;
	size_t len = 0;
	size_t got;
	do {
		char *grown = realloc(text, len + 65536 + 1);
		ASSERT(grown != NULL);
		text = grown;
		got = fread(text + len, 1, 65536, in);
		len += got;
	} while (got > 0 && len <= FILE_BYTES_MAX);
	if (ferror(in) != 0 || len > FILE_BYTES_MAX) {
		errno = len > FILE_BYTES_MAX ? EFBIG : errno;
		free(text);
		return NULL;
	}
	text[len] = '\0';
	*out_len = len;
	return text;
}

/* A file with secrets is for the server's eyes only. */
static void warn_if_readable(struct loader *l, const struct file *f, mode_t mode)
{
	if (l->has_secret && (mode & S_IROTH) != 0) {
		const struct place whole = {.file = f->path};
		loader_warn(l, &whole,
			    "the file holds secrets and everybody may read it; chmod it to 0640");
	}
}

static void parse_file(struct loader *l, struct file *f, const struct stat *st, size_t len)
{
	f->yaml = yaml_parse(f->path, f->text, len, l->errors);
	if (f->yaml == NULL) {
		return;
	}
	struct node root = yaml_root(f->yaml);
	l->has_secret = false;
	keys_walk(l, &root, &root_keys, NULL);
	warn_if_readable(l, f, st->st_mode);
}

static void read_file(struct loader *l, int index)
{
	struct file_queue *q = l->files;
	struct file *f = &q->item[index];
	struct stat st;
	size_t len = 0;
	char what[256];
	q->current = index;
	FILE *in = fopen(f->path, "re");
	if (in == NULL || fstat(fileno(in), &st) != 0) {
		snprintf(what, sizeof(what), "%s; check the path and its permissions",
			 strerror(errno));
		fail_file(l, f, what);
		goto out;
	}
	f->device = st.st_dev;
	f->inode = st.st_ino;
	if (is_own_ancestor(q, index)) {
		fail_file(l, f, "the files include each other in a loop; remove one 'include'");
		goto out;
	}
	f->text = read_all(in, &len);
	if (f->text == NULL) {
		snprintf(what, sizeof(what), "%s; name a readable file", strerror(errno));
		fail_file(l, f, what);
		goto out;
	}
	f->len = len;
	parse_file(l, f, &st, len);
out:
	if (in != NULL) {
		fclose(in);
	}
}

static void files_free(struct file_queue *q)
{
	for (int i = 0; i < q->count; i++) {
		yaml_free(q->item[i].yaml);
		if (q->item[i].text != NULL) {
			explicit_bzero(q->item[i].text,
				       q->item[i].len); /* There are secrets in it. */
		}
		free(q->item[i].text);
		free(q->item[i].path);
	}
	free(q);
}

static void drafts_free(struct loader *l)
{
	for (unsigned i = 0; i < l->port_count; i++) {
		free(l->port[i].value.device);
		free(l->port[i].value.kernel);
	}
	for (unsigned i = 0; i < l->client_count; i++) {
		free(l->client[i].value.description);
		config_keys_free(l->client[i].value.keys);
	}
	free(l->port);
	free(l->client);
}

/* The drafts become the configuration's arrays; what they own moves along. */
static void take_drafts(struct loader *l)
{
	struct config *c = l->config;
	c->dataplane.port = calloc(l->port_count + 1, sizeof(*c->dataplane.port));
	c->client = calloc(l->client_count + 1, sizeof(*c->client));
	ASSERT(c->dataplane.port != NULL && c->client != NULL);
	for (unsigned i = 0; i < l->port_count; i++) {
		c->dataplane.port[i] = l->port[i].value;
	}
	for (unsigned i = 0; i < l->client_count; i++) {
		c->client[i] = l->client[i].value;
	}
	c->dataplane.port_count = l->port_count;
	c->client_count = l->client_count;
	l->port_count = 0;
	l->client_count = 0;
}

struct config *config_load(const char *file, struct config_errors *out_errors)
{
	*out_errors = (struct config_errors){0};
	struct config *c = calloc(1, sizeof(*c));
	struct file_queue *q = calloc(1, sizeof(*q));
	ASSERT(c != NULL && q != NULL);
	c->control.log_level = LOG_INFO;
	c->deferral_s = DEFERRAL_DEFAULT_S;
	struct loader l = {.config = c, .errors = out_errors, .include = include_file, .files = q};

	q->item[0] = (struct file){.path = strdup(file), .includer = -1};
	ASSERT(q->item[0].path != NULL);
	q->count = 1;
	l.start = (struct place){.file = q->item[0].path, .line = 1, .column = 1};
	for (int i = 0; i < q->count; i++) {
		read_file(&l, i);
	}
	/* Without its main file a configuration has only consequences of that. */
	if (q->item[0].yaml != NULL) {
		finish_config(&l);
	}
	errors_sort(out_errors);
	if (out_errors->error_count == 0) {
		take_drafts(&l);
	} else {
		config_free(c);
		c = NULL;
	}
	drafts_free(&l);
	files_free(q);
	return c;
}

void config_keys_free(struct auth_keys *k)
{
	if (k != NULL) {
		explicit_bzero(k, sizeof(*k));
		free(k);
	}
}

void config_free(struct config *c)
{
	if (c == NULL) {
		return;
	}
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		free(c->dataplane.port[i].device);
		free(c->dataplane.port[i].kernel);
	}
	for (unsigned i = 0; i < c->client_count; i++) {
		free(c->client[i].description);
		config_keys_free(c->client[i].keys);
	}
	free(c->dataplane.port);
	free(c->client);
	free(c->control.state_dir);
	free(c->control.socket);
	free(c->control.user);
	free(c->control.read_group);
	free(c->control.operator_group);
	free(c);
}
