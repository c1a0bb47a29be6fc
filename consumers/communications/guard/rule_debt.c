#include "base/day.h"
#include "base/money.h"
#include "consumers/communications/guard/rule.h"
#include "model/holidays.h"

/* What the debts of a message permit. One debt that does not permit it denies the whole. */

typedef bool debt_function(const struct question *question, const struct guard_debt *debt);

static bool any_debt(const struct question *question, debt_function *is)
{
	for (uint32_t index = 0; index < question->facts->debts_count; index++) {
		if (is(question, &question->facts->debts[index]))
			return true;
	}
	return false;
}

/* ---- the validation notice: US-14 to US-18 ---- */

#define RECEIPT_DAYS 0
#define PERIOD_DAYS  1
#define NOTICE_DAYS  0

#define RECEIPT_DAYS_MAX 365

/* The holidays of 5 USC 6103(a) as they are, without the days off in their place. */
int32_t guard_validation_ends(int32_t sent_on, int32_t receipt_days, int32_t period_days)
{
	int32_t day = sent_on < DAY_MIN                          ? DAY_MIN
		      : sent_on > DAY_MAX - 3 * RECEIPT_DAYS_MAX ? DAY_MAX - 3 * RECEIPT_DAYS_MAX
								 : sent_on;
	int32_t left = receipt_days > RECEIPT_DAYS_MAX ? RECEIPT_DAYS_MAX : receipt_days;

	while (left > 0) {
		day++;
		if (day_of_week(day) < 5 && !day_is_holiday(HOLIDAYS_US, day))
			left--;
	}
	return day + period_days;
}

static int32_t validation_ends(const struct question *question, const struct guard_debt *debt)
{
	const int32_t *numbers = question->profile->settings[RULE_US_15].numbers;

	return guard_validation_ends(debt->notice_on, numbers[RECEIPT_DAYS], numbers[PERIOD_DAYS]);
}

/* Where a law has no such period (US-15 is off) there is none. */
static bool has_period(const struct question *question)
{
	return question->profile->settings[RULE_US_15].choice != CHOICE_OFF;
}

/* A notice that came back was not sent. */
static bool has_notice(const struct guard_debt *debt)
{
	return debt->notice_on != 0 && debt->notice_bounced != FACT_YES;
}

/* The first of days from each of which a debt denies; INT32_MAX: none. It denies now, or when the day begins somewhere. */
static struct answer allow_until_day(const struct question *question, int32_t day)
{
	if (day == INT32_MAX)
		return allowed;
	return day_at_most(question) >= day ? deny_if(true) : allow_until(day_begins_anywhere(question, day));
}

static bool never_had_notice(const struct guard_debt *debt)
{
	return debt->notice_on == 0;
}

static bool has_bounced_notice(const struct guard_debt *debt)
{
	return debt->notice_on != 0 && debt->notice_bounced == FACT_YES;
}

/* From the day on from which a debt without a notice stops everything but the notice. */
static struct answer ask_notice(const struct question *question, bool (*lacks)(const struct guard_debt *debt))
{
	const struct guard_facts *facts = question->facts;
	const int32_t days = question->profile->settings[RULE_US_14].numbers[NOTICE_DAYS];
	int32_t lacking_on = INT32_MAX;

	if (!is_to_consumer(facts) || facts->message_class == MESSAGE_CLASS_VALIDATION_NOTICE)
		return allowed;
	for (uint32_t index = 0; index < facts->debts_count; index++) {
		const struct guard_debt *debt = &facts->debts[index];
		int32_t day = debt->contacted_on + days + 1;

		if (debt->contacted_on != 0 && lacks(debt) && day < lacking_on)
			lacking_on = day;
	}
	return allow_until_day(question, lacking_on);
}

struct answer rule_notice(const struct question *question)
{
	return ask_notice(question, never_had_notice);
}

/* It has to be sent again, within the same days of the first communication (US-14). */
struct answer rule_bounced_notice(const struct question *question)
{
	return ask_notice(question, has_bounced_notice);
}

/* Whether the period is certainly over: no week has two holidays, so a day that counts takes less than three. */
static bool is_long_ago(const struct question *question, const struct guard_debt *debt)
{
	const int32_t *numbers = question->profile->settings[RULE_US_15].numbers;

	return (int64_t)day_at_least(question) >
	       (int64_t)debt->notice_on + 3 * (int64_t)numbers[RECEIPT_DAYS] + 14 + numbers[PERIOD_DAYS];
}

static bool is_in_validation(const struct question *question, const struct guard_debt *debt)
{
	return has_period(question) && has_notice(debt) && !is_long_ago(question, debt) &&
	       day_at_least(question) <= validation_ends(question, debt);
}

struct answer rule_overshadowing(const struct question *question)
{
	return deny_if(is_to_consumer(question->facts) && class_is_in(question->facts, CLASSES_PAY_NOW) &&
		       any_debt(question, is_in_validation));
}

/* In the period, or before it has begun. */
static bool awaits_verification(const struct question *question, const struct guard_debt *debt)
{
	return has_period(question) && debt->disputed_on != 0 && debt->answered_on == 0 &&
	       (!has_notice(debt) || debt->disputed_on <= validation_ends(question, debt));
}

struct answer rule_written_dispute(const struct question *question)
{
	return deny_if(is_to_consumer(question->facts) && class_is_in(question->facts, CLASSES_COLLECTING) &&
		       any_debt(question, awaits_verification));
}

/* ---- time-barred debts, credit reports, sales ---- */

static bool may_be_barred(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->is_barred != FACT_NO;
}

struct answer rule_time_barred(const struct question *question)
{
	return deny_if(is_to_consumer(question->facts) && class_is_in(question->facts, CLASS(LEGAL_NOTICE)) &&
		       any_debt(question, may_be_barred));
}

