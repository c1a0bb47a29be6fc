#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/base64url.h"

/* RFC 4648 10, without the padding; and the two letters that base64 has otherwise. */
static const struct {
	const char *bytes, *text;
} cases[] = {
	{ "", "" },           { "f", "Zg" },          { "fo", "Zm8" },          { "foo", "Zm9v" },
	{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "-_-_" },
};
#define CASES_COUNT (COUNT(cases))

static void test_base64url__bytes_become_text_and_bytes_again(void **state)
{
	char text[16], bytes[16];
	size_t size;

	(void)state;
	for (size_t i = 0; i < CASES_COUNT; i++) {
		base64url_encode(text, cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(strlen(text), BASE64URL_SIZE(strlen(cases[i].bytes)));
		assert_true(base64url_decode(bytes, &size, str_of(text)));
		assert_int_equal(size, strlen(cases[i].bytes));
		assert_memory_equal(bytes, cases[i].bytes, size);
	}
}

static void test_base64url__every_length_of_every_byte_comes_back(void **state)
{
	uint8_t bytes[256], again[256];
	char text[BASE64URL_SIZE(256) + 1];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		base64url_encode(text, bytes, length);
		assert_true(base64url_decode(again, &size, str_of(text)));
		assert_int_equal(size, length);
		assert_memory_equal(again, bytes, length);
	}
}

static void test_base64url__other_texts_are_none(void **state)
{
	static const char *const wrong[] = { "Z",    "Zg==",  "Zh",    "Zm9", "Zm+v", "Zm/v",      "Zm9v ",
					     " Zm9", "Zm9vY", "Zm\n8", "=",   ".",    "\xc3\xa4Zm" };
	char bytes[16];
	size_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(base64url_decode(bytes, &size, str_of(wrong[i])));
	assert_false(base64url_decode(bytes, &size, (struct str){ .data = "Zm8\0", .size = 4 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64url__bytes_become_text_and_bytes_again),
		cmocka_unit_test(test_base64url__every_length_of_every_byte_comes_back),
		cmocka_unit_test(test_base64url__other_texts_are_none),
	};

	return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
