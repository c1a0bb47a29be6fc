/* consumers/communications over a real PostgreSQL: the outbox, its claims, and a withdrawal between them. */

#include "../old_seal.h"
#include "store_spec.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/array.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/contactability.h"
#include "consumers/communications/gather.h"
#include "consumers/communications/store.h"
#include "crypto/seal.h"
#include "schemas/communications.h"

static struct store_spec spec;
static uint8_t key[32]; /* the customer's own */
static struct db *notifier;
static struct db_params params;

static int setup_group(void **state)
{
	uint8_t programs_key[32];
	struct str bad;

	(void)state;
	store_key_file(programs_key);
	person_key(key, programs_key, STR("salt of customer"));
	db_params_init(&params, 1 << 16);
	return communications_store_prepare(communications_store.self, &spec.err) == 0 &&
			       asked_profiles_choose(STR("basic person"), &bad)
		       ? 0
		       : -1; /* their rules deny only: no hour of a test counts */
}

static int teardown_group(void **state)
{
	(void)state;
	store_key_file_remove();
	db_params_release(&params);
	return 0;
}

static void param_sealed(const char *text, const struct sealed_column *column, const struct uuid *row)
{
	const struct seal_place place = { column, *row, 1, spec_id('C', 1) };
	uint8_t sealed[256];

	seal(sealed, str_of(text), &place, key);
	db_param_bytes(&params, (struct str){ .data = (const char *)sealed, .size = strlen(text) + SEAL_OVERHEAD });
}

static void given_customer(void)
{
	static const struct db_statement customer = {
		"test_customer",
		"INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		"key_salt, full_name_sealed) VALUES ($1, 'K-1', 'natural', 'active', 'de', 'DE', 1, 'salt of customer', $2)"
	};
	static const struct db_statement point = {
		"test_point",
		"INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, "
		"version, address_hash, address_sealed) VALUES ($2, $1, 'sms', 'mobile', 'consumer', "
		"'usable', 1, '0123456789abcdef', $3)"
	};
	struct uuid customer_id = spec_id('C', 1), point_id = spec_id('P', 1);

	db_params_reset(&params);
	db_param_uuid(&params, &customer_id);
	param_sealed("Anna", &sealed_name, &customer_id);
	store_must(&spec, db_run(spec.admin, &customer, &params, NULL, &spec.err));
	db_params_reset(&params);
	db_param_uuid(&params, &customer_id);
	db_param_uuid(&params, &point_id);
	param_sealed("+4930123456", &sealed_address, &point_id);
	store_must(&spec, db_run(spec.admin, &point, &params, NULL, &spec.err));
	store_sql(&spec, "test_debt",
		  "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
		  "interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, "
		  "external_ref) "
		  "SELECT '019a0000-0000-7000-8000-004400000001', customer_id, gen_random_uuid(), 1, 1, 0, 0, 0, 12345, 0, 1, 1, "
		  "3, "
		  "'2025-01-01', '2025-02-01', 'EUR', 'INV-1' FROM customers.customer");
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &communications_module, &communications_store);
	given_customer();
	store_open(&spec, "test_store", "dcs_notifier", &notifier);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(notifier);
	notifier = NULL;
	store_spec_release(&spec);
	return 0;
}

/* ---- given ---- */

static void add_template(int32_t version, struct str text)
{
	struct publish_template body = { .template_id = spec_id('T', 1),
					 .name = STR("reminder"),
					 .version = version,
					 .channel = STR("sms"),
					 .language = STR("de"),
					 .message_class = STR("reminder"),
					 .subject = STR(""),
					 .body = text };

	store_add(&spec, &publish_template_type, &body);
}

static void add_consent(unsigned number, int64_t obtained_at_ms)
{
	struct grant_consent body = { .consent_id = spec_id('G', number),
				      .customer_id = spec_id('C', 1),
				      .channel = STR("sms"),
				      .purpose = STR("collect"),
				      .basis = STR("express"),
				      .evidence_ref = STR("call-1"),
				      .obtained_at = obtained_at_ms };

	store_add(&spec, &grant_consent_type, &body);
}

static void add_withdrawal(void)
{
	struct withdraw_consent body = { .customer_id = spec_id('C', 1),
					 .has_channel = true,
					 .channel = STR("sms"),
					 .via = STR("keyword"),
					 .has_keyword = true,
					 .keyword = STR("STOP"),
					 .withdrawn_at = STORE_TODAY * DAY_MS };

	store_add(&spec, &withdraw_consent_type, &body);
}

static struct uuid debt_ids[1];

static void add_message(unsigned number)
{
	struct send_communication body = { .communication_id = spec_id('M', number),
					   .customer_id = spec_id('C', 1),
					   .debt_ids = debt_ids,
					   .debt_ids_count = 1,
					   .channel = STR("sms"),
					   .template_name = STR("reminder"),
					   .language = STR("de"),
					   .message_class = STR("reminder"),
					   .send_by = (STORE_TODAY + 1) * DAY_MS };

	debt_ids[0] = spec_id('D', 1);
	store_add(&spec, &send_communication_type, &body);
}

#define TIME_MS ((STORE_TODAY * DAY_MS) + DAY_MS / 2)

/* Before its time. */
static struct send_communication early(unsigned number)
{
	static const struct template_parameter parameters[] = { { { "plan", 4 }, { "Plan A", 6 } } };

	debt_ids[0] = spec_id('D', 1);
	return (struct send_communication){ .communication_id = spec_id('M', number),
					    .customer_id = spec_id('C', 1),
					    .debt_ids = debt_ids,
					    .debt_ids_count = 1,
					    .channel = STR("sms"),
					    .template_name = STR("reminder"),
					    .language = STR("de-AT"),
					    .message_class = STR("reminder"),
					    .parameters = parameters,
					    .parameters_count = 1,
					    .send_by = (STORE_TODAY + 1) * DAY_MS,
					    .has_not_before = true,
					    .not_before = TIME_MS };
}

static void add_early(unsigned number)
{
	const struct send_communication body = early(number);

	store_add(&spec, &send_communication_type, &body);
}

/* About debt `number`. */
static void add_mergeable(unsigned number, int64_t not_before_ms)
{
	static struct uuid ids[4];
	struct send_communication body = early(number);

	assert_true(number < COUNT(ids));
	ids[number] = spec_id('D', number);
	body.debt_ids = &ids[number];
	body.has_mergeable = body.mergeable = true;
	body.not_before = not_before_ms;
	store_add(&spec, &send_communication_type, &body);
}

static void add_dispatch(unsigned number, int32_t attempt, const char *outcome)
{
	struct record_dispatch body = { .communication_id = spec_id('M', number),
					.customer_id = spec_id('C', 1),
					.attempt = attempt,
					.outcome = str_of(outcome),
					.provider = STR("kannel"),
					.has_provider_ref = true,
					.provider_ref = STR("ref"),
					.occurred_at = STORE_TODAY * DAY_MS };

	store_add(&spec, &record_dispatch_type, &body);
}

#define TEMPLATE STR("{{customer_name}} {{balance}} {{opt_out}}")

static void given_message(void)
{
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	store_run(&spec);
	add_message(1);
	store_run(&spec);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(spec.decisions[0].events_count, 2);
	/* Claims ask the server's own clock. */
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
}

static const struct db_statement claim = { "test_claim", "SELECT communication_id, address_sealed, body_sealed, key_salt FROM "
							 "communications.claim(ARRAY(SELECT unnest($1::uuid[]))) "
							 "WHERE refusal IS NULL" };
static const struct db_statement claim_again = {
	"test_claim_again", "SELECT communication_id FROM communications.claim_again($1::uuid[]) WHERE refusal IS NULL"
};
#define WHY "SELECT refusal, num_nonnulls(address_sealed, subject_sealed, body_sealed, key_salt) FROM communications."
static const struct db_statement ask = { "test_ask", WHY "claim($1::uuid[])" };
static const struct db_statement ask_again = { "test_ask_again", WHY "claim_again($1::uuid[])" };

static void param_message(void)
{
	struct uuid id = spec_id('M', 1);

	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_UUID);
	db_array_uuid(&params, &id);
}

/* How many of messages 1..3 the notifier gets. */
static int claimed(const struct db_statement *statement)
{
	struct db_result result = { 0 };
	int rows;

	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_UUID);
	for (unsigned number = 1; number <= 3; number++) {
		struct uuid id = spec_id('M', number);

		db_array_uuid(&params, &id);
	}
	store_must(&spec, db_run(notifier, statement, &params, &result, &spec.err));
	rows = result.rows;
	db_result_release(&result);
	return rows;
}

static int64_t in_state(const char *name, const char *sql)
{
	return store_number(&spec, name, sql);
}

#define OUTBOX(state) in_state("test_outbox_" state, "SELECT count(*) FROM communications.outbox WHERE state = '" state "'")
#define COMMUNICATION(state)                                                                                                     \
	in_state("test_message_" state, "SELECT count(*) FROM communications.communication WHERE state = '" state "'")

/* ---- tests ---- */

static void test_communications_store__a_message_is_rendered_sealed_and_claimed_once(void **state)
{
	struct db_result result = { 0 };
	struct seal_place place = { .row = spec_id('M', 1), .version = SEALED_MESSAGE_VERSION, .owner = spec_id('C', 1) };
	struct opened opened;
	char room[512];

	(void)state;
	given_message();
	param_message();
	store_must(&spec, db_run(notifier, &claim, &params, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	place.column = &sealed_message_address;
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 1), &place, key, &spec.err));
	assert_true(str_is(opened.text, "+4930123456"));
	place.column = &sealed_message_body;
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 2), &place, key, &spec.err));
	assert_false(opened.is_old);
	assert_memory_equal(opened.text.data, "Anna 123.45 Antworten", 21);
	db_result_release(&result);
	assert_int_equal(claimed(&claim), 0);
	assert_int_equal(OUTBOX("claimed"), 1);
	assert_int_equal(store_number(&spec, "test_debts", "SELECT count(*) FROM communications.communication_debt"), 1);
	assert_int_equal(
		store_number(&spec, "test_verdicts",
			     "SELECT count(*) FROM communications.compliance_decision WHERE verdict = 'allow' AND rules = "
			     "'US-04 US-05 US-10 US-12 US-13 US-28 UK-04 UK-05 UK-06 EU-01 HOLD-1 DEBT-1 DEBT-2 DEBT-3' AND "
			     "facts LIKE '%permission=express%'"),
		1);
}

/* ---- e-mails with an HTML part ---- */

static void given_email_with_html(void)
{
	struct publish_template template = { .template_id = spec_id('T', 9),
					     .name = STR("reminder"),
					     .version = 1,
					     .channel = STR("email"),
					     .language = STR("de"),
					     .message_class = STR("reminder"),
					     .subject = STR("Zur Sache"),
					     .body = STR("{{customer_name}} {{opt_out}}"),
					     .has_html = true,
					     .html = STR("<p>{{customer_name}}</p>{{opt_out}}") };
	struct grant_consent consent = { .consent_id = spec_id('G', 9),
					 .customer_id = spec_id('C', 1),
					 .channel = STR("email"),
					 .purpose = STR("collect"),
					 .basis = STR("express"),
					 .evidence_ref = STR("call-1"),
					 .obtained_at = 1000 };

	store_sql(&spec, "test_email", "UPDATE customers.contact_point SET channel = 'email'");
	store_add(&spec, &publish_template_type, &template);
	store_add(&spec, &grant_consent_type, &consent);
	store_run(&spec);
}

static void email(unsigned number, int64_t not_before_ms)
{
	struct send_communication body = { .communication_id = spec_id('M', number),
					   .customer_id = spec_id('C', 1),
					   .channel = STR("email"),
					   .template_name = STR("reminder"),
					   .language = STR("de"),
					   .message_class = STR("reminder"),
					   .has_not_before = not_before_ms != 0,
					   .not_before = not_before_ms,
					   .send_by = (STORE_TODAY + 1) * DAY_MS };

	store_add(&spec, &send_communication_type, &body);
	store_run(&spec);
}

