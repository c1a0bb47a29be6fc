#include "producers/api/reads/reads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "producers/api/http/faults.h"
#include "producers/api/reads/reads_inside.h"

/* One resource by its id, its owner, and the state of a command. Lists are in reads_list.c. */

#define ARENA_SIZE    ((size_t)2 << 20)
#define BODY_SIZE_MAX ((size_t)16 << 20)

/* ---- plans ---- */

const struct resource_plan *reads_plan(const struct reads *reads, const struct resource *resource)
{
	for (size_t i = 0; i < reads->plans_count; i++) {
		if (reads->plans[i].resource == resource)
			return &reads->plans[i];
	}
	MUST_NOT_REACH("a resource that is not in api_resources");
}

bool reads_are_ready(const struct reads *reads)
{
	return questions_are_ready(reads->questions);
}

/* ---- common to all answers ---- */

void reads_refuse_failed(struct call *call, const struct resource *resource, const struct err *failure)
{
	if (failure == NULL || failure->kind == ERR_RETRY) {
		reads_refuse_away(call);
		return;
	}
	log_error("resource=%s %s", resource->name, failure->text); /* our SQL is wrong */
	call_refuse(call, 500, "failed", "this is our fault, and has been noted");
}

void reads_refuse_away(struct call *call)
{
	const struct problem problem = { .status = 503,
					 .code = "unavailable",
					 .detail = STR("the database is away or too slow: try again"),
					 .is_retryable = true,
					 .retry_after_s = 1 };

	call_refuse_problem(call, &problem);
}

void reads_refuse_unknown(struct call *call, const struct resource *resource)
{
	char detail[64];

	(void)snprintf(detail, sizeof(detail), "no such %s", resource->name);
	call_refuse(call, 404, "not_found", detail);
}

/* A row without owner and without a creditor known here is hidden from every caller with a limit. */
bool reads_is_hidden(const struct principal *principal, uint32_t access, const struct answer *answer)
{
	const struct db_result *result = answer->result;
	struct uuid owner;

	switch (principal_limit(principal, access)) {
	case LIMIT_NONE:
		return false;
	case LIMIT_CREDITORS:
		return db_is_null(result, answer->first, ROW_THEIRS) || !db_bool(result, answer->first, ROW_THEIRS);
	case LIMIT_CUSTOMER:
		if (db_is_null(result, answer->first, ROW_OWNER))
			return true;
		owner = db_uuid(result, answer->first, ROW_OWNER);
		return !principal_owns(principal, &owner);
	case LIMITS:
		break;
	}
	MUST_NOT_REACH("a limit that is none");
}

void reads_fill_scope(struct question_value values[2], const struct principal *principal)
{
	values[0].is_null = !principal_creditors(principal, &values[0].text);
	values[1].is_null = !principal_portfolios(principal, &values[1].text);
}

/* ---- one ---- */

/* A call that waits for one row. */
struct reading {
	struct reads *reads;
	struct call *call;
	const struct resource_plan *plan;
	int written_status; /* 0: a plain read */
	bool is_own;
	struct uuid id;
};

/* If-None-Match: "*", or a list of tags that contains ours, weak or not (RFC 9110 13.1.2). */
static bool is_unchanged(const struct call *call, int64_t version)
{
	struct str tags = call_header(call, HEADER_IF_NONE_MATCH);
	char own[32];

	(void)snprintf(own, sizeof(own), "\"%" PRId64 "\"", version);
	while (tags.size > 0) {
		struct str tag = str_trim(str_cut(tags, ',', &tags), " ");

		if (tag.size > 2 && tag.data[0] == 'W' && tag.data[1] == '/')
			tag = (struct str){ .data = tag.data + 2, .size = tag.size - 2 };
		if (str_is(tag, own) || str_is(tag, "*"))
			return true;
	}
	return false;
}

static int64_t version_of(const struct resource_plan *plan, const struct answer *answer)
{
	int at = ROW_COLUMNS_ONE + plan->version->at_one;

	return plan->version->column->kind == COLUMN_INT ? db_int32(answer->result, answer->first, at)
							 : db_int64(answer->result, answer->first, at);
}

