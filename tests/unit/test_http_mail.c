#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "http/mail.h"

#define DATE_MS 1795359845123LL /* 2026-11-22T15:04:05.123Z */

static struct mail mail(void)
{
	return (struct mail){
		.from_name = STR("Collections"),
		.from_address = STR("office@collector.example"),
		.to_address = STR("jane.doe@mail.example"),
		.subject = STR("Your account"),
		.text = STR("Hello\n"),
		.message_id = STR("0190.1@collector.example"),
		.date_ms = DATE_MS,
	};
}

static void assert_built(struct mail message, const char *expected)
{
	struct err err = ERR_INIT;
	struct buf buf;

	buf_init(&buf, 65536);
	assert_int_equal(mail_build(&message, &buf, &err), 0);
	buf_add_u8(&buf, '\0');
	assert_string_equal((const char *)buf.data, expected);
	buf_release(&buf);
}

/* The built message holds `expected`, all its lines end with CR LF and are at most 78 long, all is 7-bit. */
static void assert_holds(struct mail message, const char *expected)
{
	struct err err = ERR_INIT;
	size_t line = 0;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	assert_int_equal(mail_build(&message, &buf, &err), 0);
	buf_add_u8(&buf, '\0');
	if (strstr((const char *)buf.data, expected) == NULL)
		fail_msg("%s\nis not in\n%s", expected, (const char *)buf.data);
	for (size_t i = 0; i + 1 < buf.size; i++) {
		assert_true(buf.data[i] < 0x7f && (buf.data[i] >= 0x20 || buf.data[i] == '\r' || buf.data[i] == '\n'));
		assert_int_equal(buf.data[i] == '\r', buf.data[i + 1] == '\n');
		line = buf.data[i] == '\n' ? 0 : line + 1;
		assert_true(line <= 79); /* with the CR */
	}
	buf_release(&buf);
}

