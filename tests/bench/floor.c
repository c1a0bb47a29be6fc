/*
 * The floor under the debts worker: the same rows, written by the same statements (lib/worker/pg_edge, consumers/debts/store) in
 * batches of the same size from the same number of sessions, and nothing else. No Kafka, no tokens, no decoding, no encoding, no
 * hashing: commands stand in memory as structs before the clock starts, event bodies are bytes of the right size made beforehand,
 * hashes and ids are taken as they come. What stays is what the rows themselves need: states are loaded, the rules run over them
 * (their results are the rows), and one transaction a batch is committed, the next one begun only after it.
 *
 * Each session is a process with its own connection, and takes its partitions as Kafka's range assignment gives them to workers.
 * The clock runs from the commit that completes the first `warm` commands to the last commit of all.
 *
 * usage: floor --debts N --count COUNT --warm COUNT --batch SIZE --sessions N     (DCS_PG)
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/log.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "crypto/crypto.h"
#include "schemas/engine.h"
#include "wire/coder.h"
#include "worker/packed.h"
#include "worker/pg_edge.h"
#include "world.h"

#define SESSIONS_MAX  WORLD_PARTS
#define COMMITS_MAX   1048576
#define ARENA_SIZE    ((size_t)256 << 20)
#define BODY_MAX      ((size_t)4096)
#define NOW_MS        INT64_C(1760500000000)
#define CONNINFO_SIZE 512

/* What a command brings: made before the clock starts. */
struct prepared {
	struct command command;
	int32_t part;
	int64_t offset;
	struct uuid event_id;
	uint8_t digest[DIGEST_SIZE];
	size_t body_size;                /* of its event */
	size_t slots_first, slots_count; /* of its batch */
	struct world_command source;
};

/* What a session tells the parent, through one pipe; small enough to arrive whole. */
struct report {
	enum { REPORT_READY, REPORT_COMMIT, REPORT_END } kind;
	int64_t at_us;
	int64_t commands; /* REPORT_COMMIT */
	int64_t cpu_us;   /* REPORT_END: of the process, since the start */
};

struct floor {
	const char *pg;
	struct world world;
	int64_t count, warm, batch, sessions;
	int gate[2];    /* a session may begin when the parent has closed it */
	int reports[2]; /* struct report */
};

/* One session's own. */
struct session {
	const struct floor *floor;
	int64_t number;
	struct prepared *commands;
	size_t commands_count;
	struct head heads[WORLD_PARTS];
	size_t heads_count;
	struct database database;
	struct pg_edge *edge;
	struct arena arena;
	struct workset set;
	struct decision decision;
	struct log_row *log;
	struct logged_event *events;
	struct changes changes;
};

static const char body_bytes[BODY_MAX];

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Range assignment: the first partitions to the first session. */
static bool is_mine(const struct session *session, int32_t part)
{
	int64_t each = WORLD_PARTS / session->floor->sessions;
	int64_t more = WORLD_PARTS % session->floor->sessions;
	int64_t first = session->number * each + (session->number < more ? session->number : more);

	return part >= first && part < first + each + (session->number < more);
}

/* ---- before the clock starts ---- */

/* As the edge writes it (worker/packed.h): its ids are the row's key and subject, or others. */
static size_t packed_size(const struct buf *body, const struct message_type *type, const struct uuid *key,
			  const struct uuid *subject)
{
	const struct packed_beside beside = { .schema_id = type->schema_id, .key = *key, .subject = *subject };
	struct buf packed;
	size_t size;

	buf_init(&packed, sizeof(body_bytes));
	packed_write(&packed, buf_str(body), &beside);
	size = packed.size;
	buf_release(&packed);
	return size;
}

