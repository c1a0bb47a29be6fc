/* `dcs dunning results`: what came of a policy. */
#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "cli.h"
#include "database.h"
#include "dunning_dry_run.h"

#define STATEMENT_MS 600000

static struct {
	const char *pg, *pg_user, *since;
	int64_t prices[CHANNEL_COUNT];
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "since",
	  .kind = CONF_TEXT,
	  .default_value = "1970-01-01",
	  .target = &conf.since,
	  .help = "steps that were asked for on this day or later" },
	ROWS_PRICE(conf.prices),
};

static const struct usage usage = {
	.about =
		"usage: dcs dunning results POLICY [FLAGS]\n\n"
		"What came of each step of a policy, by arm of its experiment: how often it was asked for, reached the person,\n"
		"failed, or was withdrawn because money came; how many groups paid within 30 days of it, and how much; how many\n"
		"persons refused the channel within 7 days; what the messages cost. A payment counts for each step that it "
		"follows:\n"
		"the figures compare arms, and do not add up over steps.\n"
		"Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

static const struct db_statement select_results = {
	.name = "cli_dunning_results",
	.sql = "SELECT step, arm, currency, asked, reached, failed, withdrawn, under_way, emails, sms, letters, tasks, paid, "
	       "least(paid_minor, 9223372036854775807)::bigint, opted_out FROM dunning.results($1, $2)",
};
enum column {
	STEP,
	ARM,
	CURRENCY,
	ASKED,
	REACHED,
	FAILED,
	WITHDRAWN,
	UNDER_WAY,
	EMAILS,
	SMS,
	LETTERS,
	TASKS,
	PAID,
	MINOR,
	OPTED_OUT
};

/* Messages are few beside 2^63 / 1,000,000, the most that one may cost. */
static int64_t cost_of(const struct db_result *result, int row)
{
	return db_int64(result, row, EMAILS) * conf.prices[CHANNEL_EMAIL] +
	       db_int64(result, row, SMS) * conf.prices[CHANNEL_SMS] +
	       db_int64(result, row, LETTERS) * conf.prices[CHANNEL_LETTER];
}

static void print_row(const struct db_result *result, int row)
{
	struct str arm = db_str(result, row, ARM);
	char currency[4];

	if (!str_to_chars(currency, sizeof(currency), db_str(result, row, CURRENCY)))
		currency[0] = '\0';
	printf("%4d  %-16.*s %9lld %9lld %9lld %9lld %9lld %9lld %9lld %9lld %9lld  ", (int)db_int32(result, row, STEP),
	       arm.size == 0 ? 1 : (int)arm.size, arm.size == 0 ? "-" : arm.data, (long long)db_int64(result, row, ASKED),
	       (long long)db_int64(result, row, REACHED), (long long)db_int64(result, row, FAILED),
	       (long long)db_int64(result, row, WITHDRAWN), (long long)db_int64(result, row, UNDER_WAY),
	       (long long)db_int64(result, row, TASKS), (long long)db_int64(result, row, PAID),
	       (long long)db_int64(result, row, OPTED_OUT), (long long)cost_of(result, row));
	print_amount(stdout, db_int64(result, row, MINOR), currency);
	printf("\n");
}

static int ask(struct db *db, const char *policy, int32_t since, struct db_result *ret_result, struct err *err)
{
	struct db_params params;
	int status;

	db_params_init(&params, 256);
	db_param_text(&params, str_of(policy));
	db_param_date(&params, since);
	status = db_run(db, &select_results, &params, ret_result, err);
	db_params_release(&params);
	return status;
}

static int show(const char *policy, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct db *db = NULL;
	int32_t since;
	int status = -1;

	if (!day_parse(str_of(conf.since), &since))
		return err_set(err, ERR_FATAL, "--since must be a day such as 2026-11-22");
	if (database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, err) == 0)
		status = ask(db, policy, since, &result, err);
	if (status == 0)
		printf("step  %-16s %9s %9s %9s %9s %9s %9s %9s %9s %9s  %s\n", "arm", "asked", "reached", "failed", "withdrawn",
		       "under way", "by tasks", "paid", "opted out", "cost", "paid within 30 days");
	for (int row = 0; status == 0 && row < result.rows; row++)
		print_row(&result, row);
	if (status == 0 && result.rows == 0)
		printf("no step of %s was asked for\n", policy);
	db_result_release(&result);
	db_close(db);
	return status;
}

int run_dunning_results(int argc, char **argv)
{
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	return show(arguments.items[0], &err) == 0 ? EXIT_STATUS_OK : fail_wrong(argv[0], &err);
}
