/* Holds of debts (consumers/DOMAIN.md 9). */

#include "consumers/debts/hold/hold.h"
#include "schemas/debts.h"

#define OWED 10000
#include "tests/unit/debts_spec.h"

static struct place_hold *a_hold(unsigned number, struct str kind)
{
	struct place_hold *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct place_hold){ .hold_id = spec_id('H', number),
				     .customer_id = CUSTOMER,
				     .debt_id = DEBT,
				     .kind = kind,
				     .evidence_ref = STR("file-1") };
	return body;
}

/* From `first` days from today to the day before `until` days from today; 0: open. */
static struct place_hold *from_to(struct place_hold *body, int32_t first, int32_t until)
{
	body->has_from_on = true;
	body->from_on = SPEC_TODAY + first;
	body->has_until_on = until != 0;
	body->until_on = until == 0 ? 0 : SPEC_TODAY + until;
	return body;
}

static struct place_hold *a_manual(unsigned number)
{
	struct place_hold *body = a_hold(number, STR("manual"));
	struct str *effects = arena_take(&spec.arena, 2, sizeof(*effects));

	effects[0] = STR("legal");
	effects[1] = STR("contact");
	body->effects = effects;
	body->effects_count = 2;
	body->has_review_on = true;
	body->review_on = SPEC_TODAY + 14;
	return body;
}

/* That stops one thing. */
static struct place_hold *a_manual_of(unsigned number, struct str effect)
{
	struct place_hold *body = a_manual(number);
	struct str *effects = arena_take(&spec.arena, 1, sizeof(*effects));

	effects[0] = effect;
	body->effects = effects;
	body->effects_count = 1;
	return body;
}

static void when_placed(const struct place_hold *body)
{
	spec_when(&spec, &place_hold_type, body);
}

static void given_hold(const struct place_hold *body)
{
	when_placed(body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_released(unsigned number, uint32_t roles)
{
	struct release_hold *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct release_hold){ .hold_id = spec_id('H', number), .customer_id = CUSTOMER, .reason = STR("checked") };
	spec.roles = roles;
	spec_when(&spec, &release_hold_type, body);
	spec.roles = 0;
}

static struct review_hold *a_review(unsigned number, int32_t review_on)
{
	struct review_hold *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct review_hold){ .hold_id = spec_id('H', number),
				      .customer_id = CUSTOMER,
				      .has_review_on = review_on != 0,
				      .review_on = review_on,
				      .evidence_ref = STR("file-2") };
	return body;
}

static void when_the_day_comes(unsigned number, int32_t days)
{
	spec.today = SPEC_TODAY + days;
	spec_fire(&spec, &hold_timer, spec_id('H', number), CUSTOMER);
}

static const struct hold *the_hold(unsigned number)
{
	struct uuid id = spec_id('H', number);

	return workset_state(&spec.set, &hold_entity, &id);
}

static const struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_state(&spec.set, &debt_entity, &id);
}

static const struct debt_holds *the_list(void)
{
	struct uuid id = DEBT;

	return workset_state(&spec.set, &debt_holds_entity, &id);
}

static void then_state(unsigned number, enum hold_state state)
{
	assert_non_null(the_hold(number));
	assert_string_equal(hold_state_name((enum hold_state)the_hold(number)->state), hold_state_name(state));
}

/* In days from today; until 0: open. */
static void then_days(unsigned number, int32_t first, int32_t until)
{
	assert_int_equal(the_hold(number)->from_on, SPEC_TODAY + first);
	assert_int_equal(the_hold(number)->until_on, until == 0 ? 0 : SPEC_TODAY + until);
}

/* What the debt's row says, and what the last event says. */
static void then_words(uint32_t bits, const char *words)
{
	char text[100] = "";

	for (int effect = 1; effect < HOLD_EFFECT_COUNT; effect++) {
		if (bits & hold_bit((enum hold_effect)effect))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				 hold_effect_name((enum hold_effect)effect));
	}
	assert_string_equal(text, words);
}

static void then_stopped(const char *words, const struct str *said, size_t said_count)
{
	uint32_t bits = 0;

	then_words(the_debt()->stopped, words);
	if (said == NULL)
		return;
	assert_true(hold_effects_read(said, said_count, &bits));
	then_words(bits, words);
}

