/* `dcs verify` over a database that the modules have filled: silent where nothing is wrong, and finding what was tampered with.
 */
#include <ctype.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../old_seal.h"
#include "base/array.h"
#include "crypto/signature.h"
#include "producers/cli/fold.h"
#include "tests/io/verify_world.h"

static struct verify_world world;
static struct findings findings;

static uint8_t programs_key[32];

static int open_world(void **state)
{
	(void)state;
	store_key_file(programs_key);
	world_open(&world);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	store_key_file_remove();
	return 0;
}

static void exec(const char *sql)
{
	const struct db_statement statement = { "", sql };

	store_must(&world.spec, db_run(world.spec.admin, &statement, NULL, NULL, &world.spec.err));
}

static void create_customer(unsigned number)
{
	char reference[16];
	struct create_customer body = { .customer_id = spec_id('C', number),
					.kind = STR("natural"),
					.full_name = STR("Erika Mustermann"),
					.has_birth_date = number == 12,
					.birth_date = 365,
					.locale = STR("de-DE"),
					.country = STR("DE") };

	snprintf(reference, sizeof(reference), "C-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, CUSTOMERS, &create_customer_type, &body);
}

static struct grant_consent consent(struct uuid consent_id, unsigned customer)
{
	return (struct grant_consent){ .consent_id = consent_id,
				       .customer_id = spec_id('C', customer),
				       .channel = STR("email"),
				       .purpose = STR("collect"),
				       .basis = STR("express"),
				       .evidence_ref = STR("form 7"),
				       .obtained_at = world.now_ms };
}

static void withdraw(unsigned customer, int64_t offset)
{
	struct withdraw_consent body = { .customer_id = spec_id('C', customer),
					 .via = STR("reply"),
					 .withdrawn_at = world.now_ms };

	world_do_as(&world, COMMUNICATIONS, &withdraw_consent_type, &body, (struct how){ .offset = offset });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

static void write_in(unsigned customer)
{
	struct record_inbound known = { .inbound_id = spec_id('I', 1),
					.customer_id = spec_id('C', customer),
					.channel = STR("sms"),
					.text = STR("Help"),
					.provider = STR("kannel"),
					.received_at = world.now_ms };
	struct record_unknown_inbound unknown = { .inbound_id = spec_id('I', 2),
						  .channel = STR("sms"),
						  .sender = STR("+4930999999"),
						  .text = STR("Wer?"),
						  .provider = STR("kannel"),
						  .received_at = world.now_ms };

	world_do(&world, COMMUNICATIONS, &record_inbound_type, &known);
	world_do(&world, COMMUNICATIONS, &record_unknown_inbound_type, &unknown);
}

/* ---- nothing to look at ---- */

static void test_verify__that_looked_at_nothing_says_so(void **state)
{
	(void)state;
	world_verify(&findings);
	assert_int_equal(findings.status, 1);
	assert_int_equal(findings.count, 0);
	assert_non_null(strstr(findings.total, "not everything could be looked at"));
}

static void test_verify__without_permission_says_so(void **state)
{
	static const char *const all[] = { "--only", "P1,P2,P4,P5,P7", "--pg-user", "dcs_test_nobody", NULL };
	static const char *const ledger[] = { "--only", "P5", "--pg-user", "dcs_test_nobody", NULL };

	(void)state;
	exec("CREATE ROLE dcs_test_nobody LOGIN");
	world_verify_with(&findings, all);
	assert_int_equal(findings.status, 1);
	assert_non_null(strstr(findings.total, "not everything could be looked at"));
	world_verify_with(&findings, ledger);
	assert_int_equal(findings.status, 1);
	assert_non_null(strstr(findings.total, "not everything could be looked at"));
	exec("DROP ROLE dcs_test_nobody");
}

/* ---- false alarms ---- */

static void test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited(void **state)
{
	struct grant_consent grant = consent(spec_id('G', 1), 1);
	int64_t waiting = world.modules[COMMUNICATIONS].heads[1].next_offset + 1;

	(void)state;
	create_customer(1);
	withdraw(1, waiting + 1); /* the consent was set aside */
	world_do_as(&world, COMMUNICATIONS, &grant_consent_type, &grant, (struct how){ .offset = waiting, .waited_ms = 60000 });
	world_verify(&findings);
	then_silent(&findings);
}

static void test_verify__is_silent_about_a_consent_with_the_id_of_its_customer(void **state)
{
	struct grant_consent grant = consent(spec_id('C', 2), 2);

	(void)state;
	create_customer(2);
	world_do(&world, COMMUNICATIONS, &grant_consent_type, &grant);
	withdraw(2, 0);
	withdraw(2, 0);
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- what was tampered with ---- */

static struct uuid create_debt(unsigned number, unsigned customer)
{
	char *reference = arena_take_bytes(&world.spec.life, 16);
	struct create_debt body = { .debt_id = spec_id('D', number),
				    .customer_id = spec_id('C', customer),
				    .creditor_id = spec_id('R', 1),
				    .has_original_creditor_id = true,
				    .original_creditor_id = spec_id('R', 2),
				    .has_portfolio_id = true,
				    .portfolio_id = spec_id('F', 1),
				    .currency = STR("EUR"),
				    .principal_minor = 100000,
				    .interest_minor = 5000,
				    .opened_on = STORE_TODAY - 100,
				    .due_on = STORE_TODAY - 50 };

	snprintf(reference, 16, "D-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, DEBTS, &create_debt_type, &body);
	return body.debt_id;
}

static void pay_on(unsigned number, unsigned customer, struct uuid debt_id, int64_t amount_minor, int32_t received_on)
{
	char *reference = arena_take_bytes(&world.spec.life, 16);
	struct record_payment body = { .payment_id = spec_id('Y', number),
				       .customer_id = spec_id('C', customer),
				       .debt_id = debt_id,
				       .source = STR("bank-1"),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .received_on = received_on,
				       .method = STR("transfer") };

	snprintf(reference, 16, "Y-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, DEBTS, &record_payment_type, &body);
}

static void pay(unsigned number, unsigned customer, struct uuid debt_id, int64_t amount_minor)
{
	pay_on(number, customer, debt_id, amount_minor, STORE_TODAY - 2);
}

static void reverse(unsigned number, unsigned customer)
{
	struct reverse_payment body = { .payment_id = spec_id('Y', number),
					.customer_id = spec_id('C', customer),
					.reason = STR("nsf") };

	world_do(&world, DEBTS, &reverse_payment_type, &body);
}

static void promise(unsigned number, int64_t amount_minor)
{
	struct make_promise body = { .promise_id = spec_id('X', number),
				     .customer_id = spec_id('C', 10),
				     .debt_id = spec_id('D', 12),
				     .amount_minor = amount_minor,
				     .currency = STR("EUR"),
				     .due_on = STORE_TODAY + 3,
				     .has_channel = number == 2,
				     .channel = STR("voice") };

	world_do(&world, DEBTS, &make_promise_type, &body);
}

/* A fee, of which a part is waived, and what the creditor has stated wrongly. */
static void charge(unsigned debt, unsigned customer)
{
	const struct assess_fee fee = { .debt_id = spec_id('D', debt),
					.customer_id = spec_id('C', customer),
					.amount_minor = 700,
					.currency = STR("EUR"),
					.basis = STR("contract"),
					.reason = STR("returned debit") };
	const struct waive_amount waiver = { .debt_id = spec_id('D', debt),
					     .customer_id = spec_id('C', customer),
					     .component = STR("fee"),
					     .amount_minor = 200,
					     .currency = STR("EUR"),
					     .reason = STR("goodwill") };
	const struct adjust_balance adjustment = { .debt_id = spec_id('D', debt),
						   .customer_id = spec_id('C', customer),
						   .component = STR("principal"),
						   .direction = STR("down"),
						   .amount_minor = 100,
						   .currency = STR("EUR"),
						   .reason = STR("credit note") };

	world_do(&world, DEBTS, &assess_fee_type, &fee);
	world_do(&world, DEBTS, &waive_amount_type, &waiver);
	world_do(&world, DEBTS, &adjust_balance_type, &adjustment);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* Two debts alike, paid in part; one paid too much, whose credit then pays a reversed payment; one amended and cancelled. */
/* Two versions, the second without what may be left out. */
static void tell_creditors(void)
{
	struct describe_creditor creditor = { .creditor_id = spec_id('R', 1),
					      .name = STR("Example Bank"),
					      .has_legal_address = true,
					      .legal_address = STR("London"),
					      .is_original = true,
					      .regulated_class = STR("first_party"),
					      .has_licence_refs = true,
					      .licence_refs = STR("FRN 1") };

	world_do(&world, DEBTS, &describe_creditor_type, &creditor);
	creditor.has_legal_address = creditor.has_licence_refs = false;
	world_do(&world, DEBTS, &describe_creditor_type, &creditor);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* A policy, a portfolio that names it, and a payment on a debt that is created in it. */
static void tell_debt_policies(void)
{
	const struct approval approval = { .actor = STR("another") };
	struct publish_debt_policy policy = { .policy_id = spec_id('Y', 9),
					      .kind = STR("allocation"),
					      .title = STR("Principal first"),
					      .has_allocation_order = true,
					      .allocation_order = STR("principal_first") };
	struct describe_portfolio portfolio = { .portfolio_id = spec_id('F', 9),
						.creditor_id = spec_id('R', 9),
						.name = STR("Cards"),
						.product_kind = STR("consumer_credit"),
						.has_jurisdiction = true,
						.jurisdiction = STR("GB"),
						.has_allocation_policy_id = true,
						.allocation_policy_id = spec_id('Y', 9) };
	struct create_debt debt = { .debt_id = spec_id('D', 19),
				    .customer_id = spec_id('C', 10),
				    .creditor_id = spec_id('R', 9),
				    .has_portfolio_id = true,
				    .portfolio_id = spec_id('F', 9),
				    .external_ref = STR("D-19"),
				    .currency = STR("EUR"),
				    .principal_minor = 1000,
				    .interest_minor = 100,
				    .opened_on = STORE_TODAY - 20,
				    .due_on = STORE_TODAY - 10 };

	world_do_as(&world, DEBTS, &publish_debt_policy_type, &policy, (struct how){ .approval = &approval });
	world_do(&world, DEBTS, &describe_portfolio_type, &portfolio);
	world_do(&world, DEBTS, &create_debt_type, &debt);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	pay(19, 10, spec_id('D', 19), 300);
	assert_int_equal(((const struct payment_recorded *)world.decision.events[0].body)->principal_minor, 300);
}

static void hold(unsigned number, struct str kind, int32_t first, int32_t until)
{
	struct place_hold body = { .hold_id = spec_id('H', number),
				   .customer_id = spec_id('C', 10),
				   .debt_id = spec_id('D', 12),
				   .kind = kind,
				   .has_from_on = true,
				   .from_on = STORE_TODAY + first,
				   .has_until_on = true,
				   .until_on = STORE_TODAY + until,
				   .evidence_ref = STR("E") };

	world_do(&world, DEBTS, &place_hold_type, &body);
}

static void tell_holds(void)
{
	struct release_hold release = { .hold_id = spec_id('H', 4), .customer_id = spec_id('C', 10), .reason = STR("r") };

	hold(1, STR("breathing_space"), 1, 20);
	hold(2, STR("breathing_space"), 0, 10);
	hold(3, STR("time_barred"), 0, 5);
	hold(4, STR("vulnerable"), 0, 5);
	world_do(&world, DEBTS, &release_hold_type, &release);
}

/* One that was rejected, one that repeats it. */
static void tell_disputes(void)
{
	const struct str refs[] = { STR("E-1") };
	struct raise_dispute dispute = { .dispute_id = spec_id('S', 1),
					 .customer_id = spec_id('C', 10),
					 .debt_id = spec_id('D', 12),
					 .grounds = STR("wrong_amount"),
					 .has_portion_minor = true,
					 .portion_minor = 100,
					 .has_currency = true,
					 .currency = STR("EUR"),
					 .in_writing = true,
					 .evidence_refs = refs,
					 .evidence_refs_count = 1 };
	struct add_dispute_evidence evidence = { .dispute_id = spec_id('S', 1),
						 .customer_id = spec_id('C', 10),
						 .evidence_ref = STR("E-2") };
	struct resolve_dispute resolution = { .dispute_id = spec_id('S', 1),
					      .customer_id = spec_id('C', 10),
					      .outcome = STR("rejected"),
					      .verification_ref = STR("V-1"),
					      .sent_on = STORE_TODAY };

	world_do(&world, DEBTS, &raise_dispute_type, &dispute);
	world_do(&world, DEBTS, &add_dispute_evidence_type, &evidence);
	world_do(&world, DEBTS, &resolve_dispute_type, &resolution);
	dispute.dispute_id = spec_id('S', 2);
	dispute.evidence_refs_count = 0;
	world_do(&world, DEBTS, &raise_dispute_type, &dispute);
	assert_int_equal(world.decision.events_count, 1);
}

/* With a down payment that is paid, a second person, and what is paid of its first instalment. */
static void tell_plan(void)
{
	const struct approval approval = { .actor = STR("another") };
	struct propose_plan plan = { .plan_id = spec_id('L', 1),
				     .customer_id = spec_id('C', 10),
				     .debt_id = create_debt(15, 10),
				     .total_minor = 105000,
				     .currency = STR("EUR"),
				     .instalments = 40,
				     .frequency = STR("monthly"),
				     .first_due_on = STORE_TODAY + 14,
				     .has_down_payment_minor = true,
				     .down_payment_minor = 5000,
				     .has_down_payment_on = true,
				     .down_payment_on = STORE_TODAY + 3 };
	struct accept_plan acceptance = { .plan_id = spec_id('L', 1), .customer_id = spec_id('C', 10) };

	world_do_as(&world, DEBTS, &propose_plan_type, &plan, (struct how){ .approval = &approval });
	world_do(&world, DEBTS, &accept_plan_type, &acceptance);
	pay(15, 10, spec_id('D', 15), 5100);
	assert_int_equal(world.decision.events_count, 2);
}

/* One charged off and paid in part; one charged off by mistake. */
static void tell_charge_offs(void)
{
	struct charge_off charge_off = { .debt_id = create_debt(21, 10),
					 .customer_id = spec_id('C', 10),
					 .reason = STR("180 days") };
	struct undo_charge_off undoing = { .debt_id = create_debt(22, 10),
					   .customer_id = spec_id('C', 10),
					   .reason = STR("mistake") };

	world_do(&world, DEBTS, &charge_off_type, &charge_off);
	pay(21, 10, charge_off.debt_id, 300);
	charge_off.debt_id = undoing.debt_id;
	world_do(&world, DEBTS, &charge_off_type, &charge_off);
	world_do(&world, DEBTS, &undo_charge_off_type, &undoing);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* Written off, sold, and recalled when it was paid. */
static void tell_of_debts_that_left(void)
{
	const struct approval approval = { .actor = STR("another") };
	const struct write_off write_off = { .debt_id = create_debt(24, 10),
					     .customer_id = spec_id('C', 10),
					     .reason = STR("r") };
	const struct transfer_debt transfer = { .debt_id = create_debt(25, 10),
						.customer_id = spec_id('C', 10),
						.kind = STR("sold"),
						.transferee = STR("Example Ltd"),
						.reason = STR("r") };
	const struct recall_debt recall = { .debt_id = create_debt(26, 10), .customer_id = spec_id('C', 10), .reason = STR("r") };

	world_do_as(&world, DEBTS, &write_off_type, &write_off, (struct how){ .approval = &approval });
	world_do(&world, DEBTS, &transfer_debt_type, &transfer);
	pay(26, 10, recall.debt_id, 105000);
	world_do(&world, DEBTS, &recall_debt_type, &recall);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* In two parts. */
static void tell_refunds(void)
{
	struct refund_payment refund = { .payment_id = spec_id('Y', 27),
					 .customer_id = spec_id('C', 10),
					 .amount_minor = 20,
					 .currency = STR("EUR"),
					 .reason = STR("overpaid") };

	pay(27, 10, create_debt(27, 10), 105300);
	world_do(&world, DEBTS, &refund_payment_type, &refund);
	refund.amount_minor = 200;
	world_do(&world, DEBTS, &refund_payment_type, &refund);
	assert_int_equal(world.decision.events_count, 1);
}

static void offer(unsigned number, bool is_accepted)
{
	const struct approval approval = { .actor = STR("another") };
	struct offer_settlement body = { .settlement_id = spec_id('Z', number),
					 .customer_id = spec_id('C', 10),
					 .debt_id = create_debt(40 + number, 10),
					 .has_expected_version = true,
					 .expected_version = 1,
					 .has_share_bp = true,
					 .share_bp = 4000,
					 .expires_on = STORE_TODAY + 7,
					 .pay_by = STORE_TODAY + 14,
					 .has_reason = true,
					 .reason = STR("can pay at once") };
	struct accept_settlement acceptance = { .settlement_id = body.settlement_id, .customer_id = body.customer_id };

	world_do_as(&world, DEBTS, &offer_settlement_type, &body, (struct how){ .approval = &approval });
	if (is_accepted)
		world_do(&world, DEBTS, &accept_settlement_type, &acceptance);
}

/* One that is fulfilled; one that is accepted, and paid in part; one that is only offered. */
static void tell_settlements(void)
{
	offer(1, true);
	pay_on(41, 10, spec_id('D', 41), 42000, STORE_TODAY);
	assert_int_equal(world.decision.events_count, 3);
	offer(2, true);
	pay_on(42, 10, spec_id('D', 42), 100, STORE_TODAY);
	offer(3, false);
}

static void tell_debts(void)
{
	struct amend_debt amend = { .debt_id = spec_id('D', 14),
				    .customer_id = spec_id('C', 11),
				    .has_due_on = true,
				    .due_on = STORE_TODAY + 30,
				    .has_external_ref = true,
				    .external_ref = STR("D-NEW"),
				    .reason = STR("asked for") };
	struct cancel_debt cancel = { .debt_id = spec_id('D', 14),
				      .customer_id = spec_id('C', 11),
				      .reason = STR("not_the_debtor") };

	pay(11, 10, create_debt(11, 10), 40000);
	pay(12, 10, create_debt(12, 10), 40000);
	promise(1, 1000);
	promise(2, 2000);
	tell_holds();
	pay(13, 11, create_debt(13, 11), 60000);
	pay(14, 11, spec_id('D', 13), 80000);
	reverse(13, 11);
	create_debt(14, 11);
	charge(14, 11);
	world_do(&world, DEBTS, &amend_debt_type, &amend);
	world_do(&world, DEBTS, &cancel_debt_type, &cancel);
	tell_creditors();
	tell_debt_policies();
	tell_plan();
	tell_charge_offs();
	tell_of_debts_that_left();
	tell_disputes();
	tell_settlements();
	tell_refunds();
}

static void add_point_of_id(struct uuid id, unsigned number, unsigned customer)
{
	struct add_contact_point body = { .contact_point_id = id,
					  .customer_id = spec_id('C', customer),
					  .channel = STR("email"),
					  .place = STR("home"),
					  .source = STR("consumer") };
	char *address = arena_take_bytes(&world.spec.life, 32);

	snprintf(address, 32, "Erika.%u@example.org", number);
	body.address = str_of(address);
	world_do(&world, CUSTOMERS, &add_contact_point_type, &body);
}

static void add_point(unsigned number, unsigned customer)
{
	add_point_of_id(spec_id('P', number), number, customer);
}

/* He may as a creditor of one portfolio only, and makes somebody known. */
static void create_known(unsigned number)
{
	static struct scope scope;
	char reference[16];
	struct create_customer body = { .customer_id = spec_id('C', number),
					.kind = STR("natural"),
					.full_name = STR("Max Bekannt"),
					.locale = STR("de-DE"),
					.country = STR("DE") };

	scope = scope_none;
	assert_true(scope_add_creditor(&scope, STR("019a0000-0000-7000-8000-005200000001")));
	assert_true(scope_add_portfolio(&scope, STR("019a0000-0000-7000-8000-004600000001")));
	snprintf(reference, sizeof(reference), "C-%u", number);
	body.external_ref = str_of(reference);
	world_do_as(&world, CUSTOMERS, &create_customer_type, &body, (struct how){ .roles = ROLE_CREDITOR, .scope = &scope });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* One whose point was verified and then bounced, one who moved, one who was erased. */
static void tell_customers(void)
{
	struct verify_contact_point verify = { .contact_point_id = spec_id('P', 2), .customer_id = spec_id('C', 10) };
	struct invalidate_contact_point invalidate = { .contact_point_id = spec_id('P', 2),
						       .customer_id = spec_id('C', 10),
						       .reason = STR("bounced") };
	struct update_customer update = { .customer_id = spec_id('C', 11),
					  .has_full_name = true,
					  .full_name = STR("Erika Neumann"),
					  .has_region = true,
					  .region = STR("BE"),
					  .has_timezone = true,
					  .timezone = STR("Europe/Berlin") };
	struct update_customer move = { .customer_id = spec_id('C', 12), .has_region = true, .region = STR("BY") };
	struct erase_customer erase = { .customer_id = spec_id('C', 13),
					.has_expected_version = true,
					.expected_version = 1,
					.has_basis = true,
					.basis = STR("request") };

	for (unsigned number = 10; number <= 13; number++)
		create_customer(number);
	create_known(15);
	add_point(1, 10);
	add_point(2, 10);
	add_point(3, 11);
	add_point(4, 13);
	add_point_of_id(spec_id('C', 12), 5, 12);                      /* an id that its customer has is nobody else's either */
	exec("CREATE TABLE old_customer AS TABLE customers.customer"); /* what somebody has kept a copy of */
	exec("CREATE TABLE old_point AS TABLE customers.contact_point");
	world_do(&world, CUSTOMERS, &verify_contact_point_type, &verify);
	world_do(&world, CUSTOMERS, &invalidate_contact_point_type, &invalidate);
	world_do(&world, CUSTOMERS, &update_customer_type, &update);
	world_do(&world, CUSTOMERS, &update_customer_type, &move);
	world_do(&world, CUSTOMERS, &erase_customer_type, &erase);
}

static void send(unsigned number, unsigned customer)
{
	static struct uuid debt_ids[2];
	struct send_communication body = { .communication_id = spec_id('M', number),
					   .customer_id = spec_id('C', customer),
					   .debt_ids = debt_ids,
					   .debt_ids_count = customer == 10 ? 2 : 0,
					   .channel = STR("email"),
					   .template_name = STR("welcome"),
					   .language = STR("de"),
					   .message_class = STR("account_service"),
					   .send_by = (STORE_TODAY + 1) * DAY_MS };

	debt_ids[0] = spec_id('D', 11);
	debt_ids[1] = spec_id('D', 12);
	world_do(&world, COMMUNICATIONS, &send_communication_type, &body);
}

/* Before its time. */
static void send_early(unsigned number, unsigned customer)
{
	static const struct template_parameter parameters[] = { { { "plan", 4 }, { "Plan A", 6 } } };
	struct send_communication body = { .communication_id = spec_id('M', number),
					   .customer_id = spec_id('C', customer),
					   .channel = STR("email"),
					   .template_name = STR("welcome"),
					   .language = STR("de"),
					   .message_class = STR("account_service"),
					   .parameters = parameters,
					   .parameters_count = 1,
					   .send_by = (STORE_TODAY + 1) * DAY_MS,
					   .has_not_before = true,
					   .not_before = STORE_TODAY * DAY_MS + DAY_MS / 2 };

	world_do(&world, COMMUNICATIONS, &send_communication_type, &body);
}

/* The time of a message that waits has come, or its Tick was late. */
static void comes(unsigned number, unsigned customer)
{
	const struct timer timer = { .kind = &release_timer, .subject = spec_id('M', number) };

	world_do_as(&world, COMMUNICATIONS, &timer_type, &timer, (struct how){ .key = spec_id('C', customer) });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* Two that wait, each about a debt: the second goes with the first. */
static void send_mergeable(void)
{
	static struct uuid ids[2];
	struct send_communication body = { .customer_id = spec_id('C', 10),
					   .debt_ids_count = 1,
					   .channel = STR("email"),
					   .template_name = STR("welcome"),
					   .language = STR("de"),
					   .message_class = STR("account_service"),
					   .send_by = (STORE_TODAY + 1) * DAY_MS,
					   .has_not_before = true,
					   .not_before = world.now_ms + 3000, /* each command is a second */
					   .has_mergeable = true,
					   .mergeable = true };

	for (unsigned number = 0; number < 2; number++) {
		ids[number] = spec_id('D', 11 + number);
		body.communication_id = spec_id('M', 8 + number);
		body.debt_ids = &ids[number];
		world_do(&world, COMMUNICATIONS, &send_communication_type, &body);
	}
}

/* The notifier has claimed message 1 and sent it; its report is a command. */
static void dispatch(void)
{
	struct record_dispatch body = { .communication_id = spec_id('M', 1),
					.customer_id = spec_id('C', 10),
					.attempt = 1,
					.outcome = STR("accepted"),
					.provider = STR("smtp"),
					.has_provider_ref = true,
					.provider_ref = STR("ref 1"),
					.occurred_at = world.now_ms };
	struct record_delivery delivery = { .communication_id = spec_id('M', 1),
					    .customer_id = spec_id('C', 10),
					    .provider = STR("smtp"),
					    .status = STR("delivered"),
					    .occurred_at = world.now_ms };

	exec("UPDATE communications.outbox SET state = 'claimed', claims = 1 WHERE communication_id = "
	     "'019a0000-0000-7000-8000-004d00000001'");
	exec("INSERT INTO notifier.dispatch SELECT communication_id, customer_id, channel, send_by, 'done', 1, now() "
	     "FROM communications.outbox WHERE claims = 1");
	exec("INSERT INTO notifier.attempt SELECT communication_id, 1, customer_id, 1, 'smtp', now(), 'accepted', 'ref 1', NULL, "
	     "now(), true FROM communications.outbox WHERE claims = 1");
	world_do_as(&world, COMMUNICATIONS, &record_dispatch_type, &body,
		    (struct how){ .id = uuid_derive(&body.communication_id, "dispatch", 1) });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	world_do(&world, COMMUNICATIONS, &record_delivery_type, &delivery);
}

static void tell_facts(void)
{
	struct blocked_time time = { STR("mon"), 540, 1020 };
	static struct uuid debts[1];
	struct record_contact contact = { .contact_id = spec_id('K', 1),
					  .customer_id = spec_id('C', 10),
					  .debt_ids = debts,
					  .debt_ids_count = 1,
					  .channel = STR("voice"),
					  .direction = STR("outbound"),
					  .party = STR("consumer"),
					  .outcome = STR("voicemail"),
					  .at = 1000 };
	struct record_circumstance circumstance = { .circumstance_id = spec_id('A', 1),
						    .customer_id = spec_id('C', 10),
						    .kind = STR("attorney"),
						    .from_on = 1000,
						    .evidence_ref = STR("letter-1") };
	struct end_circumstance end = { .circumstance_id = spec_id('A', 1),
					.customer_id = spec_id('C', 10),
					.evidence_ref = STR("letter-2") };
	struct record_circumstance restart = { .circumstance_id = spec_id('A', 3),
					       .customer_id = spec_id('C', 11),
					       .kind = STR("limitation_restarted"),
					       .has_debt_id = true,
					       .debt_id = spec_id('D', 1),
					       .from_on = 1000,
					       .evidence_ref = STR("letter-3"),
					       .has_payment_id = true,
					       .payment_id = spec_id('P', 1) };
	struct set_preference preference = { .preference_id = spec_id('W', 1),
					     .customer_id = spec_id('C', 10),
					     .blocked_times = &time,
					     .blocked_times_count = 1 };

	debts[0] = spec_id('D', 1);
	world_do(&world, COMMUNICATIONS, &record_contact_type, &contact);
	world_do(&world, COMMUNICATIONS, &record_circumstance_type, &circumstance);
	circumstance.circumstance_id = spec_id('A', 2);
	circumstance.has_until_on = true;
	circumstance.until_on = 2000;
	world_do(&world, COMMUNICATIONS, &record_circumstance_type, &circumstance);
	world_do(&world, COMMUNICATIONS, &end_circumstance_type, &end);
	world_do(&world, COMMUNICATIONS, &record_circumstance_type, &restart);
	world_do(&world, COMMUNICATIONS, &set_preference_type, &preference);
}

/* A version of a built-in profile, and a profile of our own. */
static void tell_profiles(void)
{
	const struct approval approval = { .actor = STR("another") };
	const struct profile_rule rules[] = { { STR("HOUSE-3"), STR("house"), STR("from=09:00 to=18:00") },
					      { STR("US-10"), STR("law"), STR("") } };
	struct publish_profile profile = { .publication_id = spec_id('P', 1),
					   .profile = STR("house"),
					   .profile_version = 2,
					   .title = STR("Our hours"),
					   .countries = STR(""),
					   .region = STR(""),
					   .collector = STR("any"),
					   .rules = rules,
					   .rules_count = COUNT(rules) };

	world_do_as(&world, COMMUNICATIONS, &publish_profile_type, &profile, (struct how){ .approval = &approval });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	profile.publication_id = spec_id('P', 2);
	profile.profile = STR("ours");
	profile.profile_version = 1;
	profile.countries = STR("US");
	profile.region = STR("MA");
	world_do_as(&world, COMMUNICATIONS, &publish_profile_type, &profile, (struct how){ .approval = &approval });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* Messages that were delivered, are under way, wait, were stopped by a withdrawal, were suppressed. */
static void tell_communications(void)
{
	struct publish_template template = { .template_id = spec_id('T', 1),
					     .name = STR("welcome"),
					     .version = 1,
					     .channel = STR("email"),
					     .language = STR("de"),
					     .message_class = STR("account_service"),
					     .subject = STR("Guten Tag"),
					     .body = STR("Liebe {{customer_name}} {{opt_out}}") };
	struct grant_consent grant;

	world_do(&world, COMMUNICATIONS, &publish_template_type, &template);
	template.version = 2;
	template.subject = STR("Hallo");
	world_do(&world, COMMUNICATIONS, &publish_template_type, &template);
	tell_profiles();
	for (unsigned number = 10; number <= 11; number++) {
		grant = consent(spec_id('G', number), number);
		world_do(&world, COMMUNICATIONS, &grant_consent_type, &grant);
	}
	send(1, 10);
	dispatch();
	send(2, 10);
	send(3, 11);
	send_early(7, 11);
	withdraw(11, 0);
	write_in(12);
	send(4, 11);
	send_early(5, 10);
	send_early(6, 10);
	comes(6, 10);
	send_mergeable();
	comes(8, 10);
	tell_facts();
}

static void tell_users(void)
{
	const struct str agent[] = { STR("agent") }, supervisor[] = { STR("supervisor"), STR("agent") };
	struct register_user user = { .user_id = spec_id('U', 1), .login = STR("erika"), .roles = agent, .roles_count = 1 };
	struct change_roles change = {
		.user_id = spec_id('U', 1), .roles = supervisor, .roles_count = 2, .reason = STR("promoted")
	};
	const struct str creditors[] = { STR("019a0000-0000-7000-8000-005200000001") }, sources[] = { STR("bank-1") };
	struct bind_user bind_to = { .user_id = spec_id('U', 1),
				     .creditors = creditors,
				     .creditors_count = 1,
				     .sources = sources,
				     .sources_count = 1,
				     .reason = STR("his") };
	struct disable_user disable = { .user_id = spec_id('U', 1), .reason = STR("left") };
	struct register_service service = { .service_id = spec_id('U', 2), .name = STR("bank-feed") };
	struct end_tokens end = { .user_id = spec_id('U', 2), .reason = STR("leaked") }; /* a service is an account, too */
	struct renew_secret renew = { .service_id = spec_id('U', 2), .ends_old = true, .reason = STR("leaked") };

	world_do(&world, USERS, &register_user_type, &user);
	world_do(&world, USERS, &change_roles_type, &change);
	world_do(&world, USERS, &bind_user_type, &bind_to);
	world_do(&world, USERS, &disable_user_type, &disable);
	world_do(&world, USERS, &register_service_type, &service);
	world_do(&world, USERS, &renew_secret_type, &renew);
	world_do(&world, USERS, &end_tokens_type, &end);
}

static void tell_reports(void)
{
	struct generate_report report = { .report_id = spec_id('W', 1),
					  .kind = STR("collections"),
					  .has_as_of = true,
					  .as_of = STORE_TODAY - 1,
					  .has_currency = true,
					  .currency = STR("EUR") };

	world_do(&world, REPORTS, &generate_report_type, &report);
}

/* Two versions of a policy, the second with all that may be left out; it is retired. */
static void tell_policies(void)
{
	const struct approval approval = { .actor = STR("another") };
	const struct draft_arm arms[] = { { STR("control"), 1 }, { STR("soft"), 2 } };
	const struct str languages[] = { STR("de") };
	const struct uuid creditors[] = { spec_id('K', 1) };
	const struct draft_step steps[] = { { .number = 1,
					      .trigger = STR("days_past_due"),
					      .has_days = true,
					      .days = 5,
					      .action = STR("send"),
					      .has_template = true,
					      .template = STR("welcome"),
					      .has_message_class = true,
					      .message_class = STR("account_service"),
					      .has_channels = true,
					      .channels = STR("email"),
					      .has_send_days = true,
					      .send_days = 3,
					      .otherwise = STR("move_on") },
					    { .number = 2,
					      .trigger = STR("event"),
					      .has_event = true,
					      .event = STR("payment_reversed"),
					      .action = STR("call"),
					      .otherwise = STR("move_on") } };
	struct publish_policy policy = { .publication_id = spec_id('Y', 1),
					 .policy = STR("ours"),
					 .policy_version = 1,
					 .title = STR("A letter and a call"),
					 .priority = 10,
					 .demands_a_day = 1,
					 .demands_a_week = 3,
					 .catch_up = STR("one_a_day"),
					 .new_debts = STR("join"),
					 .reopened = STR("start"),
					 .steps = steps,
					 .steps_count = COUNT(steps) };
	struct retire_policy retire = { .publication_id = spec_id('Y', 2) };

	world_do_as(&world, DUNNING, &publish_policy_type, &policy, (struct how){ .approval = &approval });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	policy.publication_id = spec_id('Y', 2);
	policy.policy_version = 2;
	policy.creditor_ids = creditors;
	policy.creditor_ids_count = COUNT(creditors);
	policy.languages = languages;
	policy.languages_count = COUNT(languages);
	policy.arms = arms;
	policy.arms_count = COUNT(arms);
	world_do_as(&world, DUNNING, &publish_policy_type, &policy, (struct how){ .approval = &approval });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	world_do_as(&world, DUNNING, &retire_policy_type, &retire, (struct how){ .approval = &approval });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

static void test_verify__is_silent_where_nothing_was_tampered_with(void **state)
{
	(void)state;
	tell_customers();
	tell_debts();
	tell_communications();
	tell_users();
	tell_reports();
	tell_policies();
	world_verify(&findings);
	then_silent(&findings);
}

/* What somebody does to the database, and what must be said of it. */
struct wrong {
	const char *table, *sql; /* the table that the finding names */
	const char *promise, *words;
};

#define DEBT_11      "debt_id = '019a0000-0000-7000-8000-00440000000b'"
#define DEBT_12      "debt_id = '019a0000-0000-7000-8000-00440000000c'"
#define CUSTOMER_10  "customer_id = '019a0000-0000-7000-8000-00430000000a'"
#define CUSTOMER_11  "customer_id = '019a0000-0000-7000-8000-00430000000b'"
#define CUSTOMER_12  "customer_id = '019a0000-0000-7000-8000-00430000000c'"
#define CUSTOMER_13  "customer_id = '019a0000-0000-7000-8000-00430000000d'"
#define MESSAGE_1    "communication_id = '019a0000-0000-7000-8000-004d00000001'"
#define MESSAGE_4    "communication_id = '019a0000-0000-7000-8000-004d00000004'"
#define MESSAGE_5    "communication_id = '019a0000-0000-7000-8000-004d00000005'"
#define MESSAGE_8    "communication_id = '019a0000-0000-7000-8000-004d00000008'"
#define MESSAGE_9    "communication_id = '019a0000-0000-7000-8000-004d00000009'"
#define MESSAGE_6    "communication_id = '019a0000-0000-7000-8000-004d00000006'"
#define POINT_1      "contact_point_id = '019a0000-0000-7000-8000-005000000001'"
#define POINT_2      "contact_point_id = '019a0000-0000-7000-8000-005000000002'"
#define MESSAGE_2    "communication_id = '019a0000-0000-7000-8000-004d00000002'"
#define PAYMENT_11   "payment_id = '019a0000-0000-7000-8000-00590000000b'"
#define HOLD_1       "hold_id = '019a0000-0000-7000-8000-004800000001'"
#define HOLD_2       "hold_id = '019a0000-0000-7000-8000-004800000002'"
#define DISPUTE_1    "dispute_id = '019a0000-0000-7000-8000-005300000001'"
#define DISPUTE_2    "dispute_id = '019a0000-0000-7000-8000-005300000002'"
#define SETTLEMENT_1 "settlement_id = '019a0000-0000-7000-8000-005a00000001'"
#define PLAN_1       "plan_id = '019a0000-0000-7000-8000-004c00000001'"
#define PROMISE_2    "promise_id = '019a0000-0000-7000-8000-005800000002'"

static const struct wrong wrongs[] = {
	{ "customers.creditor_customer", "UPDATE customers.creditor_customer SET creditor_id = gen_random_uuid()", "P7",
	  "no event made this row" },
	{ "customers.creditor_customer", "DELETE FROM customers.creditor_customer", "P7", "the row is missing" },
	{ "customers.portfolio_customer", "UPDATE customers.portfolio_customer SET customer_id = gen_random_uuid()", "P7",
	  "no event made this row" },
	{ "customers.portfolio_customer", "DELETE FROM customers.portfolio_customer", "P7", "the row is missing" },
	{ "communications.creditor_communication",
	  "UPDATE communications.creditor_communication SET creditor_id = gen_random_uuid() WHERE " MESSAGE_1, "P7",
	  "is not what the message and its debts say" },
	{ "communications.creditor_communication",
	  "UPDATE communications.creditor_communication SET portfolio_id = NULL WHERE " MESSAGE_1, "P7",
	  "is not what the message and its debts say" },
	{ "communications.creditor_communication", "DELETE FROM communications.creditor_communication WHERE " MESSAGE_1, "P7",
	  "the row is missing" },
	{ "communications.creditor_communication",
	  "INSERT INTO communications.creditor_communication (creditor_id, communication_id, created_at) SELECT creditor_id, "
	  "gen_random_uuid(), created_at FROM communications.creditor_communication LIMIT 1",
	  "P7", "is not what the message and its debts say" },
	{ "communications.creditor_communication",
	  "UPDATE communications.creditor_communication SET created_at = created_at + interval '1 s' WHERE " MESSAGE_1, "P7",
	  "is not what the message and its debts say" },
	{ "customers.creditor_customer", "UPDATE customers.creditor_customer SET created_at = created_at + interval '1 s'", "P7",
	  "created_at is not" },
	{ "debts.creditor_customer", "DELETE FROM debts.creditor_customer WHERE " CUSTOMER_10, "P7", "the row is missing" },
	{ "debts.creditor_customer", "UPDATE debts.creditor_customer SET portfolio_id = NULL WHERE " CUSTOMER_10, "P7",
	  "no debt made this row" },
	{ "debts.creditor_customer",
	  "UPDATE debts.creditor_customer SET created_at = created_at + interval '1 s' WHERE " CUSTOMER_10, "P7",
	  "created_at is not the customer's" },
	{ "communications.outbox", "UPDATE communications.outbox SET claims = claims + 1 WHERE " MESSAGE_1, "P7",
	  "claims is not the number of attempts" },
	{ "notifier.dispatch", "UPDATE notifier.dispatch SET attempts = attempts + 1", "P7",
	  "attempts is not the number of attempts" },
	{ "debts.debt", "UPDATE debts.debt SET customer_id = gen_random_uuid() WHERE " DEBT_11, "P7", "customer_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET creditor_id = gen_random_uuid() WHERE " DEBT_11, "P7", "creditor_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET version = version + 1 WHERE " DEBT_11, "P7", "version is not" },
	{ "debts.debt", "UPDATE debts.debt SET principal_minor = -1 WHERE " DEBT_11, "P5", "a balance is below 0" },
	{ "debts.debt", "UPDATE debts.debt SET credit_minor = 1 WHERE " DEBT_11, "P5",
	  "there is credit while something is owed" },
	{ "debts.debt", "UPDATE debts.debt SET lifecycle = 1 WHERE " DEBT_11, "P7", "lifecycle is not" },
	{ "debts.debt", "UPDATE debts.debt SET principal_minor = 1 WHERE lifecycle = 8", "P5",
	  "is written off, and its balances are not zero" },
	{ "debts.debt", "UPDATE debts.debt SET principal_minor = 1 WHERE lifecycle = 9", "P5",
	  "is transferred, and its balances are not zero" },
	{ "debts.debt", "UPDATE debts.debt SET principal_minor = 1 WHERE lifecycle = 10", "P5",
	  "is cancelled, and its balances are not zero" },
	{ "debts.debt", "UPDATE debts.debt SET lifecycle = 2 WHERE lifecycle = 8", "P5",
	  "has a WRITE_OFF and is not written off" },
	{ "debts.debt", "UPDATE debts.debt SET lifecycle = 8 WHERE lifecycle = 9", "P5",
	  "has a TRANSFER_OUT and is not transferred" },
	{ "debts.debt", "UPDATE debts.debt SET lifecycle = 8 WHERE " DEBT_11, "P5",
	  "is written off, and there is no entry of it" },
	{ "debts.debt", "UPDATE debts.debt SET entries = 1, lifecycle = 9 WHERE " DEBT_11, "P5",
	  "is transferred, and its balances are not zero" },
	{ "debts.debt", "UPDATE debts.debt SET part = 1 - part WHERE " DEBT_11, "P7", "part is not" },
	{ "debts.debt", "UPDATE debts.debt SET opened_on = opened_on - 1 WHERE " DEBT_11, "P7", "opened_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET due_on = due_on + 1 WHERE " DEBT_11, "P7", "due_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET currency = 'USD' WHERE " DEBT_11, "P7", "currency is not" },
	{ "debts.debt", "UPDATE debts.debt SET external_ref = 'D-0' WHERE " DEBT_11, "P7", "external_ref is not" },
	{ "debts.debt", "UPDATE debts.debt SET portfolio_id = NULL WHERE " DEBT_11, "P7", "portfolio_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET used_principal_minor = 1 WHERE " DEBT_11, "P7", "used_principal_minor is not" },
	{ "debts.promise", "UPDATE debts.promise SET customer_id = gen_random_uuid() WHERE " PROMISE_2, "P7",
	  "customer_id is not" },
	{ "debts.promise", "UPDATE debts.promise SET debt_id = debt_id, paid_minor = 1 WHERE " PROMISE_2, "P7",
	  "paid_minor is not" },
	{ "debts.promise", "UPDATE debts.promise SET amount_minor = amount_minor + 1 WHERE " PROMISE_2, "P7",
	  "amount_minor is not" },
	{ "debts.promise", "UPDATE debts.promise SET enough_minor = 1 WHERE " PROMISE_2, "P7", "enough_minor is not" },
	{ "debts.promise", "UPDATE debts.promise SET version = 7 WHERE " PROMISE_2, "P7", "version is not" },
	{ "debts.promise", "UPDATE debts.promise SET made_on = made_on - 1 WHERE " PROMISE_2, "P7", "made_on is not" },
	{ "debts.promise", "UPDATE debts.promise SET due_on = due_on - 1 WHERE " PROMISE_2, "P7", "due_on is not" },
	{ "debts.promise", "UPDATE debts.promise SET grace_ends_on = grace_ends_on + 1 WHERE " PROMISE_2, "P7",
	  "grace_ends_on is not" },
	{ "debts.promise", "UPDATE debts.promise SET after_entries = 9 WHERE " PROMISE_2, "P7", "after_entries is not" },
	{ "debts.promise", "UPDATE debts.promise SET state = 'kept' WHERE " PROMISE_2, "P7", "state is not" },
	{ "debts.promise", "UPDATE debts.promise SET channel = NULL WHERE " PROMISE_2, "P7", "channel is not" },
	{ "debts.promise", "UPDATE debts.promise SET taken_by = 'x' WHERE " PROMISE_2, "P7", "taken_by is not" },
	{ "debts.promise", "UPDATE debts.promise SET made_at = now() WHERE " PROMISE_2, "P7", "made_at is not" },
	{ "debts.promise", "UPDATE debts.promise SET changed_at = now() WHERE " PROMISE_2, "P7", "changed_at is not" },
	{ "debts.promise", "DELETE FROM debts.promise WHERE " PROMISE_2, "P7", "the row is missing" },
	{ "debts.hold", "UPDATE debts.hold SET customer_id = gen_random_uuid() WHERE " HOLD_1, "P7", "customer_id is not" },
	{ "debts.hold", "UPDATE debts.hold SET kind = 'crisis' WHERE " HOLD_1, "P7", "kind is not" },
	{ "debts.hold", "UPDATE debts.hold SET state = 'expired' WHERE " HOLD_1, "P7", "state is not" },
	{ "debts.hold", "UPDATE debts.hold SET effects = 1 WHERE " HOLD_1, "P7", "effects is not" },
	{ "debts.hold", "UPDATE debts.hold SET version = 7 WHERE " HOLD_1, "P7", "version is not" },
	{ "debts.hold", "UPDATE debts.hold SET from_on = from_on - 1 WHERE " HOLD_1, "P7", "from_on is not" },
	{ "debts.hold", "UPDATE debts.hold SET until_on = NULL WHERE " HOLD_1, "P7", "until_on is not" },
	{ "debts.hold", "UPDATE debts.hold SET review_on = NULL WHERE " HOLD_1, "P7", "review_on is not" },
	{ "debts.hold", "UPDATE debts.hold SET review_asked_on = from_on WHERE " HOLD_1, "P7", "review_asked_on is not" },
	{ "debts.hold", "UPDATE debts.hold SET ended_on = from_on WHERE " HOLD_1, "P7", "ended_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET bucket = 1 WHERE " DEBT_11, "P7", "bucket is not" },
	{ "debts.debt", "UPDATE debts.debt SET paused_days = 1 WHERE " DEBT_11, "P7", "paused_days is not" },
	{ "debts.debt", "UPDATE debts.debt SET paused_since = due_on WHERE " DEBT_11, "P7", "paused_since is not" },
	{ "debts.delinquency", "UPDATE debts.delinquency SET version = 77 WHERE " DEBT_11, "P7", "no event made this row" },
	{ "debts.delinquency", "UPDATE debts.delinquency SET bucket = 3 WHERE " DEBT_11, "P7", "bucket is not" },
	{ "debts.delinquency", "UPDATE debts.delinquency SET entered_on = entered_on - 1 WHERE " DEBT_11, "P7",
	  "entered_on is not" },
	{ "debts.delinquency", "UPDATE debts.delinquency SET days_past_due = 0 WHERE " DEBT_11, "P7", "days_past_due is not" },
	{ "debts.delinquency", "UPDATE debts.delinquency SET paused_days = 1 WHERE " DEBT_11, "P7", "paused_days is not" },
	{ "debts.delinquency", "DELETE FROM debts.delinquency WHERE " DEBT_11, "P7", "the row is missing" },
	{ "debts.hold", "UPDATE debts.hold SET merged_into = gen_random_uuid() WHERE " HOLD_2, "P7", "merged_into is not" },
	{ "debts.hold", "UPDATE debts.hold SET evidence_ref = 'x' WHERE " HOLD_1, "P7", "evidence_ref is not" },
	{ "debts.hold", "UPDATE debts.hold SET placed_by = 'x' WHERE " HOLD_1, "P7", "placed_by is not" },
	{ "debts.hold", "UPDATE debts.hold SET placed_at = now() WHERE " HOLD_1, "P7", "placed_at is not" },
	{ "debts.hold", "UPDATE debts.hold SET changed_at = now() WHERE " HOLD_1, "P7", "changed_at is not" },
	{ "debts.hold", "DELETE FROM debts.hold WHERE " HOLD_1, "P7", "the row is missing" },
	{ "debts.debt", "UPDATE debts.debt SET charged_off_on = charged_off_on + 1 WHERE charged_off_on IS NOT NULL", "P7",
	  "charged_off_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET charged_off_entries = 3 WHERE charged_off_on IS NOT NULL", "P7",
	  "charged_off_entries is not" },
	{ "debts.debt", "UPDATE debts.debt SET charged_off_from = 1 WHERE charged_off_on IS NOT NULL", "P7",
	  "charged_off_from is not" },
	{ "debts.debt", "UPDATE debts.debt SET stopped = NULL WHERE stopped IS NOT NULL", "P7", "stopped is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET customer_id = gen_random_uuid() WHERE " DISPUTE_1, "P7",
	  "customer_id is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET duplicate_of = gen_random_uuid() WHERE " DISPUTE_2, "P7",
	  "duplicate_of is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET portion_minor = portion_minor + 1 WHERE " DISPUTE_1, "P7",
	  "portion_minor is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET version = 7 WHERE " DISPUTE_1, "P7", "version is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET received_on = received_on - 1 WHERE " DISPUTE_1, "P7",
	  "received_on is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET raised_on = raised_on - 1 WHERE " DISPUTE_1, "P7", "raised_on is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET sent_on = sent_on - 1 WHERE " DISPUTE_1, "P7", "sent_on is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET entries = entries + 1 WHERE " DISPUTE_1, "P7", "entries is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET evidence_count = 1 WHERE " DISPUTE_1, "P7", "evidence_count is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET grounds = 'paid' WHERE " DISPUTE_1, "P7", "grounds is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET state = 'upheld' WHERE " DISPUTE_1, "P7", "state is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET in_writing = false WHERE " DISPUTE_1, "P7", "in_writing is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET within_validation = true WHERE " DISPUTE_1, "P7",
	  "within_validation is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET verification_ref = 'x' WHERE " DISPUTE_1, "P7", "verification_ref is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET evidence_refs = 'x' WHERE " DISPUTE_1, "P7", "evidence_refs is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET raised_by = 'x' WHERE " DISPUTE_1, "P7", "raised_by is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET created_at = now() WHERE " DISPUTE_1, "P7", "created_at is not" },
	{ "debts.dispute", "UPDATE debts.dispute SET changed_at = now() WHERE " DISPUTE_1, "P7", "changed_at is not" },
	{ "debts.dispute", "DELETE FROM debts.dispute WHERE " DISPUTE_1, "P7", "the row is missing" },
	{ "debts.settlement", "UPDATE debts.settlement SET customer_id = gen_random_uuid() WHERE " SETTLEMENT_1, "P7",
	  "customer_id is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET amount_minor = amount_minor + 1 WHERE " SETTLEMENT_1, "P7",
	  "amount_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET balance_minor = balance_minor + 1 WHERE " SETTLEMENT_1, "P7",
	  "balance_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET paid_minor = paid_minor + 1 WHERE " SETTLEMENT_1, "P7",
	  "paid_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET discount_cost_minor = 1 WHERE " SETTLEMENT_1, "P7",
	  "discount_cost_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET discount_fee_minor = 1 WHERE " SETTLEMENT_1, "P7",
	  "discount_fee_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET discount_interest_minor = 1 WHERE " SETTLEMENT_1, "P7",
	  "discount_interest_minor is not" },
	{ "debts.settlement",
	  "UPDATE debts.settlement SET discount_principal_minor = discount_principal_minor + 1 WHERE " SETTLEMENT_1, "P7",
	  "discount_principal_minor is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET version = 9 WHERE " SETTLEMENT_1, "P7", "version is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET offered_on = offered_on - 1 WHERE " SETTLEMENT_1, "P7",
	  "offered_on is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET expires_on = expires_on + 1 WHERE " SETTLEMENT_1, "P7",
	  "expires_on is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET pay_by = pay_by + 1 WHERE " SETTLEMENT_1, "P7", "pay_by is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET grace_ends_on = grace_ends_on + 1 WHERE " SETTLEMENT_1, "P7",
	  "grace_ends_on is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET accepted_on = accepted_on + 1 WHERE " SETTLEMENT_1, "P7",
	  "accepted_on is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET after_entries = 9 WHERE " SETTLEMENT_1, "P7", "after_entries is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET state = 'breached' WHERE " SETTLEMENT_1, "P7", "state is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET offered_by = 'x' WHERE " SETTLEMENT_1, "P7", "offered_by is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET approved_by = NULL WHERE " SETTLEMENT_1, "P7", "approved_by is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET reason = NULL WHERE " SETTLEMENT_1, "P7", "reason is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET created_at = now() WHERE " SETTLEMENT_1, "P7", "created_at is not" },
	{ "debts.settlement", "UPDATE debts.settlement SET changed_at = now() WHERE " SETTLEMENT_1, "P7", "changed_at is not" },
	{ "debts.settlement", "DELETE FROM debts.settlement WHERE " SETTLEMENT_1, "P7", "the row is missing" },
	{ "debts.debt", "UPDATE debts.debt SET settlement_id = NULL WHERE settlement_id IS NOT NULL", "P7",
	  "settlement_id is not" },
	{ "debts.plan", "UPDATE debts.plan SET customer_id = gen_random_uuid() WHERE " PLAN_1, "P7", "customer_id is not" },
	{ "debts.plan", "UPDATE debts.plan SET total_minor = total_minor + 1 WHERE " PLAN_1, "P7", "total_minor is not" },
	{ "debts.plan", "UPDATE debts.plan SET down_payment_minor = down_payment_minor + 1 WHERE " PLAN_1, "P7",
	  "down_payment_minor is not" },
	{ "debts.plan", "UPDATE debts.plan SET paid_minor = 1 WHERE " PLAN_1, "P7", "paid_minor is not" },
	{ "debts.plan", "UPDATE debts.plan SET missed = 2 WHERE " PLAN_1, "P7", "missed is not" },
	{ "debts.plan", "UPDATE debts.plan SET version = 7 WHERE " PLAN_1, "P7", "version is not" },
	{ "debts.plan", "UPDATE debts.plan SET down_payment_on = down_payment_on + 1 WHERE " PLAN_1, "P7",
	  "down_payment_on is not" },
	{ "debts.plan", "UPDATE debts.plan SET first_due_on = first_due_on + 1 WHERE " PLAN_1, "P7", "first_due_on is not" },
	{ "debts.plan", "UPDATE debts.plan SET proposed_on = proposed_on - 1 WHERE " PLAN_1, "P7", "proposed_on is not" },
	{ "debts.plan", "UPDATE debts.plan SET broken_on = '2026-01-01' WHERE " PLAN_1, "P7", "broken_on is not" },
	{ "debts.plan", "UPDATE debts.plan SET instalments = 17 WHERE " PLAN_1, "P7", "instalments is not" },
	{ "debts.plan", "UPDATE debts.plan SET after_entries = 9 WHERE " PLAN_1, "P7", "after_entries is not" },
	{ "debts.plan", "UPDATE debts.plan SET counts_from = 2 WHERE " PLAN_1, "P7", "counts_from is not" },
	{ "debts.plan", "UPDATE debts.plan SET returned = 1 WHERE " PLAN_1, "P7", "returned is not" },
	{ "debts.plan", "UPDATE debts.plan SET holidays = 1 WHERE " PLAN_1, "P7", "holidays is not" },
	{ "debts.plan", "UPDATE debts.plan SET frequency = 'weekly' WHERE " PLAN_1, "P7", "frequency is not" },
	{ "debts.plan", "UPDATE debts.plan SET state = 'completed' WHERE " PLAN_1, "P7", "state is not" },
	{ "debts.plan", "UPDATE debts.plan SET proposed_by = 'x' WHERE " PLAN_1, "P7", "proposed_by is not" },
	{ "debts.plan", "UPDATE debts.plan SET approved_by = NULL WHERE " PLAN_1, "P7", "approved_by is not" },
	{ "debts.plan", "UPDATE debts.plan SET created_at = now() WHERE " PLAN_1, "P7", "created_at is not" },
	{ "debts.plan", "UPDATE debts.plan SET changed_at = now() WHERE " PLAN_1, "P7", "changed_at is not" },
	{ "debts.plan", "DELETE FROM debts.plan WHERE " PLAN_1, "P7", "the row is missing" },
	{ "debts.debt", "UPDATE debts.debt SET plan_id = NULL WHERE plan_id IS NOT NULL", "P7", "plan_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET promise_id = NULL WHERE promise_id IS NOT NULL", "P7", "promise_id is not" },
	{ "debts.debt", "DELETE FROM debts.debt WHERE " DEBT_11, "P7", "the row is missing" },
	{ "debts.debt",
	  "INSERT INTO debts.debt SELECT (jsonb_populate_record(d, '{\"debt_id\": \"019a0000-0000-7000-8000-004400000fff\", "
	  "\"external_ref\": \"forged\"}')).* FROM debts.debt d LIMIT 1",
	  "P7", "no event made this row" },
	{ "customers.customer", "UPDATE customers.customer SET external_ref = 'X' WHERE " CUSTOMER_11, "P7",
	  "external_ref is not" },
	{ "customers.customer", "UPDATE customers.customer SET kind = 'legal' WHERE " CUSTOMER_11, "P7", "kind is not" },
	{ "customers.customer", "UPDATE customers.customer SET status = 'deceased' WHERE " CUSTOMER_11, "P7", "status is not" },
	{ "customers.customer", "UPDATE customers.customer SET locale = 'en' WHERE " CUSTOMER_11, "P7", "locale is not" },
	{ "customers.customer", "UPDATE customers.customer SET country = 'FR' WHERE " CUSTOMER_11, "P7", "country is not" },
	{ "customers.customer", "UPDATE customers.customer SET region = 'X' WHERE " CUSTOMER_11, "P7", "region is not" },
	{ "customers.customer", "UPDATE customers.customer SET timezone = 'Europe/Paris' WHERE " CUSTOMER_11, "P7",
	  "timezone is not" },
	{ "customers.customer", "UPDATE customers.customer SET version = 7 WHERE " CUSTOMER_11, "P7", "version is not" },
	{ "customers.customer",
	  "UPDATE customers.customer SET status = 'active', key_salt = '', full_name_sealed = 'x' WHERE " CUSTOMER_13, "P7",
	  "is there, and the person was erased" },
	{ "customers.customer",
	  "UPDATE customers.customer SET status = 'erased', key_salt = NULL, full_name_sealed = NULL WHERE " CUSTOMER_11, "P7",
	  "key_salt is missing" },
	{ "customers.customer", "DELETE FROM customers.customer WHERE " CUSTOMER_11, "P7", "the row is missing" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET channel = 'sms' WHERE contact_point_id = '019a0000-0000-7000-8000-005000000001'",
	  "P7", "channel is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET place = 'work' WHERE contact_point_id = '019a0000-0000-7000-8000-005000000001'",
	  "P7", "place is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET source = 'creditor' WHERE contact_point_id = "
	  "'019a0000-0000-7000-8000-005000000001'",
	  "P7", "source is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET state = 'blocked' WHERE contact_point_id = '019a0000-0000-7000-8000-005000000001'",
	  "P7", "state is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET version = 7 WHERE contact_point_id = '019a0000-0000-7000-8000-005000000001'", "P7",
	  "version is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET verified_at = now() WHERE contact_point_id = "
	  "'019a0000-0000-7000-8000-005000000001'",
	  "P7", "verified_at is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET number_checked_at = now() WHERE contact_point_id = "
	  "'019a0000-0000-7000-8000-005000000001'",
	  "P7", "number_checked_at is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET address_hash = decode('00112233445566778899aabbccddeeff', 'hex') WHERE "
	  "contact_point_id = '019a0000-0000-7000-8000-005000000001'",
	  "P7", "address_hash is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET address_lookup = decode('00112233445566778899aabbccddeeff', 'hex') WHERE "
	  "contact_point_id = '019a0000-0000-7000-8000-005000000001'",
	  "P7", "address_lookup is not" },
	{ "customers.contact_point", "UPDATE customers.contact_point SET customer_id = gen_random_uuid() WHERE " CUSTOMER_11,
	  "P7", "customer_id is not" },
	{ "communications.template",
	  "UPDATE communications.template SET version = 1 WHERE "
	  "true",
	  "P7", "version is not" },
	{ "communications.template",
	  "UPDATE communications.template SET name = 'x' WHERE "
	  "true",
	  "P7", "name is not" },
	{ "communications.template_version",
	  "UPDATE communications.template_version SET body = 'pay' WHERE "
	  "version = 1",
	  "P7", "do not have the hash" },
	{ "communications.template_version",
	  "UPDATE communications.template_version SET message_class = 'demand' WHERE "
	  "version = 1",
	  "P7", "message_class is not" },
	{ "communications.template_version",
	  "UPDATE communications.template_version SET published_at = now() WHERE "
	  "version = 1",
	  "P7", "published_at is not" },
	{ "communications.profile_version",
	  "UPDATE communications.profile_version SET rules = replace(rules, '18:00', '22:00') WHERE profile = 'house'", "P7",
	  "rules is not" },
	{ "communications.profile_version", "UPDATE communications.profile_version SET place = 2 WHERE profile = 'ours'", "P7",
	  "place is not" },
	{ "communications.profile_version", "UPDATE communications.profile_version SET approved_by = 'me' WHERE profile = 'ours'",
	  "P7", "approved_by is not" },
	{ "communications.profile_version", "DELETE FROM communications.profile_version WHERE profile = 'ours'", "P7",
	  "the row is missing" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET creditor_id = gen_random_uuid()", "P7",
	  "creditor_id is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET name = 'x'", "P7", "name is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET product_kind = 'mortgage'", "P7",
	  "product_kind is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET jurisdiction = 'FR'", "P7", "jurisdiction is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET allocation_policy_id = NULL", "P7",
	  "allocation_policy_id is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET described_at = now()", "P7", "described_at is not" },
	{ "debts.portfolio_version", "UPDATE debts.portfolio_version SET described_by = 'me'", "P7", "described_by is not" },
	{ "debts.portfolio_version", "DELETE FROM debts.portfolio_version", "P7", "the row is missing" },
	{ "debts.policy_version", "UPDATE debts.policy_version SET title = 'x'", "P7", "title is not" },
	{ "debts.policy_version", "UPDATE debts.policy_version SET allocation_order = 'fees_first'", "P7",
	  "allocation_order is not" },
	{ "debts.policy_version", "UPDATE debts.policy_version SET published_at = now()", "P7", "published_at is not" },
	{ "debts.policy_version", "UPDATE debts.policy_version SET published_by = 'me'", "P7", "published_by is not" },
	{ "debts.policy_version", "UPDATE debts.policy_version SET approved_by = 'me'", "P7", "approved_by is not" },
	{ "debts.policy_version", "DELETE FROM debts.policy_version", "P7", "the row is missing" },
	{ "debts.debt", "UPDATE debts.debt SET allocation = 5 WHERE allocation IS NOT NULL", "P7", "allocation is not" },
	{ "debts.debt", "UPDATE debts.debt SET allocation = 1 WHERE " DEBT_11, "P7", "allocation is not" },
	{ "debts.debt", "UPDATE debts.debt SET allocation_policy_id = NULL WHERE allocation IS NOT NULL", "P7",
	  "allocation_policy_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET allocation_policy_version = 2 WHERE allocation IS NOT NULL", "P7",
	  "allocation_policy_version is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET name = 'x' WHERE version = 1", "P7", "name is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET legal_address = 'x' WHERE version = 2", "P7",
	  "legal_address is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET is_original = false WHERE version = 1", "P7",
	  "is_original is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET regulated_class = 'debt_buyer' WHERE version = 1", "P7",
	  "regulated_class is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET licence_refs = NULL WHERE version = 1", "P7",
	  "licence_refs is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET described_at = now() WHERE version = 1", "P7",
	  "described_at is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET described_by = 'me' WHERE version = 1", "P7",
	  "described_by is not" },
	{ "debts.creditor_version", "UPDATE debts.creditor_version SET version = 3 WHERE version = 2", "P7",
	  "no event made this row" },
	{ "debts.creditor_version", "DELETE FROM debts.creditor_version WHERE version = 1", "P7", "the row is missing" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET priority = 1 WHERE version = 1", "P7", "priority is not" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET title = 'x' WHERE version = 1", "P7", "title is not" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET creditor_ids = '' WHERE version = 2", "P7",
	  "creditor_ids is not" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET portfolio_ids = 'x' WHERE version = 2", "P7",
	  "portfolio_ids is not" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET languages = 'en' WHERE version = 2", "P7",
	  "languages is not" },
	{ "dunning.policy_version", "UPDATE dunning.policy_version SET arms = 'soft 3' WHERE version = 2", "P7", "arms is not" },
	{ "dunning.policy_version", "DELETE FROM dunning.policy_version WHERE version = 1", "P7", "the row is missing" },
	{ "dunning.policy_step", "UPDATE dunning.policy_step SET days = 6 WHERE place = 1", "P7", "days is not" },
	{ "dunning.policy_step", "UPDATE dunning.policy_step SET channels = 'sms' WHERE place = 1", "P7", "channels is not" },
	{ "dunning.policy_step", "DELETE FROM dunning.policy_step WHERE place = 2", "P7", "the row is missing" },
	{ "dunning.policy_change", "UPDATE dunning.policy_change SET number = 9 WHERE number = 1", "P7", "number is not" },
	{ "dunning.policy_change", "UPDATE dunning.policy_change SET approved_by = 'me' WHERE number = 1", "P7",
	  "approved_by is not" },
	{ "dunning.policy_change", "UPDATE dunning.policy_change SET changed_by = 'me' WHERE number = 3", "P7",
	  "changed_by is not" },
	{ "dunning.policy_change", "DELETE FROM dunning.policy_change WHERE is_retirement", "P7", "the row is missing" },
	{ "communications.contact", "UPDATE communications.contact SET outcome = 'busy' WHERE " CUSTOMER_10, "P7",
	  "outcome is not" },
	{ "communications.contact", "UPDATE communications.contact SET at = now() WHERE " CUSTOMER_10, "P7", "at is not" },
	{ "communications.contact_debt", "DELETE FROM communications.contact_debt", "P7", "the row is missing" },
	{ "communications.circumstance", "UPDATE communications.circumstance SET kind = 'cease' WHERE " CUSTOMER_10, "P7",
	  "kind is not" },
	{ "communications.circumstance", "UPDATE communications.circumstance SET until_on = NULL WHERE " CUSTOMER_10, "P7",
	  "until_on is not" },
	{ "communications.circumstance", "UPDATE communications.circumstance SET until_on = '2030-01-01' WHERE " CUSTOMER_10,
	  "P7", "until_on is not" },
	{ "communications.circumstance",
	  "UPDATE communications.circumstance SET ended_at = NULL WHERE ended_at IS NOT NULL AND " CUSTOMER_10, "P7",
	  "ended_at is not" },
	{ "communications.circumstance",
	  "UPDATE communications.circumstance SET ended_at = now() WHERE ended_at IS NULL AND " CUSTOMER_10, "P7",
	  "ended_at is not" },
	{ "communications.circumstance",
	  "UPDATE communications.circumstance SET payment_id = gen_random_uuid() WHERE payment_id IS NOT NULL", "P7",
	  "payment_id is not" },
	{ "communications.preference", "UPDATE communications.preference SET blocked_channels = 'sms' WHERE " CUSTOMER_10, "P7",
	  "blocked_channels is not" },
	{ "communications.preference", "UPDATE communications.preference SET valid_until = '2030-01-01' WHERE " CUSTOMER_10, "P7",
	  "valid_until is not" },
	{ "communications.preference", "DELETE FROM communications.preference WHERE " CUSTOMER_10, "P7", "the row is missing" },
	{ "communications.blocked_time", "UPDATE communications.blocked_time SET to_minute = 1019", "P7", "to_minute is not" },
	{ "communications.blocked_time", "DELETE FROM communications.blocked_time", "P7", "the row is missing" },
	{ "communications.consent", "UPDATE communications.consent SET basis = 'prior_use' WHERE " CUSTOMER_10, "P7",
	  "basis is not" },
	{ "communications.consent", "UPDATE communications.consent SET evidence_ref = 'none' WHERE " CUSTOMER_10, "P7",
	  "evidence_ref is not" },
	{ "communications.consent", "UPDATE communications.consent SET obtained_at = now() WHERE " CUSTOMER_10, "P7",
	  "obtained_at is not" },
	{ "communications.consent", "UPDATE communications.consent SET expires_at = now() WHERE " CUSTOMER_10, "P7",
	  "expires_at is not" },
	{ "communications.permission", "UPDATE communications.permission SET expires_at = now() WHERE " CUSTOMER_11, "P7",
	  "expires_at is not" },
	{ "communications.withdrawal", "UPDATE communications.withdrawal SET via = 'speech' WHERE " CUSTOMER_11, "P7",
	  "via is not" },
	{ "communications.withdrawal", "UPDATE communications.withdrawal SET withdrawn_at = now() WHERE " CUSTOMER_11, "P7",
	  "withdrawn_at is not" },
	{ "communications.withdrawal", "UPDATE communications.withdrawal SET channel = 'sms' WHERE " CUSTOMER_11, "P7",
	  "channel is not" },
	{ "communications.permission", "UPDATE communications.permission SET obtained_at = now() WHERE " CUSTOMER_11, "P7",
	  "obtained_at is not" },
	{ "communications.permission", "UPDATE communications.permission SET basis = 'prior_use' WHERE " CUSTOMER_11, "P7",
	  "basis is not" },
	{ "communications.opt_out",
	  "UPDATE communications.opt_out SET withdrawn_at = withdrawn_at - interval '1 day' WHERE " CUSTOMER_11
	  " AND channel = 'email'",
	  "P7", "withdrawn_at is not" },
	{ "communications.compliance_decision",
	  "UPDATE communications.compliance_decision SET verdict = 'allow' WHERE " MESSAGE_4, "P7", "verdict is not" },
	{ "communications.compliance_decision", "UPDATE communications.compliance_decision SET rules = 'none' WHERE " MESSAGE_4,
	  "P7", "rules is not" },
	{ "communications.compliance_decision",
	  "UPDATE communications.compliance_decision SET facts = facts || 'x' WHERE " MESSAGE_4, "P7",
	  "facts do not have the hash" },
	{ "communications.communication", "UPDATE communications.communication SET state = 'submitted' WHERE " MESSAGE_1, "P7",
	  "state is not" },
	{ "communications.communication", "UPDATE communications.communication SET attempt = 2 WHERE " MESSAGE_1, "P7",
	  "attempt is not" },
	{ "communications.communication",
	  "UPDATE communications.communication SET requested_on = requested_on - 1 WHERE " MESSAGE_1, "P7",
	  "requested_on is not" },
	{ "communications.communication", "UPDATE communications.communication SET message_class = 'demand' WHERE " MESSAGE_4,
	  "P7", "message_class is not" },
	{ "communications.communication",
	  "UPDATE communications.communication SET contact_point_id = gen_random_uuid() WHERE " MESSAGE_1, "P7",
	  "contact_point_id is not" },
	{ "communications.communication", "UPDATE communications.communication SET rendered_hash = 'x' WHERE " MESSAGE_1, "P7",
	  "rendered_hash is not" },
	{ "communications.receipt", "UPDATE communications.receipt SET state = 'failed' WHERE " MESSAGE_1 " AND version = 2",
	  "P7", "state is not" },
	{ "communications.receipt", "UPDATE communications.receipt SET provider_ref = NULL WHERE " MESSAGE_1 " AND version = 2",
	  "P7", "provider_ref is not" },
	{ "communications.receipt", "UPDATE communications.receipt SET occurred_at = now() WHERE " MESSAGE_1 " AND version = 2",
	  "P7", "occurred_at is not" },
	{ "communications.outbox", "UPDATE communications.outbox SET state = 'released' WHERE " MESSAGE_1, "P7", "state is not" },
	{ "communications.outbox", "UPDATE communications.outbox SET send_by = now() WHERE " MESSAGE_1, "P7", "send_by is not" },
	{ "communications.outbox", "UPDATE communications.outbox SET stated_credit_minor = 1 WHERE " MESSAGE_1, "P7",
	  "stated_credit_minor is not" },
	{ "communications.outbox", "UPDATE communications.outbox SET state = 'released' WHERE " MESSAGE_5, "P7", "state is not" },
	{ "communications.outbox", "UPDATE communications.outbox SET parameters_sealed = NULL WHERE " MESSAGE_5, "P7",
	  "the message waits without its parameters" },
	{ "communications.outbox", "UPDATE communications.outbox SET parameters_sealed = 'x' WHERE " MESSAGE_5, "P7",
	  "parameters_sealed cannot be opened" },
	{ "communications.outbox", "UPDATE communications.outbox SET parameters_sealed = 'x' WHERE " MESSAGE_1, "P7",
	  "parameters_sealed of a message that has ended" },
	{ "communications.communication", "UPDATE communications.communication SET release_at = now() WHERE " MESSAGE_5, "P7",
	  "release_at is not" },
	{ "communications.communication", "UPDATE communications.communication SET not_before = NULL WHERE " MESSAGE_6, "P7",
	  "not_before is not" },
	{ "communications.communication_debt", "UPDATE communications.communication_debt SET place = 2 WHERE " MESSAGE_1, "P7",
	  "place is not" },
	{ "communications.communication", "UPDATE communications.communication SET merged_into = NULL WHERE " MESSAGE_9, "P7",
	  "merged_into is not" },
	{ "communications.communication", "UPDATE communications.communication SET merge_key = NULL WHERE " MESSAGE_8, "P7",
	  "merge_key is not" },
	{ "communications.communication_debt", "DELETE FROM communications.communication_debt WHERE place = 2 AND " MESSAGE_8,
	  "P7", "the row is missing" },
	{ "communications.opt_out", "DELETE FROM communications.opt_out WHERE channel = 'email' AND " CUSTOMER_11, "P7",
	  "00430000000b email: the row is missing" },
	{ "communications.inbound", "UPDATE communications.inbound SET intent = 'other' WHERE " CUSTOMER_12, "P7",
	  "intent is not" },
	{ "communications.inbound", "UPDATE communications.inbound SET keyword = 'END' WHERE " CUSTOMER_12, "P7",
	  "keyword is not" },
	{ "communications.inbound", "UPDATE communications.inbound SET text_sealed = NULL WHERE " CUSTOMER_12, "P7",
	  "text_sealed is missing" },
	{ "communications.inbound", "DELETE FROM communications.inbound WHERE " CUSTOMER_12, "P7", "the row is missing" },
	{ "communications.unknown_inbound", "UPDATE communications.unknown_inbound SET channel = 'email'", "P7",
	  "channel is not" },
	{ "communications.unknown_inbound", "UPDATE communications.unknown_inbound SET text_sealed = sender_sealed", "P7",
	  "text_sealed cannot be opened" },
	{ "communications.unknown_inbound", "DELETE FROM communications.unknown_inbound", "P7", "the row is missing" },
	{ "communications.consent", "DELETE FROM communications.consent WHERE " CUSTOMER_10, "P7", "the row is missing" },
	{ "communications.withdrawal", "DELETE FROM communications.withdrawal WHERE " CUSTOMER_11, "P7",
	  "00430000000b 1: the row is missing" },
	{ "communications.permission",
	  "INSERT INTO communications.permission SELECT customer_id, 'sms', purpose, basis, obtained_at FROM "
	  "communications.permission WHERE " CUSTOMER_11,
	  "P7", "no event made this row" },
	{ "communications.communication_debt", "UPDATE communications.communication_debt SET stated_minor = 1 WHERE " MESSAGE_1,
	  "P7", "stated_minor is not" },
	{ "communications.communication_debt",
	  "DELETE FROM communications.communication_debt WHERE debt_id = '019a0000-0000-7000-8000-00440000000b' AND " MESSAGE_1,
	  "P7", "the row is missing" },
	{ "communications.receipt", "DELETE FROM communications.receipt WHERE version = 2 AND " MESSAGE_1, "P7",
	  "the row is missing" },
	{ "notifier.attempt", "UPDATE notifier.attempt SET provider_ref = 'ref 2' WHERE " MESSAGE_1, "P7",
	  "provider_ref is not" },
	{ "notifier.attempt", "UPDATE notifier.attempt SET outcome = 'failed' WHERE " MESSAGE_1, "P7", "outcome is not" },
	{ "notifier.attempt", "UPDATE notifier.attempt SET gateway = 'kannel' WHERE " MESSAGE_1, "P7", "gateway is not" },
	{ "notifier.attempt", "DELETE FROM notifier.attempt WHERE " MESSAGE_1, "P7", "004d00000001 1: the row is missing" },
	{ "notifier.dispatch", "UPDATE notifier.dispatch SET send_by = now() WHERE " MESSAGE_1, "P7", "send_by is not" },
	{ "users.account", "UPDATE users.account SET scope = '*;*'", "P7", "scope is not" },
	{ "users.account", "UPDATE users.account SET token_version = 0", "P7", "token_version is not" },
	{ "users.account", "UPDATE users.account SET kind = 'person'", "P7", "kind is not" },
	{ "users.account", "UPDATE users.account SET login = 'bank-2' WHERE kind = 'service'", "P7", "login is not" },
	{ "users.account",
	  "UPDATE users.account SET roles = 1 WHERE "
	  "true",
	  "P7", "roles is not" },
	{ "users.account",
	  "UPDATE users.account SET state = 'active' WHERE "
	  "true",
	  "P7", "state is not" },
	{ "users.account",
	  "UPDATE users.account SET customer_id = gen_random_uuid() WHERE "
	  "true",
	  "P7", "customer_id is not" },
	{ "users.account",
	  "UPDATE users.account SET version = 1 WHERE "
	  "true",
	  "P7", "version is not" },
	{ "users.account",
	  "UPDATE users.account SET registered_at = now() WHERE "
	  "true",
	  "P7", "registered_at is not" },
	{ "reports.report",
	  "UPDATE reports.report SET requested_by = 'x' WHERE "
	  "true",
	  "P7", "requested_by is not" },
	{ "reports.report",
	  "UPDATE reports.report SET as_of = as_of + 1 WHERE "
	  "true",
	  "P7", "as_of is not" },
	{ "reports.report",
	  "UPDATE reports.report SET currency = 'USD' WHERE "
	  "true",
	  "P7", "currency is not" },
	{ "users.account", "UPDATE users.account SET updated_at = now()", "P7", "updated_at is not" },
	{ "customers.customer", "UPDATE customers.customer SET updated_at = now() WHERE external_ref = 'C-11'", "P7",
	  "updated_at is not" },
	{ "customers.customer", "UPDATE customers.customer SET updated_seq = 0 WHERE external_ref = 'C-11'", "P7",
	  "updated_seq is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET created_at = now() WHERE contact_point_id = "
	  "'019a0000-0000-7000-8000-005000000001'",
	  "P7", "created_at is not" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point SET updated_at = now() WHERE contact_point_id = "
	  "'019a0000-0000-7000-8000-005000000001'",
	  "P7", "updated_at is not" },
	{ "communications.communication", "UPDATE communications.communication SET updated_at = now() WHERE " MESSAGE_1, "P7",
	  "updated_at is not" },
	{ "communications.communication", "UPDATE communications.communication SET updated_seq = 0 WHERE " MESSAGE_1, "P7",
	  "updated_seq is not" },
	{ "communications.consent",
	  "UPDATE communications.consent SET recorded_at = now() WHERE consent_id = (SELECT min(consent_id::text)::uuid FROM "
	  "communications.consent)",
	  "P7", "recorded_at is not" },
	{ "communications.withdrawal",
	  "UPDATE communications.withdrawal SET recorded_at = now() WHERE (customer_id, version) = (SELECT customer_id, version "
	  "FROM communications.withdrawal ORDER BY 1, 2 LIMIT 1)",
	  "P7", "recorded_at is not" },
	{ "debts.debt", "UPDATE debts.debt SET amended_at = now() WHERE " DEBT_11, "P7", "amended_at is not" },
	{ "debts.debt", "UPDATE debts.debt SET amended_seq = 1 WHERE " DEBT_11, "P7", "amended_seq is not" },
	{ "debts.debt", "UPDATE debts.debt SET original_creditor_id = NULL WHERE " DEBT_11, "P7", "original_creditor_id is not" },
	{ "customers.customer",
	  "UPDATE customers.customer c SET full_name_sealed = o.full_name_sealed FROM customers.customer o WHERE o.external_ref "
	  "= 'C-10' AND c.external_ref = 'C-11'",
	  "P7", "full_name_sealed cannot be opened" },
	{ "customers.customer",
	  "UPDATE customers.customer c SET full_name_sealed = p.address_sealed FROM customers.contact_point p WHERE "
	  "p.customer_id = c.customer_id AND c.external_ref = 'C-11'",
	  "P7", "full_name_sealed cannot be opened" },
	{ "customers.customer", "UPDATE customers.customer SET birth_date_sealed = full_name_sealed WHERE external_ref = 'C-11'",
	  "P7", "birth_date_sealed is there, and not in the log" },
	{ "customers.customer", "UPDATE customers.customer SET birth_date_sealed = full_name_sealed WHERE " CUSTOMER_12, "P7",
	  "birth_date_sealed cannot be opened" },
	{ "customers.customer", "UPDATE customers.customer SET full_name_sealed = birth_date_sealed WHERE " CUSTOMER_12, "P7",
	  "full_name_sealed cannot be opened" },
	{ "customers.customer",
	  "UPDATE customers.customer c SET full_name_sealed = o.full_name_sealed FROM old_customer o WHERE "
	  "o.customer_id = c.customer_id AND c.external_ref = 'C-11'",
	  "P7", "full_name_sealed cannot be opened" },
	/* The same text, and the row has changed in something else. */
	{ "customers.customer",
	  "UPDATE customers.customer c SET birth_date_sealed = o.birth_date_sealed FROM old_customer o WHERE "
	  "o.customer_id = c.customer_id AND c.external_ref = 'C-12'",
	  "P7", "birth_date_sealed cannot be opened" },
	/* With its version, so that the row agrees with itself. */
	{ "customers.customer",
	  "UPDATE customers.customer c SET full_name_sealed = o.full_name_sealed, version = o.version FROM old_customer o WHERE "
	  "o.customer_id = c.customer_id AND c.external_ref = 'C-11'",
	  "P7", "version is not what the log says" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point p SET address_sealed = o.address_sealed FROM customers.contact_point o WHERE "
	  "o." POINT_2 " AND p." POINT_1,
	  "P7", "address_sealed cannot be opened" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point p SET address_sealed = o.address_sealed FROM old_point o WHERE o." POINT_2
	  " AND p." POINT_2,
	  "P7", "address_sealed cannot be opened" },
	{ "customers.contact_point",
	  "UPDATE customers.contact_point p SET address_sealed = o.address_sealed FROM communications.outbox o WHERE o." MESSAGE_1
	  " AND p." POINT_2,
	  "P7", "address_sealed cannot be opened" },
	{ "communications.outbox",
	  "UPDATE communications.outbox m SET address_sealed = p.address_sealed FROM customers.contact_point p WHERE m." MESSAGE_1
	  " AND p." POINT_2,
	  "P7", "address_sealed cannot be opened" },
	{ "communications.outbox",
	  "UPDATE communications.outbox m SET address_sealed = o.address_sealed FROM communications.outbox o WHERE o." MESSAGE_1
	  " AND m." MESSAGE_2,
	  "P7", "address_sealed cannot be opened" },
	{ "communications.outbox", "UPDATE communications.outbox SET body_sealed = subject_sealed WHERE " MESSAGE_1, "P7",
	  "body_sealed cannot be opened" },
	{ "communications.outbox", "UPDATE communications.outbox SET address_sealed = subject_sealed WHERE " MESSAGE_1, "P7",
	  "address_sealed cannot be opened" },
	{ "communications.outbox", "UPDATE communications.outbox SET body_sealed = '' WHERE " MESSAGE_1, "P7",
	  "body_sealed cannot be opened" },
	{ "users.account", "UPDATE users.account SET login = 'mallory' WHERE kind = 'person'", "P7", "login is not" },
};

/* Findings name the view that says so: a row of debts.posting is an entry of the ledger, and may be a payment. */
static const struct wrong wrong_postings[] = {
	{ "debts.ledger_entry", "UPDATE debts.posting SET previous_part = 1 - part WHERE entry_no = 2 AND " DEBT_11, "P5",
	  "previous_part is not" },
	{ "debts.ledger_entry",
	  "INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind) SELECT "
	  "part, 9, -1, "
	  "debt_id, command_id, occurred_on, business_date, kind FROM debts.posting WHERE entry_no = 2 AND " DEBT_11,
	  "P5", "is not the entry of an event about its debt" },
	{ "debts.payment", "UPDATE debts.posting SET occurred_on = occurred_on + 1 WHERE kind = 2 AND " PAYMENT_11, "P7",
	  "received_on is not" },
	{ "debts.payment", "UPDATE debts.posting SET debt_id = gen_random_uuid() WHERE kind = 2 AND " PAYMENT_11, "P7",
	  "debt_id is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET is_recovery = NULL WHERE is_recovery", "P5", "kind is not" },
	{ "debts.payment", "UPDATE debts.posting SET method = 'cash' WHERE kind = 2 AND " PAYMENT_11, "P7", "method is not" },
	{ "debts.payment", "UPDATE debts.posting SET source = 'bank-2' WHERE kind = 2 AND " PAYMENT_11, "P7", "source is not" },
	{ "debts.payment", "UPDATE debts.posting SET external_ref = 'Y-0' WHERE kind = 2 AND " PAYMENT_11, "P7",
	  "external_ref is not" },
	{ "debts.payment",
	  "INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, payment_id) "
	  "SELECT "
	  "part, 9, -2, debt_id, command_id, occurred_on, business_date, 3, payment_id FROM debts.posting WHERE kind = 2 "
	  "AND " PAYMENT_11,
	  "P7", "state is not" },
	{ "debts.payment", "DELETE FROM debts.posting WHERE kind = 3", "P7", "state is not" },
	{ "debts.payment",
	  "UPDATE debts.posting SET credit_minor = credit_minor + 1, contra_minor = contra_minor - 1 WHERE kind = 16 AND "
	  "credit_minor = 20",
	  "P7", "refunded_minor is not" },
	{ "debts.payment",
	  "UPDATE debts.posting SET credit_minor = credit_minor + 1, contra_minor = contra_minor - 1 WHERE kind = 16 AND "
	  "credit_minor = 20",
	  "P5", "were refunded by its ledger entries" },
	{ "debts.payment",
	  "UPDATE debts.posting SET credit_minor = credit_minor + 999, contra_minor = contra_minor - 999 WHERE kind = 16 AND "
	  "credit_minor = 20",
	  "P5", "which is not of its credit" },
	{ "debts.payment", "UPDATE debts.posting SET kind = 3 WHERE kind = 16 AND credit_minor = 20", "P5",
	  "something of it was refunded" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET contra = 1 WHERE kind = 16", "P5", "contra is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET occurred_on = occurred_on - 1 WHERE entry_no = 2 AND " DEBT_11, "P5",
	  "occurred_on is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET business_date = business_date + 1 WHERE entry_no = 2 AND " DEBT_11,
	  "P5", "business_date is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET payment_id = NULL WHERE entry_no = 2 AND " DEBT_11, "P5",
	  "payment_id is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET reverses_seq = 1 WHERE kind = 3", "P5", "reverses_seq is not" },
	{ "debts.ledger_entry", "UPDATE debts.posting SET kind = 4 WHERE entry_no = 2 AND " DEBT_11, "P5", "kind is not" },
	{ "debts.ledger_entry", "DELETE FROM debts.posting WHERE entry_no = 2 AND " DEBT_11, "P5", "the row is missing" },
};

static void exec_in(const char *before, const char *table, const char *after)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "%s%s%s", before, table, after);
	exec(sql);
}

static void try_wrong(const struct wrong *wrong, const char *table)
{
	exec_in("CREATE TABLE kept AS TABLE ", table, "");
	exec(wrong->sql);
	world_verify(&findings);
	exec_in("DELETE FROM ", table, "");
	exec_in("INSERT INTO ", table, " TABLE kept");
	exec("DROP TABLE kept");
	findings.cause = wrong->sql;
	then_found(&findings, wrong->promise, wrong->words);
	then_found(&findings, wrong->promise, wrong->table);
	if (findings.count >= 8)
		fail_msg("%s: %zu findings", wrong->sql, findings.count); /* one wrong is not a flood */
}

static void test_verify__finds_each_column_that_was_tampered_with(void **state)
{
	(void)state;
	for (size_t index = 0; index < COUNT(wrongs); index++)
		try_wrong(&wrongs[index], wrongs[index].table);
	for (size_t index = 0; index < COUNT(wrong_postings); index++)
		try_wrong(&wrong_postings[index], "debts.posting");
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- what earlier programs have sealed ---- */

/* A text of a person, in the old form, where the statement says; $1 of it. */
static void put_old(const char *sql, unsigned customer, const char *text)
{
	const struct db_statement salt = { "", "SELECT key_salt FROM customers.customer WHERE customer_id = $1" };
	const struct db_statement put = { "", sql };
	struct uuid customer_id = spec_id('C', customer);
	struct db_result result = { 0 };
	struct db_params params;
	uint8_t own_key[32], sealed[256];

	db_params_init(&params, 4096);
	db_param_uuid(&params, &customer_id);
	store_must(&world.spec, db_run(world.spec.admin, &salt, &params, &result, &world.spec.err));
	person_key(own_key, programs_key, db_str(&result, 0, 0));
	db_params_reset(&params);
	db_param_bytes(&params, old_seal(sealed, str_of(text), &customer_id, own_key));
	store_must(&world.spec, db_run(world.spec.admin, &put, &params, NULL, &world.spec.err));
	db_result_release(&result);
	db_params_release(&params);
}

static void test_verify__counts_what_is_sealed_the_old_way(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE customers.customer");
	exec("CREATE TABLE kept_points AS TABLE customers.contact_point");
	assert_null(strstr(findings.total, "sealed the old way"));
	put_old("UPDATE customers.customer SET full_name_sealed = $1 WHERE " CUSTOMER_12, 12, "Erika Mustermann");
	put_old("UPDATE customers.customer SET birth_date_sealed = $1 WHERE " CUSTOMER_12, 12, "1971-01-01");
	put_old("UPDATE customers.contact_point SET address_sealed = $1 WHERE " POINT_1, 10, "Erika.1@example.org");
	world_verify(&findings);
	then_silent(&findings);
	assert_non_null(strstr(findings.total, "; 3 texts sealed the old way"));

	/* One that somebody kept opens in the wrong place: its hash in the log tells. */
	put_old("UPDATE customers.customer SET full_name_sealed = $1 WHERE " CUSTOMER_12, 12, "1971-01-01");
	world_verify(&findings);
	then_found(&findings, "P7", "full_name_sealed is not what the log says");
	exec("DELETE FROM customers.customer");
	exec("INSERT INTO customers.customer TABLE kept");
	exec("DROP TABLE kept");
	exec("DELETE FROM customers.contact_point");
	exec("INSERT INTO customers.contact_point TABLE kept_points");
	exec("DROP TABLE kept_points");
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- timers ---- */

/* The row of the message tells: a timer has none in the log. */
static void test_verify__finds_a_timer_that_is_gone_moved_or_too_many(void **state)
{
	static const char one_more[] =
		"INSERT INTO communications.timer (part, kind, key, subject, id, due_at, set_at) SELECT part, kind, key, "
		"'019a0000-0000-7000-8000-004d00000001', gen_random_uuid(), due_at, 1 FROM communications.timer";
	static const char *const of_timers[] = { "DELETE FROM communications.timer",
						 "UPDATE communications.timer SET due_at = now()", one_more };

	(void)state;
	exec("CREATE TABLE kept AS TABLE communications.timer");
	for (size_t i = 0; i < COUNT(of_timers); i++) {
		exec(of_timers[i]);
		world_verify(&findings);
		findings.cause = of_timers[i];
		then_found(&findings, "P7", "due_at is not");
		exec("DELETE FROM communications.timer");
		exec("INSERT INTO communications.timer TABLE kept");
	}
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

static void test_verify__finds_that_an_open_promise_has_no_timer(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE debts.timer");
	exec("DELETE FROM debts.timer");
	world_verify(&findings);
	then_found(&findings, "P7", "judged_on is not");
	then_found(&findings, "P7", "next_on is not");
	then_found(&findings, "P7", "ages_on is not");
	then_found(&findings, "P7", "debts.settlement");
	exec("INSERT INTO debts.timer TABLE kept");
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- sealed anew ---- */

/* Runs `dcs reseal` as a user does; its exit status, and the last line of what it printed. */
static int reseal(char last[FINDING_CHARS])
{
	char pg[STORE_CONNINFO_MAX], name[] = "reseal", flag[] = "--pg", *arguments[] = { name, flag, pg, NULL };
	int kept = dup(STDOUT_FILENO), status;
	FILE *out = tmpfile();

	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	assert_non_null(out);
	fflush(stdout);
	assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0);
	status = run_reseal(3, arguments);
	fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
	rewind(out);
	last[0] = '\0';
	while (fgets(last, FINDING_CHARS, out) != NULL)
		;
	fclose(out);
	return status;
}

static void test_verify__finds_no_old_form_after_reseal(void **state)
{
	static const char *const no_old[] = { "--only", "P7", "--no-old-seals", NULL };
	char last[FINDING_CHARS];

	(void)state;
	put_old("UPDATE customers.customer SET full_name_sealed = $1 WHERE " CUSTOMER_12, 12, "Erika Mustermann");
	put_old("UPDATE customers.customer SET birth_date_sealed = $1 WHERE " CUSTOMER_12, 12, "1971-01-01");
	put_old("UPDATE customers.contact_point SET address_sealed = $1 WHERE " POINT_2, 10, "Erika.2@example.org");
	put_old("UPDATE communications.outbox SET address_sealed = $1 WHERE " MESSAGE_1, 10, "Erika.1@example.org");
	put_old("UPDATE communications.outbox SET subject_sealed = $1 WHERE " MESSAGE_1, 10, "Hallo");
	world_verify_with(&findings, no_old);
	then_found(&findings, "P7", "full_name_sealed is sealed in the old form");
	assert_int_equal(findings.count, 5);

	assert_int_equal(reseal(last), 0);
	assert_non_null(strstr(last, " 5 sealed anew"));
	world_verify_with(&findings, no_old);
	then_silent(&findings);
	assert_int_equal(reseal(last), 0);
	assert_non_null(strstr(last, " 0 sealed anew"));

	/* Addresses of before the column are found again. */
	exec("CREATE TABLE kept_points AS SELECT contact_point_id, address_lookup FROM customers.contact_point");
	exec("UPDATE customers.contact_point SET address_lookup = NULL");
	world_verify(&findings);
	then_silent(&findings);
	assert_int_equal(reseal(last), 0);
	assert_non_null(strstr(last, " addresses can be found now"));
	exec("DO $$ BEGIN ASSERT (SELECT count(*) FROM customers.contact_point p JOIN kept_points k USING (contact_point_id) "
	     "WHERE p.address_lookup IS NOT NULL AND p.address_lookup IS NOT DISTINCT FROM k.address_lookup) > 0; "
	     "ASSERT NOT EXISTS (SELECT FROM customers.contact_point p JOIN kept_points k USING (contact_point_id) "
	     "WHERE p.address_lookup IS DISTINCT FROM k.address_lookup); END $$");
	exec("DROP TABLE kept_points");

	/* Somebody is writing the row; what is forged stays as it is, and is told. */
	put_old("UPDATE customers.customer SET full_name_sealed = $1 WHERE " CUSTOMER_12, 12, "Erika Mustermann");
	store_must(&world.spec, db_begin(world.spec.admin, &world.spec.err));
	exec("UPDATE customers.customer SET locale = locale WHERE " CUSTOMER_12);
	assert_int_equal(reseal(last), 1);
	assert_non_null(strstr(last, "1 left"));
	db_rollback(world.spec.admin);
	exec("UPDATE customers.customer SET birth_date_sealed = full_name_sealed WHERE " CUSTOMER_11);
	assert_int_equal(reseal(last), 1);
	assert_non_null(strstr(last, "1 sealed anew; 1 cannot be opened"));
	exec("UPDATE customers.customer SET birth_date_sealed = NULL WHERE " CUSTOMER_11);
	world_verify_with(&findings, no_old);
	then_silent(&findings);
}

/* 400.00 of a debt's payment become another debt's: entries and balances alike, so that all sums are right. */
static void test_verify__finds_money_that_was_moved_from_one_debt_to_another(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE debts.posting");
	exec("UPDATE debts.posting e SET contra_minor = contra_minor + d, interest_minor = NULL, principal_minor = "
	     "-(contra_minor + d) FROM (VALUES ('019a0000-0000-7000-8000-00440000000b'::uuid, -20000), "
	     "('019a0000-0000-7000-8000-00440000000c', 20000)) m (id, d) WHERE kind = 2 AND debt_id = m.id");
	exec("UPDATE debts.debt SET interest_minor = 5000, principal_minor = 80000 WHERE " DEBT_11);
	exec("UPDATE debts.debt SET interest_minor = 5000, principal_minor = 40000 WHERE " DEBT_12);
	world_verify(&findings);
	then_found(&findings, "P5", "contra_minor is not what the log says");
	then_found(&findings, "P5", "principal_minor is not what the log says");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000b: principal_minor is not what the log says");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000c: principal_minor is not what the log says");
	then_found(&findings, "P7", "amount_minor is not what the log says");
	exec("UPDATE debts.debt SET interest_minor = 0, principal_minor = 65000 WHERE " DEBT_11 " OR " DEBT_12);
	exec("DELETE FROM debts.posting");
	exec("INSERT INTO debts.posting TABLE kept");
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

static int64_t drift_of(int promise)
{
	static const struct db_statement select = {
		"test_drift",
		"SELECT findings FROM engine.drift WHERE promise = 'P' || $1::integer AND verified_at > now() - interval '1 h'"
	};
	struct db_result result = { 0 };
	struct db_params params;
	int64_t found = -1;

	db_params_init(&params, 64);
	db_param_int32(&params, promise);
	store_must(&world.spec, db_run(world.spec.admin, &select, &params, &result, &world.spec.err));
	if (result.rows == 1)
		found = db_int64(&result, 0, 0);
	db_result_release(&result);
	db_params_release(&params);
	return found;
}

/* What was looked at, and only that; one who may not write is told, and what he found counts all the same. */
static void test_verify__keeps_what_it_found_for_the_operator(void **state)
{
	static const char *const only_p5[] = { "--only", "P5", NULL };
	static const char *const as_reader[] = { "--only", "P5", "--pg-user", "dcs_test_reader", NULL };

	(void)state;
	exec("DELETE FROM engine.drift");
	world_verify(&findings);
	assert_int_equal(drift_of(7), 0);
	assert_int_equal(drift_of(3), -1); /* was not looked at */
	exec("UPDATE debts.debt SET due_on = due_on + 1 WHERE " DEBT_11);
	world_verify(&findings);
	assert_int_equal(drift_of(7), findings.count);
	assert_int_equal(drift_of(5), 0);
	world_verify_with(&findings, only_p5);
	assert_int_equal(drift_of(7), 1);
	exec("UPDATE debts.debt SET due_on = due_on - 1 WHERE " DEBT_11);
	exec("CREATE ROLE dcs_test_reader LOGIN IN ROLE pg_read_all_data");
	exec("UPDATE engine.drift SET findings = 9");
	world_verify_with(&findings, as_reader);
	then_silent(&findings);
	assert_int_equal(drift_of(5), 9);
	exec("DROP ROLE dcs_test_reader");
	world_verify(&findings);
	assert_int_equal(drift_of(5), 0);
	assert_int_equal(drift_of(7), 0);
}

/* A log that no engine wrote must end no program, and hides nobody but the one it is about. */
static void test_verify__goes_on_behind_an_event_that_does_not_follow(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE debts.event_row");
	exec("DELETE FROM debts.event_log WHERE seq = (SELECT min(seq) FROM debts.event_log WHERE subject = "
	     "'019a0000-0000-7000-8000-00440000000b') AND subject = '019a0000-0000-7000-8000-00440000000b'");
	exec("UPDATE debts.debt SET due_on = due_on + 1 WHERE debt_id = '019a0000-0000-7000-8000-00440000000d'");
	world_verify(&findings);
	then_found(&findings, "P7", "does not follow from the events before it");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000d: due_on is not what the log says");
	exec("UPDATE debts.debt SET due_on = due_on - 1 WHERE debt_id = '019a0000-0000-7000-8000-00440000000d'");
	exec("DELETE FROM debts.event_log");
	exec("INSERT INTO debts.event_row TABLE kept");
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- anchors ---- */

#define ANCHOR_KEY "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100"

static char anchor_path[64], anchor_key_path[64], anchor_public_key[2 * PUBLIC_KEY_SIZE + 1];

/* Appends a line for the logs as they are, as `dcs anchor` does. */
static int write_anchor(void)
{
	char pg[STORE_CONNINFO_MAX], name[] = "anchor", again[] = "--again", topics[] = "--without-topics", flag[] = "--pg";
	char key[] = "--anchor-key-file";
	char *arguments[] = { name, anchor_path, again, topics, flag, pg, key, anchor_key_path, NULL };

	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	return run_anchor(8, arguments);
}

static void verify_anchor(void)
{
	const char *const arguments[] = {
		"--only", "P2", "--anchor", anchor_path, "--anchor-public-key", anchor_public_key, NULL
	};

	world_verify_with(&findings, arguments);
}

static void exec_file(const char *path, const char *text, const char *mode)
{
	FILE *file = fopen(path, mode);

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int open_anchors(void **state)
{
	uint8_t seed[32], public_key[PUBLIC_KEY_SIZE];

	(void)state;
	snprintf(anchor_path, sizeof(anchor_path), "/tmp/dcs-test-anchors.%d", (int)getpid());
	snprintf(anchor_key_path, sizeof(anchor_key_path), "/tmp/dcs-test-anchor-key.%d", (int)getpid());
	exec_file(anchor_key_path, ANCHOR_KEY, "w");
	assert_int_equal(chmod(anchor_key_path, 0600), 0);
	assert_int_equal(key_read(seed, anchor_key_path, &world.spec.err), 0);
	signature_public_key(public_key, seed);
	hex_from_bytes(anchor_public_key, public_key, sizeof(public_key));
	exec("CREATE TABLE kept AS TABLE debts.event_row");
	exec("CREATE TABLE kept_head AS TABLE debts.partition_head");
	return write_anchor();
}

static int close_anchors(void **state)
{
	(void)state;
	exec("DELETE FROM debts.event_log");
	exec("INSERT INTO debts.event_row TABLE kept");
	exec("DELETE FROM debts.partition_head");
	exec("INSERT INTO debts.partition_head TABLE kept_head");
	exec("DROP TABLE kept, kept_head");
	unlink(anchor_path);
	unlink(anchor_key_path);
	return 0;
}

/* What grew stays. */
static int keep_growth(void **state)
{
	(void)state;
	exec("DROP TABLE kept, kept_head");
	unlink(anchor_path);
	unlink(anchor_key_path);
	return 0;
}

/* What an auditor runs; its status. */
static int check_chain(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "python3 producers/cli/check_chain.py \"%s dbname=test_store\" --anchor %s --key %s >/dev/null",
		 getenv("DCS_TEST_PG"), anchor_path, anchor_public_key);
	return WEXITSTATUS(system(command));
}

static void test_verify__an_anchor_holds_where_the_log_only_grew(void **state)
{
	(void)state;
	create_debt(23, 10);
	assert_int_equal(write_anchor(), 0);
	verify_anchor();
	then_silent(&findings);
	assert_int_equal(check_chain(), 0);
}

/* The last events are gone, and the head says so: chain and head are of one piece. */
static void test_verify__an_anchor_finds_a_tail_that_was_cut_off(void **state)
{
	(void)state;
	exec("DELETE FROM debts.event_log l USING debts.partition_head h WHERE h.part = 0 AND l.part = 0 AND l.seq > h.log_seq - "
	     "2");
	exec("UPDATE debts.partition_head h SET log_seq = l.seq, log_hash = l.hash FROM debts.event_log l WHERE h.part = 0 "
	     "AND l.part = 0 AND l.seq = (SELECT max(seq) FROM debts.event_log WHERE part = 0)");
	world_verify_with(&findings, (const char *const[]){ "--only", "P1,P2", NULL });
	then_silent(&findings);
	verify_anchor();
	then_found(&findings, "P2", "the log does not have it, and had it on");
	assert_int_equal(check_chain(), 1);
	assert_int_equal(write_anchor(), 1); /* nor is such a log anchored anew */
}

/* An event is another, and all hashes behind it are made again. */
static void rewrite_log(void)
{
	static const struct db_statement read = {
		"test_read_chain", "SELECT seq, event_id, schema_id, key, subject, command_id, correlation_id, at, body FROM "
				   "debts.event_log WHERE part = 0 ORDER BY seq"
	};
	static const struct db_statement write = { "test_write_chain",
						   "UPDATE debts.event_log SET hash = $2 WHERE part = 0 AND seq = $1" };
	static const struct db_statement head = {
		"test_write_head", "UPDATE debts.partition_head SET log_hash = $2 WHERE part = 0 AND log_seq = $1"
	};
	uint8_t hash[SHA256_SIZE] = { 0 };
	struct db_result result = { 0 };
	struct db_params params;

	db_params_init(&params, 256);
	exec("UPDATE debts.event_log SET at = at + interval '1 s' WHERE part = 0 AND seq = 1");
	store_must(&world.spec, db_run(world.spec.admin, &read, NULL, &result, &world.spec.err));
	for (int row = 0; row < result.rows; row++) {
		struct chain_row chained = { .part = 0,
					     .seq = db_int64(&result, row, 0),
					     .event_id = db_uuid(&result, row, 1),
					     .schema_id = (uint32_t)db_int32(&result, row, 2),
					     .key = db_uuid(&result, row, 3),
					     .subject = db_uuid(&result, row, 4),
					     .command_id = db_uuid(&result, row, 5),
					     .correlation_id = db_uuid(&result, row, 6),
					     .at_ms = db_instant(&result, row, 7),
					     .body = db_str(&result, row, 8) };
		uint8_t before[SHA256_SIZE];

		memcpy(before, hash, sizeof(before));
		chain_hash(hash, before, &chained);
		db_params_reset(&params);
		db_param_int64(&params, chained.seq);
		db_param_bytes(&params, (struct str){ (const char *)hash, sizeof(hash) });
		store_must(&world.spec, db_run(world.spec.admin, &write, &params, NULL, &world.spec.err));
	}
	store_must(&world.spec, db_run(world.spec.admin, &head, &params, NULL, &world.spec.err));
	db_result_release(&result);
	db_params_release(&params);
}

static void test_verify__an_anchor_finds_a_log_that_was_written_anew(void **state)
{
	(void)state;
	rewrite_log();
	world_verify_with(&findings, (const char *const[]){ "--only", "P1,P2", NULL });
	then_silent(&findings);
	verify_anchor();
	then_found(&findings, "P2", "it was written anew");
	assert_int_equal(check_chain(), 1);
}

/* How much of a topic was there: of all anchors the most. */
static void test_verify__an_anchor_finds_a_topic_that_lost_its_tail(void **state)
{
	static struct verify verify;
	struct verify_head head = { .module = "debts", .part = 1 };
	struct anchor_head anchored = { .module = STR("debts"), .part = 1, .seq = 9, .published = 7 };
	uint8_t seed[32] = { 3 }, public_key[PUBLIC_KEY_SIZE];
	struct buf line;

	(void)state;
	signature_public_key(public_key, seed);
	buf_init(&line, 4096);
	anchor_write(&line, world.now_ms, NULL, &anchored, 1, seed);
	buf_add_u8(&line, 0);
	exec_file(anchor_path, (const char *)line.data, "w");
	verify.json = verify.is_wanted[6] = true;
	store_must(&world.spec, anchor_file_read(&verify.anchors, anchor_path, public_key, &world.spec.life, &world.spec.err));
	verify_anchored_topic(&verify, &head, 7);
	assert_int_equal(verify.tally.findings[6], 0);
	verify_anchored_topic(&verify, &head, 6);
	assert_int_equal(verify.tally.findings[6], 1);
	anchor_file_release(&verify.anchors);
	buf_release(&line);
}

static void test_verify__an_anchor_is_none_without_its_signature(void **state)
{
	(void)state;
	assert_int_equal(write_anchor(), 0);
	exec_file(anchor_path, "dcs-anchor-1 2026-01-01T00:00:00.000Z 00 debts:0:1:-:00 00\n", "a");
	verify_anchor();
	assert_int_equal(findings.status, 1);
	assert_non_null(strstr(findings.total, "not everything could be looked at"));
	assert_int_equal(check_chain(), 1);
	assert_int_equal(write_anchor(), 1);
	exec_file(anchor_path, "", "w");
	verify_anchor();
	assert_int_equal(findings.status, 1);
}

/* ---- nothing is forgotten ---- */

#define ENTRY_ACCOUNTS ACCOUNT_COLUMNS("", " ")

/* What is compared where no fold is: "*" is every module. */
static const struct {
	const char *table, *columns;
} compared[] = {
	{ "*.event_row", "part seq event_id schema_id key subject command_id correlation_id at command_digest body hash" },
	{ "*.partition_head", "part next_offset log_seq log_hash" },
	{ "*.parked", "part command_offset" },
	{ "*.approval", "part command_id state value outcome_seq" },
	{ "*.dead_letter", "part command_offset" },
	{ "*.followed_head", "part source last_seq last_hash" },
	{ "*.sent_head", "part log_seq" },
	{ "debts.posting", /* as debts.ledger_entry and debts.payment */
	  "part seq entry_no previous_seq previous_part debt_id command_id occurred_on business_date kind is_recovery contra "
	  "contra_minor "
	  "payment_id reverses_seq method source external_ref " ENTRY_ACCOUNTS },
	{ "communications.creditor_communication", "communication_id creditor_id portfolio_id created_at" },
	{ "debts.creditor_customer", "creditor_id customer_id portfolio_id created_at" },
	{ "reporting.outstanding", "due_on creditor_id currency debts outstanding_minor" },
	{ "reporting.outstanding_change", "booked_on due_on creditor_id currency debts outstanding_minor" },
	{ "reporting.collected",
	  "day creditor_id currency payments amount_minor reversals reversed_minor refunds refunded_minor" },
	{ "reporting.communications", "day channel state messages" },
	{ "reporting.reader_head", "module part last_seq" },
};

/* Whether a text has this word, not as a part of another. */
static bool has_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
		char before = at == text ? ' ' : at[-1], after = at[size];

		if (!isalnum(before) && before != '_' && !isalnum(after) && after != '_')
			return true;
	}
	return false;
}

/* "debts.debt" is "debts.debt" or "*.debt". */
static bool is_table(const char *pattern, const char *table)
{
	return strcmp(pattern, table) == 0 || (pattern[0] == '*' && strcmp(pattern + 1, strchr(table, '.')) == 0);
}

static const char *select_of(const struct folded_table *table)
{
	return table->template != NULL ? db_template_statement(table->template)->sql : table->select;
}

static bool is_folded(const char *table, const char *column)
{
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		const struct folded_module *module = folded_module_named(command_modules[i]->name);

		for (size_t j = 0; j < module->tables_count; j++) {
			if (strcmp(module->tables[j].name, table) == 0 && has_word(select_of(&module->tables[j]), column))
				return true;
		}
	}
	return false;
}

static bool is_compared(const char *table, const char *column)
{
	for (size_t i = 0; i < COUNT(compared); i++) {
		if (is_table(compared[i].table, table) && has_word(compared[i].columns, column))
			return true;
	}
	return is_folded(table, column);
}

/* Named in the section of the README: `debts.debt`, `*.debt`, `debts.debt.owner`, `*.debt.owner`. */
static bool is_named(const char *section, const char *table, const char *column)
{
	char forms[4][256];

	snprintf(forms[0], sizeof(forms[0]), "`%s`", table);
	snprintf(forms[1], sizeof(forms[1]), "`*%s`", strchr(table, '.'));
	snprintf(forms[2], sizeof(forms[2]), "`%s.%s`", table, column);
	snprintf(forms[3], sizeof(forms[3]), "`*%s.%s`", strchr(table, '.'), column);
	for (size_t i = 0; i < 4; i++) {
		if (strstr(section, forms[i]) != NULL)
			return true;
	}
	return false;
}

static char *read_section(void)
{
	static char text[1 << 16];
	FILE *file = fopen("producers/cli/README.md", "r");
	char *section, *end;

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	section = strstr(text, "## What `verify` cannot prove");
	assert_non_null(section);
	end = strstr(section + 3, "\n## ");
	assert_non_null(end);
	*end = '\0';
	return section;
}

/* Whoever adds a table or a column tells verify what it must be, or says why that cannot be known. */
static void test_verify__compares_every_column_or_names_it(void **state)
{
	static const struct db_statement select = {
		"test_columns",
		"SELECT format('%s.%s', table_schema, table_name), column_name::text FROM information_schema.columns "
		"JOIN information_schema.tables USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' AND "
		"table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
	};
	const char *section = read_section();
	struct db_result result = { 0 };
	char table[80], column[80];

	(void)state;
	store_must(&world.spec, db_run(world.spec.admin, &select, NULL, &result, &world.spec.err));
	assert_true(result.rows > 200);
	for (int row = 0; row < result.rows; row++) {
		bool is_known;

		assert_true(str_to_chars(table, sizeof(table), db_str(&result, row, 0)));
		assert_true(str_to_chars(column, sizeof(column), db_str(&result, row, 1)));
		is_known = is_named(section, table, column);
		if (!is_known && !is_compared(table, column))
			fail_msg("%s.%s is not compared, nor named in producers/cli/README.md", table, column);
		if (is_known && is_compared(table, column))
			fail_msg("%s.%s is compared, and named in producers/cli/README.md", table, column);
	}
	db_result_release(&result);
}

/* The last one, because its payment stays in the log: entry, balances and event agree, and the order is not that of the debt's policy. */
static void test_verify__finds_a_payment_that_is_split_in_another_order(void **state)
{
	(void)state;
	exec("UPDATE debts.debt SET allocation = 5 WHERE allocation = 6");
	pay(20, 10, spec_id('D', 19), 50);
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
	exec("UPDATE debts.debt SET allocation = 6 WHERE allocation = 5");
	world_verify(&findings);
	then_found(&findings, "P5", "the payment is not split in the order of its debt's policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify__compares_every_column_or_names_it),
		cmocka_unit_test(test_verify__that_looked_at_nothing_says_so),
		cmocka_unit_test(test_verify__without_permission_says_so),
		cmocka_unit_test(test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited),
		cmocka_unit_test(test_verify__is_silent_about_a_consent_with_the_id_of_its_customer),
		cmocka_unit_test(test_verify__is_silent_where_nothing_was_tampered_with),
		cmocka_unit_test(test_verify__finds_each_column_that_was_tampered_with),
		cmocka_unit_test(test_verify__counts_what_is_sealed_the_old_way),
		cmocka_unit_test(test_verify__finds_a_timer_that_is_gone_moved_or_too_many),
		cmocka_unit_test(test_verify__finds_that_an_open_promise_has_no_timer),
		cmocka_unit_test(test_verify__finds_no_old_form_after_reseal),
		cmocka_unit_test(test_verify__finds_money_that_was_moved_from_one_debt_to_another),
		cmocka_unit_test(test_verify__keeps_what_it_found_for_the_operator),
		cmocka_unit_test(test_verify__goes_on_behind_an_event_that_does_not_follow),
		cmocka_unit_test_setup_teardown(test_verify__an_anchor_holds_where_the_log_only_grew, open_anchors, keep_growth),
		cmocka_unit_test_setup_teardown(test_verify__an_anchor_finds_a_tail_that_was_cut_off, open_anchors,
						close_anchors),
		cmocka_unit_test_setup_teardown(test_verify__an_anchor_finds_a_log_that_was_written_anew, open_anchors,
						close_anchors),
		cmocka_unit_test_setup_teardown(test_verify__an_anchor_finds_a_topic_that_lost_its_tail, open_anchors,
						close_anchors),
		cmocka_unit_test_setup_teardown(test_verify__an_anchor_is_none_without_its_signature, open_anchors,
						close_anchors),
		cmocka_unit_test(test_verify__finds_a_payment_that_is_split_in_another_order),
	};

	return cmocka_run_group_tests_name("verify", tests, open_world, close_world);
}
