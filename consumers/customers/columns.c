#include "consumers/customers/columns.h"

#include "consumers/customers/customers.h"

/* ---- customers.customer ---- */

enum { WRITTEN = 1 << 0 };

static const struct db_column customer_rows[] = {
	{ "status", DB_WORD(struct customer, status, customer_status_words) },
	{ "locale", DB_CHARS(struct customer, locale), .set = WRITTEN },
	{ "country", DB_CHARS(struct customer, country), .set = WRITTEN },
	{ "region", DB_CHARS(struct customer, region), .set = WRITTEN, .or_null = true },
	{ "timezone", DB_CHARS(struct customer, timezone), .set = WRITTEN, .or_null = true },
	{ "version", DB_INT64(struct customer, version), .set = WRITTEN },
};

const struct db_columns customer_columns = DB_COLUMNS(customer_rows, 0);
const struct db_columns customer_columns_written = DB_COLUMNS(customer_rows, WRITTEN);

static const struct db_column customer_version_rows[] = { { "version", DB_INT64(struct customer, version_stored) } };

const struct db_columns customer_columns_version_stored = DB_COLUMNS(customer_version_rows, 0);

/* ---- customers.contact_point ---- */

enum { CHANGED = 1 << 0 };

static const struct db_column point_rows[] = {
	{ "customer_id", DB_UUID(struct contact_point, customer_id) },
	{ "channel", DB_WORD(struct contact_point, channel, channel_words) },
	{ "state", DB_WORD(struct contact_point, state, contact_point_state_words), .set = CHANGED },
	{ "version", DB_INT64(struct contact_point, version), .set = CHANGED },
	{ "verified_at", DB_INSTANT(struct contact_point, verified_at_ms), .set = CHANGED, .or_null = true },
	{ "number_checked_at", DB_INSTANT(struct contact_point, number_checked_at_ms), .set = CHANGED, .or_null = true },
};

const struct db_columns contact_point_columns = DB_COLUMNS(point_rows, 0);
const struct db_columns contact_point_columns_changed = DB_COLUMNS(point_rows, CHANGED);

static const struct db_column point_version_rows[] = { { "version", DB_INT64(struct contact_point, version_stored) } };

const struct db_columns contact_point_columns_version_stored = DB_COLUMNS(point_version_rows, 0);
