/* `dcs approvals`: commands that wait, or waited, for a second person. */
#include <stdio.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "cli.h"
#include "database.h"
#include "schemas/words.h"

#define STATEMENT_MS 60000
#define ROWS_MAX     10000

static struct {
	const char *pg, *pg_user, *state;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "state",
	  .kind = CONF_TEXT,
	  .default_value = "waiting",
	  .target = &conf.state,
	  .help = "only these: " APPROVAL_STATE_LISTED "; empty: all" },
};

static const struct usage usage = {
	.about = "usage: dcs approvals [FLAGS]\n\n"
		 "Lists the commands that need a second person, the oldest first: module, command, type, state, since, until, "
		 "who asked, "
		 "who answered, why.\n"
		 "A person approves or refuses with POST /commands/COMMAND/approval or /refusal; this program cannot, as it is "
		 "none.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
};

static const struct db_statement select_approvals = {
	"cli_approvals",
	"SELECT module, command_id, type, state, kept_at, expires_at, actor, coalesce(ended_by, '-'), reason FROM api.approval"
	" WHERE $1 = '' OR state = $1 ORDER BY kept_at, command_id LIMIT $2"
};

static void print_text(const struct db_result *result, int row, int column)
{
	struct str text = db_str(result, row, column);

	printf("%.*s%s", (int)text.size, text.data, column == 8 ? "\n" : "  ");
}

static void print_row(const struct db_result *result, int row)
{
	struct uuid id = db_uuid(result, row, 1);
	char id_text[UUID_TEXT_SIZE + 1], since[32], until[32];

	uuid_format(id_text, &id);
	instant_format(since, db_instant(result, row, 4));
	instant_format(until, db_instant(result, row, 5));
	print_text(result, row, 0);
	printf("%s  ", id_text);
	print_text(result, row, 2);
	print_text(result, row, 3);
	printf("%s  %s  ", since, until);
	for (int column = 6; column <= 8; column++)
		print_text(result, row, column);
}

static int list(struct db *db, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int status;

	db_params_init(&params, 1024);
	db_param_text(&params, str_of(conf.state));
	db_param_int64(&params, ROWS_MAX);
	status = db_run(db, &select_approvals, &params, &result, err);
	for (int row = 0; status == 0 && row < result.rows; row++)
		print_row(&result, row);
	db_result_release(&result);
	db_params_release(&params);
	return status;
}

int run_approvals(int argc, char **argv)
{
	struct arguments arguments;
	struct db *db = NULL;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.state[0] != '\0' && approval_state_by_name(str_of(conf.state)) == APPROVAL_NONE)
		return fail_usage(argv[0], "--state: one of " APPROVAL_STATE_LISTED);
	if (database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, &err) != 0 || list(db, &err) != 0)
		status = fail_wrong(argv[0], &err);
	db_close(db);
	return status;
}
