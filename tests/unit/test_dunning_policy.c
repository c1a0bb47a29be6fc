#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <limits.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/dunning/policy.h"
#include "crypto/crypto.h"

static struct policy policy;
static struct policies several;

static const struct policy_step a_message = {
	.number = 2,
	.trigger = TRIGGER_DAYS_PAST_DUE,
	.days = 5,
	.action = ACTION_SEND,
	.template_name = "payment_reminder",
	.message_class = MESSAGE_CLASS_DEMAND,
	.channels = { CHANNEL_EMAIL, CHANNEL_LETTER },
	.channels_count = 2,
	.send_days = 3,
	.otherwise = OTHERWISE_RETRY,
	.retry_days = 2,
	.tries_max = 3,
};

static const struct policy_step a_task = {
	.number = 4, .trigger = TRIGGER_DAYS_SINCE_STEP, .days = 10, .action = ACTION_CALL, .otherwise = OTHERWISE_MOVE_ON
};

/* A sound policy: a reminder, two demands, a call. */
static struct policy a_policy(void)
{
	struct policy made = { .name = "early",
			       .version = 1,
			       .priority = 100,
			       .demands_a_day = 1,
			       .demands_a_week = 3,
			       .catch_up = CATCH_UP_ONE_A_DAY,
			       .new_debts = NEW_DEBTS_JOIN,
			       .reopened = REOPENED_START,
			       .steps_count = 4 };

	for (uint32_t index = 0; index < 3; index++)
		made.steps[index] = a_message;
	made.steps[0].number = 1;
	made.steps[0].days = -3;
	made.steps[0].message_class = MESSAGE_CLASS_REMINDER;
	made.steps[2].number = 3;
	made.steps[2].days = 20;
	made.steps[3] = a_task;
	return made;
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	policy = a_policy();
	return crypto_init(&err);
}

/* ---- what is refused ---- */

static void test_dunning_policy__a_sound_one_is_found_sound(void **state)
{
	struct policy_fault fault = { 0 };

	(void)state;
	assert_true(policy_is_sound(&policy, &fault));
	assert_null(fault.field);
}

#define FIELD(member) offsetof(struct policy, member)
#define STEP(index, member)                                                                                                      \
	(offsetof(struct policy, steps) + (index) * sizeof(struct policy_step) + offsetof(struct policy_step, member))

