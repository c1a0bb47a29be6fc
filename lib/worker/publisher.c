#include "worker/publisher.h"

#include "base/log.h"

#define READ_ROWS_MAX   2000
#define RESUME_RETRY_MS 500
#define DEAD_MAX        256

/* A dead letter is published once it is committed; a lost acknowledgement repeats it after the next claim. */
static int publish_dead(struct engine *engine, const struct dead_letter *dead, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (engine->broker.publish_dead(engine->broker.self, &dead[i], err) < 0)
			return -1;
	return 0;
}

int publisher_take(struct engine *engine, const struct changes *changes, struct err *err)
{
	for (size_t i = 0; i < changes->log_count; i++) {
		const struct log_row *row = &changes->log[i];
		struct lane *lane = &engine->lanes[row->part];

		if (lane->needs_resume || lane->catching_up)
			continue;
		MUST(row->seq == lane->sent_seq + 1);
		if (engine->broker.publish(engine->broker.self, row, err) < 0) {
			/* The rows are safe in the log: this lane starts again from there. */
			log_warn("part=%d publishing stopped, it goes on from the log: %s", row->part, err->text);
			lane->needs_resume = true;
			continue;
		}
		lane->sent_seq = row->seq;
		engine->counts.published++;
	}
	return publish_dead(engine, changes->dead, changes->dead_count, err);
}

static int catch_up(struct engine *engine, struct lane *lane, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct log_row *rows;
	size_t count;

	arena_reset(arena);
	if (lane->sent_seq == lane->head.log_seq) {
		lane->catching_up = false;
		return 0;
	}
	if (engine->database.read_log(engine->database.self, lane->head.part, lane->sent_seq + 1, READ_ROWS_MAX, arena, &rows,
				      &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].seq != lane->sent_seq + 1)
			return err_set(err, ERR_FATAL, "part %d: event_log has seq %lld after %lld", lane->head.part,
				       (long long)rows[i].seq, (long long)lane->sent_seq);
		if (engine->broker.publish(engine->broker.self, &rows[i], err) < 0) {
			lane->needs_resume = true;
			return err->kind == ERR_FATAL ? -1 : 0;
		}
		lane->sent_seq = rows[i].seq;
		engine->counts.published++;
	}
	lane->catching_up = lane->sent_seq < lane->head.log_seq;
	return 0;
}

/* What an earlier owner committed and did not see acknowledged. */
static int resend_dead(struct engine *engine, struct lane *lane, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct dead_letter *rows;
	size_t count;

	arena_reset(arena);
	if (engine->database.read_dead(engine->database.self, lane->head.part, READ_ROWS_MAX, arena, &rows, &count, err) < 0)
		return -1;
	return publish_dead(engine, rows, count, err);
}

static int resume(struct engine *engine, struct lane *lane, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t last_seq;

	if (engine->broker.resume(engine->broker.self, lane->head.part, &last_seq, &why) < 0) {
		log_debug("part=%d cannot read the last published event yet: %s", lane->head.part, why.text);
		lane->retry_at_ms = engine->conf.now_ms() + RESUME_RETRY_MS;
		return 0;
	}
	if (last_seq > lane->head.log_seq)
		return engine_halt(engine, lane->head.part,
				   "the events topic is ahead of the event log: was the database restored?", err);
	lane->sent_seq = last_seq;
	lane->needs_resume = false;
	lane->catching_up = true;
	return resend_dead(engine, lane, err);
}

static int mark_dead(struct engine *engine, struct err *err)
{
	int32_t parts[DEAD_MAX];
	int64_t offsets[DEAD_MAX];
	size_t count = engine->broker.dead_acked(engine->broker.self, parts, offsets, DEAD_MAX);

	if (count == 0)
		return 0;
	return engine->database.mark_dead_published(engine->database.self, parts, offsets, count, err);
}

int publisher_work(struct engine *engine, struct err *err)
{
	engine->broker.deliveries(engine->broker.self, 0);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct lane *lane = &engine->lanes[part];

		if (lane->state != LANE_RUNNING)
			continue;
		if (engine->broker.has_failed(engine->broker.self, part))
			lane->needs_resume = true;
		if (lane->needs_resume && engine->conf.now_ms() >= lane->retry_at_ms && resume(engine, lane, err) < 0)
			return -1;
		if (lane->state == LANE_RUNNING && !lane->needs_resume && lane->catching_up && catch_up(engine, lane, err) < 0)
			return -1;
	}
	return mark_dead(engine, err);
}

bool publisher_is_idle(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct lane *lane = &engine->lanes[part];

		if (lane->state == LANE_RUNNING && (lane->needs_resume || lane->sent_seq < lane->head.log_seq))
			return false;
	}
	return engine->broker.deliveries(engine->broker.self, 0) == 0;
}
