#include "tests/sim/reactions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "model/topic.h"
#include "schemas/clock.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "schemas/reports.h"
#include "tests/sim/alarms.h"
#include "tests/sim/workload.h"
#include "wire/envelope.h"

static char verdict[256];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

/* ---- what it does ---- */

const struct message_type *const reaction_types[2][3] = {
	{ &customer_created_type, &contact_point_added_type, NULL },
	{ &debt_created_type, &payment_recorded_type, &payment_reversed_type },
};

bool reaction_is_silent(const struct uuid *command_id)
{
	return command_id->bytes[15] % 6 == 0;
}

static bool is_silent_event(const struct uuid *event_id)
{
	struct uuid id = uuid_derive(event_id, "reports", 0);

	return reaction_is_silent(&id);
}

unsigned reaction_plan(const struct uuid *command_id, bool is_event)
{
	return (command_id->bytes[14] % 3 == 0 ? (unsigned)REACTION_AMENDS : 0) |
	       (is_event && command_id->bytes[10] % 3 == 0 ? (unsigned)REACTION_REPORTS : 0);
}

struct uuid reaction_amendment_id(const struct uuid *command_id)
{
	return uuid_derive(command_id, "amendment", 0);
}

struct uuid reaction_report_id(const struct uuid *command_id)
{
	return uuid_derive(command_id, "report", 0);
}

static void amend(const struct command *command, struct decision *decision)
{
	const struct uuid id = reaction_amendment_id(&command->id);
	struct amend_debt *body = decision_send(decision, &amend_debt_type, &id);

	body->debt_id = workload_id(FAMILY_DEBT, command->id.bytes[11] % DEBTS);
	if (command->type == &debt_created_type)
		body->debt_id = ((const struct debt_created *)command->body)->debt_id;
	body->customer_id = command->key;
	body->has_due_on = true;
	body->due_on = 19100 + command->id.bytes[9];
	body->reason = STR("such is the plan");
	decision_read(decision, "debt", &body->debt_id, 1);
}

static void report(const struct command *command, struct decision *decision)
{
	const struct uuid id = reaction_report_id(&command->id);
	struct generate_report *body = decision_send(decision, &generate_report_type, &id);

	body->report_id = command->key;
	body->kind = STR("ageing");
}

void reaction_send(const struct command *command, bool is_event, struct decision *decision)
{
	unsigned plan = reaction_plan(&command->id, is_event);

	if (plan & REACTION_AMENDS)
		amend(command, decision);
	if (plan & REACTION_REPORTS)
		report(command, decision);
}

/* ---- the judge ---- */

struct audit {
	struct sim_world *world;
	const struct sim_database *database;
	const struct sim_rows *log;
	size_t module;
	int32_t part;
	struct arena arena;
};

static const void *body_of(struct audit *audit, struct str value, const struct message_type **ret_type)
{
	struct err err = ERR_INIT;
	const void *body;

	return coder_decode(audit->world->coder, value, &audit->arena, ret_type, &body, &err) < 0 ? NULL : body;
}

static bool is_of(const struct sim_row *row, const struct message_type *type)
{
	return message_by_schema_id(row->row.schema_id) == type;
}

bool reaction_is_row(const struct sim_database *database, const struct sim_row *row)
{
	const struct sim_rows *log = &database->log[row->row.part];

	/* The answer's first row is right before, or it is this one. */
	for (int64_t at = row->row.seq - 1; at >= 0; at--) {
		if (!uuid_equal(&log->rows[at].row.command_id, &row->row.command_id))
			return false;
		if (is_of(&log->rows[at], &event_answered_type))
			return true;
	}
	return false;
}

static bool is_followed(size_t follow, const struct sim_row *row)
{
	for (size_t i = 0; i < COUNT(reaction_types[follow]); i++)
		if (reaction_types[follow][i] && is_of(row, reaction_types[follow][i]))
			return true;
	return false;
}

