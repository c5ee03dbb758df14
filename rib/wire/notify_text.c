/* A NOTIFICATION in words: "UPDATE: Attribute Flags Error (ORIGIN)".
 *
 * The names are IANA's.  The data octets are explained where RFC 4271 §6 or a later document gives
 * them a meaning that helps the operator; elsewhere they are left out.  Everything in them comes
 * from the neighbour: lengths are checked by the cursor, text is made harmless.
 *
 * RFC 4271 §6, RFC 4486, RFC 5492 §5, RFC 6608, RFC 7313 §5, RFC 8538 §3.1, RFC 9003, RFC 9234,
 * RFC 9384, RFC 9687. */
#include "rib/wire/notify.h"

#include "rib/base/check.h"
#include "rib/base/text.h"
#include "rib/wire/attr_row.h"
#include "rib/wire/utf8.h"

#define SUBCODE_MAX 12

struct code_words {
	const char *name;
	const char *subcodes[SUBCODE_MAX];
};

static const struct code_words words[] = {
	[NOTIFY_HEADER] = {"Message Header",
			   {[0] = "Unspecific",
			    [NOTIFY_HEADER_SYNC] = "Connection Not Synchronized",
			    [NOTIFY_HEADER_LENGTH] = "Bad Message Length",
			    [NOTIFY_HEADER_TYPE] = "Bad Message Type"}},
	[NOTIFY_OPEN] = {"OPEN",
			 {[0] = "Unspecific",
			  [NOTIFY_OPEN_VERSION] = "Unsupported Version Number",
			  [NOTIFY_OPEN_PEER_AS] = "Bad Peer AS",
			  [NOTIFY_OPEN_BGP_ID] = "Bad BGP Identifier",
			  [NOTIFY_OPEN_OPTIONAL] = "Unsupported Optional Parameter",
			  [5] = "Authentication Failure", /* Deprecated by RFC 4271. */
			  [NOTIFY_OPEN_HOLD_TIME] = "Unacceptable Hold Time",
			  [NOTIFY_OPEN_CAPABILITY] = "Unsupported Capability",
			  [NOTIFY_OPEN_ROLE] = "Role Mismatch"}},
	[NOTIFY_UPDATE] = {"UPDATE",
			   {[0] = "Unspecific",
			    [NOTIFY_UPDATE_ATTR_LIST] = "Malformed Attribute List",
			    [NOTIFY_UPDATE_WELL_KNOWN_UNKNOWN] =
				    "Unrecognized Well-known Attribute",
			    [NOTIFY_UPDATE_WELL_KNOWN_MISSING] = "Missing Well-known Attribute",
			    [NOTIFY_UPDATE_ATTR_FLAGS] = "Attribute Flags Error",
			    [NOTIFY_UPDATE_ATTR_LENGTH] = "Attribute Length Error",
			    [NOTIFY_UPDATE_ORIGIN] = "Invalid ORIGIN Attribute",
			    [7] = "AS Routing Loop", /* Deprecated by RFC 4271. */
			    [NOTIFY_UPDATE_NEXT_HOP] = "Invalid NEXT_HOP Attribute",
			    [NOTIFY_UPDATE_OPTIONAL_ATTR] = "Optional Attribute Error",
			    [NOTIFY_UPDATE_NETWORK] = "Invalid Network Field",
			    [NOTIFY_UPDATE_AS_PATH] = "Malformed AS_PATH"}},
	[NOTIFY_HOLD_TIMER] = {.name = "Hold Timer Expired"},
	[NOTIFY_FSM] = {"Finite State Machine", /* RFC 6608 */
			{[0] = "Unspecified Error",
			 [1] = "Unexpected Message in OpenSent State",
			 [2] = "Unexpected Message in OpenConfirm State",
			 [3] = "Unexpected Message in Established State"}},
	[NOTIFY_CEASE] = {"Cease",
			  {[0] = "Unspecific",
			   [NOTIFY_CEASE_MAX_PREFIX] = "Maximum Number of Prefixes Reached",
			   [NOTIFY_CEASE_SHUTDOWN] = "Administrative Shutdown",
			   [NOTIFY_CEASE_DECONFIGURED] = "Peer De-configured",
			   [NOTIFY_CEASE_RESET] = "Administrative Reset",
			   [NOTIFY_CEASE_REJECTED] = "Connection Rejected",
			   [NOTIFY_CEASE_CONFIG] = "Other Configuration Change",
			   [NOTIFY_CEASE_COLLISION] = "Connection Collision Resolution",
			   [NOTIFY_CEASE_RESOURCES] = "Out of Resources",
			   [NOTIFY_CEASE_HARD_RESET] = "Hard Reset",
			   [NOTIFY_CEASE_BFD_DOWN] = "BFD Down"}},
	[NOTIFY_REFRESH] = {"ROUTE-REFRESH", {[NOTIFY_REFRESH_LENGTH] = "Invalid Message Length"}},
	[NOTIFY_SEND_HOLD_TIMER] = {.name = "Send Hold Timer Expired"},
};

