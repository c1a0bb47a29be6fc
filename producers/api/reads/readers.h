#ifndef API_READS_READERS_H
#define API_READS_READERS_H

#include "model/command.h"

/*
 * Who reads what: the sets of roles that the routes and the members of resources (offer/) are made of, in one place. The
 * least that somebody's work needs; README.md has the table, tests/unit/test_api_readers.c states it once more. Who may issue a
 * command is said by its schema, and stands in none of these.
 *
 * A creditor reads what is about his creditors only, a consumer what is his own (reads.h): a set says that there is such a read
 * for them. The services' roles (system, notifier, clock) send commands, and read nothing but what became of their own.
 */

/* Those who work with people who owe. */
#define STAFF (ROLE_COMPLIANCE | ROLE_SUPERVISOR | ROLE_AGENT)

/* Customers, consents, debts, payments, messages. An admin has users and settings, and nothing that is about a person who owes.
 */
#define READS_PEOPLE (STAFF | ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AUDITOR | ROLE_REPORTING)

/* How somebody is reached; an address is shown whole to SEES_CONTACTS only. */
#define READS_CONTACTS (STAFF | ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AUDITOR)

/* What people wrote for each other, reasons, comments, who did it; and the texts that messages are made of. */
#define READS_NOTES (STAFF | ROLE_AUDITOR)

/* A creditor: those that were made of his debts alone. */
#define READS_REPORTS (ROLE_SUPERVISOR | ROLE_CREDITOR | ROLE_AUDITOR | ROLE_REPORTING)
#define READS_USERS   (ROLE_ADMIN | ROLE_AUDITOR)

/* What became of a command: whoever may issue any. Who works here, and looks at everything, is told of all; others of what is
 * theirs (commands.h). */
#define READS_COMMANDS     (READS_PEOPLE | ROLE_ADMIN | ROLE_SYSTEM | ROLE_NOTIFIER)
#define READS_ALL_COMMANDS (STAFF | ROLE_AUDITOR)

/* Names and birth dates: those who talk to people, those who answer for that, and a customer himself. */
#define SEES_NAMES (STAFF | ROLE_CREDITOR | ROLE_CONSUMER)

/* Addresses and written texts whole. A creditor is not to learn an address that the consumer gave to somebody else. */
#define SEES_CONTACTS (STAFF | ROLE_CONSUMER)

#endif
