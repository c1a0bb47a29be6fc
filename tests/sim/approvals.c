#include "tests/sim/approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "schemas/clock.h"
#include "schemas/communications.h"
#include "schemas/engine.h"
#include "schemas/users.h"
#include "tests/sim/workload.h"
#include "wire/envelope.h"

static char verdict[256];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

/* ---- what is kept, and who may approve ---- */

const struct approval_rule approval_rules[] = {
	{ &change_roles_type, ROLE_COMPLIANCE, 1 },
	{ &disable_user_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, 2 },
	{ &enable_user_type, ROLE_COMPLIANCE, 1 },
};
const size_t approval_rules_count = COUNT(approval_rules);

bool approval_is_needed(const struct message_type *type, const struct uuid *id)
{
	for (size_t i = 0; i < COUNT(approval_rules); i++)
		if (approval_rules[i].type == type)
			return id->bytes[11] % 2 == 0;
	return false;
}

bool approval_waits(const struct uuid *id, int64_t since_ms, int64_t now_ms)
{
	return id->bytes[12] % 8 == 0 && now_ms - since_ms < 6000;
}

struct str approval_token(uint64_t number)
{
	static const char *const tokens[SIM_USERS_OF_TOKENS] = { "user:0", "user:1", "user:2", "user:3", "user:4", "user:5" };

	return str_of(tokens[number]);
}

bool approval_user(struct str token, struct uuid *ret_id)
{
	for (uint64_t i = 0; i < SIM_USERS_OF_TOKENS; i++)
		if (str_equal(token, approval_token(i))) {
			*ret_id = workload_id(FAMILY_ACTOR, i);
			return true;
		}
	return false;
}

bool approval_rights(const struct uuid *id, uint32_t *ret_roles)
{
	for (uint64_t i = 0; i + 1 < SIM_USERS_OF_TOKENS; i++) {
		const struct uuid user = workload_id(FAMILY_ACTOR, i);

		if (!uuid_equal(id, &user))
			continue;
		*ret_roles = i < 4 ? ~(uint32_t)ROLE_CLOCK : (uint32_t)(ROLE_ADMIN | ROLE_SUPERVISOR);
		return true;
	}
	return false;
}

/* ---- the judge ---- */

struct wait {
	struct uuid id, key;
	const struct approval_rule *rule;
	const struct sim_record *record;
	struct str token; /* of the record */
	int64_t expires_ms, offset;
	enum approval_state state;
};

struct approvals {
	struct sim_world *world;
	size_t module;
	const struct sim_database *database;
	const struct sim_log *commands;
	const struct sim_rows *log;
	int32_t part;
	struct wait *waits;
	size_t count, capacity;
	size_t outcome_until; /* rows of the log before this index were judged as an outcome */
	struct arena arena;
};

static const void *decode(struct approvals *approvals, struct str value, const struct message_type **ret_type)
{
	struct err err = ERR_INIT;
	const void *body = NULL;

	return coder_decode(value, &approvals->arena, ret_type, &body, &err) < 0 ? NULL : body;
}

static struct str token_of(const struct sim_record *record)
{
	struct envelope envelope;
	struct err err = ERR_INIT;

	return envelope_read(record->headers, record->headers_count, &envelope, &err) < 0 ? STR("") : envelope.token;
}

static const struct sim_record *record_of(const struct approvals *approvals, const struct log_row *row)
{
	return approvals->commands->records[row->command_offset];
}

static struct wait *find_wait(const struct approvals *approvals, const struct uuid *id)
{
	for (size_t i = 0; i < approvals->count; i++)
		if (uuid_equal(&approvals->waits[i].id, id))
			return &approvals->waits[i];
	return NULL;
}

static bool is_fired(const struct approvals *approvals, const struct uuid *command_id)
{
	for (size_t i = 0; i < approvals->database->fired_count; i++)
		if (uuid_equal(&approvals->database->fired[i].row.id, command_id))
			return true;
	return false;
}

bool approval_is_outcome(const struct sim_rows *log, size_t i)
{
	const struct log_row *row = &log->rows[i].row;
	const struct log_row *first;
	struct approval_ended *body;
	const struct message_type *type;
	struct arena arena;
	struct err err = ERR_INIT;
	const void *decoded = NULL;
	bool is_outcome;

	while (i > 0 && uuid_equal(&log->rows[i - 1].row.command_id, &row->command_id))
		i--;
	if (i == 0 || log->rows[i - 1].row.schema_id != approval_ended_type.schema_id ||
	    log->rows[i - 1].row.command_offset != row->command_offset || log->rows[i].is_applied)
		return false;
	first = &log->rows[i - 1].row;
	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	MUST(coder_decode(first->body, &arena, &type, &decoded, &err) == 0);
	body = (struct approval_ended *)(uintptr_t)decoded;
	is_outcome = uuid_equal(&body->command_id, &row->command_id);
	arena_release(&arena);
	return is_outcome;
}

