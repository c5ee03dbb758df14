/* Reading the files: the main one and those it includes, each once through the tables of keys.
 *
 * Files wait in a queue rather than on the stack, so depth is no danger; each remembers who
 * included it, and a file that is its own ancestor is a loop.  A file is known by device and inode,
 * whatever its names are.  Documents stay open until the end because places point into them.
 */
#include "control/config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "control/config/loader.h"
#include "rib/base/check.h"

#define FILES_MAX 256

struct file {
	char *path;
	int includer; /* Index; -1 for the main file. */
	struct place asked_at;
	dev_t device;
	ino_t inode;
	struct source *source;
	struct yaml *yaml;
};

struct file_queue {
	struct file item[FILES_MAX];
	int count;
	int current;
	const char *text; /* Of the main file; NULL: it is to be read. */
	size_t text_len;
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

static void include_file(struct loader *l, const struct place *at, const char *path)
{
	struct file_queue *q = l->files;
	if (q->count == FILES_MAX) {
		loader_fail(l, at, "more than %d files are included; join some of them", FILES_MAX);
		return;
	}
	q->item[q->count] = (struct file){
		.path = path_beside(at->file, path), .includer = q->current, .asked_at = *at};
	q->count++;
}

/* Where to blame for a file that cannot be used: the include that asked for it. */
static void fail_file(struct loader *l, const struct file *f, const char *what)
{
	const struct place whole = {.file = f->path};
	l->has_gap = true;
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

/* A file with secrets is for the server's eyes only. */
static void warn_if_readable(struct loader *l, const struct file *f)
{
	if (l->has_secret && source_is_open(f->source)) {
		const struct place whole = {.file = f->path};
		loader_warn(l, &whole,
			    "the file holds secrets and everybody may read it; chmod it to 0640");
	}
}

static void parse_file(struct loader *l, struct file *f, char *text, const struct file_facts *facts)
{
	const struct source_opts opts = {
		.path = f->path, .text = text, .len = facts->len, .is_open = facts->is_open};
	f->source = source_new(&opts, l->errors);
	f->yaml = f->source != NULL ? yaml_parse(f->source, l->errors) : NULL;
	if (f->yaml == NULL) {
		l->has_gap = true;
		return;
	}
	struct node root = yaml_root(f->yaml);
	l->has_secret = false;
	keys_walk(l, &root, &root_keys, NULL);
	warn_if_readable(l, f);
}

/* What is in the file; the main one may be in memory. */
static char *text_of(const struct file_queue *q, const struct file *f, struct file_facts *facts)
{
	if (f->includer >= 0 || q->text == NULL) {
		return file_read(f->path, facts);
	}
	char *copy = malloc(q->text_len + 1);
	ASSERT(copy != NULL);
	memcpy(copy, q->text, q->text_len);
	copy[q->text_len] = '\0';
	facts->len = q->text_len;
	return copy;
}

static void read_file(struct loader *l, int index)
{
	struct file_queue *q = l->files;
	struct file *f = &q->item[index];
	struct file_facts facts = {.needs_regular = f->includer >= 0};
	char what[256];
	q->current = index;
	char *text = text_of(q, f, &facts);
	f->device = facts.device;
	f->inode = facts.inode;
	if (text == NULL) {
		snprintf(what, sizeof(what), "%s; name a readable file", strerror(-facts.err));
		fail_file(l, f, what);
	} else if (is_own_ancestor(q, index)) {
		fail_file(l, f, "the files include each other in a loop; remove one 'include'");
		explicit_bzero(text, facts.len);
		free(text);
	} else {
		parse_file(l, f, text, &facts);
	}
}

static void files_free(struct file_queue *q)
{
	for (int i = 0; i < q->count; i++) {
		yaml_free(q->item[i].yaml);
		source_free(q->item[i].source);
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
		config_client_fini(&l->client[i].value);
	}
	for (unsigned i = 0; i < l->draft_count; i++) {
		draft_policy_fini(&l->client[i].session.policy);
	}
	draft_policy_fini(&l->session.policy);
	draft_general_fini(&l->general);
	free(l->seen.item);
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
	c->defaults = malloc(sizeof(*c->defaults));
	ASSERT(c->defaults != NULL);
	*c->defaults = l->session;
	l->session = (struct draft_session){.policy = {.tenant = NULL}};
	/* The drafts of sessions stay ours. */
	l->port_count = 0;
	l->client_count = 0;
}

/* Read the main file, and all that the queue gets by it. */
static struct config *load(const char *file, struct file_queue *q, struct config_errors *out_errors)
{
	*out_errors = (struct config_errors){0};
	struct config *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	c->control.log_level = LOG_INFO;
	c->deferral_s = DEFERRAL_DEFAULT_S;
	irr_conf_init(&c->irr);
	http_conf_init(&c->control.http);
	struct loader l = {.config = c, .errors = out_errors, .include = include_file, .files = q};

	q->item[0] = (struct file){.path = strdup(file), .includer = -1};
	ASSERT(q->item[0].path != NULL);
	q->count = 1;
	l.start = (struct place){.file = q->item[0].path, .line = 1, .column = 1};
	for (int i = 0; i < q->count; i++) {
		read_file(&l, i);
	}
	l.draft_count = l.client_count;
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

struct config *config_load(const char *file, struct config_errors *out_errors)
{
	struct file_queue *q = calloc(1, sizeof(*q));
	ASSERT(q != NULL);
	return load(file, q, out_errors);
}

struct config *config_parse(const char *name, const char *text, size_t len,
			    struct config_errors *out_errors)
{
	struct file_queue *q = calloc(1, sizeof(*q));
	ASSERT(q != NULL);
	q->text = text;
	q->text_len = len;
	return load(name, q, out_errors);
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
		config_client_fini(&c->client[i]);
	}
	if (c->defaults != NULL) {
		draft_policy_fini(&c->defaults->policy);
		free(c->defaults);
	}
	policy_conf_fini(&c->policy);
	irr_conf_fini(&c->irr);
	free(c->dataplane.port);
	free(c->client);
	rpki_conf_fini(&c->rpki);
	registry_conf_fini(&c->registry);
	free(c->control.state_dir);
	free(c->control.socket);
	free(c->control.user);
	free(c->control.read_group);
	free(c->control.operator_group);
	http_conf_fini(&c->control.http);
	free(c);
}