/* The timer of a hold that the last decision has set; 0: it was cancelled. */
static void then_timer(unsigned number, int32_t days)
{
	struct uuid id = spec_id('H', number);

	for (size_t index = 0; index < spec.decision.timers_count; index++) {
		const struct timer_change *change = &spec.decision.timers[index];

		if (!uuid_equal(&change->timer.subject, &id))
			continue;
		assert_ptr_equal(change->timer.kind, &hold_timer);
		assert_int_equal(change->is_cancelled, days == 0);
		if (days != 0)
			assert_int_equal(change->timer.due_on, SPEC_TODAY + days);
		return;
	}
	fail_msg("no timer of hold %u was changed", number);
}

/* ---- PlaceHold ---- */

static void test_holds__one_is_placed(void **state)
{
	const struct hold_placed *event;

	(void)state;
	when_placed(a_hold(1, STR("identity_theft")));
	then_events(&spec, "HoldPlaced");
	event = then_event(&spec, 0, hold_placed);
	assert_int_equal(event->version, 2);
	assert_int_equal(the_debt()->version, 2);
	assert_int_equal(event->from_on, SPEC_TODAY);
	assert_int_equal(event->placed_on, SPEC_TODAY);
	assert_false(event->has_until_on);
	assert_false(event->has_review_on);
	assert_true(str_is(event->evidence_ref, "file-1"));
	then_stopped("contact dunning interest fees ageing legal credit_report sale ", event->stopped, event->stopped_count);
	then_state(1, HOLD_STATE_ACTIVE);
	then_days(1, 0, 0);
	assert_int_equal(the_hold(1)->version, 1);
	assert_string_equal(the_hold(1)->evidence_ref, "file-1");
	then_timer(1, 0);
}

static void test_holds__what_is_wrong_with_one_is_refused(void **state)
{
	(void)state;
#define REFUSED(member, value, code, field)                                                                                      \
	do {                                                                                                                     \
		struct place_hold *body = from_to(a_hold(1, STR("payment_pending")), 0, 10);                                     \
		body->member = (value);                                                                                          \
		when_placed(body);                                                                                               \
		then_refused(&spec, code, field);                                                                                \
	} while (0)
	REFUSED(hold_id, (struct uuid){ { 0 } }, REFUSAL_BAD_VALUE, "hold_id");
	REFUSED(kind, STR("dispute"), REFUSAL_BAD_VALUE, "kind");
	REFUSED(kind, STR("mood"), REFUSAL_BAD_VALUE, "kind");
	REFUSED(evidence_ref, STR(""), REFUSAL_BAD_VALUE, "evidence_ref");
	REFUSED(from_on, SPEC_TODAY - 367, REFUSAL_BAD_DATE, "from_on");
	REFUSED(from_on, SPEC_TODAY + 367, REFUSAL_BAD_DATE, "from_on");
	REFUSED(from_on, INT32_MIN, REFUSAL_BAD_DATE, "from_on");
	REFUSED(from_on, INT32_MAX, REFUSAL_BAD_DATE, "from_on");
	REFUSED(until_on, SPEC_TODAY, REFUSAL_BAD_DATE, "until_on");
	REFUSED(until_on, SPEC_TODAY - 1, REFUSAL_BAD_DATE, "until_on");
	REFUSED(until_on, SPEC_TODAY + 3661, REFUSAL_BAD_DATE, "until_on");
	REFUSED(debt_id, spec_id('D', 7), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(customer_id, spec_id('C', 7), REFUSAL_NOT_FOUND, "debt_id");
#undef REFUSED
	when_placed(from_to(a_hold(1, STR("payment_pending")), 10, 10));
	then_refused(&spec, REFUSAL_BAD_DATE, "until_on");
	given_hold(a_hold(1, STR("payment_pending")));
	when_placed(a_hold(1, STR("bankruptcy")));
	then_refused(&spec, REFUSAL_EXISTS, "hold_id");
}

static void test_holds__a_manual_one_says_what_it_stops_and_when_it_is_reviewed(void **state)
{
	struct place_hold *body = a_manual(1);
	const struct hold_placed *event;

	(void)state;
	body->has_review_on = false;
	when_placed(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "review_on");
	body = a_manual(1);
	body->effects_count = 0;
	when_placed(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "effects");
	when_placed(a_manual_of(1, STR("calls")));
	then_refused(&spec, REFUSAL_BAD_VALUE, "effects");
	body = a_manual(1);
	body->kind = STR("bankruptcy");
	when_placed(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "effects");
	body = a_manual(1);
	body->review_on = SPEC_TODAY;
	when_placed(body);
	then_refused(&spec, REFUSAL_BAD_DATE, "review_on");
	body->review_on = SPEC_TODAY + 367;
	when_placed(body);
	then_refused(&spec, REFUSAL_BAD_DATE, "review_on");
	given_hold(a_manual(1));
	event = then_event(&spec, 0, hold_placed);
	then_stopped("contact legal ", event->stopped, event->stopped_count);
	then_timer(1, 14);
}

static void test_holds__a_debt_that_has_left_the_books_takes_none(void **state)
{
	struct cancel_debt cancellation = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("created_in_error") };

	(void)state;
	spec_when(&spec, &cancel_debt_type, &cancellation);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	when_placed(a_hold(1, STR("bankruptcy")));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_holds__so_many_of_a_kind(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= DEBT_HOLDS_OF_KIND_MAX; number++)
		given_hold(from_to(a_hold(number, STR("payment_pending")), (int32_t)number * 10, (int32_t)number * 10 + 5));
	when_placed(from_to(a_hold(98, STR("payment_pending")), 1, 5));
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "kind");
	given_hold(from_to(a_hold(98, STR("payment_pending")), 1, 10)); /* one with the first */
	given_hold(a_hold(99, STR("bankruptcy")));
}

