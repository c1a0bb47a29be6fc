#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/base64url.h"
#include "base/buf.h"
#include "crypto/crypto.h"
#include "producers/api/offer/inbound_message.h"

#define NOW_MS 1795359845123LL
#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static uint8_t secret[32];
static struct arena arena;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	return crypto_init(&err) == 0 ? arena_init(&arena, 1 << 20, &err) : -1;
}

static struct kannel_inbound_arguments brought(const char *text, const char *coding)
{
	return (struct kannel_inbound_arguments){ .s = STR(SECRET),
						  .from = STR("+447700900123"),
						  .text = str_of(text),
						  .coding = str_of(coding),
						  .at = STR("1795359800"),
						  .id = STR("bf5c4026-29c2-433a-8f00-1b6beb35427d") };
}

static enum inbound_verdict read(struct kannel_inbound_arguments arguments, struct inbound_message *ret_message)
{
	arena_reset(&arena);
	return kannel_inbound_read(&arguments, secret, NOW_MS, &arena, ret_message);
}

static void assert_text(const char *hex, const char *coding, const char *text)
{
	struct inbound_message message;

	assert_int_equal(read(brought(hex, coding), &message), INBOUND_TAKEN);
	if (!str_is(message.text, text))
		fail_msg("%s: %.*s", hex, (int)message.text.size, message.text.data);
	assert_true(str_is_text(message.text));
}

static void test_inbound__kannel_brings_texts_in_both_alphabets(void **state)
{
	(void)state;
	assert_text("53746F7021", "0", "Stop!");
	assert_text("C3A4", "0", "\xc3\xa4");
	assert_text("", "0", "");
	assert_text("", "", "");
	assert_text("00530074006F0070", "2", "Stop");
	assert_text("00e4d83dded1", "2", "\xc3\xa4\xf0\x9f\x9b\x91");
	assert_text("d83d0041", "2",
		    "\xef\xbf\xbd"
		    "A"); /* half a pair */
	assert_text("ded1", "2", "\xef\xbf\xbd");
	assert_text("d83d", "2", "\xef\xbf\xbd");
	assert_text("004100", "2", "A");       /* half a unit */
	assert_text("53e4", "0", "S\xc3\xa4"); /* no UTF-8: Latin-1 */
	assert_text("410042", "0", "A B");     /* a NUL */
	assert_text("00000041", "2", " A");
}

static void test_inbound__what_kannel_cannot_have_brought_is_malformed(void **state)
{
	struct kannel_inbound_arguments given = brought("4", "0");
	struct inbound_message message;

	(void)state;
	assert_int_equal(read(given, &message), INBOUND_MALFORMED);
	assert_int_equal(read(brought("xx", "0"), &message), INBOUND_MALFORMED);
	given = brought("41", "0");
	given.from = STR("");
	assert_int_equal(read(given, &message), INBOUND_MALFORMED);
	given.from = STR("\xff");
	assert_int_equal(read(given, &message), INBOUND_MALFORMED);
	given.from = STR("\r\n "); /* nothing is left of it at admission */
	assert_int_equal(read(given, &message), INBOUND_MALFORMED);
}

static void test_inbound__only_who_knows_the_secret_brings_messages(void **state)
{
	struct kannel_inbound_arguments given = brought("41", "0");
	struct inbound_message message;

	(void)state;
	given.s = STR("");
	assert_int_equal(read(given, &message), INBOUND_FORGED);
	given.s = STR("100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	assert_int_equal(read(given, &message), INBOUND_FORGED);
	given = brought("41", "0");
	assert_int_equal(kannel_inbound_read(&given, NULL, NOW_MS, &arena, &message), INBOUND_FORGED);
}

static void test_inbound__numbers_get_their_normal_form(void **state)
{
	static const char *const numbers[][2] = {
		{ "+447700900123", "+447700900123" },
		{ "447700900123", "+447700900123" },
		{ "00447700900123", "+447700900123" },
		{ " +447700900123 ", "+447700900123" },
		{ "0770", "0770" },
		{ "Bank", "Bank" },
		{ "12345678901234567890", "12345678901234567890" },
	};
	struct kannel_inbound_arguments given = brought("41", "0");
	struct inbound_message message;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		given.from = str_of(numbers[i][0]);
		assert_int_equal(read(given, &message), INBOUND_TAKEN);
		if (!str_is(message.sender, numbers[i][1]))
			fail_msg("%s: %.*s", numbers[i][0], (int)message.sender.size, message.sender.data);
	}
}

static void test_inbound__extras_that_are_unusable_are_left_out(void **state)
{
	struct kannel_inbound_arguments given = brought("41", "0");
	struct inbound_message message;

	(void)state;
	assert_int_equal(read(given, &message), INBOUND_TAKEN);
	assert_int_equal(message.received_ms, 1795359800000);
	assert_true(str_is(message.provider, "kannel"));
	given.at = STR("soon");
	given.id = STR("a b");
	given.g = STR("Not A Name");
	assert_int_equal(read(given, &message), INBOUND_TAKEN);
	assert_int_equal(message.received_ms, NOW_MS);
	assert_int_equal(message.ref.size, 0);
	assert_true(str_is(message.provider, "kannel"));
	given.g = STR("main-2");
	assert_int_equal(read(given, &message), INBOUND_TAKEN);
	assert_true(str_is(message.provider, "main-2"));
}

