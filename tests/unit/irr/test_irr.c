/* AS-SETs over time: what is asked, believed, kept and shared.  The program that is asked is a
 * script of the test's: its answers are files, NAME-t, NAME-4 and NAME-6. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/irr/use.h"
#include "rib/base/log.h"

#define START_S 1790000000
#define HOUR_US (3600 * USEC_PER_SEC)

struct bench {
	char dir[32], program[64], cache[64];
	char host[16], sources[16];
	struct irr_conf conf;
	usec_t now; /* Of the tests. */
	struct irr *irr;
};

static void put(const struct bench *b, const char *name, const char *text)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	FILE *f = fopen(path, "w");
	cr_assert(f != NULL);
	fputs(text, f);
	fclose(f);
}

/* `answer`: the shell's words for the answer to the question "$which" about "$name". */
static void put_program(struct bench *b, const char *answer)
{
	char text[512];
	(void)snprintf(text, sizeof(text),
		       "#!/bin/sh\ncd %s\nfor arg; do which=$name; name=$arg; done\n"
		       "echo \"$@\" >> asked\n%s\n",
		       b->dir, answer);
	put(b, "program", text);
	cr_assert(chmod(b->program, 0755) == 0);
}

static void start(struct bench *b)
{
	const struct irr_opts opts = {.conf = &b->conf,
				      .cache_fd = irr_cache_open(AT_FDCWD, b->cache),
				      .seed = 1,
				      .now = b->now,
				      .now_s = START_S + (int64_t)(b->now / USEC_PER_SEC)};
	cr_assert(opts.cache_fd >= 0);
	b->irr = irr_new(&opts);
}

