#include "rule_spec.h"

#include "base/array.h"
#include "base/zone.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/* Messages that wait for their time: until the sender's `not_before`, or because the guard defers them. */

static struct spec spec;
static struct zones zones;

#define CUSTOMER spec_id('C', 1)
#define HOUR_MS  (DAY_MS / 24)
#define MIDNIGHT (SPEC_TODAY * DAY_MS) /* in UTC; in Berlin it is 01:00 */

/* ---- the guard: hours of contact beside the rules that are asked anyway ---- */

static const struct guard_profile hours = { .id = "hours",
					    .version = 1,
					    .countries = "",
					    .region = "",
					    .settings = { [RULE_HOUSE_3] = { CHOICE_HOUSE, { 8 * 60, 21 * 60 } } } };

static struct guard_verdict with_hours(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count)
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];

	assert_true(count < COUNT(asked));
	for (size_t index = 0; index < count; index++)
		asked[index] = profiles[index];
	asked[count] = &hours;
	return guard_decide(facts, asked, count + 1);
}

/* ---- given ---- */

static void set_chars(char *chars, size_t size, const char *text)
{
	bool fits = str_to_chars(chars, size, str_of(text));

	assert_true(fits);
}

static struct person *the_person(void)
{
	return spec_given(&spec, &person_entity, CUSTOMER);
}

static struct addresses *the_addresses(void)
{
	return spec_given(&spec, &addresses_entity, CUSTOMER);
}

static const char *message_class; /* of templates and messages */

static struct owed_debt *debt(unsigned number)
{
	return spec_given(&spec, &owed_debt_entity, spec_id('D', number));
}

static void given_debt(unsigned number, const char *reference)
{
	*debt(number) = (struct owed_debt){ .customer_id = CUSTOMER, .balance_minor = 100, .due_on = SPEC_TODAY - 10 };
	set_chars(debt(number)->currency, sizeof(debt(number)->currency), "EUR");
	set_chars(debt(number)->external_ref, sizeof(debt(number)->external_ref), reference);
}

static void given_consent(void)
{
	struct grant_consent *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct grant_consent){ .consent_id = spec_id('G', 1),
					.customer_id = CUSTOMER,
					.channel = STR("sms"),
					.purpose = STR("collect"),
					.basis = STR("express"),
					.evidence_ref = STR("call-1"),
					.obtained_at = spec.now_ms - 1000 };
	spec_when(&spec, &grant_consent_type, body);
	then_events(&spec, "ConsentGranted");
}

static void publish(int32_t version, const char *text)
{
	struct publish_template *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct publish_template){ .template_id = spec_id('T', 1),
					   .name = STR("reminder.first"),
					   .version = version,
					   .channel = STR("sms"),
					   .language = STR("de"),
					   .message_class = str_of(message_class),
					   .subject = STR(""),
					   .body = str_of(text) };
	spec_when(&spec, &publish_template_type, body);
	then_events(&spec, "TemplatePublished");
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	struct str bad;
	bool is_chosen = asked_profiles_choose(STR("basic person"), &bad); /* the hours are those of with_hours alone */

	(void)state;
	assert_true(is_chosen);
	if (zones.count == 0 && zones_load(&zones, ZONE_FOLDER, &err) < 0)
		fail_msg("%s", err.text);
	spec_init(&spec, &communications_module);
	communications_guard = with_hours;
	message_class = "reminder";
	spec.now_ms = MIDNIGHT + 11 * HOUR_MS;
	the_person()->is_active = 1;
	the_person()->full_name_size = 4;
	memcpy(the_person()->full_name, "Anna", 4);
	the_person()->zone = zones_find(&zones, STR("Europe/Berlin"));
	the_addresses()->sms = (struct address){ .contact_point_id = spec_id('P', 1), .text = "sms", .text_size = 3 };
	given_debt(1, "INV-1");
	given_debt(2, "INV-2");
	publish(1, "{{plan}}: {{balance}} ({{debt_reference}}) {{opt_out}}");
	given_consent();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	communications_guard = guard_decide;
	spec_release(&spec);
	return 0;
}

static const struct template_parameter parameters[] = { { { "plan", 4 }, { "Plan A", 6 } } };
static struct uuid debt_ids[2];

static struct send_communication a_message(unsigned number)
{
	debt_ids[0] = spec_id('D', 2); /* not the order of ids */
	debt_ids[1] = spec_id('D', 1);
	return (struct send_communication){ .communication_id = spec_id('M', number),
					    .customer_id = CUSTOMER,
					    .debt_ids = debt_ids,
					    .debt_ids_count = 2,
					    .channel = STR("sms"),
					    .template_name = STR("reminder.first"),
					    .language = STR("de-AT"),
					    .message_class = str_of(message_class),
					    .parameters = parameters,
					    .parameters_count = COUNT(parameters),
					    .send_by = MIDNIGHT + 3 * DAY_MS };
}

