#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "crypto/crypto.h"
#include "schemas/clock.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/engine.h"
#include "tests/sim/alarms.h"
#include "tests/sim/approvals.h"
#include "tests/sim/books.h"
#include "tests/sim/dunning.h"
#include "tests/sim/mailbook.h"
#include "tests/sim/reactions.h"
#include "tests/sim/world.h"
#include "wire/envelope.h"
#include "worker/chain.h"

/*
 * Judges a world that has come to rest, by the promises of lib/DESIGN.md 8 and by a small model of its own: it knows nothing of how
 * the engine works, only what was sent and what came of it.
 */
static char verdict[512];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

struct audit {
	struct sim_world *world;
	struct arena arena;
	size_t module;
	int32_t part;
};

static const struct sim_rows *log_of(const struct audit *audit)
{
	return &audit->world->databases[audit->module].log[audit->part];
}

static const void *body_of(struct audit *audit, struct str value, const struct message_type **ret_type)
{
	struct err err = ERR_INIT;
	const void *body;

	if (coder_decode(value, &audit->arena, ret_type, &body, &err) < 0)
		return NULL;
	return body;
}

static bool is_refusal(const struct sim_row *row)
{
	return row->row.schema_id == command_rejected_type.schema_id;
}

/* "This id was used before" is said at once, also while the key is held: it changes nothing. */
static bool is_refusal_of_reuse(struct audit *audit, const struct sim_row *row)
{
	const struct message_type *type;
	const struct command_rejected *body;

	if (!is_refusal(row))
		return false;
	body = body_of(audit, row->row.body, &type);
	return str_is(body->code, "duplicate_different_body");
}

/* ---- P2: seq without a hole, the chain holds, the head agrees ---- */

static const char *check_log(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);
	const struct head *head = &audit->world->databases[audit->module].heads[audit->part];
	uint8_t hash[SHA256_SIZE] = { 0 };

	if (head->halted)
		FAIL("module %zu part %d halted", audit->module, audit->part);
	for (size_t i = 0; i < log->count; i++) {
		const struct log_row *row = &log->rows[i].row;
		const struct chain_row chained = {
			.part = row->part,
			.schema_id = row->schema_id,
			.seq = row->seq,
			.at_ms = row->at_ms,
			.event_id = row->event_id,
			.key = row->key,
			.subject = row->subject,
			.command_id = row->command_id,
			.correlation_id = row->correlation_id,
			.body = row->body,
		};

		if (row->seq != (int64_t)i + 1)
			FAIL("P2 module %zu part %d: seq %lld at place %zu", audit->module, audit->part, (long long)row->seq,
			     i + 1);
		chain_hash(hash, hash, &chained);
		if (memcmp(hash, row->hash, SHA256_SIZE) != 0)
			FAIL("P2 module %zu part %d: the chain breaks at seq %lld", audit->module, audit->part,
			     (long long)row->seq);
	}
	if (head->log_seq != (int64_t)log->count || memcmp(head->log_hash, hash, SHA256_SIZE) != 0)
		FAIL("P2 module %zu part %d: the head does not agree with the log", audit->module, audit->part);
	return NULL;
}

/* What was applied is remembered: its id is refused to any other content, for this reason and no other. */
static const char *check_closed(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);

	for (size_t i = 0; i < log->count; i++)
		for (size_t j = i + 1; j < log->count && log->rows[i].is_applied; j++) {
			bool is_of_command = uuid_equal(&log->rows[j].row.command_id, &log->rows[i].row.command_id);

			arena_reset(&audit->arena);
			if (is_of_command && is_refusal(&log->rows[j]) && !is_refusal_of_reuse(audit, &log->rows[j]) &&
			    !approval_is_outcome(log, j))
				FAIL("P1 module %zu part %d seq %zu: a command was refused that had been applied", audit->module,
				     audit->part, j + 1);
		}
	return NULL;
}

