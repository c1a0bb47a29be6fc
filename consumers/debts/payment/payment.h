#ifndef DEBTS_PAYMENT_PAYMENT_H
#define DEBTS_PAYMENT_PAYMENT_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* Payments: RecordPayment, ReversePayment, and the credit that a payment leaves. */

/* Sets the source of a payment. */
void payment_set_source(struct payment *payment, struct str source);

/* evolve.c */
void payment_on_recorded(struct workset *set, const struct payment_recorded *event);
void payment_on_reversed(struct workset *set, const struct payment_reversed *event);
void payment_on_credit_applied(struct workset *set, const struct credit_applied *event);

#endif
