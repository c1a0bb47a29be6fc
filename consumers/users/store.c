#include "consumers/users/store.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/users/columns.h"
#include "consumers/users/users.h"
#include "crypto/crypto.h"
#include "schemas/users.h"

#define COPY_SIZE_MAX   ((size_t)16 << 20)
#define PARAMS_SIZE_MAX ((size_t)16 << 20)
#define LIST_SIZE_MAX   ((size_t)16 << 20)

/* ---- load ---- */

static struct db_template select_users = {
	.name = "users_select_users",
	.columns = &user_columns,
	.sql = "SELECT u.n, a.scope, {a.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM users.account t WHERE t.user_id = u.id OFFSET 0) a",
};

static int read_user(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct user *user = slot->state;

	(void)self;
	user->version_stored = user->version;
	if (!scope_read(&user->scope, db_str(result, row, 1)))
		return err_set(err, ERR_POISON, "what a user is bound to cannot be read");
	return 0;
}

static const struct db_statement select_logins = {
	.name = "users_select_logins",
	.sql = "SELECT u.n FROM unnest($1::text[]) WITH ORDINALITY AS u (login, n) "
	       "CROSS JOIN LATERAL (SELECT FROM users.account t WHERE t.login = u.login OFFSET 0) a",
};

static void ask_logins(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	const struct users_store *store = self;

	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		hidden_hash(((struct user_login *)slots[index]->state)->hash, "login", slots[index]->text, store->hash_key);
		db_array_text(params, slots[index]->text);
	}
}

static int read_login(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct user_login *login = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	login->is_taken = 1;
	return 0;
}

static const struct slot_query queries[] = {
	{ .entity = &user_entity, .template = &select_users, .read = read_user },
	{ .entity = &user_login_entity, .statement = &select_logins, .ask = ask_logins, .read = read_login },
};

static int users_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct users_store *store = self;

	return slot_queries_run(&store->loader, db, queries, COUNT(queries), store, slots, count, err);
}

/* ---- save ---- */

static const struct db_table table_accounts = {
	.name = "users.account",
	.columns = "user_id uuid, login text, registered_at timestamptz, scope text, updated_at timestamptz",
	.list = &user_columns,
};

/* Whether an event creates an account; if so, its id and its login or name. */
static bool makes_account(const struct event *event, struct uuid *ret_id, struct str *ret_login)
{
	switch (users_event(event->type)) {
	case EVENT_USER_REGISTERED:
		*ret_id = ((const struct user_registered *)event->body)->user_id;
		*ret_login = ((const struct register_user *)event->command->body)->login;
		return true;
	case EVENT_SERVICE_REGISTERED:
		*ret_id = ((const struct service_registered *)event->body)->service_id;
		*ret_login = ((const struct service_registered *)event->body)->name;
		return true;
	case EVENT_ROLES_CHANGED:
	case EVENT_USER_BOUND:
	case EVENT_USER_DISABLED:
	case EVENT_USER_ENABLED:
	case EVENT_USER_INVITED:
	case EVENT_TOKENS_ENDED:
	case EVENT_SERVICE_CHANGED:
	case EVENT_SECRET_RENEWED:
	case EVENT_SERVICE_REVOKED:
	case EVENT_USER_LOGGED_IN:
	case EVENT_LOGIN_FAILED:
	case EVENT_SESSION_ENDED:
		return false;
	}
	MUST_NOT_REACH("an event of another module");
}

/* Inserts the account as it is at the end of the batch, so that its later changes need no update. */
static void copy_account(struct users_store *store, const struct workset *set, const struct uuid *id, struct str login,
			 int64_t at_ms)
{
	struct db_copy *copy = &store->accounts;
	const struct user *user = workset_state(set, &user_entity, id);

	MUST(user != NULL);
	db_copy_row(copy);
	db_copy_uuid(copy, id);
	db_copy_str(copy, login);
	db_copy_instant(copy, at_ms);
	buf_reset(&store->scope);
	scope_write(&user->scope, &store->scope);
	db_copy_str(copy, buf_str(&store->scope));
	db_copy_instant(copy, workset_find(set, &user_entity, id)->changed_at_ms);
	db_copy_columns(copy, &user_columns, user);
}

static struct db_template update_accounts = {
	.name = "users_update_accounts",
	.columns = &user_columns_changed,
	.sql = "UPDATE users.account a SET scope = u.scope, updated_at = u.updated_at, {columns = $5} "
	       "FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[]) WITH ORDINALITY "
	       "AS u (id, version_was, scope, updated_at, n) WHERE a.user_id = u.id AND a.version = u.version_was",
};

static void add_users(struct db_params *params, struct buf *scope, struct slot **slots, size_t count)
{
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &user_columns_version_stored, slots, count);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		const struct user *user = slots[index]->state;

		buf_reset(scope);
		scope_write(&user->scope, scope);
		db_array_text(params, buf_str(scope));
	}
	slots_add_changed_at(params, slots, count);
	slots_add_columns(params, &user_columns_changed, slots, count);
}

static int users_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
		      size_t events_count, struct err *err)
{
	struct users_store *store = self;
	struct slot **slots;
	struct uuid id;
	struct str login;
	size_t count;

	slots_note_events(set, &user_entity, events, events_count);
	db_copy_reset(&store->accounts);
	for (size_t index = 0; index < events_count; index++)
		if (makes_account(events[index].event, &id, &login))
			copy_account(store, set, &id, login, events[index].at_ms);
	if (db_write_copy(db, &store->accounts, err) < 0)
		return -1;
	slots = slots_to_update(&store->list, set, &user_entity, &count);
	add_users(&store->params, &store->scope, slots, count);
	return db_write(db, db_template_statement(&update_accounts), &store->params, count, err);
}

/* ---- the store ---- */

static struct users_store the_store;

const struct store users_store = { .load = users_load, .save = users_save, .self = &the_store };

int users_store_prepare(void *self, struct err *err)
{
	struct users_store *store = self;
	const char *path = getenv("DCS_ADDRESS_KEY_FILE");
	uint8_t key[32];

	if (path == NULL)
		return err_set(err, ERR_FATAL,
			       "DCS_ADDRESS_KEY_FILE is not set: it names the file of the key that hides logins in events");
	if (key_read(key, path, err) < 0)
		return -1;
	hash_key(store->hash_key, key);
	wipe(key, sizeof(key));
	slot_loader_init(&store->loader);
	db_copy_init(&store->accounts, &table_accounts, COPY_SIZE_MAX);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	buf_init(&store->scope, SCOPE_TEXT_SIZE_MAX);
	return 0;
}
