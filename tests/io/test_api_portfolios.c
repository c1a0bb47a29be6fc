/*
 * Two creditors, each with two portfolios and debts in none, beside a model that knows nothing of the gateway's SQL: whoever is
 * bound to whichever of them reads what the model says, by every route, and nothing else.
 */

#include "base/array.h"
#include "tests/io/api_lists.h"

#define CREDITORS  2
#define PORTFOLIOS 3 /* 0: none */
#define CELLS      (CREDITORS * PORTFOLIOS)

/* Of each cell one customer with one debt, and a payment, a message and a contact point; the last debts are of one customer, in the
 * portfolios 1 and 2 of the first creditor, with a message about each and one about both. Then who owes nothing. */
#define SHARED          CELLS /* customer */
#define DEBTS           (CELLS + 2)
#define OF_BOTH         DEBTS /* message */
#define MESSAGES        (DEBTS + 1)
#define KNOWN_WHOLE     (SHARED + 1) /* customer: made known by the first creditor, bound to no portfolio */
#define KNOWN_IN_SECOND (SHARED + 2) /* by the first creditor, bound to portfolio 2 */
#define UNKNOWN         (SHARED + 3) /* by staff */
#define CUSTOMERS       (SHARED + 4)

struct viewer {
	unsigned creditors;  /* bits 1 << creditor */
	unsigned portfolios; /* bits 1 << portfolio; 0: bound to none */
};

/* ---- the model ---- */

static bool is_in(const struct viewer *viewer, unsigned creditor, unsigned portfolio)
{
	return (viewer->creditors >> creditor & 1) != 0 &&
	       (viewer->portfolios == 0 || (viewer->portfolios >> portfolio & 1) != 0);
}

static bool sees_debt(const struct viewer *viewer, unsigned debt)
{
	return debt < CELLS ? is_in(viewer, debt / PORTFOLIOS, debt % PORTFOLIOS) : is_in(viewer, 0, 1 + debt - CELLS);
}

static bool sees_customer(const struct viewer *viewer, unsigned customer)
{
	switch (customer) {
	case SHARED:
		return sees_debt(viewer, CELLS) || sees_debt(viewer, CELLS + 1);
	case KNOWN_WHOLE:
		return is_in(viewer, 0, 0);
	case KNOWN_IN_SECOND:
		return is_in(viewer, 0, 2);
	case UNKNOWN:
		return false;
	default:
		return sees_debt(viewer, customer);
	}
}

static bool sees_message(const struct viewer *viewer, unsigned message)
{
	return message == OF_BOTH ? is_in(viewer, 0, 0) : sees_debt(viewer, message);
}

/* Of a creditor each. */
static bool sees_report(const struct viewer *viewer, unsigned report)
{
	return is_in(viewer, report, 0);
}

/* Whatever portfolios the viewer is bound to. */
static bool sees_creditor(const struct viewer *viewer, unsigned creditor)
{
	return (viewer->creditors >> creditor & 1) != 0;
}

/* All that are described are the first creditor's. */
static bool sees_portfolio(const struct viewer *viewer, unsigned portfolio)
{
	return portfolio != 0 && is_in(viewer, 0, portfolio);
}

static const struct kind {
	const char *path, *tail;
	char letter; /* of its ids */
	unsigned count;
	bool (*sees)(const struct viewer *viewer, unsigned number);
} kinds[] = {
	{ "/customers/", "", 'C', CUSTOMERS, sees_customer },
	{ "/customers/", "/contact-points", 'C', CUSTOMERS, sees_customer },
	{ "/customers/", "/consents", 'C', CUSTOMERS, sees_customer },
	{ "/debts/", "", 'D', DEBTS, sees_debt },
	{ "/debts/", "/ledger", 'D', DEBTS, sees_debt },
	{ "/debts/", "/balances", 'D', DEBTS, sees_debt },
	{ "/debts/", "/delinquency", 'D', DEBTS, sees_debt },
	{ "/payments/", "", 'P', DEBTS, sees_debt },
	{ "/promises/", "", 'X', DEBTS, sees_debt },
	{ "/plans/", "", 'L', DEBTS, sees_debt },
	{ "/debts/", "/plans", 'D', DEBTS, sees_debt },
	{ "/settlements/", "", 'Z', DEBTS, sees_debt },
	{ "/debts/", "/settlements", 'D', DEBTS, sees_debt },
	{ "/disputes/", "", 'S', DEBTS, sees_debt },
	{ "/debts/", "/disputes", 'D', DEBTS, sees_debt },
	{ "/debts/", "/promises", 'D', DEBTS, sees_debt },
	{ "/creditors/", "", 'K', CREDITORS, sees_creditor },
	{ "/portfolios/", "", 'F', PORTFOLIOS, sees_portfolio },
	{ "/communications/", "", 'M', MESSAGES, sees_message },
	{ "/reports/", "", 'R', CREDITORS, sees_report },
};
#define KINDS (COUNT(kinds))

