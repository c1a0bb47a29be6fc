#ifndef DEBTS_CREDITOR_STORE_H
#define DEBTS_CREDITOR_STORE_H

#include "worker/slot_query.h"

/*
 * Versions of creditors, portfolios and policies in debts.creditor_version, portfolio_version and policy_version: a row for each, the
 * newest is the state.
 */
extern const struct slot_query creditor_query, portfolio_query, debt_policy_query;

/* The rows of CreditorDescribed, PortfolioDescribed, DebtPolicyPublished. */
extern const struct db_table creditor_table, portfolio_table, debt_policy_table;
void creditor_copy(struct db_copy *copy, const struct logged_event *logged);
void portfolio_copy(struct db_copy *copy, const struct logged_event *logged);
void debt_policy_copy(struct db_copy *copy, const struct logged_event *logged);

#endif
