#include "base/must.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/reference/reference.h"

/* Every event about a debt raises its version by one. */
struct debt *debt_change(struct workset *set, const struct uuid *debt_id, int64_t version)
{
	struct debt *debt = workset_change(set, &debt_entity, debt_id);

	MUST(version == debt->version + 1);
	debt->version = version;
	return debt;
}

void debt_refresh(void *state)
{
	struct debt *debt = state;

	debt->version_stored = debt->version;
	debt->entries_stored = debt->entries;
	debt->is_credit_used = 0;
	debt->amended = 0;
	debt->is_aged = 0;
}

void debt_move(struct debt *debt, enum lifecycle_cause cause)
{
	enum lifecycle to = lifecycle_after(debt->lifecycle, cause);

	MUST(to != LIFECYCLE_NONE);
	debt->lifecycle = to;
}

void debt_on_created(struct workset *set, const void *body)
{
	const struct debt_created *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);
	struct reference_key key;
	bool fits;

	debt->customer_id = event->customer_id;
	debt->creditor_id = event->creditor_id;
	debt->portfolio_id = event->has_portfolio_id ? event->portfolio_id : (struct uuid){ { 0 } };
	debt->opened_on = event->opened_on;
	debt->due_on = event->due_on;
	debt->allocation = event->has_allocation_order ? allocation_order_by_name(event->allocation_order) : ORDER_NONE;
	debt_move(debt, CAUSE_CREATED);
	if (event->has_lifecycle && str_is(event->lifecycle, lifecycle_name(LIFECYCLE_ACTIVE)))
		debt_move(debt, CAUSE_DUE);
	fits = !event->has_bucket || delinquency_bucket_read(event->bucket, &debt->bucket);
	MUST(fits);
	fits = str_to_chars(debt->currency, sizeof(debt->currency), event->currency);
	MUST(fits);

	terms->charged_minor = event->balance_minor;
	terms->opened_on = event->opened_on;
	fits = str_to_chars(terms->external_ref, sizeof(terms->external_ref), event->external_ref);
	MUST(fits);
	fits = reference_key_of_debt(&key, &event->creditor_id, event->external_ref);
	MUST(fits);
	reference_take(set, &debt_reference_entity, &key)->portfolio_id = debt->portfolio_id;
}

void debt_on_activated(struct workset *set, const void *body)
{
	const struct debt_activated *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(debt->due_on == event->due_on);
	debt_move(debt, CAUSE_DUE);
}

void debt_on_paid(struct workset *set, const void *body)
{
	const struct debt_paid *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(balances_owed(&debt->balances) == 0);
	debt_move(debt, CAUSE_PAID_UP);
}

void debt_on_reopened(struct workset *set, const void *body)
{
	const struct debt_reopened *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(balances_owed(&debt->balances) == event->balance_minor);
	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	debt_move(debt, debt_reopening(debt));
}

/* From the next command on, the old reference is free for any debt of the creditor. */
void debt_on_amended(struct workset *set, const void *body)
{
	const struct debt_amended *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);
	struct reference_key key;
	bool fits;

	MUST(balances_owed(&debt->balances) == event->balance_minor);
	MUST(event->due_on >= terms->opened_on);
	debt->due_on = event->due_on;
	if (event->due_on != event->previous_due_on)
		delinquency_note_paused(set, &event->debt_id, debt);
	if (str_equal(event->previous_external_ref, event->external_ref))
		return;
	MUST(str_is(event->previous_external_ref, terms->external_ref));
	fits = reference_key_of_debt(&key, &event->creditor_id, event->previous_external_ref);
	MUST(fits);
	reference_free(set, &debt_reference_entity, &key);
	fits = reference_key_of_debt(&key, &event->creditor_id, event->external_ref);
	MUST(fits);
	reference_take(set, &debt_reference_entity, &key)->portfolio_id = debt->portfolio_id;
	fits = str_to_chars(terms->external_ref, sizeof(terms->external_ref), event->external_ref);
	MUST(fits);
}

void debt_on_cancelled(struct workset *set, const void *body)
{
	const struct debt_cancelled *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct debt_terms *terms = workset_change(set, &debt_terms_entity, &event->debt_id);

	MUST(debt->balances.minor[ACCOUNT_CREDIT] == 0);
	MUST(terms->charged_minor == event->amount_minor);
	terms->charged_minor = 0;
	debt_move(debt, CAUSE_CANCELLED);
}
