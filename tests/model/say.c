/* What the driver says: answers, and the states that a command changed, as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"
#include "model/refusal.h"
#include "tests/model/driver.h"
#include "wire/json.h"

void driver_say(struct driver *driver, const char *text)
{
	buf_add_text(&driver->said, text);
}

bool driver_is_first(const struct driver *driver)
{
	unsigned char last = driver->said.data[driver->said.size - 1];

	return last == '[' || last == '{';
}

void driver_begin(struct driver *driver, const char *text)
{
	if (driver->said.size == 0)
		driver_say(driver, "[");
	if (!driver_is_first(driver))
		driver_say(driver, ",");
	driver_say(driver, text);
}

static void say_text(struct buf *said, const char *name, const char *text)
{
	buf_add_format(said, ",\"%s\":", name);
	json_write_string(said, str_of(text));
}

static void say_id(struct buf *said, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	if (uuid_is_none(id)) {
		buf_add_format(said, ",\"%s\":null", name);
		return;
	}
	uuid_format(text, id);
	buf_add_format(said, ",\"%s\":\"%s\"", name, text);
}

static void say_day(struct buf *said, const char *name, int32_t day)
{
	char text[16];

	day_format(text, day);
	buf_add_format(said, ",\"%s\":\"%s\"", name, text);
}

static void say_number(struct buf *said, const char *name, int64_t number)
{
	buf_add_format(said, ",\"%s\":%" PRId64, name, number);
}

static void say_balances(struct buf *said, const char *name, const struct balances *balances)
{
	buf_add_format(said, ",\"%s\":[", name);
	for (size_t i = 0; i < ACCOUNT_COUNT; i++)
		buf_add_format(said, "%s%" PRId64, i == 0 ? "" : ",", balances->minor[i]);
	buf_add_text(said, "]");
}

/* ---- states ---- */

static void say_day_or_null(struct buf *said, const char *name, int32_t day)
{
	if (day == 0)
		buf_add_format(said, ",\"%s\":null", name);
	else
		say_day(said, name, day);
}

static void say_effects(struct buf *said, const char *name, uint32_t bits)
{
	buf_add_format(said, ",\"%s\":[", name);
	for (enum hold_effect effect = HOLD_EFFECT_NONE + 1; effect < HOLD_EFFECT_COUNT; effect++) {
		if ((bits & hold_bit(effect)) != 0)
			buf_add_format(said, "%s\"%s\"", said->data[said->size - 1] == '[' ? "" : ",", hold_effect_name(effect));
	}
	buf_add_text(said, "]");
}

/* [DAY, WHAT IT WAS, ENTRIES THEN] */
static void say_charge_off(struct buf *said, const struct debt *debt)
{
	char text[16];

	if (debt->charged_off_on == 0) {
		buf_add_text(said, ",\"charge_off\":null");
		return;
	}
	day_format(text, debt->charged_off_on);
	buf_add_format(said, ",\"charge_off\":[\"%s\",\"%s\",%d]", text, lifecycle_name((enum lifecycle)debt->charged_off_from),
		       debt->charged_off_entries);
}

static void say_debt(struct buf *said, const void *state)
{
	const struct debt *debt = state;

	say_id(said, "customer", &debt->customer_id);
	say_id(said, "creditor", &debt->creditor_id);
	say_id(said, "portfolio", &debt->portfolio_id);
	say_id(said, "promise", &debt->promise_id);
	say_id(said, "plan", &debt->plan_id);
	say_id(said, "settlement", &debt->settlement_id);
	say_balances(said, "balances", &debt->balances);
	say_balances(said, "credit_used", &debt->credit_used);
	say_number(said, "version", debt->version);
	say_day(said, "opened_on", debt->opened_on);
	say_day(said, "due_on", debt->due_on);
	say_number(said, "entries", debt->entries);
	say_text(said, "lifecycle", lifecycle_name((enum lifecycle)debt->lifecycle));
	say_text(said, "order", allocation_order_name((enum allocation_order)debt->allocation));
	say_text(said, "currency", debt->currency);
	say_effects(said, "stopped", debt->stopped);
	say_charge_off(said, debt);
	say_text(said, "bucket", delinquency_buckets[debt->bucket].name);
}

