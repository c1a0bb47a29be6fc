#include "tests/sim/dunning_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"

#define WRONG(...)                                                                                                               \
	do {                                                                                                                     \
		snprintf(book->wrong, sizeof(book->wrong), __VA_ARGS__);                                                         \
		return book->wrong;                                                                                              \
	} while (0)

struct dunning_book *book_open(const struct policies *policies)
{
	struct dunning_book *book = calloc(1, sizeof(*book));

	MUST(book);
	book->policies = policies;
	return book;
}

void book_close(struct dunning_book *book)
{
	free(book);
}

/* ---- things ---- */

static struct book_person *person_of(struct dunning_book *book, const struct uuid *id)
{
	for (size_t i = 0; i < book->persons_count; i++)
		if (uuid_equal(&book->persons[i].id, id))
			return &book->persons[i];
	MUST(book->persons_count < BOOK_PERSONS_MAX);
	book->persons[book->persons_count] = (struct book_person){ .id = *id };
	return &book->persons[book->persons_count++];
}

static struct book_debt *debt_of(struct dunning_book *book, const struct uuid *id)
{
	for (size_t i = 0; i < book->debts_count; i++)
		if (uuid_equal(&book->debts[i].id, id))
			return &book->debts[i];
	return NULL;
}

static struct book_group *group_of(struct dunning_book *book, const struct uuid *id)
{
	for (size_t i = 0; i < book->groups_count; i++)
		if (uuid_equal(&book->groups[i].id, id))
			return &book->groups[i];
	MUST(book->groups_count < BOOK_GROUPS_MAX);
	book->groups[book->groups_count] = (struct book_group){ .id = *id };
	return &book->groups[book->groups_count++];
}

static struct book_step *step_of(struct dunning_book *book, const struct uuid *id)
{
	for (size_t i = 0; i < book->steps_count; i++)
		if (uuid_equal(&book->steps[i].id, id))
			return &book->steps[i];
	return NULL;
}

static void expect(struct dunning_book *book, const struct message_type *type, const struct uuid *id)
{
	MUST(book->expected_count < BOOK_EXPECTED_MAX);
	book->expected[book->expected_count++] = (struct book_expected){ .type = type, .id = *id };
}

static void set_text(char *chars, size_t size, struct str text)
{
	bool fits = str_to_chars(chars, size, text);

	MUST(fits);
}

/* ---- persons ---- */

/* Nobody has to find out any more how the person is reached. */
static void expect_no_search(struct dunning_book *book, const struct uuid *customer_id)
{
	const struct book_person *person = person_of(book, customer_id);

	if (!uuid_is_none(&person->trace_id))
		expect(book, &task_cancelled_type, &person->trace_id);
}

static void take_customer(struct dunning_book *book, const struct uuid *customer_id, bool is_erased)
{
	struct book_person *person = person_of(book, customer_id);

	person->is_created = true;
	person->is_erased |= is_erased;
	expect(book, &person_noted_type, customer_id);
	if (is_erased)
		expect_no_search(book, customer_id);
}

static void take_point(struct dunning_book *book, const struct uuid *customer_id, struct str channel, int32_t by)
{
	person_of(book, customer_id)->points[channel_by_name(channel)] += by;
	person_of(book, customer_id)->points_added += by > 0;
	expect(book, &person_noted_type, customer_id);
	if (by > 0)
		expect_no_search(book, customer_id);
}

static void take_inbound(struct dunning_book *book, const struct inbound_received *body)
{
	struct book_person *person = person_of(book, &body->customer_id);
	int32_t day = day_of_instant(body->received_at);

	if (day <= person->inbound_on)
		return;
	person->inbound_on = day;
	expect(book, &person_noted_type, &body->customer_id);
}

static void take_consent(struct dunning_book *book, const struct consent_granted *body)
{
	struct book_person *person = person_of(book, &body->customer_id);
	uint32_t channel = 1U << channel_by_name(body->channel);

	if (!(person->opted_out & channel))
		return;
	person->opted_out &= ~channel;
	expect(book, &person_noted_type, &body->customer_id);
}

/* debt_id NULL: the person. */
static bool has_stop(const struct dunning_book *book, const struct uuid *customer_id, const struct uuid *debt_id)
{
	for (size_t i = 0; i < book->stops_count; i++) {
		const struct book_stop *stop = &book->stops[i];

		if (stop->is_open && uuid_equal(&stop->customer_id, customer_id) &&
		    (debt_id ? uuid_equal(&stop->debt_id, debt_id) : uuid_is_none(&stop->debt_id)))
			return true;
	}
	return false;
}

