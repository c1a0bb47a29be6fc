/* Published policies over a real PostgreSQL: every member comes back, two at once are told apart, and dunning sees templates only. */

#include "store_spec.h"

#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policies.h"
#include "consumers/dunning/store.h"
#include "schemas/dunning.h"

static struct store_spec spec;
static const struct approval approval = { .actor = { "another", 7 } };
static unsigned publications;

static int setup_group(void **state)
{
	(void)state;
	return dunning_store_prepare(dunning_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &dunning_module, &dunning_store);
	publications = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* ---- given and when ---- */

static void given_templates(void)
{
	store_sql(&spec, "test_templates",
		  "INSERT INTO communications.template (template_id, name, channel, language, version) VALUES "
		  "('019a0000-0000-7000-8000-000000000001', 'reminder', 'email', 'de', 2), "
		  "('019a0000-0000-7000-8000-000000000002', 'reminder', 'letter', 'de', 1), "
		  "('019a0000-0000-7000-8000-000000000003', 'others', 'sms', 'de', 1)");
	store_sql(&spec, "test_template_versions",
		  "INSERT INTO communications.template_version (template_id, version, message_class, subject, body, "
		  "published_at) VALUES "
		  "('019a0000-0000-7000-8000-000000000001', 1, 'reminder', 's', 'b', now()), "
		  "('019a0000-0000-7000-8000-000000000001', 2, 'demand', 's', 'b', now()), "
		  "('019a0000-0000-7000-8000-000000000002', 1, 'demand', 's', 'b', now()), "
		  "('019a0000-0000-7000-8000-000000000003', 1, 'demand', '', 'b', now())");
}

static const struct draft_step steps[] = {
	{ .number = 1,
	  .trigger = { "days_past_due", 13 },
	  .has_days = true,
	  .days = 5,
	  .action = { "send", 4 },
	  .has_template = true,
	  .template = { "reminder", 8 },
	  .has_message_class = true,
	  .message_class = { "demand", 6 },
	  .has_channels = true,
	  .channels = { "letter email", 12 },
	  .has_send_days = true,
	  .send_days = 3,
	  .otherwise = { "retry", 5 },
	  .has_retry_days = true,
	  .retry_days = 2,
	  .has_tries_max = true,
	  .tries_max = 3,
	  .has_wait_days = true,
	  .wait_days = 8 },
	{ .number = 2,
	  .has_arm = true,
	  .arm = { "control", 7 },
	  .trigger = { "month_end", 9 },
	  .has_days = true,
	  .days = 0,
	  .has_min_balance_minor = true,
	  .min_balance_minor = 5000,
	  .has_min_age_days = true,
	  .min_age_days = 40,
	  .has_days_from = true,
	  .days_from = 20,
	  .has_days_to = true,
	  .days_to = 400,
	  .action = { "call", 4 },
	  .otherwise = { "move_on", 7 } },
	{ .number = 3,
	  .has_arm = true,
	  .arm = { "soft", 4 },
	  .trigger = { "on_date", 7 },
	  .has_on = true,
	  .on = STORE_TODAY + 30,
	  .action = { "review", 6 },
	  .otherwise = { "review", 6 } },
	{ .number = 4,
	  .trigger = { "event", 5 },
	  .has_event = true,
	  .event = { "payment_reversed", 16 },
	  .action = { "call", 4 },
	  .otherwise = { "move_on", 7 } },
};
static const struct draft_arm arms[] = { { .name = { "control", 7 }, .weight = 1 }, { .name = { "soft", 4 }, .weight = 1000 } };
static const struct str languages[] = { { "de", 2 }, { "de-AT", 5 } };
static struct uuid creditors[2], portfolios[1];

/* With a value in every member. */
static struct publish_policy whole_policy(const char *name, int32_t version, int32_t priority)
{
	creditors[0] = spec_id('C', 1);
	creditors[1] = spec_id('C', 2);
	portfolios[0] = spec_id('O', 1);
	return (struct publish_policy){ .publication_id = spec_id('P', ++publications),
					.policy = str_of(name),
					.policy_version = version,
					.title = STR("All of it"),
					.priority = priority,
					.has_jurisdiction = true,
					.jurisdiction = STR("DE"),
					.has_customer_kind = true,
					.customer_kind = STR("legal"),
					.has_debt_currency = true,
					.debt_currency = STR("EUR"),
					.creditor_ids = creditors,
					.creditor_ids_count = COUNT(creditors),
					.portfolio_ids = portfolios,
					.portfolio_ids_count = COUNT(portfolios),
					.languages = languages,
					.languages_count = COUNT(languages),
					.has_days_from = true,
					.days_from = 1,
					.has_days_to = true,
					.days_to = 90,
					.has_balance_from_minor = true,
					.balance_from_minor = 1000,
					.has_balance_to_minor = true,
					.balance_to_minor = INT64_C(5000000000),
					.charged_off = true,
					.tolerance_minor = 500,
					.demands_a_day = 2,
					.demands_a_week = 5,
					.catch_up = STR("skip_to_current"),
					.new_debts = STR("own"),
					.reopened = STR("resume"),
					.arms = arms,
					.arms_count = COUNT(arms),
					.steps = steps,
					.steps_count = COUNT(steps) };
}

/* Nothing that may be left out. */
static struct publish_policy bare_policy(const char *name, int32_t version, int32_t priority)
{
	struct publish_policy policy = whole_policy(name, version, priority);

	policy.has_jurisdiction = policy.has_customer_kind = policy.has_debt_currency = policy.has_days_from = false;
	policy.has_days_to = policy.has_balance_from_minor = policy.has_balance_to_minor = policy.charged_off = false;
	policy.creditor_ids_count = policy.portfolio_ids_count = policy.languages_count = policy.arms_count = 0;
	policy.steps = &steps[3];
	policy.steps_count = 1;
	return policy;
}

static void add(const struct publish_policy *policy)
{
	store_add(&spec, &publish_policy_type, policy);
	spec.commands[spec.count - 1].approval = &approval;
}

static void add_retirement(struct uuid publication_id)
{
	const struct retire_policy body = { .publication_id = publication_id };

	store_add(&spec, &retire_policy_type, &body);
	spec.commands[spec.count - 1].approval = &approval;
}

/* Loads a state as a batch does; it stands until the next batch. */
static const void *loaded(const struct entity *entity, const struct uuid *id)
{
	struct slot *slot;
	bool fits;

	arena_reset(&spec.arena);
	fits = workset_init(&spec.set, &spec.arena, 10);
	assert_true(fits);
	slot = workset_touch(&spec.set, entity, id, (struct str){ 0 });
	store_must(&spec, spec.store->load(spec.store->self, spec.db, &slot, 1, &spec.err));
	return slot->exists ? slot->state : NULL;
}

static const struct policies *policies(void)
{
	return loaded(&policies_entity, &policies_id);
}

/* ---- tests ---- */

static void test_policies_store__every_member_comes_back(void **state)
{
	const struct publish_policy whole = whole_policy("whole", 1, 10), bare = bare_policy("bare", 1, 20);
	static struct policy there[2], here; /* large */

	(void)state;
	given_templates();
	add(&whole);
	add(&bare);
	store_run(&spec);
	then_answers(&spec, 0, "PolicyPublished");
	then_answers(&spec, 1, "PolicyPublished");
	policy_read_event(&there[0], spec.decisions[0].events[0].body);
	policy_read_event(&there[1], spec.decisions[1].events[0].body);
	assert_string_equal(there[0].steps[2].arm, "soft"); /* of the test itself: it compares something */
	for (size_t index = 0; index < 2; index++) {
		here = *(const struct policy *)loaded(&published_policy_entity, &there[index].publication_id);
		assert_memory_equal(&here, &there[index], sizeof(here));
	}
	assert_int_equal(policies()->count, 2);
	assert_int_equal(policies()->changes, 2);
	assert_memory_equal(&policies()->items[0], &there[1], sizeof(there[1])); /* in the order of their names */
	assert_memory_equal(&policies()->items[1], &there[0], sizeof(there[0]));
}

static void test_policies_store__the_newest_counts_and_a_retired_one_is_out(void **state)
{
	struct publish_policy first = bare_policy("ours", 1, 10), second = bare_policy("ours", 2, 30);

	(void)state;
	add(&first);
	add(&second);
	store_run(&spec);
	assert_int_equal(policies()->count, 1);
	assert_int_equal(policies()->items[0].version, 2);
	assert_int_equal(policies()->items[0].priority, 30);
	assert_false(policies()->items[0].is_retired);
	add_retirement(first.publication_id);
	add_retirement(second.publication_id);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_POLICY_NOT_PUBLISHED);
	then_answers(&spec, 1, "PolicyRetired");
	assert_true(policies()->items[0].is_retired);
	assert_int_equal(policies()->changes, 3);
	add_retirement(second.publication_id);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_POLICY_NOT_PUBLISHED);
	assert_int_equal(
		store_number(&spec, "test_changes",
			     "SELECT count(*) FROM dunning.policy_change WHERE changed_by = 'test' AND approved_by = 'another' "
			     "AND changed_at >= '2026-01-01' AND is_retirement = (number = 3)"),
		3);
	assert_int_equal(
		store_number(
			&spec, "test_states",
			"SELECT count(*) FROM dunning.api_policy WHERE (version, state) IN ((1, 'replaced'), (2, 'retired'))"),
		2);
}

