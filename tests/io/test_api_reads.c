/* What the gateway reads, out of a real PostgreSQL, over HTTP. */

#include "tests/io/api_world.h"

#include "../old_seal.h"
#include "base/array.h"
#include "crypto/seal.h"

#define CUSTOMER(n) "019a0000-0000-7000-8000-0043000000" n
#define DEBT(n)     "019a0000-0000-7000-8000-0044000000" n
#define PAYMENT(n)  "019a0000-0000-7000-8000-0050000000" n
#define USER(n)     "019a0000-0000-7000-8000-0055000000" n
#define CREDITOR    "019a0000-0000-7000-8000-005200000001"

#define POINT   "019a0000-0000-7000-8000-004b00000001"
#define MESSAGE "019a0000-0000-7000-8000-004d00000001"
#define SALT    "salt of 16 bytes"

#define NAME "Anna \"Ähm\" O'Neil"

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

/* ---- rows ---- */

/* Sealed with a customer's own key; stands until the next call. */
static struct str sealed_for(const struct seal_place *place, const char *text)
{
	static uint8_t sealed[512];
	uint8_t key[32];

	person_key(key, world.key, STR(SALT));
	seal(sealed, str_of(text), place, key);
	return (struct str){ (const char *)sealed, strlen(text) + SEAL_OVERHEAD };
}

static void add_customer(const char *id, const char *reference, const char *name)
{
	static const struct db_statement insert = {
		"test_customer",
		"INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		"full_name_sealed, key_salt) VALUES ($1, $2, 'natural', 'active', 'de', 'DE', 3, $3, $4)"
	};
	struct uuid customer = id_of(id);
	const struct seal_place place = { &sealed_name, customer, 3, customer };
	struct db_params params;

	db_params_init(&params, 4096);
	db_param_uuid(&params, &customer);
	db_param_text(&params, str_of(reference));
	db_param_bytes(&params, sealed_for(&place, name));
	db_param_bytes(&params, STR(SALT));
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
}

/* $1 of the statement. */
static void run_with(const struct db_statement *statement, struct str bytes)
{
	struct db_params params;

	db_params_init(&params, 4096);
	db_param_bytes(&params, bytes);
	api_must(db_run(world.admin, statement, &params, NULL, &world.err));
	db_params_release(&params);
}

static void add_sealed(const struct db_statement *insert, const struct sealed_column *column, const char *row, int64_t version,
		       const char *text)
{
	const struct seal_place place = { column, id_of(row), version, id_of(CUSTOMER("01")) };

	run_with(insert, sealed_for(&place, text));
}

static void add_message(void)
{
	static const struct db_statement point = {
		"test_point",
		"INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, version, "
		"address_hash, address_sealed) VALUES ('" POINT
		"', '" CUSTOMER("01") "', 'email', 'home', 'consumer', "
				      "'usable', 2, decode(repeat('00', 16), 'hex'), $1)"
	};
	static const struct db_statement outbox = {
		"test_outbox",
		"INSERT INTO communications.outbox (communication_id, customer_id, channel, state, send_by, address_sealed, "
		"subject_sealed, body_sealed) VALUES ('" MESSAGE "', '" CUSTOMER("01") "', 'email', 'released', "
										       "'2026-01-01Z', '', '', $1)"
	};

	add_sealed(&point, &sealed_address, POINT, 2, "anna@example.com");
	SQL("test_message",
	    "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
	    "requested_on, "
	    "message_class, template_name, template_version, language, contact_point_id) VALUES ('" MESSAGE
	    "', '" CUSTOMER("01") "', 4, 1, 'released', 'email', '2025-12-31', 'demand', 'first', 3, 'de', '" POINT "')");
	add_sealed(&outbox, &sealed_message_body, MESSAGE, 1, "You owe us.");
	SQL("test_about", "INSERT INTO communications.communication_debt VALUES ('" MESSAGE "', '" DEBT("01") "')");
	SQL("test_verdicts", "INSERT INTO communications.compliance_decision (communication_id, customer_id, decided_at, action, "
			     "channel, message_class, "
			     "verdict, until, rules, facts, facts_hash) VALUES ('" MESSAGE
			     "', '" CUSTOMER("01") "', '2025-12-30Z', 'send', 'email', "
						   "'demand', 'defer', '2025-12-31Z', 'US-01', '', ''), ('" MESSAGE
						   "', '" CUSTOMER("01") "', '2025-12-31Z', 'send', 'email', "
									 "'demand', 'allow', NULL, 'US-10 US-12', '', '')");
}

