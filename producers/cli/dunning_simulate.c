/* `dcs dunning simulate`: what the policies would do in the next days, of everybody, or of one person. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "consumers/dunning/play.h"
#include "consumers/dunning/store_portfolio.h"
#include "dunning_dry_run.h"
#include "progress.h"

#define ROWS_MAX        512
#define GROUPS_SIZE_MAX ((size_t)256 << 20)
#define COLUMNS_MAX     14
#define WEEK_DAYS       7

static struct {
	struct dunning_view_conf view;
	const char *customer, *by;
	int64_t days, pay_rate;
	int64_t prices[CHANNEL_COUNT];
	const char *change; /* only for --help: dunning_take_changes reads them all */
	bool progress;
} conf;

static const struct conf_row rows[] = {
	ROWS_DUNNING_VIEW(conf.view),
	{ .name = "days",
	  .kind = CONF_NUMBER,
	  .default_value = "90",
	  .target = &conf.days,
	  .number_min = 1,
	  .number_max = PLAY_DAYS_MAX,
	  .help = "how many days" },
	{ .name = "by",
	  .kind = CONF_TEXT,
	  .default_value = "week",
	  .target = &conf.by,
	  .help = "week: a table; day: CSV, a line for each day, step and way" },
	{ .name = "pay.rate",
	  .kind = CONF_NUMBER,
	  .default_value = "0",
	  .target = &conf.pay_rate,
	  .number_max = 1000,
	  .help = "so many of a thousand persons pay all that they owe, each day" },
	{ .name = "customer",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.customer,
	  .help = "only this person (id), in sentences" },
	{ .name = "if",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.change,
	  .help = "of --customer, also several: 'pays 50.00 on 2026-12-01', 'opts out of email on 2026-12-01'" },
	ROWS_PRICE(conf.prices),
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs dunning simulate [POLICY] [FLAGS]\n\n"
		 "Plays days ahead in memory, and changes nothing: how many groups get which step in which week, and what it "
		 "costs.\n"
		 "With --customer the steps of one person in sentences, and with --if what happens to them if he pays or opts "
		 "out. "
		 "POLICY\n"
		 "as for dcs dunning preview. What is assumed is said first.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_max = 1,
};

/* Groups with the same step on the same way. */
struct row {
	const struct policy *policy;
	const struct policy_step *step;
	enum dunning_action action;
	enum channel channel;
	int64_t groups, debts;
	int64_t by_day[PLAY_DAYS_MAX];
};

struct simulation {
	struct dunning_view view;
	struct play play;
	struct play_change payment; /* of --pay-rate */
	struct buf groups;          /* of one person: struct portfolio_group */
	int64_t persons, left_out;
	uint32_t rows_count;
	struct row rows[ROWS_MAX]; /* what does not fit is added to the last one */
	struct portfolio portfolio;
	struct progress progress;
};

/* ---- counting ---- */

static struct row *row_of(struct simulation *simulation, const struct play_line *line)
{
	struct row *row;

	for (uint32_t index = 0; index < simulation->rows_count; index++) {
		row = &simulation->rows[index];
		if (row->step == line->step && row->action == line->action && row->channel == line->channel)
			return row;
	}
	if (simulation->rows_count == ROWS_MAX)
		return &simulation->rows[ROWS_MAX - 1];
	row = &simulation->rows[simulation->rows_count++];
	row->policy = line->policy;
	row->step = line->step;
	row->action = line->action;
	row->channel = line->channel;
	return row;
}

static void count(void *tell_arg, const struct play_line *line)
{
	struct simulation *simulation = tell_arg;
	struct row *row;

	if (line->said != PLAY_STEP && line->said != PLAY_PASSED_OVER)
		return;
	row = row_of(simulation, line);
	row->groups++;
	row->debts += line->debts_count;
	row->by_day[line->day - simulation->play.from]++;
}

/* ---- playing ---- */

