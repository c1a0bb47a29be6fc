/* `dcs profiles`: the compliance profiles that the guard can be asked with, their rules and numbers. */
#include "base/array.h"
#include "cli.h"
#include "listing.h"

static struct {
	const char *pg, *pg_user;
	bool is_all;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "all",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.is_all,
	  .help = "every version, not only those that are in force" },
};

static const struct usage usage = {
	.about = "usage: dcs profiles [FLAGS]\n\n"
		 "Lists the compliance profiles, built in or published, in the version that is in force: id/version, where it "
		 "applies "
		 "(countries,\n"
		 "region, for whom debts are collected), title; below it a line for each rule: id, choice, numbers, law. What is "
		 "not "
		 "listed is off.\n"
		 "DCS_PROFILES of dcs-communications chooses which of them are asked. POST /profiles publishes a version.\n"
		 "Exit status: 0 done; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
};

static const struct db_statement select_profiles = {
	.name = "cli_profiles",
	.sql = "SELECT p.profile || '/' || p.version || CASE p.state WHEN 'in_force' THEN '' ELSE ' replaced' END, "
	       "CASE p.countries WHEN '' THEN 'everywhere' ELSE p.countries END || CASE p.region WHEN '' THEN '' ELSE '-' || "
	       "p.region "
	       "END, p.collector, p.title || "
	       "(SELECT coalesce(string_agg(E'\\n  ' || l.line || coalesce(' (' || r.law || ')', ''), '' ORDER BY l.n), '') "
	       "FROM unnest(string_to_array(nullif(p.rules, ''), E'\\n')) WITH ORDINALITY AS l (line, n) "
	       "LEFT JOIN public.dcs_guard_rules() r ON r.rule = split_part(l.line, ' ', 1)) "
	       "FROM communications.api_profile p WHERE p.state = 'in_force' OR $1::boolean ORDER BY p.profile, p.version LIMIT "
	       "$2",
};

int run_profiles(int argc, char **argv)
{
	struct arguments arguments;
	struct db_params params;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	db_params_init(&params, 1024);
	db_param_bool(&params, conf.is_all);
	status = list_rows(argv[0], conf.pg, conf.pg_user, &select_profiles, &params);
	db_params_release(&params);
	return status;
}
