#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "producers/cli/mail_html.h"
#include "producers/cli/reply_mail.h"

static struct arena arena;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return arena_init(&arena, (size_t)1 << 20, &err);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static enum reply_verdict read(const char *mail, struct reply *ret_reply)
{
	arena_reset(&arena);
	return reply_mail_read(str_of(mail), &arena, ret_reply);
}

static void assert_text(const char *mail, const char *expected)
{
	struct reply reply;

	assert_int_equal(read(mail, &reply), REPLY_TAKEN);
	if (!reply.is_readable || !str_is(reply.text, expected))
		fail_msg("`%.*s` of\n%s", (int)reply.text.size, reply.text.data, mail);
}

static void test_reply__the_sender_and_the_id_are_read(void **state)
{
	static const struct {
		const char *from, *sender;
	} cases[] = {
		{ "jane@example.org", "jane@example.org" },
		{ "Jane Doe <Jane@Example.org>", "Jane@Example.org" },
		{ "\"Doe <x@y>, Jane\" <jane@example.org>", "jane@example.org" },
		{ "=?utf-8?q?J=C3=A4ne?=\r\n <jane@example.org>", "jane@example.org" },
	};
	static const char *const wrong[] = { "", "Jane", "<>", "jane@", "<jane@example.org\x01>", "a b@example.org" };
	char mail[512];
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(mail, sizeof(mail), "From: %s\r\nMessage-ID: <1@a>\r\n\r\nHello\r\n", cases[i].from);
		assert_int_equal(read(mail, &reply), REPLY_TAKEN);
		assert_string_equal(reply.sender, cases[i].sender);
		assert_string_equal(reply.id, "<1@a>");
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		(void)snprintf(mail, sizeof(mail), "From: %s\r\n\r\nHello\r\n", wrong[i]);
		assert_int_equal(read(mail, &reply), REPLY_NO_SENDER);
	}
	assert_int_equal(read("From: a@b.example\nMessage-ID: <1 @a>\n\nHello\n", &reply), REPLY_TAKEN);
	assert_string_equal(reply.id, "");
}

static void test_reply__programs_are_no_persons(void **state)
{
	static const char *const fields[] = { "Auto-Submitted: auto-replied",
					      "AUTO-SUBMITTED: auto-generated (x)",
					      "Precedence: bulk",
					      "Precedence: Auto_Reply",
					      "X-Autoreply: yes",
					      "List-Id: <a.b>",
					      "Return-Path: <>",
					      "Content-Type: multipart/report; boundary=x" };
	char mail[512];
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		(void)snprintf(mail, sizeof(mail), "From: a@b.example\n%s\n\nSTOP\n", fields[i]);
		assert_int_equal(read(mail, &reply), REPLY_AUTOMATIC);
	}
	assert_text("From: a@b.example\nAuto-Submitted: no\nPrecedence: normal\nReturn-Path: <a@b.example>\n\nSTOP\n", "STOP");
	assert_int_equal(read("From: a@b.example\nX-Spam-Flag: YES\n\nSTOP\n", &reply), REPLY_SPAM);
}

static void test_reply__what_it_quotes_is_not_of_the_person(void **state)
{
	(void)state;
	assert_text("From: a@b.example\n\nSTOP\n\nOn Monday you wrote:\n> Reply STOP\n>> more\n", "STOP");
	assert_text("From: a@b.example\n\nAm 1. Mai schrieb Sie:\n\n> Hello\n\nstop\n", "stop");
	assert_text("From: a@b.example\n\n> Reply STOP\n\nI have paid: see below\nbye\n", "I have paid: see below\nbye");
	assert_text("From: a@b.example\nSubject: Stop\n\n> only a quote\n", "Stop");
	assert_text("From: a@b.example\nSubject: =?utf-8?q?Stop?=\n\n\n", "");
	assert_text("From: a@b.example\nSubject: Re: account\n\nQUIT", "QUIT");
}

