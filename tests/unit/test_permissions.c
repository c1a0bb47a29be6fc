/* Who may issue a command stands in its schema, where the gateway and people read it, and in its rule, which decides: the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/must.h"
#include "model/module.h"

/* Their headers do not fit beside each other: no module knows another. */
extern const struct module users_module, customers_module, debts_module, communications_module, reports_module;

static const struct module *const modules[] = { &users_module, &customers_module, &debts_module, &communications_module,
						&reports_module };

static const struct rule *rule_of(const struct message_type *type)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		for (size_t rule = 0; rule < modules[i]->rules_count; rule++)
			if (modules[i]->rules[rule].type == type)
				return &modules[i]->rules[rule];
	return NULL;
}

static void test_permissions__a_schema_and_its_rule_agree(void **state)
{
	size_t checked = 0;

	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++) {
		const struct rule *rule = rule_of(message_types[i]);

		if (rule == NULL)
			continue;
		if (rule->roles != message_types[i]->roles)
			fail_msg("%s: the schema's dcs.roles are not those of the rule", message_types[i]->record.name);
		checked++;
	}
	assert_true(checked > 15);
}

static void test_permissions__what_people_may_not(void **state)
{
	(void)state;
	for (size_t i = 0; message_types[i] != NULL; i++) {
		const struct message_type *type = message_types[i];

		/* who reads only, writes nothing; but a withdrawal of consent is taken from anybody */
		if (type->roles != UINT32_MAX && (type->roles & (ROLE_AUDITOR | ROLE_REPORTING)) != 0 &&
		    strcmp(type->module, "reports") != 0)
			fail_msg("%s: may be issued by a role that only reads", type->record.name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permissions__a_schema_and_its_rule_agree),
		cmocka_unit_test(test_permissions__what_people_may_not),
	};

	return cmocka_run_group_tests_name("permissions", tests, NULL, NULL);
}
