#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/day.h"
#include "bus/bus.h"
#include "database.h"
#include "model/topic.h"
#include "schemas/engine.h"
#include "wire/coder.h"
#include "worker/dead_letter.h"

#define ARENA_SIZE   ((size_t)1 << 20)
#define STATEMENT_MS 20000
#define ASK_EVERY_MS 1000
#define ASK_MAX      5000 /* commands in one query */

struct answers {
	const struct answers_conf *conf;
	const char *module;
	struct tally *tally;
	struct bus_tail *tail;
	struct arena arena;      /* of one record */
	struct arena statements; /* for the lifetime of the connection */
	char events[TOPIC_NAME_MAX], commands[TOPIC_NAME_MAX];
	struct db *db; /* NULL: not connected */
	const struct db_statement *select_heads, *select_answers;
	struct db_params params;
	int64_t asked_ms;
	int64_t heads[BUS_PARTS_MAX]; /* the next command that the module will read; -1: unknown */
	bool has_trouble;
	struct err trouble;
	struct command_sent *asked[ASK_MAX]; /* of one query, by its ordinal */
};

static const char sql_heads[] = "SELECT part, next_offset FROM {schema}.partition_head";

/*
 * The log's answer to each command: the event for the record at our position (applied or refused), otherwise the fact that the
 * command was applied before, from another record. A record that the module has passed has one of the two, unless it is parked or
 * a dead letter.
 */
static const char sql_answers[] =
	"SELECT s.n, e.is_ours, e.body, p.part IS NOT NULL, d.code, d.reason"
	" FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) WITH ORDINALITY s(id, part, at, n)"
	" LEFT JOIN LATERAL (SELECT x.is_ours, x.body FROM ("
	"  SELECT l.part = s.part AND l.command_offset = s.at AS is_ours, true AS is_applied, l.body"
	"   FROM {schema}.event_log l WHERE l.command_id = s.id AND l.command_digest IS NOT NULL"
	"  UNION ALL SELECT l.part = s.part AND l.command_offset = s.at, false, l.body"
	"   FROM {schema}.event_log l WHERE l.command_id = s.id AND l.schema_id = ANY (dcs_schema_ids('CommandRejected'))"
	"  OFFSET 0) x WHERE x.is_ours OR x.is_applied ORDER BY 1 DESC LIMIT 1) e ON true"
	" LEFT JOIN {schema}.parked p ON p.part = s.part AND p.command_offset = s.at"
	" LEFT JOIN {schema}.dead_letter d ON d.part = s.part AND d.command_offset = s.at";

int answers_open(const struct answers_conf *conf, const char *module, struct tally *tally, struct answers **ret_answers,
		 struct err *err)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	struct bus_conf bus = { .bootstrap = conf->bootstrap, .client_id = "dcs-cli-answers" };
	const char *topics[2];

	if (answers == NULL)
		return err_set(err, ERR_FATAL, "no memory for the answers");
	answers->conf = conf;
	answers->module = module;
	answers->tally = tally;
	db_params_init(&answers->params, (size_t)1 << 20);
	topic_name(answers->events, module, TOPIC_EVENTS);
	topic_name(answers->commands, module, TOPIC_COMMANDS);
	topics[0] = answers->events;
	topics[1] = DEAD_LETTER_TOPIC;
	if (arena_init(&answers->arena, ARENA_SIZE, err) != 0 || arena_init(&answers->statements, ARENA_SIZE, err) != 0 ||
	    bus_tail_open(&bus, topics, 2, &answers->tail, err) != 0) {
		answers_close(answers);
		return -1;
	}
	*ret_answers = answers;
	return 0;
}

void answers_close(struct answers *answers)
{
	if (answers == NULL)
		return;
	bus_tail_close(answers->tail);
	db_close(answers->db);
	db_params_release(&answers->params);
	arena_release(&answers->arena);
	arena_release(&answers->statements);
	free(answers);
}

