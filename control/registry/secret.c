/* SHA-256 and base64, of nettle. */
#include "control/registry/secret.h"

#include <nettle/base64.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#include "control/registry/memory.h"

char *sha256_text(struct span in, char *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, in.len, in.data);
	sha256_digest(&ctx, sizeof(digest), digest);
	for (unsigned i = 0; i < sizeof(digest); i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * sizeof(digest)] = '\0';
	return out;
}

uint8_t *base64_bytes(const char *text, size_t len, size_t *out_len)
{
	struct base64_decode_ctx ctx;
	uint8_t *bytes = registry_alloc(BASE64_DECODE_LENGTH(len) + 1, 1);
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, out_len, bytes, len, text) || !base64_decode_final(&ctx)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

bool secret_equal(const char *a, const char *b)
{
	size_t len = strlen(a);
	return strlen(b) == len && memeql_sec(a, b, len);
}