/* What the store would load when the time has come. */
static void keep_request(const struct send_communication *body)
{
	struct request *request = spec_given(&spec, &request_entity, body->communication_id);
	size_t size;

	request->channel = channel_by_name(body->channel);
	set_chars(request->message_class, sizeof(request->message_class), message_class);
	set_chars(request->template_name, sizeof(request->template_name), "reminder.first");
	set_chars(request->language, sizeof(request->language), "de-AT");
	memcpy(request->debt_ids, body->debt_ids, body->debt_ids_count * sizeof(*body->debt_ids));
	request->debt_ids_count = (uint32_t)body->debt_ids_count;
	size = request_put_parameters(request->parameters, body);
	assert_true(size <= sizeof(request->parameters));
	request->parameters_size = (uint32_t)size;
}

static void send(const struct send_communication *body)
{
	struct send_communication *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &send_communication_type, copy);
	if (spec.decision.kind == DECISION_EVENTS)
		keep_request(copy);
}

/* The sender's time is tomorrow at noon. */
#define TOMORROW (MIDNIGHT + DAY_MS + 11 * HOUR_MS)

static void given_waiting(unsigned number)
{
	struct send_communication body = a_message(number);

	body.has_not_before = true;
	body.not_before = TOMORROW;
	send(&body);
	then_events(&spec, "CommunicationScheduled");
}

static void comes(unsigned number, int64_t at_ms)
{
	spec.now_ms = at_ms;
	spec.today = (int32_t)(at_ms / DAY_MS);
	spec_fire(&spec, &release_timer, spec_id('M', number), CUSTOMER);
}

/* ---- then ---- */

static const struct communication *message(unsigned number)
{
	struct uuid id = spec_id('M', number);

	return workset_state(&spec.set, &communication_entity, &id);
}

static const struct queue *the_queue(void)
{
	struct uuid id = CUSTOMER;

	return workset_state(&spec.set, &queue_entity, &id);
}

static void then_timer_at(int64_t due_at_ms)
{
	assert_int_equal(spec.decision.timers_count, 1);
	assert_false(spec.decision.timers[0].is_cancelled);
	assert_ptr_equal(spec.decision.timers[0].timer.kind, &release_timer);
	assert_int_equal(spec.decision.timers[0].timer.due_at_ms, due_at_ms);
}

static void then_suppressed(const char *reason)
{
	size_t last = spec.decision.events_count - 1;

	assert_string_equal(spec.decision.events[last].type->record.name, "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, last, communication_suppressed)->reason, reason));
	assert_int_equal(spec.decision.timers_count, 0);
	assert_int_equal(message(1)->state, COMMUNICATION_SUPPRESSED);
	assert_int_equal(the_queue()->count, 0);
}

static void then_nothing(void)
{
	assert_int_equal(spec.decision.kind, DECISION_NONE);
	assert_int_equal(spec.decision.timers_count, 0);
}

/* ---- tests ---- */

/* The guard is not asked: what it would say now does not matter then. */
static void test_release__a_message_before_its_time_waits_without_a_verdict(void **state)
{
	const struct communication_scheduled *event;
	const struct parameters *kept;

	(void)state;
	given_waiting(1);
	event = then_event(&spec, 0, communication_scheduled);
	kept = spec.decision.events[0].confidential;
	assert_int_equal(event->version, 1);
	assert_int_equal(event->release_at, TOMORROW);
	assert_int_equal(event->not_before, TOMORROW);
	assert_int_equal(event->debt_ids_count, 2);
	assert_true(str_is(event->language, "de-AT"));
	assert_int_equal(kept->text.size, sizeof("plan\0Plan A"));
	then_timer_at(TOMORROW);
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
	assert_int_equal(message(1)->release_at_ms, TOMORROW);
	assert_int_equal(the_queue()->count, 1);
	assert_int_equal(the_queue()->messages[0].state, OUTBOX_SCHEDULED);
}

/* The credits of the group stand in each debt of it; they count once. */
static void then_netted(int64_t credits_minor, const char *text)
{
	const struct communication_released *event;
	const struct rendered *rendered;

	debt(1)->credits_minor = debt(2)->credits_minor = credits_minor;
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	event = then_event(&spec, 1, communication_released);
	rendered = spec.decision.events[1].confidential;
	assert_int_equal(event->stated_minor[0], 100);
	assert_true(event->has_stated_credit_minor);
	assert_int_equal(event->stated_credit_minor, credits_minor);
	assert_true(str_is(str_prefix(rendered->body, strlen(text)), text));
}

static void test_release__the_balance_is_less_what_was_overpaid(void **state)
{
	(void)state;
	publish(2, "{{plan}}: {{balance}} = {{owed}} - {{credits}} {{opt_out}}");
	given_waiting(1);
	then_netted(70, "Plan A: 1.30 = 2.00 - 0.70 ");
}

static void test_release__nobody_is_told_that_less_than_nothing_is_owed(void **state)
{
	(void)state;
	message_class = "account_service"; /* which asks for nothing: DEBT-2 */
	publish(2, "{{plan}}: {{balance}} = {{owed}} - {{credits}} {{opt_out}}");
	given_waiting(1);
	then_netted(201, "Plan A: 0.00 = 2.00 - 2.01 ");
}

static void test_release__nothing_is_asked_for_of_who_has_overpaid_as_much(void **state)
{
	(void)state;
	given_waiting(1);
	debt(1)->credits_minor = debt(2)->credits_minor = 200;
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	then_suppressed("DEBT-2");
}

static void test_release__the_text_has_the_balances_and_the_address_of_then(void **state)
{
	const struct communication_released *event;
	const struct rendered *rendered;

	(void)state;
	given_waiting(1);
	debt(1)->balance_minor = 50;
	the_addresses()->sms = (struct address){ .contact_point_id = spec_id('P', 2), .text = "new", .text_size = 3 };
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	event = then_event(&spec, 1, communication_released);
	rendered = spec.decision.events[1].confidential;
	assert_int_equal(event->version, 2);
	assert_int_equal(event->requested_on, SPEC_TODAY);
	assert_int_equal(event->stated_minor[0], 100);
	assert_int_equal(event->stated_minor[1], 50);
	assert_true(str_is(event->language, "de"));
	assert_true(str_is(rendered->address, "new"));
	assert_true(str_is(str_prefix(rendered->body, 27), "Plan A: 1.50 (INV-2, INV-1)"));
	assert_int_equal(message(1)->state, COMMUNICATION_RELEASED);
	assert_int_equal(message(1)->release_at_ms, 0);
	assert_int_equal(the_queue()->count, 1);
	assert_int_equal(the_queue()->messages[0].state, OUTBOX_RELEASED);
	comes(1, TOMORROW + 1);
	then_nothing();
}

static void test_release__what_the_guard_defers_waits_until_then(void **state)
{
	const struct send_communication body = a_message(1);

	(void)state;
	spec.now_ms = MIDNIGHT;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationScheduled");
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->verdict, "defer"));
	assert_int_equal(then_event(&spec, 0, compliance_decided)->until, MIDNIGHT + 7 * HOUR_MS);
	assert_false(then_event(&spec, 1, communication_scheduled)->has_not_before);
	then_timer_at(MIDNIGHT + 7 * HOUR_MS);
	comes(1, MIDNIGHT + 7 * HOUR_MS);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

