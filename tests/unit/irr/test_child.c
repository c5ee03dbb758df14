/* Programs beside the server: what they say, and that each comes to an end. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/irr/child.h"

/* Serve until it ends.  The clock is ours: it stands at `now`. */
static enum child_state finish(struct child *c, usec_t now)
{
	struct pollfd fds[CHILD_FDS];
	enum child_state state;
	while ((state = child_serve(c, now)) == CHILD_RUNS) {
		unsigned count = child_fds(c, fds);
		(void)poll(fds, count, 5);
	}
	return state;
}

static struct child *start(char *const *argv, size_t output_max)
{
	char why[200] = "";
	const struct child_opts opts = {
		.argv = argv, .timeout_us = 60 * USEC_PER_SEC, .output_max = output_max};
	struct child *c = child_start(&opts, 0, why, sizeof(why));
	cr_assert(c != NULL, "%s", why);
	return c;
}

static struct child *start_script(const char *script, size_t output_max)
{
	char text[512], sh[] = "sh", option[] = "-c";
	(void)snprintf(text, sizeof(text), "%s", script);
	char *const argv[] = {sh, option, text, NULL};
	return start(argv, output_max);
}

Test(child, output_is_whole_and_complaints_are_apart)
{
	struct child *c = start_script(
		"echo oh >&2; head -c 300000 /dev/zero | tr '\\0' x; echo end", 1 << 20);
	cr_expect(finish(c, 1) == CHILD_DONE);
	size_t len;
	const char *text = child_output(c, &len);
	cr_expect(len == 300004);
	cr_expect(strcmp(text + 300000, "end\n") == 0);
	cr_expect_str_eq(child_complaints(c), "oh\n");
	child_free(c);
}

Test(child, another_status_than_0_is_a_failure)
{
	struct child *c = start_script("echo some; exit 3", 100);
	cr_expect(finish(c, 1) == CHILD_FAILED);
	cr_expect_str_eq(child_why(c), "it ended with status 3");
	child_free(c);
	c = start_script("kill -9 $$", 100);
	cr_expect(finish(c, 1) == CHILD_FAILED);
	cr_expect_str_eq(child_why(c), "it was killed");
	child_free(c);
}

Test(child, a_program_without_end_is_ended)
{
	struct child *c = start_script("sleep 1000 & sleep 1000", 100);
	cr_expect(child_serve(c, 59 * USEC_PER_SEC) == CHILD_RUNS);
	cr_expect(child_serve(c, 60 * USEC_PER_SEC) == CHILD_FAILED);
	cr_expect_str_eq(child_why(c), "it took too long");
	child_free(c);
}

Test(child, an_answer_without_end_is_cut)
{
	struct child *c = start_script("yes", 500000);
	cr_expect(finish(c, 1) == CHILD_FAILED);
	cr_expect_str_eq(child_why(c), "its answer is too long");
	size_t len;
	(void)child_output(c, &len);
	cr_expect(len <= 500000 + (128u << 10));
	child_free(c);
}

Test(child, many_complaints_neither_block_it_nor_fill_us)
{
	struct child *c = start_script("yes complaint | head -c 1000000 >&2; echo ok", 100);
	cr_expect(finish(c, 1) == CHILD_DONE);
	cr_expect(strlen(child_complaints(c)) < 600);
	child_free(c);
}

Test(child, it_has_no_descriptor_of_ours_and_no_mask)
{
	int before = dup(1); /* Not close-on-exec. */
	struct child *c = start_script("ls /proc/self/fd | tr '\\n' ' '; grep SigBlk "
				       "/proc/self/status",
				       1000);
	cr_expect(finish(c, 1) == CHILD_DONE);
	size_t len;
	/* `ls` opens the directory itself. */
	cr_expect_str_eq(child_output(c, &len), "0 1 2 3 SigBlk:\t0000000000000000\n");
	child_free(c);
	close(before);
}

Test(child, it_stands_behind_the_server)
{
	int wanted = getpriority(PRIO_PROCESS, 0) + 10;
	char script[100];
	(void)snprintf(script, sizeof(script),
		       "until [ $(nice) -eq %d ]; do sleep 0.01; done; nice",
		       wanted < 19 ? wanted : 19);
	struct child *c = start_script(script, 100);
	cr_expect(finish(c, 1) == CHILD_DONE);
	child_free(c);
}

Test(child, a_program_that_is_not_there_is_said_so)
{
	char why[200] = "", name[] = "/nowhere/bgpq4";
	char *const argv[] = {name, NULL};
	const struct child_opts opts = {.argv = argv, .timeout_us = 1, .output_max = 1};
	cr_expect(child_start(&opts, 0, why, sizeof(why)) == NULL);
	cr_expect_str_eq(why, "cannot run /nowhere/bgpq4: No such file or directory");
}
