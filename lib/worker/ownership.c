#include "worker/ownership.h"

#include <string.h>

#include "base/log.h"
#include "worker/buffers.h"
#include "worker/follow.h"
#include "worker/process.h"
#include "worker/publisher.h"
#include "worker/quarantine.h"
#include "worker/sender.h"
#include "worker/timers.h"
#include "worker/warm.h"

#define HALTED_LOOK_MS 2000 /* an operator may have resumed it */

/* The resume proof: the topic is still the one that the head belongs to. *ret_reason: why not; NULL: it is. */
static int prove(struct engine *engine, const struct head *head, const char **ret_reason, struct err *err)
{
	struct bus_record record;
	uint8_t digest[DIGEST_SIZE];
	int64_t low;
	int64_t high;
	bool found;

	if (engine->lanes.is_unresponsive)
		return err_set(err, ERR_RETRY, "the broker does not answer");
	if (engine->broker.bounds(engine->broker.self, 0, head->part, &low, &high, err) < 0)
		return -1;
	if (head->next_offset < low)
		*ret_reason = "topic truncated: records that were never read are gone";
	else if (head->next_offset > high)
		*ret_reason = "topic recreated or restored: it ends before the last command that was applied";
	if (*ret_reason || !head->has_digest || head->next_offset == low)
		return 0;
	if (engine->broker.read_at(engine->broker.self, 0, head->part, head->next_offset - 1, &found, &record, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "part %d: the last applied record did not arrive", head->part);
	digest_of(digest, record.value);
	engine->broker.release(engine->broker.self, &record);
	if (memcmp(digest, head->last_digest, DIGEST_SIZE) != 0)
		*ret_reason = "topic recreated or restored: the last applied offset holds another record";
	return 0;
}

/* An interrupted pass continues at its cursor: the ids held by parked commands before the cursor are held_next. */
static int read_held(struct engine *engine, struct partition *partition, struct err *err)
{
	struct database *database = &engine->database;
	int32_t part = partition->head.part;

	if (database->read_held(database->self, part, INT64_MAX, &partition->held, err) < 0)
		return -1;
	if (partition->head.tick_cursor == OFFSET_BEFORE_ALL)
		return 0;
	return database->read_held(database->self, part, partition->head.tick_cursor, &partition->held_next, err);
}

/*
 * Keys stay in the partitions that the topic had when the module was begun. A partition that was added later is not read: its
 * records come from a producer that spreads keys over more partitions, and their customers belong to other partitions. If the
 * topic has fewer partitions than it had then, all of them halt: some keys have no partition any more. False: do not read; *why
 * is the reason.
 */
static bool is_of_keys(const struct engine *engine, int32_t part, struct err *why)
{
	if (engine->topic_parts < engine->key_parts)
		err_set(why, ERR_POISON, "the topic has %d partitions, it was begun with %d: make it anew with %d",
			engine->topic_parts, engine->key_parts, engine->key_parts);
	else if (part >= engine->key_parts)
		err_set(why, ERR_POISON,
			"the topic was given more partitions: it has %d, keys stay in the first %d, nobody reads this one; make "
			"it "
			"anew with %d",
			engine->topic_parts, engine->key_parts, engine->key_parts);
	return why->kind == ERR_NONE && !follow_misfit(engine, why);
}

/* Loads the number of partitions over which keys are spread, before anything is read. */
static int learn_parts(struct engine *engine, struct err *err)
{
	if (engine->broker.topic_parts(engine->broker.self, 0, &engine->topic_parts, err) < 0 ||
	    engine->database.fix_parts(engine->database.self, engine->topic_parts, &engine->key_parts, err) < 0)
		return -1;
	engine->broker.spread(engine->broker.self, engine->key_parts);
	return follow_learn_parts(engine, err);
}

static int64_t next_offset(void *self, int32_t source, int32_t part)
{
	struct engine *engine = self;
	struct partition *partition = &engine->partitions[part];

	if (source == 0)
		return partition->expected;
	partition->is_apart = follow_is_apart(&partition->head);
	return partition->is_apart ? -1 : partition->followed[source - 1].next_offset;
}

static void drop(void *self, int32_t part)
{
	struct engine *engine = self;

	buffers_drop_tick(engine, part);
	buffers_drop_part(engine, engine->collecting, part, 0);
	if (engine->has_carried && engine->carried.part == part)
		buffers_drop_carried(engine);
}

static int halt(void *self, int32_t part, const char *reason, bool *ret_fenced, struct err *err)
{
	struct engine *engine = self;
	const struct partition *partition = &engine->partitions[part];

	if (engine->database.halt(engine->database.self, &partition->head, reason, ret_fenced, err) < 0)
		return -1;
	if (!*ret_fenced)
		log_error("part=%d offset=%lld halted: %s", part, (long long)partition->expected, reason);
	return 0;
}

static int take_over(void *self, int32_t part, struct err *err)
{
	struct engine *engine = self;
	struct err misfit = ERR_INIT;
	struct partition *partition = &engine->partitions[part];
	const struct head *head = &partition->head;
	const char *reason = NULL;

	partition->expected = head->next_offset;
	memcpy(partition->followed, head->followed, sizeof(partition->followed));
	publisher_begin(partition, part < engine->key_parts); /* a partition that was added later has no events */
	sender_begin(partition);
	partition->forget_at_ms = 0;
	keyset_clear(&partition->held);
	keyset_clear(&partition->held_next);
	if (head->halted) {
		lanes_show_halted(&engine->lanes, part);
		return 0;
	}
	if (!is_of_keys(engine, head->part, &misfit))
		return lanes_halt(&engine->lanes, part, misfit.text, err);
	if (prove(engine, head, &reason, err) < 0 || follow_prove(engine, head, &misfit, err) < 0)
		return lanes_leave_unread(&engine->lanes, part, err);
	if (reason || misfit.kind != ERR_NONE)
		return lanes_halt(&engine->lanes, part, reason ? reason : misfit.text, err);
	if (timers_look_ahead(engine, partition, err) < 0)
		return -1;
	if (read_held(engine, partition, err) < 0) {
		struct err why = *err;

		if (why.kind != ERR_POISON)
			return -1;
		*err = (struct err)ERR_INIT;
		return lanes_halt(&engine->lanes, part, why.text, err);
	}
	quarantine_consider(engine, partition);
	lanes_run(&engine->lanes, part);
	warm_begin(engine);
	log_info("part=%d epoch=%lld offset=%lld seq=%lld claimed", head->part, (long long)head->epoch,
		 (long long)head->next_offset, (long long)head->log_seq);
	return 0;
}

static int claim(void *self, const int32_t *parts, size_t count, struct err *err)
{
	struct engine *engine = self;
	struct head heads[BUS_PARTS_MAX];

	if (process_finish(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		heads[i] = engine->partitions[parts[i]].head;
		heads[i].part = parts[i];
	}
	for (size_t i = 0; i < count; i++)
		state_cache_forget_part(&engine->cache, parts[i]); /* another program may have written them meanwhile */
	if (engine->database.claim(engine->database.self, heads, count, engine->conf.owner, err) < 0 ||
	    learn_parts(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		engine->partitions[parts[i]].head = heads[i];
	return 0;
}

void ownership_init(struct engine *engine)
{
	const struct lanes_conf lanes_conf = { .now_ms = engine->conf.now_ms,
					       .follows_count = engine->admission.module->follows_count,
					       .halted_look_ms = HALTED_LOOK_MS,
					       .head_table = "partition_head" };
	const struct lane_owner owner = {
		.self = engine,
		.next_offset = next_offset,
		.claim = claim,
		.take_over = take_over,
		.halt = halt,
		.drop = drop,
	};

	lanes_init(&engine->lanes, &lanes_conf, &owner, &engine->broker);
}

/* Best effort: after a failed release the next owner counts one more try. */
void ownership_release(struct engine *engine)
{
	struct head heads[BUS_PARTS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (engine->lanes.of[part].state != LANE_NONE && engine->partitions[part].head.epoch > 0)
			heads[count++] = engine->partitions[part].head;
	if (count > 0 && engine->database.release(engine->database.self, heads, count, &err) < 0)
		log_debug("partitions are left without a word: %s", err.text);
}

/* Answers the group even when the commit in flight is lost, because the next owner waits for the answer. */
int ownership_revoke(struct engine *engine, struct err *err)
{
	int finished = process_finish(engine, err);
	struct err stopping = ERR_INIT;
	int stopped;

	buffers_forget(engine);
	ownership_release(engine);
	stopped = lanes_revoke(&engine->lanes, finished < 0 ? &stopping : err);
	return finished < 0 ? -1 : stopped;
}