/* Over all partitions: a command is applied once. */
static const char *check_answers(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);

	for (size_t i = 0; i < log->count; i++)
		for (int32_t part = 0; part < SIM_PARTS && log->rows[i].is_applied; part++) {
			const struct sim_rows *other = &audit->world->databases[audit->module].log[part];

			for (size_t j = 0; j < other->count; j++)
				if (other->rows[j].is_applied && &other->rows[j] != &log->rows[i] &&
				    uuid_equal(&other->rows[j].row.command_id, &log->rows[i].row.command_id))
					FAIL("P1 module %zu part %d seq %zu: a command was applied twice", audit->module,
					     audit->part, i + 1);
		}
	return NULL;
}

/* ---- P1, P3: every record came to exactly one thing, and to the right one ---- */

enum expected { EXPECT_TICK, EXPECT_FALSE_TICK, EXPECT_DEAD, EXPECT_COMMAND };

/* The tokens are the workload's: all roles, all but one, or one that may do nothing; or those of modules that send. */
static bool is_allowed(const struct message_type *type, struct str token)
{
	struct uuid user;

	return str_is(token, "all") ||
	       ((world_is_module(token) || str_is(token, "but the clock") || approval_user(token, &user)) && type != &tick_type);
}

static bool is_canonical(struct str text, struct uuid *ret_key)
{
	char canonical[UUID_TEXT_SIZE + 1];

	if (!uuid_parse(ret_key, text))
		return false;
	uuid_format(canonical, ret_key);
	return str_is(text, canonical);
}

/* Approvals are commands of every module that keeps commands. */
static bool is_of_module(const struct audit *audit, const struct message_type *type)
{
	if (type == &approve_command_type || type == &refuse_command_type)
		return audit->world->modules[audit->module]->approvals_count > 0;
	return strcmp(type->module, audit->world->modules[audit->module]->name) == 0;
}

/* What the record is, told from its bytes and its partition. */
static enum expected expectation(struct audit *audit, const struct sim_record *record, struct envelope *ret_envelope)
{
	const struct message_type *type;
	const void *body = body_of(audit, record->value, &type);
	struct err err = ERR_INIT;
	struct uuid key;

	if (envelope_read(record->headers, record->headers_count, ret_envelope, &err) < 0 || !body ||
	    !str_is(ret_envelope->type, type->ce_type))
		return EXPECT_DEAD;
	if (!is_allowed(type, ret_envelope->token))
		return type == &tick_type ? EXPECT_FALSE_TICK : EXPECT_DEAD;
	if (type == &tick_type)
		return EXPECT_TICK;
	if (!is_canonical(record->key, &key) || !uuid_equal(&key, message_uuid(type->key_field, body)) ||
	    world_part_of(&key) != audit->part || !is_of_module(audit, type) || type->kind != MESSAGE_COMMAND)
		return EXPECT_DEAD;
	return EXPECT_COMMAND;
}

/* Was another record of this command with the same content applied? Then this one changes nothing. */
static bool was_applied_elsewhere(const struct audit *audit, const struct uuid *command_id, const struct sim_record *record,
				  int64_t not_at)
{
	uint8_t digest[DIGEST_SIZE];

	digest_of(digest, record->value);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &audit->world->databases[audit->module].log[part];

		for (size_t i = 0; i < log->count; i++)
			if (log->rows[i].is_applied && uuid_equal(&log->rows[i].row.command_id, command_id) &&
			    memcmp(log->rows[i].digest, digest, DIGEST_SIZE) == 0 &&
			    (part != audit->part || log->rows[i].row.command_offset != not_at))
				return true;
	}
	return false;
}

/* But for the signature of its token. */
static bool is_header_kept(struct header was, const struct header *kept)
{
	headers_cut_tokens(&was, 1);
	return strcmp(kept->name, was.name) == 0 && str_equal(kept->value, was.value);
}

