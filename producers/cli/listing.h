#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "db/db.h"

/*
 * The whole work of a subcommand that lists: opens the database, prints the statement's rows, two spaces between the columns, and
 * closes it. Every column is text. Returns an exit_status; a fault was printed.
 *
 * The statement's last parameter is its LIMIT, which is added here. Of more rows than LISTED_MAX the first are printed, and then, on
 * standard error, that there are more: programs read a row in each line of the output.
 */
#define LISTED_MAX 10000
int list_rows(const char *subcommand, const char *conninfo, const char *user, const struct db_statement *select,
	      struct db_params *params);

#endif
