#include "worker/publisher.h"

#include "base/log.h"
#include "worker/sender.h"

#define READ_ROWS_MAX      2000
#define DEAD_ROWS_MAX      16 /* each may have the size of the largest record */
#define RESUME_WAIT_MIN_MS 500
#define RESUME_WAIT_MAX_MS 10000
#define DEAD_MAX           256

/* Sends unacknowledged dead letters again from the table: they may be repeated in the topic, but are never lost. */
static void resend_dead_later(struct engine *engine, struct partition *partition)
{
	partition->resends_dead = true;
	partition->dead_after = OFFSET_BEFORE_ALL;
	partition->dead_at_ms = engine->conf.now_ms() + RESUME_WAIT_MIN_MS;
}

/* *ret_published false: the dead letter stays in its table and is read from there later. */
static int publish_dead(struct engine *engine, const struct dead_letter *letter, bool *ret_published, struct err *err)
{
	struct err why = ERR_INIT;

	*ret_published = !engine->lanes.is_unresponsive && engine->broker.publish_dead(engine->broker.self, letter, &why) == 0;
	if (!*ret_published && why.kind == ERR_FATAL) {
		*err = why;
		return -1;
	}
	engine->lanes.is_unresponsive |= !*ret_published;
	if (!*ret_published)
		log_debug("part=%d offset=%lld a dead letter is in the table only for now: %s", letter->part,
			  (long long)letter->offset, why.text);
	return 0;
}

/*
 * The topic gets what the table has, hence they are read from there: of a person who was erased it keeps no bytes (sql/0242), and the
 * program that has the record in hand does not know who is.
 */
static void take_dead(struct engine *engine, const struct dead_letter *dead, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct partition *partition = &engine->partitions[dead[i].part];

		if (partition->resends_dead)
			continue;
		partition->resends_dead = true;
		partition->dead_after = dead[i].offset - 1;
		partition->dead_at_ms = 0;
	}
}

void publisher_begin(struct partition *partition, bool has_events)
{
	partition->publishing = has_events ? PUBLISHING_RESUME : PUBLISHING_LIVE;
	partition->sent_seq = partition->head.log_seq;
	partition->resume_at_ms = 0;
	partition->resume_wait_ms = 0;
	partition->resends_dead = false;
}

int publisher_take(struct engine *engine, const struct changes *changes, struct err *err)
{
	for (size_t i = 0; i < changes->log_count; i++) {
		const struct log_row *row = &changes->log[i];
		struct partition *partition = &engine->partitions[row->part];

		if (partition->publishing != PUBLISHING_LIVE)
			continue;
		MUST(row->seq == partition->sent_seq + 1);
		if (engine->broker.publish(engine->broker.self, row, err) < 0) {
			/* The rows are in the log: publishing resumes from there. */
			log_warn("part=%d publishing stopped, it goes on from the log: %s", row->part, err->text);
			partition->publishing = PUBLISHING_RESUME;
			continue;
		}
		partition->sent_seq = row->seq;
		engine->counts.published++;
	}
	take_dead(engine, changes->dead, changes->dead_count);
	return sender_take(engine, changes, err);
}

/* Logs only the first failure. Backs off exponentially: a retry can block the other partitions for seconds. */
static void put_off_resume(struct engine *engine, struct partition *partition, const struct err *why)
{
	if (partition->resume_wait_ms == 0)
		log_warn("part=%d events are in the log and cannot be published yet: %s", partition->head.part, why->text);
	partition->resume_wait_ms = partition->resume_wait_ms == 0 ? RESUME_WAIT_MIN_MS : 2 * partition->resume_wait_ms;
	if (partition->resume_wait_ms > RESUME_WAIT_MAX_MS)
		partition->resume_wait_ms = RESUME_WAIT_MAX_MS;
	partition->resume_at_ms = engine->conf.now_ms() + partition->resume_wait_ms;
}

/* Ends publishing of a partition whose events can no longer be published, and halts it. An earlier halt keeps its reason. */
static int halt_publishing(struct engine *engine, struct partition *partition, const char *reason, struct err *err)
{
	partition->publishing = PUBLISHING_LIVE;
	partition->sent_seq = partition->head.log_seq;
	return lanes_is_running(&engine->lanes, partition->head.part)
		       ? lanes_halt(&engine->lanes, partition->head.part, reason, err)
		       : 0;
}

static int halt_by_log(struct engine *engine, struct partition *partition, struct err *err)
{
	return halt_publishing(engine, partition, "the event log has a hole: was the database restored?", err);
}