static int fill(void **state)
{
	if (api_world_start(state) != 0)
		return -1;
	add_customer(CUSTOMER("01"), "C-1", NAME);
	add_customer(CUSTOMER("02"), "C-2", "Bert");
	SQL("test_erased",
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, key_salt) "
	    "VALUES ('" CUSTOMER("03") "', 'C-3', 'natural', 'erased', 'de', 'DE', 3, NULL)");
	SQL("test_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, "
	    "principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) VALUES "
	    "('" DEBT("01") "', '" CUSTOMER(
		    "01") "', '" CREDITOR "', 2, 2, 1, 20, 300, 4000, 0, 2, 1, 3, '2025-01-01', '2025-02-01', 'EUR', 'D-1'), "
			  "('" DEBT("02") "', '" CUSTOMER("02") "', '" CREDITOR "', 1, 3, 0, 0, 0, 9007199254740993, 0, 1, 6, 3, "
								"'2025-01-02', '2025-02-02', 'USD', 'D-2'), "
								"('" DEBT("03") "', '" CUSTOMER(
									"03") "', '" CREDITOR
									      "', 1, 4, 0, 0, 0, 0, 0, 1, 6, 3, '2025-01-02', "
									      "'2025-02-02', 'USD', 'D-3')");
	SQL("test_ledger",
	    "INSERT INTO debts.posting (part, entry_no, seq, previous_seq, debt_id, command_id, occurred_on, business_date, "
	    "kind, "
	    "contra, contra_minor, cost_minor, interest_minor, payment_id, method, source, external_ref) VALUES "
	    "(3, 1, 1, NULL, '" DEBT("01") "', '" DEBT(
		    "01") "', '2025-01-01', '2025-01-01', 1, 1, -51, 1, 50, NULL, NULL, NULL, NULL), "
			  "(3, 2, 2, 1, '" DEBT("01") "', '" DEBT("01") "', '2025-03-01', '2025-03-02', 2, 2, 30, -5, -25, "
									"'" PAYMENT("01") "', 'transfer', 'bank', 'P-1')");
	add_message();
	SQL("test_users", "INSERT INTO users.account (user_id, login, state, roles, customer_id, version, registered_at) VALUES "
			  "('" USER("01") "', 'agent', 'active', 8, NULL, 1, now()), "
					  "('" USER("02") "', 'portal', 'active', 128, '" CUSTOMER(
						  "01") "', 1, now()), "
							"('" USER("03") "', 'gone', 'disabled', 8, NULL, 1, now())");
	return 0;
}

/* ---- one ---- */