bool book_is_stopped(const struct dunning_book *book, const struct book_step *step)
{
	bool is_stopped = has_stop(book, &step->customer_id, NULL);

	for (size_t i = 0; i < book->persons_count; i++)
		is_stopped |= uuid_equal(&book->persons[i].id, &step->customer_id) && book->persons[i].is_erased;
	for (size_t i = 0; i < step->debts_count; i++)
		is_stopped |= has_stop(book, &step->customer_id, &step->debt_ids[i]);
	return is_stopped;
}

/* ---- steps ---- */

static bool is_about(const struct book_step *step, const struct uuid *debt_id)
{
	for (size_t i = 0; i < step->debts_count; i++)
		if (uuid_equal(&step->debt_ids[i], debt_id))
			return true;
	return false;
}

/* It left all the same: what was asked for since must not say it again. */
static void expect_newer_withdrawn(struct dunning_book *book, const struct book_step *step)
{
	for (size_t i = 0; i < book->steps_count; i++) {
		const struct book_step *newer = &book->steps[i];
		bool is_shared = false;

		for (size_t n = 0; n < step->debts_count; n++)
			is_shared |= is_about(newer, &step->debt_ids[n]);
		if (newer->state == STEP_STATE_ASKED && is_shared)
			expect(book, &dunning_step_withdrawn_type, &newer->id);
	}
}

/* Once a message has gone it counts; what ends it before that ends a step that is under way. */
static void take_accepted(struct dunning_book *book, const struct uuid *id)
{
	const struct book_step *step = step_of(book, id);

	if (!step || step->state == STEP_STATE_TAKEN)
		return;
	expect(book, &dunning_step_taken_type, id);
	if (step->state != STEP_STATE_ASKED)
		expect_newer_withdrawn(book, step);
}

static void take_failed(struct dunning_book *book, const struct uuid *id)
{
	const struct book_step *step = step_of(book, id);

	book->unsent_id = *id;
	if (step && step->state == STEP_STATE_ASKED)
		expect(book, book_is_stopped(book, step) ? &dunning_step_withdrawn_type : &dunning_step_failed_type, id);
}

static void take_progressed(struct dunning_book *book, const struct communication_progressed *body)
{
	if (str_is(body->state, "submitted") || str_is(body->state, "delivered"))
		take_accepted(book, &body->communication_id);
	if (str_is(body->state, "failed") || str_is(body->state, "expired") || str_is(body->state, "rejected"))
		take_failed(book, &body->communication_id);
}

static void take_withdrawal(struct dunning_book *book, const struct consent_withdrawn *body)
{
	struct book_person *person = person_of(book, &body->customer_id);
	uint32_t before = person->opted_out;

	for (uint32_t channel = CHANNEL_NONE + 1; channel < CHANNEL_COUNT; channel++)
		if (!body->has_channel || channel_by_name(body->channel) == channel)
			person->opted_out |= 1U << channel;
	if (person->opted_out != before)
		expect(book, &person_noted_type, &body->customer_id);
	for (size_t i = 0; i < body->cancelled_count; i++)
		take_failed(book, &body->cancelled[i].communication_id);
}

/* ---- stops ---- */

/* Of the kinds that the worlds have, all stop the person but the dispute of a debt that is known. */
static void take_circumstance(struct dunning_book *book, const struct circumstance_recorded *body)
{
	struct book_stop *stop = &book->stops[book->stops_count++];

	MUST(book->stops_count <= BOOK_STOPS_MAX);
	*stop = (struct book_stop){ .id = body->circumstance_id, .customer_id = body->customer_id, .is_open = true };
	if (str_is(body->kind, "dispute") && body->has_debt_id && debt_of(book, &body->debt_id))
		stop->debt_id = body->debt_id;
	expect(book, &stop_noted_type, &stop->id);
	if (uuid_is_none(&stop->debt_id))
		expect_no_search(book, &stop->customer_id);
}

static void take_end(struct dunning_book *book, const struct circumstance_ended *body)
{
	for (size_t i = 0; i < book->stops_count; i++)
		if (book->stops[i].is_open && uuid_equal(&book->stops[i].id, &body->circumstance_id)) {
			book->stops[i].is_open = false;
			expect(book, &stop_noted_type, &body->circumstance_id);
		}
}

/* ---- debts ---- */

