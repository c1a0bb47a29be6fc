#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "schemas/clock.h"
#include "schemas/engine.h"
#include "tests/sim/alarms.h"
#include "tests/sim/reactions.h"
#include "wire/envelope.h"

/*
 * Judges the timers of a world, from the topic, the log and the list of those that fired: a model of its own, which knows what is
 * set and when it is due, and nothing of passes and transactions.
 */
static char verdict[256];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

struct moment { /* of a Tick */
	int64_t offset, at_ms;
	int32_t on;
};

struct alarms {
	struct sim_world *world;
	const struct sim_database *database;
	const struct sim_log *commands;
	size_t module;
	int32_t part;
	struct moment *ticks; /* in order */
	size_t ticks_count;
	int64_t reached;       /* the highest record at which a row so far was made, other than answers to events */
	struct timer_row *set; /* those that are set */
	size_t set_count, set_capacity;
	struct arena arena;
};

/* ---- Ticks ---- */

/* One day at a time, and not beyond tomorrow. */
static int32_t moved_date(bool is_first, int32_t before, int32_t said, int64_t at_ms)
{
	int32_t next = is_first || said <= before ? said : before + 1;
	int32_t last = day_of_instant(at_ms) + 1;

	next = next > last ? last : next;
	return !is_first && next < before ? before : next;
}

static void list_ticks(struct alarms *alarms)
{
	alarms->ticks = calloc(alarms->commands->count + 1, sizeof(*alarms->ticks));
	MUST(alarms->ticks);
	for (size_t i = 0; i < alarms->commands->count; i++) {
		const struct sim_record *record = alarms->commands->records[i];
		const struct message_type *type;
		const void *body;
		struct envelope envelope;
		struct err err = ERR_INIT;
		int32_t before = alarms->ticks_count > 0 ? alarms->ticks[alarms->ticks_count - 1].on : 0;

		arena_reset(&alarms->arena);
		if (record->is_marker || coder_decode(record->value, &alarms->arena, &type, &body, &err) < 0 ||
		    type != &tick_type || envelope_read(record->headers, record->headers_count, &envelope, &err) < 0 ||
		    !str_is(envelope.token, "all"))
			continue;
		alarms->ticks[alarms->ticks_count] = (struct moment){
			.offset = record->offset,
			.at_ms = record->at_ms,
			.on = moved_date(alarms->ticks_count == 0, before, ((const struct tick *)body)->business_date,
					 record->at_ms),
		};
		alarms->ticks_count++;
	}
}

/* The last Tick up to an offset; NULL: none. */
static const struct moment *tick_at(const struct alarms *alarms, int64_t offset)
{
	const struct moment *found = NULL;

	for (size_t i = 0; i < alarms->ticks_count && alarms->ticks[i].offset <= offset; i++)
		found = &alarms->ticks[i];
	return found;
}

static bool is_due_at(const struct timer_row *row, const struct moment *tick)
{
	return tick && row->set_at < tick->offset && (row->is_on_day ? row->due_on <= tick->on : row->due_at_ms <= tick->at_ms);
}

/* ---- the model ---- */

static struct timer_row *find_place(const struct alarms *alarms, const struct uuid *key, int16_t kind, const struct uuid *subject)
{
	for (size_t i = 0; i < alarms->set_count; i++) {
		struct timer_row *row = &alarms->set[i];

		if (row->kind == kind && uuid_equal(&row->key, key) && uuid_equal(&row->subject, subject))
			return row;
	}
	return NULL;
}

static void forget(struct alarms *alarms, struct timer_row *row)
{
	if (row)
		*row = alarms->set[--alarms->set_count];
}

