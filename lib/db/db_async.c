/*
 * The statements are in a ring: first the statements in flight, in the order sent, then the unsent ones. An answer belongs to the
 * first statement, whose answers are, in order: [PREPARE's answer, end mark,] the statement's answer, end mark, [Sync's answer
 * where the batch ends].
 */

#include "db/db_async.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "base/day.h"
#include "base/must.h"
#include "db/connection.h"

#define BATCHES_MAX        8 /* most in flight; then new statements wait for the next batch */
#define CONNECT_TIMEOUT_MS 5000
#define AGAIN_MS_MIN       100
#define AGAIN_MS_MAX       2000
#define LOOK_MS            50 /* interval between checks of deadlines */

struct asked {
	const struct db_statement *statement;
	struct db_params params;
	db_async_done *done; /* NULL: called already, the answer is dropped */
	void *done_arg;
	int64_t deadline_ms;
	struct prepared *prepared; /* NULL: runs unprepared */
	bool is_preparing;         /* PREPARE was sent before it */
	bool ends_batch;
};

enum step { STEP_PREPARE, STEP_STATEMENT, STEP_SYNC };
enum async_state { ASYNC_AWAY, ASYNC_CONNECTING, ASYNC_READY };

struct db_async {
	struct db db; /* of it: pg, alive, the prepared statements */
	struct connect_options options;
	char session[160];
	int64_t timeout_ms;

	enum async_state state;
	PostgresPollingStatusType connect_wants;
	int64_t until_ms; /* AWAY: time of the next attempt; CONNECTING: deadline */
	int64_t again_ms; /* the next pause */
	struct err trouble;

	enum step step; /* what the next answer is */
	bool end_expected;
	bool again; /* the first one is to be sent once more */
	bool prepare_failed;
	struct err prepare_failure;
	size_t batches, prepares; /* in flight */
	int64_t heard_ms;         /* time of the server's last answer, or of the first batch after idleness */
	int64_t look_ms;          /* time of the next check of deadlines */
	bool wants_write;

	size_t waiting_max;
	size_t first, in_flight, count;
	struct asked asked[];
};

static struct asked *asked_at(struct db_async *async, size_t index)
{
	return &async->asked[(async->first + index) % async->waiting_max];
}

static void tell(struct asked *asked, const struct db_result *result, const struct err *failure)
{
	db_async_done *done = asked->done;

	asked->done = NULL;
	if (done != NULL)
		done(asked->done_arg, result, failure);
}

/* ---- the connection ---- */

static void tell_all_lost(struct db_async *async)
{
	while (async->count > 0) { /* ends: db_async_ask refuses while the connection is away */
		struct asked *asked = asked_at(async, 0);

		async->first = (async->first + 1) % async->waiting_max;
		async->count--;
		tell(asked, NULL, &async->trouble);
	}
}

/* Closes the connection, with the reason in `err`, and fails all statements. */
static void go_away(struct db_async *async, const struct err *err)
{
	PQfinish(async->db.pg);
	async->db.pg = NULL;
	async->db.alive = false;
	async->trouble = *err;
	async->trouble.kind = ERR_RETRY;
	async->state = ASYNC_AWAY;
	async->until_ms = clock_monotonic_ms() + async->again_ms;
	async->again_ms = async->again_ms * 2 > AGAIN_MS_MAX ? AGAIN_MS_MAX : async->again_ms * 2;
	async->in_flight = 0;
	async->batches = 0;
	async->prepares = 0;
	async->end_expected = false;
	async->again = false;
	async->prepare_failed = false;
	async->wants_write = false;
	tell_all_lost(async);
}

static void lose(struct db_async *async, const char *why)
{
	struct err err = ERR_INIT;

	connection_lost(&async->db, why, &err);
	go_away(async, &err);
}

static void connect_begin(struct db_async *async)
{
	async->db.pg = PQconnectStartParams(async->options.keywords, async->options.values, 0);
	async->connect_wants = PGRES_POLLING_WRITING;
	async->state = ASYNC_CONNECTING;
	async->until_ms = clock_monotonic_ms() + CONNECT_TIMEOUT_MS;
	if (PQstatus(async->db.pg) != CONNECTION_BAD)
		connection_ignore_notices(async->db.pg);
}

