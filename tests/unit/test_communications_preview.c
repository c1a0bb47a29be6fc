/* The preview of a template, and the faults that its publication would have. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "consumers/communications/preview.h"

static void given_arena(struct arena *arena)
{
	struct err err = ERR_INIT;

	assert_int_equal(arena_init(arena, 1 << 20, &err), 0);
}

static struct preview preview_of(struct arena *arena, enum channel channel, const char *subject, const char *body)
{
	static const struct token values[] = { { { "balance", 7 }, { "7.00", 4 } }, { { "agent", 5 }, { "Kim", 3 } } };
	const struct template_draft draft = {
		.channel = channel, .language = STR("de"), .subject = str_of(subject), .body = str_of(body)
	};
	struct preview preview;

	assert_true(preview_make(&draft, values, COUNT(values), arena, &preview));
	return preview;
}

static void test_preview__a_preview_has_values_samples_and_what_is_missing(void **state)
{
	struct preview preview;
	struct arena arena;

	(void)state;
	given_arena(&arena);
	preview = preview_of(&arena, CHANNEL_SMS, "", "{{balance}} {{currency}} {{who}} {{agent}} {{balance}} {{opt_out}}");
	assert_true(str_is(preview.body, "7.00 EUR {{who}} Kim 7.00 Antworten Sie STOP, um keine SMS mehr zu erhalten."));
	assert_int_equal(preview.tokens_count, 5);
	assert_int_equal(preview.tokens[0].source, PREVIEW_GIVEN);
	assert_int_equal(preview.tokens[1].source, PREVIEW_SAMPLE);
	assert_int_equal(preview.tokens[2].source, PREVIEW_MISSING);
	assert_true(str_is(preview.tokens[2].token.name, "who"));
	assert_int_equal(preview.sms.units, preview.body.size + 4); /* each brace counts two */
	assert_int_equal(preview.sms.segments, 1);
	arena_release(&arena);
}

static void test_preview__a_preview_of_a_malformed_or_endless_text(void **state)
{
	static char many[PREVIEW_TOKENS_MAX * 8 + 16];
	struct preview preview;
	struct arena arena;
	size_t size = 0;

	(void)state;
	given_arena(&arena);
	preview = preview_of(&arena, CHANNEL_EMAIL, "About", "{{disclosure}}");
	assert_memory_equal(preview.body.data, "Diese Nachricht kommt von", 25);
	preview = preview_of(&arena, CHANNEL_EMAIL, "About {{balance", "{{agent}}");
	assert_true(str_is(preview.subject, "About {{balance"));
	assert_true(str_is(preview.body, "Kim"));
	assert_int_equal(preview.sms.segments, 0);

	for (int i = 0; i <= PREVIEW_TOKENS_MAX; i++)
		size += (size_t)snprintf(many + size, sizeof(many) - size, "{{t%02d}}", i);
	preview = preview_of(&arena, CHANNEL_SMS, "", many);
	assert_true(preview.is_too_long);
	assert_int_equal(preview.body.size, 0);
	arena_release(&arena);
}

static void test_preview__every_fault_of_a_draft_is_found(void **state)
{
	const struct template_draft draft = {
		.channel = CHANNEL_SMS, .language = STR("xx"), .subject = STR("no {{"), .body = STR("{{")
	};
	const char *const fields[] = { "subject", "subject", "body", "body", "language" };
	struct template_text_fault fault;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		assert_true(template_next_fault(&draft, &at, &fault));
		assert_string_equal(fault.field, fields[i]);
	}
	assert_false(template_next_fault(&draft, &at, &fault));
}

static size_t faults_of(const char *body, enum message_class message_class, const struct collection *collection)
{
	const struct template_draft draft = { .channel = CHANNEL_SMS,
					      .message_class = message_class,
					      .language = STR("en"),
					      .body = str_of(body),
					      .collection = collection };
	struct template_text_fault fault;
	size_t at = 0, count = 0;

	while (template_next_fault(&draft, &at, &fault)) {
		assert_string_equal(fault.field, "body");
		assert_int_equal(fault.code, REFUSAL_TEMPLATE_INCOMPLETE);
		count++;
	}
	return count;
}

/* A gateway that does not know the class asks as for any other. */
static void test_preview__a_missing_disclosure_is_a_fault_where_one_collects_for_others_under_us_law(void **state)
{
	const struct collection in_us = { .collector = COLLECTOR_THIRD_PARTY, .jurisdiction = "US" };
	const struct collection others[] = { { .collector = COLLECTOR_THIRD_PARTY, .jurisdiction = "DE" },
					     { .collector = COLLECTOR_THIRD_PARTY },
					     { .collector = COLLECTOR_FIRST_PARTY, .jurisdiction = "US" },
					     { .collector = COLLECTOR_NONE, .jurisdiction = "US" } };

	(void)state;
	assert_int_equal(faults_of("{{opt_out}}", MESSAGE_CLASS_NONE, &in_us), 1);
	assert_int_equal(faults_of("{{balance}}", MESSAGE_CLASS_REMINDER, &in_us), 2);
	assert_int_equal(faults_of("{{opt_out}} {{disclosure}}", MESSAGE_CLASS_REMINDER, &in_us), 0);
	assert_int_equal(faults_of("Bye.", MESSAGE_CLASS_OPT_OUT_CONFIRMATION, &in_us), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(faults_of("{{opt_out}}", MESSAGE_CLASS_REMINDER, &others[i]), 0);
	assert_int_equal(faults_of("{{opt_out}}", MESSAGE_CLASS_REMINDER, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preview__a_preview_has_values_samples_and_what_is_missing),
		cmocka_unit_test(test_preview__a_preview_of_a_malformed_or_endless_text),
		cmocka_unit_test(test_preview__every_fault_of_a_draft_is_found),
		cmocka_unit_test(test_preview__a_missing_disclosure_is_a_fault_where_one_collects_for_others_under_us_law),
	};

	return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
