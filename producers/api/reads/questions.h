#ifndef API_READS_QUESTIONS_H
#define API_READS_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "db/db.h"
#include "producers/api/http/part.h"

/*
 * Queries ("questions") to PostgreSQL, many at once: those of one shape that are asked in one turn of the loop, or while the
 * server is busy, are one statement, whose parameters are arrays with an item per question. 32 requests for a debt that arrive
 * together cost one round trip and one execution. Reads only, over one db_async (db/db_async.h), which this owns; as a part of
 * the loop it sends, receives, and reconnects.
 *
 * Each question gets exactly one callback, from questions_run, after twice timeout_ms at the latest.
 */
struct questions;

#define QUESTION_ARGS_MAX       24
#define QUESTION_CHARACTERS_MAX 200                           /* of one argument */
#define QUESTION_TEXT_MAX       (4 * QUESTION_CHARACTERS_MAX) /* bytes; of BYTES too */
#define QUESTION_TOGETHER_MAX   128
#define QUESTION_NOTES_MAX      128

/*
 * A shape is a constant of its user. Its statement has one array parameter per argument; its first column is the number of the
 * question (bigint, from 1, as WITH ORDINALITY counts), and the rows of one question are adjacent:
 *
 *   SELECT q.n, d.due_on FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n) JOIN debts.api_debt d ON d.debt_id = q.id
 */
struct question_shape {
	struct db_statement statement;
	enum db_array kinds[QUESTION_ARGS_MAX];
	size_t args_count;
	size_t together_max; /* the most questions of one statement; 0: QUESTION_TOGETHER_MAX */
};

/*
 * One argument. UUID is in id; TEXT and BYTES are in text (borrows until the next questions_run); all other kinds are in number,
 * as in db.h.
 */
struct question_value {
	bool is_null;
	struct uuid id;
	int64_t number;
	struct str text;
};

/* The question's rows: `count` rows of `result` from `first` on. Borrows until the callback returns. */
struct answer {
	const struct db_result *result;
	int first, count;
};

/* answer NULL: the question failed. `notes` is the caller's copy, valid until the callback returns. May ask again. */
typedef void question_done(const void *notes, const struct answer *answer, const struct err *failure);

struct questions_conf {
	const char *name; /* its name as a part: "postgresql" */
	const char *conninfo;
	const char *application_name;
	int64_t timeout_ms;
	size_t waiting_max;  /* the most questions in flight */
	size_t together_max; /* an upper bound for all shapes' together_max; 0: none */
};

/* Start-up. Borrows the texts. */
MUST_CHECK int questions_new(const struct questions_conf *conf, struct questions **ret_questions, struct err *err);
void questions_free(struct questions *questions); /* accepts NULL; fails the waiting questions */

/*
 * Asks; copies the notes. Returns the values of the question, args_count of them, zeroed; fill them in at once. NULL, without a
 * callback: the database is unreachable, or too many questions wait. Borrows the shape for ever.
 */
MUST_CHECK struct question_value *questions_ask(struct questions *questions, const struct question_shape *shape,
						question_done *done, const void *notes, size_t notes_size);

void questions_run(struct questions *questions);
bool questions_are_ready(const struct questions *questions);
struct part questions_part(struct questions *questions);

#endif