/* One number of the sound policy is another one. */
static const struct change {
	size_t at;
	int32_t number;
	const char *field; /* NULL: it is sound all the same */
	const char *text;  /* a part of the sentence */
} changes[] = {
	{ FIELD(version), 0, "policy_version", "" },
	{ FIELD(version), 7, NULL, "" },
	{ FIELD(priority), 0, "priority", "9999" },
	{ FIELD(priority), 9999, NULL, "" },
	{ FIELD(priority), 10000, "priority", "9999" },
	{ FIELD(customer_kind), CUSTOMER_KIND_COUNT, "customer_kind", "natural" },
	{ FIELD(customer_kind), CUSTOMER_KIND_LEGAL, NULL, "" },
	{ FIELD(creditors_count), POLICY_LISTED_MAX + 1, "creditor_ids", "8" },
	{ FIELD(creditors_count), 1, "creditor_ids", "8" }, /* the nil id */
	{ FIELD(portfolios_count), POLICY_LISTED_MAX + 1, "portfolio_ids", "8" },
	{ FIELD(portfolios_count), 1, "portfolio_ids", "8" },
	{ FIELD(languages_count), POLICY_LISTED_MAX + 1, "languages", "8" },
	{ FIELD(languages_count), 1, "languages", "8" }, /* an empty tag */
	{ FIELD(days_from), -1, "days_to", "0 to 3650" },
	{ FIELD(days_from), 3650, NULL, "" },
	{ FIELD(days_from), 3651, "days_to", "0 to 3650" },
	{ FIELD(days_to), 3651, "days_to", "0 to 3650" },
	{ FIELD(days_to), -1, "days_to", "0 to 3650" },
	{ FIELD(days_to), 1, NULL, "" },
	{ FIELD(demands_a_day), 0, "demands_a_day", "1 to 7" },
	{ FIELD(demands_a_day), 3, NULL, "" },
	{ FIELD(demands_a_day), 4, "demands_a_week", "fewer" },
	{ FIELD(demands_a_day), 8, "demands_a_day", "1 to 7" },
	{ FIELD(demands_a_week), 0, "demands_a_week", "fewer" },
	{ FIELD(demands_a_week), 28, NULL, "" },
	{ FIELD(demands_a_week), 29, "demands_a_week", "28" },
	{ FIELD(catch_up), CATCH_UP_NONE, "catch_up", "one_a_day" },
	{ FIELD(catch_up), DUNNING_CATCH_UP_COUNT, "catch_up", "one_a_day" },
	{ FIELD(new_debts), NEW_DEBTS_NONE, "new_debts", "join" },
	{ FIELD(reopened), DUNNING_REOPENED_COUNT, "reopened", "resume" },
	{ FIELD(arms_count), POLICY_ARMS_MAX + 1, "arms", "four" },
	{ FIELD(arms_count), 1, "arms", "two" },
	{ FIELD(steps_count), 0, "steps", "1 to 32" },
	{ FIELD(steps_count), POLICY_STEPS_MAX + 1, "steps", "1 to 32" },
	{ FIELD(steps_count), 3, NULL, "" },

	{ STEP(0, number), 0, "steps", "step 0: a number" },
	{ STEP(3, number), 99, NULL, "" },
	{ STEP(3, number), 100, "steps", "step 100: a number" },
	{ STEP(1, trigger), TRIGGER_NONE, "steps", "step 2: a trigger" },
	{ STEP(1, trigger), DUNNING_TRIGGER_COUNT, "steps", "step 2: a trigger" },
	{ STEP(1, trigger), TRIGGER_EVENT, "steps", "step 2: days_past_due" },
	{ STEP(1, trigger), TRIGGER_ON_DATE, "steps", "step 2: days_past_due" },
	{ STEP(1, trigger), TRIGGER_MONTH_END, NULL, "" },
	{ STEP(1, trigger), TRIGGER_DAYS_SINCE_STEP, "steps", "step 2: days_since_step needs" },
	{ STEP(1, days), 0, "steps", "step 2: days_past_due has" },
	{ STEP(0, days), -30, NULL, "" },
	{ STEP(0, days), -31, "steps", "step 1: days_past_due has" },
	{ STEP(2, days), 3650, NULL, "" },
	{ STEP(2, days), 3651, "steps", "step 3: days_past_due has" },
	{ STEP(3, days), 0, "steps", "step 4: days_past_due has" },
	{ STEP(1, on), 20000, "steps", "step 2: on_date" },
	{ STEP(1, event), DUNNING_EVENT_PAYMENT_REVERSED, "steps", "step 2: event" },
	{ STEP(1, min_age_days), -1, "steps", "step 2: a precondition" },
	{ STEP(1, days_from), 31, NULL, "" },
	{ STEP(1, days_to), 3651, "steps", "step 2: a precondition" },
	{ STEP(1, action), ACTION_NONE, "steps", "step 2: an action" },
	{ STEP(1, action), DUNNING_ACTION_COUNT, "steps", "step 2: an action" },
	{ STEP(1, action), ACTION_CALL, "steps", "step 2: send has a template" },
	{ STEP(3, action), ACTION_SEND, "steps", "step 4: send has a template" },
	{ STEP(1, message_class), MESSAGE_CLASS_NONE, "steps", "step 2: send has a template" },
	{ STEP(1, message_class), MESSAGE_CLASS_COUNT, "steps", "step 2: send has a template" },
	{ STEP(1, send_days), 0, "steps", "step 2: send has a template" },
	{ STEP(1, send_days), 31, "steps", "step 2: send has a template" },
	{ STEP(3, send_days), 1, "steps", "step 4: send has a template" },
	{ STEP(1, channels_count), 0, "steps", "step 2: send has 1 to 3" },
	{ STEP(1, channels_count), STEP_CHANNELS_MAX + 1, "steps", "step 2: send has 1 to 3" },
	{ STEP(3, channels_count), 1, "steps", "step 4: send has 1 to 3" },
	{ STEP(1, channels[1]), CHANNEL_EMAIL, "steps", "step 2: send has 1 to 3" }, /* twice */
	{ STEP(1, channels[1]), CHANNEL_VOICE, "steps", "step 2: send has 1 to 3" },
	{ STEP(1, channels[1]), CHANNEL_COUNT, "steps", "step 2: send has 1 to 3" },
	{ STEP(1, channels[1]), CHANNEL_SMS, NULL, "" },
	{ STEP(0, message_class), MESSAGE_CLASS_DEMAND, "steps", "step 1: before the due day" },
	{ STEP(0, days_from), 1, "steps", "step 1: before the due day" },
	{ STEP(1, otherwise), OTHERWISE_NONE, "steps", "step 2: otherwise" },
	{ STEP(1, otherwise), OTHERWISE_REVIEW, "steps", "step 2: otherwise" }, /* with days of retry */
	{ STEP(1, retry_days), 0, "steps", "step 2: otherwise" },
	{ STEP(1, retry_days), 61, "steps", "step 2: otherwise" },
	{ STEP(1, tries_max), 11, "steps", "step 2: otherwise" },
	{ STEP(3, tries_max), 1, "steps", "step 4: otherwise" },
	{ STEP(1, wait_days), 365, NULL, "" },
	{ STEP(1, wait_days), 366, "steps", "step 2: wait_days" },
	{ STEP(1, wait_days), -1, "steps", "step 2: wait_days" },

	{ STEP(1, number), 1, "steps", "step 1: the numbers of an arm's steps rise" },
	{ STEP(1, number), 4, "steps", "step 3: the steps stand in the order" },
	{ STEP(1, days), 21, "steps", "step 3: it is due before an earlier step" },
	{ STEP(1, days), 20, NULL, "" },
};

