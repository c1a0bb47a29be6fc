#include "worker/admit.h"

#include <string.h>

#include "base/log.h"
#include "schemas/clock.h"
#include "wire/envelope.h"
#include "worker/approvals.h"

/* Bound of the arena memory for decoding a value; the worst case is a body of many small items. */
#define DECODED_SIZE_MAX(value_size) ((value_size)*64)
#define DEAD_SIZE_MAX                ((size_t)4 << 10) /* the reason of a dead letter, the actor and the scope of a command */

/* Makes the item a dead letter. Copies the reason, which is kept in the database for people. */
static int die(struct item *item, const char *code, const char *reason, struct arena *arena, struct err *err)
{
	item->dead_code = code;
	item->dead_reason = str_copy(arena, str_of(reason));
	if (!item->dead_reason.data)
		return err_set(err, ERR_POISON, "arena full");
	return 0;
}

static const struct rule *rule_of(const struct module *module, const struct message_type *type)
{
	for (size_t i = 0; i < module->rules_count; i++)
		if (module->rules[i].type == type)
			return &module->rules[i];
	return approvals_rule(module, type);
}

/*
 * Rules see normalised texts only, also when they touch states. A faulty text is refused later (batch.c): the command is genuine,
 * and its sender gets an answer. The decoded texts are in the arena and may be changed.
 */
static void take_body(struct item *item, const struct message_type *type, const void *body)
{
	item->command.type = type;
	item->command.body = body;
	item->nil_field = message_nil_field(type, body);
	item->text_fault = message_normalise(type, (void *)body, &item->text_field);
}

/* Partitioners hash the key's text, and in upper case the same id would go to another partition: lower case only. */
static bool read_key(struct str text, struct uuid *ret_key)
{
	char canonical[UUID_TEXT_SIZE + 1];

	if (!text.data || !uuid_parse(ret_key, text) || uuid_is_none(ret_key))
		return false;
	uuid_format(canonical, ret_key);
	return memcmp(canonical, text.data, UUID_TEXT_SIZE) == 0;
}

/*
 * The key must equal the key field of the body, and the partition must be that of the key, because order holds only within a
 * partition.
 */
static const char *check_key(const struct broker *broker, const struct bus_record *record, const struct message_type *type,
			     const void *body, struct item *item, const char **ret_reason, struct err *why)
{
	int32_t part;

	if (!read_key(record->key, &item->command.key)) {
		*ret_reason = "the record key is not the text of a UUID in lower case, or it is the one of zeros";
		return "bad_key";
	}
	if (type->key_field && !uuid_equal(&item->command.key, message_uuid(type->key_field, body))) {
		*ret_reason = "the record key is another id than the body names";
		return "bad_key";
	}
	part = broker->part_of(broker->self, record->key);
	if (part != record->part) {
		err_set(why, ERR_POISON,
			"the key belongs to partition %d, and the record is in %d: the producer needs the setting "
			"partitioner=murmur2_random, and no partition of its own choice",
			part, record->part);
		*ret_reason = why->text;
		return "wrong_partition";
	}
	return NULL;
}

/* ce_type must agree with the schema id, and the type must be one of this module. NULL: both are true. */
static const char *check_type(const struct admission *admission, const struct envelope *envelope, const struct message_type *type,
			      const void *body, struct item *item, const char **ret_reason)
{
	if (!str_is(envelope->type, type->ce_type)) {
		*ret_reason = "ce_type names another type than the schema id of the value";
		return "wrong_type";
	}
	take_body(item, type, body);
	if (type == &tick_type) {
		item->kind = ITEM_TICK;
		return NULL;
	}
	item->rule = rule_of(admission->module, type);
	if (!item->rule) {
		*ret_reason = "not a command of this module";
		return "wrong_type";
	}
	return NULL;
}

static const char *check_token(const struct admission *admission, const struct envelope *envelope, int64_t now_ms,
			       struct token_claims *ret_claims, const char **ret_reason, struct err *why)
{
	if (envelope->token.size == 0) {
		*ret_reason = "no authorization header with a Bearer token";
		return "no_token";
	}
	if (admission->verify(admission->verify_self, envelope->token, ret_claims, why) < 0)
		return "bad_token";
	if (!token_is_valid_at(ret_claims, now_ms)) {
		*ret_reason = "the token was not valid when the broker received the record";
		return "expired_token";
	}
	return NULL;
}

static bool may_issue(const struct item *item, const struct token_claims *claims)
{
	return (claims->roles & item->command.type->roles) != 0;
}

/* All checks after the headers were unpacked. Returns the code of a dead letter, or NULL; *ret_reason is the text of `why`, or a
 * literal. */
