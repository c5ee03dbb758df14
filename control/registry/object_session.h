/* The kinds of objects around a session; included by object.h. */
#pragma once

#include "control/registry/object.h"

struct registry_site {
	struct registry_object object;
	char *name, *description;
	struct prefix pool_ipv4, pool_ipv6;
	struct registry_addrs reserved;
	struct addr server_ipv4, server_ipv6;
	asn_t server_asn;
	bool has_limited;
};

enum session_auth { SESSION_AUTH_NONE, SESSION_AUTH_MD5, SESSION_AUTH_TCP_AO };
enum session_role { /* What we are to the member, RFC 9234; in the order of role_choices. */
		    SESSION_ROLE_NONE,
		    SESSION_ROLE_PROVIDER,
		    SESSION_ROLE_RS,
		    SESSION_ROLE_RS_CLIENT,
		    SESSION_ROLE_CUSTOMER,
		    SESSION_ROLE_PEER
};
enum session_view { VIEW_NONE, VIEW_DEFAULT, VIEW_OWN_TENANT, VIEW_CUSTOMERS_PEERS, VIEW_FULL };
enum session_paths { PATHS_OFF, PATHS_RX, PATHS_TX, PATHS_BOTH };

/* What sessions and templates have in common; a session that is made takes the template's. */
struct registry_session_options {
	uint32_t hold_time; /* Seconds; 0: the configuration's. */
	bool gtsm, passive;
	uint32_t multihop; /* 0: directly connected. */
	uint8_t route_view, add_path, role, authentication;
	uint32_t max_prefix_ipv4, max_prefix_ipv6; /* 0: from the authorisations. */
};

struct registry_template {
	struct registry_object object;
	char *name, *description;
	struct registry_session_options options;
};

#define REGISTRY_FAMILY_BIT(family) (1u << (family))

struct registry_session {
	struct registry_object object;
	registry_id_t tenant, site, template_id;
	asn_t asn;
	struct addr address;
	uint32_t families; /* REGISTRY_FAMILY_BIT()s. */
	struct registry_session_options options;
	char *key; /* In clear: the server needs it.  Never in an answer but the first. */
	uint32_t key_send_id, key_recv_id; /* RFC 5925. */
	char *old_key;			   /* Still taken until old_key_until_s. */
	uint32_t old_key_send_id, old_key_recv_id;
	int64_t old_key_until_s;
	bool is_enabled, is_limited;
	char *description;
};

enum token_role { TOKEN_OPERATOR, TOKEN_VIEWER, TOKEN_TENANT };

struct registry_token {
	struct registry_object object;
	registry_id_t tenant;
	uint8_t role; /* enum token_role */
	char *name;
	char *hash; /* SHA-256 of the secret, in hexadecimal. */
	int64_t expires_s;
};

struct registry_document {
	struct registry_object object;
	registry_id_t tenant;
	char *media_type, *sha256;
	uint32_t size;
	char *data; /* base64; only on its way to the store, never kept in memory. */
};
