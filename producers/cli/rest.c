#include "rest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/day.h"
#include "topic_names.h"

#define LOOK_MS         2
#define LOOK_MS_MAX     50
#define SQL_SIZE_MAX    16384
#define PARAMS_SIZE_MAX ((size_t)SCHEMAS_MAX * BUS_PARTS_MAX * 16)
#define NOTIFIER        "the notifier"

/*
 * One statement asks about all of them, so that it sees one moment of the database: who caused something and who has done it.
 * Its rows: who, module, part, next offset, sequence number, time of the last Tick, whether it is halted, why.
 */
#define HEADS_OF_MODULE                                                                                                          \
	"SELECT 'module', '%s', part, next_offset, log_seq, coalesce(tick_at, 'epoch'), state = 'halted', "                      \
	"coalesce(reason, '') FROM %s.partition_head UNION ALL "
#define HEADS_OF_READER                                                                                                          \
	"SELECT '%s', module, part, 0, last_seq, 'epoch', state = 'halted', coalesce(reason, '') FROM %s.reader_head UNION ALL "
/* As a reader: of each module that is followed. */
#define HEADS_OF_FOLLOWER "SELECT '%s', source, part, 0, last_seq, 'epoch', false, '' FROM %s.followed_head UNION ALL "
#define NOTIFIER_IS_BUSY                                                                                                         \
	"SELECT '" NOTIFIER "', 'messages', 0, 0, 0, 'epoch'::timestamptz, false, '' WHERE " NOTIFIER_REPORTS                    \
	" OR " NOTIFIER_SENDS

#define NOTIFIER_REPORTS                                                                                                         \
	"EXISTS (SELECT FROM notifier.attempt WHERE NOT reported)"                                                               \
	" OR EXISTS (SELECT FROM notifier.dispatch WHERE state = 'sending')"
#define NOTIFIER_SENDS                                                                                                           \
	"EXISTS (SELECT FROM notifier.dispatch WHERE state IN ('queued', 'waiting')"                                             \
	" AND least(next_at, send_by) <= (SELECT engine.now()))"                                                                 \
	" OR EXISTS (SELECT FROM notifier.dispatch WHERE state = 'asking'"                                                       \
	" AND next_at <= (SELECT engine.now()) AND send_by > (SELECT engine.now()))"

/*
 * A command of the log that no module knows yet: behind the position of what is known to be in its topic, or since all were at rest, as
 * one that is in its topic may not be decided yet. Those of a partition are decided in the log's order, so the newest are looked at.
 */
#define ROWS_AT_FIRST 64 /* before the first look nothing is known of the log */
#define MODULE_HAS_UNSENT                                                                                                        \
	"EXISTS (SELECT FROM %s.partition_head h LEFT JOIN %s.sent_head s ON s.part = h.part CROSS JOIN LATERAL"                 \
	" (SELECT e.subject FROM %s.event_log e WHERE e.part = h.part"                                                           \
	" AND e.seq > least(coalesce(s.log_seq, 0), ($%zu::bigint[])[h.part + 1])"                                               \
	" AND e.schema_id = ANY (public.dcs_schema_ids('CommandIssued')) ORDER BY e.seq DESC LIMIT 1000) i"                      \
	" WHERE (SELECT count(*) FROM (SELECT FROM api.command c WHERE c.command_id = i.subject LIMIT 1) known) = 0) OR "

/* What a Tick would set going in a module. */
#define MODULE_HAS_DUE                                                                                                           \
	"EXISTS (SELECT FROM %s.timer WHERE due_at <= (SELECT engine.now()) OR due_on <= $1)"                                    \
	" OR EXISTS (SELECT FROM %s.parked) OR "

static int open_parts(struct rest *rest, size_t index, struct bus_producer *producer, struct err *err)
{
	char topic[TOPIC_NAME_MAX];

	topic_name(topic, rest->modules.names[index], TOPIC_COMMANDS);
	if (bus_producer_parts(producer, topic, &rest->parts[index], err) != 0)
		return -1;
	if (rest->parts[index] > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "%s: more than %d partitions", topic, BUS_PARTS_MAX);
	return 0;
}

/* Of names that the database has quoted. */
static void write_statements(const struct rest *rest, struct buf *heads, struct buf *due, struct buf *unsent)
{
	buf_add_text(due, "SELECT ");
	buf_add_text(unsent, "SELECT ");
	for (size_t i = 0; i < rest->modules.count; i++) {
		buf_add_format(heads, HEADS_OF_MODULE, rest->modules.names[i], rest->modules.names[i]);
		buf_add_format(due, MODULE_HAS_DUE, rest->modules.names[i], rest->modules.names[i]);
	}
	for (size_t i = 0; i < rest->readers.count; i++)
		buf_add_format(heads, HEADS_OF_READER, rest->readers.names[i], rest->readers.names[i]);
	for (size_t i = 0; i < rest->reacting.count; i++) {
		const char *name = rest->reacting.names[i];

		buf_add_format(heads, HEADS_OF_FOLLOWER, name, name);
		buf_add_format(unsent, MODULE_HAS_UNSENT, name, name, name, i + 1);
	}
	buf_add_text(heads, NOTIFIER_IS_BUSY);
	buf_add_text(due, NOTIFIER_SENDS);
	buf_add_text(unsent, "false");
}

