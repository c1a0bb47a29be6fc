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

	return coder_decode(value, &audit->arena, ret_type, &body, &err) < 0 ? NULL : body;
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

static bool is_followed(const struct follow *followed, const struct sim_row *row)
{
	for (size_t i = 0; i < followed->rules_count; i++)
		if (is_of(row, followed->rules[i].type))
			return true;
	return false;
}

/* Of dunning the events that change nothing have no row; dunning.h judges which these are. */
static bool passes(const struct audit *audit, const struct follow *followed, const struct sim_row *row,
		   const struct uuid *answered_id)
{
	if (!is_followed(followed, row))
		return true;
	if (audit->module == SIM_REPORTS)
		return is_silent_event(&row->row.event_id);
	return !answered_id || !uuid_equal(&row->row.event_id, answered_id);
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
		while (at < events->count && passes(audit, followed, &events->rows[at], &answered->event_id))
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
		if (!passes(audit, followed, &events->rows[at], NULL))
			FAIL("part %d: event %zu of %s was never answered", audit->part, at + 1, followed->module);
	return NULL;
}

/* ---- what is sent ---- */

/* The answer to a command, an event or a timer: from `first` on. */
struct group {
	size_t first, next;                 /* the next row to look at */
	const struct event_answered *event; /* NULL: of a command or timer */
	unsigned plan;
};

/* The next row of the group. NULL: there is none. */
static const struct sim_row *next_row(const struct audit *audit, const struct group *group)
{
	const struct sim_row *row = group->next < audit->log->count ? &audit->log->rows[group->next] : NULL;

	return row && uuid_equal(&row->row.command_id, &audit->log->rows[group->first].row.command_id) ? row : NULL;
}

static bool has_read(const struct command_issued *issued, const struct uuid *debt_id)
{
	return issued->reads_count == 1 && str_is(issued->reads[0].entity, "debt") && issued->reads[0].version == 1 &&
	       uuid_equal(&issued->reads[0].id, debt_id);
}

/* The debt that the group's amendment is about. */
static struct uuid amended_debt(struct audit *audit, const struct command_issued *issued)
{
	const struct message_type *type;
	const struct amend_debt *body = body_of(audit, issued->value, &type);

	return body && type == &amend_debt_type ? body->debt_id : (struct uuid){ { 0 } };
}

/* The row says whose command it is, what it answers, and what it rests on. */
static const char *check_issued(struct audit *audit, struct group *group, const char *target, struct uuid expected_id,
				struct uuid *debt_id)
{
	const struct sim_row *row = next_row(audit, group);
	const struct log_row *first = &audit->log->rows[group->first].row;
	const struct message_type *type;
	const struct command_issued *issued;
	char own[TOPIC_NAME_MAX];

	topic_name(own, audit->world->modules[audit->module]->name, TOPIC_COMMANDS);
	if (!row || !is_of(row, &command_issued_type))
		FAIL("part %d seq %zu: not all that is planned is sent, or not in this place", audit->part, group->next + 1);
	issued = body_of(audit, row->row.body, &type);
	if (!uuid_equal(&issued->command_id, &expected_id) || !str_is(issued->module, target))
		FAIL("part %d seq %zu: another command than is planned", audit->part, group->next + 1);
	if (group->event ? !str_equal(issued->topic, group->event->topic) || issued->offset != group->event->offset
			 : !str_is(issued->topic, own) || issued->offset != first->command_offset)
		FAIL("part %d seq %zu: a command does not name the record that it answers", audit->part, group->next + 1);
	if (!uuid_equal(&issued->customer_id, &first->key) || !uuid_equal(&row->row.key, &first->key) ||
	    !uuid_equal(&row->row.correlation_id, &first->correlation_id) || issued->partition != audit->part)
		FAIL("part %d seq %zu: a command is not of the record that it answers", audit->part, group->next + 1);
	if (group->event && !str_is(issued->actor, "event"))
		FAIL("part %d seq %zu: somebody sent what an event has caused", audit->part, group->next + 1);
	if (str_is(issued->module, "debts"))
		*debt_id = amended_debt(audit, issued);
	if (uuid_is_none(debt_id) ? issued->reads_count > 0 : !has_read(issued, debt_id))
		FAIL("part %d seq %zu: a command does not say what it rests on", audit->part, group->next + 1);
	group->next++;
	return NULL;
}

/* All of an answer, in order: the place of the event, the module's own event, and what its plan sends, and nothing else. */
static const char *check_plan(struct audit *audit, size_t first)
{
	const struct sim_row *row = &audit->log->rows[first];
	const struct uuid *id = &row->row.command_id;
	struct group group = { .first = first, .next = first };
	struct uuid debt_id = { { 0 } };
	const struct message_type *type;
	const char *wrong = NULL;

	arena_reset(&audit->arena);
	if (is_of(row, &event_answered_type)) {
		group.event = body_of(audit, row->row.body, &type);
		group.next++;
	}
	group.plan = reaction_plan(id, group.event != NULL);
	row = next_row(audit, &group);
	if (!row || !is_of(row, &report_requested_type))
		FAIL("part %d seq %zu: an answer whose own event is not in its place", audit->part, first + 1);
	group.next++;
	if (group.plan & REACTION_AMENDS)
		wrong = check_issued(audit, &group, "debts", reaction_amendment_id(id), &debt_id);
	if (!wrong && (group.plan & REACTION_REPORTS))
		wrong = check_issued(audit, &group, "reports", reaction_report_id(id), &debt_id);
	row = next_row(audit, &group);
	if (!wrong && row && (is_of(row, &command_issued_type) || is_of(row, &report_requested_type)))
		FAIL("part %d seq %zu: more than is planned", audit->part, group.next + 1);
	return wrong;
}

