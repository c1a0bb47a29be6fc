#ifndef CLI_REFUSED_FILE_H
#define CLI_REFUSED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "tally.h"

/*
 * The bad rows, for people. The first REFUSED_SHOWN_MAX are lines on standard error ("debts.csv: line 17: refused bad_amount
 * principal_minor: nothing is owed"). All of them are in a file that can be repaired and imported again: each row as it was,
 * with its line, code, field and text. Standard error and the texts never hold a row's content (P10); the file does, so only
 * its owner may read it. It is created with the first bad row.
 */
#define REFUSED_SHOWN_MAX 20

enum refused_form {
	REFUSED_CSV,  /* the columns line, code, field, text are in front of the row's own */
	REFUSED_JSON, /* the member "$refused" of the object; "$id" when the row may have been done or is still under way */
};

struct refused_file {
	const char *name; /* of the input, for people; borrows */
	enum refused_form form;
	char path[4096];   /* "": none */
	bool is_beside;    /* it was not requested: ".refused.csv" is appended to the name, and a number if that exists */
	struct buf header; /* REFUSED_CSV: the line of the columns, with its end */
	char separator;    /* REFUSED_CSV */
	FILE *file;        /* NULL: nothing was written yet */
	int64_t count;
	bool has_failed;
	struct err failure; /* the file could not be made or written */
	struct buf record;
};

/* `name` is borrowed. asked: a path, or ""; beside: the input's path, for a file beside it, or NULL. */
MUST_CHECK int refused_open(struct refused_file *refused, enum refused_form form, const char *name, const char *asked,
			    const char *beside, struct err *err);
void refused_add(struct refused_file *refused, const struct told *told);

/* Prints the number of rows not shown, and the file that has them. ERR_FATAL: not all could be written. Accepts a zeroed one. */
MUST_CHECK int refused_close(struct refused_file *refused, struct err *err);

/* A field of a CSV file, quoted if necessary. */
void csv_add_field(struct buf *line, struct str field, char separator);

#endif
