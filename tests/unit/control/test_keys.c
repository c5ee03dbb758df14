/* Keys on the control side: what an operator reads of them. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/auth_json.h"
#include "tests/unit/control/fake.h"

/* "TCP-MD5: 12 segments with a wrong digest, last 3 s ago: …" */
Test(auth_json, refused_segments_are_said_in_words)
{
	struct member_status st = {.auth = {.kind = SEG_AUTH_MD5, .key_count = 1}};
	st.drops[TCP_DROP_AUTH_BAD] = 12;
	st.refused_at[AUTH_BAD] = 7 * USEC_PER_SEC;
	json_t *row = auth_json(&st, 10 * USEC_PER_SEC + 1);
	const json_t *bad = json_object_get(json_object_get(row, "refused"), "AUTH_BAD");
	cr_expect_str_eq(json_string_value(json_object_get(bad, "text")),
			 "TCP-MD5: 12 segments with a wrong digest, last 3 s ago: is the password "
			 "the same on both sides?");
	cr_expect(json_integer_value(json_object_get(bad, "count")) == 12);
	cr_expect(json_object_size(json_object_get(row, "refused")) == 1);
	cr_expect(json_object_get(row, "text") == NULL);
	json_decref(row);
}

/* Counts outlive a change of kind, so each verdict needs words under each kind. */
Test(auth_json, every_refusal_has_words_under_every_kind)
{
	for (unsigned kind = SEG_AUTH_NONE; kind <= SEG_AUTH_AO; kind++) {
		struct member_status st = {.auth = {.kind = (uint8_t)kind}};
		for (unsigned v = 1; v < AUTH_VERDICT_COUNT; v++) {
			st.drops[auth_drop((enum auth_verdict)v)] = 1;
		}
		json_t *row = auth_json(&st, USEC_PER_SEC);
		json_t *refused = json_object_get(row, "refused"), *one;
		const char *name;
		cr_expect(json_object_size(refused) == AUTH_VERDICT_COUNT - 1);
		json_object_foreach(refused, name, one)
		{
			const char *text = json_string_value(json_object_get(one, "text"));
			cr_expect(strstr(text, "1 segment ") != NULL &&
					  strstr(text, "(null)") == NULL,
				  "%s: %s", name, text);
		}
		json_decref(row);
	}
}

Test(auth_json, keys_in_use_are_shown_by_their_ids)
{
	struct member_status st = {.auth = {.kind = SEG_AUTH_AO,
					    .key_count = 2,
					    .retired = 1,
					    .has_current = true,
					    .send_id = 7,
					    .want_id = 9,
					    .is_on_retired = true}};
	json_t *row = auth_json(&st, USEC_PER_SEC);
	cr_expect_str_eq(json_string_value(json_object_get(row, "text")),
			 "sends with id 7, asks for id 9; the former key is in use until the "
			 "neighbour has the new one");
	json_decref(row);
}
