/* What `control.http` says, as values. */
#include "control/config/http_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void http_conf_init(struct http_conf *c)
{
	*c = (struct http_conf){.rate = HTTP_RATE_DEFAULT};
}

void http_conf_fini(struct http_conf *c)
{
	free(c->certificate);
	free(c->key);
	http_conf_init(c);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool http_conf_equal(const struct http_conf *a, const struct http_conf *b)
{
	bool is_same = a->listen_count == b->listen_count &&
		       is_same_text(a->certificate, b->certificate) &&
		       is_same_text(a->key, b->key) && a->is_plain == b->is_plain &&
		       a->is_glass_public == b->is_glass_public && a->rate == b->rate;
	for (unsigned i = 0; is_same && i < a->listen_count; i++) {
		is_same = addr_equal(&a->listen[i].addr, &b->listen[i].addr) &&
			  a->listen[i].port == b->listen[i].port;
	}
	return is_same;
}

/* A number of digits alone: strtoul would take a sign, or spaces. */
static bool parse_port(const char *text, uint16_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 5 || strspn(text, "0123456789") != len) {
		return false;
	}
	unsigned long port = strtoul(text, NULL, 10);
	if (port == 0 || port > UINT16_MAX) {
		return false;
	}
	*out = (uint16_t)port;
	return true;
}

bool http_listen_parse(const char *text, struct http_listen *out)
{
	char name[ADDR_TEXT_MAX];
	struct http_listen found;
	bool has_brackets = text[0] == '[';
	const char *begin = has_brackets ? text + 1 : text;
	const char *end = has_brackets ? strstr(begin, "]:") : strrchr(begin, ':');
	if (end == NULL || (size_t)(end - begin) >= sizeof(name)) {
		return false;
	}
	memcpy(name, begin, (size_t)(end - begin));
	name[end - begin] = '\0';
	/* RFC 3986 §3.2.2: the brackets are what tells an IPv6 address from its port. */
	if (addr_parse(name, &found.addr) != 0 ||
	    (found.addr.family == FAMILY_IPV6) != has_brackets ||
	    !parse_port(end + (has_brackets ? 2 : 1), &found.port)) {
		return false;
	}
	*out = found;
	return true;
}

char *http_listen_format(const struct http_listen *l, char *out)
{
	char name[ADDR_TEXT_MAX];
	bool is_v6 = l->addr.family == FAMILY_IPV6;
	(void)snprintf(out, HTTP_LISTEN_TEXT_MAX, "%s%s%s:%u", is_v6 ? "[" : "",
		       addr_format(&l->addr, name), is_v6 ? "]" : "", l->port);
	return out;
}
