/* `dcs verify`: recomputes the promises and reports violations. */
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "verify.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "drift.h"
#include "wire/json.h"

#define SHOWN_MAX       100
#define ARENA_SIZE      (16 * 1024 * 1024)
#define PARAMS_SIZE_MAX (4 * 1024 * 1024)

static struct {
	const char *bootstrap, *pg, *pg_user, *only, *anchor, *anchor_key, *key_file;
	bool no_old_seals, json, progress;
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
	{ .name = "no.old.seals",
	  .kind = CONF_SWITCH,
	  .default_value = "false",
	  .target = &conf.no_old_seals,
	  .help = "a text in the form of earlier programs is wrong: dcs reseal has left none" },
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
		 "  P13 followed events are answered in order, and sent commands arrive\n"
		 "May run beside the system. With --json: one object a finding, then one with the totals.\n"
		 "Exit status: 0 nothing is wrong; 1 something is, or it could not be looked at; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* From the catalogue, which every role may read: a table that exists and may not be read is a failure, not "none". */
static const struct db_statement select_table = {
	"verify_table", "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
			"WHERE n.nspname || '.' || c.relname = $1)"
};
static const char select_heads[] = "SELECT part, next_offset, log_seq, log_hash FROM {schema}.partition_head ORDER BY part";

/* ---- findings ---- */

/*
 * The jobs run in parallel processes, each with connections of its own; a free process takes the next job. Two of them keep two
 * processors busy while the database works for the others.
 */
#define LANES_COUNT 4

/* Memory shared by the processes. */
static struct shared {
	atomic_size_t next_job;
	atomic_llong said[PROMISE_LAST + 1]; /* findings, printed or counted only */
	struct tally tallies[LANES_COUNT];   /* each process writes its own */
} * shared;

/* The number of findings of a promise; without parallel processes, this process's own counter. */
static atomic_llong *said_of(int promise)
{
	static atomic_llong alone[PROMISE_LAST + 1];

	return shared != NULL ? &shared->said[promise] : &alone[promise];
}

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
	MUST(promise <= PROMISE_LAST);
	if (!verify->is_wanted[promise])
		return;
	verify->tally.findings[promise]++;
	if (atomic_fetch_add(said_of(promise), 1) >= SHOWN_MAX)
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

struct verify_head *verify_head_of(const struct verify *verify, const char *module, int32_t part)
{
	for (size_t i = 0; i < verify->heads_count; i++) {
		if (verify->heads[i].module == module && verify->heads[i].part == part)
			return &verify->heads[i];
	}
	return NULL;
}

const struct db_statement *verify_published(const struct verify *verify, const char *module)
{
	for (size_t i = 0; i < verify->modules.count; i++) {
		if (strcmp(verify->modules.names[i], module) == 0)
			return verify->select_published[i];
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
		struct verify_head *head = verify_head_of(verify, module, db_int32(&result, i, 0));
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

/* An anchor without a valid signature does not count. */
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
	verify->no_old_seals = conf.no_old_seals;
	verify->has_key = conf.key_file[0] != '\0';
	return verify->has_key ? key_read(verify->key, conf.key_file, err) : 0;
}

/* Whole tables are read in the order of an index, and by one server process each: the other processors have work. */
static const struct db_statement settings[] = {
	{ "verify_all_rows", "SET row_security = off" },
	{ "verify_no_sort", "SET enable_sort = off" },
	{ "verify_no_helpers", "SET max_parallel_workers_per_gather = 0" },
	{ "verify_memory", "SET work_mem = '128MB'" },
};

static int connect(struct db **ret_db, struct err *err)
{
	if (database_open(conf.pg, conf.pg_user, 0, ret_db, err) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(settings); i++) {
		if (db_run(*ret_db, &settings[i], NULL, NULL, err) != 0)
			return -1;
	}
	return 0;
}

static int open_all(struct verify *verify, struct err *err)
{
	verify->bus = (struct bus_conf){ .bootstrap = conf.bootstrap, .client_id = "dcs-verify" };
	verify->json = conf.json;
	db_params_init(&verify->params, PARAMS_SIZE_MAX);
	if (arena_init(&verify->statements, ARENA_SIZE, err) != 0 || arena_init(&verify->arena, ARENA_SIZE, err) != 0 ||
	    connect(&verify->db, err) != 0 || connect(&verify->beside, err) != 0 ||
	    command_schemas(verify->db, &verify->modules, err) != 0)
		return -1;
	if (read_key(verify, err) != 0 || read_anchors(verify, err) != 0)
		return -1;
	verify->heads = arena_take(&verify->statements, (size_t)SCHEMAS_MAX * BUS_PARTS_MAX, sizeof(*verify->heads));
	MUST(verify->heads != NULL);
	for (size_t i = 0; i < verify->modules.count; i++) {
		const char *module = verify->modules.names[i];

		verify->select_heads[i] = schema_statement(&verify->statements, "verify_heads", select_heads, module);
		MUST(verify->select_heads[i] != NULL);
		verify->select_published[i] = log_stream_statement(&verify->statements, LOG_PUBLISHED, module);
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
	db_close(verify->beside);
	anchor_file_release(&verify->anchors);
	wipe(verify->key, sizeof(verify->key));
	db_params_release(&verify->params);
	arena_release(&verify->arena);
	arena_release(&verify->statements);
}

/* ---- running ---- */

/* Of the whole database, or per module. */
struct check {
	const char *promises; /* for --only */
	const char *what;     /* for the progress line */
	int (*run)(struct verify *verify, struct err *err);
	int (*run_module)(struct verify *verify, size_t module, struct err *err);
};

/* In starting order: the longest first. */
static const struct check checks[] = {
	{ .promises = "P1,P2,P4,P5,P7", .what = "events and rows", .run_module = verify_module },
	{ .promises = "P6", .what = "events of the topics", .run_module = verify_topic },
	{ .promises = "P3", .what = "commands", .run_module = verify_commands },
	{ .promises = "P13", .what = "answers and sent commands", .run_module = verify_reactions },
	{ .promises = "P2", .what = "heads of anchors", .run = verify_anchors },
	{ .promises = "P5", .what = "owners of debts", .run = verify_owners },
	{ .promises = "P7", .what = "sums of debts and reports", .run = verify_sums },
	{ .promises = "P7", .what = "creditors of messages", .run = verify_creditors },
};
#define CHECKS_COUNT COUNT(checks)

/* A check of a module; `weight` is the amount of its data. */
struct job {
	const struct check *check;
	size_t module;
	int64_t weight;
};

static bool has_promise(const char *promises, struct str name)
{
	struct str rest = str_of(promises);

	while (rest.size > 0) {
		if (str_equal(name, str_cut(rest, ',', &rest)))
			return true;
	}
	return false;
}

/* Whether --only, a list of promises, names one of these. */
static bool is_wanted(const char *promises)
{
	struct str rest = str_of(conf.only);

	while (rest.size > 0) {
		if (has_promise(promises, str_cut(rest, ',', &rest)))
			return true;
	}
	return conf.only[0] == '\0';
}

static bool is_checked(struct str name)
{
	for (size_t i = 0; i < CHECKS_COUNT; i++)
		if (has_promise(checks[i].promises, name))
			return true;
	return false;
}

static void want_promises(struct verify *verify)
{
	for (int promise = 1; promise <= PROMISE_LAST; promise++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "P%d", promise);
		verify->is_wanted[promise] = is_checked(str_of(name)) && is_wanted(name);
	}
}

static int64_t events_of(const struct verify *verify, size_t module)
{
	int64_t events = 0;

	for (size_t i = 0; i < verify->heads_count; i++)
		events += verify->heads[i].module == verify->modules.names[module] ? verify->heads[i].log_seq : 0;
	return events;
}

static int compare_jobs(const void *a, const void *b)
{
	const struct job *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight < right->weight ? 1 : -1;
	return left->check < right->check ? -1 : left->check > right->check;
}

/* Equal in all processes: the list is made before the fork. */
static size_t list_jobs(const struct verify *verify, struct job *jobs)
{
	size_t count = 0;

	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		if (!is_wanted(checks[i].promises))
			continue;
		if (checks[i].run != NULL)
			jobs[count++] = (struct job){ .check = &checks[i] };
		for (size_t module = 0; checks[i].run == NULL && module < verify->modules.count; module++)
			jobs[count++] = (struct job){ &checks[i], module, events_of(verify, module) };
	}
	qsort(jobs, count, sizeof(jobs[0]), compare_jobs);
	return count;
}

static int run_job(struct verify *verify, const struct job *job, struct err *err)
{
	int failed;

	progress_start(&verify->progress, job->check->what, conf.progress);
	if (job->check->run != NULL)
		failed = job->check->run(verify, err);
	else
		failed = job->check->run_module(verify, job->module, err);
	fflush(stdout);
	return failed;
}

static int run_jobs(struct verify *verify, const struct job *jobs, size_t count, struct err *err)
{
	for (size_t next = atomic_fetch_add(&shared->next_job, 1); next < count; next = atomic_fetch_add(&shared->next_job, 1)) {
		if (run_job(verify, &jobs[next], err) != 0)
			return -1;
	}
	return 0;
}

static void add_tally(struct tally *sum, const struct tally *tally)
{
	for (int i = 0; i <= PROMISE_LAST; i++)
		sum->findings[i] += tally->findings[i];
	sum->events += tally->events;
	sum->records += tally->records;
	sum->published += tally->published;
	sum->unpublished += tally->unpublished;
	sum->anchored += tally->anchored;
	sum->folded += tally->folded;
	sum->rows += tally->rows;
	sum->reactions += tally->reactions;
	sum->sealed_old += tally->sealed_old;
}

/* A lane has everything of its own: connections cannot be shared. It reports failures on standard error. */
static int be_lane(struct verify *verify, const char *name, size_t lane, const struct job *jobs, size_t count)
{
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	(void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* lines of different processes must not be mixed */
	if (open_all(verify, &err) != 0 || run_jobs(verify, jobs, count, &err) != 0) {
		atomic_store(&shared->next_job, count); /* other lanes need not start another job */
		status = fail_wrong(name, &err);
	}
	fflush(stdout);
	shared->tallies[lane] = verify->tally;
	close_all(verify);
	return status;
}

static pid_t start_lane(struct verify *verify, const char *name, size_t lane, const struct job *jobs, size_t count)
{
	pid_t process;

	fflush(stdout);
	fflush(stderr);
	process = fork();
	if (process == 0)
		_exit(be_lane(verify, name, lane, jobs, count)); // tidy: _exit, nothing of its parent is to be ended
	return process;
}

static bool run_lanes(struct verify *verify, const char *name, const struct job *jobs, size_t count)
{
	pid_t lanes[LANES_COUNT];
	bool is_complete = true;
	int status;

	for (size_t lane = 0; lane < LANES_COUNT; lane++)
		lanes[lane] = start_lane(verify, name, lane, jobs, count);
	for (size_t lane = 0; lane < LANES_COUNT; lane++) {
		if (lanes[lane] <= 0 || waitpid(lanes[lane], &status, 0) != lanes[lane] || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != EXIT_STATUS_OK)
			is_complete = false;
		add_tally(&verify->tally, &shared->tallies[lane]);
	}
	return is_complete;
}

/* *ret_complete false: a lane has reported a failure. */
static int run_checks(struct verify *verify, const char *name, bool *ret_complete, struct err *err)
{
	struct job jobs[CHECKS_COUNT * SCHEMAS_MAX];
	int failed = open_all(verify, err); /* a failure common to all lanes is reported once */
	size_t count = failed == 0 ? list_jobs(verify, jobs) : 0;

	close_all(verify);
	if (failed != 0)
		return -1;
	if (count == 0)
		return err_set(err, ERR_FATAL, "--only names no promise");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_set(err, ERR_FATAL, "no memory in common with other processes");
	*verify = (struct verify){ .json = conf.json };
	want_promises(verify);
	*ret_complete = run_lanes(verify, name, jobs, count);
	(void)munmap(shared, sizeof(*shared));
	shared = NULL;
	return 0;
}

/* An incomplete run prints no number, as it could be mistaken for the result. */
static int64_t print_totals(const struct verify *verify, bool is_complete, int64_t elapsed_ms)
{
	int64_t total = 0;

	for (int i = 1; i <= PROMISE_LAST; i++)
		total += verify->tally.findings[i];
	if (verify->json) {
		printf("{\"findings\":%lld,\"complete\":%s,\"events\":%lld,\"rows\":%lld,\"commands\":%lld,\"published\":%lld,"
		       "\"unpublished\":%lld,\"sealedOld\":%lld,\"reactions\":%lld}\n",
		       (long long)total, is_complete ? "true" : "false", (long long)verify->tally.events,
		       (long long)verify->tally.rows, (long long)verify->tally.records, (long long)verify->tally.published,
		       (long long)verify->tally.unpublished, (long long)verify->tally.sealed_old,
		       (long long)verify->tally.reactions);
		return total;
	}
	for (int i = 1; i <= PROMISE_LAST; i++) {
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
	if (verify->tally.reactions > 0)
		printf("; %lld answers to other modules and commands to them", (long long)verify->tally.reactions);
	if (verify->tally.sealed_old > 0)
		printf("; %lld texts sealed the old way", (long long)verify->tally.sealed_old);
	if (conf.key_file[0] == '\0' && verify->tally.rows > 0)
		printf("; nothing sealed was opened: --address-key-file");
	printf("\n");
	return total;
}

/* An empty database must not pass as a correct one. */
static int check_looked(const struct verify *verify, struct err *err)
{
	if (verify->tally.events + verify->tally.folded + verify->tally.rows + verify->tally.records + verify->tally.published +
		    verify->tally.reactions >
	    0)
		return 0;
	return err_set(err, ERR_FATAL, "nothing was looked at: there are no events, no commands and no rows");
}

/* For `dcs status`. A read-only role can verify, too: then nothing is kept. */
static void keep_drift(const struct verify *verify)
{
	struct db *db = NULL;
	struct err err = ERR_INIT;

	if (connect(&db, &err) != 0 || drift_keep(db, verify->is_wanted, verify->tally.findings, PROMISE_LAST, &err) != 0)
		fprintf(stderr, "dcs verify: what was found is not kept for dcs status: %s\n", err.text);
	db_close(db);
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
	if (conf.no_old_seals && conf.key_file[0] == '\0')
		return fail_usage(argv[0], "--no-old-seals opens what is sealed: it needs --address-key-file");
	if (run_checks(&verify, argv[0], &complete, &err) != 0 || (complete && check_looked(&verify, &err) != 0))
		status = fail_wrong(argv[0], &err);
	if (!complete)
		status = EXIT_STATUS_WRONG;
	if (status == EXIT_STATUS_OK)
		keep_drift(&verify);
	if (print_totals(&verify, status == EXIT_STATUS_OK, clock_monotonic_ms() - started_ms) > 0)
		status = EXIT_STATUS_WRONG;
	return status;
}
