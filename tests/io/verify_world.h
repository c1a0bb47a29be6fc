#ifndef TESTS_IO_VERIFY_WORLD_H
#define TESTS_IO_VERIFY_WORLD_H

#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "consumers/debts/debts.h"
#include "consumers/modules.h"
#include "consumers/reports/reports.h"
#include "consumers/users/users.h"
#include "producers/cli/cli.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"
#include "schemas/reports.h"
#include "schemas/users.h"
#include "tests/io/store_spec.h"
#include "wire/coder.h"
#include "worker/chain.h"
#include "worker/pg_edge.h"

/*
 * A database that all modules have filled by their own rules, stores and logs, for tests of `dcs verify`: each command is a batch
 * of its own, done as the engine does it, with its rows in the event log, chained, and the head moved. There is no broker:
 * offsets are counted here. What the commands of a test do to the database can be taken back (world_keep, world_restore).
 */
#define WORLD_PARTS 2

#define ROW(name, NAME) NAME,
enum world_module { COMMAND_MODULES(ROW) };
#undef ROW

struct world_module_state {
	const struct module *module;
	const struct store *store;
	char conninfo[STORE_CONNINFO_MAX];
	struct pg_edge *edge;
	struct database database;
	struct head heads[WORLD_PARTS];
};

/* How a command comes, where it is not as usual. */
struct how {
	int64_t waited_ms;               /* it was set aside so long ... */
	int64_t offset;                  /* ... and stood here; 0: next */
	int32_t today;                   /* 0: STORE_TODAY */
	uint32_t roles;                  /* 0: whatever is needed */
	const struct scope *scope;       /* NULL: all */
	struct uuid id;                  /* none: one of its own */
	struct uuid key;                 /* of a timer */
	const struct approval *approval; /* NULL: nobody's */
};

struct verify_world {
	struct store_spec spec; /* the database, and an administrator */
	struct arena arena;
	struct buf bodies;
	struct world_module_state modules[COMMAND_MODULES_COUNT];
	struct decision decision; /* of the last command */
	int64_t now_ms;
	unsigned ids;
};

#define ROW(name, NAME)                                                                                                          \
	extern const struct store name##_store;                                                                                  \
	int name##_store_prepare(void *self, struct err *err);
COMMAND_MODULES(ROW)
#undef ROW

static inline void world_open_module(struct verify_world *world, enum world_module which, const struct module *module,
				     const struct store *store)
{
	struct world_module_state *state = &world->modules[which];

	state->module = module;
	state->store = store;
	snprintf(state->conninfo, sizeof(state->conninfo), "%s dbname=test_store user=dcs_%s", getenv("DCS_TEST_PG"),
		 module->name);
	store_must(&world->spec,
		   pg_edge_open(state->conninfo, module->name, store, &state->edge, &state->database, &world->spec.err));
	for (int32_t part = 0; part < WORLD_PARTS; part++)
		state->heads[part].part = part;
	store_must(&world->spec,
		   state->database.claim(state->database.self, state->heads, WORLD_PARTS, "test", &world->spec.err));
}

static inline void world_open(struct verify_world *world)
{
	struct err *err = &world->spec.err;
	struct str bad;

	store_spec_init(&world->spec, &debts_module, &debts_store);
	assert_int_equal(setenv("DCS_PROFILES", "basic person", 1), 0); /* messages go, whatever the hour */
#define ROW(name, NAME) store_must(&world->spec, name##_store_prepare(name##_store.self, err));
	COMMAND_MODULES(ROW)
#undef ROW
	assert_true(asked_profiles_choose(STR("basic person"), &bad)); /* no hour of a test counts */
	store_must(&world->spec, arena_init(&world->arena, (size_t)16 << 20, err));
	buf_init(&world->bodies, (size_t)1 << 20);
	world->now_ms = STORE_TODAY * DAY_MS;
#define ROW(name, NAME) world_open_module(world, NAME, command_modules[NAME], &name##_store);
	COMMAND_MODULES(ROW)
#undef ROW
}

static inline void world_close(struct verify_world *world)
{
	for (int which = 0; which < COMMAND_MODULES_COUNT; which++)
		pg_edge_close(world->modules[which].edge);
	buf_release(&world->bodies);
	arena_release(&world->arena);
	store_spec_release(&world->spec);
}

static inline const struct rule *world_rule(const struct module *module, const struct message_type *type)
{
	for (size_t index = 0; index < module->rules_count; index++) {
		if (module->rules[index].type == type)
			return &module->rules[index];
	}
	for (size_t index = 0; index < module->timers_count; index++) {
		if (module->timers[index].rule.type == type)
			return &module->timers[index].rule;
	}
	fail_msg("no rule for %s", type->record.name);
	return NULL;
}

