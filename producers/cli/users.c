/* `dcs users`: accounts and their rights. The first admin is created here; later ones also over HTTP. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asker.h"
#include "base/array.h"
#include "base/base64url.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "crypto/password.h"
#include "database.h"
#include "minter.h"
#include "model/command.h"
#include "schemas/users.h"

#define PASSWORD_SIZE_MAX 1024
#define PASSWORD_SIZE_MIN 12
#define GENERATED_SIZE    15 /* random bytes: 20 characters */
#define ROLES_MAX         16
#define STATEMENT_MS      10000

static struct {
	struct asker_conf asker;
	const char *roles, *customer, *reason;
	struct scope_words scope;
	bool password_stdin;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.asker.sender),
	ROW_PG(&conf.asker.pg),
	ROW_PG_USER(&conf.asker.pg_user),
	{ .name = "roles",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.roles,
	  .help = "create: what he may do: admin,agent ...; none: nothing yet" },
	{ .name = "customer",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.customer,
	  .help = "with the role consumer: whose portal user he is (UUID)" },
	{ .name = "creditor",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.scope.creditors,
	  .help = "create, bind: creditors that his role creditor is about: ids or codes,... or *" },
	{ .name = "portfolio",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.scope.portfolios,
	  .help = "create, bind: only these portfolios of those creditors: ids or codes,... ; default: all of theirs" },
	{ .name = "source",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.scope.sources,
	  .help = "create, bind: payment sources that he may record payments of: bank-1,... or *" },
	{ .name = "reason", .kind = CONF_TEXT, .default_value = "", .target = &conf.reason, .help = "for the record" },
	{ .name = "password.stdin",
	  .kind = CONF_SWITCH,
	  .default_value = "false",
	  .target = &conf.password_stdin,
	  .help = "read the password from standard input, one line; otherwise one is made and printed once" },
};

static const struct usage usage = {
	.about = "usage: dcs users list\n"
		 "       dcs users create LOGIN [--roles ROLE,...] [BINDINGS] [--password-stdin]\n"
		 "       dcs users roles LOGIN ROLE,...|none           exactly these from now on\n"
		 "       dcs users bind LOGIN [BINDINGS]               to exactly these; none: to nothing\n"
		 "       dcs users disable LOGIN | enable LOGIN\n"
		 "       dcs users password LOGIN [--password-stdin]   a new one; all his sessions end\n\n"
		 "BINDINGS: [--creditor ID,... [--portfolio ID,...]] [--source NAME,...]\n"
		 "Each waits for the users module's answer (--timeout). Roles: ",
	.words = PERSON_ROLE_WORDS,
	.about_rest = ". A password that was made is the only line on standard output.\n"
		      "Exit status: 0 done; 1 refused, or it could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 3,
};

static const struct db_statement select_users = {
	"cli_users",
	"SELECT login, state, coalesce(nullif(array_to_string(public.dcs_role_names(roles), ','), ''), 'none'), user_id, "
	"to_char(registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), scope FROM users.account WHERE kind = "
	"'person' ORDER BY login",
};
static const struct db_statement select_user = { "cli_user",
						 "SELECT user_id FROM users.account WHERE login = $1 AND kind = 'person'" };
static const struct db_statement insert_credential = { "cli_credential",
						       "INSERT INTO users.credential (user_id, password_hash) VALUES ($1, $2)" };
static const struct db_statement delete_credential = { "cli_no_credential", "DELETE FROM users.credential WHERE user_id = $1" };
static const struct db_statement set_password = { "cli_password", "SELECT users.set_password($1, $2)" };

/* ---- the database ---- */

static int run_for(struct db *db, const struct db_statement *statement, const struct uuid *user_id, const char *text,
		   struct db_result *ret_result, struct err *err)
{
	struct db_params params;
	int status;

	db_params_init(&params, 1024);
	db_param_uuid(&params, user_id);
	if (text != NULL)
		db_param_text(&params, str_of(text));
	status = db_run(db, statement, &params, ret_result, err);
	db_params_release(&params);
	return status;
}

