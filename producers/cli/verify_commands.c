/*
 * P3: every record of the command topics before next_offset was applied (or repeats one that was), refused, is parked, is a dead
 * letter, or is a Tick. Nothing was skipped.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "idmap.h"
#include "schemas/clock.h"
#include "schemas/engine.h"
#include "verify.h"
#include "wire/envelope.h"

#define GROUP_RECORDS 2000
#define BROKER_MS     10000
#define RECORD_MS     10000

/* In this order: a command that is unparked meanwhile is in the log by the time the log is queried. */
static const char select_parked[] =
	"SELECT command_offset FROM {schema}.parked WHERE part = $1 AND command_offset BETWEEN $2 AND $3 "
	"ORDER BY 1";
static const char select_dead[] = "SELECT command_offset FROM {schema}.dead_letter WHERE part = $1 "
				  "AND command_offset BETWEEN $2 AND $3 ORDER BY 1";

/* A record, as far as it can be decoded. */
struct command_line {
	int64_t offset;
	bool is_tick, has_id;
	struct uuid id;
	uint8_t digest[DIGEST_SIZE];
};

struct statements {
	const struct db_statement *parked, *dead, *answers, *refusals;
};

/* The log's answer to a command of the group. */
struct answer {
	int64_t offset;
	size_t digest_size;
	uint8_t digest[DIGEST_SIZE];
};

#define ANSWERS_MAX (2 * GROUP_RECORDS) /* the log may have answers to commands of a replaced topic between two of this one */

struct scan {
	struct verify *verify;
	const struct verify_head *head;
	struct bus_reader *reader;
	struct statements statements;
	struct command_line group[GROUP_RECORDS];
	size_t count;
	struct db_result refusals; /* offsets of refused commands, ascending */
	struct log_stream log;     /* the answers, nearly in the order of the commands */
	struct logged_line line;   /* its next line */
	bool has_line;
	struct answer window[ANSWERS_MAX]; /* the answers read for the group: to all commands that did not wait */
	size_t window_count;
	struct db_result others; /* answers that were queried by their ids */
	struct idmap answers;    /* command id -> its index in the window, + 1; a row of the others: below 0 */
};

static void read_record(const struct bus_record *record, struct command_line *ret_line)
{
	struct header headers[HEADERS_MAX];
	struct command_line line = { .offset = record->offset };
	struct envelope envelope;
	struct err err = ERR_INIT;
	uint32_t schema_id = 0;
	size_t count = 0;

	if (record->value.data != NULL && frame_schema_id(record->value, &schema_id, &err) == 0)
		line.is_tick = message_by_schema_id(schema_id) == &tick_type;
	if (bus_record_headers(record, headers, &count, &err) == 0 && envelope_read(headers, count, &envelope, &err) == 0) {
		line.has_id = true;
		line.id = envelope.id;
	}
	digest_of(line.digest, record->value);
	*ret_line = line;
}

