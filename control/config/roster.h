/* Who has which number.
 *
 * The server calls members by numbers (peer_id_t), and while it runs clients come and go: a number
 * is no place in the configuration.  At the start they are the same; after that whoever adds or
 * removes members keeps the roster.  A member that was removed stays known by name until another
 * has its number, for what is still told of it.
 *
 * As who receives, a number stays something while nobody has it: what sets of attributes say of
 * their receivers is said of it, too.  So numbers are *kept* as they would be in one of three
 * views, and who gets one of its own view, or nearly so, changes nothing for the routes of others.
 * Who leaves keeps its number like that; where none of a view is left, half of another's become
 * it, together with the one that has to.  Control thread. */
#pragma once

#include "control/config/config.h"

/* Whose routes a number hears that nobody has. */
enum keep { KEEP_FULL, KEEP_CUSTOMERS_PEERS, KEEP_NONE, KEEP_COUNT };

struct roster_row {
	const struct config_client *client; /* NULL: nobody has the number, or not any more. */
	struct addr addr;		    /* Of who has it, or had it last, */
	asn_t asn;			    /* and its AS; 0: nobody ever did. */
};

struct roster {
	unsigned capacity; /* The server's. */
	/* Numbers of clients by address: chains of those whose addresses fall together. */
	unsigned bucket_count;	    /* A power of two. */
	peer_id_t *bucket;	    /* [bucket_count]; PEER_NONE: nobody. */
	peer_id_t *next;	    /* [capacity] */
	uint64_t *kept[KEEP_COUNT]; /* Bits, each number in one of them. */
	struct roster_row row[];
};

/* The configuration's clients by their places; borrowed until they are set anew. */
struct roster *roster_new(const struct config *c, unsigned capacity);
void roster_free(struct roster *r);
/* NULL when nobody has the number now. */
const struct config_client *roster_client(const struct roster *r, peer_id_t peer);
/* PEER_NONE when it is nobody's address. */
peer_id_t roster_find(const struct roster *r, const struct addr *addr);
/* `client` is borrowed until it is set anew. */
void roster_set(struct roster *r, peer_id_t peer, const struct config_client *client);
void roster_remove(struct roster *r, peer_id_t peer);
/* As which number this client begins with the least difference. */
enum keep keep_of(const struct config_client *client);
/* The numbers, as bits, that are kept so or would be. */
const uint64_t *roster_kept(const struct roster *r, enum keep keep);
/* A number was taken for a client of another kind: half of those kept like it become of its. */
void roster_share(struct roster *r, peer_id_t taken, enum keep keep);
