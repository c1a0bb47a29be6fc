/* Disputes about debts (consumers/DOMAIN.md 2, 9). */

#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/hold/hold.h"
#include "schemas/debts.h"

#define OWED 10000
#include "tests/unit/debts_spec.h"

/* Of all of the debt, told today by a letter. */
static struct raise_dispute *a_dispute(unsigned number, struct str grounds)
{
	struct raise_dispute *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct raise_dispute){ .dispute_id = spec_id('S', number),
					.customer_id = CUSTOMER,
					.debt_id = DEBT,
					.grounds = grounds,
					.in_writing = true };
	return body;
}

static struct raise_dispute *of_a_portion(struct raise_dispute *body, int64_t portion_minor)
{
	body->has_portion_minor = body->has_currency = true;
	body->portion_minor = portion_minor;
	body->currency = STR("EUR");
	return body;
}

static struct raise_dispute *with_evidence(struct raise_dispute *body, size_t count)
{
	struct str *refs = arena_take(&spec.arena, count, sizeof(*refs));

	for (size_t index = 0; index < count; index++)
		refs[index] = index == 0 ? STR("letter-1") : STR("letter-2");
	body->evidence_refs = refs;
	body->evidence_refs_count = count;
	return body;
}

static void when_raised(const struct raise_dispute *body)
{
	spec_when(&spec, &raise_dispute_type, body);
}

static void when_evidence_comes(unsigned number, const char *evidence_ref)
{
	struct add_dispute_evidence body = { .dispute_id = spec_id('S', number),
					     .customer_id = CUSTOMER,
					     .evidence_ref = str_of(evidence_ref) };

	spec_when(&spec, &add_dispute_evidence_type, &body);
}

static struct resolve_dispute a_resolution(unsigned number, const char *outcome)
{
	return (struct resolve_dispute){ .dispute_id = spec_id('S', number),
					 .customer_id = CUSTOMER,
					 .outcome = str_of(outcome),
					 .verification_ref = STR("file-1"),
					 .sent_on = spec.today };
}

static void when_resolved(unsigned number, const char *outcome)
{
	struct resolve_dispute body = a_resolution(number, outcome);

	spec_when(&spec, &resolve_dispute_type, &body);
}

static const struct dispute *the_dispute(unsigned number)
{
	struct uuid id = spec_id('S', number);

	return workset_state(&spec.set, &dispute_entity, &id);
}

/* Its id is that of a dispute. */
static const struct hold *the_hold(unsigned number)
{
	struct uuid id = spec_id('S', number);

	return workset_state(&spec.set, &hold_entity, &id);
}

static const struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_state(&spec.set, &debt_entity, &id);
}

static void then_state(unsigned number, enum dispute_state state)
{
	assert_non_null(the_dispute(number));
	assert_string_equal(dispute_state_name((enum dispute_state)the_dispute(number)->state), dispute_state_name(state));
}

static void then_held(unsigned number, enum hold_kind kind)
{
	assert_non_null(the_hold(number));
	assert_int_equal(the_hold(number)->state, HOLD_STATE_ACTIVE);
	assert_int_equal(the_hold(number)->kind, kind);
	assert_int_equal(the_hold(number)->until_on, 0);
	assert_int_equal(the_debt()->stopped & hold_kind_terms(kind)->effects, hold_kind_terms(kind)->effects);
}

static void then_free(void)
{
	assert_int_equal(the_debt()->stopped, 0);
}

/* ---- RaiseDispute ---- */

