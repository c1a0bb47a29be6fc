#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/notifier/gateway.h"
#include "crypto/crypto.h"

static const struct gateway_conf kannel_conf = {
	.name = "kannel", .kind = "kannel", .url = "http://127.0.0.1:1/cgi-bin/sendsms", .callback_url = "http://127.0.0.1:2"
};
static const struct gateway_conf smtp_conf = {
	.name = "smtp", .kind = "smtp", .url = "smtp://127.0.0.1:1/x", .from = "office@collector.example"
};
static struct gateway_conf twilio_conf = { .name = "twilio",
					   .kind = "twilio",
					   .url = "https://sms.example/Messages.json",
					   .user = "AC1",
					   .password = "secret",
					   .from = "+4915123" };
static struct gateway_conf webhook_conf = { .name = "webhook",
					    .kind = "webhook",
					    .url = "https://hook.example/",
					    .password = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
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

static void test_gateway__twilio_is_judged(void **state)
{
	static const struct gateway_conf *const conf = &twilio_conf;

	(void)state;
	assert_judged(conf, HTTP_ANSWERED, 201, "{\"sid\":\"SM12\",\"status\":\"queued\"}", DISPATCH_OUTCOME_ACCEPTED, true,
		      "201");
	assert_judged(conf, HTTP_ANSWERED, 400, "{\"code\":21211,\"message\":\"'+1' is not\"}", DISPATCH_OUTCOME_FAILED, true,
		      "21211");
	assert_judged(conf, HTTP_ANSWERED, 400, "{\"code\":21610}", DISPATCH_OUTCOME_FAILED, true, "21610");
	assert_judged(conf, HTTP_ANSWERED, 400, "not JSON", DISPATCH_OUTCOME_FAILED, true, "400");
	assert_judged(conf, HTTP_ANSWERED, 401, "{\"code\":20003}", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "20003");
	assert_judged(conf, HTTP_ANSWERED, 404, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "404");
	assert_judged(conf, HTTP_ANSWERED, 429, "{\"code\":20429}", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "20429");
	assert_judged(conf, HTTP_ANSWERED, 302, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "302");
	assert_judged(conf, HTTP_ANSWERED, 500, "{\"code\":20500}", DISPATCH_OUTCOME_UNKNOWN, false, "20500");
	assert_judged(conf, HTTP_ANSWERED, 503, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "503");
	assert_judged(conf, HTTP_NOT_SENT, 0, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "");
	assert_judged(conf, HTTP_AMBIGUOUS, 0, "", DISPATCH_OUTCOME_UNKNOWN, false, "");
	assert_string_equal(judged(conf, HTTP_ANSWERED, 201, "{\"sid\":\"SM12\"}").provider_ref, "SM12");
	assert_string_equal(judged(conf, HTTP_ANSWERED, 201, "{\"sid\":\"SM 12\"}").provider_ref, "");
	assert_true(judged(conf, HTTP_ANSWERED, 400, "{\"code\":21610}").has_opted_out);
	assert_false(judged(conf, HTTP_ANSWERED, 400, "{\"code\":21614}").has_opted_out);
}

static struct verdict looked_up(int status, const char *body)
{
	struct http_answer answer = { .outcome = HTTP_ANSWERED, .status = status, .body = str_of(body), .text = "" };
	struct asked asked = { .started_at_ms = 784111777000 }; /* Sun, 06 Nov 1994 08:49:37 GMT */
	struct verdict verdict;