static int find_user(struct db *db, const char *login, struct uuid *ret_user_id, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int status;

	db_params_init(&params, 1024);
	db_param_text(&params, str_of(login));
	status = db_run(db, &select_user, &params, &result, err);
	if (status == 0 && result.rows == 0)
		status = err_set(err, ERR_FATAL, "there is no user with this login");
	else if (status == 0)
		*ret_user_id = db_uuid(&result, 0, 0);
	db_result_release(&result);
	db_params_release(&params);
	return status;
}

/* ---- passwords ---- */

/* Reads a line of standard input, without the line end. */
static int read_password(char password[PASSWORD_SIZE_MAX + 2], struct err *err)
{
	size_t size;

	if (fgets(password, PASSWORD_SIZE_MAX + 2, stdin) == NULL)
		return err_set(err, ERR_FATAL, "there is no password on standard input");
	size = strcspn(password, "\r\n");
	password[size] = '\0';
	if (size < PASSWORD_SIZE_MIN || size > PASSWORD_SIZE_MAX)
		return err_set(err, ERR_FATAL, "a password has %d to %d bytes", PASSWORD_SIZE_MIN, PASSWORD_SIZE_MAX);
	return 0;
}

static void make_password(char password[PASSWORD_SIZE_MAX + 2])
{
	uint8_t bytes[GENERATED_SIZE];

	random_bytes(bytes, sizeof(bytes));
	base64url_encode(password, bytes, sizeof(bytes));
	wipe(bytes, sizeof(bytes));
}

/* The new password, and its hash. */
static int take_password(char password[PASSWORD_SIZE_MAX + 2], char hash[PASSWORD_HASH_SIZE], struct err *err)
{
	if (!conf.password_stdin)
		make_password(password);
	else if (read_password(password, err) != 0)
		return -1;
	return password_hash(hash, str_of(password), err);
}

static void tell_password(const char *password)
{
	if (!conf.password_stdin)
		printf("%s\n", password);
}

/* ---- arguments of commands ---- */

struct rights {
	struct str roles[ROLES_MAX];
	size_t roles_count;
	bool has_customer;
	struct uuid customer_id;
};

static int read_rights(const char *words, struct rights *ret_rights, struct err *err)
{
	struct rights rights = { .has_customer = conf.customer[0] != '\0' };
	uint32_t bits = 0;

	if (words[0] != '\0' && strcmp(words, "none") != 0 && roles_parse(words, &bits, err) != 0)
		return -1;
	if (rights.has_customer && !uuid_parse(&rights.customer_id, str_of(conf.customer)))
		return err_set(err, ERR_FATAL, "--customer is a UUID");
	for (uint32_t bit = 1; bit != 0 && bit <= bits; bit <<= 1)
		if ((bits & bit) != 0)
			rights.roles[rights.roles_count++] = str_of(role_name(bit));
	*ret_rights = rights;
	return 0;
}

/* ---- subcommands ---- */

static int list(struct db *db, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int status = db_run(db, &select_users, NULL, &result, err);

	for (int row = 0; status == 0 && row < result.rows; row++) {
		const struct str login = db_str(&result, row, 0), state = db_str(&result, row, 1),
				 roles = db_str(&result, row, 2), at = db_str(&result, row, 4), scope = db_str(&result, row, 5);
		const struct uuid id = db_uuid(&result, row, 3);
		char text[UUID_TEXT_SIZE + 1];

		uuid_format(text, &id);
		printf("%.*s\t%.*s\t%.*s\t%s\t%.*s\t%.*s\n", (int)login.size, login.data, (int)state.size, state.data,
		       (int)roles.size, roles.data, text, (int)at.size, at.data, (int)scope.size, scope.data);
	}
	db_result_release(&result);
	return status;
}

