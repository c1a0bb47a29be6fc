/* `dcs decisions replay`: decides again what the guard has decided, from the facts that it kept. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "cli.h"
#include "consumers/communications/guard/guard.h"
#include "database.h"
#include "db/db_stream.h"

static struct {
	const char *pg, *pg_user, *zones;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "zones",
	  .kind = CONF_TEXT,
	  .default_value = ZONE_FOLDER,
	  .target = &conf.zones,
	  .help = "folder of the time zones: of the edition that was used" },
};

static const struct usage usage = {
	.about = "usage: dcs decisions replay [FLAGS]\n\n"
		 "Decides every verdict of the guard again, from its stored facts and the profiles that they name, and compares "
		 "verdict,\n"
		 "instant and rules. A version of a profile that was published is read from the database. Prints those that "
		 "differ,\n"
		 "and those that cannot be decided again: a profile that is neither there nor in this program, time zones of "
		 "another edition. Verdicts of programs before 0.5 are counted: their facts had "
		 "another form.\n"
		 "Exit status: 0 all agree; 1 some differ or could not be decided; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

static const struct db_statement select_decisions = {
	.name = "cli_decisions",
	.sql = "SELECT communication_id, verdict, until, rules, facts FROM communications.compliance_decision",
};

static const struct db_statement select_versions = {
	.name = "cli_profile_versions",
	.sql = "SELECT profile, version, countries, region, collector, rules FROM communications.profile_version",
};

#define VERSIONS_SIZE_MAX ((size_t)256 << 20)

struct replay {
	struct zones zones;
	struct buf versions; /* of struct guard_profile: all that were published */
	long long agreed, differing, undecided, old;
};

/* The verdict as `deny 0 US-10 US-13`. */
struct said {
	char text[1024];
};

static void say(struct said *said, struct str verdict, int64_t until_ms, struct str rules)
{
	(void)snprintf(said->text, sizeof(said->text), "%.*s %lld %.*s", (int)verdict.size, verdict.data, (long long)until_ms,
		       (int)rules.size, rules.data);
}

static void say_verdict(struct said *said, const struct guard_verdict *verdict)
{
	char rules[1024] = "";
	size_t size = 0;

	for (size_t index = 0; index < verdict->rules_count && size < sizeof(rules) - 16; index++)
		size += (size_t)snprintf(rules + size, sizeof(rules) - size, "%s%s", index > 0 ? " " : "", verdict->rules[index]);
	say(said, str_of(compliance_verdict_name(verdict->verdict)), verdict->until_ms, str_of(rules));
}

static void tell(const struct db_stream *stream, const char *what, struct str detail)
{
	struct uuid id = db_stream_uuid(stream, 0);
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, &id);
	printf("%s: %s %.*s\n", text, what, (int)detail.size, detail.data);
}

static void replay_row(struct replay *replay, const struct db_stream *stream)
{
	static struct guard_question question;
	const struct guard_versions versions = { .profiles = (const struct guard_profile *)(const void *)replay->versions.data,
						 .count = replay->versions.size / sizeof(struct guard_profile) };
	struct str facts = db_stream_str(stream, 4);
	struct said stored, now;
	struct guard_verdict verdict;
	struct str bad;

	if (str_begins_nocase(facts, STR("action="))) {
		replay->old++;
		return;
	}
	if (!guard_question_read(&question, facts, &replay->zones, &versions, &bad)) {
		tell(stream, "cannot be decided again:", bad);
		replay->undecided++;
		return;
	}
	verdict = guard_decide(&question.facts, question.profiles, question.profiles_count);
	if (verdict.verdict == VERDICT_ALLOW && db_stream_is_null(stream, 2))
		verdict.until_ms = 0; /* before the programs noted until when an allow holds */
	say_verdict(&now, &verdict);
	say(&stored, db_stream_str(stream, 1), db_stream_is_null(stream, 2) ? 0 : db_stream_instant(stream, 2),
	    db_stream_str(stream, 3));
	if (strcmp(stored.text, now.text) == 0) {
		replay->agreed++;
		return;
	}
	tell(stream, "was", str_of(stored.text));
	tell(stream, "is ", str_of(now.text));
	replay->differing++;
}

static int add_version(struct replay *replay, const struct db_stream *stream, struct err *err)
{
	const struct guard_scope scope = { .id = db_stream_str(stream, 0),
					   .version = db_stream_int32(stream, 1),
					   .countries = db_stream_str(stream, 2),
					   .region = db_stream_str(stream, 3),
					   .collector = db_stream_str(stream, 4) };
	struct guard_profile profile;
	struct guard_fault fault;

	if (!guard_profile_begin(&profile, &scope, &fault) ||
	    !guard_profile_add_lines(&profile, db_stream_str(stream, 5), &fault))
		return err_set(err, ERR_FATAL, "a published profile is not one that this program knows: %s: %s", fault.field,
			       fault.text);
	buf_add(&replay->versions, &profile, sizeof(profile));
	return replay->versions.overflow ? err_set(err, ERR_FATAL, "too many profiles were published") : 0;
}

static int read_versions(struct replay *replay, struct db *db, struct err *err)
{
	struct db_stream stream = { 0 };
	bool is_found = false;
	int failed = db_stream_open(&stream, db, &select_versions, err);

	while (failed == 0 && (failed = db_stream_next(&stream, &is_found, err)) == 0 && is_found)
		failed = add_version(replay, &stream, err);
	db_stream_close(&stream);
	return failed;
}

static int replay_all(struct replay *replay, struct db *db, struct err *err)
{
	struct db_stream stream = { 0 };
	bool is_found = false;
	int failed = db_stream_open(&stream, db, &select_decisions, err);

	while (failed == 0 && (failed = db_stream_next(&stream, &is_found, err)) == 0 && is_found)
		replay_row(replay, &stream);
	db_stream_close(&stream);
	return failed;
}

int run_decisions(int argc, char **argv)
{
	struct replay replay = { .old = 0 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (strcmp(arguments.items[0], "replay") != 0)
		return fail_usage(argv[0], "there is no decisions %s; see dcs decisions --help", arguments.items[0]);
	buf_init(&replay.versions, VERSIONS_SIZE_MAX);
	if (zones_load(&replay.zones, conf.zones, &err) != 0 || database_open(conf.pg, conf.pg_user, 0, &db, &err) != 0 ||
	    read_versions(&replay, db, &err) != 0 || replay_all(&replay, db, &err) != 0) {
		status = fail_wrong(argv[0], &err);
	} else {
		printf("%lld decisions agree, %lld differ, %lld cannot be decided again, %lld of an older form\n", replay.agreed,
		       replay.differing, replay.undecided, replay.old);
		status = replay.differing + replay.undecided > 0 ? EXIT_STATUS_WRONG : EXIT_STATUS_OK;
	}
	db_close(db);
	buf_release(&replay.versions);
	zones_release(&replay.zones);
	return status;
}
