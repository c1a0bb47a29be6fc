/* debts.allowed_actions tells people what the rules would take: the two are held against each other, state by state. */

#include "store_spec.h"

#include "base/array.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "schemas/debts.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	(void)state;
	return debts_store_prepare(debts_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &debts_module, &debts_store);
	store_sql(&spec, "test_customer",
		  "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		  "full_name_sealed) VALUES ('019a0000-0000-7000-8000-004300000001', 'C1', 'natural', 'active', 'de', 'DE', 1, "
		  "'')");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* ---- given: one debt, and money on it or not ---- */

static void add_debt(void)
{
	struct create_debt body = { .debt_id = spec_id('D', 1),
				    .customer_id = spec_id('C', 1),
				    .creditor_id = spec_id('R', 1),
				    .external_ref = STR("A"),
				    .currency = STR("EUR"),
				    .principal_minor = 1000,
				    .opened_on = STORE_TODAY - 20,
				    .due_on = STORE_TODAY - 10 };

	store_add(&spec, &create_debt_type, &body);
}

static struct record_payment a_payment(unsigned number, struct str reference, int64_t amount_minor)
{
	return (struct record_payment){ .payment_id = spec_id('P', number),
					.customer_id = spec_id('C', 1),
					.debt_id = spec_id('D', 1),
					.source = STR("bank"),
					.external_ref = reference,
					.amount_minor = amount_minor,
					.currency = STR("EUR"),
					.received_on = STORE_TODAY,
					.method = STR("transfer") };
}

static void add_payment(unsigned number, struct str reference, int64_t amount_minor)
{
	struct record_payment body = a_payment(number, reference, amount_minor);

	store_add(&spec, &record_payment_type, &body);
}

static struct reverse_payment a_reversal(unsigned number)
{
	return (struct reverse_payment){ .payment_id = spec_id('P', number),
					 .customer_id = spec_id('C', 1),
					 .reason = STR("error") };
}

static void add_reversal(unsigned number)
{
	struct reverse_payment body = a_reversal(number);

	store_add(&spec, &reverse_payment_type, &body);
}

static struct refund_payment a_refund(unsigned number, int64_t amount_minor)
{
	return (struct refund_payment){ .payment_id = spec_id('P', number),
					.customer_id = spec_id('C', 1),
					.amount_minor = amount_minor,
					.currency = STR("EUR"),
					.reason = STR("overpaid") };
}

static void add_refund(unsigned number, int64_t amount_minor)
{
	struct refund_payment body = a_refund(number, amount_minor);

	store_add(&spec, &refund_payment_type, &body);
}

static void nothing_paid(void)
{
}

static void one_paid(void)
{
	add_payment(1, STR("1"), 100);
}

static void paid_and_reversed(void)
{
	add_payment(1, STR("1"), 100);
	add_reversal(1);
}

static void one_of_two_reversed(void)
{
	add_payment(1, STR("1"), 100);
	add_payment(2, STR("2"), 200);
	add_reversal(1);
}

/* The credit of the second payment pays what the reversal of the first leaves open. */
static void credit_applied(void)
{
	add_payment(1, STR("1"), 1000);
	add_payment(2, STR("2"), 600);
	add_reversal(1);
}

static void all_reversed(void)
{
	credit_applied();
	add_reversal(2);
}

/* All that has come in went back. */
static void refunded_and_reversed(void)
{
	add_payment(1, STR("1"), 1000);
	add_payment(2, STR("2"), 600);
	add_refund(2, 600);
	add_reversal(1);
}

static struct assess_fee a_fee(void)
{
	return (struct assess_fee){ .debt_id = spec_id('D', 1),
				    .customer_id = spec_id('C', 1),
				    .amount_minor = 1,
				    .currency = STR("EUR"),
				    .basis = STR("contract"),
				    .reason = STR("r") };
}

static void charged(void)
{
	struct assess_fee body = a_fee();

	store_add(&spec, &assess_fee_type, &body);
}

static void paid_and_charged(void)
{
	one_paid();
	charged();
}

static void (*const histories[])(void) = { nothing_paid, one_paid, paid_and_reversed, one_of_two_reversed,  credit_applied,
					   all_reversed, charged,  paid_and_charged,  refunded_and_reversed };

/* ---- then ---- */

/* Asks the rule and throws its answer away. */
static bool is_taken(const struct message_type *type, const void *body)
{
	struct decision decision;
	bool fits;

	spec.count = 0;
	store_add(&spec, type, body);
	arena_reset(&spec.arena);
	fits = workset_init(&spec.set, &spec.arena, 100);
	assert_true(fits);
	store_must(&spec, db_begin(spec.db, &spec.err));
	store_load_all(&spec);
	decision_init(&decision, &spec.arena, &spec.commands[0]);
	store_rule(&spec, type)->decide(&spec.commands[0], &spec.set, &decision);
	db_rollback(spec.db);
	spec.count = 0;
	if (decision.kind == DECISION_REFUSED && type == &refund_payment_type)
		assert_true(decision.refusal == REFUSAL_BAD_TRANSITION || decision.refusal == REFUSAL_BAD_AMOUNT);
	else if (decision.kind == DECISION_REFUSED && decision.refusal != REFUSAL_HELD) /* what was refunded */
		assert_int_equal(decision.refusal, REFUSAL_BAD_TRANSITION);
	return decision.kind == DECISION_EVENTS;
}

