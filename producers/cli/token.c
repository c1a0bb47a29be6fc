/* `dcs token`: prints a token. */
#include "token/token.h"

#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "cli.h"
#include "minter.h"
#include "schemas/words.h"

static struct {
	const char *bootstrap, *keys_dir, *issuer, *audience, *subject, *role;
	struct scope_words scope;
	int64_t minutes;
} conf;

static const struct conf_row rows[] = {
	{ .name = "kafka.bootstrap",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.bootstrap,
	  .help = "brokers, whose time the token begins at; empty: at this host's" },
	ROW_KEYS_DIR(&conf.keys_dir),
	ROW_ISSUER(&conf.issuer),
	ROW_AUDIENCE(&conf.audience),
	{ .name = "subject", .kind = CONF_TEXT, .default_value = NULL, .target = &conf.subject, .help = "sub: who it is for" },
	{ .name = "role", .kind = CONF_TEXT, .default_value = "", .target = &conf.role, .help = "roles: creditor,agent ..." },
	SCOPE_ROWS(conf.scope),
	{ .name = "minutes",
	  .kind = CONF_NUMBER,
	  .default_value = "60",
	  .number_min = 1,
	  .number_max = TOKEN_LIFE_MAX_MS / 60000,
	  .target = &conf.minutes,
	  .help = "how long it is valid" },
};

static const struct usage usage = {
	.about = "usage: dcs token --subject SUBJECT --role ROLE[,ROLE...] [--creditor ID,... [--portfolio ID,...]] "
		 "[--source NAME,...] [FLAGS] [ROLE...]\n\n"
		 "Prints a token (JWT, ES256) signed with the private key of the keys' folder. Roles: ",
	.words = ROLE_WORDS,
	.about_rest = ".",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = ARGUMENTS_MAX,
};

/* The roles of --role and of the arguments, joined by commas. */
static bool join_roles(const struct arguments *arguments, char *text, size_t text_size)
{
	size_t size = (size_t)snprintf(text, text_size, "%s", conf.role);

	for (int i = 0; i < arguments->count && size < text_size; i++)
		size += (size_t)snprintf(text + size, text_size - size, "%s%s", size > 0 ? "," : "", arguments->items[i]);
	return size < text_size;
}

/* The token is checked against the broker's time, but may be minted where no broker is reachable. */
static int ask_time(struct err *err)
{
	const struct bus_conf bus = { .bootstrap = conf.bootstrap, .client_id = "dcs-cli", .queue_records = 16 };
	struct bus_producer *producer = NULL;

	if (conf.bootstrap[0] == '\0')
		return 0;
	if (bus_producer_open(&bus, &producer, err) != 0)
		return -1;
	minter_ask_time(producer);
	bus_producer_close(producer);
	return 0;
}

int run_token(int argc, char **argv)
{
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct minter minter = { .keys = NULL };
	struct mandate mandate;
	struct str token;
	char roles[512];
	uint32_t bits = 0;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!join_roles(&arguments, roles, sizeof(roles)))
		return fail_usage(argv[0], "too many roles");
	if (roles_parse(roles, &bits, &err) != 0)
		return fail_usage(argv[0], "%s", err.text);
	mandate = (struct mandate){ .subject = conf.subject, .roles = roles };
	if (scope_parse(&conf.scope, &mandate.scope, &err) != 0)
		return fail_usage(argv[0], "%s", err.text);
	if (minter_open(&minter, conf.keys_dir, conf.issuer, conf.audience, &mandate, conf.minutes, &err) != 0 ||
	    ask_time(&err) != 0 || minter_token(&minter, bus_now_ms(), &token, &err) != 0)
		status = fail_wrong(argv[0], &err);
	else
		printf("%.*s\n", (int)token.size, token.data);
	minter_close(&minter);
	return status;
}