/* The dead-letter topic has the record as it was: key, value, headers. */
static bool is_published_whole(const struct audit *audit, const struct sim_record *record, struct str value)
{
	const struct sim_log *topic = &audit->world->dead_letters;

	for (size_t i = 0; i < topic->count; i++) {
		const struct sim_record *letter = topic->records[i];
		bool is_whole = str_equal(letter->key, record->key) && str_equal(letter->value, value) &&
				letter->headers_count == record->headers_count;

		for (size_t n = 0; is_whole && n < record->headers_count; n++)
			is_whole = is_header_kept(record->headers[n], &letter->headers[n]);
		if (is_whole)
			return true;
	}
	return false;
}

/* Of a person who was erased before it came, no value is kept. */
static bool is_kept_whole(const struct audit *audit, const struct sim_dead *dead, const struct sim_record *record)
{
	struct uuid customer_id;

	return str_equal(dead->value, record->value) || (dead->value.size == 0 && uuid_parse(&customer_id, record->key) &&
							 view_person(audit->world, &customer_id).is_erased);
}

/* Timers have no record: they are fired at that of a Tick, or of a command. alarms.h judges them. */
static bool is_timer(const struct sim_database *database, const struct sim_row *row)
{
	for (size_t i = 0; i < database->fired_count; i++)
		if (uuid_equal(&database->fired[i].row.id, &row->row.command_id))
			return true;
	return false;
}

static const char *check_record(struct audit *audit, const struct sim_record *record)
{
	const struct sim_database *database = &audit->world->databases[audit->module];
	const struct sim_rows *log = log_of(audit);
	struct envelope envelope;
	enum expected expected;
	size_t applied = 0;
	size_t refused = 0;
	size_t dead = 0;

	arena_reset(&audit->arena);
	expected = expectation(audit, record, &envelope);
	for (size_t i = 0; i < log->count; i++) {
		if (log->rows[i].row.command_offset != record->offset || is_timer(database, &log->rows[i]) ||
		    reaction_is_row(database, &log->rows[i]) || approval_is_outcome(log, i))
			continue;
		applied += log->rows[i].is_applied;
		refused += is_refusal(&log->rows[i]);
		if (expected == EXPECT_COMMAND && !uuid_equal(&log->rows[i].row.command_id, &envelope.id))
			FAIL("P1 an event names another command than stands at its offset");
	}
	for (size_t i = 0; i < database->dead_count; i++)
		if (database->dead[i].part == audit->part && database->dead[i].offset == record->offset) {
			dead++;
			if (!database->dead[i].published)
				FAIL("a dead letter was never published");
			if (!is_kept_whole(audit, &database->dead[i], record))
				FAIL("a dead letter was kept as something else");
			if (!is_published_whole(audit, record, database->dead[i].value))
				FAIL("a dead letter was published as something else");
		}
	if (expected != EXPECT_COMMAND) { /* of false Ticks the first of an hour is kept */
		if (applied + refused > 0 || (expected != EXPECT_FALSE_TICK && dead != (expected == EXPECT_DEAD)))
			FAIL("P3 module %zu part %d offset %lld: expected %s, got %zu answers and %zu dead letters",
			     audit->module, audit->part, (long long)record->offset,
			     expected == EXPECT_DEAD ? "a dead letter" : "nothing", applied + refused, dead);
		return NULL;
	}
	if (dead > 0)
		FAIL("P3 module %zu part %d offset %lld: a good command became a dead letter", audit->module, audit->part,
		     (long long)record->offset);
	if (applied + refused > 1)
		FAIL("P1 module %zu part %d offset %lld: answered more than once", audit->module, audit->part,
		     (long long)record->offset);
	if (applied + refused == 0 && !was_applied_elsewhere(audit, &envelope.id, record, record->offset))
		FAIL("P3 module %zu part %d offset %lld: a command without an answer", audit->module, audit->part,
		     (long long)record->offset);
	return NULL;
}

static const struct message_type *type_of(struct str value)
{
	struct err err = ERR_INIT;
	uint32_t schema_id;

	MUST(frame_schema_id(value, &schema_id, &err) == 0);
	return message_by_schema_id(schema_id);
}