static void follow(struct alarms *alarms, const struct uuid *id, const struct uuid *key, int64_t base_ms, int64_t set_at)
{
	struct timer_change changes[ALARM_OPS_MAX];
	size_t count = alarms_plan(id, key, base_ms, changes);

	for (size_t i = 0; i < count; i++) {
		const struct timer *timer = &changes[i].timer;

		forget(alarms, find_place(alarms, key, timer->kind->number, &timer->subject));
		if (changes[i].is_cancelled)
			continue;
		alarms->set = sim_grow(alarms->set, alarms->set_count, &alarms->set_capacity, sizeof(*alarms->set));
		alarms->set[alarms->set_count++] = (struct timer_row){
			.part = alarms->part,
			.kind = timer->kind->number,
			.is_on_day = timer->is_on_day,
			.due_on = timer->due_on,
			.due_at_ms = timer->due_at_ms,
			.set_at = set_at,
			.key = *key,
			.subject = timer->subject,
		};
	}
}

static bool are_same(const struct timer_row *a, const struct timer_row *b)
{
	return a->is_on_day == b->is_on_day && alarm_due_ms(a) == alarm_due_ms(b) && a->set_at == b->set_at;
}

static const char *fire(struct alarms *alarms, const struct sim_fired *fired)
{
	struct timer_row *row = find_place(alarms, &fired->row.key, fired->row.kind, &fired->row.subject);

	if (!row || !are_same(row, &fired->row))
		FAIL("part %d offset %lld: a timer fired that is not set (any more)", alarms->part, (long long)fired->at_offset);
	if (!is_due_at(row, tick_at(alarms, fired->at_offset)))
		FAIL("part %d offset %lld: a timer fired early", alarms->part, (long long)fired->at_offset);
	forget(alarms, row);
	follow(alarms, &fired->row.id, &fired->row.key, alarm_due_ms(&fired->row), fired->at_offset);
	return NULL;
}

static const struct sim_fired *fired_as(const struct alarms *alarms, const struct uuid *command_id)
{
	for (size_t i = 0; i < alarms->database->fired_count; i++)
		if (uuid_equal(&alarms->database->fired[i].row.id, command_id))
			return &alarms->database->fired[i];
	return NULL;
}

/* ---- order ---- */

/* Whether something of the customer had to wait once: then the order is not so simple. */
static bool has_waited(const struct alarms *alarms, const struct uuid *key)
{
	for (size_t i = 0; i < alarms->database->parked_count; i++)
		if (uuid_equal(&alarms->database->parked[i].parked.key, key))
			return true;
	for (size_t i = 0; i < alarms->database->timers_count; i++)
		if (alarms->database->timers[i].was_kept && uuid_equal(&alarms->database->timers[i].row.key, key))
			return true;
	return false;
}

/* A command is answered: what was due of its customer has fired. */
static const char *check_before(const struct alarms *alarms, const struct log_row *row)
{
	const struct moment *tick = tick_at(alarms, row->command_offset);

	for (size_t i = 0; i < alarms->set_count; i++)
		if (uuid_equal(&alarms->set[i].key, &row->key) && is_due_at(&alarms->set[i], tick) &&
		    !has_waited(alarms, &row->key))
			FAIL("part %d offset %lld: a command came before a timer of its customer that was due at offset %lld",
			     alarms->part, (long long)row->command_offset, (long long)tick->offset);
	return NULL;
}

/* On which day an event of another module was answered: its own, or that of the Ticks before its place if that is later. */
static const char *check_day(struct alarms *alarms, const struct log_row *row)
{
	const struct moment *tick = tick_at(alarms, row->command_offset - 1);
	const struct message_type *type;
	const struct event_answered *answered;
	struct err err = ERR_INIT;
	const void *body;
	int32_t day = day_of_instant(row->at_ms);

	arena_reset(&alarms->arena);
	MUST(coder_decode(row->body, &alarms->arena, &type, &body, &err) == 0);
	if (type != &event_answered_type)
		return "the answer to an event does not begin with its place";
	answered = body;
	if (answered->business_date != (tick && tick->on > day ? tick->on : day))
		FAIL("part %d seq %lld: an event was answered as of another day", alarms->part, (long long)row->seq);
	return NULL;
}

