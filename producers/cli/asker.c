#include "asker.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "database.h"
#include "schemas/engine.h"

#define STATEMENT_MS 10000
#define LOOK_MS      50
#define ARENA_SIZE   ((size_t)1 << 20)

static const char select_answer[] = "SELECT body FROM {schema}.event_log WHERE command_id = $1 AND command_digest IS NOT NULL "
				    "UNION ALL SELECT body FROM {schema}.event_log WHERE command_id = $1 "
				    "AND schema_id = ANY (dcs_schema_ids('CommandRejected')) LIMIT 1"; // by the index of refusals

int asker_open(struct asker *asker, const struct asker_conf *conf, struct err *err)
{
	*asker = (struct asker){ .timeout_s = conf->sender.timeout_s };
	if (arena_init(&asker->arena, ARENA_SIZE, err) != 0 ||
	    database_open(conf->pg, conf->pg_user, STATEMENT_MS, &asker->db, err) != 0)
		return -1;
	return sender_open(&conf->sender, &asker->sender, err);
}

void asker_close(struct asker *asker)
{
	sender_close(asker->sender);
	db_close(asker->db);
	arena_release(&asker->arena);
}

static int read_answer(struct asker *asker, struct str event, struct err *err)
{
	const struct command_rejected *rejected;
	const struct message_type *type;
	const void *body;

	if (coder_decode(event, &asker->arena, &type, &body, err) != 0)
		return -1;
	if (type != &command_rejected_type)
		return 0;
	rejected = body;
	return err_set(err, ERR_POISON, "refused: %.*s: %.*s (%.*s)", (int)rejected->field.size, rejected->field.data,
		       (int)rejected->text.size, rejected->text.data, (int)rejected->code.size, rejected->code.data);
}

/* *ret_is_there: there is an answer; then the return value is its result. */
static int look(struct asker *asker, const struct db_params *params, bool *ret_is_there, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int status = db_run(asker->db, asker->look, params, &result, err);

	*ret_is_there = status == 0 && result.rows == 1;
	if (*ret_is_there)
		status = read_answer(asker, db_str(&result, 0, 0), err);
	db_result_release(&result);
	return status;
}

static int wait_for_answer(struct asker *asker, const char *module, const struct uuid *id, struct err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + asker->timeout_s * 1000;
	struct db_params params;
	bool is_there = false;
	int status = 0;

	if (asker->look == NULL) {
		asker->look = schema_statement(&asker->arena, "cli_answer", select_answer, module);
		asker->module = module;
	}
	MUST(asker->look != NULL);
	MUST(strcmp(asker->module, module) == 0);
	db_params_init(&params, 256);
	db_param_uuid(&params, id);
	while (status == 0 && !is_there && clock_monotonic_ms() < deadline_ms) {
		status = look(asker, &params, &is_there, err);
		if (status == 0 && !is_there)
			(void)poll(NULL, 0, LOOK_MS); // for the module: no notification arrives here
	}
	db_params_release(&params);
	if (status != 0 || is_there)
		return status;
	return err_set(err, ERR_RETRY, "no answer from %s within %lld s: dcs status, and dcs dead-letters list %s, tell more",
		       module, (long long)asker->timeout_s, module);
}

static void on_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct asker *asker = done_arg;

	(void)part;
	(void)offset;
	asker->is_sent = failure == NULL;
}

int asker_ask(struct asker *asker, const struct message_type *type, const void *body, struct err *err)
{
	struct uuid id = uuid_new();
	const struct sender_record record = { .type = type, .body = body, .id = &id, .done = on_done, .done_arg = asker };

	asker->is_sent = false;
	if (sender_send(asker->sender, &record, err) != 0 || sender_finish(asker->sender, err) != 0)
		return -1;
	if (!asker->is_sent)
		return err_set(err, ERR_RETRY, "the brokers did not take it");
	return wait_for_answer(asker, type->module, &id, err);
}
