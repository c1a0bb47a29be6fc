#include "worker/batch_inside.h"

#include <stdlib.h>
#include <string.h>

#include "worker/holds.h"
#include "worker/sender.h"

#define TIMERS_PER_ITEM 4 /* of each item of a full batch; one alone may have DECISION_TIMERS_MAX */

#define ID_AHEAD_MAX_MS 300000 /* the most that a sender's clock may be ahead of the broker's */

/* The most bytes of events of one batch: far above what batch_items_max commands make. */
#define BODIES_SIZE_MAX ((size_t)256 << 20)

size_t batch_timers_max(const struct engine_conf *conf)
{
	return conf->batch_items_max < TIMER_ROWS_MAX ? conf->batch_items_max : TIMER_ROWS_MAX;
}

int batch_init(struct batch *batch, const struct engine_conf *conf, struct err *err)
{
	size_t ids_capacity = 1;

	*batch = (struct batch){ .tick_part = -1, .quarantined_part = -1 };
	MUST(conf->batch_items_max > 0);
	MUST(conf->batch_items_max <= ENGINE_BATCH_ITEMS_MAX);
	while (ids_capacity < 2 * conf->batch_items_max)
		ids_capacity *= 2;
	batch->ids_mask = ids_capacity - 1;
	batch->items_capacity = conf->batch_items_max + batch_timers_max(conf);
	batch->items = calloc(batch->items_capacity, sizeof(*batch->items));
	batch->ids = calloc(ids_capacity, sizeof(*batch->ids));
	if (!batch->items || !batch->ids)
		return err_set(err, ERR_FATAL, "no memory for a batch");
	keyset_init(&batch->held, HOLDS_MAX * conf->batch_items_max);
	keyset_init(&batch->asked, conf->batch_items_max);
	keyset_init(&batch->timers_touched, TIMERS_PER_ITEM * 2 * conf->batch_items_max + DECISION_TIMERS_MAX + 1);
	buf_init(&batch->bodies, BODIES_SIZE_MAX);
	buf_init(&batch->sending, SENDING_SIZE_MAX);
	return arena_init(&batch->arena, conf->arena_size, err);
}

void batch_release(struct batch *batch)
{
	free(batch->items);
	free(batch->ids);
	keyset_release(&batch->held);
	keyset_release(&batch->asked);
	keyset_release(&batch->timers_touched);
	buf_release(&batch->bodies);
	buf_release(&batch->sending);
	arena_release(&batch->arena);
	*batch = (struct batch){ .tick_part = -1, .quarantined_part = -1 };
}

void batch_reset(struct batch *batch)
{
	arena_reset(&batch->arena);
	batch->items_count = 0;
	batch->bytes = 0;
	batch->is_full = false;
	batch->tick_part = batch->quarantined_part = -1;
	batch->tried_count = 0;
	batch->is_tick_end = false;
	batch->arena_items = 0;
	batch->from = 0;
	batch->count = 0;
}

/* ---- begin ---- */

int batch_too_large(struct batch *batch, struct err *err)
{
	batch->is_too_large = true;
	return err_set(err, ERR_POISON, "the batch does not fit into its arena");
}

static struct head *head_of(struct batch *batch, const struct engine *engine, int32_t part)
{
	if (batch->head_of_part[part] < 0) {
		batch->head_of_part[part] = (int16_t)batch->heads_count;
		batch->heads[batch->heads_count] = engine->partitions[part].head;
		if (engine->admission.module->sends_as != 0)
			batch->heads[batch->heads_count].sent_seq = sender_safe_seq(engine, &engine->partitions[part]);
		batch->heads_count++;
	}
	return &batch->heads[batch->head_of_part[part]];
}

/*
 * An id above every earlier one of its partition is new, as UUIDv7 ascend. An id whose time is ahead of the broker's clock
 * (random, or from a wrong clock) is looked up and does not raise the highest id; otherwise all later ids would be below it.
 */
bool batch_is_ahead(const struct command *command)
{
	return uuid_time_ms(&command->id) > command->now_ms + ID_AHEAD_MAX_MS;
}

/* A known id that this misses violates the unique index: a conflict, followed by a pessimistic attempt. */
static bool may_be_known(const struct batch *batch, const struct engine *engine, const struct item *item)
{
	const struct uuid *last_id = &engine->partitions[item->part].head.last_id;

	if (item->kind != ITEM_COMMAND) /* the position says that an event is new, unless a person has set it back */
		return item->kind == ITEM_EVENT && batch->is_pessimistic;
	return batch->is_pessimistic || item->was_parked || batch_is_ahead(&item->command) ||
	       uuid_compare(&item->command.id, last_id) <= 0;
}

int batch_begin(struct batch *batch, const struct engine *engine, size_t from, size_t count, bool is_pessimistic,
		struct answer **ret_answers, size_t *ret_answers_count, struct err *err)
{
	struct answer *answers;
	size_t answers_count = 0;

	arena_rewind(&batch->arena, batch->arena_items);
	buf_reset(&batch->bodies);
	keyset_clear(&batch->held);
	keyset_clear(&batch->timers_touched);
	batch->timers = NULL;
	batch->timers_count = batch->timers_max = 0;
	memset(batch->ids, 0, (batch->ids_mask + 1) * sizeof(*batch->ids));
	memset(batch->head_of_part, -1, sizeof(batch->head_of_part));
	batch->heads_count = 0;
	batch->from = from;
	batch->count = count;
	batch->is_pessimistic = is_pessimistic;
	batch->is_too_large = false;
	batch->changes = (struct changes){ .set = &batch->set };
	batch->verdicts = arena_take(&batch->arena, count, sizeof(*batch->verdicts));
	answers = arena_take(&batch->arena, count, sizeof(*answers));
	if (!batch->verdicts || !answers || !workset_init(&batch->set, &batch->arena, 5 * count + 64))
		return batch_too_large(batch, err);
	batch->set.assumes_new = !is_pessimistic;
	if (batch->tick_part >= 0)
		head_of(batch, engine, batch->tick_part);
	for (size_t i = 0; i < count; i++) {
		struct item *item = &batch->items[from + i];

		item->kept_row = NULL;
		item->kept = NULL;
		head_of(batch, engine, item->part);
		if (!may_be_known(batch, engine, item))
			continue;
		answers[answers_count++].command_id = item->command.id;
		batch->verdicts[i].has_answer = true;
	}
	*ret_answers = answers;
	*ret_answers_count = answers_count;
	return batch_touch(batch, engine, err);
}
