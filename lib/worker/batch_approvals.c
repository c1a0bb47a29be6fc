/* Kept commands: what an attempt keeps, reads and ends. */
#include "worker/batch_inside.h"

#include <string.h>

#include "base/day.h"
#include "worker/approvals.h"

/* ---- which items are about kept commands ---- */

static void touch_nothing(const struct command *command, struct workset *set)
{
	(void)command;
	(void)set;
}

static void decide_nothing(const struct command *command, const struct workset *set, struct decision *decision)
{
	(void)command;
	(void)set;
	(void)decision;
	MUST_NOT_REACH("the engine answers these itself");
}

/* Below zero: no module's number. */
const struct timer_kind approval_expiry = { "approval_expiry", -1 };
const struct timer_rule approval_expiry_rule = { &approval_expiry, { &timer_type, touch_nothing, decide_nothing, false, false } };

static const struct rule approve_rule = { &approve_command_type, touch_nothing, decide_nothing, false, false };
static const struct rule refuse_rule = { &refuse_command_type, touch_nothing, decide_nothing, false, false };

const struct rule *approvals_rule(const struct module *module, const struct message_type *type)
{
	if (module->approvals_count == 0)
		return NULL;
	if (type == &approve_command_type)
		return &approve_rule;
	return type == &refuse_command_type ? &refuse_rule : NULL;
}

bool approvals_is_own(const struct message_type *type)
{
	return type == &command_rejected_type || type == &command_kept_type || type == &approval_ended_type ||
	       type == &event_answered_type || type == &command_issued_type;
}

const struct uuid *approvals_named(const struct item *item)
{
	if (item->is_broken || item->is_unread)
		return NULL;
	if (item->kind == ITEM_TIMER)
		return item->timer->kind == approval_expiry.number ? &item->timer->subject : NULL;
	if (item->kind != ITEM_COMMAND)
		return NULL;
	if (item->rule == &approve_rule)
		return &((const struct approve_command *)item->command.body)->command_id;
	if (item->rule == &refuse_rule)
		return &((const struct refuse_command *)item->command.body)->command_id;
	return NULL;
}

static bool is_about(const struct item *item, const struct uuid *command_id)
{
	const struct uuid *named = approvals_named(item);

	return (named && uuid_equal(named, command_id)) ||
	       (item->kind == ITEM_COMMAND && uuid_equal(&item->command.id, command_id));
}

size_t approvals_cut(const struct batch *batch, size_t from, size_t count)
{
	const struct item *items = &batch->items[from];

	for (size_t i = 1; i < count; i++) {
		const struct uuid *named = approvals_named(&items[i]);

		for (size_t before = 0; named && before < i; before++)
			if (is_about(&items[before], named))
				return i;
	}
	return count;
}

static const struct approval_rule *rule_of(const struct module *module, struct str type)
{
	for (size_t i = 0; i < module->approvals_count; i++)
		if (str_is(type, module->approvals[i].type->record.name))
			return &module->approvals[i];
	return NULL;
}

/* ---- reading ---- */

/* The kept command as an item. Decoded only if it is to be decided again, like a parked one. */
static int make_kept(struct batch *batch, const struct engine *engine, struct item *item, const struct kept_command *row,
		     struct err *err)
{
	struct item *kept = arena_take(&batch->arena, 1, sizeof(*kept));
	struct approval *approval = arena_take(&batch->arena, 1, sizeof(*approval));
	const struct parked as_parked = {
		.part = row->part,
		.kind = PARKED_WAIT,
		.roles = row->roles,
		.scope = row->scope,
		.token_version = row->token_version,
		.offset = item->offset,
		.since_ms = row->received_ms,
		.key = row->key,
		.command_id = row->command_id,
		.correlation_id = row->correlation_id,
		.actor = row->actor,
		.value = row->value,
	};
	bool is_decided = item->rule == &approve_rule && row->state == APPROVAL_WAITING && row->value.data;

	if (!kept || !approval)
		return batch_too_large(batch, err);
	if (admit_parked(&engine->admission, &as_parked, !is_decided, item->command.now_ms, &batch->arena, kept, err) < 0)
		return -1;
	*approval = (struct approval){ .actor = item->command.actor };
	kept->command.approval = approval;
	item->kept_row = row;
	item->kept = kept;
	return 0;
}

