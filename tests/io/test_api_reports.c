/* GET /reports/:id over HTTP, out of a real PostgreSQL: the report's state, or its file. */

#include "base/array.h"
#include "tests/io/api_world.h"

#define REPORT(n) "019a0000-0000-7000-8000-0052000000" n
#define CSV       "day,channel,state,messages\r\n2026-11-24,sms,failed,1\r\n"
#define JSON      "{\"kind\":\"ageing\",\"rows\":[\n{\"debts\":1}\n]}\n"

/* Of CSV, by sha256sum and base64. */
#define CSV_SHA256 "a559979d427074bbabc3c7d10beac7d493909211e41f9a709c322040265abb37"
#define CSV_BASE64 "pVmXnUJwdLurw8fRC+rH1JOQkhHkH5pwnDIgQCZauzc="

static int fill(void **state)
{
	if (api_world_start(state) != 0)
		return -1;
	SQL("test_asked",
	    "INSERT INTO reports.report (report_id, kind, format, as_of, open, from_on, channel, requested_by, requested_at)"
	    " VALUES ('" REPORT(
		    "01") "', 'communications', 'csv', '2026-11-24', false, '2026-11-01', 'sms', 'anna', "
			  "'2026-11-25 08:00+00'),"
			  " ('" REPORT("02") "', 'ageing', 'json', '2026-11-25', true, NULL, NULL, 'anna', now()),"
					     " ('" REPORT(
						     "03") "', 'ageing', 'csv', '2026-11-25', true, NULL, NULL, 'anna', now()),"
							   " ('" REPORT("04") "', 'ageing', 'csv', '2026-11-25', true, NULL, "
									      "NULL, 'anna', now()),"
									      " ('" REPORT(
										      "05") "', 'ageing', 'csv', '2026-11-25', "
											    "true, NULL, NULL, 'anna', now())");
	SQL("test_made",
	    "INSERT INTO reporting.report (report_id, state, reason, rows, size, sha256, content, positions)"
	    " SELECT id::uuid, state, reason, rows, coalesce(octet_length(text), 0), sha256(text::bytea), text::bytea, '{\"0\": "
	    "7}'"
	    " FROM (VALUES ('" REPORT(
		    "01") "', 'ready', NULL, 1, E'day,channel,state,messages\\r\\n2026-11-24,sms,failed,1\\r\\n'),"
			  " ('" REPORT("02") "', 'ready', NULL, 1, E'{\"kind\":\"ageing\",\"rows\":[\\n{\"debts\":1}\\n]}\\n'),"
					     " ('" REPORT("04") "', 'failed', 'more than 10 rows', 0, NULL),"
								" ('" REPORT("05") "', 'expired', NULL, 3, NULL)) AS made (id, "
										   "state, reason, rows, text)");
	return 0;
}

#define LARGE_SIZE 3000000

static void add_large_report(void)
{
	SQL("test_large_asked",
	    "INSERT INTO reports.report (report_id, kind, format, as_of, open, requested_by, requested_at)"
	    " VALUES ('" REPORT("06") "', 'ageing', 'csv', '2026-11-25', true, 'anna', now()) ON CONFLICT DO NOTHING");
	SQL("test_large_made",
	    "INSERT INTO reporting.report (report_id, state, rows, size, sha256, content, positions) SELECT '" REPORT(
		    "06") "', 'ready', 1, 3000000, sha256('x'), convert_to(repeat('a', 3000000), 'UTF8'), '{}' ON CONFLICT DO "
			  "NOTHING");
}

