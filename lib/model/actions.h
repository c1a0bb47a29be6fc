#ifndef MODEL_ACTIONS_H
#define MODEL_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/message.h"

/*
 * What people can do next with a thing, by its state: the `actions` that the gateway shows. A module has a table for each kind of
 * thing. Its rows have the functions that decide asks too, and `dcs migrate` makes a SQL function of each table (db/migrate.h),
 * which the module's views call. So a new state or move in C changes the decision and what is shown.
 */
struct action {
	const struct message_type *command;  /* CancelDebt: the gateway's operation is cancelDebt */
	bool (*is_possible)(unsigned state); /* pure; decide asks it too */
	bool unless_fact;                    /* not possible while the fact holds */
	const char *operation; /* where the command has several operations, that of this thing; NULL: the command's */
};

struct actions {
	const char *thing;         /* "debt": the SQL function is public.dcs_debt_actions */
	const char *states;        /* the words of its states, a list of schemas/words.h; the first is state 1 */
	bool is_numbered;          /* the database has the number of a state (smallint), not its word */
	const char *fact;          /* what else matters, yes or no: "has payments"; NULL: nothing */
	const struct action *rows; /* in the order in which they are shown */
	size_t rows_count;
};

/*
 * Adds the SQL of the function: (state) or (state, fact) -> text[], the operations. No operations: for a state that is null or
 * unknown. A fact that is null counts as true; it is evaluated only in states where it matters.
 */
void actions_add_sql(struct buf *sql, const struct actions *actions);

#endif
