#ifndef CONSUMERS_DUNNING_COLUMNS_H
#define CONSUMERS_DUNNING_COLUMNS_H

#include "db/db_columns.h"

/* The columns of the module's tables, beside the members of its states, for the store and for `dcs verify`: all but the id.
 * Of a policy and its steps also not the lists (policies.h, struct policy_texts). */
extern const struct db_columns dunned_person_columns, dunned_debt_columns, dunned_group_columns, dunned_step_columns,
	dunning_stop_columns, dunning_task_columns, policy_columns, policy_step_columns;

#endif
