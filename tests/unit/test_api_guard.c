#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "producers/api/http/guard.h"

#define HEADER(n, v)                                                                                                             \
	{                                                                                                                        \
		.name = { .data = (n), .size = sizeof(n) - 1 }, .value = {.data = (v), .size = sizeof(v) - 1 }                   \
	}

static void assert_uri(const char *uri, int status)
{
	struct guard_refusal refusal = guard_uri(str_of(uri));

	if (refusal.status != status)
		fail_msg("%s: %d, not %d", uri, refusal.status, status);
	assert_true((refusal.text != NULL) == (status != 0));
}

static void test_guard__plain_targets_pass(void **state)
{
	(void)state;
	assert_uri("/", 0);
	assert_uri("/callbacks/kannel?c=1&k=2&info=a%20b%0A+c", 0);
	assert_uri("/a.b/..c/d../.e", 0);
	assert_uri("/a//b", 0);
	assert_uri("/%41?x=%C3%A9", 0);
	assert_uri("/a?b=/../c", 0); /* the query is nobody's path */
	assert_uri("/...", 0);
}

static void test_guard__other_forms_of_target_are_refused(void **state)
{
	(void)state;
	assert_uri("", 400);
	assert_uri("*", 400);
	assert_uri("http://host/a", 400);
	assert_uri("host:80", 400);
	assert_uri("/a#b", 400);
	assert_uri("/a b", 400);
	assert_uri("/a\tb", 400);
	assert_uri("/a\x7f", 400);
	assert_uri("/\xc3\xa9", 400);
	assert_int_equal(guard_uri((struct str){ .data = "/a\0b", .size = 4 }).status, 400);
}

static void test_guard__an_absolute_target_is_origin_form_behind_an_authority(void **state)
{
	static const struct {
		const char *target, *authority, *rest;
	} cases[] = { { "http://a/b?c", "a", "/b?c" },  { "HTTPS://[::1]:80/", "[::1]:80", "/" },
		      { "http://a", "a", "" },          { "http://a?b", "a", "?b" },
		      { "http:///b", "", "/b" },        { "/b", "", "/b" },
		      { "ftp://a/b", "", "ftp://a/b" }, { "", "", "" } };
	const struct guard_header host[] = { HEADER("Host", "a:80") };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str target = str_of(cases[i].target);

		assert_true(str_is(guard_cut_authority(&target), cases[i].authority));
		assert_true(str_is(target, cases[i].rest));
	}
	assert_int_equal(guard_request(STR("GET"), STR("HTTP/1.1"), STR("A:80"), host, 1).status, 0);
	assert_int_equal(guard_request(STR("GET"), STR("HTTP/1.1"), STR("a"), host, 1).status, 400);
	assert_int_equal(guard_request(STR("GET"), STR("HTTP/1.0"), STR("a"), NULL, 0).status, 400);
}

