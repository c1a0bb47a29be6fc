#include "rule_spec.h"

#include "consumers/communications/communications.h"
#include "consumers/communications/render.h"
#include "consumers/communications/template_check.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policies.h"
#include "consumers/dunning/ready.h"
#include "schemas/communications.h"
#include "schemas/dunning.h"
#include "wire/json.h"

/* PublishPolicy and RetirePolicy: what is refused, and which policies are in force afterwards. Then the ready-made ones. */

static struct spec spec;
static const struct approval approval = { .actor = { "another", 7 } };
static unsigned publications;

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &dunning_module);
	spec.approval = &approval;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- given ---- */

static void given_template(const char *name, const char *channel, const char *language, enum message_class message_class)
{
	const struct uuid id = uuid_of_key(str_of(name));
	struct slot *slot = workset_touch(&spec.set, &policy_template_entity, &id, str_of(name));
	struct policy_template *template = slot->state;

	slot->loaded = true;
	slot->exists = true;
	template->items[template->count].channel = channel_by_name(str_of(channel));
	template->items[template->count].message_class = message_class;
	assert_true(str_to_chars(template->items[template->count++].language, LOCALE_SIZE, str_of(language)));
}

static void given_reminder(void)
{
	given_template("reminder", "email", "de", MESSAGE_CLASS_DEMAND);
	given_template("reminder", "letter", "de", MESSAGE_CLASS_DEMAND);
}

static const struct draft_step step_of_send = {
	.number = 1,
	.trigger = { "days_past_due", 13 },
	.has_days = true,
	.days = 5,
	.action = { "send", 4 },
	.has_template = true,
	.template = { "reminder", 8 },
	.has_message_class = true,
	.message_class = { "demand", 6 },
	.has_channels = true,
	.channels = { "email letter", 12 },
	.has_send_days = true,
	.send_days = 3,
	.otherwise = { "retry", 5 },
	.has_retry_days = true,
	.retry_days = 2,
	.has_tries_max = true,
	.tries_max = 3,
};

static const struct draft_step step_of_call = {
	.number = 2,
	.trigger = { "days_since_step", 15 },
	.has_days = true,
	.days = 14,
	.action = { "call", 4 },
	.otherwise = { "move_on", 7 },
};

static const struct str german[] = { { "de", 2 } };

static struct publish_policy a_policy(const char *name, int32_t version, int32_t priority, const struct draft_step *steps,
				      size_t count)
{
	return (struct publish_policy){ .publication_id = spec_id('P', ++publications),
					.policy = str_of(name),
					.policy_version = version,
					.title = STR("Ours"),
					.priority = priority,
					.languages = german,
					.languages_count = COUNT(german),
					.tolerance_minor = 500,
					.demands_a_day = 1,
					.demands_a_week = 3,
					.catch_up = STR("one_a_day"),
					.new_debts = STR("join"),
					.reopened = STR("start"),
					.steps = steps,
					.steps_count = count };
}

/* One step, a call, which names no template. */
static struct publish_policy a_call(const char *name, int32_t version, int32_t priority)
{
	static struct draft_step step;

	step = step_of_call;
	step.number = 1;
	step.trigger = STR("days_past_due");
	return a_policy(name, version, priority, &step, 1);
}

/* ---- when and then ---- */

static void when(const struct publish_policy *body)
{
	spec_when(&spec, &publish_policy_type, body);
}

static void then_refused_because(enum refusal refusal, const char *field, const char *text)
{
	if (spec.decision.kind != DECISION_REFUSED || spec.decision.refusal != refusal ||
	    strcmp(spec.decision.field, field) != 0 || strstr(spec.decision.text, text) == NULL)
		fail_msg("not refused because of %s (%s): %s: %s", field, text,
			 spec.decision.kind == DECISION_REFUSED ? spec.decision.field : "accepted", spec.decision.text);
}

static void then_refused_with(const struct publish_policy *body, enum refusal refusal, const char *field, const char *text)
{
	when(body);
	then_refused_because(refusal, field, text);
}

static void then_bad(struct publish_policy body, const char *field, const char *text)
{
	then_refused_with(&body, REFUSAL_BAD_VALUE, field, text);
}

static void then_step_refused(struct draft_step step, const char *text)
{
	then_bad(a_policy("ours", 1, 10, &step, 1), "steps", text);
}

static const struct policies *policies(void)
{
	return workset_state(&spec.set, &policies_entity, &policies_id);
}