static void add_if(char *list, size_t list_size, bool is_in, const char *name)
{
	size_t size = strlen(list);

	if (is_in)
		snprintf(list + size, list_size - size, "%s%s", size > 0 ? "," : "", name);
}

#define LIST_SIZE 256

/* Of which a plan is proposed; something, where nothing is owed. */
static int64_t owed_minor(void)
{
	int64_t owed = store_number(&spec, "test_owed", "SELECT total_minor FROM debts.api_debt");

	return owed > 0 ? owed : 10;
}

/* As the rules say. */
static void list_taken(char list[LIST_SIZE])
{
	struct record_payment payment = a_payment(9, STR("9"), 10);
	struct amend_debt amendment = { .debt_id = spec_id('D', 1),
					.customer_id = spec_id('C', 1),
					.has_external_ref = true,
					.external_ref = STR("B"),
					.reason = STR("r") };
	struct cancel_debt cancellation = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("fraud") };
	struct assess_fee fee = a_fee();
	struct assess_cost cost = { .debt_id = spec_id('D', 1),
				    .customer_id = spec_id('C', 1),
				    .amount_minor = 1,
				    .currency = STR("EUR"),
				    .basis = STR("court"),
				    .reason = STR("r") };
	struct waive_amount waiver = { .debt_id = spec_id('D', 1),
				       .customer_id = spec_id('C', 1),
				       .component = STR("principal"),
				       .amount_minor = 1,
				       .currency = STR("EUR"),
				       .reason = STR("r") };
	struct adjust_balance adjustment = { .debt_id = spec_id('D', 1),
					     .customer_id = spec_id('C', 1),
					     .component = STR("principal"),
					     .direction = STR("up"),
					     .amount_minor = 1,
					     .currency = STR("EUR"),
					     .reason = STR("r") };
	struct make_promise promise = { .promise_id = spec_id('M', 1),
					.customer_id = spec_id('C', 1),
					.debt_id = spec_id('D', 1),
					.amount_minor = 1,
					.currency = STR("EUR"),
					.due_on = STORE_TODAY };
	struct place_hold hold = { .hold_id = spec_id('H', 1),
				   .customer_id = spec_id('C', 1),
				   .debt_id = spec_id('D', 1),
				   .kind = STR("bankruptcy"),
				   .evidence_ref = STR("E") };

	struct raise_dispute dispute = {
		.dispute_id = spec_id('S', 1), .customer_id = spec_id('C', 1), .debt_id = spec_id('D', 1), .grounds = STR("paid")
	};

	struct offer_settlement settlement = { .settlement_id = spec_id('Z', 1),
					       .customer_id = spec_id('C', 1),
					       .debt_id = spec_id('D', 1),
					       .has_share_bp = true,
					       .share_bp = 8000,
					       .expires_on = STORE_TODAY,
					       .pay_by = STORE_TODAY };

	struct propose_plan plan = { .plan_id = spec_id('L', 1),
				     .customer_id = spec_id('C', 1),
				     .debt_id = spec_id('D', 1),
				     .total_minor = owed_minor(),
				     .currency = STR("EUR"),
				     .instalments = 2,
				     .frequency = STR("weekly"),
				     .first_due_on = STORE_TODAY };

	struct charge_off charge_off = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("r") };
	struct undo_charge_off undoing = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("r") };
	struct write_off write_off = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("r") };
	struct transfer_debt transfer = { .debt_id = spec_id('D', 1),
					  .customer_id = spec_id('C', 1),
					  .kind = STR("sold"),
					  .transferee = STR("t"),
					  .reason = STR("r") };
	struct recall_debt recall = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("r") };

	list[0] = '\0';
	add_if(list, LIST_SIZE, is_taken(&record_payment_type, &payment), "recordPayment");
	add_if(list, LIST_SIZE, is_taken(&amend_debt_type, &amendment), "amendDebt");
	add_if(list, LIST_SIZE, is_taken(&cancel_debt_type, &cancellation), "cancelDebt");
	add_if(list, LIST_SIZE, is_taken(&make_promise_type, &promise), "makePromise");
	add_if(list, LIST_SIZE, is_taken(&place_hold_type, &hold), "placeHold");
	add_if(list, LIST_SIZE, is_taken(&raise_dispute_type, &dispute), "raiseDispute");
	add_if(list, LIST_SIZE, is_taken(&assess_fee_type, &fee), "assessFee");
	add_if(list, LIST_SIZE, is_taken(&assess_cost_type, &cost), "assessCost");
	add_if(list, LIST_SIZE, is_taken(&waive_amount_type, &waiver), "waiveAmount");
	add_if(list, LIST_SIZE, is_taken(&adjust_balance_type, &adjustment), "adjustBalance");
	add_if(list, LIST_SIZE, is_taken(&propose_plan_type, &plan), "proposePlan");
	add_if(list, LIST_SIZE, is_taken(&offer_settlement_type, &settlement), "offerSettlement");
	add_if(list, LIST_SIZE, is_taken(&charge_off_type, &charge_off), "chargeOff");
	add_if(list, LIST_SIZE, is_taken(&undo_charge_off_type, &undoing), "undoChargeOff");
	add_if(list, LIST_SIZE, is_taken(&write_off_type, &write_off), "writeOff");
	add_if(list, LIST_SIZE, is_taken(&transfer_debt_type, &transfer), "transferDebt");
	add_if(list, LIST_SIZE, is_taken(&recall_debt_type, &recall), "recallDebt");
}

