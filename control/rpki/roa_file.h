/* What validators write: VRPs and ASPAs as JSON.
 *
 * One reader for all forms, since they differ in details only:
 *   rpki-client   "roas": [{"asn": 64500, "prefix", "maxLength", "ta"}],
 *                 "aspas": [{"customer_asid": 64500, "providers": [64501]}], before its version 8.7
 *                 "provider_authorizations": {"ipv4": […], "ipv6": […]}
 *   Routinator    "asn": "AS64500"; "aspas": [{"customer": "AS64500", "providers": ["AS64501"]}]
 *   StayRTR, OctoRPKI and the RIPE validator's export: "roas" in either way.
 * Names that we have no use for are passed over.  A file with a mistake anywhere is no file: half
 * of the ROAs of an address holder would make its routes invalid. */
#pragma once

#include "control/rpki/aspa_list.h"
#include "control/rpki/vrp_set.h"

struct roa_file {
	struct vrp_set *vrps;	/* NULL: the file has none. */
	struct aspa_list aspas; /* Without rows: the file has none. */
	size_t left_out;	/* VRPs of other trust anchors. */
};

struct roa_file_opts {
	const char *const *anchors; /* The trust anchors whose VRPs are wanted, any case. */
	unsigned anchor_count;	    /* 0: all. */
};

/* Read all of the text.  False with "LINE:COLUMN: what is wrong" in `why` and nothing in *out. */
bool roa_file_parse(const char *text, size_t len, const struct roa_file_opts *opts,
		    struct roa_file *out, char *why, size_t why_len);
void roa_file_fini(struct roa_file *f);
