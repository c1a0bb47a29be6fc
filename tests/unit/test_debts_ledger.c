#include "rule_spec.h"

#include <stdlib.h>

#include "base/money.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"
#include "schemas/debts.h"

/*
 * Properties of the ledger over random histories. The model on the other side knows only what a debtor would write down: what was
 * owed at first, which payments stand, and that money is owed or is credit, never both.
 */

/* ---- allocation ---- */

static struct balances amounts(int64_t cost, int64_t fee, int64_t interest, int64_t principal, int64_t credit)
{
	return (struct balances){ .minor = { [ACCOUNT_COST] = cost,
					     [ACCOUNT_FEE] = fee,
					     [ACCOUNT_INTEREST] = interest,
					     [ACCOUNT_PRINCIPAL] = principal,
					     [ACCOUNT_CREDIT] = credit } };
}

static int64_t sum(const struct balances *balances)
{
	return balances_owed(balances) + balances->minor[ACCOUNT_CREDIT];
}

/* consumers/DOMAIN.md 6, written out once more: of each order the accounts by their first letters. */
static const struct {
	uint32_t order;
	const char *letters;
} orders[] = {
	{ ORDER_NONE, "cfip" },
	{ ORDER_COST_INTEREST_PRINCIPAL, "cfip" },
	{ ORDER_COST_PRINCIPAL_INTEREST, "cpfi" },
	{ ORDER_PENALTY_FEE_INTEREST_PRINCIPAL, "cfip" },
	{ ORDER_INTEREST_PRINCIPAL, "ipfc" },
	{ ORDER_FEES_FIRST, "fcip" },
	{ ORDER_PRINCIPAL_FIRST, "pifc" },
};
_Static_assert(COUNT(orders) == ALLOCATION_ORDER_COUNT, "every order");

static enum account account_of(char letter)
{
	switch (letter) {
	case 'c':
		return ACCOUNT_COST;
	case 'f':
		return ACCOUNT_FEE;
	case 'i':
		return ACCOUNT_INTEREST;
	default:
		return ACCOUNT_PRINCIPAL;
	}
}

/* Coin by coin: each goes to the first account that is still owed. */
static struct balances paid_by_coins(const char *letters, struct balances owed, int64_t amount_minor)
{
	struct balances paid = amounts(0, 0, 0, 0, 0);

	for (; amount_minor > 0; amount_minor--) {
		enum account account = ACCOUNT_CREDIT;

		for (int i = ACCOUNT_OWED_COUNT - 1; i >= 0; i--)
			if (owed.minor[account_of(letters[i])] > 0)
				account = account_of(letters[i]);
		owed.minor[account]--;
		paid.minor[account]++;
	}
	return paid;
}

static void test_debts__an_allocation_pays_coin_by_coin_in_its_order(void **state)
{
	struct balances owed = amounts(10, 20, 30, 40, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		for (int64_t amount_minor = 0; amount_minor <= 120; amount_minor++) {
			struct balances allocated = ledger_allocate(orders[i].order, &owed, amount_minor);
			struct balances wanted = paid_by_coins(orders[i].letters, owed, amount_minor);

			assert_int_equal(sum(&allocated), amount_minor);
			assert_memory_equal(&allocated, &wanted, sizeof(wanted));
		}
	}
}

/* What is left after taking back is what the rest would have paid. */
static void test_debts__taking_back_runs_the_other_way_round(void **state)
{
	struct balances allocated = amounts(10, 20, 30, 40, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		for (int64_t amount_minor = 0; amount_minor <= 100; amount_minor++) {
			struct balances left = ledger_deallocate(orders[i].order, &allocated, amount_minor);
			struct balances wanted = paid_by_coins(orders[i].letters, allocated, 100 - amount_minor);

			assert_int_equal(sum(&left), amount_minor);
			left = balances_negated(&left);
			balances_add(&left, &allocated);
			assert_memory_equal(&left, &wanted, sizeof(wanted));
		}
	}
}