static bool is_needed(const struct approvals *approvals, const struct message_type *type, const struct uuid *id, struct str token)
{
	struct uuid user;

	if (approvals->module == SIM_USERS)
		return approval_is_needed(type, id);
	return type == &publish_template_type && approval_user(token, &user);
}

static const struct approval_rule *rule_of(const struct approvals *approvals, const struct message_type *type)
{
	const struct module *module = approvals->world->modules[approvals->module];

	for (size_t i = 0; i < module->approvals_count; i++)
		if (module->approvals[i].type == type)
			return &module->approvals[i];
	return NULL;
}

static const char *take_kept(struct approvals *approvals, const struct sim_row *row, const struct command_kept *body)
{
	const struct sim_record *record = record_of(approvals, &row->row);
	const struct message_type *type;
	struct wait wait = { .id = row->row.command_id,
			     .key = row->row.key,
			     .record = record,
			     .token = token_of(record),
			     .expires_ms = body->expires_at,
			     .offset = row->row.command_offset,
			     .state = APPROVAL_WAITING };

	MUST(decode(approvals, record->value, &type));
	wait.rule = rule_of(approvals, type);
	if (!wait.rule || !is_needed(approvals, type, &wait.id, wait.token) || !row->is_applied)
		FAIL("part %d seq %lld: a command was kept that needs nobody", approvals->part, (long long)row->row.seq);
	if (find_wait(approvals, &wait.id))
		FAIL("part %d seq %lld: a command was kept twice", approvals->part, (long long)row->row.seq);
	if (body->expires_at != row->row.at_ms + wait.rule->days * INT64_C(86400000))
		FAIL("part %d seq %lld: it expires at another time", approvals->part, (long long)row->row.seq);
	approvals->waits = sim_grow(approvals->waits, approvals->count, &approvals->capacity, sizeof(*approvals->waits));
	approvals->waits[approvals->count++] = wait;
	return NULL;
}

/* Whether the record's sender may say yes or no to it. */
static bool may_end(const struct wait *wait, const struct sim_record *record)
{
	struct uuid user;
	uint32_t roles;

	return approval_user(token_of(record), &user) && approval_rights(&user, &roles) && (roles & wait->rule->approvers) != 0 &&
	       !str_equal(token_of(record), wait->token);
}

/* The rows behind the end of a wait: of the kept command, numbered from 1, and what the verdict says. */
static const char *take_outcome(struct approvals *approvals, size_t at, const struct wait *wait)
{
	const struct sim_rows *log = approvals->log;
	const int64_t offset = log->rows[at].row.command_offset;
	size_t i = at + 1;

	for (; i < log->count && uuid_equal(&log->rows[i].row.command_id, &wait->id) &&
	       log->rows[i].row.command_offset == offset && !log->rows[i].is_applied;
	     i++) {
		const struct uuid id = uuid_derive(&wait->id, "event", i - at);

		if (!uuid_equal(&id, &log->rows[i].row.event_id))
			break;
	}
	approvals->outcome_until = i;
	if (i == at + 1)
		FAIL("part %d seq %zu: a wait ended without an outcome", approvals->part, at + 1);
	if ((wait->state != APPROVAL_APPROVED || i > at + 2) &&
	    (log->rows[at + 1].row.schema_id == command_rejected_type.schema_id) != (wait->state != APPROVAL_APPROVED))
		FAIL("part %d seq %zu: the outcome is not that of the verdict", approvals->part, at + 2);
	return NULL;
}

static const char *take_ended(struct approvals *approvals, size_t at, const struct approval_ended *body)
{
	const struct log_row *row = &approvals->log->rows[at].row;
	struct wait *wait = find_wait(approvals, &body->command_id);
	const struct sim_record *record = record_of(approvals, row);
	const struct message_type *type = NULL;

	if (!wait || wait->state != APPROVAL_WAITING)
		FAIL("part %d seq %lld: the end of a wait that is none", approvals->part, (long long)row->seq);
	wait->state = approval_state_by_name(body->verdict);
	if (is_fired(approvals, &row->command_id)) {
		if (wait->state != APPROVAL_EXPIRED || row->at_ms < wait->expires_ms)
			FAIL("part %d seq %lld: it expired early", approvals->part, (long long)row->seq);
		return take_outcome(approvals, at, wait);
	}
	MUST(decode(approvals, record->value, &type));
	if (wait->state != (type == &approve_command_type  ? APPROVAL_APPROVED
			    : type == &refuse_command_type ? APPROVAL_REFUSED
							   : APPROVAL_NONE))
		FAIL("part %d seq %lld: another verdict than the second person's", approvals->part, (long long)row->seq);
	if (!may_end(wait, record))
		FAIL("part %d seq %lld: somebody ended a wait who may not", approvals->part, (long long)row->seq);
	return take_outcome(approvals, at, wait);
}

