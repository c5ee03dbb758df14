/* Fitting columns; see layout.h.
 *
 * First the columns that stay are found: with everything that may be cut at its least, the column
 * of the highest rank goes until the rest fits.  What is left over is then given back to those that
 * were cut, from the left. */
#include "control/cli/layout.h"

#include "control/cli/put.h"
#include "rib/base/check.h"

int layout_text_width(const char *text)
{
	int width = 0;
	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
	}
	return width;
}

static int gap_of(const struct column *c)
{
	return c->gap > 0 ? c->gap : 1;
}

/* At least as wide as this. */
static int least_of(const struct column *c)
{
	return c->least > 0 ? c->least : c->width;
}

static int needed(const struct layout *l)
{
	int sum = 0;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->is_shown[i]) {
			sum += least_of(&l->column[i]) + (sum > 0 ? gap_of(&l->column[i]) : 0);
		}
	}
	return sum;
}

/* False when those that are left all stay. */
static bool leave_one_out(struct layout *l)
{
	unsigned worst = l->count;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->is_shown[i] && l->column[i].rank > 0 &&
		    (worst == l->count || l->column[i].rank > l->column[worst].rank)) {
			worst = i;
		}
	}
	if (worst < l->count) {
		l->is_shown[worst] = false;
	}
	return worst < l->count;
}

/* What is left over goes to those that were cut; the last, if it is a text, has the rest. */
static void give_back(struct layout *l)
{
	int left = l->columns - needed(l);
	for (unsigned i = 0; i < l->count; i++) {
		const struct column *c = &l->column[i];
		l->width[i] = c->width;
		if (l->columns > 0 && c->least > 0 && c->width > 0) {
			int more = c->width - c->least;
			more = more < left ? more : left;
			l->width[i] = c->least + (more > 0 ? more : 0);
			left -= l->width[i] - c->least;
		}
	}
}

struct layout layout_fit(const struct column *column, unsigned count, int columns)
{
	struct layout l = {.column = column, .count = count, .columns = columns};
	ASSERT(count <= LAYOUT_MAX);
	for (unsigned i = 0; i < count; i++) {
		l.is_shown[i] = true;
	}
	while (columns > 0 && needed(&l) > columns && leave_one_out(&l)) {
	}
	give_back(&l);
	return l;
}

static void put_blanks(FILE *out, int count)
{
	for (; count > 0; count--) {
		fputc(' ', out);
	}
}

/* The first `width` characters, the last of which says that there are more. */
static void put_cut(FILE *out, const char *text, int width)
{
	for (int seen = 0; *text != '\0'; text++) {
		bool begins = ((unsigned char)*text & 0xc0) != 0x80;
		if (begins && ++seen == width) {
			break;
		}
		/* As put_text() of one octet: U+0080 to U+009F are control characters, too. */
		bool is_control = (unsigned char)*text < 0x20 || *text == 0x7f ||
				  ((unsigned char)*text == 0xc2 && (unsigned char)text[1] < 0xa0);
		fputc(is_control ? '?' : *text, out);
	}
	fputs("…", out);
}

/* Where a row is, and where it would be if no value was longer than its column. */
struct place {
	int at, wanted;
};

static bool is_last(const struct layout *l, unsigned i)
{
	for (i++; i < l->count; i++) {
		if (l->is_shown[i]) {
			return false;
		}
	}
	return true;
}

/* How long the text of column `i` may be; 0: as long as it is. */
static int room_of(const struct layout *l, unsigned i, int at)
{
	const struct column *c = &l->column[i];
	if (l->columns == 0 || c->least == 0) {
		return 0;
	}
	int room = is_last(l, i) ? l->columns - at : l->width[i];
	return room > 1 ? room : 1;
}

static void put_cell(const struct layout *l, FILE *out, unsigned i, const char *text,
		     struct place *p)
{
	const struct column *c = &l->column[i];
	int gap = p->wanted > 0 ? gap_of(c) : 0, len = layout_text_width(text);
	put_blanks(out, gap);
	p->at += gap;
	p->wanted += gap + l->width[i];
	/* Without a terminal columns begin where they ever did. */
	int end = l->columns > 0 ? p->wanted : p->at + l->width[i];
	int room = room_of(l, i, p->at);
	int shown = room > 0 && len > room ? room : len;
	int blanks = end - p->at - shown > 0 ? end - p->at - shown : 0;
	put_blanks(out, c->is_right ? blanks : 0);
	if (shown < len) {
		put_cut(out, text, room);
	} else {
		put_text(out, text, 0);
	}
	/* Nothing is behind the last, but where it ever was. */
	bool is_padded = !c->is_right && !(is_last(l, i) && l->columns > 0);
	put_blanks(out, is_padded ? blanks : 0);
	p->at += shown + blanks;
}

void layout_row(const struct layout *l, FILE *out, const char *const *cell)
{
	struct place p = {0};
	for (unsigned i = 0; i < l->count; i++) {
		if (l->is_shown[i]) {
			put_cell(l, out, i, cell[i], &p);
		}
	}
	fputc('\n', out);
}

void layout_title(const struct layout *l, FILE *out)
{
	const char *title[LAYOUT_MAX];
	for (unsigned i = 0; i < l->count; i++) {
		title[i] = l->column[i].title;
	}
	layout_row(l, out, title);
}

bool layout_has_room(const struct layout *l, const char *const *cell)
{
	int at = 0, wanted = 0;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->is_shown[i]) {
			int gap = wanted > 0 ? gap_of(&l->column[i]) : 0;
			wanted += gap + l->width[i];
			at += gap + layout_text_width(cell[i]);
			at = at < wanted ? wanted : at;
		}
	}
	return l->columns == 0 || at <= l->columns;
}