static void test_dunning_policy__each_number_has_its_range(void **state)
{
	(void)state;
	for (size_t index = 0; index < COUNT(changes); index++) {
		const struct change *change = &changes[index];
		struct policy changed = policy;
		struct policy_fault fault = { 0 };
		bool is_sound;

		memcpy((char *)&changed + change->at, &change->number, sizeof(change->number));
		is_sound = policy_is_sound(&changed, &fault);
		if (is_sound != (change->field == NULL))
			fail_msg("change %zu, %d: %s", index, (int)change->number, is_sound ? "sound" : fault.text);
		if (is_sound)
			continue;
		assert_string_equal(fault.field, change->field);
		if (strstr(fault.text, change->text) == NULL)
			fail_msg("change %zu: %s", index, fault.text);
	}
}

static void expect_fault(const struct policy *changed, const char *field, const char *part)
{
	struct policy_fault fault = { 0 };

	assert_false(policy_is_sound(changed, &fault));
	assert_string_equal(fault.field, field);
	assert_non_null(strstr(fault.text, part));
}

static void expect_sound(const struct policy *changed)
{
	struct policy_fault fault = { .text = "" };

	if (!policy_is_sound(changed, &fault))
		fail_msg("%s: %s", fault.field, fault.text);
}

static void set_text(char *text, size_t size, const char *words)
{
	assert_true(str_to_chars(text, size, str_of(words)));
}

static void test_dunning_policy__texts_are_checked(void **state)
{
	struct policy changed = policy;

	(void)state;
	set_text(changed.name, sizeof(changed.name), "Early");
	expect_fault(&changed, "policy", "small letters");
	changed = policy;
	changed.name[0] = '\0';
	expect_fault(&changed, "policy", "small letters");
	changed = policy;
	set_text(changed.jurisdiction, sizeof(changed.jurisdiction), "de");
	expect_fault(&changed, "jurisdiction", "capital");
	changed = policy;
	set_text(changed.currency, sizeof(changed.currency), "EUX");
	expect_fault(&changed, "debt_currency", "currency");
	changed = policy;
	set_text(changed.languages[changed.languages_count++], sizeof(changed.languages[0]), "d!");
	expect_fault(&changed, "languages", "tags");
	changed = policy;
	changed.steps[1].template_name[0] = '\0';
	expect_fault(&changed, "steps", "step 2: send has a template");
}

static void test_dunning_policy__amounts_are_checked(void **state)
{
	struct policy changed = policy;

	(void)state;
	changed.tolerance_minor = -1;
	expect_fault(&changed, "tolerance_minor", "0 or more");
	changed = policy;
	changed.balance_from = INT64_MAX;
	expect_fault(&changed, "balance_to_minor", "beginning");
	changed = policy;
	changed.balance_from = changed.balance_to = 100;
	expect_fault(&changed, "balance_to_minor", "beginning");
	changed.balance_to = 101;
	expect_sound(&changed);
	changed.steps[1].min_balance_minor = -1;
	expect_fault(&changed, "steps", "precondition");
}

/* ---- ladders ---- */

static void test_dunning_policy__a_reminder_stands_before_the_steps_of_debts_past_due(void **state)
{
	struct policy changed = policy;

	(void)state;
	changed.steps[1].days = -1;
	changed.steps[1].message_class = MESSAGE_CLASS_REMINDER;
	expect_sound(&changed); /* two reminders */
	changed.steps[0] = a_message;
	changed.steps[0].number = 1;
	expect_fault(&changed, "steps", "step 2: a step before the due day");
}

