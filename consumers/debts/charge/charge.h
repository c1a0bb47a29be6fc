#ifndef DEBTS_CHARGE_CHARGE_H
#define DEBTS_CHARGE_CHARGE_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * What is owed, changed by people and not by money: AssessFee, AssessCost, WaiveAmount, AdjustBalance. Each changes one component of an
 * open debt by an amount above 0, posts one entry, and has its own contra account (consumers/DOMAIN.md 5).
 *
 *   AssessFee, AssessCost --> ChargeAssessed     FEE, COST + / FEE_INCOME
 *   WaiveAmount ------------> AmountWaived       component - / WAIVER
 *   AdjustBalance ----------> BalanceAdjusted    component +- / CREDITOR_CLAIM
 *
 * Invariants: only an open debt is changed, so there is no credit; no component falls below 0; all that was charged on a debt is at most
 * MONEY_MINOR_MAX, hence whatever payments are reversed later, no balance is above it. What leaves nothing owed is followed by DebtPaid.
 */

/*
 * What an issuer with this role may do alone, by one command, also by WriteOff and RefundPayment: up to `alone_minor` minor units of whatever currency. Above it the command of
 * a supervisor is kept for a second person, and the others' are refused with limit_exceeded: a supervisor sends them.
 */
struct charge_limit {
	const struct message_type *type;
	uint32_t role; /* one bit of enum role */
	int64_t alone_minor;
};

#define CHARGE_APPROVERS     (ROLE_SUPERVISOR | ROLE_COMPLIANCE)
#define CHARGE_APPROVAL_DAYS 14 /* a command is kept for so long */

/* The most that an issuer with these roles may do alone; 0: none of them may. */
int64_t charge_alone(const struct message_type *type, uint32_t roles);

/* Whether the issuer may do it alone, or a second person has agreed already. */
bool charge_may_alone(const struct command *command, int64_t amount_minor);

/* A supervisor's command is kept for a second person. The last thing: nobody is asked to approve what would be refused all the same. */
void charge_keep(struct str currency, struct decision *decision);

/* False: refused. It says why, and its amount is above 0. What a refund asks, too. */
bool charge_is_good(struct str reason, int64_t amount_minor, struct decision *decision);

/* evolve.c */
evolve_event charge_on_assessed;
evolve_event charge_on_waived;
evolve_event charge_on_adjusted;

#endif
