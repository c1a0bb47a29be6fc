/* producers/explain/sentences.h: what an event means, in a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/modules.h"
#include "producers/explain/sentences.h"
#include "schemas/communications.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"
#include "schemas/words.h"

#define BODY_SIZE_MAX 4096

static const struct uuid debt_id = { .bytes = { 1 } };

static void assert_sentence(const char *expected, const struct message_type *type, const void *body)
{
	struct buf buf;

	buf_init(&buf, 1000);
	assert_true(sentence_write(&buf, type, body));
	buf_add_u8(&buf, '\0');
	assert_string_equal((const char *)buf.data, expected);
	buf_release(&buf);
}

/* ---- the table ---- */

static bool is_of_customers(const char *module)
{
	struct str names = STR(CUSTOMER_MODULES_NAMES);

	while (names.size > 0) {
		if (str_is(str_cut(names, ' ', &names), module))
			return true;
	}
	return strcmp(module, "engine") == 0;
}

static const struct sentence *last_row_of(const char *event)
{
	const struct sentence *row = NULL;

	for (size_t index = 0; index < sentences_count; index++) {
		if (strcmp(sentences[index].event, event) == 0)
			row = &sentences[index];
	}
	return row;
}

static void test_explain_sentences__every_event_has_one_or_is_named_as_left_out(void **state)
{
	(void)state;
	for (size_t index = 0; message_types[index] != NULL; index++) {
		const struct message_type *type = message_types[index];
		const struct sentence *row = last_row_of(type->record.name);

		if (type->kind != MESSAGE_EVENT || !is_of_customers(type->module))
			continue;
		if (row == NULL)
			fail_msg("%s has no row in producers/explain/sentences.c", type->record.name);
		else if (row->member != NULL)
			fail_msg("%s: its last row is for all events of the type", type->record.name);
	}
}

static void test_explain_sentences__every_row_is_of_an_event(void **state)
{
	(void)state;
	for (size_t index = 0; index < sentences_count; index++) {
		const struct message_type *type = message_by_name(str_of(sentences[index].event));

		if (type == NULL || type->kind != MESSAGE_EVENT)
			fail_msg("%s is no event", sentences[index].event);
	}
}

/* Every member has a value. */
static void fill(const struct message_type *type, char *body)
{
	static const struct str text = { "some_word", 9 };
	static const size_t count = 1;
	static const int32_t number = 20000;
	static const int64_t wide = 20000 * DAY_MS;
	static const bool yes = true;
	static const void *const texts = &text;

	for (size_t index = 0; index < type->record.fields_count; index++) {
		const struct field *field = &type->record.fields[index];
		char *at = body + field->offset;

		if (field->nullable)
			memcpy(body + field->aux_offset, &yes, sizeof(yes));
		if (field->array) {
			memcpy(body + field->aux_offset, &count, sizeof(count));
			memcpy(at, &texts, sizeof(texts));
		} else if (field->kind == FIELD_STRING || field->kind == FIELD_BYTES) {
			memcpy(at, &text, sizeof(text));
		} else if (field->kind == FIELD_INT || field->kind == FIELD_DATE) {
			memcpy(at, &number, sizeof(number));
		} else if (field->kind == FIELD_LONG || field->kind == FIELD_INSTANT) {
			memcpy(at, &wide, sizeof(wide));
		} else if (field->kind == FIELD_UUID) {
			memcpy(at, &debt_id, sizeof(debt_id));
		}
	}
}

static void assert_fills(const struct sentence *sentence, const struct message_type *type, const void *body)
{
	struct buf buf;

	buf_init(&buf, 2000);
	sentence_fill(&buf, sentence->template, type, body);
	assert_false(buf.overflow);
	assert_true(buf.size > 1);
	assert_int_equal(buf.data[buf.size - 1], '.');
	assert_null(memchr(buf.data, '{', buf.size));
	assert_null(memchr(buf.data, '[', buf.size));
	assert_null(memchr(buf.data, ']', buf.size));
	buf_release(&buf);
}

/* A member that the event does not have would end the program. */
static void test_explain_sentences__every_template_fits_its_event(void **state)
{
	static const union {
		char bytes[BODY_SIZE_MAX];
		int64_t aligned;
	} empty;
	static union {
		char bytes[BODY_SIZE_MAX];
		int64_t aligned;
	} full;

	(void)state;
	for (size_t index = 0; index < sentences_count; index++) {
		const struct message_type *type = message_by_name(str_of(sentences[index].event));
		struct buf nothing;

		assert_non_null(type);
		assert_true(type->record.size <= BODY_SIZE_MAX);
		memset(&full, 0, sizeof(full));
		fill(type, full.bytes);
		buf_init(&nothing, 0);
		(void)sentence_write(&nothing, type, empty.bytes);
		buf_release(&nothing);
		if (sentences[index].template == NULL)
			continue;
		assert_fills(&sentences[index], type, empty.bytes);
		assert_fills(&sentences[index], type, full.bytes);
	}
}

