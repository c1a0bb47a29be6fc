#ifndef DEBTS_CLOSING_CLOSING_H
#define DEBTS_CLOSING_CLOSING_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * The creditor gives a debt up, or takes it away from us (consumers/DOMAIN.md 4, axis 1): ChargeOff, UndoChargeOff, WriteOff, TransferDebt,
 * RecallDebt.
 *
 *   ChargeOff ------> [PlanCancelled] [SettlementWithdrawn] DebtChargedOff [PromiseCancelled]    NEW, ACTIVE, ARRANGED, LEGAL -> CHARGED_OFF
 *   UndoChargeOff --> ChargeOffUndone [DebtActivated]                      and back
 *   WriteOff -------> [PlanCancelled] [SettlementWithdrawn] DebtWrittenOff [PromiseCancelled]    open -> WRITTEN_OFF
 *   TransferDebt ---> [PlanCancelled] [SettlementWithdrawn] DebtTransferred [PromiseCancelled]   open -> TRANSFERRED
 *   RecallDebt -----> [PlanCancelled] [SettlementWithdrawn] DebtRecalled [PromiseCancelled]      open, PAID, SETTLED -> TRANSFERRED
 *
 * A debt that is charged off is a loss in the creditor's books and owed all the same. It is collected on: its payments are recoveries
 * (PaymentRecorded with is_recovery, entries of the kind RECOVERY), and the last of them makes it PAID. When that one is reversed, the
 * debt is CHARGED_OFF again. It is charged off once; undone, it may be anew.
 *
 * WriteOff, TransferDebt and RecallDebt take the debt out of our books for good: one entry takes away all that is owed, and of a paid debt that
 * is recalled its credit, which the creditor then owes. Such a debt takes no payment and no reversal.
 *
 * Invariants: a charge-off posts nothing and is of the business date, so it is never before an entry of the ledger; nothing was booked
 * between it and its undoing; a debt has the members `charged_off_*` from it on, also when it is paid.
 */

/* What people can do with a debt. */
bool debt_takes_charge_off(unsigned lifecycle);
bool debt_is_charged_off(unsigned lifecycle);
bool debt_can_be_written_off(unsigned lifecycle);
bool debt_can_be_transferred(unsigned lifecycle);
bool debt_can_be_recalled(unsigned lifecycle);

/* evolve.c */
evolve_event closing_on_charged_off;
evolve_event closing_on_charge_off_undone;
evolve_event closing_on_written_off;
evolve_event closing_on_transferred;
evolve_event closing_on_recalled;

#endif