static void test_debts__lifecycle_moves_are_those_of_the_table(void **state)
{
	(void)state;
	assert_int_equal(lifecycle_after(LIFECYCLE_NONE, CAUSE_CREATED), LIFECYCLE_NEW);
	assert_int_equal(lifecycle_after(LIFECYCLE_NEW, CAUSE_DUE), LIFECYCLE_ACTIVE);
	assert_int_equal(lifecycle_after(LIFECYCLE_CHARGED_OFF, CAUSE_PAID_UP), LIFECYCLE_PAID);
	assert_int_equal(lifecycle_after(LIFECYCLE_SETTLED, CAUSE_REOPENED), LIFECYCLE_ACTIVE);
	assert_int_equal(lifecycle_after(LIFECYCLE_ACTIVE, CAUSE_REOPENED), LIFECYCLE_NONE);
	assert_int_equal(lifecycle_after(LIFECYCLE_PAID, CAUSE_PAID_UP), LIFECYCLE_NONE);
	assert_int_equal(lifecycle_after(LIFECYCLE_NEW, CAUSE_CANCELLED), LIFECYCLE_CANCELLED);
	assert_int_equal(lifecycle_after(LIFECYCLE_PAID, CAUSE_CANCELLED), LIFECYCLE_NONE);
	assert_int_equal(lifecycle_after(LIFECYCLE_LEGAL, CAUSE_CHARGED_OFF), LIFECYCLE_CHARGED_OFF);
	assert_int_equal(lifecycle_after(LIFECYCLE_CHARGED_OFF, CAUSE_CHARGED_OFF), LIFECYCLE_NONE);
	assert_int_equal(lifecycle_after(LIFECYCLE_PAID, CAUSE_RECOVERY_REVERSED), LIFECYCLE_CHARGED_OFF);
	for (unsigned from = 0; from < LIFECYCLE_COUNT; from++) {
		for (unsigned cause = 0; lifecycle_is_terminal(from) && cause < CAUSE_COUNT; cause++)
			assert_int_equal(lifecycle_after(from, cause), LIFECYCLE_NONE);
	}
}

/* ---- random histories ---- */

#define DEBTS    3
#define PAYMENTS 24
#define STEPS    60

struct model_payment {
	unsigned debt;
	int64_t amount_minor;
	bool stands; /* recorded and not reversed */
	bool known;
};

struct model_debt {
	int64_t opening_minor;
	struct balances folded; /* of the events' postings, as the ledger table would have them */
	int64_t version;
	int32_t due_on;
	bool was_paid;
	bool is_cancelled;
};

struct history {
	struct spec spec;
	struct model_debt debts[DEBTS];
	struct model_payment payments[PAYMENTS];
	uint64_t random;
	unsigned cancelled;
	struct create_debt create[DEBTS];
	struct record_payment record[STEPS];
	struct reverse_payment reverse[STEPS];
	struct amend_debt amend[STEPS];
	struct cancel_debt cancel[STEPS];
	char references[PAYMENTS][8];
};

static uint64_t random_below(struct history *history, uint64_t limit)
{
	history->random ^= history->random << 13;
	history->random ^= history->random >> 7;
	history->random ^= history->random << 17;
	return history->random % limit;
}

static unsigned debt_of(const struct uuid *debt_id)
{
	assert_true(debt_id->bytes[15] < DEBTS);
	return debt_id->bytes[15];
}

static void expect_version(struct model_debt *debt, int64_t version)
{
	assert_int_equal(version, debt->version + 1);
	debt->version = version;
}

