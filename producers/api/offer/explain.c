#include "producers/api/offer/explain.h"

#include <stdlib.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/faults.h"
#include "producers/api/offer/long_read.h"
#include "producers/api/reads/questions.h"
#include "producers/api/reads/readers.h"
#include "producers/explain/explain_json.h"

#define ASKED_MAX       16
#define DECODED_SIZE    ((size_t)256 << 10)
#define NEXT_SIZE_MAX   ((size_t)4 << 20)
#define ANSWER_SIZE_MAX ((size_t)32 << 20) /* the longest sentences of all events, escaped, fit */

struct explaining {
	struct long_read read; /* the first member */
	struct explainer *owner;
	struct uuid customer_id;
	int64_t before;
	bool asks_guard;
	bool is_known;
	int32_t today;
	struct explain_events events;
	struct buf next; /* JSON */
};

struct explainer {
	struct explain_guard guard; /* of the thread, as the next one */
	struct explanation explanation;
	struct arena decoded;
	struct long_reads *reads;
};

/* ---- in the thread ---- */

static int read_snapshot(struct explaining *explaining, struct db *db, struct err *err)
{
	struct explainer *owner = explaining->owner;

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

static int read_all(struct long_read *read, struct pool_seat *seat, struct err *err)
{
	int result = read_snapshot((struct explaining *)read, seat->db, err);

	explain_end(seat->db);
	return result;
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
	explain_json_events(buf, &explaining->events, &explaining->owner->decoded);
	buf_add_text(buf, ",\"nextBefore\":");
	add_next_before(buf, &explaining->events);
	buf_add_text(buf, ",\"next\":");
	buf_add_str(buf, buf_str(&explaining->next));
	buf_add_text(buf, "}\n");
}

static void answer(struct long_read *read)
{
	struct explaining *explaining = (struct explaining *)read;
	struct buf buf;

	if (!explaining->is_known) {
		call_refuse(read->call, 404, "not_found", "there is no such customer");
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	write_answer(&buf, explaining);
	MUST(!buf.overflow);
	call_answer(read->call, 200, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

static void forget(struct long_read *read)
{
	struct explaining *explaining = (struct explaining *)read;

	explain_events_release(&explaining->events);
	buf_release(&explaining->next);
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
	if (code != NULL)
		faults_note_argument(&arguments->fault, name, code, detail);
}

/* False: it was refused. */
static bool read_arguments(struct call *call, int64_t *ret_before)
{
	struct arguments arguments = { .before = INT64_MAX };

	call_each_argument(call, take_argument, &arguments);
	*ret_before = arguments.before;
	return faults_allow_arguments(call, &arguments.fault);
}

/* An auditor does not ask the guard (GET /customers/:id/contactability), here neither. */
void explain_customer(struct api *api, struct call *call)
{
	struct explainer *explainer = questions_are_ready(api->questions) ? api->explainer : NULL;
	struct explaining *explaining = explainer != NULL ? long_reads_find(explainer->reads) : NULL;
	struct uuid id;
	int64_t before;

	if (!call_param_id(call, "id", &id) || !read_arguments(call, &before))
		return;
	if (explaining == NULL) {
		call_refuse(call, 503, "unavailable", "the database is away, or too many ask");
		return;
	}
	explaining->owner = explainer;
	explaining->customer_id = id;
	explaining->before = before;
	explaining->asks_guard = (call_principal(call)->roles & STAFF) != 0;
	explain_events_init(&explaining->events);
	buf_init(&explaining->next, NEXT_SIZE_MAX);
	long_read_submit(&explaining->read, call);
}

/* ---- life ---- */

int explainer_new(const char *conninfo, const uint8_t *key, struct explainer **ret_explainer, struct err *err)
{
	static const struct long_read_kind kind = { .name = "explain",
						    .operation = "explainCustomer",
						    .item_size = sizeof(struct explaining),
						    .waiting_max = ASKED_MAX,
						    .read = read_all,
						    .answer = answer,
						    .forget = forget };
	struct explainer *explainer = calloc(1, sizeof(*explainer));

	if (explainer == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	if (explain_guard_init(&explainer->guard, key, err) != 0 || arena_init(&explainer->decoded, DECODED_SIZE, err) != 0 ||
	    long_reads_new(&kind, conninfo, &explainer->reads, err) != 0) {
		explainer_free(explainer);
		return -1;
	}
	*ret_explainer = explainer;
	return 0;
}

void explainer_free(struct explainer *explainer)
{
	if (explainer == NULL)
		return;
	long_reads_free(explainer->reads);
	explain_guard_release(&explainer->guard);
	arena_release(&explainer->decoded);
	free(explainer);
}

struct part explainer_part(struct explainer *explainer)
{
	return long_reads_part(explainer->reads);
}
