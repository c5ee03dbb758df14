/* Objects out of JSON: what the store kept, and what callers write. */
#include "control/registry/field_own.h"

#include "control/registry/memory.h"

/* Members that stand before the table's: not for callers to write. */
static const char *const head[] = {"id", "revision", "created_at", "updated_at", "kind"};

static bool is_head(const char *name)
{
	for (unsigned i = 0; i < ARRAY_COUNT(head); i++) {
		if (strcmp(head[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static bool read_time(const json_t *v, int64_t *out)
{
	return json_is_null(v) ||
	       (json_is_string(v) && registry_time_parse(json_string_value(v), out));
}

static bool read_head(struct registry_object *o, const json_t *json, struct registry_error *e)
{
	const json_t *revision = json_object_get(json, "revision");
	const char *id = json_string_value(json_object_get(json, "id"));
	enum registry_kind kind;
	if (id == NULL || !registry_kind_of_id(id, &kind) || kind != o->kind) {
		return registry_fail(e, 422, "form", "/id", "There is no id of a %s.",
				     registry_kind_text(o->kind));
	}
	if (!json_is_integer(revision) || json_integer_value(revision) < 0 ||
	    !read_time(json_object_get(json, "created_at"), &o->created_s) ||
	    !read_time(json_object_get(json, "updated_at"), &o->updated_s)) {
		return registry_fail(e, 422, "form", "/revision",
				     "revision, created_at or updated_at of %s is wrong.", id);
	}
	memcpy(o->id.text, id, REGISTRY_ID_LEN);
	o->revision = (uint64_t)json_integer_value(revision);
	return true;
}

struct registry_object *registry_object_from_json(enum registry_kind kind, const json_t *json,
						  struct registry_error *out_error)
{
	const struct field_table *t = registry_fields(kind);
	if (!json_is_object(json)) {
		registry_fail(out_error, 422, "form", "", "The %s has to be an object.",
			      registry_kind_text(kind));
		return NULL;
	}
	struct registry_object *o = registry_object_new(kind);
	bool is_good = read_head(o, json, out_error);
	for (size_t i = 0; is_good && i < t->count; i++) {
		const struct field *f = &t->field[i];
		/* What another version of ours did not have is as it is in a new object; what
		 * this one does not know is left out. */
		const json_t *v = json_object_get(json, f->name);
		if (v != NULL && (f->flags & FIELD_BULK) == 0) {
			is_good = field_read(f, v, field_in(f, o), "", out_error);
		}
	}
	if (!is_good) {
		registry_object_free(o);
		return NULL;
	}
	return o;
}

static bool may_write(const struct field *f, enum registry_role role, bool is_new)
{
	if ((f->flags & FIELD_CREATE) != 0 && !is_new) {
		return false;
	}
	if (role == ROLE_OPERATOR || role == ROLE_SYSTEM) {
		return (f->flags & (FIELD_TENANT | FIELD_OPERATOR)) != 0;
	}
	return role == ROLE_TENANT && (f->flags & FIELD_TENANT) != 0;
}

/* Whoever reads an object, changes a member and sends it whole may send what it cannot write, as
 * long as it is what is there. */
static bool is_unchanged(const json_t *now, const char *name, const json_t *value)
{
	const json_t *v = json_object_get(now, name);
	return v != NULL && json_equal(v, value);
}

static bool merge_member(struct registry_object *o, const char *name, const json_t *value,
			 enum registry_role role, const json_t *now, struct registry_error *e)
{
	const struct field *f = field_find(registry_fields(o->kind), name);
	bool is_new = o->revision == 0;
	char pointer[96] = "/";
	strncat(pointer, name, 60);
	if (f != NULL && may_write(f, role, is_new)) {
		return field_read(f, value, field_in(f, o), "", e);
	}
	/* `remedy` and `checks` are computed when an object is shown. */
	bool is_known = f != NULL || is_head(name) || strcmp(name, "remedy") == 0 ||
			strcmp(name, "checks") == 0;
	if (!is_known) {
		return registry_fail(e, 422, "unknown-member", pointer, "No %s has a member %.60s.",
				     registry_kind_text(o->kind), name);
	}
	if (is_unchanged(now, name, value) || (f == NULL && !is_new && !is_head(name))) {
		return true;
	}
	return registry_fail(
		e, 422, "read-only", pointer, "%s of a %s is not yours to write%s.", name,
		registry_kind_text(o->kind),
		f != NULL && (f->flags & FIELD_CREATE) != 0 && !is_new ? " once it is made" : "");
}

static bool needed_are_there(const struct registry_object *o, const json_t *body,
			     struct registry_error *e)
{
	const struct field_table *t = registry_fields(o->kind);
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		bool is_given = json_object_get(body, f->name) != NULL ||
				(f->type == FIELD_ID &&
				 ((const registry_id_t *)field_of(f, o))->text[0] != '\0');
		if ((f->flags & FIELD_NEEDED) != 0 && !is_given) {
			char pointer[96] = "/";
			strncat(pointer, f->name, 60);
			return registry_fail(e, 422, "missing-member", pointer,
					     "The %s needs a member %s: %s",
					     registry_kind_text(o->kind), f->name, f->text);
		}
	}
	return true;
}

bool registry_object_merge(struct registry_object *o, const json_t *body, enum registry_role role,
			   bool is_new, struct registry_error *out_error)
{
	if (!json_is_object(body)) {
		return registry_fail(out_error, 422, "form", "", "The %s has to be an object.",
				     registry_kind_text(o->kind));
	}
	ASSERT(is_new == (o->revision == 0));
	json_t *now = registry_object_json(o, REGISTRY_VIEW_API);
	json_object_set_new(now, "kind", json_string(registry_kind_text(o->kind)));
	bool is_good = !is_new || needed_are_there(o, body, out_error);
	json_t *walk = (json_t *)(uintptr_t)body; /* jansson's walk knows no const. */
	for (void *i = json_object_iter(walk); is_good && i != NULL;
	     i = json_object_iter_next(walk, i)) {
		is_good = merge_member(o, json_object_iter_key(i), json_object_iter_value(i), role,
				       now, out_error);
	}
	json_decref(now);
	return is_good;
}