static const struct policy *policy_named(const char *name)
{
	const struct policy *policy = policies_find(policies(), str_of(name));

	assert_non_null(policy);
	return policy;
}

/* ---- refusals: the head ---- */

#define THEN_BAD(member, value, field, text)                                                                                     \
	do {                                                                                                                     \
		struct publish_policy body = a_call("ours", 1, 10);                                                              \
                                                                                                                                 \
		body.member = (value);                                                                                           \
		then_bad(body, field, text);                                                                                     \
	} while (0)

#define THEN_BAD_IF_GIVEN(member, value, field, text)                                                                            \
	do {                                                                                                                     \
		struct publish_policy body = a_call("ours", 1, 10);                                                              \
                                                                                                                                 \
		body.has_##member = true;                                                                                        \
		body.member = (value);                                                                                           \
		then_bad(body, field, text);                                                                                     \
	} while (0)

static void test_policies__the_head_is_checked(void **state)
{
	(void)state;
	THEN_BAD(publication_id, (struct uuid){ { 0 } }, "publication_id", "all zeros");
	THEN_BAD(title, STR(""), "title", "a title is needed");
	THEN_BAD(policy, STR("Ours"), "policy", "small letters");
	THEN_BAD(policy, STR(""), "policy", "1 to 24 characters");
	THEN_BAD(policy_version, 0, "policy_version", "1, 2, 3");
	THEN_BAD(priority, 0, "priority", "1 to 9999");
	THEN_BAD(tolerance_minor, -1, "tolerance_minor", "0 or more");
	THEN_BAD(demands_a_day, 8, "demands_a_day", "1 to 7");
	THEN_BAD(demands_a_week, 29, "demands_a_week", "28");
	THEN_BAD(catch_up, STR("some"), "catch_up", "one_a_day");
	THEN_BAD(new_debts, STR("some"), "new_debts", "join, own");
	THEN_BAD(reopened, STR("some"), "reopened", "start, resume");
	THEN_BAD(steps_count, 0, "steps", "1 to 32");
}

static void test_policies__the_segment_is_checked(void **state)
{
	static const struct str no_language[] = { { "german", 6 } }, long_language[] = { { "de-Latn-DE-1996-x", 17 } };
	static const struct uuid nobody[1];

	(void)state;
	THEN_BAD_IF_GIVEN(jurisdiction, STR("XX"), "jurisdiction", "not a country");
	THEN_BAD_IF_GIVEN(customer_kind, STR("robot"), "customer_kind", "natural, legal");
	THEN_BAD_IF_GIVEN(debt_currency, STR("ABC"), "debt_currency", "not a currency");
	THEN_BAD_IF_GIVEN(days_to, 0, "days_to", "left out");
	THEN_BAD_IF_GIVEN(days_from, -1, "days_to", "0 to 3650");
	THEN_BAD_IF_GIVEN(balance_from_minor, 0, "balance_from_minor", "left out");
	THEN_BAD_IF_GIVEN(balance_to_minor, 0, "balance_to_minor", "left out");
	THEN_BAD(languages, no_language, "languages", "not a language tag");
	THEN_BAD(languages, long_language, "languages", "");
	{
		struct publish_policy body = a_call("ours", 1, 10);

		body.creditor_ids = nobody;
		body.creditor_ids_count = 1;
		then_bad(body, "creditor_ids", "all zeros");
		body.creditor_ids_count = 0;
		body.portfolio_ids = nobody;
		body.portfolio_ids_count = 1;
		then_bad(body, "portfolio_ids", "all zeros");
	}
}

static void test_policies__arms_are_checked(void **state)
{
	static const struct draft_arm one[] = { { .name = { "only", 4 }, .weight = 1 } };
	static const struct draft_arm long_name[] = { { .name = { "a_name_of_17_char", 17 }, .weight = 1 } };
	struct publish_policy body = a_call("ours", 1, 10);

	(void)state;
	body.arms = one;
	body.arms_count = 1;
	then_bad(body, "arms", "two to four");
	body.arms = long_name;
	then_bad(body, "arms", "1 to 16 characters");
}

/* ---- refusals: the steps ---- */

#define THEN_STEP_BAD(step, member, value, text)                                                                                 \
	do {                                                                                                                     \
		struct draft_step changed = (step);                                                                              \
                                                                                                                                 \
		changed.member = (value);                                                                                        \
		then_step_refused(changed, text);                                                                                \
	} while (0)

