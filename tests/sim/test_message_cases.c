#include "tests/sim/cases.h"

#include <string.h>

#include "base/day.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"

/* Chosen stories of messages, as test_cases.c has of the engine: what seeded worlds found in the rules and in the notifier. */
#define CUSTOMER id_of(1)
#define DEBT     id_of(2)
#define LATER_MS 60000 /* of send_by */

static void tell(struct sim_world *world, size_t module, const struct message_type *type, const void *body)
{
	static unsigned count; /* ids are unique, and rise */
	const struct uuid id = id_of(1000 + ++count);

	workload_send_signed(world, module, type, body, &id, "all");
}

static void given_customer(struct sim_world *world)
{
	const struct create_customer customer = { .customer_id = CUSTOMER,
						  .external_ref = STR("C-1"),
						  .kind = STR("natural"),
						  .full_name = STR("Ann Example"),
						  .locale = STR("de-DE"),
						  .country = STR("DE") };
	const struct add_contact_point point = { .contact_point_id = id_of(3),
						 .customer_id = CUSTOMER,
						 .channel = STR("sms"),
						 .address = STR("+491701234567"),
						 .place = STR("mobile"),
						 .source = STR("consumer") };
	const struct publish_template template = { .template_id = id_of(4),
						   .name = STR("reminder"),
						   .version = 1,
						   .channel = STR("sms"),
						   .language = STR("de"),
						   .message_class = STR("reminder"),
						   .subject = STR(""),
						   .body = STR("{{customer_name}} {{opt_out}}") };

	tell(world, SIM_CUSTOMERS, &create_customer_type, &customer);
	tell(world, SIM_CUSTOMERS, &add_contact_point_type, &point);
	tell(world, SIM_COMMUNICATIONS, &publish_template_type, &template);
	assert_true(rests(world));
}

/* `ago_ms`: when it was said. */
static void grant(struct sim_world *world, unsigned number, int64_t ago_ms)
{
	const struct grant_consent body = { .consent_id = id_of(number),
					    .customer_id = CUSTOMER,
					    .channel = STR("sms"),
					    .purpose = STR("collect"),
					    .basis = STR("express"),
					    .evidence_ref = STR("call"),
					    .obtained_at = world->now_ms - ago_ms };

	tell(world, SIM_COMMUNICATIONS, &grant_consent_type, &body);
}

static void withdraw(struct sim_world *world, int64_t ago_ms)
{
	const struct withdraw_consent body = {
		.customer_id = CUSTOMER, .via = STR("letter"), .keyword = STR(""), .withdrawn_at = world->now_ms - ago_ms
	};

	tell(world, SIM_COMMUNICATIONS, &withdraw_consent_type, &body);
}

/* `wait_ms` 0: at once. */
static struct send_communication a_message(struct sim_world *world, unsigned number, const struct uuid *debt_id, int64_t wait_ms)
{
	return (struct send_communication){ .communication_id = id_of(number),
					    .customer_id = CUSTOMER,
					    .debt_ids = debt_id,
					    .debt_ids_count = debt_id != NULL,
					    .channel = STR("sms"),
					    .template_name = STR("reminder"),
					    .language = STR("de"),
					    .message_class = STR("reminder"),
					    .has_not_before = wait_ms > 0,
					    .not_before = world->now_ms + wait_ms,
					    .send_by = world->now_ms + LATER_MS };
}

static void send_after(struct sim_world *world, unsigned number, const struct uuid *debt_id, int64_t wait_ms)
{
	const struct send_communication body = a_message(world, number, debt_id, wait_ms);

	tell(world, SIM_COMMUNICATIONS, &send_communication_type, &body);
}

static void send_mergeable(struct sim_world *world, unsigned number, const struct uuid *debt_id, int64_t wait_ms)
{
	struct send_communication body = a_message(world, number, debt_id, wait_ms);

	body.has_mergeable = body.mergeable = true;
	tell(world, SIM_COMMUNICATIONS, &send_communication_type, &body);
}

static void send_about(struct sim_world *world, unsigned number, const struct uuid *debt_id)
{
	send_after(world, number, debt_id, 0);
}