int answers_fd(const struct answers *answers)
{
	return bus_tail_fd(answers->tail);
}

const char *answers_trouble(const struct answers *answers)
{
	return answers->has_trouble ? answers->trouble.text : NULL;
}

/* ---- the topics ---- */

/* The last header of this name: a dead letter has the headers of its record first. */
static struct str header_of(const struct header *headers, size_t count, const char *name)
{
	while (count-- > 0) {
		if (strcmp(headers[count].name, name) == 0)
			return headers[count].value;
	}
	return STR("");
}

/* Whether the event is a refusal; then *ret_reason is set (in the arena). */
static bool is_refusal(struct answers *answers, struct str value, struct reason *ret_reason)
{
	const struct message_type *type = NULL;
	const struct command_rejected *rejected = NULL;
	const void *body = NULL;
	struct err ignored = ERR_INIT;
	uint32_t schema_id = 0;

	arena_reset(&answers->arena);
	if (frame_schema_id(value, &schema_id, &ignored) != 0 || message_by_schema_id(schema_id) != &command_rejected_type ||
	    coder_decode(value, &answers->arena, &type, &body, &ignored) != 0)
		return false;
	rejected = body;
	*ret_reason = (struct reason){ .code = rejected->code, .field = rejected->field, .text = rejected->text };
	return true;
}

/* The command waits for a second person. */
static bool is_kept(struct str event)
{
	struct err ignored = ERR_INIT;
	uint32_t schema_id = 0;

	return frame_schema_id(event, &schema_id, &ignored) == 0 && message_by_schema_id(schema_id) == &command_kept_type;
}

static void end_by_event(struct answers *answers, struct command_sent *sent, struct str event, enum outcome good)
{
	struct reason reason;

	if (is_refusal(answers, event, &reason))
		tally_end(sent, OUTCOME_REFUSED, &reason);
	else
		tally_end(sent, good == OUTCOME_ACCEPTED && is_kept(event) ? OUTCOME_KEPT : good, NULL);
}

static void hear_event(struct answers *answers, const struct header *headers, size_t count, struct str value)
{
	struct command_sent *sent = NULL;
	struct uuid id;

	if (uuid_parse(&id, header_of(headers, count, "ce_causationid")))
		sent = tally_find(answers->tally, &id);
	if (sent != NULL)
		end_by_event(answers, sent, value, OUTCOME_ACCEPTED);
}

/* Any sender may use another's ce_id: a dead letter is about our command only if its position is ours. */
static void hear_dead_letter(struct answers *answers, const struct header *headers, size_t count)
{
	struct reason reason = { .code = header_of(headers, count, "dcs_error_code"),
				 .field = STR(""),
				 .text = header_of(headers, count, "dcs_error_message") };
	struct command_sent *sent = NULL;
	long long part = -1, offset = -1;
	struct uuid id;

	if (!str_is(header_of(headers, count, "dcs_error_topic"), answers->commands) ||
	    !str_to_int64(header_of(headers, count, "dcs_error_partition"), &part) ||
	    !str_to_int64(header_of(headers, count, "dcs_error_offset"), &offset) ||
	    !uuid_parse(&id, header_of(headers, count, "ce_id")))
		return;
	sent = tally_find_at(answers->tally, &id, (int32_t)part, offset);
	if (sent != NULL)
		tally_end(sent, OUTCOME_DEAD, &reason);
}

void answers_hear(struct answers *answers)
{
	struct header headers[HEADERS_MAX];
	struct bus_record record;
	size_t count = 0;

	while (bus_tail_next(answers->tail, &record)) {
		struct err ignored = ERR_INIT;

		if (bus_record_headers(&record, headers, &count, &ignored) == 0) {
			if (header_of(headers, count, "dcs_error_code").size > 0)
				hear_dead_letter(answers, headers, count);
			else
				hear_event(answers, headers, count, record.value);
		}
		bus_record_release(&record);
	}
}