static void test_api_reads__a_debt_has_what_people_need(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("ETag: \"2\"\r\n");
	assert_contains("{\"id\":\"" DEBT("01") "\",\"customerId\":\"" CUSTOMER(
		"01") "\",\"customerName\":\"Anna \\\"Ähm\\\" O'Neil\",\"creditorId\":\"" CREDITOR
		      "\",\"originalCreditorId\":null,\"portfolioId\":null,\"externalRef\":\"D-1\",\"lifecycle\":\"NEW\","
		      "\"openedOn\":\"2025-01-01\",\"dueOn\":\"2025-02-01\",\"allocationOrder\":\"cost_interest_principal\","
		      "\"allocationPolicyId\":null,\"allocationPolicyVersion\":null,\"stopped\":[],\"chargedOffOn\":null,"
		      "\"promiseId\":null,\"planId\":null,\"settlementId\":null,"
		      "\"daysPastDue\":");
	assert_contains(
		",\"bucket\":\"366+\",\"currency\":\"EUR\",\"balances\":{"
		"\"total\":{\"amountMinor\":4321,\"currency\":\"EUR\"},\"cost\":{\"amountMinor\":1,\"currency\":\"EUR\"}");
	assert_int_equal(api_get("/debts/" DEBT("02"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"principal\":{\"amountMinor\":9007199254740993,\"currency\":\"USD\"}");
}

static void test_api_reads__a_payment_tells_what_it_was_used_for(void **state)
{
	(void)state;
	assert_int_equal(api_get("/payments/" PAYMENT("01"), api_token("svc", ROLE_SUPERVISOR)), 200);
	assert_contains("\"amount\":{\"amountMinor\":30,\"currency\":\"EUR\"},\"allocation\":{\"cost\":{\"amountMinor\":5,");
	assert_contains("\"interest\":{\"amountMinor\":25,");
	assert_contains(
		"\"refunded\":{\"amountMinor\":0,\"currency\":\"EUR\"},\"refundable\":{\"amountMinor\":0,\"currency\":\"EUR\"},");
	assert_contains("\"actions\":[\"reversePayment\"],\"version\":1,\"createdAt\":null,\"updatedAt\":null,\"links\":{"
			"\"self\":\"/payments/" PAYMENT("01") "\",\"debt\":\"/debts/" DEBT(
				"01") "\",\"customer\":\"/customers/" CUSTOMER("01") "\"}}\n");
}

/* When debts and payments were changed is told by the log, where their entries stand; only an amendment has none. */
static void test_api_reads__dates_of_debts_and_payments_are_those_of_their_events(void **state)
{
	static const char events[] =
		"INSERT INTO debts.event_row (part, seq, event_id, schema_id, key, subject, command_id, "
		"correlation_id, at, command_offset, body, hash) SELECT p.part, p.entry_seq, "
		"gen_random_uuid(), 1021, p.customer_id, p.debt_id, p.payment_id, p.payment_id, "
		"'2026-05-04T03:02:01.123Z', 0, '', '' FROM debts.payment p WHERE p.payment_id = '" PAYMENT("01") "'";

	(void)state;
	SQL("dates_events", events);
	SQL("dates_entry", "UPDATE debts.debt d SET last_entry_seq = p.entry_seq, part = p.part, created_at = '2026-01-01Z' FROM "
			   "debts.payment p WHERE p.payment_id = '" PAYMENT("01") "' AND d.debt_id = p.debt_id");
	assert_int_equal(api_get("/payments/" PAYMENT("01"), api_token("svc", ROLE_SUPERVISOR)), 200);
	assert_contains("\"createdAt\":\"2026-05-04T03:02:01.123Z\",\"updatedAt\":\"2026-05-04T03:02:01.123Z\"");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"createdAt\":\"2026-01-01T00:00:00.000Z\",\"updatedAt\":\"2026-05-04T03:02:01.123Z\"");
	SQL("dates_amended", "UPDATE debts.debt SET amended_at = '2026-06-01Z', amended_seq = last_entry_seq + 1 WHERE debt_id = "
			     "'" DEBT("01") "'");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"updatedAt\":\"2026-06-01T00:00:00.000Z\"");
}

static void test_api_reads__what_has_not_changed_is_304(void **state)
{
	char token[2048];

	(void)state;
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_AGENT));
	assert_int_equal(api_get_with("/debts/" DEBT("01"), token, "If-None-Match: \"2\"\r\n"), 304);
	assert_contains("ETag: \"2\"\r\n");
	assert_string_equal(api_body(), "");
	assert_int_equal(api_get_with("/debts/" DEBT("01"), token, "If-None-Match: \"1\", W/\"2\"\r\n"), 304);
	assert_int_equal(api_get_with("/debts/" DEBT("01"), token, "If-None-Match: *\r\n"), 304);
	assert_int_equal(api_get_with("/debts/" DEBT("01"), token, "If-None-Match: \"1\", 2, \"22\"\r\n"), 200);
	assert_int_equal(api_get_with("/debts/" DEBT("99"), token, "If-None-Match: *\r\n"), 404);
}

static void test_api_reads__what_is_not_there_is_404(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("99"), api_token("svc", ROLE_AGENT)), 404);
	assert_contains("\"detail\":\"no such debt\"");
	assert_int_equal(api_get("/debts/" CUSTOMER("01"), api_token("svc", ROLE_AGENT)), 404);
	assert_int_equal(api_get("/debts/x'%20OR%201=1--", api_token("svc", ROLE_AGENT)), 404);
}

static void test_api_reads__one_thing_takes_no_arguments(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("01") "?fields=a%22b", api_token("svc", ROLE_AGENT)), 400);
	assert_contains("\"errors\":[{\"pointer\":\"fields\",\"code\":\"unknown_argument\"");
	assert_int_equal(api_get("/debts/" DEBT("01") "?%ff%22=1", api_token("svc", ROLE_AGENT)), 400);
	assert_contains("\"pointer\":\"?\"");
}