static void connect_done(struct db_async *async)
{
	if (PQsetnonblocking(async->db.pg, 1) != 0 || !PQenterPipelineMode(async->db.pg)) {
		lose(async, "cannot begin a pipeline");
		return;
	}
	memset(async->db.prepared, 0, sizeof(async->db.prepared));
	async->db.prepared_count = 0;
	async->db.alive = true;
	async->state = ASYNC_READY;
	async->again_ms = AGAIN_MS_MIN;
}

/* Only when the socket is ready: PQconnectPoll would misread its state otherwise. */
static bool socket_is_ready(const struct db_async *async)
{
	struct pollfd socket = { .fd = db_async_fd(async), .events = db_async_events(async) };

	return socket.fd < 0 || poll(&socket, 1, 0) > 0;
}

static void connect_go_on(struct db_async *async)
{
	struct err err = ERR_INIT;

	if (PQstatus(async->db.pg) != CONNECTION_BAD && clock_monotonic_ms() > async->until_ms) {
		lose(async, "it does not answer");
		return;
	}
	if (PQstatus(async->db.pg) != CONNECTION_BAD && !socket_is_ready(async))
		return;
	async->connect_wants = PQconnectPoll(async->db.pg);
	if (async->connect_wants == PGRES_POLLING_OK) {
		connect_done(async);
	} else if (async->connect_wants == PGRES_POLLING_FAILED) {
		connection_refused(async->db.pg, &err);
		go_away(async, &err);
	}
}

/* ---- sending ---- */

static int send_one(struct db_async *async, struct asked *asked, struct err *err)
{
	asked->ends_batch = false;
	asked->is_preparing = false;
	asked->prepared = NULL;
	if (asked->statement->name[0] != '\0') {
		asked->prepared = connection_prepared(&async->db, asked->statement, &asked->params);
		asked->is_preparing = asked->prepared->state == PREPARED_NOT;
	}
	if (asked->is_preparing) {
		if (connection_send_prepare(&async->db, asked->prepared, err) != 0)
			return -1;
		async->prepares++;
	}
	return connection_send_statement(&async->db, asked->statement, &asked->params, err);
}

/* Removes waiting statements whose callback was called (a timeout): the last statement takes the place. */
static void drop_told(struct db_async *async)
{
	while (async->in_flight < async->count && asked_at(async, async->in_flight)->done == NULL) {
		struct asked *gap = asked_at(async, async->in_flight);
		struct asked *last = asked_at(async, async->count - 1);
		struct asked kept = *gap;

		*gap = *last;
		*last = kept;
		async->count--;
	}
}

static enum step first_step(struct db_async *async)
{
	return asked_at(async, 0)->is_preparing ? STEP_PREPARE : STEP_STATEMENT;
}

/*
 * Sends all statements queued since the last time, as one batch. While a PREPARE is in flight no batch follows: if the PREPARE
 * were skipped, the statements that need it would fail.
 */
static int send_batch(struct db_async *async, struct err *err)
{
	bool was_idle = async->in_flight == 0 && async->batches == 0; /* else its Sync is still to come */
	size_t sent = 0;

	if (async->batches == BATCHES_MAX || async->prepares > 0)
		return 0;
	for (drop_told(async); async->in_flight < async->count; drop_told(async)) {
		if (send_one(async, asked_at(async, async->in_flight), err) != 0)
			return -1;
		async->in_flight++;
		sent++;
	}
	if (sent == 0)
		return 0;
	asked_at(async, async->in_flight - 1)->ends_batch = true;
	async->batches++;
	if (was_idle) {
		async->heard_ms = clock_monotonic_ms();
		async->step = first_step(async);
	}
	return PQpipelineSync(async->db.pg) ? 0 : connection_lost(&async->db, "cannot send", err);
}

static int flush(struct db_async *async, struct err *err)
{
	int left = PQflush(async->db.pg);

	async->wants_write = left > 0;
	return left < 0 ? connection_lost(&async->db, "cannot send", err) : 0;
}

/* ---- answers ---- */

static void take_prepare(struct db_async *async, struct asked *asked, const PGresult *answer)
{
	MUST(async->prepares > 0);
	async->prepares--;
	async->prepare_failed = false;
	if (PQresultStatus(answer) == PGRES_PIPELINE_ABORTED) {
		asked->prepared->state = PREPARED_NOT;
	} else if (connection_check(&async->db, answer, asked->statement->name, &async->prepare_failure) != 0) {
		async->prepare_failed = true;
		asked->prepared->state = PREPARED_NOT;
	} else {
		asked->prepared->state = PREPARED_DONE;
	}
}

