#ifndef CLI_LOG_READER_H
#define CLI_LOG_READER_H

#include "base/arena.h"
#include "db/db_stream.h"
#include "worker/chain.h"

/*
 * The one door to the modules' event logs: `dcs verify` and `dcs anchor` read them through it, programs of others through the
 * relation
 * "<module>.event_log" (schemas/README.md). How a log is stored may change; these two do not.
 */

/* An event as it stands in the log. Texts borrow from the page or the stream. */
struct logged_line {
	struct chain_row row;
	int64_t command_offset;
	bool is_answer;    /* the first event of its command */
	struct str digest; /* of the command, where it is an answer; only LOG_ANSWERS has it */
	struct str hash;
};

struct log_reader {
	struct db *db; /* borrows */
	struct db_params *params;
	const struct db_statement *select;
	struct db_result page;
	int at; /* the page's row that is next */
	int32_t part;
	int64_t seq, last_seq; /* read so far; where it ends */
	bool is_short;         /* the page at hand is the last */
};

/* A module's log; the arena lives as long as the connection. `params` is used for each page. */
void log_reader_init(struct log_reader *reader, struct db *db, struct db_params *params, struct arena *arena, const char *module);
void log_reader_release(struct log_reader *reader); /* accepts a zeroed one */

/* From behind `seq` to `last_seq`, in order. Whether there are holes is for the caller to see. */
void log_reader_start(struct log_reader *reader, int32_t part, int64_t seq, int64_t last_seq);

/* The next row; *ret_found false: that was all. Its texts stand until the next call. */
MUST_CHECK int log_reader_next(struct log_reader *reader, bool *ret_found, struct logged_line *ret_line, struct err *err);

/* ---- a whole log ---- */

/*
 * All of a module's rows by partition and number, as they come (db_stream.h): nothing else may run on the connection meanwhile.
 * Three ways to look at it: everything, what is published of it, or the answers to commands (the rest of the line is zero then).
 */
enum log_look { LOG_WHOLE, LOG_PUBLISHED, LOG_ANSWERS };

struct log_stream {
	struct db_stream stream;
	enum log_look look;
};

/* The statement of a look, by module; as long as the arena. */
const struct db_statement *log_stream_statement(struct arena *arena, enum log_look look, const char *module);
MUST_CHECK int log_stream_open(struct log_stream *log, struct db *db, enum log_look look, const struct db_statement *statement,
			       struct err *err);
MUST_CHECK int log_stream_next(struct log_stream *log, bool *ret_found, struct logged_line *ret_line, struct err *err);
void log_stream_close(struct log_stream *log); /* accepts a zeroed one */

/* What else is asked of a log, by module ({schema}). */
extern const char log_select_twice[];   /* commands with more than one answer: command_id, their number */
extern const char log_select_answers[]; /* $1 uuid[]: command_id, part, command_offset, command_digest, seq */
extern const char
	log_select_refusals[]; /* $1 part, $2 schema ids of refusals: command_offset of those that are no answers, ascending */

#endif
