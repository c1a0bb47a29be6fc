/* Requests that become commands: headers, what path, row and body say together, and how a module's "no" is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "model/refusal.h"
#include "producers/api/writes/accepted.h"
#include "producers/api/writes/intake.h"
#include "producers/api/writes/refusals.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"

#define ID    "0198c0de-0000-7000-8000-00000000002a"
#define OTHER "0198c0de-0000-7000-8000-00000000002b"

static struct arena arena;
static struct json_faults faults;
static struct err err;

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

static int set_up(void **state)
{
	(void)state;
	faults.count = faults.max = 0;
	return crypto_init(&err) == 0 ? arena_init(&arena, 1 << 16, &err) : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* ---- Idempotency-Key ---- */

static void assert_key(const char *header, const char *expected)
{
	struct str key;

	assert_true(idempotency_key_read(str_of(header), &key));
	assert_true(str_is(key, expected));
}

static void assert_no_key(const char *header)
{
	struct str key;

	assert_false(idempotency_key_read(str_of(header), &key));
}

static void test_idempotency_key__is_quoted_or_bare(void **state)
{
	char text[300];

	(void)state;
	assert_key("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324");
	assert_key("order:7/a~!", "order:7/a~!");
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	assert_key(text, text);
}

static void test_idempotency_key__of_other_forms_is_none(void **state)
{
	char text[300];

	(void)state;
	assert_no_key("");
	assert_no_key("\"\"");
	assert_no_key("\"");
	assert_no_key("a b");
	assert_no_key("\"a\"b\"");
	assert_no_key("a\\b");
	assert_no_key("caf\xC3\xA9");
	assert_no_key("a\x7F");
	memset(text, 'x', sizeof(text));
	text[256] = '\0';
	assert_no_key(text);
}

static void test_idempotency_key__gives_one_id_to_each_caller_operation_and_key(void **state)
{
	struct uuid one = id_of(ID), other = id_of(OTHER);
	struct uuid first = idempotency_key_id(&one, "createDebt", STR("k"));
	struct uuid again = idempotency_key_id(&one, "createDebt", STR("k"));
	struct uuid ids[] = { idempotency_key_id(&other, "createDebt", STR("k")),
			      idempotency_key_id(&one, "createDeb", STR("tk")),
			      idempotency_key_id(&one, "createDebt", STR("k2")) };

	(void)state;
	assert_true(uuid_equal(&first, &again));
	for (size_t i = 0; i < 3; i++)
		assert_false(uuid_equal(&first, &ids[i]));
}

/* The engine takes ids above the highest it has seen for new ones. */
static void test_idempotency_key__gives_ids_below_those_of_our_time(void **state)
{
	struct uuid principal = id_of(ID);
	struct uuid now = uuid_new();

	(void)state;
	for (const char *key = "abcdefghijklmnopqrstuvwxyz"; *key != '\0'; key++) {
		struct uuid id = idempotency_key_id(&principal, "createDebt", (struct str){ key, 1 });

		assert_true(uuid_compare(&id, &now) < 0);
		assert_false(uuid_is_none(&id));
	}
}

/* ---- Prefer, If-Match ---- */

static void assert_prefer(const char *header, bool is_async, bool has_wait, int64_t wait_s)
{
	struct prefer prefer = prefer_read(str_of(header));

	assert_int_equal(prefer.is_async, is_async);
	assert_int_equal(prefer.has_wait, has_wait);
	assert_int_equal(prefer.wait_s, wait_s);
}

static void test_prefer__is_a_list_of_which_two_words_are_ours(void **state)
{
	(void)state;
	assert_prefer("", false, false, 0);
	assert_prefer("respond-async", true, false, 0);
	assert_prefer("Respond-Async, wait=10", true, true, 10);
	assert_prefer("handling=lenient, wait = 3 ; x=y", false, true, 3);
	assert_prefer("wait=5, wait=7", false, true, 5);
	assert_prefer("wait=0", false, true, 0);
	assert_prefer("wait=99999999999", false, true, 1000000);
	assert_prefer("wait=-1", false, false, 0);
	assert_prefer("wait=soon", false, false, 0);
	assert_prefer("wait", false, false, 0);
	assert_prefer(",,;=", false, false, 0);
}