static inline void world_load(struct verify_world *world, struct world_module_state *state, const struct rule *rule,
			      const struct command *command, struct workset *set)
{
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		rule->touch(command, set);
		assert_false(set->overflow);
		if (set->missing_count == 0)
			return;
		store_must(&world->spec,
			   state->database.load(state->database.self, set->missing, set->missing_count, &world->spec.err));
		set->missing_count = 0;
	}
}

/* A refusal is an event too. */
static inline struct event world_rejection(struct verify_world *world, const struct command *command)
{
	struct command_rejected *body = arena_take(&world->arena, 1, sizeof(*body));

	assert_non_null(body);
	*body = (struct command_rejected){ .command_id = command->id,
					   .customer_id = command->key,
					   .command_type = str_of(command->type->record.name),
					   .code = str_of(refusal_code(world->decision.refusal)),
					   .field = str_of(world->decision.field),
					   .text = str_of(world->decision.text) };
	return (struct event){ .type = &command_rejected_type, .body = body, .command = command };
}

static inline struct log_row world_log(struct verify_world *world, struct head *head, const struct event *event, size_t ordinal,
				       int64_t offset, const uint8_t *digest)
{
	const struct command *command = event->command;
	struct log_row row = { .part = head->part,
			       .schema_id = event->type->schema_id,
			       .seq = ++head->log_seq,
			       .at_ms = command->now_ms,
			       .command_offset = offset,
			       .event_id = uuid_derive(&command->id, "event", ordinal),
			       .key = command->key,
			       .subject = *message_uuid(event->type->aggregate_field, event->body),
			       .command_id = command->id,
			       .correlation_id = command->correlation_id,
			       .command_digest = ordinal == 0 ? digest : NULL };
	struct chain_row chained;

	buf_reset(&world->bodies);
	store_must(&world->spec, coder_encode(event->type, event->body, &world->bodies, &world->spec.err));
	row.body = str_copy(&world->arena, buf_str(&world->bodies));
	chained = (struct chain_row){ .part = row.part,
				      .schema_id = row.schema_id,
				      .seq = row.seq,
				      .at_ms = row.at_ms,
				      .event_id = row.event_id,
				      .key = row.key,
				      .subject = row.subject,
				      .command_id = row.command_id,
				      .correlation_id = row.correlation_id,
				      .body = row.body };
	chain_hash(row.hash, head->log_hash, &chained);
	memcpy(head->log_hash, row.hash, SHA256_SIZE);
	return row;
}

/* What the decision does to timers, and to the one that the command is. Returns their number. */
static inline size_t world_timers(const struct verify_world *world, const struct command *command, int32_t part, int64_t offset,
				  struct timer_write writes[DECISION_TIMERS_MAX + 1])
{
	size_t count = 0;

	for (size_t index = 0; index < world->decision.timers_count + 1; index++) {
		const struct timer_change *change = index > 0 ? &world->decision.timers[index - 1] : NULL;
		const struct timer *timer = change != NULL ? &change->timer : command->body;
		struct timer_write *write = &writes[count];

		if (change == NULL && command->type != &timer_type)
			continue;
		*write = (struct timer_write){ .row = { .part = part,
							.kind = timer->kind->number,
							.key = command->key,
							.subject = timer->subject,
							.id = uuid_derive(&timer->subject, "timer", 1),
							.is_on_day = timer->is_on_day,
							.due_on = timer->due_on,
							.due_at_ms = timer->due_at_ms,
							.set_at = offset },
					       .at_offset = offset };
		write->fate = change == NULL ? TIMER_FIRED : change->is_cancelled ? TIMER_CANCELLED : TIMER_SET;
		count++;
	}
	return count;
}

static inline void world_write(struct verify_world *world, struct world_module_state *state, struct head *head,
			       const struct workset *set, const struct command *command, int64_t offset)
{
	static const uint8_t digest[DIGEST_SIZE] = { 1 };
	struct log_row log[DECISION_EVENTS_MAX];
	struct logged_event events[DECISION_EVENTS_MAX];
	struct event rejected;
	struct changes changes = { .set = set, .log = log, .events = events, .heads = head, .heads_count = 1 };
	const struct event *made = world->decision.events;
	struct timer_write timers[DECISION_TIMERS_MAX + 1];
	bool conflict = false;

	changes.log_count = world->decision.events_count;
	if (world->decision.kind == DECISION_REFUSED) {
		rejected = world_rejection(world, command);
		made = &rejected;
		changes.log_count = 1;
	}
	for (size_t index = 0; index < changes.log_count; index++) {
		log[index] = world_log(world, head, &made[index], index, offset, digest);
		events[index] = (struct logged_event){ .event = &made[index],
						       .event_id = log[index].event_id,
						       .part = log[index].part,
						       .seq = log[index].seq,
						       .at_ms = log[index].at_ms };
	}
	changes.events_count = world->decision.kind == DECISION_EVENTS ? changes.log_count : 0;
	changes.timers = timers;
	changes.timers_count = world_timers(world, command, head->part, offset, timers);
	if (offset >= head->next_offset)
		head->next_offset = offset + 1;
	store_must(&world->spec, state->database.write(state->database.self, &changes, &conflict, &world->spec.err));
	assert_false(conflict);
	store_must(&world->spec, state->database.commit_send(state->database.self, &world->spec.err));
	store_must(&world->spec, state->database.commit_finish(state->database.self, &world->spec.err));
}

