/* `dcs verify`: recomputes the promises and says what is wrong. */
#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "wire/json.h"

#define SHOWN_MAX       100
#define ARENA_SIZE      (16 * 1024 * 1024)
#define PARAMS_SIZE_MAX (4 * 1024 * 1024)

static struct {
	const char *bootstrap, *pg, *pg_user, *only, *anchor, *anchor_key, *key_file;
	bool json, progress;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "only",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.only,
	  .help = "only these promises: P2,P5 ... (P1, P2 and P4 go together)" },
	{ .name = "anchor",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.anchor,
	  .help = "file of anchors (dcs anchor): logs and topics must still hold what it says of them" },
	{ .name = "anchor.public.key",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.anchor_key,
	  .help = "the key that signed them, as dcs anchor --public-key prints it" },
	{ .name = "address.key.file",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.key_file,
	  .help = "file of the key that seals names and addresses: they are opened and compared; empty: they are not" },
	ROW_JSON(&conf.json),
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs verify [FLAGS]\n\n"
		 "Recomputes the promises from the database and the topics, and prints what is wrong, one line each, with the "
		 "place:\n"
		 "  P1 one answer to every command    P2 log without holes, hash chain     P3 no command skipped\n"
		 "  P4 order and versions             P5 ledger and balances               P6 events topics equal the log\n"
		 "  P7 reports and states equal the fold of the log\n"
		 "May run beside the system. With --json: one object a finding, then one with the totals.\n"
		 "Exit status: 0 nothing is wrong; 1 something is, or it could not be looked at; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* Of the catalogue, which everybody may read: a table that is there and may not be read is a failure and not "none". */
static const struct db_statement select_table = {
	"verify_table", "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
			"WHERE n.nspname || '.' || c.relname = $1)"
};
static const struct db_statement set_all_rows = { "verify_all_rows", "SET row_security = off" };
static const char select_heads[] = "SELECT part, next_offset, log_seq, log_hash FROM {schema}.partition_head ORDER BY part";

/* ---- findings ---- */

static void print_json(int promise, const char *where, const char *what)
{
	struct buf json;

	buf_init(&json, 4096);
	buf_add_format(&json, "{\"promise\":\"P%d\",\"where\":", promise);
	json_write_string(&json, str_of(where));
	buf_add_text(&json, ",\"what\":");
	json_write_string(&json, str_of(what));
	buf_add_text(&json, "}\n");
	(void)fwrite(json.data, 1, json.size, stdout);
	buf_release(&json);
}

__attribute__((format(printf, 4, 0))) static void say(struct verify *verify, int promise, const char *where, const char *format,
						      va_list values)
{
	char what[400];

	MUST(promise >= 1);
	MUST(promise <= PROMISES_COUNT);
	if (!verify->is_wanted[promise] || ++verify->tally.findings[promise] > SHOWN_MAX)
		return;
	vsnprintf(what, sizeof(what), format, values);
	if (verify->json)
		print_json(promise, where, what);
	else
		printf("P%d %s: %s\n", promise, where, what);
}

void finding(struct verify *verify, int promise, const char *where, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(verify, promise, where, format, values);
	va_end(values);
}

void finding_at(struct verify *verify, int promise, const struct verify_head *head, const char *what, int64_t number,
		const char *format, ...)
{
	char where[WHERE_SIZE];
	va_list values;

	snprintf(where, sizeof(where), "%s part %d %s %lld", head->module, head->part, what, (long long)number);
	va_start(values, format);
	say(verify, promise, where, format, values);
	va_end(values);
}

