/* What tests of answers have in common: some routes, and looks into the lines of an answer. */
#pragma once

#include <jansson.h>

#include "tests/unit/control/fake.h"

/* Three members announce one prefix; each also one of its own; one is rejected. */
void fake_fill(struct fake *f);
/* Row number `i` of an answer, or NULL. */
const json_t *answer_row(const json_t *lines, size_t i);
/* The row with this member. */
const json_t *answer_row_with(const json_t *lines, const char *name, const char *value);
const json_t *answer_end(const json_t *lines);
const char *answer_text(const json_t *row, const char *name); /* "" when there is none. */
long answer_number(const json_t *row, const char *name);
