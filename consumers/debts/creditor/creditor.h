#ifndef DEBTS_CREDITOR_CREDITOR_H
#define DEBTS_CREDITOR_CREDITOR_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Who a creditor is, what its portfolios are, and the policies that portfolios name. Debts name creditors and portfolios that nobody has
 * described: a description changes no debt that is there. The key of each is its own id, so its versions are 1..k, each said by one event
 * and kept in a row of its own.
 */
#define CREDITOR_NAME_MAX    (4 * 200) /* bytes of so many characters, as the others */
#define CREDITOR_ADDRESS_MAX (4 * 400)
#define CREDITOR_LICENCE_MAX (4 * 200)

struct creditor {
	int64_t version;
	uint32_t is_original;     /* 1 or 0 */
	uint32_t regulated_class; /* enum regulated_class */
	char name[CREDITOR_NAME_MAX + 1];
	char legal_address[CREDITOR_ADDRESS_MAX + 1]; /* empty: not given */
	char licence_refs[CREDITOR_LICENCE_MAX + 1];  /* empty: none given */
};

extern const struct entity creditor_entity;

/* What an event says, whole: the state after it, and its row. */
void creditor_read(struct creditor *ret_creditor, const struct creditor_described *event);
void portfolio_read(struct portfolio *ret_portfolio, const struct portfolio_described *event);
void debt_policy_read(struct debt_policy *ret_policy, const struct debt_policy_published *event);

/* evolve.c */
evolve_event creditor_on_described;
evolve_event portfolio_on_described;
evolve_event debt_policy_on_published;

#define DEBT_POLICY_APPROVAL_DAYS 14 /* PublishDebtPolicy is kept for so long */

#endif
