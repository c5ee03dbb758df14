#include "control/evidence/letter.h"

#include <hpdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "control/registry/life.h"
#include "rib/base/check.h"

/* A4, in points. */
#define LEFT	     60.0F
#define WIDTH	     475.0F
#define TOP	     780.0F
#define BOTTOM	     70.0F
#define SIZE	     10.0F
#define LEADING	     15.0F
#define LINE_BYTES   512
#define TEXT_BYTES   2048
#define SIGNING_ROOM 170.0F

struct sheet {
	HPDF_Doc doc;
	HPDF_Font font;
	HPDF_Page page;
	float size, y;
	unsigned page_count;
	bool is_unicode;
	bool is_bad;
	const char *reference;
};

/* libharu calls this once for each mistake; the answer is looked at when all is done. */
static void complain(HPDF_STATUS error, HPDF_STATUS detail, void *context)
{
	(void)error;
	(void)detail;
	((struct sheet *)context)->is_bad = true;
}

static void show(struct sheet *s, float x, const char *text)
{
	HPDF_Page_BeginText(s->page);
	HPDF_Page_TextOut(s->page, x, s->y, text);
	HPDF_Page_EndText(s->page);
}

static void set_size(struct sheet *s, float size)
{
	s->size = size;
	HPDF_Page_SetFontAndSize(s->page, s->font, size);
}

static void turn_page(struct sheet *s)
{
	char foot[120];
	s->page = HPDF_AddPage(s->doc);
	HPDF_Page_SetSize(s->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
	s->page_count++;
	set_size(s, 8.0F);
	s->y = BOTTOM - 30.0F;
	(void)snprintf(foot, sizeof(foot), "%.60s, page %u", s->reference, s->page_count);
	show(s, LEFT, foot);
	set_size(s, SIZE);
	s->y = TOP;
}

static void need(struct sheet *s, float room)
{
	if (s->y - room < BOTTOM) {
		turn_page(s);
	}
}

static float width_of(const struct sheet *s, const char *text, size_t len)
{
	char piece[LINE_BYTES];
	ASSERT(len < sizeof(piece));
	memcpy(piece, text, len);
	piece[len] = '\0';
	return HPDF_Page_TextWidth(s->page, piece);
}

/* The length of the character at `at`, as far as its first byte says. */
static size_t char_len(const struct sheet *s, const char *at)
{
	const unsigned char first = (unsigned char)*at;
	size_t want = !s->is_unicode || first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	size_t len = 1;
	while (len < want && at[len] != '\0') {
		len++;
	}
	return len;
}

/* How many bytes of the text go into a line: whole words, or what fits of a word too long. */
static size_t line_len(const struct sheet *s, const char *text, float width)
{
	size_t fits = 0, word_end = 0;
	while (text[fits] != '\0') {
		size_t next = fits + char_len(s, text + fits);
		if (next >= LINE_BYTES || width_of(s, text, next) > width) {
			return word_end > 0			   ? word_end
			       : next > LINE_BYTES / 2 || fits > 0 ? fits
								   : next;
		}
		fits = next;
		if (text[fits] == ' ') {
			word_end = fits;
		}
	}
	return fits;
}

/* A paragraph from `x` on; `text` is clean. */
static void put(struct sheet *s, float x, float width, const char *text)
{
	while (*text != '\0') {
		char line[LINE_BYTES];
		size_t len = line_len(s, text, width);
		need(s, LEADING);
		memcpy(line, text, len);
		line[len] = '\0';
		show(s, x, line);
		s->y -= LEADING;
		text += len;
		text += strspn(text, " ");
	}
}

/* One character of UTF-8 (RFC 3629 §4); 0xFFFD and one byte for what is none. */
static size_t read_char(const char *text, uint32_t *out)
{
	const unsigned char *at = (const unsigned char *)text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t len = at[0] < 0x80	   ? 1
			   : at[0] >= 0xF0 ? 4
			   : at[0] >= 0xE0 ? 3
			   : at[0] >= 0xC0 ? 2
					   : 0;
	uint32_t c = len == 1 ? at[0] : at[0] & (0x7FU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xC0) != 0x80) {
			*out = 0xFFFD;
			return 1;
		}
		c = c << 6 | (at[i] & 0x3FU);
	}
	const bool is_good =
		len > 0 && c >= least[len] && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
	*out = is_good ? c : 0xFFFD;
	return is_good ? len : 1;
}

/* Text of others as this document can show it: no controls, whole characters, the font's bytes. */
static const char *clean(const struct sheet *s, const char *text, char out[TEXT_BYTES])
{
	size_t len = 0;
	while (*text != '\0' && len < TEXT_BYTES - 5) {
		uint32_t c;
		const size_t used = read_char(text, &c);
		if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
			out[len++] = ' ';
		} else if (c < 0x80) {
			out[len++] = (char)c;
		} else if (!s->is_unicode) {
			out[len++] = (char)(c <= 0xFF ? c : '?');
		} else if (c > 0xFFFF || c == 0xFFFD) {
			out[len++] = '?'; /* The font's tables end at the basic plane. */
		} else {
			memcpy(out + len, text, used);
			len += used;
		}
		text += used;
	}
	out[len] = '\0';
	return out;
}

static void put_pair(struct sheet *s, const char *name, const char *value)
{
	char text[TEXT_BYTES];
	need(s, LEADING);
	show(s, LEFT, name);
	put(s, LEFT + 110.0F, WIDTH - 110.0F, value[0] != '\0' ? clean(s, value, text) : "-");
}

