#include "worker/sender.h"

#include "base/log.h"
#include "schemas/engine.h"

#define READ_ROWS_MAX 2000
#define WAIT_MIN_MS   500
#define WAIT_MAX_MS   10000

static bool sends(const struct engine *engine)
{
	return engine->admission.module->sends_as != 0;
}

void sender_begin(struct partition *partition)
{
	partition->sending = SENDING_RESUME;
	partition->given_seq = partition->head.sent_seq;
	partition->send_at_ms = 0;
	partition->send_wait_ms = 0;
}

int64_t sender_safe_seq(const struct engine *engine, const struct partition *partition)
{
	int64_t oldest;

	if (partition->sending == SENDING_RESUME) /* what the broker's side knows may be of an earlier claim */
		return partition->given_seq;
	oldest = engine->broker.oldest_send(engine->broker.self, partition->head.part);
	return oldest > 0 ? oldest - 1 : partition->given_seq;
}

/* Logs only the first failure of a series; backs off exponentially, as each may block for seconds. */
static void pause_sending(struct engine *engine, struct partition *partition, const struct err *why)
{
	if (partition->send_wait_ms == 0)
		log_warn("part=%d commands to other modules are in the log and cannot be sent yet: %s", partition->head.part,
			 why->text);
	partition->send_wait_ms = partition->send_wait_ms == 0 ? WAIT_MIN_MS : 2 * partition->send_wait_ms;
	if (partition->send_wait_ms > WAIT_MAX_MS)
		partition->send_wait_ms = WAIT_MAX_MS;
	partition->send_at_ms = engine->conf.now_ms() + partition->send_wait_ms;
}

/* What is not acknowledged is sent again. */
static void start_over(struct engine *engine, struct partition *partition, const struct err *why)
{
	partition->given_seq = sender_safe_seq(engine, partition);
	partition->sending = SENDING_RESUME;
	pause_sending(engine, partition, why);
}

/* The next one was not taken: too many are on their way, or its topic is not there. Those before it may be on their way still. */
static void put_off(struct engine *engine, struct partition *partition, const struct err *why)
{
	partition->sending = SENDING_CATCH_UP;
	pause_sending(engine, partition, why);
}

static int decode(struct engine *engine, struct str value, const struct message_type **ret_type, const void **ret_body,
		  struct err *err)
{
	return coder_decode(value, &engine->sending_arena, ret_type, ret_body, err);
}

/* Both were encoded by this module, perhaps by an older program. */
static int read_row(struct engine *engine, const struct log_row *row, struct sent_command *ret_command, struct err *err)
{
	const struct command_issued *issued;
	const struct message_type *issued_type;
	const struct message_type *type;
	const void *body;

	arena_reset(&engine->sending_arena);
	if (decode(engine, row->body, &issued_type, (const void **)&issued, err) < 0 ||
	    decode(engine, issued->value, &type, &body, err) < 0) {
		err->kind = ERR_FATAL;
		return -1;
	}
	*ret_command = (struct sent_command){
		.part = row->part,
		.seq = row->seq,
		.id = issued->command_id,
		.key = row->key,
		.correlation_id = row->correlation_id,
		.causation_id = row->event_id,
		.type = type,
		.module = issued->module,
		.actor = issued->actor,
		.value = issued->value,
		.traceparent = row->traceparent,
	};
	return 0;
}

/* The row is the next of its partition. *ret_given false: put off. */
static int give_row(struct engine *engine, struct partition *partition, const struct log_row *row, bool *ret_given,
		    struct err *err)
{
	struct sent_command command;
	struct err why = ERR_INIT;

	MUST(row->seq == partition->given_seq + 1);
	*ret_given = true;
	if (message_by_schema_id(row->schema_id) == &command_issued_type) {
		if (read_row(engine, row, &command, err) < 0)
			return -1;
		if (engine->broker.send(engine->broker.self, &command, &why) < 0) {
			put_off(engine, partition, &why);
			*ret_given = false;
			if (why.kind == ERR_FATAL)
				*err = why;
			return why.kind == ERR_FATAL ? -1 : 0;
		}
		engine->counts.sent++;
	}
	partition->given_seq = row->seq;
	return 0;
}