static void begin_anew(struct book_debt *debt)
{
	debt->level = debt->level_on = 0;
	debt->policy[0] = '\0';
}

static void take_created(struct dunning_book *book, const struct debt_created *body)
{
	struct book_debt *debt = &book->debts[book->debts_count++];

	MUST(book->debts_count <= BOOK_DEBTS_MAX);
	*debt = (struct book_debt){ .id = body->debt_id,
				    .customer_id = body->customer_id,
				    .creditor_id = body->creditor_id,
				    .balance_minor = body->balance_minor,
				    .due_on = body->due_on };
	set_text(debt->currency, sizeof(debt->currency), body->currency);
	expect(book, &debt_noted_type, &body->debt_id);
}

/* What a message under way says is not true any more. */
static void expect_withdrawn(struct dunning_book *book, const struct uuid *debt_id)
{
	for (size_t i = 0; i < book->steps_count; i++)
		if (book->steps[i].state == STEP_STATE_ASKED && is_about(&book->steps[i], debt_id))
			expect(book, &dunning_step_withdrawn_type, &book->steps[i].id);
}

static bool are_of_one_group(const struct book_debt *a, const struct book_debt *b)
{
	return uuid_equal(&a->customer_id, &b->customer_id) && uuid_equal(&a->creditor_id, &b->creditor_id) &&
	       strcmp(a->currency, b->currency) == 0;
}

/* Whatever debts of the group it lists, what was overpaid counts against them. */
static void expect_netted(struct dunning_book *book, const struct book_debt *debt)
{
	for (size_t i = 0; i < book->steps_count; i++)
		if (book->steps[i].state == STEP_STATE_ASKED &&
		    are_of_one_group(debt_of(book, &book->steps[i].debt_ids[0]), debt))
			expect(book, &dunning_step_withdrawn_type, &book->steps[i].id);
}

static void take_amended(struct dunning_book *book, struct book_debt *debt, const struct debt_amended *body, int32_t today)
{
	if (body->due_on == debt->due_on)
		return;
	debt->due_on = body->due_on;
	if (debt->due_on >= today)
		begin_anew(debt);
	expect_withdrawn(book, &debt->id);
}

static void take_reopened(struct dunning_book *book, struct book_debt *debt)
{
	const struct policy *policy = book->policies ? policies_find(book->policies, str_of(debt->policy)) : NULL;

	if (!policy || policy->reopened == REOPENED_START)
		begin_anew(debt);
}

static void take_payment(struct dunning_book *book, struct book_debt *debt, const struct payment_recorded *body)
{
	debt->balance_minor = body->balance_minor;
	debt->credit_minor += body->credit_minor;
	if (body->credit_minor > 0)
		expect_netted(book, debt);
	else
		expect_withdrawn(book, &debt->id);
}

static void take_reversal(struct book_debt *debt, const struct payment_reversed *body)
{
	debt->balance_minor = body->balance_minor;
	debt->credit_minor -= body->credit_minor;
	debt->reversals++;
}

static void take_credit(struct book_debt *debt, const struct credit_applied *body)
{
	debt->balance_minor = body->balance_minor;
	debt->credit_minor -= body->amount_minor;
}

/* A message under way that asks for more than is owed is not true any more. */
static void take_balance(struct dunning_book *book, struct book_debt *debt, int64_t balance_minor)
{
	if (balance_minor < debt->balance_minor)
		expect_withdrawn(book, &debt->id);
	debt->balance_minor = balance_minor;
}

static void take_cancelled(struct dunning_book *book, struct book_debt *debt)
{
	debt->is_cancelled = true;
	debt->balance_minor = 0;
	expect_withdrawn(book, &debt->id);
}

/* One that another supersedes is followed by that one. */
static void take_promise(struct dunning_book *book, struct book_debt *debt, const struct message_type *type, const void *body)
{
	if (type == &promise_broken_type && !((const struct promise_broken *)body)->has_payment_id)
		debt->breaks++;
	debt->is_promised = type == &promise_made_type || type == &promise_reopened_type;
	if (debt->is_promised)
		expect_withdrawn(book, &debt->id);
}

