/* Rows that read resources: the schemas, from the columns; the queries of lists. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model/command.h"
#include "producers/api/document/openapi_inside.h"
#include "producers/api/reads/list_query.h"
#include "producers/api/reads/resource.h"

#define NAME_SIZE 64

/* ---- columns ---- */

static json_t *text_schema(const char *format)
{
	return format == NULL ? json_pack("{s:s}", "type", "string")
			      : json_pack("{s:s, s:s}", "type", "string", "format", format);
}

static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *kind_schema(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_UUID:
		return text_schema("uuid");
	case COLUMN_TEXT:
	case COLUMN_SEALED:
	case COLUMN_ADDRESS:
	case COLUMN_TYPE:
		return text_schema(NULL);
	case COLUMN_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case COLUMN_INT:
		return json_pack("{s:s, s:s}", "type", "integer", "format", "int32");
	case COLUMN_LONG:
		return json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
	case COLUMN_LINK:
		return text_schema("uri-reference");
	case COLUMN_DATE:
		return text_schema("date");
	case COLUMN_TOKEN_END:
	case COLUMN_INSTANT:
		return text_schema("date-time");
	case COLUMN_MONEY:
		return openapi_reference("schemas", "Money");
	case COLUMN_TEXTS:
	case COLUMN_TOKEN_ROLES:
	case COLUMN_ACTIONS:
		return list_of(text_schema(NULL));
	case COLUMN_UUIDS:
		return list_of(text_schema("uuid"));
	case COLUMN_JSON:
	case COLUMN_EVENT:
		return json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 1);
	}
	MUST_NOT_REACH("a column of no kind");
}

static void let_be_null(json_t *schema)
{
	json_t *words = json_object_get(schema, "enum");
	json_t *reference = json_object_get(schema, "$ref");

	if (reference != NULL) {
		json_object_set_new(schema, "anyOf", json_pack("[{s:O}, {s:s}]", "$ref", reference, "type", "null"));
		json_object_del(schema, "$ref");
		return;
	}
	json_object_set_new(schema, "type", json_pack("[O, s]", json_object_get(schema, "type"), "null"));
	if (words != NULL)
		json_array_append_new(words, json_null());
}

static void describe_roles(json_t *schema, const struct column *column)
{
	char text[160];
	size_t size;

	if (column->roles == 0)
		return;
	size = (size_t)snprintf(text, sizeof(text), column->kind == COLUMN_ADDRESS ? "masked but for" : "only for");
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		if ((column->roles & role) != 0)
			size += (size_t)snprintf(text + size, sizeof(text) - size, " %s", role_name(role));
		MUST(size < sizeof(text));
	}
	openapi_describe(schema, text);
}

/* The schema of the column's kind, merged with its description in document/; "null": true: may be null. */
static json_t *column_schema(const struct column *column, json_t *said)
{
	json_t *schema = kind_schema(column->kind);
	bool may_be_null = column_is_sealed(column) || json_is_true(json_object_get(said, "null"));

	json_object_update(schema, said);
	json_object_del(schema, "null");
	if (json_object_get(schema, "description") == NULL)
		openapi_describe(schema, "");
	if (may_be_null)
		let_be_null(schema);
	describe_roles(schema, column);
	return schema;
}

/* ---- resources ---- */

/* "contact point" -> "ContactPoint" */
static void resource_name(const struct resource *resource, const char *suffix, char name[NAME_SIZE])
{
	size_t size = 0;
	bool is_start = true;

	for (const char *at = resource->name; *at != '\0'; at++) {
		MUST(size + 1 < NAME_SIZE);
		if (*at != ' ')
			name[size++] = is_start ? (char)toupper((unsigned char)*at) : *at;
		is_start = *at == ' ';
	}
	name[size] = '\0';
	MUST(size + strlen(suffix) < NAME_SIZE);
	(void)snprintf(name + size, NAME_SIZE - size, "%s", suffix);
}

static json_t *empty_object(void)
{
	return json_pack("{s:s, s:{}, s:[]}", "type", "object", "properties", "required");
}

