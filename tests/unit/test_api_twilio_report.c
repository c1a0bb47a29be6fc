#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/base64url.h"
#include "consumers/notifier/gateway.h"
#include "crypto/crypto.h"
#include "producers/api/offer/twilio_report.h"

#define COMMUNICATION "01900000-0000-7000-8000-0000000000c1"
#define CUSTOMER      "01900000-0000-7000-8000-0000000000a1"
#define PUBLIC_URL    "https://dcs.example:8443/in"
#define NOW_MS        1795359845123LL
#define TOKEN         "0123456789abcdef"

static const uint8_t key[32] = { 1, 2, 3 };
static struct twilio_keys keys;
static struct arena arena;
static char link_signature[2 * DIGEST_SIZE + 1], url[512];

/* The URL as the notifier gives it to Twilio. */
static int make_url(void **state)
{
	struct gateway_conf conf = { .name = "backup", .kind = "twilio", .callback_url = PUBLIC_URL };
	struct uuid communication, customer;
	struct err err = ERR_INIT;
	struct buf text;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	arena_release(&arena);
	assert_int_equal(arena_init(&arena, 65536, &err), 0);
	assert_true(uuid_parse(&communication, STR(COMMUNICATION)) && uuid_parse(&customer, STR(CUSTOMER)));
	memcpy(conf.callback_key, key, sizeof(key));
	buf_init(&text, 512);
	gateway_callback_url(&conf, &communication, &customer, &text);
	assert_true(str_to_chars(url, sizeof(url), buf_str(&text)));
	memcpy(link_signature, strstr(url, "&s=") + 3, 2 * DIGEST_SIZE);
	buf_release(&text);
	keys = (struct twilio_keys){ .count = 2, .tokens = { "the other account's", TOKEN }, .public_url = PUBLIC_URL };
	return 0;
}

/* Twilio's side: `pairs` are the form's names and values, sorted and decoded. */
static void sign_as_twilio(char text[64], const char *pairs)
{
	char content[2048];
	uint8_t mac[SHA1_SIZE];

	(void)snprintf(content, sizeof(content), "%s%s", url, pairs);
	hmac_sha1(mac, str_of(content), STR(TOKEN));
	base64url_encode(text, mac, sizeof(mac));
	for (char *at = text; *at != '\0'; at++)
		*at = (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at);
	text[27] = '=';
	text[28] = '\0';
}

static enum twilio_report_verdict read_at(const char *body, const char *signature, struct twilio_report *ret_report)
{
	struct twilio_arguments arguments = { .link = { STR(COMMUNICATION), STR(CUSTOMER), STR("backup"),
							str_of(link_signature) },
					      .signature = str_of(signature),
					      .body = str_of(body) };

	arena_reset(&arena);
	return twilio_report_read(&arguments, &keys, key, NOW_MS, &arena, ret_report);
}

static enum twilio_report_verdict read_signed(const char *body, const char *pairs, struct twilio_report *ret_report)
{
	char signature[64];

	sign_as_twilio(signature, pairs);
	return read_at(body, signature, ret_report);
}

/* The example of Twilio's documentation. */
static void test_twilio__the_published_example_is_signed(void **state)
{
	static const struct twilio_keys published = { .count = 1, .tokens = { "12345" }, .public_url = "https://mycompany.com" };
	const struct str signature = STR("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
	const struct str target = STR("/myapp.php?foo=1&bar=2");
	struct form form;

	(void)state;
	arena_reset(&arena);
	assert_true(form_read(
		&form, STR("To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"),
		&arena));
	assert_true(twilio_is_signed(&published, target, &form, signature));
	assert_false(twilio_is_signed(&published, STR("/myapp.php?foo=1&bar=3"), &form, signature));
	assert_false(twilio_is_signed(&keys, target, &form, signature));
	assert_false(twilio_is_signed(&published, target, &form, STR("RSOYDt4T1cUTdK1PDd93/VVr8B8")));
	form.pairs[0].value = STR("other");
	assert_false(twilio_is_signed(&published, target, &form, signature));
}

static void test_twilio__a_report_names_its_gateway(void **state)
{
	struct twilio_report report;

	(void)state;
	assert_int_equal(read_signed("MessageStatus=delivered&MessageSid=SM1&To=%2B49+1",
				     "MessageSidSM1MessageStatusdeliveredTo+49 1", &report),
			 TWILIO_REPORT_TAKEN);
	assert_true(str_is(report.delivery.provider, "backup"));
	assert_true(str_is(report.delivery.status, "delivered"));
	assert_true(str_is(report.delivery.provider_ref, "SM1"));
	assert_false(report.delivery.has_provider_code);
	assert_int_equal(report.delivery.occurred_at, NOW_MS);
	assert_false(report.has_opted_out);
}

static void test_twilio__each_status_has_its_word(void **state)
{
	static const char *const words[][3] = {
		{ "queued", "", "accepted" },
		{ "sending", "", "accepted" },
		{ "accepted", "", "accepted" },
		{ "scheduled", "", "accepted" },
		{ "sent", "", "buffered" },
		{ "delivered", "", "delivered" },
		{ "read", "", "delivered" },
		{ "failed", "30007", "failed" },
		{ "undelivered", "30003", "failed" },
		{ "canceled", "", "rejected" },
		{ "undelivered", "30036", "expired" },
	};
	struct twilio_report report;
	char body[200], pairs[200];

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		(void)snprintf(body, sizeof(body), "MessageStatus=%s&ErrorCode=%s", words[i][0], words[i][1]);
		(void)snprintf(pairs, sizeof(pairs), "ErrorCode%sMessageStatus%s", words[i][1], words[i][0]);
		assert_int_equal(read_signed(body, pairs, &report), TWILIO_REPORT_TAKEN);
		assert_true(str_is(report.delivery.status, words[i][2]));
		assert_true(str_is(report.delivery.provider_code, words[i][1]));
	}
	assert_int_equal(read_signed("MessageStatus=receiving", "MessageStatusreceiving", &report), TWILIO_REPORT_NO_NEWS);
	assert_int_equal(read_signed("MessageStatus=", "MessageStatus", &report), TWILIO_REPORT_MALFORMED);
	assert_int_equal(read_signed("MessageStatus=%zz", "MessageStatus%zz", &report), TWILIO_REPORT_MALFORMED);
}