static bool is_of_promise(const struct message_type *type)
{
	const struct message_type *const types[] = { &promise_made_type,   &promise_kept_type,     &promise_partly_kept_type,
						     &promise_broken_type, &promise_reopened_type, &promise_cancelled_type };

	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static bool is_of_plan(const struct message_type *type)
{
	const struct message_type *const types[] = { &plan_activated_type, &plan_reinstated_type, &plan_resumed_type,
						     &plan_broken_type,    &plan_completed_type,  &plan_cancelled_type };

	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static void take_plan(struct dunning_book *book, struct book_debt *debt, const struct message_type *type, const void *body)
{
	if (type == &plan_activated_type || type == &plan_reinstated_type || type == &plan_resumed_type) {
		debt->is_arranged = true;
		expect_withdrawn(book, &debt->id);
	} else if (type != &plan_cancelled_type || ((const struct plan_cancelled *)body)->was_active) {
		debt->is_arranged = false;
	}
}

static void take_debt(struct dunning_book *book, const struct message_type *type, const void *body, int32_t today)
{
	struct book_debt *debt = debt_of(book, message_uuid(type->aggregate_field, body));

	if (!debt)
		return;
	expect(book, &debt_noted_type, &debt->id);
	if (type == &payment_recorded_type)
		take_payment(book, debt, body);
	else if (type == &payment_reversed_type)
		take_reversal(debt, body);
	else if (type == &payment_refunded_type)
		debt->credit_minor -= ((const struct payment_refunded *)body)->amount_minor;
	else if (type == &credit_applied_type)
		take_credit(debt, body);
	else if (type == &charge_assessed_type)
		take_balance(book, debt, ((const struct charge_assessed *)body)->balance_minor);
	else if (type == &amount_waived_type)
		take_balance(book, debt, ((const struct amount_waived *)body)->balance_minor);
	else if (type == &balance_adjusted_type)
		take_balance(book, debt, ((const struct balance_adjusted *)body)->balance_minor);
	else if (type == &debt_amended_type)
		take_amended(book, debt, body, today);
	else if (type == &debt_cancelled_type)
		take_cancelled(book, debt);
	else if (type == &debt_reopened_type)
		take_reopened(book, debt);
	else if (is_of_promise(type))
		take_promise(book, debt, type, body);
	else if (is_of_plan(type))
		take_plan(book, debt, type, body);
}

/* ---- events of others ---- */

static bool is_of_debt(const struct message_type *type)
{
	const struct message_type *const types[] = { &payment_recorded_type, &payment_reversed_type, &credit_applied_type,
						     &payment_refunded_type, &debt_amended_type,     &debt_cancelled_type,
						     &debt_reopened_type,    &debt_activated_type,   &debt_paid_type,
						     &charge_assessed_type,  &amount_waived_type,    &balance_adjusted_type };

	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i] == type)
			return true;
	return is_of_promise(type) || is_of_plan(type);
}

static void take_of_customers(struct dunning_book *book, const struct message_type *type, const void *body)
{
	const struct uuid *customer_id = message_uuid(type->key_field, body);

	if (type == &customer_created_type || type == &customer_updated_type)
		take_customer(book, customer_id, false);
	else if (type == &customer_erased_type)
		take_customer(book, customer_id, true);
	else if (type == &contact_point_added_type)
		take_point(book, customer_id, ((const struct contact_point_added *)body)->channel, 1);
	else if (type == &contact_point_invalidated_type)
		take_point(book, customer_id, ((const struct contact_point_invalidated *)body)->channel, -1);
}

/* Ids of steps are on topics: somebody else may have used one, about another person or in a command of his own. */
static bool is_of_another(struct dunning_book *book, const struct message_type *type, const void *body)
{
	const struct book_step *step = step_of(book, message_uuid(type->aggregate_field, body));
	const struct command_rejected *rejected = type == &command_rejected_type ? body : NULL;

	return step && (!uuid_equal(&step->customer_id, message_uuid(type->key_field, body)) ||
			(rejected && rejected->has_actor && !str_is(rejected->actor, "dunning")));
}

static void take_of_communications(struct dunning_book *book, const struct message_type *type, const void *body)
{
	const bool is_about_message = type == &communication_progressed_type || type == &communication_suppressed_type ||
				      type == &communication_cancelled_type || type == &command_rejected_type;

	if (is_about_message && is_of_another(book, type, body))
		return;
	if (type == &communication_progressed_type)
		take_progressed(book, body);
	else if (is_about_message)
		take_failed(book, message_uuid(type->aggregate_field, body));
	else if (type == &consent_withdrawn_type)
		take_withdrawal(book, body);
	else if (type == &consent_granted_type)
		take_consent(book, body);
	else if (type == &inbound_received_type)
		take_inbound(book, body);
	else if (type == &circumstance_recorded_type)
		take_circumstance(book, body);
	else if (type == &circumstance_ended_type)
		take_end(book, body);
}

