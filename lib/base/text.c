#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/array.h"

enum class {
	CLASS_PLAIN,
	CLASS_SPACE,         /* U+0020 */
	CLASS_BLANK,         /* Zs but U+0020 */
	CLASS_SEPARATOR,     /* Zl, Zp */
	CLASS_CONTROL,       /* Cc */
	CLASS_CONTROL_BLANK, /* Cc that is white space */
	CLASS_INVISIBLE,     /* Cf, default-ignorable, the blank Braille pattern */
	CLASS_JOINER,        /* U+200C, U+200D */
	CLASS_SELECTOR,      /* variation selectors */
	CLASS_DAMAGE,        /* U+FFFC, U+FFFD, noncharacters */
	CLASS_PRIVATE,       /* Co */
	CLASS_UNCOMPOSED,    /* NFC replaces it */
	CLASS_COMPOSED,      /* of a letter and a mark, and NFC keeps it */
	CLASS_MARK,          /* combining class above 0 */
};

struct range {
	uint32_t first;
	uint32_t last;
	enum class class;
};

struct pair {
	uint32_t first;
	uint32_t second;
};

/* clang-format off */
#include "base/text_table.inc"
/* clang-format on */

static int compare_range(const void *key, const void *element)
{
	uint32_t code = *(const uint32_t *)key;
	const struct range *range = element;

	return code < range->first ? -1 : code > range->last;
}

/* Those that can be seen, and the space. */
static bool is_ascii(uint32_t code)
{
	return code >= 0x20 && code < 0x7F;
}

static enum class class_of(uint32_t code) {
	const struct range *range;

	if (is_ascii(code)) return code == 0x20 ? CLASS_SPACE : CLASS_PLAIN;
	range = bsearch(&code, ranges, COUNT(ranges), sizeof(ranges[0]), compare_range);
	return range == NULL ? CLASS_PLAIN : range->class;
}

static int compare_pair(const void *key, const void *element)
{
	const struct pair *a = key;
	const struct pair *b = element;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->second < b->second ? -1 : a->second > b->second;
}

/* Korean syllables are composed by number (Unicode 3.12), all others by the table. */
static bool composes(uint32_t first, uint32_t second)
{
	struct pair pair = { first, second };

	if (is_ascii(second)) /* marks come later, and so the most of all texts needs no search */
		return false;
	if (first >= 0x1100 && first <= 0x1112 && second >= 0x1161 && second <= 0x1175)
		return true;
	if (first >= 0xAC00 && first <= 0xD7A3 && (first - 0xAC00) % 28 == 0 && second >= 0x11A8 && second <= 0x11C2)
		return true;
	return bsearch(&pair, pairs, COUNT(pairs), sizeof(pairs[0]), compare_pair) != NULL;
}

/* Whether a joiner changes the shape of letters in the character's script: Arabic to Sinhala, Myanmar, Khmer, Mongolian and
 * supplements. */
static bool is_of_joining_script(uint32_t code)
{
	static const struct pair scripts[] = {
		{ 0x0620, 0x0DFF }, { 0x1000, 0x109F }, { 0x1780, 0x18AA }, { 0xA840, 0xA8FF },
		{ 0xA9E0, 0xAA7F }, { 0xFB50, 0xFDFF }, { 0xFE70, 0xFEFC }, { 0x11000, 0x11FFF },
	};

	for (size_t i = 0; i < COUNT(scripts); i++) {
		if (code >= scripts[i].first && code <= scripts[i].second)
			return true;
	}
	return false;
}

/* ---- characters ---- */

struct character {
	uint32_t code;
	enum class class;
	size_t size;
};

/* The character at the front of a text that is not empty; a byte that belongs to none counts as a control character. */
static struct character front(struct str text)
{
	struct character character = { .class = CLASS_CONTROL, .size = 1 };
	uint32_t code = (unsigned char)text.data[0];
	size_t size = is_ascii(code) ? 1 : str_front(text, &code);

	if (size > 0)
		character = (struct character){ .code = code, .class = class_of(code), .size = size };
	return character;
}

/* The last character of a text that is not empty. */
static struct character back(struct str text)
{
	size_t at = text.size - 1;
	struct character character;

	while (at > 0 && text.size - at < 4 && (text.data[at] & 0xC0) == 0x80)
		at--;
	character = front((struct str){ .data = text.data + at, .size = text.size - at });
	if (character.size != text.size - at)
		return (struct character){ .class = CLASS_CONTROL, .size = 1 };
	return character;
}

