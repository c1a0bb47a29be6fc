#include "producers/api/document/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/command.h"
#include "producers/api/document/openapi_inside.h"

/* ---- derived from a row ---- */

/* "/debts/:id/payments" -> "/debts/{id}/payments" */
static void write_path(const char *pattern, struct buf *buf)
{
	bool is_param = false;

	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at == '/' && is_param) {
			buf_add_u8(buf, '}');
			is_param = false;
		}
		if (*at == ':') {
			buf_add_u8(buf, '{');
			is_param = true;
		} else {
			buf_add_u8(buf, (unsigned char)*at);
		}
	}
	buf_add_text(buf, is_param ? "}" : "");
	buf_add_u8(buf, '\0');
}

static const char *method_name(enum method method)
{
	switch (method) {
	case METHOD_GET:
		return "get";
	case METHOD_POST:
		return "post";
	case METHOD_PUT:
		return "put";
	case METHOD_PATCH:
		return "patch";
	case METHOD_DELETE:
		return "delete";
	}
	MUST_NOT_REACH("a method that is not in the table");
}

/* The group that lists the first segment of the path; NULL: none. */
static const char *find_tag(const struct openapi *openapi, const char *pattern)
{
	size_t size = strcspn(pattern + 1, "/");
	size_t tag_index, segment_index;
	json_t *tag, *segment;

	json_array_foreach(json_object_get(openapi->document, "tags"), tag_index, tag)
	{
		json_array_foreach(json_object_get(tag, "x-dcs-segments"), segment_index, segment)
		{
			if (json_string_length(segment) == size && strncmp(json_string_value(segment), pattern + 1, size) == 0)
				return json_string_value(json_object_get(tag, "name"));
		}
	}
	return NULL;
}

/* The access: a public operation needs no token; the others list their roles, or none if every token is accepted. */
static void add_access(json_t *operation, uint32_t access)
{
	json_t *roles;

	if ((access & ACCESS_PUBLIC) != 0)
		json_object_set_new(operation, "security", json_array());
	if ((access & (ACCESS_PUBLIC | ACCESS_SIGNED_IN)) != 0)
		return;
	roles = json_array();
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		if ((access & role) != 0)
			json_array_append_new(roles, json_string(role_name(role)));
	}
	json_object_set_new(operation, "x-dcs-roles", roles);
}

static bool has_parameter(json_t *parameters, const char *in, const char *name)
{
	json_t *parameter;
	size_t index;

	json_array_foreach(parameters, index, parameter)
	{
		const char *its_in = json_string_value(json_object_get(parameter, "in"));
		const char *its_name = json_string_value(json_object_get(parameter, "name"));

		if (its_in != NULL && strcmp(its_in, in) == 0 && strcmp(its_name, name) == 0)
			return true;
	}
	return false;
}

/* Adds a parameter for each `:name` of the pattern without a description of its own; `:id` is an id. */
static void add_path_parameters(json_t *parameters, const char *pattern)
{
	for (const char *at = strchr(pattern, ':'); at != NULL; at = strchr(at + 1, ':')) {
		char name[64];
		json_t *parameter;

		MUST(str_to_chars(name, sizeof(name), (struct str){ .data = at + 1, .size = strcspn(at + 1, "/") }));
		if (has_parameter(parameters, "path", name))
			continue;
		parameter = json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required", 1, "schema", "type",
				      "string");
		if (strcmp(name, "id") == 0)
			json_object_set_new(json_object_get(parameter, "schema"), "format", json_string("uuid"));
		json_array_insert_new(parameters, 0, parameter);
	}
}

/* ---- statuses ---- */

/* The statuses with a shared answer in components/responses. */
static const struct {
	int status;
	const char *name;
	const char *codes; /* the usual codes of the status; NULL: the operation defines them */
} shared_responses[] = {
	{ 304, "NotModified", NULL },
	{ 400, "BadRequest", "bad_request" },
	{ 401, "NotAuthenticated", "not_authenticated" },
	{ 403, "NotAuthorised", "not_authorised" },
	{ 404, "NotFound", "not_found" },
	{ 409, "Conflict", NULL },
	{ 412, "VersionConflict", "version_conflict" },
	{ 413, "TooLarge", "too_large" },
	{ 414, "TargetTooLong", "bad_request" },
	{ 415, "UnsupportedMediaType", "unsupported_media_type" },
	{ 422, "Unprocessable", NULL },
	{ 428, "PreconditionRequired", "precondition_required" },
	{ 429, "TooManyRequests", "too_many_attempts" },
	{ 431, "HeadersTooLarge", "bad_request" },
	{ 500, "Failed", "failed" },
	{ 503, "Unavailable", "unavailable busy" },
};

static void status_key(int status, char key[16])
{
	(void)snprintf(key, 16, "%d", status);
}

static bool has_word(json_t *words, const char *word)
{
	json_t *other;
	size_t index;

	json_array_foreach(words, index, other)
	{
		if (strcmp(json_string_value(other), word) == 0)
			return true;
	}
	return false;
}