/* Somebody who asks for the large file and reads nothing of it; little of it fits into what the kernel keeps for him. */
static int ask_slowly(const char *token)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)server_port(world.api.server)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int slow = socket(AF_INET, SOCK_STREAM, 0);
	int window = 4096;
	char request[4096];

	assert_int_equal(setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)), 0);
	assert_int_equal(connect(slow, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)snprintf(request, sizeof(request),
		       "GET /reports/" REPORT("06") "?download=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", token);
	assert_int_equal(send(slow, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	return slow;
}

/* Turns until there is something to read of it: then the whole answer is made. */
static void until_answered(int slow)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;
	char byte;

	while (recv(slow, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 1) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
	}
}

static int get(const char *target, const char *headers)
{
	return api_get_with(target, api_token("svc", ROLE_REPORTING), headers);
}

static void test_api_reports__a_report_tells_what_was_asked_for_and_where_its_file_is(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("01"), ""), 200);
	assert_contains("Content-Type: application/json\r\n");
	assert_contains("ETag: \"2\"\r\n");
	assert_contains(
		"{\"id\":\"" REPORT("01") "\",\"kind\":\"communications\",\"format\":\"csv\",\"state\":\"ready\",\"reason\":null,"
					  "\"asOf\":\"2026-11-24\",\"open\":false,\"fromOn\":\"2026-11-01\",");
	assert_contains("\"channel\":\"sms\",\"requestedBy\":\"anna\",\"requestedAt\":\"2026-11-25T08:00:00.000Z\"");
	assert_contains("\"file\":{\"name\":\"communications-2026-11-24.csv\",\"url\":\"/reports/" REPORT("01") "?download=1\","
														"\"rows\":1,");
	assert_contains("\"sha256\":\"" CSV_SHA256 "\"},\"version\":2,\"positions\":{\"0\": 7},\"content\":null,\"createdAt\":");
}

static void test_api_reports__a_json_report_is_part_of_its_own_answer(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("02"), ""), 200);
	assert_contains("\"file\":{\"name\":\"ageing-2026-11-25-open.json\"");
	assert_contains("\"content\":" JSON ",\"createdAt\":");
}

static void test_api_reports__a_report_that_is_not_made_yet_says_so(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("03"), ""), 200);
	assert_contains("\"state\":\"requested\"");
	assert_contains("\"url\":null,\"rows\":null,\"size\":null,\"sha256\":null},\"version\":1,\"positions\":null,\"content\":"
			"null,\"createdAt\":");
	assert_int_equal(get("/reports/" REPORT("03") "?download=1", ""), 409);
	assert_contains("\"code\":\"not_ready\"");
	assert_contains("Retry-After: 1\r\n");
}

static void test_api_reports__what_has_no_file_says_why(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("04"), ""), 200);
	assert_contains("\"state\":\"failed\",\"reason\":\"more than 10 rows\"");
	assert_int_equal(get("/reports/" REPORT("04"), "Accept: text/csv\r\n"), 409);
	assert_contains("\"code\":\"report_failed\"");
	assert_contains("more than 10 rows");
	assert_int_equal(get("/reports/" REPORT("05") "?download=1", ""), 410);
	assert_contains("\"code\":\"gone\"");
	assert_int_equal(get("/reports/" REPORT("09") "?download=1", ""), 404);
	assert_int_equal(get("/reports/" REPORT("09"), ""), 404);
	assert_int_equal(get("/reports/nothing?download=1", ""), 404);
}

static void then_file_is_csv(void)
{
	assert_contains("Content-Type: text/csv; charset=utf-8; header=present\r\n");
	assert_contains("Content-Disposition: attachment; filename=\"communications-2026-11-24.csv\"\r\n");
	assert_contains("Content-Digest: sha-256=:" CSV_BASE64 ":\r\n");
	assert_contains("ETag: \"" CSV_SHA256 "\"\r\n");
	assert_contains("Vary: Accept\r\n");
	assert_string_equal(api_body(), CSV);
}

static void test_api_reports__the_file_is_sent_to_whoever_asks_for_one(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("01") "?download=1", ""), 200);
	then_file_is_csv();
	assert_int_equal(get("/reports/" REPORT("01"), "Accept: text/csv\r\n"), 200);
	then_file_is_csv();
	assert_int_equal(get("/reports/" REPORT("01"), "Accept: text/csv, application/json;q=0.5\r\n"), 200);
	then_file_is_csv();
	assert_int_equal(get("/reports/" REPORT("02") "?download=1", ""), 200);
	assert_contains("Content-Type: application/json\r\n");
	assert_contains("Content-Disposition: attachment; filename=\"ageing-2026-11-25-open.json\"\r\n");
	assert_string_equal(api_body(), JSON);
}