/* Folds an event's posting into the model's accounts; every posting sums to zero together with its contra account. */
static void fold(struct model_debt *debt, struct balances posting, int64_t contra_minor)
{
	/* Credit is what we owe: its account runs the other way. */
	assert_int_equal(balances_owed(&posting) - posting.minor[ACCOUNT_CREDIT] + contra_minor, 0);
	debt->folded.minor[ACCOUNT_COST] += posting.minor[ACCOUNT_COST];
	debt->folded.minor[ACCOUNT_FEE] += posting.minor[ACCOUNT_FEE];
	debt->folded.minor[ACCOUNT_INTEREST] += posting.minor[ACCOUNT_INTEREST];
	debt->folded.minor[ACCOUNT_PRINCIPAL] += posting.minor[ACCOUNT_PRINCIPAL];
	debt->folded.minor[ACCOUNT_CREDIT] += posting.minor[ACCOUNT_CREDIT];
	assert_true(debt->folded.minor[ACCOUNT_COST] >= 0);
	assert_true(debt->folded.minor[ACCOUNT_FEE] >= 0);
	assert_true(debt->folded.minor[ACCOUNT_INTEREST] >= 0);
	assert_true(debt->folded.minor[ACCOUNT_PRINCIPAL] >= 0);
	assert_true(debt->folded.minor[ACCOUNT_CREDIT] >= 0);
}

static void fold_event(struct history *history, const struct event *event)
{
	if (event->type == &debt_created_type) {
		const struct debt_created *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		fold(debt, amounts(body->cost_minor, body->fee_minor, body->interest_minor, body->principal_minor, 0),
		     -body->balance_minor);
	} else if (event->type == &payment_recorded_type) {
		const struct payment_recorded *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		fold(debt,
		     amounts(-body->cost_minor, -body->fee_minor, -body->interest_minor, -body->principal_minor,
			     body->credit_minor),
		     body->amount_minor);
		assert_int_equal(body->balance_minor, balances_owed(&debt->folded));
	} else if (event->type == &payment_reversed_type) {
		const struct payment_reversed *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		fold(debt,
		     amounts(body->cost_minor, body->fee_minor, body->interest_minor, body->principal_minor, -body->credit_minor),
		     -body->amount_minor);
		assert_int_equal(body->balance_minor, balances_owed(&debt->folded));
	} else if (event->type == &credit_applied_type) {
		const struct credit_applied *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		fold(debt,
		     amounts(-body->cost_minor, -body->fee_minor, -body->interest_minor, -body->principal_minor,
			     -body->amount_minor),
		     0);
		assert_int_equal(body->balance_minor, balances_owed(&debt->folded));
	} else if (event->type == &debt_paid_type) {
		const struct debt_paid *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		assert_false(debt->was_paid);
		debt->was_paid = true;
	} else if (event->type == &debt_amended_type) {
		const struct debt_amended *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		assert_int_equal(body->previous_due_on, debt->due_on);
		assert_int_equal(body->balance_minor, balances_owed(&debt->folded));
		debt->due_on = body->due_on;
	} else if (event->type == &debt_cancelled_type) {
		const struct debt_cancelled *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		expect_version(debt, body->version);
		fold(debt, amounts(-body->cost_minor, -body->fee_minor, -body->interest_minor, -body->principal_minor, 0),
		     body->amount_minor);
		assert_int_equal(body->amount_minor, debt->opening_minor);
		assert_int_equal(body->due_on, debt->due_on);
		debt->opening_minor = 0;
		debt->is_cancelled = true;
	} else {
		const struct debt_reopened *body = event->body;
		struct model_debt *debt = &history->debts[debt_of(&body->debt_id)];

		assert_ptr_equal(event->type, &debt_reopened_type);
		expect_version(debt, body->version);
		assert_true(debt->was_paid);
		debt->was_paid = false;
	}
}

/* After every command, for every debt: the state is the fold, and the fold is what a debtor would reckon. */
static void check_debts(const struct history *history)
{
	for (unsigned index = 0; index < DEBTS; index++) {
		const struct model_debt *debt = &history->debts[index];
		struct uuid id = spec_id('D', index);
		const struct slot *slot = workset_find(&history->spec.set, &debt_entity, &id);
		const struct debt *state;
		int64_t paid_minor = 0;
		int64_t owed_minor = balances_owed(&debt->folded);

		if (slot == NULL || !slot->exists)
			continue;
		state = slot->state;
		assert_memory_equal(&state->balances, &debt->folded, sizeof(debt->folded));
		assert_int_equal(state->version, debt->version);
		assert_int_equal(state->due_on, debt->due_on);
		assert_int_equal(state->lifecycle == LIFECYCLE_PAID, debt->was_paid);
		assert_int_equal(state->lifecycle == LIFECYCLE_CANCELLED, debt->is_cancelled);
		for (unsigned payment = 0; payment < PAYMENTS; payment++) {
			if (history->payments[payment].stands && history->payments[payment].debt == index)
				paid_minor += history->payments[payment].amount_minor;
		}
		assert_int_equal(owed_minor, paid_minor >= debt->opening_minor ? 0 : debt->opening_minor - paid_minor);
		assert_int_equal(debt->folded.minor[ACCOUNT_CREDIT],
				 paid_minor >= debt->opening_minor ? paid_minor - debt->opening_minor : 0);
		assert_int_equal(debt->was_paid || debt->is_cancelled, owed_minor == 0);
	}
}