static void test_if_match__is_one_strong_tag_of_ours(void **state)
{
	static const char *const bad[] = { "7",
					   "\"7",
					   "7\"",
					   "\"\"",
					   "W/\"7\"",
					   "\"7\", \"8\"",
					   "\"x\"",
					   "\"-1\"",
					   "\"0\"",
					   "\"+7\"",
					   "\"99999999999999999999\"" };
	int64_t version = 0;

	(void)state;
	assert_int_equal(if_match_read(STR("\"7\""), &version), IF_MATCH_VERSION);
	assert_int_equal(version, 7);
	assert_int_equal(if_match_read(STR(" * "), &version), IF_MATCH_ANY);
	assert_int_equal(if_match_read(STR(""), &version), IF_MATCH_BAD);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(if_match_read(str_of(bad[i]), &version), IF_MATCH_BAD);
}

/* ---- the body ---- */

static bool read_body(struct intake_request *request, const char *text, struct intake *ret_intake)
{
	bool is_good;

	assert_true(json_parse(str_of(text), &request->json, &faults));
	if (request->route != NULL)
		request->type = request->route->command;
	request->command_id = id_of("0198c0de-0000-7000-8000-0000000000cc");
	is_good = intake_read(request, &arena, ret_intake, &faults);
	assert_true(is_good == (faults.count == 0));
	return is_good;
}

static void assert_faults(struct intake_request *request, const char *text, const char *expected)
{
	struct intake intake;
	struct buf buf;

	faults.count = 0;
	assert_false(read_body(request, text, &intake));
	buf_init(&buf, 1 << 16);
	for (size_t i = 0; i < faults.count; i++)
		buf_add_format(&buf, "%s%s %s", i > 0 ? "; " : "", faults.items[i].pointer, faults.items[i].code);
	buf_add_u8(&buf, 0);
	assert_string_equal((const char *)buf.data, expected);
	buf_release(&buf);
}

static const struct route payment_row = { .command = &record_payment_type, .path_field = "debt_id", .made_field = "payment_id" };
#define PAYMENT                                                                                                                  \
	"\"source\":\"bank\",\"externalRef\":\"r1\",\"amount\":{\"amountMinor\":5,\"currency\":\"EUR\"},"                        \
	"\"receivedOn\":\"2026-11-22\",\"method\":\"transfer\""

static void test_intake__path_row_and_body_make_the_command_together(void **state)
{
	struct uuid debt_id = id_of(ID);
	struct uuid owner_id = id_of(OTHER);
	struct intake_request request = { .route = &payment_row, .path_id = &debt_id };
	const struct record_payment *body;
	struct intake intake;
	struct uuid made_id;

	(void)state;
	assert_true(read_body(&request, "{" PAYMENT "}", &intake));
	assert_true(intake.needs_owner);
	made_id = intake.thing_id;
	request.owner_id = &owner_id;
	assert_true(read_body(&request, "{" PAYMENT "}", &intake));
	assert_false(intake.needs_owner);
	body = intake.body;
	assert_true(uuid_equal(&body->debt_id, &debt_id));
	assert_true(uuid_equal(&body->customer_id, &owner_id));
	assert_int_equal(body->amount_minor, 5);
	assert_true(uuid_equal(&body->payment_id, &intake.thing_id));
	assert_true(uuid_equal(&made_id, &intake.thing_id)); /* the same command makes the same id */
	assert_true(intake.has_thing_id);
	assert_false(uuid_is_none(&intake.thing_id));
}

static void test_intake__the_body_may_name_what_would_be_made_or_looked_up(void **state)
{
	struct uuid debt_id = id_of(ID);
	struct intake_request request = { .route = &payment_row, .path_id = &debt_id };
	struct uuid other = id_of(OTHER);
	struct intake intake;

	(void)state;
	assert_true(read_body(&request,
			      "{" PAYMENT ",\"paymentId\":\"" OTHER "\",\"customerId\":\"" OTHER "\",\"debtId\":\"" ID "\"}",
			      &intake));
	assert_false(intake.needs_owner);
	assert_true(uuid_equal(&intake.thing_id, &other));
}

static void test_intake__another_id_than_the_paths_is_a_fault(void **state)
{
	struct uuid debt_id = id_of(ID);
	struct intake_request request = { .route = &payment_row, .path_id = &debt_id };

	(void)state;
	assert_faults(&request, "{" PAYMENT ",\"debtId\":\"" OTHER "\"}", "/debtId differs");
	assert_faults(&request, "{\"amount\":1}",
		      "/amount wrong_type; /source missing; /externalRef missing; /receivedOn missing; /method missing");
}

