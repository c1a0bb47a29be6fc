/* Whoever is a creditor reads what is about his creditors, and nothing else exists; however much others have, he pays for his
 * own. */

#include "tests/io/api_lists.h"

#include "base/array.h"

#define ID(kind, n)   "019a0000-0000-7000-8000-00" kind n
#define CREDITOR(n)   ID("5200000", "00" n)
#define PORTFOLIO(n)  ID("4600000", "00" n)
#define CUSTOMER(n)   ID("4300000", n)
#define DEBT(n)       ID("4400000", n)
#define PAYMENT(n)    ID("5000000", n)
#define PROMISE(n)    ID("5800000", n)
#define PLAN(n)       ID("4c00000", n)
#define SETTLEMENT(n) ID("5a00000", n)
#define DISPUTE(n)    ID("5300000", n)
#define MESSAGE(n)    ID("4d00000", n)
#define POINT(n)      ID("4b00000", n)
#define REPORT(n)     ID("5f00000", n)
#define USER(n)       ID("5500000", n)
#define NEW_CUSTOMER  ID("430000", "fff0")
#define SHARED        ID("440000", "ff03")
#define ABOUT_SHARED  ID("4d0000", "ff03")
#define OF_BOTH       ID("4d0000", "ffa1")
#define OF_NONE       ID("4d0000", "ffa2")
#define NOTHING       "019a0000-0000-7000-8000-0000000000ff"

/* Of 20,000 debts creditor 2 has twenty, of 5,000 customers five; customer 7 owes creditor 3 too. 7 is the first that is his. */
#define OWN   "007"
#define OTHER "001"

/* ---- plans ---- */

/* Lists in their usual order: what PostgreSQL plans for them. Whose; and whether only what was made within a day long ago is
 * asked for, of which there is nothing: then nothing is read. */
static const struct asked {
	const struct resource *resource;
	enum limit limit;
	bool is_ranged;
} lists[] = {
	{ &customer_resource, LIMIT_CREDITORS, false },
	{ &debt_resource, LIMIT_CREDITORS, false },
	{ &communication_resource, LIMIT_CREDITORS, false },
	{ &report_resource, LIMIT_CREDITORS, false },
	{ &customer_resource, LIMIT_NONE, false },
	{ &debt_resource, LIMIT_NONE, false },
	{ &communication_resource, LIMIT_NONE, false },
	{ &report_resource, LIMIT_NONE, false },
	{ &user_resource, LIMIT_NONE, false },
	{ &debt_resource, LIMIT_CUSTOMER, false },
	{ &communication_resource, LIMIT_CUSTOMER, false },
	{ &customer_resource, LIMIT_NONE, true },
	{ &debt_resource, LIMIT_NONE, true },
	{ &communication_resource, LIMIT_NONE, true },
	{ &debt_resource, LIMIT_CREDITORS, true },
	{ &debt_resource, LIMIT_CUSTOMER, true },
};
#define LISTS (COUNT(lists))

static char arguments[LISTS][1200]; /* with %1$s for the creditor */

static struct db *reader; /* as the gateway's own connections: plans are made once, for any parameters */

static void run_text(const char *sql, struct db_result *ret_result)
{
	static struct db_statement statements[256];
	static char *texts[256];
	static size_t count;

	assert_true(count < 256);
	texts[count] = strdup(sql);
	statements[count] = (struct db_statement){ "", texts[count] };
	api_must(db_run(reader, &statements[count++], NULL, ret_result, &world.err));
}

static uint32_t filter_bit(const struct resource *resource, const char *name)
{
	for (size_t i = 0; i < resource->filters_count; i++) {
		if (strcmp(resource->filters[i].name, name) == 0)
			return UINT32_C(1) << i;
	}
	fail_msg("a %s has no filter %s", resource->name, name);
	return 0;
}

/* Where the list takes the filter; -1: it has none such. */
static int filter_at(const struct resource *resource, const struct list_shape *list, const char *name)
{
	for (size_t i = 0; i < resource->filters_count; i++) {
		if (strcmp(resource->filters[i].name, name) == 0)
			return list->filter_at[i];
	}
	return -1;
}

static void write_asked(const struct asked *asked, const struct list_shape *list, char *text, size_t size)
{
	const struct given given[] = {
		{ list->key_at, "ARRAY['ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid]" },
		{ list->sort_at, "ARRAY['infinity'::timestamptz]" },
		{ list->limit_at, "ARRAY[51::bigint]" },
		{ list->owner_at, "ARRAY['" CUSTOMER(OWN) "'::uuid]" },
		{ list->scope_at, "ARRAY[decode(replace('%s', '-', ''), 'hex')]" },
		{ filter_at(asked->resource, list, "createdFrom"), "ARRAY['2001-01-01Z'::timestamptz]" },
		{ filter_at(asked->resource, list, "createdTo"), "ARRAY['2001-01-02Z'::timestamptz]" },
	};

	write_arguments(list, given, COUNT(given), text, size);
}

