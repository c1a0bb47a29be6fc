#include "producers/api/writes/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "producers/api/api.h"
#include "producers/api/http/faults.h"
#include "producers/api/reads/readers.h"
#include "producers/api/writes/refusals.h"
#include "wire/json.h"

#define ARENA_SIZE    ((size_t)256 << 10)
#define TEXT_SIZE_MAX ((size_t)64 << 10)
#define TYPE_SIZE_MAX 64

static const char users_module[] = "users";

struct commands {
	struct commands_conf conf;
	struct arena arena; /* for one request at a time */
	struct buf text;
};

/* ---- POST /commands ---- */

/* The members of the body around a command's own. */
struct order {
	struct str type;
	bool has_id;
	struct uuid id;
};

static const struct field order_fields[] = {
	{ .name = "type", .kind = FIELD_STRING, .offset = offsetof(struct order, type), .size_max = TYPE_SIZE_MAX },
	{ .name = "id",
	  .kind = FIELD_UUID,
	  .nullable = true,
	  .offset = offsetof(struct order, id),
	  .aux_offset = offsetof(struct order, has_id) },
};

static const struct record_type order_record = {
	.name = "Order", .size = sizeof(struct order), .fields = order_fields, .fields_count = 2
};

/* A command with a key and a topic: not the clock's Tick, nor the engine's approvals. NULL: there is no such type. */
static const struct message_type *find_type(struct str name)
{
	const struct message_type *type = message_by_name(name);

	return type != NULL && type->kind == MESSAGE_COMMAND && type->key_field != NULL && !message_is_of_engine(type) ? type
														       : NULL;
}

static const struct message_type *read_order(struct commands *commands, struct str body, struct order *order,
					     struct json_faults *faults)
{
	struct json_reading reading = { .style = JSON_REST, .skip = "data" };
	const struct message_type *type = NULL;
	struct json json;

	arena_reset(&commands->arena);
	if (!json_parse(body, &json, faults))
		return NULL;
	if (json_read_record(json, &order_record, &reading, &commands->arena, order, faults)) {
		type = find_type(order->type);
		if (type == NULL)
			json_fault_add(faults, "/type", "unknown_type", "no command has this name");
	}
	return type;
}

void take_command(struct api *api, struct call *call)
{
	struct commands *commands = api->commands;
	struct json_faults faults;
	struct order order = { .has_id = false };
	const struct message_type *type;

	faults.count = faults.max = 0;
	type = read_order(commands, call_body(call), &order, &faults);
	if (faults.count > 0)
		faults_refuse(call, &faults, false);
	else if ((call_principal(call)->roles & type->roles) == 0)
		call_refuse(call, 403, "not_authorised", "none of your roles may issue this command");
	else
		writes_take_command(commands->conf.writes, call, type, order.has_id ? &order.id : NULL);
}

/* ---- GET /commands/:id ---- */

static void add_id(struct buf *text, const char *before, const struct uuid *id)
{
	char id_text[UUID_TEXT_SIZE + 1];

	uuid_format(id_text, id);
	buf_add_format(text, "%s\"%s\"", before, id_text);
}

static void add_instant(struct buf *text, const char *before, int64_t at_ms)
{
	char at_text[32];

	instant_format(at_text, at_ms);
	buf_add_format(text, "%s\"%s\"", before, at_text);
}

static void begin_text(struct commands *commands, const struct uuid *id, const char *status, const struct command_state *state)
{
	const struct accepted_command *accepted = accepted_find(writes_accepted(commands->conf.writes), id);

	buf_reset(&commands->text);
	add_id(&commands->text, "{\"commandId\":", id);
	buf_add_format(&commands->text, ",\"status\":\"%s\"", status);
	if (accepted != NULL)
		add_instant(&commands->text, ",\"submittedAt\":", accepted->at_ms);
	if (state->kind != COMMAND_UNKNOWN && state->kind != COMMAND_DEAD)
		add_id(&commands->text, ",\"correlationId\":", &state->correlation_id);
}

static void answer_text(struct commands *commands, struct call *call)
{
	buf_add_text(&commands->text, "}\n");
	call_answer(call, 200, CALL_JSON, buf_str(&commands->text));
}

static void refuse_unknown(struct call *call)
{
	call_refuse(call, 404, "not_found", "no such command, or its module has not read it yet");
}

/* ---- access ---- */

/* The issuer, from the event of the answer; empty: the event is older than that field. */
static struct str actor_of(const struct message_type *event, const void *body)
{
	const struct field *field = event->actor_field;

