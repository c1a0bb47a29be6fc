#include "base/array.h"
#include "consumers/reports/reports.h"
#include "schemas/reports.h"

const struct entity report_entity = { .name = "report", .state_size = sizeof(struct report), .is_ordered = true };

static void touch_report(const struct command *command, struct workset *set)
{
	workset_touch_new(set, &report_entity, &command->key, (struct str){ 0 });
}

static const struct rule rules[] = {
	{ &generate_report_type, touch_report, decide_generate_report, false, false },
};
_Static_assert(COUNT(rules) == REPORTS_COMMANDS, "each command has a rule");

const struct module reports_module = {
	.name = "reports",
	.rules = rules,
	.rules_count = COUNT(rules),
	.evolve = reports_evolve,
};