static void test_intake__if_match_fills_the_version_and_the_body_may_not(void **state)
{
	static const struct route row = { .command = &update_customer_type, .path_field = "customer_id", .if_match = true };
	struct uuid customer_id = id_of(ID);
	struct intake_request request = { .route = &row, .path_id = &customer_id, .expected_version = 7 };
	const struct update_customer *body;
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"locale\":\"de\"}", &intake));
	body = intake.body;
	assert_true(body->has_expected_version);
	assert_int_equal(body->expected_version, 7);
	assert_true(uuid_equal(&intake.thing_id, &customer_id));
	request.expected_version = 0; /* If-Match: * */
	assert_true(read_body(&request, "{\"locale\":\"de\"}", &intake));
	body = intake.body;
	assert_false(body->has_expected_version);
	assert_faults(&request, "{\"expectedVersion\":7}", "/expectedVersion differs");
}

/* The row as it stands in the table. */
static const struct route *row_of(const char *operation)
{
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (strcmp(row->operation, operation) == 0)
			return row;
	}
	fail_msg("no operation %s", operation);
	return NULL;
}

static void then_cleared(const struct update_customer *body, const char *names)
{
	char text[64] = "";
	size_t size = 0;

	for (size_t i = 0; i < body->clears_count; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%.*s", i == 0 ? "" : " ", (int)body->clears[i].size,
					 body->clears[i].data);
	assert_string_equal(text, names);
}

static void test_intake__a_put_clears_what_it_leaves_out(void **state)
{
	struct uuid customer_id = id_of(ID);
	struct intake_request request = { .route = row_of("updateCustomer"), .path_id = &customer_id, .expected_version = 7 };
	struct intake intake;

	(void)state;
	assert_true(read_body(&request,
			      "{\"fullName\":\"Ann\",\"locale\":\"de\",\"country\":\"DE\",\"region\":null,\"timezone\":\"UTC\"}",
			      &intake));
	then_cleared(intake.body, "birth_date region");
	assert_faults(&request, "{\"locale\":\"de\"}", "/fullName missing; /country missing");
	assert_faults(&request, "{\"fullName\":null,\"locale\":\"de\",\"country\":\"DE\"}", "/fullName missing");
	assert_faults(&request, "{\"fullName\":\"Ann\",\"locale\":\"de\",\"country\":\"DE\",\"clears\":[]}",
		      "/clears unknown_member");
}

static void test_intake__a_patch_clears_what_is_null_and_leaves_the_rest(void **state)
{
	struct uuid customer_id = id_of(ID);
	struct intake_request request = { .route = row_of("patchCustomer"), .path_id = &customer_id, .expected_version = 7 };
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"locale\":\"de\",\"birthDate\":null}", &intake));
	then_cleared(intake.body, "birth_date");
	assert_true(((const struct update_customer *)intake.body)->has_locale);
	assert_false(((const struct update_customer *)intake.body)->has_country);
	assert_true(read_body(&request, "{\"locale\":\"de\"}", &intake));
	then_cleared(intake.body, "");
	assert_faults(&request, "{\"fullName\":null}", "/fullName bad_value");
}

/* A debt has always both, so a PUT gives both, and a PATCH clears neither. */
static void test_intake__a_debt_is_put_whole_and_patched_in_part(void **state)
{
	struct uuid debt_id = id_of(ID);
	struct intake_request request = {
		.route = row_of("amendDebt"), .path_id = &debt_id, .owner_id = &debt_id, .expected_version = 7
	};
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"dueOn\":\"2026-12-01\",\"externalRef\":\"R\",\"reason\":\"x\"}", &intake));
	request.route = row_of("patchDebt");
	assert_true(read_body(&request, "{\"dueOn\":\"2026-12-01\",\"reason\":\"x\"}", &intake));
	assert_true(((const struct amend_debt *)intake.body)->has_due_on);
	assert_false(((const struct amend_debt *)intake.body)->has_external_ref);
	assert_faults(&request, "{\"externalRef\":null,\"dueOn\":\"2026-12-01\",\"reason\":\"x\"}", "/externalRef bad_value");
	request.route = row_of("amendDebt");
	assert_faults(&request, "{\"dueOn\":\"2026-12-01\",\"reason\":\"x\"}", "/externalRef missing");
}

