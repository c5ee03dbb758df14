/* The ordinary main of a fuzz target: every file of the corpus, and no fuzzer.
 *
 *   replay NAME FOLDER...    each file of the folders, and each of its halves, is one input
 *
 * Inputs run in a forked child that says in shared memory how far it is; when it dies, or hangs for
 * HANG_S, the file is named and a new child goes on with the next.  Ends with one line,
 * `NAME: N passed, N failed`; an empty corpus is a failure. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define FILES_MAX 4096
#define INPUT_MAX (1 << 20)
#define HANG_S	  60 /* A bound, not a measure: a debug build under load may be slow. */
#define EXIT_DONE 0

struct files {
	char *path[FILES_MAX];
	unsigned count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_folder(struct files *f, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d != NULL && f->count < FILES_MAX && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.' &&
		    asprintf(&f->path[f->count], "%s/%s", folder, e->d_name) > 0) {
			f->count++;
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	qsort(f->path, f->count, sizeof(f->path[0]), by_name);
}

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *input = malloc(INPUT_MAX);

	if (file == NULL || input == NULL) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	size_t len = fread(input, 1, INPUT_MAX, file);

	fclose(file);
	LLVMFuzzerTestOneInput(input, len);
	LLVMFuzzerTestOneInput(input, len / 2); /* Cut short in the middle of something. */
	LLVMFuzzerTestOneInput(input + len / 2, len - len / 2);
	free(input);
}

_Noreturn static void child(const struct files *f, volatile unsigned *at)
{
	for (; *at < f->count; ++*at) {
		alarm(HANG_S);
		run_file(f->path[*at]);
	}
	alarm(0);
	exit(EXIT_DONE); /* Not _exit: leaks are looked for at the end. */
}

/* Inputs that failed. */
static unsigned run_all(const struct files *f, volatile unsigned *at)
{
	unsigned failed = 0;

	for (;;) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			child(f, at);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid) {
			perror("replay");
			return failed + 1;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE) {
			return failed;
		}
		printf("FAIL  %s (status %#x)\n", *at < f->count ? f->path[*at] : "leaks", status);
		failed++;
		if (*at >= f->count) {
			return failed;
		}
		++*at;
	}
}

int main(int argc, char **argv)
{
	static struct files files;
	unsigned *at =
		mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (argc < 3 || at == MAP_FAILED) {
		fprintf(stderr, "usage: replay NAME FOLDER...\n");
		return 64;
	}
	setvbuf(stdout, NULL, _IONBF,
		0); /* Nothing waits in a buffer that a child would inherit. */
	for (int i = 2; i < argc; i++) {
		list_folder(&files, argv[i]);
	}
	unsigned failed = files.count == 0 ? 1 : run_all(&files, at);
	unsigned passed = files.count >= failed ? files.count - failed : 0;

	printf("%s: %u passed, %u failed\n", argv[1], passed, failed);
	return failed > 0 ? 1 : 0;
}
