#include "tests/io/child.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "http/http.h"
#include "http/mail.h"

/* The client against servers that misbehave (tests/io/gateways.py), and against aiosmtpd, which others wrote. */

#define DEADLINE_MS 20000

static struct child servers;
static int http_port, silent_port, smtp_port, busy_port, aio_port, https_port, other_name_port, starttls_port;
static char ca_file[256];
static struct http *http;

/* What `done` was told. */
struct told {
	int left; /* calls of `leaves` */
	int calls;
	enum http_outcome outcome;
	int status;
	char retry_after[64];
	bool body_is_cut;
	size_t body_size;
	char body[8192];
	char text[256];
};

static void note_leaving(void *told_arg)
{
	struct told *told = told_arg;

	assert_int_equal(told->calls, 0);
	told->left++;
}

/* Whatever became of a request, it was told once that it leaves. */
static void note(void *told_arg, const struct http_answer *answer)
{
	struct told *told = told_arg;

	assert_in_range(told->left, answer->outcome == HTTP_NOT_SENT ? 0 : 1, 1);
	told->calls++;
	told->outcome = answer->outcome;
	told->status = answer->status;
	assert_true(str_to_chars(told->retry_after, sizeof(told->retry_after), answer->retry_after));
	told->body_is_cut = answer->body_is_cut;
	told->body_size = answer->body.size;
	memcpy(told->body, answer->body.data,
	       answer->body.size < sizeof(told->body) ? answer->body.size : sizeof(told->body) - 1);
	(void)snprintf(told->text, sizeof(told->text), "%s", answer->text);
}

static void poll_until(int64_t deadline_ms)
{
	struct err err = ERR_INIT;

	assert_int_equal(http_poll(http, -1, 1000, &err), 0);
	assert_true(clock_monotonic_ms() < deadline_ms);
}

static void run_until_ended(const struct told *told)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (told->calls == 0)
		poll_until(deadline_ms);
	assert_int_equal(told->calls, 1);
}

static void start_url(const char *url, struct str form, struct told *told)
{
	struct http_request request = { .url = url, .form = form };
	struct err err = ERR_INIT;

	memset(told, 0, sizeof(*told));
	assert_int_equal(http_start(http, &request, note, told, &err), 0);
}

static void start(const char *path, struct told *told)
{
	char url[256];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", http_port, path);
	start_url(url, STR(""), told);
}

static struct told get(const char *path)
{
	struct told told;

	start(path, &told);
	run_until_ended(&told);
	return told;
}

static int get_number(const char *path)
{
	struct told told = get(path);
	long long number = 0;

	assert_true(str_to_int64(str_of(told.body), &number));
	return (int)number;
}

static int count(const char *path)
{
	char full[128];

	(void)snprintf(full, sizeof(full), "/count%s", path);
	return get_number(full);
}

static void open_client(int64_t total_timeout_ms, size_t exchanges_max)
{
	struct http_conf conf = { .exchanges_max = exchanges_max,
				  .connect_timeout_ms = total_timeout_ms < 3000 ? total_timeout_ms : 3000,
				  .total_timeout_ms = total_timeout_ms,
				  .answer_size_max = 4096,
				  .user_agent = "dcs-test",
				  .leaves = note_leaving };
	struct err err = ERR_INIT;

	http_close(http);
	http = NULL;
	assert_int_equal(http_open(&conf, &http, &err), 0);
}

static int fresh_client(void **state)
{
	(void)state;
	open_client(15000, 8);
	return 0;
}

/* ---- HTTP ---- */

static void test_http__an_answer_is_an_answer_whatever_its_status(void **state)
{
	struct told told = get("/ok/1");

	(void)state;
	assert_int_equal(told.outcome, HTTP_ANSWERED);
	assert_int_equal(told.status, 202);
	assert_string_equal(told.body, "0: Accepted for delivery");
	assert_string_equal(told.retry_after, "");
	assert_false(told.body_is_cut);
	assert_int_equal(get("/status/400").status, 400);
	assert_int_equal(get("/status/401").status, 401);
	assert_int_equal(get("/status/503").status, 503);
	assert_int_equal(count("/status/401"), 1);
}