void book_take_event(struct dunning_book *book, const struct message_type *type, const void *body, int32_t today)
{
	book->expected_count = 0;
	if (type == &debt_created_type)
		take_created(book, body);
	else if (is_of_debt(type))
		take_debt(book, type, body, today);
	else if (strcmp(type->module, "customers") == 0)
		take_of_customers(book, type, body);
	else
		take_of_communications(book, type, body);
}

/* ---- a step that is asked for ---- */

static int64_t credits_of(const struct dunning_book *book, const struct book_debt *one)
{
	int64_t credits = 0;

	for (size_t i = 0; i < book->debts_count; i++) {
		const struct book_debt *debt = &book->debts[i];

		if (are_of_one_group(debt, one) && !debt->is_cancelled)
			credits += debt->credit_minor;
	}
	return credits;
}

static int32_t wait_of(const struct dunning_book *book, const struct book_debt *debt)
{
	const struct policy *policy = policies_find(book->policies, str_of(debt->policy));
	const struct policy_step *step =
		policy ? policy_step_of(policy, debt->level, policy_arm_of(policy, &debt->customer_id)) : NULL;

	return step && step->wait_days > 1 ? step->wait_days : 1;
}

/* How many of the step's events there were so far, about the group of the debt. */
static int32_t events_of(struct dunning_book *book, const struct policy_step *step, const struct book_debt *one)
{
	int32_t count = 0;

	if (step->event == DUNNING_EVENT_CONTACT_POINT_ADDED)
		return person_of(book, &one->customer_id)->points_added;
	for (size_t i = 0; i < book->debts_count; i++)
		if (are_of_one_group(&book->debts[i], one))
			count += step->event == DUNNING_EVENT_PROMISE_BROKEN ? book->debts[i].breaks : book->debts[i].reversals;
	return count;
}

/* One that no step was asked for yet. The step is due at once, or never: who was dead in between asks on a later day. */
static const char *check_event(struct dunning_book *book, const struct dunning_step_due *due, const struct policy_step *step,
			       struct book_group *group)
{
	int32_t *seen = &group->events[step->event];
	int32_t came = events_of(book, step, debt_of(book, &due->debt_ids[0]));

	if (came <= *seen)
		WRONG("a step for an event that has not come");
	*seen = came;
	return NULL;
}

/* Whether the step's own day has come for the debt, as far as the trigger says it. */
static bool has_come(const struct policy_step *step, const struct book_debt *debt, bool is_on_ladder, int32_t day)
{
	if (step->trigger == TRIGGER_DAYS_PAST_DUE)
		return day - debt->due_on >= step->days && (step->days > 0 || day < debt->due_on);
	if (step->trigger == TRIGGER_EVENT)
		return true;
	return step->trigger == TRIGGER_DAYS_SINCE_STEP && is_on_ladder && debt->level > 0 && day - debt->level_on >= step->days;
}

/* A debt that the message lists: *due counts those for which the step itself is due. */
static const char *check_listed(struct dunning_book *book, const struct dunning_step_due *due, const struct uuid *debt_id,
				const struct policy_step *step, size_t *ret_due)
{
	const struct book_debt *debt = debt_of(book, debt_id);
	bool is_on_ladder = debt && str_is(due->policy, debt->policy);

	if (!debt || !uuid_equal(&debt->customer_id, &due->customer_id) || !uuid_equal(&debt->creditor_id, &due->creditor_id) ||
	    !str_is(due->currency, debt->currency))
		WRONG("lists a debt that is not of its group");
	if (debt->is_cancelled || debt->balance_minor <= 0)
		WRONG("asks for a debt of which nothing is owed");
	if (has_stop(book, &due->customer_id, debt_id))
		WRONG("asks for a debt that is disputed");
	if (debt->is_promised)
		WRONG("asks for a debt that the person has promised to pay");
	if (debt->is_arranged)
		WRONG("asks for a debt that is paid by a plan");
	if (is_on_ladder && debt->level >= due->step)
		WRONG("step %d for a debt at level %d", due->step, debt->level);
	if (debt->level > 0 && debt->level_on >= due->due_for)
		WRONG("the second step of a debt on a day");
	if ((step->days > 0 || step->trigger == TRIGGER_EVENT) && due->due_for <= debt->due_on)
		WRONG("asks before the debt is past due");
	*ret_due += has_come(step, debt, is_on_ladder, due->due_for) &&
		    (debt->level == 0 || due->due_for - debt->level_on >= wait_of(book, debt));
	return NULL;
}