static const struct kept_command *find_row(const struct kept_command *rows, size_t count, int32_t part,
					   const struct uuid *command_id)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].part == part && uuid_equal(&rows[i].command_id, command_id))
			return &rows[i];
	return NULL;
}

static size_t count_asks(const struct batch *batch)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		count += approvals_named(&batch->items[batch->from + i]) != NULL;
	return count;
}

bool batch_names_kept(const struct batch *batch)
{
	return count_asks(batch) > 0;
}

int batch_read_kept(struct batch *batch, const struct engine *engine, struct err *err)
{
	struct kept_ask *asks;
	struct kept_command *rows;
	size_t asks_count = count_asks(batch);
	size_t rows_count;

	if (asks_count == 0)
		return 0;
	asks = arena_take(&batch->arena, asks_count, sizeof(*asks));
	if (!asks)
		return batch_too_large(batch, err);
	asks_count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];
		const struct uuid *named = approvals_named(item);

		if (named)
			asks[asks_count++] = (struct kept_ask){ .part = item->part, .command_id = *named };
	}
	if (engine->database.read_kept(engine->database.self, asks, asks_count, &batch->arena, &rows, &rows_count, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[batch->from + i];
		const struct uuid *named = approvals_named(item);
		const struct kept_command *row = named ? find_row(rows, rows_count, item->part, named) : NULL;

		if (row && uuid_equal(&row->key, &item->command.key) && make_kept(batch, engine, item, row, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- keeping ---- */

int batch_keep(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
	       const struct decision *decision, struct err *err)
{
	struct str type = str_of(item->command.type->record.name);
	const struct approval_rule *rule = rule_of(engine->admission.module, type);
	struct command_kept *body = arena_take(&batch->arena, 1, sizeof(*body));
	struct event *event = arena_take(&batch->arena, 1, sizeof(*event));
	struct timer_change change = { .timer = { .kind = &approval_expiry, .subject = item->command.id } };

	MUST(rule != NULL);
	verdict->kept_reason = str_copy(&batch->arena, str_of(decision->text));
	if (!body || !event || !verdict->kept_reason.data)
		return batch_too_large(batch, err);
	verdict->expires_ms = item->command.now_ms + rule->days * DAY_MS;
	body->command_id = item->command.id;
	body->customer_id = item->command.key;
	body->command_type = type;
	body->text = verdict->kept_reason;
	body->expires_at = verdict->expires_ms;
	message_set_actor(&command_kept_type, body, item->command.actor);
	*event = (struct event){ .type = &command_kept_type, .body = body, .command = &item->command };
	verdict->fate = FATE_KEPT;
	verdict->events = event;
	verdict->events_count = 1;
	change.timer.due_at_ms = verdict->expires_ms;
	return batch_put_timer(batch, item, &change, err);
}

/* ---- ending ---- */

/* Adds the end of the wait to the item's verdict, with room for the events of the outcome behind it. NULL: the arena is full. */
static struct event *end_wait(struct batch *batch, struct verdict *verdict, const struct item *item, enum approval_state state,
			      struct str reason, size_t outcome_count)
{
	struct approval_ended *body = arena_take(&batch->arena, 1, sizeof(*body));
	struct event *events = arena_take(&batch->arena, 1 + outcome_count, sizeof(*events));

	if (!body || !events)
		return NULL;
	body->command_id = item->kept_row->command_id;
	body->customer_id = item->kept_row->key;
	body->command_type = item->kept_row->type;
	body->verdict = str_of(approval_state_name(state));
	body->reason = reason;
	message_set_actor(&approval_ended_type, body, item->command.actor);
	events[0] = (struct event){ .type = &approval_ended_type, .body = body, .command = &item->command };
	verdict->fate = FATE_APPLIED;
	verdict->ends = state;
	verdict->events = events;
	verdict->events_count = 1 + outcome_count;
	return &events[1];
}

/* The outcome is a refusal of the kept command. */
static int end_refused(struct batch *batch, struct verdict *verdict, const struct item *item, enum approval_state state,
		       struct str reason, const struct decision *decision, struct err *err)
{
	struct event *outcome = end_wait(batch, verdict, item, state, reason, 1);
	const struct command_rejected *body = batch_rejection(batch, &item->kept->command, item->kept_row->type, decision);

	if (!outcome || !body)
		return batch_too_large(batch, err);
	*outcome = (struct event){ .type = &command_rejected_type, .body = body, .command = &item->kept->command };
	return 0;
}

/* The expiry needs no cancellation when it is what ends the wait. */
static int cancel_expiry(struct batch *batch, const struct item *item, struct err *err)
{
	const struct timer_change change = { .timer = { .kind = &approval_expiry, .subject = item->kept_row->command_id },
					     .is_cancelled = true };

	return batch_put_timer(batch, item, &change, err);
}

static int refuse_kept(struct batch *batch, struct verdict *verdict, const struct item *item, struct err *err)
{
	struct decision decision;

	decision_init(&decision, &batch->arena, &item->kept->command);
	decision_refuse(&decision, REFUSAL_NEEDS_SECOND_PERSON, "", "a second person has refused it");
	if (end_refused(batch, verdict, item, APPROVAL_REFUSED, ((const struct refuse_command *)item->command.body)->reason,
			&decision, err) < 0)
		return -1;
	return cancel_expiry(batch, item, err);
}

int batch_expire_kept(struct batch *batch, struct verdict *verdict, const struct item *item, struct err *err)
{
	struct decision decision;

	if (batch_end_timer(batch, item, TIMER_FIRED, err) < 0)
		return -1;
	if (!item->kept_row || item->kept_row->state != APPROVAL_WAITING) {
		verdict->fate = FATE_APPLIED;
		return 0;
	}
	decision_init(&decision, &batch->arena, &item->kept->command);
	decision_refuse(&decision, REFUSAL_EXPIRED, "", "no second person approved it in time");
	return end_refused(batch, verdict, item, APPROVAL_EXPIRED, STR(""), &decision, err);
}

/* Accepts the outcome: the module's events behind the end of the wait. */
static int end_accepted(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			struct str reason, const struct decision *decision, struct err *err)
{
	struct event *outcome =
		end_wait(batch, verdict, item, APPROVAL_APPROVED, reason, decision->events_count + decision->sendings_count);

	if (!outcome)
		return batch_too_large(batch, err);
	memcpy(outcome, decision->events, decision->events_count * sizeof(*outcome));
	for (size_t i = 0; i < decision->events_count; i++)
		engine->admission.module->evolve(&batch->set, &outcome[i]);
	if (batch_put_issued(batch, engine, item, decision, outcome + decision->events_count, err) < 0)
		return -1;
	return decision->timers_count > 0 ? batch_change_timers(batch, item, decision, err) : 0;
}

static int approve_kept(struct batch *batch, const struct engine *engine, struct verdict *verdict, struct item *item,
			struct err *err)
{
	struct str reason = ((const struct approve_command *)item->command.body)->reason;
	struct item *kept = item->kept;
	struct decision decision;
	bool waits;

	kept->command.today = item->command.today;
	((struct approval *)(uintptr_t)kept->command.approval)->user_id = item->command.user_id;
	decision_init(&decision, &batch->arena, &kept->command);
	if (batch_may_be_decided(batch, kept, &decision))
		kept->rule->decide(&kept->command, &batch->set, &decision);
	if (decision.overflow)
		return batch_too_large(batch, err);
	MUST(decision.kind != DECISION_NONE && decision.kind != DECISION_KEPT);
	verdict->is_no = decision.kind != DECISION_EVENTS;
	if (decision.kind == DECISION_WAIT) {
		if (batch_wait(batch, engine, verdict, item, decision.text, &waits, err) < 0)
			return -1;
		if (waits)
			return 0;
		decision.refusal = REFUSAL_NOT_FOUND;
	}
	if (cancel_expiry(batch, item, err) < 0)
		return -1;
	if (decision.kind == DECISION_EVENTS)
		return end_accepted(batch, engine, verdict, item, reason, &decision, err);
	return end_refused(batch, verdict, item, APPROVAL_APPROVED, reason, &decision, err);
}

/* Users are compared by their ids: the texts of two tokens may differ in case. */
static bool is_same_person(const struct item *item)
{
	struct uuid sender;

	return str_equal(item->kept_row->actor, item->command.actor) ||
	       (uuid_parse(&sender, item->kept_row->actor) && uuid_equal(&sender, &item->command.user_id));
}

/* The refusals of the approval itself. */
static bool may_end(const struct engine *engine, const struct item *item, struct decision *decision)
{
	const struct kept_command *row = item->kept_row;
	const struct approval_rule *rule = row ? rule_of(engine->admission.module, row->type) : NULL;

	if (!item->command.is_user)
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "", "only a person approves or refuses, and no service");
	else if (!row)
		decision_refuse(decision, REFUSAL_NOT_FOUND, "command_id", "no command was kept under this id");
	else if (!rule || (item->command.roles & rule->approvers) == 0)
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "", "none of the user's roles may approve this command");
	else if (row->state != APPROVAL_WAITING)
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "command_id", "it waits no more: %s",
				approval_state_name(row->state));
	else if (item->rule == &approve_rule && !row->value.data)
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "command_id", "the person it is about was erased");
	else if (is_same_person(item))
		decision_refuse(decision, REFUSAL_NEEDS_SECOND_PERSON, "", "nobody approves or refuses his own command");
	return decision->kind == DECISION_NONE;
}

