#ifndef DEBTS_PAYMENT_PAYMENT_H
#define DEBTS_PAYMENT_PAYMENT_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Payments: RecordPayment, ReversePayment, and the credit that a payment leaves, which RefundPayment pays back.
 *
 * A payment stays settled when it is refunded: what it has paid stays paid. Invariants: of a payment no more is refunded than its credit;
 * the credits of all payments of a debt that stand are what is left of them, what has paid something of it, and what was refunded. So a
 * payment of which something was refunded is not reversed, and the reversal of any other finds its credit on the debt, or what it has paid.
 */

/* Sets the source of a payment. */
void payment_set_source(struct payment *payment, struct str source);

/* False: refused. The customer has such a payment, and the issuer may have to do with it. */
bool payment_is_known(const struct payment *payment, const struct debt *debt, const struct uuid *customer_id,
		      struct decision *decision);

/* evolve.c */
evolve_event payment_on_recorded;
evolve_event payment_on_reversed;
evolve_event payment_on_refunded;
evolve_event payment_on_credit_applied;

#endif
