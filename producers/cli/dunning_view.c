/* What the dry runs of dunning share: the snapshot, the policies that an argument names, the day. */
#include "dunning_dry_run.h"

#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "consumers/dunning/policy_draft.h"
#include "consumers/dunning/store_portfolio.h"
#include "database.h"
#include "policy_source.h"

#define ARENA_SIZE ((size_t)4 << 20)

/* ---- the policy that an argument names ---- */

static int read_draft(const char *name, struct policy *policy, struct err *err)
{
	struct draft_fault fault = { .where = "" };
	struct arena arena = { .block = NULL };
	struct str json = { 0 };
	struct buf file;
	int failed;

	buf_init(&file, POLICY_SOURCE_MAX);
	failed = policy_source(name, &file, &json, err);
	if (failed == 0)
		failed = arena_init(&arena, ARENA_SIZE, err);
	if (failed == 0 && !policy_draft_read(policy, json, &arena, &fault))
		failed = err_set(err, ERR_FATAL, "%s: %s: %s", name, fault.where, fault.text);
	buf_release(&file);
	arena_release(&arena);
	return failed;
}

/* It may be a retired one: then it is asked about as if it were in force. */
static bool find_published(const char *name, const struct policies *policies, struct policy *policy)
{
	const struct policy *found = policies_find(policies, str_of(name));

	if (found == NULL)
		return false;
	*policy = *found;
	policy->is_retired = 0;
	return true;
}

int dunning_put(const char *file_or_name, bool is_alone, struct policies *policies, const struct policy **ret_policy,
		struct err *err)
{
	struct draft_fault fault = { .where = "" };
	struct policy policy;
	bool is_published = !policy_source_is_file(file_or_name) && find_published(file_or_name, policies, &policy);
	int failed = is_published ? 0 : read_draft(file_or_name, &policy, err);

	if (failed == 0 && !policy_draft_put(policies, &policy, is_alone, &fault))
		failed = err_set(err, ERR_FATAL, "%s: %s: %s", file_or_name, fault.where, fault.text);
	if (failed != 0)
		return -1;
	*ret_policy = policies_find(policies, str_of(policy.name));
	return 0;
}

/* ---- the view ---- */

static int find_day(struct dunning_view *view, const char *as_of, struct err *err)
{
	if (as_of[0] == '\0')
		view->today = (view->business_date == DAY_MIN ? day_of_instant(clock_now_ms()) : view->business_date) + 1;
	else if (!day_parse(str_of(as_of), &view->today))
		return err_set(err, ERR_FATAL, "--as-of must be a day such as 2026-11-22");
	return 0;
}

int dunning_open(struct dunning_view *view, const struct dunning_view_conf *conf, const char *policy, struct err *err)
{
	if (database_open(conf->pg, conf->pg_user, 0, &view->db, err) != 0 || portfolio_snapshot(view->db, err) != 0 ||
	    portfolio_policies(view->db, &view->published, err) != 0 ||
	    portfolio_business_date(view->db, &view->business_date, err) != 0)
		return -1;
	if (policy != NULL && dunning_put(policy, conf->is_alone, &view->published, &view->draft, err) != 0)
		return -1;
	return find_day(view, conf->as_of, err);
}

void dunning_close(struct dunning_view *view)
{
	if (view->db != NULL)
		db_rollback(view->db);
	db_close(view->db);
	view->db = NULL;
}

/* ---- the subcommands ---- */

static const struct {
	const char *name;
	char *full_name; /* argv[0] of the subcommand */
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{ "preview", (char[]){ "dunning preview" }, run_dunning_preview },
	{ "diff", (char[]){ "dunning diff" }, run_dunning_diff },
	{ "simulate", (char[]){ "dunning simulate" }, run_dunning_simulate },
	{ "results", (char[]){ "dunning results" }, run_dunning_results },
};

bool dunning_dry_run(int argc, char **argv, int *ret_status)
{
	for (size_t index = 0; argc > 1 && index < COUNT(subcommands); index++) {
		if (strcmp(argv[1], subcommands[index].name) != 0)
			continue;
		argv[1] = subcommands[index].full_name;
		*ret_status = subcommands[index].run(argc - 1, argv + 1);
		return true;
	}
	return false;
}
