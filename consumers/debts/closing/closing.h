#ifndef DEBTS_CLOSING_CLOSING_H
#define DEBTS_CLOSING_CLOSING_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * The creditor gives a debt up (consumers/DOMAIN.md 4, axis 1): ChargeOff, UndoChargeOff.
 *
 *   ChargeOff ------> [PlanCancelled] DebtChargedOff [PromiseCancelled]    NEW, ACTIVE, ARRANGED, LEGAL -> CHARGED_OFF
 *   UndoChargeOff --> ChargeOffUndone [DebtActivated]                      and back
 *
 * A debt that is charged off is a loss in the creditor's books and owed all the same. It is collected on: its payments are recoveries
 * (PaymentRecorded with is_recovery, entries of the kind RECOVERY), and the last of them makes it PAID. When that one is reversed, the
 * debt is CHARGED_OFF again. It is charged off once; undone, it may be anew.
 *
 * Invariants: a charge-off posts nothing and is of the business date, so it is never before an entry of the ledger; nothing was booked
 * between it and its undoing; a debt has the members `charged_off_*` from it on, also when it is paid.
 */

/* What people can do with a debt. */
bool debt_takes_charge_off(unsigned lifecycle);
bool debt_is_charged_off(unsigned lifecycle);

/* evolve.c */
evolve_event closing_on_charged_off;
evolve_event closing_on_charge_off_undone;

#endif
