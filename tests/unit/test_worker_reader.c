/* lib/worker/reader.c over a topic in memory: events of an older version of their schema, as they are in a log of years. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "schemas/debts.h"
#include "wire/envelope.h"
#include "worker/chain.h"
#include "worker/reader.h"

#define TOPIC_MAX 4

struct topic_record {
	struct bus_record record;
	struct header headers[HEADERS_MAX];
	size_t headers_count;
	struct buf value;
};

/* One partition, and what the reader did with it. */
static struct world {
	struct topic_record topic[TOPIC_MAX];
	size_t topic_count, next;
	bool is_assigned;
	struct reader_head head;
	uint8_t last_hash[SHA256_SIZE];
	char key_text[UUID_TEXT_SIZE + 1];
	struct debt_paid applied[TOPIC_MAX];
	int64_t at_ms[TOPIC_MAX];
	size_t applied_count;
	char reason[128];
	struct arena arena;
	struct event_reader reader;
	struct err err;
} world;

/* ---- the edges ---- */

static int poll_topic(void *self, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err)
{
	(void)self, (void)timeout_ms, (void)err;
	*ret_kind = BUS_NOTHING;
	if (!world.is_assigned) {
		world.is_assigned = true;
		*ret_kind = BUS_ASSIGNED;
	} else if (world.next < world.topic_count) {
		*ret_kind = BUS_RECORD;
		*ret_record = world.topic[world.next++].record;
	}
	return 0;
}

static const int32_t *parts(void *self, size_t *ret_count)
{
	static const int32_t all[] = { 0 };

	(void)self;
	*ret_count = 1;
	return all;
}

static int start(void *self, const int32_t *all, const int64_t *offsets, size_t count, struct err *err)
{
	(void)self, (void)all, (void)err;
	assert_int_equal(count, 1);
	if (offsets[0] >= 0)
		world.next = (size_t)offsets[0];
	return 0;
}

static void report(void *self, const int32_t *all, const int64_t *next_offsets, size_t count)
{
	(void)self, (void)all, (void)next_offsets, (void)count;
}

static int headers_of(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		      struct err *err)
{
	const struct topic_record *from = &world.topic[record->offset];

	(void)self, (void)err;
	memcpy(ret_headers, from->headers, sizeof(from->headers));
	*ret_count = from->headers_count;
	return 0;
}

static void release(void *self, struct bus_record *record)
{
	(void)self, (void)record;
}

static int bounds(void *self, int32_t source, int32_t part, int64_t *ret_low, int64_t *ret_high, struct err *err)
{
	(void)self, (void)source, (void)part, (void)err;
	*ret_low = 0;
	*ret_high = (int64_t)world.topic_count;
	return 0;
}

static int claim(void *self, const char *module, const int32_t *all, size_t count, const char *owner,
		 struct reader_head *ret_heads, struct err *err)
{
	(void)self, (void)module, (void)all, (void)count, (void)owner, (void)err;
	world.head.epoch++;
	ret_heads[0] = world.head;
	return 0;
}

static int halt(void *self, const char *module, const struct reader_head *head, const char *reason, bool *ret_fenced,
		struct err *err)
{
	(void)self, (void)module, (void)head, (void)err;
	world.head.halted = true;
	strncat(world.reason, reason, sizeof(world.reason) - 1);
	*ret_fenced = false;
	return 0;
}

static int apply(void *self, const char *module, const struct reader_head *before, const struct reader_head *after,
		 size_t heads_count, const struct read_event *events, size_t events_count, bool *ret_fenced, struct err *err)
{
	(void)self, (void)module, (void)before, (void)heads_count, (void)err;
	for (size_t i = 0; i < events_count; i++) {
		assert_ptr_equal(events[i].type, &debt_paid_type);
		world.at_ms[world.applied_count] = events[i].at_ms;
		memcpy(&world.applied[world.applied_count++], events[i].body, sizeof(struct debt_paid));
	}
	world.head = after[0];
	*ret_fenced = false;
	return 0;
}

static int64_t no_time(void)
{
	return 0;
}

/* ---- given ---- */

