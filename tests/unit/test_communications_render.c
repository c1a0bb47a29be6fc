#include "rule_spec.h"

#include "consumers/communications/guard.h"
#include "consumers/communications/render.h"

/* ---- render ---- */

#define OUT_MAX 32

static char out[OUT_MAX];
static size_t size;
static struct str culprit;

static enum render_outcome rendered(const char *text)
{
	static const struct token tokens[] = {
		{ { "name", 4 }, { "Anna", 4 } },
		{ { "braces", 6 }, { "{{name}}", 8 } },
		{ { "empty", 5 }, { "", 0 } },
		{ { "a_1", 3 }, { "x", 1 } },
	};

	size = 0;
	culprit = (struct str){ 0 };
	return render_text(str_of(text), tokens, sizeof(tokens) / sizeof(tokens[0]), out, sizeof(out), &size, &culprit);
}

static void then_text(const char *wanted)
{
	assert_int_equal(size, strlen(wanted));
	assert_memory_equal(out, wanted, size);
}

static void test_communications__tokens_are_replaced_and_the_rest_is_kept(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "Dear {{name}}!", "Dear Anna!" },
		{ "{{name}}{{name}}", "AnnaAnna" },
		{ "{{empty}}|{{a_1}}", "|x" },
		{ "{ {name} }} {", "{ {name} }} {" },
		{ "}}{{name}}}}", "}}Anna}}" },
	};

	(void)state;
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		assert_int_equal(rendered(cases[index][0]), RENDER_OK);
		then_text(cases[index][1]);
	}
}

static void test_communications__a_value_is_never_looked_into(void **state)
{
	(void)state;
	assert_int_equal(rendered("<{{braces}}>"), RENDER_OK);
	then_text("<{{name}}>");
}

static void test_communications__an_unknown_token_is_named(void **state)
{
	(void)state;
	assert_int_equal(rendered("{{name}} {{balance}}"), RENDER_UNKNOWN_TOKEN);
	assert_true(str_is(culprit, "balance"));
}

static void test_communications__there_is_no_other_syntax(void **state)
{
	static const char *const cases[] = { "{{",        "{{name",       "{{name}",    "{{}}",       "{{ name }}",
					     "{{Name}}",  "{{1name}}",    "{{na-me}}",  "{{{name}}}", "{{name|html}}",
					     "{{#if x}}", "x {{na{{me}}", "{{name\n}}", "{{_name}}" };

	(void)state;
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		if (rendered(cases[index]) != RENDER_MALFORMED)
			fail_msg("\"%s\" was rendered", cases[index]);
		assert_false(template_is_well_formed(str_of(cases[index])));
	}
}

static void test_communications__the_output_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(rendered("{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}"), RENDER_OK);
	assert_int_equal(size, OUT_MAX);
	assert_int_equal(rendered("{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}!"), RENDER_TOO_LONG);
	assert_int_equal(rendered("0123456789012345678901234567890123456789"), RENDER_TOO_LONG);
}

static void test_communications__a_template_says_which_tokens_it_has(void **state)
{
	(void)state;
	assert_true(template_has_token(STR("a {{opt_out}}"), "opt_out"));
	assert_false(template_has_token(STR("a {opt_out} {{opt}}"), "opt_out"));
	assert_false(template_has_token(STR("opt_out"), "opt_out"));
}

/* ---- guard ---- */

static struct guard_facts permitted(enum channel channel)
{
	return (struct guard_facts){ .action = "send",
				     .channel = channel,
				     .message_class = STR("demand"),
				     .has_permission = true,
				     .basis = BASIS_EXPRESS,
				     .obtained_at_ms = 1000,
				     .now_ms = 2000 };
}

static void then_verdict(const struct guard_facts *facts, enum compliance_verdict wanted, const char *rules)
{
	struct guard_verdict verdict = guard_decide(facts);
	char text[128] = "";

	for (size_t index = 0; index < verdict.rules_count; index++) {
		strncat(text, index > 0 ? " " : "", sizeof(text) - strlen(text) - 1);
		strncat(text, verdict.rules[index], sizeof(text) - strlen(text) - 1);
	}
	assert_int_equal(verdict.verdict, wanted);
	assert_string_equal(text, rules);
}

static void test_communications__a_permitted_message_is_allowed_by_every_rule(void **state)
{
	struct guard_facts facts = permitted(CHANNEL_EMAIL);

	(void)state;
	then_verdict(&facts, VERDICT_ALLOW, "US-10 US-12 US-13 DEBT-1 DEBT-2 DEBT-3");
}

