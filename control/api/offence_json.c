/* What was wrong, and the message; see offence_json.h. */
#include "control/api/offence_json.h"

json_t *offence_json(const struct server *s, peer_id_t peer, usec_t now)
{
	struct member_offence o;
	char text[OFFENCE_TEXT_MAX], hex[OFFENCE_TEXT_MAX];
	if (!server_member_offence(s, peer, &o)) {
		return NULL;
	}
	usec_t age = now > o.at ? now - o.at : 0;
	return json_pack("{s:I, s:s, s:s}", "age_s", (json_int_t)(age / USEC_PER_SEC), "text",
			 offence_format(&o.message, text, sizeof(text)), "message",
			 offence_hex(&o.message, hex, sizeof(hex)));
}
