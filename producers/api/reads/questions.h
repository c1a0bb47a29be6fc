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
 * Questions to PostgreSQL, many at once: those of one shape that are asked in one turn of the loop, or while the server is busy
 * with others, are one statement, whose parameters are arrays with an item for each question. 32 requests for a debt that came
 * together cost one round trip and one execution. Reads only, over one db_async (db/db_async.h), which this owns; as a part of
 * the loop it sends, takes answers, and connects again.
 *
 * Who asked is told exactly once, from within questions_run, at the latest twice timeout_ms afterwards.
 */
struct questions;

#define QUESTION_ARGS_MAX       16
#define QUESTION_CHARACTERS_MAX 200                           /* of one argument */
#define QUESTION_TEXT_MAX       (4 * QUESTION_CHARACTERS_MAX) /* bytes; of BYTES too */
#define QUESTION_TOGETHER_MAX   128
#define QUESTION_NOTES_MAX      128

/*
 * A shape is a constant of whoever asks. Its statement has one array parameter for each argument; its first column is the number
 * of the question (bigint, from 1, as WITH ORDINALITY counts), and the rows of one question stand together:
 *
 *   SELECT q.n, d.due_on FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n) JOIN debts.api_debt d ON d.debt_id = q.id
 */
struct question_shape {
	struct db_statement statement;
	enum db_array kinds[QUESTION_ARGS_MAX];
	size_t args_count;
	size_t together_max; /* questions of one statement; 0: QUESTION_TOGETHER_MAX */
};

/* One argument. Of its kind: UUID id; TEXT, BYTES text (borrows until the next questions_run); all others number, as db.h takes
 * them. */
struct question_value {
	bool is_null;
	struct uuid id;
	int64_t number;
	struct str text;
};

/* The rows of `result` from `first` on, `count` of them. Borrows until the callback returns. */
struct answer {
	const struct db_result *result;
	int first, count;
};

/* answer NULL: it failed. `notes` are the asker's, a copy that lives until it returns. May ask again. */
typedef void question_done(const void *notes, const struct answer *answer, const struct err *failure);

struct questions_conf {
	const char *name; /* as a part: "postgresql" */
	const char *conninfo;
	const char *application_name;
	int64_t timeout_ms;
	size_t waiting_max;  /* questions at once */
	size_t together_max; /* of one statement at most, whatever its shape says; 0: as the shape says */
};

/* Start-up. Borrows the texts. */
MUST_CHECK int questions_new(const struct questions_conf *conf, struct questions **ret_questions, struct err *err);
void questions_free(struct questions *questions); /* accepts NULL; tells those who wait that it is over */

/*
 * Asks; copies the notes. Returns the values of the question, args_count of them, zeroed, to be filled in at once. NULL, and
 * nobody is told anything: the database is away, or too many wait. Borrows the shape for ever.
 */
MUST_CHECK struct question_value *questions_ask(struct questions *questions, const struct question_shape *shape,
						question_done *done, const void *notes, size_t notes_size);

void questions_run(struct questions *questions);
bool questions_are_ready(const struct questions *questions);
struct part questions_part(struct questions *questions);

#endif
