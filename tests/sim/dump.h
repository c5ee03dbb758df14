/* Everything that members received, as an MRT file (RFC 6396, BGP4MP), and the expected tables as
 * text, so that an independent decoder can repeat the oracle's comparison. */
#pragma once

#include "tests/support/speaker.h"

struct dump;

/* Creates received.mrt and expected.txt in `dir`; exits with a message when it cannot. */
struct dump *dump_open(const char *dir);
void dump_close(struct dump *d); /* NULL is allowed. */
/* The number of the history: becomes the timestamp of its records. */
void dump_begin(struct dump *d, uint32_t history);
void dump_message(struct dump *d, const struct speaker_conf *who, const uint8_t *message,
		  size_t len, bool is_up);
/* Members that take path ids (RFC 7911) are left out, for bgpdump cannot know of it. */
bool dump_leaves_out(const struct speaker_conf *who);
/* One line: history|member|prefix|path|origin|next hop|med|community. */
void dump_expect(struct dump *d, const struct speaker_conf *who, const struct naive_prefix *p,
		 const struct naive_attrs *a);