/* A number of the person and the day, as if it were drawn: the same for every policy that is simulated. */
static uint64_t draw(const struct uuid *customer_id, int32_t day)
{
	uint64_t number = UINT64_C(14695981039346656037) ^ (uint64_t)(uint32_t)day;

	for (size_t index = 0; index < sizeof(customer_id->bytes); index++)
		number = (number ^ customer_id->bytes[index]) * UINT64_C(1099511628211);
	number = (number ^ number >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return number >> 20;
}

static void find_payment(struct simulation *simulation, const struct uuid *customer_id)
{
	simulation->play.changes_count = 0;
	for (int32_t day = 0; conf.pay_rate > 0 && day < simulation->play.days; day++) {
		if (draw(customer_id, simulation->play.from + day) % 1000 >= (uint64_t)conf.pay_rate)
			continue;
		simulation->payment =
			(struct play_change){ .kind = PLAY_PAYS, .day = simulation->play.from + day, .minor = INT64_MAX };
		simulation->play.changes = &simulation->payment;
		simulation->play.changes_count = 1;
		return;
	}
}

static void play_kept(struct simulation *simulation)
{
	struct portfolio_group *groups = (struct portfolio_group *)(void *)simulation->groups.data;
	size_t groups_count = simulation->groups.size / sizeof(*groups);

	if (groups_count == 0)
		return;
	simulation->persons++;
	if (simulation->groups.overflow) {
		simulation->left_out++;
	} else {
		find_payment(simulation, &groups[0].group.customer_id);
		play_person(&simulation->play, groups, groups_count);
	}
	buf_reset(&simulation->groups);
}

static void keep(struct simulation *simulation, const struct portfolio_group *group)
{
	const struct portfolio_group *kept = (const struct portfolio_group *)(void *)simulation->groups.data;
	struct portfolio_group *room;

	if (simulation->groups.size > 0 && !uuid_equal(&kept->group.customer_id, &group->group.customer_id))
		play_kept(simulation);
	room = (struct portfolio_group *)(void *)buf_reserve(&simulation->groups, sizeof(*room));
	if (room == NULL)
		return;
	memcpy(room, group, portfolio_group_size(group));
	simulation->groups.size += sizeof(*room);
}

static int play_all(struct simulation *simulation, struct err *err)
{
	const struct portfolio_group *group = NULL;
	int failed = portfolio_begin(&simulation->portfolio, simulation->view.db, simulation->view.today - CAPS_DAYS, NULL, err);

	while (failed == 0 && (failed = portfolio_next(&simulation->portfolio, &group, err)) == 0 && group != NULL) {
		keep(simulation, group);
		progress_show(&simulation->progress, simulation->portfolio.debts, 0, 0);
	}
	portfolio_end(&simulation->portfolio);
	if (failed == 0)
		play_kept(simulation);
	return failed;
}

/* ---- the answer ---- */

static void print_assumptions(FILE *file, const struct play *play, const struct policy *draft)
{
	char from[16];

	day_format(from, play->from);
	fprintf(file, "%d days from %s, by %s\n", (int)play->days, from, draft == NULL ? "the policies in force" : draft->name);
	if (conf.pay_rate == 0 || conf.customer[0] != '\0')
		fprintf(file, "assumed: nobody pays%s;", conf.customer[0] != '\0' ? " unless it is said" : "");
	else
		fprintf(file, "assumed: each day %lld of a thousand persons pay all;", (long long)conf.pay_rate);
	fprintf(file, " each message is accepted on its day on the first channel that the person has, each task is done on\n"
		      "its day, what is under way is taken on the first day; no debts come, nobody writes, no circumstance or "
		      "promise begins or ends; the\n"
		      "guard is not asked\n");
}

static int compare_rows(const void *a_arg, const void *b_arg)
{
	const struct row *a = a_arg, *b = b_arg;
	int by = strcmp(a->policy->name, b->policy->name);

	if (by == 0)
		by = a->step != b->step ? (a->step > b->step) - (a->step < b->step) : (int)a->action - (int)b->action;
	return by != 0 ? by : (int)a->channel - (int)b->channel;
}

static int64_t sum_of(const struct row *row, int32_t from, int32_t to)
{
	int64_t sum = 0;

	for (int32_t day = from; day < to && day < PLAY_DAYS_MAX; day++)
		sum += row->by_day[day];
	return sum;
}

static int64_t cost_of(const struct row *row)
{
	return row->action == ACTION_SEND ? row->groups * conf.prices[row->channel] : 0;
}

/* So many days stand in a column that all columns fit. */
static int32_t column_days(const struct simulation *simulation)
{
	return simulation->play.days <= COLUMNS_MAX * WEEK_DAYS ? WEEK_DAYS : 4 * WEEK_DAYS;
}

static void print_head(const struct simulation *simulation, int32_t step)
{
	printf("%-16s %4s %-8s %-10s", "policy", "step", "arm", "by");
	for (int32_t day = 0; day < simulation->play.days; day += step) {
		char text[16];

		day_format(text, simulation->play.from + day);
		printf(" %7s", text + 5);
	}
	printf(" %8s %8s\n", "all", "cost");
}

static void print_weeks(const struct simulation *simulation)
{
	const int32_t step = column_days(simulation);

	print_head(simulation, step);
	for (uint32_t index = 0; index < simulation->rows_count; index++) {
		const struct row *row = &simulation->rows[index];

		printf("%-16s %4d %-8s %-10s", row->policy->name, (int)row->step->number,
		       row->step->arm[0] == '\0' ? "-" : row->step->arm, way_of(row->action, row->channel));
		for (int32_t day = 0; day < simulation->play.days; day += step)
			printf(" %7lld", (long long)sum_of(row, day, day + step));
		printf(" %8lld %8lld\n", (long long)row->groups, (long long)cost_of(row));
	}
	printf("%lld persons, %lld groups, %lld debts\n", (long long)simulation->persons, (long long)simulation->portfolio.groups,
	       (long long)simulation->portfolio.debts);
	if (simulation->left_out > 0)
		printf("%lld persons were left out: they have too many groups\n", (long long)simulation->left_out);
}

static void print_days(const struct simulation *simulation)
{
	printf("day,policy,version,step,arm,by,groups\n");
	for (int32_t day = 0; day < simulation->play.days; day++) {
		for (uint32_t index = 0; index < simulation->rows_count; index++) {
			const struct row *row = &simulation->rows[index];
			char text[16];

			day_format(text, simulation->play.from + day);
			if (row->by_day[day] > 0)
				printf("%s,%s,%d,%d,%s,%s,%lld\n", text, row->policy->name, (int)row->policy->version,
				       (int)row->step->number, row->step->arm, way_of(row->action, row->channel),
				       (long long)row->by_day[day]);
		}
	}
}

static void print_all(struct simulation *simulation)
{
	const bool by_day = strcmp(conf.by, "day") == 0;

	qsort(simulation->rows, simulation->rows_count, sizeof(simulation->rows[0]), compare_rows);
	print_assumptions(by_day ? stderr : stdout, &simulation->play, simulation->view.draft);
	if (by_day)
		print_days(simulation);
	else
		print_weeks(simulation);
}

/* ---- all of it ---- */

static int prepare(struct simulation *simulation, const char *policy, struct err *err)
{
	if (dunning_open(&simulation->view, &conf.view, policy, err) != 0)
		return -1;
	simulation->play = (struct play){ .policies = &simulation->view.published,
					  .from = simulation->view.today,
					  .days = (int32_t)conf.days,
					  .tell = count,
					  .tell_arg = simulation };
	return 0;
}

static int simulate_all(struct simulation *simulation, struct err *err)
{
	progress_start(&simulation->progress, "debts", conf.progress);
	if (play_all(simulation, err) != 0)
		return -1;
	progress_end(&simulation->progress, simulation->portfolio.debts);
	print_all(simulation);
	return 0;
}

static int simulate(struct simulation *simulation, const char *policy, const struct dunning_changes *changes, struct err *err)
{
	struct uuid customer_id;

	if (conf.customer[0] != '\0' && !uuid_parse(&customer_id, str_of(conf.customer)))
		return err_set(err, ERR_FATAL, "--customer is no id");
	if (prepare(simulation, policy, err) != 0)
		return -1;
	if (conf.customer[0] == '\0')
		return simulate_all(simulation, err);
	print_assumptions(stdout, &simulation->play, simulation->view.draft);
	return dunning_tell_customer(&simulation->view, &simulation->play, &customer_id, changes, err);
}

int run_dunning_simulate(int argc, char **argv)
{
	static struct simulation simulation; /* large */
	struct dunning_changes changes;
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	memset(&simulation, 0, sizeof(simulation));
	if (dunning_take_changes(&argc, argv, &changes, &err) != 0)
		return fail_usage(argv[0], "%s", err.text);
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (strcmp(conf.by, "week") != 0 && strcmp(conf.by, "day") != 0)
		return fail_usage(argv[0], "--by is week or day");
	if (changes.count > 0 && conf.customer[0] == '\0')
		return fail_usage(argv[0], "--if is about one person: --customer");
	if (conf.view.is_alone && arguments.count == 0)
		return fail_usage(argv[0], "--alone needs a policy");
	buf_init(&simulation.groups, GROUPS_SIZE_MAX);
	if (simulate(&simulation, arguments.count == 0 ? NULL : arguments.items[0], &changes, &err) != 0)
		status = fail_wrong(argv[0], &err);
	dunning_close(&simulation.view);
	buf_release(&simulation.groups);
	return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_STATUS_WRONG;
}
