#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "producers/cli/bounce_mail.h"

#define ID "01900000000070008000000000000001"

static const uint8_t key[32] = { 1, 2, 3 };
static char address[128];

static int set_up(void **state)
{
	uint8_t signature[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	sign(signature, STR("bounce|" ID), key);
	hex_from_bytes(text, signature, sizeof(signature));
	(void)snprintf(address, sizeof(address), "bounce+" ID ".%.24s@collector.example", text);
	return 0;
}

/* A notification as Postfix writes it, with these fields of the recipient. */
static char *notification(const char *fields)
{
	static char mail[8192];

	(void)snprintf(
		mail, sizeof(mail),
		"Return-Path: <>\r\nDelivered-To: %s\r\nSubject: Undelivered Mail Returned to Sender\r\n"
		"Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"A1/b.example\"\r\n\r\n"
		"This is a MIME-encapsulated message.\r\n\r\n--A1/b.example\r\nContent-Description: Notification\r\n\r\n"
		"I'm sorry. Status: 5.9.9 is no status here.\r\n\r\n--A1/b.example\r\n"
		"Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"
		"Reporting-MTA: dns; b.example\r\n\r\nFinal-Recipient: rfc822; jane@b.example\r\n%s"
		"\r\n--A1/b.example\r\nContent-Type: message/rfc822\r\n\r\nSubject: Reminder\r\nStatus: 4.0.0\r\n\r\nHi\r\n"
		"\r\n--A1/b.example--\r\n",
		address, fields);
	return mail;
}

static enum bounce_verdict read(const char *mail, struct bounce *ret_bounce)
{
	return bounce_mail_read(str_of(mail), key, ret_bounce);
}

static void test_bounce__a_mailbox_that_is_not_there_is_an_address_less(void **state)
{
	struct bounce bounce;
	char id[2 * sizeof(bounce.communication_id.bytes) + 1];

	(void)state;
	assert_int_equal(read(notification(
				      "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"),
			      &bounce),
			 BOUNCE_READ);
	hex_from_bytes(id, bounce.communication_id.bytes, sizeof(bounce.communication_id.bytes));
	assert_string_equal(id, ID);
	assert_string_equal(bounce.status, "5.1.1");
	assert_true(bounce.is_final);
	assert_true(bounce.is_of_address);
}

static void test_bounce__a_status_says_how_final_it_is(void **state)
{
	static const struct {
		const char *fields;
		bool is_final, is_of_address;
	} cases[] = {
		{ "Action: failed\r\nStatus: 5.1.10\r\n", true, true },
		{ "Action: failed\r\nStatus: 5.2.1\r\n", true, true },
		{ "Action: failed\r\nStatus: 5.2.2\r\n", true, false }, /* the mailbox is full */
		{ "Action: failed\r\nStatus: 5.7.1\r\n", true, false }, /* a policy */
		{ "Action: failed\r\nStatus: 5.1.7\r\n", true, false }, /* of our own address */
		{ "Action: failed\r\nStatus: 4.4.1\r\n", false, false },
		{ "Action: delayed\r\nStatus: 4.4.1\r\n", false, false },
		{ "Action: delayed\r\nStatus: 5.1.1\r\n", false, false },
		{ "Action: delivered\r\nStatus: 2.0.0\r\n", false, false },
		{ "STATUS : 5.1.1 (bad destination)\r\nACTION: Failed (no mailbox)\r\n", true, true },
		{ "Status:\r\n 5.1.1\r\nAction:\r\n\tfailed\r\n", true, true },
	};
	struct bounce bounce;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read(notification(cases[i].fields), &bounce), BOUNCE_READ);
		if (bounce.is_final != cases[i].is_final || bounce.is_of_address != cases[i].is_of_address)
			fail_msg("%s: %d %d", cases[i].fields, bounce.is_final, bounce.is_of_address);
	}
}

