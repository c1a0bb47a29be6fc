#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* Every event about a debt moves its version by one. */
static struct debt *change_debt(struct workset *set, const struct uuid *debt_id, int64_t version)
{
	struct debt *debt = workset_change(set, &debt_entity, debt_id);

	MUST(version == debt->version + 1);
	debt->version = version;
	return debt;
}

static struct taken *take_reference(struct workset *set, const struct entity *entity, const struct reference_key *key)
{
	struct uuid id = reference_id(key);
	struct taken *taken = workset_change(set, entity, &id);

	taken->is_taken = 1;
	return taken;
}

static void free_reference(struct workset *set, const struct entity *entity, const struct reference_key *key)
{
	struct uuid id = reference_id(key);
	struct taken *taken = workset_change(set, entity, &id);

	MUST(taken->is_taken);
	taken->is_taken = 0;
}

static void move(struct debt *debt, enum lifecycle_cause cause)
{
	enum lifecycle to = lifecycle_after(debt->lifecycle, cause);

	MUST(to != LIFECYCLE_NONE);
	debt->lifecycle = to;
}

static void on_debt_created(struct workset *set, const struct debt_created *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);
	struct reference_key key;
	bool fits;

	debt->customer_id = event->customer_id;
	debt->creditor_id = event->creditor_id;
	debt->portfolio_id = event->has_portfolio_id ? event->portfolio_id : (struct uuid){ { 0 } };
	debt->opened_on = event->opened_on;
	debt->due_on = event->due_on;
	move(debt, CAUSE_CREATED);
	fits = str_to_chars(debt->currency, sizeof(debt->currency), event->currency);
	MUST(fits);

	terms->charged_minor = event->balance_minor;
	terms->opened_on = event->opened_on;
	fits = str_to_chars(terms->external_ref, sizeof(terms->external_ref), event->external_ref);
	MUST(fits);
	fits = debt_reference_key(&key, &event->creditor_id, event->external_ref);
	MUST(fits);
	take_reference(set, &debt_reference_entity, &key)->portfolio_id = debt->portfolio_id;
}

void payment_set_source(struct payment *payment, struct str source)
{
	if (!str_to_chars(payment->source, sizeof(payment->source), source))
		payment->source[0] = '\0';
}

static void on_payment_recorded(struct workset *set, const struct payment_recorded *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);
	struct payment *payment = workset_change(set, &payment_entity, &event->payment_id);
	struct reference_key key;
	bool fits;

	payment->customer_id = event->customer_id;
	payment->debt_id = event->debt_id;
	payment->allocated = BALANCES_OF(event);
	payment->amount_minor = event->amount_minor;
	payment->received_on = event->received_on;
	payment->state = PAYMENT_SETTLED;
	payment_set_source(payment, event->source);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0 || event->balance_minor == 0);

	fits = payment_reference_key(&key, event->source, event->external_ref);
	MUST(fits);
	take_reference(set, &payment_reference_entity, &key);
}

static void on_payment_reversed(struct workset *set, const struct payment_reversed *event)
{
	struct payment *payment = workset_change(set, &payment_entity, &event->payment_id);

	change_debt(set, &event->debt_id, event->version);
	MUST(payment->state == PAYMENT_SETTLED);
	payment->state = PAYMENT_REVERSED;
}

static void on_credit_applied(struct workset *set, const struct credit_applied *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);
	const struct balances applied = OWED_OF(event);

	balances_add(&debt->credit_used, &applied);
	MUST(!balances_are_negative(&debt->credit_used));
}

static void on_debt_paid(struct workset *set, const struct debt_paid *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);

	MUST(balances_owed(&debt->balances) == 0);
	move(debt, CAUSE_PAID_UP);
}

static void on_debt_reopened(struct workset *set, const struct debt_reopened *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);

	MUST(balances_owed(&debt->balances) == event->balance_minor);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	move(debt, CAUSE_REOPENED);
}

/* The reference it had is free for any debt of the creditor, from the next command on. */
static void on_debt_amended(struct workset *set, const struct debt_amended *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);
	struct reference_key key;
	bool fits;

	MUST(balances_owed(&debt->balances) == event->balance_minor);
	MUST(event->due_on >= terms->opened_on);
	debt->due_on = event->due_on;
	if (str_equal(event->previous_external_ref, event->external_ref))
		return;
	MUST(str_is(event->previous_external_ref, terms->external_ref));
	fits = debt_reference_key(&key, &event->creditor_id, event->previous_external_ref);
	MUST(fits);
	free_reference(set, &debt_reference_entity, &key);
	fits = debt_reference_key(&key, &event->creditor_id, event->external_ref);
	MUST(fits);
	take_reference(set, &debt_reference_entity, &key)->portfolio_id = debt->portfolio_id;
	fits = str_to_chars(terms->external_ref, sizeof(terms->external_ref), event->external_ref);
	MUST(fits);
}

static void on_debt_cancelled(struct workset *set, const struct debt_cancelled *event)
{
	struct debt *debt = change_debt(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);

	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	MUST(terms->charged_minor == event->amount_minor);
	terms->charged_minor = 0;
	move(debt, CAUSE_CANCELLED);
}

/* P5: the accounts and contra of every entry sum to zero, no balance is below 0, and what is owed is what the event says. */
static void book(struct workset *set, const struct posting *posting)
{
	struct debt *debt = workset_change(set, &debt_entity, posting->debt_id);

	MUST(balances_sum(&posting->debits) == -posting->contra_minor);
	balances_post(&debt->balances, &posting->debits);
	debt->entries++;
	MUST(!balances_are_negative(&debt->balances));
	MUST(balances_owed(&debt->balances) == posting->balance_minor);
}

void debts_evolve(struct workset *set, const struct event *event)
{
	struct posting posting;

	if (posting_of(event, &posting))
		book(set, &posting);
	switch (debts_event(event->type)) {
	case EVENT_DEBT_CREATED:
		on_debt_created(set, event->body);
		return;
	case EVENT_PAYMENT_RECORDED:
		on_payment_recorded(set, event->body);
		return;
	case EVENT_DEBT_PAID:
		on_debt_paid(set, event->body);
		return;
	case EVENT_PAYMENT_REVERSED:
		on_payment_reversed(set, event->body);
		return;
	case EVENT_CREDIT_APPLIED:
		on_credit_applied(set, event->body);
		return;
	case EVENT_DEBT_REOPENED:
		on_debt_reopened(set, event->body);
		return;
	case EVENT_DEBT_AMENDED:
		on_debt_amended(set, event->body);
		return;
	case EVENT_DEBT_CANCELLED:
		on_debt_cancelled(set, event->body);
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
