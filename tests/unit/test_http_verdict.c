#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/verdict.h"

static void assert_verdict(struct facts facts, enum http_outcome outcome, int status)
{
	int got = -1;

	assert_int_equal(verdict_of(&facts, &got), outcome);
	assert_int_equal(got, status);
}

static void test_verdict__http_nothing_left_is_certain(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_HTTP }, HTTP_NOT_SENT, 0);
	/* a proxy's refusal is not the gateway's answer */
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .status = 407 }, HTTP_NOT_SENT, 0);
}

static void test_verdict__http_without_final_status_is_ambiguous(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true }, HTTP_AMBIGUOUS, 0);
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true, .status = 100 }, HTTP_AMBIGUOUS, 0);
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true, .status = 199 }, HTTP_AMBIGUOUS, 0);
}

static void test_verdict__http_final_status_is_an_answer_even_if_the_body_broke(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true, .status = 200 }, HTTP_ANSWERED, 200);
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true, .status = 503 }, HTTP_ANSWERED, 503);
	assert_verdict((struct facts){ .protocol = FACTS_HTTP, .began = true, .succeeded = true, .status = 202 }, HTTP_ANSWERED,
		       202);
}

static void test_verdict__mail_is_certain_until_the_message_leaves(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_MAIL }, HTTP_NOT_SENT, 0);
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .status = 250 }, HTTP_NOT_SENT, 0); /* line broke after RCPT */
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .status = 354 }, HTTP_NOT_SENT, 0);
}

static void test_verdict__mail_refused_is_answered_wherever_it_happens(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .is_connected = true, .status = 550 }, HTTP_ANSWERED, 550);
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .is_connected = true, .status = 421 }, HTTP_ANSWERED, 421);
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .is_connected = true, .began = true, .status = 554 },
		       HTTP_ANSWERED, 554);
}

static void test_verdict__mail_refused_before_the_log_in_is_not_about_the_message(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .status = 421 }, HTTP_NOT_SENT, 0);
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .status = 535 }, HTTP_NOT_SENT, 0);
}

static void test_verdict__mail_without_reply_to_the_message_is_ambiguous(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .began = true, .status = 354 }, HTTP_AMBIGUOUS, 0);
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .began = true, .status = 250 }, HTTP_AMBIGUOUS, 0);
	/* "complete" with a last reply that does not take it is not believed */
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .began = true, .succeeded = true, .status = 354 }, HTTP_AMBIGUOUS,
		       0);
}

static void test_verdict__mail_taken(void **state)
{
	(void)state;
	assert_verdict((struct facts){ .protocol = FACTS_MAIL, .began = true, .succeeded = true, .status = 250 }, HTTP_ANSWERED,
		       250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict__http_nothing_left_is_certain),
		cmocka_unit_test(test_verdict__http_without_final_status_is_ambiguous),
		cmocka_unit_test(test_verdict__http_final_status_is_an_answer_even_if_the_body_broke),
		cmocka_unit_test(test_verdict__mail_is_certain_until_the_message_leaves),
		cmocka_unit_test(test_verdict__mail_refused_is_answered_wherever_it_happens),
		cmocka_unit_test(test_verdict__mail_refused_before_the_log_in_is_not_about_the_message),
		cmocka_unit_test(test_verdict__mail_without_reply_to_the_message_is_ambiguous),
		cmocka_unit_test(test_verdict__mail_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
