/*
 * P1: every command has exactly one answer, whose events carry the ids that derive from it. P2: the log has no holes and its hash
 * chain holds, up to what the head says. P4: the versions of each aggregate are 1..k, in the order of the log. (Offsets say
 * nothing about order: a withdrawal overtakes what waits, and what waits holds only what depends on it.) The reports (P7) are
 * folded on the way.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "idmap.h"
#include "schemas/engine.h"
#include "verify.h"

#define IDS_MAX ((size_t)1 << 28)

/* One partition's log on its way through. */
struct walk {
	struct verify *verify;
	const struct verify_head *head;
	struct refold *refold;
	uint8_t hash[SHA256_SIZE]; /* of the row before */
	int64_t seq;
	struct uuid command_id; /* the command whose events we are in */
	uint64_t ordinal;
	struct idmap versions; /* aggregate -> version */
};

static void check_chain(struct walk *walk, const struct logged_line *line)
{
	uint8_t hash[SHA256_SIZE];

	if (line->row.seq != walk->seq + 1)
		finding_at(walk->verify, 2, walk->head, "seq", line->row.seq, "the seq before it is %lld", (long long)walk->seq);
	chain_hash(hash, walk->hash, &line->row);
	if (line->hash.size != SHA256_SIZE || memcmp(hash, line->hash.data, SHA256_SIZE) != 0)
		finding_at(walk->verify, 2, walk->head, "seq", line->row.seq,
			   "the hash is not that of the row and the one before");
	if (line->hash.size == SHA256_SIZE)
		memcpy(walk->hash, line->hash.data, SHA256_SIZE); /* so that one wrong row is one finding, not all behind it */
	walk->seq = line->row.seq;
}

/* Before refusals left their command's id open, the first one was its answer, and the reuse of an id was counted by its offset.
 */
static bool is_id_of_refusal(const struct chain_row *row, int64_t command_offset)
{
	const struct uuid ids[] = {
		uuid_derive(&row->command_id, "refusal", (uint64_t)row->seq << 16 | (uint64_t)(uint16_t)row->part),
		uuid_derive(&row->command_id, "event", 0),
		uuid_derive(&row->command_id, "conflict", (uint64_t)command_offset << 8 | (uint64_t)(uint8_t)row->part),
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (uuid_equal(&ids[i], &row->event_id))
			return true;
	return false;
}

/* Event ids are made of the command's id: so none can be there twice, and none can be from elsewhere (worker/batch.c). */
static void check_answer(struct walk *walk, const struct logged_line *line)
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

/* Two aggregates of different kinds may have the same id: a consent its customer's. Tells kinds apart by the name of the id's
 * field. */
static uint32_t kind_of(const struct field *id)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (const char *letter = id->name; *letter != '\0'; letter++)
		hash = (hash ^ (uint8_t)*letter) * 16777619;
	return hash | 1;
}