/* Whether a joiner or a selector follows a character that it can change. */
static bool is_shaping(const struct character *character, const struct character *before)
{
	switch (before->class) {
	case CLASS_PLAIN:
	case CLASS_UNCOMPOSED:
	case CLASS_COMPOSED:
	case CLASS_MARK:
		return before->size > 0 && (character->class == CLASS_SELECTOR || is_of_joining_script(before->code));
	case CLASS_SPACE:
	case CLASS_BLANK:
	case CLASS_SEPARATOR:
	case CLASS_CONTROL:
	case CLASS_CONTROL_BLANK:
	case CLASS_INVISIBLE:
	case CLASS_JOINER:
	case CLASS_SELECTOR:
	case CLASS_DAMAGE:
	case CLASS_PRIVATE:
		break;
	}
	return false;
}

/* ---- the ends ---- */

static bool is_nothing_at_an_end(const struct character *character, const struct character *before, enum text_kind kind)
{
	switch (character->class) {
	case CLASS_SPACE:
	case CLASS_BLANK:
	case CLASS_SEPARATOR:
	case CLASS_CONTROL_BLANK:
	case CLASS_INVISIBLE:
		return true;
	case CLASS_JOINER:
	case CLASS_SELECTOR:
		return (kind != TEXT_PROSE && kind != TEXT_LINES) || !is_shaping(character, before);
	case CLASS_PLAIN:
	case CLASS_CONTROL:
	case CLASS_DAMAGE:
	case CLASS_PRIVATE:
	case CLASS_UNCOMPOSED:
	case CLASS_COMPOSED:
	case CLASS_MARK:
		break;
	}
	return false;
}

struct str text_trim(struct str text, enum text_kind kind)
{
	static const struct character none;

	if (kind == TEXT_RAW)
		return text;
	while (text.size > 0) {
		struct character character = front(text);

		if (!is_nothing_at_an_end(&character, &none, kind))
			break;
		text = (struct str){ .data = text.data + character.size, .size = text.size - character.size };
	}
	while (text.size > 0) {
		struct character character = back(text);
		struct str rest = { .data = text.data, .size = text.size - character.size };
		struct character before = rest.size > 0 ? back(rest) : none;

		if (!is_nothing_at_an_end(&character, &before, kind))
			break;
		text = rest;
	}
	return text;
}

/* ---- the inside ---- */

/* Marks may stand in any order on one letter; with one mark there is one form. */
static bool has_mark(const struct character *letter)
{
	return letter->class == CLASS_MARK || letter->class == CLASS_COMPOSED;
}

static const char *fault_of_word(const struct character *character, const struct character *before)
{
	switch (character->class) {
	case CLASS_JOINER:
	case CLASS_SELECTOR:
		return "has characters that cannot be seen";
	case CLASS_BLANK:
		return "has blanks other than the space";
	case CLASS_PRIVATE:
		return "has characters of private use";
	case CLASS_UNCOMPOSED:
		return "has letters that are not composed (NFC)";
	case CLASS_PLAIN:
	case CLASS_COMPOSED:
	case CLASS_MARK:
		if (composes(before->code, character->code) || (character->class == CLASS_MARK && has_mark(before)))
			return "has letters that are not composed (NFC)";
		return NULL;
	case CLASS_SPACE:
	case CLASS_SEPARATOR:
	case CLASS_CONTROL:
	case CLASS_CONTROL_BLANK:
	case CLASS_INVISIBLE:
	case CLASS_DAMAGE:
		break;
	}
	return NULL;
}

static const char *fault_at(const struct character *character, const struct character *before, enum text_kind kind)
{
	bool may_break = kind == TEXT_LINES && (character->code == '\n' || character->code == '\t');

	switch (character->class) {
	case CLASS_CONTROL:
		return "has control characters";
	case CLASS_CONTROL_BLANK:
		return may_break ? NULL : "has control characters";
	case CLASS_SEPARATOR:
		return "has line separators of Unicode";
	case CLASS_INVISIBLE:
		return "has characters that cannot be seen";
	case CLASS_DAMAGE:
		return "was read in a wrong encoding";
	case CLASS_JOINER:
	case CLASS_SELECTOR:
		if (kind != TEXT_WORD)
			return is_shaping(character, before) ? NULL : "has characters that cannot be seen";
		break;
	case CLASS_PLAIN:
	case CLASS_SPACE:
	case CLASS_BLANK:
	case CLASS_PRIVATE:
	case CLASS_UNCOMPOSED:
	case CLASS_COMPOSED:
	case CLASS_MARK:
		break;
	}
	return kind == TEXT_WORD ? fault_of_word(character, before) : NULL;
}

const char *text_fault(struct str text, enum text_kind kind)
{
	struct character before = { .size = 0 };

	if (kind == TEXT_RAW || kind == TEXT_ANY)
		return NULL;
	while (text.size > 0) {
		struct character character = front(text);
		const char *fault = fault_at(&character, &before, kind);

		if (fault != NULL)
			return fault;
		before = character;
		text = (struct str){ .data = text.data + character.size, .size = text.size - character.size };
	}
	return NULL;
}
