/* What a policy may say: ranges and words of the policy and of each step, then the ladder of each arm. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "base/place.h"
#include "consumers/dunning/policy.h"
#include "model/asks.h"

/* ---- what a policy may say ---- */

#define DAYS_MAX     3650
#define PRIORITY_MAX 9999
#define WEIGHT_MAX   1000
#define WAIT_MAX     365

static bool is_in(int64_t number, int64_t from, int64_t to)
{
	return number >= from && number <= to;
}

static bool is_capital(char letter)
{
	return letter >= 'A' && letter <= 'Z';
}

/* A name: small letters, digits, _ . - */
static bool is_name(const char *name)
{
	for (const char *at = name; *at != '\0'; at++) {
		if (!is_in(*at, 'a', 'z') && !is_in(*at, '0', '9') && strchr("_.-", *at) == NULL)
			return false;
	}
	return name[0] != '\0';
}

static bool name_fits(const struct policy *policy)
{
	return is_name(policy->name);
}

static bool version_fits(const struct policy *policy)
{
	return policy->version >= 1;
}

static bool priority_fits(const struct policy *policy)
{
	return is_in(policy->priority, 1, PRIORITY_MAX);
}

static bool jurisdiction_fits(const struct policy *policy)
{
	return policy->jurisdiction[0] == '\0' || (is_capital(policy->jurisdiction[0]) && is_capital(policy->jurisdiction[1]));
}

static bool kind_fits(const struct policy *policy)
{
	return policy->customer_kind < CUSTOMER_KIND_COUNT;
}

static bool currency_fits(const struct policy *policy)
{
	return policy->currency[0] == '\0' || currency_find(str_of(policy->currency)) != NULL;
}

static bool ids_fit(const struct uuid *ids, uint32_t count)
{
	for (uint32_t index = 0; index < count && count <= POLICY_LISTED_MAX; index++) {
		if (uuid_is_none(&ids[index]))
			return false;
	}
	return count <= POLICY_LISTED_MAX;
}

static bool creditors_fit(const struct policy *policy)
{
	return ids_fit(policy->creditors, policy->creditors_count);
}

static bool portfolios_fit(const struct policy *policy)
{
	return ids_fit(policy->portfolios, policy->portfolios_count);
}

static bool languages_fit(const struct policy *policy)
{
	for (uint32_t index = 0; index < policy->languages_count && index < POLICY_LISTED_MAX; index++) {
		if (!language_tag_is_valid(str_of(policy->languages[index])))
			return false;
	}
	return policy->languages_count <= POLICY_LISTED_MAX;
}

static bool range_fits(int32_t from, int32_t to)
{
	return is_in(from, 0, DAYS_MAX) && (to == 0 || is_in(to, from, DAYS_MAX));
}

static bool segment_days_fit(const struct policy *policy)
{
	return range_fits(policy->days_from, policy->days_to);
}

static bool balances_fit(const struct policy *policy)
{
	return is_in(policy->balance_from, 0, MONEY_MINOR_MAX) &&
	       (policy->balance_to == 0 || is_in(policy->balance_to, policy->balance_from + 1, MONEY_MINOR_MAX));
}

static bool tolerance_fits(const struct policy *policy)
{
	return is_in(policy->tolerance_minor, 0, MONEY_MINOR_MAX);
}

static bool day_cap_fits(const struct policy *policy)
{
	return is_in(policy->demands_a_day, 1, 7);
}

static bool week_cap_fits(const struct policy *policy)
{
	return is_in(policy->demands_a_week, policy->demands_a_day, DEMANDS_A_WEEK_MAX);
}

static bool catch_up_fits(const struct policy *policy)
{
	return is_in(policy->catch_up, CATCH_UP_NONE + 1, DUNNING_CATCH_UP_COUNT - 1);
}

static bool new_debts_fit(const struct policy *policy)
{
	return is_in(policy->new_debts, NEW_DEBTS_NONE + 1, DUNNING_NEW_DEBTS_COUNT - 1);
}

