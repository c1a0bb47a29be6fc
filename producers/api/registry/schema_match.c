#include "producers/api/registry/schema_match.h"

#include <jansson.h>
#include <string.h>

/*
 * The recursion is bounded by our own schema's depth (generate.py): the other schema is followed only as far as both are equal.
 */

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static bool is_text_equal(json_t *ours, json_t *theirs, const char *name)
{
	return strcmp(text_of(ours, name), text_of(theirs, name)) == 0;
}

/* "dcs.debts.Part", or a name within `space`. */
static json_t *full_name(json_t *record, const char *space)
{
	const char *name = text_of(record, "name");
	const char *own = json_string_value(json_object_get(record, "namespace"));

	if (strchr(name, '.') != NULL)
		return json_string(name);
	return json_sprintf("%s.%s", own == NULL ? space : own, name);
}

/* The namespace that a full name gives to its contents. */
static void space_of(json_t *name, char space[256])
{
	const char *text = json_string_value(name);
	const char *dot = strrchr(text, '.');
	size_t size = dot == NULL ? 0 : (size_t)(dot - text);

	if (size >= 256)
		size = 0;
	memcpy(space, text, size);
	space[size] = '\0';
}

/* {"type": "string"} is "string"; {"type": {"type": ...}} is the inner type. */
static json_t *unwrap(json_t *type)
{
	for (int depth = 0; depth < 4 && json_is_object(type); depth++) {
		json_t *inner = json_object_get(type, "type");

		if (json_is_object(inner) || json_is_array(inner))
			type = inner;
		else if (json_is_string(inner) && json_object_get(type, "logicalType") == NULL &&
			 json_object_get(type, "fields") == NULL && json_object_get(type, "items") == NULL)
			type = inner;
		else
			break;
	}
	return type;
}

static bool is_same(json_t *ours, json_t *theirs, const char *our_space, const char *their_space);

static bool is_same_field(json_t *ours, json_t *theirs, const char *our_space, const char *their_space)
{
	json_t *our_default = json_object_get(ours, "default");
	json_t *their_default = json_object_get(theirs, "default");

	if (!is_text_equal(ours, theirs, "name") || (our_default == NULL) != (their_default == NULL))
		return false;
	if (our_default != NULL && !json_equal(our_default, their_default))
		return false;
	return is_same(json_object_get(ours, "type"), json_object_get(theirs, "type"), our_space, their_space);
}

static bool is_same_record(json_t *ours, json_t *theirs, const char *our_space, const char *their_space)
{
	json_t *our_name = full_name(ours, our_space), *their_name = full_name(theirs, their_space);
	json_t *our_fields = json_object_get(ours, "fields"), *their_fields = json_object_get(theirs, "fields");
	bool result = their_name != NULL && json_equal(our_name, their_name) &&
		      json_array_size(our_fields) == json_array_size(their_fields);
	char our_inner[256], their_inner[256];

	if (result) {
		space_of(our_name, our_inner);
		space_of(their_name, their_inner);
	}
	for (size_t i = 0; result && i < json_array_size(our_fields); i++)
		result = is_same_field(json_array_get(our_fields, i), json_array_get(their_fields, i), our_inner, their_inner);
	json_decref(our_name);
	json_decref(their_name);
	return result;
}

static bool is_same_union(json_t *ours, json_t *theirs, const char *our_space, const char *their_space)
{
	bool result = json_array_size(ours) == json_array_size(theirs);

	for (size_t i = 0; result && i < json_array_size(ours); i++)
		result = is_same(json_array_get(ours, i), json_array_get(theirs, i), our_space, their_space);
	return result;
}

static bool is_same(json_t *ours, json_t *theirs, const char *our_space, const char *their_space)
{
	ours = unwrap(ours);
	theirs = unwrap(theirs);
	if (ours == NULL || theirs == NULL || json_typeof(ours) != json_typeof(theirs))
		return false;
	if (json_is_string(ours))
		return json_equal(ours, theirs);
	if (json_is_array(ours))
		return is_same_union(ours, theirs, our_space, their_space);
	if (!is_text_equal(ours, theirs, "type") || !is_text_equal(ours, theirs, "logicalType"))
		return false;
	if (json_object_get(ours, "items") != NULL)
		return is_same(json_object_get(ours, "items"), json_object_get(theirs, "items"), our_space, their_space);
	return json_object_get(ours, "fields") == NULL || is_same_record(ours, theirs, our_space, their_space);
}

bool schema_matches(const struct message_version *version, struct str text)
{
	json_t *ours = json_loadb(version->avsc, version->avsc_size, 0, NULL);
	json_t *theirs = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
	bool result = is_same(ours, theirs, "", "");

	json_decref(ours);
	json_decref(theirs);
	return result;
}