static void answer_row(const struct reading *reading, const struct answer *answer)
{
	const struct resource_plan *plan = reading->plan;
	struct reads *reads = reading->reads;
	struct call *call = reading->call;
	bool is_written = reading->written_status > 0;
	int status = is_written ? reading->written_status : 200;

	if (plan->version != NULL) {
		int64_t version = version_of(plan, answer);

		call_set_etag(call, version);
		status = !is_written && is_unchanged(call, version) ? 304 : status;
	}
	buf_reset(&reads->body);
	row_write(&reads->writer, &reads->body, plan, answer->result, answer->first, false, call_principal(call));
	buf_add_u8(&reads->body, '\n');
	MUST(!reads->body.overflow);
	call_answer(call, status, CALL_JSON, buf_str(&reads->body));
}

/* The command was applied, even if its result cannot be shown. */
static void answer_id_only(const struct reading *reading)
{
	char body[UUID_TEXT_SIZE + 16];
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &reading->id);
	(void)snprintf(body, sizeof(body), "{\"id\":\"%s\"}\n", id);
	call_answer(reading->call, reading->written_status, CALL_JSON, str_of(body));
}

static bool is_hidden(const struct call *call, const struct answer *answer)
{
	return reads_is_hidden(call_principal(call), route_access(call_route(call)), answer);
}

static void take_one(const void *reading_notes, const struct answer *answer, const struct err *failure)
{
	const struct reading *reading = reading_notes;
	bool is_found = answer != NULL && answer->count == 1 && (reading->is_own || !is_hidden(reading->call, answer));

	if (is_found)
		answer_row(reading, answer);
	else if (reading->written_status > 0)
		answer_id_only(reading);
	else if (answer == NULL)
		reads_refuse_failed(reading->call, reading->plan->resource, failure);
	else
		reads_refuse_unknown(reading->call, reading->plan->resource);
}

static void ask_one(const struct reading *reading)
{
	struct question_value *values =
		questions_ask(reading->reads->questions, &reading->plan->one, take_one, reading, sizeof(*reading));

	if (values == NULL) {
		take_one(reading, NULL, NULL);
		return;
	}
	values[ONE_ID].id = reading->id;
	reads_fill_scope(&values[ONE_SCOPE], call_principal(reading->call));
}

void reads_answer_one(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id)
{
	const struct reading reading = { .reads = reads, .call = call, .plan = reads_plan(reads, resource), .id = *id };

	ask_one(&reading);
}

void reads_answer_own(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id)
{
	const struct reading reading = {
		.reads = reads, .call = call, .plan = reads_plan(reads, resource), .is_own = true, .id = *id
	};

	ask_one(&reading);
}

void reads_answer_written(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id,
			  int status)
{
	const struct reading reading = {
		.reads = reads, .call = call, .plan = reads_plan(reads, resource), .written_status = status, .id = *id
	};

	ask_one(&reading);
}

void reads_answer(struct reads *reads, struct call *call)
{
	const struct route *route = call_route(call);
	bool has_id = strchr(route->pattern, ':') != NULL;
	struct uuid id;

	if (has_id && !call_param_id(call, "id", &id))
		return;
	if (route->is_list)
		reads_answer_list(reads, call, route->resource, has_id ? &id : NULL);
	else if (!faults_refuse_arguments(call))
		reads_answer_one(reads, call, route->resource, &id);
}

/* ---- the owner ---- */

struct owner_search {
	const struct principal *principal;
	uint32_t access;
	reads_owner_done *done;
	void *arg;
};

static void take_owner(const void *search_notes, const struct answer *answer, const struct err *failure)
{
	const struct owner_search *search = search_notes;
	struct uuid owner;

	(void)failure;
	if (answer == NULL) {
		search->done(search->arg, READS_AWAY, NULL);
	} else if (answer->count == 0 || db_is_null(answer->result, answer->first, ROW_OWNER) ||
		   reads_is_hidden(search->principal, search->access, answer)) {
		search->done(search->arg, READS_NOT_FOUND, NULL);
	} else {
		owner = db_uuid(answer->result, answer->first, ROW_OWNER);
		search->done(search->arg, READS_FOUND, &owner);
	}
}

