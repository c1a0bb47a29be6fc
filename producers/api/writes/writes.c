#include "producers/api/writes/writes.h"

#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "model/command.h"
#include "model/refusal.h"
#include "model/topic.h"
#include "producers/api/http/faults.h"
#include "producers/api/writes/writes_inside.h"

#define ARENA_SIZE     ((size_t)1 << 20)
#define VALUE_SIZE_MAX ((size_t)64 << 10)
#define TEXT_SIZE_MAX  ((size_t)256 << 10)
#define WAIT_MAX_MS    30000
#define SWEEP_MS       10
#define REST_MS        500

/* ---- slots ---- */

static struct write *take_slot(struct writes *writes, struct call *call)
{
	struct write *write = writes->free_writes;

	if (write == NULL)
		return NULL;
	writes->free_writes = write->next;
	*write = (struct write){
		.writes = writes, .call = call, .next = writes->active, .issuer = principal_id(call_principal(call))
	};
	if (writes->active != NULL)
		writes->active->before = write;
	writes->active = write;
	writes->used++;
	return write;
}

static void free_slot_if_done(struct write *write)
{
	struct writes *writes = write->writes;

	if (write->call != NULL || write->callbacks > 0 || write->await.look != LOOK_IDLE)
		return;
	buf_release(&write->kept);
	*(write->before != NULL ? &write->before->next : &writes->active) = write->next;
	if (write->next != NULL)
		write->next->before = write->before;
	write->next = writes->free_writes;
	writes->free_writes = write;
	writes->used--;
}

struct call *write_take_call(struct write *write)
{
	struct call *call = write->call;

	MUST(call != NULL);
	write->call = NULL;
	return call;
}

void write_end(struct write *write)
{
	MUST(write->call == NULL);
	await_end(&write->await);
	if (write->stage >= WRITE_SENT)
		write->writes->waiting--;
	free_slot_if_done(write);
}

static void write_move(struct write *write, enum write_stage stage)
{
	MUST(stage > write->stage);
	write->stage = stage;
	if (stage == WRITE_SENT)
		write->writes->waiting++;
}

static void begin_callback(struct write *write)
{
	write->callbacks++;
}

/* False: the call was answered meanwhile; the write may be free now. */
static bool end_callback(struct write *write)
{
	MUST(write->callbacks > 0);
	write->callbacks--;
	if (write->call != NULL)
		return true;
	free_slot_if_done(write);
	return false;
}

const struct route *write_row(const struct write *write)
{
	return write->is_by_schema ? NULL : call_route(write->call);
}

const char *write_pointer(const struct write *write)
{
	return write->is_by_schema ? "/data" : "";
}

/* ---- the body ---- */

/* The query of a DELETE while it is converted to a body. */
struct query_body {
	struct buf *buf;
	const struct record_type *record;
};

/* Whether the argument's member is a number; the body gets a number without quotes only if it consists of digits. */
static bool is_number(const struct record_type *record, struct str name, struct str value)
{
	unsigned char memory[64 + 1];
	struct buf own = { .data = memory, .capacity = 64, .size_max = 64 };
	long long number;

	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		buf_reset(&own);
		json_write_name(&own, record, field);
		if (str_equal(buf_str(&own), name))
			return (field->kind == FIELD_LONG || field->kind == FIELD_INT) && str_to_int64(value, &number) &&
			       value.data[0] != '+' && value.data[0] != '0';
	}
	return false;
}

static void add_argument(void *body_arg, struct str name, struct str value)
{
	struct query_body *body = body_arg;
	struct buf *buf = body->buf;

	buf_add_text(buf, buf->size > 1 ? "," : "");
	json_write_string(buf, name);
	buf_add_u8(buf, ':');
	if (is_number(body->record, name, value))
		buf_add_str(buf, value);
	else
		json_write_string(buf, value);
}

/* Clients and proxies may drop the body of a DELETE (RFC 9110 9.3.5): its members may be in the query instead. */
static struct str body_text(struct writes *writes, const struct call *call, const struct message_type *type)
{
	struct query_body query = { .buf = &writes->text, .record = &type->record };
	struct str body = call_body(call);