static void test_holds__there_is_a_place_for_each_kind(void **state)
{
	unsigned number = 0;

	(void)state;
	for (int kind = HOLD_NONE + 1; kind < HOLD_KIND_COUNT; kind++) {
		const struct str name = str_of(hold_kind_name((enum hold_kind)kind));

		if (placed_hold_kind_by_name(name) == HOLD_NONE || kind == HOLD_MANUAL)
			continue;
		for (int32_t from = 0; from < DEBT_HOLDS_OF_KIND_MAX; from++)
			given_hold(from_to(a_hold(++number, name), from * 10 + 1, from * 10 + 5));
	}
}

static void test_holds__a_kind_has_its_days(void **state)
{
	(void)state;
	given_hold(a_hold(1, STR("breathing_space")));
	then_days(1, 0, 60);
	assert_int_equal(the_hold(1)->review_on, SPEC_TODAY + 29);
	then_timer(1, 29);
	given_hold(a_hold(2, STR("plan_in_development")));
	then_days(2, 0, 30);
	given_hold(from_to(a_hold(3, STR("vulnerable")), -200, 0)); /* its review would be past */
	assert_int_equal(the_hold(3)->review_on, SPEC_TODAY + 1);
}

/* Each kind stops something, and what asks somebody for money is stopped by all but one that only a court step is about. */
static void test_holds__each_kind_stops_what_the_table_says(void **state)
{
	(void)state;
	for (int kind = HOLD_NONE + 1; kind < HOLD_KIND_COUNT; kind++) {
		const struct hold_kind_terms *terms = hold_kind_terms((enum hold_kind)kind);

		assert_int_equal(terms->effects == 0, kind == HOLD_MANUAL);
		assert_int_equal((terms->effects & hold_bit(HOLD_EFFECT_DUNNING)) == 0,
				 kind == HOLD_MANUAL || kind == HOLD_TIME_BARRED);
		assert_int_equal((terms->effects & hold_bit(HOLD_EFFECT_LEGAL)) == 0, kind == HOLD_MANUAL);
	}
}

/* ---- days ---- */

static void test_holds__one_of_a_later_day_begins_then(void **state)
{
	(void)state;
	given_hold(from_to(a_hold(1, STR("payment_pending")), 5, 8));
	then_state(1, HOLD_STATE_PLANNED);
	then_stopped("", NULL, 0);
	then_timer(1, 5);
	when_the_day_comes(1, 4);
	assert_int_equal(spec.decision.events_count, 0);
	when_the_day_comes(1, 5);
	then_events(&spec, "HoldBegun");
	then_state(1, HOLD_STATE_ACTIVE);
	then_stopped("contact dunning fees legal ", then_event(&spec, 0, hold_begun)->stopped,
		     then_event(&spec, 0, hold_begun)->stopped_count);
	then_timer(1, 8);
}

