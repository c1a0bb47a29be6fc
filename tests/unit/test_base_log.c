#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/str.h"
#include "tests/unit/captured.h"

static char text[16384];

/* Everything behind ts=...; and exactly one line. */
static const char *logged(void (*run)(void))
{
	const char *level;

	captured(STDERR_FILENO, text, sizeof(text), run);
	assert_memory_equal(text, "ts=20", 5);
	assert_non_null(strchr(text, '\n'));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	level = strchr(text, ' ');
	assert_non_null(level);
	return level + 1;
}

static void plain(void)
{
	log_warn("offset=%d text=\"%s\"", 7, "carried on");
}

static void test_log__one_line_with_level_and_service(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	assert_string_equal(logged(plain), "level=warn service=dcs-test offset=7 text=\"carried on\"\n");
}

static void test_log__context_stands_in_each_line_until_cleared(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	log_context("part=%d offset=%d", 3, 12);
	assert_string_equal(logged(plain), "level=warn service=dcs-test part=3 offset=12 offset=7 text=\"carried on\"\n");
	log_context("%s", "");
	assert_string_equal(logged(plain), "level=warn service=dcs-test offset=7 text=\"carried on\"\n");
}

static void quiet(void)
{
	log_debug("x=%d", 1);
}

static void test_log__levels_above_the_wanted_one_are_silent(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	captured(STDERR_FILENO, text, sizeof(text), quiet);
	assert_string_equal(text, "");
	log_init("dcs-test", LOG_DEBUG);
	assert_string_equal(logged(quiet), "level=debug service=dcs-test x=1\n");
}

static void with_controls(void)
{
	log_info("a=%s", "1\nlevel=error\r\t\x1B[31m\x7F end");
}

static void test_log__control_bytes_are_escaped(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	assert_string_equal(logged(with_controls), "level=info service=dcs-test a=1\\nlevel=error\\x0d\\x09\\x1b[31m\\x7f end\n");
}

static void with_utf8(void)
{
	log_info("a=%s", "Gr\xC3\xBC\xC3\x9F"
			 "e \xC2\xA0 \xC2\x9B"
			 "31m");
}

static void with_broken_utf8(void)
{
	log_info("a=%s", "Gr\xC3\xBC \xFF");
}

static void test_log__utf8_passes_but_terminal_controls_and_broken_text_do_not(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	assert_string_equal(logged(with_utf8), "level=info service=dcs-test a=Gr\xC3\xBC\xC3\x9F"
					       "e \xC2\xA0 \\xc2\\x9b"
					       "31m\n");
	assert_string_equal(logged(with_broken_utf8), "level=info service=dcs-test a=Gr\\xc3\\xbc \\xff\n");
}

static void too_long(void)
{
	char message[5000];

	memset(message, 1, sizeof(message));
	message[sizeof(message) - 1] = '\0';
	log_error("%s", message);
}

static void test_log__a_line_that_is_too_long_is_cut_and_still_one_line(void **state)
{
	(void)state;
	log_init("dcs-test", LOG_INFO);
	assert_true(strlen(logged(too_long)) < 9000);
	assert_non_null(strstr(text, "\\x01\\x01\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log__one_line_with_level_and_service),
		cmocka_unit_test(test_log__context_stands_in_each_line_until_cleared),
		cmocka_unit_test(test_log__levels_above_the_wanted_one_are_silent),
		cmocka_unit_test(test_log__control_bytes_are_escaped),
		cmocka_unit_test(test_log__utf8_passes_but_terminal_controls_and_broken_text_do_not),
		cmocka_unit_test(test_log__a_line_that_is_too_long_is_cut_and_still_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