/* ---- the database ---- */

static int connect(struct answers *answers, struct err *err)
{
	if (answers->db != NULL && db_is_alive(answers->db))
		return 0;
	db_close(answers->db);
	answers->db = NULL;
	arena_reset(&answers->statements);
	answers->select_heads = schema_statement(&answers->statements, "cli_heads", sql_heads, answers->module);
	answers->select_answers = schema_statement(&answers->statements, "cli_answers", sql_answers, answers->module);
	MUST(answers->select_answers != NULL);
	return database_open(answers->conf->pg, answers->conf->pg_user, STATEMENT_MS, &answers->db, err);
}

static int ask_heads(struct answers *answers, struct err *err)
{
	struct db_result result = { .pg = NULL };

	for (int part = 0; part < BUS_PARTS_MAX; part++)
		answers->heads[part] = -1;
	if (db_run(answers->db, answers->select_heads, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		int32_t part = db_int32(&result, i, 0);

		if (part >= 0 && part < BUS_PARTS_MAX)
			answers->heads[part] = db_int64(&result, i, 1);
	}
	db_result_release(&result);
	return 0;
}

static void take_answer(struct answers *answers, const struct db_result *result, int row)
{
	int64_t n = db_int64(result, row, 0);
	struct command_sent *sent = NULL;

	MUST(n >= 1);
	MUST(n <= ASK_MAX);
	sent = answers->asked[n - 1];
	sent->is_waiting = db_bool(result, row, 3);
	if (sent->is_waiting)
		return;
	if (!db_is_null(result, row, 4)) {
		struct reason reason = { .code = db_str(result, row, 4), .field = STR(""), .text = db_str(result, row, 5) };

		tally_end(sent, OUTCOME_DEAD, &reason);
	} else if (!db_is_null(result, row, 1)) {
		end_by_event(answers, sent, db_str(result, row, 2), db_bool(result, row, 1) ? OUTCOME_ACCEPTED : OUTCOME_ALREADY);
	}
}

/*
 * Queries the answers of commands from `sent` on that the module has passed, up to the limit; *ret_next: where the next query
 * begins.
 */
static int ask_some(struct answers *answers, struct command_sent *sent, struct command_sent **ret_next, struct err *err)
{
	struct db_result result = { .pg = NULL };
	size_t count = 0;

	for (; sent != NULL && count < ASK_MAX; sent = sent->newer) {
		if (sent->part >= 0 && sent->part < BUS_PARTS_MAX && sent->offset < answers->heads[sent->part])
			answers->asked[count++] = sent;
	}
	*ret_next = sent;
	if (count == 0)
		return 0;
	db_params_reset(&answers->params);
	db_array_begin(&answers->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(&answers->params, &answers->asked[i]->id);
	db_array_begin(&answers->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(&answers->params, answers->asked[i]->part);
	db_array_begin(&answers->params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(&answers->params, answers->asked[i]->offset);
	if (db_run(answers->db, answers->select_answers, &answers->params, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++)
		take_answer(answers, &result, i);
	db_result_release(&result);
	return 0;
}

static int ask_all(struct answers *answers, struct err *err)
{
	struct command_sent *sent = tally_oldest(answers->tally);

	if (connect(answers, err) != 0 || ask_heads(answers, err) != 0)
		return -1;
	while (sent != NULL) {
		if (ask_some(answers, sent, &sent, err) != 0)
			return -1;
	}
	return 0;
}

void answers_ask(struct answers *answers)
{
	int64_t now_ms = clock_monotonic_ms();

	if (answers->asked_ms > 0 && now_ms - answers->asked_ms < ASK_EVERY_MS)
		return;
	answers->trouble = (struct err)ERR_INIT;
	answers->has_trouble = ask_all(answers, &answers->trouble) != 0;
	answers->asked_ms = clock_monotonic_ms();
}