static void test_dunning_policy__a_call_before_the_due_day_is_refused(void **state)
{
	struct policy changed = policy;

	(void)state;
	changed.steps[0] = a_task;
	changed.steps[0].number = 1;
	changed.steps[0].trigger = TRIGGER_DAYS_PAST_DUE;
	changed.steps[0].days = -3;
	expect_fault(&changed, "steps", "step 1: before the due day a step is a message");
}

static void test_dunning_policy__days_since_step_needs_a_step_that_all_debts_take(void **state)
{
	struct policy changed = policy;

	(void)state;
	changed.steps[1] = a_task;
	changed.steps[1].number = 2;
	expect_fault(&changed, "steps", "step 2: days_since_step needs"); /* after a reminder, which may lapse */
	changed.steps[0] = a_task;
	changed.steps[0].number = 1;
	changed.steps[0].trigger = TRIGGER_EVENT;
	changed.steps[0].days = 0;
	changed.steps[0].event = DUNNING_EVENT_PAYMENT_REVERSED;
	expect_fault(&changed, "steps", "step 2: days_since_step needs"); /* after an event, which may not come */
	changed.steps[0].trigger = TRIGGER_ON_DATE;
	changed.steps[0].event = 0;
	changed.steps[0].on = day_of(2026, 12, 1);
	expect_sound(&changed);
}

static void add_arms(struct policy *changed)
{
	changed->arms_count = 2;
	changed->arms[0] = (struct policy_arm){ .name = "soft", .weight = 1 };
	changed->arms[1] = (struct policy_arm){ .name = "hard", .weight = 3 };
}

static void test_dunning_policy__each_arm_has_a_ladder_of_its_own(void **state)
{
	struct policy changed = policy;

	(void)state;
	set_text(changed.steps[1].arm, sizeof(changed.steps[1].arm), "soft");
	expect_fault(&changed, "steps", "step 2: the policy has no such arm");
	add_arms(&changed);
	expect_sound(&changed);
	changed.steps[2].number = 2;
	expect_fault(&changed, "steps",
		     "step 2: the numbers of an arm's steps rise"); /* a step for all is in the soft arm, too */
	set_text(changed.steps[2].arm, sizeof(changed.steps[2].arm), "hard");
	changed.steps[2].days = 2;
	expect_sound(&changed); /* the call is days after a step in both arms */
	changed.steps[2].trigger = TRIGGER_EVENT;
	changed.steps[2].days = 0;
	changed.steps[2].event = DUNNING_EVENT_PAYMENT_REVERSED;
	expect_fault(&changed, "steps", "step 4: days_since_step needs"); /* but not in the hard one now */
}

static void test_dunning_policy__arms_differ_in_name_and_have_a_weight(void **state)
{
	struct policy changed = policy;

	(void)state;
	add_arms(&changed);
	changed.arms[1].weight = 0;
	expect_fault(&changed, "arms", "weight");
	changed.arms[1].weight = 1001;
	expect_fault(&changed, "arms", "weight");
	changed.arms[1] = changed.arms[0];
	expect_fault(&changed, "arms", "name");
}

/* ---- the arm of a person ---- */

#define PERSONS 4000

static void test_dunning_policy__arms_get_persons_by_weight_and_keep_them(void **state)
{
	struct policy changed = policy;
	uint32_t hard = 0;

	(void)state;
	assert_null(policy_arm_of(&policy, &(struct uuid){ { 1 } }));
	add_arms(&changed);
	for (uint32_t person = 0; person < PERSONS; person++) {
		struct uuid id = { .bytes = { (uint8_t)(person >> 8), (uint8_t)person } };
		const struct policy_arm *arm = policy_arm_of(&changed, &id);

		hard += arm == &changed.arms[1];
		assert_ptr_equal(arm, policy_arm_of(&changed, &id));
	}
	assert_in_range(hard, PERSONS * 3 / 4 - 120, PERSONS * 3 / 4 + 120); /* four standard deviations and more */
}

/* By Python's hashlib. A person who changed the arm would get the steps of both. */
static void test_dunning_policy__the_hash_of_an_arm_is_that_of_name_and_customer(void **state)
{
	static const char expected[] = "1001000011111001";
	struct policy changed = policy;

	(void)state;
	add_arms(&changed);
	changed.arms[1].weight = 1;
	for (size_t person = 0; person < sizeof(expected) - 1; person++) {
		struct uuid id = { .bytes = { [15] = (uint8_t)person } };

		assert_int_equal(policy_arm_of(&changed, &id) == &changed.arms[1], expected[person] == '1');
	}
}

