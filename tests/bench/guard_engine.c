/*
 * What a SendCommunication costs the communications worker, with the guard's decision in it: the real engine (admission, decoding,
 * rules, guard, encoding, chain) on one core between edges that are memory. Kafka and PostgreSQL are no part of it, nor is the check of
 * a token's signature, which a worker does once for each token. Prints microseconds and decisions a second for what is allowed, deferred
 * and suppressed; no test, because machines differ.
 *
 *   build/release/bench/guard_engine [COMMANDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "wire/coder.h"
#include "wire/envelope.h"
#include "worker/engine.h"
#include "worker/rights.h"

#define COMMANDS    100000
#define BATCH_MAX   4096 /* as a worker's, by default */
#define ARENA_BATCH ((size_t)20 << 20)
#define ARENA_ALL   ((size_t)2 << 30) /* reserved; only what the commands need is used */
#define CONTACTS    6
#define FRIDAY      "2026-03-13T"

/* A person in Massachusetts, who gave consent and was written to or called six times in the last weeks. */
static const struct kind {
	const char *name, *at, *verdict;
	bool is_withdrawn;
} kinds[] = {
	{ "allowed", FRIDAY "16:00:00Z", "allow", false },
	{ "deferred: at night", FRIDAY "03:00:00Z", "defer", false },
	{ "suppressed: consent was withdrawn", FRIDAY "16:00:00Z", "deny", true },
};

struct record {
	struct str key, value;
	struct header headers[HEADERS_MAX];
	size_t headers_count;
};

/* Both edges. */
struct bench {
	const struct kind *kind;
	struct zones zones;
	const struct zone *zone;
	struct arena arena; /* of the records */
	struct record *records;
	size_t count, next;
	int64_t now_ms;
	bool has_assigned;
	struct head head;
	size_t verdicts, others; /* of the kind; others */
	size_t released, waiting, suppressed;
};

/* ---- the states that a command finds ---- */

static void fill_person(const struct bench *bench, struct person *person)
{
	*person = (struct person){ .is_active = 1, .country = "US", .region = "MA", .language = "en-US", .zone = bench->zone };
	person->salt_size = sizeof(person->salt);
	person->full_name_size = (uint32_t)strlen("Pat Example");
	memcpy(person->full_name, "Pat Example", person->full_name_size);
}

static void fill_text(struct template_text *text)
{
	static const char body[] =
		"Dear {{customer_name}}, {{balance}} {{currency}} of {{debt_reference}} are due to {{creditor}}. "
		"{{disclosure}} {{opt_out}}";

	*text = (struct template_text){ .version = 1,
					.message_class = "reminder",
					.subject_size = sizeof("Reminder") - 1,
					.subject = "Reminder",
					.body_size = sizeof(body) - 1 };
	memcpy(text->body, body, sizeof(body) - 1);
}

static void fill_address(struct addresses *addresses, const struct uuid *customer_id)
{
	static const char text[] = "pat@example.com";

	addresses->email = (struct address){ .contact_point_id = *customer_id,
					     .place = CONTACT_POINT_PLACE_HOME,
					     .source = CONTACT_POINT_SOURCE_CONSUMER,
					     .text_size = sizeof(text) - 1 };
	memcpy(addresses->email.text, text, sizeof(text) - 1);
}

/* Ten days ago and before: no cap is reached. The first one was the validation notice. */
static void fill_history(const struct bench *bench, struct history *history, const struct uuid *customer_id)
{
	for (uint32_t i = 0; i < CONTACTS; i++) {
		history->contacts[history->count++] =
			(struct contacted){ .ref = *customer_id,
					    .at_ms = bench->now_ms - (10 + 5 * (int64_t)(CONTACTS - i)) * DAY_MS,
					    .channel = CHANNEL_EMAIL,
					    .direction = CONTACT_DIRECTION_OUTBOUND,
					    .party = PARTY_CONSUMER,
					    .outcome = CONTACT_SENT,
					    .message_class = i == 0 ? MESSAGE_CLASS_VALIDATION_NOTICE : MESSAGE_CLASS_REMINDER,
					    .debts_count = 1,
					    .debts = { *customer_id } };
	}
}

static void fill_recipient(const struct bench *bench, struct recipient *recipient)
{
	recipient->permissions[CHANNEL_EMAIL][PURPOSE_COLLECT] =
		(struct permission){ .obtained_at_ms = bench->now_ms - 20 * DAY_MS, .basis = BASIS_EXPRESS };
	if (bench->kind->is_withdrawn)
		recipient->withdrawn_at_ms[CHANNEL_EMAIL] = recipient->told_at_ms[CHANNEL_EMAIL] = bench->now_ms - DAY_MS;
}