void reads_find_owner(struct reads *reads, const struct owner_question *question, reads_owner_done *done, void *arg)
{
	const struct owner_search search = {
		.principal = question->principal, .access = question->access, .done = done, .arg = arg
	};
	const struct resource_plan *plan = reads_plan(reads, question->resource);
	struct question_value *values = questions_ask(reads->questions, &plan->owner, take_owner, &search, sizeof(search));

	if (values == NULL) {
		done(arg, READS_AWAY, NULL);
		return;
	}
	values[ONE_ID].id = question->id;
	reads_fill_scope(&values[ONE_SCOPE], question->principal);
}

/* ---- entities that a command names ---- */

/* A template also serves the languages that are narrower than its own (RFC 4647). */
static const struct question_shape named_shape = {
	.statement = { "api_named",
		       "SELECT q.n FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[], "
		       "$7::bytea[]) WITH ORDINALITY"
		       " AS q (kind, id, name, channel, language, creditors, portfolios, n) WHERE CASE q.kind"
		       " WHEN 'customer' THEN EXISTS (SELECT FROM customers.api_customer c WHERE c.customer_id = q.id)"
		       " AND (q.creditors IS NULL OR EXISTS (SELECT FROM api.scope(q.creditors, q.portfolios) s "
		       "WHERE " RESOURCE_KNOWN(
			       "q.id") "))"
				       " WHEN 'debt' THEN EXISTS (SELECT FROM debts.api_debt d WHERE d.debt_id = q.id)"
				       " WHEN 'communication' THEN EXISTS (SELECT FROM communications.api_communication m"
				       " WHERE m.communication_id = q.id)"
				       " WHEN 'template' THEN EXISTS (SELECT FROM communications.api_template t WHERE t.name = "
				       "q.name"
				       " AND t.channel = q.channel AND (t.language = q.language OR starts_with(q.language, "
				       "t.language || '-'))) "
				       "END" },
	.kinds = { DB_ARRAY_TEXT, DB_ARRAY_UUID, DB_ARRAY_TEXT, DB_ARRAY_TEXT, DB_ARRAY_TEXT, DB_ARRAY_BYTES, DB_ARRAY_BYTES },
	.args_count = 7,
	.together_max = 64, /* see ONE_TOGETHER */
};

struct named_search {
	reads_named_done *done;
	void *arg;
	size_t number;
};

static void take_named(const void *search_notes, const struct answer *answer, const struct err *failure)
{
	const struct named_search *search = search_notes;

	(void)failure;
	search->done(search->arg, search->number,
		     answer == NULL       ? READS_AWAY
		     : answer->count == 0 ? READS_NOT_FOUND
					  : READS_FOUND);
}

void reads_find_named(struct reads *reads, const struct named *named, const struct principal *bound, size_t number,
		      reads_named_done *done, void *arg)
{
	const struct named_search search = { .done = done, .arg = arg, .number = number };
	struct question_value *values = questions_ask(reads->questions, &named_shape, take_named, &search, sizeof(search));

	if (values == NULL) {
		done(arg, number, READS_AWAY);
		return;
	}
	values[0].text = str_of(named_kind_name(named->kind));
	values[1].id = named->id;
	values[2].text = named->name;
	values[3].text = named->channel;
	values[4].text = named->language;
	values[5].is_null = values[6].is_null = true;
	if (bound != NULL)
		reads_fill_scope(&values[5], bound);
}

/* ---- the state of a command ---- */