/* Does one command; its decision stands in `world` until the next. The partition is told by the last byte of the key. */
static inline void world_do_as(struct verify_world *world, enum world_module which, const struct message_type *type,
			       const void *body, struct how how)
{
	struct world_module_state *state = &world->modules[which];
	const struct rule *rule = world_rule(state->module, type);
	struct command command = { .type = type,
				   .body = body,
				   .id = uuid_is_none(&how.id) ? spec_id('!', ++world->ids) : how.id,
				   .key = type == &timer_type ? how.key : *message_uuid(type->key_field, body),
				   .actor = STR("test"),
				   .scope = how.scope != NULL ? how.scope : &scope_all,
				   .roles = how.roles != 0 ? how.roles : type->roles,
				   .today = how.today != 0 ? how.today : STORE_TODAY,
				   .approval = how.approval };
	struct head *head = &state->heads[command.key.bytes[15] % WORLD_PARTS];
	const struct opening opening = { .heads = head, .heads_count = 1 };
	enum open_result opened = OPEN_FENCED;
	int32_t fenced = -1;
	struct workset set;

	command.correlation_id = command.id;
	command.now_ms = world->now_ms += 1000;
	command.received_ms = command.now_ms - how.waited_ms;
	arena_reset(&world->arena);
	assert_true(workset_init(&set, &world->arena, 200));
	store_must(&world->spec, state->database.open(state->database.self, &opening, &opened, &fenced, &world->spec.err));
	assert_int_equal(opened, OPEN_READY);
	world_load(world, state, rule, &command, &set);
	decision_init(&world->decision, &world->arena, &command);
	rule->decide(&command, &set, &world->decision);
	assert_false(world->decision.overflow);
	for (size_t index = 0; index < world->decision.events_count; index++)
		state->module->evolve(&set, &world->decision.events[index]);
	world_write(world, state, head, &set, &command, how.offset != 0 ? how.offset : head->next_offset);
}

/* As usual, and it must be accepted. */
static inline void world_do(struct verify_world *world, enum world_module which, const struct message_type *type,
			    const void *body)
{
	world_do_as(world, which, type, body, (struct how){ 0 });
	if (world->decision.kind != DECISION_EVENTS)
		fail_msg("%s: %s %s", type->record.name, world->decision.field, world->decision.text);
}

/* ---- what verify says ---- */

#define FINDINGS_MAX  40
#define FINDING_CHARS 400

struct findings {
	size_t count;
	char lines[FINDINGS_MAX][FINDING_CHARS]; /* "P7 debts.debt 0198...: due_on is not what the log says" */
	char total[FINDING_CHARS];
	int status;
	const char *cause; /* for who reads a failure */
};

/* Runs `dcs verify --only PROMISES` as a user does. */
static inline void world_verify_with(struct findings *findings, const char *const *more)
{
	char pg[STORE_CONNINFO_MAX], name[] = "verify", flag[] = "--pg", *arguments[16] = { name, flag, pg };
	int count = 3, kept = dup(STDOUT_FILENO);
	FILE *out = tmpfile();
	char line[FINDING_CHARS];

	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	while (*more != NULL)
		arguments[count++] = (char *)(uintptr_t)*more++;
	memset(findings, 0, sizeof(*findings));
	assert_non_null(out);
	fflush(stdout);
	assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0);
	findings->status = run_verify(count, arguments);
	fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
	rewind(out);
	while (fgets(line, sizeof(line), out) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != 'P')
			memcpy(findings->total, line, sizeof(line));
		else if (findings->count < FINDINGS_MAX)
			memcpy(findings->lines[findings->count++], line, sizeof(line));
	}
	fclose(out);
}

static inline void world_verify(struct findings *findings)
{
	static const char *const all[] = { "--only", "P1,P2,P4,P5,P7", NULL };

	world_verify_with(findings, all);
}

static inline void then_silent(const struct findings *findings)
{
	if (findings->count > 0)
		fail_msg("%zu findings, the first: %s", findings->count, findings->lines[0]);
	assert_int_equal(findings->status, 0);
}

static inline void then_found(const struct findings *findings, const char *promise, const char *words)
{
	assert_int_equal(findings->status, 1);
	for (size_t index = 0; index < findings->count; index++) {
		if (strncmp(findings->lines[index], promise, 2) == 0 && strstr(findings->lines[index], words) != NULL)
			return;
	}
	fail_msg("%s: not found: %s %s; %zu others, the first: %s", findings->cause != NULL ? findings->cause : "", promise,
		 words, findings->count, findings->lines[0]);
}

#endif
