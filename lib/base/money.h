#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Money is a signed 64-bit count of minor units with an ISO 4217 code beside it; the number of decimals of a currency is in a
 * table (0, 2, 3 or 4). Never a float. Every sum and product is checked: false means overflow, and the result is not written.
 */
MUST_CHECK bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_minor);
MUST_CHECK bool money_sub(int64_t a_minor, int64_t b_minor, int64_t *ret_minor);

/* A share of an amount from 0 to MONEY_MINOR_MAX, in hundredths of a per cent (0 to MONEY_BP), rounded up to a minor unit. */
#define MONEY_BP 10000
int64_t money_share_up(int64_t amount_minor, int32_t share_bp);

/*
 * The largest amount of one command and of one debt: 10^13 major units of a currency with two decimals. More is a typing error or
 * an attack. Thousands of such debts still sum up in 64 bits, so no absurd amount can stop a report.
 */
#define MONEY_MINOR_MAX INT64_C(1000000000000000)

struct currency {
	char code[4];     /* upper case, terminated */
	uint8_t decimals; /* digits after the decimal point */
};

/* The row of the table for an active ISO 4217 code (exactly three upper-case letters), or NULL when unknown. */
const struct currency *currency_find(struct str code);

/* "1234.56" for 123456 minor units of EUR. `text` has room for 32 bytes. */
void money_format(char text[32], int64_t minor, const struct currency *currency);
/* Reads "1234.56"; refuses more decimals than the currency has, other characters, and overflow. */
MUST_CHECK bool money_parse(struct str text, const struct currency *currency, int64_t *ret_minor);

#endif