/* As large as the real one in its row: the numbers that differ are a byte or two. */
static size_t body_size(const struct world_command *source, struct err *err)
{
	struct debt_created created;
	struct payment_recorded recorded;
	struct command_rejected rejected;
	const struct message_type *type;
	const void *body;
	size_t size = 0;
	struct buf buf;

	if (source->is_refused && source->type == &record_payment_type) {
		rejected = (struct command_rejected){ .command_type = str_of(source->type->record.name),
						      .code = STR("bad_currency"),
						      .field = STR("currency"),
						      .text = STR("the debt's currency is EUR") };
		type = &command_rejected_type;
		body = &rejected;
	} else if (source->type == &record_payment_type) {
		recorded = (struct payment_recorded){ .customer_id = source->customer_id,
						      .debt_id = source->debt.debt_id,
						      .version = 2,
						      .due_on = source->debt.due_on,
						      .source = source->body.record_payment.source,
						      .external_ref = source->body.record_payment.external_ref,
						      .method = source->body.record_payment.method,
						      .currency = source->body.record_payment.currency,
						      .received_on = source->body.record_payment.received_on,
						      .amount_minor = source->body.record_payment.amount_minor,
						      .principal_minor = source->body.record_payment.amount_minor,
						      .balance_minor = source->debt.principal_minor };
		type = &payment_recorded_type;
		body = &recorded;
	} else {
		created = (struct debt_created){ .customer_id = source->customer_id,
						 .debt_id = source->debt.debt_id,
						 .version = 1,
						 .has_portfolio_id = true,
						 .external_ref = source->body.create_debt.external_ref,
						 .currency = source->body.create_debt.currency,
						 .principal_minor = source->debt.principal_minor,
						 .interest_minor = source->debt.interest_minor,
						 .cost_minor = source->debt.cost_minor,
						 .balance_minor = source->debt.principal_minor,
						 .opened_on = source->debt.opened_on,
						 .due_on = source->debt.due_on };
		type = &debt_created_type;
		body = &created;
	}
	buf_init(&buf, sizeof(body_bytes));
	if (coder_encode(type, body, &buf, err) == 0)
		size = packed_size(&buf, type, &source->customer_id, source->is_refused ? &source->id : &source->debt.debt_id);
	buf_release(&buf);
	return size;
}

/* Repetitions write nothing: they are left out. */
static int prepare(struct session *session, struct err *err)
{
	const struct floor *floor = session->floor;
	int64_t offsets[WORLD_PARTS] = { 0 };

	session->commands = calloc((size_t)(floor->count + floor->warm), sizeof(*session->commands));
	if (!session->commands)
		return err_set(err, ERR_FATAL, "no memory");
	for (int64_t number = 0; number < floor->count + floor->warm; number++) {
		struct prepared *prepared = &session->commands[session->commands_count];
		struct world_command *source = &prepared->source;

		world_command(&floor->world, number, source);
		prepared->part = world_part(&source->customer_id);
		if (source->repeats >= 0 || !is_mine(session, prepared->part))
			continue;
		prepared->offset = offsets[prepared->part]++;
		prepared->event_id = uuid_derive(&source->id, "event", 0);
		digest_of(prepared->digest, (struct str){ .data = (const char *)&source->id, .size = sizeof(source->id) });
		prepared->body_size = body_size(source, err);
		if (prepared->body_size == 0)
			return -1;
		prepared->command = (struct command){ .type = source->type,
						      .body = &source->body,
						      .id = source->id,
						      .key = source->customer_id,
						      .correlation_id = source->id,
						      .actor = STR("bench"),
						      .roles = ROLE_CREDITOR,
						      .scope = &scope_all,
						      .now_ms = NOW_MS + number / 100,
						      .today = (int32_t)(NOW_MS / 86400000) };
		session->commands_count++;
	}
	return 0;
}

/* For the most events that a batch may have; memory that none of them uses is never touched. */
static int make_rows(struct session *session, struct err *err)
{
	size_t count = DECISION_EVENTS_MAX * (size_t)session->floor->batch;

	session->log = calloc(count, sizeof(*session->log));
	session->events = calloc(count, sizeof(*session->events));
	return session->log && session->events ? 0 : err_set(err, ERR_FATAL, "no memory");
}