static void prepare_lists(void)
{
	struct resource_plan plan;
	struct arena arena;
	char sql[9000];

	api_must(arena_init(&arena, 8 << 20, &world.err));
	for (size_t i = 0; i < LISTS; i++) {
		const struct resource *resource = lists[i].resource;
		uint32_t given = lists[i].is_ranged ? filter_bit(resource, "createdFrom") | filter_bit(resource, "createdTo") : 0;
		const struct list_shape *list;

		api_must(resource_plan_init(&plan, resource, &arena, &world.err));
		list = resource_plan_list(&plan, given, resource->sort_default, true, lists[i].limit);
		write_asked(&lists[i], list, arguments[i], sizeof(arguments[i]));
		(void)snprintf(sql, sizeof(sql), "PREPARE list_%zu AS %s", i, list->question.statement.sql);
		run_text(sql, NULL);
		arena_reset(&arena);
	}
	arena_release(&arena);
}

static void execute(size_t i, const char *explain, const char *creditor, struct db_result *ret_result)
{
	char sql[2000], with[1400];
	const char *mark = strstr(arguments[i], "%s");

	(void)snprintf(with, sizeof(with), "%.*s%s%s", (int)(mark - arguments[i]), arguments[i], creditor, mark + 2);
	(void)snprintf(sql, sizeof(sql), "%s EXECUTE list_%zu (%s)", explain, i, with);
	run_text(sql, ret_result);
}

/* Rows that the scans of a plan gave, and those that they read in vain. */
static double rows_read(struct str line)
{
	char text[1024];
	double rows, loops = 1;
	const char *at;

	(void)snprintf(text, sizeof(text), "%.*s", (int)line.size, line.data);
	at = strstr(text, "Rows Removed by ");
	if (at != NULL)
		return strtod(strchr(at, ':') + 1, NULL);
	if (strstr(text, "Scan") == NULL || strstr(text, "(actual ") == NULL)
		return 0;
	at = strstr(text, " rows=");
	at = strstr(at + 1, " rows="); /* the first is the planner's guess */
	rows = strtod(at + 6, NULL);
	at = strstr(at, "loops=");
	loops = strtod(at + 6, NULL);
	return rows * loops;
}

static void assert_reads_little(const char *creditor)
{
	for (size_t i = 0; i < LISTS; i++) {
		struct db_result result = { 0 };
		double rows = 0;

		execute(i, "EXPLAIN (ANALYZE)", creditor, &result);
		for (int row = 0; row < result.rows; row++)
			rows += rows_read(db_str(&result, row, 0));
		if (rows > (lists[i].is_ranged ? 100 : 1500)) {
			for (int row = 0; row < result.rows; row++)
				fprintf(stderr, "%.*s\n", (int)db_str(&result, row, 0).size, db_str(&result, row, 0).data);
			fail_msg("%s: %.0f rows for a page", lists[i].resource->name, rows);
		}
		db_result_release(&result);
	}
}