static void bench_init(struct bench *b)
{
	log_set_level(LOG_ERROR);
	*b = (struct bench){.dir = "/tmp/cw-irr-XXXXXX",
			    .host = "irr.example",
			    .sources = "RIPE,RADB",
			    .now = 1000 * USEC_PER_SEC};
	cr_assert(mkdtemp(b->dir) != NULL);
	(void)snprintf(b->program, sizeof(b->program), "%s/program", b->dir);
	(void)snprintf(b->cache, sizeof(b->cache), "%s/cache", b->dir);
	b->conf = (struct irr_conf){.bgpq4_path = b->program,
				    .host = b->host,
				    .sources = b->sources,
				    .timeout_s = 60,
				    .threads = 2,
				    .refresh_s = 43200,
				    .shrink_percent = 50};
	put_program(b, "cat $name$which");
	start(b);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void bench_fini(struct bench *b)
{
	irr_free(b->irr);
	cr_expect(nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static bool is_busy(const struct bench *b)
{
	for (unsigned i = 0; i < irr_set_count(b->irr); i++) {
		const struct irr_set *s = irr_set_at(b->irr, i);
		if (s->fetch != NULL || s->due <= b->now) {
			return true;
		}
	}
	return false;
}

/* Serve until nothing runs and nothing is due; time stands still. */
static void settle(struct bench *b)
{
	struct pollfd fds[IRR_FDS_MAX];
	bool has_more;
	do {
		unsigned count = irr_fds(b->irr, fds);
		cr_expect(count <= b->conf.threads * CHILD_FDS);
		has_more = irr_serve(b->irr, b->now, START_S + (int64_t)(b->now / USEC_PER_SEC));
		count = irr_fds(b->irr, fds);
		(void)poll(fds, count, has_more ? 0 : 5);
	} while (has_more || is_busy(b));
}

static struct irr_names names_of(const char *text)
{
	struct irr_names n = {.count = 0};
	cr_assert(irr_names_add_text(&n, text) > 0);
	return n;
}

static const struct irr_filter *get(struct bench *b, const char *text)
{
	struct irr_names n = names_of(text);
	return irr_filter_get(b->irr, &n, b->now);
}

static const struct irr_set *set_of(const struct bench *b, const char *name)
{
	struct irr_names n = names_of(name);
	const struct irr_set *s = irr_set_find(b->irr, &n.item[0]);
	cr_assert(s != NULL);
	return s;
}

/* `count` /24 from 198.18.0.0 on, for AS-SET `name`, whose numbers are 64501 and `asn`. */
static void answer(const struct bench *b, const char *name, unsigned asn, unsigned count)
{
	char file[64], text[8192];
	(void)snprintf(file, sizeof(file), "%s-t", name);
	(void)snprintf(text, sizeof(text), "{\"irr\": [\n  64501,%u\n]}", asn);
	put(b, file, text);
	size_t len = (size_t)snprintf(text, sizeof(text), "{ \"irr\": [\n");
	for (unsigned i = 0; i < count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s    { \"prefix\": \"198.18.%u.0\\/24\", \"exact\": "
					"true }",
					i > 0 ? ",\n" : "", i);
	}
	(void)snprintf(text + len, sizeof(text) - len, "\n] }\n");
	(void)snprintf(file, sizeof(file), "%s-4", name);
	put(b, file, text);
	(void)snprintf(file, sizeof(file), "%s-6", name);
	put(b, file,
	    "{ \"irr\": [\n    { \"prefix\": \"2001:db8::\\/32\", \"exact\": true }\n] }\n");
}

static unsigned asked_count(const struct bench *b)
{
	char path[64];
	unsigned lines = 0;
	(void)snprintf(path, sizeof(path), "%s/asked", b->dir);
	FILE *f = fopen(path, "r");
	for (int c; f != NULL && (c = fgetc(f)) != EOF;) {
		lines += c == '\n' ? 1 : 0;
	}
	if (f != NULL) {
		fclose(f);
	}
	return lines;
}

Test(irr, a_new_set_is_asked_for_and_its_filter_filled)
{
	struct bench b;
	char path[64], asked[256] = "";
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	const struct irr_filter *f = get(&b, "as-x");
	cr_expect(!f->has_data && f->asns == NULL && f->prefixes == NULL);
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS-X")), "waiting");
	settle(&b);
	cr_expect(f->has_data && irr_generation(b.irr) == 1);
	cr_expect(asn_set_count(f->asns) == 2 && asn_set_has(f->asns, 64502));
	cr_expect(prefix_set_count(f->prefixes) == 6);
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS-X")), "ok");
	(void)snprintf(path, sizeof(path), "%s/asked", b.dir);
	FILE *in = fopen(path, "r");
	cr_assert(in != NULL && fgets(asked, sizeof(asked), in) != NULL);
	fclose(in);
	cr_expect_str_eq(asked, "-j -lirr -h irr.example -S RIPE,RADB -t AS-X\n");
	irr_filter_put(b.irr, f);
	cr_expect(irr_set_count(b.irr) == 0);
	bench_fini(&b);
}

Test(irr, clients_with_the_same_sets_share_one_filter)
{
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	answer(&b, "AS-Y", 64503, 7);
	const struct irr_filter *x = get(&b, "AS-X"), *y = get(&b, "AS-Y");
	const struct irr_filter *both = get(&b, "AS-Y AS-X"), *again = get(&b, "as-x,as-y");
	cr_expect(both == again && both->users == 2 && irr_set_count(b.irr) == 2);
	settle(&b);
	cr_expect(asked_count(&b) == 6);
	cr_expect(asn_set_count(both->asns) == 3 && prefix_set_count(both->prefixes) == 8);
	cr_expect(x->prefixes == set_of(&b, "AS-X")->prefixes && x->prefixes != y->prefixes);
	irr_filter_put(b.irr, x);
	irr_filter_put(b.irr, both);
	cr_expect(irr_set_count(b.irr) == 2);
	irr_filter_put(b.irr, again);
	irr_filter_put(b.irr, y);
	bench_fini(&b);
}

Test(irr, an_as_stands_for_its_own_number_and_its_routes)
{
	struct bench b;
	bench_init(&b);
	answer(&b, "AS64510", 1, 3);
	const struct irr_filter *f = get(&b, "AS64510");
	settle(&b);
	cr_expect(asked_count(&b) == 2);
	cr_expect(asn_set_count(f->asns) == 1 && asn_set_has(f->asns, 64510));
	cr_expect(prefix_set_count(f->prefixes) == 4);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, a_start_has_its_filters_at_once_and_asks_nobody)
{
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	const struct irr_filter *f = get(&b, "AS-X");
	settle(&b);
	irr_filter_put(b.irr, f);
	irr_free(b.irr);
	b.now += HOUR_US;
	start(&b);
	f = get(&b, "AS-X");
	cr_expect(f->has_data && asn_set_count(f->asns) == 2);
	cr_expect(prefix_set_count(f->prefixes) == 6);
	settle(&b);
	cr_expect(asked_count(&b) == 3, "%u", asked_count(&b));
	/* The interval counts from when it was asked, not from the start. */
	b.now += 11 * HOUR_US + 2 * HOUR_US;
	settle(&b);
	cr_expect(asked_count(&b) == 6, "%u", asked_count(&b));
	irr_filter_put(b.irr, f);
	irr_free(b.irr);
	/* Other sources: what is there is used, and asked for again. */
	(void)snprintf(b.sources, sizeof(b.sources), "RIPE");
	start(&b);
	f = get(&b, "AS-X");
	cr_expect(f->has_data);
	settle(&b);
	cr_expect(asked_count(&b) == 9, "%u", asked_count(&b));
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, the_same_answer_changes_nothing_and_another_only_its_filters)
{
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	answer(&b, "AS-Y", 64503, 5);
	const struct irr_filter *x = get(&b, "AS-X"), *y = get(&b, "AS-Y");
	settle(&b);
	uint32_t generation = irr_generation(b.irr);
	const struct prefix_set *x_prefixes = x->prefixes, *y_prefixes = y->prefixes;
	const struct asn_set *x_asns = x->asns;
	b.now += 14 * HOUR_US;
	settle(&b);
	cr_expect(asked_count(&b) == 12 && irr_generation(b.irr) == generation);
	cr_expect(x->prefixes == x_prefixes && y->prefixes == y_prefixes);
	/* One more prefix: its numbers stay the same object, and so does the other filter. */
	answer(&b, "AS-X", 64502, 6);
	struct irr_names n = names_of("AS-X");
	cr_expect(irr_refresh(b.irr, &n.item[0], b.now) == 1);
	prefix_set_hold(x->prefixes); /* So that its address is not used again. */
	settle(&b);
	cr_expect(asked_count(&b) == 15 && irr_generation(b.irr) == generation + 1);
	cr_expect(x->prefixes != x_prefixes && prefix_set_count(x->prefixes) == 7);
	cr_expect(x->asns == x_asns && y->prefixes == y_prefixes);
	prefix_set_put((struct prefix_set *)(uintptr_t)x_prefixes);
	irr_filter_put(b.irr, x);
	irr_filter_put(b.irr, y);
	bench_fini(&b);
}

Test(irr, a_failed_question_keeps_the_data_and_is_asked_again_soon)
{
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	const struct irr_filter *f = get(&b, "AS-X");
	settle(&b);
	put_program(&b, "echo 'ERROR:All attempts to connect failed' >&2; exit 1");
	b.now += 14 * HOUR_US;
	settle(&b);
	const struct irr_set *s = set_of(&b, "AS-X");
	cr_expect_str_eq(irr_set_state(s), "stale");
	cr_expect(f->has_data && prefix_set_count(f->prefixes) == 6);
	cr_expect(strstr(irr_set_alarmed(s)->detail, "All attempts to connect failed") != NULL);
	cr_expect(asked_count(&b) == 4, "one failure ends the round");
	cr_expect(s->due - b.now <= 90 * USEC_PER_SEC);
	b.now = s->due;
	settle(&b);
	cr_expect(asked_count(&b) == 5 && s->due - b.now >= 120 * USEC_PER_SEC);
	/* Garbage is a failure, too. */
	put_program(&b, "echo '{\"irr\": ['");
	b.now = s->due;
	settle(&b);
	cr_expect(s->failures == 3 && prefix_set_count(f->prefixes) == 6);
	put_program(&b, "cat $name$which");
	b.now = s->due;
	settle(&b);
	cr_expect_str_eq(irr_set_state(s), "ok");
	cr_expect(s->failures == 0 && irr_generation(b.irr) == 1);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, an_implausible_answer_is_held_until_it_is_accepted)
{
	struct bench b;
	bench_init(&b);
	struct irr_names n = names_of("AS-X");
	answer(&b, "AS-X", 64502, 40);
	const struct irr_filter *f = get(&b, "AS-X");
	settle(&b);
	cr_expect(irr_accept(b.irr, &n.item[0], START_S) == -EAGAIN);
	answer(&b, "AS-X", 64502, 19);
	b.now += 14 * HOUR_US;
	settle(&b);
	const struct irr_set *s = set_of(&b, "AS-X");
	cr_expect_str_eq(irr_set_state(s), "held");
	cr_expect_str_eq(irr_set_alarmed(s)->detail, "19 instead of 40");
	cr_expect(prefix_set_count(f->prefixes) == 41 && irr_generation(b.irr) == 1);
	cr_expect(irr_accept(b.irr, &n.item[0], START_S) == 0);
	cr_expect_str_eq(irr_set_state(s), "ok");
	cr_expect(prefix_set_count(f->prefixes) == 20 && irr_generation(b.irr) == 2);
	/* And is the one that is cached. */
	irr_filter_put(b.irr, f);
	irr_free(b.irr);
	start(&b);
	f = get(&b, "AS-X");
	cr_expect(prefix_set_count(f->prefixes) == 20);
	n = names_of("AS-OTHER");
	cr_expect(irr_accept(b.irr, &n.item[0], START_S) == -ENOENT);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, an_empty_or_incomplete_answer_is_held_until_a_good_one_comes)
{
	static const char *const odd[] = {
		"echo '{\"irr\": [\n]}'",
		"echo 'ERROR:Error expanding !iAS-Z,1' >&2; echo '{\"irr\": [64501]}'",
	};
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 40);
	const struct irr_filter *f = get(&b, "AS-X");
	settle(&b);
	const struct irr_set *s = set_of(&b, "AS-X");
	for (unsigned i = 0; i < ARRAY_COUNT(odd); i++) {
		put_program(&b, odd[i]);
		b.now += 14 * HOUR_US;
		settle(&b);
		cr_expect_str_eq(irr_set_state(s), "held");
		cr_expect(asn_set_count(f->asns) == 2 && irr_generation(b.irr) == 1);
		put_program(&b, "cat $name$which");
		b.now = s->due;
		settle(&b);
		cr_expect_str_eq(irr_set_state(s), "ok");
		cr_expect(prefix_set_count(f->prefixes) == 41 && irr_generation(b.irr) == 1);
	}
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, a_first_answer_without_numbers_raises_an_alarm)
{
	struct bench b;
	bench_init(&b);
	put_program(&b, "echo '{\"irr\": [\n]}'");
	const struct irr_filter *f = get(&b, "AS-WRONG");
	settle(&b);
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS-WRONG")), "empty");
	cr_expect(f->has_data && asn_set_count(f->asns) == 0);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, a_program_that_is_missing_or_hangs_is_a_failure)
{
	struct bench b;
	bench_init(&b);
	put_program(&b, "exec sleep 1000");
	const struct irr_filter *f = get(&b, "AS-X");
	(void)irr_serve(b.irr, b.now, START_S);
	b.now += 60 * USEC_PER_SEC;
	while (set_of(&b, "AS-X")->fetch != NULL) {
		(void)irr_serve(b.irr, b.now, START_S);
	}
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS-X")), "failed");
	cr_expect(strstr(irr_set_alarmed(set_of(&b, "AS-X"))->detail, "took too long") != NULL);
	cr_assert(unlink(b.program) == 0);
	b.now = set_of(&b, "AS-X")->due;
	settle(&b);
	cr_expect(strstr(irr_set_alarmed(set_of(&b, "AS-X"))->detail, "cannot run") != NULL);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, only_so_many_programs_run_at_once)
{
	struct bench b;
	struct pollfd fds[IRR_FDS_MAX];
	bench_init(&b);
	put_program(&b, "exec sleep 1000");
	const struct irr_filter *f = get(&b, "AS-A AS-B AS-C AS-D AS-E");
	for (unsigned i = 0; i < 20; i++) {
		(void)irr_serve(b.irr, b.now, START_S);
		cr_expect(irr_fds(b.irr, fds) <= 2 * CHILD_FDS);
	}
	cr_expect(irr_fds(b.irr, fds) == 2 * CHILD_FDS);
	/* Whom nobody wants any more is not waited for. */
	irr_filter_put(b.irr, f);
	cr_expect(irr_fds(b.irr, fds) == 0);
	bench_fini(&b);
}

Test(irr, a_folder_of_files_stands_in_for_all_questions)
{
	struct bench b;
	bench_init(&b);
	irr_free(b.irr);
	b.conf.files_dir = b.dir;
	start(&b);
	put(&b, "AS1:AS-X.json", "{\"a\": [64501]}\n{\"b\": [{\"prefix\": \"198.18.0.0/24\"}]}\n");
	const struct irr_filter *x = get(&b, "AS1:AS-X"), *y = get(&b, "AS64599");
	cr_expect(x->has_data && asn_set_has(x->asns, 64501));
	cr_expect(prefix_set_count(x->prefixes) == 1);
	cr_expect(!y->has_data);
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS64599")), "failed");
	/* A file that comes, and one that changes, are seen without a question to anyone. */
	put(&b, "AS64599.json", "{\"b\": [{\"prefix\": \"198.18.9.0/24\"}]}");
	put(&b, "AS1:AS-X.json", "{\"a\": [64501, 64502]}");
	b.now += 61 * USEC_PER_SEC;
	settle(&b);
	cr_expect(y->has_data && asn_set_has(y->asns, 64599));
	cr_expect(asn_set_has(x->asns, 64502));
	cr_expect(prefix_set_count(x->prefixes) == 1, "an empty part is not believed");
	cr_expect_str_eq(irr_set_state(set_of(&b, "AS1:AS-X")), "held");
	cr_expect(asked_count(&b) == 0);
	irr_filter_put(b.irr, x);
	irr_filter_put(b.irr, y);
	bench_fini(&b);
}

Test(irr, a_file_that_is_the_same_is_not_read_again_at_a_start)
{
	struct bench b;
	bench_init(&b);
	irr_free(b.irr);
	b.conf.files_dir = b.dir;
	start(&b);
	put(&b, "AS-X.json", "{\"a\": [64501, 64502]}");
	const struct irr_filter *f = get(&b, "AS-X");
	int64_t fetched_s = set_of(&b, "AS-X")->part[IRR_ASNS].fetched_s;
	irr_filter_put(b.irr, f);
	irr_free(b.irr);
	b.now += HOUR_US;
	start(&b);
	f = get(&b, "AS-X");
	cr_expect(asn_set_count(f->asns) == 2);
	settle(&b);
	cr_expect(set_of(&b, "AS-X")->part[IRR_ASNS].fetched_s == fetched_s);
	irr_filter_put(b.irr, f);
	irr_free(b.irr);
	/* Another one is read in the first turns; what the one before said holds until then. */
	put(&b, "AS-X.json", "{\"a\": [64501, 64502, 64503]}");
	start(&b);
	f = get(&b, "AS-X");
	cr_expect(asn_set_count(f->asns) == 2);
	settle(&b);
	cr_expect(asn_set_count(f->asns) == 3);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, another_configuration_asks_again_with_its_own_words)
{
	struct bench b;
	char path[64], file[] = "irr.file", sources[] = "RADB";
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	answer(&b, "AS-Y", 64502, 5);
	const struct irr_filter *f = get(&b, "AS-X AS-Y");
	settle(&b);
	struct irr_conf same = b.conf, other = b.conf;
	irr_configure(b.irr, &same, b.now);
	settle(&b);
	cr_expect(asked_count(&b) == 6, "nothing has changed");
	(void)snprintf(path, sizeof(path), "%s/%s", b.dir, file);
	put(&b, file,
	    "{\"a\": [64501, 64502], \"b\": [{\"prefix\": \"198.18.0.0/23\"}, "
	    "{\"prefix\": \"2001:db8::/32\"}]}");
	struct irr_file one = {.path = path};
	one.name = names_of("AS-Y").item[0];
	other.file = &one;
	other.file_count = 1;
	other.sources = sources;
	irr_configure(b.irr, &other, b.now);
	settle(&b);
	cr_expect(asked_count(&b) == 9);
	cr_expect(set_of(&b, "AS-Y")->part[IRR_IPV4].count == 1);
	/* Nor does it matter that the new words stand where the old ones stood. */
	other.file_count = 0;
	irr_configure(b.irr, &other, b.now);
	settle(&b);
	cr_expect(asked_count(&b) == 12);
	irr_filter_put(b.irr, f);
	bench_fini(&b);
}

Test(irr, dumps_are_read_at_the_start_and_again_when_they_change)
{
	struct bench b;
	char nets[64], routes[64];
	bench_init(&b);
	irr_free(b.irr);
	(void)snprintf(nets, sizeof(nets), "%s/nets", b.dir);
	(void)snprintf(routes, sizeof(routes), "%s/routes", b.dir);
	put(&b, "nets", "{\"data\": [{\"asn\": 64501, \"info_prefixes4\": 5}]}");
	put(&b, "routes", "AS64501|x|y|198.18.0.0/24\n");
	b.conf.peeringdb = nets;
	b.conf.registrobr = routes;
	start(&b);
	cr_expect(peeringdb_find(irr_peeringdb(b.irr), 64501) != NULL);
	cr_expect(prefix_set_count(irr_registrobr(b.irr)) == 1);
	uint32_t generation = irr_generation(b.irr);
	/* Garbage leaves what was there. */
	put(&b, "nets", "{\"data\": [{\"asn\": 64502");
	put(&b, "routes", "AS64501|x|y|198.18.0.0/24|198.18.1.0/24\n");
	b.now += 61 * USEC_PER_SEC;
	settle(&b);
	cr_expect(peeringdb_find(irr_peeringdb(b.irr), 64501) != NULL);
	cr_expect(prefix_set_count(irr_registrobr(b.irr)) == 2);
	cr_expect(irr_generation(b.irr) == generation + 1);
	put(&b, "nets", "{\"data\": [{\"asn\": 64502}]}");
	b.now += 61 * USEC_PER_SEC;
	settle(&b);
	cr_expect(peeringdb_find(irr_peeringdb(b.irr), 64502) != NULL);
	b.conf.peeringdb = NULL;
	irr_configure(b.irr, &b.conf, b.now);
	settle(&b);
	cr_expect(irr_peeringdb(b.irr) == NULL);
	bench_fini(&b);
}

Test(irr, members_keep_their_filter_while_their_choice_is_the_same)
{
	static const char *const x[] = {"AS-X"};
	struct bench b;
	bench_init(&b);
	struct irr_use *use = irr_use_new(b.irr, 3);
	struct irr_choice c = {.asn = 64501, .as_sets = x, .as_set_count = 1};
	irr_use_set(use, 0, &c, b.now);
	irr_use_set(use, 2, &c, b.now);
	const struct irr_filter *f = irr_use_of(use, 0);
	cr_expect(f != NULL && f == irr_use_of(use, 2) && irr_use_of(use, 1) == NULL);
	irr_use_set(use, 0, &c, b.now);
	cr_expect(irr_use_of(use, 0) == f && f->users == 2 && irr_set_count(b.irr) == 1);
	irr_use_set(use, 2, NULL, b.now);
	cr_expect(irr_use_of(use, 2) == NULL && f->users == 1);
	irr_use_free(use);
	cr_expect(irr_set_count(b.irr) == 0);
	bench_fini(&b);
}

Test(irr, another_choice_counts_when_its_data_are_there)
{
	static const char *const x[] = {"AS-X"}, *const y[] = {"AS-X", "AS-Y"},
				 *const z[] = {"AS-Z"};
	struct bench b;
	bench_init(&b);
	answer(&b, "AS-X", 64502, 5);
	answer(&b, "AS-Y", 64503, 5);
	struct irr_use *use = irr_use_new(b.irr, 1);
	struct irr_choice c = {.asn = 64501, .as_sets = z, .as_set_count = 1};
	/* Nothing is not worth waiting with. */
	irr_use_set(use, 0, &c, b.now);
	c.as_sets = x;
	irr_use_set(use, 0, &c, b.now);
	cr_expect(irr_set_count(b.irr) == 1);
	settle(&b);
	const struct irr_filter *f = irr_use_of(use, 0);
	cr_expect(f->has_data && f->is_whole);
	c.as_sets = y;
	c.as_set_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		irr_use_set(use, 0, &c, b.now);
		cr_expect(irr_use_of(use, 0) == f && irr_set_count(b.irr) == 2);
	}
	settle(&b);
	irr_use_set(use, 0, &c, b.now);
	cr_expect(irr_use_of(use, 0) != f && asn_set_has(irr_use_of(use, 0)->asns, 64503));
	/* Changed again before there was an answer: what was waited for is dropped. */
	f = irr_use_of(use, 0);
	c.as_sets = z;
	c.as_set_count = 1;
	irr_use_set(use, 0, &c, b.now);
	cr_expect(irr_use_of(use, 0) == f && irr_set_count(b.irr) == 3);
	c.as_sets = y;
	c.as_set_count = 2;
	irr_use_set(use, 0, &c, b.now);
	cr_expect(irr_use_of(use, 0) == f && f->users == 1 && irr_set_count(b.irr) == 2);
	irr_use_free(use);
	cr_expect(irr_set_count(b.irr) == 0);
	bench_fini(&b);
}