/* ---- segments ---- */

static const struct uuid one_id = { .bytes = { 1 } }, other_id = { .bytes = { 2 } };

static struct segment_facts some_facts(void)
{
	return (struct segment_facts){ .country = "DE",
				       .language = "de-AT",
				       .customer_kind = CUSTOMER_KIND_NATURAL,
				       .currency = "EUR",
				       .creditor_id = one_id,
				       .portfolio_id = one_id,
				       .balance_minor = 10000,
				       .days_past_due = 30 };
}

static void test_dunning_policy__no_condition_has_every_debt_that_is_not_charged_off(void **state)
{
	struct segment_facts facts = some_facts();

	(void)state;
	assert_true(policy_is_for(&policy, &facts));
	facts = (struct segment_facts){ .country = "", .language = "", .currency = "EUR" };
	assert_true(policy_is_for(&policy, &facts));
	facts.is_charged_off = true;
	assert_false(policy_is_for(&policy, &facts));
}

static void test_dunning_policy__what_is_not_known_fulfils_no_condition(void **state)
{
	struct segment_facts facts = some_facts();
	struct policy changed = policy;

	(void)state;
	set_text(changed.jurisdiction, sizeof(changed.jurisdiction), "DE");
	changed.customer_kind = CUSTOMER_KIND_NATURAL;
	set_text(changed.languages[changed.languages_count++], sizeof(changed.languages[0]), "de");
	assert_true(policy_is_for(&changed, &facts));
	facts.country = "";
	assert_false(policy_is_for(&changed, &facts));
	facts = some_facts();
	facts.customer_kind = CUSTOMER_KIND_NONE;
	assert_false(policy_is_for(&changed, &facts));
	facts = some_facts();
	facts.language = "";
	assert_false(policy_is_for(&changed, &facts));
}

static void test_dunning_policy__a_narrower_language_counts_as_the_wider(void **state)
{
	static const struct {
		const char *listed, *spoken;
		bool is_for;
	} cases[] = { { "de", "de", true },       { "de", "de-AT", true },    { "de", "DE-at", true }, { "de-AT", "de", false },
		      { "de-AT", "de-AT", true }, { "de-AT", "de-A", false }, { "de", "den", false },  { "de", "d", false } };
	struct policy changed = policy;

	(void)state;
	changed.languages_count = 2;
	set_text(changed.languages[0], sizeof(changed.languages[0]), "nl");
	for (size_t index = 0; index < COUNT(cases); index++) {
		struct segment_facts facts = some_facts();

		facts.language = cases[index].spoken;
		set_text(changed.languages[1], sizeof(changed.languages[1]), cases[index].listed);
		assert_int_equal(policy_is_for(&changed, &facts), cases[index].is_for);
	}
}

static void test_dunning_policy__a_range_of_balances_ends_before_its_end(void **state)
{
	struct segment_facts facts = some_facts();
	struct policy changed = policy;

	(void)state;
	changed.balance_from = 10000;
	changed.balance_to = 20000;
	assert_true(policy_is_for(&changed, &facts));
	facts.balance_minor = 9999;
	assert_false(policy_is_for(&changed, &facts));
	facts.balance_minor = 19999;
	assert_true(policy_is_for(&changed, &facts));
	facts.balance_minor = 20000;
	assert_false(policy_is_for(&changed, &facts));
}

static void test_dunning_policy__a_range_of_days_has_both_ends(void **state)
{
	(void)state;
	assert_true(days_are_within(0, 0, 0));
	assert_true(days_are_within(INT_MAX, 0, 0));
	assert_false(days_are_within(30, 31, 60));
	assert_true(days_are_within(31, 31, 60));
	assert_true(days_are_within(60, 31, 60));
	assert_false(days_are_within(61, 31, 60));
}

static void test_dunning_policy__lists_and_words_must_match(void **state)
{
	struct segment_facts facts = some_facts();
	struct policy changed = policy;

	(void)state;
	changed.creditors[changed.creditors_count++] = other_id;
	assert_false(policy_is_for(&changed, &facts));
	changed.creditors[changed.creditors_count++] = one_id;
	assert_true(policy_is_for(&changed, &facts));
	changed.portfolios[changed.portfolios_count++] = other_id;
	assert_false(policy_is_for(&changed, &facts));
	changed.portfolios[0] = one_id;
	assert_true(policy_is_for(&changed, &facts));
	set_text(changed.currency, sizeof(changed.currency), "CHF");
	assert_false(policy_is_for(&changed, &facts));
	set_text(changed.currency, sizeof(changed.currency), "EUR");
	changed.customer_kind = CUSTOMER_KIND_LEGAL;
	assert_false(policy_is_for(&changed, &facts));
}