static void create_debt(struct sim_world *world)
{
	const struct create_debt body = { .debt_id = DEBT,
					  .customer_id = CUSTOMER,
					  .creditor_id = id_of(5),
					  .external_ref = STR("D-1"),
					  .currency = STR("EUR"),
					  .principal_minor = 100,
					  .opened_on = 19000,
					  .due_on = 19000 };

	tell(world, SIM_DEBTS, &create_debt_type, &body);
}

static void tick(struct sim_world *world)
{
	world->now_ms += 1000;
	workload_tick(world);
	assert_true(rests(world));
}

static size_t taken(const struct sim_world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->post.attempts_count; i++)
		count += world->post.attempts[i].is_taken;
	return count;
}

static size_t parked_now(const struct sim_world *world, enum parked_kind kind)
{
	const struct sim_database *database = &world->databases[SIM_COMMUNICATIONS];
	size_t count = 0;

	for (size_t i = 0; i < database->parked_count; i++)
		count += !database->parked[i].is_gone && database->parked[i].parked.kind == kind;
	return count;
}

static size_t count_events(const struct sim_world *world, const struct message_type *type)
{
	size_t count = 0;

	for (size_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_COMMUNICATIONS].log[part];

		for (size_t i = 0; i < log->count; i++)
			count += log->rows[i].row.schema_id == type->schema_id;
	}
	return count;
}

static void cancel(struct sim_world *world, unsigned number)
{
	const struct cancel_communication body = { .communication_id = id_of(number), .customer_id = CUSTOMER };

	tell(world, SIM_COMMUNICATIONS, &cancel_communication_type, &body);
}

/* A message about a debt that nobody knows: other messages, their reports, consents pass; what is about it stands behind it. */
static void test_messages__what_waits_holds_only_what_depends_on_it(void **state)
{
	const struct uuid debt_id = DEBT;
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	send_about(world, 10, &debt_id);
	cancel(world, 10);
	grant(world, 20, 500);
	send_about(world, 11, NULL);
	assert_true(rests(world));
	assert_int_equal(taken(world), 1);
	assert_int_equal(count_events(world, &communication_progressed_type), 1);
	assert_int_equal(count_events(world, &consent_granted_type), 1);
	assert_int_equal(parked_now(world, PARKED_WAIT), 1);
	assert_int_equal(parked_now(world, PARKED_BEHIND), 1);
	create_debt(world);
	assert_true(rests(world));
	tick(world);
	assert_int_equal(parked_now(world, PARKED_WAIT) + parked_now(world, PARKED_BEHIND), 0);
	assert_null(audit(world));
}

static void report_delivery(struct sim_world *world, unsigned number)
{
	const struct record_delivery body = { .communication_id = id_of(number),
					      .customer_id = CUSTOMER,
					      .provider = STR("sim"),
					      .status = STR("delivered"),
					      .occurred_at = world->now_ms };

	tell(world, SIM_COMMUNICATIONS, &record_delivery_type, &body);
}

/* A report of a message that is not there yet must not hold up the message. */
static void test_messages__a_report_that_waits_holds_nothing(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	report_delivery(world, 10);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, PARKED_WAIT), 1);
	send_about(world, 10, NULL);
	assert_true(rests(world));
	assert_int_equal(taken(world), 1);
	tick(world);
	assert_int_equal(parked_now(world, PARKED_WAIT), 0);
	assert_null(audit(world));
}

static const char *refuse_consents(const struct changes *changes)
{
	for (size_t i = 0; i < changes->events_count; i++)
		if (changes->events[i].event->type == &consent_granted_type)
			return "a bug of ours";
	return NULL;
}

/* Nobody can tell what a command is about that broke our code: all of its key is held, but for withdrawals and reports. */
static void test_messages__a_bug_holds_its_key_but_not_who_overtakes(void **state)
{
	const struct uuid communication_id = id_of(10);
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	world->script.stops_notifiers = true;
	grant(world, 20, 500);
	send_about(world, 10, NULL);
	while (!post_find(world, &communication_id))
		world_step(world);
	world->script.refuses = refuse_consents;
	grant(world, 21, 500);
	send_about(world, 11, NULL);
	while (parked_now(world, PARKED_BEHIND) == 0)
		world_step(world);
	world->script.stops_notifiers = false;
	assert_true(rests(world));
	assert_int_equal(count_events(world, &communication_progressed_type), 1);
	withdraw(world, 0);
	assert_true(rests(world));
	assert_int_equal(count_events(world, &consent_withdrawn_type), 1);
	assert_int_equal(parked_now(world, PARKED_BUG), 1);
	assert_int_equal(parked_now(world, PARKED_BEHIND), 1);
	world->script.refuses = NULL;
	world_release_bugs(world);
	tick(world);
	assert_null(audit(world));
}

