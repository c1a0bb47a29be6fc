#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

/*
 * A view of bytes that another object owns (*borrows*). Not terminated; may hold any byte, also NUL. An empty view has size 0 and
 * any data pointer. Used for text (UTF-8, checked on input by str_is_text) and for raw bytes.
 */
struct str {
	const char *data;
	size_t size;
};

#define STR(literal) ((struct str){ .data = (literal), .size = sizeof(literal) - 1 })

static inline struct str str_of(const char *text) /* borrows; text is terminated */
{
	return (struct str){ .data = text, .size = strlen(text) };
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
	return str_equal(a, str_of(text));
}

/* Of ASCII only, whatever the locale. */
static inline char ascii_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* str_equal, and whether `text` begins with `prefix`, where the case of ASCII letters does not count. */
bool str_equal_nocase(struct str a, struct str b);
bool str_begins_nocase(struct str text, struct str prefix);

/* Valid UTF-8 (shortest form, no surrogates, up to U+10FFFF) without a NUL: the values of PostgreSQL's text. */
bool str_is_text(struct str text);

/* Copies into the arena, terminated there too; data is NULL when the arena is full. */
struct str str_copy(struct arena *arena, struct str text);

/* Copies into a fixed member such as char name[64], terminated; false (and nothing written) when it does not fit. */
MUST_CHECK bool str_to_chars(char *chars, size_t chars_size, struct str text);

/* The size of the first character of a text, and its code point; 0: the text is empty or does not begin with valid UTF-8. */
size_t str_front(struct str text, uint32_t *ret_code);

/* Writes a code point (not a surrogate, up to U+10FFFF) as UTF-8: 1 to 4 bytes, their number is returned. */
size_t str_write_character(char to[4], uint32_t code);

/* The number of characters (code points) of a valid text, as people and JSON Schema's maxLength count. */
size_t str_characters(struct str text);

/* The longest prefix of at most size_max bytes that does not end inside a character; borrows. */
struct str str_prefix(struct str text, size_t size_max);

/* The longest prefix of at most so many characters. Any bytes: it ends before the first one that is no text. Borrows. */
struct str str_prefix_characters(struct str text, size_t characters_max);

/* Without the bytes of `blanks` (ASCII) at both ends; borrows. The normal form of external text is text_trim (base/text.h). */
struct str str_trim(struct str text, const char *blanks);

/* Splits at the first `separator`: returns the part before it; *rest is the part after it (empty without a separator). */
struct str str_cut(struct str text, char separator, struct str *rest);

/* A whole decimal number with an optional sign, nothing else; false on overflow or other characters. */
MUST_CHECK bool str_to_int64(struct str text, long long *ret_number);

/* The value of a hexadecimal digit of either case; -1: it is none. */
int hex_digit(char digit);

/* Lower-case hexadecimal; `text` has room for 2 * size + 1. */
void hex_from_bytes(char *text, const void *bytes, size_t size);
MUST_CHECK bool hex_to_bytes(void *bytes, size_t size, struct str text); /* exactly 2 * size hex digits */

#endif
