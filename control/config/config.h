/* The configuration: YAML in, an immutable struct out, or errors that name place and remedy.
 *
 * Keys are those of docs/guide (dataplane, control, cfg, clients, include).  An unknown key is an
 * error with its line; a key of arouteserver's that is not supported yet is a warning that names
 * it.  All mistakes of a file are reported, not just the first. */
#pragma once

#include <stdio.h>

#include "control/config/http_conf.h"
#include "control/config/policy_conf.h"
#include "control/config/registry_conf.h"
#include "control/config/rpki_conf.h"
#include "control/irr/conf.h"
#include "dataplane/session/session.h"
#include "dataplane/tcp/auth.h"
#include "rib/base/addr.h"
#include "rib/base/log.h"

struct draft_session;

struct config_port {
	char *device;
	unsigned device_idx; /* Ports of one device have the same; from 0 without gaps. */
	uint16_t vlan;	     /* 0: untagged */
	char *kernel;	     /* The tap by which the host shares the port; NULL: it does not. */
	uint16_t mtu;
	unsigned addr_count;
	struct config_port_addr {
		struct addr addr;
		uint8_t prefix_len;
	} addr[16];
	unsigned gateway_count;
	struct addr gateway[8];
};

struct config_client {
	asn_t asn;
	struct addr ip;
	char *description;	     /* NULL when absent. */
	struct session_conf session; /* The session's keys; the rest is the server's to fill in. */
	bool has_local_addr;
	struct addr local_addr; /* `local_address` */
	uint8_t hop_limit_min;	/* `gtsm` and `multihop`; 0: no bound. */
	uint8_t paths_limit;	/* `add_path.limit` */
	struct client_policy policy;
	struct auth_keys *keys; /* `password` or `tcp_ao`; NULL when there are none. */
	char *session_id;	/* Of the registry; NULL: the files have it. */
	bool is_disabled;	/* By the registry: */
	char *disabled_why;	/* in words, for whoever asks and for the member. */
};

struct config {
	struct {
		unsigned workers[64];
		unsigned worker_count;
		bool has_workers;      /* Given, and not chosen by the CPUs that we may use. */
		bool is_busy;	       /* idle: busy */
		bool is_hugepages_off; /* hugepages: off */
		unsigned memory_mib;   /* 0 = omitted */
		unsigned members_max;  /* 0 = omitted: see config_capacity. */
		struct config_port *port;
		unsigned port_count;
		unsigned device_count;
	} dataplane;
	struct {
		char *state_dir;
		char *socket;
		char *user;	  /* Privileges drop to this user; NULL = causeway if it exists. */
		char *read_group; /* May look. */
		char *operator_group; /* May also change. */
		enum log_level log_level;
		struct http_conf http;
	} control;
	struct rpki_conf rpki;
	struct registry_conf registry;
	asn_t rs_as;
	uint16_t paths_sent; /* `add_path.paths`; 0 without clients. */
	struct policy_conf policy;
	struct irr_conf irr;
	struct addr router_id;
	unsigned deferral_s;	      /* `selection_deferral_time` of `cfg.graceful_restart`. */
	struct config_client *client; /* One for each address. */
	unsigned client_count;
	struct draft_session *defaults; /* cfg's keys, for clients that come later. */
};

struct config_error {
	char *file;
	int line, column; /* From 1; 0 when the mistake has no place. */
	bool is_warning;
	char *text; /* "unknown key 'workes'; did you mean 'workers'?" */
};

struct config_errors {
	struct config_error *item;
	unsigned count, error_count;
};

/* Read FILE and what it includes.  NULL when there is any error; warnings may be there either way.
 * The caller frees both.  Control thread. */
struct config *config_load(const char *file, struct config_errors *out_errors);
/* Numbers that the server is to have for members: members_max, else a quarter or 64 more than there
 * are clients, in 64s; with a registry, which has `sessions` now and may grow, a half or 256. */
unsigned config_capacity(const struct config *c, unsigned sessions);
/* The same of a text in memory, as the file `name`. */
struct config *config_parse(const char *name, const char *text, size_t len,
			    struct config_errors *out_errors);
/* Secrets are wiped. */
void config_free(struct config *c);
void config_keys_free(struct auth_keys *k);
void config_errors_free(struct config_errors *e);
/* One "FILE:LINE:COL: text" line for each to `to`. */
void config_errors_print(const struct config_errors *e, FILE *to);
