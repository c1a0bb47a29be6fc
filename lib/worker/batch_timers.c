/* The timers of one attempt. */
#include "worker/batch_inside.h"

#include <string.h>

#include "worker/timers.h"

#define ROOM_MIN 16

/* Twice the room, in the arena: most attempts have no timers. */
static int grow(struct batch *batch, struct err *err)
{
	size_t more = batch->timers_max == 0 ? ROOM_MIN : 2 * batch->timers_max;
	struct timer_write *room = arena_take(&batch->arena, more, sizeof(*room));

	if (!room)
		return batch_too_large(batch, err);
	if (batch->timers_count > 0)
		memcpy(room, batch->timers, batch->timers_count * sizeof(*room));
	batch->timers = room;
	batch->timers_max = more;
	return 0;
}

/* Of several changes of one timer only the last is written: each of them says what the row is afterwards. */
static void overwrite(struct batch *batch, const struct uuid *place)
{
	for (size_t i = batch->timers_count; i-- > 0;)
		if (uuid_equal(&batch->timers[i].place, place)) {
			batch->timers[i].is_overwritten = true;
			return;
		}
}

static int add(struct batch *batch, enum timer_fate fate, const struct timer_row *row, int64_t offset, struct err *err)
{
	struct timer_write write = { .fate = fate, .at_offset = offset, .row = *row, .place = timers_place(row) };

	if (batch->timers_count == batch->timers_max && grow(batch, err) < 0)
		return -1;
	if (keyset_has(&batch->timers_touched, &write.place))
		overwrite(batch, &write.place);
	else if (!keyset_add(&batch->timers_touched, &write.place))
		return batch_too_large(batch, err);
	batch->timers[batch->timers_count++] = write;
	return 0;
}

int batch_put_timer(struct batch *batch, const struct item *item, const struct timer_change *change, struct err *err)
{
	struct timer_row row = timers_row(item, &change->timer);

	return add(batch, change->is_cancelled ? TIMER_CANCELLED : TIMER_SET, &row, item->offset, err);
}

int batch_change_timers(struct batch *batch, const struct item *item, const struct decision *decision, struct err *err)
{
	for (size_t i = 0; i < decision->timers_count; i++) {
		if (batch_put_timer(batch, item, &decision->timers[i], err) < 0)
			return -1;
	}
	return 0;
}

int batch_end_timer(struct batch *batch, const struct item *item, enum timer_fate fate, struct err *err)
{
	return add(batch, fate, item->timer, item->offset, err);
}

static bool is_touched(const struct batch *batch, const struct item *item)
{
	struct uuid place;

	if (item->kind != ITEM_TIMER || batch->timers_touched.count == 0)
		return false;
	place = timers_place(item->timer);
	return keyset_has(&batch->timers_touched, &place);
}

bool batch_is_timer_gone(const struct batch *batch, const struct item *item)
{
	return item->is_gone || is_touched(batch, item);
}

void batch_settle_timers(struct batch *batch)
{
	for (size_t i = batch->from + batch->count; i < batch->items_count && batch->timers_count > 0; i++)
		batch->items[i].is_gone |= is_touched(batch, &batch->items[i]);
}
