/* Communities as text: standard (RFC 1997), extended (RFC 4360), large (RFC 8092). */
#pragma once

#include "rib/attr/attr.h"

/* "64500:1 65535:666"; "..." at the end when `len` is short.  Values are the attribute's bytes,
 * of a valid length.  All return `buf`. */
char *community_format(struct span value, char *buf, size_t len);
/* "rt:64500:1 ro:192.0.2.1:2 generic:0x43000000:0x1". */
char *community_ext_format(struct span value, char *buf, size_t len);
/* "64500:1:2". */
char *community_large_format(struct span value, char *buf, size_t len);
