#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/buf.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/cli/cli.h"
#include "producers/cli/idmap.h"
#include "producers/cli/lines.h"
#include "producers/cli/minter.h"
#include "producers/cli/progress.h"
#include "producers/cli/record_json.h"
#include "producers/cli/row_id.h"

#define ID "018f2f3e-0000-7000-8000-00000000000a"

static struct err err;

/* ---- the "$id" of a line ---- */

static void take(const char *line, int expected, bool expected_id, const char *rest)
{
	struct buf buf;
	struct uuid id;
	bool has_id = false;
	char text[UUID_TEXT_SIZE + 1];

	buf_init(&buf, 4096);
	assert_int_equal(row_take_id(str_of(line), &buf, &has_id, &id, &err), expected);
	if (expected == 0) {
		assert_int_equal(has_id, expected_id);
		assert_int_equal(buf.size, strlen(rest));
		assert_memory_equal(buf.data, rest, buf.size);
	}
	if (has_id) {
		uuid_format(text, &id);
		assert_string_equal(text, ID);
	}
	buf_release(&buf);
}

static void test_row_take_id__takes_it_from_anywhere(void **state)
{
	(void)state;
	take("{\"$id\":\"" ID "\",\"a\":1}", 0, true, "{\"a\":1}");
	take("{\"a\":1,\"$id\":\"" ID "\"}", 0, true, "{\"a\":1}");
	take(" { \"a\" : 1 , \"$id\" : \"" ID "\" , \"b\" : [1,2] } ", 0, true, "{\"a\" : 1 ,\"b\" : [1,2] } ");
	take("{\"$id\":\"" ID "\"}", 0, true, "{}");
}

static void test_row_take_id__leaves_a_line_without_one_as_it_is(void **state)
{
	(void)state;
	take("{\"a\":{\"$id\":1},\"b\":\"\\\"$id\\\":\"}", 0, false, "{\"a\":{\"$id\":1},\"b\":\"\\\"$id\\\":\"}");
	take("{}", 0, false, "{}");
	take("[1]", 0, false, "[1]");
	take("", 0, false, "");
	take("{\"a\":1,}", 0, false, "{\"a\":1,}");
	take("{\"a", 0, false, "{\"a");
	take("{\"a\":\"b", 0, false, "{\"a\":\"b");
}

static void test_row_take_id__drops_why_a_line_was_refused(void **state)
{
	(void)state;
	take("{\"$refused\":{\"line\":3,\"code\":\"}\"},\"a\":1}", 0, false, "{\"a\":1}");
	take("{\"$refused\":{\"line\":3},\"$id\":\"" ID "\",\"a\":1}", 0, true, "{\"a\":1}");
	take("{\"a\":1,\"$refused\":{}}", 0, false, "{\"a\":1}");
}

static void test_row_take_id__refuses_what_is_no_id(void **state)
{
	(void)state;
	take("{\"$id\":17}", -1, false, "");
	assert_string_equal(err.text, "/$id: not a UUID");
	take("{\"$id\":\"\"}", -1, false, "");
	take("{\"$id\":\"" ID "\",\"$id\":\"" ID "\"}", -1, false, "");
	assert_string_equal(err.text, "/$id: stands twice");
}

/* ---- lines ---- */

static void test_lines__gives_lines_and_reads_over_one_that_is_too_long(void **state)
{
	static const char text[] = "one\r\n\n0123456789abcdefghi\nlast";
	static const struct {
		enum line_kind kind;
		const char *text;
	} expected[] = { { LINE_TEXT, "one" }, { LINE_TEXT, "" }, { LINE_TOO_LONG, NULL }, { LINE_TEXT, "last" } };
	enum line_kind kind = LINE_END;
	struct arena arena;
	struct lines lines;
	struct str line;
	int ends[2];

	(void)state;
	assert_int_equal(arena_init(&arena, 4096, &err), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
	(void)close(ends[1]);
	assert_int_equal(lines_init(&lines, ends[0], &arena, 8, &err), 0);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(lines_next(&lines, &kind, &line, &err), 0);
		assert_int_equal(kind, expected[i].kind);
		assert_int_equal(lines.number, i + 1);
		if (expected[i].text != NULL)
			assert_true(str_is(line_without_end(line), expected[i].text));
	}
	assert_int_equal(lines_next(&lines, &kind, &line, &err), 0);
	assert_int_equal(kind, LINE_END);
	assert_int_equal(lines.bytes_read, sizeof(text) - 1);
	(void)close(ends[0]);
	arena_release(&arena);
}

/* ---- flags ---- */

static struct {
	const char *name;
	int64_t count;
	bool loud;
} conf;

static const struct conf_row rows[] = {
	{ .name = "test.name", .kind = CONF_TEXT, .default_value = "", .target = &conf.name, .help = "" },
	{ .name = "test.count",
	  .kind = CONF_NUMBER,
	  .default_value = "0",
	  .number_min = -10,
	  .number_max = 10,
	  .target = &conf.count,
	  .help = "" },
	{ .name = "test.loud", .kind = CONF_SWITCH, .default_value = "no", .target = &conf.loud, .help = "" },
};

static void test_arguments__may_stand_before_and_behind_flags(void **state)
{
	static const struct usage usage = { "about", NULL, NULL, rows, COUNT(rows), 1, 3 };
	char *argv[] = { (char[]){ "sub" },
			 (char[]){ "first" },
			 (char[]){ "--test-count" },
			 (char[]){ "-3" },
			 (char[]){ "second" },
			 (char[]){ "--test-loud" },
			 (char[]){ "--test-name=x=y" },
			 (char[]){ "--" },
			 (char[]){ "--third" },
			 NULL };
	struct arguments arguments;
	int status = 0;

	(void)state;
	assert_true(arguments_read(&usage, 9, argv, &arguments, &status));
	assert_int_equal(arguments.count, 3);
	assert_string_equal(arguments.items[0], "first");
	assert_string_equal(arguments.items[1], "second");
	assert_string_equal(arguments.items[2], "--third");
	assert_int_equal(conf.count, -3);
	assert_true(conf.loud);
	assert_string_equal(conf.name, "x=y");
}

