#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "consumers/communications/communications.h"
#include "model/topic.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"
#include "tests/sim/dunning.h"
#include "tests/sim/dunning_book.h"

/*
 * The judge of dunning. It goes through the module's log of a partition. Where an event of another module was answered, the book
 * (dunning_book.h) takes that event, and says what must have followed; where a step was asked for, it is compared with what the book
 * knew there: what is owed, who may be reached, where each debt stands. Then the other modules' ends: each message asked for was
 * answered once at communications, and counts if and only if a provider has accepted it.
 */
static char verdict[256];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

struct audit {
	struct sim_world *world;
	const struct module *module;
	const struct sim_rows *log;
	struct arena arena;
	struct dunning_book *book;
	int32_t part;
	size_t at;                 /* the row that is looked at */
	size_t taken[FOLLOWS_MAX]; /* rows of each followed log that the book has */
};

#define HERE (audit->part), (audit->at + 1)

static const void *body_of(struct audit *audit, struct str value, const struct message_type **ret_type)
{
	struct err err = ERR_INIT;
	const void *body;

	MUST(coder_decode(value, &audit->arena, ret_type, &body, &err) == 0);
	return body;
}

static const void *row_body(struct audit *audit, size_t at, const struct message_type **ret_type)
{
	return body_of(audit, audit->log->rows[at].row.body, ret_type);
}

static bool is_of(const struct sim_row *row, const struct message_type *type)
{
	return message_by_schema_id(row->row.schema_id) == type;
}

/* Of the same answer as the row that is looked at. */
static bool is_of_answer(const struct audit *audit, size_t at)
{
	return at < audit->log->count &&
	       uuid_equal(&audit->log->rows[at].row.command_id, &audit->log->rows[audit->at].row.command_id);
}

/* ---- what follows a row ---- */

/* The command that the row has caused stands behind the rows of its answer, and is this one. */
static const char *check_sent(struct audit *audit, const struct message_type *type, const struct uuid *id, const void **ret_body)
{
	for (size_t at = audit->at + 1; is_of_answer(audit, at); at++) {
		const struct message_type *row_type;
		const struct command_issued *issued;

		if (!is_of(&audit->log->rows[at], &command_issued_type))
			continue;
		issued = row_body(audit, at, &row_type);
		if (!uuid_equal(&issued->command_id, id))
			continue;
		*ret_body = body_of(audit, issued->value, &row_type);
		if (row_type != type || !str_is(issued->module, "communications"))
			FAIL("dunning part %d seq %zu: another command than it needs", HERE);
		return NULL;
	}
	FAIL("dunning part %d seq %zu: its command was not sent", HERE);
}

static bool are_same(const struct uuid *ids, size_t count, const struct uuid *others, size_t others_count)
{
	if (count != others_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!uuid_equal(&ids[i], &others[i]))
			return false;
	return true;
}

static const char *check_message(struct audit *audit, const struct dunning_step_due *due)
{
	const struct send_communication *send = NULL;
	const char *wrong = check_sent(audit, &send_communication_type, &due->step_id, (const void **)&send);

	if (wrong)
		return wrong;
	if (!uuid_equal(&send->communication_id, &due->step_id) || !uuid_equal(&send->customer_id, &due->customer_id) ||
	    !str_equal(send->channel, due->channel) || !str_equal(send->template_name, due->template_name) ||
	    !are_same(send->debt_ids, send->debt_ids_count, due->debt_ids, due->debt_ids_count))
		FAIL("dunning part %d seq %zu: the message is not that of its step", HERE);
	return NULL;
}

static const char *check_cancellation(struct audit *audit, const struct dunning_step_withdrawn *withdrawn)
{
	const struct uuid id = uuid_derive(&withdrawn->step_id, "dunning cancels", 0);
	const struct cancel_communication *cancel = NULL;
	const char *wrong = check_sent(audit, &cancel_communication_type, &id, (const void **)&cancel);

	if (!wrong && !uuid_equal(&cancel->communication_id, &withdrawn->step_id))
		FAIL("dunning part %d seq %zu: another message is cancelled", HERE);
	return wrong;
}

/* ---- rows ---- */

/* What the row says of a step, whoever caused it. */
static const char *take_own(struct audit *audit, size_t *commands)
{
	const struct message_type *type;
	const void *body = row_body(audit, audit->at, &type);
	const char *wrong = book_take_own(audit->book, type, body, audit->log->rows[audit->at].row.seq);

	if (wrong)
		FAIL("dunning part %d seq %zu: %s", HERE, wrong);
	if (type == &dunning_step_due_type && str_is(((const struct dunning_step_due *)body)->action, "send")) {
		++*commands;
		return check_message(audit, body);
	}
	if (type != &dunning_step_withdrawn_type ||
	    uuid_equal(&((const struct dunning_step_withdrawn *)body)->step_id, &audit->book->unsent_id))
		return NULL;
	++*commands;
	return check_cancellation(audit, body);
}