/* An approval that was refused: for a reason that is true. */
static const char *take_refusal(struct approvals *approvals, const struct log_row *row, const struct command_rejected *body)
{
	const struct sim_record *record = record_of(approvals, row);
	const struct message_type *type = NULL;
	const struct approve_command *approval = decode(approvals, record->value, &type);
	const struct wait *wait;
	bool is_true = true;

	if (type != &approve_command_type && type != &refuse_command_type)
		return NULL; /* both have the same members */
	wait = find_wait(approvals, &approval->command_id);
	if (str_is(body->code, "not_found") && !is_of_forgotten(body))
		is_true = !wait || !uuid_equal(&wait->key, &row->key);
	else if (str_is(body->code, "needs_second_person"))
		is_true = wait && str_equal(wait->token, token_of(record));
	else if (str_is(body->code, "bad_transition"))
		is_true = wait && wait->state != APPROVAL_WAITING;
	else if (str_is(body->code, "not_authorised"))
		is_true = !wait || !may_end(wait, record);
	if (!is_true)
		FAIL("part %d seq %lld: an approval was refused as %.*s, which is not true", approvals->part, (long long)row->seq,
		     (int)body->code.size, body->code.data);
	return NULL;
}

static const char *take_row(struct approvals *approvals, size_t at)
{
	const struct sim_row *row = &approvals->log->rows[at];
	const struct message_type *type, *command_type = NULL;
	const void *body = decode(approvals, row->row.body, &type);

	if (type == &command_kept_type)
		return take_kept(approvals, row, body);
	if (type == &approval_ended_type)
		return take_ended(approvals, at, body);
	if (at < approvals->outcome_until)
		return NULL;
	if (type == &command_rejected_type) {
		if (find_wait(approvals, &row->row.command_id) &&
		    !str_is(((const struct command_rejected *)body)->code, "duplicate_different_body"))
			FAIL("part %d seq %lld: an outcome without an end", approvals->part, (long long)row->row.seq);
		return take_refusal(approvals, &row->row, body);
	}
	MUST(decode(approvals, record_of(approvals, &row->row)->value, &command_type));
	if (is_needed(approvals, command_type, &row->row.command_id, token_of(record_of(approvals, &row->row))))
		FAIL("part %d seq %lld: it took effect without a second person", approvals->part, (long long)row->row.seq);
	return NULL;
}

/* ---- in the end ---- */

/* The time of the last Tick of the partition, if it stands behind `offset`; 0: none. */
static int64_t last_tick(struct approvals *approvals, int64_t offset)
{
	int64_t at_ms = 0;

	for (size_t i = (size_t)offset + 1; i < approvals->commands->count; i++) {
		const struct sim_record *record = approvals->commands->records[i];
		const struct message_type *type = NULL;

		arena_reset(&approvals->arena);
		if (!record->is_marker && decode(approvals, record->value, &type) && type == &tick_type &&
		    str_is(token_of(record), "all"))
			at_ms = record->at_ms;
	}
	return at_ms;
}

static const char *check_rest(struct approvals *approvals)
{
	size_t rows = 0;

	for (size_t i = 0; i < approvals->database->kept_count; i++) {
		const struct kept_command *kept = &approvals->database->kept[i].kept;
		const struct wait *wait = find_wait(approvals, &kept->command_id);

		if (kept->part != approvals->part)
			continue;
		rows++;
		if (!wait || wait->state != kept->state)
			FAIL("part %d: the table says otherwise of a kept command", approvals->part);
		if (kept->value.data != NULL ? kept->state != APPROVAL_WAITING || !str_equal(kept->value, wait->record->value)
					     : kept->state == APPROVAL_WAITING)
			FAIL("part %d: the bytes of a kept command are not there, or still there", approvals->part);
		if (kept->state == APPROVAL_WAITING && last_tick(approvals, wait->offset) >= wait->expires_ms)
			FAIL("part %d: a kept command did not expire", approvals->part);
	}
	if (rows != approvals->count)
		FAIL("part %d: %zu commands were kept, the table has %zu", approvals->part, approvals->count, rows);
	return NULL;
}

const char *approvals_audit(struct sim_world *world, size_t module)
{
	struct approvals approvals = { .world = world, .module = module, .database = &world->databases[module] };
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	MUST(arena_init(&approvals.arena, 1 << 20, &err) == 0);
	for (approvals.part = 0; approvals.part < SIM_PARTS && !wrong; approvals.part++) {
		approvals.commands = &world->commands[module][approvals.part];
		approvals.log = &approvals.database->log[approvals.part];
		approvals.count = approvals.outcome_until = 0;
		for (size_t i = 0; i < approvals.log->count && !wrong; i++) {
			arena_reset(&approvals.arena);
			wrong = take_row(&approvals, i);
		}
		if (!wrong)
			wrong = check_rest(&approvals);
	}
	free(approvals.waits);
	arena_release(&approvals.arena);
	return wrong;
}
