#ifndef CLI_LOG_READER_H
#define CLI_LOG_READER_H

#include "base/arena.h"
#include "base/buf.h"
#include "bus/bus.h"
#include "db/db_stream.h"
#include "worker/chain.h"
#include "worker/packed.h"

/*
 * The only access to the modules' event logs: `dcs verify` and `dcs anchor` read them through it, from the table "<module>.event_row",
 * whose bodies are packed (worker/packed.h); foreign programs read the relation "<module>.event_log" (schemas/README.md). The storage
 * of a log may change; these two do not.
 */

/* An event as it stands in the log, its body as published. Texts borrow from the reader or the stream. */
struct logged_line {
	struct chain_row row;
	int64_t command_offset;
	bool is_answer;    /* the first event of its command */
	struct str digest; /* of the command, if this is an answer; only with LOG_ANSWERS */
	struct str hash;
};

struct log_reader {
	struct db *db;   /* borrows */
	struct buf body; /* of the current row */
	struct db_params *params;
	const struct db_statement *select;
	struct db_result page;
	int at; /* the next row of the page */
	int32_t part;
	int64_t seq, last_seq; /* read so far; the end */
	bool is_short;         /* the current page is the last */
};

/* A module's log; the arena lives as long as the connection. `params` is used for each page. */
void log_reader_init(struct log_reader *reader, struct db *db, struct db_params *params, struct arena *arena, const char *module);
void log_reader_release(struct log_reader *reader); /* accepts a zeroed one */

/* From behind `seq` to `last_seq`, in order. The caller checks for gaps. */
void log_reader_start(struct log_reader *reader, int32_t part, int64_t seq, int64_t last_seq);

/* The next row; *ret_found false: there are no more. Its texts are valid until the next call. */
MUST_CHECK int log_reader_next(struct log_reader *reader, bool *ret_found, struct logged_line *ret_line, struct err *err);

/* ---- a whole log ---- */

/*
 * All of a module's rows by partition and number, as a stream (db_stream.h): nothing else may run on the connection meanwhile.
 * Three views: everything, the published columns, or the answers to commands (the rest of the line is zero then).
 */
enum log_look { LOG_WHOLE, LOG_PUBLISHED, LOG_ANSWERS };

struct log_stream {
	struct db_stream stream;
	struct buf body; /* of the current row */
	enum log_look look;
};

/* The statement of a view, by module; lives as long as the arena. */
const struct db_statement *log_stream_statement(struct arena *arena, enum log_look look, const char *module);
MUST_CHECK int log_stream_open(struct log_stream *log, struct db *db, enum log_look look, const struct db_statement *statement,
			       struct err *err);
MUST_CHECK int log_stream_next(struct log_stream *log, bool *ret_found, struct logged_line *ret_line, struct err *err);
void log_stream_close(struct log_stream *log); /* accepts a zeroed one */

#define LOG_BODY_MAX ((size_t)2 * BUS_RECORD_MAX)

/*
 * The published body of a row of event_row, which keeps it as `stored`: in `buf`, of LOG_BODY_MAX bytes. One in no form of ours was changed,
 * as its hash says; it is given as it is.
 */
struct str log_body(struct buf *buf, const struct packed_beside *beside, struct str stored);

/* Further queries of a log, by module ({schema}). */
extern const char
	log_select_some[]; /* $1 part, seq > $2 and <= $3, $4 schema ids, $5 rows: seq, schema_id, key, subject, body as stored */
extern const char log_select_twice[];   /* commands with more than one answer: command_id, their number */
extern const char log_select_answers[]; /* $1 uuid[]: command_id, part, command_offset, command_digest, seq */
extern const char
	log_select_refusals[]; /* $1 part, $2 schema ids of refusals: command_offset of those that are no answers, ascending */

#endif
