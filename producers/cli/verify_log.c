/*
 * P1: every command has exactly one answer, and the ids of its events are derived from its id. P2: the log has no gaps and its
 * hash chain holds, up to the head. P4: the versions of each aggregate are 1..k, in the order of the log. (Offsets say nothing
 * about order: a withdrawal overtakes commands that wait, and a waiting command blocks only the commands that depend on it.)
 * verify_module.c reads the log.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "log_walk.h"
#include "schemas/engine.h"

#define IDS_MAX ((size_t)1 << 28)

static void check_chain(struct log_walk *walk, const struct logged_line *line)
{
	uint8_t hash[SHA256_SIZE];

	if (line->row.seq != walk->seq + 1)
		finding_at(walk->verify, 2, walk->head, "seq", line->row.seq, "the seq before it is %lld", (long long)walk->seq);
	chain_hash(hash, walk->hash, &line->row);
	if (line->hash.size != SHA256_SIZE || memcmp(hash, line->hash.data, SHA256_SIZE) != 0)
		finding_at(walk->verify, 2, walk->head, "seq", line->row.seq,
			   "the hash is not that of the row and the one before");
	if (line->hash.size == SHA256_SIZE)
		memcpy(walk->hash, line->hash.data, SHA256_SIZE); /* so that one wrong row is one finding only */
	walk->seq = line->row.seq;
}

/*
 * In old logs a refusal did not close its command's id: the first refusal was the answer, and later uses of the id were numbered
 * by offset.
 */
static bool is_id_of_refusal(const struct chain_row *row, int64_t command_offset)
{
	const struct uuid ids[] = {
		uuid_derive(&row->command_id, "refusal", (uint64_t)row->seq << 16 | (uint64_t)(uint16_t)row->part),
		uuid_derive(&row->command_id, "event", 0),
		uuid_derive(&row->command_id, "conflict", (uint64_t)command_offset << 8 | (uint64_t)(uint8_t)row->part),
	};

	for (size_t i = 0; i < COUNT(ids); i++)
		if (uuid_equal(&ids[i], &row->event_id))
			return true;
	return false;
}

/* Event ids are derived from the command's id: so none can be repeated, and none can come from elsewhere (worker/batch.c). */
static void check_answer(struct log_walk *walk, const struct logged_line *line)
{
	const struct chain_row *row = &line->row;
	struct uuid id;

	if (line->is_answer) {
		walk->command_id = row->command_id;
		walk->ordinal = 0;
		id = uuid_derive(&row->command_id, "event", 0);
		if (uuid_equal(&id, &row->event_id))
			return;
	} else {
		if (!uuid_is_none(&walk->ended_id) && uuid_equal(&row->command_id, &walk->ended_id)) {
			walk->command_id = row->command_id; /* an outcome: CommandKept was the event before it */
			walk->ordinal = 0;
		}
		id = uuid_derive(&row->command_id, "event", walk->ordinal + 1);
		if (uuid_equal(&row->command_id, &walk->command_id) && uuid_equal(&id, &row->event_id)) {
			walk->ordinal++;
			return;
		}
		if (message_by_schema_id(row->schema_id) == &command_rejected_type && is_id_of_refusal(row, line->command_offset))
			return;
	}
	finding_at(walk->verify, 1, walk->head, "seq", row->seq, "the event is not the next of an answer to its command");
}

/*
 * Aggregates of different kinds may have the same id: a consent has its customer's. The name of the id's field tells kinds apart.
 * A service is an account like a user, and some events are about both.
 */
static uint32_t kind_of(const struct field *id)
{
	uint32_t hash = 2166136261; /* FNV-1a */
	const char *name = strcmp(id->name, "service_id") == 0 ? "user_id" : id->name;

	for (const char *letter = name; *letter != '\0'; letter++)
		hash = (hash ^ (uint8_t)*letter) * 16777619;
	return hash | 1;
}

static int check_version(struct log_walk *walk, int64_t seq, const struct field *id, const void *record, int64_t version,
			 struct err *err)
{
	const struct uuid *aggregate = message_uuid(id, record);
	int64_t *last = idmap_at(&walk->versions, kind_of(id), aggregate);
	char text[UUID_TEXT_SIZE + 1];

	if (last == NULL)
		return err_set(err, ERR_FATAL, "too many aggregates for the memory of this check");
	if (version != *last + 1) {
		uuid_format(text, aggregate);
		finding_at(walk->verify, 4, walk->head, "seq", seq, "aggregate %s has version %lld after %lld", text,
			   (long long)version, (long long)*last);
	}
	*last = version;
	return 0;
}

/* NULL: the record is about no aggregate with versions. */
static const struct field *version_of(const struct record_type *record)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		if (strcmp(field->name, "version") == 0 && (field->kind == FIELD_LONG || field->kind == FIELD_INT) &&
		    !field->nullable && !field->array)
			return field;
	}
	return NULL;
}