static bool reopened_fits(const struct policy *policy)
{
	return is_in(policy->reopened, REOPENED_NONE + 1, DUNNING_REOPENED_COUNT - 1);
}

static bool has_arm(const struct policy *policy, const char *name, uint32_t before)
{
	for (uint32_t index = 0; index < before; index++) {
		if (strcmp(policy->arms[index].name, name) == 0)
			return true;
	}
	return false;
}

static bool arms_fit(const struct policy *policy)
{
	for (uint32_t index = 0; index < policy->arms_count && index < POLICY_ARMS_MAX; index++) {
		const struct policy_arm *arm = &policy->arms[index];

		if (!is_name(arm->name) || !is_in(arm->weight, 1, WEIGHT_MAX) || has_arm(policy, arm->name, index))
			return false;
	}
	return policy->arms_count != 1 && policy->arms_count <= POLICY_ARMS_MAX;
}

static bool count_fits(const struct policy *policy)
{
	return is_in(policy->steps_count, 1, POLICY_STEPS_MAX);
}

/* In the order in which they are checked: those behind `arms` may trust it, and so on. */
static const struct {
	const char *field;
	bool (*holds)(const struct policy *policy);
	const char *text;
} policy_checks[] = {
	{ "policy", name_fits, "small letters, digits, _ . -" },
	{ "policy_version", version_fits, "versions are 1, 2, 3 ..." },
	{ "priority", priority_fits, "1 to 9999" },
	{ "jurisdiction", jurisdiction_fits, "a country of two capital letters, or none" },
	{ "customer_kind", kind_fits, CUSTOMER_KIND_LISTED },
	{ "debt_currency", currency_fits, "no such currency" },
	{ "creditor_ids", creditors_fit, "at most 8 ids" },
	{ "portfolio_ids", portfolios_fit, "at most 8 ids" },
	{ "languages", languages_fit, "at most 8 language tags" },
	{ "days_to", segment_days_fit, "days past due are 0 to 3650, and the last not before the first" },
	{ "balance_to_minor", balances_fit, "the balance is 0 or more, and its end above its beginning" },
	{ "tolerance_minor", tolerance_fits, "0 or more" },
	{ "demands_a_day", day_cap_fits, "1 to 7" },
	{ "demands_a_week", week_cap_fits, "at most 28, and not fewer than a day" },
	{ "catch_up", catch_up_fits, DUNNING_CATCH_UP_LISTED },
	{ "new_debts", new_debts_fit, DUNNING_NEW_DEBTS_LISTED },
	{ "reopened", reopened_fits, DUNNING_REOPENED_LISTED },
	{ "arms", arms_fit, "two to four or none, each with a name of its own and a weight of 1 to 1000" },
	{ "steps", count_fits, "1 to 32 steps" },
};

/* ---- what a step may say ---- */

static bool number_fits(const struct policy_step *step)
{
	return is_in(step->number, 1, LEVEL_MAX);
}

static bool trigger_fits(const struct policy_step *step)
{
	return is_in(step->trigger, TRIGGER_NONE + 1, DUNNING_TRIGGER_COUNT - 1);
}

static bool days_fit(const struct policy_step *step)
{
	switch ((enum dunning_trigger)step->trigger) {
	case TRIGGER_DAYS_PAST_DUE:
		return is_in(step->days, -REMINDER_DAYS_MAX, DAYS_MAX) && step->days != 0;
	case TRIGGER_DAYS_SINCE_STEP:
		return is_in(step->days, 1, DAYS_MAX);
	case TRIGGER_MONTH_END:
		return is_in(step->days, 0, DAYS_MAX);
	case TRIGGER_NONE:
	case TRIGGER_ON_DATE:
	case TRIGGER_EVENT:
	case DUNNING_TRIGGER_COUNT:
		return step->days == 0;
	}
	return false;
}