/* ---- the world ---- */

static const char *text_of(char letter, unsigned number)
{
	static char texts[4][UUID_TEXT_SIZE + 1];
	static unsigned next;
	char *text = texts[next++ % 4];

	(void)snprintf(text, UUID_TEXT_SIZE + 1, "019a0000-0000-7000-8000-00%02x0000%04x", (unsigned)letter & 0xffU,
		       number & 0xffffU);
	return text;
}

static void run(const char *sql)
{
	static struct db_statement statements[32];
	static size_t count;

	assert_true(count < 32);
	statements[count] = (struct db_statement){ "", strdup(sql) };
	if (db_run(world.admin, &statements[count++], NULL, NULL, &world.err) != 0)
		fail_msg("%s: %s", world.err.text, sql);
}

#define ID_OF(letter, number) "('019a0000-0000-7000-8000-00" letter "0000' || lpad(to_hex(" number "), 4, '0'))::uuid"

static void fill(void)
{
	run("INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
	    "full_name_sealed, "
	    "key_salt) SELECT " ID_OF(
		    "43", "n") ", 'C-' || n, 'natural', 'active', 'de', 'DE', 1, '', '' FROM generate_series(0, 9) n");
	run("INSERT INTO customers.creditor_customer (creditor_id, customer_id, created_at) SELECT " ID_OF(
		"4b", "0") ", customer_id, created_at FROM customers.customer WHERE external_ref IN ('C-7', 'C-8')");
	run("INSERT INTO customers.portfolio_customer VALUES (" ID_OF("46", "2") ", " ID_OF("43", "8") ")");
	run("INSERT INTO debts.debt (debt_id, customer_id, creditor_id, portfolio_id, version, last_entry_seq, cost_minor, "
	    "fee_minor, "
	    "interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, currency, external_ref) "
	    "SELECT " ID_OF("44", "n") ", " ID_OF("43", "least(n, 6)") ", CASE WHEN n < 6 THEN " ID_OF(
		    "4b", "n / 3") " ELSE " ID_OF("4b",
						  "0") " END, CASE WHEN n >= 6 THEN " ID_OF("46",
											    "n - 5") " WHEN n % 3 > 0 "
												     "THEN " ID_OF("46",
														   "n % 3") " END"
															    ", "
															    "1, "
															    "n + "
															    "1, "
															    "0, "
															    "0, "
															    "0, "
															    "5, "
															    "0, "
															    "1, "
															    "1, "
															    "0, "
															    "'202"
															    "5-"
															    "01-"
															    "01',"
															    " '"
															    "2025"
															    "-01-"
															    "01',"
															    " '"
															    "EUR'"
															    ", "
															    "'D-'"
															    " || "
															    "n "
															    "FROM"
															    " "
															    "gene"
															    "rate"
															    "_ser"
															    "ies("
															    "0, "
															    "7) "
															    "n");
	run("INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	    "contra_minor, principal_minor) SELECT 0, 1, last_entry_seq, debt_id, debt_id, '2025-01-01', '2025-01-01', "
	    "1, 1, -5, 5 FROM debts.debt");
	run("INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	    "contra_minor, principal_minor, payment_id, method, source, external_ref) SELECT 0, 2, 100 + last_entry_seq, "
	    "debt_id, "
	    "debt_id, '2025-01-01', '2025-01-01', 2, 2, 1, -1, replace(debt_id::text, '-004400', '-005000')::uuid, "
	    "'transfer', 'bank', external_ref FROM debts.debt");
	run("INSERT INTO debts.promise (promise_id, debt_id, customer_id, amount_minor, enough_minor, paid_minor, version, "
	    "made_at, "
	    "changed_at, made_on, due_on, grace_ends_on, after_entries, state, taken_by) SELECT replace(debt_id::text, "
	    "'-004400', '-005800')::uuid, debt_id, customer_id, 1, 1, 0, 1, now(), now(), '2025-01-01', '2025-01-01', "
	    "'2025-01-04', 1, 'broken', 'somebody' FROM debts.debt");
	run("INSERT INTO debts.dispute (dispute_id, debt_id, customer_id, version, created_at, changed_at, received_on, "
	    "raised_on, "
	    "entries, evidence_count, grounds, state, in_writing, within_validation, evidence_refs, raised_by) SELECT "
	    "replace(debt_id::text, '-004400', '-005300')::uuid, debt_id, customer_id, 1, now(), now(), '2025-01-01', "
	    "'2025-01-01', 1, 0, 'paid', 'open', true, false, '', 'somebody' FROM debts.debt");
	run("INSERT INTO debts.settlement (settlement_id, debt_id, customer_id, amount_minor, balance_minor, paid_minor, "
	    "version, "
	    "created_at, changed_at, offered_on, expires_on, pay_by, grace_ends_on, after_entries, state, offered_by) SELECT "
	    "replace(debt_id::text, '-004400', '-005a00')::uuid, debt_id, customer_id, 7, 9, 0, 1, now(), now(), "
	    "'2025-01-01', '2025-01-01', '2025-01-01', '2025-01-04', 0, 'expired', 'somebody' FROM debts.debt");
	run("INSERT INTO debts.plan (plan_id, debt_id, customer_id, total_minor, paid_minor, missed, version, created_at, "
	    "changed_at, "
	    "first_due_on, proposed_on, instalments, after_entries, returned, holidays, frequency, state, proposed_by) SELECT "
	    "replace(debt_id::text, '-004400', '-004c00')::uuid, debt_id, customer_id, 7, 0, 0, 1, now(), now(), '2025-01-01', "
	    "'2025-01-01', 2, 0, 0, 0, 'monthly', 'proposed', 'somebody' FROM debts.debt");
	run("INSERT INTO debts.creditor_version SELECT " ID_OF(
		"4b", "n") ", 1, 'A bank', NULL, true, 'first_party', NULL, now(), 'somebody' FROM generate_series(0, 1) n");
	run("INSERT INTO debts.portfolio_version SELECT " ID_OF("46", "n") ", 1, " ID_OF(
		"4b", "0") ", 'Cards', 'consumer_credit', NULL, NULL, now(), 'somebody' FROM generate_series(1, 2) n");
	run("INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
	    "requested_on, "
	    "message_class, template_name, template_version, language) SELECT " ID_OF("4d", "n") ", " ID_OF(
		    "43", "least(n, 6)") ", 1, 0, 'delivered', 'email', '2025-01-01', 'demand', 'first', 1, 'de' FROM "
					 "generate_series(0, 8) n");
	run("INSERT INTO communications.communication_debt SELECT " ID_OF("4d", "n") ", " ID_OF(
		"44", "n") " FROM generate_series(0, 7) n "
			   "UNION ALL SELECT " ID_OF("4d", "8") ", " ID_OF("44", "n") " FROM generate_series(6, 7) n");
	run("INSERT INTO reports.report (report_id, kind, format, as_of, open, creditor_id, requested_by, requested_at) "
	    "SELECT " ID_OF("52", "n") ", 'ageing', 'csv', '2025-01-01', false, " ID_OF(
		    "4b", "n") ", 'anna', now() FROM generate_series(0, 1) n");
	run("INSERT INTO reporting.report (report_id, state, rows, size, sha256, content, positions) SELECT report_id, 'ready', "
	    "1, 3, "
	    "sha256('a,b'), 'a,b', '{}' FROM reports.report");
}

