/* The `dcs` command: finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "worker/stack.h"

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct subcommand subcommands[] = {
	{ "migrate", run_migrate, "bring the database to the newest migration" },
	{ "topics", run_topics, "create the topics that are missing" },
	{ "token", run_token, "print a token for a subject and its roles" },
	{ "users", run_users, "who may log in, and what he may do; the first admin" },
	{ "keys", run_keys, "the keys that tokens are signed and verified with: one after another" },
	{ "publish", run_publish, "publish commands of one type, one JSON object a line" },
	{ "import", run_import, "publish the commands that a CSV file stands for; again is harmless" },
	{ "sample", run_sample, "write a realistic synthetic portfolio as files" },
	{ "tail", run_tail, "print the records of a topic as JSON" },
	{ "status", run_status, "lag, heads, unpublished events, what is halted or parked" },
	{ "verify", run_verify, "recompute the promises from the database and the topics" },
	{ "anchor", run_anchor, "write down how far the logs are, signed, to be kept elsewhere" },
	{ "dead-letters", run_dead_letters, "list or replay records that were no commands" },
	{ "approvals", run_approvals, "list commands that wait for a second person" },
	{ "tasks", run_tasks, "list what people have to do: calls, reviews" },
	{ "parked", run_parked, "list parked commands, or let them go" },
	{ "bounces", run_bounces,
	  "read the mails that came back: what failed, which addresses there are no more, what people wrote" },
	{ "letters", run_letters, "read what the printer says of letters: posted, delivered, failed, returned" },
	{ "profiles", run_profiles, "list compliance profiles: their rules and numbers" },
	{ "dunning", run_dunning, "list dunning policies, in force and ready-made; publish or retire one" },
	{ "explain", run_explain, "what happened to a customer, what comes next, when, and why" },
	{ "decisions", run_decisions, "decide again what the guard has decided, from its facts" },
	{ "unknown", run_unknown, "list messages of which nobody knows whether they were sent" },
	{ "openapi", run_openapi, "print the gateway's OpenAPI document" },
	{ "unhalt", run_unhalt, "let a halted partition go on" },
	{ "reseal", run_reseal, "seal anew what earlier programs have sealed" },
	{ "rehearse", run_rehearse, "play a script on a rehearsal: its time and what happens at it" },
	{ "business-date", run_business_date, "take back a business date that is wrong" },
};

#define SUBCOMMANDS_COUNT COUNT(subcommands)

static void print_help(FILE *file)
{
	fprintf(file, "usage: dcs SUBCOMMAND [FLAGS] [ARGUMENTS]\n\n");
	for (size_t i = 0; i < SUBCOMMANDS_COUNT; i++)
		fprintf(file, "  %-13s %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(file, "\ndcs SUBCOMMAND --help tells its flags. Every flag --a-b is also the variable DCS_A_B.\n"
		      "DCS_REHEARSAL=yes: the stack is a rehearsal (compose/README.md); a live one refuses that.\n"
		      "Exit status: 0 done, nothing wrong; 1 something is wrong or was found; 2 wrong usage.\n");
}

/* Of all subcommands, so it is none of their flags. */
static int read_kind_of_stack(char **argv, struct err *err)
{
	enum conf_outcome outcome;
	bool is_rehearsal = false;
	int argi;
	const struct conf_row row = STACK_SETTING(&is_rehearsal);

	if (conf_read(&row, 1, "", 1, argv, &outcome, &argi, err) != 0)
		return -1;
	stack_set(is_rehearsal);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	log_init("dcs", LOG_WARN);
	if (argc < 2) {
		print_help(stderr);
		return EXIT_STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_STATUS_OK;
	}
	if (crypto_init(&err) != 0 || read_kind_of_stack(argv, &err) != 0)
		return fail_wrong(argv[1], &err);
	for (size_t i = 0; i < SUBCOMMANDS_COUNT; i++) {
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "dcs: there is no subcommand %s; see dcs --help\n", argv[1]);
	return EXIT_STATUS_USAGE;
}