/* A message from a person may be one. */
static bool is_withdrawal(struct str command)
{
	return type_of(command) == &withdraw_consent_type || type_of(command) == &record_inbound_type;
}

/* A report moves its message forward only: it may be taken in any order. */
static bool is_report(struct str command)
{
	const struct message_type *type = type_of(command);

	return type == &record_dispatch_type || type == &record_delivery_type;
}

static const char *check_records(struct audit *audit)
{
	const struct sim_log *commands = &audit->world->commands[audit->module][audit->part];
	const struct sim_database *database = &audit->world->databases[audit->module];
	const char *wrong = NULL;

	for (size_t i = 0; i < commands->count && !wrong; i++)
		wrong = commands->records[i]->is_marker ? NULL : check_record(audit, commands->records[i]);
	for (size_t i = 0; i < database->parked_count && !wrong; i++) {
		if (database->parked[i].parked.kind != PARKED_BUG && is_withdrawal(database->parked[i].parked.value))
			FAIL("P9 a withdrawal had to wait");
		if (database->parked[i].parked.kind == PARKED_BEHIND && is_report(database->parked[i].parked.value))
			FAIL("a report stood behind another command");
		if (!database->parked[i].is_gone)
			FAIL("P3 module %zu part %d offset %lld: parked for ever, kind %d", audit->module,
			     database->parked[i].parked.part, (long long)database->parked[i].parked.offset,
			     (int)database->parked[i].parked.kind);
	}
	return wrong;
}

/* ---- P4: what commands of one customer are about is changed in offset order; versions 1..k ---- */

static const struct uuid *named(const struct message_type *type, const void *body, const char *name)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];

		if (field->kind == FIELD_UUID && !field->nullable && strcmp(field->name, name) == 0)
			return (const struct uuid *)(const void *)((const char *)body + field->offset);
	}
	return NULL;
}

/* Of two commands of one customer, told by what they say. All that is done in customers is about the
 * customer, in users about the user, in reports about the report. */
static bool are_about_the_same(struct audit *audit, struct str one, struct str other)
{
	static const char *const things[] = { "debt_id", "payment_id", "communication_id", "consent_id", "template_id" };
	size_t mark = arena_mark(&audit->arena);
	const struct message_type *types[2];
	const void *bodies[2] = { body_of(audit, one, &types[0]), body_of(audit, other, &types[1]) };
	bool is_same = audit->module == SIM_CUSTOMERS || audit->module == SIM_USERS || audit->module == SIM_REPORTS;

	for (size_t i = 0; i < COUNT(things) && !is_same; i++) {
		const struct uuid *ids[2] = { named(types[0], bodies[0], things[i]), named(types[1], bodies[1], things[i]) };

		is_same = ids[0] && ids[1] && uuid_equal(ids[0], ids[1]);
	}
	arena_rewind(&audit->arena, mark);
	return is_same;
}

/* The end of a wait that is no approval, with its outcome, and an approval that was refused: about no user, so they wait for none. */
static bool is_about_nothing(struct audit *audit, const struct sim_row *row)
{
	const struct sim_record *record = audit->world->commands[audit->module][audit->part].records[row->row.command_offset];
	const struct message_type *type;
	const struct approval_ended *ended;

	if (audit->world->modules[audit->module]->approvals_count == 0)
		return false;
	while (approval_is_outcome(log_of(audit), (size_t)row->row.seq - 1))
		row--;
	ended = body_of(audit, row->row.body, &type);
	if (type == &approval_ended_type)
		return !str_is(ended->verdict, "approved");
	return type == &command_rejected_type &&
	       (type_of(record->value) == &approve_command_type || type_of(record->value) == &refuse_command_type);
}

/* A command of an erased person is ended at the next Tick, whatever it waits behind: nothing of it is known any more. */
static bool was_forgotten(struct audit *audit, const struct sim_row *row)
{
	const struct message_type *type;
	const void *body = body_of(audit, row->row.body, &type);

	return type == &command_rejected_type && is_of_forgotten(body);
}