static int check_version(struct walk *walk, int64_t seq, const struct field *id, const void *record, int64_t version,
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

/* NULL: the record is about nothing that has versions. */
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

/* An array of other aggregates that the event moved too: each item names one (its first field) and its version. */
static int check_items(struct walk *walk, const struct logged_line *line, const struct field *array, const void *body,
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

static int check_versions(struct walk *walk, const struct logged_line *line, const struct message_type *type, const void *body,
			  struct err *err)
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

/* The columns say what the body says; then what the body says of versions. */
static int check_body(struct walk *walk, const struct logged_line *line, struct err *err)
{
	const struct chain_row *row = &line->row;
	const struct message_type *type = NULL;
	const void *body = NULL;
	struct err why = ERR_INIT;
	uint32_t schema_id;

	arena_reset(&walk->verify->arena);
	if (frame_schema_id(row->body, &schema_id, &why) != 0 ||
	    coder_decode(walk->verify->coder, row->body, &walk->verify->arena, &type, &body, &why) != 0) {
		finding_at(walk->verify, 2, walk->head, "seq", row->seq, "the body cannot be decoded: %s", why.text);
		return 0;
	}
	if (schema_id != row->schema_id || !uuid_equal(message_uuid(type->key_field, body), &row->key) ||
	    !uuid_equal(message_uuid(type->aggregate_field, body), &row->subject))
		finding_at(walk->verify, 2, walk->head, "seq", row->seq, "schema, key or subject are not those of the body");
	if (check_versions(walk, line, type, body, err) != 0)
		return -1;
	return refold_event(walk->refold, line, type, body, err);
}

static int walk_lines(struct walk *walk, struct log_reader *log, struct err *err)
{
	struct logged_line line;
	bool found = true;

	log_reader_start(log, walk->head->part, 0, walk->head->log_seq);
	while (true) {
		if (log_reader_next(log, &found, &line, err) != 0)
			return -1;
		if (!found)
			return 0;
		check_chain(walk, &line);
		check_answer(walk, &line);
		if (check_body(walk, &line, err) != 0)
			return -1;
		progress_show(&walk->verify->progress, ++walk->verify->tally.events, 0, 0);
	}
}

static int walk_part(struct walk *walk, struct log_reader *log, struct err *err)
{
	char where[WHERE_SIZE];

	if (walk_lines(walk, log, err) != 0)
		return -1;
	where_part(where, walk->head);
	if (walk->seq != walk->head->log_seq)
		finding(walk->verify, 2, where, "the head says seq %lld, the log ends at %lld", (long long)walk->head->log_seq,
			(long long)walk->seq);
	else if (memcmp(walk->hash, walk->head->log_hash, SHA256_SIZE) != 0)
		finding(walk->verify, 2, where, "the head's hash is not that of the log's last row");
	return 0;
}

/* The unique index promises it; an index can be broken or dropped. */
static int check_twice(struct verify *verify, const char *module, struct err *err)
{
	const struct db_statement *select = schema_statement(&verify->statements, "verify_twice", log_select_twice, module);
	struct db_result result = { .pg = NULL };

	MUST(select != NULL);
	if (db_run(verify->db, select, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct uuid id = db_uuid(&result, i, 0);
		char where[WHERE_SIZE], text[UUID_TEXT_SIZE + 1];

		uuid_format(text, &id);
		snprintf(where, sizeof(where), "%s command %s", module, text);
		finding(verify, 1, where, "has %lld answers", (long long)db_int64(&result, i, 1));
	}
	db_result_release(&result);
	return 0;
}

static int walk_parts(struct verify *verify, size_t module, struct refold *refold, struct idmap *versions, struct err *err)
{
	for (size_t i = 0; i < verify->heads_count; i++) {
		struct walk walk = { .verify = verify, .head = &verify->heads[i], .refold = refold, .versions = *versions };
		int failed = 0;

		if (verify->heads[i].module != verify->modules.names[module])
			continue;
		refold_part(refold, verify->heads[i].module, verify->heads[i].part);
		idmap_clear(&walk.versions); /* a customer, and all that is his, is in one partition */
		failed = walk_part(&walk, &verify->logs[module], err);
		*versions = walk.versions;
		if (failed != 0)
			return -1;
	}
	return 0;
}

static int walk_modules(struct verify *verify, struct refold *refold, struct err *err)
{
	struct idmap versions;
	int failed = 0;

	idmap_init(&versions, IDS_MAX);
	for (size_t i = 0; i < verify->modules.count && failed == 0; i++) {
		failed = verify_read_heads(verify, i, err);
		if (failed == 0)
			failed = walk_parts(verify, i, refold, &versions, err);
		if (failed == 0)
			failed = check_twice(verify, verify->modules.names[i], err);
	}
	idmap_release(&versions);
	return failed;
}

int verify_log(struct verify *verify, struct err *err)
{
	struct refold refold = { .is_on = false };
	int failed = refold_begin(&refold, verify, err);

	if (failed == 0)
		failed = walk_modules(verify, &refold, err);
	if (failed == 0)
		failed = refold_end(&refold, verify, err);
	refold_release(&refold);
	return failed;
}
