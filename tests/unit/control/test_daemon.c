/* The shell around the cores: when a worker sleeps, who the server becomes. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/daemon/identity.h"
#include "control/daemon/worker.h"
#include "tests/unit/control/fake.h"
#include "tests/unit/control/scratch.h"

/* Cores that say when they are due and count what is done to them. */
struct core {
	unsigned begun, ended, steps, sleeps;
	usec_t due_in; /* After `now`; 0 = at once. */
	bool covers_nics;
	bool has_mail;	    /* Something waits: do not sleep. */
	bool is_not_reader; /* Shares its thread with another core. */
	int fd;
};

struct core *server_core(struct server *s, core_id_t core)
{
	return (struct core *)s->cores + core;
}

void core_begin(struct core *c)
{
	if (!c->is_not_reader) {
		epoch_thread_begin();
	}
	c->begun++;
}

void core_end(struct core *c)
{
	epoch_thread_end();
	c->ended++;
}

usec_t core_step(struct core *c, usec_t now)
{
	c->steps++;
	return now + c->due_in;
}

unsigned core_wait_fds(const struct core *c, int *out, unsigned max, bool *out_covers_nics)
{
	cr_assert(max >= 1);
	out[0] = c->fd;
	*out_covers_nics = c->covers_nics;
	return 1;
}

bool core_awaits_room(const struct core *c)
{
	(void)c;
	return false;
}

bool core_sleep_begin(struct core *c)
{
	c->sleeps++;
	return !c->has_mail;
}

void core_sleep_end(struct core *c)
{
	(void)c;
}

static usec_t always_one(void)
{
	return 1;
}

/* `turns` turns of one worker; returns how often it wanted to sleep. */
static unsigned sleeps_in(struct core *c, bool is_busy, unsigned turns)
{
	struct server s = {.core_count = 1, .cores = c};
	struct workers *w = workers_new(&s, is_busy, always_one);
	c->fd = eventfd(0, 0);
	for (unsigned i = 0; i < turns; i++) {
		cr_assert(workers_turn(w, 0));
	}
	cr_expect(c->begun == 1 && c->ended == 0 && c->steps == turns);
	workers_stop(w);
	cr_expect(!workers_turn(w, 0));
	cr_expect(c->ended == 1);
	close(c->fd);
	workers_free(w);
	return c->sleeps;
}

Test(daemon, a_worker_sleeps_after_empty_turns_only)
{
	struct core working = {.due_in = 0, .covers_nics = true};
	cr_expect(sleeps_in(&working, false, 1000) == 0);
	/* `idle: busy` never sleeps. */
	struct core polling = {.due_in = 1000, .covers_nics = true};
	cr_expect(sleeps_in(&polling, true, 1000) == 0);
	/* 200 empty turns, then one nap for each turn, none longer than the timer (1 us). */
	struct core idle = {.due_in = 1, .covers_nics = true};
	cr_expect(sleeps_in(&idle, false, 300) == 101, "%u", idle.sleeps);
	struct core short_naps = {.due_in = USEC_PER_SEC, .covers_nics = false};
	cr_expect(sleeps_in(&short_naps, false, 210) == 11);
	struct core mail = {.due_in = USEC_NEVER - 1, .covers_nics = true, .has_mail = true};
	cr_expect(sleeps_in(&mail, false, 300) == 101);
}

Test(daemon, the_watchdog_sees_a_worker_that_hangs)
{
	struct core cores[2] = {{.due_in = 0}, {.due_in = 0, .is_not_reader = true}};
	struct server s = {.core_count = 2, .cores = cores};
	struct workers *w = workers_new(&s, true, always_one);
	cr_expect(!workers_have_moved(w));
	workers_turn(w, 0);
	cr_expect(!workers_have_moved(w));
	workers_turn(w, 0);
	workers_turn(w, 1);
	cr_expect(workers_have_moved(w));
	cr_expect(!workers_have_moved(w));
	workers_free(w);
}

Test(daemon, identities_that_do_not_exist_are_named)
{
	static const struct {
		const char *user, *operators, *readers;
		const char *fragment; /* NULL: good. */
	} table[] = {
		{"no-such-user", NULL, NULL, "control.user"},
		{NULL, "no-such-group", NULL, "control.operator_group"},
		{NULL, NULL, "no-such-group", "control.read_group"},
		{NULL, "root", NULL, NULL},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct config c = {0};
		struct identity id = {0};
		char why[256] = "", user[32], operators[32], readers[32];
		snprintf(user, sizeof(user), "%s", table[i].user != NULL ? table[i].user : "");
		snprintf(operators, sizeof(operators), "%s",
			 table[i].operators != NULL ? table[i].operators : "");
		snprintf(readers, sizeof(readers), "%s",
			 table[i].readers != NULL ? table[i].readers : "");
		c.control.user = table[i].user != NULL ? user : NULL;
		c.control.operator_group = table[i].operators != NULL ? operators : NULL;
		c.control.read_group = table[i].readers != NULL ? readers : NULL;
		int err = identity_resolve(&c, &id, why, sizeof(why));
		if (table[i].fragment != NULL) {
			cr_expect(err == -ENOENT, "%u: %d", i, err);
			cr_expect(strstr(why, table[i].fragment) != NULL, "%s", why);
		} else {
			cr_expect(err == 0 && id.operator_gid == 0 && id.read_gid == id.gid);
		}
	}
}

Test(daemon, a_directory_that_is_there_stays_as_it_is)
{
	struct scratch s;
	struct stat st;
	char path[256];
	const struct identity id = {.uid = geteuid(), .gid = getegid()};
	scratch_init(&s);
	cr_expect(identity_make_dir(&id, s.dir) == 0);
	cr_assert(stat(s.dir, &st) == 0);
	cr_expect((st.st_mode & 0777) == 0700);
	umask(0077);
	cr_expect(identity_make_dir(&id, scratch_path(&s, "run", path)) == 0);
	cr_assert(stat(path, &st) == 0);
	cr_expect((st.st_mode & 0777) == 0755);
	rmdir(path);
	cr_expect(identity_make_dir(&id, "/proc/nonexistent/run") < 0);
	scratch_fini(&s);
}