static void fill_tables(void)
{
	SQL("fill_customers", "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, "
			      "version, full_name_sealed, "
			      "key_salt) SELECT ('019a0000-0000-7000-8000-004300000' || lpad(to_hex(n), 3, '0'))::uuid, 'C-' || "
			      "n, 'natural', 'active', "
			      "'de', 'DE', 1, '', '' FROM generate_series(0, 4095) n");
	SQL("fill_new", /* owes nothing yet, and is known to 2 and 3; one is known by his debts besides */
	    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, "
	    "key_salt) VALUES ('" NEW_CUSTOMER "', 'new', 'natural', 'active', 'de', 'DE', 1, '', '')");
	SQL("fill_known",
	    "INSERT INTO customers.creditor_customer (creditor_id, customer_id, created_at) SELECT k.creditor_id::uuid, "
	    "c.customer_id, c.created_at FROM (VALUES ('" CREDITOR("2") "', '" NEW_CUSTOMER "'), ('" CREDITOR(
		    "3") "', '" NEW_CUSTOMER
			 "'), ('" CREDITOR("2") "', '" CUSTOMER(
				 OWN) "')) k (creditor_id, customer_id) JOIN customers.customer c ON c.customer_id = "
				      "k.customer_id::uuid");
	SQL("fill_debts",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
	    "interest_minor, "
	    "principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "SELECT ('019a0000-0000-7000-8000-00440000' || lpad(to_hex(n), 4, '0'))::uuid, ('019a0000-0000-7000-8000-004300000' "
	    "|| "
	    "lpad(to_hex(n % 4096), 3, '0'))::uuid, CASE WHEN n % 1024 = 7 THEN '" CREDITOR("2") "'::uuid ELSE '" CREDITOR(
		    "1") "' END, 1, n + 1, 0, 0, 0, 5, 0, 1, 1, 0, '2025-01-01', '2025-01-01'::date + n % 40, "
			 "(ARRAY['EUR', 'USD'])[1 + n / 4096 % 2], 'D-' || n FROM generate_series(0, 20479) n");
	SQL("fill_shared",
	    "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, "
	    "fee_minor, interest_minor, "
	    "principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "VALUES ('" SHARED
	    "', '" CUSTOMER(OWN) "', '" CREDITOR("3") "', 1, 99, 0, 0, 0, 5, 0, 1, 1, 0, '2025-01-01', '2025-01-01', "
						      "'EUR', 'shared')");
	SQL("fill_entries",
	    "INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	    "contra_minor, principal_minor) SELECT 0, 1, last_entry_seq, debt_id, debt_id, '2025-01-01', '2025-01-01', "
	    "1, 1, -5, 5 FROM debts.debt WHERE last_entry_seq < 99");
	SQL("fill_payments",
	    "INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	    "contra_minor, principal_minor, payment_id, method, source, external_ref) SELECT 0, 2, 100000 + last_entry_seq, "
	    "debt_id, debt_id, '2025-01-01', '2025-01-01', 2, 2, 1, -1, replace(debt_id::text, '-00440000', '-00500000')::uuid, "
	    "'transfer', 'bank', 'P-' || external_ref FROM debts.debt WHERE last_entry_seq < 20");
	SQL("fill_promises",
	    "INSERT INTO debts.promise (promise_id, debt_id, customer_id, amount_minor, enough_minor, paid_minor, version, "
	    "made_at, "
	    "changed_at, made_on, due_on, grace_ends_on, after_entries, state, taken_by) SELECT replace(debt_id::text, "
	    "'-00440000', '-00580000')::uuid, debt_id, customer_id, 1, 1, 0, 1, now(), now(), '2025-01-01', '2025-01-01', "
	    "'2025-01-04', 1, 'broken', 'somebody' FROM debts.debt WHERE last_entry_seq < 20");
	SQL("fill_disputes",
	    "INSERT INTO debts.dispute (dispute_id, debt_id, customer_id, version, created_at, changed_at, received_on, "
	    "raised_on, "
	    "entries, evidence_count, grounds, state, in_writing, within_validation, evidence_refs, raised_by) SELECT "
	    "replace(debt_id::text, '-00440000', '-00530000')::uuid, debt_id, customer_id, 1, now(), now(), '2025-01-01', "
	    "'2025-01-01', 1, 0, 'paid', 'open', true, false, '', 'somebody' FROM debts.debt WHERE last_entry_seq < 20");
	SQL("fill_settlements",
	    "INSERT INTO debts.settlement (settlement_id, debt_id, customer_id, amount_minor, balance_minor, paid_minor, "
	    "version, "
	    "created_at, changed_at, offered_on, expires_on, pay_by, grace_ends_on, after_entries, state, offered_by) SELECT "
	    "replace(debt_id::text, '-00440000', '-005a0000')::uuid, debt_id, customer_id, 7, 9, 0, 1, now(), now(), "
	    "'2025-01-01', '2025-01-01', '2025-01-01', '2025-01-04', 0, 'expired', 'somebody' FROM debts.debt "
	    "WHERE last_entry_seq < 20");
	SQL("fill_plans",
	    "INSERT INTO debts.plan (plan_id, debt_id, customer_id, total_minor, paid_minor, missed, version, created_at, "
	    "changed_at, "
	    "first_due_on, proposed_on, instalments, after_entries, returned, holidays, frequency, state, proposed_by) SELECT "
	    "replace(debt_id::text, '-00440000', '-004c0000')::uuid, debt_id, customer_id, 7, 0, 0, 1, now(), now(), "
	    "'2025-01-01', "
	    "'2025-01-01', 2, 0, 0, 0, 'monthly', 'proposed', 'somebody' FROM debts.debt WHERE last_entry_seq < 20");
	SQL("fill_creditors",
	    "INSERT INTO debts.creditor_version SELECT id::uuid, 1, 'A bank', NULL, true, 'first_party', NULL, now(), 'somebody' "
	    "FROM unnest(ARRAY['" CREDITOR("1") "', '" CREDITOR("2") "']) AS id");
	SQL("fill_portfolios",
	    "INSERT INTO debts.portfolio_version SELECT replace(creditor_id::text, '-0052', '-0046')::uuid, 1, creditor_id, "
	    "'Cards', 'consumer_credit', NULL, NULL, now(), 'somebody' FROM debts.creditor_version");
	SQL("fill_points", "INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, "
			   "version, address_hash, "
			   "address_sealed) SELECT replace(customer_id::text, '-0043', '-004b')::uuid, customer_id, 'email', "
			   "'home', 'consumer', "
			   "'usable', 1, decode(repeat('00', 16), 'hex'), '' FROM customers.customer");
	SQL("fill_permissions",
	    "INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at) SELECT "
	    "customer_id, 'sms', 'collect', 'express', '2025-01-01Z' FROM customers.customer");
	SQL("fill_messages", "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, "
			     "channel, requested_on, "
			     "message_class, template_name, template_version, language) SELECT replace(debt_id::text, "
			     "'-00440000', '-004d0000')::uuid, "
			     "customer_id, 1, 0, 'delivered', 'email', '2025-01-01', 'demand', 'first', 1, 'de' FROM debts.debt");
	SQL("fill_outbox", "INSERT INTO communications.outbox (communication_id, customer_id, channel, state, send_by, "
			   "address_sealed, subject_sealed, "
			   "body_sealed) SELECT communication_id, customer_id, 'email', 'released', now(), '', '', '' FROM "
			   "communications.communication");
	SQL("fill_about",
	    "INSERT INTO communications.communication_debt SELECT replace(debt_id::text, '-00440000', '-004d0000')::uuid, "
	    "debt_id FROM debts.debt");
	/* of two creditors, and of none that it names */
	SQL("fill_mixed", "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, "
			  "channel, requested_on, "
			  "message_class, template_name, template_version, language) SELECT id::uuid, '" CUSTOMER(
				  OWN) "', 1, 0, 'delivered', 'email', '2025-01-01', 'demand', 'first', 1, 'de' FROM (VALUES "
				       "('" OF_BOTH "'), ('" OF_NONE "')) AS made (id)");
	SQL("fill_about_both", "INSERT INTO communications.communication_debt VALUES ('" OF_BOTH
			       "', '" DEBT(OWN) "'), ('" OF_BOTH "', '" SHARED "')");
	SQL("fill_asked",
	    "INSERT INTO reports.report (report_id, kind, format, as_of, open, creditor_id, requested_by, requested_at) SELECT "
	    "id::uuid, "
	    "'ageing', 'csv', '2025-01-01', false, creditor::uuid, 'anna', now() FROM (VALUES ('" REPORT(OTHER) "', '" CREDITOR(
		    "1") "'), ('" REPORT(OWN) "', '" CREDITOR("2") "'), ('" REPORT("00a") "', NULL)) AS asked (id, creditor)");
	SQL("fill_made",
	    "INSERT INTO reporting.report (report_id, state, rows, size, sha256, content, positions) SELECT report_id, 'ready', "
	    "1, 3, sha256('a,b'), 'a,b', '{}' FROM reports.report");
	SQL("fill_users",
	    "INSERT INTO users.account (user_id, login, state, roles, customer_id, version, registered_at, scope) VALUES "
	    "('" USER("001") "', 'clerk', 'active', 16, NULL, 1, now(), '" CREDITOR(
		    "2") ";'), "
			 "('" USER("002") "', 'bound to none', 'active', 16, NULL, 1, now(), ';'), "
					  "('" USER("003") "', 'portal', 'active', 128, '" CUSTOMER(OTHER) "', 1, now(), ';')");
}

