/* The tables of the users module against its log. Passwords and sessions are the gateway's: they are in no event. */
#include "base/array.h"
#include "consumers/users/columns.h"
#include "consumers/users/users.h"
#include "crypto/crypto.h"
#include "fold.h"
#include "model/scope.h"
#include "schemas/users.h"

/* Beside the state of a user. */
struct user_note {
	int64_t registered_at_ms, updated_at_ms;
	struct str login_hash; /* empty: the event is older than this field */
	struct str name;       /* of a service */
};

/* The login is in the command only; here the user's id replaces it. */
static const struct register_user *login_of(struct fold *fold, const struct command *command)
{
	struct register_user *body = fold_scratch(fold, sizeof(*body));

	body->login = (struct str){ .data = (const char *)command->key.bytes, .size = sizeof(command->key.bytes) };
	return body;
}

static void prepare_users(struct fold *fold, struct command *command, const struct event *event, const struct logged_line *line)
{
	(void)line;
	switch (users_event(event->type)) {
	case EVENT_USER_REGISTERED:
		command->body = login_of(fold, command);
		return;
	case EVENT_ROLES_CHANGED: /* these events contain everything that evolve reads */
	case EVENT_USER_BOUND:
	case EVENT_USER_DISABLED:
	case EVENT_USER_ENABLED:
	case EVENT_USER_INVITED:
	case EVENT_TOKENS_ENDED:
	case EVENT_SERVICE_REGISTERED:
	case EVENT_SERVICE_CHANGED:
	case EVENT_SECRET_RENEWED:
	case EVENT_SERVICE_REVOKED:
	case EVENT_USER_LOGGED_IN:
	case EVENT_LOGIN_FAILED:
	case EVENT_SESSION_ENDED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void note_user(struct fold *fold, const struct user_registered *body, const struct logged_line *line)
{
	struct user_note *note = fold_note(fold, &user_entity, &body->user_id, sizeof(*note));

	note->registered_at_ms = line->row.at_ms;
	note->login_hash = fold_copy(fold, body->login_hash);
}

static void note_service(struct fold *fold, const struct service_registered *body, const struct logged_line *line)
{
	struct user_note *note = fold_note(fold, &user_entity, &body->service_id, sizeof(*note));

	note->registered_at_ms = line->row.at_ms;
	note->name = fold_copy(fold, body->name);
}

static void note_event(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	switch (users_event(event->type)) {
	case EVENT_USER_REGISTERED:
		note_user(fold, event->body, line);
		return;
	case EVENT_SERVICE_REGISTERED:
		note_service(fold, event->body, line);
		return;
	case EVENT_ROLES_CHANGED: /* evolve handles these completely */
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
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void note_users(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	struct user_note *note;

	note_event(fold, event, line);
	note = fold_noted(fold, &user_entity, &line->row.subject);
	if (note != NULL && message_is_numbered(event->type))
		note->updated_at_ms = line->row.at_ms;
}

static void check_login(struct table_row *row, struct str login_hash)
{
	struct str login = row_text(row, row->column++);
	uint8_t key[32], hash[DIGEST_SIZE];

	if (!row->verify->has_key || login_hash.size == 0)
		return;
	hash_key(key, row->verify->key);
	hidden_hash(hash, "login", login, key);
	wipe(key, sizeof(key));
	if (!str_equal(login_hash, (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "login is not what the log says");
}

static void check_account(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct user *user = row_state(fold, row, &id);
	const struct user_note *note = fold_noted(fold, &user_entity, &id);
	struct buf scope;

	if (user == NULL || note == NULL)
		return;
	row->column = 2;
	if (note->name.size > 0)
		expect_bytes(row, note->name);
	else
		check_login(row, note->login_hash);
	expect_instant(row, note->registered_at_ms);
	expect_instant(row, note->updated_at_ms);
	buf_init(&scope, SCOPE_TEXT_SIZE_MAX);
	scope_write(&user->scope, &scope);
	expect_bytes(row, buf_str(&scope));
	buf_release(&scope);
	expect_columns(row, user);
}

static struct db_template select_accounts = {
	.name = "verify_rows_account",
	.columns = &user_columns,
	.sql = "SELECT a.user_id, a.user_id, a.login, a.registered_at, a.updated_at, a.scope, {a.columns} FROM users.account a",
};

static const struct folded_table tables[] = {
	{ .name = "users.account", .template = &select_accounts, .ids = 1, .entity = &user_entity, .check = check_account },
};

const struct folded_module folded_users = {
	.module = &users_module,
	.prepare = prepare_users,
	.note = note_users,
	.tables = tables,
	.tables_count = COUNT(tables),
};