/* The consent was set aside; the withdrawal, told after it, was not. It was said before the consent was given: what counts is
 * which of them we were told of last. */
static void test_messages__a_consent_that_a_withdrawal_overtook_permits_nothing(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	world->script.refuses = refuse_consents;
	grant(world, 20, 500);
	withdraw(world, 1000);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, PARKED_BUG), 1);
	world->script.refuses = NULL;
	world_release_bugs(world);
	tick(world);
	assert_int_equal(parked_now(world, PARKED_BUG), 0);
	send_about(world, 11, NULL);
	assert_true(rests(world));
	assert_int_equal(taken(world), 0);
	assert_null(audit(world));
	grant(world, 21, 0);
	send_about(world, 12, NULL);
	assert_true(rests(world));
	assert_int_equal(taken(world), 1);
	assert_null(audit(world));
}

/* The gateway did not take it; the withdrawal comes before that is told, and finds it in the notifier's hands; the notifier may
 * not try again. Somebody must say that it is over. */
static void test_messages__a_withdrawal_before_the_report_of_a_try_ends_the_message(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "not_accepted";
	grant(world, 20, 500);
	send_about(world, 10, NULL);
	while (world->post.attempts_count == 0)
		world_step(world);
	withdraw(world, 0);
	assert_true(rests(world));
	for (int minutes = 0; minutes < 2; minutes++) {
		world->now_ms += LATER_MS;
		assert_true(rests(world));
	}
	assert_null(audit(world));
}

static void give_up_address(struct sim_world *world)
{
	const struct invalidate_contact_point body = { .contact_point_id = id_of(3),
						       .customer_id = CUSTOMER,
						       .reason = STR("wrong_party") };

	tell(world, SIM_CUSTOMERS, &invalidate_contact_point_type, &body);
	while (view_is_usable(world, &body.contact_point_id))
		world_step(world);
}

static void then_ended_as(const struct sim_world *world, size_t attempt, const char *code)
{
	assert_string_equal(world->post.attempts[attempt].outcome, "failed");
	assert_string_equal(world->post.attempts[attempt].code, code);
	assert_true(world->post.attempts[attempt].is_reported);
}

/* It was released while the address was good. Somebody else would read it; and somebody must say that it is over. */
static void test_messages__an_address_given_up_before_the_claim_gets_nothing(void **state)
{
	const struct uuid communication_id = id_of(10);
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	world->script.stops_notifiers = true;
	grant(world, 20, 500);
	send_about(world, 10, NULL);
	while (!post_find(world, &communication_id))
		world_step(world);
	give_up_address(world);
	world->script.stops_notifiers = false;
	assert_true(rests(world));
	assert_int_equal(taken(world), 0);
	assert_int_equal(world->post.attempts_count, 1);
	then_ended_as(world, 0, "address_invalid");
	assert_null(audit(world));
}

static void test_messages__an_address_given_up_between_two_tries_ends_them(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "not_accepted";
	grant(world, 20, 500);
	send_about(world, 10, NULL);
	while (world->post.attempts_count == 0 || !world->post.attempts[0].outcome)
		world_step(world);
	world->script.gateway_says = "accepted";
	world->script.stops_notifiers = true;
	give_up_address(world);
	world->script.stops_notifiers = false;
	world->now_ms += LATER_MS / 2; /* the second try is due */
	assert_true(rests(world));
	assert_int_equal(taken(world), 0);
	assert_int_equal(world->post.attempts_count, 2);
	then_ended_as(world, 1, "address_invalid");
	assert_null(audit(world));
}

/* ---- messages that wait for their time ---- */

