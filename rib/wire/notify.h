/* NOTIFICATION: what went wrong, as code, subcode and data, and in words.
 * RFC 4271 §4.5 and §6; Cease subcodes RFC 4486, 8538, 9384; shutdown communication RFC 9003;
 * RFC 6608, 7313, 9234, 9687. */
#pragma once

#include "rib/base/bytes.h"

enum notify_code {
	NOTIFY_NONE = 0,
	NOTIFY_HEADER = 1,
	NOTIFY_OPEN = 2,
	NOTIFY_UPDATE = 3,
	NOTIFY_HOLD_TIMER = 4,
	NOTIFY_FSM = 5,
	NOTIFY_CEASE = 6,
	NOTIFY_REFRESH = 7,
	NOTIFY_SEND_HOLD_TIMER = 8, /* RFC 9687 */
};

enum { NOTIFY_HEADER_SYNC = 1, NOTIFY_HEADER_LENGTH = 2, NOTIFY_HEADER_TYPE = 3 };
enum {
	NOTIFY_OPEN_VERSION = 1,
	NOTIFY_OPEN_PEER_AS = 2,
	NOTIFY_OPEN_BGP_ID = 3,
	NOTIFY_OPEN_OPTIONAL = 4,
	NOTIFY_OPEN_HOLD_TIME = 6,
	NOTIFY_OPEN_CAPABILITY = 7,
	NOTIFY_OPEN_ROLE = 11, /* RFC 9234 §4.2 */
};
enum {
	NOTIFY_UPDATE_ATTR_LIST = 1,
	NOTIFY_UPDATE_WELL_KNOWN_UNKNOWN = 2,
	NOTIFY_UPDATE_WELL_KNOWN_MISSING = 3,
	NOTIFY_UPDATE_ATTR_FLAGS = 4,
	NOTIFY_UPDATE_ATTR_LENGTH = 5,
	NOTIFY_UPDATE_ORIGIN = 6,
	NOTIFY_UPDATE_NEXT_HOP = 8,
	NOTIFY_UPDATE_OPTIONAL_ATTR = 9,
	NOTIFY_UPDATE_NETWORK = 10,
	NOTIFY_UPDATE_AS_PATH = 11,
};
enum { NOTIFY_REFRESH_LENGTH = 1 }; /* RFC 7313 §5 */
enum {
	NOTIFY_CEASE_MAX_PREFIX = 1,
	NOTIFY_CEASE_SHUTDOWN = 2,
	NOTIFY_CEASE_DECONFIGURED = 3,
	NOTIFY_CEASE_RESET = 4,
	NOTIFY_CEASE_REJECTED = 5,
	NOTIFY_CEASE_CONFIG = 6,
	NOTIFY_CEASE_COLLISION = 7,
	NOTIFY_CEASE_RESOURCES = 8,
	NOTIFY_CEASE_HARD_RESET = 9, /* RFC 8538 §3.1: another notification lies in the data. */
	NOTIFY_CEASE_BFD_DOWN = 10,  /* RFC 9384 */
};

/* Kept and sent: a shutdown message with its length (RFC 9003 §2) inside a Hard Reset. */
#define NOTIFY_DATA_MAX (2 + 1 + 255)
#define NOTIFY_TEXT_MAX 320

struct notify {
	uint8_t code; /* enum notify_code; NOTIFY_NONE means "no notification". */
	uint8_t subcode;
	uint16_t data_len;
	uint8_t data[NOTIFY_DATA_MAX]; /* For shutdown and reset: length octet, UTF-8 text. */
};

struct notify notify_make(uint8_t code, uint8_t subcode);
/* With data, cut to NOTIFY_DATA_MAX. */
struct notify notify_with(uint8_t code, uint8_t subcode, struct span data);
/* A Cease with a shutdown communication; `text` (may be NULL) is cut at a UTF-8 boundary to 127
 * octets, which receivers of RFC 8203's time take as well.  RFC 9003 §2. */
struct notify notify_shutdown(uint8_t subcode, const char *text);
/* A whole message with header into `buf`; returns its length, 0 when `len` is short. */
size_t notify_encode(const struct notify *n, uint8_t *buf, size_t len);
/* The body (after the 19-byte header) of a received message.  False when shorter than 2 bytes. */
bool notify_decode(struct span body, struct notify *out);
/* In words: "Cease: Administrative Shutdown (\"maintenance\")".  Text from a peer is made safe:
 * control characters and invalid UTF-8 become '?'.  Cut to fit; `len` >= 1.  Returns `buf`. */
char *notify_format(const struct notify *n, char *buf, size_t len);
