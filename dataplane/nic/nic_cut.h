/* What a device makes of a segment that it completes and cuts (nic.h): the frames, one by one.
 *
 * For the in-memory wire and whoever must see on a link what the wire behind it would carry. */
#pragma once

#include "dataplane/nic/nic.h"

typedef void nic_cut_each(void *context, const struct frame_buf *frame);
/* Give `each` all frames of `count` segments, one after the other, in memory that is good for the
 * call; asserts what nic.h says of segments for `n`. */
void nic_cut_all(const struct nic *n, const struct nic_gather *in, unsigned count,
		 nic_cut_each *each, void *context);