void openapi_add_code(json_t *operation, int status, const char *code)
{
	json_t *codes = openapi_member(operation, "x-dcs-codes", json_object());
	char key[16];
	json_t *list;

	status_key(status, key);
	list = openapi_member(codes, key, json_array());
	if (!has_word(list, code))
		json_array_append_new(list, json_string(code));
}

/* Takes the list. */
static void add_codes(json_t *operation, int status, json_t *codes)
{
	size_t index;
	json_t *code;

	json_array_foreach(codes, index, code)
	{
		openapi_add_code(operation, status, json_string_value(code));
	}
	json_decref(codes);
}

void openapi_add_response(json_t *operation, int status)
{
	json_t *responses = openapi_member(operation, "responses", json_object());
	const char *name = NULL;
	char key[16];

	for (size_t i = 0; i < COUNT(shared_responses); i++) {
		if (shared_responses[i].status != status)
			continue;
		name = shared_responses[i].name;
		if (shared_responses[i].codes != NULL)
			add_codes(operation, status, openapi_words(shared_responses[i].codes));
	}
	MUST(name != NULL);
	status_key(status, key);
	if (json_object_get(responses, key) == NULL)
		json_object_set_new(responses, key, openapi_reference("responses", name));
}

json_t *openapi_add_success(json_t *operation, int status, const char *description, json_t *schema)
{
	json_t *responses = openapi_member(operation, "responses", json_object());
	json_t *response =
		json_pack("{s:s, s:{s:{s:o}}}", "description", description, "content", "application/json", "schema", schema);
	char key[16];

	status_key(status, key);
	json_object_set_new(responses, key, response);
	return response;
}

void openapi_add_header(json_t *response, const char *name, bool is_required, const char *description)
{
	json_t *header = json_pack("{s:s, s:{s:s}}", "description", description, "schema", "type", "string");

	if (is_required)
		json_object_set_new(header, "required", json_true());
	json_object_set_new(openapi_member(response, "headers", json_object()), name, header);
}

/*
 * The refusals before a handler: those of the row, failed look-ups of rights, and shutdown. The guard (guard.h) may refuse any
 * operation; its 505 is left out, as every reader of the document uses HTTP/1.1.
 */
static void add_refusals(json_t *operation, const struct route *route)
{
	uint32_t access = route_access(route);

	openapi_add_response(operation, 400);
	openapi_add_response(operation, 414);
	openapi_add_response(operation, 431);
	if ((access & ACCESS_PUBLIC) == 0)
		openapi_add_response(operation, 401);
	if ((access & (ACCESS_PUBLIC | ACCESS_SIGNED_IN)) == 0)
		openapi_add_response(operation, 403);
	openapi_add_response(operation, 413);
	if (route->body != BODY_NONE)
		openapi_add_response(operation, 415);
	openapi_add_response(operation, 503);
}

/* Sorted by status. */
static void sort_responses(json_t *operation)
{
	json_t *responses = json_object_get(operation, "responses");
	json_t *sorted = json_object();
	char key[16];

	for (int status = 100; status < 600; status++) {
		status_key(status, key);
		if (json_object_get(responses, key) != NULL)
			json_object_set(sorted, key, json_object_get(responses, key));
	}
	MUST(json_object_size(sorted) == json_object_size(responses));
	json_object_set_new(operation, "responses", sorted);
}

/* ---- operations ---- */

static void set_example(json_t *operation, json_t *example)
{
	json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");

	json_object_set(json_object_get(content, "application/json"), "example", example);
}

/* Adds each code of a list to the operation's own. */
static void add_all_codes(json_t *operation, json_t *codes)
{
	const char *status;
	json_t *list;

	json_object_foreach(codes, status, list)
	{
		add_codes(operation, (int)strtol(status, NULL, 10), json_incref(list));
	}
}

/* {"409": "exists gone"} */
static void add_written_codes(json_t *operation, json_t *codes)
{
	const char *status;
	json_t *words;

	json_object_foreach(codes, status, words)
	{
		add_codes(operation, (int)strtol(status, NULL, 10), openapi_words(json_string_value(words)));
	}
}

/*
 * Merges the description of an operation from document/: for a special row its whole request and answers; for others additions,
 * such as a description, an example of the body (`example`), or null for an answer that the kind of row has and that cannot
 * occur.
 */
static bool lay_over(struct openapi *openapi, const struct route *route, json_t *operation)
{
	json_t *written = json_object_get(openapi->written, route->operation);
	json_t *responses = json_object_get(written, "responses");
	const char *name;
	json_t *value;

	json_object_foreach(written, name, value)
	{
		if (strcmp(name, "example") == 0)
			set_example(operation, value);
		else if (strcmp(name, "codes") == 0)
			add_written_codes(operation, value);
		else if (strcmp(name, "x-dcs-codes") == 0)
			add_all_codes(operation, value);
		else if (value != responses)
			json_object_set(operation, name, value);
	}
	json_object_foreach(responses, name, value)
	{
		if (json_is_null(value))
			json_object_del(json_object_get(operation, "responses"), name);
		else
			json_object_set(openapi_member(operation, "responses", json_object()), name, value);
	}
	return json_object_del(openapi->written, route->operation) == 0;
}