static void sign_for(const struct viewer *viewer)
{
	struct scope scope = scope_none;

	for (unsigned i = 0; i < CREDITORS; i++)
		if ((viewer->creditors >> i & 1) != 0)
			assert_true(scope_add_creditor(&scope, str_of(text_of('K', i))));
	for (unsigned i = 1; i < PORTFOLIOS; i++)
		if ((viewer->portfolios >> i & 1) != 0)
			assert_true(scope_add_portfolio(&scope, str_of(text_of('F', i))));
	(void)snprintf(token, sizeof(token), "%s", api_bound_token("erp", ROLE_CREDITOR, &scope));
}

typedef void check(const struct viewer *viewer);

static void for_each_viewer(check *check_viewer)
{
	for (unsigned creditors = 1; creditors < 1 << CREDITORS; creditors++) {
		for (unsigned portfolios = 0; portfolios < 1 << PORTFOLIOS; portfolios += 2) {
			const struct viewer viewer = { .creditors = creditors, .portfolios = portfolios };

			sign_for(&viewer);
			check_viewer(&viewer);
		}
	}
}

/* ---- by an id ---- */

static void check_things(const struct viewer *viewer)
{
	char target[128];

	for (size_t i = 0; i < KINDS; i++) {
		for (unsigned number = 0; number < kinds[i].count; number++) {
			int status = kinds[i].sees(viewer, number) ? 200 : 404;

			(void)snprintf(target, sizeof(target), "%s%s%s", kinds[i].path, text_of(kinds[i].letter, number),
				       kinds[i].tail);
			if (api_get(target, token) != status)
				fail_msg("creditors %x portfolios %x: %s is not %d: %s", viewer->creditors, viewer->portfolios,
					 target, status, world.answer);
		}
	}
	(void)snprintf(target, sizeof(target), "/reports/%s?download=1", text_of('R', 0));
	assert_int_equal(api_get(target, token), sees_report(viewer, 0) ? 200 : 404);
}

