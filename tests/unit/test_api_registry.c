/* Which schemas of other people are ours: schema_match. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/array.h"
#include "producers/api/registry/schema_match.h"
#include "schemas/debts.h"

static json_t *schema_of(const struct message_version *version)
{
	json_t *json = json_loadb(version->avsc, version->avsc_size, 0, NULL);

	assert_non_null(json);
	return json;
}

/* Takes the JSON. */
static bool matches(const struct message_version *version, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	bool result;

	assert_non_null(text);
	result = schema_matches(version, str_of(text));
	free(text);
	json_decref(json);
	return result;
}

/* As Java's serialiser writes it: no documentation, strings with an attribute of its own, primitives in objects. */
static json_t *as_java(json_t *json)
{
	json_t *result, *value;
	const char *name;
	size_t index;

	if (json_is_string(json) && strcmp(json_string_value(json), "string") == 0)
		return json_pack("{s:s, s:s}", "type", "string", "avro.java.string", "String");
	if (json_is_array(json)) {
		result = json_array();
		json_array_foreach(json, index, value)
		{
			json_array_append_new(result, json_is_string(value) && strcmp(json_string_value(value), "string") != 0
							      ? json_incref(value)
							      : as_java(value));
		}
		return result;
	}
	if (!json_is_object(json))
		return json_incref(json);
	result = json_object();
	json_object_foreach(json, name, value)
	{
		bool is_type = strcmp(name, "type") == 0 || strcmp(name, "items") == 0 || strcmp(name, "fields") == 0;
		bool is_primitive = json_object_get(json, "logicalType") != NULL;

		if (strcmp(name, "doc") == 0 || strncmp(name, "dcs.", 4) == 0)
			continue;
		json_object_set_new(result, name, is_type && !is_primitive ? as_java(value) : json_incref(value));
	}
	return result;
}

static void test_registry__every_schema_matches_itself_and_no_other(void **state)
{
	(void)state;
	for (const struct message_version *const *version = message_versions; *version != NULL; version++)
		for (const struct message_version *const *other = message_versions; *other != NULL; other++)
			assert_int_equal(schema_matches(*version, (struct str){ (*other)->avsc, (*other)->avsc_size }),
					 *version == *other);
}

static void test_registry__what_changes_no_byte_does_not_count(void **state)
{
	(void)state;
	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		json_t *json = schema_of(*version);

		if (!matches(*version, as_java(json)))
			fail_msg("%u as Java writes it", (*version)->schema_id);
		json_object_set_new(json, "name", json_string((*version)->type->subject)); /* qualified */
		json_object_del(json, "namespace");
		assert_true(matches(*version, json));
	}
}

static json_t *field(json_t *schema, size_t index)
{
	return json_array_get(json_object_get(schema, "fields"), index);
}

static void test_registry__what_changes_bytes_or_meaning_counts(void **state)
{
	const struct message_version *version = message_newest(&create_debt_type);
	json_t *json;

	(void)state;
	json = schema_of(version);
	json_object_set_new(json, "name", json_string("CreateDept"));
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_set_new(json, "namespace", json_string("dcs.dept"));
	assert_false(matches(version, json));
	json = schema_of(version);
	json_array_remove(json_object_get(json, "fields"), 13);
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_set_new(field(json, 5), "name", json_string("other"));
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_set_new(field(json, 5), "type", json_string("long"));
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_set_new(field(json, 5), "default", json_string(""));
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_del(field(json, 3), "default");
	assert_false(matches(version, json));
	json = schema_of(version);
	json_object_del(json_object_get(field(json, 0), "type"), "logicalType");
	assert_false(matches(version, json));
}

static void test_registry__anything_else_is_no_schema(void **state)
{
	static const char *const texts[] = { "",
					     "null",
					     "\"string\"",
					     "[]",
					     "{}",
					     "{\"type\":{\"type\":{\"type\":{\"type\":{\"type\":\"record\"}}}}}",
					     "{\"type\":\"record\"}",
					     "{\"type\":\"record\",\"name\":7,\"namespace\":8,\"fields\":[null]}",
					     "{\"type\":\"record\",\"name\":\"dcs.debts.CreateDebt\",\"fields\":{}}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(schema_matches(message_newest(&create_debt_type), str_of(texts[i])));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry__every_schema_matches_itself_and_no_other),
		cmocka_unit_test(test_registry__what_changes_no_byte_does_not_count),
		cmocka_unit_test(test_registry__what_changes_bytes_or_meaning_counts),
		cmocka_unit_test(test_registry__anything_else_is_no_schema),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