/* Whether an ascending column of offsets contains this one. */
static bool has_offset(const struct db_result *result, int64_t offset)
{
	int low = 0, high = result->rows;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (db_int64(result, middle, 0) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < result->rows && db_int64(result, low, 0) == offset;
}

static bool has_digest(const uint8_t *digest, size_t size, const struct command_line *line)
{
	return size == DIGEST_SIZE && memcmp(digest, line->digest, DIGEST_SIZE) == 0;
}

/* Checks a record that is neither parked nor dead. */
static void check_answered(struct scan *scan, const struct command_line *line)
{
	int64_t *number = line->has_id ? idmap_at(&scan->answers, 1, &line->id) : NULL;
	bool is_first = false, fits = false;

	if (line->is_tick || has_offset(&scan->refusals, line->offset))
		return;
	if (number == NULL || *number == 0) {
		finding_at(scan->verify, 3, scan->head, "offset", line->offset, "neither answered nor parked nor a dead letter");
		return;
	}
	if (*number > 0) {
		const struct answer *answer = &scan->window[*number - 1];

		is_first = answer->offset == line->offset;
		fits = has_digest(answer->digest, answer->digest_size, line);
	} else {
		int row = (int)(-*number - 1);
		struct str digest = db_str(&scan->others, row, 3);

		is_first = db_int32(&scan->others, row, 1) == scan->head->part && db_int64(&scan->others, row, 2) == line->offset;
		fits = has_digest((const uint8_t *)digest.data, digest.size, line);
	}
	if (fits)
		return; /* answered, or repeated */
	if (is_first)
		finding_at(scan->verify, 3, scan->head, "offset", line->offset, "the answer is to another content");
	else
		finding_at(scan->verify, 3, scan->head, "offset", line->offset,
			   "has a known id with other content, and was not refused");
}

static int run_range(struct scan *scan, const struct db_statement *statement, struct db_result *ret_result, struct err *err)
{
	struct db_params *params = &scan->verify->params;

	db_params_reset(params);
	db_param_int32(params, scan->head->part);
	db_param_int64(params, scan->group[0].offset);
	db_param_int64(params, scan->group[scan->count - 1].offset);
	return db_run(scan->verify->beside, statement, params, ret_result, err);
}

static void note_answer(struct scan *scan)
{
	struct answer *answer = &scan->window[scan->window_count];
	int64_t *number = idmap_at(&scan->answers, 1, &scan->line.row.command_id);

	if (number == NULL)
		return;
	answer->offset = scan->line.command_offset;
	answer->digest_size = scan->line.digest.size;
	if (answer->digest_size == DIGEST_SIZE)
		memcpy(answer->digest, scan->line.digest.data, DIGEST_SIZE);
	*number = (int64_t)++scan->window_count;
}

/* The log has the answers nearly in the order of their commands: reads up to the first answer to a command behind the group. */
static int read_window(struct scan *scan, struct err *err)
{
	int64_t last = scan->group[scan->count - 1].offset;

	scan->window_count = 0;
	while (scan->has_line && (scan->line.row.part < scan->head->part ||
				  (scan->line.row.part == scan->head->part && scan->line.command_offset <= last))) {
		if (scan->line.row.part == scan->head->part && scan->line.command_offset >= scan->group[0].offset &&
		    scan->window_count < ANSWERS_MAX)
			note_answer(scan);
		if (log_stream_next(&scan->log, &scan->has_line, &scan->line, err) != 0)
			return -1;
	}
	return 0;
}

/*
 * The window lacks the answers to commands that waited, were repeated or were answered elsewhere, and those written since the log
 * was opened.
 */
static int read_others(struct scan *scan, struct err *err)
{
	struct db_params *params = &scan->verify->params;
	bool any = false;

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < scan->count; i++) {
		const struct command_line *line = &scan->group[i];
		int64_t *number = line->has_id && !line->is_tick ? idmap_at(&scan->answers, 1, &line->id) : NULL;

		if (number == NULL || *number != 0)
			continue;
		db_array_uuid(params, &line->id);
		any = true;
	}
	if (any && db_run(scan->verify->beside, scan->statements.answers, params, &scan->others, err) != 0)
		return -1;
	for (int i = 0; i < scan->others.rows; i++) {
		struct uuid id = db_uuid(&scan->others, i, 0);
		int64_t *number = idmap_at(&scan->answers, 1, &id);

		if (number != NULL)
			*number = -(i + 1);
	}
	return 0;
}

static int find_answers(struct scan *scan, struct err *err)
{
	idmap_clear(&scan->answers);
	if (read_window(scan, err) != 0)
		return -1;
	return read_others(scan, err);
}

static int check_group(struct scan *scan, struct err *err)
{
	struct db_result parked = { .pg = NULL }, dead = { .pg = NULL };
	int status = -1;

	if (scan->count == 0)
		return 0;
	if (run_range(scan, scan->statements.parked, &parked, err) != 0 ||
	    run_range(scan, scan->statements.dead, &dead, err) != 0 || find_answers(scan, err) != 0)
		goto out;
	for (size_t i = 0; i < scan->count; i++) {
		if (!has_offset(&dead, scan->group[i].offset) && !has_offset(&parked, scan->group[i].offset))
			check_answered(scan, &scan->group[i]);
	}
	scan->verify->tally.records += (int64_t)scan->count;
	progress_show(&scan->verify->progress, scan->verify->tally.records, 0, 0);
	scan->count = 0;
	status = 0;
out:
	db_result_release(&scan->others);
	db_result_release(&dead);
	db_result_release(&parked);
	return status;
}

