#ifndef CONSUMERS_COMMUNICATIONS_GUARD_RULES_H
#define CONSUMERS_COMMUNICATIONS_GUARD_RULES_H

#include "consumers/communications/guard/rule.h"

struct guard_row {
	struct guard_rule_text text;
	rule_function *ask;
};

extern const struct guard_row guard_rows[RULE_COUNT];

#endif
