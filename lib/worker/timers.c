#include "worker/timers.h"

#include <string.h>

#include "base/day.h"
#include "worker/approvals.h"
#include "worker/batch_inside.h"
#include "worker/quarantine.h"

/* ---- which are due ---- */

size_t timers_per_tick(const struct engine *engine)
{
	size_t share = engine->conf.timers_max / (size_t)engine->key_parts;

	return share > 0 ? share : 1;
}

struct timers_due timers_due_at(const struct partition *partition, const struct item *tick)
{
	const struct tick *body = tick->command.body;

	return (struct timers_due){
		.before = tick->offset,
		.at_ms = tick->command.now_ms,
		.on = batch_business_date(partition->head.business_date, body->business_date, tick->command.now_ms),
	};
}

bool timers_may_be_due(const struct partition *partition, const struct timers_due *due)
{
	return partition->next.is_tried || partition->next.at_ms <= due->at_ms || partition->next.on <= due->on;
}

int timers_look_ahead(struct engine *engine, struct partition *partition, struct err *err)
{
	partition->next = (struct timers_next){ .at_ms = INT64_MAX, .on = INT32_MAX };
	if (!module_has_timers(engine->admission.module))
		return 0;
	return engine->database.read_next_timer(engine->database.self, partition->head.part, &partition->next, err);
}

void timers_note(struct engine *engine, const struct changes *changes)
{
	for (size_t i = 0; i < changes->timers_count; i++) {
		const struct timer_write *write = &changes->timers[i];
		struct timers_next *next = &engine->partitions[write->row.part].next;

		next->is_tried |= write->fate == TIMER_TRIED || write->fate == TIMER_BROKEN;
		if (write->fate != TIMER_SET)
			continue;
		if (write->row.is_on_day && write->row.due_on < next->on)
			next->on = write->row.due_on;
		if (!write->row.is_on_day && write->row.due_at_ms < next->at_ms)
			next->at_ms = write->row.due_at_ms;
	}
}

/* ---- rows and items ---- */

struct uuid timers_place(const struct timer_row *row)
{
	struct uuid place = uuid_derive(&row->subject, "timer", (uint64_t)row->kind);

	for (size_t i = 0; i < sizeof(place.bytes); i++)
		place.bytes[i] ^= row->key.bytes[i];
	return place;
}

static int64_t first_instant(const struct timer_row *row)
{
	return row->is_on_day ? (int64_t)row->due_on * DAY_MS : row->due_at_ms;
}

/*
 * The id is of the timer, its due time and the record that set it: a timer that was fired may be set again for the same day. It
 * begins with the due time, so the ids of a pass ascend.
 */
static struct uuid id_of(const struct timer_row *row)
{
	struct uuid id = timers_place(row);
	int64_t due_ms = first_instant(row);

	for (size_t i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)((uint64_t)due_ms >> (40 - 8 * i));
	id = uuid_derive(&id, row->is_on_day ? "day" : "instant", (uint64_t)due_ms);
	return uuid_derive(&id, "set", (uint64_t)row->set_at);
}

struct timer_row timers_row(const struct item *item, const struct timer *timer)
{
	struct timer_row row = {
		.part = item->part,
		.kind = timer->kind->number,
		.is_on_day = timer->is_on_day,
		.due_on = timer->due_on,
		.due_at_ms = timer->due_at_ms,
		.set_at = item->offset,
		.key = item->command.key,
		.subject = timer->subject,
	};

	row.id = id_of(&row);
	return row;
}

static const struct timer_rule *rule_of(const struct module *module, int16_t kind)
{
	for (size_t i = 0; i < module->timers_count; i++)
		if (module->timers[i].kind->number == kind)
			return &module->timers[i];
	return kind == approval_expiry.number ? &approval_expiry_rule : NULL;
}