static void test_api_reads__an_erased_person_has_no_name(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("03"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"customerName\":null");
	assert_int_equal(api_get("/customers/" CUSTOMER("03"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"status\":\"erased\",\"fullName\":null,\"birthDate\":null");
	assert_contains("\"actions\":[]");
}

static void test_api_reads__names_are_for_those_who_may_see_them(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AUDITOR)), 200);
	assert_lacks("customerName");
	assert_lacks("Anna");
	assert_contains("\"history\":\"/debts/" DEBT("01") "/history\"");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_CREDITOR)), 200);
	assert_contains("Anna");
	assert_lacks("/history"); /* he may not go there */
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_REPORTING)), 200);
	assert_lacks("fullName");
	assert_lacks("birthDate");
	assert_contains("\"country\":\"DE\"");
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_COMPLIANCE)), 200);
	assert_contains("\"actions\":[]"); /* still owed: no erasure */
	assert_contains("\"fullName\":\"Anna \\\"Ähm\\\" O'Neil\",\"birthDate\":null");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_NOTIFIER)), 403);
	assert_int_equal(api_get("/debts/" DEBT("01"), "x.y.z"), 401);
}

static void test_api_reads__addresses_and_texts_are_for_those_who_write_to_people(void **state)
{
	(void)state;
	assert_int_equal(api_get("/customers/" CUSTOMER("01") "/contact-points", api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"address\":\"anna@example.com\"");
	assert_int_equal(api_get("/customers/" CUSTOMER("01") "/contact-points", api_token(USER("02"), ROLE_CONSUMER)), 200);
	assert_contains("\"address\":\"anna@example.com\"");
	assert_int_equal(api_get("/customers/" CUSTOMER("01") "/contact-points", api_token("svc", ROLE_CREDITOR | ROLE_AUDITOR)),
			 200);
	assert_contains("\"address\":\"a***@e***\"");
	assert_int_equal(api_get("/customers/" CUSTOMER("01") "/contact-points", api_token("svc", ROLE_REPORTING)), 403);
	assert_int_equal(api_get("/communications/" MESSAGE, api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"subject\":null,\"body\":\"You owe "
			"us.\",\"html\":null,\"actions\":[\"putCommunication\",\"cancelCommunication\"],\"version\":4,");
	assert_contains("\"debtIds\":[\"" DEBT("01") "\"]");
	assert_contains(
		"\"decision\":{\"verdict\":\"allow\",\"rules\":[\"US-10\",\"US-12\"],\"until\":null,\"decidedAt\":\"2025-12-31");
	assert_contains("\"report\":{\"provider\":null,");
	assert_int_equal(api_get("/communications/" MESSAGE, api_token("svc", ROLE_AUDITOR)), 200);
	assert_lacks("You owe us.");
	assert_lacks("\"body\"");
	assert_int_equal(api_get("/communications", api_token("svc", ROLE_AGENT)), 200);
	assert_contains(MESSAGE);
	assert_lacks("You owe us.");
}

/* ---- what is sealed ---- */

#define SHOWN_NAME "\"fullName\":\"Anna \\\"Ähm\\\" O'Neil\""

/* Nobody reads one person's name as another's, nor an old name as today's, nor any text as something else. */
static void test_api_reads__a_text_out_of_its_place_is_not_shown(void **state)
{
	(void)state;
	SQL("test_misplace",
	    "UPDATE customers.customer SET birth_date_sealed = full_name_sealed WHERE customer_id = '" CUSTOMER("01") "'");
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains(SHOWN_NAME ",\"birthDate\":null");
	SQL("test_move_on",
	    "UPDATE customers.customer SET version = version + 1, birth_date_sealed = NULL WHERE customer_id = '" CUSTOMER(
		    "01") "'");
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"fullName\":null");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"customerName\":null");
	SQL("test_move_back", "UPDATE customers.customer SET version = version - 1 WHERE customer_id = '" CUSTOMER("01") "'");
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains(SHOWN_NAME);
	SQL("test_subject", "UPDATE communications.outbox SET subject_sealed = body_sealed");
	assert_int_equal(api_get("/communications/" MESSAGE, api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"subject\":null,\"body\":\"You owe us.\"");
	SQL("test_no_subject", "UPDATE communications.outbox SET subject_sealed = ''");
}

static void put_old(const struct db_statement *update, const char *text)
{
	struct uuid owner = id_of(CUSTOMER("01"));
	uint8_t sealed[256], key[32];

	person_key(key, world.key, STR(SALT));
	run_with(update, old_seal(sealed, str_of(text), &owner, key));
}

static void test_api_reads__a_text_sealed_the_old_way_is_shown(void **state)
{
	static const struct db_statement keep = {
		"test_keep", "CREATE TABLE kept AS SELECT c.full_name_sealed, p.address_sealed, o.body_sealed FROM "
			     "customers.customer c JOIN customers.contact_point p USING (customer_id) "
			     "JOIN communications.outbox o USING (customer_id)"
	};
	static const struct db_statement name = { "test_old_name",
						  "UPDATE customers.customer SET full_name_sealed = $1, "
						  "birth_date_sealed = $1 WHERE customer_id = '" CUSTOMER("01") "'" };
	static const struct db_statement point = { "test_old_point", "UPDATE customers.contact_point SET address_sealed = $1" };
	static const struct db_statement body = { "test_old_body", "UPDATE communications.outbox SET body_sealed = $1" };

	(void)state;
	api_sql(&keep);
	put_old(&name, "Anna Alt");
	put_old(&point, "alt@example.com");
	put_old(&body, "You owed us.");
	assert_int_equal(api_get("/customers/" CUSTOMER("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"fullName\":\"Anna Alt\",\"birthDate\":\"Anna Alt\"");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"customerName\":\"Anna Alt\"");
	assert_int_equal(api_get("/customers/" CUSTOMER("01") "/contact-points", api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"address\":\"alt@example.com\"");
	assert_int_equal(api_get("/communications/" MESSAGE, api_token("svc", ROLE_AGENT)), 200);
	assert_contains("\"body\":\"You owed us.\"");
	SQL("test_put_back",
	    "UPDATE customers.customer SET full_name_sealed = kept.full_name_sealed, birth_date_sealed = NULL FROM kept "
	    "WHERE customer_id = '" CUSTOMER("01") "'");
	SQL("test_put_back_point", "UPDATE customers.contact_point SET address_sealed = kept.address_sealed FROM kept");
	SQL("test_put_back_body", "UPDATE communications.outbox SET body_sealed = kept.body_sealed FROM kept");
}

/* ---- rights now ---- */

static void test_api_reads__a_portal_user_sees_his_own_only(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("02"), ROLE_CONSUMER)), 200);
	assert_contains("Anna");
	assert_int_equal(api_get("/debts/" DEBT("02"), api_token(USER("02"), ROLE_CONSUMER)), 404);
	assert_int_equal(api_get("/customers/" CUSTOMER("02"), api_token(USER("02"), ROLE_CONSUMER)), 404);
	assert_int_equal(api_get("/payments/" PAYMENT("01"), api_token(USER("02"), ROLE_CONSUMER)), 200);
	/* nobody's portal user */
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token("svc", ROLE_CONSUMER)), 404);
}