static void test_disputes__one_is_raised_and_the_debt_is_held(void **state)
{
	const struct dispute_raised *raised;
	struct raise_dispute *body = with_evidence(of_a_portion(a_dispute(1, STR("wrong_amount")), OWED), 2);

	(void)state;
	body->has_received_on = body->has_within_validation = body->within_validation = true;
	body->received_on = SPEC_TODAY - 3;
	when_raised(body);
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	raised = then_event(&spec, 0, dispute_raised);
	assert_int_equal(raised->version, 2);
	assert_int_equal(raised->raised_on, SPEC_TODAY);
	assert_false(raised->has_duplicate_of);
	assert_int_equal(then_event(&spec, 1, hold_placed)->version, 3);
	assert_true(str_is(then_event(&spec, 1, hold_placed)->evidence_ref, "dispute 019a0000-0000-7000-8000-005300000001"));
	assert_int_equal(the_debt()->version, 3);
	then_state(1, DISPUTE_OPEN);
	then_held(1, HOLD_DISPUTE);
	assert_int_equal(the_hold(1)->from_on, SPEC_TODAY - 3);
	assert_int_equal(the_dispute(1)->received_on, SPEC_TODAY - 3);
	assert_int_equal(the_dispute(1)->portion_minor, OWED);
	assert_int_equal(the_dispute(1)->in_writing, 1);
	assert_int_equal(the_dispute(1)->within_validation, 1);
	assert_string_equal(the_dispute(1)->evidence_refs, "letter-1\nletter-2");
	assert_int_equal(the_dispute(1)->version, 1);
}

