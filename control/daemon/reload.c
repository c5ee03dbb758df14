/* Reload, in steps: see reload.h.
 *
 * A request ring may be full, so the new configuration stays until the last neighbour's keys are
 * handed on.  A second reload in between starts over from what the first has reached: a neighbour
 * whose keys were taken has them in `running`.
 */
#include "control/daemon/reload.h"

#include <stdlib.h>

#include "control/config/diff.h"
#include "rib/base/check.h"

struct reload {
	struct server *server;
	struct config *running;
	struct config *wanted;		    /* NULL: nothing to do. */
	const struct config_client **order; /* Of wanted. */
	unsigned next;			    /* Neighbour. */
};

struct reload *reload_new(struct server *server, struct config *running)
{
	struct reload *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	*r = (struct reload){.server = server, .running = running};
	return r;
}

static void end(struct reload *r)
{
	free(r->order);
	config_free(r->wanted);
	r->order = NULL;
	r->wanted = NULL;
	r->next = 0;
}

void reload_free(struct reload *r)
{
	if (r != NULL) {
		end(r);
		free(r);
	}
}

static const char *kind_text(const struct auth_keys *keys)
{
	static const char *const texts[] = {
		[SEG_AUTH_NONE] = "none", [SEG_AUTH_MD5] = "TCP-MD5", [SEG_AUTH_AO] = "TCP-AO"};
	return texts[auth_keys_kind(keys)];
}

static bool has_new_keys(const struct config_client *running, const struct config_client *wanted)
{
	const struct auth_keys none = {.count = 0};
	return wanted != NULL && !auth_keys_equal(running->keys != NULL ? running->keys : &none,
						  wanted->keys != NULL ? wanted->keys : &none);
}

/* False when the worker takes no request now. */
static bool hand_on(struct reload *r, peer_id_t peer, const struct config_client *wanted)
{
	char text[ADDR_TEXT_MAX];
	struct config_client *running = &r->running->client[peer];
	struct request request = {.kind = REQUEST_KEYS, .peer = peer};
	if (wanted->keys != NULL) {
		request.auth = auth_new(wanted->keys);
		ASSERT(request.auth != NULL);
	}
	if (!server_request(r->server, &request)) {
		auth_free(request.auth);
		return false;
	}
	const char *resets = auth_keys_kind(running->keys) != auth_keys_kind(wanted->keys)
				     ? "the session starts anew"
				     : NULL;
	log_event(LOG_NOTICE, "keys changed", "peer", addr_format(&running->ip, text), "kind",
		  kind_text(wanted->keys), "detail", resets, NULL);
	config_keys_free(running->keys);
	running->keys = NULL;
	if (wanted->keys != NULL) {
		running->keys = malloc(sizeof(*running->keys));
		ASSERT(running->keys != NULL);
		*running->keys = *wanted->keys;
	}
	return true;
}

void reload_step(struct reload *r)
{
	if (r->wanted == NULL) {
		return;
	}
	for (; r->next < r->running->client_count; r->next++) {
		const struct config_client *running = &r->running->client[r->next];
		const struct config_client *wanted =
			config_find(r->order, r->wanted->client_count, &running->ip);
		if (has_new_keys(running, wanted) && !hand_on(r, (peer_id_t)r->next, wanted)) {
			return;
		}
	}
	end(r);
}

/* What the file says and this server does not do before it is started again. */
static void log_rest(const struct reload *r)
{
	struct config_diff diff;
	config_diff(r->running, r->wanted, &diff);
	for (unsigned i = 0; i < min_u64(diff.count, ARRAY_COUNT(diff.first)); i++) {
		log_event(LOG_NOTICE, "applies at the next start", "what", diff.first[i], NULL);
	}
	if (diff.count > ARRAY_COUNT(diff.first)) {
		log_printf(LOG_NOTICE, "applies at the next start", "and %u more",
			   diff.count - (unsigned)ARRAY_COUNT(diff.first));
	}
}

void reload_begin(struct reload *r, const char *file)
{
	struct config_errors errors;
	struct config *wanted = config_load(file, &errors);
	for (unsigned i = 0; i < errors.count; i++) {
		const struct config_error *e = &errors.item[i];
		log_printf(e->is_warning ? LOG_WARNING : LOG_ERROR, "configuration", "%s:%d:%d: %s",
			   e->file, e->line, e->column, e->text);
	}
	config_errors_free(&errors);
	if (wanted == NULL) {
		log_event(LOG_ERROR, "configuration faulty", "detail",
			  "the running configuration stays as it is", NULL);
		return;
	}
	log_event(LOG_NOTICE, "configuration good", "detail",
		  "keys of neighbours change now, everything else at the next start", NULL);
	end(r);
	r->wanted = wanted;
	r->order = config_order(wanted);
	log_rest(r);
	reload_step(r);
}
