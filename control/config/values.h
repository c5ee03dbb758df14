/* Values of the policy keys that are more than a word: lists of prefixes, of AS numbers, of names.
 *
 * Each reads the whole of a list, reports every faulty item, and gives back what was good.  A list
 * that is not there (nothing behind the key) leaves *out as it is. */
#pragma once

#include "control/config/loader.h"

/* Items {prefix, length, exact | ge, le | max_length, comment}; `has_asn`: and `asn`. */
void values_prefixes(struct loader *l, const struct node *key, const struct node *v, bool has_asn,
		     struct prefix_set **out);
/* The same, but items that have the key `other` are left out; NULL when there is no more. */
void values_prefixes_beside(struct loader *l, const struct node *key, const struct node *v,
			    const char *other, struct prefix_set **out);
/* A list, numbers with commas in between, or one number. */
void values_asns(struct loader *l, const struct node *key, const struct node *v,
		 struct asn_set **out);
/* Texts `AS-X`, `AS64501:AS-X`, `SOURCE::AS-X` or `AS64501` (control/irr/name.h); in capitals. */
void values_as_sets(struct loader *l, const struct node *key, const struct node *v,
		    struct names **out);
/* Of any text; one value is a list of one. */
void values_names(struct loader *l, const struct node *key, const struct node *v,
		  struct names **out);
void values_addrs(struct loader *l, const struct node *key, const struct node *v,
		  struct addrs **out);