/* The events of a followed log that come before this one, and this one. What has no answer must not need one. */
static const char *take_until(struct audit *audit, size_t follow, const struct uuid *event_id, int32_t today)
{
	const size_t source = sim_module_named(audit->world, audit->module->follows[follow].module);
	const struct sim_rows *events = &audit->world->databases[source].log[audit->part];

	while (audit->taken[follow] < events->count) {
		const struct sim_row *row = &events->rows[audit->taken[follow]++];
		const struct message_type *type;
		const void *body = body_of(audit, row->row.body, &type);

		book_take_event(audit->book, type, body, today);
		if (event_id && uuid_equal(&row->row.event_id, event_id))
			return NULL;
		if (audit->book->expected_count > 0)
			FAIL("dunning part %d seq %zu: %s %zu of %s was not answered", HERE, type->record.name,
			     audit->taken[follow], audit->module->follows[follow].module);
	}
	if (event_id)
		FAIL("dunning part %d seq %zu: an event was answered twice, or out of order", HERE);
	return NULL;
}

/* What the book has said must follow, and nothing else. */
static const char *check_expected(struct audit *audit, size_t number, const struct message_type *type, const void *body)
{
	const struct book_expected *expected = &audit->book->expected[number];

	if (number >= audit->book->expected_count)
		FAIL("dunning part %d seq %zu: %s does not follow from the event", HERE, type->record.name);
	if (type != expected->type || !uuid_equal(message_uuid(type->aggregate_field, body), &expected->id))
		FAIL("dunning part %d seq %zu: %s where %s follows from the event", HERE, type->record.name,
		     expected->type->record.name);
	return NULL;
}

static size_t follow_of(const struct audit *audit, struct str topic)
{
	for (size_t i = 0; i < audit->module->follows_count; i++) {
		char name[TOPIC_NAME_MAX];

		topic_name(name, audit->module->follows[i].module, TOPIC_EVENTS);
		if (str_is(topic, name))
			return i;
	}
	return audit->module->follows_count;
}

static const char *check_answered(struct audit *audit, bool is_event, size_t *commands)
{
	size_t number = 0;

	for (; is_of_answer(audit, audit->at); audit->at++) {
		const struct message_type *type;
		const void *body = row_body(audit, audit->at, &type);
		const char *wrong = NULL;

		if (type == &command_issued_type) {
			--*commands;
		} else if (strcmp(type->module, audit->module->name) == 0) {
			wrong = is_event ? check_expected(audit, number++, type, body) : NULL;
			if (!wrong)
				wrong = take_own(audit, commands);
		}
		if (wrong)
			return wrong;
		if (!is_of_answer(audit, audit->at + 1))
			break;
	}
	if (is_event && number != audit->book->expected_count)
		FAIL("dunning part %d seq %zu: not all that follows from the event is there", HERE);
	return NULL;
}

/* An answer whole: of an event, a timer or a command. */
static const char *check_answer(struct audit *audit)
{
	const struct message_type *type;
	const void *body = row_body(audit, audit->at, &type);
	const struct event_answered *answered = type == &event_answered_type ? body : NULL;
	const char *wrong = NULL;
	size_t commands = 0;

	if (answered) {
		size_t follow = follow_of(audit, answered->topic);

		if (follow == audit->module->follows_count)
			FAIL("dunning part %d seq %zu: an event of nobody whom it follows", HERE);
		wrong = take_until(audit, follow, &answered->event_id, answered->business_date);
		if (wrong)
			return wrong;
		audit->at++;
		if (!is_of_answer(audit, audit->at) ||
		    !uuid_equal(&audit->log->rows[audit->at].row.command_id, &audit->log->rows[audit->at - 1].row.command_id))
			FAIL("dunning part %d seq %zu: an answer that says nothing", HERE);
	}
	wrong = check_answered(audit, answered != NULL, &commands);
	if (!wrong && commands != 0)
		FAIL("dunning part %d seq %zu: more commands than steps, or fewer", HERE);
	return wrong;
}

/* ---- the ends of messages ---- */

struct fate {
	size_t applied, refused; /* its command */
	bool is_accepted;        /* a provider has it */
};

static struct fate fate_of(struct audit *audit, const struct uuid *id)
{
	const struct sim_rows *log = &audit->world->databases[SIM_COMMUNICATIONS].log[audit->part];
	struct fate fate = { .applied = 0 };

	for (size_t i = 0; i < log->count; i++) {
		const struct message_type *type = message_by_schema_id(log->rows[i].row.schema_id);
		const bool is_own = uuid_equal(&log->rows[i].row.command_id, id);
		const struct communication_progressed *progressed;
		enum communication_state state;

		fate.applied += is_own && log->rows[i].is_applied;
		fate.refused += is_own && type == &command_rejected_type;
		if (type != &communication_progressed_type)
			continue;
		arena_reset(&audit->arena);
		progressed = body_of(audit, log->rows[i].row.body, &type);
		if (!uuid_equal(&progressed->communication_id, id))
			continue;
		state = communication_state_by_name(progressed->state);
		fate.is_accepted |= state == COMMUNICATION_SUBMITTED || state == COMMUNICATION_DELIVERED;
	}
	return fate;
}

