/* Events that nobody reports but that can be seen: alarms that begin and end, rules that came into
 * force, changes of the registry.  Looks once a second.  Control thread. */
#pragma once

#include "control/api/feed.h"
#include "control/api/job.h"

struct watch;

/* Both are borrowed, and so is the registrar of the steps' `env`: freed after the watch.  A
 * session's events are told to the tenant that its member has. */
struct watch *watch_new(struct feed *feed, const struct roster *roster);
void watch_free(struct watch *w);
/* In every turn of the control loop. */
void watch_step(struct watch *w, const struct api_env *env, usec_t now);
/* The configuration is another. */
void watch_reload(struct watch *w);

/* Microseconds since 1970. */
uint64_t watch_now_us(void);