static void test_disputes__what_is_wrong_with_one_is_refused(void **state)
{
	(void)state;
#define REFUSED(member, value, code, field)                                                                                      \
	do {                                                                                                                     \
		struct raise_dispute *body = of_a_portion(a_dispute(1, STR("paid")), 1);                                         \
		body->has_received_on = true;                                                                                    \
		body->received_on = SPEC_TODAY;                                                                                  \
		body->member = (value);                                                                                          \
		when_raised(body);                                                                                               \
		then_refused(&spec, code, field);                                                                                \
	} while (0)
	REFUSED(dispute_id, (struct uuid){ { 0 } }, REFUSAL_BAD_VALUE, "dispute_id");
	REFUSED(grounds, STR("mood"), REFUSAL_BAD_VALUE, "grounds");
	REFUSED(portion_minor, 0, REFUSAL_BAD_AMOUNT, "portion_minor");
	REFUSED(portion_minor, INT64_MAX, REFUSAL_BAD_AMOUNT, "portion_minor");
	REFUSED(has_currency, false, REFUSAL_BAD_CURRENCY, "currency");
	REFUSED(has_portion_minor, false, REFUSAL_BAD_CURRENCY, "currency");
	REFUSED(currency, STR("USD"), REFUSAL_BAD_CURRENCY, "currency");
	REFUSED(received_on, SPEC_TODAY + 1, REFUSAL_BAD_DATE, "received_on");
	REFUSED(received_on, INT32_MIN, REFUSAL_BAD_DATE, "received_on");
	REFUSED(debt_id, spec_id('D', 7), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(customer_id, spec_id('C', 7), REFUSAL_NOT_FOUND, "debt_id");
#undef REFUSED
	when_raised(with_evidence(a_dispute(1, STR("paid")), DISPUTE_EVIDENCE_RAISED_MAX + 1));
	then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_refs");
	{
		struct raise_dispute *body = with_evidence(a_dispute(1, STR("paid")), 1);

		((struct str *)(uintptr_t)body->evidence_refs)[0] = STR("");
		body->has_portion_minor = true; /* without a currency: named behind it */
		when_raised(body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_refs");
	}
	when_raised(a_dispute(1, STR("paid")));
	when_raised(a_dispute(1, STR("paid")));
	then_refused(&spec, REFUSAL_EXISTS, "dispute_id");
}

/* The hold has the dispute's id. */
static void test_disputes__the_id_of_a_hold_is_taken(void **state)
{
	struct place_hold hold = { .hold_id = spec_id('S', 1),
				   .customer_id = CUSTOMER,
				   .debt_id = DEBT,
				   .kind = STR("vulnerable"),
				   .evidence_ref = STR("file-1") };

	(void)state;
	spec_when(&spec, &place_hold_type, &hold);
	when_raised(a_dispute(1, STR("paid")));
	then_refused(&spec, REFUSAL_EXISTS, "dispute_id");
}

/* Who is told of it may be told late; the debtor himself sends it today. */
static void test_disputes__a_debtor_says_no_other_day(void **state)
{
	struct raise_dispute *body = a_dispute(1, STR("paid"));

	(void)state;
	body->has_received_on = true;
	body->received_on = SPEC_TODAY - 1;
	spec.roles = ROLE_CONSUMER;
	when_raised(body);
	then_refused(&spec, REFUSAL_BAD_DATE, "received_on");
	body->received_on = SPEC_TODAY;
	when_raised(body);
	then_events(&spec, "DisputeRaised", "HoldPlaced");
}

static void test_disputes__one_that_is_late_is_accepted(void **state)
{
	struct raise_dispute *body = a_dispute(1, STR("not_mine"));

	(void)state;
	body->has_received_on = true;
	body->received_on = SPEC_TODAY - 2000;
	when_raised(body);
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	assert_int_equal(the_hold(1)->from_on, SPEC_TODAY - HOLD_DAYS_AROUND); /* no hold begins earlier */
	assert_int_equal(the_dispute(1)->received_on, SPEC_TODAY - 2000);
}

/* The record stays; nothing is left to be stopped. */
static void test_disputes__a_debt_that_has_left_the_books_is_disputed_without_a_hold(void **state)
{
	struct cancel_debt cancellation = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };

	(void)state;
	spec_when(&spec, &cancel_debt_type, &cancellation);
	when_raised(a_dispute(1, STR("not_mine")));
	then_events(&spec, "DisputeRaised");
	then_free();
	when_resolved(1, "upheld");
	then_events(&spec, "DisputeResolved");
	then_state(1, DISPUTE_UPHELD);
}

/* ---- one hold for all of a kind ---- */

static void test_disputes__the_last_one_ends_the_hold_of_all(void **state)
{
	(void)state;
	when_raised(a_dispute(1, STR("wrong_amount")));
	when_raised(a_dispute(2, STR("paid")));
	then_events(&spec, "DisputeRaised", "HoldExtended");
	assert_int_equal(the_hold(2)->state, HOLD_STATE_MERGED);
	when_resolved(1, "rejected");
	then_events(&spec, "DisputeResolved");
	then_held(1, HOLD_DISPUTE);
	when_raised(a_dispute(3, STR("other")));
	when_resolved(2, "upheld");
	then_events(&spec, "DisputeResolved");
	when_resolved(3, "rejected");
	then_events(&spec, "HoldReleased", "DisputeResolved");
	assert_int_equal(then_event(&spec, 0, hold_released)->version + 1, then_event(&spec, 1, dispute_resolved)->version);
	then_free();
	assert_int_equal(the_debt()->version, then_event(&spec, 1, dispute_resolved)->version);
	when_raised(a_dispute(4, STR("does_not_exist")));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	then_held(4, HOLD_DISPUTE);
}

static void test_disputes__identity_theft_has_a_hold_of_its_own(void **state)
{
	struct release_hold release = { .hold_id = spec_id('S', 1), .customer_id = CUSTOMER, .reason = STR("checked") };

	(void)state;
	when_raised(a_dispute(1, STR("identity_theft")));
	then_held(1, HOLD_IDENTITY_THEFT);
	when_raised(a_dispute(2, STR("paid")));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	then_held(2, HOLD_DISPUTE);
	spec_when(&spec, &release_hold_type, &release);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "hold_id");
	when_resolved(1, "rejected");
	then_events(&spec, "HoldReleased", "DisputeResolved");
	assert_true(str_is(then_event(&spec, 0, hold_released)->kind, "identity_theft"));
	then_held(2, HOLD_DISPUTE);
	release.hold_id = spec_id('S', 2);
	spec_when(&spec, &release_hold_type, &release);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "hold_id");
}