/* Many mailers wrap the line above a quote, and many persons write below the quote. */
static void test_reply__the_line_above_a_quote_may_be_two(void **state)
{
	(void)state;
	assert_text(
		"From: a@b.example\n\nOn Mon, Nov 30, 2026 at 10:00 AM Example <office@example.org>\nwrote:\n\n> Hello\n\nSTOP\n",
		"STOP");
	assert_text(
		"From: a@b.example\n\nOn Mon, Nov 30, 2026 at 10:00 AM Example <\noffice@example.org> wrote:\n> Hello\n\nSTOP\n",
		"STOP");
	assert_text("From: a@b.example\n\nAm Mo., 30. Nov. 2026 um 10:00 Uhr schrieb Example <\noffice@example.org>:\n\n> "
		    "Hello\nSTOP\n",
		    "STOP");
	/* of the person */
	assert_text("From: a@b.example\n\nSTOP\nOn Monday you wrote:\n> Hello\n", "STOP");
	assert_text("From: a@b.example\n\nSTOP <a@b.example>\nYou wrote:\n> Hello\n", "STOP <a@b.example>");
	assert_text("From: a@b.example\n\nI paid 5 <today>\nand 6 <then>\n> Hello\n", "I paid 5 <today>\nand 6 <then>");
}

static void test_reply__encodings_and_character_sets(void **state)
{
#define TYPE(charset, encoding)                                                                                                  \
	"From: a@b.example\nContent-Type: text/plain; charset=" charset "\nContent-Transfer-Encoding: " encoding "\n\n"
	static const struct {
		const char *mail, *text;
	} cases[] = {
		{ TYPE("utf-8", "quoted-printable") "Gr=C3=BC=\r\n=C3=9Fe =3D =zz\n", "Grüße = =zz" },
		{ TYPE("\"UTF-8\"", "BASE64") "R3LDvMOf\r\nZQ==\r\n", "Grüße" },
		{ TYPE("iso-8859-1", "8bit") "Gr\xfc\xdf"
					     "e\n",
		  "Grüße" },
		{ TYPE("ISO-8859-15", "quoted-printable") "5 =A4\n", "5 €" },
		{ TYPE("windows-1252", "quoted-printable") "5 =80 =81\n", "5 € ?" },
		{ TYPE("utf-8", "8bit") "Gr\xfc\xdf"
					"e\n",
		  "Grüße" }, /* it says so, and is not */
		{ TYPE("us-ascii", "7bit") "a\x80\n", "a€" },
		{ TYPE("UTF8", "quoted-printable") "Gr=C3=BC=C3=9Fe\n", "Grüße" },
		{ TYPE("ISO-8859-2", "quoted-printable") "P=F8=EDli=B9\n", "Příliš" },
		{ TYPE("windows-1250", "quoted-printable") "P=F8=EDli=9A =81\n", "Příliš ?" },
		{ TYPE("\"koi8-r\"", "8bit") "\xf3\xf4\xef\xf0\n", "СТОП" },
		{ TYPE("utf-8; x=\"; charset=utf-16\"; y-charset=utf-16", "7bit") "STOP", "STOP" },
		{ "From: a@b.example\nContent-Type: text/plain; x-charset=utf-16; charset=utf-8\n\nSTOP", "STOP" },
		{ "From: a@b.example\nContent-Type: text/plain; name=\"a\\\"; charset=utf-16\"\n\nSTOP", "STOP" },
	};
	static const char *const unreadable[] = {
		TYPE("utf-7", "8bit") "STOP",
		TYPE("utf-16", "base64") "STOP",
		TYPE("utf-8", "x-uuencode") "STOP",
		"From: a@b.example\nContent-Type: text/html; charset=utf-16\n\n<p>STOP</p>\n",
		"From: a@b.example\nContent-Type: text/html\nContent-Disposition: attachment\n\nSTOP",
		"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\nSTOP"
	};
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_text(cases[i].mail, cases[i].text);
	for (size_t i = 0; i < COUNT(unreadable); i++) {
		assert_int_equal(read(unreadable[i], &reply), REPLY_TAKEN);
		assert_false(reply.is_readable);
		assert_int_equal(reply.text.size, 0);
	}
}

static void test_reply__the_first_text_that_is_no_attachment_counts(void **state)
{
	(void)state;
	assert_text("From: a@b.example\nContent-Type: multipart/mixed; boundary=\"m\"\n\nNo STOP here\n--m\n"
		    "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached\n--m\n"
		    "Content-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/html\n\n<b>html</b>\n--i\n"
		    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
		    "base64\n\nU1RPUA==\n--i--\n--m\n\nlater\n--m--\n",
		    "STOP");
}

#define HTML_MAIL(text) "From: a@b.example\nSubject: Re: account\nContent-Type: text/html; charset=utf-8\n\n" text

