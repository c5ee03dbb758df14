/* What the parts of the configuration reader share while files are read. */
#pragma once

#include "control/config/draft_policy.h"
#include "control/config/keys.h"

struct draft_port {
	struct config_port value;
	struct place at, device_at, kernel_at;
	bool has_faulty_addr; /* Reported; the port is not without addresses. */
	struct place addr_at[ARRAY_COUNT(((struct config_port *)0)->addr)];
	struct place gateway_at[ARRAY_COUNT(((struct config_port *)0)->gateway)];
};

#define DEFERRAL_DEFAULT_S 180 /* Longer than the restart time that members are told. */

/* Keys of a client that fall back to cfg's. */
struct draft_session {
	struct set_number hold_s, hold_min_s, is_passive, has_gtsm, hops, has_graceful, stale_s,
		long_stale_s, restart_s, send_hold_s, retry_s, delay_open_s, is_damped,
		accepts_as_set, enforces_first_as, has_graceful_shutdown, graceful_shutdown_pref,
		has_roles, is_role_strict, role, has_extended_message, has_next_hop6,
		has_enhanced_refresh;
	bool has_discard, has_withdraw;
	struct attr_lists lists;
	struct set_number is_path_sender, is_path_receiver, paths_sent, paths_limit;
	struct draft_policy policy;
};

/* A client's keys, and where they stand (line 0: not there). */
struct draft_keys {
	struct auth_keys keys;
	struct place password_at, ao_at;
};

struct draft_client {
	struct config_client value;
	struct place ip_at, local_at;
	struct draft_session session;
};

/* A key of a section that stands once in all files together. */
struct seen_key {
	const struct key *key;
	struct place at;
};

struct seen_list {
	struct seen_key *item;
	unsigned count, max;
};

struct loader {
	struct config *config;
	struct config_errors *errors;
	struct draft_port *port;
	unsigned port_count;
	struct draft_client *client;
	unsigned client_count;
	unsigned draft_count;	      /* Of clients, whose drafts are to be given back. */
	struct draft_session session; /* cfg's. */
	struct draft_general general;
	bool has_rs_as, has_router_id, has_shrink_max;
	bool has_gap; /* A file could not be read: what is missing may stand there. */
	struct addr router_id[8];
	unsigned router_id_count;
	struct place start; /* Of the main file. */
	struct place members_max_at;
	struct seen_list seen;
	bool has_secret; /* The file at hand has keys that hold secrets. */
	/* Called for each file named by `include`. */
	void (*include)(struct loader *l, const struct place *at, const char *path);
	struct file_queue *files;
};

void loader_fail(struct loader *l, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void loader_warn(struct loader *l, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sections; each appends to the loader's drafts. */
extern const struct key_table root_keys;
void read_dataplane(struct loader *l, const struct node *key, const struct node *v, void *target);
void read_control(struct loader *l, const struct node *key, const struct node *v, void *target);
/* section_http.c: `control.http`. */
void read_http(struct loader *l, const struct node *key, const struct node *v, void *target);
void read_cfg(struct loader *l, const struct node *key, const struct node *v, void *target);
void read_clients(struct loader *l, const struct node *key, const struct node *v, void *target);

/* section_session.c: keys whose target is a struct draft_session; and the client's inheritance. */
extern const struct key_table session_keys;
void finish_session(struct loader *l, struct draft_client *client);
/* Set one of them.  Set twice (beside a client's asn and in its cfg) is reported. */
void draft_set(struct loader *l, const struct node *key, struct set_number *out, uint32_t value);
void draft_bool(struct loader *l, const struct node *key, const struct node *v,
		struct set_number *out);
/* A client's value, else cfg's, else the default. */
uint32_t draft_inherit(struct set_number own, struct set_number general, uint32_t otherwise);
void draft_number(struct loader *l, const struct node *key, const struct node *v,
		  struct set_number *out, uint32_t min, uint32_t max);

/* section_filtering.c: cfg's and a client's `filtering`; the target is a struct draft_session. */
extern const struct key_table filtering_keys, client_filtering_keys;
/* section_irr.c: the root key `irr`. */
void read_irr(struct loader *l, const struct node *key, const struct node *v, void *target);
/* section_irrdb.c: `irrdb`, and the root key `asns`. */
extern const struct key_table irrdb_keys, client_irrdb_keys;
void read_asns(struct loader *l, const struct node *key, const struct node *v, void *target);
/* section_limits.c: `max_prefix`. */
extern const struct key_table max_prefix_keys, client_max_prefix_keys;
/* section_general.c: what the server has but once. */
extern const struct key_table rpki_roas_keys, blackhole_keys, client_blackhole_keys, rfc1997_keys;
extern const struct key_table default_route_keys;
void read_rtt_thresholds(struct loader *l, const struct node *key, const struct node *v,
			 void *target);
void read_bogons(struct loader *l, const struct node *key, const struct node *v, void *target);
void read_root_bogons(struct loader *l, const struct node *key, const struct node *v, void *target);
/* section_export.c: a client's `export`. */
void read_export(struct loader *l, const struct node *key, const struct node *v, void *target);

/* section_communities.c */
void read_communities(struct loader *l, const struct node *key, const struct node *v, void *target);
void read_custom_communities(struct loader *l, const struct node *key, const struct node *v,
			     void *target);
/* communities_finish.c */
void finish_communities(struct loader *l);

/* finish_policy.c: defaults and inheritance of the policy keys. */
void finish_policy(struct loader *l);
void finish_client_policy(struct loader *l, struct draft_client *client);

/* section_paths.c: `add_path`, whose target is a struct draft_session; and its inheritance. */
void read_add_path(struct loader *l, const struct node *key, const struct node *v, void *target);
void finish_add_path(struct loader *l, struct draft_client *client);
void finish_paths_sent(struct loader *l); /* The server's. */

/* section_rpki.c: `rpki`; once finish_policy() is done, the files of `cfg.rpki_roas`, too. */
void read_rpki(struct loader *l, const struct node *key, const struct node *v, void *target);
void finish_rpki(struct loader *l);

/* client_make.c: what a client owns. */
void config_client_fini(struct config_client *client);
/* finish.c: one client. */
void finish_client(struct loader *l, struct draft_client *client);

/* section_keys.c: the values of a client's `password` and `tcp_ao`. */
void password_read(struct loader *l, const struct node *key, const struct node *v,
		   struct draft_keys *d);
void tcp_ao_read(struct loader *l, const struct node *key, const struct node *v,
		 struct draft_keys *d);
void draft_keys_check(struct loader *l, const struct draft_keys *d);
/* NULL when there are none. */
struct auth_keys *draft_keys_copy(const struct draft_keys *d);

/* After all files: defaults, inheritance, and what only the whole can show. */
void finish_config(struct loader *l);