static void test_guard__paths_that_climb_or_hide_are_refused(void **state)
{
	static const char *const paths[] = { "/..",       "/../a",       "/a/../b", "/a/..",    "/./a",   "/a/.",
					     "/%2e%2e/a", "/a/%2E%2e/b", "/.%2e",   "/a%2fb",   "/a%2Fb", "/a\\..\\b",
					     "/a%5cb",    "/a%00",       "/a%0a",   "/a%1f/b",  "/a%7f",  "/a%80",
					     "/%",        "/a%4",        "/a%zz",   "/a/..?x=1" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		assert_uri(paths[i], 400);
}

static void test_guard__nul_and_broken_escapes_in_the_query_are_refused(void **state)
{
	(void)state;
	assert_uri("/a?x=%00", 400);
	assert_uri("/a?x=%", 400);
	assert_uri("/a?x=%4", 400);
	assert_uri("/a?x=%4x", 400);
}

static void test_guard__a_long_target_is_refused(void **state)
{
	static char text[GUARD_URI_SIZE_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_int_equal(guard_uri((struct str){ .data = text, .size = GUARD_URI_SIZE_MAX }).status, 0);
	assert_int_equal(guard_uri((struct str){ .data = text, .size = GUARD_URI_SIZE_MAX + 1 }).status, 414);
	text[2] = '?';
	memset(text + 3, '&', GUARD_ARGUMENTS_MAX - 1);
	assert_int_equal(guard_uri((struct str){ .data = text, .size = 1000 }).status, 0);
	text[3 + GUARD_ARGUMENTS_MAX] = '&';
	assert_int_equal(guard_uri((struct str){ .data = text, .size = 1000 }).status, 414);
}

static void assert_head(const char *version, const struct guard_header *headers, size_t count, int status)
{
	struct guard_refusal refusal = guard_request(STR("GET"), str_of(version), STR(""), headers, count);

	if (refusal.status != status)
		fail_msg("%.*s: %d, not %d", (int)headers[count - 1].value.size, headers[count - 1].value.data, refusal.status,
			 status);
}

static void test_guard__ordinary_heads_pass(void **state)
{
	const struct guard_header headers[] = { HEADER("Host", "api.example:8080"),
						HEADER("Accept", "*/*"),
						HEADER("X-Tab", "a\tb"),
						HEADER("content-length", "12"),
						HEADER("X-Empty", ""),
						HEADER("X-Twice", "1"),
						HEADER("X-Twice", "2"),
						HEADER("X-Latin", "\xe9") };
	const struct guard_header chunked[] = { HEADER("host", "[::1]:80"), HEADER("Transfer-Encoding", "Chunked") };

	(void)state;
	assert_head("HTTP/1.1", headers, 8, 0);
	assert_head("HTTP/1.1", chunked, 2, 0);
	assert_head("HTTP/1.0", headers + 1, 1, 0); /* without Host: HTTP/1.0 may */
}

static void test_guard__host_is_there_once_and_is_a_host(void **state)
{
	const struct guard_header none[] = { HEADER("Accept", "*/*") };
	const struct guard_header two[] = { HEADER("Host", "a"), HEADER("HOST", "a") };
	const struct guard_header bad[][1] = { { HEADER("Host", "") },
					       { HEADER("Host", "a/b") },
					       { HEADER("Host", "a@b") },
					       { HEADER("Host", "a b") },
					       { HEADER("Host", "a,b") } };

	(void)state;
	assert_head("HTTP/1.1", none, 1, 400);
	assert_head("HTTP/1.1", two, 2, 400);
	assert_head("HTTP/1.0", two, 2, 400);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_head("HTTP/1.1", bad[i], 1, 400);
}

static void test_guard__the_length_is_told_once(void **state)
{
	const struct guard_header twice[] = { HEADER("Host", "a"), HEADER("Content-Length", "1"), HEADER("Content-Length", "1") };
	const struct guard_header both[] = { HEADER("Host", "a"), HEADER("Transfer-Encoding", "chunked"),
					     HEADER("Content-Length", "1") };
	const struct guard_header codings[] = { HEADER("Host", "a"), HEADER("Transfer-Encoding", "chunked"),
						HEADER("Transfer-Encoding", "chunked") };
	const struct guard_header bad[][2] = { { HEADER("Host", "a"), HEADER("Content-Length", "1, 1") },
					       { HEADER("Host", "a"), HEADER("Content-Length", "+1") },
					       { HEADER("Host", "a"), HEADER("Content-Length", "") },
					       { HEADER("Host", "a"), HEADER("Content-Length", "0x1") },
					       { HEADER("Host", "a"), HEADER("Content-Length", "9999999999999999999") },
					       { HEADER("Host", "a"), HEADER("Transfer-Encoding", "gzip, chunked") },
					       { HEADER("Host", "a"), HEADER("Transfer-Encoding", "identity") },
					       { HEADER("Host", "a"), HEADER("Transfer-Encoding", "xchunked") } };

	(void)state;
	assert_head("HTTP/1.1", twice, 3, 400);
	assert_head("HTTP/1.1", both, 3, 400);
	assert_head("HTTP/1.1", codings, 3, 400);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_head("HTTP/1.1", bad[i], 2, 400);
}

static void test_guard__names_are_tokens_and_values_have_no_control_bytes(void **state)
{
	const struct guard_header bad[][2] = { { HEADER("Host", "a"), HEADER("Content-Length ", "1") },
					       { HEADER("Host", "a"), HEADER("", "1") },
					       { HEADER("Host", "a"), HEADER("X Y", "1") },
					       { HEADER("Host", "a"), HEADER("X\0Y", "1") },
					       { HEADER("Host", "a"), HEADER("X:", "1") },
					       { HEADER("Host", "a"), HEADER("X", "a\0b") },
					       { HEADER("Host", "a"), HEADER("X", "a\rb") },
					       { HEADER("Host", "a"), HEADER("X", "a\nb") },
					       { HEADER("Host", "a"), HEADER("X", "a\x7f") } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_head("HTTP/1.1", bad[i], 2, 400);
}

static void test_guard__method_version_and_size_of_the_head(void **state)
{
	static struct guard_header many[GUARD_HEADERS_MAX + 1];
	static char value[GUARD_VALUE_SIZE_MAX + 1];
	const struct guard_header host[] = { HEADER("Host", "a") };
	struct guard_header large[2] = { HEADER("Host", "a"), HEADER("X", "") };

	(void)state;
	assert_int_equal(guard_request(STR("G T"), STR("HTTP/1.1"), STR(""), host, 1).status, 400);
	assert_int_equal(guard_request(STR(""), STR("HTTP/1.1"), STR(""), host, 1).status, 400);
	assert_int_equal(guard_request(STR("GET"), STR("HTTP/2.0"), STR(""), host, 1).status, 505);
	assert_int_equal(guard_request(STR("GET"), STR(""), STR(""), host, 1).status, 505);
	for (size_t i = 0; i < GUARD_HEADERS_MAX + 1; i++)
		many[i] = (struct guard_header){ .name = STR("X"), .value = STR("1") };
	many[0].name = STR("Host");
	assert_head("HTTP/1.1", many, GUARD_HEADERS_MAX, 0);
	assert_head("HTTP/1.1", many, GUARD_HEADERS_MAX + 1, 431);
	memset(value, 'a', sizeof(value));
	large[1].value = (struct str){ .data = value, .size = GUARD_VALUE_SIZE_MAX };
	assert_head("HTTP/1.1", large, 2, 0);
	large[1].value.size++;
	assert_head("HTTP/1.1", large, 2, 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard__plain_targets_pass),
		cmocka_unit_test(test_guard__other_forms_of_target_are_refused),
		cmocka_unit_test(test_guard__an_absolute_target_is_origin_form_behind_an_authority),
		cmocka_unit_test(test_guard__paths_that_climb_or_hide_are_refused),
		cmocka_unit_test(test_guard__nul_and_broken_escapes_in_the_query_are_refused),
		cmocka_unit_test(test_guard__a_long_target_is_refused),
		cmocka_unit_test(test_guard__ordinary_heads_pass),
		cmocka_unit_test(test_guard__host_is_there_once_and_is_a_host),
		cmocka_unit_test(test_guard__the_length_is_told_once),
		cmocka_unit_test(test_guard__names_are_tokens_and_values_have_no_control_bytes),
		cmocka_unit_test(test_guard__method_version_and_size_of_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