static const char *judge(const struct admission *admission, const struct broker *broker, const struct header *headers,
			 size_t headers_count, const struct bus_record *record, struct arena *arena, struct item *item,
			 const char **ret_reason, struct err *why)
{
	struct envelope envelope;
	enum envelope_fault fault;
	struct token_claims claims;
	const struct message_type *type;
	const void *body;
	const char *code;
	uint32_t schema_id;

	*ret_reason = why->text;
	if (!record->value.data) {
		*ret_reason = "a record without a value is no command";
		return "no_value";
	}
	if (record->value.size > admission->value_size_max) {
		*ret_reason = "the value is larger than a command may be";
		return "too_large";
	}
	if (frame_schema_id(record->value, &schema_id, why) < 0)
		return "no_frame";
	if (!message_by_schema_id(schema_id)) {
		*ret_reason = "no schema of ours has this id";
		return "unknown_schema";
	}
	if (envelope_check(headers, headers_count, &envelope, &fault, why) < 0)
		return fault == ENVELOPE_MISSING ? "missing_header" : "bad_header";
	if (coder_decode(record->value, arena, &type, &body, why) < 0)
		return "bad_bytes";
	code = check_type(admission, &envelope, type, body, item, ret_reason);
	if (!code && item->kind == ITEM_COMMAND)
		code = check_key(broker, record, type, body, item, ret_reason, why);
	if (code)
		return code;
	code = check_token(admission, &envelope, record->at_ms, &claims, ret_reason, why);
	if (code)
		return code;
	if (!may_issue(item, &claims)) {
		*ret_reason = "none of the token's roles may issue this command";
		return "not_authorised";
	}
	item->command.id = envelope.id;
	item->command.correlation_id = uuid_is_none(&envelope.correlation_id) ? envelope.id : envelope.correlation_id;
	item->command.actor = str_copy(arena, str_of(claims.subject));
	item->command.roles = claims.roles;
	item->command.scope = scope_keep(arena, &claims.scope);
	item->command.token_version = claims.version;
	item->command.now_ms = item->command.received_ms = record->at_ms;
	item->expires_ms = envelope.expires_ms;
	item->traceparent = envelope.traceparent;
	return NULL;
}

/*
 * Finds the command's id and customer, if they are readable: the id to answer the sender, the customer to erase a person's data.
 */
static void identify(const struct admission *admission, const struct header *headers, size_t headers_count,
		     const struct bus_record *record, struct arena *arena, struct item *item)
{
	const struct message_type *type;
	const void *body;
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < headers_count; i++)
		if (strcmp(headers[i].name, "ce_id") == 0 && !uuid_parse(&item->dead_command_id, headers[i].value))
			item->dead_command_id = (struct uuid){ 0 };
	if (record->value.data && record->value.size <= admission->value_size_max &&
	    coder_decode(record->value, arena, &type, &body, &ignored) == 0 && type->key_field)
		item->dead_about = *message_uuid(type->key_field, body);
}

size_t admit_room(const struct admission *admission, size_t value_size)
{
	/* A value that is too large is not decoded; kept headers have the same limit. */
	return (value_size > admission->value_size_max ? 0 : DECODED_SIZE_MAX(value_size)) + admission->value_size_max +
	       DEAD_SIZE_MAX;
}

/* The size of the packed headers. False: more than a command may have, or than can be kept. */
static bool are_headers_bounded(const struct header *headers, size_t count, size_t size_max, size_t *ret_size)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		size_t name_size = strlen(headers[i].name);

		if (name_size > UINT16_MAX || headers[i].value.size > size_max)
			return false;
		size += 6 + name_size + headers[i].value.size;
	}
	*ret_size = size;
	return size <= size_max;
}

/* Packs the headers for a dead letter; are_headers_bounded was true. */
static int keep_headers(const struct admission *admission, struct header *headers, size_t count, struct arena *arena,
			struct item *item, struct err *err)
{
	struct buf packed;

	buf_init(&packed, admission->value_size_max);
	headers_cut_tokens(headers, count);
	headers_pack(&packed, headers, count);
	MUST(!packed.overflow);
	item->dead_headers = str_copy(arena, buf_str(&packed));
	buf_release(&packed);
	return item->dead_headers.data ? 0 : err_set(err, ERR_POISON, "arena full");
}

int admit(const struct admission *admission, const struct broker *broker, const struct bus_record *record, struct arena *arena,
	  struct item *ret_item, struct err *err)
{
	struct header headers[HEADERS_MAX];
	size_t headers_count = 0;
	size_t headers_size = 0;
	struct err why = ERR_INIT;
	struct item item = { .kind = ITEM_COMMAND, .part = record->part, .offset = record->offset, .record = *record };
	const char *reason = why.text;
	const char *code;
	size_t mark = arena_mark(arena);

