#ifndef REPORTING_SHEET_H
#define REPORTING_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"
#include "schemas/reports.h"

/*
 * A report as a file: rows under named columns. Pure.
 *
 *   csv    RFC 4180: CRLF, a header line, then only rows; amounts in major units with the currency's decimals (1234.56), the
 *          currency in a column of its own: a spreadsheet can sum them. A text that a spreadsheet would run as a formula gets a
 *          leading apostrophe (OWASP, CSV injection); numbers are ours and stay numbers, also below zero.
 *   json   {"kind", "asOf", "open", the filters, "rows": [...]}; amounts as {"amountMinor", "currency"}.
 *
 * The output depends on the arguments only: the same rows are the same bytes.
 */
enum cell_kind {
	CELL_TEXT,
	CELL_CURRENCY, /* text; of the row's amounts, which follow it */
	CELL_DATE,
	CELL_ID,
	CELL_COUNT,
	CELL_MONEY, /* minor units */
};

struct column {
	const char *name;   /* in CSV */
	const char *member; /* in JSON */
	enum cell_kind kind;
};

struct cell {
	struct str text;
	int64_t number; /* DATE (a day), COUNT, MONEY */
	struct uuid id;
};

struct sheet {
	struct buf *out; /* borrows; on overflow the report is too large */
	const struct column *columns;
	size_t columns_count;
	bool is_json;
	int64_t rows;
};

void sheet_begin(struct sheet *sheet, struct buf *out, const struct column *columns, size_t columns_count,
		 const struct report_requested *asked);
/* False: the row's currency has no known number of decimals. */
MUST_CHECK bool sheet_add(struct sheet *sheet, const struct cell *cells);
void sheet_end(struct sheet *sheet);

#endif
