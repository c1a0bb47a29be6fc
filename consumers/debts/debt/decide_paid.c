#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* An open debt becomes PAID: by its last payment, or because the rest was waived or corrected. */

void debt_pay_up(const struct uuid *debt_id, const struct debt *debt, int32_t paid_on, int64_t version, struct decision *decision)
{
	struct debt_paid *event = decision_event(decision, &debt_paid_type);

	event->debt_id = *debt_id;
	event->customer_id = debt->customer_id;
	event->version = version;
	event->creditor_id = debt->creditor_id;
	event->currency = str_of(debt->currency);
	event->due_on = debt->due_on;
	event->paid_on = paid_on;
	event->has_booked_on = true;
	event->booked_on = decision->command->today;
}