/* A customer has one debt, of the same id. */
static void fill_debt(struct owed_debt *debt, const struct uuid *id)
{
	*debt = (struct owed_debt){ .customer_id = *id,
				    .creditor_id = *id,
				    .balance_minor = 10000,
				    .due_on = 20470, /* 2026-01-17 */
				    .currency = "USD",
				    .external_ref = "D-1" };
}

static void fill(const struct bench *bench, struct slot *slot)
{
	slot->loaded = true;
	slot->exists = slot->stored = true;
	if (slot->entity == &person_entity)
		fill_person(bench, slot->state);
	else if (slot->entity == &collection_entity)
		((struct collection *)slot->state)->collector = COLLECTOR_THIRD_PARTY;
	else if (slot->entity == &template_text_entity)
		fill_text(slot->state);
	else if (slot->entity == &addresses_entity)
		fill_address(slot->state, &slot->id);
	else if (slot->entity == &history_entity)
		fill_history(bench, slot->state, &slot->id);
	else if (slot->entity == &recipient_entity)
		fill_recipient(bench, slot->state);
	else if (slot->entity == &owed_debt_entity)
		fill_debt(slot->state, &slot->id);
	else
		slot->exists = slot->stored = false;
}

/* ---- the edge to the database: it keeps a head, and counts ---- */

static int memory_claim(void *self, struct head *heads, size_t count, const char *owner, struct err *err)
{
	struct bench *bench = self;

	(void)owner;
	(void)err;
	MUST(count == 1);
	heads[0] = bench->head;
	return 0;
}

static int memory_fix_parts(void *self, int32_t found, int32_t *ret_parts, struct err *err)
{
	(void)self;
	(void)err;
	*ret_parts = found;
	return 0;
}

static int memory_release(void *self, const struct head *heads, size_t count, struct err *err)
{
	(void)self;
	(void)heads;
	(void)count;
	(void)err;
	return 0;
}

static int memory_read_held(void *self, int32_t part, int64_t to_offset, struct keyset *held, struct err *err)
{
	(void)self;
	(void)part;
	(void)to_offset;
	(void)held;
	(void)err;
	return 0;
}

static int memory_find_answers(void *self, struct answer *answers, size_t answers_count, struct err *err)
{
	(void)self;
	(void)err;
	for (size_t i = 0; i < answers_count; i++)
		answers[i].found = false;
	return 0;
}

static int memory_load(void *self, struct slot **slots, size_t count, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < count; i++)
		fill(self, slots[i]);
	return 0;
}

static int memory_open(void *self, const struct opening *opening, enum open_result *ret_result, int32_t *ret_fenced,
		       struct err *err)
{
	(void)ret_fenced;
	for (size_t i = 0; i < opening->answers_count; i++)
		opening->answers[i].found = false;
	*ret_result = OPEN_READY;
	return memory_load(self, opening->slots, opening->slots_count, err);
}

static int memory_write(void *self, const struct changes *changes, bool *ret_conflict, struct err *err)
{
	struct bench *bench = self;

	(void)ret_conflict;
	(void)err;
	for (size_t i = 0; i < changes->events_count; i++) {
		const struct event *event = changes->events[i].event;

		if (event->type == &compliance_decided_type) {
			bool is_ours = str_is(((const struct compliance_decided *)event->body)->verdict, bench->kind->verdict);

			bench->verdicts += is_ours;
			bench->others += !is_ours;
		}
		bench->released += event->type == &communication_released_type;
		bench->waiting += event->type == &communication_scheduled_type;
		bench->suppressed += event->type == &communication_suppressed_type;
	}
	for (size_t i = 0; i < changes->heads_count; i++)
		bench->head = changes->heads[i];
	return 0;
}

static int memory_commit(void *self, struct err *err)
{
	(void)self;
	(void)err;
	return 0;
}

static void memory_abandon(void *self)
{
	(void)self;
}

static int memory_read_next_timer(void *self, int32_t part, struct timers_next *ret_next, struct err *err)
{
	(void)self;
	(void)part;
	(void)err;
	*ret_next = (struct timers_next){ .at_ms = INT64_MAX, .on = INT32_MAX };
	return 0;
}

static int memory_read_dead(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			    struct dead_letter **ret_rows, size_t *ret_count, struct err *err)
{
	(void)self;
	(void)part;
	(void)after_offset;
	(void)rows_max;
	(void)arena;
	(void)ret_rows;
	(void)err;
	*ret_count = 0;
	return 0;
}

/* ---- the edge to Kafka: one partition, filled before ---- */

