/* Header line and records; read whole, believed only when everything fits together. */
#include "control/irr/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

#define FORMAT	       1
#define HEADER_MAX     4096
#define FILE_BYTES_MAX ((size_t)64 << 20)
#define FILE_NAME_MAX  (IRR_NAME_MAX + 16)

static size_t record_bytes(enum irr_part part)
{
	return part == IRR_ASNS ? 4 : part == IRR_IPV4 ? 4 + 3 : 16 + 3;
}

static void file_name(const struct irr_name *name, enum irr_part part, const char *suffix,
		      char out[FILE_NAME_MAX])
{
	(void)snprintf(out, FILE_NAME_MAX, "%s.%s%s", name->text, irr_part_text(part), suffix);
}

static uint8_t part_family(enum irr_part part)
{
	return part == IRR_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
}

static void write_record(struct wr *w, enum irr_part part, const struct irr_list *l, size_t i)
{
	if (part == IRR_ASNS) {
		wr_u32(w, l->asns[i]);
		return;
	}
	const struct prefix_rule *r = &l->rules[i];
	wr_copy(w, r->prefix.bytes, family_bytes(part_family(part)));
	wr_u8(w, r->prefix.len);
	wr_u8(w, r->ge);
	wr_u8(w, r->le);
}

/* False when the record is none that we write. */
static bool read_record(struct rd *r, enum irr_part part, struct irr_list *l, size_t i)
{
	if (part == IRR_ASNS) {
		l->asns[i] = rd_u32(r);
		return l->asns[i] != 0;
	}
	uint8_t family = part_family(part);
	struct span bytes = rd_span(r, family_bytes(family));
	uint8_t len = rd_u8(r), ge = rd_u8(r), le = rd_u8(r);
	if (!rd_is_ok(r) || len > ge || ge > le || le > family_bits(family)) {
		return false;
	}
	struct addr a = addr_make((enum family)family, bytes.data);
	l->rules[i] = (struct prefix_rule){.prefix = prefix_make(&a, len), .ge = ge, .le = le};
	return true;
}

static bool read_records(struct span body, enum irr_part part, struct irr_list *out)
{
	struct rd r = rd_of(body);
	struct irr_list l = {.count = body.len / record_bytes(part)};
	if (part == IRR_ASNS) {
		l.asns = malloc((l.count + 1) * sizeof(*l.asns));
	} else {
		l.rules = malloc((l.count + 1) * sizeof(*l.rules));
	}
	ASSERT(l.asns != NULL || l.rules != NULL);
	for (size_t i = 0; i < l.count; i++) {
		if (!read_record(&r, part, &l, i)) {
			irr_list_free(&l);
			return false;
		}
	}
	*out = l;
	return true;
}

static bool has_text(const json_t *head, const char *key, const char *wanted)
{
	const char *text = json_string_value(json_object_get(head, key));
	return text != NULL && strcmp(text, wanted) == 0;
}

static bool fits(const json_t *head, const struct irr_name *name, enum irr_part part,
		 struct span body)
{
	char hash[20];
	const json_t *format = json_object_get(head, "format");
	const json_t *count = json_object_get(head, "count");
	(void)snprintf(hash, sizeof(hash), "%016llx",
		       (unsigned long long)hash_bytes(body.data, body.len, FORMAT));
	return has_text(head, "causeway", "irr") && json_integer_value(format) == FORMAT &&
	       has_text(head, "name", name->text) && has_text(head, "part", irr_part_text(part)) &&
	       json_is_integer(count) && body.len % record_bytes(part) == 0 &&
	       (json_int_t)(body.len / record_bytes(part)) == json_integer_value(count) &&
	       has_text(head, "hash", hash) && json_is_integer(json_object_get(head, "fetched"));
}