static int claim(struct session *session, struct err *err)
{
	for (int32_t part = 0; part < WORLD_PARTS; part++)
		if (is_mine(session, part))
			session->heads[session->heads_count++] = (struct head){ .part = part };
	return session->database.claim(session->database.self, session->heads, session->heads_count, "floor", err);
}

/* ---- a batch ---- */

static const struct rule *rule_of(const struct message_type *type)
{
	for (size_t i = 0; i < debts_module.rules_count; i++)
		if (debts_module.rules[i].type == type)
			return &debts_module.rules[i];
	MUST_NOT_REACH("a command that the module does not have");
}

static struct head *head_of(struct head *heads, size_t count, int32_t part)
{
	for (size_t i = 0; i < count; i++)
		if (heads[i].part == part)
			return &heads[i];
	MUST_NOT_REACH("a partition of another session");
}

static void add_row(struct session *session, struct head *head, const struct prepared *prepared, const struct event *event,
		    const struct uuid *subject, uint32_t schema_id, size_t ordinal)
{
	struct log_row *row = &session->log[session->changes.log_count++];

	*row = (struct log_row){
		.part = prepared->part,
		.schema_id = schema_id,
		.seq = ++head->log_seq,
		.at_ms = prepared->command.now_ms,
		.command_offset = prepared->offset,
		.event_id = prepared->event_id,
		.key = prepared->command.key,
		.subject = *subject,
		.command_id = prepared->command.id,
		.correlation_id = prepared->command.id,
		.command_digest = ordinal == 0 ? prepared->digest : NULL,
		.body = { .data = body_bytes, .size = prepared->body_size },
	};
	memcpy(row->hash, prepared->digest, DIGEST_SIZE);
	if (event)
		session->events[session->changes.events_count++] = (struct logged_event){
			.event = event,
			.event_id = row->event_id,
			.part = row->part,
			.seq = row->seq,
			.at_ms = row->at_ms,
			.slots_first = prepared->slots_first,
			.slots_count = prepared->slots_count,
		};
}

static void decide(struct session *session, struct head *head, const struct prepared *prepared)
{
	struct decision *decision = &session->decision;
	struct event *events;

	workset_set_near(&session->set, prepared->slots_first, prepared->slots_count);
	decision_init(decision, &session->arena, &prepared->command);
	rule_of(prepared->command.type)->decide(&prepared->command, &session->set, decision);
	if (decision->kind != DECISION_EVENTS) {
		MUST(decision->kind == DECISION_REFUSED);
		MUST(prepared->source.is_refused);
		add_row(session, head, prepared, NULL, &prepared->command.id, command_rejected_type.schema_id, 0);
		return;
	}
	events = arena_take(&session->arena, decision->events_count, sizeof(*events));
	MUST(events != NULL);
	memcpy(events, decision->events, decision->events_count * sizeof(*events));
	for (size_t i = 0; i < decision->events_count; i++) {
		debts_evolve(&session->set, &events[i]);
		add_row(session, head, prepared, &events[i], message_uuid(events[i].type->aggregate_field, events[i].body),
			events[i].type->schema_id, i);
	}
}

