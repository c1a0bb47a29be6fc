/* Lists of the gateway against a real PostgreSQL: every filter and order beside what SQL says, paging, cursors, whose. */

#include "tests/io/api_lists.h"

#include "base/array.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "worker/packed.h"

#define CUSTOMER     "019a0000-0000-7000-8000-0000000000c"
#define CREDITOR     "019a0000-0000-7000-8000-0000000000d"
#define USER         "019a0000-0000-7000-8000-000000000055"
#define DEBT         "019b0000-0000-7000-8000-000000000001"
#define DEBT_OF_DAYS "019b0000-0000-7000-8000-000000000002" /* what was owed on each */
#define COMMAND_1    "019c0000-0000-7000-8000-000000000001"
#define COMMAND_2    "019c0000-0000-7000-8000-000000000002"
#define COMMAND_3    "019c0000-0000-7000-8000-000000000003"

/* ---- rows ---- */

/* Six customers, 300 debts among them, of three creditors, 200 messages, some of everything else. */
static void fill_tables(void)
{
	SQL("fill_customers",
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, key_salt) "
	    "SELECT ('" CUSTOMER "' || n)::uuid, 'C-' || n, CASE n % 2 WHEN 0 THEN 'natural' ELSE 'legal' END, "
	    "CASE n WHEN 5 THEN 'deceased' ELSE 'active' END, 'de', CASE n WHEN 3 THEN 'US' ELSE 'DE' END, n + 1, '', '' "
	    "FROM generate_series(0, 5) n");
	SQL("fill_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, "
	    "principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "SELECT ('019b0000-0000-7000-8000-' || lpad(to_hex(n * 7 % 307), 12, '0'))::uuid, ('" CUSTOMER
	    "' || n * n % 5)::uuid, "
	    "('" CREDITOR
	    "' || n % 3)::uuid, 1, n, 0, 0, 0, n, 0, 1, 1 + n % 10, 0, '2025-01-01', '2025-01-01'::date + n * 13 % 40, "
	    "(ARRAY['EUR', 'USD'])[1 + n % 2], 'D-' || n / 3 FROM generate_series(1, 300) n");
	SQL("fill_portfolios", "UPDATE debts.debt SET portfolio_id = ('" CREDITOR "' || principal_minor % 2)::uuid, "
			       "stopped = CASE WHEN principal_minor % 9 = 0 THEN 3 END WHERE principal_minor % 3 = 0");
	SQL("fill_communications",
	    "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
	    "requested_on, "
	    "message_class, template_name, template_version, language) "
	    "SELECT ('019d0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ('" CUSTOMER "' || n % 5)::uuid, 1, 0, "
	    "(ARRAY['released', 'delivered', 'suppressed'])[1 + n % 3], (ARRAY['email', 'sms'])[1 + n / 7 % 2], "
	    "'2025-01-01'::date + n % 30, (ARRAY['reminder', 'demand'])[1 + n / 5 % 2], 'first', 1, 'de' FROM generate_series(1, "
	    "200) n");
	SQL("fill_about",
	    "INSERT INTO communications.communication_debt SELECT communication_id, debt_id FROM communications.communication "
	    "JOIN debts.debt USING (customer_id) WHERE attempt = 0 AND debts.debt.principal_minor % 50 = 0");
	SQL("fill_points",
	    "INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, version, "
	    "address_hash, "
	    "address_sealed) SELECT ('019e0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ('" CUSTOMER
	    "' || n % 3)::uuid, "
	    "(ARRAY['email', 'sms', 'voice'])[1 + n % 3], 'home', 'consumer', (ARRAY['usable', 'blocked'])[1 + n / 5 % 2], 1, "
	    "decode(repeat('00', 16), 'hex'), '' FROM generate_series(1, 40) n");
	SQL("fill_permissions",
	    "INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at) VALUES "
	    "('" CUSTOMER "1', 'sms', 'collect', 'express', '2025-01-01Z'), ('" CUSTOMER
	    "1', 'sms', 'marketing', 'express', '2025-03-01Z'), "
	    "('" CUSTOMER "1', 'email', 'collect', 'prior_use', '2025-01-01Z')");
	SQL("fill_opt_outs", "INSERT INTO communications.opt_out (customer_id, channel, withdrawn_at) VALUES "
			     "('" CUSTOMER "1', 'sms', '2025-02-01Z'), ('" CUSTOMER "1', 'letter', '2025-02-01Z')");
	SQL("fill_consents",
	    "INSERT INTO communications.consent (consent_id, customer_id, channel, purpose, basis, evidence_ref, obtained_at, "
	    "recorded_at) SELECT gen_random_uuid(), '" CUSTOMER "1', 'email', 'collect', 'prior_use', '', '2025-01-01Z', "
	    "at::timestamptz FROM (VALUES ('2026-01-05Z'), ('2026-01-07Z')) "
	    "AS told (at)");
	SQL("fill_withdrawals",
	    "INSERT INTO communications.withdrawal (customer_id, version, channel, via, withdrawn_at, recorded_at) VALUES "
	    "('" CUSTOMER "1', 1, 'letter', 'speech', '2025-02-01Z', '2026-01-06Z')");
	SQL("fill_templates", "INSERT INTO communications.template (template_id, name, channel, language, version) VALUES "
			      "('" CUSTOMER "1', 'first', 'email', 'de', 2), ('" CUSTOMER "2', 'first', 'sms', 'en', 1)");
	SQL("fill_texts",
	    "INSERT INTO communications.template_version (template_id, version, message_class, subject, body, published_at) "
	    "VALUES ('" CUSTOMER "1', 1, 'reminder', 'old', 'old', '2025-01-01Z'), "
	    "('" CUSTOMER "1', 2, 'reminder', 'new', 'Dear {{name}}', '2025-01-02Z'), "
	    "('" CUSTOMER "2', 1, 'reminder', '', 'Hi', '2025-01-02Z')");
	SQL("fill_users", "INSERT INTO users.account (user_id, login, state, roles, customer_id, version, registered_at) VALUES "
			  "('" USER "', 'portal', 'active', 128, '" CUSTOMER "1', 1, now())");
}