/* ---- of several ---- */

static void make_several(void)
{
	several.count = 3;
	for (uint32_t index = 0; index < several.count; index++)
		several.items[index] = policy;
	set_text(several.items[0].name, sizeof(several.items[0].name), "broad");
	several.items[0].priority = 200;
	set_text(several.items[1].name, sizeof(several.items[1].name), "old");
	several.items[1].priority = 1;
	several.items[1].is_retired = 1;
	set_text(several.items[2].name, sizeof(several.items[2].name), "narrow");
	several.items[2].priority = 50;
	several.items[2].days_from = 30;
}

static void test_dunning_policy__the_lowest_priority_in_force_counts(void **state)
{
	struct segment_facts facts = some_facts();

	(void)state;
	make_several();
	assert_ptr_equal(policies_for(&several, &facts), &several.items[2]);
	facts.days_past_due = 29;
	assert_ptr_equal(policies_for(&several, &facts), &several.items[0]);
	facts.is_charged_off = true;
	assert_null(policies_for(&several, &facts));
}

static void test_dunning_policy__retired_ones_are_found_by_name(void **state)
{
	(void)state;
	make_several();
	assert_ptr_equal(policies_find(&several, STR("old")), &several.items[1]);
	assert_null(policies_find(&several, STR("ol")));
	assert_null(policies_find(&several, STR("older")));
}

static void test_dunning_policy__a_step_is_found_by_number_and_arm(void **state)
{
	struct policy changed = policy;

	(void)state;
	add_arms(&changed);
	changed.steps[2].number = 2;
	set_text(changed.steps[1].arm, sizeof(changed.steps[1].arm), "soft");
	set_text(changed.steps[2].arm, sizeof(changed.steps[2].arm), "hard");
	assert_ptr_equal(policy_step_of(&changed, 2, &changed.arms[0]), &changed.steps[1]);
	assert_ptr_equal(policy_step_of(&changed, 2, &changed.arms[1]), &changed.steps[2]);
	assert_ptr_equal(policy_step_of(&changed, 1, NULL), &changed.steps[0]);
	assert_null(policy_step_of(&changed, 2, NULL));
	assert_null(policy_step_of(&changed, 3, &changed.arms[0]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dunning_policy__a_sound_one_is_found_sound),
		cmocka_unit_test(test_dunning_policy__each_number_has_its_range),
		cmocka_unit_test(test_dunning_policy__texts_are_checked),
		cmocka_unit_test(test_dunning_policy__amounts_are_checked),
		cmocka_unit_test(test_dunning_policy__a_reminder_stands_before_the_steps_of_debts_past_due),
		cmocka_unit_test(test_dunning_policy__a_call_before_the_due_day_is_refused),
		cmocka_unit_test(test_dunning_policy__days_since_step_needs_a_step_that_all_debts_take),
		cmocka_unit_test(test_dunning_policy__each_arm_has_a_ladder_of_its_own),
		cmocka_unit_test(test_dunning_policy__arms_differ_in_name_and_have_a_weight),
		cmocka_unit_test(test_dunning_policy__arms_get_persons_by_weight_and_keep_them),
		cmocka_unit_test(test_dunning_policy__the_hash_of_an_arm_is_that_of_name_and_customer),
		cmocka_unit_test(test_dunning_policy__no_condition_has_every_debt_that_is_not_charged_off),
		cmocka_unit_test(test_dunning_policy__what_is_not_known_fulfils_no_condition),
		cmocka_unit_test(test_dunning_policy__a_narrower_language_counts_as_the_wider),
		cmocka_unit_test(test_dunning_policy__a_range_of_balances_ends_before_its_end),
		cmocka_unit_test(test_dunning_policy__a_range_of_days_has_both_ends),
		cmocka_unit_test(test_dunning_policy__lists_and_words_must_match),
		cmocka_unit_test(test_dunning_policy__the_lowest_priority_in_force_counts),
		cmocka_unit_test(test_dunning_policy__retired_ones_are_found_by_name),
		cmocka_unit_test(test_dunning_policy__a_step_is_found_by_number_and_arm),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