/* ---- sentences ---- */

static void test_explain_sentences__a_payment_has_amounts_in_its_currency(void **state)
{
	const struct payment_recorded body = {
		.debt_id = debt_id, .currency = STR("EUR"), .amount_minor = 5000, .balance_minor = 2550
	};
	struct payment_recorded more = body;

	(void)state;
	assert_sentence("50.00 EUR was paid on debt 01000000-0000-0000-0000-000000000000; 25.50 EUR is still owed.",
			&payment_recorded_type, &body);
	more.credit_minor = 100;
	more.balance_minor = 0;
	assert_sentence("50.00 EUR was paid on debt 01000000-0000-0000-0000-000000000000, 1.00 EUR of it more than was owed; "
			"0.00 EUR is still owed.",
			&payment_recorded_type, &more);
}

static void test_explain_sentences__a_word_of_the_event_chooses_the_row(void **state)
{
	const struct str rules[] = { STR("US-10"), STR("H-3") };
	struct compliance_decided decided = { .communication_id = debt_id,
					      .channel = STR("email"),
					      .verdict = STR("deny"),
					      .rules = rules,
					      .rules_count = COUNT(rules) };
	struct communication_progressed progressed = { .communication_id = debt_id,
						       .channel = STR("sms"),
						       .state = STR("delivered") };
	struct buf buf;

	(void)state;
	assert_sentence("The guard forbids message 01000000-0000-0000-0000-000000000000 by email: US-10, H-3.",
			&compliance_decided_type, &decided);
	decided.verdict = STR("defer");
	decided.has_until = true;
	decided.until = 20000 * DAY_MS + 3600000;
	assert_sentence(
		"The guard lets message 01000000-0000-0000-0000-000000000000 by email wait until 2024-10-04 01:00 UTC: US-10, "
		"H-3.",
		&compliance_decided_type, &decided);
	decided.verdict = STR("allow");
	buf_init(&buf, 100);
	assert_false(sentence_write(&buf, &compliance_decided_type, &decided));
	assert_int_equal(buf.size, 0);
	buf_release(&buf);
	assert_sentence("Message 01000000-0000-0000-0000-000000000000 by sms was delivered.", &communication_progressed_type,
			&progressed);
}

static void test_explain_sentences__waiting_has_its_reason_in_words(void **state)
{
	struct dunning_waiting body = {
		.reason = STR("inbound"), .policy = STR("house"), .step = 2, .has_ask_on = true, .ask_on = 20000
	};

	(void)state;
	assert_sentence("Dunning waits with step 2 of house: the person wrote today; asked again on 2024-10-04.",
			&dunning_waiting_type, &body);
	body = (struct dunning_waiting){ .reason = STR("deceased") };
	assert_sentence("Dunning waits: the person has died.", &dunning_waiting_type, &body);
	body.reason = STR("");
	assert_sentence("Dunning waits no more: no step is due.", &dunning_waiting_type, &body);
}

static void test_explain_sentences__a_step_is_a_message_or_a_task(void **state)
{
	const struct uuid debts[] = { debt_id, debt_id };
	struct dunning_step_due body = { .step_id = debt_id,
					 .policy = STR("house"),
					 .step = 1,
					 .action = STR("send"),
					 .channel = STR("email"),
					 .template_name = STR("first_reminder"),
					 .currency = STR("JPY"),
					 .net_minor = 700,
					 .debt_ids = debts,
					 .debt_ids_count = COUNT(debts) };

	(void)state;
	assert_sentence("Step 1 of house was due: first_reminder by email was asked for as message "
			"01000000-0000-0000-0000-000000000000, about 700 JPY of 2 debts.",
			&dunning_step_due_type, &body);
	body.action = STR("legal_referral");
	body.debt_ids_count = 1;
	assert_sentence("Step 1 of house was due as a task for a person: legal referral (task "
			"01000000-0000-0000-0000-000000000000), about 700 JPY of 1 debt.",
			&dunning_step_due_type, &body);
}

static void test_explain_sentences__a_refusal_has_its_code_in_words(void **state)
{
	const struct command_rejected body = { .command_type = STR("SendCommunication"), .code = STR("compliance_denied") };

	(void)state;
	assert_sentence("SendCommunication was refused: compliance denied.", &command_rejected_type, &body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain_sentences__every_event_has_one_or_is_named_as_left_out),
		cmocka_unit_test(test_explain_sentences__every_row_is_of_an_event),
		cmocka_unit_test(test_explain_sentences__every_template_fits_its_event),
		cmocka_unit_test(test_explain_sentences__a_payment_has_amounts_in_its_currency),
		cmocka_unit_test(test_explain_sentences__a_word_of_the_event_chooses_the_row),
		cmocka_unit_test(test_explain_sentences__waiting_has_its_reason_in_words),
		cmocka_unit_test(test_explain_sentences__a_step_is_a_message_or_a_task),
		cmocka_unit_test(test_explain_sentences__a_refusal_has_its_code_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
