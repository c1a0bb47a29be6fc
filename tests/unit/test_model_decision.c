#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "model/decision.h"
#include "tests/unit/dies.h"

struct created {
	int64_t amount_minor;
	char more[300];
};

static const struct message_type created_type = { .record = { .name = "Created", .size = sizeof(struct created) },
						  .kind = MESSAGE_EVENT };
static const struct message_type paid_type = { .record = { .name = "Paid", .size = 8 }, .kind = MESSAGE_EVENT };
static const struct message_type pay_type = { .record = { .name = "Pay", .size = 8 }, .kind = MESSAGE_COMMAND };

static struct arena arena;
static struct command command;
static struct decision decision;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (arena_init(&arena, 4096, &err) < 0)
		return -1;
	memset(&decision, 0xFF, sizeof(decision));
	decision_init(&decision, &arena, &command);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void test_decision__is_none_at_first(void **state)
{
	(void)state;
	assert_int_equal(decision.kind, DECISION_NONE);
	assert_int_equal(decision.refusal, REFUSAL_NONE);
	assert_int_equal(decision.events_count, 0);
	assert_false(decision.overflow);
	assert_string_equal(decision.field, "");
	assert_string_equal(decision.text, "");
}

static void test_decision__an_event_says_who_did_it(void **state)
{
	struct signed_event {
		bool has_actor;
		struct str actor;
	};
	static const struct field actor = { .name = "actor",
					    .kind = FIELD_STRING,
					    .nullable = true,
					    .offset = offsetof(struct signed_event, actor),
					    .aux_offset = offsetof(struct signed_event, has_actor) };
	static const struct message_type type = { .record = { .name = "Signed", .size = sizeof(struct signed_event) },
						  .kind = MESSAGE_EVENT,
						  .actor_field = &actor };
	const struct signed_event *event;

	(void)state;
	command.actor = STR("an-agent");
	event = decision_event(&decision, &type);
	assert_true(event->has_actor);
	assert_true(str_is(event->actor, "an-agent"));
}

static void test_decision__collects_events_in_order_with_their_cause(void **state)
{
	struct created *created = decision_event(&decision, &created_type);
	int64_t *paid;

	(void)state;
	created->amount_minor = 7;
	paid = decision_event(&decision, &paid_type);
	assert_int_equal(*paid, 0);
	*paid = 8;
	decision_confide(&decision, "rendered text");
	assert_int_equal(decision.kind, DECISION_EVENTS);
	assert_int_equal(decision.events_count, 2);
	assert_ptr_equal(decision.events[0].type, &created_type);
	assert_ptr_equal(decision.events[0].body, created);
	assert_ptr_equal(decision.events[0].command, &command);
	assert_null(decision.events[0].confidential);
	assert_ptr_equal(decision.events[1].body, paid);
	assert_string_equal(decision.events[1].confidential, "rendered text");
}

static void test_decision__bodies_are_zeroed(void **state)
{
	static const struct created zero;

	(void)state;
	memset(arena_take_bytes(&arena, 4096), 0xFF, 4096);
	arena_reset(&arena);
	assert_memory_equal(decision_event(&decision, &created_type), &zero, sizeof(zero));
}

static void test_decision__a_full_arena_gives_a_spare_body_and_overflow(void **state)
{
	static const struct created zero;
	struct created *created;

	(void)state;
	assert_non_null(arena_take_bytes(&arena, 4000));
	for (int i = 0; i < 2; i++) {
		created = decision_event(&decision, &created_type);
		assert_memory_equal(created, &zero, sizeof(zero));
		memset(created, 0xFF, sizeof(*created));
		assert_true(decision.overflow);
	}
	assert_int_equal(decision.events_count, 2);
	decision_confide(&decision, "x");
}

static void test_decision__a_text_is_copied_while_the_arena_has_room(void **state)
{
	char text[16] = "EUR";
	struct str copy = decision_text(&decision, text);

	(void)state;
	text[0] = 'X';
	assert_true(str_is(copy, "EUR"));
	assert_false(decision.overflow);
	assert_non_null(arena_take_bytes(&arena, arena.size - arena.used));
	assert_null(decision_text(&decision, text).data);
	assert_true(decision.overflow);
}