/* What another partition commits after this batch has loaded; the policy has the same priority. */
static void publish_meanwhile(struct store_spec *its)
{
	store_sql(its, "test_meanwhile_change",
		  "INSERT INTO dunning.policy_change VALUES (1, '019a0000-0000-7000-8000-000000000009', false, now(), 'a', 'b')");
	store_sql(its, "test_meanwhile",
		  "INSERT INTO dunning.policy_version (publication_id, name, version, title, priority, creditor_ids, "
		  "portfolio_ids, languages, "
		  "charged_off, tolerance_minor, demands_a_day, demands_a_week, catch_up, new_debts, reopened, arms) VALUES "
		  "('019a0000-0000-7000-8000-000000000009', 'theirs', 1, 'x', 10, '', '', '', false, 0, 1, 3, 'one_a_day', "
		  "'join', 'start', '')");
	store_sql(its, "test_meanwhile_step",
		  "INSERT INTO dunning.policy_step (publication_id, place, number, trigger, days, action, channels, otherwise) "
		  "VALUES "
		  "('019a0000-0000-7000-8000-000000000009', 1, 1, 'days_past_due', 3, 'call', '', 'move_on')");
}

static void test_policies_store__of_two_at_once_one_is_decided_again(void **state)
{
	const struct publish_policy ours = bare_policy("ours", 1, 10);

	(void)state;
	add(&ours);
	spec.after_load = publish_meanwhile;
	assert_int_equal(store_try(&spec), -1);
	assert_string_equal(db_sqlstate(spec.db), DB_UNIQUE_VIOLATION);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	assert_string_equal(spec.decisions[0].field, "priority");
}