static void test_policies__words_of_a_step_are_checked(void **state)
{
	(void)state;
	THEN_STEP_BAD(step_of_send, trigger, STR("some"), "step 1: trigger is one of days_past_due");
	THEN_STEP_BAD(step_of_send, action, STR("some"), "step 1: action is one of send, call");
	THEN_STEP_BAD(step_of_send, message_class, STR("some"), "step 1: message_class is one of");
	THEN_STEP_BAD(step_of_send, channels, STR("email fax"), "step 1: each of channels is one of email, sms, letter");
	THEN_STEP_BAD(step_of_send, channels, STR("email  sms"), "step 1: each of channels");
	THEN_STEP_BAD(step_of_send, channels, STR("email sms letter email"), "step 1: it has at most 3 channels");
	THEN_STEP_BAD(step_of_send, otherwise, STR("some"), "step 1: otherwise is one of move_on, retry, review");
}

static void test_policies__a_trigger_has_what_it_needs_and_nothing_else(void **state)
{
	struct draft_step step = step_of_send;

	(void)state;
	THEN_STEP_BAD(step_of_send, has_days, false, "step 1: days_past_due needs days");
	THEN_STEP_BAD(step_of_send, trigger, STR("on_date"), "step 1: on_date has no days");
	THEN_STEP_BAD(step_of_send, has_on, true, "step 1: days_past_due has no date");
	THEN_STEP_BAD(step_of_send, has_event, true, "step 1: days_past_due has no event");
	step.trigger = STR("on_date");
	step.has_days = false;
	then_step_refused(step, "step 1: on_date needs a date");
	step.trigger = STR("event");
	then_step_refused(step, "step 1: event needs an event");
	step.has_event = true;
	step.event = STR("some");
	then_step_refused(step, "step 1: event is one of payment_reversed");
}

static void test_policies__a_condition_that_is_none_is_left_out(void **state)
{
	(void)state;
	THEN_STEP_BAD(step_of_send, has_min_balance_minor, true, "min_balance_minor is left out");
	THEN_STEP_BAD(step_of_send, has_min_age_days, true, "min_age_days is left out");
	THEN_STEP_BAD(step_of_send, has_days_to, true, "days_to is left out");
	THEN_STEP_BAD(step_of_send, send_days, 0, "send_days is left out");
}

static void test_policies__what_the_whole_check_refuses_is_refused(void **state)
{
	struct draft_step steps[2] = { step_of_call, step_of_call };

	(void)state;
	THEN_STEP_BAD(step_of_send, has_template, false, "send has a template");
	THEN_STEP_BAD(step_of_send, has_retry_days, false, "retry has");
	then_bad(a_policy("ours", 1, 10, steps, 2), "steps", "step 2");
}

/* ---- refusals: templates ---- */