static void say_terms(struct buf *said, const void *state)
{
	const struct debt_terms *terms = state;

	say_number(said, "charged", terms->charged_minor);
	say_text(said, "external_ref", terms->external_ref);
}

static void say_payment(struct buf *said, const void *state)
{
	const struct payment *payment = state;

	say_id(said, "customer", &payment->customer_id);
	say_id(said, "debt", &payment->debt_id);
	say_balances(said, "allocated", &payment->allocated);
	say_number(said, "amount", payment->amount_minor);
	say_number(said, "refunded", payment->refunded_minor);
	say_day(said, "received_on", payment->received_on);
	say_number(said, "entry_no", payment->entry_no);
	say_text(said, "state", payment_state_name((enum payment_state)payment->state));
	say_text(said, "source", payment->source);
}

static void say_promise(struct buf *said, const void *state)
{
	const struct promise *promise = state;

	say_id(said, "customer", &promise->customer_id);
	say_id(said, "debt", &promise->debt_id);
	say_number(said, "amount", promise->amount_minor);
	say_number(said, "enough", promise->enough_minor);
	say_number(said, "paid", promise->paid_minor);
	say_number(said, "version", promise->version);
	say_day(said, "made_on", promise->made_on);
	say_day(said, "due_on", promise->due_on);
	say_day(said, "grace_ends_on", promise->grace_ends_on);
	say_number(said, "after_entries", promise->after_entries);
	say_text(said, "state", promise_state_name((enum promise_state)promise->state));
	say_text(said, "channel", channel_name((enum channel)promise->channel));
}

static void say_hold(struct buf *said, const void *state)
{
	const struct hold *hold = state;

	say_id(said, "customer", &hold->customer_id);
	say_id(said, "debt", &hold->debt_id);
	say_id(said, "merged_into", &hold->merged_into);
	say_number(said, "version", hold->version);
	say_day(said, "from_on", hold->from_on);
	say_day_or_null(said, "until_on", hold->until_on);
	say_day_or_null(said, "review_on", hold->review_on);
	say_day_or_null(said, "review_asked_on", hold->review_asked_on);
	say_day_or_null(said, "ended_on", hold->ended_on);
	say_text(said, "kind", hold_kind_name((enum hold_kind)hold->kind));
	say_text(said, "state", hold_state_name((enum hold_state)hold->state));
	say_effects(said, "effects", hold->effects);
	say_text(said, "evidence_ref", hold->evidence_ref);
}

/* Its calendar is said by its events. */
static void say_plan(struct buf *said, const void *state)
{
	const struct plan *plan = state;

	say_id(said, "customer", &plan->customer_id);
	say_id(said, "debt", &plan->debt_id);
	say_number(said, "total", plan->total_minor);
	say_number(said, "down", plan->down_minor);
	say_day_or_null(said, "down_due_on", plan->down_due_on);
	say_number(said, "instalments", plan->instalments);
	say_day(said, "first_due_on", plan->first_due_on);
	say_text(said, "frequency", plan_frequency_name((enum plan_frequency)plan->frequency));
	say_text(said, "state", plan_state_name((enum plan_state)plan->state));
	say_number(said, "paid", plan->paid_minor);
	say_number(said, "missed", plan->missed);
	say_number(said, "version", plan->version);
	say_number(said, "after_entries", plan->after_entries);
	say_number(said, "counts_from", plan->counts_from);
	say_number(said, "returned", plan->returned);
	say_day_or_null(said, "broken_on", plan->broken_on);
	say_day(said, "proposed_on", plan->proposed_on);
}