static void test_api_reads__a_token_is_worth_what_its_user_may_do_now(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	(void)state;
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("03"), ROLE_AGENT)), 403); /* disabled */
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("04"), ROLE_AGENT)), 403); /* not there */
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("01"), ROLE_ADMIN)), 403); /* never had it */
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("01"), ROLE_AGENT)), 200);
	SQL("test_take", "UPDATE users.account SET roles = 0 WHERE login = 'agent'");
	while (api_get("/debts/" DEBT("01"), api_token(USER("01"), ROLE_AGENT)) != 403)
		assert_true(clock_monotonic_ms() < deadline_ms);
	SQL("test_give", "UPDATE users.account SET roles = 8 WHERE login = 'agent'");
	while (api_get("/debts/" DEBT("01"), api_token(USER("01"), ROLE_AGENT)) != 200)
		assert_true(clock_monotonic_ms() < deadline_ms);
}

/* ---- who may what ---- */

/* A thing of each kind that hangs in a path: the portal user's own, and another's. */
static const struct {
	const char *begin, *own, *other;
} things[] = { { "/customers/", CUSTOMER("01"), CUSTOMER("02") },
	       { "/debts/", DEBT("01"), DEBT("02") },
	       { "/payments/", PAYMENT("01"), PAYMENT("02") },
	       { "/communications/", MESSAGE, DEBT("02") },
	       { "/auth/users/", USER("02"), USER("03") },
	       { "/templates/", DEBT("77"), DEBT("77") },
	       { "/profiles/", DEBT("77"), DEBT("77") },
	       { "/dunning/policies/", DEBT("77"), DEBT("77") },
	       { "/tasks/", DEBT("77"), DEBT("77") },
	       { "/promises/", DEBT("77"), DEBT("77") },
	       { "/holds/", DEBT("77"), DEBT("77") },
	       { "/plans/", DEBT("77"), DEBT("77") },
	       { "/disputes/", DEBT("77"), DEBT("77") },
	       { "/settlements/", DEBT("77"), DEBT("77") },
	       { "/creditors/", DEBT("77"), DEBT("77") },
	       { "/portfolios/", DEBT("77"), DEBT("77") },
	       { "/debt-policies/", DEBT("77"), DEBT("77") } };

