#ifndef CLI_REFUSED_FILE_H
#define CLI_REFUSED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "tally.h"

/*
 * The bad rows, for people: the first REFUSED_SHOWN_MAX as lines on standard error ("debts.csv: line 17: refused bad_amount
 * principal_minor: nothing is owed"), all of them in a file that can be repaired and given again: each row as it was, and beside
 * it its line, code, field and text. Standard error and the texts never hold a row's content (P10); the file does, so that only
 * its owner may read it. It is made when there is something to write.
 */
#define REFUSED_SHOWN_MAX 20

enum refused_form {
	REFUSED_CSV,  /* the columns line, code, field, text stand in front of the row's own */
	REFUSED_JSON, /* the member "$refused" of the object; "$id" when the row may have been done or is still under way */
};

struct refused_file {
	const char *name; /* of the input, for people; borrows */
	enum refused_form form;
	char path[4096];   /* "": none */
	bool is_beside;    /* nobody asked for it: ".refused.csv" is added, and a number while there is such a file */
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

/* Says how many were not shown, and which file has them. ERR_FATAL: not all could be written. Accepts a zeroed one. */
MUST_CHECK int refused_close(struct refused_file *refused, struct err *err);

/* A field of a CSV file, in quotes where it needs them. */
void csv_add_field(struct buf *line, struct str field, char separator);

#endif
