#ifndef CLI_VERIFY_DEBTS_H
#define CLI_VERIFY_DEBTS_H

#include "fold.h"
#include "schemas/debts.h"

/*
 * Private to verify_debts.c, which has the module's list of tables, and verify_debts_versions.c: things that are described, a row for
 * each version.
 */
extern const struct entity noted_creditor;
extern struct db_template select_creditors;
void check_version(struct fold *fold, struct table_row *row); /* of any of them */

void note_creditor(struct fold *fold, const struct creditor_described *event, const struct logged_line *line);

#endif