static bool date_fits(const struct policy_step *step)
{
	return step->trigger == TRIGGER_ON_DATE ? is_in(step->on, 1, DAY_MAX) : step->on == 0;
}

static bool event_fits(const struct policy_step *step)
{
	return step->trigger == TRIGGER_EVENT ? is_in(step->event, DUNNING_EVENT_NONE + 1, DUNNING_CAUSE_COUNT - 1)
					      : step->event == 0;
}

static bool preconditions_fit(const struct policy_step *step)
{
	return is_in(step->min_balance_minor, 0, MONEY_MINOR_MAX) && is_in(step->min_age_days, 0, DAYS_MAX) &&
	       range_fits(step->days_from, step->days_to);
}

static bool action_fits(const struct policy_step *step)
{
	return is_in(step->action, ACTION_NONE + 1, DUNNING_ACTION_COUNT - 1);
}

static bool is_send(const struct policy_step *step)
{
	return step->action == ACTION_SEND;
}

static bool message_fits(const struct policy_step *step)
{
	if (!is_send(step))
		return step->template_name[0] == '\0' && step->message_class == MESSAGE_CLASS_NONE && step->send_days == 0;
	return is_name(step->template_name) && is_in(step->message_class, MESSAGE_CLASS_NONE + 1, MESSAGE_CLASS_COUNT - 1) &&
	       is_in(step->send_days, 1, 30);
}

static bool channel_is_new(const struct policy_step *step, uint32_t index)
{
	for (uint32_t other = 0; other < index; other++) {
		if (step->channels[other] == step->channels[index])
			return false;
	}
	return true;
}

static bool channels_fit(const struct policy_step *step)
{
	for (uint32_t index = 0; index < step->channels_count && index < STEP_CHANNELS_MAX; index++) {
		const char *name = step->channels[index] < CHANNEL_COUNT ? channel_name((enum channel)step->channels[index]) : "";

		if (message_channel_by_name(str_of(name)) == CHANNEL_NONE || !channel_is_new(step, index))
			return false;
	}
	return is_send(step) ? is_in(step->channels_count, 1, STEP_CHANNELS_MAX) : step->channels_count == 0;
}

static bool reminder_fits(const struct policy_step *step)
{
	return !step_is_reminder(step) ||
	       (is_send(step) && class_asks((enum message_class)step->message_class) != ASKS_DUE && step->days_from == 0);
}

static bool otherwise_fits(const struct policy_step *step)
{
	bool retries = step->otherwise == OTHERWISE_RETRY;

	return is_in(step->otherwise, OTHERWISE_NONE + 1, DUNNING_OTHERWISE_COUNT - 1) &&
	       (retries ? is_in(step->retry_days, 1, 60) && is_in(step->tries_max, 1, 10)
			: step->retry_days == 0 && step->tries_max == 0);
}

static bool wait_fits(const struct policy_step *step)
{
	return is_in(step->wait_days, 0, WAIT_MAX);
}

static const struct {
	bool (*holds)(const struct policy_step *step);
	const char *text;
} step_checks[] = {
	{ number_fits, "a number is 1 to 99" },
	{ trigger_fits, "a trigger is one of: " DUNNING_TRIGGER_LISTED },
	{ days_fit,
	  "days_past_due has days of -30 to -1 or 1 to 3650, days_since_step 1 to 3650, month_end 0 to 3650, no other has days" },
	{ date_fits, "on_date has a date, and no other trigger has one" },
	{ event_fits, "event has one of: " DUNNING_CAUSE_LISTED "; no other trigger has one" },
	{ preconditions_fit, "a precondition is 0 or more, and the last day past due not before the first" },
	{ action_fits, "an action is one of: " DUNNING_ACTION_LISTED },
	{ message_fits, "send has a template, a message class and 1 to 30 send days, and no other action has one" },
	{ channels_fit, "send has 1 to 3 different channels of: " MESSAGE_CHANNEL_LISTED "; no other action has one" },
	{ reminder_fits, "before the due day a step is a message that demands nothing, without days_from" },
	{ otherwise_fits, "otherwise: " DUNNING_OTHERWISE_LISTED "; retry has 1 to 60 days and 1 to 10 tries, no other has" },
	{ wait_fits, "wait_days are 0 to 365" },
};