/* The Tick came in the evening. */
static void test_release__a_message_is_deferred_again(void **state)
{
	(void)state;
	given_waiting(1);
	comes(1, TOMORROW + 10 * HOUR_MS);
	then_events(&spec, "ComplianceDecided", "CommunicationScheduled");
	assert_int_equal(then_event(&spec, 1, communication_scheduled)->version, 2);
	assert_null(spec.decision.events[1].confidential);
	then_timer_at(MIDNIGHT + 2 * DAY_MS + 7 * HOUR_MS);
	assert_int_equal(the_queue()->count, 1);
	comes(1, MIDNIGHT + 2 * DAY_MS + 7 * HOUR_MS);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(message(1)->version, 3);
}

static void test_release__what_may_go_too_late_does_not_wait(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	spec.now_ms = MIDNIGHT;
	body.send_by = MIDNIGHT + 7 * HOUR_MS;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "HOUSE-3"));
	body.communication_id = spec_id('M', 2);
	body.send_by++;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationScheduled");
}

/* ---- what could not leave in its time ---- */

#define EVENING (MIDNIGHT + 20 * HOUR_MS) /* 21:00 in Berlin */

static void report(const char *provider, const char *code, int32_t attempt)
{
	struct record_dispatch *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct record_dispatch){ .communication_id = spec_id('M', 1),
					  .customer_id = CUSTOMER,
					  .attempt = attempt,
					  .outcome = STR("not_accepted"),
					  .provider = str_of(provider),
					  .has_provider_code = true,
					  .provider_code = str_of(code),
					  .occurred_at = spec.now_ms };
	spec_when(&spec, &record_dispatch_type, body);
}