/* The gateway plans its statements once, perhaps while the tables are nearly empty. */
static void test_api_creditors__a_page_costs_what_it_shows_however_much_others_have(void **state)
{
	struct db_result result = { 0 };

	(void)state;
	api_connect("test_api", "dcs_api", &reader);
	run_text("SET plan_cache_mode = force_generic_plan", NULL);
	prepare_lists();
	for (size_t i = 0; i < LISTS; i++) {
		execute(i, "", CREDITOR("2"), &result);
		db_result_release(&result);
	}
	fill_tables();
	assert_reads_little(CREDITOR("2"));
	SQL("test_analyze", "ANALYZE debts.debt, customers.customer, communications.communication, "
			    "communications.creditor_communication, customers.creditor_customer, "
			    "debts.creditor_customer");
	assert_reads_little(CREDITOR("2"));
	assert_reads_little(CREDITOR("1"));
	assert_reads_little(NOTHING);
	db_close(reader);
}

/* ---- whose ---- */

static const char *bound_to(const char *const *creditors)
{
	struct scope scope = scope_none;

	for (size_t i = 0; creditors[i] != NULL; i++)
		assert_true(scope_add_creditor(&scope, str_of(creditors[i])));
	(void)snprintf(token, sizeof(token), "%s", api_bound_token("erp", ROLE_CREDITOR, &scope));
	return token;
}

#define BOUND_TO(...) bound_to((const char *const[]){ __VA_ARGS__, NULL })