	if (body.size > 0)
		return body;
	buf_reset(&writes->text);
	buf_add_u8(&writes->text, '{');
	if (call_method(call) == METHOD_DELETE)
		call_each_argument(call, add_argument, &query);
	buf_add_u8(&writes->text, '}');
	return buf_str(&writes->text);
}

/* A route may have two commands: a member that names the intended state tells which one the body is. */
static const struct message_type *type_said(const struct write *write, struct json root)
{
	const struct route *row = write_row(write);
	struct json said;

	if (row == NULL || row->said_command == NULL)
		return write->type;
	return json_member(root, row->said_member, &said) ? row->said_command : row->command;
}

/* Makes the command of the body, in the arena, and frames it in writes->value. False: the call was answered. */
static bool read_command(struct write *write, struct intake *ret_intake)
{
	struct writes *writes = write->writes;
	struct json root;
	struct intake_request request = { .route = write_row(write),
					  .type = write->type,
					  .pointer = write->is_by_schema ? write_pointer(write) : NULL,
					  .command_id = write->id,
					  .path_id = write->has_path_id ? &write->path_id : NULL,
					  .owner_id = write->has_owner_id ? &write->owner_id : NULL,
					  .expected_version = write->expected_version,
					  .now_ms = write->at_ms };
	bool is_good = false;

	arena_reset(&writes->arena);
	writes->faults.count = 0;
	if (json_parse(body_text(writes, write->call, write->type), &root, &writes->faults)) {
		request.json = root;
		request.type = write->type = type_said(write, root);
		if (write->is_by_schema && !json_member(root, "data", &request.json))
			json_fault_add(&writes->faults, "/data", "missing", "missing");
		else
			is_good = intake_read(&request, &writes->arena, ret_intake, &writes->faults);
	}
	if (!is_good)
		write_refuse_faults(write);
	return is_good;
}

static bool encode_command(struct write *write, const struct intake *intake)
{
	struct writes *writes = write->writes;
	struct err err = ERR_INIT;

	buf_reset(&writes->value);
	if (coder_encode(write->type, intake->body, &writes->value, &err) == 0)
		return true;
	if (err.kind == ERR_POISON)
		write_refuse(write, 422, "bad_value", "a value is outside of what its schema allows");
	else
		write_refuse_away(write, "the command could not be written now: try again");
	return false;
}

/* ---- Kafka ---- */

static void on_ack(void *write_arg, bool is_acked);

static struct str framed(const struct write *write)
{
	return buf_str(write->kept.size > 0 ? &write->kept : &write->writes->value);
}

static int publish_value(struct write *write, const void *body, struct err *err)
{
	const struct principal *principal = call_principal(write->call);
	char topic[TOPIC_NAME_MAX];
	const struct outbound_command command = { .topic = topic,
						  .type = write->type,
						  .body = body,
						  .value = framed(write),
						  .id = write->id,
						  .key = write->key,
						  .token = principal->token,
						  .actor = str_of(principal->subject),
						  .traceparent = call_traceparent(write->call) };

	topic_name(topic, message_is_of_engine(write->type) ? write->module : write->type->module, TOPIC_COMMANDS);
	return outbound_publish(write->writes->conf.outbound, &command, on_ack, write, err);
}

/* Only a caller that prefers respond-async does not wait for the outcome. */
static bool wants_outcome(const struct write *write)
{
	return write->prefer.has_wait ? write->prefer.wait_s > 0 : !write->prefer.is_async;
}