static void test_decision__a_refusal_names_code_field_and_text(void **state)
{
	(void)state;
	decision_refuse(&decision, REFUSAL_BAD_AMOUNT, "amount_minor", "%d is not above %d", 0, 0);
	assert_int_equal(decision.kind, DECISION_REFUSED);
	assert_int_equal(decision.refusal, REFUSAL_BAD_AMOUNT);
	assert_string_equal(decision.field, "amount_minor");
	assert_string_equal(decision.text, "0 is not above 0");
}

static void test_decision__a_long_text_is_cut_between_characters(void **state)
{
	char text[400];

	(void)state;
	for (size_t start = 0; start < 3; start++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = start; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 3);
		text[sizeof(text) - 1] = '\0';
		decision_init(&decision, &arena, &command);
		decision_refuse(&decision, REFUSAL_BAD_VALUE, NULL, "%s", text);
		assert_true(str_is_text(str_of(decision.text)));
		assert_in_range(strlen(decision.text), sizeof(decision.text) - 4, sizeof(decision.text) - 1);
		assert_string_equal(decision.field, "");
	}
}

static void test_decision__may_wait(void **state)
{
	(void)state;
	decision_wait(&decision, "customer_id", "customer not known yet");
	assert_int_equal(decision.kind, DECISION_WAIT);
	assert_string_equal(decision.field, "customer_id");
	assert_string_equal(decision.text, "customer not known yet");
}

static void test_decision__may_keep_for_a_second_person(void **state)
{
	(void)state;
	decision_keep(&decision, "more than %d needs two", 500);
	assert_int_equal(decision.kind, DECISION_KEPT);
	assert_string_equal(decision.field, "");
	assert_string_equal(decision.text, "more than 500 needs two");
}

static const struct timer_kind kind_later = { "later", 3 };
static const struct uuid debt_id = { { 7 } };

static void test_decision__sets_and_cancels_timers_in_order(void **state)
{
	(void)state;
	assert_null(decision.timers);
	decision_set_timer_on(&decision, &kind_later, &debt_id, 20454);
	decision_set_timer_at(&decision, &kind_later, &debt_id, 1700000000000);
	decision_cancel_timer(&decision, &kind_later, &debt_id);
	assert_int_equal(decision.kind, DECISION_NONE); /* a timer is no answer */
	assert_int_equal(decision.timers_count, 3);
	assert_true(decision.timers[0].timer.is_on_day);
	assert_int_equal(decision.timers[0].timer.due_on, 20454);
	assert_false(decision.timers[1].timer.is_on_day);
	assert_int_equal(decision.timers[1].timer.due_at_ms, 1700000000000);
	assert_true(decision.timers[2].is_cancelled);
	for (size_t i = 0; i < 3; i++) {
		assert_ptr_equal(decision.timers[i].timer.kind, &kind_later);
		assert_true(uuid_equal(&decision.timers[i].timer.subject, &debt_id));
	}
}

static void test_decision__a_timer_in_a_full_arena_is_an_overflow(void **state)
{
	(void)state;
	assert_non_null(arena_take_bytes(&arena, 4090));
	decision_set_timer_on(&decision, &kind_later, &debt_id, 20454);
	assert_true(decision.overflow);
	assert_int_equal(decision.timers_count, 0);
}

static void refuse_after_timer(void)
{
	decision_set_timer_on(&decision, &kind_later, &debt_id, 20454);
	decision_refuse(&decision, REFUSAL_HELD, "", "late");
}

static void wait_after_timer(void)
{
	decision_set_timer_on(&decision, &kind_later, &debt_id, 20454);
	decision_wait(&decision, "", "late");
}

static void timer_after_refusal(void)
{
	decision_refuse(&decision, REFUSAL_HELD, "", "first");
	decision_cancel_timer(&decision, &kind_later, &debt_id);
}

static void as_many_timers_as_allowed(void)
{
	for (int i = 0; i < DECISION_TIMERS_MAX; i++)
		decision_cancel_timer(&decision, &kind_later, &debt_id);
}

static void too_many_timers(void)
{
	for (int i = 0; i <= DECISION_TIMERS_MAX; i++)
		decision_cancel_timer(&decision, &kind_later, &debt_id);
}