static int64_t number_at(const struct field *field, const void *record)
{
	int64_t number = 0;
	int32_t small = 0;

	if (field->kind == FIELD_LONG) {
		memcpy(&number, (const char *)record + field->offset, sizeof(number));
		return number;
	}
	memcpy(&small, (const char *)record + field->offset, sizeof(small));
	return small;
}

/* An array of other aggregates that the event changed, too: each item has an id (its first field) and a version. */
static int check_items(struct log_walk *walk, const struct logged_line *line, const struct field *array, const void *body,
		       struct err *err)
{
	const struct field *version = version_of(array->record);
	const char *items = NULL;
	size_t count = 0;

	if (version == NULL || array->record->fields[0].kind != FIELD_UUID)
		return 0;
	memcpy(&items, (const char *)body + array->offset, sizeof(items));
	memcpy(&count, (const char *)body + array->aux_offset, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		const void *item = items + i * array->record->size;

		if (check_version(walk, line->row.seq, &array->record->fields[0], item, number_at(version, item), err) != 0)
			return -1;
	}
	return 0;
}

static int check_versions(struct log_walk *walk, const struct logged_line *line, const struct message_type *type,
			  const void *body, struct err *err)
{
	const struct field *version = version_of(&type->record);

	if (version != NULL &&
	    check_version(walk, line->row.seq, type->aggregate_field, body, number_at(version, body), err) != 0)
		return -1;
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];

		if (field->array && field->kind == FIELD_RECORD && check_items(walk, line, field, body, err) != 0)
			return -1;
	}
	return 0;
}

/* Compares the columns with the body; then checks the versions in the body. */
static int check_body(struct log_walk *walk, const struct logged_line *line, const struct decoded *decoded, struct err *err)
{
	const struct chain_row *row = &line->row;
	uint32_t schema_id = 0;
	struct err why = ERR_INIT;

	if (decoded->type == NULL) {
		finding_at(walk->verify, 2, walk->head, "seq", row->seq, "the body cannot be decoded: %s", decoded->why.text);
		return 0;
	}
	if (frame_schema_id(row->body, &schema_id, &why) != 0 || schema_id != row->schema_id ||
	    !uuid_equal(message_uuid(decoded->type->key_field, decoded->body), &row->key) ||
	    !uuid_equal(message_uuid(decoded->type->aggregate_field, decoded->body), &row->subject))
		finding_at(walk->verify, 2, walk->head, "seq", row->seq, "schema, key or subject are not those of the body");
	return check_versions(walk, line, decoded->type, decoded->body, err);
}

void log_walk_init(struct log_walk *walk, struct verify *verify)
{
	*walk = (struct log_walk){ .verify = verify };
	idmap_init(&walk->versions, IDS_MAX);
	idmap_init(&walk->kept, IDS_MAX);
}

void log_walk_release(struct log_walk *walk)
{
	idmap_release(&walk->versions);
	idmap_release(&walk->kept);
}

void log_walk_part(struct log_walk *walk, const struct verify_head *head)
{
	walk->head = head;
	walk->seq = 0;
	walk->ordinal = 0;
	memset(walk->hash, 0, sizeof(walk->hash));
	memset(&walk->command_id, 0, sizeof(walk->command_id));
	memset(&walk->ended_id, 0, sizeof(walk->ended_id));
	idmap_clear(&walk->versions); /* a customer, and all aggregates of the customer, are in one partition */
}

int log_walk_line(struct log_walk *walk, const struct logged_line *line, const struct decoded *decoded, struct err *err)
{
	check_chain(walk, line);
	check_answer(walk, line);
	if (approvals_line(walk, line, decoded, err) != 0)
		return -1;
	progress_show(&walk->verify->progress, ++walk->verify->tally.events, 0, 0);
	return check_body(walk, line, decoded, err);
}

void log_walk_part_end(struct log_walk *walk)
{
	char where[WHERE_SIZE];

	where_part(where, walk->head);
	if (walk->seq != walk->head->log_seq)
		finding(walk->verify, 2, where, "the head says seq %lld, the log ends at %lld", (long long)walk->head->log_seq,
			(long long)walk->seq);
	else if (memcmp(walk->hash, walk->head->log_hash, SHA256_SIZE) != 0)
		finding(walk->verify, 2, where, "the head's hash is not that of the log's last row");
}

/* The unique index guarantees it, but an index can be broken or dropped. */
int verify_answers(struct verify *verify, size_t module, struct err *err)
{
	const char *name = verify->modules.names[module];
	const struct db_statement *select = schema_statement(&verify->statements, "verify_twice", log_select_twice, name);
	struct db_result result = { .pg = NULL };

	MUST(select != NULL);
	if (db_run(verify->db, select, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct uuid id = db_uuid(&result, i, 0);
		char where[WHERE_SIZE], text[UUID_TEXT_SIZE + 1];

		uuid_format(text, &id);
		snprintf(where, sizeof(where), "%s command %s", name, text);
		finding(verify, 1, where, "has %lld answers", (long long)db_int64(&result, i, 1));
	}
	db_result_release(&result);
	return 0;
}
