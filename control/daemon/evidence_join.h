/* Proofs in the running server: what evidence.h needs of the world, of registrar and RPKI.
 *
 * Until the registry is loaded, and while it cannot be written, nothing is looked at.  Control
 * thread. */
#pragma once

#include "control/config/config.h"
#include "control/evidence/evidence.h"
#include "control/rpki/rpki.h"
#include "control/store/registrar.h"

struct evidence_join;

/* All are borrowed; they go after it.  `seed` only spreads visits. */
struct evidence_join *evidence_join_new(struct registrar *registrar, const struct rpki *rpki,
					const struct config *c, uint64_t seed);
void evidence_join_free(struct evidence_join *j); /* NULL is fine. */
/* The contents of the configuration are others. */
void evidence_join_adopt(struct evidence_join *j);
struct evidence *evidence_join_evidence(struct evidence_join *j); /* NULL of NULL. */
unsigned evidence_join_fds(const struct evidence_join *j, struct pollfd out[EVIDENCE_FDS_MAX]);
/* True when there is more to do at once. */
bool evidence_join_step(struct evidence_join *j, usec_t now, int64_t now_s);