static int describe_special(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	if (!lay_over(openapi, route, operation))
		return err_set(err, ERR_FATAL, "document/: nobody has described %s", route->operation);
	return 0;
}

/* Describes the operation by its kind of row. */
static int describe_kind(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	switch (route->kind) {
	case ROUTE_SPECIAL:
		return describe_special(openapi, route, operation, err);
	case ROUTE_WRITE:
		return openapi_describe_write(openapi, route, operation, err);
	case ROUTE_READ:
		return openapi_describe_read(openapi, route, operation, err);
	}
	MUST_NOT_REACH("a kind of route that is not in the table");
}

/* Whether the answer has the registry's own form, without our codes. */
static bool is_of_registry(json_t *response)
{
	return json_object_get(json_object_get(response, "content"), "application/vnd.schemaregistry.v1+json") != NULL;
}

/* A shared answer that document/ names gets its usual codes, too. */
static void add_usual_codes(json_t *operation)
{
	json_t *responses = json_object_get(operation, "responses");

	for (size_t i = 0; i < COUNT(shared_responses); i++) {
		char key[16];

		status_key(shared_responses[i].status, key);
		if (shared_responses[i].codes != NULL && json_object_get(json_object_get(responses, key), "$ref") != NULL)
			add_codes(operation, shared_responses[i].status, openapi_words(shared_responses[i].codes));
	}
}

/* Every problem must have codes, and codes must have a problem. */
static int check_codes(json_t *operation, const struct route *route, struct err *err)
{
	json_t *codes = json_object_get(operation, "x-dcs-codes");
	json_t *responses = json_object_get(operation, "responses");
	const char *status;
	json_t *value;

	json_object_foreach(responses, status, value)
	{
		bool is_problem = strtol(status, NULL, 10) >= 400 && !is_of_registry(value);

		if (is_problem && json_object_get(codes, status) == NULL)
			return err_set(err, ERR_FATAL, "document/: nobody has said the codes of %s of %s", status,
				       route->operation);
	}
	json_object_foreach(codes, status, value)
	{
		if (json_object_get(responses, status) == NULL)
			return err_set(err, ERR_FATAL, "document/: %s has no %s, but codes of it", route->operation, status);
	}
	return 0;
}

static int describe(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	const char *tag = find_tag(openapi, route->pattern);

	if (tag == NULL)
		return err_set(err, ERR_FATAL, "document/base.json: no group for %s", route->pattern);
	json_object_set_new(operation, "operationId", json_string(route->operation));
	json_object_set_new(operation, "summary", json_string(route->summary));
	json_object_set_new(operation, "tags", json_pack("[s]", tag));
	add_access(operation, route_access(route));
	if (describe_kind(openapi, route, operation, err) != 0)
		return -1;
	add_path_parameters(openapi_member(operation, "parameters", json_array()), route->pattern);
	add_refusals(operation, route);
	(void)lay_over(openapi, route, operation); /* done above for a special row */
	sort_responses(operation);
	add_usual_codes(operation);
	return check_codes(operation, route, err);
}

static int add_operation(struct openapi *openapi, const struct route *route, struct err *err)
{
	json_t *operation = json_object();
	struct buf path;

	if (describe(openapi, route, operation, err) != 0) {
		json_decref(operation);
		return -1;
	}
	buf_init(&path, 256);
	write_path(route->pattern, &path);
	MUST(!path.overflow);
	json_object_set_new(openapi_member(openapi_member(openapi->document, "paths", json_object()), (const char *)path.data,
					   json_object()),
			    method_name(route->method), operation);
	buf_release(&path);
	return 0;
}

static int describe_all(struct openapi *openapi, const struct route *routes, struct err *err)
{
	if (openapi_read_parts(openapi, err) != 0)
		return -1;
	openapi_add_commands(openapi);
	for (const struct route *route = routes; route->pattern != NULL; route++) {
		if (add_operation(openapi, route, err) != 0)
			return -1;
	}
	if (json_object_size(openapi->written) > 0)
		return err_set(err, ERR_FATAL, "document/: there is no operation %s",
			       json_object_iter_key(json_object_iter(openapi->written)));
	return 0;
}

static int add_bytes(const char *bytes, size_t size, void *buf)
{
	buf_add(buf, bytes, size);
	return 0;
}

int openapi_write(const struct route *routes, bool is_indented, struct buf *buf, struct err *err)
{
	struct openapi openapi = { .document = NULL };
	int result = describe_all(&openapi, routes, err);

	if (result == 0) {
		MUST(json_dump_callback(openapi.document, add_bytes, buf, is_indented ? JSON_INDENT(2) : JSON_COMPACT) == 0);
		buf_add_u8(buf, '\n');
	}
	json_decref(openapi.document);
	json_decref(openapi.written);
	json_decref(openapi.resources);
	json_decref(openapi.examples);
	return result;
}