static void test_twilio__a_barred_number_has_opted_out(void **state)
{
	struct twilio_report report;

	(void)state;
	assert_int_equal(read_signed("MessageStatus=failed&ErrorCode=21610", "ErrorCode21610MessageStatusfailed", &report),
			 TWILIO_REPORT_TAKEN);
	assert_true(report.has_opted_out);
}

static void test_twilio__both_signatures_count(void **state)
{
	struct twilio_report report;
	char signature[64];

	(void)state;
	sign_as_twilio(signature, "MessageStatusdelivered");
	assert_int_equal(read_at("MessageStatus=delivered", signature, &report), TWILIO_REPORT_TAKEN);
	assert_int_equal(read_at("MessageStatus=failed", signature, &report), TWILIO_REPORT_FORGED);
	assert_int_equal(read_at("MessageStatus=delivered&To=1", signature, &report), TWILIO_REPORT_FORGED);
	assert_int_equal(read_at("MessageStatus=delivered", "", &report), TWILIO_REPORT_FORGED);
	signature[0] = signature[0] == 'A' ? 'B' : 'A';
	assert_int_equal(read_at("MessageStatus=delivered", signature, &report), TWILIO_REPORT_FORGED);
	sign_as_twilio(signature, "MessageStatusdelivered");
	link_signature[0] = link_signature[0] == '0' ? '1' : '0';
	assert_int_equal(read_at("MessageStatus=delivered", signature, &report), TWILIO_REPORT_FORGED);
	(void)make_url(NULL);
	keys.count = 0; /* no token is known: nothing can be signed */
	assert_int_equal(read_at("MessageStatus=delivered", signature, &report), TWILIO_REPORT_FORGED);
	(void)make_url(NULL);
}

static void test_twilio__a_repeated_report_is_another_command_only_at_another_time(void **state)
{
	struct twilio_report report;
	struct uuid first, again, later;

	(void)state;
	assert_int_equal(read_signed("MessageStatus=delivered", "MessageStatusdelivered", &report), TWILIO_REPORT_TAKEN);
	first = twilio_report_command_id(&report);
	again = twilio_report_command_id(&report);
	report.delivery.occurred_at++;
	later = twilio_report_command_id(&report);
	assert_true(uuid_equal(&first, &again));
	assert_false(uuid_equal(&first, &later));
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_twilio__tokens_are_lines_of_a_private_file(void **state)
{
	char path[] = "/tmp/dcs-twilio-XXXXXX";
	struct twilio_keys read;
	struct err err = ERR_INIT;

	(void)state;
	(void)close(mkstemp(path));
	assert_int_equal(twilio_keys_load(&read, "", "", &err), 0);
	assert_int_equal(read.count, 0);
	write_file(path, "one\n\ntwo\r\n", 0600);
	assert_int_equal(twilio_keys_load(&read, path, "https://a.example/", &err), 0);
	assert_int_equal(read.count, 2);
	assert_string_equal(read.tokens[1], "two");
	assert_string_equal(read.public_url, "https://a.example");
	assert_int_equal(twilio_keys_load(&read, path, "", &err), -1);
	write_file(path, "one\n", 0644);
	assert_int_equal(twilio_keys_load(&read, path, "https://a.example", &err), -1);
	write_file(path, "\n", 0600);
	assert_int_equal(twilio_keys_load(&read, path, "https://a.example", &err), -1);
	write_file(path, "1\n2\n3\n4\n5\n6\n7\n8\n9\n", 0600);
	assert_int_equal(twilio_keys_load(&read, path, "https://a.example", &err), -1);
	(void)unlink(path);
	assert_int_equal(twilio_keys_load(&read, path, "https://a.example", &err), -1);
}

static int release_arena(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twilio__the_published_example_is_signed),
		cmocka_unit_test(test_twilio__a_report_names_its_gateway),
		cmocka_unit_test(test_twilio__each_status_has_its_word),
		cmocka_unit_test(test_twilio__a_barred_number_has_opted_out),
		cmocka_unit_test(test_twilio__both_signatures_count),
		cmocka_unit_test(test_twilio__a_repeated_report_is_another_command_only_at_another_time),
		cmocka_unit_test(test_twilio__tokens_are_lines_of_a_private_file),
	};

	return cmocka_run_group_tests(tests, make_url, release_arena);
}