#define WAIT_DAYS 0

/* Only after somebody spoke with the person, or wrote and waited for a notice that it could not be delivered. */
static struct answer ask_credit_report(const struct question *question, const struct guard_debt *debt)
{
	int32_t free_on = debt->written_on + question->numbers[WAIT_DAYS] + 1;

	if (debt->spoken_on != 0)
		return allowed;
	if (debt->written_on == 0 || debt->letter_bounced == FACT_YES)
		return deny_if(true);
	return day_at_least(question) >= free_on ? allowed : defer_until(day_begins_everywhere(question, free_on));
}

struct answer rule_credit_report(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	struct answer answer = deny_if(facts->debts_count == 0);

	if (facts->act != ACT_CREDIT_REPORT)
		return allowed;
	for (uint32_t index = 0; index < facts->debts_count; index++)
		answer = strictest(answer, ask_credit_report(question, &facts->debts[index]));
	return answer;
}

static bool is_settled(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->is_settled != FACT_NO;
}

struct answer rule_sale(const struct question *question)
{
	return deny_if(question->facts->act == ACT_SALE && (question->facts->debts_count == 0 || any_debt(question, is_settled)));
}

/* ---- the United Kingdom ---- */

static bool may_be_disputed(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->is_disputed != FACT_NO;
}

struct answer rule_uk_dispute(const struct question *question)
{
	return deny_if(is_to_consumer(question->facts) && class_is_in(question->facts, CLASSES_COLLECTING) &&
		       any_debt(question, may_be_disputed));
}

#define YEARS          0
#define YEARS_SCOTLAND 1
#define YEARS_MAX      100

/* The day of the same date so many years later, 28 February for a leap day. */
static int32_t years_later(int32_t day, int32_t years)
{
	int year;
	int month;
	int of_month;

	if (day < DAY_MIN || day > DAY_MAX - 366 * YEARS_MAX || years < 0 || years > YEARS_MAX)
		return INT32_MAX;
	day_split(day, &year, &month, &of_month);
	return day_of(year + years, month, month == 2 && of_month == 29 ? 28 : of_month);
}

/* The first day after the years; INT32_MAX: there is none. */
static int32_t over_on(const struct guard_debt *debt, int32_t years)
{
	int32_t last = debt->limited_on == 0 ? INT32_MAX : years_later(debt->limited_on, years);

	return last == INT32_MAX ? last : last + 1;
}

/* In Scotland a debt ends with the time. A person is taken to be there who is not known to be in another country of the Kingdom. */
static bool may_be_in_scotland(const struct guard_facts *facts)
{
	return strcmp(facts->region, "ENG") != 0 && strcmp(facts->region, "WLS") != 0 && strcmp(facts->region, "NIR") != 0;
}

static bool was_said_to_be_barred(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->said_barred == FACT_YES;
}

/* Not known from when on: it may be over. */
static bool has_no_beginning(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->limited_on == 0;
}

/* The first day on which time alone has ended one of the debts. */
static int32_t first_over_on(const struct question *question, bool is_collecting, bool is_legal)
{
	const struct guard_facts *facts = question->facts;
	int32_t first = INT32_MAX;

	for (uint32_t index = 0; index < facts->debts_count; index++) {
		int32_t ends = is_collecting && may_be_in_scotland(facts)
				       ? over_on(&facts->debts[index], question->numbers[YEARS_SCOTLAND])
				       : INT32_MAX;
		int32_t sued = is_legal ? over_on(&facts->debts[index], question->numbers[YEARS]) : INT32_MAX;

		first = ends < first ? ends : first;
		first = sued < first ? sued : first;
	}
	return first;
}

struct answer rule_uk_limitation(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	bool is_collecting = class_is_in(facts, CLASSES_COLLECTING);
	bool is_legal = class_is_in(facts, CLASS(LEGAL_NOTICE));

	if (!is_to_consumer(facts))
		return allowed;
	if ((is_collecting && any_debt(question, was_said_to_be_barred)) ||
	    ((is_legal || (is_collecting && may_be_in_scotland(facts))) && any_debt(question, has_no_beginning)))
		return deny_if(true);
	return allow_until_day(question, first_over_on(question, is_collecting, is_legal));
}

/* ---- the house ---- */

static enum asks asks_of(const struct guard_facts *facts)
{
	return facts->act == ACT_SEND ? class_asks((enum message_class)facts->message_class) : ASKS_NOTHING;
}

static bool is_closed(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->is_closed != FACT_NO;
}

struct answer rule_debt_open(const struct question *question)
{
	return deny_if(asks_of(question->facts) >= ASKS_OWED && any_debt(question, is_closed));
}

static bool is_unowed(const struct question *question, const struct guard_debt *debt)
{
	(void)question;
	return debt->balance_minor <= 0;
}

/* Nothing is left of what the debts owe together. A sum beyond 64 bits is owed. */
static bool are_covered(const struct guard_facts *facts)
{
	int64_t net_minor = 0;

	for (uint32_t index = 0; index < facts->debts_count; index++) {
		if (!money_add(net_minor, facts->debts[index].balance_minor, &net_minor))
			return false;
	}
	return facts->debts_count > 0 && net_minor <= facts->credits_minor;
}

struct answer rule_debt_owed(const struct question *question)
{
	return deny_if(asks_of(question->facts) >= ASKS_OWED && (any_debt(question, is_unowed) || are_covered(question->facts)));
}

static bool is_undue(const struct question *question, const struct guard_debt *debt)
{
	return debt->due_on > question->facts->today;
}

struct answer rule_debt_due(const struct question *question)
{
	return deny_if(asks_of(question->facts) >= ASKS_DUE && any_debt(question, is_undue));
}
