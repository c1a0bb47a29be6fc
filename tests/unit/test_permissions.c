/* Who may issue what: the whole table once more, written from the rules of the business and not from the schemas, so that each
 * change of a `dcs.roles` is seen here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/must.h"
#include "consumers/modules.h"

#define ROLES_COUNT 11

/* In the order of the roles' bits. */
static const char *const roles[ROLES_COUNT] = { "admin",    "compliance", "supervisor", "agent",     "creditor", "system",
						"notifier", "consumer",   "auditor",    "reporting", "clock" };

/* clang-format off */
/* A column for each role, its first letters above it: what may issue the command has an x. */
static const struct {
	const char *command;
	const char *who;
} table[] = {
	/*                          ad co su ag cr sy no cu au re cl */
	{ "RegisterUser",           "x  .  .  .  .  x  .  .  .  .  ." },
	{ "ChangeRoles",            "x  .  .  .  .  .  .  .  .  .  ." },
	{ "BindUser",               "x  .  .  .  .  .  .  .  .  .  ." },
	{ "DisableUser",            "x  .  .  .  .  .  .  .  .  .  ." },
	{ "EnableUser",             "x  .  .  .  .  .  .  .  .  .  ." },
	{ "InviteUser",             "x  .  .  .  .  .  .  .  .  .  ." },
	{ "RegisterService",        "x  .  .  .  .  .  .  .  .  .  ." },
	{ "ChangeService",          "x  .  .  .  .  .  .  .  .  .  ." },
	{ "RenewSecret",            "x  .  .  .  .  .  .  .  .  .  ." },
	{ "RevokeService",          "x  .  .  .  .  .  .  .  .  .  ." },
	{ "EndTokens",              "x  .  .  .  .  .  .  .  .  .  ." },
	{ "RecordLogin",            ".  .  .  .  .  x  .  .  .  .  ." },
	{ "RecordSessionEnd",       ".  .  .  .  .  x  .  .  .  .  ." },

	/*                          ad co su ag cr sy no cu au re cl */
	{ "CreateCustomer",         ".  .  .  x  x  .  .  .  .  .  ." },
	{ "UpdateCustomer",         ".  .  .  x  x  .  .  .  .  .  ." },
	{ "EraseCustomer",          ".  x  .  .  .  .  .  .  .  .  ." },
	{ "AddContactPoint",        ".  .  .  x  x  .  .  x  .  .  ." },
	{ "VerifyContactPoint",     ".  .  .  x  x  .  .  x  .  .  ." },
	{ "InvalidateContactPoint", ".  .  .  x  x  .  x  x  .  .  ." },

	/*                          ad co su ag cr sy no cu au re cl */
	{ "CreateDebt",             ".  .  x  .  x  .  .  .  .  .  ." },
	{ "AmendDebt",              ".  .  x  .  x  .  .  .  .  .  ." },
	{ "CancelDebt",             ".  .  x  .  x  .  .  .  .  .  ." },
	{ "RecordPayment",          ".  .  .  x  x  x  .  .  .  .  ." },
	{ "ReversePayment",         ".  .  x  .  x  .  .  .  .  .  ." },

	/*                          ad co su ag cr sy no cu au re cl */
	{ "PublishTemplate",        ".  x  x  .  .  .  .  .  .  .  ." },
	{ "GrantConsent",           ".  x  x  x  .  .  .  x  .  .  ." },
	{ "WithdrawConsent",        ".  x  x  x  .  .  x  x  .  .  ." },
	{ "SendCommunication",      ".  .  .  x  .  x  .  .  .  .  ." },
	{ "CancelCommunication",    ".  .  x  x  .  x  .  .  .  .  ." },
	{ "RecordDispatch",         ".  .  .  .  .  .  x  .  .  .  ." },
	{ "RecordDelivery",         ".  .  .  .  .  .  x  .  .  .  ." },

	/*                          ad co su ag cr sy no cu au re cl */
	{ "GenerateReport",         ".  .  x  .  .  .  .  .  .  x  ." },
	{ "Tick",                   ".  .  .  .  .  .  .  .  .  .  x" },
};
/* clang-format on */

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

static void test_permissions__are_those_of_the_table(void **state)
{
	(void)state;
	for (size_t row = 0; row < TABLE_COUNT; row++) {
		const struct message_type *type = message_by_name(str_of(table[row].command));

		if (type == NULL)
			fail_msg("%s: no such command", table[row].command);
		assert_int_equal(strlen(table[row].who), 3 * ROLES_COUNT - 2);
		for (size_t i = 0; i < ROLES_COUNT; i++) {
			bool may = (type->roles & role_by_name(str_of(roles[i]))) != 0;

			if (may != (table[row].who[3 * i] == 'x'))
				fail_msg("%s: %s may%s issue it", table[row].command, roles[i], may ? "" : " not");
		}
	}
}

static void test_permissions__every_command_and_every_role_is_in_the_table(void **state)
{
	size_t commands = 0;

	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++)
		commands += message_types[i]->kind == MESSAGE_COMMAND;
	assert_int_equal(commands, TABLE_COUNT);
	for (size_t i = 0; i < ROLES_COUNT; i++)
		assert_int_equal(role_by_name(str_of(roles[i])), 1 << i);
	assert_int_equal(ROLE_LAST, 1 << (ROLES_COUNT - 1));
	assert_int_equal(PERSON_ROLE_BITS | PROGRAM_ROLE_BITS | SERVICE_ROLE_BITS,
			 (1 << ROLES_COUNT) - 1); /* somebody can have it */
}

static bool has_rule(const struct message_type *type)
{
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++)
		for (size_t rule = 0; rule < command_modules[i]->rules_count; rule++)
			if (command_modules[i]->rules[rule].type == type)
				return strcmp(command_modules[i]->name, type->module) == 0;
	return false;
}

static void test_permissions__every_command_has_a_rule_in_its_module(void **state)
{
	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++)
		if (message_types[i]->kind == MESSAGE_COMMAND && strcmp(message_types[i]->record.name, "Tick") != 0 &&
		    !has_rule(message_types[i]))
			fail_msg("%s: its module has no rule for it", message_types[i]->record.name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permissions__are_those_of_the_table),
		cmocka_unit_test(test_permissions__every_command_and_every_role_is_in_the_table),
		cmocka_unit_test(test_permissions__every_command_has_a_rule_in_its_module),
	};

	return cmocka_run_group_tests_name("permissions", tests, NULL, NULL);
}
