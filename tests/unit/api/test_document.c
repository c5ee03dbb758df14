/* A job's rows as one JSON document. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/reply.h"

static json_t *document_of(const struct reply *r)
{
	json_error_t error;
	json_t *j = json_loadb(r->data + r->begin, r->end - r->begin, 0, &error);
	cr_assert_not_null(j, "%s", error.text);
	return j;
}

Test(document, rows_stand_between_head_and_end)
{
	struct reply r = {.form = REPLY_DOCUMENT};
	reply_head(&r, json_pack("{s:s}", "command", "routes"));
	cr_expect(!r.has_begun, "nothing is said before a row is there");
	reply_row(&r, json_pack("{s:i}", "a", 1));
	cr_expect(r.has_begun);
	reply_row(&r, json_pack("{s:i}", "a", 2));
	reply_next(&r, "here");
	reply_end(&r, "done", NULL);
	json_t *j = document_of(&r);
	cr_expect_str_eq(json_string_value(json_object_get(j, "command")), "routes");
	cr_expect_eq(json_array_size(json_object_get(j, "rows")), 2);
	cr_expect_str_eq(json_string_value(json_object_get(j, "status")), "done");
	cr_expect_str_eq(json_string_value(json_object_get(j, "next_cursor")), "here");
	cr_expect(json_is_null(json_object_get(j, "text")));
	json_decref(j);
	reply_fini(&r);
}

Test(document, a_good_end_without_rows_is_a_document)
{
	struct reply r = {.form = REPLY_DOCUMENT};
	reply_head(&r, json_object());
	reply_end(&r, "done", "nothing");
	json_t *j = document_of(&r);
	cr_expect_eq(json_array_size(json_object_get(j, "rows")), 0);
	cr_expect_str_eq(json_string_value(json_object_get(j, "text")), "nothing");
	cr_expect(json_is_null(json_object_get(j, "next_cursor")));
	json_decref(j);
	reply_fini(&r);
}

Test(document, a_bad_end_without_rows_is_left_to_the_carrier)
{
	struct reply r = {.form = REPLY_DOCUMENT};
	reply_head(&r, json_object());
	reply_end(&r, "not_found", "no such route");
	cr_expect(!r.has_begun && r.is_ended && r.end == 0);
	cr_expect_str_eq(r.status, "not_found");
	cr_expect_str_eq(r.text, "no such route");
	reply_fini(&r);
}

Test(document, a_bad_end_behind_rows_is_in_the_document)
{
	struct reply r = {.form = REPLY_DOCUMENT};
	reply_head(&r, json_object());
	reply_row(&r, json_object());
	reply_end(&r, "refused", "it has gone");
	json_t *j = document_of(&r);
	cr_expect_str_eq(json_string_value(json_object_get(j, "status")), "refused");
	json_decref(j);
	reply_fini(&r);
}

Test(document, lines_have_the_cursor_at_their_end)
{
	struct reply r = {.form = REPLY_LINES};
	reply_next(&r, "here");
	reply_end(&r, "done", NULL);
	json_t *j = document_of(&r);
	json_t *end = json_object_get(j, "end");
	cr_expect_str_eq(json_string_value(json_object_get(end, "next_cursor")), "here");
	json_decref(j);
	reply_fini(&r);
}

Test(document, text_is_the_text_of_its_rows)
{
	struct reply r = {.form = REPLY_TEXT};
	reply_head(&r, json_object());
	reply_row(&r, json_pack("{s:s}", "text", "one\n"));
	reply_row(&r, json_pack("{s:s}", "text", "two\n"));
	reply_end(&r, "done", NULL);
	cr_expect(r.is_ended && r.end == 8 && memcmp(r.data, "one\ntwo\n", 8) == 0);
	reply_fini(&r);
}
