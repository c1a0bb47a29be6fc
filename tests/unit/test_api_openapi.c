/* The document: every row of the table is in it, and nothing else; whatever it refers to is there. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/array.h"
#include "consumers/modules.h"
#include "model/command.h"
#include "producers/api/document/openapi.h"

#define TEXT_SIZE_MAX ((size_t)8 << 20)

static json_t *make(const struct route *routes)
{
	struct err err = ERR_INIT;
	struct buf text;
	json_t *document;

	buf_init(&text, TEXT_SIZE_MAX);
	if (openapi_write(routes, true, &text, &err) != 0)
		fail_msg("%s", err.text);
	assert_false(text.overflow);
	document = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
	buf_release(&text);
	assert_non_null(document);
	return document;
}

static json_t *operation_of(json_t *document, const char *operation_id, const char **ret_path, const char **ret_method)
{
	const char *path, *method;
	json_t *item, *operation;

	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		json_object_foreach(item, method, operation)
		{
			if (strcmp(json_string_value(json_object_get(operation, "operationId")), operation_id) == 0) {
				*ret_path = path;
				*ret_method = method;
				return operation;
			}
		}
	}
	return NULL;
}

static size_t count_operations(json_t *document)
{
	const char *path;
	json_t *item;
	size_t count = 0;

	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		count += json_object_size(item);
	}
	return count;
}

/* "/debts/{id}" takes what "/debts/:id" does. */
static bool is_same_path(const char *path, const char *pattern)
{
	while (*path != '\0' && *pattern != '\0') {
		if (*path == '{' && *pattern == ':') {
			path += strcspn(path, "/");
			pattern += strcspn(pattern, "/");
		} else if (*path++ != *pattern++) {
			return false;
		}
	}
	return *path == *pattern;
}

static const char *const method_names[] = {
	[METHOD_GET] = "get", [METHOD_POST] = "post", [METHOD_PUT] = "put", [METHOD_PATCH] = "patch", [METHOD_DELETE] = "delete",
};

static void test_openapi__every_row_is_in_the_document_and_nothing_else(void **state)
{
	json_t *document = make(api_routes());
	size_t rows = 0;

	(void)state;
	for (const struct route *route = api_routes(); route->pattern != NULL; route++, rows++) {
		const char *path = "", *method = "";

		if (operation_of(document, route->operation, &path, &method) == NULL)
			fail_msg("%s is not in the document", route->operation);
		assert_true(is_same_path(path, route->pattern));
		assert_string_equal(method, method_names[route->method]);
	}
	assert_int_equal(count_operations(document), rows);
	json_decref(document);
}

static void test_openapi__every_operation_has_what_a_reader_needs(void **state)
{
	json_t *document = make(api_routes());
	const char *path, *method, *status;
	json_t *item, *operation, *response;

	(void)state;
	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		json_object_foreach(item, method, operation)
		{
			json_t *responses = json_object_get(operation, "responses");
			bool has_success = false;

			assert_true(json_string_length(json_object_get(operation, "summary")) > 0);
			assert_int_equal(json_array_size(json_object_get(operation, "tags")), 1);
			json_object_foreach(responses, status, response)
			{
				has_success = has_success || status[0] == '2';
			}
			if (!has_success)
				fail_msg("%s %s has no good answer", method, path);
		}
	}
	json_decref(document);
}

/* Whether "#/components/schemas/Problem" is there. */
static bool resolves(json_t *document, const char *reference)
{
	json_t *at = document;
	char segment[128];

	if (strncmp(reference, "#/", 2) != 0)
		return false;
	for (const char *from = reference + 2; at != NULL; from += strcspn(from, "/") + 1) {
		assert_true(str_to_chars(segment, sizeof(segment), (struct str){ .data = from, .size = strcspn(from, "/") }));
		at = json_object_get(at, segment);
		if (from[strcspn(from, "/")] == '\0')
			break;
	}
	return at != NULL;
}

static void check_references(json_t *document, json_t *at)
{
	const char *name;
	json_t *value;
	size_t index;

	json_object_foreach(at, name, value)
	{
		if (strcmp(name, "$ref") == 0 && !resolves(document, json_string_value(value)))
			fail_msg("nothing is at %s", json_string_value(value));
		check_references(document, value);
	}
	json_array_foreach(at, index, value)
	{
		check_references(document, value);
	}
}

static void test_openapi__whatever_it_refers_to_is_there(void **state)
{
	json_t *document = make(api_routes());

	(void)state;
	check_references(document, document);
	json_decref(document);
}