static const struct question_shape command_shape = {
	.statement = { "api_command",
		       "SELECT q.n, r.*, CASE WHEN r.park_kind IS NOT NULL THEN api.parked_actor(r.module, r.part, r.place) END, "
		       "CASE "
		       "WHEN q.creditors IS NOT NULL THEN EXISTS (SELECT FROM api.scope(q.creditors, q.portfolios) s WHERE "
		       "api.is_theirs(r.module, r.key, r.subject, s.creditor, s.portfolios)) END FROM unnest($1::uuid[], "
		       "$2::text[], $3::bytea[], $4::bytea[]) "
		       "WITH ORDINALITY AS q (id, module, creditors, portfolios, n) CROSS JOIN LATERAL ("
		       "SELECT c.module, c.key, c.correlation_id, c.digest, c.at, c.event, c.subject, c.park_kind, "
		       "c.park_reason, "
		       "c.part, c.place, c.dead_code, c.dead_reason FROM api.command c "
		       "WHERE c.command_id = q.id AND (q.module IS NULL OR c.module = q.module) ORDER BY c.rank, c.at DESC, "
		       "c.place DESC LIMIT 1) r" },
	.kinds = { DB_ARRAY_UUID, DB_ARRAY_TEXT, DB_ARRAY_BYTES, DB_ARRAY_BYTES },
	.args_count = 4,
	.together_max = 64, /* see ONE_TOGETHER */
};
enum {
	COMMAND_N,
	COMMAND_MODULE,
	COMMAND_KEY,
	COMMAND_CORRELATION,
	COMMAND_DIGEST,
	COMMAND_AT,
	COMMAND_EVENT,
	COMMAND_SUBJECT,
	COMMAND_KIND,
	COMMAND_REASON,
	COMMAND_PART,
	COMMAND_PLACE,
	COMMAND_DEAD_CODE,
	COMMAND_DEAD_REASON,
	COMMAND_ACTOR,
	COMMAND_THEIRS
};

struct command_search {
	reads_command_done *done;
	void *arg;
};

/* The columns that are set determine the kind (api.command). */
static enum command_kind kind_of(const struct db_result *result, int row)
{
	if (!db_is_null(result, row, COMMAND_DEAD_CODE))
		return COMMAND_DEAD;
	if (!db_is_null(result, row, COMMAND_KIND))
		return COMMAND_PARKED;
	return db_is_null(result, row, COMMAND_DIGEST) ? COMMAND_REFUSED : COMMAND_APPLIED;
}

bool command_end_equal(const struct command_end *one, const struct command_end *other)
{
	return one->part == other->part && one->place == other->place && one->is_dead == other->is_dead;
}

static void take_command(const void *search_notes, const struct answer *answer, const struct err *failure)
{
	const struct command_search *search = search_notes;
	struct command_state state = { .kind = COMMAND_UNKNOWN };
	const struct db_result *result;
	int row;

	(void)failure;
	if (answer == NULL || answer->count == 0) {
		search->done(search->arg, answer == NULL ? NULL : &state);
		return;
	}
	result = answer->result;
	row = answer->first;
	state.kind = kind_of(result, row);
	state.module = db_str(result, row, COMMAND_MODULE);
	if (!db_is_null(result, row, COMMAND_KEY))
		state.key = db_uuid(result, row, COMMAND_KEY);
	if (!db_is_null(result, row, COMMAND_CORRELATION))
		state.correlation_id = db_uuid(result, row, COMMAND_CORRELATION);
	state.digest = db_str(result, row, COMMAND_DIGEST);
	state.at_ms = db_instant(result, row, COMMAND_AT);
	state.event = db_str(result, row, COMMAND_EVENT);
	state.park_kind = db_str(result, row, COMMAND_KIND);
	state.park_reason = db_str(result, row, COMMAND_REASON);
	state.dead_code = db_str(result, row, COMMAND_DEAD_CODE);
	state.dead_reason = db_str(result, row, COMMAND_DEAD_REASON);
	state.actor = db_str(result, row, COMMAND_ACTOR);
	state.is_theirs = !db_is_null(result, row, COMMAND_THEIRS) && db_bool(result, row, COMMAND_THEIRS);
	state.end = (struct command_end){ db_int32(result, row, COMMAND_PART), db_int64(result, row, COMMAND_PLACE),
					  state.kind == COMMAND_DEAD };
	if (!db_is_null(result, row, COMMAND_SUBJECT))
		state.subject = db_uuid(result, row, COMMAND_SUBJECT);
	search->done(search->arg, &state);
}