/* NULL: its command was refused. */
static const struct communication *communication_of(const struct audit *audit, const struct uuid *id)
{
	const struct sim_blob *blob = blob_find(audit->world, SIM_COMMUNICATIONS, communication_entity.name, id);

	return blob ? blob->state : NULL;
}

static bool is_claimed_after(const struct audit *audit, const struct uuid *id, int64_t dunning_seq)
{
	for (size_t i = 0; i < audit->world->post.claims_count; i++) {
		const struct sim_claim *claim = &audit->world->post.claims[i];

		if (uuid_equal(&claim->communication_id, id) && !claim->is_refused && claim->dunning_seq >= dunning_seq)
			return true;
	}
	return false;
}

/* Of a group that waits for a person: it is not asked about. */
static bool has_broken_timer(const struct audit *audit, const struct uuid *group_id)
{
	const struct sim_database *database = &audit->world->databases[SIM_DUNNING];

	for (size_t i = 0; i < database->timers_count; i++)
		if (database->timers[i].is_broken && uuid_equal(&database->timers[i].row.subject, group_id))
			return true;
	return false;
}

/* At rest: under way is only what nobody knows of, and nothing is left of what was withdrawn. */
static const char *check_end(struct audit *audit, const struct book_step *step)
{
	const struct communication *communication = communication_of(audit, &step->id);
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &step->id);
	if (step->state == STEP_STATE_ASKED && (!communication || communication->state != COMMUNICATION_UNKNOWN))
		FAIL("dunning part %d: the step %s is under way for ever", audit->part, id);
	if (step->state == STEP_STATE_ASKED && book_is_stopped(audit->book, step) && !has_broken_timer(audit, &step->group_id))
		FAIL("dunning part %d: the step %s is under way, and its person or a debt is stopped", audit->part, id);
	if (step->withdrawn_seq == 0)
		return NULL;
	if (is_claimed_after(audit, &step->id, step->withdrawn_seq))
		FAIL("dunning part %d: the step %s left after it was withdrawn", audit->part, id);
	if (communication && (communication->state == COMMUNICATION_SCHEDULED || communication->state == COMMUNICATION_RELEASED))
		FAIL("dunning part %d: the step %s was withdrawn, and its message still waits", audit->part, id);
	/* A provider's report may come before the notifier's of the attempt. */
	if (communication && communication->attempt == 0 && communication->state != COMMUNICATION_CANCELLED &&
	    communication->state != COMMUNICATION_SUPPRESSED && communication->state != COMMUNICATION_EXPIRED &&
	    communication->state != COMMUNICATION_DELIVERED && communication->state != COMMUNICATION_FAILED)
		FAIL("dunning part %d: the step %s was neither cancelled nor had it left", audit->part, id);
	return NULL;
}

static const char *check_step(struct audit *audit, const struct book_step *step)
{
	struct fate fate;
	char id[UUID_TEXT_SIZE + 1];

	if (!step->is_message)
		return NULL;
	fate = fate_of(audit, &step->id);
	uuid_format(id, &step->id);
	if (fate.applied > 1 || (fate.applied == 0 && fate.refused == 0))
		FAIL("dunning part %d: the message of step %s was answered %zu times", audit->part, id, fate.applied);
	if (fate.is_accepted != (step->state == STEP_STATE_TAKEN))
		FAIL("dunning part %d: the step %s was %s, and is %s", audit->part, id,
		     fate.is_accepted ? "accepted" : "accepted by nobody", step_state_name(step->state));
	return check_end(audit, step);
}

/* ---- a partition ---- */

static const char *check_part(struct audit *audit)
{
	const char *wrong = NULL;

	for (audit->at = 0; audit->at < audit->log->count && !wrong; audit->at++) {
		arena_reset(&audit->arena);
		wrong = check_answer(audit);
	}
	for (size_t i = 0; i < audit->module->follows_count && !wrong; i++)
		wrong = take_until(audit, i, NULL, audit->world->databases[SIM_DUNNING].heads[audit->part].business_date);
	for (size_t i = 0; i < audit->book->steps_count && !wrong; i++)
		wrong = check_step(audit, &audit->book->steps[i]);
	return wrong;
}

const char *dunning_audit(struct sim_world *world)
{
	struct audit audit = { .world = world, .module = world->modules[SIM_DUNNING] };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	if (!world_has(world, SIM_DUNNING))
		return NULL;
	MUST(arena_init(&audit.arena, 1 << 20, &err) == 0);
	for (audit.part = 0; audit.part < SIM_PARTS && !wrong; audit.part++) {
		audit.log = &world->databases[SIM_DUNNING].log[audit.part];
		audit.book = book_open(world->has_policies ? dunning_policies(world) : NULL);
		memset(audit.taken, 0, sizeof(audit.taken));
		wrong = check_part(&audit);
		book_close(audit.book);
	}
	arena_release(&audit.arena);
	return wrong;
}
