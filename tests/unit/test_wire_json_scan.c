/* JSON texts read in place: what is one (RFC 8259), and that nobody reads beyond its end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "wire/json_scan.h"

/* In memory of exactly its size: the sanitizer sees a byte too many. */
static bool is_json(const char *bytes, size_t size)
{
	struct json_wrong wrong = { .what = NULL };
	char *copy = malloc(size + (size == 0));
	struct json json;
	bool is_good;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	is_good = json_check((struct str){ .data = copy, .size = size }, &json, &wrong);
	assert_true(is_good == (wrong.what == NULL));
	assert_true(is_good || wrong.at <= size);
	free(copy);
	return is_good;
}

static void test_json_scan__takes_what_is_json(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		" \t\r\n{ }\n",
		"[1,-0,0.5,1e5,1E+5,-1.25e-3,123456789012345678901234567890]",
		"[true,false,null]",
		"{\"\":\"\",\"a\":{\"b\":[{}]}}",
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00\"]",
		"[\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"]",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"{\"a\":1,\"a\":2}", /* twice: whoever reads its members sees that */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (!is_json(texts[i], strlen(texts[i])))
			fail_msg("%s", texts[i]);
	}
}

static void test_json_scan__refuses_what_is_not(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"1",
		"\"a\"",
		"null",
		"{",
		"}",
		"[",
		"]",
		"{]",
		"[}",
		"[1,]",
		"[,1]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\" 1}",
		"{a:1}",
		"{\"a\":1,}",
		"{,}",
		"{1:1}",
		"[01]",
		"[-]",
		"[+1]",
		"[.5]",
		"[1.]",
		"[1e]",
		"[1e+]",
		"[0x1]",
		"[NaN]",
		"[Infinity]",
		"[tru]",
		"[truee]",
		"[True]",
		"[nul",
		"[\"]",
		"[\"\\\"]",
		"[\"\\x\"]",
		"[\"\\u12\"]",
		"[\"\\u12g4\"]",
		"[\"\\u0000\"]",
		"[\"\\ud800\"]",
		"[\"\\ud800x\"]",
		"[\"\\ud800\\n\"]",
		"[\"\\ud800\\u0041\"]",
		"[\"\\udc00\"]",
		"[\"\n\"]",
		"[\"\x01\"]",
		"['a']",
		"[1]x",
		"[1][1]",
		"{}{}",
		"[1]/**/",
		"//\n[1]",
		"\xEF\xBB\xBF[1]",
		"[\"\xFF\"]",
		"[\"\xC0\xAF\"]",
		"[\"\xED\xA0\x80\"]",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (is_json(texts[i], strlen(texts[i])))
			fail_msg("%s", texts[i]);
	}
	assert_false(is_json("[1]\0", 4));
	assert_false(is_json("[\"a\0b\"]", 7));
}

static struct json parse(const char *text)
{
	struct json_wrong wrong;
	struct json json;

	assert_true(json_check(str_of(text), &json, &wrong));
	return json;
}