/* An earlier one of the log that stands later in the topic, and should have waited. (A timer's event is not of the record.) */
static bool came_too_soon(struct audit *audit, const struct sim_row *earlier, const struct sim_row *later)
{
	const struct sim_database *database = &audit->world->databases[audit->module];
	struct sim_record *const *records = audit->world->commands[audit->module][audit->part].records;
	int64_t first = earlier->row.command_offset;
	int64_t second = later->row.command_offset;

	if (reaction_is_row(database, earlier) || reaction_is_row(database, later)) /* order does not hold between topics */
		return false;
	return first > second && uuid_equal(&earlier->row.key, &later->row.key) && !is_timer(database, earlier) &&
	       !is_timer(database, later) && !is_withdrawal(records[first]->value) && !is_report(records[first]->value) &&
	       !is_report(records[second]->value) && !is_refusal_of_reuse(audit, earlier) && !was_forgotten(audit, earlier) &&
	       !is_about_nothing(audit, earlier) && !is_about_nothing(audit, later) &&
	       are_about_the_same(audit, records[first]->value, records[second]->value);
}

static int64_t version_of(const struct message_type *type, const void *body)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];
		const void *version = (const char *)body + field->offset;

		if (strcmp(field->name, "version") == 0)
			return field->kind == FIELD_INT ? *(const int32_t *)version : *(const int64_t *)version;
	}
	return 0;
}

static bool has_actor(const struct message_type *type, const void *body)
{
	return *(const bool *)((const char *)body + type->actor_field->aux_offset) &&
	       ((const struct str *)(const void *)((const char *)body + type->actor_field->offset))->size > 0;
}

static const char *check_order(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);

	for (size_t i = 0; i < log->count; i++) {
		const struct log_row *row = &log->rows[i].row;
		const struct message_type *type;
		const void *body = body_of(audit, row->body, &type);
		int64_t version = version_of(type, body);
		int64_t versions_before = 0;

		if (!has_actor(type, body))
			FAIL("module %zu part %d seq %lld: an event does not say who did it", audit->module, audit->part,
			     (long long)row->seq);
		for (size_t j = 0; j < i; j++) {
			const struct log_row *earlier = &log->rows[j].row;
			const struct message_type *earlier_type = message_by_schema_id(earlier->schema_id);

			if (came_too_soon(audit, &log->rows[j], &log->rows[i]))
				FAIL("P4 module %zu part %d: offset %lld took effect before %lld", audit->module, audit->part,
				     (long long)earlier->command_offset, (long long)row->command_offset);
			if (uuid_equal(&earlier->subject, &row->subject) &&
			    version_of(earlier_type, body_of(audit, earlier->body, &earlier_type)) > 0)
				versions_before++;
		}
		if (version > 0 && version != versions_before + 1)
			FAIL("P4 module %zu part %d seq %lld: version %lld after %lld", audit->module, audit->part,
			     (long long)row->seq, (long long)version, (long long)versions_before);
		arena_reset(&audit->arena);
	}
	return NULL;
}

/* ---- nothing is done about an erased customer ---- */

static const char *check_erased(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);

	for (size_t i = 0; i < log->count; i++)
		for (size_t j = i + 1; j < log->count && log->rows[i].row.schema_id == customer_erased_type.schema_id; j++)
			if (uuid_equal(&log->rows[i].row.key, &log->rows[j].row.key) &&
			    log->rows[j].row.schema_id != command_rejected_type.schema_id)
				FAIL("module %zu part %d: seq %zu is about a customer who was erased", audit->module, audit->part,
				     j + 1);
	return NULL;
}

static bool is_erased(const struct audit *audit, const struct uuid *key)
{
	const struct sim_rows *log = &audit->world->databases[SIM_CUSTOMERS].log[audit->part];

	for (size_t i = 0; i < log->count; i++)
		if (log->rows[i].row.schema_id == customer_erased_type.schema_id && uuid_equal(&log->rows[i].row.key, key))
			return true;
	return false;
}