/* The modules name operations by their commands: a row of actions that no route has would never be shown. */
static bool is_operation_of(const char *operation, const struct action *row)
{
	const char *name = row->command->record.name;

	if (row->operation != NULL)
		return strcmp(operation, row->operation) == 0;
	return operation[0] == tolower(name[0]) && strcmp(operation + 1, name + 1) == 0;
}

static bool has_operation_of(const struct action *row)
{
	for (const struct route *route = api_routes(); route->pattern != NULL; route++) {
		if (route->command == row->command && is_operation_of(route->operation, row))
			return true;
	}
	return false;
}

static void test_openapi__an_action_is_an_operation_of_its_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		for (size_t j = 0; j < command_modules[i]->actions_count; j++) {
			const struct actions *actions = &command_modules[i]->actions[j];

			for (size_t k = 0; k < actions->rows_count; k++)
				assert_true(has_operation_of(&actions->rows[k]));
		}
	}
}

/* ---- what follows from a row ---- */

static void handle(struct api *api, struct call *call)
{
	(void)api;
	(void)call;
}

static void test_openapi__a_row_without_description_or_group_is_found(void **state)
{
	static const struct route undescribed[] = {
		{ METHOD_GET, "/livez", "getNothing", "x", .access = ACCESS_PUBLIC, .handle = handle },
		{ 0 },
	};
	static const struct route groupless[] = {
		{ METHOD_GET, "/nowhere", "getLive", "x", .access = ACCESS_PUBLIC, .handle = handle },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, TEXT_SIZE_MAX);
	assert_int_equal(openapi_write(undescribed, false, &text, &err), -1);
	assert_non_null(strstr(err.text, "getNothing"));
	err = (struct err)ERR_INIT;
	assert_int_equal(openapi_write(groupless, false, &text, &err), -1);
	assert_non_null(strstr(err.text, "/nowhere"));
	buf_release(&text);
}

/* ---- of commands and resources ---- */

static json_t *member_at(json_t *at, const char *const *names)
{
	for (; *names != NULL && at != NULL; names++)
		at = json_object_get(at, *names);
	return at;
}

#define AT(json, ...) member_at(json, (const char *const[]){ __VA_ARGS__, NULL })