static int run_batch(struct session *session, struct prepared *commands, size_t count, struct err *err)
{
	struct database *database = &session->database;
	struct head heads[WORLD_PARTS];
	enum open_result opened;
	int32_t fenced;
	bool conflict;
	bool fits;

	arena_reset(&session->arena);
	fits = workset_init(&session->set, &session->arena, 4 * count + 64);
	MUST(fits);
	session->set.assumes_new = true; /* as the engine does */
	session->changes = (struct changes){ .set = &session->set, .heads = heads, .heads_count = session->heads_count };
	session->changes.log = session->log;
	session->changes.events = session->events;

	for (size_t i = 0; i < count; i++) {
		commands[i].slots_first = session->set.slots_count;
		rule_of(commands[i].command.type)->touch(&commands[i].command, &session->set);
		commands[i].slots_count = session->set.slots_count - commands[i].slots_first;
	}
	const struct opening opening = {
		.heads = session->heads,
		.heads_count = session->heads_count,
		.slots = session->set.missing,
		.slots_count = session->set.missing_count,
	};
	if (database->open(database->self, &opening, &opened, &fenced, err) < 0)
		return -1;
	MUST(opened == OPEN_READY);
	memcpy(heads, session->heads, sizeof(heads));
	for (size_t i = 0; i < count; i++) {
		struct head *head = head_of(heads, session->heads_count, commands[i].part);

		decide(session, head, &commands[i]);
		head->next_offset = commands[i].offset + 1;
		head->last_id = commands[i].command.id;
		head->has_digest = true;
		memcpy(head->last_digest, commands[i].digest, DIGEST_SIZE);
	}
	if (database->write(database->self, &session->changes, &conflict, err) < 0 ||
	    database->commit_send(database->self, err) < 0 || database->commit_finish(database->self, err) < 0)
		return -1;
	memcpy(session->heads, heads, sizeof(heads));
	return 0;
}

/* ---- sessions ---- */

