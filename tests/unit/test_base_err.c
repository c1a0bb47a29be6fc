#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"
#include "tests/unit/dies.h"

static void test_err__holds_kind_and_text(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_POISON, "field %s: %d", "x", 7), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(err.text, "field x: 7");
	assert_int_equal(err_add(&err, "record 3"), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(err.text, "record 3: field x: 7");
}

static void test_err__a_long_text_is_cut_between_characters(void **state)
{
	char text[400];
	struct err err = ERR_INIT;

	(void)state;
	/* Characters of three bytes, begun at each of three places. */
	for (size_t start = 0; start < 3; start++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = start; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 3);
		text[sizeof(text) - 1] = '\0';
		err_set(&err, ERR_RETRY, "%s", text);
		assert_in_range(strlen(err.text), sizeof(err.text) - 4, sizeof(err.text) - 1);
		assert_true(str_is_text(str_of(err.text)));
		err_add(&err, "ab");
		assert_in_range(strlen(err.text), sizeof(err.text) - 4, sizeof(err.text) - 1);
		assert_true(str_is_text(str_of(err.text)));
	}
}

static void test_err__a_text_that_just_fits_is_whole(void **state)
{
	char text[240];
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[239] = '\0';
	err_set(&err, ERR_RETRY, "%s", text);
	assert_string_equal(err.text, text);
}

static void without_kind(void)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_NONE, "x");
}

static void without_err(void)
{
	(void)err_set(NULL, ERR_FATAL, "x");
}

static void context_of_nothing(void)
{
	struct err err = ERR_INIT;

	(void)err_add(&err, "x");
}

static void must_true(void)
{
	MUST(1 + 1 == 2);
}

static void test_err__misuse_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(without_kind));
	assert_true(dies(without_err));
	assert_true(dies(context_of_nothing));
	assert_false(dies(must_true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err__holds_kind_and_text),
		cmocka_unit_test(test_err__a_long_text_is_cut_between_characters),
		cmocka_unit_test(test_err__a_text_that_just_fits_is_whole),
		cmocka_unit_test(test_err__misuse_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
