/* Look, read, parse; keep or replace. */
#include "control/irr/dump.h"

#include <stdio.h>

#include "rib/base/check.h"
#include "rib/base/log.h"

#define LOOK_US	       (60 * USEC_PER_SEC)
#define DUMP_BYTES_MAX ((size_t)256 << 20)
#define SLICE_NETS     200 /* Some 2 KiB each. */
#define SLICE_LINES    2000

void dump_init(struct dump *d, const char *path, bool is_routes)
{
	*d = (struct dump){.path = path, .is_routes = is_routes, .file = {.fd = -1}};
}

static void stop(struct dump *d)
{
	peeringdb_parse_fini(&d->nets_parse);
	registrobr_parse_fini(&d->routes_parse);
	file_read_end(&d->file);
	d->state = DUMP_IDLE;
}

void dump_fini(struct dump *d)
{
	stop(d);
	peeringdb_free(d->nets);
	prefix_set_put(d->routes);
	d->nets = NULL;
	d->routes = NULL;
}

void dump_configure(struct dump *d, const char *path, usec_t now)
{
	bool is_same = d->path != NULL && path != NULL && strcmp(d->path, path) == 0;
	d->path = path;
	if (!is_same) {
		stop(d);
		d->stamp = (struct file_stamp){.size = 0};
		d->due = now;
	}
}

static bool fail(struct dump *d, const char *why)
{
	if (!d->is_failed) {
		log_event(LOG_WARNING, "file not usable", "file", d->path, "detail", why, NULL);
	}
	d->is_failed = true;
	d->stamp = d->file.stamp; /* Again when it is another file. */
	stop(d);
	return false;
}

static bool look(struct dump *d, usec_t now)
{
	struct file_stamp stamp = {.size = 0};
	d->due = now + LOOK_US;
	if (d->path == NULL) {
		bool had = d->nets != NULL || d->routes != NULL;
		dump_fini(d);
		return had;
	}
	if (file_stamp(d->path, &stamp) && file_stamp_equal(&stamp, &d->stamp)) {
		return false;
	}
	if (file_read_begin(&d->file, d->path, DUMP_BYTES_MAX) == FILE_BAD) {
		return fail(d, d->file.why);
	}
	d->state = DUMP_READING;
	return false;
}

static void read_piece(struct dump *d)
{
	switch (file_read_step(&d->file)) {
	case FILE_MORE:
		return;
	case FILE_BAD:
		fail(d, d->file.why);
		return;
	case FILE_DONE:
		break;
	}
	if (d->is_routes) {
		registrobr_parse_init(&d->routes_parse, d->file.text, d->file.len);
	} else {
		peeringdb_parse_init(&d->nets_parse, d->file.text, d->file.len);
	}
	d->state = DUMP_PARSING;
}

static bool succeed(struct dump *d, size_t count)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%zu", count);
	log_event(LOG_INFO, "file read", "file", d->path, d->is_routes ? "routes" : "networks",
		  text, NULL);
	d->is_failed = false;
	d->stamp = d->file.stamp;
	stop(d);
	return true;
}

static bool parse_nets(struct dump *d)
{
	switch (peeringdb_parse_step(&d->nets_parse, SLICE_NETS)) {
	case PEERINGDB_MORE:
		return false;
	case PEERINGDB_BAD:
		return fail(d, d->nets_parse.why);
	case PEERINGDB_DONE:
		break;
	}
	peeringdb_free(d->nets);
	d->nets = peeringdb_parse_take(&d->nets_parse);
	return succeed(d, peeringdb_count(d->nets));
}

static bool parse_routes(struct dump *d)
{
	if (!registrobr_parse_step(&d->routes_parse, SLICE_LINES)) {
		return false;
	}
	struct prefix_set *routes = registrobr_parse_take(&d->routes_parse);
	if (routes == NULL) {
		return fail(d, "there is no line AS<n>|name|…|prefix in it");
	}
	prefix_set_put(d->routes);
	d->routes = routes;
	return succeed(d, prefix_set_count(routes));
}

bool dump_step(struct dump *d, usec_t now)
{
	switch (d->state) {
	case DUMP_IDLE:
		return now >= d->due && look(d, now);
	case DUMP_READING:
		read_piece(d);
		return false;
	case DUMP_PARSING:
		return d->is_routes ? parse_routes(d) : parse_nets(d);
	}
	return false;
}

bool dump_has_work(const struct dump *d)
{
	return d->state != DUMP_IDLE;
}
