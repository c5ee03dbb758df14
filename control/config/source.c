/* `!include` lines: see source.h.
 *
 * Files are put in by copying lines, one file within the other up to a depth; what comes out is
 * bounded by the number of files and by its size, so that files that name each other many times
 * over stay small. */
#include "control/config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rib/base/check.h"

#define INCLUDES_MAX   256
#define DEPTH_MAX      8
#define FILE_BYTES_MAX ((size_t)64 << 20)

struct part {
	char *path; /* Owned but for the first. */
	char *text;
	size_t len;
};

struct line {
	uint32_t part, line;
};

struct source {
	struct part part[1 + INCLUDES_MAX];
	unsigned part_count;
	struct line *line;
	unsigned line_count, line_max;
	char *text;
	size_t len, max;
	bool is_open;
};

/* A file that is being put in: where its rest begins. */
struct reading {
	unsigned part, line;
	size_t at;
};

char *path_beside(const char *includer, const char *path)
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
		explicit_bzero(text, len);
		free(text);
		return NULL;
	}
	text[len] = '\0';
	*out_len = len;
	return text;
}

char *file_read(const char *path, struct file_facts *facts)
{
	struct stat st;
	char *text = NULL;
	/* Not to wait for the writer of a pipe that should be a file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | (facts->needs_regular ? O_NONBLOCK : 0));
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (in != NULL && fstat(fd, &st) == 0) {
		facts->is_open = (st.st_mode & S_IROTH) != 0;
		facts->device = st.st_dev;
		facts->inode = st.st_ino;
		errno = EINVAL;
		bool can_end = !facts->needs_regular || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
		text = can_end ? read_all(in, &facts->len) : NULL;
	}
	facts->err = text == NULL ? -errno : 0;
	if (in != NULL) {
		fclose(in);
	}
	return text;
}

static void put_bytes(struct source *s, const char *text, size_t len)
{
	if (s->len + len + 1 > s->max) {
		s->max = (s->len + len) * 2 + 4096;
		char *grown = malloc(s->max);
		ASSERT(grown != NULL);
		if (s->len > 0) {
			memcpy(grown, s->text, s->len);
			explicit_bzero(s->text, s->len);
		}
		free(s->text);
		s->text = grown;
	}
	memcpy(s->text + s->len, text, len);
	s->len += len;
	s->text[s->len] = '\0';
}

static void put_line(struct source *s, const struct reading *r, const char *text, size_t len)
{
	if (s->line_count == s->line_max) {
		s->line_max = s->line_max * 2 + 256;
		struct line *grown = realloc(s->line, s->line_max * sizeof(*grown));
		ASSERT(grown != NULL);
		s->line = grown;
	}
	put_bytes(s, text, len);
	s->line[s->line_count++] = (struct line){.part = r->part, .line = r->line};
}

/* The file that a line asks for, into `buf`; false when it is another kind of line. */
static bool is_include(const char *text, size_t len, char *buf, size_t buf_len, int *out_column)
{
	static const char word[] = "!include";
	size_t skip = 0;
	while (skip < len && (text[skip] == ' ' || text[skip] == '\t')) {
		skip++;
	}
	*out_column = (int)skip + 1;
	if (len - skip <= strlen(word) || memcmp(text + skip, word, strlen(word)) != 0) {
		return false;
	}
	skip += strlen(word);
	size_t gap = skip;
	while (skip < len && strchr(" \t", text[skip]) != NULL) {
		skip++;
	}
	size_t end = len;
	while (end > skip && strchr(" \t\r\n", text[end - 1]) != NULL) {
		end--;
	}
	if (skip == gap || end == skip || end - skip >= buf_len ||
	    memchr(text + skip, '\0', end - skip) != NULL) {
		return false;
	}
	memcpy(buf, text + skip, end - skip);
	buf[end - skip] = '\0';
	return true;
}

/* Add a file of that name; false when it was reported. */
static bool open_part(struct source *s, const struct reading *from, const char *name, int column,
		      struct config_errors *errors)
{
	struct place at = {
		.file = s->part[from->part].path, .line = (int)from->line, .column = column};
	if (s->part_count == ARRAY_COUNT(s->part)) {
		errors_add(errors, &at, false, "more than %d files are included; join some of them",
			   INCLUDES_MAX);
		return false;
	}
	struct part *part = &s->part[s->part_count];
	struct file_facts facts = {.needs_regular = true};
	part->path = path_beside(s->part[from->part].path, name);
	part->text = file_read(part->path, &facts);
	part->len = facts.len;
	if (part->text == NULL) {
		errors_add(errors, &at, false, "cannot include '%s': %s; name a readable file",
			   part->path, strerror(-facts.err));
		free(part->path);
		*part = (struct part){.path = NULL};
		return false;
	}
	s->part_count++;
	s->is_open |= facts.is_open;
	return true;
}

/* Put lines in until the file ends or asks for another one, whose name is in `name`. */
static bool read_on(struct source *s, struct reading *r, char *name, size_t name_len,
		    int *out_column)
{
	const struct part *part = &s->part[r->part];
	while (r->at < part->len) {
		const char *text = part->text + r->at;
		const char *end = memchr(text, '\n', part->len - r->at);
		size_t len = end != NULL ? (size_t)(end - text) + 1 : part->len - r->at;
		r->at += len;
		r->line++;
		if (is_include(text, len, name, name_len, out_column)) {
			return true;
		}
		put_line(s, r, text, len);
		if (end == NULL && r->part > 0) {
			put_bytes(s, "\n", 1);
		}
	}
	return false;
}

static bool expand(struct source *s, struct config_errors *errors)
{
	struct reading stack[DEPTH_MAX] = {{.part = 0}};
	unsigned depth = 1;
	char name[256];
	int column;
	while (depth > 0) {
		struct reading *r = &stack[depth - 1];
		if (!read_on(s, r, name, sizeof(name), &column)) {
			depth--;
			continue;
		}
		struct place at = {
			.file = s->part[r->part].path, .line = (int)r->line, .column = column};
		if (depth == DEPTH_MAX || s->len > FILE_BYTES_MAX) {
			errors_add(errors, &at, false,
				   depth == DEPTH_MAX
					   ? "the files include each other in a loop, or too deep; "
					     "remove one '!include'"
					   : "the files are too large together; split them");
			return false;
		}
		if (!open_part(s, r, name, column, errors)) {
			return false;
		}
		stack[depth++] = (struct reading){.part = s->part_count - 1};
	}
	return true;
}

struct source *source_new(const struct source_opts *opts, struct config_errors *errors)
{
	struct source *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->part[0].path = strdup(opts->path);
	ASSERT(s->part[0].path != NULL);
	s->part[0].text = opts->text;
	s->part[0].len = opts->len;
	s->part_count = 1;
	s->is_open = opts->is_open;
	if (!expand(s, errors)) {
		source_free(s);
		return NULL;
	}
	return s;
}

void source_free(struct source *s)
{
	if (s == NULL) {
		return;
	}
	for (unsigned i = 0; i < s->part_count; i++) {
		explicit_bzero(s->part[i].text, s->part[i].len);
		free(s->part[i].text);
		free(s->part[i].path);
	}
	if (s->text != NULL) {
		explicit_bzero(s->text, s->len);
	}
	free(s->text);
	free(s->line);
	free(s);
}

const char *source_text(const struct source *s, size_t *out_len)
{
	*out_len = s->len;
	return s->text != NULL ? s->text : "";
}

bool source_is_open(const struct source *s)
{
	return s->is_open;
}

struct place source_place(const struct source *s, int line, int column)
{
	struct place at = {.file = s->part[0].path, .line = line, .column = column};
	if (line >= 1 && (unsigned)line <= s->line_count) {
		const struct line *from = &s->line[line - 1];
		at.file = s->part[from->part].path;
		at.line = (int)from->line;
	}
	return at;
}