static void test_decision__misused_timers_are_bugs(void **state)
{
	(void)state;
	assert_true(dies(refuse_after_timer));
	assert_true(dies(wait_after_timer));
	assert_true(dies(timer_after_refusal));
	assert_false(dies(as_many_timers_as_allowed));
	assert_true(dies(too_many_timers));
}

static void refuse_after_event(void)
{
	(void)decision_event(&decision, &paid_type);
	decision_refuse(&decision, REFUSAL_HELD, "", "late");
}

static void event_after_refusal(void)
{
	decision_refuse(&decision, REFUSAL_HELD, "", "first");
	(void)decision_event(&decision, &paid_type);
}

static void refuse_twice(void)
{
	decision_refuse(&decision, REFUSAL_HELD, "", "first");
	decision_refuse(&decision, REFUSAL_EXISTS, "", "second");
}

static void wait_after_event(void)
{
	(void)decision_event(&decision, &paid_type);
	decision_wait(&decision, "", "late");
}

static void event_after_wait(void)
{
	decision_wait(&decision, "", "first");
	(void)decision_event(&decision, &paid_type);
}

static void refuse_with_none(void)
{
	decision_refuse(&decision, REFUSAL_NONE, "", "nothing");
}

static void too_many_events(void)
{
	for (int i = 0; i <= DECISION_EVENTS_MAX; i++)
		(void)decision_event(&decision, &paid_type);
}

static void as_many_events_as_allowed(void)
{
	for (int i = 0; i < DECISION_EVENTS_MAX; i++)
		(void)decision_event(&decision, &paid_type);
}

static void command_as_event(void)
{
	(void)decision_event(&decision, &pay_type);
}

static void confide_nothing(void)
{
	decision_confide(&decision, "x");
}

static void test_decision__exactly_one_answer(void **state)
{
	(void)state;
	assert_true(dies(refuse_after_event));
	assert_true(dies(event_after_refusal));
	assert_true(dies(refuse_twice));
	assert_true(dies(wait_after_event));
	assert_true(dies(event_after_wait));
	assert_true(dies(refuse_with_none));
}

static void test_decision__misused_events_are_bugs(void **state)
{
	(void)state;
	assert_false(dies(as_many_events_as_allowed));
	assert_true(dies(too_many_events));
	assert_true(dies(command_as_event));
	assert_true(dies(confide_nothing));
}

/* ---- commands to other modules ---- */

struct pay {
	struct uuid customer_id;
	int64_t amount_minor;
};

static const struct field pay_key = { .name = "customer_id", .kind = FIELD_UUID, .offset = offsetof(struct pay, customer_id) };
static const struct message_type order_type = { .record = { .name = "Order", .size = sizeof(struct pay) },
						.kind = MESSAGE_COMMAND,
						.key_field = &pay_key };

static struct uuid step_id(unsigned number)
{
	return (struct uuid){ { 1, (uint8_t)number } };
}

static struct pay *send(unsigned number)
{
	const struct uuid id = step_id(number);

	return decision_send(&decision, &order_type, &id);
}

static void test_decision__sends_commands_in_order(void **state)
{
	struct pay *first;
	struct pay *second;

	(void)state;
	memset(arena_take_bytes(&arena, 4096), 0xFF, 4096);
	arena_reset(&arena);
	assert_null(decision.sendings);
	(void)decision_event(&decision, &paid_type);
	first = send(1);
	second = send(2);
	assert_int_equal(first->amount_minor + second->amount_minor, 0);
	first->amount_minor = 7;
	assert_int_equal(second->amount_minor, 0);
	assert_int_equal(decision.kind, DECISION_EVENTS);
	assert_int_equal(decision.events_count, 1); /* their rows are the engine's */
	assert_int_equal(decision.sendings_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct uuid id = step_id(i + 1);

		assert_ptr_equal(decision.sendings[i].type, &order_type);
		assert_ptr_equal(decision.sendings[i].body, i == 0 ? first : second);
		assert_true(uuid_equal(&decision.sendings[i].id, &id));
	}
}

