/* `dcs dunning preview`: what the policies would do on a day. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "consumers/dunning/place.h"
#include "consumers/dunning/store_portfolio.h"
#include "crypto/crypto.h"
#include "dunning_dry_run.h"
#include "progress.h"

#define ITEMS_SIZE_MAX ((size_t)4 << 30)

static struct {
	struct dunning_view_conf view;
	const char *by, *key_file;
	int64_t prices[CHANNEL_COUNT];
	bool progress;
} conf;

static const struct conf_row rows[] = {
	ROWS_DUNNING_VIEW(conf.view),
	{ .name = "by",
	  .kind = CONF_TEXT,
	  .default_value = "total",
	  .target = &conf.by,
	  .help = "total, or person: CSV, a line for each group that gets a step or waits" },
	{ .name = "address.key.file",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.key_file,
	  .help = "file of the key that seals addresses, for asking the guard; empty: the guard is not asked" },
	ROWS_PRICE(conf.prices),
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs dunning preview [POLICY] [FLAGS]\n\n"
		 "Evaluates all groups of debts as the business date comes, and changes nothing: who would get which step, on "
		 "which "
		 "channel,\n"
		 "what the compliance guard would stop and by which rule, what it would cost. POLICY is a draft, a file as in\n"
		 "consumers/dunning/policies, which is asked in the place of the published policy of its name; or the name of a\n"
		 "published one. Without it the policies in force are asked.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_max = 1,
};

struct preview {
	struct dunning_view view;
	struct zones zones;
	bool has_key;
	uint8_t key[32];
	struct dry_run run;
	struct buf items, ids; /* of struct dry_item, of struct uuid */
	struct dry_totals totals;
	struct portfolio portfolio;
	struct progress progress;
};

/* ---- asking ---- */

static void set_times(struct dry_item *item, const struct portfolio_group *group, const struct preview *preview)
{
	const struct calendar calendar = { .zones = &preview->zones };

	item->begins_ms = place_day_begins(&calendar, &group->person, preview->view.today);
	item->ends_ms = place_day_begins(&calendar, &group->person, preview->view.today + item->step->send_days);
}

static void ask(struct preview *preview, const struct portfolio_group *group)
{
	struct next_answer answer;
	struct dry_item item;

	dry_totals_count(&preview->totals, group);
	dry_run_ask(&preview->run, group, &answer, &item);
	if (item.kind == NEXT_NOTHING)
		return;
	item.debts_at = preview->ids.size / sizeof(struct uuid);
	for (uint32_t index = 0; index < answer.listed_count; index++)
		buf_add(&preview->ids, &group->debts[answer.listed[index]].debt_id, sizeof(struct uuid));
	if (preview->has_key && item.action == ACTION_SEND)
		set_times(&item, group, preview);
	buf_add(&preview->items, &item, sizeof(item));
}

static int ask_all(struct preview *preview, struct err *err)
{
	const struct portfolio_group *group = NULL;
	int failed = portfolio_begin(&preview->portfolio, preview->view.db, preview->view.today - CAPS_DAYS, NULL, err);

	while (failed == 0 && (failed = portfolio_next(&preview->portfolio, &group, err)) == 0 && group != NULL) {
		ask(preview, group);
		progress_show(&preview->progress, preview->portfolio.debts, 0, 0);
	}
	portfolio_end(&preview->portfolio);
	if (failed == 0 && (preview->items.overflow || preview->ids.overflow))
		return err_set(err, ERR_FATAL, "more groups get a step than there is memory for");
	return failed;
}

/* ---- the answer ---- */

static struct dry_item *items_of(const struct preview *preview, size_t *ret_count)
{
	*ret_count = preview->items.size / sizeof(struct dry_item);
	return (struct dry_item *)(void *)preview->items.data;
}

/* What the figures rest on, beside the tables. */
static void print_assumptions(FILE *file, const struct preview *preview)
{
	const struct policy *draft = preview->view.draft;
	char today[16];

	day_format(today, preview->view.today);
	if (draft == NULL)
		fprintf(file, "on %s, by the policies in force\n", today);
	else
		fprintf(file, "on %s, by %s version %d%s\n", today, draft->name, (int)draft->version,
			conf.view.is_alone ? " alone" : " and the other policies in force");
	fprintf(file,
		"assumed: what is known now stays as it is until then; costs are %lld an e-mail, %lld an SMS, %lld a letter "
		"(minor "
		"units)\n",
		(long long)conf.prices[CHANNEL_EMAIL], (long long)conf.prices[CHANNEL_SMS],
		(long long)conf.prices[CHANNEL_LETTER]);
	fprintf(file, preview->has_key ? "the guard is asked as the day begins at the person's place; nobody looked at texts\n"
				       : "the guard was not asked: --address-key-file\n");
}

static int print_all(struct preview *preview, bool by_person)
{
	size_t count;
	const struct dry_item *items = items_of(preview, &count);

	print_assumptions(by_person ? stderr : stdout, preview);
	if (by_person)
		print_person_heading(stdout);
	for (size_t index = 0; index < count; index++) {
		dry_totals_add(&preview->totals, &items[index]);
		if (by_person)
			print_person(stdout, &items[index], conf.prices);
	}
	dry_totals_sort(&preview->totals);
	if (!by_person)
		print_totals(stdout, &preview->totals, preview->has_key, conf.prices);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_STATUS_OK : EXIT_STATUS_WRONG;
}

/* ---- all of it ---- */

static int prepare(struct preview *preview, const char *policy, struct err *err)
{
	preview->has_key = conf.key_file[0] != '\0';
	if (preview->has_key &&
	    (key_read(preview->key, conf.key_file, err) != 0 || zones_load(&preview->zones, ZONE_FOLDER, err) != 0))
		return -1;
	if (dunning_open(&preview->view, &conf.view, policy, err) != 0)
		return -1;
	dry_run_init(&preview->run, &preview->view.published, preview->view.today);
	return 0;
}

static int preview_all(struct preview *preview, const char *policy, struct err *err)
{
	struct dry_item *items;
	size_t count;

	if (prepare(preview, policy, err) != 0)
		return -1;
	progress_start(&preview->progress, "debts", conf.progress);
	if (ask_all(preview, err) != 0)
		return -1;
	progress_end(&preview->progress, preview->portfolio.debts);
	items = items_of(preview, &count);
	if (!preview->has_key)
		return 0;
	return dunning_ask_guard(&preview->view, preview->key, items, count, (const struct uuid *)(void *)preview->ids.data, err);
}

static void release(struct preview *preview)
{
	dunning_close(&preview->view);
	zones_release(&preview->zones);
	wipe(preview->key, sizeof(preview->key));
	buf_release(&preview->items);
	buf_release(&preview->ids);
}

int run_dunning_preview(int argc, char **argv)
{
	static struct preview preview; /* large */
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;
	bool by_person;

	memset(&preview, 0, sizeof(preview));
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	by_person = strcmp(conf.by, "person") == 0;
	if (!by_person && strcmp(conf.by, "total") != 0)
		return fail_usage(argv[0], "--by is total or person");
	if (conf.view.is_alone && arguments.count == 0)
		return fail_usage(argv[0], "--alone needs a policy");
	buf_init(&preview.items, ITEMS_SIZE_MAX);
	buf_init(&preview.ids, ITEMS_SIZE_MAX);
	if (preview_all(&preview, arguments.count == 0 ? NULL : arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	else
		status = print_all(&preview, by_person);
	release(&preview);
	return status;
}