static void fold_events(struct history *history)
{
	for (size_t index = 0; index < history->spec.decision.events_count; index++)
		fold_event(history, &history->spec.decision.events[index]);
	check_debts(history);
}

static void create_debts(struct history *history)
{
	struct debts_customer *customer = spec_given(&history->spec, &debts_customer_entity, spec_id('C', 1));

	customer->is_active = 1;
	for (unsigned index = 0; index < DEBTS; index++) {
		struct create_debt *body = &history->create[index];

		*body = (struct create_debt){ .debt_id = spec_id('D', index),
					      .customer_id = spec_id('C', 1),
					      .creditor_id = spec_id('R', index),
					      .external_ref = STR("INV"),
					      .currency = STR("JPY"),
					      .cost_minor = (int64_t)random_below(history, 10),
					      .fee_minor = (int64_t)random_below(history, 10),
					      .interest_minor = (int64_t)random_below(history, 20),
					      .principal_minor = 1 + (int64_t)random_below(history, 100),
					      .opened_on = SPEC_TODAY,
					      .due_on = SPEC_TODAY,
					      .fees_authorised = true };
		history->debts[index].due_on = body->due_on;
		history->debts[index].opening_minor =
			body->cost_minor + body->fee_minor + body->interest_minor + body->principal_minor;
		spec_when(&history->spec, &create_debt_type, body);
		then_events(&history->spec, "DebtCreated");
		fold_events(history);
	}
}

static void record(struct history *history, unsigned step)
{
	unsigned number = (unsigned)random_below(history, PAYMENTS);
	struct model_payment *payment = &history->payments[number];
	struct record_payment *body = &history->record[step];
	unsigned debt = (unsigned)random_below(history, DEBTS);

	snprintf(history->references[number], sizeof(history->references[0]), "%u", number % 1000);
	*body = (struct record_payment){ .payment_id = spec_id('P', number),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', debt),
					 .source = STR("bank"),
					 .external_ref = str_of(history->references[number]),
					 .amount_minor = 1 + (int64_t)random_below(history, 120),
					 .currency = STR("JPY"),
					 .received_on = SPEC_TODAY,
					 .method = STR("cash") };
	spec_when(&history->spec, &record_payment_type, body);
	if (payment->known) {
		then_refused(&history->spec, REFUSAL_EXISTS, "payment_id");
		return;
	}
	if (history->debts[debt].is_cancelled) {
		then_refused(&history->spec, REFUSAL_BAD_TRANSITION, "debt_id");
		return;
	}
	*payment = (struct model_payment){ .debt = debt, .amount_minor = body->amount_minor, .stands = true, .known = true };
	assert_int_equal(history->spec.decision.kind, DECISION_EVENTS);
	fold_events(history);
}

static void reverse(struct history *history, unsigned step)
{
	unsigned number = (unsigned)random_below(history, PAYMENTS);
	struct model_payment *payment = &history->payments[number];
	struct reverse_payment *body = &history->reverse[step];

	*body = (struct reverse_payment){ .payment_id = spec_id('P', number),
					  .customer_id = spec_id('C', 1),
					  .reason = STR("recall") };
	spec_when(&history->spec, &reverse_payment_type, body);
	if (!payment->known) {
		then_refused(&history->spec, REFUSAL_NOT_FOUND, "payment_id");
	} else if (!payment->stands) {
		then_refused(&history->spec, REFUSAL_BAD_TRANSITION, "payment_id");
	} else {
		payment->stands = false;
		assert_int_equal(history->spec.decision.kind, DECISION_EVENTS);
		fold_events(history);
	}
}

