/* Who may issue what: the whole table once more, written from the rules of the business and not from the schemas, so that each
 * change of a `dcs.roles` is seen here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/modules.h"
#include "schemas/engine.h"

/* In the order of their bits, which tables keep. */
static const char *const roles[] = { "admin",    "compliance", "supervisor", "agent",     "creditor", "system",
				     "notifier", "consumer",   "auditor",    "reporting", "clock" };

static const struct {
	const char *command, *who;
} table[] = {
	{ "RegisterUser", "admin system" },
	{ "ChangeRoles", "admin" },
	{ "BindUser", "admin" },
	{ "DisableUser", "admin" },
	{ "EnableUser", "admin" },
	{ "InviteUser", "admin" },
	{ "RegisterService", "admin" },
	{ "ChangeService", "admin" },
	{ "RenewSecret", "admin" },
	{ "RevokeService", "admin" },
	{ "EndTokens", "admin" },
	{ "RecordLogin", "system" },
	{ "RecordSessionEnd", "system" },

	{ "CreateCustomer", "agent creditor" },
	{ "UpdateCustomer", "agent creditor" },
	{ "EraseCustomer", "compliance" },
	{ "AddContactPoint", "agent creditor consumer" },
	{ "VerifyContactPoint", "agent creditor consumer" },
	{ "InvalidateContactPoint", "agent creditor notifier consumer" },

	{ "CreateDebt", "supervisor creditor" },
	{ "AmendDebt", "supervisor creditor" },
	{ "CancelDebt", "supervisor creditor" },
	{ "RecordPayment", "agent creditor system" },
	{ "ReversePayment", "supervisor creditor" },
	{ "RefundPayment", "supervisor" },
	{ "MakePromise", "supervisor agent" },
	{ "CancelPromise", "supervisor agent" },
	{ "PlaceHold", "compliance supervisor agent" },
	{ "ReleaseHold", "compliance supervisor agent" },
	{ "ReviewHold", "compliance supervisor agent" },
	{ "AssessFee", "supervisor agent system" },
	{ "AssessCost", "supervisor agent" },
	{ "ChargeOff", "supervisor" },
	{ "UndoChargeOff", "supervisor" },
	{ "WriteOff", "supervisor" },
	{ "TransferDebt", "supervisor creditor" },
	{ "RecallDebt", "supervisor creditor" },
	{ "WaiveAmount", "supervisor agent" },
	{ "AdjustBalance", "supervisor" },
	{ "RaiseDispute", "compliance supervisor agent creditor consumer" },
	{ "AddDisputeEvidence", "compliance supervisor agent creditor consumer" },
	{ "ResolveDispute", "compliance supervisor" },
	{ "ProposePlan", "supervisor agent" },
	{ "AcceptPlan", "supervisor agent consumer" },
	{ "CancelPlan", "supervisor agent consumer" },
	{ "ReinstatePlan", "supervisor agent consumer" },
	{ "OfferSettlement", "supervisor agent" },
	{ "AcceptSettlement", "supervisor agent consumer" },
	{ "WithdrawSettlement", "supervisor agent" },
	{ "DescribeCreditor", "supervisor" },
	{ "DescribePortfolio", "supervisor" },
	{ "PublishDebtPolicy", "compliance supervisor" },

	{ "PublishTemplate", "compliance supervisor" },
	{ "PublishProfile", "admin compliance" },
	{ "GrantConsent", "compliance supervisor agent consumer" },
	{ "WithdrawConsent", "compliance supervisor agent notifier consumer" },
	{ "SendCommunication", "agent system" },
	{ "CancelCommunication", "supervisor agent system" },
	{ "RescheduleCommunication", "supervisor agent system" },
	{ "ResolveUnknown", "compliance supervisor" },
	{ "RecordDispatch", "notifier" },
	{ "RecordDelivery", "notifier" },
	{ "RecordInbound", "notifier" },
	{ "RecordUnknownInbound", "notifier" },
	{ "RecordContact", "compliance supervisor agent system" },
	{ "RecordCircumstance", "compliance supervisor agent" },
	{ "EndCircumstance", "compliance supervisor" },
	{ "SetPreference", "compliance supervisor agent consumer" },

	{ "PublishPolicy", "compliance supervisor" },
	{ "RetirePolicy", "compliance supervisor" },
	{ "TakeTask", "supervisor agent" },
	{ "ReleaseTask", "supervisor agent" },
	{ "FinishTask", "supervisor agent" },

	{ "GenerateReport", "supervisor reporting" },
	{ "ApproveCommand", "compliance supervisor" },
	{ "RefuseCommand", "compliance supervisor" },
	{ "Tick", "clock" },
};

