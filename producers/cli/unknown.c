/* `dcs unknown list`: messages of which nobody knows whether their gateway has sent them. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "cli.h"
#include "database.h"
#include "db/db_stream.h"

static struct {
	const char *pg, *pg_user;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
};

static const struct usage usage = {
	.about = "usage: dcs unknown list [FLAGS]\n\n"
		 "Lists the messages of which nobody knows whether their gateway has sent them: they are not sent again, until a "
		 "person\n"
		 "has found out that they were not. Oldest first: the message, its customer, its version, since when, channel, "
		 "gateway and\n"
		 "the last code of its answer. What a person found out is the command ResolveUnknown, of this version: POST\n"
		 "/communications/ID/resolution with If-Match, or dcs publish ResolveUnknown with expected_version.\n"
		 "Exit status: 0 done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

static const struct db_statement select_unknown = {
	.name = "cli_unknown",
	.sql = "SELECT c.communication_id, c.customer_id, r.occurred_at, c.channel, r.provider, coalesce(r.provider_code, ''), "
	       "c.version "
	       "FROM communications.communication c JOIN communications.receipt r USING (communication_id, version) "
	       "WHERE c.state = 'unknown' ORDER BY r.occurred_at, c.communication_id",
};

static void print_row(const struct db_stream *stream)
{
	struct uuid communication_id = db_stream_uuid(stream, 0), customer_id = db_stream_uuid(stream, 1);
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], since[32];
	struct str channel = db_stream_str(stream, 3), provider = db_stream_str(stream, 4), code = db_stream_str(stream, 5);

	uuid_format(communication, &communication_id);
	uuid_format(customer, &customer_id);
	instant_format(since, db_stream_instant(stream, 2));
	printf("%s %s %4lld %-24s %-6.*s %-16.*s %.*s\n", communication, customer, (long long)db_stream_int64(stream, 6), since,
	       (int)channel.size, channel.data, (int)provider.size, provider.data, (int)code.size, code.data);
}

static int list(struct db *db, long long *ret_count, struct err *err)
{
	struct db_stream stream = { 0 };
	bool is_found = false;
	int failed = db_stream_open(&stream, db, &select_unknown, err);

	*ret_count = 0;
	while (failed == 0 && (failed = db_stream_next(&stream, &is_found, err)) == 0 && is_found) {
		print_row(&stream);
		++*ret_count;
	}
	db_stream_close(&stream);
	return failed;
}

int run_unknown(int argc, char **argv)
{
	int status = EXIT_STATUS_OK;
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct db *db = NULL;
	long long count;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (strcmp(arguments.items[0], "list") != 0)
		return fail_usage(argv[0], "there is no unknown %s; see dcs unknown --help", arguments.items[0]);
	if (database_open(conf.pg, conf.pg_user, 0, &db, &err) != 0 || list(db, &count, &err) != 0)
		status = fail_wrong(argv[0], &err);
	else
		printf("%lld messages are unknown\n", count);
	db_close(db);
	return status;
}
