/* Keyed content hash (XXH3, 64 bit).  Contents are hashed, never addresses, so that every order
 * that follows from a hash is the same on every run. */
#pragma once

#include "rib/base/bytes.h"

uint64_t hash_bytes(const void *data, size_t len, uint64_t key);
/* Mix a word into a running hash (order matters). */
uint64_t hash_mix(uint64_t h, uint64_t v);