static void test_bounce__what_has_no_status_is_none(void **state)
{
	static const char *const fields[] = {
		"", "Status: 5.1.1x\r\n", "Status: five\r\n", "Status: 5\r\n", "Status: 6.1.1\r\n", "Status: 5.123456.1234567\r\n"
	};
	char answer[512];
	struct bounce bounce;

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		if (i == 1) /* the text behind a status is a comment */
			assert_int_equal(read(notification(fields[i]), &bounce), BOUNCE_READ);
		else
			assert_int_equal(read(notification(fields[i]), &bounce), BOUNCE_NO_STATUS);
	}
	(void)snprintf(answer, sizeof(answer), "To: %s\n\nI am on holiday. Status: 5.1.1\n", address);
	assert_int_equal(read(answer, &bounce), BOUNCE_NO_STATUS);
}

static void test_bounce__only_our_own_addresses_count(void **state)
{
	char mail[512];
	struct bounce bounce;

	(void)state;
	assert_int_equal(read("", &bounce), BOUNCE_NOT_OURS);
	assert_int_equal(read("To: bounce+\n\n", &bounce), BOUNCE_NOT_OURS);
	assert_int_equal(read("To: bounce+00.00@a\n\n", &bounce), BOUNCE_NOT_OURS);
	(void)snprintf(mail, sizeof(mail), "Subject: %s\n\n", address);
	assert_int_equal(read(mail, &bounce), BOUNCE_NOT_OURS);
	(void)snprintf(mail, sizeof(mail), "To: %s\n\n", address);
	mail[strcspn(mail, ".") + 1] ^= 1;
	assert_int_equal(read(mail, &bounce), BOUNCE_FORGED);
	(void)snprintf(mail, sizeof(mail), "To: other@a\nX-Original-To: %s\n\n", address);
	assert_int_equal(read(mail, &bounce), BOUNCE_NO_STATUS);
}

/* Hostile mails end, whatever they say. */
static void test_bounce__parts_and_lines_without_end_are_bounded(void **state)
{
	char *mail = malloc(BOUNCE_MAIL_MAX + 65536);
	struct bounce bounce;
	size_t size;

	(void)state;
	assert_non_null(mail);
	size = (size_t)snprintf(mail, 1024, "To: %s\nContent-Type: multipart/report; boundary=x\n\n", address);
	while (size < BOUNCE_MAIL_MAX + 32768)
		size += (size_t)snprintf(mail + size, 64, "--x\n\n");
	assert_int_equal(bounce_mail_read((struct str){ .data = mail, .size = size }, key, &bounce), BOUNCE_NO_STATUS);
	size = (size_t)snprintf(mail, 1024, "To: %s\nContent-Type: multipart/report; boundary=x\n\n", address);
	memset(mail + size, 'a', BOUNCE_MAIL_MAX);
	assert_int_equal(bounce_mail_read((struct str){ .data = mail, .size = size + BOUNCE_MAIL_MAX }, key, &bounce),
			 BOUNCE_NO_STATUS);
	size = (size_t)snprintf(mail, 1024, "To: %s\nContent-Type: multipart/report; boundary=", address);
	memset(mail + size, 'b', 100); /* longer than any boundary */
	assert_int_equal(bounce_mail_read((struct str){ .data = mail, .size = size + 100 }, key, &bounce), BOUNCE_NO_STATUS);
	size = (size_t)snprintf(mail, 1024, "X: y\n");
	for (size_t i = 0; i < 5000; i++)
		size += (size_t)snprintf(mail + size, 64, " folded and folded again\n");
	size += (size_t)snprintf(mail + size, 256, "To: %s\n\n", address);
	assert_int_equal(bounce_mail_read((struct str){ .data = mail, .size = size }, key, &bounce), BOUNCE_NO_STATUS);
	free(mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounce__a_mailbox_that_is_not_there_is_an_address_less),
		cmocka_unit_test(test_bounce__a_status_says_how_final_it_is),
		cmocka_unit_test(test_bounce__what_has_no_status_is_none),
		cmocka_unit_test(test_bounce__only_our_own_addresses_count),
		cmocka_unit_test(test_bounce__parts_and_lines_without_end_are_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