static uint32_t bits_of(const char *words)
{
	struct str rest = str_of(words);
	uint32_t bits = 0;

	while (rest.size > 0) {
		uint32_t bit = role_by_name(str_cut(rest, ' ', &rest));

		assert_int_not_equal(bit, 0);
		bits |= bit;
	}
	return bits;
}

static void test_permissions__are_those_of_the_table(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT(table); row++) {
		const struct message_type *type = message_by_name(str_of(table[row].command));

		if (type == NULL)
			fail_msg("%s: no such command", table[row].command);
		if (type->roles != bits_of(table[row].who))
			fail_msg("%s: others may issue it than %s", table[row].command, table[row].who);
	}
}

static void test_permissions__every_command_and_every_role_is_in_the_table(void **state)
{
	size_t commands = 0;

	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++)
		commands += message_types[i]->kind == MESSAGE_COMMAND;
	assert_int_equal(commands, COUNT(table));
	for (size_t i = 0; i < COUNT(roles); i++)
		assert_int_equal(role_by_name(str_of(roles[i])), 1 << i);
	assert_int_equal(ROLE_LAST, 1 << (COUNT(roles) - 1));
	assert_int_equal(PERSON_ROLE_BITS | PROGRAM_ROLE_BITS | SERVICE_ROLE_BITS,
			 (1 << COUNT(roles)) - 1); /* somebody can have it */
}

static bool has_rule(const struct message_type *type)
{
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++)
		for (size_t rule = 0; rule < command_modules[i]->rules_count; rule++)
			if (command_modules[i]->rules[rule].type == type)
				return strcmp(command_modules[i]->name, type->module) == 0;
	return false;
}

/* Each command that is kept for a second person is one of its module's, and somebody may approve it, and within some time. */
static void test_permissions__what_is_kept_can_be_approved(void **state)
{
	size_t kept = 0;

	(void)state;
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++)
		for (size_t rule = 0; rule < command_modules[i]->approvals_count; rule++, kept++) {
			const struct approval_rule *approval = &command_modules[i]->approvals[rule];

			assert_string_equal(approval->type->module, command_modules[i]->name);
			assert_int_not_equal(approval->approvers & approve_command_type.roles, 0);
			assert_int_equal(approval->approvers & ~approve_command_type.roles, 0);
			assert_int_equal(approve_command_type.roles, refuse_command_type.roles);
			assert_true(approval->days > 0);
		}
	assert_true(kept > 0);
}

static void test_permissions__every_command_has_a_rule_in_its_module(void **state)
{
	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++)
		if (message_types[i]->kind == MESSAGE_COMMAND && strcmp(message_types[i]->record.name, "Tick") != 0 &&
		    !message_is_of_engine(message_types[i]) && !has_rule(message_types[i]))
			fail_msg("%s: its module has no rule for it", message_types[i]->record.name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permissions__are_those_of_the_table),
		cmocka_unit_test(test_permissions__what_is_kept_can_be_approved),
		cmocka_unit_test(test_permissions__every_command_and_every_role_is_in_the_table),
		cmocka_unit_test(test_permissions__every_command_has_a_rule_in_its_module),
	};

	return cmocka_run_group_tests_name("permissions", tests, NULL, NULL);
}
