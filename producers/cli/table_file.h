#ifndef CLI_TABLE_FILE_H
#define CLI_TABLE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "lines.h"

/*
 * Reads a CSV file row by row (RFC 4180, by libcsv in its strict mode, which only this file includes), with bounded memory. A
 * row knows the line it begins in: quoted fields may hold line ends. Blank lines are no rows. A bad row is reported and
 * skipped. A process reads one row at a time: libcsv's buffer is static.
 *
 * The preambles of spreadsheets are understood: a byte order mark, a line `sep=;`, lines of heading. The first row is the
 * header: the first line with two names of columns, with one of the separators , ; tab |. Without known names it is the first
 * line that is not blank, and the separator is a comma, or a more frequent one of that line.
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

#define TABLE_HEADING_MAX 20 /* lines in front of the header */

typedef bool table_is_name(struct str field); /* whether it is the name of a column */

/* is_name NULL: no names are known. */
MUST_CHECK int table_open(int fd, table_is_name *is_name, struct arena *arena, struct table_file **ret_table, struct err *err);

/* TABLE_BAD: ret_row has only its line, *ret_fault the reason. ERR_FATAL: cannot read. */
MUST_CHECK int table_next(struct table_file *table, enum table_kind *ret_kind, struct table_row *ret_row, const char **ret_fault,
			  struct err *err);

/* At the end: why the file looks truncated ("its last line has no end"); NULL: it does not. *ret_line: the line. */
const char *table_cut(const struct table_file *table, int64_t *ret_line);

char table_separator(const struct table_file *table); /* known once the first row is */
int64_t table_bytes_read(const struct table_file *table);

#endif