static struct item item_of(const struct timer_row *row, const struct timer_rule *rule, const struct timer *body, int64_t offset,
			   int64_t now_ms, int32_t today)
{
	struct item item = {
		.kind = ITEM_TIMER,
		.part = row->part,
		.offset = offset,
		.timer = row,
		.rule = rule ? &rule->rule : NULL,
		.since_ms = now_ms,
		.command = {
			.type = &timer_type,
			.body = body,
			.id = row->id,
			.key = row->key,
			.correlation_id = row->id,
			.actor = STR("timer"),
			.roles = UINT32_MAX,
			.scope = &scope_all,
			.now_ms = now_ms,
			.received_ms = now_ms,
			.today = today,
		},
	};

	digest_of(item.digest, (struct str){ .data = (const char *)row->id.bytes, .size = sizeof(row->id.bytes) });
	return item;
}

/* NULL: the arena is full. */
static const struct timer *make_bodies(const struct module *module, const struct timer_row *rows, size_t count,
				       struct arena *arena)
{
	struct timer *bodies = arena_take(arena, count, sizeof(*bodies));

	for (size_t i = 0; bodies && i < count; i++) {
		const struct timer_rule *rule = rule_of(module, rows[i].kind);

		bodies[i] = (struct timer){
			.kind = rule ? rule->kind : NULL,
			.subject = rows[i].subject,
			.is_on_day = rows[i].is_on_day,
			.due_on = rows[i].due_on,
			.due_at_ms = rows[i].due_at_ms,
		};
	}
	return bodies;
}

int timers_make_items(const struct module *module, const struct timer_row *rows, size_t count, const struct item *tick,
		      int32_t today, struct arena *arena, struct item *ret_items, struct err *err)
{
	const struct timer *bodies = make_bodies(module, rows, count, arena);

	if (!bodies)
		return err_set(err, ERR_POISON, "arena full");
	for (size_t i = 0; i < count; i++)
		ret_items[i] =
			item_of(&rows[i], rule_of(module, rows[i].kind), &bodies[i], tick->offset, tick->command.now_ms, today);
	return 0;
}

/* ---- before a command of the same customer ---- */

static bool asks(const struct engine *engine, const struct item *item)
{
	return item->kind == ITEM_COMMAND && !item->was_parked && !item->is_after_timers &&
	       engine->partitions[item->part].head.due.before > OFFSET_BEFORE_ALL;
}

static size_t count_asks(const struct engine *engine, const struct batch *batch, size_t from, size_t count)
{
	size_t asking = 0;

	for (size_t i = from; i < from + count; i++)
		asking += asks(engine, &batch->items[i]);
	return asking;
}

/* The customers of a run whose timers are read, each once, in the order of their first commands. */
struct customers {
	struct timers_ask *asks;
	size_t *first_at; /* index of the first command */
	size_t count;
};

static int list_customers(const struct engine *engine, struct batch *batch, size_t from, size_t count, size_t asking,
			  struct customers *ret_customers, struct err *err)
{
	struct customers customers = { .asks = arena_take(&batch->arena, asking, sizeof(*customers.asks)),
				       .first_at = arena_take(&batch->arena, asking, sizeof(*customers.first_at)) };

	if (!customers.asks || !customers.first_at)
		return batch_too_large(batch, err);
	keyset_clear(&batch->asked);
	for (size_t i = from; i < from + count; i++) {
		const struct item *item = &batch->items[i];

		if (!asks(engine, item) || keyset_has(&batch->asked, &item->command.key))
			continue;
		if (!keyset_add(&batch->asked, &item->command.key))
			return batch_too_large(batch, err);
		customers.first_at[customers.count] = i;
		customers.asks[customers.count++] = (struct timers_ask){
			.part = item->part,
			.key = item->command.key,
			.due = engine->partitions[item->part].head.due,
		};
	}
	*ret_customers = customers;
	return 0;
}

