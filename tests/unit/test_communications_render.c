#include "rule_spec.h"

#include "base/array.h"
#include "base/sms.h"
#include "consumers/communications/communications.h"
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
	return render_text(str_of(text), tokens, COUNT(tokens), out, sizeof(out), &size, &culprit);
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
	for (size_t index = 0; index < COUNT(cases); index++) {
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
	for (size_t index = 0; index < COUNT(cases); index++) {
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
	assert_true(language_has_sentences(STR("pt-BR")));
	assert_true(language_has_sentences(STR("ja"))); /* the synthetic portfolio has people there */
	assert_false(language_has_sentences(STR("xx")));
	assert_true(str_is(disclosure_statement(STR("en-US")),
			   "This is an attempt to collect a debt by a debt collector. Information obtained will be used for that "
			   "purpose."));
	assert_memory_equal(disclosure_statement(STR("de-AT")).data, "Diese Nachricht", 15);
}

/* A single character of another alphabet doubles the price of the message. */
static void test_communications__the_way_out_of_an_sms_is_in_the_gsm_alphabet(void **state)
{
	static const char *const languages[] = { "en", "de", "es", "fr", "it", "nl", "pt", "da", "sv", "nb", "fi", "pl" };
	struct sms_size sms;

	(void)state;
	for (size_t i = 0; i < COUNT(languages); i++) {
		assert_true(language_has_sentences(str_of(languages[i])));
		assert_true(sms_size_of(opt_out_statement(CHANNEL_SMS, str_of(languages[i])), &sms));
		assert_false(sms.is_ucs2);
		assert_true(sms_size_of(opt_out_statement(CHANNEL_EMAIL, str_of(languages[i])), &sms));
		assert_true(sms_size_of(disclosure_statement(str_of(languages[i])), &sms));
		assert_int_equal(sms.is_ucs2, strcmp(languages[i], "pl") == 0);
	}
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
		cmocka_unit_test(test_communications__states_move_forward_only),
		cmocka_unit_test(test_communications__every_language_has_a_way_out),
		cmocka_unit_test(test_communications__the_way_out_of_an_sms_is_in_the_gsm_alphabet),
	};

	return cmocka_run_group_tests_name("communications render", tests, NULL, NULL);
}
