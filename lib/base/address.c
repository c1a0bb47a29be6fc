#include "base/address.h"

#include <stddef.h>

#include "base/array.h"

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

static bool is_alpha(char letter)
{
	return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

static bool is_alnum(char letter)
{
	return is_alpha(letter) || is_digit(letter);
}

static bool is_one_of(char letter, const char *letters)
{
	return letter != '\0' && strchr(letters, letter) != NULL;
}

/* ---- e-mail ---- */

#define EMAIL_LOCAL_MAX 64
#define LABEL_MAX       63

/* RFC 5322 dot-atom: atoms joined by single dots. Without what begins an encoded word. */
static bool is_dot_atom(struct str text)
{
	if (text.size == 0 || text.data[0] == '.' || text.data[text.size - 1] == '.')
		return false;
	for (size_t index = 0; index < text.size; index++) {
		char letter = text.data[index];

		if (letter == '.' && text.data[index - 1] == '.')
			return false;
		if (letter != '.' && !is_alnum(letter) && !is_one_of(letter, "!#$%&'*+-/=?^_`{|}~"))
			return false;
		if (letter == '?' && index > 0 && text.data[index - 1] == '=')
			return false;
	}
	return true;
}

static bool is_label(struct str text)
{
	if (text.size == 0 || text.size > LABEL_MAX || text.data[0] == '-' || text.data[text.size - 1] == '-')
		return false;
	for (size_t index = 0; index < text.size; index++) {
		if (!is_alnum(text.data[index]) && text.data[index] != '-')
			return false;
	}
	return true;
}

/* At least two labels, and the last begins with a letter: no address by number. */
static bool is_domain(struct str text)
{
	struct str label = { 0 };
	size_t labels = 0;

	if (text.size == 0 || text.data[text.size - 1] == '.')
		return false;
	while (text.size > 0) {
		label = str_cut(text, '.', &text);
		if (!is_label(label))
			return false;
		labels++;
	}
	return labels >= 2 && is_alpha(label.data[0]);
}

bool address_is_email(struct str address)
{
	struct str domain;
	struct str local = str_cut(address, '@', &domain);

	return address.size <= ADDRESS_EMAIL_MAX && local.size <= EMAIL_LOCAL_MAX && is_dot_atom(local) && is_domain(domain);
}

/* ---- telephone ---- */

#define PHONE_DIGITS_MIN 7 /* Niue */
#define PHONE_DIGITS_MAX 15

/* Country codes of E.164: one digit, these two, or else three. None begins with 0; those left out here are nobody's. */
static const char *const codes_of_two[] = {
	"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
	"47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
	"64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
};

/* Countries where a subscriber's number begins with 0: Italy, San Marino, the Vatican; Ivory Coast, Benin, Gabon, Congo. */
static const char *const codes_before_zero[] = { "39", "378", "379", "225", "229", "241", "242" };

static bool is_listed(struct str code, const char *const *codes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_is(code, codes[i]))
			return true;
	}
	return false;
}

static struct str country_code(struct str digits)
{
	struct str code = { .data = digits.data, .size = 2 };

	if (digits.data[0] == '1' || digits.data[0] == '7')
		code.size = 1;
	else if (!is_listed(code, codes_of_two, COUNT(codes_of_two)))
		code.size = 3;
	return code;
}

bool address_is_phone(struct str address)
{
	struct str digits = { .data = address.data + 1, .size = address.size - 1 };
	struct str code;

	if (address.size < 1 + PHONE_DIGITS_MIN || address.size > 1 + PHONE_DIGITS_MAX || address.data[0] != '+')
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (!is_digit(digits.data[i]))
			return false;
	}
	code = country_code(digits);
	return digits.data[0] != '0' &&
	       (digits.data[code.size] != '0' || is_listed(code, codes_before_zero, COUNT(codes_before_zero)));
}