static const char *take_row(struct alarms *alarms, const struct sim_row *row)
{
	const struct sim_fired *fired = fired_as(alarms, &row->row.command_id);
	const char *wrong;

	if (fired && fired->at_offset != row->row.command_offset)
		FAIL("part %d: a timer's event is not at the offset where it fired", alarms->part);
	if (fired && row->row.schema_id == command_rejected_type.schema_id)
		return "a timer was refused";
	if (fired)
		return row->is_applied ? fire(alarms, fired) : NULL;
	if (reaction_is_row(alarms->database, row)) { /* it comes when it comes: no timer has to be before it */
		if (!row->is_applied)
			return NULL;
		if (row->row.command_offset <= alarms->reached)
			FAIL("part %d seq %lld: an event was answered in the middle of a record, or behind it", alarms->part,
			     (long long)row->row.seq);
		follow(alarms, &row->row.command_id, &row->row.key, row->row.at_ms, row->row.command_offset);
		return check_day(alarms, &row->row);
	}
	wrong = check_before(alarms, &row->row);
	if (!wrong && row->is_applied)
		follow(alarms, &row->row.command_id, &row->row.key, alarms->commands->records[row->row.command_offset]->at_ms,
		       row->row.command_offset);
	return wrong;
}

/* Those without events, of the transactions that begin behind this number of the log. */
static const char *take_silent(struct alarms *alarms, int64_t log_seq)
{
	const char *wrong = NULL;

	for (size_t i = 0; i < alarms->database->fired_count && !wrong; i++) {
		const struct sim_fired *fired = &alarms->database->fired[i];

		if (fired->row.part == alarms->part && fired->log_seq == log_seq && alarm_is_silent(&fired->row.id))
			wrong = fire(alarms, fired);
	}
	return wrong;
}

/* ---- in the end ---- */

static const char *check_rest(const struct alarms *alarms)
{
	const struct moment *last = tick_at(alarms, INT64_MAX);
	size_t kept = 0;

	for (size_t i = 0; i < alarms->database->timers_count; i++) {
		const struct sim_timer *timer = &alarms->database->timers[i];
		const struct timer_row *row;

		if (timer->is_gone || timer->row.part != alarms->part)
			continue;
		kept++;
		row = find_place(alarms, &timer->row.key, timer->row.kind, &timer->row.subject);
		if (!row || !are_same(row, &timer->row))
			FAIL("part %d: the table has a timer that is not set", alarms->part);
		if (is_due_at(row, last) && !alarm_waits(&timer->row.id, last->at_ms - alarm_due_ms(row)))
			FAIL("part %d: a timer that is due never fired", alarms->part);
	}
	if (kept != alarms->set_count)
		FAIL("part %d: %zu timers are set, the table has %zu", alarms->part, alarms->set_count, kept);
	return NULL;
}

static const char *audit_part(struct alarms *alarms)
{
	const struct sim_rows *log = &alarms->database->log[alarms->part];
	const char *wrong = NULL;

	alarms->set_count = alarms->ticks_count = 0;
	alarms->reached = OFFSET_BEFORE_ALL;
	list_ticks(alarms);
	for (size_t i = 0; i < log->count && !wrong; i++) {
		wrong = take_silent(alarms, (int64_t)i);
		if (!wrong)
			wrong = take_row(alarms, &log->rows[i]);
		if (!reaction_is_row(alarms->database, &log->rows[i]) && log->rows[i].row.command_offset > alarms->reached)
			alarms->reached = log->rows[i].row.command_offset;
	}
	if (!wrong)
		wrong = take_silent(alarms, (int64_t)log->count);
	if (!wrong)
		wrong = check_rest(alarms);
	free(alarms->ticks);
	alarms->ticks = NULL;
	return wrong;
}

const char *alarms_audit(struct sim_world *world, size_t module)
{
	struct alarms alarms = { .world = world, .module = module, .database = &world->databases[module] };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	MUST(arena_init(&alarms.arena, 1 << 20, &err) == 0);
	for (alarms.part = 0; alarms.part < SIM_PARTS && !wrong; alarms.part++) {
		alarms.commands = &world->commands[module][alarms.part];
		wrong = audit_part(&alarms);
	}
	free(alarms.set);
	arena_release(&alarms.arena);
	return wrong;
}
