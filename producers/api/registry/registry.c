/*
 * The read endpoints of Confluent's Schema Registry: deserialisers read by id, tools by subject. The schemas are compiled in;
 * nothing can be registered, but registering an existing schema returns its id.
 *
 * Subjects are the records' full names (RecordNameStrategy), and their versions are the message's. For clients that name subjects
 * after topics (TopicNameStrategy), all versions of all messages of a topic are versions of `<topic>-value`, in the order of
 * their ids.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "producers/api/http/call.h"
#include "producers/api/registry/registry.h"
#include "producers/api/registry/schema_match.h"
#include "wire/json.h"

#define CONTENT_TYPE    "application/vnd.schemaregistry.v1+json"
#define ANSWER_SIZE_MAX ((size_t)256 << 10)
#define NO_SUBJECT      40401
#define NO_VERSION      40402
#define NO_SCHEMA       40403
#define BAD_SCHEMA      42201
#define BAD_VERSION     42202
#define READ_ONLY       42205

/* ---- answers ---- */

static void answer_buf(struct call *call, struct buf *buf)
{
	MUST(!buf->overflow);
	call_answer(call, 200, CONTENT_TYPE, buf_str(buf));
	buf_release(buf);
}

static void answer_literal(struct call *call, struct str text)
{
	call_answer(call, 200, CONTENT_TYPE, text);
}

/* The code begins with the status. */
static void refuse(struct call *call, int code, const char *message)
{
	char body[256];
	int size = snprintf(body, sizeof(body), "{\"error_code\":%d,\"message\":\"%s\"}", code, message);

	call_answer(call, code / 100, CONTENT_TYPE, (struct str){ .data = body, .size = (size_t)size });
}

static struct str text_of(const struct message_version *version)
{
	return (struct str){ .data = version->avsc, .size = version->avsc_size };
}

static void refuse_subject(struct call *call)
{
	refuse(call, NO_SUBJECT, "Subject not found. Subjects are named as records: dcs.debts.CreateDebt");
}

/* ---- subjects ---- */

/* A module with topics of its own: each of them has CommandRejected. Ticks belong to all modules and have none. */
static bool is_module(struct str name)
{
	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		if (str_is(name, (*type)->module))
			return !str_is(name, "clock") && !str_is(name, "engine");
	}
	return false;
}

/* "dcs.debts.events.v1-value" -> debts; false: not the subject of a topic for this kind of message. */
static bool module_of_topic(struct str subject, enum message_kind kind, struct str *ret_module)
{
	struct str rest;

	if (!str_is(str_cut(subject, '.', &rest), "dcs"))
		return false;
	*ret_module = str_cut(rest, '.', &rest);
	return str_is(rest, kind == MESSAGE_COMMAND ? "commands.v1-value" : "events.v1-value") && is_module(*ret_module);
}

/* Whether a message belongs to the subject: the subject is its name, or the name of its topic. */
static bool belongs(const struct message_type *type, struct str subject)
{
	struct str module;

	if (str_is(subject, type->subject))
		return true;
	if (!module_of_topic(subject, type->kind, &module))
		return false;
	return str_is(module, type->module) || message_is_of_engine(type) ||
	       (type->kind == MESSAGE_COMMAND && strcmp(type->module, "clock") == 0);
}

/* The n-th version, or the last one for 0; NULL: none. *ret_number is its number. */
static const struct message_version *find_version(struct str subject, size_t number, size_t *ret_number)
{
	const struct message_version *found = NULL;

	*ret_number = 0;
	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		if (!belongs((*version)->type, subject))
			continue;
		found = *version;
		if (++*ret_number == number)
			return found;
	}
	return number == 0 ? found : NULL;
}

void tell_subjects(struct api *api, struct call *call)
{
	struct str prefix = STR("");
	struct buf buf;
	bool is_first = true;

	(void)api;
	if (!call_argument(call, "subjectPrefix", &prefix))
		prefix = STR("");
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_u8(&buf, '[');
	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		struct str subject = str_of((*type)->subject);

		if (subject.size < prefix.size || memcmp(subject.data, prefix.data, prefix.size) != 0)
			continue;
		buf_add_format(&buf, "%s\"%s\"", is_first ? "" : ",", (*type)->subject);
		is_first = false;
	}
	buf_add_u8(&buf, ']');
	answer_buf(call, &buf);
}