int batch_answer_kept(struct batch *batch, const struct engine *engine, struct verdict *verdict, struct item *item,
		      struct err *err)
{
	struct decision decision;

	decision_init(&decision, &batch->arena, &item->command);
	if (!may_end(engine, item, &decision))
		return batch_refuse(batch, verdict, item, &decision, err);
	if (item->rule == &refuse_rule)
		return refuse_kept(batch, verdict, item, err);
	if (!item->kept->rule)
		return batch_park(batch, engine, verdict, item, PARKED_BUG, "this program cannot read the kept command", err);
	return approve_kept(batch, engine, verdict, item, err);
}

/* ---- rows ---- */

static struct kept_command kept_of(const struct item *item, const struct verdict *verdict)
{
	struct kept_command kept = {
		.part = item->part,
		.state = APPROVAL_WAITING,
		.roles = item->command.roles,
		.scope = item->command.scope,
		.token_version = item->command.token_version,
		.offset = item->offset,
		.received_ms = item->command.received_ms,
		.kept_ms = item->command.now_ms,
		.expires_ms = verdict->expires_ms,
		.key = item->command.key,
		.command_id = item->command.id,
		.correlation_id = item->command.correlation_id,
		.type = str_of(item->command.type->record.name),
		.actor = item->command.actor,
		.reason = verdict->kept_reason,
		.value = item->value,
	};