static void test_http__retry_after_is_read(void **state)
{
	struct told told = get("/retry/1");

	(void)state;
	assert_int_equal(told.status, 429);
	assert_string_equal(told.retry_after, "7");
}

static void test_http__a_form_is_posted(void **state)
{
	struct told told;
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo/1", http_port);
	start_url(url, STR("To=%2B49&Body=x"), &told);
	run_until_ended(&told);
	assert_int_equal(told.status, 200);
	assert_non_null(strstr(told.body, "POST /echo/1 HTTP/1.1\r\n"));
	assert_non_null(strstr(told.body, "Content-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(told.body, "User-Agent: dcs-test\r\n"));
	assert_non_null(strstr(told.body, "\r\n\r\nTo=%2B49&Body=x"));
}

static void test_http__redirects_are_not_followed(void **state)
{
	(void)state;
	assert_int_equal(get("/redirect/1").status, 302);
	assert_int_equal(count("/ok/redirected"), 0);
}

static void test_http__nothing_listening_is_not_sent(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int bound = socket(AF_INET, SOCK_STREAM, 0);
	struct told told;
	char url[128];

	(void)state;
	assert_int_equal(bind(bound, (struct sockaddr *)&address, size), 0); /* ours, and nobody listens on it */
	assert_int_equal(getsockname(bound, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/secret", ntohs(address.sin_port));
	start_url(url, STR(""), &told);
	run_until_ended(&told);
	assert_int_equal(told.outcome, HTTP_NOT_SENT);
	assert_int_equal(told.status, 0);
	assert_string_not_equal(told.text, "");
	assert_null(strstr(told.text, "127.0.0.1"));
	(void)close(bound);
}

static void test_http__a_failed_tls_handshake_is_not_sent(void **state)
{
	struct told told;
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/ok/tls", http_port);
	start_url(url, STR(""), &told);
	run_until_ended(&told);
	assert_int_equal(told.outcome, HTTP_NOT_SENT);
	assert_int_equal(count("/ok/tls"), 0);
}

static struct told get_tls(int port, const char *trusted)
{
	struct http_request request = { .limits = { .ca_file = trusted } };
	struct err err = ERR_INIT;
	struct told told = { 0 };
	char url[128];

	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/ok/certified", port);
	request.url = url;
	assert_int_equal(http_start(http, &request, note, &told, &err), 0);
	run_until_ended(&told);
	return told;
}

static void test_http__nothing_leaves_for_a_server_without_a_good_certificate(void **state)
{
	(void)state;
	assert_int_equal(get_tls(https_port, NULL).outcome, HTTP_NOT_SENT);         /* nobody we know signed it */
	assert_int_equal(get_tls(other_name_port, ca_file).outcome, HTTP_NOT_SENT); /* another server's */
	assert_int_equal(count("/ok/certified"), 0);
	assert_int_equal(get_tls(https_port, ca_file).status, 202);
	assert_int_equal(count("/ok/certified"), 1);
	assert_int_equal(get_tls(https_port, NULL).outcome, HTTP_NOT_SENT); /* nor on the connection that another one made */
	assert_int_equal(count("/ok/certified"), 1);
}

static void test_http__an_answer_that_drips_ends_with_the_timeout(void **state)
{
	struct told told;

	(void)state;
	open_client(400, 2);
	told = get("/drip/1");
	assert_int_equal(told.outcome, HTTP_AMBIGUOUS);
	told = get("/dripbody/1");
	assert_int_equal(told.outcome, HTTP_ANSWERED);
	assert_int_equal(told.status, 202);
	assert_true(told.body_is_cut);
}

static void test_http__a_request_may_have_a_shorter_timeout_of_its_own(void **state)
{
	struct http_request request = { .limits = { .total_timeout_ms = 300 } };
	struct err err = ERR_INIT;
	struct told told = { 0 };
	char url[128];

	(void)state;
	open_client(3600000, 2); /* the test's deadline comes sooner */
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent/own", http_port);
	request.url = url;
	assert_int_equal(http_start(http, &request, note, &told, &err), 0);
	run_until_ended(&told);
	assert_int_equal(told.outcome, HTTP_AMBIGUOUS);
}

static void test_http__endless_headers_are_cut(void **state)
{
	struct told told = get("/heads/1");

	(void)state;
	assert_int_equal(told.outcome, HTTP_ANSWERED);
	assert_int_equal(told.status, 202);
	assert_int_equal(get("/continues/1").outcome, HTTP_AMBIGUOUS);
}

static void test_http__a_redirect_leads_nowhere_on_this_machine(void **state)
{
	struct told told = get("/elsewhere/1");

	(void)state;
	assert_int_equal(told.status, 302);
	assert_int_equal(count("/ok/inside"), 0);
}

static void test_http__control_characters_are_refused_before_anything_leaves(void **state)
{
	static const struct http_request wrong[] = {
		{ .url = "http://127.0.0.1/\r\nX: y" },
		{ .url = "http://127.0.0.1/\x7f" },
		{ .url = "http://127.0.0.1/", .headers = { "A: b", "A: b\r\nC: d" } },
		{ .url = "http://127.0.0.1/", .content_type = "text/plain\nC: d" },
		{ .url = "http://127.0.0.1/", .user = "a\nb", .password = "" },
		{ .url = "http://127.0.0.1/", .user = "a", .password = "b\r" },
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(http_start(http, &wrong[i], note, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
	}
	assert_int_equal(http_running(http), 0);
}

static void test_http__a_body_of_another_type_and_further_headers(void **state)
{
	struct http_request request = { .form = STR("{}"),
					.content_type = "application/json",
					.headers = { "webhook-id: 7", "webhook-timestamp: 8" },
					.user = "me",
					.password = "secret" };
	struct err err = ERR_INIT;
	struct told told = { 0 };
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo/typed", http_port);
	request.url = url;
	assert_int_equal(http_start(http, &request, note, &told, &err), 0);
	run_until_ended(&told);
	assert_non_null(strstr(told.body, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(told.body, "webhook-id: 7\r\nwebhook-timestamp: 8\r\n"));
	assert_non_null(strstr(told.body, "Authorization: Basic bWU6c2VjcmV0\r\n"));
	assert_non_null(strstr(told.body, "\r\n\r\n{}"));
}

static void test_http__a_handshake_that_never_ends_is_not_sent(void **state)
{
	struct told told;
	char url[128];

	(void)state;
	open_client(300, 2);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/x", silent_port);
	start_url(url, STR(""), &told);
	run_until_ended(&told);
	assert_int_equal(told.outcome, HTTP_NOT_SENT);
}

static void test_http__no_answer_to_a_request_that_left_is_ambiguous(void **state)
{
	static const char *const paths[] = { "/reset/1", "/close/1", "/garbage/1", "/continue/1" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct told told = get(paths[i]);

		if (told.outcome != HTTP_AMBIGUOUS)
			fail_msg("%s: outcome %d", paths[i], (int)told.outcome);
		assert_int_equal(told.status, 0);
		assert_int_equal(count(paths[i]), 1);
	}
}

static void test_http__a_timeout_after_the_request_is_ambiguous(void **state)
{
	(void)state;
	open_client(300, 2);
	assert_int_equal(get("/silent/1").outcome, HTTP_AMBIGUOUS);
	open_client(15000, 2);
	assert_int_equal(count("/silent/1"), 1);
}

static void test_http__a_request_is_never_repeated_by_the_library(void **state)
{
	struct told told;
	char url[128];

	(void)state;
	open_client(15000, 1);
	assert_int_equal(get("/ok/keep").status, 202); /* leaves a connection that is used again */
	assert_int_equal(get("/close/again").outcome, HTTP_AMBIGUOUS);
	assert_int_equal(count("/close/again"), 1);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/reset/again", http_port);
	start_url(url, STR("a=1"), &told); /* the count above left one */
	run_until_ended(&told);
	assert_int_equal(told.outcome, HTTP_AMBIGUOUS);
	assert_int_equal(count("/reset/again"), 1);
}

static void test_http__a_final_status_counts_though_the_body_broke(void **state)
{
	struct told told = get("/half/1");

	(void)state;
	assert_int_equal(told.outcome, HTTP_ANSWERED);
	assert_int_equal(told.status, 202);
	assert_true(told.body_is_cut);
	assert_string_equal(told.body, "0: Accept");
}

static void test_http__an_endless_answer_is_cut(void **state)
{
	struct told told = get("/endless/1");

	(void)state;
	assert_int_equal(told.outcome, HTTP_ANSWERED);
	assert_int_equal(told.status, 200);
	assert_true(told.body_is_cut);
	assert_int_equal(told.body_size, 4096);
}

static void test_http__an_answer_before_the_whole_request_left_is_an_answer(void **state)
{
	struct buf form;
	struct told told;
	char url[128];

	(void)state;
	buf_init(&form, 1000000);
	for (int i = 0; i < 100000; i++)
		buf_add_text(&form, "aaaaaaaaa");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/early/1", http_port);
	start_url(url, buf_str(&form), &told);
	run_until_ended(&told);
	/* the reset that follows may overtake the answer: then it is ambiguous, never "not sent" */
	assert_true(told.outcome == HTTP_AMBIGUOUS || (told.outcome == HTTP_ANSWERED && told.status == 503));
	buf_release(&form);
}

static void test_http__connections_are_used_again(void **state)
{
	int before = get_number("/connections");

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(get("/ok/reuse").status, 202);
	assert_int_equal(get_number("/connections"), before);
}

static void test_http__no_more_at_once_than_allowed(void **state)
{
	struct http_request request = { .url = "http://127.0.0.1:1/" };
	struct err err = ERR_INIT;
	struct told told[3];

	(void)state;
	open_client(15000, 2);
	start("/silent/a", &told[0]);
	assert_false(http_is_full(http));
	start("/silent/b", &told[1]);
	assert_true(http_is_full(http));
	assert_int_equal(http_start(http, &request, note, &told[2], &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	http_abandon(http);
	assert_int_equal(http_running(http), 0);
}

static void test_http__abandoning_tells_the_truth_of_each(void **state)
{
	struct told sent, waiting;
	struct err err = ERR_INIT;
	char url[128];

	(void)state;
	start("/silent/abandoned", &sent);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/x", silent_port);
	start_url(url, STR(""), &waiting);
	while (count("/silent/abandoned") == 0) { /* the server has it */
	}
	assert_int_equal(http_poll(http, -1, 0, &err), 0);
	http_abandon(http);
	assert_int_equal(sent.calls, 1);
	assert_int_equal(sent.outcome, HTTP_AMBIGUOUS);
	assert_int_equal(waiting.calls, 1);
	assert_int_equal(waiting.outcome, HTTP_NOT_SENT);
}

static void test_http__a_readable_descriptor_wakes(void **state)
{
	struct err err = ERR_INIT;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(http_poll(http, ends[0], 600000, &err), 0); /* would hang for ten minutes otherwise */
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_http__other_protocols_are_refused(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd", "ftp://127.0.0.1/", "smtp://127.0.0.1/", "127.0.0.1/" };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct http_request request = { .url = urls[i] };

		assert_int_equal(http_start(http, &request, note, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
	}
}

/* ---- mail ---- */

static struct told send_mail(int port, const char *recipient, struct str message)
{
	struct err err = ERR_INIT;
	struct mail_server server;
	struct told told = { 0 };
	char url[128];

	(void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%d/our.name.example", port);
	server = (struct mail_server){ .url = url };
	assert_int_equal(mail_start(http, &server, STR("bounce+1@collector.example"), str_of(recipient), message, note, &told,
				    &err),
			 0);
	run_until_ended(&told);
	return told;
}

static const struct str short_mail = { .data = "Subject: x\r\n\r\nHello\r\n", .size = 21 };

static void assert_mail(const char *local_part, enum http_outcome outcome, int status, const char *code)
{
	char recipient[128], got[16];
	struct told told;

	(void)snprintf(recipient, sizeof(recipient), "%s@x.example", local_part);
	told = send_mail(smtp_port, recipient, short_mail);
	if (told.outcome != outcome || told.status != status)
		fail_msg("%s: outcome %d status %d (%s)", local_part, (int)told.outcome, told.status, told.text);
	if (code != NULL) {
		mail_reply_code((struct str){ .data = told.body, .size = told.body_size }, got);
		assert_string_equal(got, code);
	}
}

static void test_mail__answers_of_the_server(void **state)
{
	(void)state;
	assert_mail("ok", HTTP_ANSWERED, 250, "2.0.0");
	assert_mail("refuse", HTTP_ANSWERED, 550, "5.1.1");
	assert_mail("later", HTTP_ANSWERED, 451, "4.7.1");
	assert_mail("reject", HTTP_ANSWERED, 554, "5.7.1");
}

static void test_mail__a_server_that_hangs_at_quit_holds_up_nothing(void **state)
{
	(void)state;
	open_client(60000, 2); /* a wait for QUIT's answer would go past the test's deadline */
	assert_mail("hang", HTTP_ANSWERED, 550, "5.1.1");
	while (count("/quit/hang") == 0) { /* it was said all the same */
	}
}

static void test_mail__closing_waits_for_no_goodbye(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	assert_mail("hangafter", HTTP_ANSWERED, 250, NULL); /* the connection is kept */
	open_client(15000, 2);                              /* closes it: the library would wait two minutes */
	assert_true(clock_monotonic_ms() < deadline_ms);
	while (count("/quit/hangafter") == 0) {
	}
}

static void test_mail__a_line_broken_before_the_message_is_not_sent(void **state)
{
	(void)state;
	assert_mail("dropdata", HTTP_NOT_SENT, 0, NULL);
}

static void test_mail__a_line_broken_after_the_message_began_is_ambiguous(void **state)
{
	(void)state;
	assert_mail("dropbody", HTTP_AMBIGUOUS, 0, NULL);
	assert_mail("afterdot", HTTP_AMBIGUOUS, 0, NULL);
}

static void test_mail__timeouts_before_and_after_the_message(void **state)
{
	(void)state;
	open_client(400, 2);
	assert_mail("silentrcpt", HTTP_NOT_SENT, 0, NULL);
	assert_mail("silent", HTTP_AMBIGUOUS, 0, NULL);
}

static void test_mail__a_busy_server_is_a_temporary_answer(void **state)
{
	struct told told = send_mail(busy_port, "a@x.example", short_mail);

	(void)state;
	/* libcurl reads the greeting before it knows a reply code to keep: either way nothing was taken */
	assert_true(told.outcome == HTTP_NOT_SENT || (told.outcome == HTTP_ANSWERED && told.status == 421));
}

static void test_mail__nobody_there_is_not_sent(void **state)
{
	(void)state;
	open_client(400, 2);
	assert_int_equal(send_mail(silent_port, "a@x.example", short_mail).outcome, HTTP_NOT_SENT);
}

static struct told send_with_tls(int port, const char *trusted)
{
	struct err err = ERR_INIT;
	struct told told = { 0 };
	char url[128];
	struct mail_server server = { .url = url, .require_tls = true, .limits = { .ca_file = trusted } };

	(void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%d/our.name.example", port);
	assert_int_equal(mail_start(http, &server, STR("bounce+1@collector.example"), STR("tls@x.example"), short_mail, note,
				    &told, &err),
			 0);
	run_until_ended(&told);
	return told;
}

static void test_mail__starttls_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(send_with_tls(starttls_port, ca_file).status, 250);
	open_client(15000, 1);
	assert_int_equal(send_with_tls(starttls_port, NULL).outcome, HTTP_NOT_SENT); /* nobody we know signed it */
	assert_int_equal(send_with_tls(aio_port, ca_file).outcome, HTTP_NOT_SENT);   /* it offers none, or somebody removed it */
	assert_int_equal(send_with_tls(smtp_port, ca_file).outcome, HTTP_NOT_SENT);
	assert_int_equal(count("/rcpt/tls"), 0);
}

static void test_mail__many_mails_on_one_connection(void **state)
{
	int before;

	(void)state;
	open_client(15000, 1);
	assert_mail("ok", HTTP_ANSWERED, 250, NULL);
	before = count("/rcpt/ok");
	for (int i = 0; i < 5; i++)
		assert_mail("ok", HTTP_ANSWERED, 250, NULL);
	assert_int_equal(count("/rcpt/ok"), before + 5);
}

static void test_mail__another_reader_reads_what_was_written(void **state)
{
	static const char text[] = "Sehr geehrte Frau Müller,\nes sind 12,50 € offen.\n.\n..\nFrom us \n\nHochachtungsvoll";
	struct mail mail = { .from_name = STR("Büro für Forderungen"),
			     .from_address = STR("office@collector.example"),
			     .to_address = STR("jane.doe@mail.example"),
			     .subject = STR(
				     "Überfällig: 12,50 € – bitte prüfen Sie Ihr Konto, damit keine weiteren Kosten entstehen"),
			     .text = { .data = text, .size = sizeof(text) - 1 },
			     .message_id = STR("1.1@collector.example"),
			     .date_ms = 1795359845123LL };
	struct err err = ERR_INIT;
	struct told told;
	struct buf buf;

	(void)state;
	buf_init(&buf, 65536);
	assert_int_equal(mail_build(&mail, &buf, &err), 0);
	told = send_mail(aio_port, "jane.doe@mail.example", buf_str(&buf));
	assert_int_equal(told.status, 250);
	buf_release(&buf);

	told = get("/mail"); /* JSON, non-ASCII as \u escapes */
	assert_non_null(strstr(told.body, "\"sender\": \"bounce+1@collector.example\""));
	assert_non_null(strstr(told.body, "\"recipients\": [\"jane.doe@mail.example\"]"));
	assert_non_null(strstr(told.body, "\"host\": \"our.name.example\""));
	assert_non_null(strstr(told.body, "[\"Date\", \"Sun, 22 Nov 2026 15:04:05 +0000\"]"));
	assert_non_null(strstr(told.body, "[\"From\", \"B\\u00fcro f\\u00fcr Forderungen <office@collector.example>\"]"));
	assert_non_null(strstr(told.body, "[\"To\", \"jane.doe@mail.example\"]"));
	assert_non_null(strstr(told.body,
			       "[\"Subject\", \"\\u00dcberf\\u00e4llig: 12,50 \\u20ac \\u2013 bitte pr\\u00fcfen Sie Ihr Konto, "
			       "damit keine weiteren Kosten entstehen\"]"));
	assert_non_null(strstr(told.body, "[\"Message-ID\", \"<1.1@collector.example>\"]"));
	assert_non_null(strstr(told.body, "[\"Auto-Submitted\", \"auto-generated\"]"));
	assert_non_null(
		strstr(told.body,
		       "\"text\": \"Sehr geehrte Frau M\\u00fcller,\\r\\nes sind 12,50 \\u20ac offen.\\r\\n.\\r\\n..\\r\\n"
		       "From us \\r\\n\\r\\nHochachtungsvoll\\r\\n\""));
	assert_non_null(strstr(told.body, "\"defects\": []"));
}

static void test_mail__addresses_are_checked_before_anything_leaves(void **state)
{
	struct mail_server server = { .url = "smtp://127.0.0.1:1/x" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mail_start(http, &server, STR("a@b"), STR("x@y>\r\nRCPT TO:<evil@z"), short_mail, note, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(mail_start(http, &server, STR("a@b\r\nX"), STR("x@y"), short_mail, note, NULL, &err), -1);
	assert_int_equal(mail_start(http, &server, STR("a@b"), STR(""), short_mail, note, NULL, &err), -1);
	server.url = "http://127.0.0.1/";
	assert_int_equal(mail_start(http, &server, STR("a@b"), STR("x@y"), short_mail, note, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(http_running(http), 0);
}

static int start_servers(void **state)
{
	char python[] = "/usr/bin/python3", script[] = "tests/io/gateways.py", line[512];
	char *argv[] = { python, script, NULL };

	(void)state;
	servers = child_start(argv);
	child_line(&servers, line, sizeof(line));
	return sscanf(line, "%d %d %d %d %d %d %d %d %255s", &http_port, &silent_port, &smtp_port, &busy_port, &aio_port,
		      &https_port, &other_name_port, &starttls_port, ca_file) == 9
		       ? 0
		       : -1;
}

static int end_servers(void **state)
{
	(void)state;
	http_close(http);
	child_end(&servers, SIGTERM);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, fresh_client)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_http__an_answer_is_an_answer_whatever_its_status),
		TEST(test_http__retry_after_is_read),
		TEST(test_http__a_form_is_posted),
		TEST(test_http__redirects_are_not_followed),
		TEST(test_http__nothing_listening_is_not_sent),
		TEST(test_http__a_failed_tls_handshake_is_not_sent),
		TEST(test_http__nothing_leaves_for_a_server_without_a_good_certificate),
		TEST(test_http__an_answer_that_drips_ends_with_the_timeout),
		TEST(test_http__a_request_may_have_a_shorter_timeout_of_its_own),
		TEST(test_http__endless_headers_are_cut),
		TEST(test_http__a_redirect_leads_nowhere_on_this_machine),
		TEST(test_http__control_characters_are_refused_before_anything_leaves),
		TEST(test_http__a_body_of_another_type_and_further_headers),
		TEST(test_http__a_handshake_that_never_ends_is_not_sent),
		TEST(test_http__no_answer_to_a_request_that_left_is_ambiguous),
		TEST(test_http__a_timeout_after_the_request_is_ambiguous),
		TEST(test_http__a_request_is_never_repeated_by_the_library),
		TEST(test_http__a_final_status_counts_though_the_body_broke),
		TEST(test_http__an_endless_answer_is_cut),
		TEST(test_http__an_answer_before_the_whole_request_left_is_an_answer),
		TEST(test_http__connections_are_used_again),
		TEST(test_http__no_more_at_once_than_allowed),
		TEST(test_http__abandoning_tells_the_truth_of_each),
		TEST(test_http__a_readable_descriptor_wakes),
		TEST(test_http__other_protocols_are_refused),
		TEST(test_mail__answers_of_the_server),
		TEST(test_mail__a_server_that_hangs_at_quit_holds_up_nothing),
		TEST(test_mail__closing_waits_for_no_goodbye),
		TEST(test_mail__a_line_broken_before_the_message_is_not_sent),
		TEST(test_mail__a_line_broken_after_the_message_began_is_ambiguous),
		TEST(test_mail__timeouts_before_and_after_the_message),
		TEST(test_mail__a_busy_server_is_a_temporary_answer),
		TEST(test_mail__nobody_there_is_not_sent),
		TEST(test_mail__starttls_or_nothing),
		TEST(test_mail__many_mails_on_one_connection),
		TEST(test_mail__another_reader_reads_what_was_written),
		TEST(test_mail__addresses_are_checked_before_anything_leaves),
	};

	return cmocka_run_group_tests(tests, start_servers, end_servers);
}
