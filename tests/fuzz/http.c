/* Requests of HTTP as far as they are understood by us: path, query, header fields, body; and lines
 * of the control socket.  A request is taken or is refused with a problem, once.
 *
 * Input: "METHOD /PATH?QUERY", header fields, an empty line, and a body. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/api/call.h"
#include "control/api/request.h"
#include "control/http/fields.h"
#include "control/http/page.h"
#include "rib/base/check.h"

static struct config config;
static const struct api_env env = {.config = &config};

static void check_field(const char *value)
{
	char key[CALL_KEY_MAX], tag[TAG_MAX];
	uint64_t revision = 0, again;
	if (tag_match_parse(value, &revision) && revision != 0) {
		ASSERT(tag_match_parse(tag_format(revision, 7, tag), &again) && again == revision);
	}
	(void)tag_none_match(value, tag_format(7, 0, tag));
	const char *token = bearer_of(value);
	ASSERT(token == NULL || *token != '\0');
	if (request_key_parse(value, key, sizeof(key))) {
		ASSERT(strcmp(key, value) == 0 && strlen(key) < sizeof(key));
	}
	if (number_parse(value, &revision)) {
		ASSERT(strspn(value, "0123456789") == strlen(value));
	}
}

/* What is decoded is no longer than it was, and what has no '%' is itself. */
static char *decoded(char *text)
{
	size_t len = strlen(text);
	bool has_escape = strchr(text, '%') != NULL;
	size_t after = unescape(text);
	ASSERT(after == strlen(text) && (has_escape ? after <= len : after == len));
	return text;
}

static bool add_query(struct call *c, char *query)
{
	char *save = NULL;
	for (char *one = strtok_r(query, "&", &save); one != NULL;
	     one = strtok_r(NULL, "&", &save)) {
		char *value = strchr(one, '=');
		if (value != NULL) {
			*value++ = '\0';
		}
		char nothing[1] = "";
		if (!call_add_query(c, decoded(one), value == NULL ? nothing : decoded(value))) {
			return false;
		}
	}
	return true;
}

static void check_answer(const struct call *c)
{
	ASSERT(c->status >= 400 && c->answer == ANSWER_JSON);
	ASSERT(json_string_length(json_object_get(c->json, "detail")) > 0);
	ASSERT(json_string_length(json_object_get(c->json, "title")) > 0);
	char *text = json_dumps(c->json, 0);
	ASSERT(text != NULL);
	free(text);
}

/* Nobody with a token asks here: what is open to all is asked by other tests. */
static void run(struct call *c)
{
	if (c->route->access != ACCESS_ANY && c->route->access != ACCESS_GLASS) {
		call_run(c, 7, 7);
		check_answer(c);
	}
}

static void check_call(enum call_method method, char *target, const char *type, struct span body)
{
	struct call *c = call_new(&env, method);
	char *query = strchr(target, '?');
	if (query != NULL) {
		*query++ = '\0';
	}
	decoded(target);
	(void)page_find(target);
	const char *folder = page_folder(target);
	ASSERT(folder == NULL || folder[strlen(folder) - 1] == '/');
	if (!call_find(c, target)) {
		check_answer(c);
	} else if (query != NULL && !add_query(c, query)) {
		ASSERT(c->query_count == CALL_QUERY_MAX);
	} else if (!call_take_body(c, type, body)) {
		check_answer(c);
	} else {
		uint64_t limit;
		if (call_query_number(c, "limit", (struct call_range){1, 1000, 100}, &limit)) {
			ASSERT(limit >= 1 && limit <= 1000);
			run(c);
		} else {
			check_answer(c);
		}
	}
	call_free(c);
}

static void check_line(struct span in)
{
	struct api_request r;
	char why[300] = "", text[API_CURSOR_TEXT_MAX];
	if (!api_request_parse((const char *)in.data, in.len, &r, why, sizeof(why))) {
		ASSERT(why[0] != '\0' && strlen(why) < sizeof(why));
		return;
	}
	ASSERT(r.command < API_COMMAND_COUNT && strlen(r.reason) < sizeof(r.reason));
	if (r.has_cursor) {
		api_cursor_format(&r.cursor, text);
		ASSERT(strlen(text) < sizeof(text));
	}
}

static void check_request(char *text, size_t len)
{
	enum call_method method;
	char *save = NULL, *type = NULL, nothing[] = "";
	char *body = strstr(text, "\n\n");
	size_t body_len = 0;
	if (body != NULL) {
		*body = '\0';
		body += 2;
		body_len = len - (size_t)(body - text);
	}
	char *line = strtok_r(text, "\n", &save);
	char *target = line == NULL ? NULL : strchr(line, ' ');
	if (target == NULL) {
		return;
	}
	*target++ = '\0';
	for (char *f = strtok_r(NULL, "\n", &save); f != NULL; f = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(f, ':');
		if (value == NULL) {
			continue;
		}
		*value++ = '\0';
		value += strspn(value, " ");
		check_field(value);
		type = strcasecmp(f, "content-type") == 0 ? value : type;
	}
	if (call_method_parse(line, &method)) {
		check_call(method, target, type == NULL ? nothing : type, span_of(body, body_len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	ASSERT(text != NULL);
	check_line(guarded(span_of(data, len)));
	memcpy(text, data, len);
	text[len] = '\0';
	check_request(text, len);
	free(text);
	return 0;
}
