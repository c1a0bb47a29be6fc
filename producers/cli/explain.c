/* `dcs explain`: what happened to a customer, what comes next, when, and why, in sentences. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "database.h"
#include "producers/explain/explain_json.h"
#include "producers/explain/sentences.h"

#define STATEMENT_MS 60000
#define DECODED_SIZE ((size_t)256 << 10)

static struct {
	const char *pg, *pg_user, *key_file, *before;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "address.key.file",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.key_file,
	  .help = "file of the key that seals addresses, for asking the guard; empty: the guard is not asked" },
	{ .name = "before",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.before,
	  .help = "older events: the number that is printed when there are any" },
};

static const struct usage usage = {
	.about = "usage: dcs explain CUSTOMER [FLAGS]\n\n"
		 "What happened to the customer (an id), the newest 200 events of all modules; what comes next, when, and why: "
		 "the "
		 "next\n"
		 "step for each creditor and currency, what it waits for, messages and tasks that are under way, whether each "
		 "channel "
		 "may be\n"
		 "used now. Ids, amounts and days; no personal data. GET /customers/{id}/explain says the same.\n"
		 "Exit status: 0 done; 1 not done, or there is no such customer; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct explaining {
	struct db *db;
	struct arena decoded;
	struct explain_guard guard;
	struct explain_events events;
	struct explanation explanation;
};

/* ---- printing ---- */

static void print_event(void *tell_arg, const struct explain_event *event, const char *type, struct str sentence)
{
	struct buf at;

	(void)tell_arg;
	(void)type;
	buf_init(&at, 64);
	sentence_instant(&at, event->at_ms);
	printf("  %.*s  %.*s\n", (int)at.size, (const char *)at.data, (int)sentence.size, sentence.data);
	buf_release(&at);
}

static void print_next(void *tell_arg, const struct explain_next *next)
{
	char creditor[UUID_TEXT_SIZE + 1];

	(void)tell_arg;
	printf("  ");
	if (next->creditor_id != NULL) {
		uuid_format(creditor, next->creditor_id);
		printf("creditor %s, %s: ", creditor, next->currency);
	}
	printf("%.*s\n", (int)next->sentence.size, next->sentence.data);
	for (size_t index = 0; index < next->reasons_count; index++) {
		const struct explain_reason *reason = &next->reasons[index];

		printf("    - %.*s", (int)reason->sentence.size, reason->sentence.data);
		if (reason->rules.size > 0)
			printf(" [%.*s]", (int)reason->rules.size, reason->rules.data);
		printf("\n");
	}
}

static void print(struct explaining *explaining)
{
	const struct explain_events *events = &explaining->events;
	const struct explanation *explanation = &explaining->explanation;
	char day[16];

	printf("what happened\n");
	if (events->has_more)
		printf("  (older events: --before %lld)\n", (long long)events->items[events->count - 1].place);
	explain_tell_events(events, &explaining->decoded, print_event, NULL);
	day_format(day, explanation->today);
	printf("what comes next, from the business date %s on\n", day);
	explain_tell(explanation, print_next, NULL);
	if (explanation->has_more_groups || explanation->has_more_waiting)
		printf("  (there is more than is shown)\n");
	if (!explanation->asks_guard)
		printf("the guard was not asked: --address-key-file\n");
}

/* ---- reading ---- */

static int open_guard(struct explaining *explaining, struct err *err)
{
	uint8_t key[32];
	int failed;

	explaining->explanation.asks_guard = conf.key_file[0] != '\0';
	if (!explaining->explanation.asks_guard)
		return 0;
	failed = key_read(key, conf.key_file, err);
	if (failed == 0)
		failed = explain_guard_init(&explaining->guard, key, err);
	wipe(key, sizeof(key));
	return failed;
}

static int read_all(struct explaining *explaining, int64_t before, struct err *err)
{
	const struct uuid *customer_id = &explaining->explanation.customer_id;
	bool is_known = false;

	if (explain_begin(explaining->db, customer_id, &is_known, err) != 0)
		return -1;
	if (!is_known)
		return err_set(err, ERR_FATAL, "there is no such customer");
	if (explain_read_events(explaining->db, customer_id, before, &explaining->events, err) != 0)
		return -1;
	return explain_read_next(explaining->db, &explaining->guard, &explaining->explanation, err);
}

static int explain(struct explaining *explaining, int64_t before, struct err *err)
{
	int failed;

	if (arena_init(&explaining->decoded, DECODED_SIZE, err) != 0 || open_guard(explaining, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &explaining->db, err) != 0)
		return -1;
	failed = read_all(explaining, before, err);
	explain_end(explaining->db);
	if (failed == 0)
		print(explaining);
	return failed;
}

static void release(struct explaining *explaining)
{
	db_close(explaining->db);
	explain_guard_release(&explaining->guard);
	explain_events_release(&explaining->events);
	arena_release(&explaining->decoded);
}

int run_explain(int argc, char **argv)
{
	static struct explaining explaining; /* large */
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;
	long long before = INT64_MAX;

	memset(&explaining, 0, sizeof(explaining));
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!uuid_parse(&explaining.explanation.customer_id, str_of(arguments.items[0])))
		return fail_usage(argv[0], "CUSTOMER is an id");
	if (conf.before[0] != '\0' && !str_to_int64(str_of(conf.before), &before))
		return fail_usage(argv[0], "--before is a number that was printed");
	explain_events_init(&explaining.events);
	if (explain(&explaining, before, &err) != 0)
		status = fail_wrong(argv[0], &err);
	release(&explaining);
	return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_STATUS_WRONG;
}