static const struct {
	const char *begin, *own, *other;
} things[] = { { "/customers/", CUSTOMER(OWN), CUSTOMER(OTHER) },
	       { "/debts/", DEBT(OWN), DEBT(OTHER) },
	       { "/payments/", PAYMENT(OWN), PAYMENT(OTHER) },
	       { "/promises/", PROMISE(OWN), PROMISE(OTHER) },
	       { "/plans/", PLAN(OWN), PLAN(OTHER) },
	       { "/disputes/", DISPUTE(OWN), DISPUTE(OTHER) },
	       { "/settlements/", SETTLEMENT(OWN), SETTLEMENT(OTHER) },
	       { "/creditors/", CREDITOR("2"), CREDITOR("1") },
	       { "/portfolios/", PORTFOLIO("2"), PORTFOLIO("1") },
	       { "/communications/", MESSAGE(OWN), MESSAGE(OTHER) },
	       { "/reports/", REPORT(OWN), REPORT(OTHER) } };

static bool target_of(char target[256], const struct route *route, bool is_own)
{
	const char *colon = strchr(route->pattern, ':');

	for (size_t i = 0; colon != NULL && i < COUNT(things); i++) {
		if (strncmp(route->pattern, things[i].begin, strlen(things[i].begin)) != 0)
			continue;
		(void)snprintf(target, 256, "%s%s%s", things[i].begin, is_own ? things[i].own : things[i].other,
			       colon + strcspn(colon, "/"));
		return true;
	}
	return false;
}

/* Every row that a creditor reads by an id. */
static void test_api_creditors__what_is_of_others_does_not_exist(void **state)
{
	char own[256], other[256];
	size_t checked = 0;

	(void)state;
	for (const struct route *route = api_routes(); route->pattern != NULL; route++) {
		if (route->kind == ROUTE_WRITE || (route->access & ROLE_CREDITOR) == 0 || strchr(route->pattern, ':') == NULL ||
		    strcmp(route->pattern, "/commands/:id") == 0)
			continue;
		if (!target_of(own, route, true) || !target_of(other, route, false))
			fail_msg("%s: no thing of a creditor's", route->pattern);
		if (api_get(own, BOUND_TO(CREDITOR("2"))) != 200)
			fail_msg("%s: %s", own, world.answer);
		if (api_get(other, token) != 404)
			fail_msg("%s is of another creditor: %s", other, world.answer);
		assert_int_equal(api_get(other, BOUND_TO(CREDITOR("3"), CREDITOR("1"))), 200);
		assert_int_equal(api_get(own, BOUND_TO(NOTHING)), 404);
		assert_int_equal(api_get(own, api_bound_token("erp", ROLE_CREDITOR, &scope_none)), 404);
		assert_int_equal(api_get(other, api_token("operator", ROLE_CREDITOR)), 200); /* for all */
		assert_int_equal(api_get(other, api_bound_token("erp", ROLE_CREDITOR | ROLE_AUDITOR, &scope_none)), 200);
		checked++;
	}
	assert_int_equal(checked, 20);
}

static void test_api_creditors__a_reports_file_is_for_its_creditor(void **state)
{
	(void)state;
	assert_int_equal(api_get("/reports/" REPORT(OWN) "?download=1", BOUND_TO(CREDITOR("2"))), 200);
	assert_string_equal(api_body(), "a,b");
	assert_int_equal(api_get("/reports/" REPORT(OTHER) "?download=1", token), 404);
	assert_int_equal(api_get_with("/reports/" REPORT(OTHER), token, "Accept: text/csv\r\n"), 404);
	assert_int_equal(api_get("/reports/" REPORT("00a") "?download=1", token), 404); /* over all creditors */
	assert_int_equal(api_get("/reports/" REPORT("00a"), token), 404);
}

static void test_api_creditors__a_message_is_whose_debts_it_names(void **state)
{
	(void)state;
	assert_int_equal(api_get("/communications/" OF_BOTH, BOUND_TO(CREDITOR("2"))), 404); /* of two */
	assert_int_equal(api_get("/communications/" OF_NONE, token), 404);                   /* of none */
	assert_int_equal(api_get("/communications/" ABOUT_SHARED, token), 404); /* to the same customer, of another */
	assert_int_equal(api_get("/communications/" ABOUT_SHARED, BOUND_TO(CREDITOR("3"))), 200);
}

static void test_api_creditors__what_staff_wrote_is_not_for_him(void **state)
{
	(void)state;
	assert_int_equal(api_get("/customers/" CUSTOMER(OWN) "/timeline", BOUND_TO(CREDITOR("2"))), 403);
	assert_int_equal(api_get("/debts/" DEBT(OWN) "/history", token), 403);
	assert_int_equal(api_get("/templates", token), 403);
	assert_int_equal(api_get("/auth/users", token), 403);
}

