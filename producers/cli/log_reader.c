#include "log_reader.h"

#include "base/must.h"
#include "database.h"

#define PAGE_ROWS 5000

static const char select_page[] =
	"SELECT seq, event_id, schema_id, key, subject, command_id, coalesce(correlation_id, command_id), at, command_offset, "
	"command_digest IS NOT NULL, body, hash FROM {schema}.event_row WHERE part = $1 AND seq > $2 AND seq <= $3 ORDER BY seq "
	"LIMIT $4";

static const char *const select_all[] = {
	[LOG_WHOLE] =
		"SELECT part, seq, event_id, schema_id, key, subject, command_id, coalesce(correlation_id, command_id), at, "
		"command_offset, command_digest IS NOT NULL, body, hash FROM {schema}.event_row ORDER BY part, seq",
	[LOG_PUBLISHED] =
		"SELECT part, seq, event_id, body, hash, schema_id, key, subject FROM {schema}.event_row ORDER BY part, seq",
	[LOG_ANSWERS] = "SELECT part, seq, command_id, command_offset, command_digest FROM {schema}.event_log WHERE "
			"command_digest IS NOT NULL ORDER BY part, seq",
};

const char log_select_twice[] = "SELECT command_id, count(*) FROM {schema}.event_log WHERE command_digest IS NOT NULL "
				"GROUP BY command_id HAVING count(*) > 1 LIMIT 100";

#define ANSWER                                                                                                                   \
	"SELECT command_id, part, command_offset, command_digest, seq FROM {schema}.event_log WHERE command_digest IS NOT NULL "

const char log_select_answers[] = ANSWER "AND command_id = ANY ($1)";

const char log_select_some[] = "SELECT seq, schema_id, key, subject, body FROM {schema}.event_row WHERE part = $1 AND seq > $2 "
			       "AND seq <= $3 AND schema_id = ANY ($4) ORDER BY seq LIMIT $5";

const char log_select_refusals[] = "SELECT command_offset FROM {schema}.event_log WHERE part = $1 AND command_digest IS NULL "
				   "AND schema_id = ANY ($2) ORDER BY 1";

void log_reader_init(struct log_reader *reader, struct db *db, struct db_params *params, struct arena *arena, const char *module)
{
	*reader = (struct log_reader){ .db = db, .params = params };
	buf_init(&reader->body, LOG_BODY_MAX);
	reader->select = schema_statement(arena, "cli_log", select_page, module);
	MUST(reader->select != NULL);
}

void log_reader_release(struct log_reader *reader)
{
	db_result_release(&reader->page);
	buf_release(&reader->body);
}

void log_reader_start(struct log_reader *reader, int32_t part, int64_t seq, int64_t last_seq)
{
	db_result_release(&reader->page);
	reader->at = 0;
	reader->part = part;
	reader->seq = seq;
	reader->last_seq = last_seq;
	reader->is_short = false;
}

static int read_page(struct log_reader *reader, struct err *err)
{
	db_result_release(&reader->page);
	reader->at = 0;
	db_params_reset(reader->params);
	db_param_int32(reader->params, reader->part);
	db_param_int64(reader->params, reader->seq);
	db_param_int64(reader->params, reader->last_seq);
	db_param_int64(reader->params, PAGE_ROWS);
	if (db_run(reader->db, reader->select, reader->params, &reader->page, err) != 0)
		return -1;
	reader->is_short = reader->page.rows < PAGE_ROWS;
	return 0;
}

struct str log_body(struct buf *buf, const struct packed_beside *beside, struct str stored)
{
	buf_reset(buf);
	if (!packed_read(buf, stored, beside) || buf->overflow)
		return stored;
	return buf_str(buf);
}

static struct str published(struct buf *buf, const struct chain_row *row, struct str stored)
{
	const struct packed_beside beside = { .schema_id = row->schema_id, .key = row->key, .subject = row->subject };

	return log_body(buf, &beside, stored);
}