/* The object of a column's member: "balances.cost" is in an object of its own. */
static json_t *place_of(json_t *schema, const char *column_name, const char **ret_name)
{
	const char *dot = strchr(column_name, '.');
	char object[NAME_SIZE];
	json_t *properties = json_object_get(schema, "properties");

	*ret_name = dot == NULL ? column_name : dot + 1;
	if (dot == NULL)
		return schema;
	MUST(str_to_chars(object, sizeof(object), (struct str){ .data = column_name, .size = (size_t)(dot - column_name) }));
	if (json_object_get(properties, object) == NULL) {
		json_object_set_new(properties, object, empty_object());
		json_array_append_new(json_object_get(schema, "required"), json_string(object));
	}
	return json_object_get(properties, object);
}

static int add_column(json_t *schema, const struct resource *resource, const struct column *column, json_t *said, struct err *err)
{
	bool is_for_all = column->roles == 0 || column->kind == COLUMN_ADDRESS;
	const char *name;
	json_t *place = place_of(schema, column->name, &name);

	if (json_object_get(said, "description") == NULL)
		return err_set(err, ERR_FATAL, "document/: nobody has described %s of a %s", column->name, resource->name);
	json_object_set_new(json_object_get(place, "properties"), name, column_schema(column, said));
	if (is_for_all)
		json_array_append_new(json_object_get(place, "required"), json_string(name));
	return 0;
}

static bool has_details(const struct resource *resource)
{
	for (size_t i = 0; i < resource->columns_count; i++) {
		if (resource->columns[i].is_detail)
			return true;
	}
	return false;
}

int openapi_resource(struct openapi *openapi, const struct resource *resource, bool is_list, char ret_name[64], struct err *err)
{
	json_t *said = json_object_get(openapi->resources, resource->name);
	json_t *schema;

	resource_name(resource, is_list && has_details(resource) ? "InList" : "", ret_name);
	if (json_object_get(openapi->schemas, ret_name) != NULL)
		return 0;
	schema = empty_object();
	json_object_set_new(openapi->schemas, ret_name, schema);
	for (size_t i = 0; i < resource->columns_count; i++) {
		const struct column *column = &resource->columns[i];

		if (is_list && column->is_detail)
			continue;
		if (add_column(schema, resource, column, json_object_get(said, column->name), err) != 0)
			return -1;
	}
	return 0;
}

/* ---- queries ---- */

static void add_argument(json_t *parameters, const char *name, const char *description, json_t *schema)
{
	json_t *parameter = json_pack("{s:s, s:s, s:o}", "name", name, "in", "query", "schema", schema);

	if (description != NULL)
		json_object_set_new(parameter, "description", json_string(description));
	json_array_append_new(parameters, parameter);
}

static int add_filter(json_t *parameters, const struct resource *resource, const struct filter *filter, json_t *said,
		      struct err *err)
{
	json_t *schema = kind_schema(filter->kind);
	json_t *text = json_object_get(said, filter->name);
	char description[160];

	if (!json_is_string(text)) {
		json_decref(schema);
		return err_set(err, ERR_FATAL, "document/: nobody has described the filter %s of a %s", filter->name,
			       resource->name);
	}
	if (filter->words != NULL)
		json_object_set_new(schema, "enum", openapi_words(filter->words));
	else if (filter->kind == COLUMN_TEXT)
		json_object_set_new(schema, "maxLength", json_integer(QUESTION_CHARACTERS_MAX));
	(void)snprintf(description, sizeof(description), filter->needs != NULL ? "%s; only together with `%s`" : "%s",
		       json_string_value(text), filter->needs);
	add_argument(parameters, filter->name, description, schema);
	return 0;
}