static const char *check_forgotten(struct audit *audit)
{
	const struct sim_rows *log = log_of(audit);

	for (size_t i = 0; i < log->count; i++) {
		const struct message_type *type;
		const struct command_rejected *body;

		if (!is_refusal(&log->rows[i]))
			continue;
		arena_reset(&audit->arena);
		body = body_of(audit, log->rows[i].row.body, &type);
		if (is_of_forgotten(body) && !is_erased(audit, &log->rows[i].row.key))
			FAIL("module %zu part %d: seq %zu forgot a command of somebody who was not erased", audit->module,
			     audit->part, i + 1);
	}
	return NULL;
}

/* ---- P6: first appearances in the topic are the log ---- */

static const char *check_topic(struct audit *audit)
{
	const struct sim_log *topic = &audit->world->events[audit->module][audit->part];
	const struct sim_rows *log = log_of(audit);
	int64_t seen = 0;

	for (size_t i = 0; i < topic->count; i++) {
		const struct sim_record *record = topic->records[i];
		struct envelope envelope;
		struct err err = ERR_INIT;
		const struct log_row *row;

		if (envelope_read(record->headers, record->headers_count, &envelope, &err) < 0)
			FAIL("P6 an event with bad headers: %s", err.text);
		if (envelope.sequence > seen + 1)
			FAIL("P6 module %zu part %d: seq %lld after %lld", audit->module, audit->part,
			     (long long)envelope.sequence, (long long)seen);
		if ((size_t)envelope.sequence > log->count)
			FAIL("P6 an event that is not in the log");
		if (envelope.sequence == seen + 1)
			seen++;
		row = &log->rows[envelope.sequence - 1].row;
		if (!uuid_equal(&row->event_id, &envelope.id) || memcmp(row->hash, envelope.hash.data, SHA256_SIZE) != 0 ||
		    !str_equal(row->body, record->value))
			FAIL("P6 an event differs from the log");
	}
	if ((size_t)seen != log->count)
		FAIL("P6 module %zu part %d: %lld of %zu events published", audit->module, audit->part, (long long)seen,
		     log->count);
	return NULL;
}

/* ---- P5: money, by books of its own: every accepted command, as it was sent ---- */

static const char *check_money(struct sim_world *world, struct audit *audit)
{
	const size_t module = SIM_DEBTS;
	const char *wrong = NULL;
	struct books books;

	books_init(&books);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[module].log[part];

		for (size_t i = 0; i < log->count && !wrong; i++) {
			const struct log_row *row = &log->rows[i].row;
			const struct message_type *type;
			const char *ignored;
			const void *body;

			/* A timer that was left fires before a command of its customer, at that command's offset. */
			if (!log->rows[i].is_applied || is_timer(&world->databases[module], &log->rows[i]))
				continue;
			arena_reset(&audit->arena);
			body = body_of(audit, world->commands[module][part].records[row->command_offset]->value, &type);
			(void)message_normalise(type, (void *)(uintptr_t)body, &ignored); /* as it is kept */
			wrong = books_take(&books, type, body);
		}
	}
	if (!wrong)
		wrong = books_check(&books, world, module);
	books_release(&books);
	return wrong;
}

/* ---- P8, P9: messages, by a book of its own ---- */

static void take_customers(struct mailbook *book, struct sim_world *world, struct audit *audit)
{
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_CUSTOMERS].log[part];

		for (size_t i = 0; i < log->count; i++) {
			const struct message_type *type;
			const void *body;

			arena_reset(&audit->arena);
			body = body_of(audit, log->rows[i].row.body, &type);
			mailbook_take_customers(book, &log->rows[i].row, type, body);
		}
	}
}

