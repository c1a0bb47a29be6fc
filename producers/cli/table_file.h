#ifndef CLI_TABLE_FILE_H
#define CLI_TABLE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "lines.h"

/*
 * Reads a CSV file row by row (RFC 4180, by libcsv in its strict mode, which only this file includes), with bounded memory. Rows
 * know the line they begin in: fields in quotes may hold line ends. Blank lines are no rows. Commas or semicolons, whichever the
 * first line has more of. A bad row is told and read over. One reader at a time in a process: libcsv's buffer is one static.
 */
#define TABLE_COLUMNS_MAX    64
#define TABLE_FIELD_SIZE_MAX (64 * 1024)
#define TABLE_ROW_SIZE_MAX   (256 * 1024)

/* Borrows until the next call. Fields are without quotes and without blanks around them. */
struct table_row {
	int64_t line;
	size_t count;
	struct str fields[TABLE_COLUMNS_MAX];
};

enum table_kind { TABLE_END, TABLE_ROW, TABLE_BAD };

struct table_file;

MUST_CHECK int table_open(int fd, struct arena *arena, struct table_file **ret_table, struct err *err);

/* TABLE_BAD: ret_row has only its line, *ret_fault says why. ERR_FATAL: cannot read. */
MUST_CHECK int table_next(struct table_file *table, enum table_kind *ret_kind, struct table_row *ret_row, const char **ret_fault,
			  struct err *err);

char table_separator(const struct table_file *table); /* known when the first row is */
int64_t table_bytes_read(const struct table_file *table);

#endif