/* "id", "-id", "dueOn", "-dueOn" */
static json_t *sort_schema(const struct resource *resource)
{
	json_t *words = json_array();
	const struct sort *first = &resource->sorts[resource->sort_default];

	for (size_t i = 0; i < resource->sorts_count; i++) {
		json_array_append_new(words, json_string(resource->sorts[i].name));
		json_array_append_new(words, json_sprintf("-%s", resource->sorts[i].name));
	}
	return json_pack("{s:s, s:o, s:o}", "type", "string", "enum", words, "default",
			 json_sprintf("%s%s", first->descends ? "-" : "", first->name));
}

static int add_query(struct openapi *openapi, const struct resource *resource, json_t *operation, struct err *err)
{
	json_t *said = json_object_get(json_object_get(openapi->resources, resource->name), "filters");
	json_t *parameters = openapi_member(operation, "parameters", json_array());

	for (size_t i = 0; i < resource->filters_count; i++) {
		if (add_filter(parameters, resource, &resource->filters[i], said, err) != 0)
			return -1;
	}
	add_argument(parameters, "sort", "with a minus in front it descends", sort_schema(resource));
	if (resource->changes != NULL)
		add_argument(parameters, "updatedSince",
			     "what was changed at this instant or later, each thing once, in the order of the log and without "
			     "`sort`. To follow, ask "
			     "next for what was changed since `asOf` of the first page: nothing is left out, things of the last "
			     "ten seconds "
			     "come again, and so does what changes meanwhile",
			     kind_schema(COLUMN_INSTANT));
	add_argument(parameters, "limit", "how many at most",
		     json_pack("{s:s, s:i, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", LIST_LIMIT_MAX, "default",
			       LIST_LIMIT_DEFAULT));
	add_argument(parameters, "cursor", "`nextCursor` of the page before, with the same filters and sort", text_schema(NULL));
	return 0;
}

/* ---- operations ---- */

static int describe_list(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	char name[NAME_SIZE];
	char page[NAME_SIZE];
	json_t *response;

	if (openapi_resource(openapi, route->resource, true, name, err) != 0 ||
	    add_query(openapi, route->resource, operation, err) != 0)
		return -1;
	resource_name(route->resource, "Page", page);
	if (json_object_get(openapi->schemas, page) == NULL)
		json_object_set_new(openapi->schemas, page,
				    json_pack("{s:s, s:{s:{s:s, s:o, s:i}, s:{s:[s, s], s:s}}, s:[s, s]}", "type", "object",
					      "properties", "items", "type", "array", "items", openapi_reference("schemas", name),
					      "maxItems", LIST_LIMIT_MAX, "nextCursor", "type", "string", "null", "description",
					      "for the next page; null: this is the last", "required", "items", "nextCursor"));
	if (route->resource->changes != NULL)
		json_object_set_new(
			json_object_get(json_object_get(openapi->schemas, page), "properties"), "asOf",
			json_pack("{s:s, s:s, s:s}", "type", "string", "format", "date-time", "description",
				  "only with `updatedSince`: what this answer does not have yet was changed then or later"));
	response = openapi_add_success(operation, 200, "A page", openapi_reference("schemas", page));
	openapi_add_header(response, "Link", false, "the next page, `rel=\"next\"`; left out when it would be very long");
	openapi_add_code(operation, 400, "bad_query");
	if (route->resource->parent != NULL)
		openapi_add_response(operation, 404);
	return 0;
}

static int describe_one(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	char name[NAME_SIZE];
	json_t *response;

	if (openapi_resource(openapi, route->resource, false, name, err) != 0)
		return -1;
	response = openapi_add_success(operation, 200, "As it is now", openapi_reference("schemas", name));
	if (route->resource->version != NULL) {
		json_array_append_new(openapi_member(operation, "parameters", json_array()),
				      openapi_reference("parameters", "IfNoneMatch"));
		openapi_add_header(response, "ETag", true, "its version");
		openapi_add_response(operation, 304);
	}
	openapi_add_code(operation, 400, "bad_query"); /* it has no arguments */
	openapi_add_response(operation, 404);
	return 0;
}

int openapi_describe_read(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err)
{
	openapi_add_response(operation, 500);
	return route->is_list ? describe_list(openapi, route, operation, err) : describe_one(openapi, route, operation, err);
}