static void say_settlement(struct buf *said, const void *state)
{
	const struct settlement *settlement = state;

	say_id(said, "customer", &settlement->customer_id);
	say_id(said, "debt", &settlement->debt_id);
	say_balances(said, "discount", &settlement->discount);
	say_number(said, "amount", settlement->amount_minor);
	say_number(said, "balance", settlement->balance_minor);
	say_number(said, "paid", settlement->paid_minor);
	say_number(said, "version", settlement->version);
	say_day(said, "offered_on", settlement->offered_on);
	say_day(said, "expires_on", settlement->expires_on);
	say_day(said, "pay_by", settlement->pay_by);
	say_day(said, "grace_ends_on", settlement->grace_ends_on);
	say_day_or_null(said, "accepted_on", settlement->accepted_on);
	say_number(said, "after_entries", settlement->after_entries);
	say_text(said, "state", settlement_state_name((enum settlement_state)settlement->state));
}

static void say_dispute(struct buf *said, const void *state)
{
	const struct dispute *dispute = state;

	say_id(said, "customer", &dispute->customer_id);
	say_id(said, "debt", &dispute->debt_id);
	say_id(said, "duplicate_of", &dispute->duplicate_of);
	say_number(said, "portion", dispute->portion_minor);
	say_number(said, "version", dispute->version);
	say_day(said, "received_on", dispute->received_on);
	say_day(said, "raised_on", dispute->raised_on);
	say_day_or_null(said, "sent_on", dispute->sent_on);
	say_number(said, "entries", dispute->entries);
	say_text(said, "grounds", dispute_grounds_name((enum dispute_grounds)dispute->grounds));
	say_text(said, "state", dispute_state_name((enum dispute_state)dispute->state));
	say_number(said, "in_writing", dispute->in_writing);
	say_number(said, "within_validation", dispute->within_validation);
	say_text(said, "verification_ref", dispute->verification_ref);
	say_text(said, "evidence_refs", dispute->evidence_refs);
}

static void say_creditor(struct buf *said, const void *state)
{
	const struct creditor *creditor = state;

	say_number(said, "version", creditor->version);
	say_number(said, "is_original", creditor->is_original);
	say_text(said, "regulated_class", regulated_class_name((enum regulated_class)creditor->regulated_class));
	say_text(said, "name", creditor->name);
	say_text(said, "legal_address", creditor->legal_address);
	say_text(said, "licence_refs", creditor->licence_refs);
}

static void say_portfolio(struct buf *said, const void *state)
{
	const struct portfolio *portfolio = state;

	say_number(said, "version", portfolio->version);
	say_id(said, "creditor", &portfolio->creditor_id);
	say_id(said, "allocation_policy", &portfolio->allocation_policy_id);
	say_text(said, "product_kind", product_kind_name((enum product_kind)portfolio->product_kind));
	say_text(said, "jurisdiction", portfolio->jurisdiction);
	say_text(said, "name", portfolio->name);
}

static void say_policy(struct buf *said, const void *state)
{
	const struct debt_policy *policy = state;

	say_number(said, "version", policy->version);
	say_text(said, "kind", debt_policy_kind_name((enum debt_policy_kind)policy->kind));
	say_text(said, "order", allocation_order_name((enum allocation_order)policy->allocation));
	say_text(said, "title", policy->title);
}

/* References and what other modules have are not compared: what a reference does shows in the refusals. */
static const struct {
	const struct entity *entity;
	void (*say)(struct buf *said, const void *state);
} said_states[] = {
	{ &debt_entity, say_debt },
	{ &debt_terms_entity, say_terms },
	{ &payment_entity, say_payment },
	{ &promise_entity, say_promise },
	{ &creditor_entity, say_creditor },
	{ &portfolio_entity, say_portfolio },
	{ &debt_policy_entity, say_policy },
	{ &hold_entity, say_hold },
	{ &dispute_entity, say_dispute },
	{ &plan_entity, say_plan },
	{ &settlement_entity, say_settlement },
};

