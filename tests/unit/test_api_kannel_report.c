#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/notifier/gateway.h"
#include "crypto/crypto.h"
#include "producers/api/offer/kannel_report.h"

#define COMMUNICATION "01900000-0000-7000-8000-0000000000c1"
#define CUSTOMER      "01900000-0000-7000-8000-0000000000a1"
#define NOW_MS        1795359845123LL

static const uint8_t key[32] = { 1, 2, 3 };
static char signature[2 * DIGEST_SIZE + 1];

/* The signature as the notifier writes it into the URL that it gives to Kannel. */
static int sign_once(void **state)
{
	struct gateway_conf conf = { .name = "main", .kind = "kannel", .callback_url = "http://127.0.0.1:1" };
	struct uuid communication, customer;
	struct err err = ERR_INIT;
	const char *found;
	struct buf url;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	assert_true(uuid_parse(&communication, STR(COMMUNICATION)) && uuid_parse(&customer, STR(CUSTOMER)));
	memcpy(conf.callback_key, key, sizeof(key));
	buf_init(&url, 1024);
	kannel_callback_url(&conf, &communication, &customer, &url);
	buf_add_u8(&url, '\0');
	assert_memory_equal(url.data, "http://127.0.0.1:1/callbacks/kannel?c=" COMMUNICATION "&k=" CUSTOMER "&g=main&s=",
			    38 + 36 + 3 + 36 + 7 + 3);
	found = strstr((const char *)url.data, "&s=");
	assert_string_equal(found + 3 + 2 * DIGEST_SIZE, "&status=%d&ref=%F&at=%T&info=%A");
	memcpy(signature, found + 3, 2 * DIGEST_SIZE);
	buf_release(&url);
	return 0;
}

static struct kannel_arguments arguments(void)
{
	return (struct kannel_arguments){ .link = { STR(COMMUNICATION), STR(CUSTOMER), STR("main"), str_of(signature) },
					  .status = STR("1"),
					  .ref = STR("net-42"),
					  .at = STR("1795359800"),
					  .info = STR("id:7 sub:001 dlvrd:001 stat:DELIVRD err:00A text:Dear Jane") };
}

static void assert_verdict(struct kannel_arguments with, enum kannel_report_verdict verdict)
{
	struct kannel_report report;

	assert_int_equal(kannel_report_read(&with, key, NOW_MS, &report), verdict);
}

static void assert_str(struct str text, const char *expected)
{
	assert_true(str_is(text, expected));
}

static void test_kannel_report__a_report_of_ours_is_taken(void **state)
{
	struct kannel_arguments given = arguments();
	struct kannel_report report;
	char id[UUID_TEXT_SIZE + 1];

	(void)state;
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
	uuid_format(id, &report.delivery.communication_id);
	assert_string_equal(id, COMMUNICATION);
	uuid_format(id, &report.delivery.customer_id);
	assert_string_equal(id, CUSTOMER);
	assert_str(report.delivery.status, "delivered");
	assert_str(report.delivery.provider, "main");
	assert_true(report.delivery.has_provider_ref);
	assert_str(report.delivery.provider_ref, "net-42");
	assert_true(report.delivery.has_provider_code);
	assert_str(report.delivery.provider_code, "00A");
	assert_int_equal(report.delivery.occurred_at, 1795359800000);
}

/* Of before the gateway stood in the URL. */
static void test_kannel_report__an_older_url_is_of_kannel(void **state)
{
	struct kannel_arguments given = arguments();
	char text[2 * DIGEST_SIZE + 1];
	struct kannel_report report;
	uint8_t older[DIGEST_SIZE];

	(void)state;
	sign(older, STR("kannel|" COMMUNICATION "|" CUSTOMER), key);
	hex_from_bytes(text, older, sizeof(older));
	given.link.g = STR("");
	given.link.s = str_of(text);
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
	assert_str(report.delivery.provider, "kannel");
}

static void test_kannel_report__every_kind_has_its_word(void **state)
{
	static const char *const words[][2] = {
		{ "1", "delivered" }, { "2", "failed" }, { "4", "buffered" }, { "8", "accepted" }, { "16", "rejected" }
	};
	struct kannel_arguments given = arguments();
	struct kannel_report report;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		given.status = str_of(words[i][0]);
		assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
		assert_str(report.delivery.status, words[i][1]);
	}
	given.status = STR("32");
	assert_verdict(given, KANNEL_REPORT_NO_NEWS);
	given.status = STR("0");
	assert_verdict(given, KANNEL_REPORT_NO_NEWS);
}