static bool has_item(json_t *array, const char *text)
{
	json_t *item;
	size_t index;

	json_array_foreach(array, index, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static void test_openapi__a_body_needs_what_neither_path_nor_row_gives(void **state)
{
	json_t *document = make(api_routes());
	json_t *body = AT(document, "components", "schemas", "RecordPaymentBody");
	json_t *needed = AT(body, "required");

	(void)state;
	assert_true(has_item(needed, "source") && has_item(needed, "amount"));
	assert_false(has_item(needed, "paymentId") || has_item(needed, "debtId") || has_item(needed, "customerId"));
	assert_non_null(AT(body, "properties", "paymentId"));
	assert_null(AT(body, "properties", "currency")); /* it stands in the amount */
	assert_string_equal(json_string_value(AT(body, "properties", "amount", "$ref")), "#/components/schemas/Money");
	assert_true(json_is_false(AT(body, "additionalProperties")));
	assert_null(AT(document, "components", "schemas", "UpdateCustomerBody", "properties", "expectedVersion")); /* If-Match */
	assert_true(
		has_item(AT(document, "components", "schemas", "RecordPayment", "required"), "paymentId")); /* POST /commands */
	json_decref(document);
}

static json_t *example_of(json_t *document, const char *operation_id)
{
	const char *path, *method;
	json_t *operation = operation_of(document, operation_id, &path, &method);

	return AT(operation, "requestBody", "content", "application/json", "example");
}

static void test_openapi__every_write_has_an_example_of_its_body(void **state)
{
	json_t *document = make(api_routes());
	json_t *debt = example_of(document, "createDebt");

	(void)state;
	for (const struct route *route = api_routes(); route->pattern != NULL; route++)
		assert_true(route->kind != ROUTE_WRITE || json_is_object(example_of(document, route->operation)));
	assert_true(json_is_integer(AT(debt, "principal", "amountMinor")) && json_is_string(AT(debt, "principal", "currency")));
	assert_true(json_is_string(AT(debt, "customerId")) && json_is_string(AT(debt, "dueOn")));
	assert_null(AT(debt, "currency"));
	assert_null(AT(debt, "debtId"));                                                /* made when it is left out */
	assert_null(AT(debt, "fee"));                                                   /* 0, as when it is left out */
	assert_null(AT(example_of(document, "recordPayment"), "debtId"));               /* the path says it */
	assert_true(json_is_null(AT(example_of(document, "patchCustomer"), "region"))); /* written in document/ */
	assert_non_null(AT(example_of(document, "putCommunication"), "sendBy"));
	assert_null(AT(example_of(document, "putCommunication"), "state")); /* another body */
	json_decref(document);
}

static void test_openapi__codes_of_refusals_stand_with_their_operation(void **state)
{
	json_t *document = make(api_routes());
	json_t *pay = AT(document, "paths", "/debts/{id}/payments", "post", "x-dcs-codes");
	json_t *withdraw = AT(document, "paths", "/customers/{id}/consents", "delete", "x-dcs-codes");
	json_t *log_in = AT(document, "paths", "/auth/login", "post", "x-dcs-codes");
	json_t *command = AT(document, "paths", "/commands", "post", "x-dcs-codes");

	(void)state;
	assert_true(has_item(AT(pay, "409"), "exists") && has_item(AT(pay, "409"), "in_progress"));
	assert_true(has_item(AT(pay, "422"), "bad_amount") && has_item(AT(pay, "422"), "duplicate_different_body"));
	assert_true(has_item(AT(pay, "404"), "not_found") && has_item(AT(pay, "422"), "not_found"));
	assert_false(has_item(AT(pay, "409"), "retention_applies"));
	assert_null(AT(withdraw, "409")); /* never refused */
	assert_true(has_item(AT(log_in, "401"), "invalid_credentials"));
	assert_true(has_item(AT(command, "409"), "retention_applies") && has_item(AT(command, "400"), "bad_json"));
	json_decref(document);
}

static void test_openapi__what_a_rule_takes_stands_with_the_member(void **state)
{
	json_t *document = make(api_routes());
	json_t *schemas = AT(document, "components", "schemas");
	json_t *payment = AT(schemas, "RecordPaymentBody", "properties");
	json_t *customer = AT(schemas, "CreateCustomerBody", "properties");

	(void)state;
	assert_true(has_item(AT(payment, "method", "enum"), "cash"));
	assert_int_equal(json_integer_value(AT(payment, "amount", "properties", "amountMinor", "minimum")), 1);
	assert_int_equal(json_integer_value(AT(payment, "source", "minLength")), 1);
	assert_string_equal(json_string_value(AT(customer, "country", "pattern")), "^[A-Z]{2}$");
	assert_int_equal(json_integer_value(AT(customer, "fullName", "maxLength")),
			 200); /* characters, as the schema's dcs.max */
	assert_true(json_is_null(json_array_get(AT(schemas, "GenerateReportBody", "properties", "format", "enum"), 2)));
	assert_null(AT(schemas, "WithdrawConsentBody", "properties", "channel", "enum")); /* never refused: any word will do */
	json_decref(document);
}

static bool has_parameter(json_t *operation, const char *member, const char *value)
{
	json_t *parameter;
	size_t index;

	json_array_foreach(json_object_get(operation, "parameters"), index, parameter)
	{
		const char *text = json_string_value(json_object_get(parameter, member));

		if (text != NULL && strcmp(text, value) == 0)
			return true;
	}
	return false;
}

static void test_openapi__a_delete_says_how_it_takes_a_version(void **state)
{
	json_t *document = make(api_routes());
	json_t *cancel = AT(document, "paths", "/debts/{id}", "delete");
	json_t *erase = AT(document, "paths", "/customers/{id}", "delete");

	(void)state;
	assert_true(has_parameter(cancel, "$ref", "#/components/parameters/IfMatchIfAny"));
	assert_true(has_parameter(cancel, "name", "expectedVersion"));
	assert_true(has_parameter(erase, "$ref", "#/components/parameters/IfMatch")); /* demanded: it says the version alone */
	assert_false(has_parameter(erase, "name", "expectedVersion"));
	json_decref(document);
}

static void test_openapi__answers_follow_from_the_row(void **state)
{
	json_t *document = make(api_routes());
	json_t *put = AT(document, "paths", "/debts/{id}", "put", "responses");
	json_t *post = AT(document, "paths", "/debts", "post", "responses");
	json_t *one = AT(document, "paths", "/debts/{id}", "get", "responses");
	json_t *list = AT(document, "paths", "/debts", "get", "responses");

	(void)state;
	assert_non_null(AT(put, "428"));
	assert_non_null(AT(put, "412"));
	assert_null(AT(post, "428"));
	assert_null(AT(post, "404"));
	assert_non_null(AT(post, "201", "headers", "Location"));
	assert_non_null(AT(one, "304"));
	assert_non_null(AT(one, "400"));
	assert_non_null(AT(list, "400"));
	assert_non_null(AT(one, "500"));
	assert_non_null(AT(list, "500"));
	assert_null(AT(post, "500"));
	assert_null(AT(list, "404"));
	json_decref(document);
}

static void test_openapi__every_operation_may_be_turned_away(void **state)
{
	static const char *const turned_away[] = { "400", "414", "431" };
	json_t *document = make(api_routes());
	const char *path, *method;
	json_t *item, *operation;

	(void)state;
	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		json_object_foreach(item, method, operation)
		{
			for (size_t i = 0; i < COUNT(turned_away); i++) {
				assert_non_null(AT(operation, "responses", turned_away[i]));
				assert_true(has_item(AT(operation, "x-dcs-codes", turned_away[i]), "bad_request"));
			}
		}
	}
	json_decref(document);
}

static bool is_array(json_t *type)
{
	return json_is_array(type) ? has_item(type, "array")
				   : json_is_string(type) && strcmp(json_string_value(type), "array") == 0;
}

/* What a generator of clients makes nothing of: an array of it does not say what, a body of no schema. */
static void assert_says_all(json_t *at, const char *name)
{
	const char *member;
	json_t *value;
	size_t index;

	if (is_array(json_object_get(at, "type")) && json_object_get(at, "items") == NULL)
		fail_msg("%s is an array of what?", name);
	json_object_foreach(at, member, value)
	{
		json_t *media;
		const char *media_type;

		if (strcmp(member, "content") == 0) {
			json_object_foreach(value, media_type, media)
			{
				if (strchr(media_type, '/') != NULL && json_object_get(media, "schema") == NULL)
					fail_msg("%s: %s has no schema", name, media_type);
			}
		}
		assert_says_all(value, member);
	}
	json_array_foreach(at, index, value)
	{
		assert_says_all(value, name);
	}
}

static void test_openapi__a_client_can_be_generated(void **state)
{
	json_t *document = make(api_routes());

	(void)state;
	assert_says_all(document, "the document");
	json_decref(document);
}

/* Whoever has a token may ask who he is: also a clock. */
static void test_openapi__a_service_may_have_any_role(void **state)
{
	json_t *document = make(api_routes());
	json_t *service = json_array_get(AT(document, "components", "schemas", "Me", "oneOf"), 1);

	(void)state;
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1)
		assert_true(has_item(AT(service, "properties", "roles", "items", "enum"), role_name(role)));
	json_decref(document);
}