static void test_intake__nobody_is_erased_without_a_version_and_a_basis(void **state)
{
	struct uuid customer_id = id_of(ID);
	struct intake_request request = { .route = row_of("eraseCustomer"), .path_id = &customer_id, .expected_version = 7 };
	const struct erase_customer *body;
	struct intake intake;

	(void)state;
	assert_true(request.route->if_match);
	assert_true(read_body(&request, "{\"basis\":\"unlawful\"}", &intake));
	body = intake.body;
	assert_true(str_is(body->basis, "unlawful"));
	assert_int_equal(body->expected_version, 7);
	assert_faults(&request, "{}", "/basis missing");
	assert_faults(&request, "{\"basis\":null}", "/basis missing");
	assert_faults(&request, "{\"basis\":7}", "/basis wrong_type");
	assert_faults(&request, "{\"shoeSize\":43}", "/shoeSize unknown_member; /basis missing");
}

static void test_intake__what_the_row_calls_optional_may_be_left_out(void **state)
{
	static const struct route row = { .command = &create_debt_type,
					  .made_field = "debt_id",
					  .optional = "interest_minor fee_minor cost_minor fees_authorised" };
	struct intake_request request = { .route = &row };
	const struct create_debt *body;
	struct intake intake;

	(void)state;
	assert_true(read_body(
		&request,
		"{\"customerId\":\"" ID "\",\"creditorId\":\"" ID "\",\"externalRef\":\"r\","
		"\"principal\":{\"amountMinor\":5,\"currency\":\"EUR\"},\"openedOn\":\"2026-01-01\",\"dueOn\":\"2026-01-02\"}",
		&intake));
	body = intake.body;
	assert_int_equal(body->interest_minor, 0);
	assert_false(body->fees_authorised);
	assert_false(intake.needs_owner);
	assert_faults(&request, "{}",
		      "/customerId missing; /creditorId missing; /externalRef missing; /principal missing; /openedOn missing; "
		      "/dueOn missing");
}

static void test_intake__an_optional_instant_is_now(void **state)
{
	static const struct route row = { .command = &withdraw_consent_type,
					  .path_field = "customer_id",
					  .optional = "withdrawn_at" };
	struct uuid customer_id = id_of(ID);
	struct intake_request request = { .route = &row, .path_id = &customer_id, .now_ms = 1795359845000 };
	const struct withdraw_consent *body;
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"via\":\"letter\"}", &intake));
	body = intake.body;
	assert_true(body->withdrawn_at == 1795359845000);
	assert_true(read_body(&request, "{\"via\":\"letter\",\"withdrawnAt\":\"2026-01-01T00:00:00Z\"}", &intake));
	body = intake.body;
	assert_true(body->withdrawn_at == 1767225600000);
	assert_false(intake.needs_owner);
}

static void test_intake__a_row_may_demand_a_word(void **state)
{
	static const struct route row = { .command = &cancel_communication_type,
					  .path_field = "communication_id",
					  .said_member = "state",
					  .said_word = "cancelled" };
	struct uuid id = id_of(ID);
	struct intake_request request = { .route = &row, .path_id = &id };
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"state\":\"cancelled\"}", &intake));
	assert_faults(&request, "{\"state\":\"released\"}", "/state bad_value");
	assert_faults(&request, "{\"state\":7}", "/state bad_value");
	assert_faults(&request, "{\"body\":\"x\"}", "/body unknown_member; /state missing");
}

/* The gateway has chosen the other command when the body has the word (writes.c). */
static void test_intake__a_row_of_two_commands_does_not_demand_the_word(void **state)
{
	static const struct route row = { .command = &reschedule_communication_type,
					  .path_field = "communication_id",
					  .said_member = "state",
					  .said_word = "cancelled",
					  .said_command = &cancel_communication_type };
	struct uuid id = id_of(ID);
	struct intake_request request = { .route = &row, .path_id = &id };
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"sendBy\":\"2026-11-22T00:00:00Z\"}", &intake));
	assert_faults(&request, "{\"notBefore\":null}", "/sendBy missing");
}

static void test_intake__by_the_schema_alone_everything_stands_in_the_body(void **state)
{
	struct intake_request request = { .type = &reverse_payment_type, .pointer = "/data" };
	struct intake intake;

	(void)state;
	assert_true(read_body(&request, "{\"paymentId\":\"" ID "\",\"customerId\":\"" ID "\",\"reason\":\"nsf\"}", &intake));
	assert_false(intake.has_thing_id);
	assert_faults(&request, "{\"reason\":\"nsf\"}", "/data/paymentId missing; /data/customerId missing");
}

#define NIL "00000000-0000-0000-0000-000000000000"