static void test_communications__without_permission_the_channels_own_rule_denies(void **state)
{
	struct guard_facts email = permitted(CHANNEL_EMAIL);
	struct guard_facts sms = permitted(CHANNEL_SMS);

	(void)state;
	email.has_permission = sms.has_permission = false;
	then_verdict(&email, VERDICT_DENY, "US-12");
	then_verdict(&sms, VERDICT_DENY, "US-13");
}

static void test_communications__an_opt_out_denies(void **state)
{
	struct guard_facts facts = permitted(CHANNEL_SMS);

	(void)state;
	facts.is_opted_out = true;
	then_verdict(&facts, VERDICT_DENY, "US-10");
	facts.has_permission = false;
	then_verdict(&facts, VERDICT_DENY, "US-10 US-13");
}

static void test_communications__the_same_facts_are_the_same_text(void **state)
{
	struct guard_facts facts = permitted(CHANNEL_SMS);
	char first[FACTS_TEXT_MAX];
	char second[FACTS_TEXT_MAX];

	(void)state;
	guard_facts_text(first, &facts);
	guard_facts_text(second, &facts);
	assert_string_equal(first, second);
	facts.withdrawn_at_ms = 5;
	guard_facts_text(second, &facts);
	assert_string_not_equal(first, second);
	facts.obtained_at_ms = facts.withdrawn_at_ms = facts.now_ms = INT64_MIN;
	facts.message_class = STR("12345678901234567890123456789012");
	facts.basis = BASIS_CREDITOR_TRANSFER_NOTICE;
	facts.channel = CHANNEL_LETTER;
	guard_facts_text(second, &facts);
}

/* ---- states ---- */

static void test_communications__states_move_forward_only(void **state)
{
	(void)state;
	assert_true(communication_moves(COMMUNICATION_RELEASED, 0, COMMUNICATION_SUBMITTED, 1));
	assert_true(communication_moves(COMMUNICATION_RELEASED, 0, COMMUNICATION_DELIVERED, 0));
	assert_true(communication_moves(COMMUNICATION_RETRY_WAIT, 1, COMMUNICATION_RETRY_WAIT, 2));
	assert_false(communication_moves(COMMUNICATION_RETRY_WAIT, 2, COMMUNICATION_RETRY_WAIT, 2));
	assert_true(communication_moves(COMMUNICATION_UNKNOWN, 1, COMMUNICATION_DELIVERED, 0));
	assert_true(communication_moves(COMMUNICATION_FAILED, 1, COMMUNICATION_DELIVERED, 0));
	assert_false(communication_moves(COMMUNICATION_DELIVERED, 1, COMMUNICATION_FAILED, 0));
	assert_false(communication_moves(COMMUNICATION_SUBMITTED, 1, COMMUNICATION_SUBMITTED, 1));
	assert_false(communication_moves(COMMUNICATION_FAILED, 1, COMMUNICATION_EXPIRED, 0));
	for (unsigned to = 0; to < COMMUNICATION_STATE_COUNT; to++) {
		assert_false(communication_moves(COMMUNICATION_CANCELLED, 0, to, 1));
		assert_false(communication_moves(COMMUNICATION_SUPPRESSED, 0, to, 1));
	}
}

static void test_communications__every_language_has_a_way_out(void **state)
{
	(void)state;
	assert_true(str_is(opt_out_statement(CHANNEL_SMS, STR("en-US")), "Reply STOP to opt out."));
	assert_memory_equal(opt_out_statement(CHANNEL_SMS, STR("de")).data, "Antworten", 9);
	assert_true(str_equal(opt_out_statement(CHANNEL_EMAIL, STR("xx")), opt_out_statement(CHANNEL_EMAIL, STR("en"))));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_communications__tokens_are_replaced_and_the_rest_is_kept),
		cmocka_unit_test(test_communications__a_value_is_never_looked_into),
		cmocka_unit_test(test_communications__an_unknown_token_is_named),
		cmocka_unit_test(test_communications__there_is_no_other_syntax),
		cmocka_unit_test(test_communications__the_output_is_bounded),
		cmocka_unit_test(test_communications__a_template_says_which_tokens_it_has),
		cmocka_unit_test(test_communications__a_permitted_message_is_allowed_by_every_rule),
		cmocka_unit_test(test_communications__without_permission_the_channels_own_rule_denies),
		cmocka_unit_test(test_communications__an_opt_out_denies),
		cmocka_unit_test(test_communications__the_same_facts_are_the_same_text),
		cmocka_unit_test(test_communications__states_move_forward_only),
		cmocka_unit_test(test_communications__every_language_has_a_way_out),
	};

	return cmocka_run_group_tests_name("communications render and guard", tests, NULL, NULL);
}
