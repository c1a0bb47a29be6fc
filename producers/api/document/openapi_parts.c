/* The hand-written parts of the document: the files of document/, embedded in the program. */

#include <string.h>

#include "producers/api/document/embedded.h"
#include "producers/api/document/openapi_inside.h"

#define FOLDER "document/"
#define BASE   "document/base.json"

static json_t *parse(const struct embedded *file)
{
	json_t *json = json_loadb(file->content.data, file->content.size, JSON_REJECT_DUPLICATES, NULL);

	MUST(json != NULL); /* embed.py has parsed it */
	return json;
}

static void read_base(struct openapi *openapi)
{
	for (const struct embedded *file = embedded_files; file->name != NULL; file++) {
		if (strcmp(file->name, BASE) == 0)
			openapi->document = parse(file);
	}
	MUST(openapi->document != NULL);
	openapi->schemas = json_object_get(json_object_get(openapi->document, "components"), "schemas");
	openapi->written = json_object();
	openapi->resources = json_object();
	openapi->examples = json_object();
}

/* Adds the members of `from` to `to`; ERR_FATAL if one exists already. */
static int merge(json_t *to, json_t *from, const char *file, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(from, name, value)
	{
		if (json_object_get(to, name) != NULL)
			return err_set(err, ERR_FATAL, "%s: %s is described twice", file, name);
		json_object_set(to, name, value);
	}
	return 0;
}

int openapi_read_parts(struct openapi *openapi, struct err *err)
{
	int result = 0;

	read_base(openapi);
	for (const struct embedded *file = embedded_files; result == 0 && file->name != NULL; file++) {
		json_t *part;

		if (strncmp(file->name, FOLDER, sizeof(FOLDER) - 1) != 0 || strcmp(file->name, BASE) == 0)
			continue;
		part = parse(file);
		result = merge(openapi->schemas, json_object_get(part, "schemas"), file->name, err);
		if (result == 0)
			result = merge(openapi->resources, json_object_get(part, "resources"), file->name, err);
		if (result == 0)
			result = merge(openapi->written, json_object_get(part, "operations"), file->name, err);
		if (result == 0)
			result = merge(openapi->examples, json_object_get(part, "examples"), file->name, err);
		json_decref(part);
	}
	return result;
}

json_t *openapi_reference(const char *kind, const char *name)
{
	json_t *reference = json_object();

	json_object_set_new(reference, "$ref", json_sprintf("#/components/%s/%s", kind, name));
	return reference;
}

json_t *openapi_member(json_t *object, const char *name, json_t *empty)
{
	if (json_object_get(object, name) == NULL)
		json_object_set(object, name, empty);
	json_decref(empty);
	return json_object_get(object, name);
}

json_t *openapi_words(const char *words)
{
	json_t *list = json_array();

	for (const char *at = words; at[0] != '\0'; at += strcspn(at, " "), at += at[0] == ' ')
		json_array_append_new(list, json_stringn(at, strcspn(at, " ")));
	return list;
}

void openapi_describe(json_t *schema, const char *text)
{
	const char *old = json_string_value(json_object_get(schema, "description"));

	if (old == NULL || old[0] == '\0')
		json_object_set_new(schema, "description", json_string(text));
	else
		json_object_set_new(schema, "description", json_sprintf("%s; %s", old, text));
}