static void put_day(int64_t at_s, const char *none, char out[32])
{
	const time_t at = (time_t)at_s;
	struct tm tm;
	gmtime_r(&at, &tm);
	if (at_s == 0 || strftime(out, 32, "%Y-%m-%d", &tm) == 0) {
		(void)snprintf(out, 32, "%s", none);
	}
}

static void put_row(struct sheet *s, const struct letter_row *r)
{
	char prefix[PREFIX_TEXT_MAX], from[32], until[32], text[128];
	put_day(r->begins_s, "now", from);
	put_day(r->ends_s, "revoked", until);
	(void)snprintf(text, sizeof(text), "%s, up to /%u", prefix_format(&r->prefix, prefix),
		       r->len_max);
	need(s, 3 * LEADING);
	show(s, LEFT, text);
	(void)snprintf(text, sizeof(text), "from %s until %s", from, until);
	show(s, LEFT + 280.0F, text);
	s->y -= LEADING;
	put(s, LEFT + 20.0F, WIDTH - 20.0F, r->origins);
	s->y -= 3.0F;
}

static void put_signing(struct sheet *s)
{
	static const char *const line[] = {"Name", "Title", "Organisation", "Place and date",
					   "Signature"};
	need(s, SIGNING_ROOM);
	s->y -= LEADING;
	for (unsigned i = 0; i < ARRAY_COUNT(line); i++) {
		s->y -= LEADING * 1.8F;
		show(s, LEFT, line[i]);
		HPDF_Page_MoveTo(s->page, LEFT + 110.0F, s->y - 2.0F);
		HPDF_Page_LineTo(s->page, LEFT + WIDTH, s->y - 2.0F);
		HPDF_Page_Stroke(s->page);
	}
}

static void put_head(struct sheet *s, const struct letter *l)
{
	char text[TEXT_BYTES], date[32];
	set_size(s, 18.0F);
	show(s, LEFT, "Letter of Authorization");
	set_size(s, SIZE);
	s->y -= 3 * LEADING;
	put_day(l->date_s, "-", date);
	put_pair(s, "Date", date);
	put_pair(s, "Reference", l->reference);
	put_pair(s, "To", l->operator_name);
	put_pair(s, "Holder", l->holder);
	put_pair(s, "Contact", l->contact);
	s->y -= LEADING;
	char operator_name[128];
	(void)snprintf(operator_name, sizeof(operator_name), "%.120s", l->operator_name);
	(void)snprintf(
		text, sizeof(text),
		"The undersigned is the holder of the IP address space below, or is entitled "
		"to act for the holder, and authorises the operator of %s to accept "
		"announcements of it by BGP from the autonomous systems named with it, with "
		"these as the origin, and to pass them on to other networks, during the time "
		"that is given. Prefixes inside it may be announced up to the length that is "
		"given. The authorisation ends early when it is revoked in writing.",
		operator_name);
	put(s, LEFT, WIDTH, text);
	s->y -= LEADING;
}

/* The font that stands in the document itself, so that every reader shows the same. */
static void choose_font(struct sheet *s, const char *font)
{
	if (font != NULL && access(font, R_OK) == 0 && HPDF_UseUTFEncodings(s->doc) == HPDF_OK) {
		const char *name = HPDF_LoadTTFontFromFile(s->doc, font, HPDF_TRUE);
		s->font = name != NULL ? HPDF_GetFont(s->doc, name, "UTF-8") : NULL;
		s->is_unicode = s->font != NULL;
	}
	if (s->font == NULL) {
		HPDF_ResetError(s->doc);
		s->is_bad = false;
		s->font = HPDF_GetFont(s->doc, "Helvetica", "WinAnsiEncoding");
	}
}

static bool save(struct sheet *s, uint8_t **out, size_t *out_len)
{
	if (s->is_bad || HPDF_SaveToStream(s->doc) != HPDF_OK) {
		return false;
	}
	HPDF_UINT32 len = HPDF_GetStreamSize(s->doc);
	uint8_t *pdf = malloc(len);
	if (pdf == NULL || HPDF_ReadFromStream(s->doc, pdf, &len) != HPDF_OK) {
		free(pdf);
		return false;
	}
	*out = pdf;
	*out_len = len;
	return true;
}

bool letter_write(const struct letter *l, uint8_t **out, size_t *out_len)
{
	struct sheet s = {.reference = l->reference};
	s.doc = HPDF_New(complain, &s);
	if (s.doc == NULL) {
		return false;
	}
	HPDF_SetCompressionMode(s.doc, HPDF_COMP_ALL);
	choose_font(&s, l->font);
	HPDF_SetInfoAttr(s.doc, HPDF_INFO_TITLE, "Letter of Authorization");
	turn_page(&s);
	put_head(&s, l);
	for (unsigned i = 0; i < l->row_count; i++) {
		put_row(&s, &l->row[i]);
	}
	put_signing(&s);
	const bool is_good = save(&s, out, out_len);
	HPDF_Free(s.doc);
	return is_good;
}

void letter_check(struct span upload, struct finding *out)
{
	static const char magic[] = "%PDF-";
	*out = (struct finding){.reason = ""};
	if (upload.len > LETTER_BYTES_MAX) {
		finding_say(out, FINDING_INVALID, "loa-missing",
			    "a letter may have %zu KiB; this one has more", LETTER_BYTES_MAX >> 10);
	} else if (upload.len < sizeof(magic) - 1 ||
		   memcmp(upload.data, magic, sizeof(magic) - 1) != 0) {
		finding_say(out, FINDING_INVALID, "loa-missing",
			    "the letter has to be a PDF: it does not begin with \"%s\"", magic);
	} else {
		finding_say(out, FINDING_PENDING, "",
			    "the letter is here" LIFE_WAITS "read and approve it");
	}
}
