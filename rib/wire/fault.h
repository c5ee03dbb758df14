/* What can be wrong with an UPDATE, and how bad it is.  RFC 7606 §2.
 *
 * A fault is a name that callers count and show; the list is fault.def.  Which verdict it gets is
 * data: a column of the list, or of the attribute's row. */
#pragma once

#include "rib/base/bytes.h"

/* RFC 7606 §2, in order of severity. */
enum verdict {
	VERDICT_OK,
	VERDICT_ATTR_DISCARD,
	VERDICT_TREAT_AS_WITHDRAW,
	VERDICT_AFI_DISABLE,
	VERDICT_SESSION_RESET,
	VERDICT_COUNT
};

enum fault {
	FAULT_NONE,
#define FAULT(name, phrase, section, verdict) FAULT_##name,
#include "rib/wire/fault.def"
#undef FAULT
	FAULT_COUNT
};

/* One fault as it was found. */
struct fault_note {
	uint8_t fault;	 /* enum fault */
	uint8_t verdict; /* enum verdict: RFC 7606's answer to this one. */
	uint8_t type;	 /* The attribute; 0 when it is none. */
	uint16_t offset; /* Octets from the first of the message (its header) to where it stands. */
};

/* "treat-as-withdraw" */
const char *verdict_name(enum verdict verdict);
/* A short fixed phrase, "AS_PATH: AS 0"; generic where the attribute's name belongs to it. */
const char *fault_phrase(enum fault fault);
/* The document that decides, "RFC 7607 §2"; NULL when the attribute's row knows. */
const char *fault_section(enum fault fault);
/* The column `verdict`; VERDICT_OK: the attribute's row decides. */
enum verdict fault_verdict(enum fault fault);
