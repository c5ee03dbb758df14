#include "control/evidence/aut_num.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rib/base/check.h"

#define SOURCE_MAX 64

/* One object of the answer: its lines up to an empty one. */
struct rpsl {
	const char *at, *end;
};

static const char *line_end(const char *at, const char *end)
{
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	return stop != NULL ? stop : end;
}

static bool is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
		at++;
	}
	return at == end;
}

/* The next object behind `*at`; false: there is none. */
static bool next_object(const char **at, const char *end, struct rpsl *out)
{
	while (*at < end && is_blank(*at, line_end(*at, end))) {
		*at = line_end(*at, end);
		*at += *at < end ? 1 : 0;
	}
	*out = (struct rpsl){.at = *at, .end = *at};
	while (*at < end && !is_blank(*at, line_end(*at, end))) {
		*at = out->end = line_end(*at, end);
		*at += *at < end ? 1 : 0;
	}
	return out->end > out->at;
}

/* The first word of an attribute, without what stands behind it; false: it is not there. */
static bool attribute(const struct rpsl *o, const char *name, char out[SOURCE_MAX])
{
	const size_t len = strlen(name);
	for (const char *at = o->at; at < o->end;) {
		const char *stop = line_end(at, o->end);
		if ((size_t)(stop - at) > len && strncasecmp(at, name, len) == 0 &&
		    at[len] == ':') {
			at += len + 1;
			while (at < stop && (*at == ' ' || *at == '\t')) {
				at++;
			}
			size_t word = 0;
			while (at + word < stop && word < SOURCE_MAX - 1 &&
			       strchr(" \t\r#", at[word]) == NULL) {
				word++;
			}
			memcpy(out, at, word);
			out[word] = '\0';
			return true;
		}
		at = stop + (stop < o->end ? 1 : 0);
	}
	return false;
}

static bool is_in_list(const char *word, const char *list)
{
	const size_t len = strlen(word);
	for (const char *at = list; len > 0 && *at != '\0';) {
		const size_t item = strcspn(at, ",");
		if (item == len && strncasecmp(at, word, len) == 0) {
			return true;
		}
		at += item;
		at += *at == ',' ? 1 : 0;
	}
	return false;
}

/* What is found of the number's objects. */
struct found {
	bool is_there, is_elsewhere, has_comment;
	enum claim_token token;
	char source[SOURCE_MAX]; /* Of the best one. */
	char comment[200];	 /* The server's first. */
};

static void take_object(const struct rpsl *o, const struct aut_num_claim *c, struct found *f)
{
	char number[SOURCE_MAX], wanted[16], source[SOURCE_MAX] = "";
	(void)snprintf(wanted, sizeof(wanted), "AS%u", c->asn);
	if (!attribute(o, "aut-num", number) || strcasecmp(number, wanted) != 0) {
		return;
	}
	(void)attribute(o, "source", source);
	if (!is_in_list(source, c->sources)) {
		f->is_elsewhere = true;
		return;
	}
	const enum claim_token token = claim_find_token(o->at, (size_t)(o->end - o->at), c->token);
	if (!f->is_there || token > f->token) {
		f->token = token;
		memcpy(f->source, source, sizeof(f->source));
	}
	f->is_there = true;
}

/* Servers comment with "%"; "no entries found" is an answer, an error is none. */
static void take_comments(const struct rpsl *o, struct found *f)
{
	for (const char *at = o->at; at < o->end && !f->has_comment;) {
		const char *stop = line_end(at, o->end);
		if (memmem(at, (size_t)(stop - at), "ntries found", 12) != NULL) {
			f->has_comment = true;
			f->comment[0] = '\0';
		} else if (f->comment[0] == '\0') {
			(void)snprintf(f->comment, sizeof(f->comment), "%.*s", (int)(stop - at),
				       at);
		}
		at = stop + (stop < o->end ? 1 : 0);
	}
}

static void judge(const struct aut_num_claim *c, const struct found *f, struct finding *out)
{
	if (!f->is_there && f->is_elsewhere) {
		finding_say(out, FINDING_MISMATCH, "irr-source-untrusted",
			    "AS%u's aut-num object stands in a source that does not prove it; %s "
			    "do",
			    c->asn, c->sources);
	} else if (!f->is_there && f->has_comment) {
		finding_say(out, FINDING_MISSING, "ownership-token-missing",
			    "there is no aut-num object of AS%u in %s", c->asn, c->sources);
	} else if (!f->is_there) {
		finding_say(out, FINDING_ERROR, "", "AS%u could not be asked for: %s", c->asn,
			    f->comment[0] != '\0' ? f->comment : "the server said nothing");
	} else if (f->token == CLAIM_TOKEN_FOUND) {
		finding_say(out, FINDING_VALID, "", "AS%u's aut-num object in %s has the token",
			    c->asn, f->source);
	} else if (f->token == CLAIM_TOKEN_OTHER) {
		finding_say(out, FINDING_MISMATCH, "ownership-token-mismatch",
			    "AS%u's aut-num object in %s has another token; it has to be "
			    "\"" CLAIM_TOKEN_KEY "%s\"",
			    c->asn, f->source, c->token);
	} else {
		finding_say(out, FINDING_MISSING, "ownership-token-missing",
			    "AS%u's aut-num object in %s has no remark \"" CLAIM_TOKEN_KEY "%s\"",
			    c->asn, f->source, c->token);
	}
}

void aut_num_check(const char *text, size_t len, const struct aut_num_claim *c, struct finding *out)
{
	const char *at = text;
	struct rpsl object;
	struct found f = {.token = CLAIM_TOKEN_NONE};
	ASSERT(c->asn != 0 && c->sources[0] != '\0');
	*out = (struct finding){.reason = ""};
	while (next_object(&at, text + len, &object)) {
		take_object(&object, c, &f);
		take_comments(&object, &f);
	}
	judge(c, &f, out);
}
