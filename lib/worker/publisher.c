#include "worker/publisher.h"

#include "base/log.h"

#define READ_ROWS_MAX      2000
#define DEAD_ROWS_MAX      16 /* each may be as large as a record can be */
#define RESUME_WAIT_MIN_MS 500
#define RESUME_WAIT_MAX_MS 10000
#define DEAD_MAX           256

/* From the table, all that is not acknowledged: repeated in the topic perhaps, never left out. */
static void resend_dead_later(struct engine *engine, struct lane *lane)
{
	lane->resends_dead = true;
	lane->dead_after = OFFSET_BEFORE_ALL;
	lane->dead_at_ms = engine->conf.now_ms() + RESUME_WAIT_MIN_MS;
}

/* A dead letter is published once it is committed; where that fails it is in the table, and comes again out of it. */
static int publish_dead(struct engine *engine, const struct dead_letter *letter, bool *ret_published, struct err *err)
{
	struct err why = ERR_INIT;

	*ret_published = !engine->is_silent && engine->broker.publish_dead(engine->broker.self, letter, &why) == 0;
	if (!*ret_published && why.kind == ERR_FATAL) {
		*err = why;
		return -1;
	}
	engine->is_silent |= !*ret_published;
	if (!*ret_published)
		log_debug("part=%d offset=%lld a dead letter is in the table only for now: %s", letter->part,
			  (long long)letter->offset, why.text);
	return 0;
}

static int take_dead(struct engine *engine, const struct dead_letter *dead, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct lane *lane = &engine->lanes[dead[i].part];
		bool is_published;

		if (lane->resends_dead)
			continue;
		if (publish_dead(engine, &dead[i], &is_published, err) < 0)
			return -1;
		if (!is_published)
			resend_dead_later(engine, lane);
	}
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
	return take_dead(engine, changes->dead, changes->dead_count, err);
}

/* Told once in a row of failures; each next try comes later: it may cost seconds of the others' time. */
static void put_off_resume(struct engine *engine, struct lane *lane, const struct err *why)
{
	if (lane->resume_wait_ms == 0)
		log_warn("part=%d events are in the log and cannot be published yet: %s", lane->head.part, why->text);
	lane->resume_wait_ms = lane->resume_wait_ms == 0 ? RESUME_WAIT_MIN_MS : 2 * lane->resume_wait_ms;
	if (lane->resume_wait_ms > RESUME_WAIT_MAX_MS)
		lane->resume_wait_ms = RESUME_WAIT_MAX_MS;
	lane->resume_at_ms = engine->conf.now_ms() + lane->resume_wait_ms;
}

/* Nothing more of this partition can be told to anybody. The halt that a person sees first stays. */
static int halt_publishing(struct engine *engine, struct lane *lane, const char *reason, struct err *err)
{
	lane->needs_resume = false;
	lane->catching_up = false;
	lane->sent_seq = lane->head.log_seq;
	return lane->state == LANE_HALTED ? 0 : engine_halt(engine, lane->head.part, reason, err);
}

static int halt_by_log(struct engine *engine, struct lane *lane, struct err *err)
{
	return halt_publishing(engine, lane, "the event log has a hole: was the database restored?", err);
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
	if (count == 0)
		return halt_by_log(engine, lane, err);
	for (size_t i = 0; i < count; i++) {
		struct err why = ERR_INIT;

		if (rows[i].seq != lane->sent_seq + 1)
			return halt_by_log(engine, lane, err);
		if (engine->broker.publish(engine->broker.self, &rows[i], &why) < 0) {
			lane->needs_resume = true;
			put_off_resume(engine, lane, &why);
			if (why.kind == ERR_FATAL)
				*err = why;
			return why.kind == ERR_FATAL ? -1 : 0;
		}
		lane->sent_seq = rows[i].seq;
		engine->counts.published++;
	}
	lane->catching_up = lane->sent_seq < lane->head.log_seq;
	return 0;
}