static void publish(struct write *write, const void *body)
{
	struct err err = ERR_INIT;
	int64_t now_ms = clock_monotonic_ms();
	int64_t wait_ms = write->prefer.has_wait ? write->prefer.wait_s * 1000 : write->writes->conf.outcome_ms;

	if (publish_value(write, body, &err) != 0) {
		if (outbound_is_ready(write->writes->conf.outbound)) /* the log has it already that Kafka is unreachable */
			log_warn("command=%s was not taken: %s", write->type->record.name, err.text);
		write_refuse_away(write, "commands cannot be taken now: try again");
		return;
	}
	begin_callback(write);
	write_move(write, WRITE_SENT);
	await_begin(&write->await, now_ms, wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
	/* Before the next turn of the loop, so no event can have been read yet. */
	if (wants_outcome(write))
		await_listen(&write->await);
}

static void on_ack(void *write_arg, bool is_acked)
{
	struct write *write = write_arg;
	const struct accepted_command accepted = {
		.id = write->id, .key = write->key, .issuer = write->issuer, .at_ms = write->at_ms
	};

	if (is_acked)
		accepted_add(&write->writes->accepted, &accepted);
	if (!end_callback(write))
		return;
	if (!is_acked) {
		write_refuse_away(write, "Kafka did not confirm the command in time: it may have arrived all the same");
		return;
	}
	write_move(write, WRITE_ACKNOWLEDGED);
	if (!wants_outcome(write) || clock_monotonic_ms() >= write->await.until_ms)
		write_answer_accepted(write);
}

/* ---- known commands ---- */

static void send(struct write *write, const void *body);
static const void *kept_body(struct write *write);

static bool is_same_content(const struct write *write, const struct command_state *state)
{
	return write->is_fresh ||
	       str_equal(state->digest, (struct str){ .data = (const char *)write->digest, .size = DIGEST_SIZE });
}

/* No module has read it yet. */
static void take_unknown(struct write *write, bool has_news)
{
	if (has_news) {
		await_look(&write->await); /* its event arrived during the query */
	} else if (write->stage == WRITE_LOOKED_FOR) {
		const void *body = kept_body(write);

		if (body == NULL)
			return;
		write_move(write, WRITE_UNHEARD);
		send(write, body);
	}
}

/* It waits for another command, or for a person. A caller with a wait preference goes on waiting. */
static void take_parked(struct write *write, const struct command_state *state)
{
	if (write->stage < WRITE_SENT || !write->prefer.has_wait)
		write_answer_running(write, state->park_reason);
}

/* An end from before it was sent this time does not answer this request. */
static void take_end(struct write *write, const struct command_state *state, bool has_news)
{
	if (write->stage < WRITE_SENT || command_end_equal(&write->end_before, &state->end)) {
		write->end_before = state->end;
		take_unknown(write, has_news);
	} else if (state->kind == COMMAND_DEAD) {
		write_refuse_dead(write, state);
	} else {
		write_answer_event(write, state->event);
	}
}

static void take_state(struct write *write, const struct command_state *state, bool has_news)
{
	switch (state->kind) {
	case COMMAND_UNKNOWN:
		take_unknown(write, has_news);
		return;
	case COMMAND_REFUSED:
	case COMMAND_DEAD:
		take_end(write, state, has_news);
		return;
	case COMMAND_PARKED:
	case COMMAND_APPLIED:
		if (!is_same_content(write, state))
			write_refuse(write, 422, refusal_code(REFUSAL_DUPLICATE_DIFFERENT_BODY),
				     "this key or id was used for another content before");
		else if (state->kind == COMMAND_PARKED)
			take_parked(write, state);
		else
			write_answer_event(write, state->event);
		return;
	}
	MUST_NOT_REACH("a kind of state that a command has not");
}

static void on_state(struct await *await, const struct command_state *state, bool has_news)
{
	struct write *write = (struct write *)await;

	if (write->call == NULL)
		free_slot_if_done(write);
	else if (state != NULL)
		take_state(write, state, has_news);
	else if (write->stage < WRITE_SENT)
		write_refuse_away(write, "whether the command is known already cannot be looked up now: try again");
}

/*
 * For an id that was used before, the event may belong to other content: the log decides. As long as the content is unknown, an
 * event is no answer; it only causes another query.
 */
static void on_event(struct await *await, struct str event)
{
	struct write *write = (struct write *)await;

	if (write->call == NULL || write->stage == WRITE_TAKEN)
		return;
	if (write->is_fresh)
		write_answer_event(write, event);
	else if (wants_outcome(write) || write->stage < WRITE_SENT)
		await_look(await);
}

/* ---- the stages ---- */

/* The resource in the path, whose owner is the command's key; NULL: none, or one of users. */
static const struct resource *thing_of_path(const struct write *write)
{
	const struct route *row = write_row(write);

	if (row == NULL || row->path_field == NULL || row->owner != NULL)
		return row == NULL ? NULL : row->owner;
	return strcmp(row->path_field, "customer_id") == 0 ? &customer_resource : NULL;
}

/*
 * Resources of other creditors do not exist for a creditor: the one in the path is looked up, even if the body has its owner.
 * Entities in the body are checked by the module.
 */
static bool must_be_seen(const struct write *write)
{
	return principal_limit(call_principal(write->call), write->type->roles) == LIMIT_CREDITORS && !write->has_owner_id &&
	       thing_of_path(write) != NULL;
}

/* Nor do resources of other customers for a portal user. */
static bool is_others(const struct write *write)
{
	const struct principal *principal = call_principal(write->call);

	return principal_limit(principal, write->type->roles) == LIMIT_CUSTOMER && !principal_owns(principal, &write->key);
}

static void go_on(struct write *write);

static void on_owner(void *write_arg, enum reads_found found, const struct uuid *customer_id)
{
	struct write *write = write_arg;

	if (!end_callback(write))
		return;
	switch (found) {
	case READS_FOUND:
		write->has_owner_id = true;
		write->owner_id = *customer_id;
		go_on(write);
		return;
	case READS_NOT_FOUND:
		write_refuse(write, 404, "not_found", "no such thing");
		return;
	case READS_AWAY:
		write_refuse_away(write, "the database is away: try again");
		return;
	}
}

/* The command that an approval names: its key is the approval's, and its module's topic. */
static void on_approval(void *write_arg, enum reads_found found, struct str module, const struct uuid *key)
{
	struct write *write = write_arg;

	if (!end_callback(write))
		return;
	switch (found) {
	case READS_FOUND:
		MUST(str_to_chars(write->module, sizeof(write->module), module));
		write->has_owner_id = true;
		write->owner_id = *key;
		go_on(write);
		return;
	case READS_NOT_FOUND:
		write_refuse(write, 404, "not_found", "no such command was kept for a second person");
		return;
	case READS_AWAY:
		write_refuse_away(write, "the database is away: try again");
		return;
	}
}

static void find_owner(struct write *write)
{
	const struct owner_question question = { .principal = call_principal(write->call),
						 .access = write->type->roles,
						 .resource = thing_of_path(write),
						 .id = write->path_id };

	begin_callback(write);
	if (message_is_of_engine(write->type)) {
		reads_find_approval(write->writes->conf.reads, &write->path_id, on_approval, write);
		return;
	}
	MUST(question.resource != NULL);
	reads_find_owner(write->writes->conf.reads, &question, on_owner, write);
}

/* A caller with a wait preference, or without interest in the outcome, lets the command wait, too. */
static bool may_wait(const struct write *write)
{
	return write->prefer.has_wait || write->prefer.is_async;
}

/* Decodes the kept command again, after a query. NULL: it cannot be read, and the caller was answered with 503. */
static const void *kept_body(struct write *write)
{
	struct writes *writes = write->writes;
	const struct message_type *type;
	struct err err = ERR_INIT;
	const void *body;

	arena_reset(&writes->arena);
	if (coder_decode(buf_str(&write->kept), &writes->arena, &type, &body, &err) == 0)
		return body;
	log_error("a kept command cannot be read: %s", err.text);
	write_refuse_away(write, "the command could not be read again: try again");
	return NULL;
}

static void refuse_missing(struct write *write, const void *body)
{
	struct named named[NAMED_MAX];

	MUST(write->named_missing <= named_list(write->type, body, named));
	write_refuse_missing(write, &named[write->named_missing - 1]);
}

/* If PostgreSQL is unreachable, the command is sent, and its module checks. */
static void on_named(void *write_arg, size_t number, enum reads_found found)
{
	struct write *write = write_arg;
	const void *body;

	if (!end_callback(write))
		return;
	if (found == READS_NOT_FOUND && (write->named_missing == 0 || number < write->named_missing))
		write->named_missing = number;
	if (--write->named_left > 0)
		return;
	body = kept_body(write);
	if (body == NULL)
		return;
	if (write->named_missing > 0)
		refuse_missing(write, body);
	else
		publish(write, body);
}

/* The question is sent after the arena is reused, so it needs a copy. A text that is too long matches no template. */
static void keep_texts(struct write *write, struct named *named)
{
	struct str *const texts[] = { &named->name, &named->channel, &named->language };

	for (size_t i = 0; i < 3; i++) {
		if (!str_to_chars(write->named_texts[i], sizeof(write->named_texts[i]), *texts[i]))
			write->named_texts[i][0] = '\0';
		*texts[i] = str_of(write->named_texts[i]);
	}
}

/* Copies the command: the query is answered in a later turn, when writes->value has been reused. False: the call was answered. */
static bool keep_command(struct write *write)
{
	if (write->kept.size > 0)
		return true;
	buf_init(&write->kept, VALUE_SIZE_MAX);
	buf_add_str(&write->kept, buf_str(&write->writes->value));
	if (!write->kept.overflow)
		return true;
	write_refuse_away(write, "the command could not be written now: try again");
	return false;
}

/* False: it names no entities. True: continues with PostgreSQL's answer, or the call was answered. */
static bool look_for_named(struct write *write, const void *body)
{
	struct named named[NAMED_MAX];
	size_t count = named_list(write->type, body, named);
	const struct principal *principal = call_principal(write->call);
	const struct command command = { .type = write->type, .roles = principal->roles };
	const struct principal *bound = command_is_bound(&command) ? principal : NULL;

	if (count == 0)
		return false;
	if (!keep_command(write))
		return true;
	write->named_left = count;
	write->named_missing = 0;
	for (size_t i = 0; i < count; i++) {
		begin_callback(write);
		if (named[i].kind == NAMED_TEMPLATE)
			keep_texts(write, &named[i]);
	}
	for (size_t i = 0; i < count; i++) /* the last callback may run at once, and end the write */
		reads_find_named(write->writes->conf.reads, &named[i], bound, i + 1, on_named, write);
	return true;
}

/* Refuses as the worker would, before anything is sent. True: the call was answered. */
static bool refuse_unbound(struct write *write, const void *body)
{
	const struct principal *principal = call_principal(write->call);
	const struct command command = {
		.type = write->type, .body = body, .roles = principal->roles, .scope = &principal->scope
	};
	const struct field *unbound = command_unbound_field(&command);
	struct command_rejected rejected;

	if (unbound == NULL)
		return false;
	rejected = (struct command_rejected){ .code = str_of(refusal_code(REFUSAL_NOT_AUTHORISED)),
					      .field = str_of(unbound->name),
					      .text = STR(COMMAND_UNBOUND_TEXT) };
	write_refuse_early(write, &rejected);
	return true;
}

/* Sends a command whose id is unused, after a look-up of the entities that it names. */
static void send(struct write *write, const void *body)
{
	if (may_wait(write) || !look_for_named(write, body))
		publish(write, body);
}

/* Reads the request, and again after the owner was found, which is then in the command. */
static void go_on(struct write *write)
{
	struct intake intake;

	if (!read_command(write, &intake))
		return;
	if (intake.needs_owner || must_be_seen(write)) {
		find_owner(write);
		return;
	}
	write->has_thing_id = intake.has_thing_id;
	write->thing_id = intake.thing_id;
	write->key = *message_uuid(write->type->key_field, intake.body);
	if (is_others(write)) {
		write_refuse(write, 404, "not_found", "no such thing");
		return;
	}
	if (refuse_unbound(write, intake.body) || !encode_command(write, &intake))
		return;
	if (write->is_fresh) {
		write_move(write, WRITE_UNHEARD);
		send(write, intake.body);
		return;
	}
	if (!keep_command(write))
		return;
	digest_of(write->digest, buf_str(&write->kept));
	write_move(write, WRITE_LOOKED_FOR);
	await_look(&write->await);
}

/* ---- the head ---- */

/* A token in its leeway is refused: the command carries it, and it must still be valid when the broker gets it. */
static bool is_token_fresh(const struct write *write)
{
	return bus_now_ms() < call_principal(write->call)->expires_at_ms;
}

/* 0, or the status of the refusal. */
static int read_if_match(struct write *write)
{
	const struct route *row = write_row(write);

	if (row == NULL)
		return 0;
	if (!call_has_header(write->call, HEADER_IF_MATCH))
		return row->if_match ? 428 : 0;
	switch (if_match_read(call_header(write->call, HEADER_IF_MATCH), &write->expected_version)) {
	case IF_MATCH_BAD:
		return 400;
	case IF_MATCH_ANY:
	case IF_MATCH_VERSION:
		return 0;
	}
	MUST_NOT_REACH("an If-Match that is not in the list");
}

/* False: the call was answered. */
static bool read_head(struct write *write)
{
	struct call *call = write->call;
	struct str header = call_header(call, HEADER_IDEMPOTENCY_KEY);
	struct str key;

	write->prefer = prefer_read(call_header(call, HEADER_PREFER));
	if (!is_token_fresh(write)) {
		call_set_header(call, "WWW-Authenticate", STR("Bearer error=\"invalid_token\""));
		write_refuse(write, 401, "not_authenticated", "the token has expired");
		return false;
	}
	switch (read_if_match(write)) {
	case 428:
		write_refuse(write, 428, "precondition_required", "If-Match with the ETag that was read is needed");
		return false;
	case 400:
		write_refuse(write, 400, "bad_header", "If-Match must be one ETag of ours, or *");
		return false;
	default:
		break;
	}
	if (!call_has_header(call, HEADER_IDEMPOTENCY_KEY) || call_method(call) != METHOD_POST)
		return true;
	if (!idempotency_key_read(header, &key)) {
		write_refuse(write, 400, "bad_header", "Idempotency-Key must be 1 to 255 visible ASCII characters");
		return false;
	}
	if (write->has_id) {
		write_refuse(write, 400, "bad_header", "Idempotency-Key and id: one of them");
		return false;
	}
	write->has_id = true;
	write->id = idempotency_key_id(&write->issuer, call_route(call)->operation, key);
	return true;
}

static void begin(struct write *write)
{
	struct outcomes *outcomes = write->writes->conf.outcomes;

	if (!read_head(write))
		return;
	write->at_ms = bus_now_ms();
	write->is_fresh = !write->has_id;
	if (write->is_fresh)
		write->id = uuid_new();
	await_init(&write->await, &write->writes->awaits, message_is_of_engine(write->type) ? NULL : write->type->module,
		   &write->id);
	if (!write->is_fresh) {
		if (outcomes_is_awaited(outcomes, &write->id)) {
			write_refuse(write, 409, "in_progress", "the first request with this key is under way");
			return;
		}
		await_listen(&write->await);
	}
	go_on(write);
}

static void note_argument(void *is_there_arg, struct str name, struct str value)
{
	(void)name;
	(void)value;
	*(bool *)is_there_arg = true;
}

/* Whether the query was refused: it is allowed for DELETE only, and only without a body. */
static bool is_query_refused(struct call *call)
{
	bool has_arguments = false;

	if (call_method(call) != METHOD_DELETE)
		return faults_refuse_arguments(call);
	call_each_argument(call, note_argument, &has_arguments);
	if (has_arguments && call_body(call).size > 0)
		call_refuse(call, 400, "bad_query", "members stand in the body or in the query, not in both");
	return has_arguments && call_body(call).size > 0;
}

static struct write *take(struct writes *writes, struct call *call)
{
	struct write *write = take_slot(writes, call);

	if (write == NULL)
		call_refuse(call, 503, "unavailable", "too many requests are under way: try again");
	return write;
}

void writes_take(struct writes *writes, struct call *call)
{
	const struct route *row = call_route(call);
	struct uuid path_id = { { 0 } };
	struct write *write;

	if (is_query_refused(call) || (row->path_field != NULL && !call_param_id(call, "id", &path_id)))
		return;
	write = take(writes, call);
	if (write == NULL)
		return;
	write->type = row->command;
	write->has_path_id = row->path_field != NULL;
	write->path_id = path_id;
	begin(write);
}

void writes_take_command(struct writes *writes, struct call *call, const struct message_type *type, const struct uuid *id)
{
	struct write *write = is_query_refused(call) ? NULL : take(writes, call);

	if (write == NULL)
		return;
	write->type = type;
	write->is_by_schema = true;
	write->has_id = id != NULL;
	if (id != NULL)
		write->id = *id;
	begin(write);
}

const struct accepted *writes_accepted(const struct writes *writes)
{
	return &writes->accepted;
}

/* ---- as a part of the loop ---- */

static void sweep(struct write *write, int64_t now_ms)
{
	if (write->call == NULL || write->stage != WRITE_ACKNOWLEDGED)
		return;
	switch (await_due(&write->await, now_ms)) {
	case AWAIT_NOTHING:
		return;
	case AWAIT_LOOK:
		await_look(&write->await);
		return;
	case AWAIT_OVER:
		write_answer_accepted(write);
		return;
	}
}

static int run_part(void *writes_arg, struct err *err)
{
	struct writes *writes = writes_arg;
	int64_t now_ms = clock_monotonic_ms();
	struct write *next;

	(void)err;
	if (writes->waiting == 0 || now_ms - writes->swept_ms < SWEEP_MS)
		return 0;
	writes->swept_ms = now_ms;
	for (struct write *write = writes->active; write != NULL; write = next) {
		next = write->next;
		sweep(write, now_ms);
	}
	return 0;
}

static int part_timeout_ms(void *writes_arg)
{
	const struct writes *writes = writes_arg;

	return writes->waiting > 0 ? SWEEP_MS : REST_MS;
}

static size_t part_waiting(void *writes_arg)
{
	const struct writes *writes = writes_arg;

	return writes->used;
}

static void part_give_up(void *writes_arg)
{
	struct writes *writes = writes_arg;
	struct write *next;

	for (struct write *write = writes->active; write != NULL; write = next) {
		next = write->next;
		if (write->call == NULL)
			continue;
		if (write->stage == WRITE_ACKNOWLEDGED)
			write_answer_accepted(write);
		else
			write_refuse_away(write, "this server is about to end: try again");
	}
}

struct part writes_part(struct writes *writes)
{
	return (struct part){ .name = "writes",
			      .self = writes,
			      .run = run_part,
			      .timeout_ms = part_timeout_ms,
			      .waiting = part_waiting,
			      .give_up = part_give_up };
}

/* ---- life ---- */

int writes_new(const struct writes_conf *conf, struct writes **ret_writes, struct err *err)
{
	struct writes *writes = calloc(1, sizeof(*writes));

	if (writes == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	writes->conf = *conf;
	writes->awaits =
		(struct await_conf){ .outcomes = conf->outcomes, .reads = conf->reads, .event = on_event, .state = on_state };
	for (size_t i = WRITES_MAX; i-- > 0;) {
		writes->slots[i].next = writes->free_writes;
		writes->free_writes = &writes->slots[i];
	}
	buf_init(&writes->value, VALUE_SIZE_MAX);
	buf_init(&writes->text, TEXT_SIZE_MAX);
	if (arena_init(&writes->arena, ARENA_SIZE, err) != 0) {
		free(writes);
		return -1;
	}
	*ret_writes = writes;
	return 0;
}

void writes_free(struct writes *writes)
{
	if (writes == NULL)
		return;
	arena_release(&writes->arena);
	buf_release(&writes->value);
	buf_release(&writes->text);
	free(writes);
}
