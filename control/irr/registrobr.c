/* Lines of fields between bars.  A field that is no prefix (a company's number has a slash, too) is
 * passed over, as is a line without an AS. */
#include "control/irr/registrobr.h"

#include <stdlib.h>

#include "control/irr/name.h"
#include "rib/base/check.h"

void registrobr_parse_init(struct registrobr_parse *p, const char *text, size_t len)
{
	*p = (struct registrobr_parse){.text = text, .len = len};
}

void registrobr_parse_fini(struct registrobr_parse *p)
{
	free(p->rule);
	*p = (struct registrobr_parse){.text = NULL};
}

static void append(struct registrobr_parse *p, const struct prefix *prefix, asn_t origin)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity == 0 ? 1024 : p->capacity * 2;
		struct prefix_rule *grown = realloc(p->rule, p->capacity * sizeof(*grown));
		ASSERT(grown != NULL);
		p->rule = grown;
	}
	p->rule[p->count++] = (struct prefix_rule){.prefix = *prefix,
						   .ge = prefix->len,
						   .le = (uint8_t)family_bits(prefix->family),
						   .origin = origin};
}

static void take_field(struct registrobr_parse *p, const char *field, size_t len, asn_t origin)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix prefix;
	bool has_host_bits = false;
	if (len >= sizeof(text) || memchr(field, '/', len) == NULL) {
		return;
	}
	memcpy(text, field, len);
	text[len] = '\0';
	if (prefix_parse(text, &prefix, &has_host_bits) == 0 && !has_host_bits) {
		append(p, &prefix, origin);
	}
}

static void take_line(struct registrobr_parse *p, const char *line, size_t len)
{
	struct irr_name as = {.asn = 0};
	for (size_t at = 0, field = 0; at <= len; field++) {
		const char *bar = at < len ? memchr(line + at, '|', len - at) : NULL;
		size_t end = bar != NULL ? (size_t)(bar - line) : len;
		if (field == 0 && (!irr_name_parse(line, end, &as) || as.asn == 0)) {
			return;
		}
		if (field > 0) {
			take_field(p, line + at, end - at, as.asn);
		}
		at = end + 1;
	}
}

bool registrobr_parse_step(struct registrobr_parse *p, size_t lines_max)
{
	for (size_t i = 0; i < lines_max && p->at < p->len; i++) {
		const char *line = p->text + p->at;
		const char *newline = memchr(line, '\n', p->len - p->at);
		size_t len = newline != NULL ? (size_t)(newline - line) : p->len - p->at;
		size_t text_len = len > 0 && line[len - 1] == '\r' ? len - 1 : len;
		take_line(p, line, text_len);
		p->at += newline != NULL ? len + 1 : len;
	}
	return p->at == p->len;
}

struct prefix_set *registrobr_parse_take(struct registrobr_parse *p)
{
	return p->count > 0 ? prefix_set_new(p->rule, p->count) : NULL;
}