static int open_statements(struct rest *rest, struct err *err)
{
	buf_init(&rest->sql_heads, SQL_SIZE_MAX);
	buf_init(&rest->sql_due, SQL_SIZE_MAX);
	buf_init(&rest->sql_unsent, SQL_SIZE_MAX);
	write_statements(rest, &rest->sql_heads, &rest->sql_due, &rest->sql_unsent);
	buf_add_u8(&rest->sql_heads, '\0');
	buf_add_u8(&rest->sql_due, '\0');
	buf_add_u8(&rest->sql_unsent, '\0');
	if (rest->sql_heads.overflow || rest->sql_due.overflow || rest->sql_unsent.overflow)
		return err_set(err, ERR_FATAL, "no memory for the modules");
	rest->heads = (struct db_statement){ .name = "cli_rest_heads", .sql = (const char *)rest->sql_heads.data };
	rest->due = (struct db_statement){ .name = "cli_rest_due", .sql = (const char *)rest->sql_due.data };
	rest->unsent = (struct db_statement){ .name = "cli_rest_unsent", .sql = (const char *)rest->sql_unsent.data };
	return 0;
}

int rest_open(struct rest *rest, struct db *db, struct bus_producer *producer, struct err *err)
{
	*rest = (struct rest){ .db = db };
	if (command_schemas(db, &rest->modules, err) != 0 || reader_schemas(db, &rest->readers, err) != 0 ||
	    reacting_schemas(db, &rest->reacting, err) != 0)
		return -1;
	for (size_t i = 0; i < rest->modules.count; i++) {
		if (open_parts(rest, i, producer, err) != 0)
			return -1;
	}
	return open_statements(rest, err);
}

void rest_release(struct rest *rest)
{
	buf_release(&rest->sql_heads);
	buf_release(&rest->sql_due);
	buf_release(&rest->sql_unsent);
}

void rest_expect_tick(struct rest *rest, int64_t tick_ms)
{
	rest->tick_ms = tick_ms;
}

void rest_expect(struct rest *rest, size_t module, int32_t part, int64_t offset)
{
	MUST(module < rest->modules.count);
	MUST(part >= 0);
	MUST(part < BUS_PARTS_MAX);
	if (offset >= rest->next[module][part])
		rest->next[module][part] = offset + 1;
}

/* modules.count: there is none. */
static size_t find_module(const struct rest *rest, struct str name)
{
	size_t index = 0;

	while (index < rest->modules.count && !str_is(name, rest->modules.names[index]))
		index++;
	return index;
}

bool rest_find_module(const struct rest *rest, struct str name, size_t *ret_module)
{
	*ret_module = find_module(rest, name);
	return *ret_module < rest->modules.count;
}

/* ---- one look ---- */

static bool not_yet(struct rest *rest, struct str who, struct str module, int32_t part)
{
	(void)snprintf(rest->missing, sizeof(rest->missing), "%.*s %.*s/%" PRId32, (int)who.size, who.data, (int)module.size,
		       module.data, part);
	return false;
}

static bool module_rests(struct rest *rest, size_t index, int32_t part, const struct db_result *heads, int row)
{
	rest->log_seq[index][part] = db_int64(heads, row, 4);
	return db_int64(heads, row, 3) >= rest->next[index][part] && db_instant(heads, row, 5) >= rest->tick_ms;
}

/* Modules come before readers: a reader has nothing to read when it has read what they have written by now. */
static int judge_row(struct rest *rest, const struct db_result *heads, int row, int32_t *parts, bool *ret_rests, struct err *err)
{
	struct str who = db_str(heads, row, 0), module = db_str(heads, row, 1);
	size_t index = find_module(rest, module);
	int32_t part = db_int32(heads, row, 2);
	bool is_at_rest = !str_is(who, NOTIFIER); /* has a row only when it is not; of unknown modules nothing is expected */

	if (db_bool(heads, row, 6)) {
		struct str reason = db_str(heads, row, 7);

		return err_set(err, ERR_FATAL, "%.*s %.*s/%" PRId32 " is halted: %.*s", (int)who.size, who.data, (int)module.size,
			       module.data, part, (int)reason.size, reason.data);
	}
	if (index < rest->modules.count && part >= 0 && part < BUS_PARTS_MAX) {
		bool is_module = str_is(who, "module");

		parts[index] += is_module;
		is_at_rest = is_module ? module_rests(rest, index, part, heads, row)
				       : db_int64(heads, row, 4) >= rest->log_seq[index][part];
	}
	if (!is_at_rest && *ret_rests)
		*ret_rests = not_yet(rest, who, module, part);
	return 0;
}

