#ifndef CLI_ROW_ERRORS_H
#define CLI_ROW_ERRORS_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/*
 * The report of rows that could not be taken: "line 17: /amount_minor: not a number". All of them go to the file, if there is one
 * (as CSV: line,error); the first ROW_ERRORS_SHOWN_MAX to standard error, then a count. Never a row's content (P10).
 */
#define ROW_ERRORS_SHOWN_MAX 20

struct row_errors {
	const char *name; /* of the input, for people: "debts.csv"; borrows */
	FILE *file;       /* NULL: none */
	int64_t count;
};

/* path "": no file. ERR_FATAL: it cannot be written. */
MUST_CHECK int row_errors_open(struct row_errors *errors, const char *name, const char *path, struct err *err);

void row_errors_add(struct row_errors *errors, int64_t line, const char *text);

/* Says how many were not shown, and closes the file; ERR_FATAL: not all of it could be written. */
MUST_CHECK int row_errors_close(struct row_errors *errors, struct err *err);

#endif
