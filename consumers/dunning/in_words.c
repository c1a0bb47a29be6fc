#include "consumers/dunning/in_words.h"

#include "base/day.h"

const char *wait_in_words(enum dunning_wait wait)
{
	static const char *const words[DUNNING_WAIT_COUNT] = {
		[WAIT_NONE] = "",
		[WAIT_PERSON] = "the person is not active",
		[WAIT_DECEASED] = "the person has died",
		[WAIT_BANKRUPTCY] = "the person is bankrupt",
		[WAIT_RESTRICTION] = "a circumstance forbids demands",
		[WAIT_BALANCE] = "too little is owed",
		[WAIT_INBOUND] = "the person wrote today",
		[WAIT_PRECONDITION] = "the step's conditions do not hold yet",
		[WAIT_CAP] = "the person was asked often enough",
		[WAIT_RETRY] = "the step has failed and is tried again later",
		[WAIT_OPTED_OUT] = "the person has opted out of every channel of the step",
		[WAIT_NO_CONTACT] = "the person has no address on a channel of the step",
	};

	return words[wait];
}

const char *task_in_words(enum dunning_action action)
{
	static const char *const tasks[DUNNING_ACTION_COUNT] = {
		[ACTION_CALL] = "a person calls",
		[ACTION_REVIEW] = "a person looks at it",
		[ACTION_ASSESS_FEE] = "a person decides about costs",
		[ACTION_OFFER_PLAN] = "a person offers instalments",
		[ACTION_OFFER_SETTLEMENT] = "a person offers a settlement",
		[ACTION_CREDIT_REPORT] = "a person decides about a report to a credit bureau",
		[ACTION_LEGAL_REFERRAL] = "a person decides about the lawyer",
		[ACTION_CHARGE_OFF] = "a person decides about a charge-off",
	};

	return tasks[action];
}

const char *trace_in_words(void)
{
	return "a person finds out how the customer can be reached";
}

void count_in_words(struct buf *text, int64_t count, const char *noun)
{
	buf_add_format(text, "%lld %s%s", (long long)count, noun, count == 1 ? "" : "s");
}

void trigger_in_words(struct buf *text, const struct policy_step *step)
{
	char day[16];

	switch ((enum dunning_trigger)step->trigger) {
	case TRIGGER_DAYS_PAST_DUE:
		count_in_words(text, step->days < 0 ? -step->days : step->days, "day");
		buf_add_text(text, step->days < 0 ? " before the due date" : " past due");
		return;
	case TRIGGER_DAYS_SINCE_STEP:
		count_in_words(text, step->days, "day");
		buf_add_text(text, " after the step before");
		return;
	case TRIGGER_MONTH_END:
		count_in_words(text, step->days, "day");
		buf_add_text(text, " after the end of the due date's month");
		return;
	case TRIGGER_ON_DATE:
		day_format(day, step->on);
		buf_add_format(text, "on %s", day);
		return;
	case TRIGGER_EVENT:
		buf_add_format(text, "at once after %s", dunning_cause_name((enum dunning_cause)step->event));
		return;
	case TRIGGER_NONE:
	case DUNNING_TRIGGER_COUNT:
		return;
	}
}
