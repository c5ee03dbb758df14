/* Answers on disk: whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/irr/cache.h"

struct place {
	char dir[32];
	int fd;
};

static struct place place_new(void)
{
	struct place p = {.dir = "/tmp/cw-irr-XXXXXX"};
	cr_assert(mkdtemp(p.dir) != NULL);
	p.fd = open(p.dir, O_RDONLY | O_DIRECTORY);
	cr_assert(p.fd >= 0);
	return p;
}

static void place_free(struct place *p, unsigned count, const char *const *names)
{
	for (unsigned i = 0; i < count; i++) {
		cr_expect(unlinkat(p->fd, names[i], 0) == 0, "%s", names[i]);
	}
	close(p->fd);
	cr_expect(rmdir(p->dir) == 0);
}

static struct irr_name name_of(const char *text)
{
	struct irr_name n;
	cr_assert(irr_name_parse(text, strlen(text), &n));
	return n;
}

static const char ANSWER[] = "{\"a\": [64501, 4200000001], \"b\": [{\"prefix\": "
			     "\"198.18.0.0/24\"}, {\"prefix\": \"198.18.2.0/23\", "
			     "\"less-equal\": 24}, {\"prefix\": \"2001:db8::/32\"}]}";
static const struct irr_cache_meta META = {.fetched_s = 1790000000, .from = "RIPE,RADB"};

static void write_all(const struct place *p, const struct irr_name *name, struct irr_parse *parse)
{
	irr_parse_init(parse, ANSWER, strlen(ANSWER));
	cr_assert(irr_parse_step(parse, 100) == IRR_PARSE_DONE);
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		cr_assert(irr_cache_write(p->fd, name, (enum irr_part)i, &META, &parse->list[i]) ==
			  0);
	}
}

static int read_part(const struct place *p, const struct irr_name *name, enum irr_part part)
{
	struct irr_cache_meta meta;
	struct irr_list list = {.count = 0};
	int err = irr_cache_read(p->fd, name, part, &meta, &list);
	irr_list_free(&list);
	return err;
}

static const char *const FILES[] = {"AS1:AS-X.asns", "AS1:AS-X.ipv4", "AS1:AS-X.ipv6"};

Test(irr, what_is_cached_comes_back_as_it_was)
{
	struct place p = place_new();
	struct irr_name name = name_of("as1:as-x");
	struct irr_parse parse;
	write_all(&p, &name, &parse);
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		struct irr_cache_meta meta;
		struct irr_list list;
		cr_assert(irr_cache_read(p.fd, &name, (enum irr_part)i, &meta, &list) == 0);
		cr_expect(meta.fetched_s == META.fetched_s);
		cr_expect_str_eq(meta.from, META.from);
		cr_expect(list.count == parse.list[i].count);
		cr_expect(irr_list_hash((enum irr_part)i, &list) ==
			  irr_list_hash((enum irr_part)i, &parse.list[i]));
		irr_list_free(&list);
	}
	irr_parse_fini(&parse);
	place_free(&p, 3, FILES);
}

Test(irr, an_empty_list_can_be_cached)
{
	struct place p = place_new();
	struct irr_name name = name_of("AS-E");
	struct irr_list list = {.count = 0};
	struct irr_cache_meta meta;
	const char *const files[] = {"AS-E.ipv6"};
	cr_assert(irr_cache_write(p.fd, &name, IRR_IPV6, &META, &list) == 0);
	cr_assert(irr_cache_read(p.fd, &name, IRR_IPV6, &meta, &list) == 0);
	cr_expect(list.count == 0);
	irr_list_free(&list);
	cr_expect(read_part(&p, &name, IRR_IPV4) == -ENOENT);
	place_free(&p, 1, files);
}

/* Replace the file's bytes. */
static void put(const struct place *p, const char *file, const char *bytes, size_t len)
{
	int fd = openat(p->fd, file, O_WRONLY | O_TRUNC);
	cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

Test(irr, a_torn_or_changed_file_is_none)
{
	struct place p = place_new();
	struct irr_name name = name_of("as1:as-x");
	struct irr_parse parse;
	char whole[2048];
	write_all(&p, &name, &parse);
	irr_parse_fini(&parse);
	for (unsigned part = 0; part < IRR_PART_COUNT; part++) {
		int fd = openat(p.fd, FILES[part], O_RDONLY);
		ssize_t len = read(fd, whole, sizeof(whole));
		close(fd);
		cr_assert(len > 100);
		for (ssize_t cut = 0; cut < len; cut++) {
			put(&p, FILES[part], whole, (size_t)cut);
			cr_expect(read_part(&p, &name, (enum irr_part)part) == -EBADMSG,
				  "cut at %zd", cut);
		}
		char *end = memchr(whole, '\n', (size_t)len);
		for (char *at = end + 1; at < whole + len; at++) {
			*at ^= 0x20;
			put(&p, FILES[part], whole, (size_t)len);
			cr_expect(read_part(&p, &name, (enum irr_part)part) == -EBADMSG);
			*at ^= 0x20;
		}
		put(&p, FILES[part], whole, (size_t)len);
		cr_expect(read_part(&p, &name, (enum irr_part)part) == 0);
	}
	place_free(&p, 3, FILES);
}

Test(irr, a_file_of_another_set_or_kind_is_none)
{
	struct place p = place_new();
	struct irr_name name = name_of("as1:as-x"), other = name_of("AS-Y");
	struct irr_parse parse;
	const char *const files[] = {"AS-Y.ipv4", "AS1:AS-X.ipv4", "AS1:AS-X.ipv6"};
	write_all(&p, &name, &parse);
	irr_parse_fini(&parse);
	cr_assert(renameat(p.fd, "AS1:AS-X.asns", p.fd, "AS1:AS-X.ipv4") == 0);
	cr_expect(read_part(&p, &name, IRR_IPV4) == -EBADMSG);
	cr_assert(linkat(p.fd, "AS1:AS-X.ipv6", p.fd, "AS-Y.ipv4", 0) == 0);
	cr_expect(read_part(&p, &other, IRR_IPV4) == -EBADMSG);
	cr_assert(unlinkat(p.fd, "AS-Y.ipv4", 0) == 0);
	/* Nor does a FIFO or a link hold us up or lead us away. */
	cr_assert(mkfifoat(p.fd, "AS-Y.ipv4", 0600) == 0);
	cr_expect(read_part(&p, &other, IRR_IPV4) == -EBADMSG);
	cr_assert(unlinkat(p.fd, "AS-Y.ipv4", 0) == 0);
	cr_assert(symlinkat("AS1:AS-X.ipv6", p.fd, "AS-Y.ipv4") == 0);
	cr_expect(read_part(&p, &other, IRR_IPV4) == -ELOOP);
	place_free(&p, 3, files);
}
