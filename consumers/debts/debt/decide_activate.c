#include "consumers/debts/debt/debt.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "schemas/debts.h"

/* NEW -> ACTIVE, on the first business date on which the debt is due (consumers/DOMAIN.md 4). */

const struct timer_kind activation_timer = { .name = "activation", .number = 1 };

bool debt_is_due(int32_t due_on, int32_t today)
{
	return due_on <= today;
}

void debt_activate(const struct uuid *debt_id, const struct debt *debt, int32_t due_on, int64_t version,
		   struct decision *decision)
{
	struct debt_activated *event = decision_event(decision, &debt_activated_type);

	event->debt_id = *debt_id;
	event->customer_id = debt->customer_id;
	event->version = version;
	event->creditor_id = debt->creditor_id;
	event->currency = str_of(debt->currency);
	event->due_on = due_on;
	event->balance_minor = balances_owed(&debt->balances);
	event->activated_on = decision->command->today;
}

void debt_follow_due_date(const struct uuid *debt_id, const struct debt *debt, int32_t due_on, int64_t version,
			  struct decision *decision)
{
	if (!debt_is_due(due_on, decision->command->today)) {
		decision_set_timer_on(decision, &activation_timer, debt_id, due_on);
		return;
	}
	decision_cancel_timer(decision, &activation_timer, debt_id);
	debt_activate(debt_id, debt, due_on, version, decision);
}

/* Of a debt that was paid or cancelled before its due date, nothing is left to be done. */
void decide_activation(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *debt_id = &((const struct timer *)timer->body)->subject;
	const struct debt *debt = workset_state(set, &debt_entity, debt_id);
	struct delinquency_review review;

	if (debt == NULL || debt->lifecycle != LIFECYCLE_NEW || !debt_is_due(debt->due_on, timer->today))
		return;
	debt_activate(debt_id, debt, debt->due_on, debt->version + 1, decision);
	review = delinquency_of(debt_id, debt);
	review.lifecycle = LIFECYCLE_ACTIVE;
	delinquency_follow(&review, decision);
}
