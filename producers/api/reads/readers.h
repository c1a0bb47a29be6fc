#ifndef API_READS_READERS_H
#define API_READS_READERS_H

#include "model/command.h"

/*
 * The roles that may read: the sets of roles for the routes and the members of resources (offer/), in one place. Each role gets
 * the least that its work needs; README.md has the table, and tests/unit/test_api_readers.c repeats it. The roles that may issue
 * a command are in its schema, and in none of these sets.
 *
 * A creditor reads only data about its own creditors, a consumer only their own data (reads.h): a role in a set means that such a
 * read exists for it. The services' roles (system, notifier, clock) send commands, and read only the results of their own.
 */

/* The staff that works with debtors. */
#define STAFF (ROLE_COMPLIANCE | ROLE_SUPERVISOR | ROLE_AGENT)

/* Customers, consents, debts, payments, messages. An admin has users and settings, and no data about debtors. */
#define READS_PEOPLE (STAFF | ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AUDITOR | ROLE_REPORTING)

/* The customers' contact points; only SEES_CONTACTS sees a whole address. */
#define READS_CONTACTS (STAFF | ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AUDITOR)

/* Creditors: who they are. A creditor reads of itself only. */
#define READS_CREDITORS (STAFF | ROLE_CREDITOR | ROLE_AUDITOR | ROLE_REPORTING)

/* Internal texts: reasons, comments, the actor of a change; and the templates of messages. */
#define READS_NOTES (STAFF | ROLE_AUDITOR)

/* What commands that wait for a second person contain: for those who decide about some of them. */
#define APPROVES (ROLE_COMPLIANCE | ROLE_SUPERVISOR)

/* A creditor: reports about its own debts only. */
#define READS_REPORTS (ROLE_SUPERVISOR | ROLE_CREDITOR | ROLE_AUDITOR | ROLE_REPORTING)
#define READS_USERS   (ROLE_ADMIN | ROLE_AUDITOR)

/*
 * The results of commands, for every role that may issue any. Staff and auditors read those of all commands; other roles those of
 * their own (commands.h).
 */
#define READS_COMMANDS     (READS_PEOPLE | ROLE_ADMIN | ROLE_SYSTEM | ROLE_NOTIFIER)
#define READS_ALL_COMMANDS (STAFF | ROLE_AUDITOR)

/* Names and birth dates: for those who talk to customers, those who are responsible for that, and the customer. */
#define SEES_NAMES (STAFF | ROLE_CREDITOR | ROLE_CONSUMER)

/* Whole addresses and written texts. A creditor must not learn an address that the consumer gave to another creditor. */
#define SEES_CONTACTS (STAFF | ROLE_CONSUMER)

#endif
