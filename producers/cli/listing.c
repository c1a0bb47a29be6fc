#include "listing.h"

#include <stdio.h>

#include "cli.h"
#include "database.h"

#define STATEMENT_MS 60000

static void print_row(const struct db_result *result, int row)
{
	const int last = db_result_columns(result) - 1;

	for (int column = 0; column <= last; column++) {
		struct str text = db_str(result, row, column);

		printf("%.*s%s", (int)text.size, text.data, column == last ? "\n" : "  ");
	}
}

static int print_rows(const char *subcommand, struct db *db, const struct db_statement *select, const struct db_params *params,
		      struct err *err)
{
	struct db_result result = { .pg = NULL };
	int status = db_run(db, select, params, &result, err);

	for (int row = 0; status == 0 && row < result.rows && row < LISTED_MAX; row++)
		print_row(&result, row);
	fflush(stdout);
	if (status == 0 && result.rows > LISTED_MAX)
		fprintf(stderr, "%s: there are more than these %d\n", subcommand, LISTED_MAX);
	db_result_release(&result);
	return status;
}

int list_rows(const char *subcommand, const char *conninfo, const char *user, const struct db_statement *select,
	      struct db_params *params)
{
	struct db *db = NULL;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	db_param_int64(params, LISTED_MAX + 1);
	if (database_open(conninfo, user, STATEMENT_MS, &db, &err) != 0 || print_rows(subcommand, db, select, params, &err) != 0)
		status = fail_wrong(subcommand, &err);
	db_close(db);
	return status;
}