static void test_api_reports__whoever_takes_both_gets_the_state(void **state)
{
	static const char *const headers[] = { "Accept: */*\r\n", "Accept: text/html,*/*;q=0.8\r\n",
					       "Accept: text/csv, application/json\r\n",
					       "Accept: application/json, text/plain, */*\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		assert_int_equal(get("/reports/" REPORT("01"), headers[i]), 200);
		assert_contains("Content-Type: application/json\r\n");
		assert_contains("\"state\":\"ready\"");
	}
}

static void test_api_reports__csv_of_a_json_report_is_not_made_up(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("02"), "Accept: text/csv\r\n"), 406);
	assert_contains("\"code\":\"not_acceptable\"");
}

static void test_api_reports__a_file_that_is_there_already_is_not_sent_again(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("01") "?download=1", "If-None-Match: \"" CSV_SHA256 "\"\r\n"), 304);
	assert_string_equal(api_body(), "");
	assert_int_equal(get("/reports/" REPORT("01") "?download=1", "If-None-Match: \"2\"\r\n"), 200);
}

static void test_api_reports__a_wrong_argument_is_told(void **state)
{
	(void)state;
	assert_int_equal(get("/reports/" REPORT("01") "?download=yes", ""), 400);
	assert_contains("\"pointer\":\"download\"");
	assert_int_equal(get("/reports/" REPORT("01") "?download=1&download=1", ""), 400);
	assert_int_equal(get("/reports/" REPORT("01") "?downlaod=1", ""), 400);
	assert_contains("\"pointer\":\"downlaod\"");
}

static void test_api_reports__who_works_with_people_does_not_read_reports(void **state)
{
	(void)state;
	assert_int_equal(api_get("/reports/" REPORT("01"), api_token("svc", ROLE_AGENT | ROLE_COMPLIANCE)), 403);
	assert_int_equal(api_get("/reports/" REPORT("01") "?download=1", api_token("svc", ROLE_CONSUMER)), 403);
	assert_int_equal(api_get("/reports/" REPORT("01"), api_token("svc", ROLE_AUDITOR)), 200);
}

static void test_api_reports__files_that_nobody_reads_are_bounded_and_others_are_served(void **state)
{
	char token[2048];
	int64_t deadline_ms;
	int slow;

	(void)state;
	add_large_report();
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_REPORTING));
	slow = ask_slowly(token);
	until_answered(slow);
	assert_int_equal(get("/reports/" REPORT("06") "?download=1", ""), 503);
	assert_contains("\"code\":\"busy\"");
	assert_contains("Retry-After: ");
	assert_lacks("Content-Disposition");
	assert_int_equal(get("/reports/" REPORT("01") "?download=1", ""), 200);
	(void)close(slow);
	deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;
	while (get("/reports/" REPORT("06") "?download=1", "") != 200)
		assert_true(clock_monotonic_ms() < deadline_ms);
	assert_int_equal(strlen(api_body()), LARGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
		TEST(test_api_reports__a_report_tells_what_was_asked_for_and_where_its_file_is),
		TEST(test_api_reports__a_json_report_is_part_of_its_own_answer),
		TEST(test_api_reports__a_report_that_is_not_made_yet_says_so),
		TEST(test_api_reports__what_has_no_file_says_why),
		TEST(test_api_reports__the_file_is_sent_to_whoever_asks_for_one),
		TEST(test_api_reports__whoever_takes_both_gets_the_state),
		TEST(test_api_reports__csv_of_a_json_report_is_not_made_up),
		TEST(test_api_reports__a_file_that_is_there_already_is_not_sent_again),
		TEST(test_api_reports__a_wrong_argument_is_told),
		TEST(test_api_reports__files_that_nobody_reads_are_bounded_and_others_are_served),
		TEST(test_api_reports__who_works_with_people_does_not_read_reports),
	};

	return cmocka_run_group_tests_name("api reports", tests, fill, api_world_end);
}