static int scan_records(struct scan *scan, int64_t low, struct err *err)
{
	int64_t next = low;

	if (bus_reader_seek(scan->reader, scan->head->part, low, err) != 0)
		return -1;
	while (next < scan->head->next_offset) {
		struct bus_record record;
		bool found = false;

		if (bus_reader_next(scan->reader, RECORD_MS, &found, &record, err) != 0)
			return -1;
		if (!found) {
			finding_at(scan->verify, 3, scan->head, "offset", next, "the topic does not have it any more");
			break;
		}
		next = record.offset + 1; /* the markers of transactions use offsets, too, but are not returned */
		if (record.offset < scan->head->next_offset)
			read_record(&record, &scan->group[scan->count++]);
		bus_record_release(&record);
		if (scan->count == GROUP_RECORDS && check_group(scan, err) != 0)
			return -1;
	}
	return check_group(scan, err);
}

static int find_refusals(struct scan *scan, struct err *err)
{
	db_params_reset(&scan->verify->params);
	db_param_int32(&scan->verify->params, scan->head->part);
	db_array_begin(&scan->verify->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < command_rejected_type.versions_count; i++)
		db_array_int32(&scan->verify->params, (int32_t)command_rejected_type.versions[i].schema_id);
	return db_run(scan->verify->beside, scan->statements.refusals, &scan->verify->params, &scan->refusals, err);
}

static int scan_part(struct scan *scan, struct err *err)
{
	int64_t low = 0, high = 0;
	char where[WHERE_SIZE];
	int failed = 0;

	if (bus_reader_bounds(scan->reader, scan->head->part, &low, &high, BROKER_MS, err) != 0)
		return -1;
	where_part(where, scan->head);
	if (scan->head->next_offset < low || scan->head->next_offset > high) {
		finding(scan->verify, 3, where, "next is offset %lld, but the topic has %lld to %lld",
			(long long)scan->head->next_offset, (long long)low, (long long)high);
		return 0;
	}
	if (low == scan->head->next_offset)
		return 0;
	if (find_refusals(scan, err) != 0)
		return -1;
	failed = scan_records(scan, low, err);
	db_result_release(&scan->refusals);
	scan->refusals = (struct db_result){ .pg = NULL };
	return failed;
}

static int scan_module(struct scan *scan, const char *module, struct err *err)
{
	struct arena *arena = &scan->verify->statements;
	char topic[TOPIC_NAME_MAX];
	int failed = 0;

	scan->statements = (struct statements){ schema_statement(arena, "verify_parked", select_parked, module),
						schema_statement(arena, "verify_dead", select_dead, module),
						schema_statement(arena, "verify_answers", log_select_answers, module),
						schema_statement(arena, "verify_refusals", log_select_refusals, module) };
	MUST(scan->statements.refusals != NULL);
	topic_name(topic, module, TOPIC_COMMANDS);
	if (bus_reader_open(&scan->verify->bus, topic, &scan->reader, err) != 0)
		return -1;
	failed =
		log_stream_open(&scan->log, scan->verify->db, LOG_ANSWERS, log_stream_statement(arena, LOG_ANSWERS, module), err);
	if (failed == 0)
		failed = log_stream_next(&scan->log, &scan->has_line, &scan->line, err);
	for (int32_t part = 0; part < BUS_PARTS_MAX && failed == 0; part++) {
		scan->head = verify_head_of(scan->verify, module, part);
		if (scan->head != NULL)
			failed = scan_part(scan, err);
	}
	log_stream_close(&scan->log);
	bus_reader_close(scan->reader);
	return failed;
}

int verify_commands(struct verify *verify, size_t module, struct err *err)
{
	static struct scan scan;
	int failed;

	scan = (struct scan){ .verify = verify };
	idmap_init(&scan.answers, GROUP_RECORDS * 4);
	failed = scan_module(&scan, verify->modules.names[module], err);
	idmap_release(&scan.answers);
	return failed;
}