/* A hold that people have placed for a theft goes on as long as it is disputed, and no longer. */
static void test_disputes__a_theft_that_people_know_is_one_with_the_dispute(void **state)
{
	struct place_hold hold = { .hold_id = spec_id('H', 1),
				   .customer_id = CUSTOMER,
				   .debt_id = DEBT,
				   .kind = STR("identity_theft"),
				   .has_until_on = true,
				   .until_on = SPEC_TODAY + 10,
				   .evidence_ref = STR("police-1") };
	struct release_hold release = { .hold_id = spec_id('H', 1), .customer_id = CUSTOMER, .reason = STR("checked") };

	(void)state;
	spec_when(&spec, &place_hold_type, &hold);
	when_raised(a_dispute(1, STR("identity_theft")));
	then_events(&spec, "DisputeRaised", "HoldExtended");
	spec_when(&spec, &release_hold_type, &release);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "hold_id");
	spec.today = SPEC_TODAY + 20;
	when_resolved(1, "rejected");
	then_events(&spec, "HoldReleased", "DelinquencyChanged", "DisputeResolved");
	then_free();
	hold.hold_id = release.hold_id = spec_id('H', 2);
	hold.until_on = SPEC_TODAY + 30;
	spec_when(&spec, &place_hold_type, &hold);
	spec_when(&spec, &release_hold_type, &release);
	then_events(&spec, "HoldReleased", "DelinquencyChanged");
}

/* All that people can place of a kind meet the one of a dispute. */
static void test_disputes__there_is_always_a_place_for_their_holds(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= DEBT_HOLDS_OF_KIND_MAX; number++) {
		struct place_hold hold = { .hold_id = spec_id('H', number),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .kind = STR("identity_theft"),
					   .has_from_on = true,
					   .from_on = SPEC_TODAY + 3 * (int32_t)number,
					   .has_until_on = true,
					   .until_on = SPEC_TODAY + 3 * (int32_t)number + 1,
					   .evidence_ref = STR("file-1") };

		spec_when(&spec, &place_hold_type, &hold);
		then_events(&spec, "HoldPlaced");
	}
	when_raised(a_dispute(1, STR("identity_theft")));
	then_events(&spec, "DisputeRaised", "HoldExtended");
	when_raised(a_dispute(2, STR("paid")));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
}

/* ---- duplicates ---- */

static void test_disputes__one_that_was_rejected_before_is_a_duplicate(void **state)
{
	const struct uuid first = spec_id('S', 1);

	(void)state;
	when_raised(of_a_portion(a_dispute(1, STR("wrong_amount")), 500));
	when_raised(of_a_portion(a_dispute(2, STR("wrong_amount")), 500)); /* of one that is open */
	then_state(2, DISPUTE_DUPLICATE);
	when_resolved(1, "rejected");
	then_free();
	when_raised(of_a_portion(a_dispute(3, STR("wrong_amount")), 500));
	then_events(&spec, "DisputeRaised");
	assert_memory_equal(&then_event(&spec, 0, dispute_raised)->duplicate_of, &first, sizeof(first));
	then_state(3, DISPUTE_DUPLICATE);
	assert_memory_equal(&the_dispute(3)->duplicate_of, &first, sizeof(first));
	then_free();
	when_resolved(3, "rejected");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "dispute_id");
	when_evidence_comes(3, "letter-1");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "dispute_id");
}

static void test_disputes__another_portion_other_grounds_or_evidence_is_no_duplicate(void **state)
{
	(void)state;
	when_raised(of_a_portion(a_dispute(1, STR("wrong_amount")), 500));
	when_resolved(1, "rejected");
	when_raised(of_a_portion(a_dispute(2, STR("wrong_amount")), 501));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	when_raised(a_dispute(3, STR("wrong_amount")));
	then_events(&spec, "DisputeRaised", "HoldExtended");
	when_raised(of_a_portion(a_dispute(4, STR("paid")), 500));
	then_events(&spec, "DisputeRaised", "HoldExtended");
	when_raised(with_evidence(of_a_portion(a_dispute(5, STR("wrong_amount")), 500), 1)); /* 1006.38(a)(1): new information */
	then_events(&spec, "DisputeRaised", "HoldExtended");
}

