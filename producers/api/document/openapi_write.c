/* Rows that become commands: their requests and answers. */

#include <string.h>

#include "base/array.h"
#include "model/command.h"
#include "model/refusal.h"
#include "producers/api/document/openapi_inside.h"
#include "producers/api/reads/resource.h"
#include "producers/api/writes/refusals.h"

/* ---- bodies ---- */

static bool is_named(const char *names, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = names; at != NULL && at[0] != '\0'; at += strcspn(at, " "), at += at[0] == ' ') {
		if (strcspn(at, " ") == size && strncmp(at, name, size) == 0)
			return true;
	}
	return false;
}

/* The default of a member of the row's `optional` (intake.c). */
static const char *text_of_default(const struct field *field)
{
	switch (field->kind) {
	case FIELD_INSTANT:
		return "left out: now";
	case FIELD_BOOL:
		return "left out: false";
	case FIELD_INT:
	case FIELD_LONG:
		return "left out: 0";
	case FIELD_DATE:
	case FIELD_UUID:
	case FIELD_STRING:
	case FIELD_BYTES:
	case FIELD_RECORD:
		return "left out: empty";
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* Like intake.c: a field comes from the path, is looked up, is made, or is optional. */
static enum openapi_presence presence_in_body(const void *route_arg, const struct field *field, const char **ret_text)
{
	const struct route *route = route_arg;

	if (route->if_match && strcmp(field->name, "expected_version") == 0)
		return PRESENT_NEVER;
	*ret_text = NULL;
	if (route->clears != NULL && strcmp(field->name, "clears") == 0)
		return PRESENT_NEVER;
	if (is_named(route->demanded, field->name))
		return PRESENT_ALWAYS;
	if (is_named(route->clears, field->name))
		*ret_text = route->replaces ? "left out or null: it has none from now on"
					    : "left out: as it is; null: it has none from now on";
	else if (route->clears != NULL && field->nullable)
		*ret_text = "left out: as it is";
	if (route->path_field != NULL && strcmp(field->name, route->path_field) == 0)
		*ret_text = "the path says it; here it may be said again";
	else if (route->path_field != NULL && field == route->command->key_field)
		*ret_text = "may be left out: the path says whose it is";
	else if (route->made_field != NULL && strcmp(field->name, route->made_field) == 0)
		*ret_text = "left out: a new one";
	else if (is_named(route->optional, field->name))
		*ret_text = text_of_default(field);
	return *ret_text != NULL ? PRESENT_MAYBE : PRESENT_AS_SCHEMA;
}

/* "recordPayment" -> "RecordPaymentBody" */
static void body_name(const struct route *route, char name[64])
{
	(void)snprintf(name, 64, "%sBody", route->operation);
	if (name[0] >= 'a' && name[0] <= 'z')
		name[0] = (char)(name[0] - 'a' + 'A');
}

/* Members with a single value may be in the query of a DELETE, as proxies may drop its body. */
static void add_query_members(json_t *operation, json_t *schema)
{
	json_t *parameters = openapi_member(operation, "parameters", json_array());
	const char *name;
	json_t *member;

	json_object_foreach(json_object_get(schema, "properties"), name, member)
	{
		json_t *type = json_object_get(member, "type");
		const char *word = json_string_value(json_is_array(type) ? json_array_get(type, 0) : type);

		if (word == NULL || (strcmp(word, "string") != 0 && strcmp(word, "integer") != 0))
			continue;
		json_array_append_new(parameters, json_pack("{s:s, s:s, s:s, s:O}", "name", name, "in", "query", "description",
							    "instead of the body, which a proxy may drop", "schema", member));
	}
}

/* A member that names the intended state (intake.c): of the body, or of another body, which may take its place. */
static json_t *add_said(const struct route *route, json_t *schema)
{
	struct route other = *route;
	json_t *member, *fields = schema;

	if (route->said_member == NULL)
		return schema;
	if (route->said_command != NULL) {
		other.command = route->said_command;
		fields = openapi_message(other.command, presence_in_body, &other);
	}
	member = json_pack("{s:s, s:s, s:s}", "type", "string", "const", route->said_word, "description",
			   "the only one that can be put");
	json_object_set_new(openapi_member(fields, "properties", json_object()), route->said_member, member);
	json_array_append_new(openapi_member(fields, "required", json_array()), json_string(route->said_member));
	return fields == schema ? schema : json_pack("{s:[o, o]}", "anyOf", schema, fields);
}

/* The command's example, and the member that only the route's row requires. */
static void add_example(const struct openapi *openapi, const struct route *route, json_t *media)
{
	json_t *example = openapi_example(openapi, route->command, presence_in_body, route);

	if (example == NULL)
		return;
	if (route->said_member != NULL && route->said_command == NULL)
		json_object_set_new(example, route->said_member, json_string(route->said_word));
	json_object_set_new(media, "example", example);
}

static void add_body(struct openapi *openapi, const struct route *route, json_t *operation)
{
	json_t *schema = openapi_message(route->command, presence_in_body, route);
	json_t *media = json_object();
	bool is_needed;
	char name[64];

	is_needed = route->said_member != NULL || json_object_get(schema, "required") != NULL;
	is_needed = is_needed && route->method != METHOD_DELETE;
	schema = add_said(route, schema);
	if (route->method == METHOD_DELETE)
		add_query_members(operation, schema);
	body_name(route, name);
	json_object_set_new(openapi->schemas, name, schema);
	json_object_set_new(media, "schema", openapi_reference("schemas", name));
	add_example(openapi, route, media);
	json_object_set_new(operation, "requestBody",
			    json_pack("{s:b, s:{s:o}}", "required", is_needed, "content", "application/json", media));
}

static bool has_field(const struct message_type *type, const char *name)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		if (strcmp(type->record.fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static void add_headers(const struct route *route, json_t *operation)
{
	json_t *parameters = openapi_member(operation, "parameters", json_array());

	if (route->method == METHOD_POST)
		json_array_append_new(parameters, openapi_reference("parameters", "IdempotencyKey"));
	if (has_field(route->command, "expected_version"))
		json_array_append_new(parameters, openapi_reference("parameters", route->if_match ? "IfMatch" : "IfMatchIfAny"));
	json_array_append_new(parameters, openapi_reference("parameters", "Prefer"));
}

/* ---- answers ---- */

static int add_done(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	char name[64] = "Done";
	json_t *schema, *response;

	if (route->resource != NULL && openapi_resource(openapi, route->resource, false, name, err) != 0)
		return -1;
	if (route->resource == NULL)
		schema = openapi_reference("schemas", name);
	else /* the rest of the resource may be unreadable at that moment */
		schema = json_pack("{s:[o, o]}", "anyOf", openapi_reference("schemas", name),
				   openapi_reference("schemas", "OnlyId"));
	response = openapi_add_success(operation, route->done_status, route->done_status == 201 ? "It was made" : "It was done",
				       schema);
	openapi_add_header(response, "Location", true, route->location != NULL ? "where it can be read" : "of the command");
	if (route->resource != NULL && route->resource->version != NULL)
		openapi_add_header(response, "ETag", false, "the version it has now");
	openapi_add_header(response, "Preference-Applied", false, "what of `Prefer` was done");
	openapi_add_header(response, "Idempotency-Replayed", false,
			   "`true`: the answer that was given before; nothing was done again");
	return 0;
}

static void add_accepted(json_t *operation)
{
	json_t *response = openapi_add_success(operation, 202, "Kept; what comes of it will be at Location",
					       openapi_reference("schemas", "Command"));

	openapi_add_header(response, "Location", true, "GET /commands/{id}");
	openapi_add_header(response, "Retry-After", true, "seconds until it is worth asking");
	openapi_add_header(response, "Preference-Applied", false, "what of `Prefer` was done");
}

/* The codes of this type's refusals, at their status (refusal_status); and those that any command may get. */
static void add_refusals(json_t *operation, const struct message_type *type, bool is_of_path)
{
	for (int refusal = REFUSAL_NONE + 1; refusal < REFUSAL_COUNT; refusal++) {
		struct str code = str_of(refusal_code((enum refusal)refusal));

		if ((type->refusals >> refusal & 1) == 0)
			continue;
		openapi_add_code(operation, refusal_status(code, false), code.data);
		if (is_of_path)
			openapi_add_code(operation, refusal_status(code, true), code.data);
	}
	openapi_add_code(operation, 422, refusal_code(REFUSAL_DUPLICATE_DIFFERENT_BODY));
	openapi_add_code(operation, 422, refusal_code(REFUSAL_BAD_VALUE));
	openapi_add_code(operation, 422, refusal_code(REFUSAL_EXPIRED));
	openapi_add_code(operation, 401,
			 "bad_token"); /* of a dead letter: the key was withdrawn meanwhile, or the command waited too long */
	openapi_add_code(operation, 401, "expired_token");
	openapi_add_code(operation, 401, "ended_token");
}

/* Whether a rule of it may answer with 409. */
static bool has_conflict(const struct message_type *type)
{
	for (int refusal = REFUSAL_NONE + 1; refusal < REFUSAL_COUNT; refusal++) {
		if ((type->refusals >> refusal & 1) != 0 &&
		    refusal_status(str_of(refusal_code((enum refusal)refusal)), false) == 409)
			return true;
	}
	return false;
}

static void add_codes(json_t *operation, const struct route *route)
{
	static const char *const bad_requests[] = { "bad_json", "bad_header", "bad_query" };

	for (size_t i = 0; i < COUNT(bad_requests); i++)
		openapi_add_code(operation, 400, bad_requests[i]);
	openapi_add_code(operation, 422, "invalid_body");
	add_refusals(operation, route->command, route->path_field != NULL);
	if (route->method == METHOD_POST)
		openapi_add_code(operation, 409, "in_progress");
}

int openapi_describe_write(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	bool is_for_consumers = (route->command->roles & ROLE_CONSUMER) != 0; /* resources of others are 404 for them */

	add_headers(route, operation);
	add_body(openapi, route, operation);
	if (add_done(openapi, route, operation, err) != 0)
		return -1;
	add_accepted(operation);
	openapi_add_response(operation, 403); /* from the module, which checks the user's current rights */
	if (route->path_field != NULL || is_for_consumers)
		openapi_add_response(operation, 404);
	if (route->method == METHOD_POST || has_conflict(route->command))
		openapi_add_response(operation, 409);
	if ((route->command->refusals >> REFUSAL_VERSION_CONFLICT & 1) != 0)
		openapi_add_response(operation, 412);
	openapi_add_response(operation, 422);
	if (route->if_match)
		openapi_add_response(operation, 428);
	add_codes(operation, route);
	return 0;
}

/* ---- POST /commands ---- */

static json_t *order_of(const struct message_type *type)
{
	return json_pack("{s:s, s:{s:{s:s}, s:{s:[s, s], s:s, s:s}, s:o}, s:[s, s], s:b}", "type", "object", "properties", "type",
			 "const", type->record.name, "id", "type", "string", "null", "format", "uuid", "description",
			 "of the command: the same id is the same command; left out: a new one", "data",
			 openapi_reference("schemas", type->record.name), "required", "type", "data", "additionalProperties", 0);
}

void openapi_add_commands(struct openapi *openapi)
{
	json_t *post = json_object_get(openapi->written, "postCommand");
	json_t *orders = json_array();

	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		if ((*type)->kind != MESSAGE_COMMAND || (*type)->key_field == NULL || message_is_of_engine(*type))
			continue;
		json_object_set_new(openapi->schemas, (*type)->record.name, openapi_message(*type, NULL, NULL));
		json_array_append_new(orders, order_of(*type));
		if (post != NULL) /* the table of a test may lack it */
			add_refusals(post, *type, true);
	}
	json_object_set_new(openapi->schemas, "CommandRequest",
			    json_pack("{s:s, s:o}", "description", "A command by its name, and its members", "oneOf", orders));
}
