/* A keyed pseudo-random function: its outputs, seen for inputs of one's own, tell nothing about the
 * key or about other outputs.  For what a stranger must not guess: RFC 6528 §3, RFC 4987 §3.6. */
#pragma once

#include "rib/base/units.h"

uint64_t tcp_prf(const uint64_t *word, size_t count, uint64_t key);