/* The record that the answer names is the event, and was read in its order. */
static const char *check_answer(struct audit *audit, size_t source, const struct log_row *event, const struct sim_row *row,
				const struct event_answered *answered)
{
	const struct sim_log *topic = &audit->world->events[source][audit->part];
	struct envelope envelope;
	struct err err = ERR_INIT;
	char name[TOPIC_NAME_MAX];

	topic_name(name, audit->world->modules[source]->name, TOPIC_EVENTS);
	if (!str_is(answered->topic, name) || answered->partition != audit->part || answered->offset < 0 ||
	    (size_t)answered->offset >= topic->count)
		FAIL("part %d seq %lld: an answer names no record", audit->part, (long long)row->row.seq);
	if (envelope_read(topic->records[answered->offset]->headers, topic->records[answered->offset]->headers_count, &envelope,
			  &err) < 0 ||
	    !uuid_equal(&envelope.id, &event->event_id))
		FAIL("part %d seq %lld: an answer names another record than its event's", audit->part, (long long)row->row.seq);
	if (answered->before_offset != row->row.command_offset || row->row.at_ms != topic->records[answered->offset]->at_ms)
		FAIL("part %d seq %lld: an answer is not where it says", audit->part, (long long)row->row.seq);
	if (!row->is_applied || !uuid_equal(&row->row.key, &event->key) ||
	    !uuid_equal(&row->row.correlation_id, &event->correlation_id))
		FAIL("part %d seq %lld: an answer is not of its event", audit->part, (long long)row->row.seq);
	return NULL;
}

/* Of one followed module: its events in order, against the answers in order. */
static const char *check_source(struct audit *audit, size_t follow)
{
	const struct follow *followed = &audit->world->modules[audit->module]->follows[follow];
	size_t source = sim_module_named(audit->world, followed->module);
	const struct sim_rows *events = &audit->world->databases[source].log[audit->part];
	const struct followed_head *head = &audit->database->heads[audit->part].followed[follow];
	size_t at = 0;
	char name[TOPIC_NAME_MAX];

	topic_name(name, followed->module, TOPIC_EVENTS);
	if (head->last_seq != (int64_t)events->count ||
	    (events->count > 0 && memcmp(head->last_hash, events->rows[events->count - 1].row.hash, SHA256_SIZE) != 0))
		FAIL("part %d: not all events of %s were read", audit->part, followed->module);
	for (size_t i = 0; i < audit->log->count; i++) {
		const struct sim_row *row = &audit->log->rows[i];
		const struct event_answered *answered;
		const struct message_type *type;
		const char *wrong;

		if (!is_of(row, &event_answered_type))
			continue;
		arena_reset(&audit->arena);
		answered = body_of(audit, row->row.body, &type);
		if (!str_is(answered->topic, name))
			continue;
		while (at < events->count &&
		       (!is_followed(follow, &events->rows[at]) || is_silent_event(&events->rows[at].row.event_id)))
			at++;
		if (at == events->count || !uuid_equal(&events->rows[at].row.event_id, &answered->event_id))
			FAIL("part %d seq %zu: an event of %s was answered twice, or one before it was not", audit->part, i + 1,
			     followed->module);
		wrong = check_answer(audit, source, &events->rows[at].row, row, answered);
		if (wrong)
			return wrong;
		at++;
	}
	for (; at < events->count; at++)
		if (is_followed(follow, &events->rows[at]) && !is_silent_event(&events->rows[at].row.event_id))
			FAIL("part %d: event %zu of %s was never answered", audit->part, at + 1, followed->module);
	return NULL;
}

/* ---- what is sent ---- */

/* The row that answers the command, event or timer: from which the plan follows. */
static bool is_planned(const struct audit *audit, const struct sim_row *row)
{
	return row->is_applied && (is_of(row, &event_answered_type) || is_of(row, &report_requested_type)) &&
	       row->row.part == audit->part;
}

/* The answer's rows behind it are what its plan sends, and nothing else. */
static const char *check_plan(struct audit *audit, size_t first)
{
	const struct sim_row *row = &audit->log->rows[first];
	const struct uuid *id = &row->row.command_id;
	bool is_event = is_of(row, &event_answered_type);
	unsigned plan = reaction_plan(id, is_event);
	size_t sent = 0;

	for (size_t i = first + 1; i < audit->log->count && uuid_equal(&audit->log->rows[i].row.command_id, id); i++) {
		const struct command_issued *issued;
		const struct message_type *type;
		struct uuid amendment = reaction_amendment_id(id);
		struct uuid report_id = reaction_report_id(id);

		if (!is_of(&audit->log->rows[i], &command_issued_type))
			continue;
		arena_reset(&audit->arena);
		issued = body_of(audit, audit->log->rows[i].row.body, &type);
		sent++;
		if ((!(plan & REACTION_AMENDS) || !uuid_equal(&issued->command_id, &amendment)) &&
		    (!(plan & REACTION_REPORTS) || !uuid_equal(&issued->command_id, &report_id)))
			FAIL("part %d seq %zu: a command that the plan does not have", audit->part, i + 1);
		if (!is_event && issued->offset != row->row.command_offset)
			FAIL("part %d seq %zu: a command does not name the record that it answers", audit->part, i + 1);
	}
	if (sent != (size_t)((plan & REACTION_AMENDS) != 0) + (size_t)((plan & REACTION_REPORTS) != 0))
		FAIL("part %d seq %zu: %zu commands sent, the plan is %u", audit->part, first + 1, sent, plan);
	return NULL;
}