static void test_json_scan__decodes_escapes(void **state)
{
	struct json_walk walk =
		json_walk(parse("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"]"));
	struct json item;
	struct str text;
	char room[64];

	(void)state;
	assert_true(json_next(&walk, &item));
	assert_int_equal(json_text_room(item), 0);
	assert_true(json_text(item, NULL, 0, &text));
	assert_true(str_is(text, "plain"));
	assert_ptr_equal(text.data, item.at + 1); /* where it stands */
	assert_true(json_next(&walk, &item));
	assert_false(json_text(item, room, 3, &text));
	assert_true(json_text(item, room, json_text_room(item), &text));
	assert_true(str_is(text, "\"\\/\b\f\n\r\t"));
	assert_true(json_next(&walk, &item));
	assert_true(json_text(item, room, sizeof(room), &text));
	assert_true(str_is(text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!"));
	assert_false(json_next(&walk, &item));
}

static void assert_integer(const char *text, bool is_good, bool expected_whole, int64_t expected)
{
	struct json_walk walk = json_walk(parse(text));
	struct json item;
	bool is_whole;
	int64_t integer = 0;

	assert_true(json_next(&walk, &item));
	assert_int_equal(json_kind(item), JSON_NUMBER);
	assert_true(json_read_number(item, &integer, &is_whole) == is_good);
	assert_true(is_whole == expected_whole);
	if (is_good)
		assert_true(integer == expected);
}

static void test_json_scan__integers_are_exact(void **state)
{
	(void)state;
	assert_integer("[0]", true, true, 0);
	assert_integer("[-0]", true, true, 0);
	assert_integer("[9223372036854775807 ]", true, true, INT64_MAX);
	assert_integer("[-9223372036854775808]", true, true, INT64_MIN);
	assert_integer("[9223372036854775808]", false, true, 0);
	assert_integer("[1.0]", false, false, 0);
	assert_integer("[1e2]", false, false, 0);
}

static void test_json_scan__steps_over_what_it_is_not_asked_for(void **state)
{
	struct json object = parse("{ \"a\" : [1, {\"b\":\"]}\\\"\"} ] , \"c\":{\"d\":{}},\"e\":-1.5e3 ,\"f\":true}");
	static const char *const names[] = { "a", "c", "e", "f" };
	static const enum json_kind kinds[] = { JSON_ARRAY, JSON_OBJECT, JSON_NUMBER, JSON_TRUE };
	struct json_walk walk = json_walk(object);
	struct json key, value;
	struct str name;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(json_next_member(&walk, &key, &value));
		assert_true(json_text(key, NULL, 0, &name));
		assert_true(str_is(name, names[i]));
		assert_int_equal(json_kind(value), kinds[i]);
		if (i == 0)
			assert_int_equal(json_count(value), 2);
	}
	assert_false(json_next_member(&walk, &key, &value));
}

/* ---- anything ---- */

static void walk_all(struct json json, char *room, size_t room_size)
{
	struct json_walk walk;
	struct json item;
	struct str text;
	bool is_whole;
	int64_t integer;

	switch (json_kind(json)) {
	case JSON_NUMBER:
		(void)json_read_number(json, &integer, &is_whole);
		return;
	case JSON_STRING:
		assert_true(json_text(json, room, room_size, &text));
		assert_true(str_is_text(text));
		assert_true(text.size <= room_size);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		walk = json_walk(json);
		while (json_next(&walk, &item))
			walk_all(item, room, room_size);
		return;
	case JSON_NULL:
	case JSON_TRUE:
	case JSON_FALSE:
		return;
	}
}

/* What was taken can be walked through to its end, and no further. */
static void test_json_scan__whatever_is_taken_can_be_read(void **state)
{
	static const char seed[] =
		"{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00\\n\",true,null],\"b\":{\"c\":\"x\xC3\xA9\",\"d\":[[],{}]}}";
	static const char alphabet[] = "{}[]\":,\\u0dtfn1-.eE \n\xC3\xA9";
	uint64_t dice = 88172645463325252u;
	char text[sizeof(seed)], room[sizeof(seed)];
	size_t taken = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t size = sizeof(seed) - 1;
		struct json_wrong wrong;
		struct json json;
		char *copy;

		memcpy(text, seed, size);
		for (unsigned changes = 0; changes < 1 + (unsigned)round % 3; changes++) {
			dice ^= dice << 13;
			dice ^= dice >> 7;
			dice ^= dice << 17;
			text[dice % size] = alphabet[(dice >> 32) % (sizeof(alphabet) - 1)];
		}
		if (dice % 7 == 0)
			size = (dice >> 40) % size;
		copy = malloc(size + (size == 0));
		assert_non_null(copy);
		memcpy(copy, text, size);
		if (json_check((struct str){ .data = copy, .size = size }, &json, &wrong)) {
			taken++;
			walk_all(json, room, sizeof(room));
		}
		free(copy);
	}
	assert_true(taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_scan__takes_what_is_json),
		cmocka_unit_test(test_json_scan__refuses_what_is_not),
		cmocka_unit_test(test_json_scan__decodes_escapes),
		cmocka_unit_test(test_json_scan__integers_are_exact),
		cmocka_unit_test(test_json_scan__steps_over_what_it_is_not_asked_for),
		cmocka_unit_test(test_json_scan__whatever_is_taken_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
