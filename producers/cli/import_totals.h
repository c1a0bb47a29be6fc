#ifndef CLI_IMPORT_TOTALS_H
#define CLI_IMPORT_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The control totals of a file, as its sender gives them: "1234.56", of the file's only currency, or one sum per currency:
 * "1234.56 EUR,99.00 USD". Pure.
 */
#define TOTALS_MAX 16

struct import_total {
	struct str amount;   /* as given; borrows */
	char currency[4];    /* "": that of the first row */
	int64_t found_minor; /* of the rows so far */
};

struct import_totals {
	struct import_total items[TOTALS_MAX];
	size_t count; /* 0: none were given */
};

/* "": none. Borrows the words. ERR_FATAL: not such a list. */
MUST_CHECK int totals_parse(const char *words, struct import_totals *ret_totals, struct err *err);

/* The amount of one row. ERR_POISON: its currency has no total, or the sum overflows. */
MUST_CHECK int totals_add(struct import_totals *totals, struct str currency, int64_t minor, struct err *err);

/* After the last row. ERR_FATAL: a sum differs from the given one. */
MUST_CHECK int totals_check(const struct import_totals *totals, struct err *err);

#endif