/* What every record of a row must say, however often and by whomever it was sent. */
static const char *check_record(struct audit *audit, const struct sim_record *record, const char *target_name)
{
	const struct sim_row *row = record->log_seq <= (int64_t)audit->log->count ? &audit->log->rows[record->log_seq - 1] : NULL;
	const struct message_type *type;
	const struct command_issued *issued;
	char key[UUID_TEXT_SIZE + 1];
	char source[sizeof("/dcs/") + TOPIC_NAME_MAX];
	struct envelope envelope;
	struct err err = ERR_INIT;

	snprintf(source, sizeof(source), "/dcs/%s", audit->world->modules[audit->module]->name);
	if (!row || !is_of(row, &command_issued_type))
		FAIL("part %d: offset %lld of %s is of no row", audit->part, (long long)record->offset, target_name);
	arena_reset(&audit->arena);
	issued = body_of(audit, row->row.body, &type);
	uuid_format(key, &row->row.key);
	if (envelope_read(record->headers, record->headers_count, &envelope, &err) < 0 ||
	    !uuid_equal(&envelope.id, &issued->command_id) || !str_equal(record->value, issued->value) ||
	    !str_is(record->key, key) || !str_is(issued->module, target_name) || !str_is(envelope.source, source))
		FAIL("part %d seq %lld: was sent to %s as another command", audit->part, (long long)record->log_seq, target_name);
	if (!uuid_equal(&envelope.correlation_id, &row->row.correlation_id) ||
	    !uuid_equal(&envelope.causation_id, &row->row.event_id))
		FAIL("part %d seq %lld: was sent to %s with another origin", audit->part, (long long)record->log_seq,
		     target_name);
	return NULL;
}

/* The number of the first record of the topic that the row was sent as; -1: none. */
static int64_t find_sent(const struct sim_log *topic, int64_t seq)
{
	for (size_t i = 0; i < topic->count; i++)
		if (topic->records[i]->log_seq == seq)
			return (int64_t)i;
	return -1;
}

static bool was_answered(const struct sim_database *target, int32_t part, const struct uuid *command_id)
{
	for (size_t i = 0; i < target->log[part].count; i++)
		if (uuid_equal(&target->log[part].rows[i].row.command_id, command_id))
			return true;
	return false;
}

static const char *check_sent(struct audit *audit, size_t target)
{
	const char *target_name = audit->world->modules[target]->name;
	const struct sim_log *topic = &audit->world->commands[target][audit->part];
	int64_t last = -1;

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
		at = find_sent(topic, (int64_t)i + 1);
		if (at < 0)
			FAIL("part %d seq %zu: a command of the log never reached %s", audit->part, i + 1, target_name);
		if (at <= last)
			FAIL("part %d seq %zu: a command reached %s before an earlier one", audit->part, i + 1, target_name);
		if (!was_answered(&audit->world->databases[target], audit->part, &issued->command_id))
			FAIL("part %d seq %zu: %s never answered a command", audit->part, i + 1, target_name);
		last = at;
	}
	for (size_t i = 0; i < topic->count; i++) {
		const char *wrong = topic->records[i]->log_seq > 0 ? check_record(audit, topic->records[i], target_name) : NULL;

		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *reactions_audit(struct sim_world *world, size_t module)
{
	/* nobody else sends to these in a world with both */
	const unsigned targets = module == SIM_REPORTS ? 1u << SIM_DEBTS | 1u << SIM_REPORTS : 1u << SIM_COMMUNICATIONS;
	struct audit audit = { .world = world, .module = module, .database = &world->databases[module] };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	if (world->modules[module]->follows_count == 0 || !world_has(world, module))
		return NULL;
	MUST(arena_init(&audit.arena, 1 << 20, &err) == 0);
	for (audit.part = 0; audit.part < SIM_PARTS && !wrong; audit.part++) {
		audit.log = &audit.database->log[audit.part];
		for (size_t i = 0; i < world->modules[module]->follows_count && !wrong; i++)
			wrong = check_source(&audit, i);
		for (size_t i = 0; i < audit.log->count && !wrong && module == SIM_REPORTS; i++)
			if (audit.log->rows[i].is_applied)
				wrong = check_plan(&audit, i);
		for (size_t target = 0; target < SIM_MODULES && !wrong; target++)
			if (targets & 1u << target)
				wrong = check_sent(&audit, target);
	}
	arena_release(&audit.arena);
	return wrong;
}