/* What an earlier owner committed and did not see acknowledged, or what could not be published at once. */
static int resend_dead(struct engine *engine, struct lane *lane, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct dead_letter *rows;
	size_t count;

	arena_reset(arena);
	if (engine->database.read_dead(engine->database.self, lane->head.part, lane->dead_after, DEAD_ROWS_MAX, arena, &rows,
				       &count, err) < 0)
		return -1;
	lane->resends_dead = count > 0;
	for (size_t i = 0; i < count; i++) {
		bool is_published;

		if (publish_dead(engine, &rows[i], &is_published, err) < 0)
			return -1;
		if (!is_published) {
			lane->dead_at_ms = engine->conf.now_ms() + RESUME_WAIT_MAX_MS;
			return 0;
		}
		lane->dead_after = rows[i].offset;
	}
	return 0;
}

static int resume(struct engine *engine, struct lane *lane, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t last_seq;

	if (engine->broker.resume(engine->broker.self, lane->head.part, &last_seq, &why) < 0) {
		if (why.kind == ERR_FATAL) {
			*err = why;
			return -1;
		}
		put_off_resume(engine, lane, &why);
		engine->is_silent = true;
		return 0;
	}
	if (last_seq > lane->head.log_seq)
		return halt_publishing(engine, lane, "the events topic is ahead of the event log: was the database restored?",
				       err);
	lane->sent_seq = last_seq;
	lane->needs_resume = false;
	lane->resume_wait_ms = 0;
	lane->catching_up = true;
	resend_dead_later(engine, lane);
	lane->dead_at_ms = 0;
	return 0;
}

static int mark_dead(struct engine *engine, struct err *err)
{
	int32_t parts[DEAD_MAX];
	int64_t offsets[DEAD_MAX];
	size_t count;

	do {
		count = engine->broker.dead_acked(engine->broker.self, parts, offsets, DEAD_MAX);
		if (count > 0 && engine->database.mark_dead_published(engine->database.self, parts, offsets, count, err) < 0)
			return -1;
	} while (count == DEAD_MAX);
	return 0;
}

/* Ours by its epoch. What is halted is not read any more, but what it has committed is told. */
static bool is_published(const struct lane *lane)
{
	return lane->state == LANE_RUNNING || lane->state == LANE_HALTED;
}

bool publisher_has_work(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct lane *lane = &engine->lanes[part];

		if (is_published(lane) && !lane->needs_resume && lane->catching_up)
			return true;
	}
	return false;
}

static int work_on(struct engine *engine, struct lane *lane, struct err *err)
{
	int64_t now_ms = engine->conf.now_ms();

	if (lane->needs_resume && !engine->is_silent && now_ms >= lane->resume_at_ms && resume(engine, lane, err) < 0)
		return -1;
	if (!is_published(lane) || lane->needs_resume ||
	    engine->broker.deliveries(engine->broker.self, 0) > engine->conf.pending_max)
		return 0;
	if (lane->catching_up && catch_up(engine, lane, err) < 0)
		return -1;
	return lane->resends_dead && now_ms >= lane->dead_at_ms ? resend_dead(engine, lane, err) : 0;
}

int publisher_work(struct engine *engine, struct err *err)
{

	engine->broker.deliveries(engine->broker.self, 0);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct lane *lane = &engine->lanes[part];

		if (!is_published(lane))
			continue;
		if (engine->broker.has_failed(engine->broker.self, part))
			lane->needs_resume = true;
		if (work_on(engine, lane, err) < 0)
			return -1;
	}
	return mark_dead(engine, err);
}

bool publisher_is_done(const struct engine *engine)
{
	return !publisher_has_work(engine) && engine->broker.deliveries(engine->broker.self, 0) == 0;
}

bool publisher_is_idle(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct lane *lane = &engine->lanes[part];

		if (is_published(lane) && (lane->needs_resume || lane->resends_dead || lane->sent_seq < lane->head.log_seq))
			return false;
	}
	return engine->broker.deliveries(engine->broker.self, 0) == 0;
}