static int parse_file(struct span all, const struct irr_name *name, enum irr_part part,
		      struct irr_cache_meta *out_meta, struct irr_list *out_list)
{
	const uint8_t *line_end = memchr(all.data, '\n', min_u64(all.len, HEADER_MAX));
	if (line_end == NULL) {
		return -EBADMSG;
	}
	size_t head_len = (size_t)(line_end - all.data);
	struct span body = span_of(line_end + 1, all.len - head_len - 1);
	json_t *head = json_loadb((const char *)all.data, head_len, JSON_REJECT_DUPLICATES, NULL);
	int err = -EBADMSG;
	if (fits(head, name, part, body) && read_records(body, part, out_list)) {
		const char *from = json_string_value(json_object_get(head, "from"));
		*out_meta = (struct irr_cache_meta){
			.fetched_s = json_integer_value(json_object_get(head, "fetched"))};
		(void)snprintf(out_meta->from, sizeof(out_meta->from), "%s",
			       from != NULL ? from : "");
		err = 0;
	}
	json_decref(head);
	return err;
}

int irr_cache_read(int dir_fd, const struct irr_name *name, enum irr_part part,
		   struct irr_cache_meta *out_meta, struct irr_list *out_list)
{
	char file[FILE_NAME_MAX];
	struct stat st;
	file_name(name, part, "", file);
	/* Nobody else writes here; a FIFO in this place must not hold up the server. */
	int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return -errno;
	}
	int err = -EBADMSG;
	uint8_t *bytes = NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (size_t)st.st_size > FILE_BYTES_MAX) {
		goto out;
	}
	size_t len = (size_t)st.st_size;
	bytes = malloc(len);
	ASSERT(bytes != NULL);
	if (read(fd, bytes, len) == (ssize_t)len) {
		err = parse_file(span_of(bytes, len), name, part, out_meta, out_list);
	}
out:
	free(bytes);
	close(fd);
	return err;
}

/* The header line; its length. */
static size_t write_header(char out[HEADER_MAX], const struct irr_name *name, enum irr_part part,
			   const struct irr_cache_meta *meta, struct span body)
{
	char hash[20];
	(void)snprintf(hash, sizeof(hash), "%016llx",
		       (unsigned long long)hash_bytes(body.data, body.len, FORMAT));
	json_t *head =
		json_pack("{s:s, s:i, s:s, s:s, s:I, s:s, s:I, s:s}", "causeway", "irr", "format",
			  FORMAT, "name", name->text, "part", irr_part_text(part), "fetched",
			  (json_int_t)meta->fetched_s, "from", meta->from, "count",
			  (json_int_t)(body.len / record_bytes(part)), "hash", hash);
	ASSERT(head != NULL);
	size_t len = json_dumpb(head, out, HEADER_MAX - 1, JSON_COMPACT);
	ASSERT(len < HEADER_MAX - 1);
	json_decref(head);
	out[len++] = '\n';
	return len;
}

static int write_file(int fd, struct span head, struct span body)
{
	errno = 0;
	bool is_written = write(fd, head.data, head.len) == (ssize_t)head.len &&
			  write(fd, body.data, body.len) == (ssize_t)body.len;
	int err = is_written ? 0 : errno != 0 ? -errno : -EIO;
	if (close(fd) != 0 && err == 0) {
		err = -errno;
	}
	return err;
}

int irr_cache_write(int dir_fd, const struct irr_name *name, enum irr_part part,
		    const struct irr_cache_meta *meta, const struct irr_list *list)
{
	char file[FILE_NAME_MAX], aside[FILE_NAME_MAX], head[HEADER_MAX];
	size_t len = list->count * record_bytes(part);
	uint8_t *body = malloc(len + 1);
	ASSERT(body != NULL);
	struct wr w = wr_of(body, len);
	for (size_t i = 0; i < list->count; i++) {
		write_record(&w, part, list, i);
	}
	ASSERT(wr_is_ok(&w));
	file_name(name, part, "", file);
	file_name(name, part, ".new", aside);
	size_t head_len = write_header(head, name, part, meta, span_of(body, len));
	int fd = openat(dir_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err = fd < 0 ? -errno : write_file(fd, span_of(head, head_len), span_of(body, len));
	free(body);
	if (err == 0 && renameat(dir_fd, aside, dir_fd, file) != 0) {
		err = -errno;
	}
	return err;
}
