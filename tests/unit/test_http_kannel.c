#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/kannel.h"

static struct kannel_sms sms(void)
{
	return (struct kannel_sms){
		.url = STR("http://127.0.0.1:13013/cgi-bin/sendsms"),
		.user = STR("dcs"),
		.password = STR("p&w=1"),
		.from = STR("DCS"),
		.to = STR("+491701234567"),
		.text = STR("Hello"),
	};
}

static void test_kannel__every_value_of_the_url_is_escaped(void **state)
{
	struct kannel_sms message = sms();
	struct err err = ERR_INIT;
	struct buf url;

	(void)state;
	message.text = STR("50% & more?\r\nto=+1 \u00e9");
	message.dlr_url = STR("http://h:1/callbacks/kannel?c=1&status=%d");
	message.validity_minutes = 90;
	buf_init(&url, 4096);
	assert_int_equal(kannel_url(&message, &url, &err), 0);
	assert_string_equal((const char *)url.data,
			    "http://127.0.0.1:13013/cgi-bin/sendsms?username=dcs&password=p%26w%3D1&from=DCS&to=%2B491701234567"
			    "&text=50%25%20%26%20more%3F%0D%0Ato%3D%2B1%20%C3%A9&charset=UTF-8&coding=0&validity=90&dlr-mask=31"
			    "&dlr-url=http%3A%2F%2Fh%3A1%2Fcallbacks%2Fkannel%3Fc%3D1%26status%3D%25d");
	buf_release(&url);
}

static void test_kannel__coding_follows_the_text(void **state)
{
	struct kannel_sms message = sms();
	struct err err = ERR_INIT;
	struct buf url;

	(void)state;
	message.text = STR("\u0416");
	buf_init(&url, 4096);
	assert_int_equal(kannel_url(&message, &url, &err), 0);
	assert_non_null(strstr((const char *)url.data, "&text=%D0%96&charset=UTF-8&coding=2"));
	assert_null(strstr((const char *)url.data, "dlr"));
	buf_release(&url);
}

static void assert_poison(struct kannel_sms message, size_t size_max)
{
	struct err err = ERR_INIT;
	struct buf url;

	buf_init(&url, size_max);
	assert_int_equal(kannel_url(&message, &url, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_null(strstr(err.text, "4917"));
	buf_release(&url);
}

static void test_kannel__what_cannot_be_sent_is_poison(void **state)
{
	struct kannel_sms message = sms();

	(void)state;
	message.to = STR("+491701234567 +491701234568");
	assert_poison(message, 4096);
	message = sms();
	message.text = STR("");
	assert_poison(message, 4096);
	message.text = STR("\xc3");
	assert_poison(message, 4096);
	assert_poison(sms(), 64);
}

static enum kannel_verdict verdict(enum http_outcome outcome, int status, const char *body)
{
	struct http_answer answer = { .outcome = outcome, .status = status, .body = str_of(body) };

	return kannel_verdict_of(&answer);
}

static void test_kannel__verdict_of_each_answer(void **state)
{
	(void)state;
	assert_int_equal(verdict(HTTP_ANSWERED, 202, "0: Accepted for delivery"), KANNEL_ACCEPTED);
	assert_int_equal(verdict(HTTP_ANSWERED, 202, "3: Queued for later delivery"), KANNEL_ACCEPTED);
	assert_int_equal(verdict(HTTP_ANSWERED, 503, "Temporal failure, try again later."), KANNEL_LATER);
	assert_int_equal(verdict(HTTP_ANSWERED, 429, ""), KANNEL_LATER);
	assert_int_equal(verdict(HTTP_ANSWERED, 403, "Authorization failed for sendsms"), KANNEL_LATER);
	assert_int_equal(verdict(HTTP_ANSWERED, 403, "Not routable. Do not try again."), KANNEL_REFUSED);
	assert_int_equal(verdict(HTTP_ANSWERED, 400, "Empty text"), KANNEL_REFUSED);
	assert_int_equal(verdict(HTTP_ANSWERED, 302, ""), KANNEL_LATER);
	assert_int_equal(verdict(HTTP_ANSWERED, 500, "Sending failed."), KANNEL_UNKNOWN);
	assert_int_equal(verdict(HTTP_ANSWERED, 502, ""), KANNEL_UNKNOWN);
	assert_int_equal(verdict(HTTP_NOT_SENT, 0, ""), KANNEL_LATER);
	assert_int_equal(verdict(HTTP_AMBIGUOUS, 0, ""), KANNEL_UNKNOWN);
}

static void test_kannel__delivery_words(void **state)
{
	(void)state;
	assert_string_equal(kannel_delivery_status(1), "delivered");
	assert_string_equal(kannel_delivery_status(2), "failed");
	assert_string_equal(kannel_delivery_status(4), "buffered");
	assert_string_equal(kannel_delivery_status(8), "accepted");
	assert_string_equal(kannel_delivery_status(16), "rejected");
	assert_null(kannel_delivery_status(0));
	assert_null(kannel_delivery_status(3));
	assert_null(kannel_delivery_status(32));
	assert_null(kannel_delivery_status(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kannel__every_value_of_the_url_is_escaped),
		cmocka_unit_test(test_kannel__coding_follows_the_text),
		cmocka_unit_test(test_kannel__what_cannot_be_sent_is_poison),
		cmocka_unit_test(test_kannel__verdict_of_each_answer),
		cmocka_unit_test(test_kannel__delivery_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