static void target_of(char target[256], const struct route *route, bool is_own)
{
	const char *colon = strchr(route->pattern, ':');

	(void)snprintf(target, 256, "%s", route->pattern);
	for (size_t i = 0; colon != NULL && i < COUNT(things); i++)
		if (strncmp(route->pattern, things[i].begin, strlen(things[i].begin)) == 0)
			(void)snprintf(target, 256, "%s%s%s", things[i].begin, is_own ? things[i].own : things[i].other,
				       colon + strcspn(colon, "/"));
}

static int expected_status(const struct route *route, uint32_t role, bool is_own)
{
	bool is_none = strncmp(route->pattern, "/templates/", 11) == 0 || strncmp(route->pattern, "/auth/services/", 15) == 0 ||
		       strncmp(route->pattern, "/reports/", 9) == 0 || strncmp(route->pattern, "/approvals/", 11) == 0 ||
		       strncmp(route->pattern, "/profiles/", 10) == 0 || strncmp(route->pattern, "/dunning/policies/", 18) == 0 ||
		       strncmp(route->pattern, "/tasks/", 7) == 0 || strncmp(route->pattern, "/promises/", 10) == 0 ||
		       strncmp(route->pattern, "/holds/", 7) == 0 || strncmp(route->pattern, "/creditors/", 11) == 0 ||
		       strncmp(route->pattern, "/plans/", 7) == 0 || strncmp(route->pattern, "/disputes/", 10) == 0 ||
		       strncmp(route->pattern, "/settlements/", 13) == 0 || strncmp(route->pattern, "/portfolios/", 12) == 0 ||
		       strncmp(route->pattern, "/debt-policies/", 15) == 0;

	if ((route_access(route) & role) == 0)
		return 403;
	if (is_none)
		return 404;
	if (role == ROLE_CONSUMER && !is_own && strchr(route->pattern, ':') != NULL)
		return 404;
	return is_own || (strcmp(route->pattern, "/payments/:id") != 0 && strcmp(route->pattern, "/communications/:id") != 0)
		       ? 200
		       : 404;
}

/* Every row that reads, by every role, on one's own and on another's thing. */
static void test_api_reads__every_role_reads_what_the_table_says(void **state)
{
	size_t checked = 0;

	(void)state;
	SQL("test_matrix", "UPDATE users.account SET roles = 128, state = 'active' WHERE login = 'portal'");
	for (const struct route *route = api_routes(); route->pattern != NULL; route++) {
		for (uint32_t role = 1; route->kind == ROUTE_READ && role <= ROLE_LAST; role <<= 1) {
			const char *subject = role == ROLE_CONSUMER ? USER("02") : "svc";

			for (int is_own = 0; is_own <= 1; is_own++, checked++) {
				char target[256];
				int status;

				target_of(target, route, is_own != 0);
				status = api_get(target, api_token(subject, role));
				if (status != expected_status(route, role, is_own != 0))
					fail_msg("%d for %s by %s", status, target, role_name(role));
			}
		}
	}
	assert_true(checked >= 200);
}

/* ---- for those who write ---- */

static struct {
	int times;
	enum reads_found found;
	struct uuid id;
	struct command_state state;
	bool is_away;
} told;

