#include "tests/sim/alarms.h"

#include "base/day.h"

const struct timer_kind alarm_kinds[ALARM_KINDS] = { { "one", 1 }, { "two", 2 }, { "three", 3 } };

bool alarm_is_silent(const struct uuid *id)
{
	return id->bytes[12] % 5 == 0;
}

/*
 * A day's timer may fire before the day begins in UTC, by a business date that is a day ahead: at a negative age it does not wait,
 * or it would wait for hours of Ticks.
 */
bool alarm_waits(const struct uuid *id, int64_t age_ms)
{
	return id->bytes[13] % 8 == 0 && age_ms >= 0 && age_ms < 3000;
}

int64_t alarm_due_ms(const struct timer_row *row)
{
	return row->is_on_day ? row->due_on * DAY_MS : row->due_at_ms;
}

/* From three bytes of the id. */
static struct timer_change change_of(const uint8_t bytes[3], const struct uuid *key, int64_t base_ms)
{
	struct timer_change change = { .timer = { .kind = &alarm_kinds[bytes[0] % ALARM_KINDS], .subject = *key } };

	change.timer.subject.bytes[15] ^= bytes[0] / ALARM_KINDS % 2;
	change.is_cancelled = bytes[1] % 8 == 0;
	change.timer.is_on_day = bytes[1] % 8 < 4;
	if (change.timer.is_on_day)
		change.timer.due_on = day_of_instant(base_ms) + bytes[2] % 4 - 1;
	else
		change.timer.due_at_ms = base_ms + (bytes[2] - 50) * INT64_C(100);
	return change;
}

size_t alarms_plan(const struct uuid *id, const struct uuid *key, int64_t base_ms, struct timer_change ret_changes[ALARM_OPS_MAX])
{
	size_t count = id->bytes[7] % 8 < ALARM_OPS_MAX ? 1 + id->bytes[7] % 8 : 0;

	if (alarm_is_silent(id))
		return 0;
	for (size_t i = 0; i < count; i++)
		ret_changes[i] = change_of(&id->bytes[9 + i], key, base_ms);
	return count;
}