void tell_versions(struct api *api, struct call *call)
{
	struct str subject = call_param(call, "subject");
	struct buf buf;
	size_t count;

	(void)api;
	if (find_version(subject, 0, &count) == NULL) {
		refuse_subject(call);
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	for (size_t i = 1; i <= count; i++)
		buf_add_format(&buf, "%s%zu", i == 1 ? "[" : ",", i);
	buf_add_u8(&buf, ']');
	answer_buf(call, &buf);
}

static void answer_version(struct call *call, const struct message_version *version, struct str subject, size_t number)
{
	struct buf buf;

	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_text(&buf, "{\"subject\":");
	json_write_string(&buf, subject);
	buf_add_format(&buf, ",\"version\":%zu,\"id\":%u,\"schema\":", number, (unsigned)version->schema_id);
	json_write_string(&buf, text_of(version));
	buf_add_u8(&buf, '}');
	answer_buf(call, &buf);
}

/* The version in the path; NULL: refused. */
static const struct message_version *version_of_path(struct call *call, size_t *ret_number)
{
	struct str subject = call_param(call, "subject"), text = call_param(call, "version");
	const struct message_version *version;
	long long number = 0;
	size_t last;

	if (find_version(subject, 0, &last) == NULL) {
		refuse_subject(call);
		return NULL;
	}
	if (!str_is(text, "latest") && !str_is(text, "-1") &&
	    (!str_to_int64(text, &number) || number < 1 || number > INT32_MAX)) {
		refuse(call, BAD_VERSION, "Not a version: 1 to 2147483647, or latest");
		return NULL;
	}
	version = find_version(subject, (size_t)number, ret_number);
	if (version == NULL)
		refuse(call, NO_VERSION, "Version not found.");
	return version;
}

void tell_version(struct api *api, struct call *call)
{
	size_t number;
	const struct message_version *version = version_of_path(call, &number);

	(void)api;
	if (version != NULL)
		answer_version(call, version, call_param(call, "subject"), number);
}

void tell_version_schema(struct api *api, struct call *call)
{
	size_t number;
	const struct message_version *version = version_of_path(call, &number);

	(void)api;
	if (version != NULL)
		answer_literal(call, text_of(version));
}

/* ---- by id ---- */

static const struct message_version *schema_of_path(struct call *call)
{
	const struct message_version *version = NULL;
	long long id;

	if (str_to_int64(call_param(call, "id"), &id) && id > 0 && id <= INT32_MAX)
		version = message_version_by_id((uint32_t)id);
	if (version == NULL)
		refuse(call, NO_SCHEMA, "Schema not found");
	return version;
}

void tell_schema(struct api *api, struct call *call)
{
	const struct message_version *version = schema_of_path(call);
	struct str wanted;
	struct buf buf;

	(void)api;
	if (version == NULL)
		return;
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_text(&buf, "{\"schema\":");
	json_write_string(&buf, text_of(version));
	if (call_argument(call, "fetchMaxId", &wanted) && str_is(wanted, "true"))
		buf_add_format(&buf, ",\"maxId\":%u", (unsigned)message_id_max);
	buf_add_u8(&buf, '}');
	answer_buf(call, &buf);
}

void tell_schema_text(struct api *api, struct call *call)
{
	const struct message_version *version = schema_of_path(call);

	(void)api;
	if (version != NULL)
		answer_literal(call, text_of(version));
}

void tell_schema_versions(struct api *api, struct call *call)
{
	const struct message_version *version = schema_of_path(call);
	struct buf buf;

	(void)api;
	if (version == NULL)
		return;
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "[{\"subject\":\"%s\",\"version\":%u}]", version->type->subject, (unsigned)version->number);
	answer_buf(call, &buf);
}

void tell_schema_subjects(struct api *api, struct call *call)
{
	const struct message_version *version = schema_of_path(call);
	struct buf buf;

	(void)api;
	if (version == NULL)
		return;
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "[\"%s\"]", version->type->subject);
	answer_buf(call, &buf);
}

/* ---- by content ---- */

/* The version of the subject with the schema in the body; NULL: none. *ret_is_schema: the body contains a schema. */
static const struct message_version *find_content(struct call *call, size_t *ret_number, bool *ret_is_schema)
{
	struct str subject = call_param(call, "subject"), body = call_body(call);
	json_t *json = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
	json_t *schema = json_object_get(json, "schema"), *kind = json_object_get(json, "schemaType");
	struct str text = { .data = json_string_value(schema), .size = json_string_length(schema) };
	const struct message_version *found = NULL;

	*ret_is_schema = text.data != NULL && (kind == NULL || json_is_null(kind) || json_string_length(kind) == 0 ||
					       strcmp(json_string_value(kind), "AVRO") == 0);
	*ret_number = 0;
	for (const struct message_version *const *version = message_versions; *ret_is_schema && found == NULL && *version != NULL;
	     version++) {
		if (!belongs((*version)->type, subject))
			continue;
		++*ret_number;
		if (schema_matches(*version, text))
			found = *version;
	}
	json_decref(json);
	return found;
}

void find_schema(struct api *api, struct call *call)
{
	size_t number, last;
	bool is_schema;
	const struct message_version *version = find_content(call, &number, &is_schema);

	(void)api;
	if (find_version(call_param(call, "subject"), 0, &last) == NULL)
		refuse_subject(call);
	else if (!is_schema)
		refuse(call, BAD_SCHEMA, "Not an Avro schema");
	else if (version == NULL)
		refuse(call, NO_SCHEMA, "Schema not found");
	else
		answer_version(call, version, call_param(call, "subject"), number);
}

void register_schema(struct api *api, struct call *call)
{
	size_t number;
	bool is_schema;
	const struct message_version *version = find_content(call, &number, &is_schema);
	struct buf buf;

	(void)api;
	if (!is_schema) {
		refuse(call, BAD_SCHEMA, "Not an Avro schema");
		return;
	}
	if (version == NULL) {
		refuse(call, READ_ONLY, "Read-only: only schemas that are there can be registered again");
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "{\"id\":%u}", (unsigned)version->schema_id);
	answer_buf(call, &buf);
}

/* ---- global ---- */

void tell_schema_types(struct api *api, struct call *call)
{
	(void)api;
	answer_literal(call, STR("[\"AVRO\"]"));
}

void tell_compatibility(struct api *api, struct call *call)
{
	(void)api;
	answer_literal(call, STR("{\"compatibilityLevel\":\"FULL_TRANSITIVE\"}"));
}

void tell_registry_mode(struct api *api, struct call *call)
{
	(void)api;
	answer_literal(call, STR("{\"mode\":\"READONLY\"}"));
}
