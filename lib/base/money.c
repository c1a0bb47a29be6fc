#include "base/money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"

/*
 * ISO 4217, the active codes of money and funds, sorted (amendments up to the euro in Bulgaria, 2026-01-01). Metals, units of
 * account and test codes are left out: they have no minor unit, and no debt is in them.
 */
static const struct currency currencies[] = {
	{ "AED", 2 }, { "AFN", 2 }, { "ALL", 2 }, { "AMD", 2 }, { "AOA", 2 }, { "ARS", 2 }, { "AUD", 2 }, { "AWG", 2 },
	{ "AZN", 2 }, { "BAM", 2 }, { "BBD", 2 }, { "BDT", 2 }, { "BHD", 3 }, { "BIF", 0 }, { "BMD", 2 }, { "BND", 2 },
	{ "BOB", 2 }, { "BOV", 2 }, { "BRL", 2 }, { "BSD", 2 }, { "BTN", 2 }, { "BWP", 2 }, { "BYN", 2 }, { "BZD", 2 },
	{ "CAD", 2 }, { "CDF", 2 }, { "CHE", 2 }, { "CHF", 2 }, { "CHW", 2 }, { "CLF", 4 }, { "CLP", 0 }, { "CNY", 2 },
	{ "COP", 2 }, { "COU", 2 }, { "CRC", 2 }, { "CUP", 2 }, { "CVE", 2 }, { "CZK", 2 }, { "DJF", 0 }, { "DKK", 2 },
	{ "DOP", 2 }, { "DZD", 2 }, { "EGP", 2 }, { "ERN", 2 }, { "ETB", 2 }, { "EUR", 2 }, { "FJD", 2 }, { "FKP", 2 },
	{ "GBP", 2 }, { "GEL", 2 }, { "GHS", 2 }, { "GIP", 2 }, { "GMD", 2 }, { "GNF", 0 }, { "GTQ", 2 }, { "GYD", 2 },
	{ "HKD", 2 }, { "HNL", 2 }, { "HTG", 2 }, { "HUF", 2 }, { "IDR", 2 }, { "ILS", 2 }, { "INR", 2 }, { "IQD", 3 },
	{ "IRR", 2 }, { "ISK", 0 }, { "JMD", 2 }, { "JOD", 3 }, { "JPY", 0 }, { "KES", 2 }, { "KGS", 2 }, { "KHR", 2 },
	{ "KMF", 0 }, { "KPW", 2 }, { "KRW", 0 }, { "KWD", 3 }, { "KYD", 2 }, { "KZT", 2 }, { "LAK", 2 }, { "LBP", 2 },
	{ "LKR", 2 }, { "LRD", 2 }, { "LSL", 2 }, { "LYD", 3 }, { "MAD", 2 }, { "MDL", 2 }, { "MGA", 2 }, { "MKD", 2 },
	{ "MMK", 2 }, { "MNT", 2 }, { "MOP", 2 }, { "MRU", 2 }, { "MUR", 2 }, { "MVR", 2 }, { "MWK", 2 }, { "MXN", 2 },
	{ "MXV", 2 }, { "MYR", 2 }, { "MZN", 2 }, { "NAD", 2 }, { "NGN", 2 }, { "NIO", 2 }, { "NOK", 2 }, { "NPR", 2 },
	{ "NZD", 2 }, { "OMR", 3 }, { "PAB", 2 }, { "PEN", 2 }, { "PGK", 2 }, { "PHP", 2 }, { "PKR", 2 }, { "PLN", 2 },
	{ "PYG", 0 }, { "QAR", 2 }, { "RON", 2 }, { "RSD", 2 }, { "RUB", 2 }, { "RWF", 0 }, { "SAR", 2 }, { "SBD", 2 },
	{ "SCR", 2 }, { "SDG", 2 }, { "SEK", 2 }, { "SGD", 2 }, { "SHP", 2 }, { "SLE", 2 }, { "SOS", 2 }, { "SRD", 2 },
	{ "SSP", 2 }, { "STN", 2 }, { "SVC", 2 }, { "SYP", 2 }, { "SZL", 2 }, { "THB", 2 }, { "TJS", 2 }, { "TMT", 2 },
	{ "TND", 3 }, { "TOP", 2 }, { "TRY", 2 }, { "TTD", 2 }, { "TWD", 2 }, { "TZS", 2 }, { "UAH", 2 }, { "UGX", 0 },
	{ "USD", 2 }, { "USN", 2 }, { "UYI", 0 }, { "UYU", 2 }, { "UYW", 4 }, { "UZS", 2 }, { "VED", 2 }, { "VES", 2 },
	{ "VND", 0 }, { "VUV", 0 }, { "WST", 2 }, { "XAD", 2 }, { "XAF", 0 }, { "XCD", 2 }, { "XCG", 2 }, { "XOF", 0 },
	{ "XPF", 0 }, { "YER", 2 }, { "ZAR", 2 }, { "ZMW", 2 }, { "ZWG", 2 },
};

bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_minor)
{
	int64_t sum;

	if (__builtin_add_overflow(a_minor, b_minor, &sum))
		return false;
	*ret_minor = sum;
	return true;
}

bool money_sub(int64_t a_minor, int64_t b_minor, int64_t *ret_minor)
{
	int64_t difference;

	if (__builtin_sub_overflow(a_minor, b_minor, &difference))
		return false;
	*ret_minor = difference;
	return true;
}

static int compare_code(const void *code, const void *row)
{
	return memcmp(code, ((const struct currency *)row)->code, 3);
}

const struct currency *currency_find(struct str code)
{
	if (code.size != 3)
		return NULL;
	return bsearch(code.data, currencies, COUNT(currencies), sizeof(currencies[0]), compare_code);
}

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* The rest and the quotient apart: amount times share would not fit. */
int64_t money_share_up(int64_t amount_minor, int32_t share_bp)
{
	return amount_minor / MONEY_BP * share_bp + (amount_minor % MONEY_BP * share_bp + MONEY_BP - 1) / MONEY_BP;
}

void money_format(char text[32], int64_t minor, const struct currency *currency)
{
	/* The lowest number has no positive twin in int64_t. */
	uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
	uint64_t scale = power_of_ten(currency->decimals);
	const char *sign = minor < 0 ? "-" : "";
	int written;

	if (currency->decimals == 0)
		written = snprintf(text, 32, "%s%llu", sign, (unsigned long long)size);
	else
		written = snprintf(text, 32, "%s%llu.%0*llu", sign, (unsigned long long)(size / scale), currency->decimals,
				   (unsigned long long)(size % scale));
	MUST(written > 0);
	MUST(written < 32);
}

/* Appends decimal digits to a number on its own side of zero; at least one, at most `count_max`. */
static bool take_digits(struct str digits, size_t count_max, bool negative, int64_t *minor)
{
	if (digits.size == 0 || digits.size > count_max)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		int digit = digits.data[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		if (__builtin_mul_overflow(*minor, 10, minor) || __builtin_add_overflow(*minor, negative ? -digit : digit, minor))
			return false;
	}
	return true;
}

bool money_parse(struct str text, const struct currency *currency, int64_t *ret_minor)
{
	bool negative = text.size > 0 && text.data[0] == '-';
	bool has_point;
	struct str whole;
	struct str fraction;
	int64_t minor = 0;

	if (negative)
		text = (struct str){ .data = text.data + 1, .size = text.size - 1 };
	has_point = text.size > 0 && memchr(text.data, '.', text.size) != NULL;
	whole = str_cut(text, '.', &fraction);
	if (!take_digits(whole, SIZE_MAX, negative, &minor))
		return false;
	if (has_point && !take_digits(fraction, currency->decimals, negative, &minor))
		return false;
	for (size_t i = fraction.size; i < currency->decimals; i++)
		if (__builtin_mul_overflow(minor, 10, &minor))
			return false;
	*ret_minor = minor;
	return true;
}