static void then_html(unsigned number, const char *html)
{
	static const struct db_statement select = { "test_select_html",
						    "SELECT html_sealed FROM communications.outbox WHERE communication_id = $1" };
	struct seal_place place = { &sealed_message_html, spec_id('M', number), SEALED_MESSAGE_VERSION, spec_id('C', 1) };
	struct db_result result = { 0 };
	struct opened opened;
	char room[512];

	db_params_reset(&params);
	db_param_uuid(&params, &place.row);
	store_must(&spec, db_run(spec.admin, &select, &params, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	assert_int_equal(db_is_null(&result, 0, 0), html == NULL);
	if (html != NULL) {
		store_must(&spec, unseal(&opened, room, db_str(&result, 0, 0), &place, key, &spec.err));
		assert_memory_equal(opened.text.data, html, strlen(html));
	}
	db_result_release(&result);
}

static void test_communications_store__html_is_kept_sealed_claimed_and_forgotten_as_the_text_is(void **state)
{
	const struct timer timer = { .kind = &release_timer, .subject = spec_id('M', 2) };

	(void)state;
	given_email_with_html();
	email(1, 0);
	then_html(1, "<p>Anna</p>Wenn");
	email(2, TIME_MS);
	then_html(2, NULL);
	store_fire(&spec, &timer, spec_id('C', 1), TIME_MS);
	store_run(&spec);
	then_html(2, "<p>Anna</p>Wenn");
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(
		store_number(&spec, "test_claim_html",
			     "SELECT count(html_sealed) FROM communications.claim((SELECT array_agg(communication_id) FROM "
			     "communications.outbox)) WHERE refusal IS NULL"),
		2);
	store_sql(&spec, "test_forget", "SELECT communications.forget(ARRAY(SELECT customer_id FROM customers.customer))");
	then_html(1, NULL);
	then_html(2, NULL);
}

/* $1 of the statement: a text of customer 1's in the old form. */
static void put_old(const char *name, const char *sql, const char *text)
{
	struct uuid customer_id = spec_id('C', 1);
	uint8_t sealed[256];

	db_params_reset(&params);
	db_param_bytes(&params, old_seal(sealed, str_of(text), &customer_id, key));
	store_must(&spec, db_run(spec.admin, store_statement(name, sql), &params, NULL, &spec.err));
}

/* What earlier programs have sealed is read; what is written of it has a place. */
static void test_communications_store__a_person_sealed_the_old_way_is_written_to(void **state)
{
	struct seal_place place = { .row = spec_id('M', 1), .version = SEALED_MESSAGE_VERSION, .owner = spec_id('C', 1) };
	struct db_result result = { 0 };
	struct opened opened;
	char room[512];

	(void)state;
	put_old("test_old_name", "UPDATE customers.customer SET full_name_sealed = $1", "Anna");
	put_old("test_old_address", "UPDATE customers.contact_point SET address_sealed = $1", "+4930123456");
	given_message();
	param_message();
	store_must(&spec, db_run(notifier, &claim, &params, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	place.column = &sealed_message_address;
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 1), &place, key, &spec.err));
	assert_false(opened.is_old);
	assert_true(str_is(opened.text, "+4930123456"));
	place.column = &sealed_message_body;
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 2), &place, key, &spec.err));
	assert_false(opened.is_old);
	db_result_release(&result);
}

/* ---- messages that wait for their time ---- */

static void given_early(void)
{
	add_template(1, STR("{{plan}} {{customer_name}} {{balance}} {{opt_out}}"));
	add_consent(1, 1000);
	add_early(1);
	store_run(&spec);
	then_answers(&spec, 2, "CommunicationScheduled");
}

static void comes(unsigned number)
{
	const struct timer timer = { .kind = &release_timer, .subject = spec_id('M', number) };

	store_fire(&spec, &timer, spec_id('C', 1), TIME_MS);
	store_run(&spec);
}

static void then_text(const char *text)
{
	static const struct db_statement select = { "test_select_text",
						    "SELECT body_sealed FROM communications.outbox WHERE communication_id = $1" };
	struct seal_place place = { &sealed_message_body, spec_id('M', 1), SEALED_MESSAGE_VERSION, spec_id('C', 1) };
	struct db_result result = { 0 };
	struct opened opened;
	char room[512];

	db_params_reset(&params);
	db_param_uuid(&params, &place.row);
	store_must(&spec, db_run(spec.admin, &select, &params, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 0), &place, key, &spec.err));
	assert_true(str_equal(str_prefix(opened.text, strlen(text)), str_of(text)));
	db_result_release(&result);
}

#define PARAMETERS                                                                                                               \
	store_number(&spec, "test_parameters", "SELECT count(*) FROM communications.outbox WHERE parameters_sealed IS NOT NULL")

static void test_communications_store__a_message_before_its_time_has_no_text_and_is_not_claimed(void **state)
{
	(void)state;
	given_early();
	assert_int_equal(COMMUNICATION("scheduled"), 1);
	assert_int_equal(OUTBOX("scheduled"), 1);
	assert_int_equal(PARAMETERS, 1);
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(claimed(&claim), 0);
	assert_int_equal(
		store_number(
			&spec, "test_shown",
			"SELECT count(*) FROM communications.api_communication WHERE state = 'scheduled' AND "
			"not_before = release_at AND actions = '{putCommunication,cancelCommunication}' AND body_sealed = '' AND "
			"template_version IS NULL AND verdict IS NULL"),
		1);
	assert_int_equal(store_number(&spec, "test_unstated",
				      "SELECT count(*) FROM communications.communication_debt WHERE stated_minor IS NULL"),
			 1);
}

static void test_communications_store__at_its_time_it_has_the_balance_of_then_and_is_claimed(void **state)
{
	(void)state;
	given_early();
	store_sql(&spec, "test_paid_a_part", "UPDATE debts.debt SET principal_minor = 12000");
	assert_int_equal(in_state("test_unstated_credit", "SELECT count(stated_credit_minor) FROM communications.outbox"), 0);
	comes(1);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(spec.decisions[0].events_count, 2);
	then_text("Plan A Anna 120.00 ");
	assert_int_equal(COMMUNICATION("released"), 1);
	assert_int_equal(PARAMETERS, 1); /* its text may be made anew */
	assert_int_equal(store_number(&spec, "test_stated",
				      "SELECT count(*) FROM communications.communication_debt WHERE stated_minor = 12000"),
			 1);
	assert_int_equal(
		store_number(&spec, "test_rendered",
			     "SELECT count(*) FROM communications.communication WHERE version = 2 AND template_version = 1 "
			     "AND language = 'de' AND contact_point_id IS NOT NULL AND rendered_hash IS NOT NULL AND "
			     "not_before IS NOT NULL AND release_at IS NULL"),
		1);
	assert_int_equal(in_state("test_stated_credit", "SELECT stated_credit_minor FROM communications.outbox"), 0);
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(claimed(&claim), 1);
}

static void test_communications_store__another_time_is_kept(void **state)
{
	struct reschedule_communication body = { .communication_id = spec_id('M', 1),
						 .customer_id = spec_id('C', 1),
						 .send_by = (STORE_TODAY + 2) * DAY_MS };

	(void)state;
	given_early();
	add_early(2);
	store_add(&spec, &reschedule_communication_type, &body);
	body.communication_id = spec_id('M', 2);
	store_add(&spec, &reschedule_communication_type, &body); /* of the same batch */
	store_run(&spec);
	then_answers(&spec, 2, "CommunicationRescheduled");
	assert_int_equal(store_number(&spec, "test_rescheduled",
				      "SELECT count(*) FROM communications.communication c JOIN communications.outbox o USING "
				      "(communication_id) WHERE c.version = 2 AND c.not_before IS NULL AND c.release_at < "
				      "'2026-01-02' AND o.send_by = '2026-01-03 00:00Z' AND o.parameters_sealed IS NOT NULL"),
			 2);
}

/* What follows in the same transaction counts, too. */
static void test_communications_store__what_waits_ends_by_a_withdrawal(void **state)
{
	(void)state;
	given_early();
	add_early(2);
	add_withdrawal();
	store_run(&spec);
	assert_int_equal(COMMUNICATION("cancelled"), 2);
	assert_int_equal(OUTBOX("cancelled"), 2);
	assert_int_equal(PARAMETERS, 0);
	comes(1);
	assert_int_equal(spec.decisions[0].kind, DECISION_NONE);
}

static void test_communications_store__a_suppressed_message_leaves_the_queue(void **state)
{
	(void)state;
	given_early();
	store_sql(&spec, "test_paid", "UPDATE debts.debt SET principal_minor = 0");
	comes(1);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(COMMUNICATION("suppressed"), 1);
	assert_int_equal(OUTBOX("done"), 1);
	assert_int_equal(PARAMETERS, 0);
}

/* Nobody could open the parameters; they are not there at all. */
static void test_communications_store__an_erased_persons_message_is_suppressed(void **state)
{
	(void)state;
	given_early();
	store_sql(&spec, "test_forget", "SELECT communications.forget(ARRAY(SELECT customer_id FROM customers.customer))");
	store_sql(&spec, "test_erase",
		  "UPDATE customers.customer SET status = 'erased', key_salt = NULL, full_name_sealed = NULL");
	assert_int_equal(PARAMETERS, 0);
	comes(1);
	then_answers(&spec, 0, "CommunicationSuppressed");
	assert_int_equal(COMMUNICATION("suppressed"), 1);
}

#define ABOUT_MESSAGE_1                                                                                                          \
	store_number(                                                                                                            \
		&spec, "test_about_1",                                                                                           \
		"SELECT count(*) FROM communications.communication_debt WHERE communication_id = "                               \
		"'019a0000-0000-7000-8000-004d00000001' AND stated_minor = 12345 AND place::text = right(debt_id::text, 1)")

static void given_mergeable(int64_t not_before_ms)
{
	store_sql(&spec, "test_portfolio", "UPDATE debts.debt SET portfolio_id = gen_random_uuid()");
	for (unsigned number = 2; number < 4; number++)
		store_sql(
			&spec, number == 2 ? "test_debt_2" : "test_debt_3",
			number == 2
				? "INSERT INTO debts.debt SELECT (jsonb_populate_record(d, '{\"debt_id\": "
				  "\"019a0000-0000-7000-8000-004400000002\", \"external_ref\": \"INV-2\", \"portfolio_id\": "
				  "null}')).* FROM debts.debt d"
				: "INSERT INTO debts.debt SELECT (jsonb_populate_record(d, '{\"debt_id\": "
				  "\"019a0000-0000-7000-8000-004400000003\", \"external_ref\": \"INV-3\"}')).* FROM debts.debt d "
				  "WHERE external_ref = 'INV-1'");
	add_template(1, STR("{{plan}} {{customer_name}} {{balance}} {{debt_reference}} {{opt_out}}"));
	add_consent(1, 1000);
	for (unsigned number = 1; number < 4; number++)
		add_mergeable(number, not_before_ms);
}

/* A creditor who is bound to the portfolio of the first debt does not see the message that is about the others', too. */
static void test_communications_store__a_message_gets_the_debts_of_those_that_go_with_it(void **state)
{
	(void)state;
	given_mergeable(TIME_MS);
	store_run(&spec);
	assert_int_equal(
		store_number(&spec, "test_portfolios",
			     "SELECT count(*) FROM communications.creditor_communication WHERE portfolio_id IS NOT NULL"),
		2);
	comes(1);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(spec.decisions[0].events_count, 4);
	then_text("Plan A Anna 370.35 INV-1, INV-2, INV-3 ");
	assert_int_equal(COMMUNICATION("merged"), 2);
	assert_int_equal(OUTBOX("done"), 2);
	assert_int_equal(PARAMETERS, 1);
	assert_int_equal(ABOUT_MESSAGE_1, 3);
	assert_int_equal(
		store_number(&spec, "test_merged_into",
			     "SELECT count(*) FROM communications.api_communication WHERE state = 'merged' AND merged_into "
			     "= '019a0000-0000-7000-8000-004d00000001' AND actions = '{}'"),
		2);
	assert_int_equal(
		store_number(&spec, "test_portfolios_after",
			     "SELECT count(*) FROM communications.creditor_communication WHERE portfolio_id IS NOT NULL"),
		1);
	comes(2);
	assert_int_equal(spec.decisions[0].kind, DECISION_NONE);
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(claimed(&claim), 1);
}

/* All in one batch: the log does not depend on how commands are divided. */
static void test_communications_store__what_one_batch_schedules_and_merges_is_written_once(void **state)
{
	struct send_communication body;

	(void)state;
	given_mergeable(STORE_TODAY * DAY_MS + (int64_t)spec.ids + 6); /* a millisecond is a command */
	body = early(9);
	body.has_not_before = false;
	body.has_mergeable = body.mergeable = true;
	store_add(&spec, &send_communication_type, &body);
	store_run(&spec);
	assert_int_equal(spec.decisions[5].events_count, 5);
	assert_int_equal(COMMUNICATION("merged"), 3);
	assert_int_equal(OUTBOX("done"), 3);
	assert_int_equal(PARAMETERS, 1);
	assert_int_equal(store_number(&spec, "test_about_9",
				      "SELECT count(*) FROM communications.communication_debt WHERE stated_minor = 12345 AND "
				      "communication_id = '019a0000-0000-7000-8000-004d00000009'"),
			 3);
}

/* The longest name that the schema takes. */
static void test_communications_store__the_longest_name_opens(void **state)
{
	const struct seal_place place = { &sealed_name, spec_id('C', 1), 1, spec_id('C', 1) };
	uint8_t sealed[FULL_NAME_MAX + SEAL_OVERHEAD];
	char name[FULL_NAME_MAX];

	(void)state;
	memset(name, 'n', sizeof(name));
	seal(sealed, (struct str){ .data = name, .size = sizeof(name) }, &place, key);
	db_params_reset(&params);
	db_param_bytes(&params, (struct str){ .data = (const char *)sealed, .size = sizeof(sealed) });
	store_must(&spec,
		   db_run(spec.admin, store_statement("test_put_longest", "UPDATE customers.customer SET full_name_sealed = $1"),
			  &params, NULL, &spec.err));
	given_message();
	assert_int_equal(((const struct person *)workset_state(&spec.set, &person_entity, &place.row))->full_name_size,
			 FULL_NAME_MAX);
}

static void test_communications_store__what_is_late_is_not_claimed(void **state)
{
	(void)state;
	given_message();
	store_sql(&spec, "test_too_late", "UPDATE communications.outbox SET send_by = now()");
	assert_int_equal(claimed(&claim), 0);
	add_dispatch(1, 1, "failed");
	store_run(&spec);
	assert_int_equal(OUTBOX("done"), 1);
	assert_int_equal(COMMUNICATION("failed"), 1);
}

