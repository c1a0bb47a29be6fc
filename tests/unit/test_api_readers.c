/* Who reads what, stated once more and apart from the code: every operation that is no command, by every role; and of every
 * resource the members that not every reader is shown. Who may issue a command is test_permissions.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "model/command.h"
#include "producers/api/http/principal.h"
#include "producers/api/http/route.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"

#define PEOPLE    "compliance supervisor agent creditor consumer auditor reporting"
#define CONTACTS  "compliance supervisor agent creditor consumer auditor"
#define CREDITORS "compliance supervisor agent creditor auditor reporting"
#define NOTES     "compliance supervisor agent auditor"
#define NAMES     "compliance supervisor agent creditor consumer"
#define WHOLE     "compliance supervisor agent consumer"
#define SIGNED    "*" /* any good token, also one without a role */

static const struct {
	const char *operation, *roles;
} operations[] = {
	{ "listCustomers", PEOPLE },
	{ "getCustomer", PEOPLE },
	{ "listContactPoints", CONTACTS },
	{ "listConsents", PEOPLE },
	{ "listTimeline", NOTES },
	{ "explainCustomer", NOTES },
	{ "listInbound", NOTES },
	{ "listUnknownInbound", NOTES },
	{ "listDebts", PEOPLE },
	{ "getDebt", PEOPLE },
	{ "listLedger", PEOPLE },
	{ "listBalances", PEOPLE },
	{ "listDelinquency", PEOPLE },
	{ "listDebtHistory", NOTES },
	{ "getPayment", PEOPLE },
	{ "listPromises", PEOPLE },
	{ "getPromise", PEOPLE },
	{ "listHolds", NOTES },
	{ "getHold", NOTES },
	{ "listDisputes", PEOPLE },
	{ "getDispute", PEOPLE },
	{ "listSettlements", PEOPLE },
	{ "getSettlement", PEOPLE },
	{ "listPlans", PEOPLE },
	{ "getPlan", PEOPLE },
	{ "listCreditors", CREDITORS },
	{ "getCreditor", CREDITORS },
	{ "listPortfolios", CREDITORS },
	{ "getPortfolio", CREDITORS },
	{ "listDebtPolicies", NOTES },
	{ "getDebtPolicy", NOTES },
	{ "listCommunications", PEOPLE },
	{ "getCommunication", PEOPLE },
	{ "previewTemplate", NOTES },
	{ "listTemplates", NOTES },
	{ "getTemplate", NOTES },
	{ "listProfiles", NOTES },
	{ "getProfile", NOTES },
	{ "listPolicies", NOTES },
	{ "getPolicy", NOTES },
	{ "previewDunning", "compliance supervisor" },
	{ "listTasks", NOTES },
	{ "getTask", NOTES },
	{ "listContacts", NOTES },
	{ "listCircumstances", NOTES },
	{ "listPreferences", NOTES },
	{ "listDecisions", NOTES },
	{ "getContactability", "compliance supervisor agent" },
	{ "listApprovals", NOTES },
	{ "getApproval", NOTES },
	{ "listReports", "supervisor creditor auditor reporting" },
	{ "getReport", "supervisor creditor auditor reporting" },
	{ "listUsers", "admin auditor" },
	{ "listServices", "admin auditor" },
	{ "getService", "admin auditor" },
	{ "getUser", "admin auditor" },
	{ "getCommand", PEOPLE " admin system notifier" },
	{ "postCommand", SIGNED }, /* and the schema of what it posts */
	{ "getMe", SIGNED },
	{ "changeOwnPassword", SIGNED },
};

static const struct {
	const char *resource, *member, *roles;
} members[] = {
	{ "customer", "fullName", NAMES },
	{ "customer", "birthDate", NAMES },
	{ "customer", "links.contactPoints", CONTACTS },
	{ "customer", "links.timeline", NOTES },
	{ "contact point", "address", WHOLE }, /* masked for others */
	{ "debt", "customerName", NAMES },
	{ "debt", "links.history", NOTES },
	{ "promise", "takenBy", NOTES },
	{ "dispute", "verificationRef", NOTES },
	{ "dispute", "evidenceRefs", NOTES },
	{ "dispute", "raisedBy", NOTES },
	{ "settlement", "reason", NOTES },
	{ "settlement", "offeredBy", NOTES },
	{ "settlement", "approvedBy", NOTES },
	{ "plan", "proposedBy", NOTES },
	{ "plan", "approvedBy", NOTES },
	{ "communication", "customerName", NAMES },
	{ "communication", "subject", WHOLE },
	{ "communication", "body", WHOLE },
	{ "communication", "html", WHOLE },
	{ "approval", "data", "compliance supervisor" },
	{ "inbound message", "text", WHOLE },
	{ "unknown inbound message", "sender", WHOLE },
	{ "unknown inbound message", "text", WHOLE },
	{ "user", "lockedUntil", "admin auditor" },
	{ "account", "lockedUntil", "admin auditor" },
};

static uint32_t bits_of(const char *words)
{
	struct str rest = str_of(words);
	uint32_t bits = 0;

	if (strcmp(words, SIGNED) == 0)
		return ACCESS_SIGNED_IN;
	while (rest.size > 0) {
		uint32_t bit = role_by_name(str_cut(rest, ' ', &rest));

		assert_int_not_equal(bit, 0);
		bits |= bit;
	}
	return bits;
}

static const char *roles_of(const char *operation)
{
	for (size_t i = 0; i < COUNT(operations); i++) {
		if (strcmp(operations[i].operation, operation) == 0)
			return operations[i].roles;
	}
	return NULL;
}