static void say_state(struct buf *said, const struct slot *slot)
{
	char id[UUID_TEXT_SIZE + 1];

	for (size_t i = 0; i < COUNT(said_states); i++) {
		if (said_states[i].entity != slot->entity)
			continue;
		uuid_format(id, &slot->id);
		buf_add_format(said, "%s\"%s %s\":{\"is\":true", said->data[said->size - 1] == '{' ? "" : ",", slot->entity->name,
			       id);
		said_states[i].say(said, slot->state);
		buf_add_text(said, "}");
	}
}

static void say_states(struct driver *driver, bool is_all)
{
	driver_say(driver, "\"states\":{");
	for (size_t i = 0; i < driver->set.slots_count; i++) {
		const struct slot *slot = driver->set.slots[i];

		if (slot->exists && (is_all || slot->changed))
			say_state(&driver->said, slot);
	}
	driver_say(driver, "}");
}

/* ---- answers ---- */

static void say_posting(struct buf *said, const struct event *event)
{
	struct posting posting;

	if (!posting_of(event, &posting)) {
		buf_add_text(said, "null");
		return;
	}
	buf_add_text(said, "{\"is\":true");
	say_text(said, "kind", ledger_kind_name(posting.kind));
	say_text(said, "contra", contra_account_name(posting.contra));
	say_number(said, "contra_minor", posting.contra_minor);
	say_balances(said, "debits", &posting.debits);
	say_number(said, "balance", posting.balance_minor);
	say_day(said, "occurred_on", posting.occurred_on);
	say_day(said, "booked_on", posting.booked_on);
	buf_add_text(said, "}");
}

/* [NAME, MEMBERS, ENTRY] of each. */
static void say_events(struct driver *driver, const struct decision *decision)
{
	driver_say(driver, "\"events\":[");
	for (size_t i = 0; i < decision->events_count; i++) {
		const struct event *event = &decision->events[i];

		buf_add_format(&driver->said, "%s[\"%s\",", i == 0 ? "" : ",", event->type->record.name);
		json_write_message(&driver->said, event->type, event->body);
		driver_say(driver, ",");
		say_posting(&driver->said, event);
		driver_say(driver, "]");
	}
	driver_say(driver, "],");
	say_states(driver, false);
}

void driver_say_poison(struct driver *driver, const char *text)
{
	driver_begin(driver, "{\"poison\":");
	json_write_string(&driver->said, str_of(text));
	driver_say(driver, "}");
}

void driver_say_answer(struct driver *driver, const struct decision *decision)
{
	driver_begin(driver, "{");
	switch (decision->kind) {
	case DECISION_EVENTS:
		say_events(driver, decision);
		break;
	case DECISION_REFUSED:
		buf_add_format(&driver->said, "\"refused\":\"%s\",\"field\":\"%s\"", refusal_code(decision->refusal),
			       decision->field);
		break;
	case DECISION_WAIT:
		buf_add_format(&driver->said, "\"waits\":\"%s\"", decision->field);
		break;
	case DECISION_KEPT:
		driver_say(driver, "\"kept\":true");
		break;
	case DECISION_NONE:
		MUST_NOT_REACH("a command has an answer");
	}
	driver_say(driver, "}");
}

void driver_say_fired(struct driver *driver, const struct timer *timer, const struct decision *decision)
{
	buf_add_format(&driver->said, "%s{\"timer\":\"%s\",", driver_is_first(driver) ? "" : ",", timer->kind->name);
	say_events(driver, decision);
	driver_say(driver, "}");
}

void driver_say_all(struct driver *driver)
{
	driver_begin(driver, "{");
	say_states(driver, true);
	driver_say(driver, "}]\n");
	MUST(!driver->said.overflow);
	fwrite(driver->said.data, 1, driver->said.size, stdout);
	fflush(stdout);
	buf_reset(&driver->said);
}
