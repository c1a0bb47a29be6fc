#ifndef DEBTS_PAYMENT_COLUMNS_H
#define DEBTS_PAYMENT_COLUMNS_H

#include "db/db_columns.h"

/*
 * Columns of debts.payment and struct payment, for reading; the same with the amounts allocated by the payment's ledger entry (`p`
 * joined with `e`).
 */
extern const struct db_columns payment_columns, payment_columns_allocated;

#endif