static void test_holds__one_is_over_on_the_day_until(void **state)
{
	(void)state;
	given_hold(from_to(a_hold(1, STR("payment_pending")), 0, 3));
	given_hold(a_hold(2, STR("time_barred")));
	when_the_day_comes(1, 2);
	assert_int_equal(spec.decision.events_count, 0);
	then_timer(1, 3);
	when_the_day_comes(1, 3);
	then_events(&spec, "HoldExpired");
	then_state(1, HOLD_STATE_EXPIRED);
	assert_int_equal(spec.decision.timers_count, 0);
	then_stopped("interest legal credit_report ", then_event(&spec, 0, hold_expired)->stopped,
		     then_event(&spec, 0, hold_expired)->stopped_count);
	when_the_day_comes(1, 4);
	assert_int_equal(spec.decision.events_count, 0);
}

/* Several days without a Tick: what was missed comes in its order, and one that is over does not begin. */
static void test_holds__after_an_outage_days_come_together(void **state)
{
	struct place_hold *body = from_to(a_manual(1), 2, 0);

	(void)state;
	given_hold(body);
	given_hold(from_to(a_hold(2, STR("payment_pending")), 2, 4));
	when_the_day_comes(1, 20);
	then_events(&spec, "HoldBegun", "HoldReviewDue");
	assert_int_equal(then_event(&spec, 1, hold_review_due)->due_on, SPEC_TODAY + 14);
	assert_int_equal(then_event(&spec, 1, hold_review_due)->version, the_debt()->version);
	when_the_day_comes(2, 20);
	then_events(&spec, "HoldExpired");
}

static void test_holds__a_review_is_asked_for_once_and_said_again(void **state)
{
	(void)state;
	given_hold(a_manual(1));
	when_the_day_comes(1, 14);
	then_events(&spec, "HoldReviewDue");
	assert_int_equal(the_hold(1)->review_on, 0);
	assert_int_equal(the_hold(1)->review_asked_on, SPEC_TODAY + 14);
	then_state(1, HOLD_STATE_ACTIVE);
	when_the_day_comes(1, 15);
	assert_int_equal(spec.decision.events_count, 0);
	spec_when(&spec, &review_hold_type, a_review(1, 0));
	then_refused(&spec, REFUSAL_BAD_VALUE, "review_on");
	spec_when(&spec, &review_hold_type, a_review(1, spec.today));
	then_refused(&spec, REFUSAL_BAD_DATE, "review_on");
	spec_when(&spec, &review_hold_type, a_review(1, spec.today + 367));
	then_refused(&spec, REFUSAL_BAD_DATE, "review_on");
	spec_when(&spec, &review_hold_type, a_review(1, SPEC_TODAY + 30));
	then_events(&spec, "HoldReviewed");
	assert_int_equal(the_hold(1)->review_on, SPEC_TODAY + 30);
	assert_int_equal(the_hold(1)->review_asked_on, 0);
	then_timer(1, 30);
}

static void test_holds__a_review_needs_evidence_and_a_hold(void **state)
{
	struct review_hold *body = a_review(1, 0);

	(void)state;
	body->evidence_ref = STR("");
	spec_when(&spec, &review_hold_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_ref");
	spec_when(&spec, &review_hold_type, a_review(1, 0));
	then_refused(&spec, REFUSAL_NOT_FOUND, "hold_id");
	given_hold(a_hold(1, STR("bankruptcy")));
	spec_when(&spec, &review_hold_type, a_review(1, 0)); /* not again */
	then_events(&spec, "HoldReviewed");
	when_released(1, ROLE_COMPLIANCE);
	spec_when(&spec, &review_hold_type, a_review(1, 0));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "hold_id");
}

/* ---- merging ---- */

/* consumers/DOMAIN.md 10, case 17: holds of days 1 to 10 and 0 to 20 count 20 days once. */
static void test_holds__one_that_contains_another_is_one(void **state)
{
	const struct hold_extended *event;

	(void)state;
	given_hold(from_to(a_hold(1, STR("payment_pending")), 1, 10));
	when_placed(from_to(a_hold(2, STR("payment_pending")), 0, 20));
	then_events(&spec, "HoldExtended");
	event = then_event(&spec, 0, hold_extended);
	assert_int_equal(event->until_on - event->from_on, 20);
	assert_int_equal(event->asked_from_on, SPEC_TODAY);
	then_days(1, 0, 20);
	then_state(1, HOLD_STATE_ACTIVE); /* it was planned */
	then_state(2, HOLD_STATE_MERGED);
	then_days(2, 0, 20);
	assert_int_equal(the_hold(1)->version, 2);
	assert_int_equal(the_hold(2)->version, 1);
	assert_true(uuid_equal(&the_hold(2)->merged_into, &event->hold_id));
	assert_int_equal(the_list()->count, 1);
	then_stopped("contact dunning fees legal ", event->stopped, event->stopped_count);
	then_timer(1, 20);
	when_placed(from_to(a_hold(3, STR("payment_pending")), 5, 6)); /* the other way round */
	then_events(&spec, "HoldExtended");
	then_days(1, 0, 20);
	when_the_day_comes(2, 20);
	assert_int_equal(spec.decision.events_count, 0);
	when_the_day_comes(1, 20);
	then_events(&spec, "HoldExpired");
	then_stopped("", NULL, 0);
}

