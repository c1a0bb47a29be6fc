#include "http/sms.h"
#include "base/array.h"

/* The basic alphabet beyond ASCII, in the order of code points. Small c with cedilla is not in it; the capital is. */
static const uint16_t gsm_basic[] = {
	0x00a1, 0x00a3, 0x00a4, 0x00a5, 0x00a7, 0x00bf, 0x00c4, 0x00c5, 0x00c6, 0x00c7, 0x00c9, 0x00d1, 0x00d6,
	0x00d8, 0x00dc, 0x00df, 0x00e0, 0x00e4, 0x00e5, 0x00e6, 0x00e8, 0x00e9, 0x00ec, 0x00f1, 0x00f2, 0x00f6,
	0x00f8, 0x00f9, 0x00fc, 0x0393, 0x0394, 0x0398, 0x039b, 0x039e, 0x03a0, 0x03a3, 0x03a6, 0x03a8, 0x03a9,
};

static const struct {
	size_t single, part;
} limits[] = { [SMS_GSM7] = { 160, 153 }, [SMS_UCS2] = { 70, 67 } };

/* Units of a character in the GSM alphabet: 1, 2, or 0 when it is not in it. */
static size_t gsm_units(uint32_t character)
{
	if (character < 0x80) {
		if (character == '\n' || character == '\r')
			return 1;
		if (character < 0x20 || character == 0x7f || character == '`')
			return 0;
		return memchr("^{}[]\\~|", (int)character, 8) != NULL ? 2 : 1;
	}
	if (character == 0x20ac)
		return 2;
	for (size_t i = 0; i < COUNT(gsm_basic); i++) {
		if (gsm_basic[i] == character)
			return 1;
	}
	return 0;
}

static size_t ucs2_units(uint32_t character)
{
	return character > 0xffff ? 2 : 1;
}

/* The next character of valid UTF-8. */
static uint32_t next_character(struct str text, size_t *at)
{
	unsigned char first = (unsigned char)text.data[(*at)++];
	uint32_t character = first;
	size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	if (more > 0)
		character = first & (0x3fu >> more);
	while (more-- > 0)
		character = character << 6 | ((unsigned char)text.data[(*at)++] & 0x3fu);
	return character;
}

static enum sms_coding coding_of(struct str text)
{
	size_t at = 0;

	while (at < text.size) {
		if (gsm_units(next_character(text, &at)) == 0)
			return SMS_UCS2;
	}
	return SMS_GSM7;
}

bool sms_measure(struct str text, struct sms_size *ret_size)
{
	struct sms_size size = { .coding = SMS_GSM7 };
	size_t at = 0, in_part = 0, parts = 1;

	if (!str_is_text(text))
		return false;
	size.coding = coding_of(text);
	while (at < text.size) {
		uint32_t character = next_character(text, &at);
		size_t units = size.coding == SMS_GSM7 ? gsm_units(character) : ucs2_units(character);

		if (in_part + units > limits[size.coding].part) {
			parts++;
			in_part = 0;
		}
		in_part += units;
		size.units += units;
	}
	if (size.units == 0)
		size.segments = 0;
	else
		size.segments = size.units <= limits[size.coding].single ? 1 : parts;
	*ret_size = size;
	return true;
}