static size_t add_ids(struct str *words, char (*texts)[UUID_TEXT_SIZE + 1], const struct uuid *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uuid_format(texts[i], &ids[i]);
		words[i] = str_of(texts[i]);
	}
	return count;
}

/* Sets the scope to exactly that of the flags. */
static int bind_user(struct asker *asker, const struct uuid *user_id, const struct scope *scope, struct err *err)
{
	struct str creditors[SCOPE_CREDITORS_MAX], portfolios[SCOPE_PORTFOLIOS_MAX], sources[SCOPE_SOURCES_MAX];
	char ids[SCOPE_CREDITORS_MAX + SCOPE_PORTFOLIOS_MAX][UUID_TEXT_SIZE + 1];
	struct bind_user body = { .user_id = *user_id,
				  .creditors = creditors,
				  .portfolios = portfolios,
				  .sources = sources,
				  .reason = str_of(conf.reason) };

	body.creditors_count = add_ids(creditors, ids, scope->creditors, scope->creditors_count);
	body.portfolios_count = add_ids(portfolios, ids + body.creditors_count, scope->portfolios, scope->portfolios_count);
	for (size_t i = 0; i < scope->sources_count; i++)
		sources[body.sources_count++] = str_of(scope->sources[i]);
	if (scope->all_creditors)
		creditors[body.creditors_count++] = STR("*");
	if (scope->all_sources)
		sources[body.sources_count++] = STR("*");
	return asker_ask(asker, &bind_user_type, &body, err);
}

static int run_bind(struct asker *asker, const char *login, const char *unused, struct err *err)
{
	struct scope scope;
	struct uuid user_id;

	(void)unused;
	if (scope_of_words(&conf.scope, &scope, err) != 0 || find_user(asker->db, login, &user_id, err) != 0)
		return -1;
	return bind_user(asker, &user_id, &scope, err);
}

/* The credential first, as in the gateway: without an account it is useless. */
static int create(struct asker *asker, const char *login, const char *hash, const struct rights *rights, struct uuid *ret_user_id,
		  struct err *err)
{
	const struct register_user body = { .user_id = uuid_new(),
					    .login = str_of(login),
					    .roles = rights->roles,
					    .roles_count = rights->roles_count,
					    .has_customer_id = rights->has_customer,
					    .customer_id = rights->customer_id };
	struct err ignored = ERR_INIT;

	if (run_for(asker->db, &insert_credential, &body.user_id, hash, NULL, err) != 0)
		return -1;
	*ret_user_id = body.user_id;
	if (asker_ask(asker, &register_user_type, &body, err) == 0)
		return 0;
	if (err->kind == ERR_POISON) /* otherwise it may be applied later */
		(void)!run_for(asker->db, &delete_credential, &body.user_id, NULL, NULL, &ignored);
	return -1;
}

static int run_create(struct asker *asker, const char *login, const char *roles, struct err *err)
{
	char password[PASSWORD_SIZE_MAX + 2], hash[PASSWORD_HASH_SIZE];
	struct rights rights;
	struct scope scope;
	struct uuid user_id;
	int status = -1;

	(void)roles;
	if (read_rights(conf.roles, &rights, err) != 0 || scope_of_words(&conf.scope, &scope, err) != 0 ||
	    take_password(password, hash, err) != 0)
		goto out;
	if (create(asker, login, hash, &rights, &user_id, err) != 0)
		goto out;
	tell_password(password);
	status = scope_is_empty(&scope) ? 0 : bind_user(asker, &user_id, &scope, err);
out:
	wipe(password, sizeof(password));
	return status;
}

/* Records the sessions that the change has ended. */
static int record_ended(struct asker *asker, const struct uuid *user_id, const struct db_result *ended, struct err *err)
{
	struct record_session_end body = { .user_id = *user_id, .reason = STR("password") };
	int status = 0;

	for (int row = 0; status == 0 && row < ended->rows; row++) {
		body.session_id = db_uuid(ended, row, 0);
		status = asker_ask(asker, &record_session_end_type, &body, err);
	}
	return status;
}

