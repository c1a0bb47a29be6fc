/* The answers of a write: faults, 503, 202, its outcome. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "model/refusal.h"
#include "producers/api/http/faults.h"
#include "producers/api/writes/refusals.h"
#include "producers/api/writes/writes_inside.h"
#include "wire/json.h"

#define RETRY_AFTER_S 1
#define TARGET_MAX    128

static void set_target(struct call *call, const char *prefix, const struct uuid *id)
{
	size_t prefix_size = strlen(prefix);
	char target[TARGET_MAX];

	MUST(prefix_size + UUID_TEXT_SIZE < TARGET_MAX);
	memcpy(target, prefix, prefix_size);
	uuid_format(target + prefix_size, id);
	call_set_header(call, "Location", str_of(target));
}

/* The preferences that were applied (RFC 7240 3). */
static void set_applied(const struct write *write, struct call *call)
{
	char text[32];

	if (write->prefer.has_wait) {
		(void)snprintf(text, sizeof(text), "wait=%" PRId64, write->prefer.wait_s);
		call_set_header(call, "Preference-Applied", str_of(text));
	} else if (write->prefer.is_async) {
		call_set_header(call, "Preference-Applied", STR("respond-async"));
	}
}

/* ---- not sent ---- */

/* The members were in the query (writes.c). */
static bool is_from_query(const struct call *call)
{
	return call_body(call).size == 0 && call_method(call) == METHOD_DELETE;
}

void write_refuse_faults(struct write *write)
{
	struct call *call = write_take_call(write);

	faults_refuse(call, &write->writes->faults, is_from_query(call));
	write_end(write);
}

void write_refuse(struct write *write, int status, const char *code, const char *detail)
{
	struct problem problem = { .status = status, .code = code, .detail = str_of(detail) };

	if (status == 409 && strcmp(code, "in_progress") == 0) {
		problem.is_retryable = true;
		problem.retry_after_s = RETRY_AFTER_S;
	}
	call_refuse_problem(write_take_call(write), &problem);
	write_end(write);
}

void write_refuse_away(struct write *write, const char *detail)
{
	struct call *call = write_take_call(write);

	if (write->stage >= WRITE_SENT)
		set_target(call, "/commands/", &write->id);
	call_refuse(call, 503, "unavailable", detail);
	write_end(write);
}

/* The entity may be on its way: a caller that knows so requests a wait, or tries again. */
void write_refuse_missing(struct write *write, const struct named *named)
{
	char detail[160], pointer[96];
	struct fault fault = { .code = refusal_code(REFUSAL_NOT_FOUND) };
	struct problem problem = {
		.status = 422, .code = fault.code, .faults = &fault, .faults_count = 1, .is_retryable = true, .retry_after_s = 1
	};
	struct buf buf;

	(void)snprintf(detail, sizeof(detail),
		       "there is no such %s; with Prefer: wait=N or respond-async the command waits for it",
		       named_kind_name(named->kind));
	buf_init(&buf, sizeof(pointer) - 1);
	buf_add_text(&buf, write_pointer(write));
	json_write_pointer(&buf, &write->type->record, str_of(named->field));
	if (named->is_item)
		buf_add_format(&buf, "/%zu", named->index);
	if (buf.overflow || !str_to_chars(pointer, sizeof(pointer), buf_str(&buf)))
		pointer[0] = '\0';
	buf_release(&buf);
	fault.pointer = str_of(pointer);
	fault.detail = problem.detail = str_of(detail);
	call_refuse_problem(write_take_call(write), &problem);
	write_end(write);
}

/* ---- 202 ---- */

static void answer_202(struct write *write, const char *status, struct str reason)
{
	struct call *call = write_take_call(write);
	struct buf *text = &write->writes->text;
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &write->id);
	buf_reset(text);
	buf_add_text(text, "{\"commandId\":\"");
	buf_add(text, id, UUID_TEXT_SIZE);
	buf_add_text(text, "\",\"status\":\"");
	buf_add_text(text, status);
	buf_add_u8(text, '"');
	if (reason.size > 0) {
		buf_add_text(text, ",\"reason\":");
		json_write_string(text, reason);
	}
	buf_add_text(text, "}\n");
	set_target(call, "/commands/", &write->id);
	call_set_header(call, "Retry-After", STR("1"));
	set_applied(write, call);
	call_answer(call, 202, CALL_JSON, buf_str(text));
	write_end(write);
}

void write_answer_accepted(struct write *write)
{
	answer_202(write, "accepted", STR(""));
}

void write_answer_running(struct write *write, struct str reason)
{
	answer_202(write, "running", reason);
}