static void test_holds__one_that_bridges_two_makes_them_one(void **state)
{
	const struct hold_extended *event;

	(void)state;
	given_hold(from_to(a_hold(1, STR("payment_pending")), 0, 5));
	given_hold(from_to(a_hold(2, STR("payment_pending")), 8, 12));
	then_events(&spec, "HoldPlaced");
	when_placed(from_to(a_hold(3, STR("payment_pending")), 5, 8)); /* adjoins both */
	then_events(&spec, "HoldExtended");
	event = then_event(&spec, 0, hold_extended);
	assert_int_equal(event->also_merged_ids_count, 1);
	then_days(1, 0, 12);
	then_state(2, HOLD_STATE_MERGED);
	then_state(3, HOLD_STATE_MERGED);
	then_timer(1, 12);
	then_timer(2, 0);
	assert_int_equal(the_list()->count, 1);
}

static void test_holds__an_open_one_has_no_end_afterwards(void **state)
{
	(void)state;
	given_hold(a_manual(1));
	when_placed(from_to(a_manual(2), -5, 9));
	then_events(&spec, "HoldExtended");
	then_days(1, -5, 0);
	given_hold(from_to(a_hold(3, STR("vulnerable")), 0, 9));
	given_hold(a_hold(4, STR("vulnerable")));
	then_days(3, 0, 0);
}

static void test_holds__other_kinds_are_no_part_of_it(void **state)
{
	(void)state;
	given_hold(a_hold(1, STR("payment_pending")));
	given_hold(a_hold(2, STR("time_barred")));
	then_events(&spec, "HoldPlaced");
	assert_int_equal(the_list()->count, 2);
	then_stopped("contact dunning interest fees legal credit_report ", then_event(&spec, 0, hold_placed)->stopped,
		     then_event(&spec, 0, hold_placed)->stopped_count);
}

static void test_holds__manual_ones_stop_together_what_each_stops(void **state)
{
	struct place_hold *body = a_manual_of(2, STR("sale"));

	(void)state;
	given_hold(a_manual(1));
	body->review_on = SPEC_TODAY + 7;
	when_placed(body);
	then_events(&spec, "HoldExtended");
	then_stopped("contact legal sale ", then_event(&spec, 0, hold_extended)->stopped,
		     then_event(&spec, 0, hold_extended)->stopped_count);
	then_timer(1, 7); /* the earlier review */
}

/* A hold may begin within 366 days; that it is looked at 90 days later is no word of the command. */
static void test_holds__the_review_of_a_kind_may_be_farther_ahead_than_one_that_is_named(void **state)
{
	struct place_hold *body = a_hold(1, STR("vulnerable"));

	(void)state;
	body->has_from_on = true;
	body->from_on = SPEC_TODAY + HOLD_DAYS_AROUND;
	when_placed(body);
	then_events(&spec, "HoldPlaced");
	assert_int_equal(then_event(&spec, 0, hold_placed)->review_on, SPEC_TODAY + HOLD_DAYS_AROUND + 90);
}

/* ---- ReleaseHold ---- */

static void test_holds__one_is_released(void **state)
{
	(void)state;
	given_hold(a_hold(1, STR("payment_pending")));
	when_released(1, ROLE_AGENT);
	then_events(&spec, "HoldReleased");
	assert_true(str_is(then_event(&spec, 0, hold_released)->reason, "checked"));
	then_state(1, HOLD_STATE_RELEASED);
	then_stopped("", NULL, 0);
	then_timer(1, 0);
	when_released(1, ROLE_AGENT);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "hold_id");
}