int sender_take(struct engine *engine, const struct changes *changes, struct err *err)
{
	for (size_t i = 0; sends(engine) && i < changes->log_count; i++) {
		struct partition *partition = &engine->partitions[changes->log[i].part];
		bool is_given;

		if (partition->sending == SENDING_LIVE && give_row(engine, partition, &changes->log[i], &is_given, err) < 0)
			return -1;
	}
	return 0;
}

static int catch_up(struct engine *engine, struct partition *partition, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct log_row *rows;
	size_t count;
	bool is_given = true;

	arena_reset(arena);
	if (partition->given_seq < partition->head.log_seq) {
		if (engine->database.read_log(engine->database.self, partition->head.part, partition->given_seq + 1,
					      READ_ROWS_MAX, arena, &rows, &count, err) < 0)
			return -1;
		if (count == 0 || rows[0].seq != partition->given_seq + 1)
			return err_set(err, ERR_RETRY, "part %d: the event log has a hole", partition->head.part);
		for (size_t i = 0; i < count && is_given; i++)
			if (give_row(engine, partition, &rows[i], &is_given, err) < 0)
				return -1;
	}
	if (is_given && partition->given_seq == partition->head.log_seq) {
		partition->sending = SENDING_LIVE;
		partition->send_wait_ms = 0;
	}
	return 0;
}

static int resume(struct engine *engine, struct partition *partition, struct err *err)
{
	struct err why = ERR_INIT;

	if (engine->broker.resume_sends(engine->broker.self, partition->head.part, &why) == 0) {
		partition->sending = SENDING_CATCH_UP;
		return 0;
	}
	if (why.kind == ERR_FATAL) {
		*err = why;
		return -1;
	}
	pause_sending(engine, partition, &why);
	engine->lanes.is_unresponsive = true;
	return 0;
}

static int work_on(struct engine *engine, struct partition *partition, struct err *err)
{
	const struct err lost = { .kind = ERR_RETRY, .text = "one was not delivered" };

	if (partition->sending != SENDING_RESUME && engine->broker.has_send_failed(engine->broker.self, partition->head.part))
		start_over(engine, partition, &lost);
	if (engine->conf.now_ms() < partition->send_at_ms)
		return 0;
	if (partition->sending == SENDING_RESUME && !engine->lanes.is_unresponsive && resume(engine, partition, err) < 0)
		return -1;
	if (partition->sending != SENDING_CATCH_UP ||
	    engine->broker.deliveries(engine->broker.self, 0) > engine->conf.pending_max)
		return 0;
	return catch_up(engine, partition, err);
}

int sender_work(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; sends(engine) && part < BUS_PARTS_MAX; part++)
		if (lanes_is_owned(&engine->lanes, part) && work_on(engine, &engine->partitions[part], err) < 0)
			return -1;
	return 0;
}

bool sender_has_work(const struct engine *engine)
{
	for (int32_t part = 0; sends(engine) && part < BUS_PARTS_MAX; part++)
		if (lanes_is_owned(&engine->lanes, part) && engine->partitions[part].sending == SENDING_CATCH_UP &&
		    engine->conf.now_ms() >= engine->partitions[part].send_at_ms)
			return true;
	return false;
}

bool sender_is_idle(const struct engine *engine)
{
	for (int32_t part = 0; sends(engine) && part < BUS_PARTS_MAX; part++) {
		const struct partition *partition = &engine->partitions[part];

		if (lanes_is_owned(&engine->lanes, part) &&
		    (partition->sending != SENDING_LIVE || partition->given_seq < partition->head.log_seq))
			return false;
	}
	return true;
}
