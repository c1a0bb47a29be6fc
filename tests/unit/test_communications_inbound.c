#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "consumers/communications/inbound_words.h"

struct said {
	const char *text, *keyword;
};

static void assert_all(const struct said *cases, size_t count, enum inbound_intent intent)
{
	for (size_t i = 0; i < count; i++) {
		const char *keyword;

		if (inbound_intent_of(str_of(cases[i].text), &keyword) != intent)
			fail_msg("%s: %s", cases[i].text,
				 inbound_intent_name(inbound_intent_of(str_of(cases[i].text), &keyword)));
		if (cases[i].keyword == NULL)
			assert_null(keyword);
		else
			assert_string_equal(keyword, cases[i].keyword);
	}
}

/* The words of 47 CFR 64.1200(a)(10), and how people write them. */
static void test_inbound__a_word_of_refusal_is_one_in_any_dress(void **state)
{
	static const struct said cases[] = {
		{ "STOP", "STOP" },
		{ "stop", "STOP" },
		{ " Stop!! ", "STOP" },
		{ "\"STOP\".", "STOP" },
		{ "(stop)\n", "STOP" },
		{ "Stop texting me, you have the wrong number", "STOP" },
		{ "please STOP", "STOP" },
		{ "Bitte: STOP, danke.", "STOP" },
		{ "stop all", "STOP" },
		{ "STOPALL", "STOPALL" },
		{ "unsubscribe", "UNSUBSCRIBE" },
		{ "Unsubscribe me from this", "UNSUBSCRIBE" },
		{ "opt out", "OPT OUT" },
		{ "Opt-out.", "OPT OUT" },
		{ "OPTOUT", "OPTOUT" },
		{ "cancel", "CANCEL" },
		{ "Cancel all!", "CANCEL" },
		{ "END", "END" },
		{ "end.", "END" },
		{ "quit", "QUIT" },
		{ "Quit, please", "QUIT" },
		{ "revoke", "REVOKE" },
		{ "\xef\xbc\xb3\xef\xbc\xb4\xef\xbc\xaf\xef\xbc\xb0", "STOP" }, /* full-width */
		{ "STOP\xf0\x9f\x9b\x91", "STOP" },                             /* a stop sign */
		{ "\xe2\x80\x9cSTOP\xe2\x80\x9d", "STOP" },                     /* curly quotes */
		{ "\xef\xbb\xbf"
		  "STOP",
		  "STOP" },             /* a byte order mark */
		{ "STOP\xff", "STOP" }, /* no UTF-8 */
	};

	(void)state;
	assert_all(cases, COUNT(cases), INBOUND_INTENT_STOP);
}

static void test_inbound__help_is_asked_for_alone(void **state)
{
	static const struct said cases[] = {
		{ "HELP", "HELP" }, { "help?", "HELP" }, { "Info", "INFO" }, { "help please", "HELP" }
	};

	(void)state;
	assert_all(cases, COUNT(cases), INBOUND_INTENT_HELP);
}

static void test_inbound__anything_else_is_for_a_person(void **state)
{
	static const struct said cases[] = {
		{ "", NULL },
		{ "?!", NULL },
		{ "End of the month I shall pay", NULL },
		{ "Cancel my appointment on Monday", NULL },
		{ "I paid, don't stop the plan", NULL },
		{ "non-stop", NULL },
		{ "stopped paying you", NULL },
		{ "st\xc3\xb6p", NULL },
		{ "s t o p", NULL },
		{ "opt in", NULL },
		{ "help me to pay", NULL },
		{ "please", NULL },
		{ "a word that is far longer thanthelongestofours stop", NULL },
		{ "stopstopstopstopstopstopstopstopstopstop", NULL },
		{ "\xe5\x81\x9c\xe6\xad\xa2", NULL },
	};

	(void)state;
	assert_all(cases, COUNT(cases), INBOUND_INTENT_OTHER);
}

/* Of an e-mail what stands below the first line is a greeting, a signature, or what it answers. */
static void test_inbound__of_a_mail_the_first_line_counts(void **state)
{
	const char *keyword;

	(void)state;
	assert_int_equal(inbound_intent_of_mail(STR("\n \t\r\nQuit!\r\n\r\nJane Doe\nSent from my telephone"), &keyword),
			 INBOUND_INTENT_STOP);
	assert_string_equal(keyword, "QUIT");
	assert_int_equal(inbound_intent_of_mail(STR("Help\n-- \nJane"), &keyword), INBOUND_INTENT_HELP);
	assert_int_equal(inbound_intent_of_mail(STR("Dear Sirs,\nSTOP is what you wrote"), &keyword), INBOUND_INTENT_OTHER);
	assert_null(keyword);
	assert_int_equal(inbound_intent_of_mail(STR("\n\n"), &keyword), INBOUND_INTENT_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inbound__of_a_mail_the_first_line_counts),
		cmocka_unit_test(test_inbound__a_word_of_refusal_is_one_in_any_dress),
		cmocka_unit_test(test_inbound__help_is_asked_for_alone),
		cmocka_unit_test(test_inbound__anything_else_is_for_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
