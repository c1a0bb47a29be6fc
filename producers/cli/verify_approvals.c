/*
 * P1 of kept commands (worker/approvals.h): a wait ends once, its outcome is right behind its end, and the table `approval` says
 * what the log says.
 */
#include <stdio.h>
#include <string.h>

#include "log_walk.h"
#include "schemas/engine.h"
#include "schemas/words.h"

#define KIND 1

static const char select_table[] =
	"SELECT command_id, state, value IS NOT NULL, outcome_seq IS NOT NULL AND NOT EXISTS (SELECT FROM "
	"{schema}.event_log e WHERE e.part = a.part AND e.seq = a.outcome_seq AND e.command_id = "
	"a.command_id) FROM {schema}.approval a";

static int64_t *state_of(struct log_walk *walk, const struct uuid *id, struct err *err)
{
	int64_t *state = idmap_at(&walk->kept, KIND, id);

	if (state == NULL)
		err_set(err, ERR_FATAL, "too many kept commands for the memory of this check");
	return state;
}

static int take_kept(struct log_walk *walk, const struct logged_line *line, struct err *err)
{
	int64_t *state = state_of(walk, &line->row.command_id, err);

	if (state == NULL)
		return -1;
	if (*state != APPROVAL_NONE || !line->is_answer)
		finding_at(walk->verify, 1, walk->head, "seq", line->row.seq, "the command was kept before, or is no answer");
	walk->kept_count += *state == APPROVAL_NONE;
	*state = APPROVAL_WAITING;
	return 0;
}

static int take_end(struct log_walk *walk, const struct logged_line *line, const struct approval_ended *ended, struct err *err)
{
	int64_t *state = state_of(walk, &ended->command_id, err);

	if (state == NULL)
		return -1;
	if (*state != APPROVAL_WAITING)
		finding_at(walk->verify, 1, walk->head, "seq", line->row.seq, "ends the wait of a command that does not wait");
	walk->kept_count += *state == APPROVAL_NONE;
	*state = approval_verdict_by_name(ended->verdict);
	walk->ended_id = ended->command_id;
	return 0;
}

int approvals_line(struct log_walk *walk, const struct logged_line *line, const struct decoded *decoded, struct err *err)
{
	if (!uuid_is_none(&walk->ended_id) && !uuid_equal(&walk->ended_id, &line->row.command_id))
		finding_at(walk->verify, 1, walk->head, "seq", line->row.seq,
			   "the wait of a kept command has ended, and its outcome is not next");
	walk->ended_id = (struct uuid){ { 0 } };
	if (decoded->type == &command_kept_type)
		return take_kept(walk, line, err);
	return decoded->type == &approval_ended_type ? take_end(walk, line, decoded->body, err) : 0;
}

static void check_row(struct log_walk *walk, const char *module, const struct db_result *result, int row, int64_t logged)
{
	enum approval_state state = approval_state_by_name(db_str(result, row, 1));
	struct uuid id = db_uuid(result, row, 0);
	char where[WHERE_SIZE], text[UUID_TEXT_SIZE + 1];

	uuid_format(text, &id);
	(void)snprintf(where, sizeof(where), "%s command %s", module, text);
	if ((int64_t)state != logged)
		finding(walk->verify, 1, where, "is %s by the table of kept commands, and %s by the log",
			approval_state_name(state), approval_state_name((enum approval_state)logged));
	else if (state != APPROVAL_WAITING && (db_bool(result, row, 2) || db_bool(result, row, 3)))
		finding(walk->verify, 1, where, "has ended, and has its bytes still, or another outcome than the table says");
}

int approvals_table(struct log_walk *walk, size_t module, struct err *err)
{
	const char *name = walk->verify->modules.names[module];
	const struct db_statement *select = schema_statement(&walk->verify->statements, "verify_approvals", select_table, name);
	struct db_result result = { .pg = NULL };
	char where[WHERE_SIZE];

	MUST(select != NULL);
	if (db_run(walk->verify->db, select, NULL, &result, err) != 0)
		return -1;
	for (int row = 0; row < result.rows; row++) {
		struct uuid id = db_uuid(&result, row, 0);
		int64_t *state = state_of(walk, &id, err);

		if (state == NULL) {
			db_result_release(&result);
			return -1;
		}
		check_row(walk, name, &result, row, *state);
	}
	(void)snprintf(where, sizeof(where), "%s", name);
	if (result.rows != walk->kept_count)
		finding(walk->verify, 1, where, "the log kept %lld commands, the table has %d", (long long)walk->kept_count,
			result.rows);
	db_result_release(&result);
	return 0;
}
