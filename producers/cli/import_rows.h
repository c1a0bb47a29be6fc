#ifndef CLI_IMPORT_ROWS_H
#define CLI_IMPORT_ROWS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "table_file.h"
#include "tally.h"

/*
 * The meaning of a row of a CSV file: its commands, as JSON in the form that `dcs publish` takes. Pure: the same row gives the
 * same commands with the same ids. The columns are in import_rows.c and README.md.
 */
enum import_kind { IMPORT_NONE, IMPORT_CUSTOMERS, IMPORT_DEBTS, IMPORT_PAYMENTS };

#define IMPORT_COLUMNS_MAX 20

/* The position of each column of the kind in the file. */
struct import_map {
	enum import_kind kind;
	size_t fields_count;            /* every row has as many as the header */
	bool decimal_comma;             /* amounts are 1.234,56; set by the caller */
	int places[IMPORT_COLUMNS_MAX]; /* by column of the kind; -1: the file does not have it */
};

#define IMPORT_COMMANDS_MAX 3

struct import_command {
	const char *type_name;
	struct str json; /* borrows from the buf given */
	struct uuid id;
};

enum import_kind import_kind_by_name(struct str name); /* "debts"; IMPORT_NONE: unknown */

const char *import_kind_module(enum import_kind kind); /* the module of its commands: "debts" */

bool import_is_column(struct str field); /* of any kind, or of a file of refused rows */

/*
 * Reads the header row. kind IMPORT_NONE: determined by the columns. ERR_FATAL: a column is unknown, repeated or missing. The
 * columns of a file of refused rows (line, code, field, text) are skipped.
 */
MUST_CHECK int import_map_read(const struct table_row *header, enum import_kind kind, struct import_map *ret_map,
			       struct err *err);

/* Whether the row is another header: all its fields are names of columns. Mostly two files in one. */
bool import_is_header(const struct table_row *row);

/* The sum of the row's amounts, and its currency (borrows). ERR_POISON: they cannot be read. */
MUST_CHECK int import_amount(const struct import_map *map, const struct table_row *row, struct str *ret_currency,
			     int64_t *ret_minor, struct err *err);

/* ERR_POISON: "column: what is wrong with it". Empties `json` first. */
MUST_CHECK int import_row(const struct import_map *map, const struct table_row *row, struct buf *json,
			  struct import_command ret_commands[IMPORT_COMMANDS_MAX], size_t *ret_count, struct err *err);

/* The column of a command's member ("amount" for amount_minor); the member itself if there is none. */
struct str import_column_of(const struct import_map *map, struct str member);

/* The fault of a row, from a text of import_row or wire/json: the column, and the code that the module would give. */
struct reason import_reason(const struct import_map *map, const char *fault);

#endif
