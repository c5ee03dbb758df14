/* A small machine:  ask → (child runs) → parse → next part → … → complete; or open → (pieces) →
 * parse → complete.  What fails ends it: a server that does not answer is not asked twice more. */
#include "control/irr/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define SLICE_WORK	 10000 /* One to four milliseconds of parsing. */

enum fetch_state { FETCH_ASKING, FETCH_READING, FETCH_PARSING, FETCH_COMPLETE };

struct fetch {
	const struct irr_conf *conf;
	const struct irr_name *name;
	const char *path;
	enum fetch_state state;
	unsigned part_idx; /* Under way; a file has all of them. */
	struct child *child;
	struct file_read file;
	struct irr_parse parse;
	bool has_parse;
	struct fetch_part part[IRR_PART_COUNT];
};

static void fail(struct fetch *f, const char *why)
{
	struct fetch_part *p = &f->part[f->part_idx];
	p->result = FETCH_FAILED;
	(void)snprintf(p->why, sizeof(p->why), "%s", why);
	f->state = FETCH_COMPLETE;
}

/* Its first complaint that is not about numbers of private networks, which it leaves out. */
static bool find_complaint(const char *text, char *out, size_t len)
{
	static const char mark[] = "ERROR:", usual[] = "ERROR:Invalid AS number";
	for (const char *line = text; *line != '\0';) {
		size_t line_len = strcspn(line, "\n");
		if (strncmp(line, mark, strlen(mark)) == 0 &&
		    strncmp(line, usual, strlen(usual)) != 0) {
			(void)snprintf(out, len, "%.*s", (int)line_len, line);
			return true;
		}
		line += line_len;
		line += *line != '\0' ? 1 : 0;
	}
	return false;
}

/* Run bgpq4 for the part at hand.  -j: JSON; never -A or -R, so that prefixes stay as they are
 * registered; the name of the list is of no use to us. */
static void ask(struct fetch *f, usec_t now)
{
	const struct irr_conf *c = f->conf;
	char name[IRR_NAME_MAX], why[160];
	char json[] = "-j", host[] = "-h", sources[] = "-S", list[] = "-lirr", private[] = "-p";
	char which[IRR_PART_COUNT][3] = {[IRR_ASNS] = "-t", [IRR_IPV4] = "-4", [IRR_IPV6] = "-6"};
	char *argv[12];
	unsigned argc = 0;
	memcpy(name, f->name->text, sizeof(name));
	argv[argc++] = c->bgpq4_path;
	argv[argc++] = json;
	argv[argc++] = list;
	argv[argc++] = host;
	argv[argc++] = c->host;
	if (c->sources[0] != '\0') {
		argv[argc++] = sources;
		argv[argc++] = c->sources;
	}
	if (c->has_private) {
		argv[argc++] = private;
	}
	argv[argc++] = which[f->part_idx];
	argv[argc++] = name;
	argv[argc] = NULL;
	ASSERT(argc < ARRAY_COUNT(argv));
	const struct child_opts opts = {.argv = argv,
					.timeout_us = c->timeout_s * USEC_PER_SEC,
					.output_max = ANSWER_BYTES_MAX};
	f->child = child_start(&opts, now, why, sizeof(why));
	f->state = FETCH_ASKING;
	if (f->child == NULL) {
		fail(f, why);
	}
}

/* An AS is its own only number. */
static void answer_asn(struct fetch *f)
{
	struct fetch_part *p = &f->part[IRR_ASNS];
	p->list = (struct irr_list){.count = 1, .asns = malloc(sizeof(asn_t))};
	ASSERT(p->list.asns != NULL);
	p->list.asns[0] = f->name->asn;
	p->result = FETCH_GOOD;
}

struct fetch *fetch_start(const struct irr_conf *conf, const struct irr_name *name,
			  const char *path, usec_t now)
{
	struct fetch *f = calloc(1, sizeof(*f));
	ASSERT(f != NULL);
	*f = (struct fetch){.conf = conf, .name = name, .path = path, .file = {.fd = -1}};
	if (path != NULL) {
		f->state = FETCH_READING;
		if (file_read_begin(&f->file, path, ANSWER_BYTES_MAX) == FILE_BAD) {
			fail(f, f->file.why);
		}
		return f;
	}
	if (name->asn != 0) {
		answer_asn(f);
		f->part_idx = IRR_IPV4;
	}
	ask(f, now);
	return f;
}

