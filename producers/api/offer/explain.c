#include "producers/api/offer/explain.h"

#include <stdlib.h>

#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/auth/pool.h"
#include "producers/api/http/call.h"
#include "producers/api/reads/questions.h"
#include "producers/api/reads/readers.h"
#include "producers/explain/explain_json.h"

#define ASKED_MAX       16
#define DECODED_SIZE    ((size_t)256 << 10)
#define NEXT_SIZE_MAX   ((size_t)4 << 20)
#define ANSWER_SIZE_MAX ((size_t)32 << 20) /* the longest sentences of all events, escaped, fit */

/* One call. The thread has it from pool_submit to its `done`. */
struct explaining {
	struct pool_job job; /* the first member */
	struct explainer *owner;
	bool in_use;
	struct call *call; /* NULL: answered, since the gateway is ending */
	struct uuid customer_id;
	int64_t before;
	bool asks_guard;
	bool is_known, has_failed;
	int32_t today;
	struct explain_events events;
	struct buf next; /* JSON */
	struct err failure;
};

struct explainer {
	struct explain_guard guard; /* of the thread, as the next one */
	struct explanation explanation;
	struct coder *coder; /* of the loop, as the next one */
	struct arena decoded;
	struct pool *pool;
	struct part pool_part;
	struct explaining explainings[ASKED_MAX];
};

/* ---- in the thread ---- */

static int read_snapshot(struct explaining *explaining, struct db *db)
{
	struct explainer *owner = explaining->owner;
	struct err *err = &explaining->failure;

	if (explain_begin(db, &explaining->customer_id, &explaining->is_known, err) != 0)
		return -1;
	if (!explaining->is_known)
		return 0;
	owner->explanation.customer_id = explaining->customer_id;
	owner->explanation.asks_guard = explaining->asks_guard;
	if (explain_read_events(db, &explaining->customer_id, explaining->before, &explaining->events, err) != 0 ||
	    explain_read_next(db, &owner->guard, &owner->explanation, err) != 0)
		return -1;
	explaining->today = owner->explanation.today;
	explain_json_next(&explaining->next, &owner->explanation);
	return 0;
}

static void work(struct pool_job *job, struct pool_seat *seat)
{
	struct explaining *explaining = (struct explaining *)job;

	explaining->has_failed = pool_seat_connect(seat, &explaining->failure) != 0 || read_snapshot(explaining, seat->db) != 0;
	if (seat->db != NULL)
		explain_end(seat->db);
}

/* ---- the answer ---- */

/* Where the page of older events begins. */
static void add_next_before(struct buf *buf, const struct explain_events *events)
{
	if (events->has_more)
		buf_add_format(buf, "\"%lld\"", (long long)events->items[events->count - 1].place);
	else
		buf_add_text(buf, "null");
}

static void write_answer(struct buf *buf, struct explaining *explaining)
{
	char id[UUID_TEXT_SIZE + 1], day[16];

	uuid_format(id, &explaining->customer_id);
	day_format(day, explaining->today);
	buf_add_format(buf, "{\"customerId\":\"%s\",\"nextBusinessDate\":\"%s\",\"happened\":", id, day);
	explain_json_events(buf, &explaining->events, explaining->owner->coder, &explaining->owner->decoded);
	buf_add_text(buf, ",\"nextBefore\":");
	add_next_before(buf, &explaining->events);
	buf_add_text(buf, ",\"next\":");
	buf_add_str(buf, buf_str(&explaining->next));
	buf_add_text(buf, "}\n");
}