/* The order of ids is not that of time: they are the senders'. */
static void fill_dates(void)
{
	SQL("date_customers",
	    "UPDATE customers.customer SET created_at = '2026-01-01Z'::timestamptz + ((version * 5) % 4) * interval '1 h'");
	SQL("date_debts",
	    "UPDATE debts.debt SET created_at = '2026-01-01Z'::timestamptz + ((principal_minor * 31) % 97) * interval "
	    "'1 min'");
	SQL("date_messages", "UPDATE communications.communication SET created_at = '2026-01-01Z'::timestamptz + "
			     "(('x' || right(communication_id::text, 4))::bit(16)::int * 31 % 97) * interval '1 min'");
	SQL("date_points", "UPDATE customers.contact_point SET created_at = '2026-01-01Z'::timestamptz + "
			   "(('x' || right(contact_point_id::text, 4))::bit(16)::int * 31 % 7) * interval '1 min'");
}

/* An event in a module's log, as the engine keeps it. */
static void add_event(const char *module, int64_t seq, const char *at, const char *command, const char *subject,
		      const struct message_type *type, const void *body)
{
	static struct db_statement statements[16];
	static char sql[16][600];
	static size_t count;
	struct uuid subject_id = id_of(subject), customer = id_of(CUSTOMER "1"), command_id = id_of(command);
	const struct packed_beside beside = { .schema_id = type->schema_id, .key = customer, .subject = subject_id };
	struct db_params params;
	struct buf framed, packed;

	(void)snprintf(sql[count], sizeof(sql[count]),
		       "INSERT INTO %s.event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "
		       "command_offset, body, hash) VALUES (0, $1, gen_random_uuid(), $2, $3, $4, $5, $5, '%s', 0, $6, '\\x00')",
		       module, at);
	statements[count] = (struct db_statement){ "", sql[count] };
	buf_init(&framed, 4096);
	buf_init(&packed, 4096);
	api_must(coder_encode(type, body, &framed, &world.err));
	packed_write(&packed, buf_str(&framed), &beside);
	db_params_init(&params, 8192);
	db_param_int64(&params, seq);
	db_param_int32(&params, (int32_t)type->schema_id);
	db_param_uuid(&params, &customer);
	db_param_uuid(&params, &subject_id);
	db_param_uuid(&params, &command_id);
	db_param_bytes(&params, buf_str(&packed));
	api_must(db_run(world.admin, &statements[count++], &params, NULL, &world.err));
	db_params_release(&params);
	buf_release(&packed);
	buf_release(&framed);
}

/* A debt whose ledger leads to its events: created, paid, amended in between. */
static void fill_logs(void)
{
	struct uuid debt = id_of(DEBT), customer = id_of(CUSTOMER "1");
	struct customer_created made = { .customer_id = customer,
					 .version = 1,
					 .external_ref = STR("C-1"),
					 .kind = STR("legal"),
					 .locale = STR("de"),
					 .country = STR("DE") };
	struct debt_created created = { .debt_id = debt,
					.customer_id = customer,
					.version = 1,
					.external_ref = STR("R"),
					.currency = STR("EUR"),
					.principal_minor = 77 };
	struct debt_amended amended = { .debt_id = debt,
					.customer_id = customer,
					.version = 2,
					.currency = STR("EUR"),
					.external_ref = STR("S"),
					.previous_external_ref = STR("R") };
	struct payment_recorded recorded = { .debt_id = debt, .customer_id = customer, .version = 3, .currency = STR("EUR") };
	struct debt_paid paid = { .debt_id = debt, .customer_id = customer, .version = 4, .currency = STR("EUR") };
	struct command_rejected rejected = {
		.command_id = customer, .customer_id = customer, .command_type = STR("CreateDebt"), .code = STR("exists")
	};

	SQL("fill_owner", "UPDATE debts.debt SET customer_id = '" CUSTOMER "1', last_entry_seq = 14 WHERE debt_id = '" DEBT "'");
	SQL("fill_ledger", "INSERT INTO debts.posting (part, entry_no, seq, previous_seq, debt_id, command_id, occurred_on, "
			   "business_date, kind, "
			   "contra, contra_minor, principal_minor) VALUES "
			   "(0, 1, 10, NULL, '" DEBT "', '" COMMAND_1 "', '2025-01-01', '2025-01-01', 1, 1, -77, 77), "
			   "(0, 2, 14, 10, '" DEBT "', '" COMMAND_3 "', '2025-01-03', '2025-01-03', 2, 2, 77, -77)");
	add_event("customers", 1, "2025-01-01T00:00:00Z", COMMAND_2, CUSTOMER "1", &customer_created_type, &made);
	add_event("debts", 10, "2025-01-01T00:00:01Z", COMMAND_1, DEBT, &debt_created_type, &created);
	add_event("debts", 11, "2025-01-01T00:00:02Z", COMMAND_2, DEBT, &debt_amended_type, &amended);
	add_event("debts", 12, "2025-01-01T00:00:03Z", COMMAND_3, COMMAND_3, &command_rejected_type, &rejected);
	add_event("debts", 14, "2025-01-01T00:00:04Z", COMMAND_3, DEBT, &payment_recorded_type, &recorded);
	add_event("debts", 15, "2025-01-01T00:00:04Z", COMMAND_3, DEBT, &debt_paid_type, &paid);
}

static int fill(void **state)
{
	if (api_world_start(state) != 0)
		return -1;
	fill_tables();
	fill_dates();
	fill_logs();
	return 0;
}

/* ---- pages ---- */

static struct ids gone;

static int set_up(void **state)
{
	(void)snprintf(token, sizeof(token), "%s", api_token("svc", ROLE_AGENT));
	return api_set_up(state);
}

#define DEBTS(where) "SELECT debt_id::text FROM debts.api_debt WHERE " where " ORDER BY created_at DESC, debt_id DESC"
#define MAILS(where)                                                                                                             \
	"SELECT communication_id::text FROM communications.api_communication WHERE " where                                       \
	" ORDER BY created_at DESC, communication_id DESC"
#define PEOPLE(where)                                                                                                            \
	"SELECT customer_id::text FROM customers.customer WHERE " where " ORDER BY created_at DESC, customer_id DESC"