static void test_messages__a_message_leaves_at_the_first_tick_of_its_time(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	send_after(world, 10, NULL, LATER_MS / 2);
	assert_true(rests(world));
	tick(world);
	assert_int_equal(taken(world), 0);
	assert_true(post_waits(world));
	world->now_ms += LATER_MS / 2;
	tick(world);
	assert_int_equal(taken(world), 1);
	tick(world);
	assert_int_equal(taken(world), 1);
	assert_int_equal(count_events(world, &communication_released_type), 1);
	assert_null(audit(world));
}

static void test_messages__what_waits_ends_with_a_withdrawal_whatever_comes_after(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	send_after(world, 10, NULL, LATER_MS / 2);
	assert_true(rests(world));
	withdraw(world, 0);
	assert_true(rests(world));
	grant(world, 21, 0);
	world->now_ms += LATER_MS / 2;
	tick(world);
	assert_int_equal(taken(world), 0);
	assert_int_equal(count_events(world, &compliance_decided_type), 0);
	assert_null(audit(world));
}

/* Nobody keeps Ticks away for long; but the sender's last word holds. */
static void test_messages__a_tick_after_send_by_suppresses_what_waits(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	send_after(world, 10, NULL, LATER_MS / 2);
	assert_true(rests(world));
	world->now_ms += LATER_MS;
	tick(world);
	assert_int_equal(taken(world), 0);
	assert_int_equal(count_events(world, &communication_suppressed_type), 1);
	assert_null(audit(world));
}