static void amend(struct history *history, unsigned step)
{
	unsigned debt = (unsigned)random_below(history, DEBTS);
	struct amend_debt *body = &history->amend[step];

	*body = (struct amend_debt){ .debt_id = spec_id('D', debt),
				     .customer_id = spec_id('C', 1),
				     .has_due_on = true,
				     .due_on = SPEC_TODAY + (int32_t)random_below(history, 5),
				     .reason = STR("asked for") };
	spec_when(&history->spec, &amend_debt_type, body);
	if (history->debts[debt].is_cancelled)
		then_refused(&history->spec, REFUSAL_BAD_TRANSITION, "debt_id");
	else
		fold_events(history);
}

/* Taken exactly when every payment of the debt was reversed. */
static void cancel(struct history *history, unsigned step)
{
	unsigned debt = (unsigned)random_below(history, DEBTS);
	struct cancel_debt *body = &history->cancel[step];
	bool is_paid = false;

	for (unsigned payment = 0; payment < PAYMENTS; payment++)
		is_paid |= history->payments[payment].stands && history->payments[payment].debt == debt;
	*body = (struct cancel_debt){ .debt_id = spec_id('D', debt), .customer_id = spec_id('C', 1), .reason = STR("fraud") };
	spec_when(&history->spec, &cancel_debt_type, body);
	if (is_paid || history->debts[debt].is_cancelled) {
		then_refused(&history->spec, REFUSAL_BAD_TRANSITION, "debt_id");
	} else {
		then_events(&history->spec, "DebtCancelled");
		fold_events(history);
		history->cancelled++;
	}
}

static void step_once(struct history *history, unsigned step)
{
	uint64_t roll = random_below(history, 20);

	if (roll < 10)
		record(history, step);
	else if (roll < 17)
		reverse(history, step);
	else if (roll < 19)
		amend(history, step);
	else
		cancel(history, step);
}

static void test_debts__random_histories_keep_the_ledgers_promises(void **state)
{
	static struct history history;
	unsigned cancelled = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		memset(&history, 0, sizeof(history));
		history.random = seed * UINT64_C(0x9E3779B97F4A7C15);
		spec_init(&history.spec, &debts_module);
		create_debts(&history);
		for (unsigned step = 0; step < STEPS; step++)
			step_once(&history, step);
		cancelled += history.cancelled;
		spec_release(&history.spec);
	}
	assert_true(cancelled > 100);
}

/* posting_of asks the table that evolve asks (consumers/debts/evolve.c). An event without a row does not get through. */
static void test_debts__each_event_has_its_effect(void **state)
{
	uint64_t nothing[128] = { 0 };
	unsigned moving = 0, count = 0;

	(void)state;
	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		const struct event event = { .type = *type, .body = nothing };
		const struct field *component = message_field(*type, STR("component"));
		struct posting posting;

		if ((*type)->kind != MESSAGE_EVENT || strcmp((*type)->module, "debts") != 0)
			continue;
		assert_true((*type)->record.size <= sizeof(nothing));
		memset(nothing, 0, sizeof(nothing));
		if (component != NULL) /* it names an account */
			*(struct str *)(void *)((char *)nothing + component->offset) = STR("fee");
		moving += posting_of(&event, &posting) ? 1 : 0;
		count++;
	}
	assert_true(moving >= 8 && count > moving);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debts__an_allocation_pays_coin_by_coin_in_its_order),
		cmocka_unit_test(test_debts__taking_back_runs_the_other_way_round),
		cmocka_unit_test(test_debts__lifecycle_moves_are_those_of_the_table),
		cmocka_unit_test(test_debts__each_event_has_its_effect),
		cmocka_unit_test(test_debts__random_histories_keep_the_ledgers_promises),
	};

	return cmocka_run_group_tests_name("debts ledger", tests, NULL, NULL);
}
