/* `dcs dunning diff`: whose next step is another one by another policy, on a day. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "cli.h"
#include "consumers/dunning/store_portfolio.h"
#include "dunning_dry_run.h"
#include "progress.h"

static struct {
	struct dunning_view_conf view;
	const char *by;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	ROWS_DUNNING_VIEW(conf.view),
	{ .name = "by",
	  .kind = CONF_TEXT,
	  .default_value = "person",
	  .target = &conf.by,
	  .help = "person: CSV, a line for each group whose step differs, totals on standard error; total: only the totals" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs dunning diff POLICY_1 POLICY_2 [FLAGS]\n\n"
		 "Asks about every group twice, with each of two policies among those in force, and prints whose next step "
		 "differs and\n"
		 "how. POLICY as for dcs dunning preview; a published "
		 "one and\n"
		 "a draft of its name are compared as what is and what would be. The guard is not asked.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 2,
	.arguments_max = 2,
};

#define BOTH 2

struct diff {
	struct dunning_view view;
	struct policies policies[BOTH]; /* those in force, with one of the two each */
	struct dry_run runs[BOTH];
	struct dry_totals totals[BOTH];
	int64_t counts[DRY_DIFFERENCE_COUNT];
	struct portfolio portfolio;
	struct progress progress;
};

/* ---- a group ---- */

static void compare(struct diff *diff, const struct portfolio_group *group, bool by_person)
{
	struct dry_item items[BOTH];
	struct next_answer answer;
	enum dry_difference difference;

	for (int which = 0; which < BOTH; which++) {
		dry_run_ask(&diff->runs[which], group, &answer, &items[which]);
		dry_totals_count(&diff->totals[which], group);
		dry_totals_add(&diff->totals[which], &items[which]);
	}
	difference = dry_difference(&items[0], &items[1]);
	diff->counts[difference]++;
	if (by_person && difference != DRY_SAME)
		print_difference(stdout, &items[0], &items[1], difference);
}

static int compare_all(struct diff *diff, bool by_person, struct err *err)
{
	const struct portfolio_group *group = NULL;
	int failed = portfolio_begin(&diff->portfolio, diff->view.db, diff->view.today - CAPS_DAYS, NULL, err);

	while (failed == 0 && (failed = portfolio_next(&diff->portfolio, &group, err)) == 0 && group != NULL) {
		compare(diff, group, by_person);
		progress_show(&diff->progress, diff->portfolio.debts, 0, 0);
	}
	portfolio_end(&diff->portfolio);
	return failed;
}

/* ---- the answer ---- */

static void print_sums(FILE *file, struct diff *diff, char **names)
{
	static const int64_t no_prices[CHANNEL_COUNT];
	char today[16];

	day_format(today, diff->view.today);
	for (int which = 0; which < BOTH; which++) {
		fprintf(file, "== %s, on %s\n", names[which], today);
		dry_totals_sort(&diff->totals[which]);
		print_totals(file, &diff->totals[which], false, no_prices);
	}
	fprintf(file, "== %lld groups\n", (long long)diff->portfolio.groups);
	for (int difference = 0; difference < DRY_DIFFERENCE_COUNT; difference++)
		fprintf(file, "%9lld %s\n", (long long)diff->counts[difference],
			word_of_difference((enum dry_difference)difference));
}

static int diff_all(struct diff *diff, char **names, bool by_person, struct err *err)
{
	if (dunning_open(&diff->view, &conf.view, NULL, err) != 0)
		return -1;
	for (int which = 0; which < BOTH; which++) {
		const struct policy *policy;

		diff->policies[which] = diff->view.published;
		if (dunning_put(names[which], conf.view.is_alone, &diff->policies[which], &policy, err) != 0)
			return -1;
		dry_run_init(&diff->runs[which], &diff->policies[which], diff->view.today);
	}
	progress_start(&diff->progress, "debts", conf.progress);
	if (by_person)
		print_difference_heading(stdout);
	if (compare_all(diff, by_person, err) != 0)
		return -1;
	progress_end(&diff->progress, diff->portfolio.debts);
	print_sums(by_person ? stderr : stdout, diff, names);
	return 0;
}

int run_dunning_diff(int argc, char **argv)
{
	static struct diff diff; /* large */
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;
	bool by_person;

	memset(&diff, 0, sizeof(diff));
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	by_person = strcmp(conf.by, "person") == 0;
	if (!by_person && strcmp(conf.by, "total") != 0)
		return fail_usage(argv[0], "--by is person or total");
	if (diff_all(&diff, arguments.items, by_person, &err) != 0)
		status = fail_wrong(argv[0], &err);
	dunning_close(&diff.view);
	return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_STATUS_WRONG;
}
