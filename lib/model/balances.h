#ifndef MODEL_BALANCES_H
#define MODEL_BALANCES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The accounts of a debt, and arithmetic over all of them at once.
 *
 * ACCOUNTS is the list, an X macro: it expands to ROW(NAME, name, ...) for each account, in the order of the enum, and passes its
 * other arguments on to ROW. Every struct, column list and table with a part per account is made from it. The member of a message
 * and the column of a table are called `<name>_minor`.
 *
 * To add an account: its row here, before CREDIT; its member in the schemas of the events that move money, its column in the
 * tables of debts, its place in the order of payment. The compiler finds a schema without the member; consumers/debts/README.md
 * has the whole list.
 *
 * All amounts are minor units of the debt's currency. Sums are checked: overflow is a bug (MUST), because no debt exceeds
 * MONEY_MINOR_MAX.
 */
#define OWED_ACCOUNTS(ROW, ...)                                                                                                  \
	ROW(COST, cost, __VA_ARGS__)                                                                                             \
	ROW(FEE, fee, __VA_ARGS__)                                                                                               \
	ROW(INTEREST, interest, __VA_ARGS__)                                                                                     \
	ROW(PRINCIPAL, principal, __VA_ARGS__)

#define ACCOUNTS(ROW, ...)                                                                                                       \
	OWED_ACCOUNTS(ROW, __VA_ARGS__)                                                                                          \
	ROW(CREDIT, credit, __VA_ARGS__)

#define ACCOUNT_NAMED(NAME, name, prefix) prefix##NAME,

enum account {
	ACCOUNTS(ACCOUNT_NAMED, ACCOUNT_) ACCOUNT_COUNT,
	ACCOUNT_OWED_COUNT = ACCOUNT_CREDIT, /* accounts before CREDIT: amounts owed. CREDIT: the overpayment */
};

/* The name of the account's member in messages: "cost_minor". */
const char *account_field(enum account account);

struct balances {
	int64_t minor[ACCOUNT_COUNT];
};

/* The sum owed; credit is not subtracted. */
int64_t balances_owed(const struct balances *balances);

/* The sum of all accounts. */
int64_t balances_sum(const struct balances *balances);

struct balances balances_negated(const struct balances *balances);
void balances_add(struct balances *balances, const struct balances *added);

/* Books debits (above 0) and credits (below 0): a debit raises an account of OWED_ACCOUNTS, a credit raises CREDIT. */
void balances_post(struct balances *balances, const struct balances *debits);

bool balances_are_negative(const struct balances *balances); /* at least one account is below 0 */

/* ---- tables ---- */

#define ACCOUNT_COLUMN(NAME, name, before, after) before #name "_minor" after

/* A list in SQL: ACCOUNT_COLUMNS("-e.", ", ") is "-e.cost_minor, -e.fee_minor, ... -e.credit_minor, ". */
#define ACCOUNT_COLUMNS(before, after) ACCOUNTS(ACCOUNT_COLUMN, before, after)
#define OWED_COLUMNS(before, after)    OWED_ACCOUNTS(ACCOUNT_COLUMN, before, after)

/* ---- messages ---- */

#define ACCOUNT_READ(NAME, name, body)  [ACCOUNT_##NAME] = (body)->name##_minor,
#define ACCOUNT_WRITE(NAME, name, body) (body)->name##_minor = balances_written->minor[ACCOUNT_##NAME];

/* The accounts of a message that has them as members: all of them, or those that are owed (CREDIT 0). */
#define BALANCES_OF(body) ((struct balances){ .minor = { ACCOUNTS(ACCOUNT_READ, body) } })
#define OWED_OF(body)     ((struct balances){ .minor = { OWED_ACCOUNTS(ACCOUNT_READ, body) } })

/* From balances into a message. */
#define BALANCES_INTO(body, from)                                                                                                \
	do {                                                                                                                     \
		const struct balances *balances_written = (from);                                                                \
		ACCOUNTS(ACCOUNT_WRITE, body)                                                                                    \
	} while (0)
#define OWED_INTO(body, from)                                                                                                    \
	do {                                                                                                                     \
		const struct balances *balances_written = (from);                                                                \
		OWED_ACCOUNTS(ACCOUNT_WRITE, body)                                                                               \
	} while (0)

#endif
