/* The server's answer as a person or a program wants to read it. */
#pragma once

#include <stdio.h>

#include "control/cli/args.h"

/* Rows come one by one and are printed at once: a million routes need no memory. */
struct show {
	const struct cli *cli;
	FILE *out;
	uint64_t rows;
	json_t *head;	    /* Of the answer; NULL before. */
	json_t *problem;    /* registry: why it was refused. */
	json_t *candidates; /* explain, rpki and reload with --json: the rows. */
};

void show_begin(struct show *s, const struct cli *cli, FILE *out);
void show_head(struct show *s, json_t *head);
void show_row(struct show *s, json_t *row);
/* The end object; returns the exit status, and prints why it is not 0 to `errors`. */
int show_end(struct show *s, const json_t *end, FILE *errors);
void show_fini(struct show *s);

/* "3d 04h", "5h 12m", "2m 07s", "9s". */
char *show_duration(uint64_t seconds, char buf[32]);
/* "812 B", "1.5 MiB". */
char *show_bytes(uint64_t bytes, char buf[32]);
