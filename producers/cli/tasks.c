/* `dcs tasks`: what people have to do, or did: calls, reviews and the other tasks of dunning. */
#include "base/array.h"
#include "cli.h"
#include "listing.h"
#include "schemas/words.h"

static struct {
	const char *pg, *pg_user, *state, *kind;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "state",
	  .kind = CONF_TEXT,
	  .default_value = "open",
	  .target = &conf.state,
	  .help = "only these: " TASK_STATE_LISTED "; empty: all" },
	{ .name = "kind",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.kind,
	  .help = "only these: " TASK_KIND_LISTED "; empty: all" },
};

static const struct usage usage = {
	.about = "usage: dcs tasks [FLAGS]\n\n"
		 "Lists what people have to do, the oldest first: task, kind, state, since, back on, who has it, customer, "
		 "creditor, what is "
		 "owed, policy and step, why.\n"
		 "A person takes one with POST /tasks/TASK/take and ends it with /finish; this program cannot, as it is none.\n"
		 "Of more than 10,000 the first are listed; GET /tasks has pages.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
};

static const struct db_statement select_tasks = {
	"cli_tasks",
	"SELECT task_id::text, kind, state, opened_on::text, coalesce(back_on::text, '-'), coalesce(taken_by::text, '-'), "
	"customer_id::text, creditor_id::text, owed_minor::text, currency, policy, step::text, reason FROM dunning.api_task"
	" WHERE ($1 = '' OR state = $1) AND ($2 = '' OR kind = $2) ORDER BY created_at, task_id LIMIT $3"
};

int run_tasks(int argc, char **argv)
{
	struct arguments arguments;
	struct db_params params;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.state[0] != '\0' && task_state_by_name(str_of(conf.state)) == TASK_STATE_NONE)
		return fail_usage(argv[0], "--state: one of " TASK_STATE_LISTED);
	if (conf.kind[0] != '\0' && task_kind_by_name(str_of(conf.kind)) == TASK_KIND_NONE)
		return fail_usage(argv[0], "--kind: one of " TASK_KIND_LISTED);
	db_params_init(&params, 1024);
	db_param_text(&params, str_of(conf.state));
	db_param_text(&params, str_of(conf.kind));
	status = list_rows(argv[0], conf.pg, conf.pg_user, &select_tasks, &params);
	db_params_release(&params);
	return status;
}
