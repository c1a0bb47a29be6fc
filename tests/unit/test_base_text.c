#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/text.h"

static void becomes(enum text_kind kind, const char *text, const char *wanted)
{
	struct str trimmed = text_trim(str_of(text), kind);

	assert_int_equal(trimmed.size, strlen(wanted));
	assert_memory_equal(trimmed.data, wanted, trimmed.size);
}

static void has_fault(enum text_kind kind, const char *text)
{
	if (text_fault(str_of(text), kind) == NULL)
		fail_msg("kind %d: no fault in \"%s\"", (int)kind, text);
}

static void is_fine(enum text_kind kind, const char *text)
{
	const char *fault = text_fault(str_of(text), kind);

	if (fault != NULL)
		fail_msg("kind %d: \"%s\" %s", (int)kind, text, fault);
}

/* One payment was booked five times by these. */
static void test_text_trim__takes_off_what_cannot_be_seen_at_the_ends(void **state)
{
	static const char *const nothings[] = {
		" ",
		"\t",
		"\n",
		"\r",
		"\v",
		"\f",
		"\xC2\x85",
		"\xC2\xA0",
		"\xE1\x9A\x80",
		"\xE2\x80\x80",
		"\xE2\x80\x8A",
		"\xE2\x80\xA8",
		"\xE2\x80\xA9",
		"\xE2\x80\xAF",
		"\xE2\x81\x9F",
		"\xE3\x80\x80",
		"\xC2\xAD",
		"\xE2\x80\x8B",
		"\xE2\x80\x8C",
		"\xE2\x80\x8D",
		"\xE2\x80\x8E",
		"\xE2\x80\x8F",
		"\xE2\x80\xAA",
		"\xE2\x80\xAE",
		"\xE2\x81\xA0",
		"\xE2\x81\xA9",
		"\xEF\xBB\xBF",
		"\xE3\x85\xA4",
		"\xCD\x8F",
		"\xD8\x9C",
		"\xE1\xA0\x8E",
		"\xE2\xA0\x80",
		"\xEF\xB8\x8F",
		"\xF3\xA0\x81\x81",
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(nothings); i++) {
		(void)snprintf(text, sizeof(text), "%sRF 18  539%s%s", nothings[i], nothings[i], nothings[i]);
		becomes(TEXT_WORD, text, "RF 18  539");
		becomes(TEXT_ANY, text, "RF 18  539");
		becomes(TEXT_WORD, nothings[i], "");
		(void)snprintf(text, sizeof(text), "RF18%s539", nothings[i]);
		if (nothings[i][0] != ' ')
			has_fault(TEXT_WORD, text);
		is_fine(TEXT_ANY, text);
	}
	becomes(TEXT_LINES, "\n two\nlines \n", "two\nlines");
	becomes(TEXT_WORD, "", "");
	becomes(TEXT_RAW, " \a ", " \a ");
	is_fine(TEXT_RAW, " \a ");
}

static void test_text_trim__leaves_what_is_seen_and_what_is_a_fault(void **state)
{
	(void)state;
	becomes(TEXT_WORD,
		"\x07"
		"A",
		"\x07"
		"A");
	becomes(TEXT_WORD, "A\xEF\xBF\xBD", "A\xEF\xBF\xBD");
	becomes(TEXT_WORD, "\xC3\x84-\xE2\x82\xAC", "\xC3\x84-\xE2\x82\xAC");
	/* Not UTF-8: never asked so, never out of its bounds. */
	becomes(TEXT_WORD, "\x80\x80", "\x80\x80");
	has_fault(TEXT_WORD, "\x80\x80");
	has_fault(TEXT_PROSE, "A\xE2\x80");
	has_fault(TEXT_PROSE, "\xF8");
}

static void test_text_fault__tells_nothing_of_ordinary_texts(void **state)
{
	static const char *const words[] = {
		"",
		"RF18 5390 0754 7034",
		"B\xC3\x9CRO-7",
		"\xE2\x82\xAC",
		"\xE6\xBC\xA2\xE5\xAD\x97-1",
		"\xED\x95\x9C\xEA\xB8\x80",
		/* Bengali with a vowel sign that may compose and here does not, Thai with a tone mark */
		"\xE0\xA6\x9A\xE0\xA6\xBE\xE0\xA6\xB2\xE0\xA6\xBE\xE0\xA6\xA8",
		"\xE0\xB8\x97\xE0\xB8\xB5\xE0\xB9\x88",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		is_fine(TEXT_WORD, words[i]);
		is_fine(TEXT_PROSE, words[i]);
		is_fine(TEXT_LINES, words[i]);
	}
	assert_true(text_is_good(STR("A 1"), TEXT_WORD));
	assert_false(text_is_good(STR(""), TEXT_WORD));
	assert_false(text_is_good(STR("A 1 "), TEXT_WORD));
	assert_false(text_is_good(STR("A\n1"), TEXT_WORD));
}