static void answer(struct explaining *explaining)
{
	struct buf buf;

	if (explaining->has_failed) {
		if (explaining->failure.kind != ERR_RETRY)
			log_error("operation=explainCustomer %s", explaining->failure.text);
		call_refuse(explaining->call, 503, "unavailable", "the database is away, or took too long");
		return;
	}
	if (!explaining->is_known) {
		call_refuse(explaining->call, 404, "not_found", "there is no such customer");
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	write_answer(&buf, explaining);
	MUST(!buf.overflow);
	call_answer(explaining->call, 200, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

static void done(struct pool_job *job)
{
	struct explaining *explaining = (struct explaining *)job;

	if (explaining->call != NULL)
		answer(explaining);
	explain_events_release(&explaining->events);
	buf_release(&explaining->next);
	explaining->in_use = false;
}

/* ---- the request ---- */

struct arguments {
	int64_t before;
	bool has_before;
	struct fault fault; /* the first; without a code: none */
};

static void take_argument(void *arguments_arg, struct str name, struct str value)
{
	struct arguments *arguments = arguments_arg;
	const char *code = NULL;
	struct str detail = STR("must be the nextBefore of an answer");
	long long before;

	if (!str_is(name, "before")) {
		code = "unknown_argument";
		detail = STR("the only argument is before");
	} else if (arguments->has_before) {
		code = "repeated";
		detail = STR("stands twice");
	} else if (!str_to_int64(value, &before) || before < 0) {
		code = "bad_format";
	} else {
		arguments->before = before;
		arguments->has_before = true;
	}
	if (code != NULL && arguments->fault.code == NULL)
		arguments->fault = (struct fault){ .pointer = str_prefix(name, 64), .code = code, .detail = detail };
}

/* False: it was refused. */
static bool read_arguments(struct call *call, int64_t *ret_before)
{
	struct arguments arguments = { .before = INT64_MAX };
	const struct problem problem = { .status = 400,
					 .code = "bad_query",
					 .detail = STR("an argument is wrong"),
					 .faults = &arguments.fault,
					 .faults_count = 1 };

	call_each_argument(call, take_argument, &arguments);
	*ret_before = arguments.before;
	if (arguments.fault.code == NULL)
		return true;
	call_refuse_problem(call, &problem);
	return false;
}

static struct explaining *find_free(struct explainer *explainer)
{
	for (size_t index = 0; explainer != NULL && index < ASKED_MAX; index++) {
		if (!explainer->explainings[index].in_use)
			return &explainer->explainings[index];
	}
	return NULL;
}

/* An auditor does not ask the guard (GET /customers/:id/contactability), here neither. */
void explain_customer(struct api *api, struct call *call)
{
	struct explaining *explaining = questions_are_ready(api->questions) ? find_free(api->explainer) : NULL;
	struct uuid id;
	int64_t before;

	if (!call_param_id(call, "id", &id) || !read_arguments(call, &before))
		return;
	if (explaining == NULL) {
		call_refuse(call, 503, "unavailable", "the database is away, or too many ask");
		return;
	}
	explaining->job = (struct pool_job){ .work = work, .done = done };
	explaining->owner = api->explainer;
	explaining->in_use = true;
	explaining->call = call;
	explaining->customer_id = id;
	explaining->before = before;
	explaining->asks_guard = (call_principal(call)->roles & STAFF) != 0;
	explaining->is_known = explaining->has_failed = false;
	explaining->failure = (struct err)ERR_INIT;
	explain_events_init(&explaining->events);
	buf_init(&explaining->next, NEXT_SIZE_MAX);
	if (!pool_submit(api->explainer->pool, &explaining->job))
		MUST_NOT_REACH("the pool has room for each");
}

/* ---- the part ---- */

static int run_part(void *self, struct err *err)
{
	const struct explainer *explainer = self;

	return explainer->pool_part.run(explainer->pool_part.self, err);
}

static size_t watch_part(void *self, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct explainer *explainer = self;

	return explainer->pool_part.watch(explainer->pool_part.self, ret_fds);
}

static size_t part_waiting(void *self)
{
	const struct explainer *explainer = self;

	return explainer->pool_part.waiting(explainer->pool_part.self);
}

static void give_up_part(void *self)
{
	struct explainer *explainer = self;

	for (size_t index = 0; index < ASKED_MAX; index++) {
		struct explaining *explaining = &explainer->explainings[index];

		if (explaining->in_use && explaining->call != NULL)
			call_refuse(explaining->call, 503, "unavailable", "the gateway is ending");
		explaining->call = NULL;
	}
}

struct part explainer_part(struct explainer *explainer)
{
	return (struct part){ .name = "explain",
			      .self = explainer,
			      .run = run_part,
			      .watch = watch_part,
			      .waiting = part_waiting,
			      .give_up = give_up_part };
}

/* ---- life ---- */

int explainer_new(const char *conninfo, const uint8_t *key, struct coder *coder, struct explainer **ret_explainer,
		  struct err *err)
{
	const struct pool_conf conf = {
		.name = "explain", .conninfo = conninfo, .threads = 1, .waiting_max = ASKED_MAX
	}; /* one thread: it has the snapshot and the guard's store */
	struct explainer *explainer = calloc(1, sizeof(*explainer));

	if (explainer == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	explainer->coder = coder;
	if (explain_guard_init(&explainer->guard, key, err) != 0 || arena_init(&explainer->decoded, DECODED_SIZE, err) != 0 ||
	    pool_new(&conf, &explainer->pool, err) != 0) {
		explainer_free(explainer);
		return -1;
	}
	explainer->pool_part = pool_part(explainer->pool);
	*ret_explainer = explainer;
	return 0;
}

void explainer_free(struct explainer *explainer)
{
	if (explainer == NULL)
		return;
	pool_free(explainer->pool);
	explain_guard_release(&explainer->guard);
	arena_release(&explainer->decoded);
	free(explainer);
}
