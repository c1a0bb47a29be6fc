#include "worker/stack.h"

#include <string.h>

#include "bus/bus.h"

#define UNDEFINED_TABLE "42P01"

static const struct db_statement statement_kind = { "stack_kind", "SELECT is_rehearsal FROM engine.stack" };

int stack_check(struct db *db, struct err *err)
{
	struct db_result result = { 0 };
	struct err why = ERR_INIT;
	bool is_rehearsal;

	if (db_run(db, &statement_kind, NULL, &result, &why) != 0) {
		if (strcmp(db_sqlstate(db), UNDEFINED_TABLE) == 0)
			return 0;
		return err_set(err, why.kind, "%s", why.text);
	}
	MUST(result.rows == 1);
	is_rehearsal = db_bool(&result, 0, 0);
	db_result_release(&result);
	if (is_rehearsal == bus_is_rehearsal())
		return 0;
	return err_set(err, ERR_FATAL,
		       is_rehearsal ? "the database is a rehearsal's: DCS_REHEARSAL=yes is missing, or this is the wrong database"
				    : "the database is a live stack's: DCS_REHEARSAL=yes has no place here");
}

void stack_set(bool is_rehearsal)
{
	if (is_rehearsal)
		bus_rehearse();
}
