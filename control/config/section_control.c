/* `control`: where state and sockets lie, who may use them, and how much is logged. */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "control/config/loader.h"

/* Room for "-ro" in the name of the read-only socket. */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1 - sizeof("-ro"))

static void read_state_dir(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	(void)target;
	(void)value_copy(l, v, "state_dir", &l->config->control.state_dir);
}

static void read_socket(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	(void)target;
	const char *text;
	if (!value_text(l, v, "socket", &text)) {
		return;
	}
	if (strlen(text) > SOCKET_PATH_MAX) {
		loader_fail(l, &v->at,
			    "the path of 'socket' is %zu characters long; a socket's can have at "
			    "most %zu",
			    strlen(text), (size_t)SOCKET_PATH_MAX);
		return;
	}
	(void)value_copy(l, v, "socket", &l->config->control.socket);
}

static void read_user(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	(void)value_copy(l, v, "user", &l->config->control.user);
}

static void read_read_group(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)key;
	(void)target;
	(void)value_copy(l, v, "read_group", &l->config->control.read_group);
}

static void read_operator_group(struct loader *l, const struct node *key, const struct node *v,
				void *target)
{
	(void)key;
	(void)target;
	(void)value_copy(l, v, "operator_group", &l->config->control.operator_group);
}

static void read_log_level(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	(void)target;
	const char *text;
	if (value_text(l, v, "log_level", &text) &&
	    log_level_parse(text, &l->config->control.log_level) != 0) {
		loader_fail(l, &v->at,
			    "'log_level' must be error, warning, notice, info or debug, not '%s'",
			    text);
	}
}

static const struct key control_key[] = {
	{.name = "state_dir", .read = read_state_dir},
	{.name = "socket", .read = read_socket},
	{.name = "user", .read = read_user},
	{.name = "read_group", .read = read_read_group},
	{.name = "operator_group", .read = read_operator_group},
	{.name = "log_level", .read = read_log_level},
	{.name = "http", .read = read_http},
};
static const struct key_table control_keys = {.where = "control",
					      .keys = control_key,
					      .count = ARRAY_COUNT(control_key),
					      .is_once = true};

void read_control(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	keys_walk(l, v, &control_keys, target);
}