static void test_policies_store__templates_are_seen_in_their_newest_version(void **state)
{
	struct publish_policy policy = whole_policy("ours", 1, 10);

	(void)state;
	add(&policy);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_NOT_FOUND); /* none is there */
	given_templates();
	add(&policy);
	store_run(&spec);
	then_answers(&spec, 0, "PolicyPublished"); /* its first version was of another class */
	store_sql(&spec, "test_version_1", "UPDATE communications.template SET version = 1 WHERE channel = 'email'");
	policy = whole_policy("others", 1, 11);
	add(&policy);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_VALUE);
}

/* Least privilege: neither the texts, nor the tables behind the view. */
static void test_policies_store__dunning_reads_no_text(void **state)
{
	(void)state;
	assert_int_equal(db_run(spec.db, store_statement("test_texts", "SELECT body FROM communications.template_version"), NULL,
				NULL, &spec.err),
			 -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
	assert_int_equal(db_run(spec.db, store_statement("test_rewrite", "UPDATE dunning.policy_version SET priority = 1"), NULL,
				NULL, &spec.err),
			 -1);
	assert_string_equal(db_sqlstate(spec.db), "42501"); /* append-only */
}

/* As POST /dunning/policies takes it. */
static void test_policies_store__steps_and_arms_are_shown_as_they_were_sent(void **state)
{
	const struct publish_policy whole = whole_policy("whole", 1, 10);

	(void)state;
	given_templates();
	add(&whole);
	store_run(&spec);
	assert_int_equal(
		store_number(
			&spec, "test_shown",
			"SELECT count(*) FROM dunning.api_policy p WHERE dunning.policy_arms(p.arms)::jsonb = "
			"'[{\"name\": \"control\", \"weight\": 1}, {\"name\": \"soft\", \"weight\": 1000}]' "
			"AND dunning.policy_steps(p.publication_id)::jsonb -> 0 = '{\"number\": 1, \"trigger\": "
			"\"days_past_due\", "
			"\"days\": 5, \"action\": \"send\", \"template\": \"reminder\", \"messageClass\": \"demand\", "
			"\"channels\": \"letter email\", \"sendDays\": 3, \"otherwise\": \"retry\", \"retryDays\": 2, "
			"\"triesMax\": 3, "
			"\"waitDays\": 8}' AND dunning.policy_steps(p.publication_id)::jsonb -> 1 = '{\"number\": 2, \"arm\": "
			"\"control\", "
			"\"trigger\": \"month_end\", \"days\": 0, \"minBalanceMinor\": 5000, \"minAgeDays\": 40, \"daysFrom\": "
			"20, "
			"\"daysTo\": 400, \"action\": \"call\", \"otherwise\": \"move_on\"}' "
			"AND dunning.policy_steps(p.publication_id)::jsonb -> 2 = '{\"number\": 3, \"arm\": \"soft\", "
			"\"trigger\": \"on_date\", \"on\": \"2026-01-31\", \"action\": \"review\", \"otherwise\": \"review\"}' "
			"AND dunning.policy_steps(p.publication_id)::jsonb -> 3 ->> 'event' = 'payment_reversed'"),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policies_store__every_member_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_store__the_newest_counts_and_a_retired_one_is_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_store__of_two_at_once_one_is_decided_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_store__templates_are_seen_in_their_newest_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_store__dunning_reads_no_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_store__steps_and_arms_are_shown_as_they_were_sent, setup, teardown),
	};

	return cmocka_run_group_tests_name("dunning policies in PostgreSQL", tests, setup_group, NULL);
}
