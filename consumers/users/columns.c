#include "consumers/users/columns.h"

#include "consumers/users/users.h"

enum { CHANGED = 1 << 0 };

static const struct db_column user_rows[] = {
	{ "version", DB_INT64(struct user, version), .set = CHANGED },
	{ "kind", DB_WORD(struct user, kind, user_kind_words) },
	{ "state", DB_WORD(struct user, state, user_state_words), .set = CHANGED },
	{ "roles", DB_INT32(struct user, roles), .set = CHANGED },
	{ "customer_id", DB_UUID(struct user, customer_id), .set = CHANGED, .or_null = true },
	{ "token_version", DB_INT64(struct user, token_version), .set = CHANGED },
};

const struct db_columns user_columns = DB_COLUMNS(user_rows, 0);
const struct db_columns user_columns_changed = DB_COLUMNS(user_rows, CHANGED);

static const struct db_column version_rows[] = { { "version", DB_INT64(struct user, version_stored) } };

const struct db_columns user_columns_version_stored = DB_COLUMNS(version_rows, 0);