/* The number of the first record of the topic with this id and value; -1: none. */
static int64_t find_sent(const struct sim_log *topic, const struct command_issued *issued)
{
	for (size_t i = 0; i < topic->count; i++) {
		const struct sim_record *record = topic->records[i];
		struct envelope envelope;
		struct err err = ERR_INIT;

		if (!record->is_marker && envelope_read(record->headers, record->headers_count, &envelope, &err) == 0 &&
		    uuid_equal(&envelope.id, &issued->command_id) && str_is(envelope.source, "/dcs/reports") &&
		    str_equal(record->value, issued->value))
			return (int64_t)i;
	}
	return -1;
}

static bool was_answered(const struct sim_database *target, int32_t part, const struct uuid *command_id)
{
	for (size_t i = 0; i < target->log[part].count; i++)
		if (uuid_equal(&target->log[part].rows[i].row.command_id, command_id))
			return true;
	return false;
}

static const char *check_sent(struct audit *audit, const char *target_name)
{
	size_t target = sim_module_named(audit->world, target_name);
	const struct sim_log *topic = &audit->world->commands[target][audit->part];
	int64_t last = -1;
	size_t ours = 0;
	size_t known = 0;

	for (size_t i = 0; i < audit->log->count; i++) {
		const struct command_issued *issued;
		const struct message_type *type;
		int64_t at;

		if (!is_of(&audit->log->rows[i], &command_issued_type))
			continue;
		arena_reset(&audit->arena);
		issued = body_of(audit, audit->log->rows[i].row.body, &type);
		if (!str_is(issued->module, target_name))
			continue;
		known++;
		at = find_sent(topic, issued);
		if (at < 0)
			FAIL("part %d seq %zu: a command of the log never reached %s", audit->part, i + 1, target_name);
		if (at <= last)
			FAIL("part %d seq %zu: a command reached %s before an earlier one", audit->part, i + 1, target_name);
		if (!was_answered(&audit->world->databases[target], audit->part, &issued->command_id))
			FAIL("part %d seq %zu: %s never answered a command", audit->part, i + 1, target_name);
		last = at;
	}
	for (size_t i = 0; i < topic->count; i++) {
		bool is_new = topic->records[i]->log_seq > 0;

		for (size_t j = 0; j < i && is_new; j++)
			is_new = topic->records[j]->log_seq != topic->records[i]->log_seq;
		ours += is_new;
	}
	if (ours != known)
		FAIL("part %d: %zu commands to %s in the log, %zu in its topic", audit->part, known, target_name, ours);
	return NULL;
}

const char *reactions_audit(struct sim_world *world, size_t module)
{
	struct audit audit = { .world = world, .module = module, .database = &world->databases[module] };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	if (world->modules[module]->follows_count == 0)
		return NULL;
	MUST(arena_init(&audit.arena, 1 << 20, &err) == 0);
	for (audit.part = 0; audit.part < SIM_PARTS && !wrong; audit.part++) {
		audit.log = &audit.database->log[audit.part];
		for (size_t i = 0; i < world->modules[module]->follows_count && !wrong; i++)
			wrong = check_source(&audit, i);
		for (size_t i = 0; i < audit.log->count && !wrong; i++)
			if (is_planned(&audit, &audit.log->rows[i]))
				wrong = check_plan(&audit, i);
		if (!wrong)
			wrong = check_sent(&audit, "debts");
		if (!wrong)
			wrong = check_sent(&audit, "reports");
	}
	arena_release(&audit.arena);
	return wrong;
}