static void test_intake__an_id_of_zeros_is_a_fault_wherever_it_stands(void **state)
{
	static const struct route message_row = { .command = &send_communication_type, .made_field = "communication_id" };
	struct intake_request by_schema = { .type = &reverse_payment_type, .pointer = "/data" };
	struct intake_request by_row = { .route = &payment_row, .path_id = &(struct uuid){ { 1 } } };
	struct intake_request of_message = { .route = &message_row };

	(void)state;
	assert_faults(&by_schema, "{\"paymentId\":\"" NIL "\",\"customerId\":\"" NIL "\",\"reason\":\"nsf\"}",
		      "/data/paymentId bad_format; /data/customerId bad_format");
	assert_faults(&by_row, "{\"paymentId\":\"" NIL "\",\"customerId\":\"" NIL "\"," PAYMENT "}",
		      "/paymentId bad_format; /customerId bad_format");
	assert_faults(&of_message,
		      "{\"customerId\":\"" ID "\",\"debtIds\":[\"" ID "\",\"" NIL
		      "\"],\"channel\":\"sms\",\"templateName\":\"t\","
		      "\"language\":\"en\",\"messageClass\":\"reminder\",\"sendBy\":\"2026-11-22T00:00:00Z\"}",
		      "/debtIds/1 bad_format");
}

/* ---- the table ---- */

static bool has_field(const struct message_type *type, const char *name, size_t name_size)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		if (str_is((struct str){ .data = name, .size = name_size }, type->record.fields[i].name))
			return true;
	}
	return false;
}

static void assert_fields(const struct route *row, const char *text)
{
	struct str names = str_of(text == NULL ? "" : text);

	while (names.size > 0) {
		struct str name = str_cut(names, ' ', &names);

		if (!has_field(row->command, name.data, name.size))
			fail_msg("%s: no such field among %s", row->operation, text);
	}
}

static void assert_field(const struct route *row, const char *name)
{
	if (name != NULL && !has_field(row->command, name, strlen(name)))
		fail_msg("%s: %s has no field %s", row->operation, row->command->record.name, name);
}

static void test_routes__rows_name_fields_that_their_commands_have(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (row->kind != ROUTE_WRITE)
			continue;
		count++;
		assert_non_null(row->command->key_field);
		assert_int_equal(row->command->kind, MESSAGE_COMMAND);
		assert_int_equal(row->body, BODY_JSON);
		assert_true(row->done_status == (row->made_field == NULL ? 200 : 201));
		assert_true((strstr(row->pattern, ":id") != NULL) == (row->path_field != NULL));
		assert_field(row, row->path_field);
		assert_field(row, row->made_field);
		assert_fields(row, row->demanded);
		assert_fields(row, row->optional);
		assert_fields(row, row->clears);
		assert_field(row, row->clears == NULL ? NULL : "clears");
		assert_field(row, row->if_match ? "expected_version" : NULL);
		/* Whose it is must be known somehow: from path or body, or looked up. An approval's is the kept command's. */
		if (!message_is_of_engine(row->command) && row->path_field != NULL &&
		    strcmp(row->path_field, row->command->key_field->name) != 0)
			assert_non_null(row->owner);
	}
	assert_true(count > 10);
}

/* ---- "no" ---- */

static struct refusal_problem problem_of(const char *code, const char *field, const char *path_field, const char *prefix)
{
	struct command_rejected rejected = {
		.code = str_of(code), .field = str_of(field), .text = STR("because"), .retriable = true
	};
	struct refusal_problem problem;

	refusal_problem_of(&rejected, &record_payment_type, path_field, prefix, &problem);
	problem.fault.pointer = str_copy(&arena, problem.fault.pointer); /* it borrows from where it was made */
	return problem;
}

static void test_refusals__have_their_statuses(void **state)
{
	static const struct {
		const char *code;
		int status;
	} expected[] = { { "duplicate_different_body", 422 },
			 { "expired", 422 },
			 { "not_authorised", 403 },
			 { "bad_value", 422 },
			 { "bad_amount", 422 },
			 { "bad_currency", 422 },
			 { "bad_date", 422 },
			 { "exists", 409 },
			 { "not_found", 422 },
			 { "version_conflict", 412 },
			 { "bad_transition", 409 },
			 { "held", 409 },
			 { "limit_exceeded", 422 },
			 { "needs_second_person", 409 },
			 { "policy_not_published", 422 },
			 { "template_incomplete", 422 },
			 { "no_usable_contact_point", 422 },
			 { "compliance_denied", 409 },
			 { "retention_applies", 409 } };

	(void)state;
	assert_int_equal(COUNT(expected), REFUSAL_COUNT - 1);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(refusal_code((enum refusal)(i + 1)), expected[i].code);
		assert_int_equal(refusal_status(str_of(expected[i].code), false), expected[i].status);
	}
	assert_int_equal(refusal_status(STR("not_found"), true), 404);
	assert_int_equal(refusal_status(STR("of a newer module"), false), 422);
}