static void parse_end(struct fetch *f)
{
	if (f->has_parse) {
		irr_parse_fini(&f->parse);
		f->has_parse = false;
	}
}

void fetch_free(struct fetch *f)
{
	if (f == NULL) {
		return;
	}
	parse_end(f);
	child_free(f->child);
	file_read_end(&f->file);
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		irr_list_free(&f->part[i].list);
	}
	free(f);
}

static void begin_parse(struct fetch *f, const char *text, size_t len)
{
	irr_parse_init(&f->parse, text, len);
	f->has_parse = true;
	f->state = FETCH_PARSING;
}

static void serve_child(struct fetch *f, usec_t now)
{
	char why[160], complaint[100];
	size_t len;
	switch (child_serve(f->child, now)) {
	case CHILD_RUNS:
		return;
	case CHILD_FAILED:
		(void)snprintf(
			why, sizeof(why), "%s: %s", f->conf->bgpq4_path,
			find_complaint(child_complaints(f->child), complaint, sizeof(complaint))
				? complaint
				: child_why(f->child));
		fail(f, why);
		return;
	case CHILD_DONE:
		break;
	}
	const char *text = child_output(f->child, &len);
	begin_parse(f, text, len);
}

static void take(struct fetch *f, enum irr_part part)
{
	struct fetch_part *p = &f->part[part];
	p->list = f->parse.list[part];
	f->parse.list[part] = (struct irr_list){.count = 0};
	p->result = FETCH_GOOD;
	if (f->child != NULL &&
	    find_complaint(child_complaints(f->child), p->why, sizeof(p->why))) {
		p->result = FETCH_DOUBTFUL;
	}
}

/* A file has everything at once; an AS need not name itself in it. */
static void take_file(struct fetch *f)
{
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		take(f, (enum irr_part)i);
	}
	if (f->name->asn != 0) {
		irr_list_free(&f->part[IRR_ASNS].list);
		answer_asn(f);
	}
	f->state = FETCH_COMPLETE;
}

static void go_on(struct fetch *f, usec_t now)
{
	take(f, (enum irr_part)f->part_idx);
	parse_end(f);
	child_free(f->child);
	f->child = NULL;
	if (++f->part_idx == IRR_PART_COUNT) {
		f->state = FETCH_COMPLETE;
	} else {
		ask(f, now);
	}
}

static void parse_slice(struct fetch *f, usec_t now)
{
	switch (irr_parse_step(&f->parse, SLICE_WORK)) {
	case IRR_PARSE_MORE:
		break;
	case IRR_PARSE_BAD:
		fail(f, f->parse.why);
		break;
	case IRR_PARSE_DONE:
		if (f->path != NULL) {
			take_file(f);
		} else {
			go_on(f, now);
		}
		break;
	}
}

bool fetch_step(struct fetch *f, usec_t now)
{
	switch (f->state) {
	case FETCH_ASKING:
		serve_child(f, now);
		break;
	case FETCH_READING:
		switch (file_read_step(&f->file)) {
		case FILE_MORE:
			break;
		case FILE_BAD:
			fail(f, f->file.why);
			break;
		case FILE_DONE:
			begin_parse(f, f->file.text, f->file.len);
			break;
		}
		break;
	case FETCH_PARSING:
		parse_slice(f, now);
		break;
	case FETCH_COMPLETE:
		break;
	}
	return f->state == FETCH_COMPLETE;
}

bool fetch_has_work(const struct fetch *f)
{
	return f->state != FETCH_ASKING;
}

unsigned fetch_fds(const struct fetch *f, struct pollfd out[CHILD_FDS])
{
	return f->state == FETCH_ASKING ? child_fds(f->child, out) : 0;
}

struct fetch_part *fetch_part(struct fetch *f, enum irr_part part)
{
	ASSERT(f->state == FETCH_COMPLETE);
	return &f->part[part];
}

struct file_stamp fetch_stamp(const struct fetch *f)
{
	return f->file.stamp;
}
