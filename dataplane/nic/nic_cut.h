/* What a device makes of a segment that it completes and cuts (nic.h): the frames, one by one.
 *
 * For the in-memory wire and whoever must see on a link what the wire behind it would carry. */
#pragma once

#include "dataplane/nic/nic.h"

/* How many frames it becomes. */
unsigned nic_cut_count(const struct nic_gather *g);
/* The most bytes that one of them has. */
size_t nic_cut_len_max(const struct nic_gather *g);
/* Write frame `number` of them to `to`; its length.  O(spans). */
size_t nic_cut(const struct nic_gather *g, unsigned number, uint8_t *to);
/* Assert what nic.h says of a segment for `n`. */
void nic_cut_check(const struct nic *n, const struct nic_gather *g);