static int kafka_poll(void *self, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err)
{
	struct bench *bench = self;

	(void)timeout_ms;
	(void)err;
	*ret_kind = BUS_NOTHING;
	if (!bench->has_assigned) {
		bench->has_assigned = true;
		*ret_kind = BUS_ASSIGNED;
	} else if (bench->next < bench->count) {
		struct record *record = &bench->records[bench->next];

		*ret_kind = BUS_RECORD;
		*ret_record = (struct bus_record){ .offset = (int64_t)bench->next++,
						   .at_ms = bench->now_ms,
						   .key = record->key,
						   .value = record->value,
						   .message = record };
	}
	return 0;
}

static const int32_t *kafka_parts(void *self, size_t *ret_count)
{
	static const int32_t parts[] = { 0 };

	(void)self;
	*ret_count = 1;
	return parts;
}

static int kafka_topic_parts(void *self, int32_t source, int32_t *ret_parts, struct err *err)
{
	(void)self;
	(void)source;
	(void)err;
	*ret_parts = 1;
	return 0;
}

static void kafka_spread(void *self, int32_t parts)
{
	(void)self;
	(void)parts;
}

/* As the real edge does: the hash is part of the cost. */
static int32_t kafka_part_of(void *self, struct str key)
{
	(void)self;
	return bus_part_of(key, 1);
}

static int kafka_start(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	(void)self;
	(void)parts;
	(void)offsets;
	(void)count;
	(void)err;
	return 0;
}

static void kafka_report(void *self, const int32_t *parts, const int64_t *next_offsets, size_t count)
{
	(void)self;
	(void)parts;
	(void)next_offsets;
	(void)count;
}

static int kafka_headers(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
			 struct err *err)
{
	const struct record *kept = record->message;

	(void)self;
	(void)err;
	memcpy(ret_headers, kept->headers, kept->headers_count * sizeof(ret_headers[0]));
	*ret_count = kept->headers_count;
	return 0;
}

static void kafka_release(void *self, struct bus_record *record)
{
	(void)self;
	record->message = NULL;
}

static int kafka_bounds(void *self, int32_t source, int32_t part, int64_t *ret_low, int64_t *ret_high, struct err *err)
{
	const struct bench *bench = self;

	(void)source;
	(void)part;
	(void)err;
	*ret_low = 0;
	*ret_high = (int64_t)bench->count;
	return 0;
}

static int kafka_resume(void *self, int32_t part, int64_t *ret_last_seq, struct err *err)
{
	(void)self;
	(void)part;
	(void)err;
	*ret_last_seq = 0;
	return 0;
}

static int kafka_publish(void *self, const struct log_row *row, struct err *err)
{
	(void)self;
	(void)row;
	(void)err;
	return 0;
}

static bool kafka_has_failed(void *self, int32_t part)
{
	(void)self;
	(void)part;
	return false;
}

static size_t kafka_dead_acked(void *self, int32_t *ret_parts, int64_t *ret_offsets, size_t max)
{
	(void)self;
	(void)ret_parts;
	(void)ret_offsets;
	(void)max;
	return 0;
}

static size_t kafka_deliveries(void *self, int timeout_ms)
{
	(void)self;
	(void)timeout_ms;
	return 0;
}

/* ---- the commands ---- */

static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	(void)self;
	(void)token;
	(void)err;
	*ret_claims = (struct token_claims){
		.subject = "bench", .roles = ROLE_AGENT, .scope = scope_all, .expires_at_ms = INT64_MAX / 2
	};
	return 0;
}

static struct uuid id_of(const char *what, size_t number)
{
	static const struct uuid none;

	return uuid_derive(&none, what, (uint64_t)number);
}

/* Ids rise, as those of one sender do. */
static int make_record(struct bench *bench, size_t number, struct err *err)
{
	struct record *record = &bench->records[number];
	struct uuid customer_id = id_of("customer", number);
	const struct template_parameter parameter = { .name = STR("creditor"), .value = STR("Example Ltd") };
	const struct send_communication body = { .communication_id = id_of("message", number),
						 .customer_id = customer_id,
						 .debt_ids = &customer_id,
						 .debt_ids_count = 1,
						 .channel = STR("email"),
						 .template_name = STR("payment-reminder"),
						 .language = STR("en-US"),
						 .message_class = STR("reminder"),
						 .parameters = &parameter,
						 .parameters_count = 1,
						 .send_by = bench->now_ms + 3 * DAY_MS };
	struct command_head head = { .id = uuid_new(), .source = STR("/dcs/bench"), .token = STR("a token") };
	char *key = arena_take_bytes(&bench->arena, UUID_TEXT_SIZE + 1);
	struct buf value;

	MUST(key != NULL);
	uuid_format(key, &customer_id);
	buf_init(&value, 4096);
	if (coder_encode(&send_communication_type, &body, &value, err) < 0 ||
	    envelope_write_command(&send_communication_type, &head, &bench->arena, record->headers, &record->headers_count, err) <
		    0) {
		buf_release(&value);
		return -1;
	}
	record->key = str_of(key);
	record->value = str_copy(&bench->arena, buf_str(&value));
	for (size_t i = 0; i < record->headers_count; i++)
		record->headers[i].value = str_copy(&bench->arena, record->headers[i].value);
	buf_release(&value);
	return 0;
}

