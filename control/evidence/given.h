/* Proofs that somebody gives to us: a signature, RDAP's JSON, a letter.
 *
 * What is given is judged at once.  A good one becomes the body of a VERB_EVIDENCE about the
 * object; a bad one is refused with its reason and changes nothing, so that a slip cannot take away
 * a proof that is there.  Who gives it decides what it is worth:
 *
 *   operator, system   it counts at once: the operator has fetched or compared it
 *   tenant             a letter and RDAP's JSON wait (pending) until an operator approves them, for
 *                      anybody can write them; a signature counts at once when its certificate is
 *                      known, else it waits, too
 *
 * A certificate is known when it was found in RDAP remarks that an operator gave, or when an
 * operator let an earlier signature with it count; for the prefix itself or for one of the same
 * tenant that contains it.  While a proof counts, a tenant cannot put one in its place that would
 * have to wait.
 *
 * Pure; bytes from outside. */
#pragma once

#include "control/evidence/finding.h"
#include "control/registry/error.h"
#include "control/registry/registry.h"
#include "rib/base/bytes.h"

struct registry_author;

struct given {
	const struct registry *registry;
	const struct registry_rules *rules;
	const struct registry_object *object; /* A prefix or (RDAP alone) an ASN. */
	const struct registry_author *author; /* Who gives it. */
	int64_t now_s;
};

/* `body`: {"certificate": PEM, "signature": base64, "message": the text, when it is not the one of
 * given_message()}.
 * All three: the body of a VERB_EVIDENCE (the caller's), or NULL with *out_error. */
json_t *given_signature(const struct given *g, const json_t *body,
			struct registry_error *out_error);
json_t *given_rdap(const struct given *g, struct span json, struct registry_error *out_error);
json_t *given_letter(const struct given *g, struct span pdf, struct registry_error *out_error);
/* Whom the command is from: the system, in the name of who gave it, whose right to the object the
 * caller has checked. */
struct registry_author given_author(const struct given *g);

#define GIVEN_MESSAGE_MAX 1024
/* The text to sign; its length. */
size_t given_message(const struct registry_prefix *p, int64_t now_s, char out[GIVEN_MESSAGE_MAX]);
/* The letter to sign; the caller frees it.  False when memory is short. */
bool given_letter_write(const struct registry *r, const struct registry_rules *rules,
			const struct registry_prefix *p, int64_t now_s, uint8_t **out_pdf,
			size_t *out_len);