static void assert_refused(struct mail message, const char *part)
{
	struct err err = ERR_INIT;
	struct buf buf;

	buf_init(&buf, 65536);
	assert_int_equal(mail_build(&message, &buf, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	if (strstr(err.text, part) == NULL)
		fail_msg("%s is not about %s", err.text, part);
	assert_null(strstr(err.text, "evil"));
	assert_int_equal(buf.size, 0);
	buf_release(&buf);
}

static void test_mail__whole_message(void **state)
{
	struct mail message = mail();

	(void)state;
	message.headers[0] = (struct mail_header){ "List-Unsubscribe", STR("<mailto:stop@collector.example>") };
	message.headers_count = 1;
	message.reply_to = STR("answers@collector.example");
	assert_built(message, "Date: Sun, 22 Nov 2026 15:04:05 +0000\r\n"
			      "From: \"Collections\"\r\n <office@collector.example>\r\n"
			      "Reply-To: <answers@collector.example>\r\n"
			      "To: <jane.doe@mail.example>\r\n"
			      "Subject: Your account\r\n"
			      "Message-ID: <0190.1@collector.example>\r\n"
			      "Auto-Submitted: auto-generated\r\n"
			      "List-Unsubscribe: <mailto:stop@collector.example>\r\n"
			      "MIME-Version: 1.0\r\n"
			      "Content-Type: text/plain; charset=UTF-8\r\n"
			      "Content-Transfer-Encoding: quoted-printable\r\n"
			      "\r\n"
			      "Hello\r\n");
}

static void test_mail__dates_before_1970_and_weekdays(void **state)
{
	struct mail message = mail();

	(void)state;
	message.date_ms = -1;
	assert_holds(message, "Date: Wed, 31 Dec 1969 23:59:59 +0000\r\n");
	message.date_ms = 0;
	assert_holds(message, "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n");
}

static void test_mail__line_ends_become_crlf(void **state)
{
	struct mail message = mail();

	(void)state;
	message.text = STR("a\nb\r\nc\rd\n\ne");
	assert_holds(message, "\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\ne\r\n");
}

static void test_mail__a_dot_never_stands_first(void **state)
{
	struct mail message = mail();

	(void)state;
	message.text = STR(".\n..\nFrom me\nFor\na.b");
	assert_holds(message, "\r\n\r\n=2E\r\n=2E.\r\n=46rom me\r\n=46or\r\na.b\r\n");
}

static void test_mail__text_is_quoted_printable(void **state)
{
	struct mail message = mail();

	(void)state;
	message.text = STR("100 = \u20ac \nend \t\n\x07");
	assert_holds(message, "\r\n\r\n100 =3D =E2=82=AC=20\r\nend =09\r\n=07\r\n");
	message.text = STR("1234567890123456789012345678901234567890123456789012345678901234567890123456789012345");
	assert_holds(message, "1234567890123456789012345678901234567890123456789012345678901234567890123=\r\n456789012345\r\n");
	message.text = STR("\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac");
	assert_holds(message, "=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=\r\n=82=AC=E2=82=AC");
}

static void test_mail__non_ascii_headers_are_encoded_words(void **state)
{
	struct mail message = mail();

	(void)state;
	message.subject = STR("\u00dcberf\u00e4llig");
	message.from_name = STR("B\u00fcro");
	assert_holds(message, "From: =?UTF-8?B?QsO8cm8=?=\r\n <office@collector.example>\r\n");
	assert_holds(message, "Subject: =?UTF-8?B?w5xiZXJmw6RsbGln?=\r\n");
}

static void test_mail__long_subjects_are_folded_between_characters(void **state)
{
	struct mail message = mail();

	(void)state;
	/* 41 bytes, then a two-byte character across the limit of 42: it belongs to the second word */
	message.subject = STR("12345678901234567890123456789012345678901\u00e9x");
	assert_holds(message, "Subject: =?UTF-8?B?MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=?=\r\n"
			      " =?UTF-8?B?w6l4?=\r\n");
	message.subject = STR("long but plain: 1234567890123456789012345678901234567890123456789012345678901234567890");
	assert_holds(message, "Subject: =?UTF-8?B?");
	message.subject = STR("looks =?UTF-8?Q?encoded?=");
	assert_holds(message, "Subject: =?UTF-8?B?bG9va3Mg");
}

static void test_mail__names_are_quoted(void **state)
{
	struct mail message = mail();

	(void)state;
	message.from_name = STR("Smith \"Co\" \\ <x@y>, Inc.");
	assert_holds(message, "From: \"Smith \\\"Co\\\" \\\\ <x@y>, Inc.\"\r\n <office@collector.example>\r\n");
	message.from_name = STR("");
	assert_holds(message, "From: <office@collector.example>\r\n");
}

static void test_mail__line_breaks_in_headers_are_refused(void **state)
{
	struct mail message = mail();

	(void)state;
	message.subject = STR("x\r\nBcc: evil@x.example");
	assert_refused(message, "subject");
	message.subject = STR("x\nevil");
	assert_refused(message, "subject");
	message.subject = STR("evil\xc2\x85x");
	assert_refused(message, "subject");
	message.subject = STR("");
	assert_refused(message, "subject");
	message = mail();
	message.from_name = STR("a\r\nBcc: evil@x.example");
	assert_refused(message, "name");
	message = mail();
	message.headers[0] = (struct mail_header){ "List-Unsubscribe", STR("<x>\r\nBcc: evil@x.example") };
	message.headers_count = 1;
	assert_refused(message, "List-Unsubscribe");
	message = mail();
	message.message_id = STR("a@b>\r\nevil: 1");
	assert_refused(message, "Message-ID");
	message = mail();
	message.to_address = STR("a@b.example\r\nRCPT TO:<evil@x.example>");
	assert_refused(message, "To");
	message = mail();
	message.from_address = STR("evil");
	assert_refused(message, "From");
	message = mail();
	message.reply_to = STR("evil");
	assert_refused(message, "Reply-To");
	message = mail();
	message.text = STR("evil \xff");
	assert_refused(message, "text");
}

static void test_mail__addresses(void **state)
{
	static const char *const good[] = { "a@b", "jane.doe+tag@mail.example", "o'neil@x-y.example", "bounce+1.2=3@x.example" };
	static const char *const bad[] = { "",
					   "a",
					   "@b",
					   "a@",
					   "a@b@c",
					   "a b@c.example",
					   "<a@b.example>",
					   "a@b.example\n",
					   "a@b.example\r\nRCPT TO:<c@d>",
					   "a\x7f@b",
					   "a..b@c",
					   ".a@b",
					   "a.@b",
					   "a@.b",
					   "a@b.",
					   "\"a\"@b",
					   "a,b@c",
					   "a@[127.0.0.1]",
					   "j\u00f6@b.example" };
	char text[400];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(mail_address_is_valid(str_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (mail_address_is_valid(str_of(bad[i])))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(mail_address_is_valid(((struct str){ .data = "a\0@b", .size = 4 })));
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	assert_true(mail_address_is_valid(((struct str){ .data = text, .size = 254 })));
	assert_false(mail_address_is_valid(((struct str){ .data = text, .size = 255 })));
	text[64] = 'a';
	text[65] = '@';
	assert_false(mail_address_is_valid(((struct str){ .data = text, .size = 80 })));
}

static void assert_code(const char *line, const char *expected)
{
	char code[16];

	mail_reply_code(str_of(line), code);
	assert_string_equal(code, expected);
}

static void test_mail__reply_codes_never_quote(void **state)
{
	(void)state;
	assert_code("550 5.1.1 <jane@x> unknown\r\n", "5.1.1");
	assert_code("250 2.0.0 Ok: queued as ABC\r\n", "2.0.0");
	assert_code("550-5.7.26 spam\r\n", "5.7.26");
	assert_code("550 jane@x unknown\r\n", "550");
	assert_code("550 4.1.1 class differs\r\n", "550");
	assert_code("550 5.1 short\r\n", "550");
	assert_code("550 5.1.1.1 long\r\n", "550");
	assert_code("550 5.1.1234567890123 long\r\n", "550");
	assert_code("250\r\n", "250");
	assert_code("25", "");
	assert_code("jane@x", "");
	assert_code("", "");
}

static void test_mail__html_has_the_lines_and_paragraphs_of_the_text(void **state)
{
	struct mail message = mail();

	(void)state;
	message.has_html = true;
	message.text = STR("Dear <A> & B,\r\n\r\nplease pay\n5 > 4 = 1.\n\n\nBye\n");
	assert_holds(message, "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n"
			      "--=_alternative\r\nContent-Type: text/plain; charset=UTF-8\r\n");
	assert_holds(message, "Dear <A> & B,\r\n\r\nplease pay\r\n5 > 4 =3D 1.\r\n\r\n\r\nBye\r\n--=_alternative\r\n"
			      "Content-Type: text/html; charset=UTF-8\r\n");
	assert_holds(message, "<p>Dear &lt;A&gt; &amp; B,</p>\r\n<p>please pay<br>\r\n5 &gt; 4 =3D 1.</p>\r\n<p>Bye</p>\r\n"
			      "</body></html>\r\n--=_alternative--\r\n");
}

static void test_mail__html_of_its_own_goes_beside_the_text(void **state)
{
	struct mail message = mail();

	(void)state;
	message.text = STR("The text");
	message.html = STR("<p>The HTML</p>");
	assert_holds(message, "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n"
			      "--=_alternative\r\nContent-Type: text/plain; charset=UTF-8\r\n");
	assert_holds(message, "<html><body dir=3D\"auto\">\r\n<p>The HTML</p>\r\n</body></html>\r\n--=_alternative--\r\n");
}

static void test_mail__html_is_bounded(void **state)
{
	static char text[256 * 1024];
	struct mail message = mail();
	struct err err = ERR_INIT;
	struct buf buf;

	(void)state;
	memset(text, '&', sizeof(text));
	message.has_html = true;
	message.text = (struct str){ .data = text, .size = sizeof(text) };
	buf_init(&buf, 1 << 20);
	assert_int_equal(mail_build(&message, &buf, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	buf_release(&buf);
	message.text.size = 0;
	assert_holds(message, "<p></p>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail__html_has_the_lines_and_paragraphs_of_the_text),
		cmocka_unit_test(test_mail__html_of_its_own_goes_beside_the_text),
		cmocka_unit_test(test_mail__html_is_bounded),
		cmocka_unit_test(test_mail__whole_message),
		cmocka_unit_test(test_mail__dates_before_1970_and_weekdays),
		cmocka_unit_test(test_mail__line_ends_become_crlf),
		cmocka_unit_test(test_mail__a_dot_never_stands_first),
		cmocka_unit_test(test_mail__text_is_quoted_printable),
		cmocka_unit_test(test_mail__non_ascii_headers_are_encoded_words),
		cmocka_unit_test(test_mail__long_subjects_are_folded_between_characters),
		cmocka_unit_test(test_mail__names_are_quoted),
		cmocka_unit_test(test_mail__line_breaks_in_headers_are_refused),
		cmocka_unit_test(test_mail__addresses),
		cmocka_unit_test(test_mail__reply_codes_never_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