static int catch_up(struct engine *engine, struct partition *partition, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct log_row *rows;
	size_t count;

	arena_reset(arena);
	if (partition->sent_seq == partition->head.log_seq) {
		partition->publishing = PUBLISHING_LIVE;
		return 0;
	}
	if (engine->database.read_log(engine->database.self, partition->head.part, partition->sent_seq + 1, READ_ROWS_MAX, arena,
				      &rows, &count, err) < 0)
		return -1;
	if (count == 0)
		return halt_by_log(engine, partition, err);
	for (size_t i = 0; i < count; i++) {
		struct err why = ERR_INIT;

		if (rows[i].seq != partition->sent_seq + 1)
			return halt_by_log(engine, partition, err);
		if (engine->broker.publish(engine->broker.self, &rows[i], &why) < 0) {
			partition->publishing = PUBLISHING_RESUME;
			put_off_resume(engine, partition, &why);
			if (why.kind == ERR_FATAL)
				*err = why;
			return why.kind == ERR_FATAL ? -1 : 0;
		}
		partition->sent_seq = rows[i].seq;
		engine->counts.published++;
	}
	partition->publishing = partition->sent_seq < partition->head.log_seq ? PUBLISHING_CATCH_UP : PUBLISHING_LIVE;
	return 0;
}

/* Publishes dead letters: new ones, and those that were not acknowledged to an earlier owner. */
static int resend_dead(struct engine *engine, struct partition *partition, struct err *err)
{
	struct arena *arena = &engine->spare->arena;
	struct dead_letter *rows;
	size_t count;

	arena_reset(arena);
	if (engine->database.read_dead(engine->database.self, partition->head.part, partition->dead_after, DEAD_ROWS_MAX, arena,
				       &rows, &count, err) < 0)
		return -1;
	partition->resends_dead = count > 0;
	for (size_t i = 0; i < count; i++) {
		bool is_published;

		if (publish_dead(engine, &rows[i], &is_published, err) < 0)
			return -1;
		if (!is_published) {
			partition->dead_at_ms = engine->conf.now_ms() + RESUME_WAIT_MAX_MS;
			return 0;
		}
		partition->dead_after = rows[i].offset;
	}
	return 0;
}

static int resume(struct engine *engine, struct partition *partition, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t last_seq;

	if (engine->broker.resume(engine->broker.self, partition->head.part, &last_seq, &why) < 0) {
		if (why.kind == ERR_FATAL) {
			*err = why;
			return -1;
		}
		put_off_resume(engine, partition, &why);
		engine->lanes.is_unresponsive = true;
		return 0;
	}
	if (last_seq > partition->head.log_seq)
		return halt_publishing(engine, partition,
				       "the events topic is ahead of the event log: was the database restored?", err);
	partition->sent_seq = last_seq;
	partition->publishing = PUBLISHING_CATCH_UP;
	partition->resume_wait_ms = 0;
	resend_dead_later(engine, partition);
	partition->dead_at_ms = 0;
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

static bool has_dead_to_send(const struct engine *engine, const struct partition *partition)
{
	return partition->resends_dead && partition->publishing != PUBLISHING_RESUME &&
	       engine->conf.now_ms() >= partition->dead_at_ms;
}

bool publisher_has_work(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct partition *partition = &engine->partitions[part];

		if (lanes_is_owned(&engine->lanes, part) &&
		    (partition->publishing == PUBLISHING_CATCH_UP || has_dead_to_send(engine, partition)))
			return true;
	}
	return false;
}

static int work_on(struct engine *engine, struct partition *partition, struct err *err)
{
	int64_t now_ms = engine->conf.now_ms();

	if (partition->publishing == PUBLISHING_RESUME && !engine->lanes.is_unresponsive && now_ms >= partition->resume_at_ms &&
	    resume(engine, partition, err) < 0)
		return -1;
	if (!lanes_is_owned(&engine->lanes, partition->head.part) || partition->publishing == PUBLISHING_RESUME ||
	    engine->broker.deliveries(engine->broker.self, 0) > engine->conf.pending_max)
		return 0;
	if (partition->publishing == PUBLISHING_CATCH_UP && catch_up(engine, partition, err) < 0)
		return -1;
	return partition->resends_dead && now_ms >= partition->dead_at_ms ? resend_dead(engine, partition, err) : 0;
}

int publisher_work(struct engine *engine, struct err *err)
{
	engine->broker.deliveries(engine->broker.self, 0);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct partition *partition = &engine->partitions[part];

		if (!lanes_is_owned(&engine->lanes, part))
			continue;
		if (engine->broker.has_failed(engine->broker.self, part))
			partition->publishing = PUBLISHING_RESUME;
		if (work_on(engine, partition, err) < 0)
			return -1;
	}
	return mark_dead(engine, err) < 0 ? -1 : sender_work(engine, err);
}

bool publisher_is_done(const struct engine *engine)
{
	return !publisher_has_work(engine) && engine->broker.deliveries(engine->broker.self, 0) == 0;
}

bool publisher_is_idle(const struct engine *engine)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct partition *partition = &engine->partitions[part];

		if (lanes_is_owned(&engine->lanes, part) &&
		    (partition->publishing == PUBLISHING_RESUME || partition->resends_dead ||
		     partition->sent_seq < partition->head.log_seq))
			return false;
	}
	return engine->broker.deliveries(engine->broker.self, 0) == 0;
}