static void on_owner(void *arg, enum reads_found found, const struct uuid *customer_id)
{
	(void)arg;
	told.times++;
	told.found = found;
	if (found == READS_FOUND)
		told.id = *customer_id;
}

static void on_command(void *arg, const struct command_state *state)
{
	(void)arg;
	told.times++;
	told.is_away = state == NULL;
	if (state != NULL)
		told.state = *state;
}

static void until_told(int times)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	while (told.times < times) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
	}
}

static void test_api_reads__an_owner_is_found(void **state)
{
	struct uuid debt = id_of(DEBT("02")), nothing = id_of(DEBT("99")), customer = id_of(CUSTOMER("02"));

	(void)state;
	told.times = 0;
	api_find_owner(&debt, on_owner, NULL);
	until_told(1);
	assert_int_equal(told.found, READS_FOUND);
	assert_true(uuid_equal(&told.id, &customer));
	api_find_owner(&nothing, on_owner, NULL);
	until_told(2);
	assert_int_equal(told.found, READS_NOT_FOUND);
}

static struct uuid owners[200];
static size_t owners_told;

static void on_one_of_many(void *arg, enum reads_found found, const struct uuid *customer_id)
{
	assert_int_equal(found, READS_FOUND);
	*(struct uuid *)arg = *customer_id;
	owners_told++;
}

/* More than fit one statement: nobody gets another's answer. */
static void test_api_reads__of_many_who_ask_at_once_each_gets_his_own(void **state)
{
	struct uuid debts[2] = { id_of(DEBT("01")), id_of(DEBT("02")) };
	struct uuid customers[2] = { id_of(CUSTOMER("01")), id_of(CUSTOMER("02")) };
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	(void)state;
	owners_told = 0;
	for (size_t i = 0; i < 200; i++)
		api_find_owner(&debts[i * i / 3 % 2], on_one_of_many, &owners[i]);
	while (owners_told < 200) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		api_turn();
	}
	for (size_t i = 0; i < 200; i++)
		assert_memory_equal(&owners[i], &customers[i * i / 3 % 2], sizeof(owners[i]));
}

static void test_api_reads__a_command_is_found_wherever_it_is(void **state)
{
	struct uuid answered = id_of(DEBT("a1")), parked = id_of(DEBT("a2")), unknown = id_of(DEBT("a3"));

	(void)state;
	SQL("test_log",
	    "INSERT INTO debts.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
	    "command_offset, "
	    "command_digest, body, hash) VALUES (0, 1, '" DEBT("b1") "', 1021, '" CUSTOMER("01") "', '" DEBT("01") "', '" DEBT(
		    "a1") "', '" DEBT("a1") "', '2026-01-01T00:00:01Z', 0, '\\x01', '\\x00', '\\x02')");
	SQL("test_parked", "INSERT INTO communications.parked (part, command_offset, key, command_id, kind, reason, since, "
			   "actor, roles, digest, "
			   "correlation_id, value, scope, holds) VALUES (0, 1, '" CUSTOMER("01") "', '" DEBT(
				   "a2") "', 'wait', 'no such customer yet', "
					 "'2026-01-01T00:00:02Z', 'x', 0, '\\x03', '" DEBT("a2") "', '\\x00', '*;*', '')");
	told.times = 0;
	reads_find_command(world.api.reads, NULL, &answered, on_command, NULL);
	until_told(1);
	assert_int_equal(told.state.kind, COMMAND_APPLIED);
	assert_int_equal(told.state.at_ms, 1767225601000);
	reads_find_command(world.api.reads, "customers", &answered, on_command, NULL);
	until_told(2);
	assert_int_equal(told.state.kind, COMMAND_UNKNOWN);
	reads_find_command(world.api.reads, "communications", &parked, on_command, NULL);
	until_told(3);
	assert_int_equal(told.state.kind, COMMAND_PARKED);
	reads_find_command(world.api.reads, NULL, &unknown, on_command, NULL);
	until_told(4);
	assert_int_equal(told.state.kind, COMMAND_UNKNOWN);
	assert_false(told.is_away);
}

/* ---- PostgreSQL away ---- */