static void test_holds__one_that_a_law_knows_is_released_by_compliance(void **state)
{
	(void)state;
	for (int kind = HOLD_DISPUTE + 1; kind < HOLD_KIND_COUNT; kind++) {
		if (kind == HOLD_MANUAL)
			continue;
		given_hold(a_hold((unsigned)kind, str_of(hold_kind_name((enum hold_kind)kind))));
		when_released((unsigned)kind, ROLE_AGENT | ROLE_SUPERVISOR);
		if (hold_kind_terms((enum hold_kind)kind)->is_statutory) {
			then_refused(&spec, REFUSAL_NOT_AUTHORISED, "hold_id");
			when_released((unsigned)kind, ROLE_COMPLIANCE);
		}
		then_events(&spec, "HoldReleased");
	}
}

static void test_holds__a_release_needs_a_reason_and_a_hold(void **state)
{
	struct release_hold body = { .hold_id = spec_id('H', 1), .customer_id = CUSTOMER, .reason = STR("") };

	(void)state;
	spec_when(&spec, &release_hold_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	when_released(1, ROLE_COMPLIANCE);
	then_refused(&spec, REFUSAL_NOT_FOUND, "hold_id");
	given_hold(a_hold(1, STR("bankruptcy")));
	body.reason = STR("error");
	body.customer_id = spec_id('C', 7);
	spec_when(&spec, &release_hold_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "hold_id");
}

/* In the order of schemas/README.md, Refusals: who may do it and what the command says come before the state of the hold. */
static void test_holds__what_is_wrong_is_named_before_the_state_of_the_hold(void **state)
{
	const struct review_hold review = { .hold_id = spec_id('H', 2),
					    .customer_id = CUSTOMER,
					    .evidence_ref = STR("findings") };

	(void)state;
	given_hold(a_hold(1, STR("bankruptcy")));
	when_released(1, ROLE_COMPLIANCE);
	when_released(1, ROLE_SUPERVISOR);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "hold_id");
	given_hold(a_manual(2));
	when_released(2, ROLE_AGENT);
	spec_when(&spec, &review_hold_type, &review);
	then_refused(&spec, REFUSAL_BAD_VALUE, "review_on");
}

/* ---- other commands ---- */

static void test_holds__nothing_is_promised_while_nothing_is_asked_for(void **state)
{
	struct make_promise promise = { .promise_id = spec_id('M', 1),
					.customer_id = CUSTOMER,
					.debt_id = DEBT,
					.amount_minor = 100,
					.currency = STR("EUR"),
					.due_on = SPEC_TODAY + 4 };

	(void)state;
	given_hold(a_hold(1, STR("payment_pending")));
	spec_when(&spec, &make_promise_type, &promise);
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	promise.amount_minor = 1000000; /* more than is owed, which is named first */
	spec_when(&spec, &make_promise_type, &promise);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	promise.amount_minor = 100;
	when_released(1, ROLE_AGENT);
	given_hold(a_hold(2, STR("time_barred")));
	spec_when(&spec, &make_promise_type, &promise);
	then_events(&spec, "PromiseMade");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_holds__one_is_placed),
		TEST(test_holds__what_is_wrong_with_one_is_refused),
		TEST(test_holds__a_manual_one_says_what_it_stops_and_when_it_is_reviewed),
		TEST(test_holds__a_debt_that_has_left_the_books_takes_none),
		TEST(test_holds__so_many_of_a_kind),
		TEST(test_holds__there_is_a_place_for_each_kind),
		TEST(test_holds__a_kind_has_its_days),
		TEST(test_holds__each_kind_stops_what_the_table_says),
		TEST(test_holds__one_of_a_later_day_begins_then),
		TEST(test_holds__one_is_over_on_the_day_until),
		TEST(test_holds__after_an_outage_days_come_together),
		TEST(test_holds__a_review_is_asked_for_once_and_said_again),
		TEST(test_holds__a_review_needs_evidence_and_a_hold),
		TEST(test_holds__one_that_contains_another_is_one),
		TEST(test_holds__one_that_bridges_two_makes_them_one),
		TEST(test_holds__an_open_one_has_no_end_afterwards),
		TEST(test_holds__other_kinds_are_no_part_of_it),
		TEST(test_holds__manual_ones_stop_together_what_each_stops),
		TEST(test_holds__one_is_released),
		TEST(test_holds__one_that_a_law_knows_is_released_by_compliance),
		TEST(test_holds__the_review_of_a_kind_may_be_farther_ahead_than_one_that_is_named),
		TEST(test_holds__a_release_needs_a_reason_and_a_hold),
		TEST(test_holds__what_is_wrong_is_named_before_the_state_of_the_hold),
		TEST(test_holds__nothing_is_promised_while_nothing_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