static void test_text_fault__breaks_lines_in_lines_only(void **state)
{
	(void)state;
	is_fine(TEXT_LINES, "two\nlines\tand more");
	has_fault(TEXT_LINES, "two\r\nlines");
	has_fault(TEXT_PROSE, "two\nlines");
	has_fault(TEXT_WORD, "two\nlines");
	has_fault(TEXT_PROSE, "Jane\r\nBcc: all@example.org");
	has_fault(TEXT_LINES, "two\xE2\x80\xA8lines");
	has_fault(TEXT_PROSE, "two\xE2\x80\xA9lines");
	has_fault(TEXT_PROSE, "a\x1B[31mb");
	has_fault(TEXT_LINES, "a\x7F"
			      "b");
	has_fault(TEXT_LINES, "a\xC2\x9B"
			      "b"); /* CSI of C1 */
}

static void test_text_fault__sees_what_nobody_can_see(void **state)
{
	(void)state;
	has_fault(TEXT_PROSE, "Jane \xE2\x80\xAEnaoD\xE2\x80\xAC Roe");
	has_fault(TEXT_LINES, "pay 100\xE2\x81\xA7.00\xE2\x81\xA9 now");
	has_fault(TEXT_PROSE, "in\xC2\xADvisible");
	has_fault(TEXT_PROSE, "tags\xF3\xA0\x81\x81 here");
	has_fault(TEXT_PROSE, "\xE3\x85\xA4 is no name: \xE3\x85\xA4 x");
	has_fault(TEXT_PROSE, "M\xEF\xBF\xBDller");
	has_fault(TEXT_PROSE, "a\xEF\xBF\xBE"
			      "b");
	/* a no-break space and a private character are seen: by people, not by a comparison */
	is_fine(TEXT_PROSE, "100\xC2\xA0\xE2\x82\xAC");
	has_fault(TEXT_WORD, "100\xC2\xA0\xE2\x82\xAC");
	is_fine(TEXT_PROSE, "a\xEE\x80\x80"
			    "b");
	has_fault(TEXT_WORD, "a\xEE\x80\x80"
			     "b");
}

static void test_text_fault__lets_joiners_through_where_a_script_needs_them(void **state)
{
	(void)state;
	is_fine(TEXT_PROSE, "\xD8\xB9\xD9\x84\xDB\x8C\xE2\x80\x8C\xD8\xB1\xD8\xB6\xD8\xA7"); /* Ali-Reza, by U+200C */
	is_fine(TEXT_PROSE, "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xB7");             /* ka, virama, U+200D, ssa */
	becomes(TEXT_PROSE, "\xE0\xB4\xA8\xE0\xB5\x8D\xE2\x80\x8D", "\xE0\xB4\xA8\xE0\xB5\x8D\xE2\x80\x8D"); /* chillu n */
	has_fault(TEXT_PROSE, "Ja\xE2\x80\x8Dne");
	has_fault(TEXT_PROSE, "\xD8\xB9\xE2\x80\x8C\xE2\x80\x8C\xD8\xB1");
	has_fault(TEXT_WORD, "\xD8\xB9\xD9\x84\xDB\x8C\xE2\x80\x8C\xD8\xB1\xD8\xB6\xD8\xA7");
	is_fine(TEXT_LINES, "pay \xE2\x9D\xA4\xEF\xB8\x8F now");
	becomes(TEXT_LINES, "\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4\xEF\xB8\x8F");
	has_fault(TEXT_LINES, "pay \xEF\xB8\x8F now");
}

static void test_text_fault__wants_words_composed(void **state)
{
	static const char *const apart[] = {
		"e\xCC\x81",                /* e, acute */
		"\xC3\xAA\xCC\x81",         /* e circumflex, acute */
		"\xE1\x84\x92\xE1\x85\xA1", /* Korean: initial, vowel */
		"\xED\x95\x98\xE1\x86\xAB", /* syllable, final */
		"\xE2\x84\xAB",             /* Angstrom sign: A with ring */
		"\xE2\x84\xA6",             /* Ohm sign */
		"\xC3\xB9\xCC\xA4",         /* u grave, and two dots below */
		"q\xCC\xA3\xCC\x87",        /* two marks */
		"\xE0\xA7\x87\xE0\xA6\xBE", /* Bengali: e sign, aa sign: o sign */
		"\xEF\xA4\x80",             /* a compatibility ideograph */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(apart); i++) {
		has_fault(TEXT_WORD, apart[i]);
		is_fine(TEXT_PROSE, apart[i]);
	}
	is_fine(TEXT_WORD, "\xC3\xA9\xE1\xBA\xBF\xED\x95\x9C\xC3\x85\xCE\xA9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_trim__takes_off_what_cannot_be_seen_at_the_ends),
		cmocka_unit_test(test_text_trim__leaves_what_is_seen_and_what_is_a_fault),
		cmocka_unit_test(test_text_fault__tells_nothing_of_ordinary_texts),
		cmocka_unit_test(test_text_fault__breaks_lines_in_lines_only),
		cmocka_unit_test(test_text_fault__sees_what_nobody_can_see),
		cmocka_unit_test(test_text_fault__lets_joiners_through_where_a_script_needs_them),
		cmocka_unit_test(test_text_fault__wants_words_composed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