int find_by_query(struct verify *verify, int promise, const struct db_statement *statement, struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (db_run(verify->db, statement, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct str where = db_str(&result, i, 0), what = db_str(&result, i, 1);
		char text[WHERE_SIZE];

		snprintf(text, sizeof(text), "%.*s", (int)where.size, where.data);
		finding(verify, promise, text, "%.*s", (int)what.size, what.data);
	}
	db_result_release(&result);
	return 0;
}

void where_part(char where[WHERE_SIZE], const struct verify_head *head)
{
	snprintf(where, WHERE_SIZE, "%s part %d", head->module, head->part);
}

int table_exists(struct verify *verify, const char *table, bool *ret_exists, struct err *err)
{
	struct db_result result = { .pg = NULL };

	db_params_reset(&verify->params);
	db_param_text(&verify->params, str_of(table));
	if (db_run(verify->db, &select_table, &verify->params, &result, err) != 0)
		return -1;
	*ret_exists = db_bool(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

/* ---- opening ---- */

/* NULL: there is none yet. */
static struct verify_head *head_of(struct verify *verify, const char *module, int32_t part)
{
	for (size_t i = 0; i < verify->heads_count; i++) {
		if (verify->heads[i].module == module && verify->heads[i].part == part)
			return &verify->heads[i];
	}
	return NULL;
}

int verify_read_heads(struct verify *verify, size_t number, struct err *err)
{
	const char *module = verify->modules.names[number];
	struct db_result result = { .pg = NULL };

	if (db_run(verify->db, verify->select_heads[number], NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct verify_head *head = head_of(verify, module, db_int32(&result, i, 0));
		struct str hash = db_str(&result, i, 3);

		if (head == NULL && verify->heads_count == (size_t)SCHEMAS_MAX * BUS_PARTS_MAX)
			break;
		if (head == NULL)
			head = &verify->heads[verify->heads_count++];
		head->module = module;
		head->part = db_int32(&result, i, 0);
		head->next_offset = db_int64(&result, i, 1);
		head->log_seq = db_int64(&result, i, 2);
		if (hash.size == SHA256_SIZE)
			memcpy(head->log_hash, hash.data, SHA256_SIZE);
	}
	db_result_release(&result);
	return 0;
}

/* An anchor that nobody has signed is none. */
static int read_anchors(struct verify *verify, struct err *err)
{
	uint8_t public_key[PUBLIC_KEY_SIZE];

	if (conf.anchor[0] == '\0')
		return 0;
	if (!hex_to_bytes(public_key, sizeof(public_key), str_of(conf.anchor_key)))
		return err_set(err, ERR_FATAL, "--anchor-public-key is not 64 hexadecimal digits");
	if (anchor_file_read(&verify->anchors, conf.anchor, public_key, &verify->statements, err) != 0)
		return -1;
	return verify->anchors.anchors_count > 0 ? 0 : err_set(err, ERR_FATAL, "the file of anchors is missing or empty");
}

static int read_key(struct verify *verify, struct err *err)
{
	verify->has_key = conf.key_file[0] != '\0';
	return verify->has_key ? key_read(verify->key, conf.key_file, err) : 0;
}

static int open_all(struct verify *verify, struct err *err)
{
	verify->bus = (struct bus_conf){ .bootstrap = conf.bootstrap, .client_id = "dcs-verify" };
	verify->json = conf.json;
	db_params_init(&verify->params, PARAMS_SIZE_MAX);
	if (arena_init(&verify->statements, ARENA_SIZE, err) != 0 || arena_init(&verify->arena, ARENA_SIZE, err) != 0 ||
	    coder_new(&verify->coder, err) != 0 || database_open(conf.pg, conf.pg_user, 0, &verify->db, err) != 0 ||
	    command_modules(verify->db, &verify->modules, err) != 0)
		return -1;
	if (read_key(verify, err) != 0 || read_anchors(verify, err) != 0 ||
	    db_run(verify->db, &set_all_rows, NULL, NULL, err) != 0)
		return -1;
	verify->heads = arena_take(&verify->statements, (size_t)SCHEMAS_MAX * BUS_PARTS_MAX, sizeof(*verify->heads));
	MUST(verify->heads != NULL);
	for (size_t i = 0; i < verify->modules.count; i++) {
		const char *module = verify->modules.names[i];

		verify->select_heads[i] = schema_statement(&verify->statements, "verify_heads", select_heads, module);
		MUST(verify->select_heads[i] != NULL);
		log_reader_init(&verify->logs[i], verify->db, &verify->params, &verify->statements, module);
		if (verify_read_heads(verify, i, err) != 0)
			return -1;
	}
	return 0;
}

static void close_all(struct verify *verify)
{
	for (size_t i = 0; i < verify->modules.count; i++)
		log_reader_release(&verify->logs[i]);
	db_close(verify->db);
	coder_free(verify->coder);
	anchor_file_release(&verify->anchors);
	wipe(verify->key, sizeof(verify->key));
	db_params_release(&verify->params);
	arena_release(&verify->arena);
	arena_release(&verify->statements);
}

/* ---- running ---- */

/* What runs beside what, each in a process of its own: about as much work in each. */
enum lane_number { LANE_LOG, LANE_STATES, LANE_REST, LANES_COUNT };

static const struct {
	enum lane_number lane;
	const char *promises; /* for --only */
	const char *what;     /* for the progress line */
	int (*run)(struct verify *verify, struct err *err);
} checks[] = {
	{ LANE_LOG, "P2", "heads of anchors", verify_anchors },
	{ LANE_LOG, "P1,P2,P4,P7", "events of the logs", verify_log },
	{ LANE_STATES, "P7", "events folded to states", verify_states },
	{ LANE_REST, "P5", "checks of the ledger", verify_ledger },
	{ LANE_REST, "P3", "commands", verify_commands },
	{ LANE_REST, "P6", "events of the topics", verify_topic },
};
#define CHECKS_COUNT (sizeof(checks) / sizeof(checks[0]))

/* Whether --only, a list of promises, names one of these. */
static bool is_wanted(const char *promises)
{
	struct str rest = str_of(conf.only);

	while (rest.size > 0) {
		struct str name = str_cut(rest, ',', &rest);
		struct str others = str_of(promises);

		while (others.size > 0) {
			if (str_equal(name, str_cut(others, ',', &others)))
				return true;
		}
	}
	return conf.only[0] == '\0';
}

static void want_promises(struct verify *verify)
{
	for (int promise = 1; promise <= PROMISES_COUNT; promise++) {
		char name[] = { 'P', (char)('0' + promise), '\0' };

		verify->is_wanted[promise] = is_wanted(name);
	}
}

static int run_lane(struct verify *verify, int lane, struct err *err)
{
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		if ((int)checks[i].lane != lane || !is_wanted(checks[i].promises))
			continue;
		progress_start(&verify->progress, checks[i].what, conf.progress);
		if (checks[i].run(verify, err) != 0)
			return -1;
		fflush(stdout);
	}
	return 0;
}

static void add_tally(struct tally *sum, const struct tally *tally)
{
	for (int i = 0; i <= PROMISES_COUNT; i++)
		sum->findings[i] += tally->findings[i];
	sum->events += tally->events;
	sum->records += tally->records;
	sum->published += tally->published;
	sum->unpublished += tally->unpublished;
	sum->anchored += tally->anchored;
	sum->folded += tally->folded;
	sum->rows += tally->rows;
	sum->sealed_old += tally->sealed_old;
}

/* All that a lane needs is its own: a connection cannot be shared. It says how it went on its standard error, and hands over its
 * tally. */
static int be_lane(struct verify *verify, const char *name, int lane, int report)
{
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (open_all(verify, &err) != 0 || run_lane(verify, lane, &err) != 0)
		status = fail_wrong(name, &err);
	fflush(stdout);
	if (write(report, &verify->tally, sizeof(verify->tally)) != (ssize_t)sizeof(verify->tally))
		status = EXIT_STATUS_WRONG;
	close_all(verify);
	return status;
}

struct lane {
	pid_t process; /* 0: not wanted */
	int report;
};

static int start_lane(struct verify *verify, const char *name, int lane, struct lane *ret_lane, struct err *err)
{
	int ends[2];

	if (pipe(ends) != 0)
		return err_set(err, ERR_FATAL, "no pipe for another process");
	fflush(stdout);
	fflush(stderr);
	ret_lane->process = fork();
	if (ret_lane->process == 0) {
		(void)close(ends[0]);
		_exit(be_lane(verify, name, lane, ends[1])); // tidy: _exit, nothing of the process it came from is to be ended
	}
	(void)close(ends[1]);
	ret_lane->report = ends[0];
	if (ret_lane->process > 0)
		return 0;
	(void)close(ends[0]);
	ret_lane->process = 0;
	return err_set(err, ERR_FATAL, "another process could not be made");
}

/* False: it did not do all that it should. */
static bool end_lane(struct verify *verify, const struct lane *lane)
{
	struct tally tally = { .events = 0 };
	bool has_told = read(lane->report, &tally, sizeof(tally)) == (ssize_t)sizeof(tally);
	int status = 0;

	add_tally(&verify->tally, &tally);
	(void)close(lane->report);
	return waitpid(lane->process, &status, 0) == lane->process && WIFEXITED(status) && WEXITSTATUS(status) == 0 && has_told;
}

static bool lane_is_wanted(int lane)
{
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		if ((int)checks[i].lane == lane && is_wanted(checks[i].promises))
			return true;
	}
	return false;
}

/* *ret_complete false: a lane has said what went wrong. */
static int run_checks(struct verify *verify, const char *name, bool *ret_complete, struct err *err)
{
	struct lane lanes[LANES_COUNT] = { { .process = 0 } };
	bool any = false;
	int failed = open_all(verify, err); /* what keeps all of them from working is said once */

	close_all(verify);
	*verify = (struct verify){ .json = conf.json };
	want_promises(verify);
	for (int lane = 0; lane < LANES_COUNT && failed == 0; lane++) {
		if (!lane_is_wanted(lane))
			continue;
		any = true;
		failed = start_lane(verify, name, lane, &lanes[lane], err);
	}
	for (int lane = 0; lane < LANES_COUNT; lane++) {
		if (lanes[lane].process > 0 && !end_lane(verify, &lanes[lane]))
			*ret_complete = false;
	}
	if (failed == 0 && !any)
		return err_set(err, ERR_FATAL, "--only names no promise");
	return failed;
}

/* A run that failed says so in place of a number that could be taken for the answer. */
static int64_t print_totals(const struct verify *verify, bool is_complete, int64_t elapsed_ms)
{
	int64_t total = 0;

	for (int i = 1; i <= PROMISES_COUNT; i++)
		total += verify->tally.findings[i];
	if (verify->json) {
		printf("{\"findings\":%lld,\"complete\":%s,\"events\":%lld,\"rows\":%lld,\"commands\":%lld,\"published\":%lld,"
		       "\"unpublished\":%lld,\"sealedOld\":%lld}\n",
		       (long long)total, is_complete ? "true" : "false", (long long)verify->tally.events,
		       (long long)verify->tally.rows, (long long)verify->tally.records, (long long)verify->tally.published,
		       (long long)verify->tally.unpublished, (long long)verify->tally.sealed_old);
		return total;
	}
	for (int i = 1; i <= PROMISES_COUNT; i++) {
		if (verify->tally.findings[i] > SHOWN_MAX)
			printf("P%d ... and %lld more\n", i, (long long)verify->tally.findings[i] - SHOWN_MAX);
	}
	if (!is_complete)
		printf("not everything could be looked at; ");
	printf("%lld findings; looked at %lld events, %lld rows, %lld commands, %lld published events in %lld.%01lld s",
	       (long long)total, (long long)verify->tally.events, (long long)verify->tally.rows, (long long)verify->tally.records,
	       (long long)verify->tally.published, (long long)(elapsed_ms / 1000), (long long)(elapsed_ms % 1000 / 100));
	if (verify->tally.unpublished > 0)
		printf("; %lld not published yet", (long long)verify->tally.unpublished);
	if (verify->tally.sealed_old > 0)
		printf("; %lld texts sealed the old way", (long long)verify->tally.sealed_old);
	if (conf.key_file[0] == '\0' && verify->tally.rows > 0)
		printf("; nothing sealed was opened: --address-key-file");
	printf("\n");
	return total;
}

/* A database in which nothing is is no database in which all is well. */
static int check_looked(const struct verify *verify, struct err *err)
{
	if (verify->tally.events + verify->tally.folded + verify->tally.rows + verify->tally.records + verify->tally.published >
	    0)
		return 0;
	return err_set(err, ERR_FATAL, "nothing was looked at: there are no events, no commands and no rows");
}

int run_verify(int argc, char **argv)
{
	static struct verify verify;
	struct arguments arguments;
	struct err err = ERR_INIT;
	int64_t started_ms = clock_monotonic_ms();
	int status = EXIT_STATUS_OK;
	bool complete = true;

	verify = (struct verify){ .db = NULL };
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (run_checks(&verify, argv[0], &complete, &err) != 0 || (complete && check_looked(&verify, &err) != 0))
		status = fail_wrong(argv[0], &err);
	if (!complete)
		status = EXIT_STATUS_WRONG;
	if (print_totals(&verify, status == EXIT_STATUS_OK, clock_monotonic_ms() - started_ms) > 0)
		status = EXIT_STATUS_WRONG;
	return status;
}
