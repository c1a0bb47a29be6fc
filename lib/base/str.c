#include "base/str.h"

#include <limits.h>

#include "base/must.h"

/* Eight bytes that are all in 0x01..0x7F. */
static bool is_plain_word(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	/* A zero byte borrows from its high bit when 1 is taken from each; all bytes are below 0x80, so no other does. */
	return (word & UINT64_C(0x8080808080808080)) == 0 &&
	       ((word - UINT64_C(0x0101010101010101)) & UINT64_C(0x8080808080808080)) == 0;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The size of the well-formed character at the front (Unicode, table 3-7), 0 when there is none or it is NUL. */
static size_t character_size(const unsigned char *bytes, size_t size)
{
	unsigned char first = bytes[0];
	unsigned char second_min = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	unsigned char second_max = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

	if (first < 0x80)
		return first == 0 ? 0 : 1;
	if (first < 0xC2 || first > 0xF4 || size < 2)
		return 0;
	if (bytes[1] < second_min || bytes[1] > second_max)
		return 0;
	if (first < 0xE0)
		return 2;
	if (size < 3 || !is_continuation(bytes[2]))
		return 0;
	if (first < 0xF0)
		return 3;
	return size >= 4 && is_continuation(bytes[3]) ? 4 : 0;
}

/* Whether all bytes are in 0x01..0x7F, as those of most texts are. The last word may overlap the one before. */
static bool is_plain(struct str text)
{
	if (text.size >= 8) {
		for (size_t at = 0; at + 8 < text.size; at += 8)
			if (!is_plain_word(text.data + at))
				return false;
		return is_plain_word(text.data + text.size - 8);
	}
	for (size_t at = 0; at < text.size; at++)
		if ((unsigned char)(text.data[at] - 1) >= 0x7F)
			return false;
	return true;
}

bool str_is_text(struct str text)
{
	size_t at = 0;

	if (is_plain(text))
		return true;
	while (at < text.size) {
		size_t size;

		if (text.size - at >= 8 && is_plain_word(text.data + at)) {
			at += 8;
			continue;
		}
		size = character_size((const unsigned char *)text.data + at, text.size - at);
		if (size == 0)
			return false;
		at += size;
	}
	return true;
}

size_t str_front(struct str text, uint32_t *ret_code)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	size_t size = text.size == 0 ? 0 : character_size(bytes, text.size);

	if (size == 0)
		return 0;
	*ret_code = size == 1 ? bytes[0] : bytes[0] & (0x7Fu >> size);
	for (size_t i = 1; i < size; i++)
		*ret_code = *ret_code << 6 | (bytes[i] & 0x3F);
	return size;
}

size_t str_write_character(char to[4], uint32_t code)
{
	size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const uint32_t fronts[] = { [1] = 0, [2] = 0xC0, [3] = 0xE0, [4] = 0xF0 };

	for (size_t at = size - 1; at > 0; at--) {
		to[at] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	to[0] = (char)(fronts[size] | code);
	return size;
}

size_t str_characters(struct str text)
{
	size_t characters = 0;

	for (size_t i = 0; i < text.size; i++)
		characters += !is_continuation((unsigned char)text.data[i]);
	return characters;
}

struct str str_prefix(struct str text, size_t size_max)
{
	size_t size = text.size;

	if (size > size_max) {
		size = size_max;
		while (size > 0 && is_continuation((unsigned char)text.data[size]))
			size--;
	}
	return (struct str){ .data = text.data, .size = size };
}

struct str str_prefix_characters(struct str text, size_t characters_max)
{
	size_t size = 0;

	for (size_t i = 0; i < characters_max && size < text.size; i++) {
		size_t next = character_size((const unsigned char *)text.data + size, text.size - size);

		if (next == 0)
			break;
		size += next;
	}
	return (struct str){ .data = text.data, .size = size };
}

bool str_equal_nocase(struct str a, struct str b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	return true;
}

bool str_begins_nocase(struct str text, struct str prefix)
{
	return text.size >= prefix.size && str_equal_nocase((struct str){ .data = text.data, .size = prefix.size }, prefix);
}

struct str str_copy(struct arena *arena, struct str text)
{
	char *copy = text.size < SIZE_MAX ? arena_take_bytes(arena, text.size + 1) : NULL;

	if (copy == NULL)
		return (struct str){ .data = NULL, .size = 0 };
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return (struct str){ .data = copy, .size = text.size };
}

bool str_to_chars(char *chars, size_t chars_size, struct str text)
{
	if (text.size >= chars_size)
		return false;
	if (text.size > 0)
		memcpy(chars, text.data, text.size);
	chars[text.size] = '\0';
	return true;
}

static bool is_one_of(char byte, const char *bytes)
{
	return byte != '\0' && strchr(bytes, byte) != NULL;
}

struct str str_trim(struct str text, const char *blanks)
{
	while (text.size > 0 && is_one_of(text.data[0], blanks))
		text = (struct str){ .data = text.data + 1, .size = text.size - 1 };
	while (text.size > 0 && is_one_of(text.data[text.size - 1], blanks))
		text.size--;
	return text;
}

struct str str_cut(struct str text, char separator, struct str *rest)
{
	const char *found = text.size > 0 ? memchr(text.data, separator, text.size) : NULL;
	struct str before = text;

	if (found == NULL) {
		*rest = STR("");
		return before;
	}
	before.size = (size_t)(found - text.data);
	*rest = (struct str){ .data = found + 1, .size = text.size - before.size - 1 };
	return before;
}

bool str_to_int64(struct str text, long long *ret_number)
{
	bool negative = text.size > 0 && text.data[0] == '-';
	size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
	long long number = 0;

	if (at == text.size)
		return false;
	for (; at < text.size; at++) {
		int digit = text.data[at] - '0';

		if (digit < 0 || digit > 9)
			return false;
		/* Built up on its own side of zero: the lowest number has no positive twin. */
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, negative ? -digit : digit, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

void hex_from_bytes(char *text, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 15];
	}
	text[2 * size] = '\0';
}

bool hex_to_bytes(void *bytes, size_t size, struct str text)
{
	unsigned char *to = bytes;

	if (text.size / 2 != size || text.size % 2 != 0)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (hex_digit(text.data[i]) < 0)
			return false;
	for (size_t i = 0; i < size; i++) {
		unsigned high = (unsigned)hex_digit(text.data[2 * i]);
		unsigned low = (unsigned)hex_digit(text.data[2 * i + 1]);

		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