/* RFC 9003 §2: a length octet, then UTF-8.  A length beyond the data shows what is there. */
static void put_communication(struct text *t, struct rd *data)
{
	size_t len = rd_u8(data);
	struct span s = rd_span(data, (size_t)min_u64(len, rd_left(data)));
	if (s.len == 0) {
		return;
	}
	text_put(t, " (\"");
	while (s.len > 0) {
		uint32_t point = 0;
		size_t n = utf8_next(s, &point);
		if (n > 0 && utf8_is_plain(point)) {
			char character[5] = "";
			memcpy(character, s.data, n);
			text_put(t, character);
		} else {
			text_put(t, "?");
		}
		n += n == 0;
		s = span_of(s.data + n, s.len - n);
	}
	text_put(t, "\")");
}

static void put_attr_name(struct text *t, uint8_t type)
{
	const struct attr_row *row = attr_row_of(type);
	if (row != NULL) {
		text_printf(t, " (%s)", row->name);
	} else {
		text_printf(t, " (attribute %u)", type);
	}
}

/* RFC 4486 §4: AFI, SAFI and the bound, all optional. */
static void put_max_prefix(struct text *t, struct rd *data)
{
	uint16_t afi = rd_u16(data);
	uint8_t safi = rd_u8(data);
	uint32_t bound = rd_u32(data);
	if (!rd_is_ok(data)) {
		return;
	}
	if ((afi == 1 || afi == 2) && safi == 1) {
		text_printf(t, " (IPv%s unicast, limit %u)", afi == 1 ? "4" : "6", bound);
	} else {
		text_printf(t, " (AFI %u SAFI %u, limit %u)", afi, safi, bound);
	}
}

static void put_header_data(struct text *t, uint8_t subcode, struct rd *data)
{
	if (subcode == NOTIFY_HEADER_LENGTH && rd_left(data) >= 2) {
		text_printf(t, " (%u octets)", rd_u16(data));
	} else if (subcode == NOTIFY_HEADER_TYPE && rd_left(data) >= 1) {
		text_printf(t, " (type %u)", rd_u8(data));
	}
}

static void put_open_data(struct text *t, uint8_t subcode, struct rd *data)
{
	if (subcode == NOTIFY_OPEN_VERSION && rd_left(data) >= 2) {
		text_printf(t, " (version %u is supported)", rd_u16(data));
	} else if (subcode == NOTIFY_OPEN_CAPABILITY && rd_left(data) >= 1) {
		text_printf(t, " (capability %u)", rd_u8(data)); /* RFC 5492 §5 */
	}
}

/* RFC 4271 §6.3: the attribute as received (flags, type, ...), or for a missing one its type. */
static void put_update_data(struct text *t, uint8_t subcode, struct rd *data)
{
	bool is_list = subcode == NOTIFY_UPDATE_ATTR_LIST || subcode == NOTIFY_UPDATE_NETWORK;
	if (subcode == NOTIFY_UPDATE_WELL_KNOWN_MISSING && rd_left(data) >= 1) {
		put_attr_name(t, rd_u8(data));
	} else if (!is_list && subcode != NOTIFY_UPDATE_AS_PATH && rd_left(data) >= 3) {
		rd_u8(data);
		put_attr_name(t, rd_u8(data));
	}
}

static void put_data(struct text *t, uint8_t code, uint8_t subcode, struct span bytes)
{
	struct rd data = rd_of(bytes);
	switch (code) {
	case NOTIFY_HEADER:
		put_header_data(t, subcode, &data);
		break;
	case NOTIFY_OPEN:
		put_open_data(t, subcode, &data);
		break;
	case NOTIFY_UPDATE:
		put_update_data(t, subcode, &data);
		break;
	case NOTIFY_FSM: /* RFC 6608 §4. */
		if (rd_left(&data) >= 1) {
			text_printf(t, " (message type %u)", rd_u8(&data));
		}
		break;
	case NOTIFY_CEASE:
		if (subcode == NOTIFY_CEASE_MAX_PREFIX) {
			put_max_prefix(t, &data);
		} else if (subcode == NOTIFY_CEASE_SHUTDOWN || subcode == NOTIFY_CEASE_RESET) {
			put_communication(t, &data);
		}
		break;
	default:
		break;
	}
}

static void put_names(struct text *t, uint8_t code, uint8_t subcode)
{
	if (code >= ARRAY_COUNT(words) || words[code].name == NULL) {
		text_printf(t, "code %u, subcode %u", code, subcode);
		return;
	}
	const struct code_words *c = &words[code];
	text_put(t, c->name);
	if (subcode < SUBCODE_MAX && c->subcodes[subcode] != NULL) {
		text_put(t, ": ");
		text_put(t, c->subcodes[subcode]);
	} else if (subcode != 0) {
		text_printf(t, ": subcode %u", subcode);
	}
}

char *notify_format(const struct notify *n, char *buf, size_t len)
{
	ASSERT(len > 0);
	ASSERT(n->data_len <= NOTIFY_DATA_MAX);
	struct text t = text_of(buf, len);
	put_names(&t, n->code, n->subcode);
	if (n->code == NOTIFY_CEASE && n->subcode == NOTIFY_CEASE_HARD_RESET && n->data_len >= 2) {
		/* RFC 8538 §3.1: inside is the notification that ended the session; one level is
		 * enough, a nested Hard Reset has no meaning. */
		text_put(&t, " (");
		put_names(&t, n->data[0], n->data[1]);
		put_data(&t, n->data[0], n->data[1], span_of(n->data + 2, n->data_len - 2u));
		text_put(&t, ")");
	} else {
		put_data(&t, n->code, n->subcode, span_of(n->data, n->data_len));
	}
	return buf;
}
