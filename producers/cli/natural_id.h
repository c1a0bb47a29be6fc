#ifndef CLI_NATURAL_ID_H
#define CLI_NATURAL_ID_H

#include "base/str.h"
#include "base/uuid.h"

/*
 * Ids derived from the names that files use, so that the same file gives the same ids whenever and wherever it is imported, and
 * a payment finds the debt of another file. `dcs import` and `dcs sample` agree by using these. References are in normal form
 * (base/text.h, a word): " A1" and "A1" have one id.
 */
struct uuid customer_id_of(struct str customer_ref);
struct uuid creditor_id_of(struct str creditor);   /* a UUID stands for itself, anything else is a name */
struct uuid portfolio_id_of(struct str portfolio); /* as creditor_id_of */
struct uuid debt_id_of(const struct uuid *creditor_id, struct str external_ref);
struct uuid payment_id_of(struct str source, struct str external_ref);
struct uuid contact_point_id_of(const struct uuid *customer_id, struct str channel, struct str address);
struct uuid template_id_of(struct str name, struct str channel, struct str language);
struct uuid consent_id_of(const struct uuid *customer_id, struct str channel, struct str occasion);
struct uuid communication_id_of(const struct uuid *customer_id, int64_t number);

/*
 * The idempotency key of a command that stands for a row: derived from its type and content. The same row again is the same
 * command: nothing happens if it was applied, and it is decided anew if it was refused. A corrected row is a new command. The
 * time in front is the same for all (2020-01-01), so these ids never count as the newest (sql/0001_engine.sql, last_id).
 */
struct uuid row_command_id_of(struct str type_name, struct str content);

#endif
