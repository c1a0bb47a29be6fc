/* Opening and closing a connection. */

#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/must.h"
#include "db/connection.h"

static void drop_notice(void *nothing, const PGresult *notice)
{
	(void)nothing;
	(void)notice;
}

struct option {
	const char *keyword, *value;
};

/* For options missing in conninfo: a dead peer is noticed within half a minute. Sockets of the same host ignore keepalives. */
static const struct option options_default[] = {
	{ "connect_timeout", "5" },  { "keepalives_idle", "10" },     { "keepalives_interval", "5" },
	{ "keepalives_count", "3" }, { "tcp_user_timeout", "20000" },
};

/* The first value of an option wins. The last entry stays NULL: the end mark. */
static void option_add(struct connect_options *options, const char *keyword, const char *value)
{
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->keywords[i], keyword) == 0)
			return;
	MUST(options->count < CONNECT_OPTIONS_MAX - 1);
	options->keywords[options->count] = keyword;
	options->values[options->count] = value;
	options->count++;
}

int connect_options_read(struct connect_options *options, const char *conninfo, struct err *err)
{
	char *trouble = NULL; /* not returned: it may quote a password */

	*options = (struct connect_options){ .given = PQconninfoParse(conninfo, &trouble) };
	PQfreemem(trouble);
	return options->given == NULL ? err_set(err, ERR_FATAL, "the database's conninfo cannot be read") : 0;
}

void connect_options_fill(struct connect_options *options, const char *application_name, const char *session)
{
	option_add(options, "application_name", application_name);
	option_add(options, "client_encoding", "UTF8");
	if (session != NULL)
		option_add(options, "options", session);
	for (const PQconninfoOption *option = options->given; option->keyword != NULL; option++)
		if (option->val != NULL)
			option_add(options, option->keyword, option->val);
	for (size_t i = 0; i < COUNT(options_default); i++)
		option_add(options, options_default[i].keyword, options_default[i].value);
}

void connect_options_release(struct connect_options *options)
{
	PQconninfoFree(options->given);
	*options = (struct connect_options){ 0 };
}

static const char *known(const char *name)
{
	return name == NULL || name[0] == '\0' ? "?" : name;
}

/* libpq reports "connection to server on socket "..." failed: reason". The error has the first line of the reason, after the
 * server and the name of the setting. A value that libpq does not know is `?`. */
int connection_refused(const PGconn *pg, struct err *err)
{
	const char *reason = PQerrorMessage(pg);
	const char *mark = "failed: ";

	for (const char *at = strstr(reason, mark); at != NULL; at = strstr(reason, mark))
		reason = at + strlen(mark);
	return err_set(err, ERR_RETRY, "cannot connect to the database (DCS_PG: host %s, port %s, database %s, user %s): %.*s",
		       known(PQhost(pg)), known(PQport(pg)), known(PQdb(pg)), known(PQuser(pg)), (int)strcspn(reason, "\n"),
		       reason);
}

void connection_ignore_notices(PGconn *pg)
{
	PQsetNoticeReceiver(pg, drop_notice, NULL);
}

static int connect_with(struct db *db, struct connect_options *options, const char *application_name, struct err *err)
{
	connect_options_fill(options, application_name, NULL);
	db->pg = PQconnectdbParams(options->keywords, options->values, 0);
	if (PQstatus(db->pg) != CONNECTION_OK)
		return connection_refused(db->pg, err);
	connection_ignore_notices(db->pg);
	if (PQsetnonblocking(db->pg, 1) != 0)
		return connection_lost(db, "cannot make it non-blocking", err);
	db->alive = true;
	return 0;
}

/* Generic plans: a plan for each set of arrays costs more than it saves. */
static int set_session(struct db *db, int64_t statement_timeout_ms, struct err *err)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		 "SET client_min_messages = error; SET TimeZone = 'UTC'; SET plan_cache_mode = force_generic_plan; SET jit = off;"
		 "SET statement_timeout = %" PRId64,
		 statement_timeout_ms);
	db->patience_ms = PATIENCE_MS + statement_timeout_ms;
	if (connection_script(db, sql, "SET", err) != 0)
		return -1;
	db->patience_ms = statement_timeout_ms == 0 ? 0 : db->patience_ms;
	return 0;
}

int db_open(const char *conninfo, const char *application_name, int64_t statement_timeout_ms, struct db **ret_db, struct err *err)
{
	struct connect_options options = { 0 };
	struct arena memory = { 0 };
	struct db *db = NULL;
	int rc = -1;

	MUST(statement_timeout_ms >= 0 && statement_timeout_ms <= INT32_MAX - PATIENCE_MS);
	if (connect_options_read(&options, conninfo, err) != 0 || arena_init(&memory, sizeof(*db), err) != 0)
		goto out;
	db = arena_take(&memory, 1, sizeof(*db));
	MUST(db != NULL);
	db->memory = memory;
	db_params_init(&db->arrays, ARRAYS_SIZE_MAX);
	if (connect_with(db, &options, application_name, err) != 0 || set_session(db, statement_timeout_ms, err) != 0)
		goto out;
	*ret_db = db;
	db = NULL;
	rc = 0;
out:
	db_close(db);
	connect_options_release(&options);
	return rc;
}

void db_close(struct db *db)
{
	struct arena memory;

	if (db == NULL)
		return;
	PQfinish(db->pg);
	db_params_release(&db->arrays);
	memory = db->memory; /* db itself lies in it */
	arena_release(&memory);
}