static void take_result(struct db_async *async, struct asked *asked, PGresult *answer)
{
	struct db_result result = { .pg = answer, .rows = PQntuples(answer) };
	struct err err = ERR_INIT;

	if (async->prepare_failed)
		tell(asked, NULL, &async->prepare_failure);
	else if (PQresultStatus(answer) == PGRES_PIPELINE_ABORTED)
		async->again = true;
	else if (connection_check(&async->db, answer, asked->statement->name, &err) != 0)
		tell(asked, NULL, &err);
	else
		tell(asked, &result, NULL);
	async->prepare_failed = false;
}

/* The first one is answered, or goes to the end of the ring. */
static void leave_first(struct db_async *async)
{
	struct asked *first = asked_at(async, 0);
	bool ends_batch = first->ends_batch;

	async->first = (async->first + 1) % async->waiting_max;
	async->in_flight--;
	async->count--;
	if (async->again) {
		struct asked *last = asked_at(async, async->count);
		struct asked kept = *last;

		*last = *first;
		if (last != first)
			*first = kept; /* its buffer lives on */
		async->count++;
	}
	async->again = false;
	async->step = ends_batch ? STEP_SYNC : first_step(async);
}

/* False: not the expected answer. */
static bool take_answer(struct db_async *async, PGresult *answer)
{
	struct asked *first = asked_at(async, 0);

	if (async->end_expected) {
		async->end_expected = false;
		if (answer != NULL)
			return false;
		if (async->step == STEP_PREPARE)
			async->step = STEP_STATEMENT;
		else
			leave_first(async);
		return true;
	}
	if (answer == NULL)
		return false;
	if (async->step == STEP_SYNC) {
		async->batches--;
		async->step = async->in_flight > 0 ? first_step(async) : STEP_STATEMENT;
		return PQresultStatus(answer) == PGRES_PIPELINE_SYNC;
	}
	async->end_expected = true;
	if (async->step == STEP_PREPARE)
		take_prepare(async, first, answer);
	else
		take_result(async, first, answer);
	return true;
}

static int take_answers(struct db_async *async, struct err *err)
{
	if (!PQconsumeInput(async->db.pg))
		return connection_lost(&async->db, "the server hung up", err);
	while ((async->in_flight > 0 || async->batches > 0) && !PQisBusy(async->db.pg)) {
		PGresult *answer = PQgetResult(async->db.pg);
		bool is_expected = take_answer(async, answer);

		PQclear(answer);
		async->heard_ms = clock_monotonic_ms();
		if (!async->db.alive)
			return connection_lost(&async->db, "the server ends it", err);
		if (!is_expected)
			return connection_lost(&async->db, "an answer out of turn", err);
	}
	return 0;
}

/* ---- deadlines ---- */

static void tell_late(struct db_async *async)
{
	int64_t now_ms = clock_monotonic_ms();
	struct err late = ERR_INIT;

	if (now_ms < async->look_ms)
		return;
	async->look_ms = now_ms + LOOK_MS;
	err_set(&late, ERR_RETRY, "the database did not answer in %" PRId64 " ms", async->timeout_ms);
	for (size_t i = 0; i < async->count; i++)
		if (now_ms >= asked_at(async, i)->deadline_ms)
			tell(asked_at(async, i), NULL, &late);
}

static bool is_silent(const struct db_async *async)
{
	return async->in_flight > 0 && clock_monotonic_ms() - async->heard_ms > async->timeout_ms + PATIENCE_MS;
}

/* ---- public ---- */

int db_async_new(const struct db_async_conf *conf, struct db_async **ret_async, struct err *err)
{
	struct connect_options options = { 0 };
	struct arena memory = { 0 };
	struct db_async *async;

	MUST(conf->waiting_max > 0);
	MUST(conf->timeout_ms > 0);
	if (connect_options_read(&options, conf->conninfo, err) != 0)
		return -1;
	if (arena_init(&memory, sizeof(*async) + conf->waiting_max * sizeof(async->asked[0]), err) != 0) {
		connect_options_release(&options);
		return -1;
	}
	async = arena_take(&memory, 1, sizeof(*async) + conf->waiting_max * sizeof(async->asked[0]));
	MUST(async != NULL);
	async->db.memory = memory;
	async->options = options;
	async->timeout_ms = conf->timeout_ms;
	async->waiting_max = conf->waiting_max;
	async->again_ms = AGAIN_MS_MIN;
	for (size_t i = 0; i < conf->waiting_max; i++)
		db_params_init(&async->asked[i].params, DB_ASYNC_PARAMS_MAX);
	snprintf(async->session, sizeof(async->session),
		 "-c client_min_messages=error -c TimeZone=UTC -c plan_cache_mode=force_generic_plan -c jit=off "
		 "-c default_transaction_read_only=on -c statement_timeout=%" PRId64,
		 conf->timeout_ms);
	connect_options_fill(&async->options, conf->application_name, async->session);
	*ret_async = async;
	return 0;
}

