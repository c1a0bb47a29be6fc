/* The client of mailboxes (http/imap.h) against a server that behaves as asked (tests/io/imap_server.py); Dovecot is in
 * tests/system/test_bounces_imap.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "http/imap.h"
#include "http/imap_answer.h"
#include "tests/io/child.h"

#define MAIL "Subject: one\r\n\r\nHello\r\n"

static struct child server;
static int imap_port, starttls_port, imaps_port, other_name_port;
static char ca_file[256], url[128];
static struct imap *imap;
static struct buf mail;
static struct err err;

static struct imap_conf conf_of(const char *scheme, int port, const char *user)
{
	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d", scheme, port);
	return (struct imap_conf){ .url = url,
				   .user = user,
				   .password = "secret",
				   .is_plain = true,
				   .done_folder = "done",
				   .ca_file = ca_file,
				   .timeout_ms = 30000 };
}

static int open_conf(struct imap_conf conf)
{
	err = (struct err)ERR_INIT;
	return imap_open(&conf, &imap, &err);
}

static void open_as(const char *user)
{
	if (open_conf(conf_of("imap", imap_port, user)) != 0)
		fail_msg("%s", err.text);
}

static int fetch(uint32_t uid, size_t size)
{
	int64_t at_ms;

	buf_reset(&mail);
	err = (struct err)ERR_INIT;
	return imap_fetch(imap, uid, size, &mail, &at_ms, &err);
}

static void assert_fetched(uint32_t uid, size_t size, struct str expected)
{
	if (fetch(uid, size) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(mail.size, expected.size);
	assert_memory_equal(mail.data, expected.data, expected.size);
}

static void assert_found(size_t count, uint32_t first)
{
	uint32_t uids[8];
	size_t found;

	if (imap_search(imap, uids, COUNT(uids), &found, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(found, count);
	if (count > 0)
		assert_int_equal(uids[0], first);
}

static int clean(void **state)
{
	(void)state;
	imap_close(imap);
	imap = NULL;
	return 0;
}

static void test_imap__a_mail_is_read_and_done_with_or_set_aside(void **state)
{
	static const char *const users[] = { "normal", "plain" };
	int64_t at_ms = 0;

	for (size_t i = 0; i < COUNT(users); i++) {
		open_as(users[i]);
		assert_found(2, 4);
		assert_fetched(4, 1000, STR(MAIL));
		assert_fetched(9, 10, STR("Subject: o"));
		assert_int_equal(imap_fetch(imap, 9, 0, &mail, &at_ms, &err), 0);
		assert_int_equal(at_ms, 1784281465000); /* 2026-07-17T09:44:25Z */
		assert_int_equal(imap_done(imap, 4, &err), 0);
		assert_found(1, 9);
		assert_int_equal(imap_set_aside(imap, 9, &err), 0);
		assert_found(0, 0);
		(void)clean(state);
	}
}