static const char *check_listed_all(struct dunning_book *book, const struct dunning_step_due *due, const struct policy *policy,
				    const struct policy_step *step)
{
	int64_t owed = 0;
	size_t due_count = 0;

	for (size_t i = 0; i < due->debt_ids_count; i++) {
		const char *wrong = check_listed(book, due, &due->debt_ids[i], step, &due_count);

		if (wrong)
			return wrong;
		owed += debt_of(book, &due->debt_ids[i])->balance_minor;
	}
	if (due_count == 0 || (policy->new_debts == NEW_DEBTS_OWN && due_count < due->debt_ids_count))
		WRONG("step %d is not due on its day", due->step);
	owed -= credits_of(book, debt_of(book, &due->debt_ids[0]));
	if (owed != due->net_minor || owed <= 0)
		WRONG("says that %lld are owed, and it is %lld", (long long)due->net_minor, (long long)owed);
	return NULL;
}

static const char *check_person(struct dunning_book *book, const struct dunning_step_due *due)
{
	const struct book_person *person = person_of(book, &due->customer_id);
	enum channel channel = channel_by_name(due->channel);

	if (!person->is_created || person->is_erased)
		WRONG("a person that is not there");
	if (has_stop(book, &due->customer_id, NULL))
		WRONG("a person whom a circumstance protects");
	if (person->inbound_on >= due->due_for)
		WRONG("on the day on which the person wrote");
	if (person->opted_out & 1U << channel)
		WRONG("on a channel that the person does not want");
	if (person->points[channel] <= 0)
		WRONG("on a channel without an address");
	return NULL;
}

/* Over all creditors of the person: what was asked for and has not failed. */
static const char *check_caps(struct dunning_book *book, const struct dunning_step_due *due, const struct policy *policy)
{
	int32_t on_day = 0, in_week = 0;

	for (size_t i = 0; i < book->steps_count; i++) {
		const struct book_step *step = &book->steps[i];

		if (!uuid_equal(&step->customer_id, &due->customer_id) || !step->is_demand ||
		    (step->state != STEP_STATE_ASKED && step->state != STEP_STATE_TAKEN))
			continue;
		on_day += step->due_for == due->due_for;
		in_week += step->due_for > due->due_for - 7;
	}
	if (due->is_demand && (on_day >= policy->demands_a_day || in_week >= policy->demands_a_week))
		WRONG("one demand too many: %d on the day, %d in seven", on_day, in_week);
	return NULL;
}

/* Another one of the day is tried only when the last one has failed; a step of which the channel has failed goes on behind it. */
static const char *check_turn(struct dunning_book *book, const struct dunning_step_due *due, const struct book_group *group)
{
	const struct book_step *last = NULL;

	if (group->under_way > 0)
		WRONG("two steps of a group are under way");
	if (due->ask != group->asks + 1)
		WRONG("it is the %d. that is asked for, not the %d.", group->asks + 1, due->ask);
	if (step_of(book, &due->step_id))
		WRONG("an id that another step has");
	for (size_t i = 0; i < book->steps_count; i++) {
		if (!uuid_equal(&book->steps[i].group_id, &due->group_id))
			continue;
		last = &book->steps[i];
		if (last->state == STEP_STATE_TAKEN && last->taken_on >= due->due_for)
			WRONG("the second step of a group on a day");
	}
	if (last && last->due_for > due->due_for)
		WRONG("days go backwards");
	if (last && last->withdrawn_seq != 0 && last->withdrawn_on >= due->due_for)
		WRONG("asked about again on the day on which a step was withdrawn");
	if (last && last->due_for == due->due_for && last->state == STEP_STATE_FAILED && last->number == due->step &&
	    last->channel == channel_by_name(due->channel))
		WRONG("on the channel that has just failed");
	return NULL;
}

static bool has_channel(const struct policy_step *step, enum channel channel)
{
	for (uint32_t i = 0; i < step->channels_count; i++)
		if (step->channels[i] == (uint32_t)channel)
			return true;
	return false;
}

static bool is_for(const struct policy *policy, const struct uuid *creditor_id)
{
	for (uint32_t i = 0; i < policy->creditors_count; i++)
		if (uuid_equal(&policy->creditors[i], creditor_id))
			return true;
	return policy->creditors_count == 0;
}