	/* A full arena must not look like a faulty record: a valid payment would become a dead letter. So room for the worst case
	 * is checked first. */
	if (arena->size - arena->used < admit_room(admission, record->value.size))
		return err_set(err, ERR_POISON, "arena full");
	item.value = record->value;
	item.since_ms = record->at_ms;
	digest_of(item.digest, record->value);
	code = broker->headers(broker->self, record, headers, &headers_count, &why) < 0 ? "bad_header" : NULL;
	if (!are_headers_bounded(headers, headers_count, admission->value_size_max, &headers_size)) {
		code = "bad_header";
		reason = "its headers are larger than those of a command may be, and were not kept";
		headers_count = 0;
	} else if (!code) {
		code = judge(admission, broker, headers, headers_count, record, arena, &item, &reason, &why);
	}
	item.size = record->key.size + record->value.size + headers_size;
	/* The failure is not the record's (a lack of memory, for example) and must not make a dead letter. */
	if (code && (why.kind == ERR_RETRY || why.kind == ERR_FATAL)) {
		*err = why;
		return -1;
	}
	if (code) {
		arena_rewind(arena, mark);
		identify(admission, headers, headers_count, record, arena, &item);
		arena_rewind(arena, mark);
		item.kind = ITEM_DEAD;
		if (die(&item, code, reason, arena, err) < 0 ||
		    keep_headers(admission, headers, headers_count, arena, &item, err) < 0)
			return -1;
	} else if (!item.command.actor.data || !item.command.scope) {
		return err_set(err, ERR_POISON, "arena full");
	}
	*ret_item = item;
	return 0;
}

/* The type of a command of which only the frame is left; NULL: its bytes are there, or are of a newer program's command. */
static const struct message_type *forgotten_type(struct str value)
{
	const struct message_version *version;
	struct err err = ERR_INIT;
	uint32_t schema_id;

	if (value.size != FRAME_SIZE || frame_schema_id(value, &schema_id, &err) != 0)
		return NULL;
	version = message_version_by_id(schema_id);
	return version == NULL ? NULL : version->type;
}

int admit_parked(const struct admission *admission, const struct parked *parked, bool is_broken, int64_t now_ms,
		 struct arena *arena, struct item *ret_item, struct err *err)
{
	struct item item = { .kind = ITEM_COMMAND, .part = parked->part, .offset = parked->offset, .was_parked = true };
	const struct message_type *type;
	const void *body;

	item.value = parked->value;
	item.since_ms = parked->since_ms;
	item.parked_kind = parked->kind;
	item.parked_reason = parked->reason;
	item.holds = parked->holds;
	item.is_released = parked->released;
	item.command.type = forgotten_type(parked->value);
	item.is_forgotten = item.command.type != NULL;
	item.is_broken = is_broken || item.is_forgotten || (parked->kind == PARKED_BUG && !parked->released);
	item.is_unread = item.is_broken;
	item.expires_ms = parked->expires_ms;
	item.traceparent = parked->traceparent;
	memcpy(item.digest, parked->digest, DIGEST_SIZE);
	item.command.id = parked->command_id;
	item.command.key = parked->key;
	item.command.correlation_id = parked->correlation_id;
	item.command.actor = parked->actor;
	item.command.roles = parked->roles;
	item.command.scope = parked->scope;
	item.command.token_version = parked->token_version;
	item.command.now_ms = now_ms;
	item.command.received_ms = parked->since_ms;
	*ret_item = item;
	if (item.is_unread)
		return 0;
	if (arena->size - arena->used < admit_room(admission, parked->value.size))
		return err_set(err, ERR_POISON, "arena full");
	if (coder_decode(parked->value, arena, &type, &body, err) == 0) {
		take_body(ret_item, type, body);
		ret_item->rule = rule_of(admission->module, type);
	} else if (err->kind != ERR_POISON) {
		return -1;
	}
	/* The command was parked by a newer program: it stays parked and holds its key until a newer program reads it. */
	if (!ret_item->rule) {
		log_warn("part=%d offset=%lld a parked command cannot be read by this program", parked->part,
			 (long long)parked->offset);
		ret_item->is_broken = true;
		*err = (struct err)ERR_INIT;
	}
	return 0;
}

int admit_ended(const struct admission *admission, const struct broker *broker, struct arena *arena, struct item *item,
		struct err *err)
{
	struct header headers[HEADERS_MAX];
	size_t count = 0;

	if (broker->headers(broker->self, &item->record, headers, &count, err) < 0)
		return -1;
	item->dead_command_id = item->command.id;
	item->dead_about = item->command.key;
	if (die(item, "ended_token", "the token was ended before it expired", arena, err) < 0)
		return -1;
	return keep_headers(admission, headers, count, arena, item, err);
}