static void test_imap__a_mail_that_is_gone_is_no_reason_to_end(void **state)
{
	(void)state;
	open_as("normal");
	assert_int_equal(fetch(5, 1000), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(imap_done(imap, 5, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_fetched(4, 1000, STR(MAIL));
}

/* Bytes of a mail are never read as lines of the server. */
static void test_imap__a_mail_cannot_speak_for_the_server(void **state)
{
	(void)state;
	open_as("forger");
	assert_int_equal(fetch(4, 65536), 0);
	assert_true(mail.size > 500 && memcmp(mail.data, "Subject: one\r\n\r\nd0 OK", 21) == 0);
	assert_fetched(9, 1000, STR(MAIL));
}

static void test_imap__more_than_was_asked_for_is_dropped(void **state)
{
	(void)state;
	open_as("larger");
	assert_int_equal(fetch(4, 1000), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_int_equal(mail.size, 0);
	assert_fetched(9, 1000, STR(MAIL));
}

static void test_imap__a_line_of_any_length_is_cut_between_two_numbers(void **state)
{
	static uint32_t uids[20000];
	size_t count;

	(void)state;
	open_as("many");
	assert_int_equal(imap_search(imap, uids, COUNT(uids), &count, &err), 0);
	assert_in_range(count, 9000, 10000); /* of 64 KiB */
	for (size_t i = 0; i < count; i++)
		assert_int_equal(uids[i], 100000 + i);
	assert_found(8, 100000);
}

static void test_imap__faults_of_the_server_end_the_connection(void **state)
{
	static const struct {
		const char *user, *text;
		int64_t timeout_ms;
	} cases[] = {
		{ "closes", "imap: the server closed the connection", 30000 },
		{ "endless", "imap: an answer without end", 30000 },
		{ "anew", "imap: the mailbox was made anew meanwhile", 30000 },
		{ "drips", "imap: the server does not answer in time", 2000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_conf conf = conf_of("imap", imap_port, cases[i].user);

		conf.timeout_ms = cases[i].timeout_ms;
		assert_int_equal(open_conf(conf), 0);
		assert_int_equal(fetch(4, 1000), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.kind, ERR_RETRY);
		(void)clean(state);
	}
}

static void assert_not_opened(struct imap_conf conf, enum err_kind kind, const char *text)
{
	assert_int_equal(open_conf(conf), -1);
	if (strstr(err.text, text) == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(err.kind, kind);
}

static void test_imap__what_cannot_be_used_is_not_opened(void **state)
{
	static const char *const urls[] = { "http://127.0.0.1/",
					    "imaps://user@127.0.0.1/",
					    "imaps://user:secret@127.0.0.1/",
					    "imaps://127.0.0.1/a%22b",
					    "imaps://127.0.0.1/a%0d%0ab",
					    "imaps://127.0.0.1/?ALL",
					    "127.0.0.1",
					    "" };
	struct imap_conf conf = conf_of("imap", imap_port, "normal");

	(void)state;
	conf.password = "other";
	assert_not_opened(conf, ERR_FATAL, "Login denied");
	assert_not_opened(conf_of("imap", imap_port, "readonly"), ERR_FATAL, "can only be read");
	assert_not_opened(conf_of("imap", imap_port, "a\r\nb LOGOUT"), ERR_FATAL, "a control character");
	conf = conf_of("imap", imap_port, "normal");
	conf.done_folder = "a\"b";
	assert_not_opened(conf, ERR_FATAL, "the name of a folder");
	conf.done_folder = "inbox"; /* mails that are done with would come again */
	assert_not_opened(conf, ERR_FATAL, "is the mailbox itself");
	conf = conf_of("imap", imap_port, "normal");
	(void)snprintf(url, sizeof(url), "imap://127.0.0.1:%d/Bounces", imap_port);
	assert_not_opened(conf, ERR_FATAL, "there is no mailbox Bounces");
	for (size_t i = 0; i < COUNT(urls); i++) {
		conf.url = urls[i];
		assert_not_opened(conf, ERR_FATAL, "not a URL");
	}
}

static void test_imap__nothing_is_said_without_a_good_certificate(void **state)
{
	struct imap_conf conf = conf_of("imaps", imaps_port, "normal");

	(void)state;
	conf.is_plain = false;
	assert_int_equal(open_conf(conf), 0);
	assert_found(2, 4);
	(void)clean(state);
	conf.ca_file = NULL; /* the system does not know the authority */
	assert_not_opened(conf, ERR_FATAL, "imap: ");
	assert_not_opened(conf_of("imaps", other_name_port, "normal"), ERR_FATAL, "imap: ");
}

/* The password does not leave without TLS: the server counts what was tried. */
static void test_imap__starttls_or_nothing(void **state)
{
	struct imap_conf conf = conf_of("imap", starttls_port, "normal");

	conf.is_plain = false;
	assert_int_equal(open_conf(conf), 0);
	assert_found(2, 4);
	(void)clean(state);
	conf.ca_file = NULL;
	assert_not_opened(conf, ERR_FATAL, "imap: ");
	conf = conf_of("imap", imap_port, "normal");
	conf.is_plain = false;
	assert_not_opened(conf, ERR_FATAL, "imap: ");
	open_as("logins");
	assert_found(1, 1);
}

static void test_imap__only_this_machine_is_this_machine(void **state)
{
	(void)state;
	assert_true(imap_is_of_this_machine("imap://127.0.0.1:143/"));
	assert_true(imap_is_of_this_machine("imap://localhost"));
	assert_true(imap_is_of_this_machine("imap://[::1]:143"));
	assert_false(imap_is_of_this_machine("imap://localhost.example/"));
	assert_false(imap_is_of_this_machine("imap://127.0.0.1.example/"));
	assert_false(imap_is_of_this_machine("imap://mail.example/127.0.0.1"));
	assert_false(imap_is_of_this_machine("nonsense"));
}

static void test_imap__lines_are_read_as_they_are(void **state)
{
	uint32_t uids[4];
	size_t count = 0;
	uint64_t size;
	int64_t at_ms;

	(void)state;
	assert_true(imap_has_literal(STR("* 1 FETCH (BODY[] {12}"), &size) && size == 12);
	assert_false(imap_has_literal(STR("* 1 FETCH (BODY[] {}"), &size));
	assert_false(imap_has_literal(STR("* 1 FETCH (BODY[] {1x}"), &size));
	assert_false(imap_has_literal(STR("{9999999999999999999999}"), &size));
	assert_false(imap_has_literal(STR("12}"), &size));
	assert_true(imap_read_search(STR("* SEARCH 1 0 4294967296 3"), false, uids, COUNT(uids), &count) && count == 2 &&
		    uids[1] == 3);
	assert_true(imap_read_search(STR("* SEARCH 7 12"), true, uids, COUNT(uids), &count) && count == 3 && uids[2] == 7);
	assert_false(imap_read_search(STR("* LIST 1"), false, uids, COUNT(uids), &count));
	assert_true(imap_read_fetch(STR("* 1 FETCH (UID 7)"), 7, &at_ms) && at_ms == -1);
	assert_true(imap_read_fetch(STR("* 1 FETCH (INTERNALDATE \" 1-Jan-1970 00:00:01 +0000\" UID 7)"), 7, &at_ms) &&
		    at_ms == 1000);
	assert_false(imap_read_fetch(STR("* 1 FETCH (UID 77)"), 7, &at_ms));
	assert_false(imap_read_fetch(STR("* 1 FETCH (XUID 7)"), 7, &at_ms));
	assert_false(imap_read_fetch(STR(""), 7, &at_ms));
	assert_false(imap_has_word(STR("* CAPABILITY XMOVE MOVED"), "MOVE"));
}

static int start_server(void **state)
{
	char python[] = "/usr/bin/python3", script[] = "tests/io/imap_server.py", line[512];
	char *argv[] = { python, script, NULL };

	(void)state;
	buf_init(&mail, 1 << 20);
	server = child_start(argv);
	child_line(&server, line, sizeof(line));
	return sscanf(line, "%d %d %d %d %255s", &imap_port, &starttls_port, &imaps_port, &other_name_port, ca_file) == 5 ? 0
															  : -1;
}

static int end_server(void **state)
{
	(void)state;
	buf_release(&mail);
	child_end(&server, SIGTERM);
	return 0;
}

#define TEST(function) cmocka_unit_test_teardown(function, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_imap__a_mail_is_read_and_done_with_or_set_aside),
		TEST(test_imap__a_mail_that_is_gone_is_no_reason_to_end),
		TEST(test_imap__a_mail_cannot_speak_for_the_server),
		TEST(test_imap__more_than_was_asked_for_is_dropped),
		TEST(test_imap__a_line_of_any_length_is_cut_between_two_numbers),
		TEST(test_imap__faults_of_the_server_end_the_connection),
		TEST(test_imap__what_cannot_be_used_is_not_opened),
		TEST(test_imap__nothing_is_said_without_a_good_certificate),
		TEST(test_imap__starttls_or_nothing),
		TEST(test_imap__only_this_machine_is_this_machine),
		TEST(test_imap__lines_are_read_as_they_are),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start_server, end_server);
}