/* The first one that is for the creditor. NULL: none, or the step says another. */
static const struct policy *policy_of(const struct dunning_book *book, const struct dunning_step_due *due)
{
	for (uint32_t i = 0; book->policies && i < book->policies->count; i++)
		if (is_for(&book->policies->items[i], &due->creditor_id))
			return str_is(due->policy, book->policies->items[i].name) ? &book->policies->items[i] : NULL;
	return NULL;
}

static void add_step(struct dunning_book *book, struct book_group *group, const struct dunning_step_due *due)
{
	struct book_step *step = &book->steps[book->steps_count++];

	MUST(book->steps_count <= BOOK_STEPS_MAX && due->debt_ids_count <= STEP_DEBTS_MAX);
	*step = (struct book_step){ .id = due->step_id,
				    .group_id = due->group_id,
				    .customer_id = due->customer_id,
				    .number = due->step,
				    .due_for = due->due_for,
				    .channel = channel_by_name(due->channel),
				    .is_message = str_is(due->action, "send"),
				    .is_demand = due->is_demand,
				    .state = STEP_STATE_ASKED,
				    .debts_count = due->debt_ids_count };
	set_text(step->policy, sizeof(step->policy), due->policy);
	memcpy(step->debt_ids, due->debt_ids, due->debt_ids_count * sizeof(step->debt_ids[0]));
	group->under_way = book->steps_count;
	group->asks = due->ask;
}

static const char *take_due(struct dunning_book *book, const struct dunning_step_due *due)
{
	const struct policy *policy = policy_of(book, due);
	const struct policy_step *step =
		policy ? policy_step_of(policy, due->step, policy_arm_of(policy, &due->customer_id)) : NULL;
	struct book_group *group = group_of(book, &due->group_id);
	const char *wrong;

	if (!step || !has_channel(step, channel_by_name(due->channel)) || !str_is(due->template_name, step->template_name))
		WRONG("no step of the debts' policy");
	wrong = check_turn(book, due, group);
	if (!wrong)
		wrong = check_person(book, due);
	if (!wrong)
		wrong = check_listed_all(book, due, policy, step);
	if (!wrong && step->trigger == TRIGGER_EVENT)
		wrong = check_event(book, due, step, group);
	if (!wrong)
		wrong = check_caps(book, due, policy);
	if (!wrong)
		add_step(book, group, due);
	return wrong;
}

/* ---- what became of it ---- */

static void raise_debts(struct dunning_book *book, const struct uuid *ids, size_t count, struct str policy, int32_t level,
			int32_t day, int32_t asked_on)
{
	for (size_t i = 0; i < count; i++) {
		struct book_debt *debt = debt_of(book, &ids[i]);

		/* a late report finds the debt further on */
		if (debt->level > 0 && debt->level_on > asked_on && (debt->level > level || !str_is(policy, debt->policy)))
			continue;
		set_text(debt->policy, sizeof(debt->policy), policy);
		debt->level = level;
		debt->level_on = day;
	}
}

static void end_step(struct dunning_book *book, struct book_step *step, enum step_state state)
{
	struct book_group *group = group_of(book, &step->group_id);

	if (group->under_way > 0 && &book->steps[group->under_way - 1] == step)
		group->under_way = 0;
	step->state = state;
}

static const char *take_taken(struct dunning_book *book, const struct dunning_step_taken *taken)
{
	struct book_step *step = step_of(book, &taken->step_id);

	if (!step || taken->step != step->number || !str_is(taken->policy, step->policy) || taken->taken_on < step->due_for ||
	    taken->debt_ids_count != step->debts_count ||
	    memcmp(taken->debt_ids, step->debt_ids, step->debts_count * sizeof(step->debt_ids[0])) != 0)
		WRONG("another step is taken than was asked for");
	end_step(book, step, STEP_STATE_TAKEN);
	step->taken_on = taken->taken_on;
	raise_debts(book, taken->debt_ids, taken->debt_ids_count, taken->policy, taken->step, taken->taken_on, step->due_for);
	return NULL;
}

/* Who refuses every channel, or has no address, is stopped: no step of his is passed over. */
static bool is_reachable(struct dunning_book *book, const struct dunning_step_skipped *skipped)
{
	const struct book_person *person = person_of(book, &skipped->customer_id);
	const struct policy *policy = book->policies ? policies_find(book->policies, skipped->policy) : NULL;
	const struct policy_step *step =
		policy ? policy_step_of(policy, skipped->step, policy_arm_of(policy, &skipped->customer_id)) : NULL;

	for (uint32_t i = 0; step && i < step->channels_count; i++)
		if (person->points[step->channels[i]] > 0 && !(person->opted_out & 1U << step->channels[i]))
			return true;
	return false;
}

