/* Letters as PDF, read back by another program (pdftotext of poppler). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/must.h"
#include "paper/letter.h"

static struct buf pdf;
static struct err err;
static int pages;

static struct letter a_letter(void)
{
	return (struct letter){ .paper = LETTER_A4,
				.sender = STR("Inkasso GmbH, Postfach 1, 10115 Berlin"),
				.name = STR("Anna M\xc3\xbcller"),
				.address = STR("Hauptstra\xc3\x9f"
					       "e 5\n10115 Berlin"),
				.date = STR("2026-01-05"),
				.heading = STR("Reminder INV-1"),
				.text = STR("Dear Anna,\n\nplease pay 12.34 EUR."),
				.language = STR("en"),
				.reference = STR("0198c0de-0000-7000-8000-00000000002a"),
				.made_at_ms = 1767571200000 };
}

static int render(const struct letter *letter)
{
	buf_reset(&pdf);
	err = (struct err)ERR_INIT;
	return letter_render(letter, &pdf, &pages, &err);
}

/* What pdftotext reads of the PDF. */
static const char *text_of(const struct letter *letter)
{
	static char text[65536];
	char path[] = "/tmp/dcs-letter.XXXXXX", command[128];
	int file = mkstemp(path);
	FILE *pipe;
	size_t size;

	if (render(letter) != 0)
		fail_msg("%s", err.text);
	assert_true(file >= 0);
	assert_int_equal(write(file, pdf.data, pdf.size), (ssize_t)pdf.size);
	(void)close(file);
	(void)snprintf(command, sizeof(command), "pdftotext -layout %s -", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(unlink(path), 0);
	return text;
}

/* pdftotext makes blanks of gaps between letters, and puts marks around what is written from right to left (U+202A to U+202E). */
static void without_space(char *ret_text, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strncmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] >= 0xaa && (unsigned char)text[2] <= 0xae)
			text += 2;
		else if (*text != ' ')
			*ret_text++ = *text;
	}
	*ret_text = '\0';
}

static void assert_reads(const struct letter *letter, const char *part)
{
	const char *text = text_of(letter);

	if (strstr(text, part) == NULL)
		fail_msg("no %s in\n%s", part, text);
}

static void test_letter__a_letter_has_all_its_parts(void **state)
{
	static const char *const parts[] = { "Inkasso GmbH, Postfach 1", "Anna M\xc3\xbcller\n", "10115 Berlin", "2026-01-05",
					     "Reminder INV-1",           "please pay 12.34 EUR." };
	struct letter letter = a_letter();
	char text[65536];

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_reads(&letter, parts[i]);
	without_space(text, text_of(&letter));
	assert_non_null(strstr(text, "00000000002a1/1"));
	assert_int_equal(pages, 1);
	letter.paper = LETTER_US;
	assert_reads(&letter, "please pay 12.34 EUR.");
}

static void test_letter__the_same_letter_makes_the_same_bytes(void **state)
{
	struct letter letter = a_letter();
	struct buf first;

	(void)state;
	assert_int_equal(render(&letter), 0);
	buf_init(&first, LETTER_SIZE_MAX);
	buf_add_str(&first, buf_str(&pdf));
	assert_int_equal(render(&letter), 0);
	assert_int_equal(first.size, pdf.size);
	assert_memory_equal(first.data, pdf.data, pdf.size);
	buf_release(&first);
}

static void test_letter__names_of_any_script_are_printed(void **state)
{
	static const char *const names[] = { "\xe5\xb1\xb1\xe7\x94\xb0 \xe5\xa4\xaa\xe9\x83\x8e",
					     "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e",
					     "\xeb\xb0\x95\xec\xa7\x80\xec\x84\xb1",
					     "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd",
					     "\xce\x93\xce\xb9\xcf\x8e\xcf\x81\xce\xb3\xce\xbf\xcf\x82",
					     "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf",
					     "\xd7\x93\xd7\x95\xd7\x93" };
	struct letter letter = a_letter();
	char text[65536], name[64];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		letter.name = str_of(names[i]);
		without_space(text, text_of(&letter));
		without_space(name, names[i]);
		if (strstr(text, name) == NULL)
			fail_msg("no %s in\n%s", name, text);
	}
}

/* Markup of Pango, PDF, PostScript, TeX and shells is text. */
static void test_letter__markup_is_printed_as_it_is(void **state)
{
	static const char *const wild[] = { "<b>bold</b>&amp;", "(paren) \\( \\) endstream", "$(reboot) `id`; | > x",
					    "\\input{x} %d %n %s", "{{balance}}" };
	struct letter letter = a_letter();

	(void)state;
	for (size_t i = 0; i < COUNT(wild); i++) {
		letter.name = letter.heading = letter.text = str_of(wild[i]);
		assert_reads(&letter, wild[i]);
	}
}

static void test_letter__long_texts_have_pages_with_their_numbers(void **state)
{
	static char text[16384];
	struct letter letter = a_letter();
	size_t size = 0;

	(void)state;
	for (int i = 0; i < 150; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "Line %d of many.\n", i);
	letter.text = (struct str){ .data = text, .size = size - 1 };
	assert_reads(&letter, "Line 149 of many.");
	assert_true(pages > 2);
	assert_reads(&letter, "Line 75 of many.");
	memset(text, '\n', sizeof(text));
	text[0] = text[sizeof(text) - 1] = 'x';
	letter.text = (struct str){ .data = text, .size = sizeof(text) };
	assert_int_equal(render(&letter), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_non_null(strstr(err.text, "pages"));
}

static void then_unprintable(const struct letter *letter, const char *part)
{
	assert_int_equal(render(letter), -1);
	assert_int_equal(err.kind, ERR_POISON);
	if (strstr(err.text, part) == NULL)
		fail_msg("%s", err.text);
}

static void test_letter__what_cannot_be_printed_is_refused(void **state)
{
	struct letter letter = a_letter();

	(void)state;
	letter.address = STR("1\n2\n3\n4\n5\n6\n7\n8");
	then_unprintable(&letter, "lines");
	letter.address = STR("");
	then_unprintable(&letter, "empty");
	letter = a_letter();
	letter.name = STR("two\nlines");
	then_unprintable(&letter, "not printed");
	letter.name = STR("\xff");
	then_unprintable(&letter, "not printed");
	letter.name = STR("\U000F0000"); /* private use: of no font */
	then_unprintable(&letter, "font");
	letter = a_letter();
	letter.text = STR("a\x07");
	then_unprintable(&letter, "not printed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letter__a_letter_has_all_its_parts),
		cmocka_unit_test(test_letter__the_same_letter_makes_the_same_bytes),
		cmocka_unit_test(test_letter__names_of_any_script_are_printed),
		cmocka_unit_test(test_letter__markup_is_printed_as_it_is),
		cmocka_unit_test(test_letter__long_texts_have_pages_with_their_numbers),
		cmocka_unit_test(test_letter__what_cannot_be_printed_is_refused),
	};
	int failed;

	buf_init(&pdf, LETTER_SIZE_MAX);
	failed = cmocka_run_group_tests_name("letter", tests, NULL, NULL);
	buf_release(&pdf);
	return failed;
}
