/* Questions about origins: one for all prefixes, remembered a while, never a second server's worth
 * of children.  The program that is asked is a script of the test's. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/evidence/irr_ask.h"
#include "control/evidence/route_object.h"

struct bench {
	char dir[32], program[64];
	char host[16], sources[16];
	struct irr_conf conf;
	struct irr_ask *ask;
	usec_t now;
};

static void put_program(const struct bench *b, const char *answer)
{
	FILE *f = fopen(b->program, "w");
	cr_assert(f != NULL);
	fprintf(f,
		"#!/bin/sh\ncd %s\necho \"$@\" >> asked\nfor arg; do which=$name; name=$arg; "
		"done\n%s\n",
		b->dir, answer);
	fclose(f);
	cr_assert(chmod(b->program, 0755) == 0);
}

static void bench_init(struct bench *b, const char *answer)
{
	*b = (struct bench){.dir = "/tmp/cw-ask-XXXXXX",
			    .host = "irr.example",
			    .sources = "RIPE",
			    .now = 1000 * USEC_PER_SEC};
	cr_assert(mkdtemp(b->dir) != NULL);
	(void)snprintf(b->program, sizeof(b->program), "%s/program", b->dir);
	b->conf = (struct irr_conf){
		.bgpq4_path = b->program, .host = b->host, .sources = b->sources, .timeout_s = 60};
	put_program(b, answer);
	b->ask = irr_ask_new(&b->conf);
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
	irr_ask_free(b->ask);
	(void)nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct irr_ask_answer wait_for(struct bench *b, asn_t asn, bool is_any, enum family family)
{
	for (;;) {
		struct irr_ask_answer a =
			irr_ask_get(b->ask, asn, is_any, family, 60 * USEC_PER_SEC, b->now);
		if (a.state != IRR_ASK_WAIT) {
			return a;
		}
		struct pollfd fds[IRR_ASK_FDS_MAX];
		if (!irr_ask_step(b->ask, b->now)) {
			(void)poll(fds, irr_ask_fds(b->ask, fds), 5);
		}
	}
}

/* How often the program was run with these words. */
static unsigned asked(const struct bench *b, const char *words)
{
	char path[64], line[256];
	unsigned count = 0;
	(void)snprintf(path, sizeof(path), "%s/asked", b->dir);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		count += strstr(line, words) != NULL ? 1 : 0;
	}
	if (f != NULL) {
		fclose(f);
	}
	return count;
}

#define OBJECTS                                                                                    \
	"case $which in -4) echo '{\"irr\": [{ \"prefix\": \"198.18.4.0/22\", \"exact\": true "    \
	"}]}';; "                                                                                  \
	"-6) echo '{\"irr\": []}';; esac"

Test(irr_ask, all_prefixes_of_an_origin_share_a_question)
{
	struct bench b;
	struct prefix p;
	bench_init(&b, OBJECTS);
	cr_assert(prefix_parse("198.18.4.0/22", &p, NULL) == 0);
	struct irr_ask_answer a = wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_assert(a.state == IRR_ASK_GOOD);
	cr_expect(route_object_has(a.list, &p));
	a = wait_for(&b, 64500, false, FAMILY_IPV6);
	cr_expect(a.state == IRR_ASK_GOOD && a.list->count == 0);
	cr_expect(asked(&b, "AS64500") == 2); /* One for each family. */
	b.now += 61 * USEC_PER_SEC;
	(void)wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_expect(asked(&b, "AS64500") == 4);
	bench_fini(&b);
}

Test(irr_ask, any_source_is_a_question_of_its_own)
{
	struct bench b;
	bench_init(&b, OBJECTS);
	(void)wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_expect(asked(&b, "-S RIPE") == 2);
	(void)wait_for(&b, 64500, true, FAMILY_IPV4);
	cr_expect(asked(&b, "-S RIPE") == 2 && asked(&b, "AS64500") == 4);
	bench_fini(&b);
}

Test(irr_ask, a_failure_is_an_answer_until_it_is_asked_again)
{
	struct bench b;
	bench_init(&b, "echo 'ERROR: no route to host' >&2; exit 1");
	struct irr_ask_answer a = wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_assert(a.state == IRR_ASK_FAILED);
	cr_expect(strstr(a.why, "no route to host") != NULL, "%s", a.why);
	put_program(&b, OBJECTS);
	b.now += 61 * USEC_PER_SEC;
	a = wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_expect(a.state == IRR_ASK_GOOD);
	bench_fini(&b);
}

Test(irr_ask, a_complaint_beside_an_answer_makes_it_none)
{
	struct bench b;
	bench_init(&b, "echo 'ERROR: one source is away' >&2; " OBJECTS);
	const struct irr_ask_answer a = wait_for(&b, 64500, false, FAMILY_IPV4);
	cr_expect(a.state == IRR_ASK_FAILED);
	bench_fini(&b);
}

Test(irr_ask, few_children_run_at_a_time)
{
	struct bench b;
	bench_init(&b, "sleep 0.02; " OBJECTS);
	struct pollfd fds[IRR_ASK_FDS_MAX];
	for (asn_t asn = 64500; asn < 64506; asn++) {
		(void)irr_ask_get(b.ask, asn, false, FAMILY_IPV4, USEC_PER_SEC, b.now);
	}
	(void)irr_ask_step(b.ask, b.now);
	cr_expect(irr_ask_fds(b.ask, fds) == IRR_ASK_FDS_MAX);
	for (asn_t asn = 64500; asn < 64506; asn++) {
		cr_expect(wait_for(&b, asn, false, FAMILY_IPV4).state == IRR_ASK_GOOD);
	}
	bench_fini(&b);
}

Test(irr_ask, another_configuration_forgets_the_answers)
{
	struct bench b;
	bench_init(&b, OBJECTS);
	(void)wait_for(&b, 64500, false, FAMILY_IPV4);
	irr_ask_configure(b.ask, &b.conf);
	cr_expect(irr_ask_get(b.ask, 64500, false, FAMILY_IPV4, USEC_PER_SEC, b.now).state ==
		  IRR_ASK_WAIT);
	bench_fini(&b);
}