static void test_communications_store__that_a_debt_was_cancelled_is_read_through_its_view(void **state)
{
	(void)state;
	given_message();
	store_sql(&spec, "test_cancel", "UPDATE debts.debt SET lifecycle = 10");
	add_message(2);
	store_run(&spec);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_true(str_is(((const struct communication_suppressed *)spec.decisions[0].events[1].body)->reason, "DEBT-1"));
}

static void test_communications_store__a_withdrawal_stops_what_is_not_claimed(void **state)
{
	const struct consent_withdrawn *event;

	(void)state;
	given_message();
	add_withdrawal();
	store_run(&spec);
	event = spec.decisions[0].events[0].body;
	assert_int_equal(event->cancelled_count, 1);
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(COMMUNICATION("cancelled"), 1);
	assert_int_equal(claimed(&claim), 0);
	add_message(2);
	store_run(&spec);
	assert_string_equal(spec.decisions[0].events[1].type->record.name, "CommunicationSuppressed");
	assert_int_equal(COMMUNICATION("suppressed"), 1);
}

static void add_inbound(unsigned number, struct str text)
{
	struct record_inbound body = { .inbound_id = spec_id('I', number),
				       .customer_id = spec_id('C', 1),
				       .channel = STR("sms"),
				       .text = text,
				       .provider = STR("kannel"),
				       .received_at = STORE_TODAY * DAY_MS };

	store_add(&spec, &record_inbound_type, &body);
}

/* The text of the only row, opened with the person's key. */
static void then_text_is(const char *expected)
{
	static const struct db_statement select = { "test_inbound_text",
						    "SELECT inbound_id, text_sealed FROM communications.inbound" };
	struct seal_place place = { .column = &sealed_inbound_text, .version = SEALED_MESSAGE_VERSION, .owner = spec_id('C', 1) };
	struct db_result result = { 0 };
	struct opened opened;
	char room[512];

	store_must(&spec, db_run(spec.admin, &select, NULL, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	place.row = db_uuid(&result, 0, 0);
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 1), &place, key, &spec.err));
	assert_true(str_is(opened.text, expected));
	db_result_release(&result);
}

static void test_communications_store__a_stop_is_sealed_and_stops_what_is_not_claimed(void **state)
{
	(void)state;
	given_message();
	add_inbound(1, STR("Stop, bitte"));
	store_run(&spec);
	then_answers(&spec, 0, "InboundReceived");
	then_text_is("Stop, bitte");
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(claimed(&claim), 0);
	assert_int_equal(in_state("test_inbound",
				  "SELECT count(*) FROM communications.inbound WHERE intent = 'stop' AND keyword = 'STOP' AND "
				  "contact_point_id IS NULL"),
			 1);
	add_inbound(1, STR("Stop, bitte")); /* under another command id: the message is known from the table */
	store_run(&spec);
	assert_int_equal(spec.decisions[0].refusal, REFUSAL_EXISTS);
}

/* ---- answers ---- */

static void add_answers(void)
{
	static const struct {
		const char *name, *message_class, *text;
	} templates[] = { { "opt_out_confirmation", "opt_out_confirmation", "Keine SMS mehr." },
			  { "help", "account_service", "Hilfe: 030 123 {{opt_out}}" } };

	for (unsigned index = 0; index < COUNT(templates); index++) {
		struct publish_template body = { .template_id = spec_id('T', 10 + index),
						 .name = str_of(templates[index].name),
						 .version = 1,
						 .channel = STR("sms"),
						 .language = STR("de"),
						 .message_class = str_of(templates[index].message_class),
						 .subject = STR(""),
						 .body = str_of(templates[index].text) };

		store_add(&spec, &publish_template_type, &body);
	}
}

/* From the customer's number, to be answered. */
static void add_asking(unsigned number, struct str text)
{
	struct record_inbound body = { .inbound_id = spec_id('I', number),
				       .customer_id = spec_id('C', 1),
				       .has_contact_point_id = true,
				       .contact_point_id = spec_id('P', 1),
				       .channel = STR("sms"),
				       .text = text,
				       .provider = STR("kannel"),
				       .received_at = STORE_TODAY * DAY_MS + 1,
				       .has_answer = true,
				       .answer = true };

	store_add(&spec, &record_inbound_type, &body);
}

/* Claims the answer that the decision released; the refusal, "" for none. */
static const char *claimed_answer(size_t decision)
{
	static const struct db_statement statement = { "test_claim_answer",
						       "SELECT refusal, address_sealed FROM communications.claim($1::uuid[])" };
	static char refusal[64];
	const struct decision *answered = &spec.decisions[decision];
	const struct event *event = &answered->events[answered->events_count - 1];
	struct uuid id = ((const struct communication_released *)event->body)->communication_id;
	struct db_result result = { 0 };

	assert_string_equal(event->type->record.name, "CommunicationReleased");
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_UUID);
	db_array_uuid(&params, &id);
	store_must(&spec, db_run(notifier, &statement, &params, &result, &spec.err));
	if (result.rows == 0)
		(void)snprintf(refusal, sizeof(refusal), "not claimed");
	else if (!str_to_chars(refusal, sizeof(refusal), db_is_null(&result, 0, 0) ? STR("") : db_str(&result, 0, 0)))
		refusal[0] = '?';
	db_result_release(&result);
	return refusal;
}

static void test_communications_store__an_opt_out_is_confirmed_though_the_consent_is_gone(void **state)
{
	(void)state;
	given_message();
	add_answers();
	store_run(&spec);
	add_asking(1, STR("STOP"));
	store_run(&spec);
	assert_int_equal(spec.decisions[0].events_count, 4);
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_string_equal(claimed_answer(0), "");
	add_asking(2, STR("STOP"));
	store_run(&spec);
	assert_int_equal(spec.decisions[0].events_count, 2);
	assert_int_equal(OUTBOX("claimed"), 1);
}

/* A withdrawal takes back everything that has not left (P9), and a second one is not confirmed. */
static void test_communications_store__a_second_stop_takes_back_a_confirmation_that_has_not_left(void **state)
{
	(void)state;
	add_answers();
	store_run(&spec);
	add_asking(1, STR("STOP"));
	add_asking(2, STR("STOP"));
	store_run(&spec);
	assert_int_equal(spec.decisions[0].events_count, 4);
	assert_int_equal(spec.decisions[1].events_count, 2);
	assert_int_equal(OUTBOX("cancelled"), 1);
}

#define WITHDRAWN(name) in_state("test_withdrawn_" name, "SELECT count(*) FROM communications.refusal WHERE code = 'withdrawn'")

/* US-10: one answer to whoever writes again. What it would be refused for, if the consent's state had changed since the verdict: */
static void test_communications_store__help_is_answered_after_an_opt_out(void **state)
{
	(void)state;
	add_answers();
	add_withdrawal();
	store_run(&spec);
	add_asking(1, STR("HELP"));
	store_run(&spec);
	assert_int_equal(OUTBOX("released"), 1);
	assert_int_equal(WITHDRAWN("none"), 0);
	/* the next withdrawal */
	store_sql(&spec, "test_answer_told", "UPDATE communications.opt_out SET told_at = told_at + interval '1 minute'");
	assert_int_equal(WITHDRAWN("told"), 1);
	store_sql(&spec, "test_answer_untold", "UPDATE communications.opt_out SET told_at = told_at - interval '1 minute'");
	/* a consent that has expired since */
	store_sql(
		&spec, "test_expired",
		"INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at, expires_at) SELECT "
		"o.customer_id, o.channel, 'collect', 'express', o.withdrawn_at + interval '1 day', o.withdrawn_at + interval '2 "
		"days' FROM communications.opt_out o WHERE o.channel = 'sms'");
	assert_int_equal(WITHDRAWN("expired"), 1);
	store_sql(&spec, "test_answer_unexpired", "DELETE FROM communications.permission");
	/* nobody has written */
	store_sql(&spec, "test_answer_unwritten",
		  "UPDATE communications.inbound SET created_at = created_at + interval '1 minute'");
	assert_int_equal(WITHDRAWN("unwritten"), 1);
	store_sql(&spec, "test_answer_written",
		  "UPDATE communications.inbound SET created_at = created_at - interval '1 minute'");
	assert_string_equal(claimed_answer(0), "");
}

/* The guard has allowed one answer to one message. */
static void test_communications_store__there_is_one_answer_to_one_message(void **state)
{
	(void)state;
	add_answers();
	store_run(&spec);
	add_asking(1, STR("HELP"));
	store_run(&spec);
	assert_int_equal(OUTBOX("released"), 1);
	assert_int_equal(WITHDRAWN("first"), 0);
	store_sql(&spec, "test_answer_second",
		  "INSERT INTO communications.contact SELECT gen_random_uuid(), customer_id, 'sms', 'outbound', 'consumer', "
		  "'sent', "
		  "NULL, false, created_at, created_at FROM communications.inbound");
	assert_int_equal(WITHDRAWN("second"), 1);
}

static void test_communications_store__an_unknown_sender_has_a_key_of_its_own(void **state)
{
	struct record_unknown_inbound body = { .inbound_id = spec_id('I', 2),
					       .channel = STR("sms"),
					       .sender = STR("+4930999999"),
					       .text = STR("Wer sind Sie?"),
					       .provider = STR("kannel") };

	(void)state;
	store_add(&spec, &record_unknown_inbound_type, &body);
	store_run(&spec);
	then_answers(&spec, 0, "UnknownInboundReceived");
	assert_int_equal(in_state("test_unknown",
				  "SELECT count(*) FROM communications.unknown_inbound u WHERE octet_length(key_salt) = 16 AND "
				  "u::text NOT LIKE '%4930999999%' AND octet_length(sender_sealed) = 41 + 11"),
			 1);
	store_add(&spec, &record_unknown_inbound_type, &body);
	store_run(&spec);
	assert_int_equal(spec.decisions[0].refusal, REFUSAL_EXISTS);
}

static size_t forget_before(int64_t before_ms, size_t max)
{
	size_t count = 0;

	store_must(&spec, communications_store.forget(communications_store.self, spec.db, before_ms, max, &count, &spec.err));
	return count;
}

/* No erasure reaches it: there is no person. */
static void test_communications_store__what_unknown_senders_wrote_is_forgotten_in_time(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= 4; number++) {
		struct record_unknown_inbound body = { .inbound_id = spec_id('I', number),
						       .channel = STR("sms"),
						       .sender = STR("+4930999999"),
						       .text = STR("Wer sind Sie?"),
						       .provider = STR("kannel") };

		store_add(&spec, &record_unknown_inbound_type, &body);
	}
	store_run(&spec);
	store_sql(&spec, "test_ages",
		  "UPDATE communications.unknown_inbound SET created_at = '2026-01-01Z'::timestamptz + "
		  "right(inbound_id::text, 1)::int * interval '1 day'");
	assert_int_equal(forget_before(day_of(2026, 1, 5) * DAY_MS, 2), 2);
	assert_int_equal(forget_before(day_of(2026, 1, 5) * DAY_MS, 2), 1);
	assert_int_equal(forget_before(day_of(2026, 1, 5) * DAY_MS, 2), 0);
	assert_int_equal(
		in_state("test_kept",
			 "SELECT count(*) FROM communications.unknown_inbound WHERE right(inbound_id::text, 1) = '4' AND "
			 "num_nonnulls(key_salt, sender_sealed, text_sealed) = 3"),
		1);
	assert_int_equal(in_state("test_forgotten_unknown",
				  "SELECT count(*) FROM communications.unknown_inbound WHERE channel = 'sms' AND "
				  "num_nulls(key_salt, sender_sealed, text_sealed) = 3"),
			 3);
}

static void test_communications_store__what_is_claimed_is_not_named_as_cancelled(void **state)
{
	const struct consent_withdrawn *event;

	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	add_withdrawal();
	store_run(&spec);
	event = spec.decisions[0].events[0].body;
	assert_int_equal(event->cancelled_count, 0);
	assert_int_equal(OUTBOX("claimed"), 1);
	assert_int_equal(claimed(&claim_again), 0);
}

/* The batch of a withdrawal holds the locks: a claim that comes meanwhile waits for it, and gets nothing. */
static void try_to_claim_meanwhile(struct store_spec *its)
{
	static const struct db_statement hasty = { "test_hasty", "SET lock_timeout = '50ms'" };
	static const struct db_statement patient = { "test_patient", "RESET lock_timeout" };

	param_message();
	store_must(its, db_run(notifier, &hasty, NULL, NULL, &its->err));
	assert_int_equal(db_run(notifier, &claim, &params, NULL, &its->err), -1);
	assert_string_equal(db_sqlstate(notifier), "55P03");
	store_must(its, db_run(notifier, &patient, NULL, NULL, &its->err));
}

static void test_communications_store__a_claim_waits_for_a_withdrawal_that_is_being_handled(void **state)
{
	(void)state;
	given_message();
	add_withdrawal();
	spec.after_load = try_to_claim_meanwhile;
	store_run(&spec);
	assert_int_equal(claimed(&claim), 0);
	assert_int_equal(OUTBOX("cancelled"), 1);
}

static void add_cancellation(unsigned number)
{
	struct cancel_communication body = { .communication_id = spec_id('M', number), .customer_id = spec_id('C', 1) };

	store_add(&spec, &cancel_communication_type, &body);
}