static int look(struct rest *rest, bool *ret_rests, struct err *err)
{
	struct db_result heads = { .pg = NULL };
	int32_t parts[SCHEMAS_MAX] = { 0 };
	int status = 0;

	*ret_rests = true;
	if (db_run(rest->db, &rest->heads, NULL, &heads, err) != 0)
		return -1;
	for (int row = 0; row < heads.rows && status == 0; row++)
		status = judge_row(rest, &heads, row, parts, ret_rests, err);
	for (size_t i = 0; i < rest->modules.count && status == 0; i++) {
		if (parts[i] < rest->parts[i])
			*ret_rests = not_yet(rest, STR("module"), str_of(rest->modules.names[i]), parts[i]);
	}
	db_result_release(&heads);
	return status;
}

static int64_t events_of(const struct rest *rest)
{
	int64_t events = 0;

	for (size_t i = 0; i < rest->modules.count; i++)
		for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
			events += rest->log_seq[i][part];
	return events;
}

/* Up to where a log was when all were at rest. */
static int64_t rested_seq(const struct rest *rest, size_t index, int32_t part)
{
	const int64_t log_seq = rest->log_seq[index][part];

	if (rest->has_rested)
		return rest->rested_seq[index][part];
	return log_seq > ROWS_AT_FIRST ? log_seq - ROWS_AT_FIRST : 0;
}

/* The same of each module that reacts, by partition. */
static void put_rested(const struct rest *rest, struct db_params *params)
{
	for (size_t i = 0; i < rest->reacting.count; i++) {
		size_t index = find_module(rest, str_of(rest->reacting.names[i]));

		db_array_begin(params, DB_ARRAY_INT64);
		for (int32_t part = 0; index < rest->modules.count && part < rest->parts[index]; part++)
			db_array_int64(params, rested_seq(rest, index, part));
	}
}

static int look_for_unsent(struct rest *rest, bool *ret_is_unsent, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int status;

	db_params_init(&params, PARAMS_SIZE_MAX);
	put_rested(rest, &params);
	status = db_run(rest->db, &rest->unsent, &params, &result, err);
	if (status == 0)
		*ret_is_unsent = db_bool(&result, 0, 0);
	db_result_release(&result);
	db_params_release(&params);
	return status;
}

/*
 * Where modules react, one sets another going that was looked at before: all rest when two looks in a row find it, and nothing was
 * written between them. *events_before: of the last look that did; -1: none.
 */
static int look_at_all(struct rest *rest, int64_t *events_before, bool *ret_rests, struct err *err)
{
	bool is_unsent;
	int64_t events;

	if (look(rest, ret_rests, err) != 0)
		return -1;
	if (!*ret_rests || rest->reacting.count == 0)
		return 0;
	events = events_of(rest);
	if (look_for_unsent(rest, &is_unsent, err) != 0)
		return -1;
	*ret_rests = !is_unsent && events == *events_before;
	*events_before = is_unsent ? -1 : events;
	if (*ret_rests) {
		memcpy(rest->rested_seq, rest->log_seq, sizeof(rest->rested_seq));
		rest->has_rested = true;
	} else {
		(void)snprintf(rest->missing, sizeof(rest->missing), "what modules send to each other");
	}
	return 0;
}

int rest_has_due(struct rest *rest, int32_t business_date, bool *ret_due, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int status;

	db_params_init(&params, 64);
	db_param_date(&params, business_date);
	status = db_run(rest->db, &rest->due, &params, &result, err);
	if (status == 0)
		*ret_due = db_bool(&result, 0, 0);
	db_result_release(&result);
	db_params_release(&params);
	return status;
}

/* What takes long is looked at seldom: the looks are work, too, for the same database. The second look of two comes at once. */
static int pause_ms(int64_t waited_ms, bool is_second)
{
	int64_t pause = waited_ms / 8;

	if (is_second || pause < LOOK_MS)
		return LOOK_MS;
	return pause > LOOK_MS_MAX ? LOOK_MS_MAX : (int)pause;
}

static int wait_for(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, bool is_once_enough, struct err *err)
{
	int64_t from_ms = clock_monotonic_ms();
	int64_t events = -1;
	bool rests = false;

	for (;;) {
		int64_t before = events;

		if ((is_once_enough ? look(rest, &rests, err) : look_at_all(rest, &events, &rests, err)) != 0)
			return -1;
		if (rests)
			return 0;
		if (clock_monotonic_ms() - from_ms >= timeout_ms)
			return err_set(err, ERR_RETRY, "not at rest after %" PRId64 " s: %s", timeout_ms / 1000, rest->missing);
		bus_producer_poll(producer, pause_ms(clock_monotonic_ms() - from_ms, events != before));
	}
}

int rest_wait(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, struct err *err)
{
	return wait_for(rest, producer, timeout_ms, false, err);
}

int rest_wait_idle(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, struct err *err)
{
	return wait_for(rest, producer, timeout_ms, true, err);
}
