#include "producers/api/reads/cursor.h"

#include "base/base64url.h"
#include "base/buf.h"
#include "base/must.h"

/* version u8 | key: 16 bytes of an id, or be64 | [sort be64] | signature over the context and all of this */
#define VERSION      1
#define PAYLOAD_MAX  (1 + 16 + 8)
#define CURSOR_BYTES (PAYLOAD_MAX + DIGEST_SIZE)

_Static_assert(CURSOR_TEXT_SIZE > BASE64URL_SIZE(CURSOR_BYTES), "a cursor's text fits");

static size_t payload_size(const struct cursor *cursor)
{
	return (size_t)1 + (cursor->key_is_id ? 16U : 8U) + (cursor->has_sort ? 8U : 0U);
}

static void put_be64(uint8_t *bytes, int64_t number)
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
}

static int64_t get_be64(const uint8_t *bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | bytes[i];
	return (int64_t)number;
}

/* The signed bytes: the context, then the payload. */
static struct str signed_content(uint8_t content[DIGEST_SIZE + PAYLOAD_MAX], const uint8_t context[DIGEST_SIZE],
				 const uint8_t *payload, size_t size)
{
	memcpy(content, context, DIGEST_SIZE);
	memcpy(content + DIGEST_SIZE, payload, size);
	return (struct str){ .data = (const char *)content, .size = DIGEST_SIZE + size };
}

void cursor_write(char ret_text[CURSOR_TEXT_SIZE], const struct cursor *cursor, const uint8_t context[DIGEST_SIZE],
		  const uint8_t key[32])
{
	uint8_t content[DIGEST_SIZE + PAYLOAD_MAX];
	uint8_t bytes[CURSOR_BYTES] = { VERSION };
	size_t size = payload_size(cursor);

	if (cursor->key_is_id)
		memcpy(bytes + 1, cursor->id.bytes, 16);
	else
		put_be64(bytes + 1, cursor->number);
	if (cursor->has_sort)
		put_be64(bytes + size - 8, cursor->sort);
	sign(bytes + size, signed_content(content, context, bytes, size), key);
	base64url_encode(ret_text, bytes, size + DIGEST_SIZE);
}

bool cursor_read(struct cursor *cursor, struct str text, const uint8_t context[DIGEST_SIZE], const uint8_t key[32])
{
	uint8_t content[DIGEST_SIZE + PAYLOAD_MAX];
	uint8_t bytes[CURSOR_TEXT_SIZE];
	size_t size = payload_size(cursor);
	size_t decoded;

	if (text.size >= CURSOR_TEXT_SIZE || !base64url_decode(bytes, &decoded, text))
		return false;
	if (decoded != size + DIGEST_SIZE || bytes[0] != VERSION)
		return false;
	if (!sign_check(bytes + size, signed_content(content, context, bytes, size), key))
		return false;
	if (cursor->key_is_id)
		memcpy(cursor->id.bytes, bytes + 1, 16);
	else
		cursor->number = get_be64(bytes + 1);
	if (cursor->has_sort)
		cursor->sort = get_be64(bytes + size - 8);
	return true;
}
