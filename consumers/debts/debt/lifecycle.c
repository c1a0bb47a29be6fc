#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/debts.h"

/*
 * The moves of consumers/DOMAIN.md 4, axis 1, as data. Rows of later causes are added here and nowhere else. A debt
 * that is ARRANGED goes by way of ACTIVE where its plan or settlement ends with it.
 * UndoChargeOff goes the row of CAUSE_CHARGED_OFF back that the debt has come.
 */
struct move {
	enum lifecycle from;
	enum lifecycle_cause cause;
	enum lifecycle to;
};

static const struct move moves[] = {
	{ LIFECYCLE_NONE, CAUSE_CREATED, LIFECYCLE_NEW },
	{ LIFECYCLE_NEW, CAUSE_DUE, LIFECYCLE_ACTIVE },
	{ LIFECYCLE_NEW, CAUSE_PAID_UP, LIFECYCLE_PAID },
	{ LIFECYCLE_ACTIVE, CAUSE_PAID_UP, LIFECYCLE_PAID },
	{ LIFECYCLE_ARRANGED, CAUSE_PAID_UP, LIFECYCLE_PAID },
	{ LIFECYCLE_LEGAL, CAUSE_PAID_UP, LIFECYCLE_PAID },
	{ LIFECYCLE_CHARGED_OFF, CAUSE_PAID_UP, LIFECYCLE_PAID },
	{ LIFECYCLE_PAID, CAUSE_REOPENED, LIFECYCLE_ACTIVE },
	{ LIFECYCLE_SETTLED, CAUSE_REOPENED, LIFECYCLE_ACTIVE },
	{ LIFECYCLE_NEW, CAUSE_CANCELLED, LIFECYCLE_CANCELLED },
	{ LIFECYCLE_ACTIVE, CAUSE_CANCELLED, LIFECYCLE_CANCELLED },
	{ LIFECYCLE_ACTIVE, CAUSE_ARRANGED, LIFECYCLE_ARRANGED },
	{ LIFECYCLE_ARRANGED, CAUSE_ARRANGEMENT_ENDED, LIFECYCLE_ACTIVE },
	{ LIFECYCLE_ARRANGED, CAUSE_SETTLED, LIFECYCLE_SETTLED },
	{ LIFECYCLE_ACTIVE, CAUSE_SETTLED, LIFECYCLE_SETTLED }, /* by a payment that was booked late */
	{ LIFECYCLE_NEW, CAUSE_CHARGED_OFF, LIFECYCLE_CHARGED_OFF },
	{ LIFECYCLE_ACTIVE, CAUSE_CHARGED_OFF, LIFECYCLE_CHARGED_OFF },
	{ LIFECYCLE_ARRANGED, CAUSE_CHARGED_OFF, LIFECYCLE_CHARGED_OFF },
	{ LIFECYCLE_LEGAL, CAUSE_CHARGED_OFF, LIFECYCLE_CHARGED_OFF },
	{ LIFECYCLE_NEW, CAUSE_WRITTEN_OFF, LIFECYCLE_WRITTEN_OFF },
	{ LIFECYCLE_ACTIVE, CAUSE_WRITTEN_OFF, LIFECYCLE_WRITTEN_OFF },
	{ LIFECYCLE_ARRANGED, CAUSE_WRITTEN_OFF, LIFECYCLE_WRITTEN_OFF },
	{ LIFECYCLE_LEGAL, CAUSE_WRITTEN_OFF, LIFECYCLE_WRITTEN_OFF },
	{ LIFECYCLE_CHARGED_OFF, CAUSE_WRITTEN_OFF, LIFECYCLE_WRITTEN_OFF },
	{ LIFECYCLE_NEW, CAUSE_TRANSFERRED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_ACTIVE, CAUSE_TRANSFERRED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_ARRANGED, CAUSE_TRANSFERRED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_LEGAL, CAUSE_TRANSFERRED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_CHARGED_OFF, CAUSE_TRANSFERRED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_NEW, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_ACTIVE, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_ARRANGED, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_LEGAL, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_CHARGED_OFF, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_PAID, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED }, /* 12 CFR 1006.30(b)(2): a recall is no transfer */
	{ LIFECYCLE_SETTLED, CAUSE_RECALLED, LIFECYCLE_TRANSFERRED },
	{ LIFECYCLE_PAID, CAUSE_RECOVERY_REVERSED, LIFECYCLE_CHARGED_OFF },
	{ LIFECYCLE_SETTLED, CAUSE_RECOVERY_REVERSED, LIFECYCLE_CHARGED_OFF },
};

enum lifecycle lifecycle_after(enum lifecycle from, enum lifecycle_cause cause)
{
	MUST(from < LIFECYCLE_COUNT);
	MUST(cause < CAUSE_COUNT);
	for (size_t index = 0; index < COUNT(moves); index++) {
		if (moves[index].from == from && moves[index].cause == cause)
			return moves[index].to;
	}
	return LIFECYCLE_NONE;
}

enum lifecycle_cause debt_reopening(const struct debt *debt)
{
	return debt->charged_off_on != 0 ? CAUSE_RECOVERY_REVERSED : CAUSE_REOPENED;
}

bool lifecycle_is_terminal(enum lifecycle lifecycle)
{
	return lifecycle == LIFECYCLE_WRITTEN_OFF || lifecycle == LIFECYCLE_TRANSFERRED || lifecycle == LIFECYCLE_CANCELLED;
}

bool debt_is_in_books(unsigned lifecycle)
{
	return !lifecycle_is_terminal(lifecycle);
}

bool debt_is_open(unsigned lifecycle)
{
	return lifecycle != LIFECYCLE_ARRANGED && lifecycle_after(lifecycle, CAUSE_PAID_UP) != LIFECYCLE_NONE;
}

bool debt_takes_dispute(unsigned lifecycle)
{
	return lifecycle != LIFECYCLE_NONE;
}

bool debt_takes_plan(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_ARRANGED) != LIFECYCLE_NONE;
}

bool debt_takes_promise(unsigned lifecycle)
{
	return debt_is_open(lifecycle);
}

bool debt_is_cancellable(unsigned lifecycle)
{
	return lifecycle_after(lifecycle, CAUSE_CANCELLED) != LIFECYCLE_NONE;
}
