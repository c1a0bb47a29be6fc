#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/notifier/gateway.h"
#include "crypto/crypto.h"

static const struct gateway_conf kannel_conf = {
	.name = "kannel", .kind = "kannel", .url = "http://127.0.0.1:1/cgi-bin/sendsms", .callback_url = "http://127.0.0.1:2"
};
static const struct gateway_conf smtp_conf = {
	.name = "smtp", .kind = "smtp", .url = "smtp://127.0.0.1:1/x", .from = "office@collector.example"
};
static const struct uuid message = { .bytes = { 0x01, 0x9a } };

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

static struct verdict judged(const struct gateway_conf *conf, enum http_outcome outcome, int status, const char *body)
{
	struct http_answer answer = { .outcome = outcome, .status = status, .body = str_of(body), .text = "" };
	struct verdict verdict;

	gateway_kind_by_name(conf->kind)->judge(conf, &message, &answer, &verdict);
	return verdict;
}

static void assert_judged(const struct gateway_conf *conf, enum http_outcome outcome, int status, const char *body,
			  enum dispatch_outcome expected, bool is_well, const char *code)
{
	struct verdict verdict = judged(conf, outcome, status, body);

	if (verdict.outcome != expected || verdict.is_well != is_well)
		fail_msg("%s %d %s: %s, well %d", conf->name, status, body, dispatch_outcome_name(verdict.outcome),
			 verdict.is_well);
	assert_string_equal(verdict.provider_code, code);
}

static void test_gateway__kannel_is_judged(void **state)
{
	(void)state;
	assert_judged(&kannel_conf, HTTP_ANSWERED, 202, "0: Accepted for delivery", DISPATCH_OUTCOME_ACCEPTED, true, "202");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 202, "3: Queued for later delivery", DISPATCH_OUTCOME_ACCEPTED, true, "202");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 503, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "503");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 429, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "429");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 400, "", DISPATCH_OUTCOME_FAILED, true, "400");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 403, "Not routable. Do not try again.", DISPATCH_OUTCOME_FAILED, true, "403");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 403, "Authorization failed", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "403");
	assert_judged(&kannel_conf, HTTP_ANSWERED, 500, "Sending failed.", DISPATCH_OUTCOME_UNKNOWN, false, "500");
	assert_judged(&kannel_conf, HTTP_NOT_SENT, 0, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "");
	assert_judged(&kannel_conf, HTTP_AMBIGUOUS, 0, "", DISPATCH_OUTCOME_UNKNOWN, false, "");
}

static void test_gateway__smtp_is_judged(void **state)
{
	(void)state;
	assert_judged(&smtp_conf, HTTP_ANSWERED, 250, "250 2.0.0 queued", DISPATCH_OUTCOME_ACCEPTED, true, "2.0.0");
	assert_judged(&smtp_conf, HTTP_ANSWERED, 451, "451 4.7.1 greylisted", DISPATCH_OUTCOME_NOT_ACCEPTED, true, "4.7.1");
	assert_judged(&smtp_conf, HTTP_ANSWERED, 550, "550 5.1.1 <jane@x> unknown", DISPATCH_OUTCOME_FAILED, true, "5.1.1");
	assert_judged(&smtp_conf, HTTP_NOT_SENT, 0, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "");
	assert_judged(&smtp_conf, HTTP_AMBIGUOUS, 0, "354 go on", DISPATCH_OUTCOME_UNKNOWN, false, "");
}

static void test_gateway__outcomes_have_their_words(void **state)
{
	(void)state;
	assert_string_equal(dispatch_outcome_name(DISPATCH_OUTCOME_ACCEPTED), "accepted");
	assert_string_equal(dispatch_outcome_name(DISPATCH_OUTCOME_FAILED), "failed");
	assert_string_equal(dispatch_outcome_name(DISPATCH_OUTCOME_NOT_ACCEPTED), "not_accepted");
	assert_string_equal(dispatch_outcome_name(DISPATCH_OUTCOME_UNKNOWN), "unknown");
}

static void test_gateway__references_are_the_same_for_every_try(void **state)
{
	struct verdict first = judged(&smtp_conf, HTTP_ANSWERED, 250, "250 ok");
	struct verdict again = judged(&smtp_conf, HTTP_ANSWERED, 250, "250 2.0.0 ok");

	(void)state;
	assert_string_equal(first.provider_ref, "019a0000-0000-0000-0000-000000000000@collector.example");
	assert_string_equal(first.provider_ref, again.provider_ref);
	assert_string_equal(judged(&kannel_conf, HTTP_ANSWERED, 202, "0: Accepted").provider_ref, "");
}

static void test_gateway__callback_urls_are_signed_for_one_message(void **state)
{
	struct uuid communication = { .bytes = { 1 } }, other = { .bytes = { 2 } }, customer = { .bytes = { 3 } };
	struct buf first, second;

	(void)state;
	buf_init(&first, 1024);
	buf_init(&second, 1024);
	kannel_callback_url(&kannel_conf, &communication, &customer, &first);
	kannel_callback_url(&kannel_conf, &other, &customer, &second);
	assert_int_equal(first.size, second.size);
	buf_add_u8(&first, '\0');
	buf_add_u8(&second, '\0');
	assert_memory_not_equal(strstr((const char *)first.data, "&s="), strstr((const char *)second.data, "&s="),
				3 + 2 * DIGEST_SIZE);
	buf_release(&first);
	buf_release(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway__kannel_is_judged),
		cmocka_unit_test(test_gateway__smtp_is_judged),
		cmocka_unit_test(test_gateway__outcomes_have_their_words),
		cmocka_unit_test(test_gateway__references_are_the_same_for_every_try),
		cmocka_unit_test(test_gateway__callback_urls_are_signed_for_one_message),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
