#include "base/base64url.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* -1 for a character outside the alphabet. */
static int digit_of(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	return character == '-' ? 62 : character == '_' ? 63 : -1;
}

void base64url_encode(char *text, const void *bytes, size_t size)
{
	const unsigned char *from = bytes;
	uint32_t bits = 0;
	unsigned bits_count = 0;

	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | from[i];
		for (bits_count += 8; bits_count >= 6; bits_count -= 6)
			*text++ = digits[bits >> (bits_count - 6) & 63];
	}
	if (bits_count > 0)
		*text++ = digits[bits << (6 - bits_count) & 63];
	*text = '\0';
}

bool base64url_decode(void *bytes, size_t *ret_size, struct str text)
{
	unsigned char *to = bytes;
	uint32_t bits = 0;
	unsigned bits_count = 0;
	size_t size = 0;

	if (text.size % 4 == 1)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		int digit = digit_of(text.data[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		bits_count += 6;
		if (bits_count < 8)
			continue;
		bits_count -= 8;
		to[size++] = (unsigned char)(bits >> bits_count);
		bits &= (1U << bits_count) - 1;
	}
	*ret_size = size;
	return bits == 0;
}