static int64_t cpu_us(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

static int tell(const struct floor *floor, struct report report, struct err *err)
{
	report.at_us = now_us();
	if (write(floor->reports[1], &report, sizeof(report)) != (ssize_t)sizeof(report))
		return err_set(err, ERR_FATAL, "nobody hears the reports");
	return 0;
}

static int run_batches(struct session *session, struct err *err)
{
	const struct floor *floor = session->floor;

	for (size_t at = 0; at < session->commands_count;) {
		size_t left = session->commands_count - at;
		size_t count = left < (size_t)floor->batch ? left : (size_t)floor->batch;

		if (run_batch(session, &session->commands[at], count, err) < 0 ||
		    tell(floor, (struct report){ .kind = REPORT_COMMIT, .commands = (int64_t)count }, err) < 0)
			return -1;
		at += count;
	}
	return 0;
}

static int run_session(struct session *session, struct err *err)
{
	const struct floor *floor = session->floor;
	int64_t cpu_before_us;
	char nothing;

	if (arena_init(&session->arena, ARENA_SIZE, err) < 0 || debts_store_prepare(debts_store.self, err) < 0 ||
	    pg_edge_open(floor->pg, "debts", &debts_store, &session->edge, &session->database, err) < 0 ||
	    prepare(session, err) < 0 || make_rows(session, err) < 0 || claim(session, err) < 0 ||
	    tell(floor, (struct report){ .kind = REPORT_READY }, err) < 0)
		return -1;
	if (read(floor->gate[0], &nothing, 1) != 0)
		return err_set(err, ERR_FATAL, "the gate is broken");
	cpu_before_us = cpu_us();
	if (run_batches(session, err) < 0)
		return -1;
	return tell(floor, (struct report){ .kind = REPORT_END, .cpu_us = cpu_us() - cpu_before_us }, err);
}

static int session_main(struct floor *floor, int64_t number)
{
	static struct session session;
	struct err err = ERR_INIT;
	int rc;

	(void)close(floor->gate[1]);
	(void)close(floor->reports[0]);
	session = (struct session){ .floor = floor, .number = number };
	rc = run_session(&session, &err);
	if (rc < 0)
		fprintf(stderr, "floor: %s\n", err.text);
	pg_edge_close(session.edge);
	return rc < 0 ? 1 : 0;
}

/* ---- the clock ---- */

/* The commits of all sessions, in the order of their ends. */
struct commits {
	struct report *list;
	size_t count;
	int64_t cpu_us;
};

static int compare(const void *a, const void *b)
{
	const struct report *first = a;
	const struct report *second = b;

	return (first->at_us > second->at_us) - (first->at_us < second->at_us);
}

static void print(const struct floor *floor, const struct commits *commits)
{
	int64_t before = 0;
	int64_t all;
	int64_t timed = 0;
	size_t from = 0;
	double seconds;

	do
		before += commits->list[from++].commands;
	while (from + 1 < commits->count && before < floor->warm);
	for (size_t i = from; i < commits->count; i++)
		timed += commits->list[i].commands;
	seconds = (double)commits->list[commits->count - 1].at_us / 1e6 - (double)commits->list[from - 1].at_us / 1e6;
	all = before + timed;
	printf("commands=%lld\ncommits=%zu\nseconds=%.3f\nrate=%.0f\ncpu_us=%lld\n", (long long)all, commits->count, seconds,
	       seconds > 0 ? (double)timed / seconds : 0, (long long)commits->cpu_us);
}

/* All sessions are ready; the driver takes its readings and answers with a line: go. */
static int open_gate(struct floor *floor)
{
	printf("ready\n");
	fflush(stdout);
	if (getchar() == EOF)
		return -1;
	return close(floor->gate[1]);
}

static int hear(struct floor *floor, struct commits *commits)
{
	struct report report;
	int64_t ready = 0;
	int64_t ended = 0;

	(void)close(floor->reports[1]);
	while (read(floor->reports[0], &report, sizeof(report)) == (ssize_t)sizeof(report)) {
		switch (report.kind) {
		case REPORT_READY:
			if (++ready == floor->sessions && open_gate(floor) < 0)
				return -1;
			break;
		case REPORT_COMMIT:
			MUST(commits->count < COMMITS_MAX);
			commits->list[commits->count++] = report;
			break;
		case REPORT_END:
			commits->cpu_us += report.cpu_us;
			ended++;
			break;
		}
	}
	qsort(commits->list, commits->count, sizeof(*commits->list), compare);
	return ended == floor->sessions && commits->count > 1 ? 0 : -1;
}

static int settings(struct floor *floor, int argc, char **argv, enum conf_outcome *ret_outcome, struct err *err)
{
	int argi;
#define NUMBER(text, to, min, max, about)                                                                                        \
	{                                                                                                                        \
		.name = (text), .kind = CONF_NUMBER, .target = (to), .number_min = (min), .number_max = (max), .help = (about)   \
	}
	const struct conf_row rows[] = {
		{ .name = "pg", .kind = CONF_TEXT, .target = &floor->pg, .help = "PostgreSQL conninfo; user=dcs_debts is added" },
		NUMBER("debts", &floor->world.debts, 1, 100000000, "how many debts are there before the first command"),
		NUMBER("count", &floor->count, 1, 100000000, "how many commands are timed"),
		NUMBER("warm", &floor->warm, 0, 100000000, "how many come before"),
		NUMBER("batch", &floor->batch, 1, 65536, "commands of a transaction"),
		NUMBER("sessions", &floor->sessions, 1, SESSIONS_MAX, "processes, each with a connection"),
	};

	return conf_read(rows, COUNT(rows), "The floor under the debts worker.", argc, argv, ret_outcome, &argi, err);
}

static int run(struct floor *floor)
{
	struct commits commits = { .list = calloc(COMMITS_MAX, sizeof(*commits.list)) };

	if (!commits.list || pipe(floor->gate) < 0 || pipe(floor->reports) < 0)
		return 1;
	for (int64_t number = 0; number < floor->sessions; number++)
		if (fork() == 0)
			return session_main(floor, number);
	if (hear(floor, &commits) < 0)
		return 1;
	print(floor, &commits);
	free(commits.list);
	return 0;
}

int main(int argc, char **argv)
{
	static struct floor floor;
	static char conninfo[CONNINFO_SIZE];
	struct err err = ERR_INIT;
	enum conf_outcome outcome;

	log_init("floor", LOG_WARN);
	if (settings(&floor, argc, argv, &outcome, &err) < 0 || (outcome == CONF_RUN && crypto_init(&err) < 0)) {
		fprintf(stderr, "floor: %s\n", err.text);
		return 1;
	}
	if (outcome == CONF_EXIT_OK)
		return 0;
	snprintf(conninfo, sizeof(conninfo), "%s user=dcs_debts", floor.pg);
	floor.pg = conninfo;
	return run(&floor);
}