static void when_fee_is_assessed(void)
{
	struct assess_fee body = { .debt_id = DEBT,
				   .customer_id = CUSTOMER,
				   .amount_minor = 100,
				   .currency = STR("EUR"),
				   .basis = STR("contract"),
				   .reason = STR("r") };

	spec_when(&spec, &assess_fee_type, &body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* Of whoever disputes more than is owed by now. */
static void test_disputes__a_portion_above_what_is_owed_is_all_of_the_debt(void **state)
{
	(void)state;
	when_raised(of_a_portion(a_dispute(1, STR("paid")), OWED + 1));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	assert_int_equal(the_dispute(1)->portion_minor, 0);
}

/* What was charged since may be what is meant. */
static void test_disputes__what_is_booked_makes_it_a_new_one(void **state)
{
	(void)state;
	when_raised(a_dispute(1, STR("wrong_amount")));
	when_resolved(1, "rejected");
	when_fee_is_assessed();
	when_raised(a_dispute(2, STR("wrong_amount")));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	when_resolved(2, "upheld");
	when_raised(a_dispute(3, STR("wrong_amount"))); /* one that was upheld is not repeated */
	then_events(&spec, "DisputeRaised", "HoldPlaced");
}

/* Of more than are remembered the oldest is a new dispute again. */
static void test_disputes__the_newest_rejected_ones_are_remembered(void **state)
{
	(void)state;
	for (unsigned number = DEBT_DISPUTES_KNOWN_MAX + 1; number > 0; number--) {
		when_raised(of_a_portion(a_dispute(number, STR("wrong_amount")), number));
		when_resolved(number, "rejected");
	}
	when_raised(of_a_portion(a_dispute(50, STR("wrong_amount")), 1));
	then_events(&spec, "DisputeRaised", "HoldPlaced");
	when_raised(of_a_portion(a_dispute(51, STR("wrong_amount")), 3));
	then_events(&spec, "DisputeRaised");
	when_raised(of_a_portion(a_dispute(52, STR("wrong_amount")), 2)); /* it made place for 50 */
	then_events(&spec, "DisputeRaised", "HoldExtended");
}

/* ---- AddDisputeEvidence ---- */

static void test_disputes__evidence_is_added_until_there_is_too_much(void **state)
{
	(void)state;
	when_raised(a_dispute(1, STR("paid")));
	when_evidence_comes(1, "");
	then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_ref");
	when_evidence_comes(7, "letter-1");
	then_refused(&spec, REFUSAL_NOT_FOUND, "dispute_id");
	for (int index = 0; index < DISPUTE_EVIDENCE_MAX; index++) {
		when_evidence_comes(1, "letter-1");
		then_events(&spec, "DisputeEvidenceAdded");
	}
	then_state(1, DISPUTE_VERIFYING);
	assert_int_equal(the_dispute(1)->evidence_count, DISPUTE_EVIDENCE_MAX);
	assert_int_equal(the_debt()->version, then_event(&spec, 0, dispute_evidence_added)->version);
	when_evidence_comes(1, "letter-1");
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "dispute_id");
	when_resolved(1, "upheld");
	then_events(&spec, "HoldReleased", "DisputeResolved");
}

/* ---- ResolveDispute ---- */

static void test_disputes__one_is_resolved_once_with_an_answer(void **state)
{
	const struct dispute_resolved *resolved;

	(void)state;
	when_raised(of_a_portion(a_dispute(1, STR("wrong_amount")), 700));
	spec.today = SPEC_TODAY + 2;
#define REFUSED(member, value, code, field)                                                                                      \
	do {                                                                                                                     \
		struct resolve_dispute body = a_resolution(1, "upheld");                                                         \
		body.member = (value);                                                                                           \
		spec_when(&spec, &resolve_dispute_type, &body);                                                                  \
		then_refused(&spec, code, field);                                                                                \
	} while (0)
	REFUSED(outcome, STR("duplicate"), REFUSAL_BAD_VALUE, "outcome");
	REFUSED(verification_ref, STR(""), REFUSAL_BAD_VALUE, "verification_ref");
	REFUSED(sent_on, SPEC_TODAY + 3, REFUSAL_BAD_DATE, "sent_on");
	REFUSED(sent_on, SPEC_TODAY - 1, REFUSAL_BAD_DATE, "sent_on");
	REFUSED(dispute_id, spec_id('S', 7), REFUSAL_NOT_FOUND, "dispute_id");
	REFUSED(customer_id, spec_id('C', 7), REFUSAL_NOT_FOUND, "dispute_id");
#undef REFUSED
	when_resolved(1, "upheld");
	then_events(&spec, "HoldReleased", "DelinquencyChanged", "DisputeResolved"); /* two days past due now */
	resolved = then_event(&spec, 2, dispute_resolved);
	assert_int_equal(resolved->portion_minor, 700);
	assert_true(str_is(resolved->grounds, "wrong_amount"));
	assert_int_equal(resolved->received_on, SPEC_TODAY);
	assert_int_equal(resolved->sent_on, SPEC_TODAY + 2);
	assert_int_equal(balances_owed(&the_debt()->balances), OWED); /* AdjustBalance corrects it */
	then_state(1, DISPUTE_UPHELD);
	assert_string_equal(the_dispute(1)->verification_ref, "file-1");
	assert_int_equal(the_dispute(1)->sent_on, SPEC_TODAY + 2);
	when_resolved(1, "upheld");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "dispute_id");
}