/* Puts the timers of one customer before the command at `at`. There is room. */
static void insert(const struct engine *engine, struct batch *batch, size_t at, const struct timer_row *rows,
		   const struct timer *bodies, size_t count)
{
	struct item *first = &batch->items[at];
	struct item *command = first + count;

	memmove(command, first, (batch->items_count - at) * sizeof(*first));
	batch->items_count += count;
	for (size_t i = 0; i < count; i++)
		first[i] = item_of(&rows[i], rule_of(engine->admission.module, rows[i].kind), &bodies[i], command->offset,
				   command->command.now_ms, INT32_MIN);
	/* What ends every program is the first of the two. */
	if (command->is_broken && quarantine_is_deadly(&engine->partitions[command->part], 0)) {
		first->is_broken = true;
		command->is_broken = false;
	}
}

/* The most that may be put into the batch: in quarantine no more than may be tried together. */
static size_t room_of(const struct engine *engine, const struct batch *batch)
{
	size_t room = batch->items_capacity - batch->items_count;
	size_t most = batch_timers_max(&engine->conf);

	if (batch->quarantined_part >= 0 && quarantine_is_on(&engine->partitions[batch->quarantined_part], 0))
		most = (size_t)engine->partitions[batch->quarantined_part].head.quarantine[0].batch_max;
	return most < room ? most : room;
}

/* Removes the timers among the first `from` items, which are committed. Returns the number of the rest. */
static size_t drop_committed(struct batch *batch, size_t from)
{
	size_t kept = 0;

	for (size_t i = 0; i < from; i++)
		if (batch->items[i].kind != ITEM_TIMER)
			batch->items[kept++] = batch->items[i];
	memmove(&batch->items[kept], &batch->items[from], (batch->items_count - from) * sizeof(*batch->items));
	batch->items_count -= from - kept;
	return kept;
}

/* The timers that were left to these customers. */
struct left {
	struct timer_row *rows;
	size_t *asks; /* of each row, the index of its customer */
	const struct timer *bodies;
	size_t count;
};

static int read_left(struct engine *engine, struct batch *batch, const struct customers *customers, size_t most,
		     struct left *ret_left, struct err *err)
{
	if (engine->database.read_timers_of(engine->database.self, customers->asks, customers->count, most, &batch->arena,
					    &ret_left->rows, &ret_left->asks, &ret_left->count, err) < 0)
		return -1;
	ret_left->bodies = make_bodies(engine->admission.module, ret_left->rows, ret_left->count, &batch->arena);
	if (!ret_left->bodies)
		return batch_too_large(batch, err);
	batch->arena_items = arena_mark(&batch->arena);
	return 0;
}

/* From behind, so that the places of those before stay. */
static void insert_left(const struct engine *engine, struct batch *batch, const struct customers *customers,
			const struct left *left)
{
	size_t first;

	for (size_t last = left->count; last > 0; last = first) {
		for (first = last - 1; first > 0 && left->asks[first - 1] == left->asks[last - 1];)
			first--;
		insert(engine, batch, customers->first_at[left->asks[first]], &left->rows[first], &left->bodies[first],
		       last - first);
	}
}

int timers_go_first(struct engine *engine, struct batch *batch, size_t *from, size_t *count, struct err *err)
{
	size_t asking = module_has_timers(engine->admission.module) ? count_asks(engine, batch, *from, *count) : 0;
	struct customers customers = { .count = 0 };
	struct left left = { .count = 0 };
	size_t most;
	size_t end;

	if (asking == 0)
		return 0;
	*from = drop_committed(batch, *from);
	end = *from + *count;
	most = room_of(engine, batch);
	arena_rewind(&batch->arena, batch->arena_items);
	if (list_customers(engine, batch, *from, *count, asking, &customers, err) < 0)
		return -1;
	MUST(customers.first_at != NULL);
	if (most == 0) { /* the timers that fill the batch stand before the first of these commands */
		MUST(customers.first_at[0] > *from);
		*count = customers.first_at[0] - *from;
		return 0;
	}
	if (read_left(engine, batch, &customers, most, &left, err) < 0)
		return -1;
	if (left.count == most) /* of the last customer there may be more: its command is left for the next run */
		end = customers.first_at[left.asks[most - 1]];
	for (size_t i = *from; i < end; i++)
		batch->items[i].is_after_timers = true;
	insert_left(engine, batch, &customers, &left);
	*count = end - *from + left.count;
	return 0;
}
