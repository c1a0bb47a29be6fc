#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "db/db.h"

/*
 * The whole work of a subcommand that lists: opens the database, prints the statement's rows, two spaces between the columns, and
 * closes it. Every column is text. Returns an exit_status; a fault was printed.
 */
int list_rows(const char *subcommand, const char *conninfo, const char *user, const struct db_statement *select,
	      const struct db_params *params);

/* How many rows a list asks for. */
#define LISTED_MAX 10000

#endif