static void test_readers__each_operation_is_open_to_these_roles(void **state)
{
	size_t found = 0;

	(void)state;
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		const char *roles = roles_of(row->operation);

		if (row->kind == ROUTE_WRITE || row->access == ACCESS_PUBLIC) {
			assert_null(roles);
			continue;
		}
		if (roles == NULL)
			fail_msg("%s: nobody has said who may", row->operation);
		if (row->access != bits_of(roles))
			fail_msg("%s: not for %s", row->operation, roles);
		found++;
	}
	assert_int_equal(found, COUNT(operations));
}

/* What is about people who owe, or written for staff, has no public row; a public row that is new is thought about. */
static void test_readers__what_is_public_shows_nothing_of_anybody(void **state)
{
	static const char *const begins[] = { "/",        "/openapi.json", "/docs",         "/livez",      "/readyz",
					      "/healthz", "/metrics",      "/subjects",     "/schemas/",   "/config",
					      "/mode",    "/auth/",        "/.well-known/", "/callbacks/", "/unsubscribe" };

	(void)state;
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		bool is_known = strcmp(row->pattern, "/") == 0;

		if (row->kind == ROUTE_WRITE || row->access != ACCESS_PUBLIC)
			continue;
		assert_null(row->resource);
		for (size_t i = 1; i < COUNT(begins); i++)
			is_known = is_known || strncmp(row->pattern, begins[i], strlen(begins[i])) == 0;
		if (!is_known)
			fail_msg("%s: is public", row->operation);
	}
}

static const char *roles_of_member(const char *resource, const char *member)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (strcmp(members[i].resource, resource) == 0 && strcmp(members[i].member, member) == 0)
			return members[i].roles;
	}
	return NULL;
}

static void test_readers__each_member_is_shown_to_these_roles(void **state)
{
	size_t found = 0;

	(void)state;
	for (const struct resource *const *at = api_resources; *at != NULL; at++) {
		for (size_t i = 0; i < (*at)->columns_count; i++) {
			const struct column *column = &(*at)->columns[i];
			const char *roles = roles_of_member((*at)->name, column->name);

			if (column->roles != (roles == NULL ? 0 : bits_of(roles)))
				fail_msg("%s %s: not for %s", (*at)->name, column->name, roles == NULL ? "all readers" : roles);
			found += roles != NULL;
			if (column->kind == COLUMN_SEALED && roles == NULL)
				fail_msg("%s %s: is personal, and for all readers", (*at)->name, column->name);
		}
	}
	assert_int_equal(found, COUNT(members));
}

static void test_readers__an_admin_and_a_service_see_nothing_personal(void **state)
{
	const uint32_t roles = ROLE_ADMIN | ROLE_SYSTEM | ROLE_NOTIFIER;

	(void)state;
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		const struct resource *resource = row->resource;

		if (row->kind != ROUTE_READ || (row->access & roles) == 0)
			continue;
		assert_null(resource->owner);
		assert_null(resource->salt);
	}
}

/* Who may issue a command may ask what became of it: whoever has only a new role, too. Ticks are asked about by nobody. */
static void test_readers__the_result_of_a_command_is_open_to_its_issuer(void **state)
{
	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++) {
		const struct message_type *type = message_types[i];

		if ((type->roles & ~(uint32_t)(READS_COMMANDS | ROLE_CLOCK)) != 0)
			fail_msg("%s: one of its roles is not in READS_COMMANDS", type->record.name);
	}
}

/* How much there is for somebody with these roles of what is for `access`. */
static void test_readers__a_creditor_and_a_portal_user_are_limited(void **state)
{
	static const struct {
		const char *access, *roles;
		enum limit bound, unbound; /* as a creditor: to some, to all */
	} cases[] = {
		{ PEOPLE, "agent", LIMIT_NONE, LIMIT_NONE },
		{ PEOPLE, "creditor", LIMIT_CREDITORS, LIMIT_NONE },
		{ PEOPLE, "consumer", LIMIT_CUSTOMER, LIMIT_CUSTOMER },
		{ PEOPLE, "creditor consumer", LIMIT_CREDITORS, LIMIT_NONE },
		{ PEOPLE, "creditor auditor", LIMIT_NONE, LIMIT_NONE },
		{ PEOPLE, "creditor admin", LIMIT_CREDITORS, LIMIT_NONE },       /* an admin reads no people */
		{ PEOPLE, "consumer notifier", LIMIT_CUSTOMER, LIMIT_CUSTOMER }, /* nor does a service */
		{ NULL, "consumer", LIMIT_CUSTOMER, LIMIT_CUSTOMER },            /* what anybody may */
		{ NULL, "creditor", LIMIT_CREDITORS, LIMIT_NONE },
		{ NULL, "reporting", LIMIT_NONE, LIMIT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct principal principal = { .is_known = true, .roles = bits_of(cases[i].roles) };
		uint32_t access = cases[i].access == NULL ? UINT32_MAX : bits_of(cases[i].access);
		struct str ids;

		assert_int_equal(principal_limit(&principal, access), cases[i].bound);
		assert_true(principal_creditors(&principal, &ids) == ((principal.roles & ROLE_CREDITOR) != 0));
		principal.scope = scope_all;
		assert_int_equal(principal_limit(&principal, access), cases[i].unbound);
		assert_false(principal_creditors(&principal, &ids));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers__each_operation_is_open_to_these_roles),
		cmocka_unit_test(test_readers__what_is_public_shows_nothing_of_anybody),
		cmocka_unit_test(test_readers__each_member_is_shown_to_these_roles),
		cmocka_unit_test(test_readers__the_result_of_a_command_is_open_to_its_issuer),
		cmocka_unit_test(test_readers__a_creditor_and_a_portal_user_are_limited),
		cmocka_unit_test(test_readers__an_admin_and_a_service_see_nothing_personal),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
