#ifndef CLI_VERIFY_DEBTS_H
#define CLI_VERIFY_DEBTS_H

#include "fold.h"
#include "schemas/debts.h"

/*
 * Private to verify_debts.c, which has the module's list of tables; verify_debts_versions.c: things that are described, a row for each
 * version; verify_debts_plans.c: payment plans; verify_debts_settlements.c: settlements; verify_debts_disputes.c: disputes; and
 * verify_debts_delinquency.c: the buckets that debts have entered.
 */
extern struct db_template select_disputes;
void check_dispute(struct fold *fold, struct table_row *row);
void note_dispute(struct fold *fold, const struct event *event, const struct logged_line *line); /* any event about a dispute */

extern struct db_template select_plans;
void check_plan(struct fold *fold, struct table_row *row);
void note_plan(struct fold *fold, const struct event *event, const struct logged_line *line); /* any event about a plan */

extern struct db_template select_settlements;
void check_settlement(struct fold *fold, struct table_row *row);
void note_settlement(struct fold *fold, const struct event *event,
		     const struct logged_line *line); /* any event about a settlement */

extern const struct entity noted_bucket_entry;
extern struct db_template select_bucket_entries;
void check_bucket_entry(struct fold *fold, struct table_row *row);
void note_bucket(struct fold *fold, const struct event *event); /* any event */

extern const struct entity noted_creditor, noted_portfolio, noted_debt_policy;
extern struct db_template select_creditors, select_portfolios, select_debt_policies;
void check_version(struct fold *fold, struct table_row *row); /* of a creditor or a portfolio */
void check_debt_policy(struct fold *fold, struct table_row *row);

void note_creditor(struct fold *fold, const struct creditor_described *event, const struct logged_line *line);
void note_portfolio(struct fold *fold, const struct portfolio_described *event, const struct logged_line *line);
void note_debt_policy(struct fold *fold, const struct debt_policy_published *event, const struct logged_line *line);

#endif
