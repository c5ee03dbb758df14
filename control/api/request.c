/* Request lines: each command's members in one table, each member's reader in another.
 *
 * A line that is not understood is answered with what is wrong and changes nothing.  The reader of
 * a member sees a JSON value of any type and refuses all but its own.
 */
#include "control/api/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"

#define LIMIT_MAX 100000

typedef bool member_read(const json_t *value, struct api_request *out);

static bool read_address(const json_t *value, struct api_request *out)
{
	out->has_address = true;
	return json_is_string(value) && addr_parse(json_string_value(value), &out->address) == 0;
}

static bool read_from(const json_t *value, struct api_request *out)
{
	out->has_from = true;
	return json_is_string(value) && addr_parse(json_string_value(value), &out->from) == 0;
}

static bool read_to(const json_t *value, struct api_request *out)
{
	out->has_to = true;
	return json_is_string(value) && addr_parse(json_string_value(value), &out->to) == 0;
}

static bool read_prefix(const json_t *value, struct api_request *out)
{
	bool has_host_bits = false;
	out->has_prefix = true;
	return json_is_string(value) &&
	       prefix_parse(json_string_value(value), &out->prefix, &has_host_bits) == 0 &&
	       !has_host_bits;
}

const char *api_match_text(unsigned n)
{
	static const char *const names[] = {"exact", "longer", "covering"};
	return n < ARRAY_COUNT(names) ? names[n] : NULL;
}

static bool read_match(const json_t *value, struct api_request *out)
{
	for (unsigned i = 0; json_is_string(value) && api_match_text(i) != NULL; i++) {
		if (strcmp(json_string_value(value), api_match_text(i)) == 0) {
			out->match = (enum api_match)i;
			return true;
		}
	}
	return false;
}

static bool read_filtered(const json_t *value, struct api_request *out)
{
	out->is_filtered = json_is_true(value);
	return json_is_boolean(value);
}

static bool read_best(const json_t *value, struct api_request *out)
{
	out->is_best = json_is_true(value);
	return json_is_boolean(value);
}

static bool read_dry_run(const json_t *value, struct api_request *out)
{
	out->is_dry_run = json_is_true(value);
	return json_is_boolean(value);
}

static bool read_follow(const json_t *value, struct api_request *out)
{
	out->is_following = json_is_true(value);
	return json_is_boolean(value);
}