/* Its debts rise without a message: only when the last try of the step has failed. */
static const char *take_skipped(struct dunning_book *book, const struct dunning_step_skipped *skipped)
{
	const struct book_group *group = group_of(book, &skipped->group_id);
	const struct book_step *last = NULL;

	for (size_t i = 0; i < book->steps_count; i++)
		if (uuid_equal(&book->steps[i].group_id, &skipped->group_id) && book->steps[i].state == STEP_STATE_FAILED)
			last = &book->steps[i];
	if (group->under_way > 0 || !last || last->number != skipped->step || !str_is(skipped->policy, last->policy))
		WRONG("step %d is passed over, and it has not failed", skipped->step);
	if (!is_reachable(book, skipped))
		WRONG("step %d is passed over, and the person cannot be reached at all", skipped->step);
	for (size_t i = 0; i < skipped->debt_ids_count; i++)
		if (!debt_of(book, &skipped->debt_ids[i]))
			WRONG("a debt that is not there rises");
	raise_debts(book, skipped->debt_ids, skipped->debt_ids_count, skipped->policy, skipped->step, skipped->skipped_on,
		    skipped->skipped_on);
	return NULL;
}

static const char *take_noted(struct dunning_book *book, const struct debt_noted *noted)
{
	const struct book_debt *debt = debt_of(book, &noted->debt_id);

	if (!debt || noted->balance_minor != debt->balance_minor || noted->credit_minor != debt->credit_minor ||
	    noted->due_on != debt->due_on || noted->level != debt->level || noted->is_promised != debt->is_promised)
		WRONG("the debt is another than the debts module has said");
	return NULL;
}

static const char *take_person(struct dunning_book *book, const struct person_noted *noted)
{
	const struct book_person *person = person_of(book, &noted->customer_id);

	if (noted->is_active != (person->is_created && !person->is_erased) || noted->emails != person->points[CHANNEL_EMAIL] ||
	    noted->mobiles != person->points[CHANNEL_SMS] || noted->inbound_on != person->inbound_on)
		WRONG("the person is another than was said");
	return NULL;
}

static const char *take_opened(struct dunning_book *book, const struct task_opened *opened)
{
	struct book_person *person = person_of(book, &opened->customer_id);

	if (!str_is(opened->kind, "trace"))
		return NULL;
	if (!uuid_is_none(&person->trace_id))
		WRONG("two searches for one person");
	if (person->points[CHANNEL_EMAIL] > 0 && person->points[CHANNEL_SMS] > 0)
		WRONG("a search for a person who can be reached by every channel");
	person->trace_id = opened->task_id;
	return NULL;
}

const char *book_take_own(struct dunning_book *book, const struct message_type *type, const void *body, int64_t seq)
{
	struct book_step *step = NULL;

	if (type == &dunning_step_due_type)
		return take_due(book, body);
	if (type == &dunning_step_taken_type)
		return take_taken(book, body);
	if (type == &dunning_step_skipped_type)
		return take_skipped(book, body);
	if (type == &debt_noted_type)
		return take_noted(book, body);
	if (type == &task_opened_type)
		return take_opened(book, body);
	if (type == &task_cancelled_type)
		person_of(book, &((const struct task_cancelled *)body)->customer_id)->trace_id = (struct uuid){ { 0 } };
	if (type == &person_noted_type)
		return take_person(book, body);
	if (type != &dunning_step_failed_type && type != &dunning_step_withdrawn_type)
		return NULL;
	step = step_of(book, message_uuid(type->aggregate_field, body));
	if (!step || step->state != STEP_STATE_ASKED)
		WRONG("a step ends that is not under way");
	if (type == &dunning_step_withdrawn_type) {
		step->withdrawn_seq = seq;
		step->withdrawn_on = ((const struct dunning_step_withdrawn *)body)->withdrawn_on;
		if (book->expected_count == 0 && !book_is_stopped(book, step))
			WRONG("a step is withdrawn, and nothing stops it");
	}
	end_step(book, step, type == &dunning_step_failed_type ? STEP_STATE_FAILED : STEP_STATE_WITHDRAWN);
	return NULL;
}
