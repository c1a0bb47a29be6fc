#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/ini.h"

static char text[512];
static struct ini ini;

static void begin(const char *lines)
{
	assert_true(str_to_chars(text, sizeof(text), str_of(lines)));
	ini = ini_begin(text);
}

static void assert_next(enum ini_kind kind, int line, const char *name, const char *value)
{
	struct ini_item item = ini_next(&ini);

	assert_int_equal(item.kind, kind);
	assert_int_equal(item.line, line);
	if (name != NULL)
		assert_string_equal(item.name, name);
	if (value != NULL)
		assert_string_equal(item.value, value);
}

static void test_ini__sections_and_values(void **state)
{
	(void)state;
	begin("# first\n[main]\n  url = http://x/?a=b#c  \r\nempty=\n\n; else\n [ second ] \nlast = 1");
	assert_next(INI_SECTION, 2, "main", NULL);
	assert_next(INI_VALUE, 3, "url", "http://x/?a=b#c");
	assert_next(INI_VALUE, 4, "empty", "");
	assert_next(INI_SECTION, 7, "second", NULL);
	assert_next(INI_VALUE, 8, "last", "1");
	assert_next(INI_END, 8, NULL, NULL);
	assert_next(INI_END, 8, NULL, NULL);
}

static void test_ini__an_empty_file_ends(void **state)
{
	(void)state;
	begin("");
	assert_next(INI_END, 0, NULL, NULL);
	begin("\n \t\n#");
	assert_next(INI_END, 3, NULL, NULL);
}

static void test_ini__other_lines_are_wrong(void **state)
{
	static const char *const lines[] = {
		"url", "[main", "[]", "[ ]", "= 1", " = 1", "[", "a = b\x01", "a = \xff", "a = x\ry"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		begin(lines[i]);
		if (ini_next(&ini).kind != INI_WRONG)
			fail_msg("%s", lines[i]);
	}
	begin("wrong\na = 1\n");
	assert_next(INI_WRONG, 1, NULL, NULL);
	assert_next(INI_VALUE, 2, "a", "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ini__sections_and_values),
		cmocka_unit_test(test_ini__an_empty_file_ends),
		cmocka_unit_test(test_ini__other_lines_are_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
