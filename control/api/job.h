/* A job: one request's answer, made in slices while the socket drains.
 *
 * The control thread runs jobs under RCU; between two slices it is quiescent, so a job keeps ids
 * and copies, never a published pointer.  A slice is bounded in entries looked at and in rows made,
 * so a million routes stall neither the server nor its memory. */
#pragma once

#include "control/api/reply.h"
#include "control/api/request.h"
#include "control/api/sight.h"
#include "control/config/diff.h"
#include "control/config/roster.h"
#include "control/policy/desk.h"
#include "control/rpki/rpki.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

struct registrar;
struct evidence;
struct http_counts;

/* How many entries a slice may look at. */
#define JOB_SLICE 4096

/* What the daemon is asked to do after the answer. */
struct api_wish {
	bool is_restart;
	uid_t uid;
	char reason[128];
};

/* What a reload finds, and what it is refused for. */
struct reload_report {
	bool is_dry; /* Nothing is done about it. */
	struct config_errors errors;
	struct config_diff diff;
	char refusal[256]; /* "": it is not. */
	/* Of a dry run: what the rules would make of the routes that there are. */
	struct {
		uint64_t all, to_rejected, to_accepted, other_reason, gone;
	} routes;
	struct reload_trial *trial; /* The daemon's, while they are counted; NULL: they are not. */
	void (*trial_free)(struct reload_trial *t);
};
void reload_report_fini(struct reload_report *r);

/* The daemon's way to do it. */
struct api_reload {
	void *context;
	/* Read the files, find what differs, and (unless `is_dry`) begin to apply it.  The caller
	 * ends the report. */
	void (*begin)(void *context, bool is_dry, uid_t uid, struct reload_report *out);
	/* Count some more routes; true when all were looked at.  Online. */
	bool (*count)(void *context, struct reload_report *r);
	/* Everything that was begun is applied. */
	bool (*is_done)(const void *context);
};

#define REGISTRY_SLOW_US (100 * USEC_PER_MSEC) /* A change should be in force by then. */

/* How the registry does as a source of members and rules. */
struct registry_numbers {
	bool is_on;	   /* There is one. */
	const char *state; /* Of the registrar; and why, "" when it is ready. */
	const char *why;
	uint64_t revision, revision_in_force; /* Known here; by which every worker judges. */
	/* From a change's commit until it is in force: the last, and the longest; how many were
	 * measured, and how many were slow. */
	usec_t took_us, took_us_max;
	uint64_t changes, slow;
	unsigned pending;	    /* Changes not in force yet. */
	unsigned sessions, refused; /* Of our site; of these cannot be members. */
	bool has_duty;		    /* Of several servers this one looks at proofs. */
};

/* The description of the API, made for who asks first and kept; also as it is sent. */
struct api_description {
	json_t *json;
	char *text;
	size_t text_len;
};
void api_description_fini(struct api_description *d);

/* What answers are made of. */
struct api_env {
	struct server *server;
	const struct config *config; /* That is in force; a reload changes both. */
	const struct roster *roster;
	struct state *state;
	struct rpki *rpki;		  /* NULL: not there. */
	struct irr *irr;		  /* NULL: not there. */
	const struct policy *policy;	  /* That is published; NULL: there are no rules. */
	struct policy_desk_numbers rules; /* How they came about. */
	struct registry_numbers registry;
	usec_t started;	   /* Monotonic. */
	int64_t started_s; /* Seconds since 1970. */
	struct busy_meter *busy;
	const char *config_file;
	struct api_wish *wish;
	const struct api_reload *reload;
	struct feed *feed;		/* NULL: not there. */
	const struct http_counts *http; /* NULL: does not listen. */
	/* [peer]: when the session was established last, since 1970; 0: never.  NULL: not kept. */
	const usec_t *established_us;
	struct registrar *registrar; /* NULL: there is no registry. */
	/* Why a session of the registry's is no member of ours; NULL: nothing is known.  Borrowed
	 * until the registry's next change. */
	const char *(*session_problem)(const void *members, const char *session);
	const void *members;
	struct evidence *evidence;	     /* NULL: there is none. */
	struct api_description *description; /* NULL: it is made for each who asks. */
};

struct job {
	/* One slice; true when the answer is complete. */
	bool (*step)(struct job *j, const struct api_env *env, struct reply *out, usec_t now);
	void (*free)(struct job *j);
	struct api_request request;
	uid_t uid;		    /* Who asks. */
	char by[REGISTRY_NAME_MAX]; /* The same, by the name of a token; "": has none. */
	struct sight sight;	    /* All, unless the maker says otherwise. */
	bool is_waiting; /* For somebody else: the next turn of the loop is soon enough. */
};

struct job *job_status(const struct api_request *r);
struct job *job_neighbors(const struct api_request *r, const struct api_env *env);
struct job *job_routes(const struct api_request *r);
struct job *job_explain(const struct api_request *r);
struct job *job_change(const struct api_request *r);
struct job *job_rpki(const struct api_request *r);
struct job *job_irr(const struct api_request *r);
struct job *job_restart(const struct api_request *r);
struct job *job_reload(const struct api_request *r);
struct job *job_events(const struct api_request *r);
void job_free(struct job *j);

/* The member with this address that the job may tell of, as much as `degree`; else PEER_NONE. */
peer_id_t job_find(const struct job *j, const struct api_env *env, const struct addr *addr,
		   enum sight_degree degree);
/* The member with this address; PEER_NONE when none is configured. */
peer_id_t env_find(const struct api_env *env, const struct addr *addr);
/* End with not_found and "ADDRESS is not a configured neighbour". */
void end_unknown(struct reply *out, const struct addr *addr);
