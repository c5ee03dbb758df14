/* How a table is laid out in a terminal that may be narrow: which columns are shown, how wide.
 *
 * Columns have ranks: what is least missed goes first, and what may be cut is cut before anything
 * goes.  Without a terminal (`columns` 0) everything is shown at its usual width, for programs.  A
 * value that is longer than its column is never cut unless its column may be; it takes of the
 * blanks behind it.  Pure. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define LAYOUT_MAX 10

struct column {
	const char *title; /* NULL: the table has no titles. */
	int width;	   /* Usual; 0: as long as the text is (the last column). */
	int least;	   /* To which it may be cut; 0: not at all. */
	unsigned rank;	   /* The highest goes first; 0: never. */
	int gap;	   /* Blanks before it; 0 stands for one. */
	bool is_right;	   /* Numbers. */
};

struct layout {
	const struct column *column;
	unsigned count;
	int columns;
	int width[LAYOUT_MAX]; /* 0: as long as the text is. */
	bool is_shown[LAYOUT_MAX];
};

/* Of `count` columns, in a terminal with `columns`; 0: there is none. */
struct layout layout_fit(const struct column *column, unsigned count, int columns);
void layout_title(const struct layout *l, FILE *out);
/* A text for each column.  Control characters become '?'. */
void layout_row(const struct layout *l, FILE *out, const char *const *cell);
/* Whether the last column's text is shown whole, with these before it. */
bool layout_has_room(const struct layout *l, const char *const *cell);
/* Characters, not octets. */
int layout_text_width(const char *text);
