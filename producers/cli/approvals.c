/* `dcs approvals`: commands that wait, or waited, for a second person. */
#include "base/array.h"
#include "cli.h"
#include "listing.h"
#include "schemas/words.h"

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
		 "Of more than 10,000 the first are listed; GET /approvals has pages.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
};

/* In UTC, as everywhere (instant_format). */
#define INSTANT "AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'"

static const struct db_statement select_approvals = {
	.name = "cli_approvals",
	.sql = "SELECT module, command_id::text, type, state, to_char(kept_at " INSTANT "), to_char(expires_at " INSTANT "), "
	       "actor, coalesce(ended_by, '-'), reason FROM api.approval "
	       "WHERE $1 = '' OR state = $1 ORDER BY kept_at, command_id LIMIT $2",
};

int run_approvals(int argc, char **argv)
{
	struct arguments arguments;
	struct db_params params;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.state[0] != '\0' && approval_state_by_name(str_of(conf.state)) == APPROVAL_NONE)
		return fail_usage(argv[0], "--state: one of " APPROVAL_STATE_LISTED);
	db_params_init(&params, 1024);
	db_param_text(&params, str_of(conf.state));
	status = list_rows(argv[0], conf.pg, conf.pg_user, &select_approvals, &params);
	db_params_release(&params);
	return status;
}