/* ---- the outcome ---- */

static void answer_refusal(struct write *write, const struct command_rejected *rejected, const struct uuid *command_id)
{
	const struct route *row = write_row(write);
	struct refusal_problem refusal;
	struct call *call;

	refusal_problem_of(rejected, write->type, row == NULL ? NULL : row->path_field, write_pointer(write), &refusal);
	refusal.problem.command_id = command_id;
	call = write_take_call(write);
	if (is_from_query(call) && refusal.fault.pointer.size > 0 && refusal.fault.pointer.data[0] == '/')
		refusal.fault.pointer = (struct str){ refusal.fault.pointer.data + 1, refusal.fault.pointer.size - 1 };
	set_applied(write, call);
	call_refuse_problem(call, &refusal.problem);
	write_end(write);
}

void write_refuse_dead(struct write *write, const struct command_state *state)
{
	struct refusal_problem refusal;
	struct call *call;

	refusal_problem_of_dead(state, &refusal);
	refusal.problem.command_id = &write->id;
	call = write_take_call(write);
	set_applied(write, call);
	if (refusal.problem.status == 401)
		call_set_header(call, "WWW-Authenticate", STR("Bearer error=\"invalid_token\""));
	call_refuse_problem(call, &refusal.problem);
	write_end(write);
}

void write_refuse_early(struct write *write, const struct command_rejected *rejected)
{
	answer_refusal(write, rejected, NULL);
}

/* The body of an answer without a resource. */
static void answer_id(struct write *write, struct call *call, int status)
{
	struct buf *text = &write->writes->text;
	char id[UUID_TEXT_SIZE + 1];

	buf_reset(text);
	buf_add_u8(text, '{');
	if (write->has_thing_id) {
		uuid_format(id, &write->thing_id);
		buf_add_format(text, "\"id\":\"%s\",", id);
	}
	uuid_format(id, &write->id);
	buf_add_format(text, "\"commandId\":\"%s\",\"status\":\"succeeded\"}\n", id);
	call_answer(call, status, CALL_JSON, buf_str(text));
}

static void answer_done(struct write *write, struct str event)
{
	const struct route *row = write_row(write); /* before the call is detached */
	struct call *call = write_take_call(write);
	int status = row == NULL ? 200 : row->done_status;

	set_applied(write, call);
	if (write->stage < WRITE_SENT) /* nothing was sent: a repetition of the earlier answer */
		call_set_header(call, "Idempotency-Replayed", STR("true"));
	if (row == NULL || row->location == NULL)
		set_target(call, "/commands/", &write->id);
	else
		set_target(call, row->location, &write->thing_id);
	if (row != NULL && row->answer != NULL)
		row->answer(call_api(call), call, event);
	else if (row == NULL || row->resource == NULL)
		answer_id(write, call, status);
	else
		reads_answer_written(write->writes->conf.reads, call, row->resource, &write->thing_id, status);
	write_end(write);
}

/* Nothing was done, and it need not be sent again: a second person decides. */
static void answer_kept(struct write *write)
{
	const struct problem problem = { .status = 409,
					 .code = refusal_code(REFUSAL_NEEDS_SECOND_PERSON),
					 .detail = STR("Waits for a second person. Yours is kept."),
					 .command_id = &write->id };
	struct call *call = write_take_call(write);

	set_applied(write, call);
	set_target(call, "/commands/", &write->id);
	call_refuse_problem(call, &problem);
	write_end(write);
}

void write_answer_event(struct write *write, struct str event)
{
	struct writes *writes = write->writes;
	const struct message_type *type;
	const void *body;
	struct err err = ERR_INIT;
	uint32_t schema_id;

	bool is_framed = frame_schema_id(event, &schema_id, &err) == 0;

	if (is_framed && message_by_schema_id(schema_id) == &command_kept_type) {
		answer_kept(write);
		return;
	}
	if (is_framed && message_by_schema_id(schema_id) != &command_rejected_type) {
		if (writes->conf.rights != NULL && strcmp(write->type->module, "users") == 0)
			rights_forget(writes->conf.rights, &write->key);
		answer_done(write, event);
		return;
	}
	arena_reset(&writes->arena);
	if (err.kind == ERR_NONE && coder_decode(event, &writes->arena, &type, &body, &err) == 0) {
		answer_refusal(write, body, &write->id);
		return;
	}
	/* The log has the outcome; GET /commands/:id will return it when it can be read. */
	log_error("an answer of a module cannot be read: %s", err.text);
	write_refuse_away(write, "the answer to the command cannot be read now");
}