static void test_api_portfolios__each_thing_is_there_for_whom_it_is(void **state)
{
	(void)state;
	fill();
	for_each_viewer(check_things);
}

/* A read that is new needs its line in the table above. */
static void test_api_portfolios__the_table_has_every_read_by_an_id(void **state)
{
	size_t reads = 0;

	(void)state;
	for (const struct route *route = api_routes(); route->pattern != NULL; route++) {
		char pattern[128];
		bool is_there = strcmp(route->pattern, "/commands/:id") == 0; /* api.is_theirs, below */

		if (route->kind == ROUTE_WRITE || (route->access & ROLE_CREDITOR) == 0 || strchr(route->pattern, ':') == NULL)
			continue;
		for (size_t i = 0; i < KINDS; i++) {
			(void)snprintf(pattern, sizeof(pattern), "%s:id%s", kinds[i].path, kinds[i].tail);
			is_there |= strcmp(route->pattern, pattern) == 0;
		}
		if (!is_there)
			fail_msg("%s is in no line of the table", route->pattern);
		reads++;
	}
	assert_true(reads >= KINDS);
}

/* ---- lists ---- */

/* The newest ids first. */
static void check_list(const struct viewer *viewer, const char *path, const char *query, const struct kind *kind)
{
	size_t at = 0;

	list_all(path, query, 2, &listed);
	for (unsigned number = kind->count; number-- > 0;) {
		if (!kind->sees(viewer, number))
			continue;
		if (at >= listed.count || strcmp(listed.texts[at], text_of(kind->letter, number)) != 0)
			fail_msg("creditors %x portfolios %x: %s%s lacks %s", viewer->creditors, viewer->portfolios, path, query,
				 text_of(kind->letter, number));
		at++;
	}
	if (at != listed.count)
		fail_msg("creditors %x portfolios %x: %s%s has %zu instead of %zu", viewer->creditors, viewer->portfolios, path,
			 query, listed.count, at);
}

static const struct kind *kind_of(char letter)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].letter == letter)
			return &kinds[i];
	fail_msg("no kind %c", letter);
	return NULL;
}

/* How many of one thing's a list says there are. */
static void check_hanging(const struct viewer *viewer, const char *target, bool is_seen)
{
	if (api_get(target, token) != 200)
		fail_msg("%s: %s", target, world.answer);
	if ((strstr(api_body(), "{\"items\":[]") == NULL) != is_seen)
		fail_msg("creditors %x portfolios %x: %s: %s", viewer->creditors, viewer->portfolios, target, api_body());
}

static void check_lists(const struct viewer *viewer)
{
	char target[160];

	check_list(viewer, "/customers", "", kind_of('C'));
	check_list(viewer, "/customers", "?sort=-createdAt", kind_of('C'));
	check_list(viewer, "/customers", "?kind=natural", kind_of('C'));
	check_list(viewer, "/debts", "", kind_of('D'));
	check_list(viewer, "/debts", "?sort=-dueOn", kind_of('D'));
	check_list(viewer, "/debts", "?currency=EUR", kind_of('D'));
	check_list(viewer, "/communications", "", kind_of('M'));
	check_list(viewer, "/communications", "?channel=email", kind_of('M'));
	check_list(viewer, "/reports", "", kind_of('R'));
	check_list(viewer, "/reports", "?kind=ageing", kind_of('R'));
	for (unsigned debt = 0; debt < DEBTS; debt++) {
		(void)snprintf(target, sizeof(target), "/debts?creditor=%s&externalRef=D-%u",
			       text_of('K', debt < CELLS ? debt / PORTFOLIOS : 0), debt);
		check_hanging(viewer, target, sees_debt(viewer, debt));
		(void)snprintf(target, sizeof(target), "/communications?debt=%s&limit=200", text_of('D', debt));
		check_hanging(viewer, target, sees_message(viewer, debt) || (debt >= CELLS && sees_message(viewer, OF_BOTH)));
	}
	for (unsigned customer = 0; customer < CUSTOMERS; customer++) {
		(void)snprintf(target, sizeof(target), "/customers?externalRef=C-%u", customer);
		check_hanging(viewer, target, sees_customer(viewer, customer));
		if (customer > SHARED)
			continue;
		(void)snprintf(target, sizeof(target), "/debts?customer=%s", text_of('C', customer));
		check_hanging(viewer, target, sees_customer(viewer, customer));
		(void)snprintf(target, sizeof(target), "/communications?customer=%s", text_of('C', customer));
		check_hanging(viewer, target, sees_customer(viewer, customer));
	}
}