static void add_other_time(unsigned number, int64_t not_before_ms)
{
	struct reschedule_communication body = { .communication_id = spec_id('M', number),
						 .customer_id = spec_id('C', 1),
						 .has_not_before = true,
						 .not_before = not_before_ms,
						 .send_by = (STORE_TODAY + 2) * DAY_MS };

	store_add(&spec, &reschedule_communication_type, &body);
}

/* The guard, asked again: it gives a reason and not a byte of the message, which stays what it was. */
static void then_answer_is(struct db_result *result, const char *refusal)
{
	assert_int_equal(result->rows, 1);
	assert_true(str_is(db_str(result, 0, 0), refusal));
	assert_int_equal(db_int32(result, 0, 1), 0);
	db_result_release(result);
}

static void then_refused(const struct db_statement *statement, const char *refusal)
{
	struct db_result result = { 0 };

	param_message();
	store_must(&spec, db_run(notifier, statement, &params, &result, &spec.err));
	then_answer_is(&result, refusal);
}

static void give_up_address(struct store_spec *its)
{
	store_sql(its, "test_wrong_party", "UPDATE customers.contact_point SET state = 'wrong_party'");
}

static void test_communications_store__what_was_written_to_an_address_given_up_is_not_claimed(void **state)
{
	(void)state;
	given_message();
	give_up_address(&spec);
	then_refused(&ask, "address_invalid");
	assert_int_equal(OUTBOX("released"), 1);
	store_sql(&spec, "test_usable", "UPDATE customers.contact_point SET state = 'usable'");
	assert_int_equal(claimed(&claim), 1);
	give_up_address(&spec);
	then_refused(&ask_again, "address_invalid");
	add_dispatch(1, 2, "failed");
	store_run(&spec);
	assert_int_equal(OUTBOX("done"), 1);
	assert_int_equal(COMMUNICATION("failed"), 1);
}

/* As if another debt had been overpaid, to the same creditor or to another one. */
#define OVERPAID(number, creditor)                                                                                               \
	"INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "            \
	"interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "   \
	"SELECT '019a0000-0000-7000-8000-0044000000" number "', customer_id, " creditor ", 1, 1, 0, 0, 0, 0, 345, 1, 6, part, "  \
	"opened_on, due_on, currency, 'INV-" number "' FROM debts.debt WHERE external_ref = 'INV-1'"

static void test_communications_store__the_balance_is_less_what_was_overpaid_and_a_claim_asks_again(void **state)
{
	(void)state;
	store_sql(&spec, "credits_to_another", OVERPAID("02", "gen_random_uuid()"));
	store_sql(&spec, "credits_overpaid", OVERPAID("03", "creditor_id"));
	given_message();
	then_text("Anna 120.00 ");
	assert_int_equal(in_state("credits_stated", "SELECT stated_credit_minor FROM communications.outbox"), 345);
	store_sql(&spec, "credits_to_another_again", OVERPAID("04", "gen_random_uuid()"));
	store_sql(&spec, "credits_overpaid_again", OVERPAID("05", "creditor_id"));
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "credits_settled", "UPDATE debts.debt SET lifecycle = 7 WHERE external_ref = 'INV-05'");
	then_refused(&ask, "balance_changed"); /* as of a paid debt */
	store_sql(&spec, "credits_sold", "UPDATE debts.debt SET lifecycle = 9 WHERE external_ref = 'INV-05'");
	assert_int_equal(claimed(&claim), 1);
	store_sql(&spec, "credits_paid_back", "UPDATE debts.debt SET credit_minor = 0 WHERE external_ref = 'INV-03'");
	then_refused(&ask_again, "balance_changed");
	/* The text of a message from before the column had no credits. */
	store_sql(&spec, "credits_old", "UPDATE communications.outbox SET stated_credit_minor = NULL");
	assert_int_equal(claimed(&claim_again), 1);
}

#define PROMISED                                                                                                                 \
	"WITH d AS (UPDATE debts.debt SET promise_id = debt_id RETURNING debt_id, customer_id) "                                 \
	"INSERT INTO debts.promise (promise_id, debt_id, customer_id, amount_minor, enough_minor, paid_minor, version, "         \
	"made_at, changed_at, made_on, due_on, grace_ends_on, after_entries, state, taken_by) "                                  \
	"SELECT debt_id, debt_id, customer_id, 1, 1, 0, 1, now(), now(), '2026-01-01', '2026-01-02', '2026-01-05', 1, 'open', "  \
	"'agent' FROM d"

/* A text that asks for money leaves only as long as it is true: the debt is on the books, owed, and as it says. */
static void test_communications_store__a_claim_asks_about_the_debts(void **state)
{
	(void)state;
	given_message();
	store_sql(&spec, "test_paid_in_part", "UPDATE debts.debt SET principal_minor = principal_minor - 1");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_held", "UPDATE debts.debt SET stopped = 1");
	then_refused(&ask, "held");
	store_sql(&spec, "test_held_notice", "UPDATE communications.communication SET message_class = 'validation_notice'");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_held_legal", "UPDATE debts.debt SET stopped = 255 - 1");
	store_sql(&spec, "test_held_steps", "UPDATE communications.communication SET message_class = 'legal_notice'");
	then_refused(&ask, "held");
	store_sql(&spec, "test_held_no_legal", "UPDATE debts.debt SET stopped = 255 - 1 - 32");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_held_demand", "UPDATE communications.communication SET message_class = 'demand'");
	store_sql(&spec, "test_held_no_contact", "UPDATE debts.debt SET stopped = 255 - 1");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_not_held", "UPDATE debts.debt SET stopped = NULL");
	store_sql(&spec, "test_arranged", "UPDATE debts.debt SET lifecycle = 3");
	then_refused(&ask, "held");
	store_sql(&spec, "test_arranged_reminder", "UPDATE communications.communication SET message_class = 'plan_notice'");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_arranged_demand", "UPDATE communications.communication SET message_class = 'demand'");
	store_sql(&spec, "test_arranged_no_more", "UPDATE debts.debt SET lifecycle = 2");
	store_sql(&spec, "test_promised", PROMISED);
	then_refused(&ask, "held");
	store_sql(&spec, "test_promise_kept", "UPDATE debts.promise SET state = 'kept'");
	then_refused(&ask, "balance_changed");
	store_sql(&spec, "test_paid",
		  "UPDATE debts.debt SET principal_minor = 0, interest_minor = 0, fee_minor = 0, cost_minor = 0");
	then_refused(&ask, "nothing_owed");
	store_sql(&spec, "test_cancelled", "UPDATE debts.debt SET lifecycle = 10");
	then_refused(&ask, "debt_closed");
	assert_int_equal(OUTBOX("released"), 1);
	/* What asks for nothing is no matter of the debts. */
	store_sql(&spec, "test_receipt", "UPDATE communications.communication SET message_class = 'payment_receipt'");
	assert_int_equal(claimed(&claim), 1);
}

/* What is stopped stands in the debt's row as bits, of which the view makes two answers (0400). */
static void test_communications_store__a_message_about_a_held_debt_is_suppressed(void **state)
{
	(void)state;
	assert_int_equal(in_state("held_bits", "SELECT (debts.hold_effects(1::smallint) = '{contact}' AND "
					       "debts.hold_effects(32::smallint) = '{legal}')::integer::bigint"),
			 1);
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	store_sql(&spec, "held_legal", "UPDATE debts.debt SET stopped = 32");
	add_message(1);
	store_run(&spec);
	then_answers(&spec, 2, "ComplianceDecided");
	assert_int_equal(OUTBOX("released"), 1);
	store_sql(&spec, "held_contact", "UPDATE debts.debt SET stopped = 1");
	add_message(2);
	store_run(&spec);
	assert_int_equal(in_state("held_denied",
				  "SELECT count(*) FROM communications.compliance_decision WHERE verdict = 'deny' AND "
				  "rules = 'HOLD-1' AND facts LIKE '%hold=classes:reminder+demand%'"),
			 1);
}

/* What dunning has committed before the claim counts, though its command to cancel may still be on its way. */
static void test_communications_store__a_claim_asks_dunning_about_its_step(void **state)
{
	(void)state;
	given_message();
	store_sql(&spec, "test_step",
		  "INSERT INTO dunning.step SELECT communication_id, customer_id, communication_id, 1, 'early', 1, NULL, "
		  "'2026-01-01', 'send', "
		  "'email', true, 'asked' FROM communications.communication");
	store_sql(&spec, "test_withdrawn", "UPDATE dunning.step SET state = 'withdrawn'");
	then_refused(&ask, "step_withdrawn");
	then_refused(&ask_again, "step_withdrawn");
	store_sql(&spec, "test_asked", "UPDATE dunning.step SET state = 'asked'");
	assert_int_equal(claimed(&claim), 1);
}

static void given_business_date(const char *date)
{
	static char sql[256];
	int size = snprintf(
		sql, sizeof(sql),
		"INSERT INTO communications.partition_head "
		"(part, epoch, owner, next_offset, log_seq, log_hash, business_date) VALUES (0, 1, 'test', 0, 0, '', %s)",
		date);

	assert_true(size > 0 && (size_t)size < sizeof(sql));
	store_sql(&spec, "test_today", sql);
}

static void add_circumstance(unsigned number, const char *kind);

static void test_communications_store__a_claim_demands_nothing_that_was_put_off(void **state)
{
	(void)state;
	given_message();
	given_business_date("'2026-01-01'");
	store_sql(&spec, "test_put_off", "UPDATE debts.debt SET due_on = '2026-01-02'");
	store_sql(&spec, "test_demand", "UPDATE communications.communication SET message_class = 'demand'");
	then_refused(&ask, "not_due");
	store_sql(&spec, "test_tomorrow", "UPDATE communications.partition_head SET business_date = '2026-01-02'");
	assert_int_equal(claimed(&claim), 1);
}

/* The verdict is of a day whose first Tick has not come to this module. */
static void test_communications_store__a_claim_judges_by_no_earlier_day_than_the_verdict(void **state)
{
	(void)state;
	add_circumstance(1, "cease");
	store_run(&spec);
	store_sql(&spec, "test_ended_before",
		  "UPDATE communications.circumstance SET from_on = '2025-12-01', until_on = '2026-01-01'");
	given_business_date("'2025-12-31'");
	given_message();
	assert_int_equal(claimed(&claim), 1);
}

/* Two lists of the same: in C for the rule, in SQL for the claim. */
static void test_communications_store__classes_ask_the_same_in_sql(void **state)
{
	static const char *const classes[] = { "validation_notice",      "reminder",      "demand",
					       "promise_reminder",       "plan_notice",   "payment_receipt",
					       "settlement_offer",       "dispute_reply", "legal_notice",
					       "account_service",        "cease_reply",   "opt_out_confirmation",
					       "original_creditor_reply" };
	static const char *const words[] = { [ASKS_NOTHING] = "nothing", [ASKS_OWED] = "owed", [ASKS_DUE] = "due" };
	struct buf question;

	(void)state;
	buf_init(&question, 4096);
	buf_add_text(&question, "SELECT count(*) FROM (VALUES ");
	for (size_t i = 0; i < COUNT(classes); i++) {
		assert_true(message_class_by_name(str_of(classes[i])) != MESSAGE_CLASS_NONE);
		buf_add_format(&question, "%s('%s', '%s')", i == 0 ? "" : ", ", classes[i],
			       words[message_class_asks(str_of(classes[i]))]);
	}
	buf_add_text(&question, ") AS c (class, asks) WHERE coalesce(communications.class_asks(class), 'nothing') = asks");
	buf_add_u8(&question, 0);
	assert_int_equal(store_number(&spec, "test_asks", (const char *)question.data), COUNT(classes));
	buf_release(&question);
}

/* It is sent while another batch has locked the message; before that batch ends, the address is given up. */
static void claim_and_give_up_meanwhile(struct store_spec *its)
{
	int64_t deadline_ms = clock_monotonic_ms() + STORE_TIMEOUT_MS;

	param_message();
	store_must(its, db_pipeline_begin(notifier, &its->err));
	store_must(its, db_send(notifier, &ask, &params, &its->err));
	store_must(its, db_pipeline_flush(notifier, &its->err));
	while (store_number(
		       its, "test_waits",
		       "SELECT count(*) FROM pg_stat_activity WHERE usename = 'dcs_notifier' AND wait_event_type = 'Lock'") == 0)
		assert_true(clock_monotonic_ms() < deadline_ms);
	give_up_address(its);
}

static void test_communications_store__a_claim_knows_what_was_given_up_while_it_waited(void **state)
{
	struct db_result result = { 0 };

	(void)state;
	given_message();
	add_cancellation(2); /* of another message: it locks them all, and there is no such one */
	spec.after_load = claim_and_give_up_meanwhile;
	store_run(&spec);
	store_must(&spec, db_receive(notifier, &result, &spec.err));
	then_answer_is(&result, "address_invalid");
	store_must(&spec, db_pipeline_end(notifier, &spec.err));
}