static struct logged_line line_of(const struct db_result *page, int row, int32_t part)
{
	return (struct logged_line){ .row = { .part = part,
					      .seq = db_int64(page, row, 0),
					      .event_id = db_uuid(page, row, 1),
					      .schema_id = (uint32_t)db_int32(page, row, 2),
					      .key = db_uuid(page, row, 3),
					      .subject = db_uuid(page, row, 4),
					      .command_id = db_uuid(page, row, 5),
					      .correlation_id = db_uuid(page, row, 6),
					      .at_ms = db_instant(page, row, 7),
					      .body = db_str(page, row, 10) },
				     .command_offset = db_int64(page, row, 8),
				     .is_answer = db_bool(page, row, 9),
				     .hash = db_str(page, row, 11) };
}

int log_reader_next(struct log_reader *reader, bool *ret_found, struct logged_line *ret_line, struct err *err)
{
	if (reader->at >= reader->page.rows && !reader->is_short && read_page(reader, err) != 0)
		return -1;
	*ret_found = reader->at < reader->page.rows;
	if (!*ret_found)
		return 0;
	*ret_line = line_of(&reader->page, reader->at++, reader->part);
	ret_line->row.body = published(&reader->body, &ret_line->row, ret_line->row.body);
	reader->seq = ret_line->row.seq;
	return 0;
}

/* ---- a whole log ---- */

const struct db_statement *log_stream_statement(struct arena *arena, enum log_look look, const char *module)
{
	static const char *const names[] = {
		[LOG_WHOLE] = "cli_log_whole", [LOG_PUBLISHED] = "cli_log_published", [LOG_ANSWERS] = "cli_log_answers"
	};
	const struct db_statement *statement = schema_statement(arena, names[look], select_all[look], module);

	MUST(statement != NULL);
	return statement;
}

int log_stream_open(struct log_stream *log, struct db *db, enum log_look look, const struct db_statement *statement,
		    struct err *err)
{
	log->look = look;
	buf_init(&log->body, LOG_BODY_MAX);
	return db_stream_open(&log->stream, db, statement, err);
}

static struct logged_line line_of_stream(const struct db_stream *row)
{
	return (struct logged_line){ .row = { .part = db_stream_int32(row, 0),
					      .seq = db_stream_int64(row, 1),
					      .event_id = db_stream_uuid(row, 2),
					      .schema_id = (uint32_t)db_stream_int32(row, 3),
					      .key = db_stream_uuid(row, 4),
					      .subject = db_stream_uuid(row, 5),
					      .command_id = db_stream_uuid(row, 6),
					      .correlation_id = db_stream_uuid(row, 7),
					      .at_ms = db_stream_instant(row, 8),
					      .body = db_stream_str(row, 11) },
				     .command_offset = db_stream_int64(row, 9),
				     .is_answer = db_stream_bool(row, 10),
				     .hash = db_stream_str(row, 12) };
}

static struct logged_line line_of_published(const struct db_stream *row)
{
	return (struct logged_line){ .row = { .part = db_stream_int32(row, 0),
					      .seq = db_stream_int64(row, 1),
					      .event_id = db_stream_uuid(row, 2),
					      .body = db_stream_str(row, 3),
					      .schema_id = (uint32_t)db_stream_int32(row, 5),
					      .key = db_stream_uuid(row, 6),
					      .subject = db_stream_uuid(row, 7) },
				     .hash = db_stream_str(row, 4) };
}

static struct logged_line line_of_answer(const struct db_stream *row)
{
	return (struct logged_line){
		.row = { .part = db_stream_int32(row, 0), .seq = db_stream_int64(row, 1), .command_id = db_stream_uuid(row, 2) },
		.command_offset = db_stream_int64(row, 3),
		.is_answer = true,
		.digest = db_stream_str(row, 4)
	};
}

int log_stream_next(struct log_stream *log, bool *ret_found, struct logged_line *ret_line, struct err *err)
{
	if (db_stream_next(&log->stream, ret_found, err) != 0)
		return -1;
	if (!*ret_found)
		return 0;
	if (log->look == LOG_ANSWERS) {
		*ret_line = line_of_answer(&log->stream);
		return 0;
	}
	*ret_line = log->look == LOG_WHOLE ? line_of_stream(&log->stream) : line_of_published(&log->stream);
	ret_line->row.body = published(&log->body, &ret_line->row, ret_line->row.body);
	return 0;
}

void log_stream_close(struct log_stream *log)
{
	db_stream_close(&log->stream);
	buf_release(&log->body);
}