static void test_arguments__are_counted(void **state)
{
	static const struct usage usage = { "about", NULL, NULL, rows, COUNT(rows), 1, 1 };
	char *argv[] = { (char[]){ "sub" }, (char[]){ "a" }, (char[]){ "b" }, NULL };
	struct arguments arguments;
	int status = 0;

	(void)state;
	assert_false(arguments_read(&usage, 1, argv, &arguments, &status));
	assert_int_equal(status, EXIT_STATUS_USAGE);
	assert_false(arguments_read(&usage, 3, argv, &arguments, &status));
	assert_int_equal(status, EXIT_STATUS_USAGE);
	assert_true(arguments_read(&usage, 2, argv, &arguments, &status));
}

static void test_roles__are_a_list_of_words(void **state)
{
	uint32_t roles = 0;

	(void)state;
	assert_int_equal(roles_parse("creditor, agent", &roles, &err), 0);
	assert_int_equal(roles, ROLE_CREDITOR | ROLE_AGENT);
	assert_int_equal(roles_parse("", &roles, &err), -1);
	assert_int_equal(roles_parse("creditor,god", &roles, &err), -1);
	assert_string_equal(err.text, "there is no role \"god\"");
}

/* ---- what people see ---- */

static void test_progress__says_how_much_and_how_long(void **state)
{
	char text[160];

	(void)state;
	progress_format(text, sizeof(text), "rows", 5000, 50, 100, 10000);
	assert_string_equal(text, "[############............]  50 %  5000 rows, 500/s, 0:10 left");
	progress_format(text, sizeof(text), "rows", 7, 0, 0, 0);
	assert_string_equal(text, "7 rows, 0/s");
	progress_format(text, sizeof(text), "rows", 1, 200, 100, 1000);
	assert_string_equal(text, "[########################] 100 %  1 rows, 1/s, 0:00 left");
}

static void test_record_json__never_shows_a_token(void **state)
{
	const struct header headers[] = { { "Authorization", STR("Bearer abc.def.ghi") },
					  { "x", { "\xFF\x00", 2 } },
					  { "x", STR("again") } };
	struct buf json;

	(void)state;
	buf_init(&json, 4096);
	record_json_headers(&json, headers, 3);
	buf_add_u8(&json, '\0');
	assert_string_equal((const char *)json.data, "{\"Authorization\":\"Bearer ***\",\"x\":\"hex:ff00\",\"x#2\":\"again\"}");
	buf_release(&json);
}

static void test_idmap__keeps_a_number_for_every_id(void **state)
{
	struct idmap map;
	struct uuid id = { { 0 } };

	(void)state;
	idmap_init(&map, 100000);
	for (int round = 0; round < 2; round++) {
		for (int64_t i = 1; i <= 20000; i++) {
			int64_t *number = NULL;

			id.bytes[0] = (uint8_t)(i >> 8);
			id.bytes[15] = (uint8_t)i;
			number = idmap_at(&map, 1 + (uint32_t)(i % 2), &id);
			assert_non_null(number);
			assert_int_equal(*number, round == 0 ? 0 : i);
			*number = i;
		}
	}
	assert_int_equal(map.count, 20000);
	idmap_clear(&map);
	assert_int_equal(*idmap_at(&map, 1, &id), 0);
	idmap_release(&map);
}

static void test_idmap__tells_kinds_apart(void **state)
{
	struct idmap map;
	struct uuid id = { { 0 } };

	(void)state;
	idmap_init(&map, 10);
	*idmap_at(&map, 1, &id) = 11;
	*idmap_at(&map, 2, &id) = 22;
	assert_int_equal(*idmap_at(&map, 1, &id), 11);
	assert_int_equal(*idmap_at(&map, 2, &id), 22);
	assert_int_equal(map.count, 2);
	idmap_release(&map);
}

static void test_idmap__ends_at_its_limit(void **state)
{
	struct idmap map;
	struct uuid id = { { 0 } };
	bool full = false;

	(void)state;
	idmap_init(&map, 1000);
	for (int i = 1; i <= 100000 && !full; i++) {
		id.bytes[8] = (uint8_t)i;
		id.bytes[9] = (uint8_t)(i >> 8);
		id.bytes[10] = (uint8_t)(i >> 16);
		full = idmap_at(&map, 1, &id) == NULL;
	}
	assert_true(full);
	assert_true(map.count >= 1000);
	idmap_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_take_id__takes_it_from_anywhere),
		cmocka_unit_test(test_row_take_id__leaves_a_line_without_one_as_it_is),
		cmocka_unit_test(test_row_take_id__drops_why_a_line_was_refused),
		cmocka_unit_test(test_row_take_id__refuses_what_is_no_id),
		cmocka_unit_test(test_lines__gives_lines_and_reads_over_one_that_is_too_long),
		cmocka_unit_test(test_arguments__may_stand_before_and_behind_flags),
		cmocka_unit_test(test_arguments__are_counted),
		cmocka_unit_test(test_roles__are_a_list_of_words),
		cmocka_unit_test(test_progress__says_how_much_and_how_long),
		cmocka_unit_test(test_record_json__never_shows_a_token),
		cmocka_unit_test(test_idmap__keeps_a_number_for_every_id),
		cmocka_unit_test(test_idmap__tells_kinds_apart),
		cmocka_unit_test(test_idmap__ends_at_its_limit),
	};

	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