	digest_of(asked.text_digest, STR("Please \"pay\"."));
	gateway_twilio.judge_asked(&asked, &answer, &verdict);
	return verdict;
}

#define LISTED(sid, body, date) "{\"sid\":\"" sid "\",\"body\":\"" body "\",\"date_created\":\"" date "\"}"
#define OURS                    "Please \\\"pay\\\"."
#define LATER                   "Sun, 06 Nov 1994 08:49:39 +0000"
#define BEFORE                  "Sun, 06 Nov 1994 08:49:31 +0000"

static void test_gateway__a_doubtful_message_is_found_by_its_text_and_time(void **state)
{
	static const char *const not_found[] = {
		"{\"messages\":[]}",
		"{\"messages\":[" LISTED("SM1", "Another text.", LATER) "]}",
		"{\"messages\":[" LISTED("SM1", OURS, BEFORE) "]}",
		"{\"messages\":[" LISTED("SM1", OURS, "yesterday") "]}",
		"{\"messages\":[" LISTED("SM1", OURS, LATER) "," LISTED("SM2", OURS, LATER) "]}", /* which? */
		"{\"messages\":[1, null, {}, {\"body\":7}]}",
		"{\"messages\":{}}",
		"{}",
		"[]",
		"",
		"junk",
	};
	struct verdict verdict =
		looked_up(200, "{\"messages\":[" LISTED("SM1", "Another text.", LATER) "," LISTED("SM2", OURS, LATER) "]}");

	(void)state;
	assert_int_equal(verdict.outcome, DISPATCH_OUTCOME_ACCEPTED);
	assert_string_equal(verdict.provider_ref, "SM2");
	for (size_t i = 0; i < COUNT(not_found); i++) {
		if (looked_up(200, not_found[i]).outcome != DISPATCH_OUTCOME_UNKNOWN)
			fail_msg("%s", not_found[i]);
	}
	verdict = looked_up(500, "{\"messages\":[" LISTED("SM2", OURS, LATER) "]}");
	assert_int_equal(verdict.outcome, DISPATCH_OUTCOME_UNKNOWN);
	assert_false(verdict.is_well);
}

static void test_gateway__a_webhook_is_judged(void **state)
{
	static const struct gateway_conf *const conf = &webhook_conf;

	(void)state;
	assert_judged(conf, HTTP_ANSWERED, 204, "", DISPATCH_OUTCOME_ACCEPTED, true, "204");
	assert_judged(conf, HTTP_ANSWERED, 400, "", DISPATCH_OUTCOME_FAILED, true, "400");
	assert_judged(conf, HTTP_ANSWERED, 422, "", DISPATCH_OUTCOME_FAILED, true, "422");
	assert_judged(conf, HTTP_ANSWERED, 401, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "401");
	assert_judged(conf, HTTP_ANSWERED, 410, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "410");
	assert_judged(conf, HTTP_ANSWERED, 429, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "429");
	assert_judged(conf, HTTP_ANSWERED, 302, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "302");
	assert_judged(conf, HTTP_ANSWERED, 408, "", DISPATCH_OUTCOME_UNKNOWN, false, "408");
	assert_judged(conf, HTTP_ANSWERED, 500, "", DISPATCH_OUTCOME_UNKNOWN, false, "500");
	assert_judged(conf, HTTP_ANSWERED, 503, "", DISPATCH_OUTCOME_NOT_ACCEPTED, false, "503");
	assert_judged(conf, HTTP_AMBIGUOUS, 0, "", DISPATCH_OUTCOME_UNKNOWN, false, "");
	assert_int_equal(gateway_webhook.doubt, DOUBT_REPEATS);
}

static void test_gateway__a_webhook_needs_a_secret_of_the_standard(void **state)
{
	static const char *const bad[] = { "",
					   "secret",
					   "whsec_",
					   "whsec_AAEC",
					   "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGx!!",
					   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
	struct gateway_conf conf = webhook_conf;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(gateway_webhook.check(&conf, &err), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_true(str_to_chars(conf.password, sizeof(conf.password), str_of(bad[i])));
		assert_int_equal(gateway_webhook.check(&conf, &err), -1);
		assert_non_null(strstr(err.text, "password.file must hold a secret"));
	}
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

/* ---- the sink of a rehearsal ---- */

static void note_status(void *status, const struct http_answer *answer)
{
	*(int *)status = answer->status;
}

/* What becomes of a message of this address and time. */
static enum dispatch_outcome sunk(const struct gateway_conf *conf, const char *address, int64_t now_ms)
{
	const struct parcel parcel = { .now_ms = now_ms, .address = str_of(address), .subject = STR(""), .text = STR("text") };
	struct http_answer answer = { .outcome = HTTP_ANSWERED, .body = STR(""), .text = "" };
	struct verdict verdict;
	struct err err = ERR_INIT;

	assert_int_equal(gateway_sink.start(conf, NULL, &parcel, note_status, &answer.status, &err), 0);
	gateway_sink.judge(conf, &message, &answer, &verdict);
	return verdict.outcome;
}

static void test_gateway__a_sink_refuses_what_its_faults_name(void **state)
{
	static const char faults[] = "sms 2027-03-01T00:00:00Z 2027-03-03T00:00:00Z refused\n"
				     "email 2027-03-01T00:00:00Z 2027-03-03T00:00:00Z busy anna@example.com\n"
				     "email 2027-03-04T00:00:00Z 2027-03-05T00:00:00Z nonsense\n";
	char folder[] = "/tmp/sink.XXXXXX", path[64], url[64];
	struct gateway_conf conf = { .name = "sink", .channel = "email", .kind = "sink", .url = url };
	int64_t first_ms = 0, last_ms = 0;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(url, sizeof(url), "file://%s/out", folder);
	(void)snprintf(path, sizeof(path), "%s/out.faults", folder);
	assert_true(instant_parse(STR("2027-03-01T00:00:00Z"), &first_ms) &&
		    instant_parse(STR("2027-03-03T00:00:00Z"), &last_ms));
	assert_int_equal(sunk(&conf, "anna@example.com", first_ms), DISPATCH_OUTCOME_ACCEPTED); /* there is no such file */
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(faults, 1, strlen(faults), file), strlen(faults));
	assert_int_equal(fclose(file), 0);

	assert_int_equal(sunk(&conf, "anna@example.com", first_ms), DISPATCH_OUTCOME_NOT_ACCEPTED);
	assert_int_equal(sunk(&conf, "anna@example.com", first_ms - 1), DISPATCH_OUTCOME_ACCEPTED);
	assert_int_equal(sunk(&conf, "anna@example.com", last_ms), DISPATCH_OUTCOME_ACCEPTED);
	assert_int_equal(sunk(&conf, "bert@example.com", first_ms), DISPATCH_OUTCOME_ACCEPTED);
	assert_int_equal(sunk(&conf, "anna@example.com", last_ms + 86400000), DISPATCH_OUTCOME_ACCEPTED);
	conf.channel = "sms";
	assert_int_equal(sunk(&conf, "+4915100000001", first_ms), DISPATCH_OUTCOME_FAILED);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(url + strlen("file://")), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway__kannel_is_judged),
		cmocka_unit_test(test_gateway__smtp_is_judged),
		cmocka_unit_test(test_gateway__twilio_is_judged),
		cmocka_unit_test(test_gateway__a_doubtful_message_is_found_by_its_text_and_time),
		cmocka_unit_test(test_gateway__a_webhook_is_judged),
		cmocka_unit_test(test_gateway__a_webhook_needs_a_secret_of_the_standard),
		cmocka_unit_test(test_gateway__outcomes_have_their_words),
		cmocka_unit_test(test_gateway__references_are_the_same_for_every_try),
		cmocka_unit_test(test_gateway__callback_urls_are_signed_for_one_message),
		cmocka_unit_test(test_gateway__a_sink_refuses_what_its_faults_name),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