/* The planner takes a scan of a whole log only where no index can answer, then. */
static void test_api_reads__a_command_is_found_by_indexes_in_logs_of_any_size(void **state)
{
	static const struct db_statement forbid = { "forbid", "SET enable_seqscan = off" };
	static const struct db_statement allow = { "allow", "RESET enable_seqscan" };
	static const struct db_statement explain = { "explain", "EXPLAIN SELECT * FROM api.command WHERE command_id = "
								"'" DEBT("ff") "'" };
	struct db_result result = { .pg = NULL };

	(void)state;
	api_sql(&forbid);
	api_must(db_run(world.admin, &explain, NULL, &result, &world.err));
	assert_true(result.rows > 5);
	for (int row = 0; row < result.rows; row++) {
		struct str line = db_str(&result, row, 0);

		for (size_t i = 0; i + 8 <= line.size; i++)
			assert_memory_not_equal(line.data + i, "Seq Scan", 8);
	}
	db_result_release(&result);
	api_sql(&allow);
}

static void test_api_reads__when_postgresql_is_away_it_is_503_and_well_again_by_itself(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;
	char token[2048];

	(void)state;
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_AGENT));
	SQL("test_no_login", "ALTER ROLE dcs_api NOLOGIN");
	SQL("test_kill", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dcs_api'");
	while (api_get("/debts/" DEBT("01"), token) != 503)
		assert_true(clock_monotonic_ms() < deadline_ms);
	assert_contains("Retry-After: 1\r\n");
	assert_int_equal(api_get("/readyz", token), 503);
	assert_contains("\"postgresql\":\"away\"");
	assert_int_equal(api_get("/debts/" DEBT("01"), api_token(USER("02"), ROLE_CONSUMER)), 503);
	SQL("test_login", "ALTER ROLE dcs_api LOGIN");
	while (api_get("/debts/" DEBT("01"), token) != 200)
		assert_true(clock_monotonic_ms() < deadline_ms);
	while (api_get("/readyz", token) != 200)
		assert_true(clock_monotonic_ms() < deadline_ms);
}

/* A view that may not be read any more, say: nobody outside can mend it by trying again. */
static void test_api_reads__our_own_fault_is_500(void **state)
{
	char token[2048];

	(void)state;
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_SUPERVISOR));
	assert_int_equal(api_get("/payments/" PAYMENT("01"), token), 200);
	SQL("test_revoke", "REVOKE SELECT ON debts.api_payment FROM dcs_api");
	assert_int_equal(api_get("/payments/" PAYMENT("01"), token), 500);
	SQL("test_grant", "GRANT SELECT ON debts.api_payment TO dcs_api");
	assert_contains("\"code\":\"failed\"");
	assert_null(strstr(api_body(), "retryable"));
	assert_int_equal(api_get("/payments/" PAYMENT("01"), token), 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, api_set_up, api_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_reads__a_debt_has_what_people_need),
		TEST(test_api_reads__a_payment_tells_what_it_was_used_for),
		TEST(test_api_reads__dates_of_debts_and_payments_are_those_of_their_events),
		TEST(test_api_reads__what_has_not_changed_is_304),
		TEST(test_api_reads__what_is_not_there_is_404),
		TEST(test_api_reads__one_thing_takes_no_arguments),
		TEST(test_api_reads__an_erased_person_has_no_name),
		TEST(test_api_reads__names_are_for_those_who_may_see_them),
		TEST(test_api_reads__addresses_and_texts_are_for_those_who_write_to_people),
		TEST(test_api_reads__a_text_out_of_its_place_is_not_shown),
		TEST(test_api_reads__a_text_sealed_the_old_way_is_shown),
		TEST(test_api_reads__a_portal_user_sees_his_own_only),
		TEST(test_api_reads__a_token_is_worth_what_its_user_may_do_now),
		TEST(test_api_reads__every_role_reads_what_the_table_says),
		TEST(test_api_reads__an_owner_is_found),
		TEST(test_api_reads__of_many_who_ask_at_once_each_gets_his_own),
		TEST(test_api_reads__a_command_is_found_wherever_it_is),
		TEST(test_api_reads__a_command_is_found_by_indexes_in_logs_of_any_size),
		TEST(test_api_reads__our_own_fault_is_500),
		TEST(test_api_reads__when_postgresql_is_away_it_is_503_and_well_again_by_itself),
	};

	return cmocka_run_group_tests(tests, fill, api_world_end);
}