static void test_openapi__a_column_is_shown_as_it_is_described(void **state)
{
	json_t *document = make(api_routes());
	json_t *debt = AT(document, "components", "schemas", "Debt");

	(void)state;
	assert_true(has_item(AT(debt, "properties", "portfolioId", "type"), "null"));
	assert_string_equal(json_string_value(AT(debt, "properties", "id", "type")), "string");
	assert_true(has_item(AT(debt, "properties", "lifecycle", "enum"), "PAID"));
	assert_non_null(AT(debt, "properties", "balances", "properties", "total", "$ref"));
	assert_true(has_item(AT(debt, "required"), "balances"));
	assert_false(has_item(AT(debt, "required"), "customerName")); /* not for everybody */
	json_decref(document);
}

static void test_openapi__a_description_of_no_row_is_found(void **state)
{
	static const struct route only[] = {
		{ METHOD_GET, "/livez", "getLive", "x", .access = ACCESS_PUBLIC, .handle = handle },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, TEXT_SIZE_MAX);
	assert_int_equal(openapi_write(only, false, &text, &err), -1);
	assert_non_null(strstr(err.text, "there is no operation"));
	buf_release(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openapi__every_row_is_in_the_document_and_nothing_else),
		cmocka_unit_test(test_openapi__every_operation_has_what_a_reader_needs),
		cmocka_unit_test(test_openapi__whatever_it_refers_to_is_there),
		cmocka_unit_test(test_openapi__an_action_is_an_operation_of_its_command),
		cmocka_unit_test(test_openapi__a_row_without_description_or_group_is_found),
		cmocka_unit_test(test_openapi__a_description_of_no_row_is_found),
		cmocka_unit_test(test_openapi__a_body_needs_what_neither_path_nor_row_gives),
		cmocka_unit_test(test_openapi__every_write_has_an_example_of_its_body),
		cmocka_unit_test(test_openapi__codes_of_refusals_stand_with_their_operation),
		cmocka_unit_test(test_openapi__what_a_rule_takes_stands_with_the_member),
		cmocka_unit_test(test_openapi__a_delete_says_how_it_takes_a_version),
		cmocka_unit_test(test_openapi__answers_follow_from_the_row),
		cmocka_unit_test(test_openapi__every_operation_may_be_turned_away),
		cmocka_unit_test(test_openapi__a_client_can_be_generated),
		cmocka_unit_test(test_openapi__a_service_may_have_any_role),
		cmocka_unit_test(test_openapi__a_column_is_shown_as_it_is_described),
	};

	return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
