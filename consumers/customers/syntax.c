#include "base/address.h"
#include "base/text.h"
#include "consumers/customers/customers.h"

/*
 * Is a text what it says it is? Strict and bounded: what passes here is later put into an SMTP dialogue, a mail's header or a
 * gateway's query (traps.md C1, C2).
 */

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

static bool is_upper(char letter)
{
	return letter >= 'A' && letter <= 'Z';
}

static bool is_alpha(char letter)
{
	return is_upper(letter) || (letter >= 'a' && letter <= 'z');
}

static bool is_alnum(char letter)
{
	return is_alpha(letter) || is_digit(letter);
}

static bool is_one_of(char letter, const char *letters)
{
	return letter != '\0' && strchr(letters, letter) != NULL;
}

/* ---- addresses ---- */

bool letter_is_valid(struct str address)
{
	return text_is_good(address, TEXT_LINES);
}

bool push_token_is_valid(struct str address)
{
	if (address.size < 8)
		return false;
	for (size_t index = 0; index < address.size; index++) {
		if (address.data[index] <= ' ' || address.data[index] > '~')
			return false;
	}
	return true;
}

bool address_is_valid(enum channel channel, struct str address)
{
	if (address.size > ADDRESS_MAX)
		return false;
	switch (channel) {
	case CHANNEL_EMAIL:
		return address_is_email(address);
	case CHANNEL_SMS:
	case CHANNEL_VOICE:
		return address_is_phone(address);
	case CHANNEL_LETTER:
		return letter_is_valid(address);
	case CHANNEL_PUSH:
		return push_token_is_valid(address);
	case CHANNEL_NONE:
	case CHANNEL_COUNT:
		break;
	}
	return false;
}

/* ---- persons ---- */

bool name_is_valid(struct str name)
{
	return text_is_good(name, TEXT_PROSE);
}

/* BCP 47, as far as we use it: a language, and further parts of letters and digits. */
bool locale_is_valid(struct str locale)
{
	struct str part;

	if (locale.size > LOCALE_MAX || (locale.size > 0 && locale.data[locale.size - 1] == '-'))
		return false;
	part = str_cut(locale, '-', &locale);
	if (part.size < 2 || part.size > 3)
		return false;
	for (size_t index = 0; index < part.size; index++) {
		if (!is_alpha(part.data[index]) || is_upper(part.data[index]))
			return false;
	}
	while (locale.size > 0) {
		part = str_cut(locale, '-', &locale);
		if (part.size < 2 || part.size > 8)
			return false;
		for (size_t index = 0; index < part.size; index++) {
			if (!is_alnum(part.data[index]))
				return false;
		}
	}
	return true;
}

/* ISO 3166-1 alpha-2, the 249 that are assigned. */
static const char countries[] =
	"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCV"
	"CWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIM"
	"INIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMW"
	"MXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSS"
	"STSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";
_Static_assert(sizeof(countries) - 1 == (size_t)2 * 249, "all countries");

bool country_is_valid(struct str country)
{
	if (country.size != 2)
		return false;
	for (size_t index = 0; index + 2 < sizeof(countries); index += 2) {
		if (memcmp(countries + index, country.data, 2) == 0)
			return true;
	}
	return false;
}

bool region_is_valid(struct str region)
{
	if (region.size == 0 || region.size > REGION_MAX)
		return false;
	for (size_t index = 0; index < region.size; index++) {
		if (!is_upper(region.data[index]) && !is_digit(region.data[index]) && region.data[index] != '-')
			return false;
	}
	return true;
}

bool timezone_is_valid(struct str timezone)
{
	if (timezone.size == 0 || timezone.size > TIMEZONE_MAX || !is_upper(timezone.data[0]))
		return false;
	for (size_t index = 0; index < timezone.size; index++) {
		if (!is_alnum(timezone.data[index]) && !is_one_of(timezone.data[index], "/_+-"))
			return false;
	}
	return timezone.data[timezone.size - 1] != '/';
}