static void test_api_lists__filters_give_what_sql_says(void **state)
{
	char query[64];

	(void)state;
	assert_lists("/debts", "", 50, DEBTS("true"));
	assert_lists("/debts", "?customer=" CUSTOMER "1", 7, DEBTS("customer_id = '" CUSTOMER "1'"));
	assert_lists("/debts", "?creditor=" CREDITOR "2", 200, DEBTS("creditor_id = '" CREDITOR "2'"));
	assert_lists("/debts", "?creditor=" CREDITOR "2&externalRef=D-9", 50,
		     DEBTS("creditor_id = '" CREDITOR "2' AND external_ref = 'D-9'"));
	assert_lists("/debts", "?lifecycle=CHARGED_OFF", 50, DEBTS("lifecycle = 'CHARGED_OFF'"));
	assert_lists("/debts", "?currency=USD", 33, DEBTS("currency = 'USD'"));
	assert_lists("/debts", "?dueFrom=2025-01-10&dueTo=2025-01-20", 9, DEBTS("due_on BETWEEN '2025-01-10' AND '2025-01-20'"));
	assert_lists("/debts", "?customer=" CUSTOMER "1&lifecycle=ACTIVE&currency=USD&dueFrom=2025-01-01", 3,
		     DEBTS("customer_id = '" CUSTOMER "1' AND lifecycle = 'ACTIVE' AND currency = 'USD'"));
	assert_lists("/debts", "?daysPastDueFrom=300&daysPastDueTo=100000", 50,
		     DEBTS("due_on <= (engine.now() AT TIME ZONE 'UTC')::date - 300 AND total_minor > 0 AND lifecycle NOT IN "
			   "('PAID', 'SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')"));
	assert_lists("/debts", "?bucket=366%2B", 50, DEBTS("days_past_due > 365"));
	assert_lists("/debts", "?portfolio=" CREDITOR "1", 50, DEBTS("principal_minor % 6 = 3"));
	assert_lists("/debts", "?hasHold=true", 50, DEBTS("principal_minor % 9 = 0"));
	assert_lists("/debts", "?hasHold=false&portfolio=" CREDITOR "0", 50,
		     DEBTS("principal_minor % 6 = 0 AND principal_minor % 9 > 0"));
	assert_lists("/customers", "", 2, PEOPLE("true"));
	assert_lists("/customers", "?externalRef=C-4", 50, PEOPLE("external_ref = 'C-4'"));
	assert_lists("/customers", "?status=deceased", 50, PEOPLE("status = 'deceased'"));
	assert_lists("/customers", "?kind=natural", 1, PEOPLE("kind = 'natural'"));
	assert_lists("/customers", "?country=US", 50, PEOPLE("country = 'US'"));
	assert_lists("/communications", "", 150, MAILS("true"));
	assert_lists("/communications", "?customer=" CUSTOMER "2", 7, MAILS("customer_id = '" CUSTOMER "2'"));
	assert_lists("/communications", "?state=suppressed&channel=sms", 7, MAILS("state = 'suppressed' AND channel = 'sms'"));
	assert_lists("/communications", "?messageClass=demand", 50, MAILS("message_class = 'demand'"));
	assert_lists("/communications", "?requestedFrom=2025-01-10&requestedTo=2025-01-11", 7,
		     MAILS("requested_on BETWEEN '2025-01-10' AND '2025-01-11'"));
	select_all("SELECT debt_id::text FROM communications.communication_debt LIMIT 1", &expected);
	(void)snprintf(query, sizeof(query), "?debt=%s", expected.texts[0]);
	list_all("/communications", query, 50, &listed);
	assert_int_equal(listed.count, 40);
}

static void test_api_lists__orders_are_those_of_sql(void **state)
{
	(void)state;
	assert_lists("/debts", "?sort=id", 11, "SELECT debt_id::text FROM debts.debt ORDER BY debt_id");
	assert_lists("/debts", "?sort=-id", 11, "SELECT debt_id::text FROM debts.debt ORDER BY debt_id DESC");
	assert_lists("/debts", "?sort=dueOn", 11, "SELECT debt_id::text FROM debts.debt ORDER BY due_on, debt_id");
	assert_lists("/debts", "?sort=-dueOn", 11, "SELECT debt_id::text FROM debts.debt ORDER BY due_on DESC, debt_id DESC");
	assert_lists("/debts", "?sort=-dueOn&customer=" CUSTOMER "4", 2,
		     "SELECT debt_id::text FROM debts.debt WHERE customer_id = '" CUSTOMER
		     "4' ORDER BY due_on DESC, debt_id DESC");
	assert_lists("/communications", "?sort=requestedOn", 13,
		     "SELECT communication_id::text FROM communications.communication ORDER BY requested_on, communication_id");
	assert_lists("/customers", "?sort=id", 4, "SELECT customer_id::text FROM customers.customer ORDER BY customer_id");
}