static void test_refusals__point_to_where_the_field_stands(void **state)
{
	struct refusal_problem problem = problem_of("bad_amount", "amount_minor", "debt_id", "");

	(void)state;
	assert_int_equal(problem.problem.status, 422);
	assert_true(problem.problem.is_retryable);
	assert_int_equal(problem.problem.faults_count, 1);
	assert_true(str_is(problem.fault.pointer, "/amount/amountMinor"));
	problem = problem_of("version_conflict", "expected_version", "debt_id", "");
	assert_int_equal(problem.problem.status, 412);
	assert_false(problem.problem.is_retryable); /* whatever the module says: that version has passed */
	problem = problem_of("not_found", "debt_id", "debt_id", "");
	assert_int_equal(problem.problem.status, 404);
	assert_true(str_is(problem.fault.pointer, "id"));
	problem = problem_of("not_found", "debt_id", NULL, "/data");
	assert_int_equal(problem.problem.status, 422);
	assert_true(str_is(problem.fault.pointer, "/data/debtId"));
	problem = problem_of("version_conflict", "expected_version", NULL, "");
	assert_true(str_is(problem.fault.pointer, "If-Match"));
	problem = problem_of("held", "", NULL, "");
	assert_int_equal(problem.problem.faults_count, 0);
}

/* ---- what was handed to Kafka ---- */

static struct accepted accepted;

static void test_accepted__remembers_the_newest_of_each_set(void **state)
{
	struct accepted_command command = { .id = id_of(ID), .key = id_of(OTHER) };
	struct uuid first, nil = { { 0 } };

	(void)state;
	assert_null(accepted_find(&accepted, &nil)); /* a free place has no id */
	first = command.id;
	for (int i = 0; i <= ACCEPTED_WAYS; i++) {
		command.id.bytes[0] = (uint8_t)i;
		command.at_ms = 1000 + i;
		accepted_add(&accepted, &command);
		assert_int_equal(accepted_find(&accepted, &command.id)->at_ms, 1000 + i);
	}
	first.bytes[0] = 0;
	assert_null(accepted_find(&accepted, &first));
	first.bytes[0] = 1;
	assert_non_null(accepted_find(&accepted, &first));
	command.at_ms = 5000;
	accepted_add(&accepted, &command); /* again: it takes no second place */
	assert_non_null(accepted_find(&accepted, &first));
	assert_int_equal(accepted_find(&accepted, &command.id)->at_ms, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_idempotency_key__is_quoted_or_bare),
		TEST(test_idempotency_key__of_other_forms_is_none),
		TEST(test_idempotency_key__gives_one_id_to_each_caller_operation_and_key),
		TEST(test_idempotency_key__gives_ids_below_those_of_our_time),
		TEST(test_prefer__is_a_list_of_which_two_words_are_ours),
		TEST(test_if_match__is_one_strong_tag_of_ours),
		TEST(test_intake__path_row_and_body_make_the_command_together),
		TEST(test_intake__the_body_may_name_what_would_be_made_or_looked_up),
		TEST(test_intake__another_id_than_the_paths_is_a_fault),
		TEST(test_intake__if_match_fills_the_version_and_the_body_may_not),
		TEST(test_intake__a_put_clears_what_it_leaves_out),
		TEST(test_intake__a_patch_clears_what_is_null_and_leaves_the_rest),
		TEST(test_intake__a_debt_is_put_whole_and_patched_in_part),
		TEST(test_intake__nobody_is_erased_without_a_version_and_a_basis),
		TEST(test_intake__what_the_row_calls_optional_may_be_left_out),
		TEST(test_intake__an_optional_instant_is_now),
		TEST(test_intake__a_row_may_demand_a_word),
		TEST(test_intake__a_row_of_two_commands_does_not_demand_the_word),
		TEST(test_intake__by_the_schema_alone_everything_stands_in_the_body),
		TEST(test_intake__an_id_of_zeros_is_a_fault_wherever_it_stands),
		TEST(test_routes__rows_name_fields_that_their_commands_have),
		TEST(test_refusals__have_their_statuses),
		TEST(test_refusals__point_to_where_the_field_stands),
		TEST(test_accepted__remembers_the_newest_of_each_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