/* ---- a run ---- */

/* Of the processor: other programs on the machine do not count. */
static double cpu_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static const struct database database_of_memory = {
	.claim = memory_claim,
	.fix_parts = memory_fix_parts,
	.release = memory_release,
	.read_held = memory_read_held,
	.open = memory_open,
	.find_answers = memory_find_answers,
	.load = memory_load,
	.write = memory_write,
	.commit_send = memory_commit,
	.commit_finish = memory_commit,
	.abandon = memory_abandon,
	.read_next_timer = memory_read_next_timer,
	.read_dead = memory_read_dead,
};

static const struct broker broker_of_memory = {
	.poll = kafka_poll,
	.parts = kafka_parts,
	.topic_parts = kafka_topic_parts,
	.spread = kafka_spread,
	.part_of = kafka_part_of,
	.start = kafka_start,
	.report = kafka_report,
	.headers = kafka_headers,
	.release = kafka_release,
	.bounds = kafka_bounds,
	.resume = kafka_resume,
	.publish = kafka_publish,
	.has_failed = kafka_has_failed,
	.dead_acked = kafka_dead_acked,
	.deliveries = kafka_deliveries,
};

static int decide_all(struct bench *bench, double *ret_us, struct err *err)
{
	static struct engine engine; /* large */
	struct database database = database_of_memory;
	struct broker broker = broker_of_memory;
	const struct engine_conf conf = { .owner = "bench",
					  .batch_items_max = BATCH_MAX,
					  .batch_bytes_max = (size_t)8 << 20,
					  .arena_size = ARENA_BATCH,
					  .pending_max = 20000,
					  .wait_max_ms = 600000,
					  .parked_max = 1000,
					  .timers_max = 2000,
					  .now_ms = clock_monotonic_ms };
	const struct admission admission = { .module = &communications_module,
					     .verify = verify,
					     .value_size_max = (size_t)64 << 10 };
	int status = 0;
	double before_us;

	database.self = broker.self = bench;
	if (engine_init(&engine, &conf, &admission, &broker, &database, err) < 0)
		return -1;
	before_us = cpu_us();
	while (status == 0 && (size_t)bench->head.next_offset < bench->count)
		status = engine_step(&engine, 0, err);
	*ret_us = (cpu_us() - before_us) / (double)bench->count;
	engine_release(&engine);
	return status;
}

static int measure(struct bench *bench, const struct kind *kind, struct err *err)
{
	double us = 0;

	bench->kind = kind;
	bench->next = bench->verdicts = bench->others = bench->released = bench->waiting = bench->suppressed = 0;
	bench->has_assigned = false;
	bench->head = (struct head){
		.epoch = 1, .business_date = INT32_MIN, .tick_cursor = OFFSET_BEFORE_ALL, .due = { .before = OFFSET_BEFORE_ALL }
	};
	if (!instant_parse(str_of(kind->at), &bench->now_ms))
		return err_set(err, ERR_FATAL, "not an instant: %s", kind->at);
	arena_reset(&bench->arena);
	bench->records = arena_take(&bench->arena, bench->count, sizeof(*bench->records));
	for (size_t number = 0; number < bench->count; number++) {
		if (make_record(bench, number, err) < 0)
			return -1;
	}
	if (decide_all(bench, &us, err) < 0)
		return -1;
	printf("%-36s %6.2f us %8.0f/s  %zu released, %zu wait, %zu suppressed\n", kind->name, us, 1e6 / us, bench->released,
	       bench->waiting, bench->suppressed);
	if (bench->verdicts != bench->count)
		return err_set(err, ERR_FATAL, "%s: %zu verdicts of %zu, and %zu others", kind->name, bench->verdicts,
			       bench->count, bench->others);
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct err err = ERR_INIT;
	int status = 1;

	bench.count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : COMMANDS;
	if (crypto_init(&err) < 0 || zones_load(&bench.zones, ZONE_FOLDER, &err) < 0 ||
	    arena_init(&bench.arena, ARENA_ALL, &err) < 0)
		goto out;
	bench.zone = zones_find(&bench.zones, STR("America/New_York"));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (measure(&bench, &kinds[i], &err) < 0)
			goto out;
	}
	status = 0;
out:
	if (status != 0)
		fprintf(stderr, "guard_engine: %s\n", err.text);
	zones_release(&bench.zones);
	arena_release(&bench.arena);
	return status;
}