static void test_policies__each_channel_and_language_has_its_template(void **state)
{
	static const struct str languages[] = { { "de", 2 }, { "en", 2 } };
	struct publish_policy body = a_policy("ours", 1, 10, &step_of_send, 1);

	(void)state;
	then_refused_with(&body, REFUSAL_NOT_FOUND, "steps", "step 1: no template reminder for email in de is published");
	given_template("reminder", "email", "de", MESSAGE_CLASS_DEMAND);
	then_refused_with(&body, REFUSAL_NOT_FOUND, "steps", "step 1: no template reminder for letter in de is published");
	given_template("reminder", "letter", "de", MESSAGE_CLASS_DEMAND);
	body.languages = languages;
	body.languages_count = COUNT(languages);
	then_refused_with(&body, REFUSAL_NOT_FOUND, "steps", "step 1: no template reminder for email in en is published");
	body.languages_count = 1;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void test_policies__a_wider_language_serves_a_narrower_not(void **state)
{
	static const struct str austrian[] = { { "de-AT", 5 } }, dene[] = { { "den", 3 } };
	struct publish_policy body = a_policy("ours", 1, 10, &step_of_send, 1);

	(void)state;
	given_reminder();
	body.languages = dene;
	then_refused_with(&body, REFUSAL_NOT_FOUND, "steps", "in den is published");
	body.languages = austrian;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);

	given_template("reminder", "email", "de-AT", MESSAGE_CLASS_REMINDER); /* the one that would be sent */
	body = a_policy("others", 1, 11, &step_of_send, 1);
	body.languages = austrian;
	then_refused_with(&body, REFUSAL_BAD_VALUE, "steps", "is of another class, reminder");
	body.languages = german;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void test_policies__for_all_languages_one_template_is_enough(void **state)
{
	struct publish_policy body = a_policy("ours", 1, 10, &step_of_send, 1);

	(void)state;
	body.languages_count = 0;
	given_template("reminder", "sms", "de", MESSAGE_CLASS_DEMAND);
	then_refused_with(&body, REFUSAL_NOT_FOUND, "steps", "step 1: no template reminder for email is published");
	given_template("reminder", "email", "nl", MESSAGE_CLASS_DEMAND);
	given_template("reminder", "letter", "nl", MESSAGE_CLASS_DEMAND);
	given_template("reminder", "letter", "fr", MESSAGE_CLASS_REMINDER);
	then_refused_with(&body, REFUSAL_BAD_VALUE, "steps",
			  "step 1: the template reminder for letter is of another class, reminder");
}

/* ---- refusals: its place among the others ---- */

static void test_policies__a_version_is_published_once_and_in_turn(void **state)
{
	struct publish_policy body = a_call("ours", 2, 10);

	(void)state;
	then_refused_with(&body, REFUSAL_VERSION_CONFLICT, "policy_version", "the next version is 1");
	body = a_call("ours", 1, 10);
	when(&body);
	then_refused_with(&body, REFUSAL_EXISTS, "publication_id", "has this id");
	body = a_call("ours", 1, 10);
	then_refused_with(&body, REFUSAL_EXISTS, "policy_version", "version 1 is there");
	body = a_call("ours", 2, 10); /* its own priority */
	when(&body);
	assert_int_equal(policy_named("ours")->version, 2);
	assert_int_equal(policies()->count, 1);
	assert_int_equal(policies()->changes, 2);
}

static void test_policies__no_two_in_force_have_the_same_priority(void **state)
{
	struct publish_policy body = a_call("ours", 1, 10);
	struct retire_policy retirement;

	(void)state;
	when(&body);
	retirement.publication_id = body.publication_id;
	body = a_call("others", 1, 10);
	then_refused_with(&body, REFUSAL_EXISTS, "priority", "the policy ours has it");
	spec_when(&spec, &retire_policy_type, &retirement);
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	body = a_call("ours", 2, 10); /* back again, but its priority is taken */
	then_refused_with(&body, REFUSAL_EXISTS, "priority", "the policy others has it");
}

static void test_policies__there_are_not_too_many(void **state)
{
	char name[] = "ours_a";
	struct publish_policy body;

	(void)state;
	for (int number = 0; number < POLICIES_MAX; number++) {
		name[5] = (char)('x' - number); /* the state keeps them in order */
		body = a_call("", 1, 10 + number);
		body.policy = str_copy(&spec.arena, str_of(name));
		when(&body);
		assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	}
	for (uint32_t index = 1; index < policies()->count; index++)
		assert_true(strcmp(policies()->items[index - 1].name, policies()->items[index].name) < 0);
	body = a_call("ours_z", 1, 99);
	then_refused_with(&body, REFUSAL_LIMIT_EXCEEDED, "policy", "there are 24 policies");
	body = a_call("ours_c", 2, 99); /* another version is not another policy */
	when(&body);
	assert_int_equal(policy_named("ours_c")->version, 2);
	assert_int_equal(policies()->count, POLICIES_MAX);
}

/* ---- a second person, and what is in force then ---- */

static void test_policies__a_second_person_is_needed_whoever_publishes_or_retires(void **state)
{
	struct publish_policy body = a_call("ours", 1, 10);
	struct retire_policy retirement = { .publication_id = body.publication_id };

	(void)state;
	for (int is_user = 0; is_user < 2; is_user++) {
		spec.is_user = is_user != 0;
		spec.approval = NULL;
		when(&body);
		assert_int_equal(spec.decision.kind, DECISION_KEPT);
	}
	assert_null(policies());
	spec.approval = &approval;
	when(&body);
	assert_true(str_is(then_event(&spec, 0, policy_published)->approved_by, "another"));
	assert_true(str_is(then_event(&spec, 0, policy_published)->actor, "test"));
	spec.approval = NULL;
	spec_when(&spec, &retire_policy_type, &retirement);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	assert_false(policy_named("ours")->is_retired);
}

static void test_policies__the_state_has_all_of_a_policy(void **state)
{
	static const struct draft_arm arms[] = { { .name = { "control", 7 }, .weight = 1 },
						 { .name = { "soft", 4 }, .weight = 3 } };
	struct draft_step steps[] = { step_of_send, step_of_call, step_of_call };
	struct publish_policy body = a_policy("ours", 1, 10, steps, COUNT(steps));
	const struct uuid ids[] = { spec_id('C', 1), spec_id('C', 2) };
	const struct policy *policy;

	(void)state;
	given_reminder();
	steps[1].has_arm = steps[2].has_arm = true;
	steps[1].arm = STR("control");
	steps[2].arm = STR("soft");
	steps[2].has_min_balance_minor = true;
	steps[2].min_balance_minor = 5000;
	steps[2].has_wait_days = true;
	steps[2].wait_days = 9;
	body.arms = arms;
	body.arms_count = COUNT(arms);
	body.has_jurisdiction = body.has_customer_kind = body.has_debt_currency = true;
	body.jurisdiction = STR("DE");
	body.customer_kind = STR("legal");
	body.debt_currency = STR("EUR");
	body.creditor_ids = ids;
	body.creditor_ids_count = 2;
	body.portfolio_ids = ids + 1;
	body.portfolio_ids_count = 1;
	body.has_days_to = body.has_balance_to_minor = true;
	body.days_to = 90;
	body.balance_to_minor = 100000;
	body.charged_off = true;
	when(&body);
	policy = policy_named("ours");
	assert_memory_equal(policy, workset_state(&spec.set, &published_policy_entity, &body.publication_id), sizeof(*policy));
	assert_true(uuid_equal(&policy->publication_id, &body.publication_id));
	assert_int_equal(policy->version, 1);
	assert_int_equal(policy->priority, 10);
	assert_string_equal(policy->jurisdiction, "DE");
	assert_int_equal(policy->customer_kind, CUSTOMER_KIND_LEGAL);
	assert_string_equal(policy->currency, "EUR");
	assert_int_equal(policy->creditors_count, 2);
	assert_true(uuid_equal(&policy->creditors[1], &ids[1]));
	assert_true(uuid_equal(&policy->portfolios[0], &ids[1]));
	assert_string_equal(policy->languages[0], "de");
	assert_int_equal(policy->days_to, 90);
	assert_int_equal(policy->balance_to, 100000);
	assert_int_equal(policy->is_charged_off, 1);
	assert_int_equal(policy->tolerance_minor, 500);
	assert_int_equal(policy->demands_a_week, 3);
	assert_int_equal(policy->catch_up, CATCH_UP_ONE_A_DAY);
	assert_int_equal(policy->new_debts, NEW_DEBTS_JOIN);
	assert_int_equal(policy->reopened, REOPENED_START);
	assert_string_equal(policy->arms[1].name, "soft");
	assert_int_equal(policy->arms[1].weight, 3);
	assert_int_equal(policy->steps_count, 3);
	assert_int_equal(policy->steps[0].days, 5);
	assert_string_equal(policy->steps[0].template_name, "reminder");
	assert_int_equal(policy->steps[0].channels[1], CHANNEL_LETTER);
	assert_int_equal(policy->steps[0].tries_max, 3);
	assert_int_equal(policy->steps[2].min_balance_minor, 5000);
	assert_int_equal(policy->steps[2].wait_days, 9);
	assert_string_equal(policy->steps[2].arm, "soft");
}

static void test_policies__a_retired_policy_is_out_of_force_until_its_next_version(void **state)
{
	struct publish_policy body = a_call("ours", 1, 10);
	struct retire_policy retirement = { .publication_id = body.publication_id };
	const struct policy_retired *event;

	(void)state;
	spec_when(&spec, &retire_policy_type, &retirement);
	then_refused_because(REFUSAL_NOT_FOUND, "publication_id", "has this id");
	when(&body);
	body = a_call("ours", 2, 10);
	when(&body);
	spec_when(&spec, &retire_policy_type, &retirement);
	then_refused_because(REFUSAL_POLICY_NOT_PUBLISHED, "publication_id", "ours/1 is not in force");
	retirement.publication_id = body.publication_id;
	spec_when(&spec, &retire_policy_type, &retirement);
	event = then_event(&spec, 0, policy_retired);
	assert_true(str_is(event->policy, "ours"));
	assert_int_equal(event->policy_version, 2);
	assert_int_equal(event->change, 3);
	assert_true(str_is(event->approved_by, "another"));
	assert_true(policy_named("ours")->is_retired);
	spec_when(&spec, &retire_policy_type, &retirement);
	then_refused_because(REFUSAL_POLICY_NOT_PUBLISHED, "publication_id", "ours/2 is not in force");
	body = a_call("ours", 3, 10);
	when(&body);
	assert_false(policy_named("ours")->is_retired);
	assert_int_equal(policies()->changes, 4);
}

/* ---- the ready-made ones ---- */

static void read_ready(const struct ready_made *ready, const struct message_type *type, const char *made, void *body)
{
	static struct json_faults faults;
	struct json_reading reading = { .style = JSON_REST };
	struct json json;

	for (size_t index = 0; index < type->record.fields_count; index++) {
		if (strcmp(type->record.fields[index].name, made) == 0)
			reading.optional = (uint64_t)1 << index;
	}
	faults.count = 0;
	if (!json_parse(ready->body, &json, &faults) ||
	    !json_read_record(json, &type->record, &reading, &spec.arena, body, &faults))
		fail_msg("%s: %s: %s: %s", ready->name, faults.items[0].pointer, faults.items[0].code, faults.items[0].detail);
}

/* Good for the rule of PublishTemplate, in a stack that collects as the text is made for. */
static void then_text_is_good(const struct publish_template *body, bool is_disclosed)
{
	static const struct collection by_creditor = { .collector = COLLECTOR_FIRST_PARTY, .jurisdiction = "DE" };
	static const struct collection for_others_in_us = { .collector = COLLECTOR_THIRD_PARTY, .jurisdiction = "US" };
	const struct template_draft draft = { .channel = channel_by_name(body->channel),
					      .message_class = message_class_by_name(body->message_class),
					      .language = body->language,
					      .subject = body->subject,
					      .body = body->body,
					      .html = STR(""),
					      .collection = is_disclosed ? &for_others_in_us : &by_creditor };
	struct template_text_fault fault;
	size_t at = 0;

	assert_int_equal(template_has_token(body->body, "disclosure"), is_disclosed);
	if (template_next_fault(&draft, &at, &fault))
		fail_msg("%.*s: %s: %s", (int)body->name.size, body->name.data, fault.field, fault.text);
}

static const char *chars(struct str text)
{
	return str_copy(&spec.arena, text).data;
}

static void given_ready_text(const struct ready_made *ready)
{
	struct publish_template body = { .version = 0 };

	read_ready(ready, &publish_template_type, "template_id", &body);
	then_text_is_good(&body, ready->kind == READY_TEXT);
	given_template(ready->name, chars(body.channel), chars(body.language), message_class_by_name(body.message_class));
}

/* All together: their priorities differ, and their templates are there in each language, with the step's class. */
static void test_policies__the_ready_made_ones_can_be_published(void **state)
{
	size_t published = 0;

	(void)state;
	for (size_t index = 0; index < ready_made_count; index++) {
		if (ready_made[index].kind != READY_POLICY)
			given_ready_text(&ready_made[index]);
	}
	for (size_t index = 0; index < ready_made_count; index++) {
		struct publish_policy body = { .priority = 0 };

		if (ready_made[index].kind != READY_POLICY)
			continue;
		read_ready(&ready_made[index], &publish_policy_type, "publication_id", &body);
		body.publication_id = spec_id('P', ++publications);
		when(&body);
		if (spec.decision.kind != DECISION_EVENTS)
			fail_msg("%s: %s: %s", ready_made[index].name, spec.decision.field, spec.decision.text);
		published++;
	}
	assert_int_equal(published, 4);
	assert_int_equal(policies()->count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policies__the_head_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__the_segment_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__arms_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__words_of_a_step_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_trigger_has_what_it_needs_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_condition_that_is_none_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__what_the_whole_check_refuses_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__each_channel_and_language_has_its_template, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_wider_language_serves_a_narrower_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__for_all_languages_one_template_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_version_is_published_once_and_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__no_two_in_force_have_the_same_priority, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__there_are_not_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_second_person_is_needed_whoever_publishes_or_retires, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_policies__the_state_has_all_of_a_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies__a_retired_policy_is_out_of_force_until_its_next_version, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_policies__the_ready_made_ones_can_be_published, setup, teardown),
	};

	return cmocka_run_group_tests_name("dunning policies", tests, NULL, NULL);
}