	if (field == NULL || !*(const bool *)((const char *)body + field->aux_offset))
		return STR("");
	return *(const struct str *)((const char *)body + field->offset);
}

static bool is_issuer(const struct commands *commands, const struct principal *principal, const struct uuid *id, struct str actor)
{
	const struct accepted_command *accepted = accepted_find(writes_accepted(commands->conf.writes), id);
	struct uuid caller = principal_id(principal);

	return str_is(actor, principal->subject) || (accepted != NULL && uuid_equal(&accepted->issuer, &caller));
}

/* Whether the command is about data of the principal, who may see it then, whoever issued it. */
static bool is_about_his(const struct principal *principal, const struct command_state *state)
{
	bool is_about_users = str_is(state->module, users_module);

	if ((principal->roles & ROLE_ADMIN) != 0 && is_about_users)
		return true;
	if ((principal->roles & ROLE_CREDITOR) != 0 && (state->is_theirs || (principal->scope.all_creditors && !is_about_users)))
		return true;
	return (principal->roles & ROLE_CONSUMER) != 0 && !is_about_users && principal_owns(principal, &state->key);
}

static bool is_hidden(const struct commands *commands, const struct call *call, const struct uuid *id,
		      const struct command_state *state, struct str actor)
{
	const struct principal *principal = call_principal(call);

	return (principal->roles & READS_ALL_COMMANDS) == 0 && !is_issuer(commands, principal, id, actor) &&
	       !is_about_his(principal, state);
}

/* The path of the resource that an event is about, from the row that creates such resources. NULL: none. */
static const char *location_of(const struct message_type *event)
{
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (row->location != NULL && row->made_field != NULL &&
		    strcmp(row->made_field, event->aggregate_field->name) == 0)
			return row->location;
	}
	return NULL;
}