static int run_password(struct asker *asker, const char *login, const char *unused, struct err *err)
{
	char password[PASSWORD_SIZE_MAX + 2], hash[PASSWORD_HASH_SIZE];
	struct db_result ended = { .pg = NULL };
	struct uuid user_id;
	int status = -1;

	(void)unused;
	if (find_user(asker->db, login, &user_id, err) != 0 || take_password(password, hash, err) != 0)
		goto out;
	if (run_for(asker->db, &set_password, &user_id, hash, &ended, err) != 0)
		goto out;
	tell_password(password);
	status = record_ended(asker, &user_id, &ended, err);
out:
	db_result_release(&ended);
	wipe(password, sizeof(password));
	return status;
}

static int run_roles(struct asker *asker, const char *login, const char *roles, struct err *err)
{
	struct change_roles body = { .reason = str_of(conf.reason) };
	struct rights rights;

	if (read_rights(roles, &rights, err) != 0 || find_user(asker->db, login, &body.user_id, err) != 0)
		return -1;
	body.roles = rights.roles;
	body.roles_count = rights.roles_count;
	body.has_customer_id = rights.has_customer;
	body.customer_id = rights.customer_id;
	return asker_ask(asker, &change_roles_type, &body, err);
}

static int run_disable(struct asker *asker, const char *login, const char *unused, struct err *err)
{
	struct disable_user body = { .reason = str_of(conf.reason) };

	(void)unused;
	if (find_user(asker->db, login, &body.user_id, err) != 0)
		return -1;
	return asker_ask(asker, &disable_user_type, &body, err);
}

static int run_enable(struct asker *asker, const char *login, const char *unused, struct err *err)
{
	struct enable_user body = { .reason = str_of(conf.reason) };

	(void)unused;
	if (find_user(asker->db, login, &body.user_id, err) != 0)
		return -1;
	return asker_ask(asker, &enable_user_type, &body, err);
}

static const struct {
	const char *name;
	int arguments; /* beside the name */
	int (*run)(struct asker *asker, const char *login, const char *roles, struct err *err);
} actions[] = {
	{ "create", 1, run_create },   { "roles", 2, run_roles },   { "bind", 1, run_bind },
	{ "disable", 1, run_disable }, { "enable", 1, run_enable }, { "password", 1, run_password },
};
#define ACTIONS_COUNT COUNT(actions)

static int run_action(size_t index, const struct arguments *arguments, struct err *err)
{
	struct asker asker = { .timeout_s = 0 };
	int status = asker_open(&asker, &conf.asker, err);

	if (status == 0)
		status = actions[index].run(&asker, arguments->items[1], arguments->items[2], err);
	asker_close(&asker);
	return status;
}

static int run_list(struct err *err)
{
	struct db *db = NULL;
	int status = database_open(conf.asker.pg, conf.asker.pg_user, STATEMENT_MS, &db, err);

	if (status == 0)
		status = list(db, err);
	db_close(db);
	return status;
}

int run_users(int argc, char **argv)
{
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;
	size_t index = 0;

	conf.asker.sender.roles = "admin,system"; /* system: for the records that the gateway would write */
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (strcmp(arguments.items[0], "list") == 0 && arguments.count == 1)
		return run_list(&err) == 0 ? EXIT_STATUS_OK : fail_wrong(argv[0], &err);
	while (index < ACTIONS_COUNT && strcmp(arguments.items[0], actions[index].name) != 0)
		index++;
	if (index == ACTIONS_COUNT)
		return fail_usage(argv[0], "there is no %.20s", arguments.items[0]);
	if (arguments.count != 1 + actions[index].arguments)
		return fail_usage(argv[0], "%s takes %s", actions[index].name,
				  actions[index].arguments == 2 ? "a login and roles" : "a login");
	return run_action(index, &arguments, &err) == 0 ? EXIT_STATUS_OK : fail_wrong(argv[0], &err);
}