static bool read_after(const json_t *value, struct api_request *out)
{
	out->after = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_reason(const json_t *value, struct api_request *out)
{
	const char *text = json_string_value(value);
	if (text == NULL || strlen(text) >= sizeof(out->reason)) {
		return false;
	}
	snprintf(out->reason, sizeof(out->reason), "%s", text);
	return true;
}

static bool read_limit(const json_t *value, struct api_request *out)
{
	json_int_t limit = json_integer_value(value);
	out->limit = (uint64_t)limit;
	return json_is_integer(value) && limit >= 1 && limit <= LIMIT_MAX;
}

void api_cursor_format(const struct api_cursor *c, char out[API_CURSOR_TEXT_MAX])
{
	(void)snprintf(out, API_CURSOR_TEXT_MAX, "%u.%u.%u.%u", c->shard, c->family, c->id,
		       c->skip);
}

static bool read_cursor(const json_t *value, struct api_request *out)
{
	char text[API_CURSOR_TEXT_MAX];
	struct api_cursor *c = &out->cursor;
	const char *given = json_string_value(value);
	out->has_cursor = true;
	if (given == NULL ||
	    sscanf(given, "%u.%u.%u.%u", &c->shard, &c->family, &c->id, &c->skip) != 4 ||
	    c->family >= FAMILY_COUNT) {
		return false;
	}
	/* Only what we have written ourselves. */
	api_cursor_format(c, text);
	return strcmp(text, given) == 0;
}

static bool read_origin(const json_t *value, struct api_request *out)
{
	json_int_t origin = json_integer_value(value);
	out->has_origin = true;
	out->origin = (asn_t)origin;
	return json_is_integer(value) && origin >= 0 && origin <= UINT32_MAX;
}

static bool read_as_set(const json_t *value, struct api_request *out)
{
	const char *text = json_string_value(value);
	out->has_as_set = true;
	return text != NULL && irr_name_parse(text, strlen(text), &out->as_set);
}

enum {
	M_ADDRESS,
	M_FROM,
	M_TO,
	M_PREFIX,
	M_MATCH,
	M_FILTERED,
	M_BEST,
	M_REASON,
	M_ORIGIN,
	M_AS_SET,
	M_DRY_RUN,
	M_FOLLOW,
	M_AFTER,
	M_LIMIT,
	M_CURSOR,
	M_COUNT
};

static const struct {
	const char *name;
	member_read *read;
	const char *wanted;
} members[M_COUNT] = {
	[M_ADDRESS] = {"address", read_address, "an IPv4 or IPv6 address"},
	[M_FROM] = {"from", read_from, "an IPv4 or IPv6 address"},
	[M_TO] = {"to", read_to, "an IPv4 or IPv6 address"},
	[M_PREFIX] = {"prefix", read_prefix, "a prefix without host bits"},
	[M_MATCH] = {"match", read_match, "exact, longer or covering"},
	[M_FILTERED] = {"filtered", read_filtered, "true or false"},
	[M_BEST] = {"best", read_best, "true or false"},
	[M_DRY_RUN] = {"dry_run", read_dry_run, "true or false"},
	[M_FOLLOW] = {"follow", read_follow, "true or false"},
	[M_AFTER] = {"after", read_after, "the number of an event"},
	[M_LIMIT] = {"limit", read_limit, "a number from 1 to 100000"},
	[M_CURSOR] = {"cursor", read_cursor, "the 'next_cursor' of an answer"},
	[M_REASON] = {"reason", read_reason, "a text of at most 127 octets"},
	[M_ORIGIN] = {"origin", read_origin, "an AS number"},
	[M_AS_SET] = {"as_set", read_as_set, "an AS-SET such as AS-EXAMPLE, or AS64501"},
};

#define BIT(member) (1u << (member))

static const struct {
	const char *name;
	unsigned allowed, needed;
	bool is_change;
} commands[API_COMMAND_COUNT] = {
	[API_STATUS] = {"status", 0, 0, false},
	[API_NEIGHBORS] = {"neighbors", 0, 0, false},
	[API_NEIGHBOR] = {"neighbor", BIT(M_ADDRESS), BIT(M_ADDRESS), false},
	[API_ENABLE] = {"enable", BIT(M_ADDRESS) | BIT(M_REASON), BIT(M_ADDRESS), true},
	[API_DISABLE] = {"disable", BIT(M_ADDRESS) | BIT(M_REASON), BIT(M_ADDRESS), true},
	[API_RESET] = {"reset", BIT(M_ADDRESS) | BIT(M_REASON), BIT(M_ADDRESS), true},
	[API_REFRESH] = {"refresh", BIT(M_ADDRESS) | BIT(M_REASON), BIT(M_ADDRESS), true},
	[API_ROUTES] = {"routes",
			BIT(M_PREFIX) | BIT(M_MATCH) | BIT(M_FROM) | BIT(M_TO) | BIT(M_FILTERED) |
				BIT(M_BEST) | BIT(M_LIMIT) | BIT(M_CURSOR),
			0, false},
	[API_EXPLAIN] = {"explain", BIT(M_PREFIX) | BIT(M_FROM) | BIT(M_TO), BIT(M_PREFIX), false},
	[API_RPKI] = {"rpki", BIT(M_PREFIX) | BIT(M_ORIGIN), 0, false},
	[API_IRR] = {"irr", BIT(M_AS_SET), 0, false},
	[API_IRR_REFRESH] = {"irr_refresh", BIT(M_AS_SET), 0, true},
	[API_IRR_ACCEPT] = {"irr_accept", BIT(M_AS_SET), BIT(M_AS_SET), true},
	[API_RESTART] = {"restart", BIT(M_REASON), 0, true},
	[API_RELOAD] = {"reload", BIT(M_DRY_RUN), 0, true},
	[API_METRICS] = {"metrics", 0, 0, false},
	[API_EVENTS] = {"events", BIT(M_FOLLOW) | BIT(M_AFTER), 0, false},
};

static bool find_command(const char *name, enum api_command *out)
{
	for (unsigned i = 0; name != NULL && i < API_COMMAND_COUNT; i++) {
		if (strcmp(name, commands[i].name) == 0) {
			*out = (enum api_command)i;
			return true;
		}
	}
	return false;
}

static unsigned find_member(const char *name)
{
	unsigned m = 0;
	while (m < M_COUNT && strcmp(name, members[m].name) != 0) {
		m++;
	}
	return m;
}

static bool fail(struct api_fault *f, const char *member, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool fail(struct api_fault *f, const char *member, const char *format, ...)
{
	va_list args;
	(void)snprintf(f->member, sizeof(f->member), "%s", member);
	va_start(args, format);
	(void)vsnprintf(f->why, sizeof(f->why), format, args);
	va_end(args);
	return false;
}

/* Every member of the object. */
static bool read_members(json_t *root, struct api_request *out, struct api_fault *fault)
{
	unsigned seen = 0;
	const char *name;
	json_t *value;
	json_object_foreach(root, name, value)
	{
		unsigned m = find_member(name);
		if (strcmp(name, "command") == 0) {
			continue;
		}
		if (m == M_COUNT || (commands[out->command].allowed & BIT(m)) == 0) {
			return fail(fault, name, "'%s' has no member '%.64s'",
				    commands[out->command].name, name);
		}
		if (!members[m].read(value, out)) {
			return fail(fault, name, "'%s' must be %s", name, members[m].wanted);
		}
		seen |= BIT(m);
	}
	for (unsigned m = 0; m < M_COUNT; m++) {
		if ((commands[out->command].needed & ~seen & BIT(m)) != 0) {
			return fail(fault, members[m].name, "'%s' needs '%s'",
				    commands[out->command].name, members[m].name);
		}
	}
	return true;
}

/* Members that contradict each other. */
static bool is_consistent(const struct api_request *r, struct api_fault *fault)
{
	if (r->match != API_MATCH_EXACT && !r->has_prefix) {
		return fail(fault, "match", "longer and covering need a prefix");
	}
	if (r->has_to && (r->is_filtered || r->is_best)) {
		return fail(fault, r->is_filtered ? "filtered" : "best",
			    "what goes to a neighbour is neither filtered nor ranked: leave out "
			    "filtered and best");
	}
	if (r->command == API_EXPLAIN && r->has_from == r->has_to) {
		return fail(fault, "from", "explain needs one of 'from' and 'to'");
	}
	if (r->has_origin && !r->has_prefix) {
		return fail(fault, "origin", "an origin needs a prefix");
	}
	if (r->is_filtered && r->is_best) {
		return fail(fault, "best", "a filtered route is never the best one");
	}
	return true;
}

bool api_request_read(json_t *root, struct api_request *out, struct api_fault *out_fault)
{
	struct api_request r = {0};
	if (!find_command(json_string_value(json_object_get(root, "command")), &r.command)) {
		return fail(out_fault, "command", "there is no such command");
	}
	if (!read_members(root, &r, out_fault) || !is_consistent(&r, out_fault)) {
		return false;
	}
	*out = r;
	return true;
}

bool api_request_parse(const char *line, size_t len, struct api_request *out, char *why,
		       size_t why_len)
{
	struct api_fault fault;
	json_error_t error;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	bool is_good = json_is_object(root) ? api_request_read(root, out, &fault)
					    : fail(&fault, "", "the request is no JSON object: %s",
						   root == NULL ? error.text : "another type");
	if (!is_good) {
		(void)snprintf(why, why_len, "%s", fault.why);
	}
	json_decref(root);
	return is_good;
}

bool api_command_is_change(enum api_command command)
{
	ASSERT(command < API_COMMAND_COUNT);
	return commands[command].is_change;
}

const char *api_command_text(enum api_command command)
{
	ASSERT(command < API_COMMAND_COUNT);
	return commands[command].name;
}