static void test_kannel_report__a_changed_report_is_forged(void **state)
{
	struct kannel_arguments given = arguments();
	char other[2 * DIGEST_SIZE + 1];

	(void)state;
	given.link.k = STR("01900000-0000-7000-8000-0000000000a2");
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given = arguments();
	given.link.c = STR("01900000-0000-7000-8000-0000000000c2");
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given = arguments();
	given.link.g = STR("mainx");
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given.link.g = STR("");
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given = arguments();
	memcpy(other, signature, sizeof(other));
	other[31] = other[31] == '0' ? '1' : '0';
	given.link.s = str_of(other);
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given.link.s = STR("");
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given.link.s = (struct str){ .data = signature, .size = 30 };
	assert_verdict(given, KANNEL_REPORT_FORGED);
	given = arguments();
	given.status = STR("x");
	given.link.s = STR("00");
	assert_verdict(given, KANNEL_REPORT_FORGED); /* nothing else is looked at before the signature */
}

static void test_kannel_report__what_is_no_report_is_malformed(void **state)
{
	struct kannel_arguments given = arguments();

	(void)state;
	given.link.c = STR("");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given = arguments();
	given.link.c = STR("00000000-0000-0000-0000-000000000000");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given = arguments();
	given.link.k = STR("00000000-0000-0000-0000-000000000000");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given = arguments();
	given.link.k = STR("x");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given = arguments();
	given.link.g = STR("a name that is longer than any of a gateway");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given = arguments();
	given.status = STR("");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
	given.status = STR("%d");
	assert_verdict(given, KANNEL_REPORT_MALFORMED);
}

static void test_kannel_report__unusable_extras_are_left_out(void **state)
{
	struct kannel_arguments given = arguments();
	struct kannel_report report;

	(void)state;
	given.ref = STR("a b");
	given.at = STR("soon");
	given.info = STR("NACK/text:err:17 Dear Jane");
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
	assert_false(report.delivery.has_provider_ref);
	assert_false(report.delivery.has_provider_code);
	assert_int_equal(report.delivery.occurred_at, NOW_MS);
	given.at = STR("-5");
	given.info = STR("err:");
	given.ref = STR("");
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
	assert_int_equal(report.delivery.occurred_at, NOW_MS);
	assert_false(report.delivery.has_provider_code);
	given.info = STR("err:123456789012345678901234567890");
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
	assert_str(report.delivery.provider_code, "1234567890123456");
}

static void test_kannel_report__the_same_report_is_the_same_command(void **state)
{
	struct kannel_arguments given = arguments();
	struct kannel_report first, again, other;
	struct uuid a, b, c;

	(void)state;
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &first), KANNEL_REPORT_TAKEN);
	assert_int_equal(kannel_report_read(&given, key, NOW_MS + 5000, &again), KANNEL_REPORT_TAKEN);
	given.status = STR("8");
	assert_int_equal(kannel_report_read(&given, key, NOW_MS, &other), KANNEL_REPORT_TAKEN);
	a = kannel_report_command_id(&first);
	b = kannel_report_command_id(&again);
	c = kannel_report_command_id(&other);
	assert_true(uuid_equal(&a, &b));
	assert_int_equal(first.delivery.occurred_at, again.delivery.occurred_at);
	assert_false(uuid_equal(&a, &c));
}

/* Under the first one's id it would be duplicate_different_body: a report that the module never sees. */
static void test_kannel_report__a_second_report_of_a_kind_is_another_command(void **state)
{
	struct kannel_arguments given[4] = { arguments(), arguments(), arguments(), arguments() };
	struct kannel_report report;
	struct uuid ids[4];

	(void)state;
	given[1].at = STR("1795359801");
	given[2].ref = STR("net-43");
	given[3].info = STR("stat:DELIVRD err:00B");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(kannel_report_read(&given[i], key, NOW_MS, &report), KANNEL_REPORT_TAKEN);
		ids[i] = kannel_report_command_id(&report);
		for (size_t before = 0; before < i; before++)
			assert_false(uuid_equal(&ids[before], &ids[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kannel_report__a_report_of_ours_is_taken),
		cmocka_unit_test(test_kannel_report__an_older_url_is_of_kannel),
		cmocka_unit_test(test_kannel_report__every_kind_has_its_word),
		cmocka_unit_test(test_kannel_report__a_changed_report_is_forged),
		cmocka_unit_test(test_kannel_report__what_is_no_report_is_malformed),
		cmocka_unit_test(test_kannel_report__unusable_extras_are_left_out),
		cmocka_unit_test(test_kannel_report__the_same_report_is_the_same_command),
		cmocka_unit_test(test_kannel_report__a_second_report_of_a_kind_is_another_command),
	};

	return cmocka_run_group_tests(tests, sign_once, NULL);
}