static const struct field *text_field(const struct message_type *event, const char *name)
{
	for (size_t i = 0; i < event->record.fields_count; i++) {
		const struct field *field = &event->record.fields[i];

		if (field->kind == FIELD_STRING && !field->array && strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

/* The actor, and the reason if there is one: for readers of internal texts, and for the actor. */
static void add_doer(struct commands *commands, const struct call *call, const struct message_type *event, const void *body)
{
	const struct principal *principal = call_principal(call);
	struct str actor = actor_of(event, body);
	const struct field *reason = text_field(event, "reason");

	if (actor.size == 0 || ((principal->roles & READS_NOTES) == 0 && !str_is(actor, principal->subject)))
		return;
	buf_add_text(&commands->text, ",\"by\":");
	json_write_string(&commands->text, actor);
	if (reason == NULL || (reason->nullable && !*(const bool *)((const char *)body + reason->aux_offset)))
		return;
	buf_add_text(&commands->text, ",\"reason\":");
	json_write_string(&commands->text, *(const struct str *)((const char *)body + reason->offset));
}

static void tell_succeeded(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state,
			   const struct message_type *event, const void *body)
{
	const char *location = location_of(event);
	char subject[UUID_TEXT_SIZE + 1];

	begin_text(commands, id, "succeeded", state);
	add_instant(&commands->text, ",\"completedAt\":", state->at_ms);
	add_id(&commands->text, ",\"result\":{\"id\":", &state->subject);
	uuid_format(subject, &state->subject);
	if (location != NULL)
		buf_add_format(&commands->text, ",\"href\":\"%s%s\"", location, subject);
	buf_add_u8(&commands->text, '}');
	add_doer(commands, call, event, body);
	answer_text(commands, call);
}

static void tell_failed(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state,
			const struct command_rejected *rejected)
{
	struct refusal_problem refusal;

	refusal_problem_of(rejected, message_by_name(rejected->command_type), NULL, "", &refusal);
	begin_text(commands, id, "failed", state);
	add_instant(&commands->text, ",\"completedAt\":", state->at_ms);
	add_doer(commands, call, &command_rejected_type, rejected);
	buf_add_text(&commands->text, ",\"type\":");
	json_write_string(&commands->text, rejected->command_type);
	buf_add_format(&commands->text, ",\"retryable\":%s,\"problem\":", refusal.problem.is_retryable ? "true" : "false");
	problem_write(&commands->text, &refusal.problem, call_request_id(call), call_traceparent(call));
	answer_text(commands, call);
}

/* The dead letter may have no issuer; it is shown to the principals that may see it. */
static void tell_dead(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state)
{
	struct refusal_problem refusal;

	if (is_hidden(commands, call, id, state, STR(""))) {
		refuse_unknown(call);
		return;
	}
	refusal_problem_of_dead(state, &refusal);
	begin_text(commands, id, "failed", state);
	add_instant(&commands->text, ",\"completedAt\":", state->at_ms);
	buf_add_format(&commands->text, ",\"retryable\":%s,\"problem\":", refusal.problem.is_retryable ? "true" : "false");
	problem_write(&commands->text, &refusal.problem, call_request_id(call), call_traceparent(call));
	answer_text(commands, call);
}

/* It waits for a second person; what becomes of it is told when the wait has ended (api.command). */
static void tell_kept(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state,
		      const struct command_kept *kept)
{
	begin_text(commands, id, "running", state);
	add_instant(&commands->text, ",\"waitingSince\":", state->at_ms);
	buf_add_text(&commands->text, ",\"reason\":");
	json_write_string(&commands->text, kept->text);
	answer_text(commands, call);
}

static void tell_answered(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state)
{
	const struct message_type *type;
	const void *body;
	struct err err = ERR_INIT;

	arena_reset(&commands->arena);
	if (coder_decode(state->event, &commands->arena, &type, &body, &err) != 0) {
		log_error("an answer of a module cannot be read: %s", err.text);
		call_refuse(call, 503, "unavailable", "the answer to the command cannot be read now");
	} else if (is_hidden(commands, call, id, state, actor_of(type, body))) {
		refuse_unknown(call);
	} else if (type == &command_rejected_type) {
		tell_failed(commands, call, id, state, body);
	} else if (type == &command_kept_type) {
		tell_kept(commands, call, id, state, body);
	} else {
		tell_succeeded(commands, call, id, state, type, body);
	}
}

static void tell_running(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state)
{
	if (is_hidden(commands, call, id, state, state->actor)) {
		refuse_unknown(call);
		return;
	}
	begin_text(commands, id, "running", state);
	add_instant(&commands->text, ",\"waitingSince\":", state->at_ms);
	buf_add_text(&commands->text, ",\"reason\":");
	json_write_string(&commands->text, state->park_reason);
	call_set_header(call, "Retry-After", STR("1"));
	answer_text(commands, call);
}

/* Its module has not read it yet, but this process has handed it to Kafka, and Kafka has acknowledged it. */
static void tell_accepted(struct commands *commands, struct call *call, const struct uuid *id, const struct command_state *state)
{
	const struct accepted_command *accepted = accepted_find(writes_accepted(commands->conf.writes), id);
	struct command_state known = { .key = { { 0 } } };

	if (accepted != NULL)
		known.key = accepted->key;
	if (accepted == NULL || is_hidden(commands, call, id, &known, STR(""))) {
		refuse_unknown(call);
		return;
	}
	begin_text(commands, id, "accepted", state);
	call_set_header(call, "Retry-After", STR("1"));
	answer_text(commands, call);
}

static void take_state(void *call_arg, const struct command_state *state)
{
	struct call *call = call_arg;
	struct commands *commands = call_api(call)->commands;
	struct uuid id;

	if (state == NULL)
		call_refuse(call, 503, "unavailable", "the database is away: try again");
	else if (!call_param_id(call, "id", &id))
		return;
	else if (state->kind == COMMAND_UNKNOWN)
		tell_accepted(commands, call, &id, state);
	else if (state->kind == COMMAND_PARKED)
		tell_running(commands, call, &id, state);
	else if (state->kind == COMMAND_DEAD)
		tell_dead(commands, call, &id, state);
	else
		tell_answered(commands, call, &id, state);
}

void tell_command(struct api *api, struct call *call)
{
	struct uuid id;

	if (call_param_id(call, "id", &id))
		reads_find_command_for(api->reads, call_principal(call), &id, take_state, call);
}

/* ---- life ---- */

int commands_new(const struct commands_conf *conf, struct commands **ret_commands, struct err *err)
{
	struct commands *commands = calloc(1, sizeof(*commands));

	if (commands == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	commands->conf = *conf;
	buf_init(&commands->text, TEXT_SIZE_MAX);
	if (arena_init(&commands->arena, ARENA_SIZE, err) != 0) {
		free(commands);
		return -1;
	}
	*ret_commands = commands;
	return 0;
}

void commands_free(struct commands *commands)
{
	if (commands == NULL)
		return;
	arena_release(&commands->arena);
	buf_release(&commands->text);
	free(commands);
}
