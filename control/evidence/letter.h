/* Letters of authorisation: the one that we write for the holder to sign, as PDF, and what may come
 * back.
 *
 * A letter says in words and over a name what the other proofs say by machine.  It is only as good
 * as who reads it: an upload waits for the operator, who compares signature and holder. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"

#define LETTER_BYTES_MAX ((size_t)1 << 20)
#define LETTER_FONT	 "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

struct letter_row {
	struct prefix prefix;
	uint8_t len_max;
	const char *origins;	  /* "AS64500, AS64501" */
	int64_t begins_s, ends_s; /* 0: with the letter; until it is taken back. */
};

struct letter {
	const char *holder, *contact; /* As the customer wrote them: any UTF-8. */
	const char *operator_name;    /* "AS64500" */
	const char *reference;
	int64_t date_s;
	const struct letter_row *row;
	unsigned row_count;
	/* A TrueType font with the letters of many alphabets; NULL or not there: letters that
	 * Latin-1 does not have become question marks. */
	const char *font;
};

/* A whole PDF; the caller frees it.  False when memory is short. */
bool letter_write(const struct letter *l, uint8_t **out, size_t *out_len);
/* Whether an upload can be a letter; PENDING: an operator has to read it. */
void letter_check(struct span upload, struct finding *out);