/* A claim that comes meanwhile waits, and gets nothing; at its new time it has the balance of then. */
static void test_communications_store__what_gets_another_time_is_claimed_then_and_not_before(void **state)
{
	(void)state;
	given_message();
	add_other_time(1, (STORE_TODAY + 1) * DAY_MS);
	spec.after_load = try_to_claim_meanwhile;
	store_run(&spec);
	then_answers(&spec, 0, "CommunicationRescheduled");
	assert_int_equal(store_number(&spec, "test_other_time",
				      "SELECT count(*) FROM communications.outbox o JOIN communications.communication c USING "
				      "(communication_id) WHERE o.state = 'scheduled' AND c.state = 'scheduled' AND o.send_by = "
				      "'2026-01-03 00:00Z' AND c.not_before = '2026-01-02 00:00Z' AND c.version = 2"),
			 1);
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(claimed(&claim), 0);
	store_sql(&spec, "test_paid_a_part", "UPDATE debts.debt SET principal_minor = 12000");
	comes(1);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(OUTBOX("released"), 1);
	assert_int_equal(claimed(&claim), 1);
}

/* Between two tries, too; what is claimed has its time. */
static void test_communications_store__what_is_claimed_gets_no_other_time(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	add_other_time(1, (STORE_TODAY + 1) * DAY_MS);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
	assert_int_equal(OUTBOX("claimed"), 1);
	add_dispatch(1, 1, "not_accepted");
	add_other_time(1, (STORE_TODAY + 1) * DAY_MS); /* of the same batch */
	store_run(&spec);
	then_answers(&spec, 1, "CommunicationRescheduled");
	assert_int_equal(OUTBOX("scheduled"), 1);
	assert_int_equal(claimed(&claim_again), 0);
}

static void test_communications_store__what_is_taken_back_cannot_be_claimed(void **state)
{
	(void)state;
	given_message();
	add_cancellation(1);
	spec.after_load = try_to_claim_meanwhile;
	store_run(&spec);
	then_answers(&spec, 0, "CommunicationCancelled");
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(COMMUNICATION("cancelled"), 1);
	assert_int_equal(claimed(&claim), 0);
	add_dispatch(1, 1, "accepted");
	store_run(&spec);
	then_answers(&spec, 0, "ReceiptIgnored");
}

