#include <stddef.h>

#include "base/array.h"
#include "base/sms.h"

#define SEPTETS_ALONE 160
#define SEPTETS_EACH  153 /* a header that joins the segments takes the rest */
#define UTF16_ALONE   70
#define UTF16_EACH    67

/* 3GPP TS 23.038, 6.2.1: the characters of the default alphabet that are not ASCII, ascending. */
static const uint16_t beyond_ascii[] = { 0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5, 0x00C6, 0x00C7,
					 0x00C9, 0x00D1, 0x00D6, 0x00D8, 0x00DC, 0x00DF, 0x00E0, 0x00E4, 0x00E5, 0x00E6,
					 0x00E8, 0x00E9, 0x00EC, 0x00F1, 0x00F2, 0x00F6, 0x00F8, 0x00F9, 0x00FC, 0x0393,
					 0x0394, 0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9 };

#define EURO 0x20AC

static bool is_listed(uint32_t code)
{
	for (size_t i = 0; i < COUNT(beyond_ascii); i++) {
		if (beyond_ascii[i] == code)
			return true;
	}
	return false;
}

/* How many septets a character takes; 0: it is not in the alphabet. The only ASCII character without one is the grave accent. */
static uint32_t septets_of(uint32_t code)
{
	if (code >= 0x80)
		return code == EURO ? 2 : is_listed(code) ? 1 : 0;
	switch (code) {
	case '\f':
	case '[':
	case '\\':
	case ']':
	case '^':
	case '{':
	case '|':
	case '}':
	case '~':
		return 2;
	case '`':
	case 0x7F:
		return 0;
	default:
		return code >= ' ' || code == '\n' || code == '\r' ? 1 : 0;
	}
}

static uint32_t utf16_of(uint32_t code)
{
	return code >= 0x10000 ? 2 : 1;
}

/* The text in segments of `each` units, no character divided; in one of `alone` units, if it fits. */
static void fill(struct sms_size *size, struct str text, uint32_t (*units_of)(uint32_t code), uint32_t alone, uint32_t each)
{
	uint32_t code, in_last = 0, segments = 1;
	size_t bytes;

	for (; (bytes = str_front(text, &code)) > 0; text = (struct str){ text.data + bytes, text.size - bytes }) {
		uint32_t units = units_of(code);

		size->units += units;
		if (in_last + units > each) {
			segments++;
			in_last = 0;
		}
		in_last += units;
	}
	size->segments = size->units == 0 ? 0 : size->units <= alone ? 1 : segments;
	size->left = size->segments <= 1 ? alone - size->units : each - in_last;
}

static bool is_gsm(struct str text)
{
	uint32_t code;

	for (size_t bytes; (bytes = str_front(text, &code)) > 0; text = (struct str){ text.data + bytes, text.size - bytes }) {
		if (septets_of(code) == 0)
			return false;
	}
	return true;
}

bool sms_size_of(struct str text, struct sms_size *ret_size)
{
	if (!str_is_text(text))
		return false;
	*ret_size = (struct sms_size){ .is_ucs2 = !is_gsm(text) };
	if (ret_size->is_ucs2)
		fill(ret_size, text, utf16_of, UTF16_ALONE, UTF16_EACH);
	else
		fill(ret_size, text, septets_of, SEPTETS_ALONE, SEPTETS_EACH);
	return true;
}
