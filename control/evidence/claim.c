#include "control/evidence/claim.h"

#include <string.h>

#include "rib/base/text.h"

static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

enum claim_token claim_find_token(const char *text, size_t len, const char *token)
{
	const size_t key_len = strlen(CLAIM_TOKEN_KEY), token_len = strlen(token);
	const char *at = text, *end = text + len;
	enum claim_token found = CLAIM_TOKEN_NONE;
	while ((at = memmem(at, (size_t)(end - at), CLAIM_TOKEN_KEY, key_len)) != NULL) {
		at += key_len;
		const char *word = at;
		while (at < end && is_token_byte(*at)) {
			at++;
		}
		if (token_len > 0 && (size_t)(at - word) == token_len &&
		    memcmp(word, token, token_len) == 0) {
			return CLAIM_TOKEN_FOUND;
		}
		found = CLAIM_TOKEN_OTHER;
	}
	return found;
}

char *claim_origins(const struct claim *c, char out[CLAIM_ORIGINS_MAX])
{
	struct text t = text_of(out, CLAIM_ORIGINS_MAX);
	for (unsigned i = 0; i < c->origin_count; i++) {
		text_printf(&t, "%sAS%u", i > 0 ? ", " : "", c->origins[i]);
	}
	return out;
}