/* Whoever made a customer known finds him again, before there is a debt. */
static void test_api_creditors__a_customer_is_known_to_those_who_made_him_known(void **state)
{
	(void)state;
	assert_int_equal(api_get("/customers/" NEW_CUSTOMER, BOUND_TO(CREDITOR("2"))), 200);
	assert_contains("\"actions\":[\"updateCustomer\",\"addContactPoint\"]");
	assert_int_equal(api_get("/customers/" NEW_CUSTOMER "/contact-points", token), 200);
	assert_int_equal(api_get("/customers/" NEW_CUSTOMER, BOUND_TO(CREDITOR("1"))), 404);
}

/* ---- lists ---- */

#define DEBTS(where) "SELECT debt_id::text FROM debts.debt WHERE " where " ORDER BY created_at DESC, debt_id DESC"
#define PEOPLE(where)                                                                                                            \
	"SELECT customer_id::text FROM customers.customer c WHERE EXISTS (SELECT FROM debts.debt d WHERE d.customer_id = "       \
	"c.customer_id AND " where ") OR EXISTS (SELECT FROM customers.creditor_customer k WHERE k.customer_id = c.customer_id " \
	"AND " where ") ORDER BY created_at DESC, customer_id DESC"
#define MAILS(where)                                                                                                             \
	"SELECT communication_id::text FROM communications.communication WHERE " where                                           \
	" ORDER BY created_at DESC, communication_id DESC"