static void given_released(void)
{
	const struct send_communication body = a_message(1);

	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

static void test_release__a_release_holds_until_the_guard_would_not_allow_it(void **state)
{
	const struct rendered *rendered;
	struct send_communication body = a_message(2);

	(void)state;
	given_released();
	rendered = spec.decision.events[1].confidential;
	assert_int_equal(then_event(&spec, 0, compliance_decided)->until, EVENING);
	assert_true(then_event(&spec, 1, communication_released)->has_fit_until);
	assert_int_equal(then_event(&spec, 1, communication_released)->fit_until, EVENING);
	assert_int_equal(rendered->parameters.size, sizeof("plan\0Plan A"));
	body.send_by = EVENING; /* nothing is claimed after it anyway */
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_false(then_event(&spec, 1, communication_released)->has_fit_until);
}

static void test_release__what_the_claim_holds_back_is_asked_about_again(void **state)
{
	const struct communication_progressed *event;

	(void)state;
	given_released();
	spec.now_ms = EVENING + HOUR_MS;
	report("notifier", "not_now", 1);
	then_events(&spec, "CommunicationProgressed");
	event = then_event(&spec, 0, communication_progressed);
	assert_true(str_is(event->previous_state, "released"));
	assert_true(str_is(event->state, "scheduled"));
	assert_int_equal(event->release_at, spec.now_ms + 1);
	then_timer_at(spec.now_ms + 1);
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
	assert_int_equal(message(1)->release_at_ms, spec.now_ms + 1);
	assert_int_equal(the_queue()->messages[0].state, OUTBOX_SCHEDULED);
	assert_int_equal(the_queue()->messages[0].claims, 1);
	comes(1, EVENING + HOUR_MS + 1);
	then_events(&spec, "ComplianceDecided", "CommunicationScheduled");
	then_timer_at(MIDNIGHT + DAY_MS + 7 * HOUR_MS);
	debt(1)->balance_minor = 50; /* paid in the night: the text is made anew */
	comes(1, MIDNIGHT + DAY_MS + 7 * HOUR_MS);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(then_event(&spec, 1, communication_released)->version, 4);
	assert_int_equal(then_event(&spec, 1, communication_released)->fit_until, EVENING + DAY_MS);
	assert_int_equal(then_event(&spec, 1, communication_released)->stated_minor[1], 50);
	assert_int_equal(the_queue()->count, 1);
}

static void test_release__what_is_held_back_between_two_tries_is_asked_about_again(void **state)
{
	(void)state;
	given_released();
	report("kannel", "503", 1);
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
	report("notifier", "not_now", 2);
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
	assert_int_equal(message(1)->attempt, 2);
	report("notifier", "not_now", 2);
	then_events(&spec, "ReceiptIgnored");
}

static void test_release__what_was_claimed_since_is_not_taken_back(void **state)
{
	struct queue *queue;

	(void)state;
	given_released();
	queue = spec_given(&spec, &queue_entity, CUSTOMER);
	queue->messages[0].state = OUTBOX_CLAIMED;
	queue->messages[0].claims = 2;
	report("notifier", "not_now", 1);
	then_events(&spec, "ReceiptIgnored");
	assert_int_equal(message(1)->state, COMMUNICATION_RELEASED);
}

/* The word is the notifier's own. */
static void test_release__a_gateway_that_says_not_now_is_tried_again(void **state)
{
	(void)state;
	given_released();
	report("kannel", "not_now", 1);
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
}

static void test_release__a_late_report_of_its_arrival_ends_the_waiting(void **state)
{
	const struct record_delivery body = { .communication_id = spec_id('M', 1),
					      .customer_id = CUSTOMER,
					      .status = STR("delivered"),
					      .provider = STR("kannel"),
					      .occurred_at = MIDNIGHT };

	(void)state;
	given_released();
	report("notifier", "not_now", 1);
	spec_when(&spec, &record_delivery_type, &body);
	then_events(&spec, "CommunicationProgressed");
	assert_int_equal(message(1)->state, COMMUNICATION_DELIVERED);
	assert_int_equal(message(1)->release_at_ms, 0);
	assert_int_equal(spec.decision.timers_count, 1);
	assert_true(spec.decision.timers[0].is_cancelled);
	assert_int_equal(the_queue()->count, 0);
}

static void test_release__no_tick_before_send_by_suppresses(void **state)
{
	(void)state;
	given_waiting(1);
	comes(1, MIDNIGHT + 3 * DAY_MS);
	then_events(&spec, "CommunicationSuppressed");
	then_suppressed("expired");
	assert_int_equal(message(1)->version, 2);
}

static void test_release__the_guard_denies_by_what_is_true_then(void **state)
{
	(void)state;
	given_waiting(1);
	debt(1)->balance_minor = 0;
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	then_suppressed("DEBT-2");
}

static void test_release__nothing_waits_for_a_person_who_is_gone(void **state)
{
	(void)state;
	given_waiting(1);
	the_person()->is_active = 0;
	the_person()->full_name_size = 0;
	((struct request *)spec_given(&spec, &request_entity, spec_id('M', 1)))->parameters_size = 0;
	comes(1, TOMORROW);
	then_events(&spec, "CommunicationSuppressed");
	then_suppressed("bad_transition");
}

static void test_release__without_an_address_then_it_is_suppressed(void **state)
{
	(void)state;
	given_waiting(1);
	the_addresses()->sms = (struct address){ .text_size = 0 };
	comes(1, TOMORROW);
	then_suppressed("no_usable_contact_point");
}

static void test_release__a_template_of_then_that_has_no_value_for_a_token_suppresses(void **state)
{
	(void)state;
	given_waiting(1);
	publish(2, "{{other}} {{opt_out}}");
	comes(1, TOMORROW);
	then_suppressed("template_incomplete");
}

static void test_release__a_withdrawal_ends_all_that_waits(void **state)
{
	const struct withdraw_consent body = { .customer_id = CUSTOMER,
					       .via = STR("keyword"),
					       .withdrawn_at = MIDNIGHT + 11 * HOUR_MS };
	struct send_communication more = a_message(QUEUE_MAX + 1);

	(void)state;
	for (unsigned number = 1; number <= QUEUE_MAX; number++)
		given_waiting(number);
	send(&more);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "customer_id");
	spec_when(&spec, &withdraw_consent_type, &body);
	then_events(&spec, "ConsentWithdrawn");
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, QUEUE_MAX);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_states_count, QUEUE_MAX);
	assert_true(str_is(then_event(&spec, 0, consent_withdrawn)->cancelled_states[0], "scheduled"));
	assert_int_equal(spec.decision.timers_count, QUEUE_MAX);
	for (size_t index = 0; index < spec.decision.timers_count; index++)
		assert_true(spec.decision.timers[index].is_cancelled);
	assert_int_equal(the_queue()->count, 0);
	assert_int_equal(message(QUEUE_MAX)->state, COMMUNICATION_CANCELLED);
	comes(1, TOMORROW);
	then_nothing();
}