static void test_api_portfolios__lists_hold_what_is_theirs_page_by_page(void **state)
{
	(void)state;
	for_each_viewer(check_lists);
}

/* Neither to another of the creditor's portfolios nor to all of them. */
static void test_api_portfolios__a_cursor_is_no_way_to_others(void **state)
{
	const struct viewer one = { .creditors = 1, .portfolios = 1 << 1 }, both = { .creditors = 1, .portfolios = 3 << 1 };
	const struct viewer whole = { .creditors = 1 };
	char target[256], cursor[CURSOR_TEXT_SIZE];

	(void)state;
	sign_for(&both);
	assert_int_equal(api_get("/debts?limit=1", token), 200);
	assert_true(take_cursor(cursor));
	(void)snprintf(target, sizeof(target), "/debts?limit=1&cursor=%s", cursor);
	assert_int_equal(api_get(target, token), 200);
	sign_for(&one);
	assert_int_equal(api_get(target, token), 400);
	sign_for(&whole);
	assert_int_equal(api_get(target, token), 400);
}

/* ---- commands ---- */

static void check_commands(const struct viewer *viewer)
{
	static const struct {
		const char *module;
		char letter;
	} modules[] = { { "customers", 'C' }, { "debts", 'D' }, { "communications", 'M' }, { "reports", 'R' } };
	char creditors[100] = "", portfolios[100] = "NULL", sql[512];

	for (unsigned i = 0; i < CREDITORS; i++)
		if ((viewer->creditors >> i & 1) != 0)
			(void)snprintf(creditors + strlen(creditors), 50, "%s'%s'", creditors[0] == '\0' ? "" : ",",
				       text_of('K', i));
	if (viewer->portfolios != 0)
		(void)snprintf(portfolios, sizeof(portfolios), "'{%s%s%s}'", (viewer->portfolios & 2) != 0 ? text_of('F', 1) : "",
			       viewer->portfolios == 6 ? "," : "", (viewer->portfolios & 4) != 0 ? text_of('F', 2) : "");
	for (size_t i = 0; i < COUNT(modules); i++) {
		const struct kind *kind = kind_of(modules[i].letter);

		for (unsigned number = 0; number < kind->count; number++) {
			struct db_statement statement = { "", sql };
			struct db_result result = { 0 };
			const char *id = text_of(kind->letter, number);

			(void)snprintf(sql, sizeof(sql),
				       "SELECT coalesce(bool_or(api.is_theirs('%s', '%s', '%s', c, %s)), false) FROM "
				       "unnest(ARRAY[%s]::uuid[]) c",
				       modules[i].module, id, id, portfolios, creditors);
			api_must(db_run(world.admin, &statement, NULL, &result, &world.err));
			if (db_bool(&result, 0, 0) != kind->sees(viewer, number))
				fail_msg("creditors %x portfolios %x: %s", viewer->creditors, viewer->portfolios, sql);
			db_result_release(&result);
		}
	}
}

/* GET /commands/:id of others' commands. */
static void test_api_portfolios__a_command_is_about_what_is_theirs(void **state)
{
	(void)state;
	for_each_viewer(check_commands);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, api_set_up, api_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_api_portfolios__each_thing_is_there_for_whom_it_is), /* fills the tables for all */
		TEST(test_api_portfolios__the_table_has_every_read_by_an_id),
		TEST(test_api_portfolios__lists_hold_what_is_theirs_page_by_page),
		TEST(test_api_portfolios__a_cursor_is_no_way_to_others),
		TEST(test_api_portfolios__a_command_is_about_what_is_theirs),
	};

	return cmocka_run_group_tests(tests, api_world_start, api_world_end);
}