/* Two that wait for the same moment are one message; the gateway gets one. */
static void test_messages__of_mergeable_ones_one_leaves(void **state)
{
	const struct uuid debt_id = DEBT;
	struct sim_world *world = *state;

	given_customer(world);
	create_debt(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	assert_true(rests(world));
	send_mergeable(world, 10, &debt_id, LATER_MS / 2);
	send_mergeable(world, 11, &debt_id, LATER_MS / 2);
	assert_true(rests(world));
	world->now_ms += LATER_MS / 2;
	tick(world);
	assert_int_equal(taken(world), 1);
	assert_int_equal(count_events(world, &communication_merged_type), 1);
	assert_int_equal(count_events(world, &compliance_decided_type), 1);
	assert_null(audit(world));
}

static void until_told(struct sim_world *world, const struct message_type *type)
{
	while (count_events(world, type) == 0)
		world_step(world);
}

/* A message that no notifier has claimed gets another time. */
static void reschedule(struct sim_world *world, unsigned number, int64_t wait_ms)
{
	const struct reschedule_communication body = { .communication_id = id_of(number),
						       .customer_id = CUSTOMER,
						       .has_not_before = true,
						       .not_before = world->now_ms + wait_ms,
						       .send_by = world->now_ms + LATER_MS };

	until_told(world, &communication_released_type);
	tell(world, SIM_COMMUNICATIONS, &reschedule_communication_type, &body);
	until_told(world, &communication_rescheduled_type);
	world->script.stops_notifiers = false;
}

/* The first release of the one that leaves was before the other was merged into it. */
static void test_messages__a_message_is_merged_into_one_that_was_released_before(void **state)
{
	const struct uuid debt_id = DEBT;
	struct sim_world *world = *state;

	given_customer(world);
	create_debt(world);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	send_mergeable(world, 10, &debt_id, LATER_MS / 4);
	assert_true(rests(world));
	world->script.stops_notifiers = true;
	world->now_ms += LATER_MS / 4;
	workload_tick(world);
	reschedule(world, 10, LATER_MS / 4);
	send_mergeable(world, 11, &debt_id, LATER_MS / 4);
	assert_true(rests(world));
	world->now_ms += LATER_MS / 4;
	tick(world);
	assert_int_equal(taken(world), 1);
	assert_int_equal(count_events(world, &communication_merged_type), 1);
	assert_int_equal(count_events(world, &communication_released_type), 2);
	assert_null(audit(world));
}

/* ---- answers to persons ---- */

static void given_answer(struct sim_world *world, const char *name, const char *message_class)
{
	const struct publish_template template = { .template_id = id_of(6),
						   .name = str_of(name),
						   .version = 1,
						   .channel = STR("sms"),
						   .language = STR("de"),
						   .message_class = str_of(message_class),
						   .subject = STR(""),
						   .body = STR("{{customer_name}} {{opt_out}}") };

	given_customer(world);
	tell(world, SIM_COMMUNICATIONS, &publish_template_type, &template);
	world->script.gateway_says = "accepted";
	grant(world, 20, 500);
	assert_true(rests(world));
}

static void write_to_us(struct sim_world *world, struct str text)
{
	const struct record_inbound body = { .inbound_id = id_of(30),
					     .customer_id = CUSTOMER,
					     .channel = STR("sms"),
					     .text = text,
					     .provider = STR("sim"),
					     .received_at = world->now_ms,
					     .has_answer = true,
					     .answer = true };

	tell(world, SIM_COMMUNICATIONS, &record_inbound_type, &body);
}

/* No saying of the workload: a byte of it has become another. It is a withdrawal all the same, and is confirmed. */
static void test_messages__a_damaged_text_that_says_stop_is_confirmed(void **state)
{
	struct sim_world *world = *state;

	given_answer(world, "opt_out_confirmation", "opt_out_confirmation");
	write_to_us(world, STR("opt.out"));
	assert_true(rests(world));
	assert_int_equal(count_events(world, &consent_withdrawn_type), 1);
	assert_int_equal(taken(world), 1);
	assert_null(audit(world));
}

/* The first message might have been the one answer, but did not leave: the second one is, and the first leaves by a consent. */
static void test_messages__an_answer_that_got_another_time_leaves_room_for_one(void **state)
{
	struct sim_world *world = *state;

	given_customer(world);
	world->script.gateway_says = "accepted";
	write_to_us(world, STR("I will pay on Monday"));
	assert_true(rests(world));
	world->script.stops_notifiers = true;
	send_about(world, 10, NULL);
	reschedule(world, 10, LATER_MS / 4);
	send_about(world, 11, NULL);
	assert_true(rests(world));
	assert_int_equal(taken(world), 1);
	grant(world, 20, 0);
	assert_true(rests(world));
	world->now_ms += LATER_MS / 4;
	tick(world);
	assert_int_equal(taken(world), 2);
	assert_null(audit(world));
}

static const char *refuse_inbounds(const struct changes *changes)
{
	for (size_t i = 0; i < changes->events_count; i++)
		if (changes->events[i].event->type == &inbound_received_type)
			return "a bug of ours";
	return NULL;
}

/* The id of its answer is of the day on which it came. */
static void test_messages__help_that_was_set_aside_is_answered_on_another_day(void **state)
{
	struct sim_world *world = *state;

	given_answer(world, "help", "account_service");
	world->script.refuses = refuse_inbounds;
	write_to_us(world, STR("HELP"));
	assert_true(rests(world));
	assert_int_equal(parked_now(world, PARKED_BUG), 1);
	world->script.refuses = NULL;
	world->now_ms += DAY_MS;
	world_release_bugs(world);
	tick(world);
	assert_int_equal(parked_now(world, PARKED_BUG), 0);
	assert_int_equal(taken(world), 1);
	assert_null(audit(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_messages__what_waits_holds_only_what_depends_on_it),
		IN_WORLD(test_messages__a_report_that_waits_holds_nothing),
		IN_WORLD(test_messages__a_bug_holds_its_key_but_not_who_overtakes),
		IN_WORLD(test_messages__a_consent_that_a_withdrawal_overtook_permits_nothing),
		IN_WORLD(test_messages__a_withdrawal_before_the_report_of_a_try_ends_the_message),
		IN_WORLD(test_messages__an_address_given_up_before_the_claim_gets_nothing),
		IN_WORLD(test_messages__an_address_given_up_between_two_tries_ends_them),
		IN_WORLD(test_messages__a_message_leaves_at_the_first_tick_of_its_time),
		IN_WORLD(test_messages__what_waits_ends_with_a_withdrawal_whatever_comes_after),
		IN_WORLD(test_messages__a_tick_after_send_by_suppresses_what_waits),
		IN_WORLD(test_messages__of_mergeable_ones_one_leaves),
		IN_WORLD(test_messages__a_message_is_merged_into_one_that_was_released_before),
		IN_WORLD(test_messages__a_damaged_text_that_says_stop_is_confirmed),
		IN_WORLD(test_messages__an_answer_that_got_another_time_leaves_room_for_one),
		IN_WORLD(test_messages__help_that_was_set_aside_is_answered_on_another_day),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests(tests, NULL, NULL));
}