static void test_decision__notes_what_it_has_read(void **state)
{
	const struct uuid debt = step_id(9);

	(void)state;
	assert_null(decision.reads);
	decision_read(&decision, "debt", &debt, 12);
	decision_read(&decision, "customer", &debt, 0);
	assert_int_equal(decision.kind, DECISION_NONE); /* no answer by itself */
	assert_int_equal(decision.reads_count, 2);
	assert_string_equal(decision.reads[0].entity, "debt");
	assert_true(uuid_equal(&decision.reads[0].id, &debt));
	assert_int_equal(decision.reads[0].version, 12);
	assert_string_equal(decision.reads[1].entity, "customer");
	assert_int_equal(decision.reads[1].version, 0);
}

static void test_decision__a_sending_in_a_full_arena_is_an_overflow(void **state)
{
	static const struct pay zero;
	struct pay *body;

	(void)state;
	(void)decision_event(&decision, &paid_type);
	assert_non_null(arena_take_bytes(&arena, 4000)); /* room for the body, and not for the list */
	body = send(1);
	assert_true(decision.overflow);
	assert_int_equal(decision.sendings_count, 0);
	decision.overflow = false;
	assert_non_null(arena_take_bytes(&arena, arena.size - arena.used - sizeof(*body) + 1));
	body = send(2); /* nor for the body */
	assert_memory_equal(body, &zero, sizeof(zero));
	assert_true(decision.overflow);
}

static void test_decision__a_read_in_a_full_arena_is_an_overflow(void **state)
{
	const struct uuid debt = step_id(9);

	(void)state;
	assert_non_null(arena_take_bytes(&arena, 4000));
	decision_read(&decision, "debt", &debt, 1);
	assert_true(decision.overflow);
	assert_int_equal(decision.reads_count, 0);
}

static void send_without_event(void)
{
	(void)send(1);
}

static void send_after_refusal(void)
{
	decision_refuse(&decision, REFUSAL_HELD, "", "first");
	(void)send(1);
}

static void send_without_id(void)
{
	const struct uuid none = { { 0 } };

	(void)decision_event(&decision, &paid_type);
	(void)decision_send(&decision, &order_type, &none);
}

static void send_event(void)
{
	const struct uuid id = step_id(1);

	(void)decision_event(&decision, &paid_type);
	(void)decision_send(&decision, &paid_type, &id);
}

static void send_without_key(void)
{
	const struct uuid id = step_id(1);

	(void)decision_event(&decision, &paid_type);
	(void)decision_send(&decision, &pay_type, &id);
}

static void send_times(unsigned count)
{
	(void)decision_event(&decision, &paid_type);
	for (unsigned i = 1; i <= count; i++)
		(void)send(i);
}

static void as_many_sendings_as_allowed(void)
{
	send_times(DECISION_SENDINGS_MAX);
}

static void too_many_sendings(void)
{
	send_times(DECISION_SENDINGS_MAX + 1);
}

static void read_times(int count)
{
	const struct uuid debt = step_id(9);

	for (int i = 0; i < count; i++)
		decision_read(&decision, "debt", &debt, i);
}

static void as_many_reads_as_allowed(void)
{
	read_times(DECISION_READS_MAX);
}

static void too_many_reads(void)
{
	read_times(DECISION_READS_MAX + 1);
}

static void test_decision__misused_sendings_are_bugs(void **state)
{
	(void)state;
	assert_true(dies(send_without_event));
	assert_true(dies(send_after_refusal));
	assert_true(dies(send_without_id));
	assert_true(dies(send_event));
	assert_true(dies(send_without_key));
	assert_false(dies(as_many_sendings_as_allowed));
	assert_true(dies(too_many_sendings));
	assert_false(dies(as_many_reads_as_allowed));
	assert_true(dies(too_many_reads));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_decision__sends_commands_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__notes_what_it_has_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_sending_in_a_full_arena_is_an_overflow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_read_in_a_full_arena_is_an_overflow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__misused_sendings_are_bugs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__is_none_at_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__collects_events_in_order_with_their_cause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__an_event_says_who_did_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__bodies_are_zeroed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_full_arena_gives_a_spare_body_and_overflow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_text_is_copied_while_the_arena_has_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_refusal_names_code_field_and_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_long_text_is_cut_between_characters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__sets_and_cancels_timers_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__a_timer_in_a_full_arena_is_an_overflow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__misused_timers_are_bugs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__may_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__may_keep_for_a_second_person, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__exactly_one_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_decision__misused_events_are_bugs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