/* principal NULL: is_theirs is not determined. */
static void ask_command(struct reads *reads, const struct principal *principal, const char *module, const struct uuid *command_id,
			reads_command_done *done, void *arg)
{
	const struct command_search search = { .done = done, .arg = arg };
	struct question_value *values = questions_ask(reads->questions, &command_shape, take_command, &search, sizeof(search));

	if (values == NULL) {
		done(arg, NULL);
		return;
	}
	values[0].id = *command_id;
	values[1].is_null = module == NULL;
	values[1].text = module == NULL ? STR("") : str_of(module);
	values[2].is_null = values[3].is_null = true;
	if (principal != NULL)
		reads_fill_scope(&values[2], principal);
}

void reads_find_command(struct reads *reads, const char *module, const struct uuid *command_id, reads_command_done *done,
			void *arg)
{
	ask_command(reads, NULL, module, command_id, done, arg);
}

void reads_find_command_for(struct reads *reads, const struct principal *principal, const struct uuid *command_id,
			    reads_command_done *done, void *arg)
{
	ask_command(reads, principal, NULL, command_id, done, arg);
}

/* ---- a command that was kept for a second person ---- */

static const struct question_shape approval_shape = {
	.statement = { "api_approval", "SELECT q.n, a.module, a.key FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n) "
				       "JOIN api.approval a ON a.command_id = q.id" },
	.kinds = { DB_ARRAY_UUID },
	.args_count = 1,
};

struct approval_search {
	reads_approval_done *done;
	void *arg;
};

static void take_approval(const void *search_notes, const struct answer *answer, const struct err *failure)
{
	const struct approval_search *search = search_notes;
	struct uuid key;

	(void)failure;
	if (answer == NULL) {
		search->done(search->arg, READS_AWAY, STR(""), NULL);
	} else if (answer->count == 0) {
		search->done(search->arg, READS_NOT_FOUND, STR(""), NULL);
	} else {
		key = db_uuid(answer->result, answer->first, 2);
		search->done(search->arg, READS_FOUND, db_str(answer->result, answer->first, 1), &key);
	}
}

void reads_find_approval(struct reads *reads, const struct uuid *command_id, reads_approval_done *done, void *arg)
{
	const struct approval_search search = { .done = done, .arg = arg };
	struct question_value *values = questions_ask(reads->questions, &approval_shape, take_approval, &search, sizeof(search));

	if (values == NULL)
		done(arg, READS_AWAY, STR(""), NULL);
	else
		values[0].id = *command_id;
}

/* ---- life ---- */

static size_t count_resources(void)
{
	size_t count = 0;

	while (api_resources[count] != NULL)
		count++;
	return count;
}

int reads_new(const struct reads_conf *conf, struct reads **ret_reads, struct err *err)
{
	size_t count = count_resources();
	struct reads *reads = calloc(1, sizeof(*reads) + count * sizeof(reads->plans[0]));

	if (reads == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	reads->questions = conf->questions;
	reads->searches = conf->searches;
	reads->plans_count = count;
	buf_init(&reads->body, BODY_SIZE_MAX);
	sha256_pair(reads->cursor_key, (struct str){ (const char *)conf->key, 32 }, STR("cursors of lists"));
	if (arena_init(&reads->arena, ARENA_SIZE, err) != 0 || row_writer_init(&reads->writer, conf->key, err) != 0)
		goto failed;
	for (size_t i = 0; i < count; i++) {
		if (resource_plan_init(&reads->plans[i], api_resources[i], &reads->arena, err) != 0)
			goto failed;
	}
	*ret_reads = reads;
	return 0;
failed:
	reads_free(reads);
	return -1;
}

void reads_free(struct reads *reads)
{
	if (reads == NULL)
		return;
	row_writer_release(&reads->writer);
	arena_release(&reads->arena);
	buf_release(&reads->body);
	free(reads);
}