/* ---- the ladder ---- */

/* What came before a step on the ladder of an arm. */
struct rung {
	int32_t number;
	int32_t days_past_due;  /* of the last step with this trigger; 0: none */
	bool is_past_reminders; /* a step that does not lapse */
};

/* The sentence against a step in its place; NULL: sound. */
static const char *climb(struct rung *rung, const struct policy_step *step)
{
	if (step->number <= rung->number)
		return "the numbers of an arm's steps rise";
	if (step_is_reminder(step) && rung->is_past_reminders)
		return "a step before the due day stands before all that are not";
	if (step->trigger == TRIGGER_DAYS_PAST_DUE && rung->days_past_due != 0 && step->days < rung->days_past_due)
		return "it is due before an earlier step";
	if (step->trigger == TRIGGER_DAYS_SINCE_STEP && !rung->is_past_reminders)
		return "days_since_step needs an earlier step that does not lapse and is for no event";
	rung->number = step->number;
	if (step->trigger == TRIGGER_DAYS_PAST_DUE)
		rung->days_past_due = step->days;
	rung->is_past_reminders |= !step_is_reminder(step) && step->trigger != TRIGGER_EVENT;
	return NULL;
}

static const char *check_ladder(const struct policy *policy, const struct policy_arm *arm, int32_t *ret_number)
{
	struct rung rung = { 0 };
	const char *text = NULL;

	for (uint32_t index = 0; index < policy->steps_count && text == NULL; index++) {
		const struct policy_step *step = &policy->steps[index];

		*ret_number = step->number;
		if (step_is_in_arm(step, arm))
			text = climb(&rung, step);
	}
	return text;
}

static const char *check_ladders(const struct policy *policy, int32_t *ret_number)
{
	const char *text = policy->arms_count == 0 ? check_ladder(policy, NULL, ret_number) : NULL;

	for (uint32_t index = 0; index < policy->arms_count && text == NULL; index++)
		text = check_ladder(policy, &policy->arms[index], ret_number);
	return text;
}

static const char *check_step(const struct policy *policy, uint32_t at)
{
	const struct policy_step *step = &policy->steps[at];

	for (uint32_t index = 0; index < COUNT(step_checks); index++) {
		if (!step_checks[index].holds(step))
			return step_checks[index].text;
	}
	if (step->arm[0] != '\0' && !has_arm(policy, step->arm, policy->arms_count))
		return "the policy has no such arm";
	if (at > 0 && step->number < policy->steps[at - 1].number)
		return "the steps stand in the order of their numbers";
	return NULL;
}

static const char *check_steps(const struct policy *policy, int32_t *ret_number)
{
	for (uint32_t index = 0; index < policy->steps_count; index++) {
		const char *text = check_step(policy, index);

		*ret_number = policy->steps[index].number;
		if (text != NULL)
			return text;
	}
	return check_ladders(policy, ret_number);
}

bool policy_is_sound(const struct policy *policy, struct policy_fault *fault)
{
	int32_t number = 0;
	const char *text;

	for (uint32_t index = 0; index < COUNT(policy_checks); index++) {
		if (policy_checks[index].holds(policy))
			continue;
		fault->field = policy_checks[index].field;
		(void)snprintf(fault->text, sizeof(fault->text), "%s", policy_checks[index].text);
		return false;
	}
	text = check_steps(policy, &number);
	if (text == NULL)
		return true;
	fault->field = "steps";
	(void)snprintf(fault->text, sizeof(fault->text), "step %d: %s", (int)number, text);
	return false;
}