/* One that is cancelled or withdrawn from after its release has no timer any more. */
static void test_release__what_waits_is_cancelled_with_its_timer(void **state)
{
	const struct cancel_communication body = { .communication_id = spec_id('M', 1), .customer_id = CUSTOMER };
	const struct cancel_communication other = { .communication_id = spec_id('M', 2), .customer_id = CUSTOMER };

	(void)state;
	given_waiting(1);
	spec_when(&spec, &cancel_communication_type, &body);
	then_events(&spec, "CommunicationCancelled");
	assert_true(str_is(then_event(&spec, 0, communication_cancelled)->previous_state, "scheduled"));
	assert_int_equal(spec.decision.timers_count, 1);
	assert_true(spec.decision.timers[0].is_cancelled);
	assert_int_equal(message(1)->release_at_ms, 0);
	given_waiting(2);
	comes(2, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	spec_when(&spec, &cancel_communication_type, &other);
	then_events(&spec, "CommunicationCancelled");
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_release__no_report_moves_what_waits(void **state)
{
	const struct record_delivery body = { .communication_id = spec_id('M', 1),
					      .customer_id = CUSTOMER,
					      .provider = STR("kannel"),
					      .status = STR("delivered"),
					      .occurred_at = MIDNIGHT };

	(void)state;
	given_waiting(1);
	spec_when(&spec, &record_delivery_type, &body);
	then_events(&spec, "ReceiptIgnored");
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
}

static void test_release__a_time_that_leaves_none_is_refused(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	body.has_not_before = true;
	body.not_before = body.send_by;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_DATE, "not_before");
	body.not_before = -1;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_DATE, "not_before");
	body.not_before = spec.now_ms;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

/* The notifier has taken it for its try `claims`. */
static void claimed(int32_t claims)
{
	struct queue *queue = spec_given(&spec, &queue_entity, CUSTOMER);

	queue->messages[0].state = OUTBOX_CLAIMED;
	queue->messages[0].claims = claims;
}

static void reschedule(unsigned number, int64_t not_before_ms, int64_t send_by_ms)
{
	const struct reschedule_communication body = { .communication_id = spec_id('M', number),
						       .customer_id = CUSTOMER,
						       .has_not_before = not_before_ms != 0,
						       .not_before = not_before_ms,
						       .send_by = send_by_ms,
						       .has_expected_version = true,
						       .expected_version = 1 };

	spec_when(&spec, &reschedule_communication_type, &body);
}

static void test_release__what_waits_gets_other_times(void **state)
{
	(void)state;
	given_waiting(1);
	reschedule(1, TOMORROW + HOUR_MS, TOMORROW + 2 * HOUR_MS);
	then_events(&spec, "CommunicationRescheduled");
	then_timer_at(TOMORROW + HOUR_MS);
	assert_int_equal(message(1)->version, 2);
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
	assert_int_equal(message(1)->not_before_ms, TOMORROW + HOUR_MS);
	comes(1, TOMORROW + HOUR_MS);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(then_event(&spec, 1, communication_released)->send_by, TOMORROW + 2 * HOUR_MS);
}

/* At the next Tick, and not in this very millisecond. */
static void test_release__without_not_before_its_time_is_now(void **state)
{
	(void)state;
	given_waiting(1);
	reschedule(1, 0, TOMORROW);
	then_timer_at(spec.now_ms + 1);
	assert_int_equal(message(1)->not_before_ms, 0);
	comes(1, spec.now_ms + 1);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	reschedule(1, 0, TOMORROW);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

static void test_release__other_times_are_looked_at(void **state)
{
	const struct reschedule_communication other = { .communication_id = spec_id('M', 1),
							.customer_id = spec_id('C', 2),
							.send_by = TOMORROW };
	const struct reschedule_communication late = { .communication_id = spec_id('M', 1),
						       .customer_id = CUSTOMER,
						       .send_by = TOMORROW };

	(void)state;
	given_waiting(1);
	reschedule(1, 0, spec.now_ms);
	then_refused(&spec, REFUSAL_BAD_DATE, "send_by");
	reschedule(1, 0, INT64_MAX);
	then_refused(&spec, REFUSAL_BAD_DATE, "send_by");
	reschedule(1, TOMORROW, TOMORROW);
	then_refused(&spec, REFUSAL_BAD_DATE, "not_before");
	reschedule(1, -1, TOMORROW);
	then_refused(&spec, REFUSAL_BAD_DATE, "not_before");
	reschedule(2, 0, TOMORROW);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
	spec_when(&spec, &reschedule_communication_type, &other);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
	comes(1, TOMORROW - HOUR_MS);
	claimed(1);
	spec_when(&spec, &reschedule_communication_type, &late);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
}

/* Its text is made anew at its new time, and it counts against no cap until then. */
static void test_release__what_is_released_and_not_claimed_gets_other_times(void **state)
{
	const struct communication_rescheduled *event;

	(void)state;
	given_released();
	reschedule(1, TOMORROW, TOMORROW + HOUR_MS);
	then_events(&spec, "CommunicationRescheduled");
	event = then_event(&spec, 0, communication_rescheduled);
	assert_true(str_is(event->previous_state, "released"));
	assert_true(str_is(event->channel, "sms"));
	assert_int_equal(event->requested_on, SPEC_TODAY);
	then_timer_at(TOMORROW);
	assert_int_equal(message(1)->state, COMMUNICATION_SCHEDULED);
	assert_int_equal(the_queue()->messages[0].state, OUTBOX_SCHEDULED);
	assert_int_equal(the_queue()->count, 1);
	debt(1)->balance_minor = 50;
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(then_event(&spec, 1, communication_released)->version, 3);
	assert_int_equal(then_event(&spec, 1, communication_released)->send_by, TOMORROW + HOUR_MS);
	assert_int_equal(then_event(&spec, 1, communication_released)->stated_minor[1], 50);
}

static void test_release__a_new_send_by_alone_is_of_a_new_release(void **state)
{
	(void)state;
	given_released();
	reschedule(1, 0, spec.now_ms + HOUR_MS);
	then_timer_at(spec.now_ms + 1);
	comes(1, spec.now_ms + 1);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(then_event(&spec, 1, communication_released)->send_by, spec.now_ms - 1 + HOUR_MS);
}

static void test_release__what_was_tried_and_has_not_left_gets_other_times(void **state)
{
	struct reschedule_communication body = { .communication_id = spec_id('M', 1),
						 .customer_id = CUSTOMER,
						 .send_by = TOMORROW };

	(void)state;
	given_released();
	claimed(1);
	spec_when(&spec, &reschedule_communication_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	report("kannel", "503", 1);
	spec_when(&spec, &reschedule_communication_type, &body);
	then_events(&spec, "CommunicationRescheduled");
	assert_true(str_is(then_event(&spec, 0, communication_rescheduled)->previous_state, "retry_wait"));
	comes(1, spec.now_ms + 1);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	claimed(2);
	report("kannel", "503", 2);
	claimed(3); /* its third try has begun */
	spec_when(&spec, &reschedule_communication_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
}

/* The notifier has it as expired, or soon will. */
static void test_release__what_is_over_gets_no_other_time(void **state)
{
	(void)state;
	given_released();
	spec.now_ms = message(1)->send_by_ms;
	reschedule(1, 0, spec.now_ms + HOUR_MS);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	spec.now_ms--;
	reschedule(1, 0, spec.now_ms + HOUR_MS);
	then_events(&spec, "CommunicationRescheduled");
}

/* The notifier gave it up before it learnt of the new time: it tells so only once, and sends nothing more. */
static void test_release__an_end_that_is_told_late_ends_what_got_another_time(void **state)
{
	const struct record_dispatch body = { .communication_id = spec_id('M', 1),
					      .customer_id = CUSTOMER,
					      .attempt = 1,
					      .outcome = STR("failed"),
					      .provider = STR("notifier"),
					      .has_provider_code = true,
					      .provider_code = STR("expired"),
					      .occurred_at = MIDNIGHT };

	(void)state;
	given_released();
	reschedule(1, TOMORROW, TOMORROW + HOUR_MS);
	report("notifier", "not_now", 1);
	then_events(&spec, "ReceiptIgnored");
	spec_when(&spec, &record_dispatch_type, &body);
	then_events(&spec, "CommunicationProgressed");
	assert_int_equal(message(1)->state, COMMUNICATION_EXPIRED);
	assert_true(spec.decision.timers[0].is_cancelled);
	assert_int_equal(the_queue()->count, 0);
}

/* What cannot be rendered now is refused, and not kept until then. */
static void test_release__a_message_that_waits_is_checked_as_any_other(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	body.has_not_before = true;
	body.not_before = TOMORROW;
	body.parameters_count = 0;
	send(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "parameters");
}

static void test_release__parameters_come_back_as_they_were(void **state)
{
	static char letters[REQUEST_PARAMETERS_MAX + 1];
	const struct template_parameter many[] = { { STR("a"), STR("") }, { STR("b"), STR("1 2") }, { STR("c"), STR("") } };
	struct template_parameter long_one = { STR("a"), { letters, REQUEST_PARAMETERS_MAX - 3 } };
	const struct send_communication body = { .parameters = many, .parameters_count = COUNT(many) };
	struct send_communication back, large = { .parameters = &long_one, .parameters_count = 1 };
	static struct request request;

	(void)state;
	request.parameters_size = (uint32_t)request_put_parameters(request.parameters, &body);
	assert_true(request_body(&request, &spec.arena, &back));
	assert_int_equal(back.parameters_count, 3);
	assert_true(str_is(back.parameters[0].value, ""));
	assert_true(str_is(back.parameters[1].name, "b"));
	assert_true(str_is(back.parameters[1].value, "1 2"));
	assert_true(str_is(back.parameters[2].name, "c"));
	memset(letters, 'x', sizeof(letters));
	assert_int_equal(request_put_parameters(request.parameters, &large), REQUEST_PARAMETERS_MAX);
	long_one.value.size++;
	assert_true(request_put_parameters(request.parameters, &large) > REQUEST_PARAMETERS_MAX);
}

/* ---- mergeable messages ---- */

static struct uuid merge_debts[8][2];

/* A mergeable message `number` about debts `first` and, unless 0, `second`; `at_ms` 0: at once. */
static struct send_communication a_mergeable(unsigned number, unsigned first, unsigned second, int64_t at_ms)
{
	struct send_communication body = a_message(number);

	assert_true(number < COUNT(merge_debts));
	merge_debts[number][0] = spec_id('D', first);
	merge_debts[number][1] = spec_id('D', second);
	body.debt_ids = merge_debts[number];
	body.debt_ids_count = second == 0 ? 1 : 2;
	body.has_mergeable = body.mergeable = true;
	body.has_not_before = at_ms != 0;
	body.not_before = at_ms;
	return body;
}

static void given_mergeable(unsigned number, unsigned first, unsigned second, int64_t at_ms)
{
	const struct send_communication body = a_mergeable(number, first, second, at_ms);

	send(&body);
	then_events(&spec, "CommunicationScheduled");
	assert_true(then_event(&spec, 0, communication_scheduled)->has_merge_key);
}

static void then_merged(size_t index, unsigned number, unsigned into)
{
	const struct communication_merged *event = then_event(&spec, index, communication_merged);
	struct uuid id = spec_id('M', number), into_id = spec_id('M', into);

	assert_true(uuid_equal(&event->communication_id, &id));
	assert_true(uuid_equal(&event->into_id, &into_id));
	assert_int_equal(event->version, 2);
	assert_int_equal(event->requested_on, SPEC_TODAY);
	assert_int_equal(message(number)->state, COMMUNICATION_MERGED);
	assert_true(uuid_equal(&message(number)->merged_into, &into_id));
	assert_int_equal(message(number)->release_at_ms, 0);
}

static void then_text(size_t index, const char *text)
{
	const struct rendered *rendered = spec.decision.events[index].confidential;

	assert_true(str_is(str_prefix(rendered->body, strlen(text)), text));
}

static void test_merge__who_goes_takes_along_what_waits(void **state)
{
	const struct communication_released *event;
	struct uuid third = spec_id('D', 3);

	(void)state;
	given_debt(3, "INV-3");
	given_mergeable(1, 1, 2, TOMORROW);
	given_mergeable(2, 2, 3, TOMORROW);
	given_mergeable(3, 1, 0, TOMORROW - HOUR_MS);
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationMerged", "CommunicationMerged", "CommunicationReleased");
	then_merged(1, 2, 1);
	then_merged(2, 3, 1);
	assert_int_equal(then_event(&spec, 1, communication_merged)->debt_ids_count, 2);
	event = then_event(&spec, 3, communication_released);
	assert_int_equal(event->debt_ids_count, 3);
	assert_true(uuid_equal(&event->debt_ids[2], &third));
	assert_int_equal(event->stated_minor_count, 3);
	then_text(3, "Plan A: 3.00 (INV-1, INV-2, INV-3)");
	assert_int_equal(the_queue()->count, 1);
	assert_int_equal(spec.decision.timers_count, 2);
	assert_true(spec.decision.timers[0].is_cancelled);
	comes(2, TOMORROW);
	then_nothing();
}

static void test_merge__a_message_that_may_go_at_once_takes_along_too(void **state)
{
	struct send_communication body;

	(void)state;
	spec.now_ms = MIDNIGHT;
	body = a_mergeable(1, 1, 0, 0);
	body.send_by -= HOUR_MS;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationScheduled");
	spec.now_ms = MIDNIGHT + 8 * HOUR_MS;
	body = a_mergeable(2, 2, 0, 0);
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationMerged", "CommunicationReleased");
	then_merged(1, 1, 2);
	assert_int_equal(then_event(&spec, 2, communication_released)->version, 1);
	assert_int_equal(then_event(&spec, 2, communication_released)->send_by, MIDNIGHT + 3 * DAY_MS - HOUR_MS);
	then_text(2, "Plan A: 2.00 (INV-2, INV-1)");
}

/* Its own time, another text, another creditor, another currency, or a sender who did not ask for it. */
static void test_merge__what_is_not_for_this_moment_or_this_text_stays(void **state)
{
	struct send_communication body;
	static const struct template_parameter other[] = { { { "plan", 4 }, { "Plan B", 6 } } };

	(void)state;
	for (unsigned number = 3; number < 6; number++)
		given_debt(number, "INV-X");
	debt(3)->creditor_id = spec_id('K', 1);
	set_chars(debt(4)->currency, sizeof(debt(4)->currency), "USD");
	given_mergeable(1, 1, 0, TOMORROW);
	given_mergeable(2, 2, 0, TOMORROW + 1);
	given_mergeable(3, 3, 0, TOMORROW);
	given_mergeable(4, 4, 0, TOMORROW);
	body = a_mergeable(5, 5, 0, TOMORROW);
	body.parameters = other;
	send(&body);
	body = a_mergeable(6, 5, 0, TOMORROW);
	body.mergeable = false;
	send(&body);
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_int_equal(the_queue()->count, 6);
	comes(6, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

/* What concerns the other alone does not concern the one that goes: it is asked about by itself at its time. */
static void test_merge__what_the_guard_would_deny_is_left(void **state)
{
	(void)state;
	given_debt(3, "INV-3");
	given_mergeable(1, 1, 0, TOMORROW);
	given_mergeable(2, 2, 0, TOMORROW);
	given_mergeable(3, 3, 0, TOMORROW);
	debt(2)->balance_minor = 0;
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationMerged", "CommunicationReleased");
	then_merged(1, 3, 1);
	then_text(2, "Plan A: 2.00 (INV-1, INV-3)");
	comes(2, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "DEBT-2"));
}

static void test_merge__no_more_than_fits_into_one_message(void **state)
{
	char reference[251];

	(void)state;
	memset(reference, 'R', sizeof(reference));
	reference[sizeof(reference) - 1] = '\0';
	for (unsigned number = 1; number < 4; number++)
		given_debt(number, reference);
	for (unsigned number = 1; number < 4; number++)
		given_mergeable(number, number, 0, TOMORROW);
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationMerged", "CommunicationReleased");
	then_merged(1, 2, 1);
	assert_int_equal(the_queue()->count, 2);
}

static void test_merge__a_merged_message_has_ended(void **state)
{
	struct cancel_communication body = { .communication_id = spec_id('M', 2), .customer_id = CUSTOMER };

	(void)state;
	given_mergeable(1, 1, 0, TOMORROW);
	given_mergeable(2, 2, 0, TOMORROW);
	comes(1, TOMORROW);
	then_events(&spec, "ComplianceDecided", "CommunicationMerged", "CommunicationReleased");
	spec_when(&spec, &cancel_communication_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
}

static void test_merge__a_message_about_no_debt_is_refused(void **state)
{
	struct send_communication body = a_mergeable(1, 1, 0, 0);

	(void)state;
	body.debt_ids_count = 0;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "mergeable");
}

/* The salt is in it: without it nobody can try out parameters. */
static void test_merge__the_key_is_of_what_the_text_is_made_of(void **state)
{
	struct send_communication body = a_message(1), same = a_message(2);
	struct uuid key = merge_key(&body, the_person()), other;

	(void)state;
	other = merge_key(&same, the_person());
	assert_true(uuid_equal(&key, &other));
	same.language = STR("de");
	other = merge_key(&same, the_person());
	assert_false(uuid_equal(&key, &other));
	same = body;
	same.parameters_count = 0;
	other = merge_key(&same, the_person());
	assert_false(uuid_equal(&key, &other));
	the_person()->salt_size = 1;
	other = merge_key(&body, the_person());
	assert_false(uuid_equal(&key, &other));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_release__a_message_before_its_time_waits_without_a_verdict),
		TEST(test_release__the_balance_is_less_what_was_overpaid),
		TEST(test_release__nobody_is_told_that_less_than_nothing_is_owed),
		TEST(test_release__nothing_is_asked_for_of_who_has_overpaid_as_much),
		TEST(test_release__the_text_has_the_balances_and_the_address_of_then),
		TEST(test_release__what_the_guard_defers_waits_until_then),
		TEST(test_release__a_message_is_deferred_again),
		TEST(test_release__what_may_go_too_late_does_not_wait),
		TEST(test_release__a_release_holds_until_the_guard_would_not_allow_it),
		TEST(test_release__what_the_claim_holds_back_is_asked_about_again),
		TEST(test_release__what_is_held_back_between_two_tries_is_asked_about_again),
		TEST(test_release__what_was_claimed_since_is_not_taken_back),
		TEST(test_release__a_gateway_that_says_not_now_is_tried_again),
		TEST(test_release__a_late_report_of_its_arrival_ends_the_waiting),
		TEST(test_release__no_tick_before_send_by_suppresses),
		TEST(test_release__the_guard_denies_by_what_is_true_then),
		TEST(test_release__nothing_waits_for_a_person_who_is_gone),
		TEST(test_release__without_an_address_then_it_is_suppressed),
		TEST(test_release__a_template_of_then_that_has_no_value_for_a_token_suppresses),
		TEST(test_release__a_withdrawal_ends_all_that_waits),
		TEST(test_release__what_waits_is_cancelled_with_its_timer),
		TEST(test_release__no_report_moves_what_waits),
		TEST(test_release__a_time_that_leaves_none_is_refused),
		TEST(test_release__a_message_that_waits_is_checked_as_any_other),
		TEST(test_release__what_waits_gets_other_times),
		TEST(test_release__without_not_before_its_time_is_now),
		TEST(test_release__other_times_are_looked_at),
		TEST(test_release__what_is_released_and_not_claimed_gets_other_times),
		TEST(test_release__a_new_send_by_alone_is_of_a_new_release),
		TEST(test_release__what_was_tried_and_has_not_left_gets_other_times),
		TEST(test_release__what_is_over_gets_no_other_time),
		TEST(test_release__an_end_that_is_told_late_ends_what_got_another_time),
		TEST(test_release__parameters_come_back_as_they_were),
		TEST(test_merge__who_goes_takes_along_what_waits),
		TEST(test_merge__a_message_that_may_go_at_once_takes_along_too),
		TEST(test_merge__what_is_not_for_this_moment_or_this_text_stays),
		TEST(test_merge__what_the_guard_would_deny_is_left),
		TEST(test_merge__no_more_than_fits_into_one_message),
		TEST(test_merge__a_merged_message_has_ended),
		TEST(test_merge__a_message_about_no_debt_is_refused),
		TEST(test_merge__the_key_is_of_what_the_text_is_made_of),
	};

	return cmocka_run_group_tests_name("communications release", tests, NULL, NULL);
}