static void then_text(const char *name, const char *sql, const char *wanted)
{
	struct db_result result = { 0 };
	struct str text;

	store_must(&spec, db_run(spec.admin, store_statement(name, sql), NULL, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	text = db_str(&result, 0, 0);
	if (!str_is(text, wanted))
		fail_msg("%.*s instead of %s", (int)text.size, text.data, wanted);
	db_result_release(&result);
}

static void move_to_next_lifecycle(void)
{
	store_sql(&spec, "test_next", "UPDATE debts.debt SET lifecycle = lifecycle + 1");
	/* Nothing was booked since it was charged off. */
	store_sql(&spec, "test_charged_off",
		  "UPDATE debts.debt SET charged_off_on = current_date, charged_off_entries = entries, charged_off_from = 2 "
		  "WHERE debts.lifecycle_name(lifecycle) = 'CHARGED_OFF'");
}

static void check_lifecycles(void)
{
	char list[LIST_SIZE];

	store_sql(&spec, "test_first", "UPDATE debts.debt SET lifecycle = 1");
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		list_taken(list);
		then_text("test_name", "SELECT debts.lifecycle_name(lifecycle) FROM debts.debt", lifecycle_name(lifecycle));
		then_text("test_actions", "SELECT array_to_string(debts.allowed_actions(d), ',') FROM debts.debt d", list);
		move_to_next_lifecycle();
	}
}

static void test_debts_actions__what_is_shown_is_what_the_rules_take(void **state)
{
	for (size_t index = 0; index < COUNT(histories); index++) {
		if (index > 0) {
			teardown(state);
			setup(state);
		}
		add_debt();
		histories[index]();
		store_run(&spec);
		check_lifecycles();
	}
}

static void test_debts_actions__a_payment_is_reversed_once_while_its_debt_is_in_the_books(void **state)
{
	struct reverse_payment standing = a_reversal(2);
	struct reverse_payment reversed = a_reversal(1);

	(void)state;
	add_debt();
	one_of_two_reversed();
	store_run(&spec);
	store_sql(&spec, "test_first", "UPDATE debts.debt SET lifecycle = 1");
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		bool is_standing_taken = is_taken(&reverse_payment_type, &standing);

		assert_int_equal(is_standing_taken, !lifecycle_is_terminal(lifecycle));
		assert_false(is_taken(&reverse_payment_type, &reversed));
		then_text("test_payments",
			  "SELECT string_agg(array_to_string(actions, ','), '|' ORDER BY payment_id) FROM debts.api_payment",
			  is_standing_taken ? "|reversePayment" : "|");
		move_to_next_lifecycle();
	}
}

/* One that was not more than owed, one of which something was refunded, one that was reversed, one that was refunded as a whole. */
static void test_debts_actions__of_a_payment_is_refunded_what_is_left_of_its_credit(void **state)
{
	char list[LIST_SIZE];

	(void)state;
	add_debt();
	add_payment(1, STR("1"), 1000);
	add_payment(2, STR("2"), 300);
	add_payment(3, STR("3"), 50);
	add_payment(4, STR("4"), 20);
	add_refund(2, 100);
	add_reversal(3);
	add_refund(4, 20);
	store_run(&spec);
	store_sql(&spec, "test_first", "UPDATE debts.debt SET lifecycle = 1");
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		list[0] = '\0';
		for (unsigned number = 1; number <= 4; number++) {
			struct reverse_payment reversal = a_reversal(number);
			struct refund_payment refund = a_refund(number, 1);
			size_t size = strlen(list);

			snprintf(list + size, LIST_SIZE - size, "%s%s%s", number > 1 ? "|" : "",
				 is_taken(&reverse_payment_type, &reversal) ? "reversePayment" : "",
				 is_taken(&refund_payment_type, &refund) ? "refundPayment" : "");
		}
		if (lifecycle == LIFECYCLE_PAID)
			assert_string_equal(list, "reversePayment|refundPayment||");
		then_text("test_payments",
			  "SELECT string_agg(array_to_string(actions, ','), '|' ORDER BY payment_id) FROM debts.api_payment",
			  list);
		move_to_next_lifecycle();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_debts_actions__what_is_shown_is_what_the_rules_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_debts_actions__a_payment_is_reversed_once_while_its_debt_is_in_the_books,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_debts_actions__of_a_payment_is_refunded_what_is_left_of_its_credit, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("debts actions", tests, setup_group, NULL);
}