void db_async_give_up(struct db_async *async)
{
	struct err ended = ERR_INIT;

	err_set(&ended, ERR_RETRY, "the connection to the database is closed");
	go_away(async, &ended);
}

void db_async_free(struct db_async *async)
{
	struct arena memory;

	if (async == NULL)
		return;
	db_async_give_up(async);
	for (size_t i = 0; i < async->waiting_max; i++)
		db_params_release(&async->asked[i].params);
	connect_options_release(&async->options);
	memory = async->db.memory; /* async itself lies in it */
	arena_release(&memory);
}

static bool copy_params(struct db_params *copy, const struct db_params *params)
{
	db_params_reset(copy);
	if (params == NULL)
		return true;
	if (params->overflow)
		return false;
	buf_add_str(&copy->bytes, buf_str(&params->bytes));
	memcpy(copy->params, params->params, params->count * sizeof(params->params[0]));
	copy->count = params->count;
	return !copy->bytes.overflow;
}

int db_async_ask(struct db_async *async, const struct db_statement *statement, const struct db_params *params,
		 db_async_done *done, void *done_arg, struct err *err)
{
	struct asked *asked;

	MUST(done != NULL);
	if (async->state != ASYNC_READY)
		return err_set(err, ERR_RETRY, "the database is away: %s", async->trouble.text);
	if (async->count == async->waiting_max)
		return err_set(err, ERR_RETRY, "too many statements wait for the database");
	asked = asked_at(async, async->count);
	if (!copy_params(&asked->params, params))
		return err_set(err, ERR_POISON, "statement %s: parameters over %zu bytes", statement->name, DB_ASYNC_PARAMS_MAX);
	asked->statement = statement;
	asked->done = done;
	asked->done_arg = done_arg;
	asked->deadline_ms = clock_monotonic_ms() + async->timeout_ms;
	async->count++;
	return 0;
}

static void run_ready(struct db_async *async)
{
	struct err err = ERR_INIT;

	/* The server runs the batch sent first while the answers of earlier batches are taken here. */
	if (send_batch(async, &err) != 0 || take_answers(async, &err) != 0 || send_batch(async, &err) != 0 ||
	    flush(async, &err) != 0)
		go_away(async, &err);
	else if (is_silent(async))
		lose(async, "the server is silent");
}

void db_async_run(struct db_async *async)
{
	if (async->state == ASYNC_AWAY && clock_monotonic_ms() >= async->until_ms)
		connect_begin(async);
	if (async->state == ASYNC_CONNECTING)
		connect_go_on(async);
	if (async->state == ASYNC_READY)
		run_ready(async);
	tell_late(async);
}

int db_async_fd(const struct db_async *async)
{
	return async->db.pg == NULL ? -1 : PQsocket(async->db.pg);
}

short db_async_events(const struct db_async *async)
{
	if (async->state == ASYNC_CONNECTING)
		return async->connect_wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
	return (short)(POLLIN | (async->wants_write ? POLLOUT : 0));
}

int64_t db_async_wait_ms(const struct db_async *async)
{
	int64_t left_ms = async->until_ms - clock_monotonic_ms();

	switch (async->state) {
	case ASYNC_AWAY:
	case ASYNC_CONNECTING:
		return left_ms < 0 ? 0 : left_ms;
	case ASYNC_READY:
		break;
	}
	if (async->in_flight < async->count && async->batches < BATCHES_MAX && async->prepares == 0)
		return 0;
	return async->count > 0 ? LOOK_MS : INT32_MAX;
}

bool db_async_is_ready(const struct db_async *async)
{
	return async->state == ASYNC_READY;
}

/* One batch runs on the server, and one waits behind it. */
bool db_async_is_busy(const struct db_async *async)
{
	return async->state == ASYNC_READY && (async->batches >= 2 || async->prepares > 0);
}

size_t db_async_waiting(const struct db_async *async)
{
	return async->count;
}

const char *db_async_trouble(const struct db_async *async)
{
	return async->trouble.text;
}
