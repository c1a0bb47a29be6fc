/* What the gateway's SQL says of each module by name, in a real PostgreSQL with all migrations: a new one is in no list of it by itself. */

#include "store_spec.h"

#include "base/array.h"
#include "consumers/modules.h"
#include "consumers/reports/reports.h"
#include "model/command.h"

static struct store_spec spec;

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &reports_module, &reports_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* Whether the body of a function of the schema api has the module's name, in the form. */
static bool api_function_has(const char *function, const char *before, const char *module, const char *after)
{
	static char texts[2 * COMMAND_MODULES_COUNT][200], names[2 * COMMAND_MODULES_COUNT][20];
	static size_t asked;

	assert_true(asked < COUNT(texts));
	snprintf(names[asked], sizeof(names[0]), "test_%zu", asked);
	snprintf(texts[asked], sizeof(texts[0]),
		 "SELECT count(*) FROM pg_proc WHERE pronamespace = 'api'::regnamespace AND proname = '%s' AND "
		 "position($$%s%s%s$$ IN prosrc) > 0",
		 function, before, module, after);
	asked++;
	return store_number(&spec, names[asked - 1], texts[asked - 1]) == 1;
}

static bool is_of_customers(const char *module)
{
	struct str rest = STR(CUSTOMER_MODULES_NAMES);

	while (rest.size > 0)
		if (str_is(str_cut(rest, ' ', &rest), module))
			return true;
	return false;
}

static void test_modules__a_customers_timeline_has_the_log_of_each_module_about_customers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		const char *name = command_modules[i]->name;

		if (is_of_customers(name) && !api_function_has("timeline", "FROM ", name, ".event_row"))
			fail_msg("%s: api.timeline leaves its events out", name);
	}
}

static bool takes_commands_of_creditors(const struct module *module)
{
	for (size_t i = 0; i < module->rules_count; i++)
		if ((module->rules[i].type->roles & ROLE_CREDITOR) != 0)
			return true;
	return false;
}

static void test_modules__a_creditor_learns_what_became_of_his_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		const char *name = command_modules[i]->name;

		if (takes_commands_of_creditors(command_modules[i]) && !api_function_has("is_theirs", "WHEN '", name, "'"))
			fail_msg("%s: api.is_theirs says of nothing in it that it is a creditor's", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules__a_customers_timeline_has_the_log_of_each_module_about_customers),
		cmocka_unit_test(test_modules__a_creditor_learns_what_became_of_his_commands),
	};

	return cmocka_run_group_tests_name("modules", tests, setup, teardown);
}