static void test_disputes__a_debt_that_is_not_theirs_is_given_up_before_it_is_upheld(void **state)
{
	struct cancel_debt cancellation = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("not_the_debtor") };

	(void)state;
	when_raised(a_dispute(1, STR("not_mine")));
	when_resolved(1, "upheld");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "outcome");
	spec_when(&spec, &cancel_debt_type, &cancellation);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	when_resolved(1, "upheld");
	then_state(1, DISPUTE_UPHELD);
}

static void test_disputes__compliance_decides_about_identity_theft(void **state)
{
	(void)state;
	when_raised(a_dispute(1, STR("identity_theft")));
	spec.roles = ROLE_SUPERVISOR;
	when_resolved(1, "rejected");
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "dispute_id");
	spec.roles = ROLE_COMPLIANCE;
	when_resolved(1, "rejected");
	then_events(&spec, "HoldReleased", "DisputeResolved");
}

/* In the order of schemas/README.md, Refusals: who may do it and what the command says come before the state of the dispute. */
static void test_disputes__what_is_wrong_is_named_before_the_state_of_the_dispute(void **state)
{
	struct resolve_dispute body = a_resolution(1, "rejected");

	(void)state;
	when_raised(a_dispute(1, STR("identity_theft")));
	when_resolved(1, "rejected");
	spec.roles = ROLE_SUPERVISOR;
	when_resolved(1, "rejected");
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "dispute_id");
	spec.roles = ROLE_COMPLIANCE;
	body.sent_on = SPEC_TODAY - 400;
	spec_when(&spec, &resolve_dispute_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "sent_on");
	body.sent_on = SPEC_TODAY + 400;
	body.dispute_id = spec_id('S', 7);
	spec_when(&spec, &resolve_dispute_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "sent_on");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_disputes__one_is_raised_and_the_debt_is_held),
		TEST(test_disputes__what_is_wrong_with_one_is_refused),
		TEST(test_disputes__the_id_of_a_hold_is_taken),
		TEST(test_disputes__a_debtor_says_no_other_day),
		TEST(test_disputes__one_that_is_late_is_accepted),
		TEST(test_disputes__a_debt_that_has_left_the_books_is_disputed_without_a_hold),
		TEST(test_disputes__the_last_one_ends_the_hold_of_all),
		TEST(test_disputes__identity_theft_has_a_hold_of_its_own),
		TEST(test_disputes__a_theft_that_people_know_is_one_with_the_dispute),
		TEST(test_disputes__there_is_always_a_place_for_their_holds),
		TEST(test_disputes__one_that_was_rejected_before_is_a_duplicate),
		TEST(test_disputes__another_portion_other_grounds_or_evidence_is_no_duplicate),
		TEST(test_disputes__a_portion_above_what_is_owed_is_all_of_the_debt),
		TEST(test_disputes__what_is_booked_makes_it_a_new_one),
		TEST(test_disputes__a_debt_that_is_not_theirs_is_given_up_before_it_is_upheld),
		TEST(test_disputes__compliance_decides_about_identity_theft),
		TEST(test_disputes__what_is_wrong_is_named_before_the_state_of_the_dispute),
		TEST(test_disputes__the_newest_rejected_ones_are_remembered),
		TEST(test_disputes__evidence_is_added_until_there_is_too_much),
		TEST(test_disputes__one_is_resolved_once_with_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