	memcpy(kept.digest, item->digest, DIGEST_SIZE);
	return kept;
}

int batch_write_kept(struct batch *batch, struct err *err)
{
	struct changes *changes = &batch->changes;
	size_t keep = 0;
	size_t ends = 0;
	struct kept_command *kept;
	struct kept_end *ended;

	for (size_t i = 0; i < batch->count; i++) {
		keep += batch->verdicts[i].fate == FATE_KEPT;
		ends += batch->verdicts[i].ends != APPROVAL_NONE;
	}
	if (keep + ends == 0)
		return 0;
	kept = arena_take(&batch->arena, keep, sizeof(*kept));
	ended = arena_take(&batch->arena, ends, sizeof(*ended));
	if (!kept || !ended)
		return batch_too_large(batch, err);
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];
		const struct verdict *verdict = &batch->verdicts[i];

		if (verdict->fate == FATE_KEPT)
			kept[changes->keep_count++] = kept_of(item, verdict);
		if (verdict->ends != APPROVAL_NONE)
			ended[changes->ends_count++] = (struct kept_end){
				.part = item->part,
				.state = verdict->ends,
				.command_id = item->kept_row->command_id,
				.actor = item->command.actor,
				.at_ms = item->command.now_ms,
				.outcome_seq = verdict->first_seq + 1,
			};
	}
	changes->keep = kept;
	changes->ends = ended;
	return 0;
}