static void test_api_lists__what_hangs_on_something_in_the_path(void **state)
{
	(void)state;
	assert_lists("/customers/" CUSTOMER "1/contact-points", "", 3,
		     "SELECT contact_point_id::text FROM customers.contact_point WHERE customer_id = '" CUSTOMER
		     "1' ORDER BY created_at DESC, contact_point_id DESC");
	assert_lists("/customers/" CUSTOMER "1/contact-points", "?channel=sms&state=usable&sort=id", 3,
		     "SELECT contact_point_id::text FROM customers.contact_point WHERE customer_id = '" CUSTOMER "1' "
		     "AND channel = 'sms' AND state = 'usable' ORDER BY 1");
	assert_int_equal(api_get("/customers/" CUSTOMER "5/contact-points", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/customers/" CUSTOMER "9/contact-points", token), 404);
	assert_contains("no such customer");
	assert_int_equal(api_get("/debts/" CUSTOMER "1/ledger", token), 404);
	assert_contains("no such debt");
	assert_int_equal(api_get("/customers/nobody/timeline", token), 404);
}

/* The newest first, by when they were told to us; `sort=channel` is in the order of channels and purposes. */
static void test_api_lists__consents_tell_what_is_in_force(void **state)
{
	static const char email[] =
		"\"channel\":\"email\",\"purpose\":\"collect\",\"inForce\":true,\"basis\":\"prior_use\","
		"\"obtainedAt\":\"2025-01-01T00:00:00.000Z\",\"expiresAt\":null,\"withdrawnAt\":null,\"createdAt\":"
		"\"2026-01-05T00:00:00.000Z\",\"updatedAt\":\"2026-01-07T00:00:00.000Z\"}";
	static const char sms[] =
		"\"channel\":\"sms\",\"purpose\":\"collect\",\"inForce\":false,\"basis\":\"express\","
		"\"obtainedAt\":\"2025-01-01T00:00:00.000Z\",\"expiresAt\":null,\"withdrawnAt\":\"2025-02-01T00:00:00.000Z\",";
	static const char marketing[] =
		"\"channel\":\"sms\",\"purpose\":\"marketing\",\"inForce\":true,\"basis\":\"express\","
		"\"obtainedAt\":\"2025-03-01T00:00:00.000Z\",\"expiresAt\":null,\"withdrawnAt\":\"2025-02-01T00:00:00.000Z\",";
	static const char letter[] = "\"channel\":\"letter\",\"purpose\":null,\"inForce\":false,\"basis\":null,\"obtainedAt\":"
				     "null,\"expiresAt\":null,\"withdrawnAt\":\"2025-02-01T00:00:00.000Z\",\"createdAt\":"
				     "\"2026-01-06T00:00:00.000Z\",\"updatedAt\":\"2026-01-06T00:00:00.000Z\"}";
	static const char *const by_channel[] = { email, sms, marketing, letter };
	static const char *const newest[] = { letter, email, marketing, sms };
	const char *at;

	(void)state;
	for (int is_newest = 0; is_newest < 2; is_newest++) {
		assert_int_equal(api_get(is_newest ? "/customers/" CUSTOMER "1/consents"
						   : "/customers/" CUSTOMER "1/consents?sort=channel",
					 token),
				 200);
		at = api_body();
		for (size_t i = 0; i < 4; i++) {
			at = strstr(at, (is_newest ? newest : by_channel)[i]);
			assert_non_null(at);
		}
	}
	assert_int_equal(api_get("/customers/" CUSTOMER "1/consents?createdFrom=2026-01-06T00:00:00Z", token), 200);
	assert_contains("letter");
	assert_lacks("email");
}

static void test_api_lists__templates_show_their_newest_text(void **state)
{
	(void)state;
	assert_int_equal(api_get("/templates?name=first&channel=email", token), 200);
	assert_contains("\"version\":2,\"messageClass\":\"reminder\",\"subject\":\"new\",\"body\":\"Dear {{name}}\"");
	assert_lacks("old");
	assert_lists("/templates", "?language=en", 50,
		     "SELECT template_id::text FROM communications.template WHERE language = 'en'");
	assert_int_equal(api_get("/templates/" CUSTOMER "1", token), 200);
	assert_contains("ETag: \"2\"");
}

/* ---- what happened ---- */

static void assert_types(const char *target, const char *const *types, size_t count)
{
	const char *at;

	assert_int_equal(api_get(target, token), 200);
	at = api_body();
	for (size_t i = 0; i < count; i++) {
		char member[64];

		(void)snprintf(member, sizeof(member), "\"type\":\"%s\"", types[i]);
		at = strstr(at, "\"type\":");
		assert_non_null(at);
		if (strncmp(at, member, strlen(member)) != 0)
			fail_msg("event %zu of %s is not %s:\n%s", i, target, types[i], api_body());
		at += strlen(member);
	}
	assert_null(strstr(at, "\"type\":"));
}

static void test_api_lists__history_is_all_of_a_debts_events(void **state)
{
	static const char *const types[] = { "DebtPaid", "PaymentRecorded", "DebtAmended", "DebtCreated" };

	(void)state;
	assert_types("/debts/" DEBT "/history", types, 4);
	assert_contains("\"at\":\"2025-01-01T00:00:02.000Z\",\"commandId\":\"" COMMAND_2 "\",\"data\":{\"debtId\":\"" DEBT "\"");
	assert_contains("\"previousExternalRef\":\"R\",\"externalRef\":\"S\"");
	assert_contains("\"principal\":{\"amountMinor\":77,\"currency\":\"EUR\"}");
	assert_int_equal(api_get("/debts/" DEBT "/history?limit=1", token), 200);
	assert_int_equal(api_get("/debts/" DEBT "/history", api_token("svc", ROLE_CREDITOR)), 403);
}

static void test_api_lists__timeline_is_over_all_modules(void **state)
{
	static const char *const all[] = { "DebtPaid",    "PaymentRecorded", "CommandRejected",
					   "DebtAmended", "DebtCreated",     "CustomerCreated" };
	static const char *const some[] = { "DebtAmended", "DebtCreated" };

	(void)state;
	assert_types("/customers/" CUSTOMER "1/timeline", all, 6);
	assert_contains("\"data\":{\"debtId\":\"" DEBT "\",\"customerId\":\"" CUSTOMER "1\"");
	assert_contains("\"previousExternalRef\":\"R\",\"externalRef\":\"S\"");
	assert_contains("\"externalRef\":\"C-1\"");
	assert_types("/customers/" CUSTOMER "1/timeline?module=customers", all + 5, 1);
	assert_types("/customers/" CUSTOMER "1/timeline?since=2025-01-01T00:00:01Z&until=2025-01-01T01:00:03%2B01:00", some, 2);
	list_all("/customers/" CUSTOMER "1/timeline", "", 1, &listed);
	assert_int_equal(listed.count, 6);
	assert_int_equal(api_get("/customers/" CUSTOMER "2/timeline", token), 200);
	assert_contains("{\"items\":[],");
}

static void test_api_lists__the_ledger_tells_what_was_owed_after_each_entry(void **state)
{
	(void)state;
	assert_int_equal(api_get("/debts/" DEBT "/ledger", token), 200);
	assert_contains("{\"items\":[{\"entryNo\":2,");
	assert_contains("\"kind\":\"PAYMENT\"");
	assert_contains("\"balanceAfter\":{\"amountMinor\":0,\"currency\":");
	assert_contains("\"balanceAfter\":{\"amountMinor\":77,\"currency\":");
	assert_int_equal(api_get("/debts/" DEBT "/ledger?sort=entryNo&limit=1", token), 200);
	assert_contains("{\"items\":[{\"entryNo\":1,");
}

/* 500 and 70 of costs; what is booked last came in first. It leaves a credit, as nothing else was owed by then. */
static void given_backdated_payments(void)
{
	SQL("balances_debt", "UPDATE debts.debt SET last_entry_seq = 73, part = 0 WHERE debt_id = '" DEBT_OF_DAYS "'");
	SQL("balances_ledger",
	    "INSERT INTO debts.posting (part, entry_no, seq, previous_seq, debt_id, command_id, occurred_on, business_date, "
	    "kind, "
	    "contra, contra_minor, cost_minor, principal_minor, credit_minor) VALUES "
	    "(0, 1, 71, NULL, '" DEBT_OF_DAYS "', gen_random_uuid(), '2025-02-01', '2025-02-01', 1, 1, -570, 70, 500, NULL), "
	    "(0, 2, 72, 71, '" DEBT_OF_DAYS "', gen_random_uuid(), '2025-02-20', '2025-02-25', 2, 2, 300, -70, -230, NULL), "
	    "(0, 3, 73, 72, '" DEBT_OF_DAYS "', gen_random_uuid(), '2025-02-10', '2025-03-01', 2, 2, 400, NULL, -270, -130)");
}

#define MONEY(minor) "{\"amountMinor\":" #minor ",\"currency\":\"EUR\"}"
#define BALANCES(date, total, cost, principal, credit)                                                                           \
	"{\"debtId\":\"" DEBT_OF_DAYS "\",\"date\":\"" date                                                                      \
	"\",\"currency\":\"EUR\",\"balances\":{\"total\":" MONEY(total) ",\"cost\":" MONEY(cost) ",\"fee\":" MONEY(              \
		0) ",\"interest\":" MONEY(0) ",\"principal\":" MONEY(principal) ",\"credit\":" MONEY(credit) "}}"

static void test_api_lists__balances_are_those_of_any_day(void **state)
{
	static const char all[] =
		"{\"items\":[" BALANCES("2025-02-20", 0, 0, 0, 130) "," BALANCES("2025-02-10", 300, 70, 230,
										 130) "," BALANCES("2025-02-01", 570, 70, 500,
												   0) "],\"nextCursor\":null}\n";
	static const char known_before[] = "{\"items\":[" BALANCES("2025-02-01", 570, 70, 500, 0) "],\"nextCursor\":null}\n";

	(void)state;
	given_backdated_payments();
	assert_int_equal(api_get("/debts/" DEBT_OF_DAYS "/balances", token), 200);
	assert_string_equal(api_body(), all);
	assert_int_equal(api_get("/debts/" DEBT_OF_DAYS "/balances?asOf=2025-02-15&limit=1", token), 200);
	assert_contains("{\"items\":[" BALANCES("2025-02-10", 300, 70, 230, 130) "]");
	assert_int_equal(api_get("/debts/" DEBT_OF_DAYS "/balances?asOf=2025-02-15&bookedTo=2025-02-28", token), 200);
	assert_string_equal(api_body(), known_before);
	assert_int_equal(api_get("/debts/" DEBT_OF_DAYS "/balances?bookedTo=2025-02-24&sort=date", token), 200);
	assert_string_equal(api_body(), known_before);
	assert_int_equal(api_get("/debts/" DEBT_OF_DAYS "/balances?asOf=2025-01-31", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/debts/" CUSTOMER "1/balances", token), 404);
}

/* The view says itself what is usual; it must say what the function says. */
static void test_api_lists__actions_of_a_debt_are_those_of_its_module(void **state)
{
	(void)state;
	SQL("actions_entries", "INSERT INTO debts.posting (part, entry_no, seq, previous_seq, debt_id, command_id, "
			       "occurred_on, business_date, kind, contra, "
			       "contra_minor, principal_minor) SELECT 9, 2, n, NULL, ('019f0000-0000-7000-8000-' || "
			       "lpad(to_hex(n), 12, '0'))::uuid, "
			       "gen_random_uuid(), '2025-01-01', '2025-01-01', "
			       "1 + n % 5, 2, n % 2, -(n % 2) "
			       "FROM generate_series(1, 100) n");
	SQL("actions_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, "
	    "principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "SELECT ('019f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(), 1, n, "
	    "0, 0, 0, n, 0, "
	    "1 + n / 10 % 2, 1 + n % 10, 9, '2025-01-01', '2025-01-01', 'EUR', 'A-' || n FROM generate_series(1, 100) n");
	select_all("SELECT a.debt_id::text FROM debts.api_debt a JOIN debts.debt d USING (debt_id) "
		   "WHERE d.part = 9 AND a.actions IS DISTINCT FROM debts.allowed_actions(d)",
		   &expected);
	assert_int_equal(expected.count, 0);
	/* Debts that differ in their moves and payments were compared: a further action makes more lists of them. */
	select_all("SELECT DISTINCT actions::text FROM debts.api_debt JOIN debts.debt USING (debt_id) WHERE part = 9", &expected);
	assert_true(expected.count >= 3);
	SQL("actions_away", "DELETE FROM debts.debt WHERE part = 9");
}

/* ---- paging ---- */

static bool has(const struct ids *ids, const char *id)
{
	size_t found = 0;

	for (size_t i = 0; i < ids->count; i++)
		found += strcmp(ids->texts[i], id) == 0;
	assert_true(found <= 1); /* nothing comes twice */
	return found == 1;
}

/* Rows that come, go and change between two pages disturb no other. */
static void test_api_lists__pages_hold_while_rows_change(void **state)
{
	char target[512], cursor[CURSOR_TEXT_SIZE];
	size_t pages = 0;

	(void)state;
	select_all(DEBTS("currency = 'EUR'"), &expected);
	select_all("SELECT debt_id::text FROM debts.debt WHERE currency = 'EUR' AND external_ref = 'D-31'", &gone);
	listed.count = 0;
	assert_int_equal(api_get("/debts?currency=EUR&limit=10", token), 200);
	take_ids(&listed);
	while (take_cursor(cursor)) {
		if (++pages == 3) {
			SQL("change_new",
			    "INSERT INTO debts.debt SELECT (d).* FROM (SELECT jsonb_populate_record(d, jsonb_build_object("
			    "'debt_id', gen_random_uuid(), 'external_ref', debt_id || 'x')) AS d FROM debts.debt d "
			    "WHERE currency = 'EUR' LIMIT 20) x");
			SQL("change_gone", "DELETE FROM debts.debt WHERE currency = 'EUR' AND external_ref = 'D-31'");
			SQL("change_other", "UPDATE debts.debt SET version = version + 1");
		}
		(void)snprintf(target, sizeof(target), "/debts?currency=EUR&limit=10&cursor=%s", cursor);
		assert_int_equal(api_get(target, token), 200);
		take_ids(&listed);
	}
	assert_true(pages > 10);
	for (size_t i = 0; i < expected.count; i++)
		if (!has(&listed, expected.texts[i]) && !has(&gone, expected.texts[i]))
			fail_msg("%s was left out", expected.texts[i]);
}

static void test_api_lists__the_link_leads_to_the_next_page(void **state)
{
	char target[1024];
	const char *link;

	(void)state;
	assert_int_equal(api_get("/debts?lifecycle=NEW&limit=2&sort=-dueOn", token), 200);
	link = strstr(world.answer, "Link: <");
	assert_non_null(link);
	(void)snprintf(target, sizeof(target), "/debts%.*s", (int)strcspn(link + 7, ">"), link + 7);
	assert_contains(">; rel=\"next\"\r\n");
	listed.count = 0;
	take_ids(&listed);
	assert_int_equal(api_get(target, token), 200);
	take_ids(&listed);
	select_all("SELECT debt_id::text FROM debts.api_debt WHERE lifecycle = 'NEW' ORDER BY due_on DESC, debt_id DESC LIMIT 4",
		   &expected);
	assert_int_equal(listed.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(listed.texts[i], expected.texts[i]);
}

/* ---- cursors ---- */

static void assert_bad_cursor(const char *path, const char *cursor)
{
	char target[1024];

	(void)snprintf(target, sizeof(target), "%s%scursor=%s", path, strchr(path, '?') == NULL ? "?" : "&", cursor);
	if (api_get(target, token) != 400)
		fail_msg("%s: %s", target, world.answer);
	assert_contains("\"pointer\":\"cursor\",\"code\":\"bad_cursor\"");
}

static void test_api_lists__a_touched_cursor_is_400(void **state)
{
	char cursor[CURSOR_TEXT_SIZE], touched[CURSOR_TEXT_SIZE + 1];

	(void)state;
	assert_int_equal(api_get("/debts?sort=dueOn&limit=1", token), 200);
	assert_true(take_cursor(cursor));
	for (size_t i = 0; cursor[i] != '\0'; i++) {
		memcpy(touched, cursor, sizeof(cursor));
		touched[i] = touched[i] == 'A' ? 'B' : 'A';
		assert_bad_cursor("/debts?sort=dueOn", touched);
	}
	cursor[strlen(cursor) - 1] = '\0';
	assert_bad_cursor("/debts?sort=dueOn", cursor);
	assert_bad_cursor("/debts?sort=dueOn", "");
	assert_bad_cursor("/debts?sort=dueOn", "AAAA");
	assert_bad_cursor("/debts?sort=dueOn", "'%20OR%201=1--");
}

static void test_api_lists__a_cursor_is_good_for_its_own_list_only(void **state)
{
	char cursor[CURSOR_TEXT_SIZE];
	char target[512];

	(void)state;
	assert_int_equal(api_get("/debts?currency=EUR&limit=1", token), 200);
	assert_true(take_cursor(cursor));
	(void)snprintf(target, sizeof(target), "/debts?limit=5&currency=EUR&cursor=%s",
		       cursor); /* another limit is no other list */
	assert_int_equal(api_get(target, token), 200);
	assert_bad_cursor("/debts", cursor);
	assert_bad_cursor("/debts?currency=USD", cursor);
	assert_bad_cursor("/debts?currency=EUR&sort=id", cursor);
	assert_bad_cursor("/debts?currency=EUR&lifecycle=NEW", cursor);
	assert_bad_cursor("/communications", cursor);
	assert_bad_cursor("/customers/" CUSTOMER "1/contact-points", cursor);
}

/* ---- bad queries ---- */

static void assert_fault(const char *target, const char *pointer, const char *code)
{
	char member[200];

	if (api_get(target, token) != 400)
		fail_msg("%s: %s", target, world.answer);
	(void)snprintf(member, sizeof(member), "{\"pointer\":\"%s\",\"code\":\"%s\",\"detail\":\"", pointer, code);
	assert_contains(member);
}

static void test_api_lists__what_is_wrong_with_a_query_is_told(void **state)
{
	(void)state;
	assert_fault("/debts?colour=red", "colour", "unknown_argument");
	assert_fault("/debts?a%22b=1", "a\\\"b", "unknown_argument");
	assert_fault("/debts?%ff=1", "?", "unknown_argument");
	assert_fault("/debts?customer=x", "customer", "bad_format");
	assert_fault("/debts?customer=" CUSTOMER "1&customer=" CUSTOMER "2", "customer", "repeated");
	assert_fault("/debts?lifecycle=new", "lifecycle", "not_allowed");
	assert_contains("must be one of: NEW ACTIVE");
	assert_fault("/debts?dueFrom=2025-02-30", "dueFrom", "bad_format");
	assert_fault("/debts?daysPastDueFrom=-1", "daysPastDueFrom", "bad_format");
	assert_fault("/debts?daysPastDueFrom=2147483648", "daysPastDueFrom", "bad_format");
	assert_fault("/debts?daysPastDueTo=x", "daysPastDueTo", "bad_format");
	assert_fault("/debts?bucket=10-20", "bucket", "not_allowed");
	assert_fault("/debts?hasHold=yes", "hasHold", "not_allowed");
	assert_fault("/debts?portfolio=none", "portfolio", "bad_format");
	assert_fault("/debts?currency=%ff", "currency", "not_text");
	assert_fault("/debts?currency=%e2%82", "currency", "not_text");
	assert_fault("/debts?externalRef=D-1", "creditor", "missing");
	assert_fault("/debts?limit=0", "limit", "out_of_range");
	assert_fault("/debts?limit=201", "limit", "out_of_range");
	assert_fault("/debts?limit=1&limit=2", "limit", "repeated");
	assert_fault("/debts?limit=99999999999999999999", "limit", "out_of_range");
	assert_fault("/debts?sort=name", "sort", "not_allowed");
	assert_fault("/debts?sort=", "sort", "not_allowed");
	assert_fault("/customers/" CUSTOMER "1/timeline?since=2025-01-01", "since", "bad_format");
	assert_int_equal(api_get("/debts?limit=x&sort=y&customer=z&foo=1&cursor=1", token), 400);
	assert_contains("\"limit\"");
	assert_contains("\"sort\"");
	assert_contains("\"customer\"");
	assert_contains("\"foo\"");
}

/* The words of the filter are those of the view, each of its own days; what owes nothing or has left the books is in none. */
static void test_api_lists__every_bucket_is_a_word_and_has_its_days(void **state)
{
	char words[256];

	(void)state;
	select_all("SELECT string_agg(bucket, ' ' ORDER BY bucket_no) FROM reporting.ageing_bucket", &expected);
	(void)snprintf(words, sizeof(words), "must be one of: %s", expected.texts[0]);
	assert_fault("/debts?bucket=x", "bucket", "not_allowed");
	assert_contains(words);
	select_all(
		"SELECT debt_id::text FROM debts.api_debt d WHERE NOT EXISTS (SELECT FROM reporting.ageing_bucket b WHERE "
		"b.bucket = d.bucket AND d.days_past_due BETWEEN b.days_min AND b.days_max) AND total_minor > 0 AND lifecycle IN "
		"('NEW', 'ACTIVE', 'ARRANGED', 'LEGAL', 'CHARGED_OFF') OR days_past_due IS NOT NULL AND "
		"(total_minor = 0 OR lifecycle IN ('PAID', 'SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED'))",
		&expected);
	assert_int_equal(expected.count, 0);
}

static const char by_module[] = "/customers/" CUSTOMER "1/timeline?module=";
static const char by_instant[] = "/customers/" CUSTOMER "1/timeline?until=";
static const char by_reference[] = "/debts?creditor=" CREDITOR "1&externalRef=";

/* Nothing that stands in an argument becomes SQL, breaks an answer, or is a failure. */
static void test_api_lists__injection_strings_are_values(void **state)
{
	static const char *const strings[] = { "'",
					       "%27%20OR%20%271%27=%271",
					       "%27;DROP%20TABLE%20debts.debt;--",
					       "$1",
					       "%25s%25n",
					       "%22%5c",
					       "%0d%0aSet-Cookie:%20a=b",
					       "%00",
					       "NULL",
					       "{}",
					       "%7b1,2%7d",
					       "%e2%80%ae",
					       "../../x",
					       "%f0%9f%98%80" };
	static const char *const targets[] = { "/debts?currency=",
					       by_reference,
					       "/debts?customer=",
					       "/debts?lifecycle=",
					       "/debts?dueFrom=",
					       "/debts?sort=",
					       "/debts?limit=",
					       "/debts?cursor=",
					       "/customers?externalRef=",
					       "/customers?country=",
					       "/customers?kind=",
					       "/communications?messageClass=",
					       "/communications?debt=",
					       "/templates?name=",
					       "/templates?language=",
					       by_module,
					       by_instant,
					       "/debts/",
					       "/customers/",
					       "/payments/",
					       "/debts?" };
	char target[512];

	(void)state;
	for (size_t i = 0; i < COUNT(targets); i++)
		for (size_t j = 0; j < COUNT(strings); j++) {
			int status;

			(void)snprintf(target, sizeof(target), "%s%s", targets[i], strings[j]);
			if (world.socket >= 0)
				(void)close(world.socket);
			world.socket = -1; /* the guard closes after it has refused */
			status = api_get(target, token);
			if (status != 200 && status != 400 && status != 404)
				fail_msg("%d for %s", status, target);
			assert_lacks("\r\nSet-Cookie");
		}
	select_all("SELECT 'x' FROM debts.debt LIMIT 1", &expected);
	assert_int_equal(expected.count, 1);
}

/* Ids are the senders': who makes them of the past is not older for it. */
static void test_api_lists__what_was_made_last_comes_first_whatever_its_id(void **state)
{
	const char *newest, *oldest;

	(void)state;
	SQL("age_all", "UPDATE customers.customer SET created_at = '2026-01-01T00:00:00Z'");
	SQL("age_one",
	    "UPDATE customers.customer SET created_at = '2026-01-02T00:00:00Z' WHERE customer_id = (SELECT customer_id FROM "
	    "customers.customer ORDER BY customer_id LIMIT 1)");
	SQL("age_last",
	    "UPDATE customers.customer SET created_at = '2025-01-01T00:00:00.123Z' WHERE customer_id = (SELECT customer_id FROM "
	    "customers.customer ORDER BY customer_id DESC LIMIT 1)");
	assert_int_equal(api_get("/customers?sort=-createdAt&limit=1", token), 200);
	assert_contains("\"createdAt\":\"2026-01-02T00:00:00");
	newest = strstr(world.answer, "\"nextCursor\":\"");
	assert_non_null(newest);
	assert_int_equal(api_get("/customers?sort=createdAt&limit=1", token), 200);
	oldest = strstr(world.answer, "\"createdAt\":\"2025-01-01T00:00:00.123Z\"");
	assert_non_null(oldest);
	assert_int_equal(api_get("/customers?createdFrom=2026-01-02T00:00:00Z", token), 200);
	assert_contains("2026-01-02T00:00:00");
	assert_lacks("2026-01-01T00:00:00");
	assert_int_equal(api_get("/customers?createdTo=2026-01-01T00:00:00Z", token), 200);
	assert_contains("2025-01-01T00:00:00");
	assert_lacks("2026-01-0");
	assert_int_equal(api_get("/debts?sort=-createdAt&createdFrom=2020-01-01T00:00:00Z", token), 200);
	assert_int_equal(api_get("/communications?sort=-createdAt&createdTo=2020-01-01T00:00:00Z", token), 200);
	assert_lists("/debts", "?createdFrom=2026-01-01T00:20:00Z&createdTo=2026-01-01T01:00:00Z", 7,
		     DEBTS("created_at >= '2026-01-01T00:20Z' AND created_at < '2026-01-01T01:00Z'"));
	assert_lists("/debts", "?sort=createdAt", 7, "SELECT debt_id::text FROM debts.debt ORDER BY created_at, debt_id");
	assert_int_equal(api_get("/auth/users?createdFrom=2020-01-01T00:00:00Z", api_token("svc", ROLE_ADMIN)), 200);
	assert_contains("\"registeredAt\"");
	assert_int_equal(api_get("/templates?createdTo=2025-01-02T00:00:00Z", token), 200);
	assert_contains("\"createdAt\":\"2025-01-01T00:00:00.000Z\",\"updatedAt\":\"2025-01-02T00:00:00.000Z\"");
	assert_lacks("\"language\":\"en\"");
	assert_int_equal(api_get("/debts/" DEBT "/history?createdFrom=2025-01-01T00:00:03Z", token), 200);
	assert_lacks("DebtAmended");
	assert_contains("\"createdAt\":\"2025-01-01T00:00:04.000Z\"");
}

static void test_api_lists__a_text_of_any_length_is_refused_or_taken(void **state)
{
	char target[2048];

	(void)state;
	for (int size = 190; size < 220; size++) {
		(void)snprintf(target, sizeof(target), "/customers?externalRef=%0*d", size, 1);
		assert_int_equal(api_get(target, token), size <= QUESTION_CHARACTERS_MAX ? 200 : 400);
	}
	/* long arguments leave no room for a Link, and nothing breaks */
	(void)snprintf(target, sizeof(target), "/debts?limit=1&customer=" CUSTOMER "1&currency=EUR");
	assert_int_equal(api_get(target, token), 200);
}

/* ---- waiting ---- */

static void lock_templates(void)
{
	api_must(db_begin(world.admin, &world.err));
	SQL("lock", "LOCK TABLE communications.template IN ACCESS EXCLUSIVE MODE");
}

static void on_owner(void *arg, enum reads_found found, const struct uuid *customer_id)
{
	(void)customer_id;
	*(enum reads_found *)arg = found;
}

/* A list that looks through a table, and is held up there, waits on a connection of its own, and not for ever. */
static void test_api_lists__a_slow_list_holds_up_nobody_and_ends(void **state)
{
	enum reads_found found = READS_AWAY;
	struct uuid debt = id_of(DEBT);
	char request[4096];

	assert_int_equal(api_tear_down(state), 0);
	api_open(world.conninfo, 2000);
	api_until_ready();
	lock_templates();
	(void)snprintf(request, sizeof(request), "GET /templates?name=x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n",
		       token);
	api_send(request);
	while (server_open_calls(world.api.server) == 0)
		api_turn();
	api_find_owner(&debt, on_owner, &found);
	while (found == READS_AWAY)
		api_turn();
	assert_int_equal(found, READS_FOUND);
	assert_int_equal(server_open_calls(world.api.server), 1); /* still waits */
	assert_int_equal(api_status(), 503);
	assert_contains("Retry-After: 1\r\n");
	db_rollback(world.admin);
	assert_int_equal(api_get("/templates?name=x", token), 200);
}

static void test_api_lists__who_waits_at_the_end_is_told(void **state)
{
	char request[4096];

	(void)state;
	lock_templates();
	(void)snprintf(request, sizeof(request), "GET /templates HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", token);
	api_send(request);
	while (server_open_calls(world.api.server) == 0)
		api_turn();
	api_must(api_drain(&world.api, clock_monotonic_ms() + 50, &world.err));
	assert_int_equal(server_open_calls(world.api.server), 0);
	db_rollback(world.admin);
	assert_true(recv(world.socket, world.answer, 12, 0) == 12);
	assert_memory_equal(world.answer, "HTTP/1.1 503", 12);
}

/* ---- whose ---- */

static void test_api_lists__a_portal_user_lists_his_own_only(void **state)
{
	(void)state;
	(void)snprintf(token, sizeof(token), "%s", api_token(USER, ROLE_CONSUMER));
	assert_lists("/debts", "", 4, DEBTS("customer_id = '" CUSTOMER "1'"));
	assert_lists("/debts", "?sort=dueOn&currency=USD", 4,
		     "SELECT debt_id::text FROM debts.debt WHERE customer_id = '" CUSTOMER
		     "1' AND currency = 'USD' ORDER BY due_on, debt_id");
	assert_lists("/customers", "", 4, PEOPLE("customer_id = '" CUSTOMER "1'"));
	assert_lists("/communications", "", 4, MAILS("customer_id = '" CUSTOMER "1'"));
	assert_int_equal(api_get("/debts?customer=" CUSTOMER "2", token), 200);
	assert_contains("{\"items\":[],");
	assert_int_equal(api_get("/customers/" CUSTOMER "1/contact-points", token), 200);
	assert_contains("\"channel\"");
	assert_int_equal(api_get("/customers/" CUSTOMER "2/contact-points", token), 404);
	assert_int_equal(api_get("/customers/" CUSTOMER "2/consents", token), 404);
	assert_int_equal(api_get("/debts/" DEBT "/ledger", token), 200);
	assert_int_equal(api_get("/customers/" CUSTOMER "1/timeline", token), 403);
	assert_int_equal(api_get("/templates", token), 403);
	assert_int_equal(api_get("/debts", api_token("svc", ROLE_CONSUMER)), 200); /* nobody's portal user */
	assert_contains("{\"items\":[],");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, api_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_lists__filters_give_what_sql_says),
		TEST(test_api_lists__every_bucket_is_a_word_and_has_its_days),
		TEST(test_api_lists__orders_are_those_of_sql),
		TEST(test_api_lists__what_hangs_on_something_in_the_path),
		TEST(test_api_lists__consents_tell_what_is_in_force),
		TEST(test_api_lists__templates_show_their_newest_text),
		TEST(test_api_lists__balances_are_those_of_any_day),
		TEST(test_api_lists__history_is_all_of_a_debts_events),
		TEST(test_api_lists__timeline_is_over_all_modules),
		TEST(test_api_lists__the_ledger_tells_what_was_owed_after_each_entry),
		TEST(test_api_lists__actions_of_a_debt_are_those_of_its_module),
		TEST(test_api_lists__the_link_leads_to_the_next_page),
		TEST(test_api_lists__a_touched_cursor_is_400),
		TEST(test_api_lists__a_cursor_is_good_for_its_own_list_only),
		TEST(test_api_lists__what_is_wrong_with_a_query_is_told),
		TEST(test_api_lists__injection_strings_are_values),
		TEST(test_api_lists__what_was_made_last_comes_first_whatever_its_id),
		TEST(test_api_lists__a_text_of_any_length_is_refused_or_taken),
		TEST(test_api_lists__a_portal_user_lists_his_own_only),
		TEST(test_api_lists__a_slow_list_holds_up_nobody_and_ends),
		TEST(test_api_lists__who_waits_at_the_end_is_told),
		TEST(test_api_lists__pages_hold_while_rows_change),
	};

	return cmocka_run_group_tests(tests, fill, api_world_end);
}
