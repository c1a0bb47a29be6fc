#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "base/err.h"

/*
 * The parts that the subcommands of `dcs` share. A subcommand is one file `<name>.c` with one function, its own table of
 * settings (base/conf) and a row in main.c. Results go to standard output, everything about the run (progress, faults,
 * summaries) to standard error. No subcommand logs: its output is for people.
 */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_WRONG = 1, /* it ran and something is wrong, was found, or could not be done */
	EXIT_STATUS_USAGE = 2, /* it did not run: the arguments or settings make no sense */
};

/* argv[0] is the subcommand's own name. Returns an exit_status. */
int run_bounces(int argc, char **argv);
int run_letters(int argc, char **argv);
int run_dead_letters(int argc, char **argv);
int run_decisions(int argc, char **argv);
int run_profiles(int argc, char **argv);
int run_dunning(int argc, char **argv);
int run_explain(int argc, char **argv);
int run_unknown(int argc, char **argv);
int run_import(int argc, char **argv);
int run_keys(int argc, char **argv);
int run_migrate(int argc, char **argv);
int run_openapi(int argc, char **argv);
int run_approvals(int argc, char **argv);
int run_tasks(int argc, char **argv);
int run_parked(int argc, char **argv);
int run_publish(int argc, char **argv);
int run_rehearse(int argc, char **argv);
int run_reseal(int argc, char **argv);
int run_sample(int argc, char **argv);
int run_anchor(int argc, char **argv);
int run_status(int argc, char **argv);
int run_tail(int argc, char **argv);
int run_token(int argc, char **argv);
int run_topics(int argc, char **argv);
int run_unhalt(int argc, char **argv);
int run_business_date(int argc, char **argv);
int run_users(int argc, char **argv);
int run_verify(int argc, char **argv);

/* ---- settings and arguments ---- */

#define ARGUMENTS_MAX 64

/* The arguments of the command line that are no flags. Borrows from argv. */
struct arguments {
	char *items[ARGUMENTS_MAX + 1];
	int count;
};

/* The usage of a subcommand. --help prints `about`, the words of a list, and `about_rest` above the settings. */
struct usage {
	const char *about;
	const char *words;      /* a list of schemas/words.h, a space between; NULL: none */
	const char *about_rest; /* NULL: none */
	const struct conf_row *rows;
	size_t rows_count;
	int arguments_min, arguments_max;
};

/*
 * Reads environment and flags into the rows' targets; flags may stand before or behind the other arguments. False: there is
 * nothing left to do (--help, or a fault, which was printed), and *ret_status is the value to return.
 */
MUST_CHECK bool arguments_read(const struct usage *usage, int argc, char **argv, struct arguments *ret_arguments,
			       int *ret_status);

/* Print "dcs NAME: text" to standard error. Both return the value that run_... returns. */
int fail_usage(const char *subcommand, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fail_wrong(const char *subcommand, const struct err *err);

/* Rows that several subcommands have. */
#define ROW_BOOTSTRAP(variable)                                                                                                  \
	{                                                                                                                        \
		.name = "kafka.bootstrap", .kind = CONF_TEXT, .default_value = "127.0.0.1:9092", .target = (variable),           \
		.help = "brokers: host:port,..."                                                                                 \
	}
#define ROW_PG(variable)                                                                                                         \
	{                                                                                                                        \
		.name = "pg", .kind = CONF_TEXT, .default_value = "dbname=dcs", .target = (variable),                            \
		.help = "where the database is (libpq conninfo)"                                                                 \
	}
#define ROW_PG_USER(variable)                                                                                                    \
	{                                                                                                                        \
		.name = "pg.user", .kind = CONF_TEXT, .default_value = "", .target = (variable),                                 \
		.help = "database role; empty: as the conninfo or libpq says"                                                    \
	}
#define ROW_KEYS_DIR(variable)                                                                                                   \
	{                                                                                                                        \
		.name = "keys.dir", .kind = CONF_TEXT, .default_value = "", .target = (variable),                                \
		.help = "folder of the token keys, with a private one"                                                           \
	}
#define ROW_ISSUER(variable)                                                                                                     \
	{                                                                                                                        \
		.name = "token.issuer", .kind = CONF_TEXT, .default_value = "dcs", .target = (variable), .help = "iss of tokens" \
	}
#define ROW_AUDIENCE(variable)                                                                                                   \
	{                                                                                                                        \
		.name = "token.audience", .kind = CONF_TEXT, .default_value = "dcs", .target = (variable),                       \
		.help = "aud of tokens"                                                                                          \
	}
/* The scope of a minted token; see minter.h. */
#define SCOPE_ROWS(words)                                                                                                        \
	{ .name = "creditor",                                                                                                    \
	  .kind = CONF_TEXT,                                                                                                     \
	  .default_value = "",                                                                                                   \
	  .target = &(words).creditors,                                                                                          \
	  .help = "creditors of the minted token: ids or codes,... ; default: all of them" },                                    \
		{ .name = "portfolio",                                                                                           \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(words).portfolios,                                                                                 \
		  .help = "of these creditors only these portfolios: ids or codes,... ; default: all of theirs" },               \
	{                                                                                                                        \
		.name = "source", .kind = CONF_TEXT, .default_value = "", .target = &(words).sources,                            \
		.help = "payment sources of the minted token: bank-1,... ; default: all of them"                                 \
	}
#define ROW_PARTS(variable)                                                                                                      \
	{                                                                                                                        \
		.name = "parts", .kind = CONF_NUMBER, .default_value = "6", .target = (variable), .number_min = 1,               \
		.number_max = 256, .help = "partitions of every topic; fixed for its life"                                       \
	}
#define ROW_PROGRESS(variable)                                                                                                   \
	{                                                                                                                        \
		.name = "progress", .kind = CONF_SWITCH, .default_value = "false", .target = (variable),                         \
		.help = "show progress on standard error even if it is no terminal"                                              \
	}
#define ROW_JSON(variable)                                                                                                       \
	{                                                                                                                        \
		.name = "json", .kind = CONF_SWITCH, .default_value = "false", .target = (variable),                             \
		.help = "print JSON instead of a table"                                                                          \
	}

#endif
