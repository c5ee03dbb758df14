/* MD5 of as many messages as there are words in a vector or two. */
#pragma once

#include "dataplane/tcp/md5_rounds.h"

#define GROUPS_MAX 2

INLINE struct quad quad_load(const struct lanes_state *s, unsigned group)
{
	return (struct quad){word_load(s, 0, group), word_load(s, 1, group), word_load(s, 2, group),
			     word_load(s, 3, group)};
}

INLINE void quad_store(struct lanes_state *s, unsigned group, const struct quad *q)
{
	word_store(s, 0, group, q->a);
	word_store(s, 1, group, q->b);
	word_store(s, 2, group, q->c);
	word_store(s, 3, group, q->d);
}

INLINE void md5_run(struct lanes_state *state, const struct lanes_input *in, size_t blocks,
		    unsigned groups)
{
	struct quad q[GROUPS_MAX];
	struct block block[GROUPS_MAX];

	for (unsigned g = 0; g < groups; g++) {
		q[g] = quad_load(state, g);
	}
	for (size_t at = 0; at < blocks * LANES_BLOCK_HASH; at += LANES_BLOCK_HASH) {
		struct quad was[GROUPS_MAX];

		for (unsigned g = 0; g < groups; g++) {
			was[g] = q[g];
			block_load(&block[g], in->at + g * WIDTH, at);
		}
		md5_block(q, block, groups);
		for (unsigned g = 0; g < groups; g++) {
			q[g].a += was[g].a;
			q[g].b += was[g].b;
			q[g].c += was[g].c;
			q[g].d += was[g].d;
		}
	}
	for (unsigned g = 0; g < groups; g++) {
		quad_store(state, g, &q[g]);
	}
	explicit_bzero(block, groups * sizeof(block[0])); /* The last block has a key in it. */
}
