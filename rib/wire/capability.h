/* Capabilities in an OPEN: one row of a table for each that we know.  RFC 5492; private to this
 * folder. */
#pragma once

#include "rib/wire/open.h"

enum { /* IANA's codes. */
       CAP_MULTIPROTOCOL = 1,
       CAP_REFRESH = 2,
       CAP_NEXT_HOP6 = 5,
       CAP_EXTENDED_MESSAGE = 6,
       CAP_ROLE = 9,
       CAP_GRACEFUL = 64,
       CAP_AS4 = 65,
       CAP_ADD_PATH = 69,
       CAP_ENHANCED_REFRESH = 70,
       CAP_LONG_LIVED = 71,
};

enum cap_verdict {
	CAP_OK,	    /* Taken, or not known, or not understood: then nothing changed. */
	CAP_BAD,    /* The OPEN is malformed (RFC 4271 §6.2: subcode 0). */
	CAP_REFUSE, /* `*out_subcode` says why. */
};

/* Take one capability into `o`. */
enum cap_verdict cap_take(uint8_t code, struct span value, struct open *o, uint8_t *out_subcode);
/* What only all of them together can tell. */
void cap_finish(struct open *o);
/* Write all that `o` says, ascending. */
void cap_put_all(struct wr *w, const struct open *o);