static void test_api_creditors__lists_hold_his_own_page_by_page(void **state)
{
	(void)state;
	(void)BOUND_TO(CREDITOR("2"));
	for (int limit = 1; limit <= 50; limit += 7) {
		assert_lists("/debts", "", limit, DEBTS("creditor_id = '" CREDITOR("2") "'"));
		assert_lists("/customers", "", limit, PEOPLE("creditor_id = '" CREDITOR("2") "'"));
		assert_lists(
			"/communications", "", limit,
			MAILS("communication_id::text LIKE '%004d0000%' AND right(communication_id::text, 3) IN ('007', '407', "
			      "'807', 'c07')"));
	}
	assert_lists("/reports", "", 1, "SELECT '" REPORT(OWN) "'");
	(void)BOUND_TO(CREDITOR("3"), CREDITOR("2")); /* customer 7 is of both, and stands there once */
	for (int limit = 1; limit <= 50; limit += 7) {
		assert_lists("/debts", "", limit, DEBTS("creditor_id IN ('" CREDITOR("2") "', '" CREDITOR("3") "')"));
		assert_lists("/customers", "", limit, PEOPLE("creditor_id IN ('" CREDITOR("2") "', '" CREDITOR("3") "')"));
	}
	(void)BOUND_TO(CREDITOR("1"));
	assert_int_equal(api_get("/debts?limit=200", token), 200);
	assert_lacks("\"creditorId\":\"" CREDITOR("2") "\"");
	(void)BOUND_TO(NOTHING);
	assert_int_equal(api_get("/debts", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/customers", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
}

static void test_api_creditors__orders_and_filters_hold_his_own(void **state)
{
	(void)state;
	(void)BOUND_TO(CREDITOR("2"), CREDITOR("3"));
	assert_lists("/debts", "?sort=id", 3,
		     "SELECT debt_id::text FROM debts.debt WHERE creditor_id IN ('" CREDITOR("2") "', '" CREDITOR(
			     "3") "') ORDER BY 1");
	assert_lists("/debts", "?sort=-dueOn", 3,
		     "SELECT debt_id::text FROM debts.debt WHERE creditor_id IN ('" CREDITOR("2") "', '" CREDITOR(
			     "3") "') ORDER BY due_on DESC, debt_id DESC");
	assert_lists("/debts", "?currency=USD&dueFrom=2025-01-02", 3,
		     DEBTS("creditor_id = '" CREDITOR("2") "' AND currency = 'USD' AND due_on >= '2025-01-02'"));
	assert_lists("/customers", "?sort=id&kind=natural", 2,
		     "SELECT customer_id::text FROM debts.debt WHERE creditor_id = '" CREDITOR(
			     "2") "' UNION SELECT '" NEW_CUSTOMER "' ORDER BY 1");
	(void)BOUND_TO(CREDITOR("2"));
	assert_lists("/debts", "?customer=" CUSTOMER(OWN), 2,
		     DEBTS("creditor_id = '" CREDITOR("2") "' AND customer_id = '" CUSTOMER(OWN) "'"));
	assert_int_equal(api_get("/debts?customer=" CUSTOMER(OTHER), token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/debts?creditor=" CREDITOR("1"), token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/debts?creditor=" CREDITOR("1") "&externalRef=D-1", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/customers?externalRef=C-1", token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
	assert_int_equal(api_get("/customers?externalRef=C-7", token), 200);
	assert_contains(CUSTOMER(OWN));
	assert_int_equal(api_get("/communications?customer=" CUSTOMER(OTHER), token), 200);
	assert_string_equal(api_body(), "{\"items\":[],\"nextCursor\":null}\n");
}

/* Neither another creditor's, nor of somebody who sees all, though both are signed. */
static void test_api_creditors__a_cursor_is_no_way_to_others(void **state)
{
	static const char *const paths[] = { "/debts", "/customers", "/communications" };
	char target[256], cursor[CURSOR_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		(void)snprintf(target, sizeof(target), "%s?limit=1", paths[i]);
		assert_int_equal(api_get(target, api_token("svc", ROLE_AGENT)), 200);
		assert_true(take_cursor(cursor));
		(void)snprintf(target, sizeof(target), "%s?limit=1&cursor=%s", paths[i], cursor);
		assert_int_equal(api_get(target, BOUND_TO(CREDITOR("2"))), 400);
		(void)snprintf(target, sizeof(target), "%s?limit=1", paths[i]);
		assert_int_equal(api_get(target, BOUND_TO(CREDITOR("1"))), 200);
		assert_true(take_cursor(cursor));
		(void)snprintf(target, sizeof(target), "%s?limit=1&cursor=%s", paths[i], cursor);
		assert_int_equal(api_get(target, BOUND_TO(CREDITOR("2"))), 400);
		assert_int_equal(api_get(target, BOUND_TO(CREDITOR("1"))), 200);
	}
}

/* ---- users ---- */

/* A user is bound by what stands with his rights now, whatever his token says. */
static void test_api_creditors__a_users_creditors_are_those_of_now(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + API_DEADLINE_MS;

	(void)state;
	assert_int_equal(api_get("/debts/" DEBT(OWN), api_bound_token(USER("001"), ROLE_CREDITOR, &scope_none)), 200);
	assert_int_equal(api_get("/debts/" DEBT(OTHER), api_token(USER("001"), ROLE_CREDITOR)), 404);
	assert_int_equal(api_get("/debts/" DEBT(OWN), api_token(USER("002"), ROLE_CREDITOR)), 404);
	SQL("test_bind", "UPDATE users.account SET scope = '" CREDITOR("1") ";' WHERE login = 'clerk'");
	while (api_get("/debts/" DEBT(OTHER), api_token(USER("001"), ROLE_CREDITOR)) != 200)
		assert_true(clock_monotonic_ms() < deadline_ms);
	assert_int_equal(api_get("/debts/" DEBT(OWN), api_token(USER("001"), ROLE_CREDITOR)), 404);
}

/* ---- actions ---- */

static struct scope with_sources(const char *creditor)
{
	struct scope scope = scope_none;

	assert_true(scope_add_creditor(&scope, str_of(creditor)));
	assert_true(scope_add_source(&scope, STR("bank")));
	return scope;
}

static void assert_actions(const char *target, const char *actions, const char *its_token)
{
	assert_int_equal(api_get(target, its_token), 200);
	assert_contains(actions);
}

/* What the state allows, the roles allow, and the bindings: all three. */
static void test_api_creditors__actions_are_what_the_caller_may_do(void **state)
{
	struct scope own = with_sources(CREDITOR("2")), other = with_sources(CREDITOR("1"));

	(void)state;
	assert_actions(
		"/debts/" DEBT(OWN),
		"\"actions\":[\"recordPayment\",\"amendDebt\",\"cancelDebt\",\"makePromise\",\"placeHold\",\"raiseDispute\","
		"\"assessFee\",\"assessCost\",\"waiveAmount\",\"adjustBalance\",\"chargeOff\",\"writeOff\","
		"\"transferDebt\",\"recallDebt\"]",
		api_token("svc", ROLE_AGENT | ROLE_SUPERVISOR));
	assert_actions("/debts/" DEBT(OWN),
		       "\"actions\":[\"amendDebt\",\"cancelDebt\",\"makePromise\",\"placeHold\",\"raiseDispute\","
		       "\"assessFee\",\"assessCost\",\"waiveAmount\",\"adjustBalance\",\"chargeOff\",\"writeOff\","
		       "\"transferDebt\",\"recallDebt\"]",
		       api_token("svc", ROLE_SUPERVISOR));
	assert_actions("/debts/" DEBT(OWN),
		       "\"actions\":[\"recordPayment\",\"makePromise\",\"placeHold\",\"raiseDispute\","
		       "\"assessFee\",\"assessCost\",\"waiveAmount\"]",
		       api_token("svc", ROLE_AGENT));
	assert_actions("/debts/" DEBT(OWN),
		       "\"actions\":[\"makePromise\",\"placeHold\",\"raiseDispute\","
		       "\"assessFee\",\"assessCost\",\"waiveAmount\"]",
		       api_bound_token("svc", ROLE_AGENT, &scope_none)); /* no source */
	assert_actions("/debts/" DEBT(OWN), "\"actions\":[]", api_token("svc", ROLE_AUDITOR));
	assert_actions("/debts/" DEBT(OWN), "\"actions\":[]", api_token("svc", ROLE_REPORTING));
	assert_actions(
		"/debts/" DEBT(OWN),
		"\"actions\":[\"recordPayment\",\"amendDebt\",\"cancelDebt\",\"raiseDispute\",\"transferDebt\",\"recallDebt\"]",
		api_bound_token("svc", ROLE_CREDITOR, &own));
	assert_actions(
		"/debts/" DEBT(OWN),
		"\"actions\":[\"recordPayment\",\"amendDebt\",\"cancelDebt\",\"raiseDispute\",\"transferDebt\",\"recallDebt\"]",
		api_bound_token("svc", ROLE_CREDITOR | ROLE_AUDITOR, &own));
	assert_actions("/debts/" DEBT(OWN), "\"actions\":[]", api_bound_token("svc", ROLE_CREDITOR | ROLE_AUDITOR, &other));
	assert_actions("/debts?customer=" CUSTOMER(OWN), "\"actions\":[]",
		       api_bound_token("svc", ROLE_CREDITOR | ROLE_AUDITOR, &other));
	assert_lacks("cancelDebt");
	assert_actions("/payments/" PAYMENT(OWN), "\"actions\":[\"reversePayment\"]",
		       api_bound_token("svc", ROLE_CREDITOR, &own));
	own.sources_count = 0;
	assert_actions("/payments/" PAYMENT(OWN), "\"actions\":[]", api_bound_token("svc", ROLE_CREDITOR, &own));
	assert_true(scope_add_source(&own, STR("another")));
	assert_actions("/payments/" PAYMENT(OWN), "\"actions\":[]", api_bound_token("svc", ROLE_CREDITOR, &own));
	assert_actions("/payments/" PAYMENT(OWN), "\"actions\":[]", api_token("svc", ROLE_AGENT));
	assert_actions("/customers/" CUSTOMER(OWN), "\"actions\":[]", api_token("svc", ROLE_COMPLIANCE)); /* owes: no erasure */
	assert_actions("/customers/" CUSTOMER(OWN), "\"actions\":[\"updateCustomer\",\"addContactPoint\"]",
		       api_token("svc", ROLE_AGENT));
	assert_actions("/customers/" CUSTOMER(OTHER), "\"actions\":[\"addContactPoint\"]", api_token(USER("003"), ROLE_CONSUMER));
	assert_actions("/customers/" CUSTOMER(OTHER) "/contact-points",
		       "\"actions\":[\"verifyContactPoint\",\"invalidateContactPoint\"]", api_token(USER("003"), ROLE_CONSUMER));
	assert_actions("/customers/" CUSTOMER(OWN) "/contact-points",
		       "\"actions\":[\"verifyContactPoint\",\"invalidateContactPoint\"]",
		       api_bound_token("svc", ROLE_CREDITOR, &own));
	assert_actions("/communications/" MESSAGE(OWN), "\"actions\":[\"putCommunication\",\"cancelCommunication\"]",
		       api_token("svc", ROLE_AGENT));
	assert_actions("/communications/" MESSAGE(OWN), "\"actions\":[]", api_token("svc", ROLE_COMPLIANCE));
	assert_actions("/auth/users/" USER("003"),
		       "\"actions\":[\"changeRoles\",\"bindUser\",\"endTokens\",\"inviteUser\",\"disableUser\"]",
		       api_token("svc", ROLE_ADMIN));
	assert_actions("/auth/users/" USER("003"), "\"actions\":[]", api_token("svc", ROLE_AUDITOR));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, api_set_up, api_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_creditors__a_page_costs_what_it_shows_however_much_others_have), /* fills the tables for all */
		TEST(test_api_creditors__what_is_of_others_does_not_exist),
		TEST(test_api_creditors__a_reports_file_is_for_its_creditor),
		TEST(test_api_creditors__a_message_is_whose_debts_it_names),
		TEST(test_api_creditors__what_staff_wrote_is_not_for_him),
		TEST(test_api_creditors__a_customer_is_known_to_those_who_made_him_known),
		TEST(test_api_creditors__lists_hold_his_own_page_by_page),
		TEST(test_api_creditors__orders_and_filters_hold_his_own),
		TEST(test_api_creditors__a_cursor_is_no_way_to_others),
		TEST(test_api_creditors__a_users_creditors_are_those_of_now),
		TEST(test_api_creditors__actions_are_what_the_caller_may_do),
	};

	return cmocka_run_group_tests(tests, api_world_start, api_world_end);
}