static void test_communications_store__what_is_claimed_is_taken_back_between_two_tries_only(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	add_cancellation(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
	assert_int_equal(claimed(&claim_again), 1);
	add_dispatch(1, 1, "not_accepted");
	add_cancellation(1);
	store_run(&spec);
	then_refuses(&spec, 1, REFUSAL_BAD_TRANSITION);
	assert_int_equal(OUTBOX("claimed"), 1);
	add_dispatch(1, 2, "not_accepted");
	add_cancellation(1);
	store_run(&spec);
	then_answers(&spec, 1, "CommunicationCancelled");
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(claimed(&claim_again), 0);
}

/* What SQL says can be done next is what the rule takes, in every state a message can be in. */
static void then_can_be_taken_back(bool is_possible)
{
	assert_int_equal(
		store_number(&spec, "test_actions",
			     "SELECT count(*) FROM communications.communication c LEFT JOIN communications.outbox o USING "
			     "(communication_id) WHERE 'cancelCommunication' = ANY (communications.allowed_actions(o.state))"),
		is_possible);
	add_cancellation(1);
	store_run(&spec);
	assert_int_equal(spec.decisions[0].kind == DECISION_EVENTS, is_possible);
}

static void restart_message(const char *name, const char *sql)
{
	store_sql(&spec, name, sql);
	store_sql(&spec, "test_restart", "UPDATE communications.communication SET state = 'released'");
}

static void test_communications_store__what_can_be_done_next_is_what_the_rule_takes(void **state)
{
	(void)state;
	given_message();
	then_can_be_taken_back(true);
	then_can_be_taken_back(false);
	restart_message("test_as_claimed", "UPDATE communications.outbox SET state = 'claimed', claims = 1");
	then_can_be_taken_back(false);
	add_dispatch(1, 1, "not_accepted");
	store_run(&spec);
	then_can_be_taken_back(true);
	restart_message("test_as_claimed_again", "UPDATE communications.outbox SET state = 'claimed', claims = 2");
	add_dispatch(1, 2, "accepted");
	store_run(&spec);
	then_can_be_taken_back(false);
	store_sql(&spec, "test_suppressed", "UPDATE communications.communication SET state = 'suppressed'");
	store_sql(&spec, "test_no_outbox", "DELETE FROM communications.outbox");
	then_can_be_taken_back(false);
}

/* ---- erasure: the customers module's part is done by hand ---- */

static void erase(struct store_spec *its)
{
	store_sql(its, "test_erase", "UPDATE customers.customer SET status = 'erased', key_salt = NULL, full_name_sealed = NULL");
}

static void test_communications_store__nothing_is_written_to_an_erased_customer(void **state)
{
	(void)state;
	given_message();
	erase(&spec);
	then_refused(&ask, "erased");
	add_message(2);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

static void test_communications_store__what_was_released_while_he_was_erased_cannot_be_opened(void **state)
{
	(void)state;
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	store_run(&spec);
	add_message(1);
	spec.after_load = erase;
	store_run(&spec);
	then_answers(&spec, 0, "ComplianceDecided");
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	then_refused(&ask, "erased");
}

static int forget(struct db *db)
{
	static const struct db_statement statement = { "test_forget", "SELECT communications.forget($1::uuid[])" };
	struct uuid id = spec_id('C', 1);

	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_UUID);
	db_array_uuid(&params, &id);
	return db_run(db, &statement, &params, NULL, &spec.err);
}

static struct db *customers; /* by the customers module's role; it waits for no lock */

static void given_customers_module(void)
{
	store_open(&spec, "test_store", "dcs_customers", &customers);
	store_must(&spec,
		   db_run(customers, store_statement("test_impatient", "SET lock_timeout = '1ms'"), NULL, NULL, &spec.err));
}

static int64_t forgotten(void)
{
	return store_number(&spec, "test_forgotten",
			    "SELECT count(*) FROM communications.outbox WHERE address_sealed = '' AND subject_sealed = '' "
			    "AND body_sealed = ''");
}

static void test_communications_store__only_the_customers_module_makes_it_forget(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(forget(notifier), -1);
	assert_string_equal(db_sqlstate(notifier), "42501");
	given_customers_module();
	store_must(&spec, forget(customers));
	db_close(customers);
	assert_int_equal(forgotten(), 1);
}

static void try_to_forget_meanwhile(struct store_spec *its)
{
	(void)its;
	assert_int_equal(forget(customers), -1);
	assert_string_equal(db_sqlstate(customers), "55P03"); /* lock_not_available */
}

static void test_communications_store__an_erasure_waits_for_the_messages_under_way_and_overwrites_them(void **state)
{
	(void)state;
	given_customers_module();
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	store_run(&spec);
	add_message(1);
	spec.after_load = try_to_forget_meanwhile;
	store_run(&spec);
	then_answers(&spec, 0, "ComplianceDecided");
	store_must(&spec, forget(customers));
	db_close(customers);
	assert_int_equal(forgotten(), 1);
}

static void test_communications_store__receipts_end_a_message(void **state)
{
	struct record_delivery delivery = { .communication_id = spec_id('M', 1),
					    .customer_id = spec_id('C', 1),
					    .provider = STR("kannel"),
					    .status = STR("delivered"),
					    .occurred_at = STORE_TODAY * DAY_MS };

	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	add_dispatch(1, 1, "accepted");
	store_run(&spec);
	assert_int_equal(OUTBOX("done"), 1);
	store_add(&spec, &record_delivery_type, &delivery);
	store_add(&spec, &record_delivery_type, &delivery);
	store_run(&spec);
	then_answers(&spec, 0, "CommunicationProgressed");
	then_answers(&spec, 1, "ReceiptIgnored");
	assert_int_equal(COMMUNICATION("delivered"), 1);
	assert_int_equal(
		store_number(&spec, "test_receipts",
			     "SELECT count(*) FROM communications.receipt WHERE (version, state) IN ((2, 'submitted'), (3, "
			     "'delivered'))"),
		2);
	assert_int_equal(claimed(&claim_again), 0);
}

static void test_communications_store__what_was_not_accepted_is_claimed_again_or_cancelled(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	add_dispatch(1, 1, "not_accepted");
	store_run(&spec);
	assert_int_equal(OUTBOX("waiting"), 1);
	assert_int_equal(COMMUNICATION("retry_wait"), 1);
	assert_int_equal(claimed(&claim), 0);
	assert_int_equal(claimed(&claim_again), 1);
	add_dispatch(1, 2, "not_accepted");
	store_run(&spec);
	add_withdrawal();
	store_run(&spec);
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(claimed(&claim_again), 0);
}

static void test_communications_store__a_late_word_of_a_first_try_leaves_the_second_alone(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	assert_int_equal(claimed(&claim_again), 1);
	add_dispatch(1, 1, "not_accepted");
	store_run(&spec);
	assert_int_equal(OUTBOX("claimed"), 1);
	assert_int_equal(COMMUNICATION("retry_wait"), 1);
	add_dispatch(1, 2, "accepted");
	store_run(&spec);
	assert_int_equal(OUTBOX("done"), 1);
}

static void test_communications_store__consents_and_withdrawals_come_back_as_they_were_saved(void **state)
{
	(void)state;
	add_template(1, TEMPLATE);
	add_withdrawal();
	store_run(&spec);
	add_consent(1, 1000);
	add_consent(2, STORE_TODAY * DAY_MS + 1);
	add_consent(2, STORE_TODAY * DAY_MS + 1);
	store_run(&spec);
	then_answers(&spec, 0, "ConsentGranted");
	then_answers(&spec, 1, "ConsentGranted");
	then_refuses(&spec, 2, REFUSAL_EXISTS);
	add_consent(1, 1000);
	add_message(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	assert_string_equal(spec.decisions[1].events[1].type->record.name, "CommunicationReleased");
	add_withdrawal();
	store_run(&spec);
	assert_int_equal(((const struct consent_withdrawn *)spec.decisions[0].events[0].body)->version, 2);
}

/* It has waited (a second), and the withdrawal that was told meanwhile is read with the time when it was told. */
static void test_communications_store__a_consent_that_was_overtaken_permits_nothing(void **state)
{
	(void)state;
	add_withdrawal();
	store_run(&spec);
	add_consent(1, STORE_TODAY * DAY_MS + 1);
	spec.commands[0].received_ms = STORE_TODAY * DAY_MS + 1;
	spec.commands[0].now_ms += 1000;
	store_run(&spec);
	assert_int_equal(store_number(&spec, "count_overtaken",
				      "SELECT count(*) FROM communications.opt_out o JOIN communications.permission p USING "
				      "(customer_id, channel) WHERE p.obtained_at <= o.withdrawn_at AND o.told_at IS NOT NULL"),
			 1);
}

static void test_communications_store__a_template_has_versions(void **state)
{
	(void)state;
	add_template(1, TEMPLATE);
	add_template(2, STR("two {{opt_out}}"));
	store_run(&spec);
	add_template(3, STR("three {{opt_out}}"));
	add_template(3, STR("again {{opt_out}}"));
	add_consent(1, 1000);
	add_message(1);
	store_run(&spec);
	then_answers(&spec, 0, "TemplatePublished");
	then_refuses(&spec, 1, REFUSAL_EXISTS);
	assert_int_equal(((const struct communication_released *)spec.decisions[3].events[1].body)->template_version, 3);
	assert_int_equal(store_number(&spec, "test_versions", "SELECT count(*) FROM communications.template_version"), 3);
}

static void test_communications_store__one_batch_may_send_and_withdraw(void **state)
{
	(void)state;
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	add_message(1);
	add_withdrawal();
	add_message(2);
	store_run(&spec);
	assert_int_equal(((const struct consent_withdrawn *)spec.decisions[3].events[0].body)->cancelled_count, 1);
	assert_int_equal(OUTBOX("cancelled"), 1);
	assert_int_equal(COMMUNICATION("suppressed"), 1);
}

/* ---- facts ---- */

static void add_contact(unsigned number, const char *outcome, int64_t at_ms)
{
	static struct uuid about[1];
	struct record_contact body = { .contact_id = spec_id('K', number),
				       .customer_id = spec_id('C', 1),
				       .debt_ids = about,
				       .debt_ids_count = 1,
				       .channel = STR("voice"),
				       .direction = STR("outbound"),
				       .party = STR("consumer"),
				       .outcome = str_of(outcome),
				       .at = at_ms };

	about[0] = spec_id('D', 1);
	store_add(&spec, &record_contact_type, &body);
}

static void add_circumstance(unsigned number, const char *kind)
{
	struct record_circumstance body = { .circumstance_id = spec_id('A', number),
					    .customer_id = spec_id('C', 1),
					    .kind = str_of(kind),
					    .from_on = STORE_TODAY,
					    .evidence_ref = STR("letter") };

	store_add(&spec, &record_circumstance_type, &body);
}

static void add_end(unsigned number)
{
	struct end_circumstance body = { .circumstance_id = spec_id('A', number),
					 .customer_id = spec_id('C', 1),
					 .evidence_ref = STR("letter") };

	store_add(&spec, &end_circumstance_type, &body);
}

static void add_preference(unsigned number, size_t times)
{
	static struct blocked_time blocked[2];
	static struct str places[2];
	struct set_preference body = { .preference_id = spec_id('W', number),
				       .customer_id = spec_id('C', 1),
				       .blocked_times = blocked,
				       .blocked_times_count = times,
				       .blocked_places = places,
				       .blocked_places_count = times,
				       .has_valid_until = times > 0,
				       .valid_until = STORE_TODAY };

	blocked[0] = (struct blocked_time){ STR("mon tue"), 540, 1020 };
	blocked[1] = (struct blocked_time){ STR("sun"), 0, 0 };
	places[0] = STR("home");
	places[1] = STR("work");
	store_add(&spec, &set_preference_type, &body);
}

static const void *loaded(const struct entity *entity)
{
	struct uuid id = spec_id('C', 1);

	return workset_state(&spec.set, entity, &id);
}

/* A message counts from its release; when it is known not to have arrived it does not. */
static void test_communications_store__contacts_come_back_with_our_own_messages(void **state)
{
	const struct history *history;
	struct uuid debt_id = spec_id('D', 1);

	(void)state;
	add_template(1, TEMPLATE);
	add_consent(1, 1000);
	add_message(1);
	add_message(2);
	add_contact(1, "voicemail", STORE_TODAY * DAY_MS - 2000);
	add_contact(2, "conversation", STORE_TODAY * DAY_MS - 1000);
	store_run(&spec);
	add_contact(1, "busy", 1000);
	add_contact(3, "busy", STORE_TODAY * DAY_MS - 3000);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	history = loaded(&history_entity);
	assert_int_equal(history->count, 5);
	assert_int_equal(history->contacts[0].outcome, CONTACT_SENT);
	assert_int_equal(history->contacts[0].message_class, MESSAGE_CLASS_REMINDER);
	assert_int_equal(history->contacts[2].outcome, CONTACT_CONVERSATION);
	assert_int_equal(history->contacts[3].at_ms, STORE_TODAY * DAY_MS - 2000);
	assert_int_equal(history->contacts[3].debts_count, 1);
	assert_true(uuid_equal(&history->contacts[3].debts[0], &debt_id));
	store_sql(&spec, "test_fail", "UPDATE communications.communication SET state = 'failed'");
	add_contact(4, "busy", 4000);
	store_run(&spec);
	history = loaded(&history_entity);
	assert_int_equal(history->count, 4);
	assert_int_equal(history->contacts[0].outcome, CONTACT_CONVERSATION);
}

static void add_written(unsigned number, const char *channel, int64_t received_ms)
{
	struct record_inbound body = { .inbound_id = spec_id('I', number),
				       .customer_id = spec_id('C', 1),
				       .channel = str_of(channel),
				       .text = STR("hello"),
				       .provider = STR("kannel"),
				       .received_at = received_ms };

	store_add(&spec, &record_inbound_type, &body);
}

/* As evolve keeps it: the last one of each channel, and a time of the provider's that is not to come. */
static void test_communications_store__what_a_person_wrote_comes_back_as_a_contact(void **state)
{
	struct uuid last = spec_id('I', 2);
	const struct history *history;

	(void)state;
	add_contact(1, "voicemail", STORE_TODAY * DAY_MS - 4000);
	add_written(1, "sms", STORE_TODAY * DAY_MS - 3000);
	add_written(2, "sms", STORE_TODAY * DAY_MS - 2000);
	add_written(3, "sms", STORE_TODAY * DAY_MS - 9000);
	add_written(4, "email", (STORE_TODAY + 9) * DAY_MS);
	store_run(&spec);
	add_contact(2, "busy", STORE_TODAY * DAY_MS - 1000);
	store_run(&spec);
	history = loaded(&history_entity);
	assert_int_equal(history->count, 4);
	assert_int_equal(history->contacts[0].channel, CHANNEL_EMAIL);
	assert_true(history->contacts[0].at_ms < (STORE_TODAY + 9) * DAY_MS);
	assert_int_equal(history->contacts[1].outcome, CONTACT_BUSY);
	assert_true(uuid_equal(&history->contacts[2].ref, &last));
	assert_int_equal(history->contacts[2].at_ms, STORE_TODAY * DAY_MS - 2000);
	assert_int_equal(history->contacts[2].direction, CONTACT_DIRECTION_INBOUND);
	assert_int_equal(history->contacts[2].is_written, 1);
	assert_int_equal(history->contacts[3].is_written, 0);
}

static void test_communications_store__circumstances_come_back_as_they_were_saved(void **state)
{
	const struct circumstances *circumstances;

	(void)state;
	add_circumstance(1, "attorney");
	add_circumstance(2, "cease");
	add_end(1);
	store_run(&spec);
	add_circumstance(1, "attorney");
	add_end(1);
	add_circumstance(3, "bankruptcy");
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	then_refuses(&spec, 1, REFUSAL_BAD_TRANSITION);
	add_end(2);
	store_run(&spec);
	then_answers(&spec, 0, "CircumstanceEnded");
	circumstances = loaded(&circumstances_entity);
	assert_int_equal(circumstances->count, 1);
	assert_int_equal(circumstances->open[0].kind, CIRCUMSTANCE_BANKRUPTCY);
	assert_int_equal(circumstances->open[0].from_on, STORE_TODAY);
}

static void add_restart(unsigned number, unsigned debt, unsigned payment)
{
	struct record_circumstance body = { .circumstance_id = spec_id('A', number),
					    .customer_id = spec_id('C', 1),
					    .kind = STR("limitation_restarted"),
					    .has_debt_id = true,
					    .debt_id = spec_id('D', debt),
					    .from_on = STORE_TODAY,
					    .evidence_ref = STR("letter"),
					    .has_payment_id = payment != 0,
					    .payment_id = spec_id('Z', payment) };

	store_add(&spec, &record_circumstance_type, &body);
}

/* One that nobody has, or that is another debt's, restarts nothing either. */
static void test_communications_store__a_restart_of_limitation_stands_with_its_payment(void **state)
{
	static const uint32_t voids[] = { 0, 0, 1, 1 };
	const struct circumstances *circumstances;

	(void)state;
	store_sql(
		&spec, "test_payment",
		"INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
		"contra_minor, principal_minor, payment_id, method, source, external_ref) SELECT 0, 2, 1, debt_id, debt_id, "
		"'2025-01-01', '2025-01-01', 2, 2, 1, -1, '019a0000-0000-7000-8000-005a00000001', 'transfer', 'bank', 'P-1' "
		"FROM debts.debt WHERE debt_id = '019a0000-0000-7000-8000-004400000001'");
	add_restart(1, 1, 0);
	add_restart(2, 1, 1);
	add_restart(3, 1, 2);
	add_restart(4, 2, 1);
	store_run(&spec);
	add_circumstance(5, "cease"); /* loads the others */
	store_run(&spec);
	circumstances = loaded(&circumstances_entity);
	assert_int_equal(circumstances->count, COUNT(voids) + 1);
	for (size_t index = 0; index < COUNT(voids); index++)
		assert_int_equal(circumstances->open[index].is_void, voids[index]);
	store_sql(
		&spec, "test_reversed",
		"INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
		"contra_minor, principal_minor, payment_id, reverses_seq) SELECT part, 3, 2, debt_id, debt_id, occurred_on, "
		"business_date, 3, 2, -1, 1, payment_id, seq FROM debts.posting");
	add_circumstance(6, "cease");
	store_run(&spec);
	circumstances = loaded(&circumstances_entity);
	assert_int_equal(circumstances->open[0].is_void, 0);
	assert_int_equal(circumstances->open[1].is_void, 1);
}

/* What was told after the verdict stops what has not left; what ends lets it go. */
static void test_communications_store__a_claim_asks_about_circumstances(void **state)
{
	static const char *const kinds[] = { "attorney", "cease",  "deceased",   "bankruptcy",      "restriction",
					     "dispute",  "crisis", "incapacity", "breathing_space", "plan_in_development" };

	(void)state;
	given_message();
	for (unsigned number = 1; number < COUNT(kinds); number++) {
		add_circumstance(number, kinds[number - 1]);
		store_run(&spec);
		then_refused(&ask, "circumstance");
		add_end(number);
		store_run(&spec);
	}
	add_circumstance(COUNT(kinds), kinds[COUNT(kinds) - 1]); /* defers, where it is a law: the guard is asked */
	store_run(&spec);
	then_refused(&ask, "not_now");
	add_end(COUNT(kinds));
	store_run(&spec);
	assert_int_equal(claimed(&claim), 1);
}

/*
 * An attorney stops nothing while one consents, or was asked, on whose word the verdict may stand. It is the guard that judges it: what
 * is told, or is ended that permitted, is news to it.
 */
static void test_communications_store__a_claim_trusts_the_verdict_about_an_attorney(void **state)
{
	(void)state;
	add_circumstance(1, "attorney");
	add_circumstance(2, "attorney_consents");
	add_circumstance(3, "attorney_asked");
	store_run(&spec);
	given_message();
	assert_int_equal(store_number(&spec, "test_refused",
				      "SELECT count(*) FROM communications.refusal WHERE code IS NOT NULL"),
			 0);
	add_end(3);
	store_run(&spec);
	then_refused(&ask, "not_now");
	add_end(2);
	store_run(&spec);
	then_refused(&ask, "circumstance");
}

static bool stops(unsigned kind, unsigned class)
{
	static const struct db_statement ask_kind = { "test_stops", "SELECT communications.circumstance_stops($1, $2)" };
	struct db_result result = { 0 };
	bool is_stopped;

	db_params_reset(&params);
	db_param_text(&params, str_of(circumstance_kind_name((enum circumstance_kind)kind)));
	db_param_text(&params, str_of(message_class_name((enum message_class) class)));
	store_must(&spec, db_run(spec.admin, &ask_kind, &params, &result, &spec.err));
	is_stopped = db_bool(&result, 0, 0);
	db_result_release(&result);
	return is_stopped;
}

/* The rules and the view say the same of every class and every kind. */
static void test_communications_store__a_claim_and_the_guard_stop_the_same(void **state)
{
	(void)state;
	for (unsigned kind = 1; kind < CIRCUMSTANCE_KIND_COUNT; kind++) {
		for (unsigned class = 1; class < MESSAGE_CLASS_COUNT; class ++) {
			struct workset set;
			struct uuid id = spec_id('C', 1);
			struct guard_facts facts = { .act = ACT_SEND,
						     .channel = CHANNEL_EMAIL,
						     .message_class = (int32_t) class,
						     .party = PARTY_CONSUMER,
						     .now_ms = STORE_TODAY * DAY_MS,
						     .today = STORE_TODAY,
						     .debts_count = 1 };
			const struct guard_profile *person = guard_profile_by_id(STR("person"));
			struct circumstances *circumstances;
			struct slot *slot;
			bool fits = workset_init(&set, &spec.arena, 10);

			assert_true(fits);
			workset_touch(&set, &history_entity, &id, (struct str){ 0 });
			workset_touch(&set, &wishes_entity, &id, (struct str){ 0 });
			slot = workset_touch(&set, &circumstances_entity, &id, (struct str){ 0 });
			for (size_t index = 0; index < set.slots_count; index++)
				set.slots[index]->loaded = true;
			slot->exists = true;
			circumstances = slot->state;
			circumstances->count = 1;
			circumstances->open[0] = (struct open_circumstance){ .kind = kind, .from_on = STORE_TODAY };
			gather_told(&set, &id, debt_ids, &facts);
			assert_int_equal(guard_decide(&facts, &person, 1).verdict == VERDICT_DENY, stops(kind, class));
		}
	}
}

static void test_communications_store__a_look_up_comes_with_its_number(void **state)
{
	(void)state;
	store_sql(&spec, "test_look_up", "UPDATE customers.contact_point SET number_checked_at = '2026-01-01T00:00:01Z'");
	given_message();
	assert_int_equal(((const struct addresses *)loaded(&addresses_entity))->sms.checked_ms, 1767225601000);
}

/* ---- what the gateway says of a person, and what SendCommunication decides ---- */

/* As the gateway asks it, with the gateway's role. False: there is no such customer. */
static bool asked(const struct uuid *customer_id, int64_t at_ms, struct contact_answer *ret_answer)
{
	const struct contact_question question = { .customer_id = *customer_id,
						   .channel = CHANNEL_SMS,
						   .message_class = MESSAGE_CLASS_REMINDER,
						   .at_ms = at_ms,
						   .business_date = INT32_MIN };
	struct db *gateway = NULL;
	struct workset set;
	bool is_known;

	store_open(&spec, "test_store", "dcs_api", &gateway);
	assert_true(workset_init(&set, &spec.arena, 10));
	assert_true(contactability_touch(&question, &set));
	store_must(&spec, communications_load(communications_store.self, gateway, set.missing, set.missing_count, &spec.err));
	is_known = contactability_ask(&question, &set, ret_answer);
	db_close(gateway);
	return is_known;
}

static void add_message_of_no_debt(unsigned number)
{
	struct send_communication body = { .communication_id = spec_id('M', number),
					   .customer_id = spec_id('C', 1),
					   .channel = STR("sms"),
					   .template_name = STR("reminder"),
					   .language = STR("de"),
					   .message_class = STR("reminder"),
					   .send_by = (STORE_TODAY + 1) * DAY_MS };

	store_add(&spec, &send_communication_type, &body);
}

/* Both say it at the same instant; the verdict's rules and the profiles that they bound in are the same, too. */
static void then_agree(unsigned number, enum compliance_verdict verdict)
{
	struct uuid id = spec_id('C', 1);
	const struct compliance_decided *decided;
	struct contact_answer answer;

	add_message_of_no_debt(number);
	assert_true(asked(&id, spec.commands[0].now_ms, &answer));
	assert_null(answer.refusal);
	assert_int_equal(answer.verdict.verdict, verdict);
	store_run(&spec);
	then_answers(&spec, 0, "ComplianceDecided");
	decided = spec.decisions[0].events[0].body;
	assert_true(str_is(decided->verdict, compliance_verdict_name(verdict)));
	assert_int_equal(decided->rules_count, answer.verdict.rules_count);
	for (size_t index = 0; index < decided->rules_count; index++)
		assert_true(str_is(decided->rules[index], answer.verdict.rules[index]));
}

static void then_both_refuse(unsigned number, enum refusal refusal)
{
	struct uuid id = spec_id('C', 1);
	struct contact_answer answer;

	add_message_of_no_debt(number);
	assert_true(asked(&id, spec.commands[0].now_ms, &answer));
	assert_string_equal(answer.refusal, refusal_code(refusal));
	store_run(&spec);
	then_refuses(&spec, 0, refusal);
}

static void test_communications_store__who_asks_is_told_what_would_be_decided(void **state)
{
	struct uuid nobody = spec_id('C', 2);
	struct contact_answer answer;

	(void)state;
	add_template(1, STR("{{customer_name}} {{opt_out}}"));
	store_run(&spec);
	assert_false(asked(&nobody, STORE_TODAY * DAY_MS, &answer));
	then_agree(1, VERDICT_DENY); /* nobody has consented */
	add_consent(1, 1000);
	store_run(&spec);
	then_agree(2, VERDICT_ALLOW);
	add_circumstance(1, "attorney");
	store_run(&spec);
	then_agree(3, VERDICT_DENY);
	add_withdrawal();
	store_run(&spec);
	then_agree(4, VERDICT_DENY); /* opted out, and the attorney */
	store_sql(&spec, "test_end", "UPDATE communications.circumstance SET ended_at = now()");
	then_agree(5, VERDICT_DENY);
	store_sql(&spec, "test_bounced", "UPDATE customers.contact_point SET state = 'bounced'");
	then_both_refuse(6, REFUSAL_NO_USABLE_CONTACT_POINT);
	store_sql(&spec, "test_dead", "UPDATE customers.customer SET status = 'deceased'");
	then_both_refuse(7, REFUSAL_BAD_TRANSITION);
}

/* Every hour of a day under the laws of a place: what defers, defers both, until the same instant. */
static void test_communications_store__who_asks_is_told_until_when(void **state)
{
	struct uuid id = spec_id('C', 1);
	size_t deferred = 0;
	struct str bad;

	(void)state;
	assert_true(asked_profiles_choose(STR("basic person eu"), &bad));
	store_sql(&spec, "test_place", "UPDATE customers.customer SET timezone = 'Europe/Berlin'");
	add_template(1, STR("{{customer_name}} {{opt_out}}"));
	add_consent(1, STORE_TODAY * DAY_MS - 1000);
	store_run(&spec);
	for (unsigned hour = 0; hour < 24; hour++) {
		const struct compliance_decided *decided;
		struct contact_answer answer;

		add_message_of_no_debt(1 + hour);
		spec.commands[0].now_ms = STORE_TODAY * DAY_MS + (int64_t)hour * DAY_MS / 24 + 1;
		assert_true(asked(&id, spec.commands[0].now_ms, &answer));
		assert_null(answer.refusal);
		store_run(&spec);
		decided = spec.decisions[0].events[0].body;
		assert_true(str_is(decided->verdict, compliance_verdict_name(answer.verdict.verdict)));
		if (answer.verdict.verdict != VERDICT_DEFER)
			continue;
		deferred++;
		assert_int_equal(decided->until, answer.verdict.until_ms);
	}
	assert_in_range(deferred, 1, 23);
	assert_true(asked_profiles_choose(STR("basic person"), &bad));
}

/* Nothing but the stack says it; and a person without a zone of her own is where her country is. */
static void test_communications_store__for_whom_debts_are_collected_is_a_fact_of_the_stack(void **state)
{
	const int64_t noon_ms = STORE_TODAY * DAY_MS + DAY_MS / 2;
	struct uuid id = spec_id('C', 1);
	struct contact_answer answer;
	struct str bad;

	(void)state;
	assert_true(asked_profiles_choose(STR("house"), &bad));
	store_sql(&spec, "test_unset", "UPDATE engine.stack SET collector = NULL, jurisdiction = NULL");
	store_sql(&spec, "test_nowhere", "UPDATE customers.customer SET timezone = NULL");
	assert_true(asked(&id, noon_ms, &answer));
	assert_int_equal(answer.verdict.verdict, VERDICT_DENY);
	assert_string_equal(answer.verdict.rules[0], "FACT-1");
	store_sql(&spec, "test_collector", "UPDATE engine.stack SET collector = 'third_party'");
	assert_true(asked(&id, noon_ms, &answer));
	assert_int_equal(answer.verdict.verdict, VERDICT_ALLOW);
	assert_true(asked(&id, noon_ms + DAY_MS / 2, &answer)); /* one in the morning in Berlin */
	assert_int_equal(answer.verdict.verdict, VERDICT_DEFER);
	assert_string_equal(answer.verdict.rules[0], "HOUSE-3");
	store_sql(&spec, "test_us", "UPDATE engine.stack SET jurisdiction = 'US'");
	add_template(1, STR("{{balance}} {{opt_out}}"));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_TEMPLATE_INCOMPLETE); /* without a disclosure */
	store_sql(&spec, "test_law", "UPDATE engine.stack SET jurisdiction = 'DE'");
	store_sql(&spec, "test_far", "UPDATE customers.customer SET country = 'JP'");
	assert_true(asked_profiles_choose(STR("eu"), &bad)); /* it is nine in the evening in Tokyo */
	assert_true(asked(&id, noon_ms, &answer));
	assert_int_equal(answer.verdict.verdict, VERDICT_DEFER);
	assert_string_equal(answer.verdict.rules[0], "EU-02");
	store_sql(&spec, "test_near", "UPDATE customers.customer SET country = 'DE'");
	store_sql(&spec, "test_unset_again", "UPDATE engine.stack SET collector = NULL, jurisdiction = NULL");
	assert_true(asked_profiles_choose(STR("basic person"), &bad));
}

/* ---- published profiles ---- */

static void add_profile(unsigned number, const char *id, int32_t version, const char *numbers)
{
	static const struct approval approval = { .actor = { "another", 7 } };
	struct profile_rule *rule = arena_take(&spec.life, 1, sizeof(*rule));
	struct publish_profile body = { .publication_id = spec_id('P', number),
					.profile = str_of(id),
					.profile_version = version,
					.title = STR("Our hours"),
					.countries = STR(""),
					.region = STR(""),
					.collector = STR("any"),
					.rules = rule,
					.rules_count = 1 };

	assert_non_null(rule);
	*rule = (struct profile_rule){ STR("HOUSE-3"), STR("house"), str_of(numbers) };
	store_add(&spec, &publish_profile_type, &body);
	spec.commands[spec.count - 1].approval = &approval;
}

/* Both are asked with the same versions, and the facts of the verdict name them. */
static void then_asks(unsigned message, const char *profiles, enum compliance_verdict verdict)
{
	struct uuid id = spec_id('C', 1);
	const struct compliance_decided *decided;
	const struct facts *said;
	struct contact_answer answer;
	char text[256] = "";
	size_t size = 0;

	add_message_of_no_debt(message);
	spec.commands[0].now_ms = STORE_TODAY * DAY_MS + 8 * DAY_MS / 24; /* 09:00 in Berlin */
	assert_true(asked(&id, spec.commands[0].now_ms, &answer));
	store_run(&spec);
	decided = spec.decisions[0].events[0].body;
	said = spec.decisions[0].events[0].confidential;
	for (size_t index = 0; index < answer.asked_count; index++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, " profile=%s/%d", answer.asked[index].id,
					 (int)answer.asked[index].version);
	assert_string_equal(text, profiles);
	assert_non_null(strstr(said->text.data, profiles));
	assert_int_equal(answer.verdict.verdict, verdict);
	assert_true(str_is(decided->verdict, compliance_verdict_name(verdict)));
}

static void test_communications_store__the_newest_published_profile_is_asked(void **state)
{
	struct str bad;

	(void)state;
	assert_true(asked_profiles_choose(STR("basic person published"), &bad));
	store_sql(&spec, "test_place", "UPDATE customers.customer SET timezone = 'Europe/Berlin'");
	add_template(1, STR("{{customer_name}} {{opt_out}}"));
	add_consent(1, STORE_TODAY * DAY_MS - 1000);
	store_run(&spec);
	then_asks(1, " profile=basic/1 profile=person/1", VERDICT_ALLOW);
	add_profile(1, "ours", 1, "from=09:00 to=18:00");
	add_profile(2, "theirs", 1, "from=08:00 to=19:00");
	store_run(&spec);
	then_answers(&spec, 1, "ProfilePublished");
	then_asks(2, " profile=basic/1 profile=person/1 profile=ours/1 profile=theirs/1", VERDICT_ALLOW);
	add_profile(3, "ours", 2, "from=09:01 to=18:00");
	store_run(&spec);
	then_asks(3, " profile=basic/1 profile=person/1 profile=ours/2 profile=theirs/1", VERDICT_DEFER);
	add_profile(4, "ours", 2, "from=07:00 to=18:00");
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	assert_true(asked_profiles_choose(STR("basic person"), &bad));
	then_asks(4, " profile=basic/1 profile=person/1", VERDICT_ALLOW);
}

static void publish_meanwhile(struct store_spec *its)
{
	store_sql(its, "test_meanwhile",
		  "INSERT INTO communications.profile_version VALUES (gen_random_uuid(), 'ours', 1, 'x', '', '', 'any', "
		  "'HOUSE-3 house from=10:00 to=11:00', 1, now(), 'a', 'b')");
}

/* On another partition, after this batch has loaded: it conflicts, and the engine does the batch again. */
static void test_communications_store__two_profiles_cannot_take_one_place(void **state)
{
	(void)state;
	add_profile(1, "theirs", 1, "from=09:00 to=18:00");
	spec.after_load = publish_meanwhile;
	assert_int_equal(store_try(&spec), -1);
	assert_string_equal(db_sqlstate(spec.db), DB_UNIQUE_VIOLATION);
	store_run(&spec);
	then_answers(&spec, 0, "ProfilePublished");
	assert_int_equal(((const struct profile_published *)spec.decisions[0].events[0].body)->place, 2);
}

/* ---- what must not leave now ---- */

#define CLAIMS in_state("test_claims", "SELECT sum(claims)::bigint FROM communications.outbox")
#define COUNTED                                                                                                                  \
	in_state("test_counted",                                                                                                 \
		 "SELECT count(*) FROM communications.contact_history WHERE direction = 'outbound' AND channel = 'sms'")

static void given_overdue(void)
{
	given_message();
	store_sql(&spec, "test_earlier",
		  "UPDATE communications.compliance_decision SET decided_at = decided_at - interval '1 hour'");
	store_sql(&spec, "test_over", "UPDATE communications.outbox SET fit_until = now() - interval '1 second'");
}

static void add_not_now(int32_t attempt)
{
	struct record_dispatch body = { .communication_id = spec_id('M', 1),
					.customer_id = spec_id('C', 1),
					.attempt = attempt,
					.outcome = STR("not_accepted"),
					.provider = STR("notifier"),
					.has_provider_code = true,
					.provider_code = STR("not_now"),
					.occurred_at = STORE_TODAY * DAY_MS };

	store_add(&spec, &record_dispatch_type, &body);
}

static void test_communications_store__after_its_time_a_message_is_asked_about_again(void **state)
{
	(void)state;
	given_overdue();
	assert_int_equal(COUNTED, 1);
	then_refused(&ask, "not_now");
	assert_int_equal(OUTBOX("released"), 1);
	assert_int_equal(CLAIMS, 1);
	add_not_now(1);
	store_run(&spec);
	assert_int_equal(COMMUNICATION("scheduled"), 1);
	assert_int_equal(OUTBOX("scheduled"), 1);
	assert_int_equal(COUNTED, 0); /* it does not count against itself */
	assert_int_equal(claimed(&claim), 0);
	store_sql(&spec, "test_paid_a_part", "UPDATE debts.debt SET principal_minor = 12000");
	comes(1);
	then_answers(&spec, 0, "ComplianceDecided");
	assert_int_equal(spec.decisions[0].events_count, 2);
	then_text("Anna 120.00 ");
	assert_int_equal(OUTBOX("released"), 1);
	assert_int_equal(in_state("test_free", "SELECT count(*) FROM communications.outbox WHERE fit_until IS NULL"), 1);
	store_sql(&spec, "test_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
	assert_int_equal(claimed(&claim_again), 1);
	assert_int_equal(CLAIMS, 2);
}

/* What is refused between two tries is not under way: it can be cancelled before the refusal is told. */
static void test_communications_store__what_is_held_back_between_two_tries_can_be_cancelled(void **state)
{
	(void)state;
	given_message();
	assert_int_equal(claimed(&claim), 1);
	store_sql(&spec, "test_over", "UPDATE communications.outbox SET fit_until = now() - interval '1 second'");
	then_refused(&ask_again, "not_now");
	assert_int_equal(OUTBOX("waiting"), 1);
	add_cancellation(1);
	store_run(&spec);
	assert_int_equal(COMMUNICATION("cancelled"), 1);
	add_not_now(2);
	store_run(&spec);
	assert_int_equal(COMMUNICATION("cancelled"), 1);
}

static void test_communications_store__a_claim_asks_again_after_what_was_told_since(void **state)
{
	(void)state;
	given_message();
	store_sql(&spec, "test_earlier",
		  "UPDATE communications.compliance_decision SET decided_at = decided_at - interval '1 hour'");
	add_preference(1, 0); /* nothing is unwanted */
	store_run(&spec);
	assert_int_equal(claimed(&claim), 1);
	add_preference(2, 2);
	store_run(&spec);
	then_refused(&ask_again, "not_now");
	add_preference(3, 0);
	store_run(&spec);
	assert_int_equal(claimed(&claim_again), 1);
	add_contact(1, "conversation", STORE_TODAY * DAY_MS);
	store_run(&spec);
	then_refused(&ask_again, "not_now");
	store_sql(&spec, "test_known", "UPDATE communications.contact SET recorded_at = recorded_at - interval '2 hours'");
	assert_int_equal(claimed(&claim_again), 1);
	add_inbound(1, STR("Wann?"));
	store_run(&spec);
	then_refused(&ask_again, "not_now");
}

static void test_communications_store__a_claim_asks_about_preferences(void **state)
{
	struct str channel = STR("sms");
	struct set_preference body = { .preference_id = spec_id('W', 9),
				       .customer_id = spec_id('C', 1),
				       .blocked_channels = &channel,
				       .blocked_channels_count = 1 };

	(void)state;
	given_message();
	store_add(&spec, &set_preference_type, &body);
	store_run(&spec);
	then_refused(&ask, "unwanted");
	body.preference_id = spec_id('W', 10);
	body.blocked_channels_count = 0;
	store_add(&spec, &set_preference_type, &body);
	store_run(&spec);
	assert_int_equal(claimed(&claim), 1);
}

static void test_communications_store__the_newest_preference_comes_back(void **state)
{
	struct wishes saved;
	const struct wishes *wishes;

	(void)state;
	add_preference(1, 0);
	add_preference(2, 2);
	store_run(&spec);
	saved = *(const struct wishes *)loaded(&wishes_entity);
	add_preference(2, 0);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	wishes = loaded(&wishes_entity);
	assert_int_equal(wishes->times_count, 2);
	assert_memory_equal(wishes, &saved, sizeof(saved));
}

static void test_communications_store__the_notifier_sees_what_it_claims_only(void **state)
{
	static const struct db_statement outbox = { "test_peek", "SELECT count(*) FROM communications.outbox" };
	struct db *debts = NULL;

	(void)state;
	assert_int_equal(db_run(notifier, &outbox, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(notifier), "42501");
	store_open(&spec, "test_store", "dcs_debts", &debts);
	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_UUID);
	assert_int_equal(db_run(debts, &claim_again, &params, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(debts), "42501");
	db_close(debts);
}

/* ---- races: withdrawals against claims, each in a process of its own ---- */

#define RACES_DEFAULT 300
#define RACES_A_ROUND 30 /* fewer than a customer may have under way */

static int64_t races_wanted(void)
{
	const char *text = getenv("RACES");

	return text != NULL && *text != '\0' ? strtoll(text, NULL, 10) : RACES_DEFAULT;
}

static struct uuid raced(int64_t round, unsigned number)
{
	return spec_id('M', 100 + (unsigned)(round % 2000) * RACES_A_ROUND + number);
}

/* Claims one message after the other, as soon as it is told of a round; its byte says that it is done. */
static void claim_rounds(int from, int to)
{
	char conninfo[STORE_CONNINFO_MAX];
	struct db *db = NULL;
	int64_t round;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_store user=dcs_notifier", getenv("DCS_TEST_PG"));
	if (db_open(conninfo, "test_race", STORE_TIMEOUT_MS, &db, &spec.err) < 0)
		_exit(1);
	while (read(from, &round, sizeof(round)) == sizeof(round)) {
		for (unsigned number = 0; number < RACES_A_ROUND; number++) {
			struct uuid id = raced(round, number);

			db_params_reset(&params);
			db_array_begin(&params, DB_ARRAY_UUID);
			db_array_uuid(&params, &id);
			if (db_run(db, &claim, &params, NULL, &spec.err) < 0)
				_exit(1);
		}
		if (write(to, "x", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void add_raced(int64_t round)
{
	for (unsigned number = 0; number < RACES_A_ROUND; number++) {
		struct send_communication body = { .communication_id = raced(round, number),
						   .customer_id = spec_id('C', 1),
						   .channel = STR("sms"),
						   .template_name = STR("reminder"),
						   .language = STR("de"),
						   .message_class = STR("reminder"),
						   .send_by = (STORE_TODAY + 1) * DAY_MS };

		store_add(&spec, &send_communication_type, &body);
	}
}

/* Who was claimed was sent; only then the next round's messages have room. */
static void end_claimed(int64_t round)
{
	for (unsigned number = 0; number < RACES_A_ROUND; number++) {
		struct record_dispatch body = { .communication_id = raced(round, number),
						.customer_id = spec_id('C', 1),
						.attempt = 1,
						.outcome = STR("accepted"),
						.provider = STR("kannel"),
						.occurred_at = STORE_TODAY * DAY_MS };

		store_add(&spec, &record_dispatch_type, &body);
	}
	store_run(&spec);
}

static const struct db_statement raced_to_both = {
	"test_raced", "SELECT count(*) FROM communications.outbox WHERE (state = 'cancelled') = (claims > 0)"
};

/* Each message is either claimed or named by the withdrawal: never both, never neither. */
static void test_communications_store__a_withdrawal_and_a_claim_never_both_have_a_message(void **state)
{
	int64_t rounds = (races_wanted() + RACES_A_ROUND - 1) / RACES_A_ROUND, cancelled = 0, claims = 0;
	int orders[2], answers[2];
	char done;
	pid_t child;

	(void)state;
	add_template(1, STR("{{customer_name}} {{opt_out}}"));
	store_run(&spec);
	assert_int_equal(pipe(orders), 0);
	assert_int_equal(pipe(answers), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(orders[1]);
		close(answers[0]);
		claim_rounds(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	for (int64_t round = 0; round < rounds; round++) {
		struct db_result result = { 0 };

		arena_reset(&spec.life);
		add_consent((unsigned)(10 + round), STORE_TODAY * DAY_MS + spec.ids);
		store_run(&spec);
		add_raced(round);
		store_run(&spec);
		store_sql(&spec, "test_race_in_time", "UPDATE communications.outbox SET send_by = now() + interval '1 day'");
		assert_int_equal(write(orders[1], &round, sizeof(round)), sizeof(round));
		for (int looks = 0; looks < 10000 && OUTBOX("claimed") < round % RACES_A_ROUND; looks++)
			; /* so that it meets every claim */
		add_withdrawal();
		store_run(&spec);
		then_answers(&spec, 0, "ConsentWithdrawn");
		cancelled += (int64_t)((const struct consent_withdrawn *)spec.decisions[0].events[0].body)->cancelled_count;
		assert_int_equal(read(answers[0], &done, 1), 1);
		store_must(&spec, db_run(spec.admin, &raced_to_both, NULL, &result, &spec.err));
		assert_int_equal(db_int64(&result, 0, 0), 0);
		db_result_release(&result);
		claims += OUTBOX("claimed");
		end_claimed(round);
		store_sql(&spec, "test_race_over", "DELETE FROM communications.outbox");
	}
	close(orders[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(answers[0]);
	print_message("%lld races: %lld withdrawn, %lld claimed\n", (long long)rounds * RACES_A_ROUND, (long long)cancelled,
		      (long long)claims);
	assert_int_equal(cancelled + claims, rounds * RACES_A_ROUND);
	assert_true(cancelled > 0);
	assert_true(claims > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_communications_store__a_message_is_rendered_sealed_and_claimed_once),
		TEST(test_communications_store__html_is_kept_sealed_claimed_and_forgotten_as_the_text_is),
		TEST(test_communications_store__a_person_sealed_the_old_way_is_written_to),
		TEST(test_communications_store__the_longest_name_opens),
		TEST(test_communications_store__a_message_before_its_time_has_no_text_and_is_not_claimed),
		TEST(test_communications_store__at_its_time_it_has_the_balance_of_then_and_is_claimed),
		TEST(test_communications_store__another_time_is_kept),
		TEST(test_communications_store__what_waits_ends_by_a_withdrawal),
		TEST(test_communications_store__a_suppressed_message_leaves_the_queue),
		TEST(test_communications_store__an_erased_persons_message_is_suppressed),
		TEST(test_communications_store__a_message_gets_the_debts_of_those_that_go_with_it),
		TEST(test_communications_store__what_one_batch_schedules_and_merges_is_written_once),
		TEST(test_communications_store__what_is_late_is_not_claimed),
		TEST(test_communications_store__that_a_debt_was_cancelled_is_read_through_its_view),
		TEST(test_communications_store__a_withdrawal_stops_what_is_not_claimed),
		TEST(test_communications_store__a_stop_is_sealed_and_stops_what_is_not_claimed),
		TEST(test_communications_store__an_opt_out_is_confirmed_though_the_consent_is_gone),
		TEST(test_communications_store__a_second_stop_takes_back_a_confirmation_that_has_not_left),
		TEST(test_communications_store__help_is_answered_after_an_opt_out),
		TEST(test_communications_store__there_is_one_answer_to_one_message),
		TEST(test_communications_store__an_unknown_sender_has_a_key_of_its_own),
		TEST(test_communications_store__what_unknown_senders_wrote_is_forgotten_in_time),
		TEST(test_communications_store__what_is_claimed_is_not_named_as_cancelled),
		TEST(test_communications_store__a_claim_waits_for_a_withdrawal_that_is_being_handled),
		TEST(test_communications_store__what_was_written_to_an_address_given_up_is_not_claimed),
		TEST(test_communications_store__the_balance_is_less_what_was_overpaid_and_a_claim_asks_again),
		TEST(test_communications_store__a_claim_asks_about_the_debts),
		TEST(test_communications_store__a_message_about_a_held_debt_is_suppressed),
		TEST(test_communications_store__a_claim_asks_dunning_about_its_step),
		TEST(test_communications_store__a_claim_demands_nothing_that_was_put_off),
		TEST(test_communications_store__a_claim_judges_by_no_earlier_day_than_the_verdict),
		TEST(test_communications_store__classes_ask_the_same_in_sql),
		TEST(test_communications_store__a_claim_knows_what_was_given_up_while_it_waited),
		TEST(test_communications_store__what_gets_another_time_is_claimed_then_and_not_before),
		TEST(test_communications_store__what_is_claimed_gets_no_other_time),
		TEST(test_communications_store__what_is_taken_back_cannot_be_claimed),
		TEST(test_communications_store__what_is_claimed_is_taken_back_between_two_tries_only),
		TEST(test_communications_store__what_can_be_done_next_is_what_the_rule_takes),
		TEST(test_communications_store__nothing_is_written_to_an_erased_customer),
		TEST(test_communications_store__what_was_released_while_he_was_erased_cannot_be_opened),
		TEST(test_communications_store__only_the_customers_module_makes_it_forget),
		TEST(test_communications_store__an_erasure_waits_for_the_messages_under_way_and_overwrites_them),
		TEST(test_communications_store__receipts_end_a_message),
		TEST(test_communications_store__what_was_not_accepted_is_claimed_again_or_cancelled),
		TEST(test_communications_store__a_late_word_of_a_first_try_leaves_the_second_alone),
		TEST(test_communications_store__consents_and_withdrawals_come_back_as_they_were_saved),
		TEST(test_communications_store__a_consent_that_was_overtaken_permits_nothing),
		TEST(test_communications_store__a_template_has_versions),
		TEST(test_communications_store__one_batch_may_send_and_withdraw),
		TEST(test_communications_store__contacts_come_back_with_our_own_messages),
		TEST(test_communications_store__what_a_person_wrote_comes_back_as_a_contact),
		TEST(test_communications_store__circumstances_come_back_as_they_were_saved),
		TEST(test_communications_store__a_restart_of_limitation_stands_with_its_payment),
		TEST(test_communications_store__the_newest_preference_comes_back),
		TEST(test_communications_store__a_claim_asks_about_circumstances),
		TEST(test_communications_store__a_claim_trusts_the_verdict_about_an_attorney),
		TEST(test_communications_store__a_claim_and_the_guard_stop_the_same),
		TEST(test_communications_store__a_look_up_comes_with_its_number),
		TEST(test_communications_store__who_asks_is_told_what_would_be_decided),
		TEST(test_communications_store__who_asks_is_told_until_when),
		TEST(test_communications_store__for_whom_debts_are_collected_is_a_fact_of_the_stack),
		TEST(test_communications_store__the_newest_published_profile_is_asked),
		TEST(test_communications_store__two_profiles_cannot_take_one_place),
		TEST(test_communications_store__after_its_time_a_message_is_asked_about_again),
		TEST(test_communications_store__what_is_held_back_between_two_tries_can_be_cancelled),
		TEST(test_communications_store__a_claim_asks_again_after_what_was_told_since),
		TEST(test_communications_store__a_claim_asks_about_preferences),
		TEST(test_communications_store__the_notifier_sees_what_it_claims_only),
		TEST(test_communications_store__a_withdrawal_and_a_claim_never_both_have_a_message),
	};

	return cmocka_run_group_tests_name("communications store", tests, setup_group, teardown_group);
}
