/* The gate between a record and a rule: what passes, and what each other becomes. With the real rules of debts, and tokens that
 * are the names of their roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "consumers/debts/debts.h"
#include "schemas/clock.h"
#include "schemas/debts.h"
#include "wire/envelope.h"
#include "worker/admit.h"

#define NOW_MS INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */

static struct arena arena;         /* of the gate */
static struct arena sending_arena; /* of what is sent */
static struct buf value;
static struct header headers[HEADERS_MAX];
static size_t headers_count;
static char key[UUID_TEXT_SIZE + 1];
static struct bus_record record;
static struct item item;
static struct scope claimed; /* by the token */

static const struct uuid customer = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [15] = 0xab } };

static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	(void)self;
	(void)err;
	*ret_claims = (struct token_claims){
		.subject = "test", .roles = role_by_name(token), .scope = claimed, .expires_at_ms = INT64_MAX / 2
	};
	return 0;
}

static int headers_of(void *self, const struct bus_record *its_record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		      struct err *err)
{
	(void)self;
	(void)its_record;
	(void)err;
	memcpy(ret_headers, headers, headers_count * sizeof(*headers));
	*ret_count = headers_count;
	return 0;
}

#define PARTS 6

static int32_t part_of(void *self, struct str its_key)
{
	(void)self;
	return bus_part_of(its_key, PARTS);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	buf_init(&value, 1 << 16);
	headers_count = 0;
	claimed = scope_none;
	return arena_init(&arena, 1 << 21, &err) == 0 && arena_init(&sending_arena, 1 << 16, &err) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	arena_release(&sending_arena);
	buf_release(&value);
	return 0;
}

/* ---- given, when, then ---- */

static void given(const struct message_type *type, const void *body, const char *role)
{
	struct err err = ERR_INIT;
	const struct command_head head = { .id = customer, .source = STR("/test"), .token = str_of(role) };

	if (type->key_field)
		uuid_format(key, message_uuid(type->key_field, body));
	assert_int_equal(coder_encode(type, body, &value, &err), 0);
	assert_int_equal(envelope_write_command(type, &head, &sending_arena, headers, &headers_count, &err), 0);
	record = (struct bus_record){ .at_ms = NOW_MS, .value = buf_str(&value) };
	if (type->key_field) {
		record.key = str_of(key);
		record.part = bus_part_of(record.key, PARTS);
	}
}

static void given_a_payment(void)
{
	const struct record_payment payment = {
		.payment_id = customer,
		.customer_id = customer,
		.debt_id = customer,
		.source = STR("bank"),
		.external_ref = STR("17"),
		.amount_minor = 100,
		.currency = STR("EUR"),
		.method = STR("transfer"),
	};

	given(&record_payment_type, &payment, "creditor");
}

static void given_a_tick(const char *role)
{
	const struct tick tick = { .at = NOW_MS, .business_date = 20000 };

	given(&tick_type, &tick, role);
}

static void when_it_arrives(void)
{
	struct err err = ERR_INIT;
	const struct broker broker = { .headers = headers_of, .part_of = part_of };
	const struct admission admission = { .module = &debts_module, .verify = verify, .value_size_max = 4096 };

	arena_reset(&arena);
	assert_int_equal(admit(&admission, &broker, &record, &arena, &item, &err), 0);
}

static void then_dead(const char *code)
{
	assert_int_equal(item.kind, ITEM_DEAD);
	assert_string_equal(item.dead_code, code);
}

/* ---- key and partition ---- */

static void test_admit__a_command_in_the_partition_of_its_key_passes(void **state)
{
	(void)state;
	given_a_payment();
	when_it_arrives();
	assert_int_equal(item.kind, ITEM_COMMAND);
	assert_true(uuid_equal(&item.command.key, &customer));
}

/* What librdkafka and its kin do by default. */
static void test_admit__a_command_in_another_partition_is_a_dead_letter_that_names_the_setting(void **state)
{
	int32_t right;

	(void)state;
	given_a_payment();
	right = record.part;
	for (int32_t part = 0; part < PARTS; part++) {
		record.part = part;
		when_it_arrives();
		if (part == right) {
			assert_int_equal(item.kind, ITEM_COMMAND);
			continue;
		}
		then_dead("wrong_partition");
		assert_non_null(strstr(item.dead_reason.data, "partitioner=murmur2_random"));
	}
}