static void test_reply__of_html_the_text_is_read(void **state)
{
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ "<p>STOP</p>", "STOP" },
		{ "<HTML><HEAD><TITLE>Mail</TITLE><STYLE>p { a: \"</p>\" }</STYLE></HEAD><BODY>\r\n  <DIV CLASS='a>b'>Stop\n it"
		  "</DIV>\n<div>Jane</div></BODY></HTML>",
		  "Stop it\nJane" },
		{ "<script>if (a < b) document.write('STOP')</script>Hello<br>there<!-- <p>STOP</p> --> all",
		  "Hello\nthere all" },
		{ "a < b &amp;&lt;b&gt; &#83;&#x54;OP&nbsp;&#160;&#8364; &unknown; &#0; &#xd800; &#1114112; & &",
		  "a < b &<b> STOP € "
		  "&unknown; &#0; "
		  "&#xd800; "
		  "&#1114112; & &" },
		{ "<div>STOP</div><div class=q><div>On Mon, 30 Nov 2026 Example &lt;office@example.org&gt; "
		  "wrote:<br></div><blockquote>Reply STOP<div>to end "
		  "<blockquote>this</blockquote></div></blockquote></div><p>Jane",
		  "STOP\nJane" },
		{ "</blockquote><p>&gt; as in a text</p>STOP", "STOP" },
		{ "<blockquote>Reply STOP</blockquote>", "Re: account" },
		{ "<p title=isn't>STOP</p><p title='never", "STOP" },
		{ "<td>a</td><td>b</td><p", "a b" },
		{ "<!-- no end STOP", "Re: account" },
		{ "<title>no end STOP", "Re: account" },
		{ "", "Re: account" },
	};
	char mail[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(mail, sizeof(mail), HTML_MAIL("%s"), cases[i].html);
		assert_text(mail, cases[i].text);
	}
	assert_text("From: a@b.example\nContent-Type: text/html; charset=iso-8859-2\nContent-Transfer-Encoding: "
		    "quoted-printable\n\n<p>P=F8=EDli=B9</p>",
		    "Příliš");
}

/* Each byte of it as dear as can be. */
static void test_reply__html_of_blocks_and_quotes_makes_no_longer_text(void **state)
{
	static const char *const pieces[] = { "<p>a", "<blockquote>a", "&#x80;", " a", "<td>a", "&#1114111;", "</p>" };
	char html[256];

	(void)state;
	for (size_t i = 0; i < COUNT(pieces) * COUNT(pieces); i++) {
		size_t size = (size_t)snprintf(html, sizeof(html), "<blockquote>");
		struct str text;
		char *to;

		while (size + 32 < sizeof(html))
			size += (size_t)snprintf(html + size, 32, "%s%s", pieces[i % COUNT(pieces)], pieces[i / COUNT(pieces)]);
		to = malloc(size);
		assert_non_null(to);
		text = mail_html_to_text((struct str){ .data = html, .size = size }, to);
		assert_true(text.size <= size);
		assert_true(str_is_text(text));
		free(to);
	}
}

static void test_reply__what_is_too_much_is_cut(void **state)
{
	size_t room = (size_t)1 << 20, size;
	char *mail = malloc(room);
	struct reply reply;

	(void)state;
	assert_non_null(mail);
	size = (size_t)snprintf(mail, 512, "From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n");
	while (size + 2 < room) {
		mail[size++] = '\xc3';
		mail[size++] = '\xbc';
	}
	arena_reset(&arena);
	assert_int_equal(reply_mail_read((struct str){ .data = mail, .size = size }, &arena, &reply), REPLY_TAKEN);
	assert_true(reply.is_readable && str_is_text(reply.text));
	assert_int_equal(str_characters(reply.text), REPLY_TEXT_MAX);
	assert_memory_equal(reply.text.data, "üüü", 6);
	size = (size_t)snprintf(mail, 512, "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n");
	while (size + 8 < room)
		size += (size_t)snprintf(mail + size, 8, "--x\n\n");
	assert_int_equal(reply_mail_read((struct str){ .data = mail, .size = size }, &arena, &reply), REPLY_TAKEN);
	free(mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply__the_sender_and_the_id_are_read),
		cmocka_unit_test(test_reply__programs_are_no_persons),
		cmocka_unit_test(test_reply__what_it_quotes_is_not_of_the_person),
		cmocka_unit_test(test_reply__the_line_above_a_quote_may_be_two),
		cmocka_unit_test(test_reply__encodings_and_character_sets),
		cmocka_unit_test(test_reply__the_first_text_that_is_no_attachment_counts),
		cmocka_unit_test(test_reply__of_html_the_text_is_read),
		cmocka_unit_test(test_reply__html_of_blocks_and_quotes_makes_no_longer_text),
		cmocka_unit_test(test_reply__what_is_too_much_is_cut),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