static int set_up(void **state)
{
	const struct broker broker = { .poll = poll_topic,
				       .parts = parts,
				       .start = start,
				       .report = report,
				       .headers = headers_of,
				       .release = release,
				       .bounds = bounds };
	const struct reader_database database = { .claim = claim, .halt = halt, .apply = apply };
	const struct reader_conf conf = {
		.owner = "test", .batch_items_max = 100, .arena_size = (size_t)8 << 20, .now_ms = no_time
	};

	(void)state;
	world = (struct world){ .next = 0 };
	assert_int_equal(crypto_init(&world.err), 0);
	assert_int_equal(arena_init(&world.arena, 1 << 20, &world.err), 0);
	assert_int_equal(event_reader_init(&world.reader, &conf, "debts", &broker, &database, &world.err), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	event_reader_release(&world.reader);
	for (size_t i = 0; i < world.topic_count; i++)
		buf_release(&world.topic[i].value);
	arena_release(&world.arena);
	return 0;
}

static const struct uuid customer_id = { { 0xc1 } };

/* The next event of the log, in this version of its schema. Each version has one field more, one byte if it is null. */
static void given_debt_paid(const struct message_version *version)
{
	struct topic_record *to = &world.topic[world.topic_count];
	const struct debt_paid body = {
		.debt_id = { { 0xd1 } },
		.customer_id = customer_id,
		.currency = STR("EUR"),
		.paid_on = 20000 + (int32_t)world.topic_count,
		.has_booked_on = version->number > 1,
		.booked_on = 20100,
	};
	struct chain_row row = { .schema_id = version->schema_id,
				 .seq = (int64_t)world.topic_count + 1,
				 .at_ms = 1700000000000,
				 .event_id = { { 0xe1, (uint8_t)world.topic_count } },
				 .key = customer_id,
				 .subject = body.debt_id,
				 .command_id = { { 0x01 } },
				 .correlation_id = { { world.topic_count == 1 ? 0x01 : 0x02 } } };
	struct event_head head = { .module = "debts",
				   .schema_id = row.schema_id,
				   .id = row.event_id,
				   .command_id = row.command_id,
				   .correlation_id = row.correlation_id,
				   .at_ms = row.at_ms,
				   .seq = row.seq };

	assert_true(world.topic_count < TOPIC_MAX);
	buf_init(&to->value, 4096);
	assert_int_equal(coder_encode(&debt_paid_type, &body, &to->value, &world.err), 0);
	to->value.size -= debt_paid_type.versions_count - version->number;
	to->value.data[3] = (unsigned char)(version->schema_id >> 8);
	to->value.data[4] = (unsigned char)version->schema_id;
	row.body = buf_str(&to->value);
	chain_hash(world.last_hash, world.last_hash, &row);
	head.hash = str_copy(&world.arena, (struct str){ (const char *)world.last_hash, SHA256_SIZE });
	assert_int_equal(envelope_write_event(&head, &world.arena, to->headers, &to->headers_count, &world.err), 0);
	uuid_format(world.key_text, &row.key);
	to->record = (struct bus_record){ .offset = (int64_t)world.topic_count,
					  .key = { world.key_text, UUID_TEXT_SIZE },
					  .value = row.body };
	world.topic_count++;
}

static void when_read(void)
{
	for (int step = 0; step < 4; step++)
		assert_int_equal(event_reader_step(&world.reader, 0, &world.err), 0);
}

/* ---- then ---- */

static void test_reader__events_of_all_versions_are_applied_in_one_chain(void **state)
{
	(void)state;
	given_debt_paid(&debt_paid_type.versions[0]);
	given_debt_paid(&debt_paid_type.versions[1]);
	given_debt_paid(&debt_paid_type.versions[0]);
	when_read();
	assert_string_equal(world.reason, "");
	assert_int_equal(world.applied_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(world.applied[i].paid_on, 20000 + (int)i);
		assert_int_equal(world.applied[i].has_booked_on, i == 1);
		assert_int_equal(world.at_ms[i], 1700000000000);
	}
	assert_int_equal(world.applied[1].booked_on, 20100);
	assert_int_equal(world.head.last_seq, 3);
}

/* A topic keeps what 0.4.0 wrote: more headers, and the flow's id in each. */
static void given_more_headers(struct topic_record *to)
{
	const struct header more[] = { { "content-type", STR("application/avro") },
				       { "ce_dataschema", STR("urn:dcs:schema:dcs.debts.DebtPaid:1") },
				       { "ce_subject", STR("d1000000-0000-0000-0000-000000000000") },
				       { "ce_partitionkey", { world.key_text, UUID_TEXT_SIZE } },
				       { "ce_correlationid", STR("01000000-0000-0000-0000-000000000000") } };

	memcpy(to->headers + to->headers_count, more, sizeof(more));
	to->headers_count += COUNT(more);
}

static void test_reader__events_of_an_earlier_release_go_on_in_the_same_chain(void **state)
{
	(void)state;
	for (int number = 0; number < 3; number++)
		given_debt_paid(&debt_paid_type.versions[0]);
	given_more_headers(&world.topic[1]);
	when_read();
	assert_string_equal(world.reason, "");
	assert_int_equal(world.applied_count, 3);
}

static void test_reader__the_chain_holds_the_version_too(void **state)
{
	struct buf *value = &world.topic[1].value;

	(void)state;
	given_debt_paid(&debt_paid_type.versions[0]);
	given_debt_paid(&debt_paid_type.versions[0]);
	/* The same event, written anew in the newer version: it decodes, and is another one. */
	for (size_t newer = 1; newer < debt_paid_type.versions_count; newer++)
		buf_add_u8(value, 0);
	value->data[3] = (unsigned char)(debt_paid_type.schema_id >> 8);
	value->data[4] = (unsigned char)debt_paid_type.schema_id;
	world.topic[1].record.value = buf_str(value);
	when_read();
	assert_non_null(strstr(world.reason, "the hash chain is broken"));
	assert_int_equal(world.applied_count, 1);
}

static void test_reader__a_version_that_this_program_does_not_know_halts(void **state)
{
	(void)state;
	given_debt_paid(&debt_paid_type.versions[1]);
	world.topic[0].value.data[3] = 0x27;
	world.topic[0].value.data[4] = 0x0F;
	when_read();
	assert_non_null(strstr(world.reason, "is this program older than the schemas?"));
	assert_int_equal(world.applied_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reader__events_of_all_versions_are_applied_in_one_chain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reader__events_of_an_earlier_release_go_on_in_the_same_chain, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_reader__the_chain_holds_the_version_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reader__a_version_that_this_program_does_not_know_halts, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("worker_reader", tests, NULL, NULL);
}