static const char *check_mail(struct sim_world *world, struct audit *audit)
{
	const char *wrong = NULL;
	struct mailbook book;

	mailbook_init(&book);
	take_customers(&book, world, audit);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_COMMUNICATIONS].log[part];

		for (size_t i = 0; i < log->count && !wrong; i++) {
			struct mail_event event = { .row = &log->rows[i].row };
			const struct sim_record *record =
				world->commands[SIM_COMMUNICATIONS][part].records[event.row->command_offset];

			arena_reset(&audit->arena);
			event.body = body_of(audit, event.row->body, &event.type);
			event.command = body_of(audit, record->value, &event.command_type);
			event.received_ms = record->at_ms;
			wrong = mailbook_take(&book, world, &event);
		}
	}
	if (!wrong)
		wrong = mailbook_check(&book, world);
	world->races = book.races;
	mailbook_release(&book);
	return wrong;
}

/* ---- P7: the reporting tables equal a refold of the logs ---- */

static const char *check_aggregates(struct sim_world *world, struct audit *audit)
{
	struct buf refold;
	bool is_equal;

	buf_init(&refold, (size_t)16 << 20);
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (int32_t part = 0; part < SIM_PARTS; part++)
			for (size_t i = 0; i < world->databases[module].log[part].count; i++) {
				const struct log_row *row = &world->databases[module].log[part].rows[i].row;
				const struct message_type *type;
				const void *body;

				arena_reset(&audit->arena);
				body = body_of(audit, row->body, &type);
				MUST(deltas_fold(type, body, row->at_ms, &refold));
			}
	MUST(deltas_merge(&refold));
	is_equal = deltas_count(&refold) == deltas_count(&world->aggregates);
	for (size_t i = 0; is_equal && i < deltas_count(&refold); i++)
		is_equal = delta_compare_keys(&delta_at(&refold, i)->key, &delta_at(&world->aggregates, i)->key) == 0 &&
			   memcmp(delta_at(&refold, i)->amounts, delta_at(&world->aggregates, i)->amounts,
				  sizeof(delta_at(&refold, i)->amounts)) == 0;
	buf_release(&refold);
	return is_equal ? NULL : "P7 the reporting tables differ from a refold";
}

/* ---- the date is the clock's ---- */

static const char *check_date(struct audit *audit)
{
	const struct head *head = &audit->world->databases[audit->module].heads[audit->part];

	if (head->business_date > day_of_instant(audit->world->now_ms) + 1)
		FAIL("module %zu part %d: the business date is beyond the broker's day", audit->module, audit->part);
	return NULL;
}

const char *audit(struct sim_world *world)
{
	struct audit audit = { .world = world };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	MUST(arena_init(&audit.arena, 1 << 20, &err) == 0);
	for (audit.module = 0; audit.module < SIM_MODULES && !wrong; audit.module++)
		for (audit.part = 0; audit.part < SIM_PARTS && !wrong; audit.part++) {
			if (world->reader_heads[audit.module][audit.part].halted)
				wrong = "a reader halted";
			if (!wrong)
				wrong = check_log(&audit);
			if (!wrong)
				wrong = check_date(&audit);
			if (!wrong)
				wrong = check_answers(&audit);
			if (!wrong)
				wrong = check_closed(&audit);
			if (!wrong)
				wrong = check_records(&audit);
			if (!wrong)
				wrong = check_order(&audit);
			if (!wrong)
				wrong = check_erased(&audit);
			if (!wrong)
				wrong = check_forgotten(&audit);
			if (!wrong)
				wrong = check_topic(&audit);
		}
	if (!wrong)
		wrong = check_money(world, &audit);
	if (!wrong)
		wrong = check_mail(world, &audit);
	if (!wrong)
		wrong = check_aggregates(world, &audit);
	if (!wrong)
		wrong = alarms_audit(world, SIM_REPORTS);
	if (!wrong)
		wrong = reactions_audit(world, SIM_REPORTS);
	if (!wrong)
		wrong = reactions_audit(world, SIM_DUNNING);
	if (!wrong)
		wrong = dunning_audit(world);
	if (!wrong)
		wrong = approvals_audit(world, SIM_USERS);
	if (!wrong)
		wrong = approvals_audit(world, SIM_COMMUNICATIONS);
	arena_release(&audit.arena);
	return wrong;
}
