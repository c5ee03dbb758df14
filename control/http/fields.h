/* Header fields of requests: the few that the server acts on, understood or refused.  Pure. */
#pragma once

#include "rib/base/units.h"

#define TAG_MAX 48 /* An entity tag with quotes and terminator. */

/* "REVISION" of an object; with what else its view depends on as "REVISION-STATE" (0: nothing). */
char *tag_format(uint64_t revision, uint64_t state, char *out);
/* If-Match (RFC 9110 §13.1.1): one tag of ours, or `*` (0).  False: neither. */
bool tag_match_parse(const char *text, uint64_t *out_revision);
/* If-None-Match (§13.1.2): whether a list of tags, weak ones too, has `tag`, or is `*`. */
bool tag_none_match(const char *text, const char *tag);
/* The token of `Authorization: Bearer …` (RFC 6750 §2.1); NULL: it is not that. */
const char *bearer_of(const char *authorization);
/* Idempotency-Key: 1 to `size` − 1 visible characters; copied.  False: it is not that. */
bool request_key_parse(const char *text, char *out, size_t size);
/* %HH decoded in place, but for %00: a text does not end before its end.  The new length. */
size_t unescape(char *text);
/* A decimal number without sign of at most 18 digits. */
bool number_parse(const char *text, uint64_t *out);