static void test_inbound__a_long_text_is_cut_at_a_character(void **state)
{
	static char hex[4 * (INBOUND_TEXT_MAX + 10) + 1];
	struct inbound_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(hex) - 1; i += 4)
		memcpy(hex + i, "c3a4", 4);
	assert_int_equal(read(brought(hex, "0"), &message), INBOUND_TAKEN);
	assert_int_equal(str_characters(message.text), INBOUND_TEXT_MAX);
	assert_true(str_is_text(message.text));
}

static void test_inbound__the_same_message_has_one_id_for_each_person(void **state)
{
	struct uuid one = { .bytes = { 1 } }, other = { .bytes = { 2 } };
	struct inbound_message first, second;
	struct uuid ids[5];

	(void)state;
	assert_int_equal(read(brought("41", "0"), &first), INBOUND_TAKEN);
	second = first;
	second.received_ms++; /* the provider's id says that it is the same */
	ids[0] = inbound_message_id(&first, &one);
	ids[1] = inbound_message_id(&second, &one);
	assert_true(uuid_equal(&ids[0], &ids[1]));
	ids[1] = inbound_message_id(&first, &other);
	ids[2] = inbound_message_id(&first, NULL);
	first.ref = STR("");
	ids[3] = inbound_message_id(&first, &one);
	first.received_ms++;
	ids[4] = inbound_message_id(&first, &one);
	for (size_t i = 0; i < COUNT(ids); i++) {
		assert_int_equal(ids[i].bytes[0] + ids[i].bytes[1], 0);
		for (size_t k = 0; k < i; k++)
			assert_false(uuid_equal(&ids[i], &ids[k]));
	}
}

static const struct twilio_keys twilio = { .count = 1, .tokens = { "token" }, .public_url = "https://dcs.example" };

/* The body, with the signature of these names and values. */
static enum inbound_verdict read_signed(struct str body, const char *values, struct inbound_message *message)
{
	struct buf signed_text;
	uint8_t mac[SHA1_SIZE];
	char signature[32];

	buf_init(&signed_text, 1024);
	buf_add_str(&signed_text, STR("https://dcs.example/callbacks/twilio/inbound"));
	buf_add_str(&signed_text, str_of(values));
	hmac_sha1(mac, buf_str(&signed_text), STR("token"));
	buf_release(&signed_text);
	base64url_encode(signature, mac, sizeof(mac));
	for (char *at = signature; *at != '\0'; at++)
		*at = (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at);
	memcpy(signature + 27, "=", 2);
	arena_reset(&arena);
	return twilio_inbound_read(body, str_of(signature), &twilio, NOW_MS, &arena, message);
}

static void test_inbound__twilio_signs_what_it_brings(void **state)
{
	struct inbound_message message;

	(void)state;
	assert_int_equal(read_signed(STR("MessageSid=SM1&From=%2B447700900123&Body=Stop+it%0A%21"),
				     "BodyStop it\n!From+447700900123MessageSidSM1", &message),
			 INBOUND_TAKEN);
	assert_true(str_is(message.sender, "+447700900123"));
	assert_true(str_is(message.text, "Stop it\n!"));
	assert_true(str_is(message.ref, "SM1"));
	assert_true(str_is(message.handled_as, ""));
	assert_int_equal(message.received_ms, NOW_MS);
	assert_int_equal(read_signed(STR("MessageSid=SM2&From=%2B447700900123&Body=Stop"), "BodyStop it", &message),
			 INBOUND_FORGED);
	assert_int_equal(read_signed(STR("Body=%"), "", &message), INBOUND_MALFORMED);
}

/* Twilio's own management of opt-outs answers the person; what it took the message for is taken over. */
static void test_inbound__twilio_says_what_it_has_answered(void **state)
{
	static const struct {
		const char *type, *handled_as;
	} cases[] = { { "STOP", "stop" }, { "HELP", "help" }, { "START", "start" }, { "LATER", "start" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct inbound_message message;
		char body[128], values[128];

		(void)snprintf(body, sizeof(body), "MessageSid=SM1&From=%%2B447700900123&Body=arret&OptOutType=%s",
			       cases[i].type);
		(void)snprintf(values, sizeof(values), "BodyarretFrom+447700900123MessageSidSM1OptOutType%s", cases[i].type);
		assert_int_equal(read_signed(str_of(body), values, &message), INBOUND_TAKEN);
		assert_true(str_is(message.handled_as, cases[i].handled_as));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inbound__kannel_brings_texts_in_both_alphabets),
		cmocka_unit_test(test_inbound__what_kannel_cannot_have_brought_is_malformed),
		cmocka_unit_test(test_inbound__only_who_knows_the_secret_brings_messages),
		cmocka_unit_test(test_inbound__numbers_get_their_normal_form),
		cmocka_unit_test(test_inbound__extras_that_are_unusable_are_left_out),
		cmocka_unit_test(test_inbound__a_long_text_is_cut_at_a_character),
		cmocka_unit_test(test_inbound__the_same_message_has_one_id_for_each_person),
		cmocka_unit_test(test_inbound__twilio_signs_what_it_brings),
		cmocka_unit_test(test_inbound__twilio_says_what_it_has_answered),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