/* The bytes are what is hashed: in capitals the same id is in another partition, with which nothing of its order holds. */
static void test_admit__a_key_in_capitals_is_none(void **state)
{
	(void)state;
	given_a_payment();
	for (size_t i = 0; i < UUID_TEXT_SIZE; i++)
		if (key[i] >= 'a' && key[i] <= 'f')
			key[i] = (char)(key[i] - 'a' + 'A');
	record.part = bus_part_of(record.key, PARTS);
	when_it_arrives();
	then_dead("bad_key");
}

static void test_admit__a_key_that_names_nobody_is_none(void **state)
{
	static const char *const wrong[] = { "", "4711", "00000000-0000-0000-0000-000000000000",
					     "019a0000-0000-7000-8000-0000000000ac" };

	(void)state;
	given_a_payment();
	for (size_t i = 0; i < COUNT(wrong); i++) {
		record.key = str_of(wrong[i]);
		when_it_arrives();
		then_dead("bad_key");
	}
	record.key = (struct str){ .data = NULL };
	when_it_arrives();
	then_dead("bad_key");
}

/* ---- who is answered, and who can be forgotten ---- */

static void test_admit__a_dead_letter_keeps_its_command_and_whom_it_is_about(void **state)
{
	(void)state;
	given_a_payment();
	record.key = STR("somebody else's");
	when_it_arrives();
	then_dead("bad_key");
	assert_true(uuid_equal(&item.dead_command_id, &customer));
	assert_true(uuid_equal(&item.dead_about, &customer));
	for (size_t i = 0; i < headers_count; i++)
		if (strcmp(headers[i].name, "ce_id") == 0)
			headers[i].value = STR("no id");
	record.value.size--;
	when_it_arrives();
	then_dead("bad_header");
	assert_true(uuid_is_none(&item.dead_command_id));
	assert_true(uuid_is_none(&item.dead_about));
}

/* ---- the clock ---- */

static void test_admit__only_the_clock_says_what_time_it_is(void **state)
{
	(void)state;
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		buf_reset(&value);
		given_a_tick(role_name(role));
		when_it_arrives();
		if (role == ROLE_CLOCK)
			assert_int_equal(item.kind, ITEM_TICK);
		else
			then_dead("not_authorised");
	}
}

/* ---- who may, and for whom ---- */

static void given_a_cancellation(const char *role)
{
	const struct cancel_debt body = { .customer_id = customer, .debt_id = customer, .reason = STR("error") };

	given(&cancel_debt_type, &body, role);
}

static void test_admit__a_role_may_issue_what_the_schema_says(void **state)
{
	(void)state;
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		buf_reset(&value);
		given_a_cancellation(role_name(role));
		when_it_arrives();
		if ((role & cancel_debt_type.roles) != 0)
			assert_int_equal(item.kind, ITEM_COMMAND);
		else
			then_dead("not_authorised");
	}
}

static void test_admit__a_command_has_its_tokens_scope(void **state)
{
	(void)state;
	given_a_cancellation("creditor");
	when_it_arrives();
	assert_ptr_equal(item.command.scope, &scope_none);
	claimed.creditors[claimed.creditors_count++] = customer;
	when_it_arrives();
	assert_memory_equal(item.command.scope, &claimed, sizeof(claimed));
}

/* Whatever else the sender writes: a header of events must not leave the command's flow without an id, which its events would lack. */
static void test_admit__a_command_without_a_correlation_has_its_own(void **state)
{
	static const char hash[32] = "of nobody";

	(void)state;
	given_a_payment();
	when_it_arrives();
	assert_true(uuid_equal(&item.command.correlation_id, &item.command.id));
	headers[headers_count++] = (struct header){ .name = "dcs_hash", .value = { .data = hash, .size = sizeof(hash) } };
	when_it_arrives();
	assert_int_equal(item.kind, ITEM_COMMAND);
	assert_true(uuid_equal(&item.command.correlation_id, &item.command.id));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_admit__a_command_in_the_partition_of_its_key_passes),
		TEST(test_admit__a_command_in_another_partition_is_a_dead_letter_that_names_the_setting),
		TEST(test_admit__a_key_in_capitals_is_none),
		TEST(test_admit__a_key_that_names_nobody_is_none),
		TEST(test_admit__a_dead_letter_keeps_its_command_and_whom_it_is_about),
		TEST(test_admit__only_the_clock_says_what_time_it_is),
		TEST(test_admit__a_role_may_issue_what_the_schema_says),
		TEST(test_admit__a_command_has_its_tokens_scope),
		TEST(test_admit__a_command_without_a_correlation_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
