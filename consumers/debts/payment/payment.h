#ifndef DEBTS_PAYMENT_PAYMENT_H
#define DEBTS_PAYMENT_PAYMENT_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* Payments: RecordPayment, ReversePayment, and the credit that a payment leaves. */

/* Sets the source of a payment. */
void payment_set_source(struct payment *payment, struct str source);

/* evolve.c */
evolve_event payment_on_recorded;
evolve_event payment_on_reversed;
evolve_event payment_on_credit_applied;

#endif
