#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tests/sim/world.h"
#include "wire/envelope.h"

struct str sim_copy(struct str text)
{
	char *data;

	if (!text.data)
		return text;
	data = malloc(text.size + 1);
	MUST(data);
	memcpy(data, text.data, text.size);
	data[text.size] = '\0';
	return (struct str){ .data = data, .size = text.size };
}

static struct sim_record *record_new(struct str key, struct str value, const struct header *headers, size_t headers_count)
{
	struct sim_record *record = calloc(1, sizeof(*record));

	MUST(record);
	record->key = sim_copy(key);
	record->value = sim_copy(value);
	for (size_t i = 0; i < headers_count; i++)
		record->headers[i] =
			(struct header){ .name = sim_copy(str_of(headers[i].name)).data, .value = sim_copy(headers[i].value) };
	record->headers_count = headers_count;
	return record;
}

static void append(struct sim_world *world, struct sim_log *log, struct sim_record *record)
{
	if (log->count == log->capacity) {
		log->capacity = log->capacity ? 2 * log->capacity : 64;
		log->records = realloc(log->records, log->capacity * sizeof(struct sim_record *));
		MUST(log->records);
	}
	record->offset = (int64_t)log->count;
	record->at_ms = world->now_ms++;
	log->records[log->count++] = record;
}

void world_append_marker(struct sim_world *world, struct sim_log *log)
{
	struct sim_record *record = record_new(STR(""), STR(""), NULL, 0);

	record->is_marker = true;
	append(world, log, record);
}

int64_t world_end_of(const struct sim_log *log)
{
	size_t end = log->count;

	while (end > 0 && log->records[end - 1]->is_marker)
		end--;
	return (int64_t)end;
}

/* The first record from this offset on that is given to anybody; the log's count when there is none. */
static int64_t next_given(const struct sim_log *log, int64_t offset)
{
	while ((size_t)offset < log->count && log->records[offset]->is_marker)
		offset++;
	return offset;
}

void world_append(struct sim_world *world, struct sim_log *log, struct str key, struct str value, const struct header *headers,
		  size_t headers_count)
{
	append(world, log, record_new(key, value, headers, headers_count));
}

static size_t follows_of(const struct sim_session *session)
{
	return session->is_reader ? 0 : session->world->modules[session->module]->follows_count;
}

size_t sim_module_named(const struct sim_world *world, const char *name)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		if (strcmp(world->modules[module]->name, name) == 0)
			return module;
	MUST_NOT_REACH("no such module");
}

static struct sim_log *topic_of(struct sim_session *session, int32_t source, int32_t part)
{
	struct sim_world *world = session->world;

	if (source > 0)
		return &world->events[sim_module_named(world, world->modules[session->module]->follows[source - 1].module)][part];
	return session->is_reader ? &world->events[session->module][part] : &world->commands[session->module][part];
}

int session_fault(struct sim_session *session, struct err *err)
{
	struct sim_world *world = session->world;

	if (session->is_dead)
		return err_set(err, ERR_FATAL, "dead");
	if (world->is_calm)
		return 0;
	if (dice_hits(&world->dice, world->death_rate)) {
		session->is_dead = true;
		return err_set(err, ERR_FATAL, "dead");
	}
	if (dice_hits(&world->dice, world->retry_rate)) {
		world->retries++;
		return err_set(err, ERR_RETRY, "away");
	}
	return 0;
}

/* ---- reading ---- */

static bool has_more(struct sim_session *session, int32_t source, int32_t part)
{
	const struct sim_log *log = topic_of(session, source, part);
	int64_t offset = session->position[source][part];

	return offset >= 0 && (size_t)next_given(log, offset) < log->count;
}

/* One that has something, mostly; by chance. */
static int32_t draw_source(struct sim_session *session, int32_t part)
{
	struct dice *dice = &session->world->dice;
	int32_t source = dice_hits(dice, session->world->follow_rate) ? 1 + (int32_t)dice_below(dice, follows_of(session)) : 0;

	for (size_t i = 0; i <= follows_of(session) && !has_more(session, source, part); i++)
		source = (source + 1) % (1 + (int32_t)follows_of(session));
	return source;
}

/* Which topic comes next for this partition. In a replay the log says it: what has no row changes nothing, and comes when it must. */
static int32_t choose_source(struct sim_session *session, int32_t part)
{
	struct sim_world *world = session->world;
	const struct sim_order *order = world->order;

	if (follows_of(session) == 0)
		return 0;
	if (!order)
		return draw_source(session, part);
	for (size_t i = 0; i < order->count[part]; i++) {
		const struct sim_step *step = &order->steps[part][i];

		int64_t position = session->position[step->source][part];

		if (position < 0) /* not read now */
			position = world->databases[session->module].heads[part].followed[step->source - 1].next_offset;
		if (position <= step->offset)
			return session->position[0][part] < step->before_offset ? 0 : step->source;
	}
	return draw_source(session, part);
}

/* Finds a record to give. *ret_found false: none; a position that the topic does not have is displaced. */
static bool find_record(struct sim_session *session, int32_t *ret_source, int32_t *ret_part, int64_t *ret_offset,
			bool *ret_displaced)
{
	*ret_displaced = false;
	for (size_t tries = 0; tries < SIM_PARTS; tries++) {
		int32_t part = session->parts[dice_below(&session->world->dice, session->parts_count)];
		int32_t source = choose_source(session, part);
		const struct sim_log *log = topic_of(session, source, part);
		int64_t offset = session->position[source][part];

		*ret_part = part;
		*ret_source = source;
		*ret_displaced = offset >= 0 && (offset < log->low || offset > (int64_t)log->count);
		if (*ret_displaced)
			return false;
		if (offset >= 0)
			offset = next_given(log, offset);
		*ret_offset = offset;
		if (offset >= 0 && (size_t)offset < log->count)
			return true;
	}
	return false;
}

static int give_record(struct sim_session *session, enum bus_poll *ret_kind, struct bus_record *ret_record)
{
	struct sim_world *world = session->world;
	const struct sim_record *record;
	const struct sim_log *log;
	bool is_displaced;
	int64_t offset;
	int32_t source;
	int32_t part;

	if (!find_record(session, &source, &part, &offset, &is_displaced)) {
		if (!is_displaced)
			return 0;
		session->position[source][part] = -1;
		*ret_kind = BUS_DISPLACED;
		*ret_record = (struct bus_record){ .source = source, .part = part };
		return 0;
	}
	log = topic_of(session, source, part);
	if (offset > 0 && !world->is_calm && dice_hits(&world->dice, 20)) { /* a repetition */
		offset = next_given(log, (int64_t)dice_below(&world->dice, (uint64_t)offset));
	} else if (!world->is_calm && dice_hits(&world->dice, 2)) { /* a broker that was confused for a moment */
		session->position[source][part] = -1;
		*ret_kind = BUS_DISPLACED;
		*ret_record = (struct bus_record){ .source = source, .part = part };
		return 0;
	} else {
		/* Sometimes the client goes over a record. */
		if (!world->is_calm && dice_hits(&world->dice, 2) && (size_t)next_given(log, offset + 1) < log->count)
			offset = next_given(log, offset + 1);
		session->position[source][part] = offset + 1;
	}
	record = log->records[offset];
	*ret_kind = BUS_RECORD;
	*ret_record = (struct bus_record){
		.source = source,
		.part = part,
		.offset = offset,
		.at_ms = record->at_ms,
		.key = record->key,
		.value = record->value,
		.message = (void *)(uintptr_t)record,
	};
	return 0;
}

static int give_next(struct sim_session *session, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err)
{
	struct sim_world *world = session->world;

	if (session_fault(session, err) < 0)
		return -1;
	*ret_kind = BUS_NOTHING;
	if (session->group == 1) {
		*ret_kind = BUS_REVOKED;
		session->group = 2;
		session->parts_count = 0;
		return 0;
	}
	if (session->group == 2) {
		*ret_kind = BUS_ASSIGNED;
		session->group = 0;
		for (int32_t i = 0; i < SIM_PARTS; i++)
			if (session->wants[i])
				session->parts[session->parts_count++] = i;
		return 0;
	}
	if (session->parts_count == 0 || (!world->is_calm && dice_hits(&world->dice, world->quiet_rate)))
		return 0;
	return give_record(session, ret_kind, ret_record);
}

static int edge_poll(void *self, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err)
{
	struct sim_session *session = self;

	if (give_next(session, ret_kind, ret_record, err) < 0)
		return -1;
	if (*ret_kind == BUS_NOTHING)
		session->world->now_ms += timeout_ms;
	return 0;
}

static const int32_t *edge_parts(void *self, size_t *ret_count)
{
	struct sim_session *session = self;

	*ret_count = session->parts_count;
	return session->parts;
}

static int edge_topic_parts(void *self, int32_t source, int32_t *ret_parts, struct err *err)
{
	struct sim_session *session = self;

	(void)source;
	if (session_fault(session, err) < 0)
		return -1;
	*ret_parts = session->world->script.topic_parts > 0 ? session->world->script.topic_parts : SIM_PARTS;
	return 0;
}

static void edge_spread(void *self, int32_t parts)
{
	struct sim_session *session = self;

	session->spread = parts;
}

/* A world's own way, by bytes that stories can choose. */
static int32_t edge_part_of(void *self, struct str key)
{
	const struct sim_session *session = self;
	struct uuid id;

	MUST(session->spread > 0);
	MUST(uuid_parse(&id, key));
	return world_part_of(&id);
}

static int edge_start(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	memcpy(session->position, session->placed, sizeof(session->position));
	memset(session->placed, -1, sizeof(session->placed));
	for (size_t i = 0; i < SIM_PARTS; i++)
		session->position[0][i] = -1;
	for (size_t i = 0; i < count; i++)
		session->position[0][parts[i]] = offsets[i];
	return 0;
}

static void edge_place(void *self, int32_t source, const int32_t *parts, const int64_t *offsets, size_t count)
{
	struct sim_session *session = self;

	for (size_t i = 0; i < count; i++)
		session->placed[source][parts[i]] = offsets[i];
}

static int edge_stop(void *self, struct err *err)
{
	return edge_start(self, NULL, NULL, 0, err);
}

static void edge_report(void *self, const int32_t *parts, const int64_t *next_offsets, size_t count)
{
	(void)self;
	(void)parts;
	(void)next_offsets;
	(void)count;
}

static int edge_headers(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
			struct err *err)
{
	const struct sim_record *sim_record = record->message;

	(void)self;
	(void)err;
	memcpy(ret_headers, sim_record->headers, sim_record->headers_count * sizeof(*ret_headers));
	*ret_count = sim_record->headers_count;
	return 0;
}

static void edge_release(void *self, struct bus_record *record)
{
	(void)self;
	record->message = NULL;
}

static int edge_bounds(void *self, int32_t source, int32_t part, int64_t *ret_low, int64_t *ret_high, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	if (!session->is_reader && session->world->script.is_leaderless[part])
		return err_set(err, ERR_RETRY, "leader not available");
	*ret_low = topic_of(session, source, part)->low;
	*ret_high = (int64_t)topic_of(session, source, part)->count;
	return 0;
}

static int edge_read_at(void *self, int32_t source, int32_t part, int64_t offset, bool *ret_found, struct bus_record *ret_record,
			struct err *err)
{
	struct sim_session *session = self;
	const struct sim_log *log = topic_of(session, source, part);

	if (session_fault(session, err) < 0)
		return -1;
	if (offset < log->low)
		return err_set(err, ERR_POISON, "offset out of range");
	offset = next_given(log, offset);
	*ret_found = (size_t)offset < log->count;
	if (*ret_found)
		*ret_record = (struct bus_record){ .part = part, .offset = offset, .value = log->records[offset]->value };
	return 0;
}

/* ---- publishing ---- */

static void deliver(struct sim_world *world, struct sim_log *log, struct sim_outgoing *outgoing, size_t count)
{
	for (size_t i = 0; i < count; i++)
		append(world, log, outgoing->records[i]);
	memmove(outgoing->records, outgoing->records + count, (outgoing->count - count) * sizeof(outgoing->records[0]));
	outgoing->count -= count;
}

static void record_free(struct sim_record *record)
{
	for (size_t i = 0; i < record->headers_count; i++) {
		free((void *)(uintptr_t)record->headers[i].name);
		free((void *)(uintptr_t)record->headers[i].value.data);
	}
	free((void *)(uintptr_t)record->key.data);
	free((void *)(uintptr_t)record->value.data);
	free(record);
}

static void lose_outgoing(struct sim_outgoing *outgoing)
{
	for (size_t i = 0; i < outgoing->count; i++)
		record_free(outgoing->records[i]);
	outgoing->count = 0;
}

/* What a program gave to its producer may arrive after it is gone: as a ghost, a prefix at a time. */
static void leave_ghost(struct sim_outgoing *outgoing, struct sim_outgoing ghosts[8])
{
	for (size_t i = 0; i < 8 && outgoing->count > 0; i++) {
		struct sim_outgoing *ghost = &ghosts[i];

		if (ghost->count > 0)
			continue;
		*ghost = *outgoing;
		outgoing->count = 0;
	}
	lose_outgoing(outgoing);
}

static int edge_resume(void *self, int32_t part, int64_t *ret_last_seq, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_log *log = &session->world->events[session->module][part];
	struct envelope envelope;

	if (session_fault(session, err) < 0)
		return -1;
	*ret_last_seq = 0;
	if (log->count > 0) {
		const struct sim_record *last = log->records[log->count - 1];

		if (envelope_read(last->headers, last->headers_count, &envelope, err) < 0)
			return -1;
		*ret_last_seq = envelope.sequence;
	}
	session->has_failed[part] = false;
	return 0;
}

static int edge_publish(void *self, const struct log_row *row, struct err *err)
{
	struct sim_session *session = self;
	struct sim_outgoing *outgoing = &session->outgoing[row->part];
	struct header headers[HEADERS_MAX];
	size_t count;
	char key[UUID_TEXT_SIZE + 1];
	struct arena arena;
	struct event_head head = {
		.module = session->world->modules[session->module]->name,
		.schema_id = row->schema_id,
		.id = row->event_id,
		.command_id = row->command_id,
		.correlation_id = row->correlation_id,
		.at_ms = row->at_ms,
		.seq = row->seq,
		.hash = { .data = (const char *)row->hash, .size = SHA256_SIZE },
		.traceparent = row->traceparent,
	};

	if (session_fault(session, err) < 0)
		return -1;
	if (session->has_failed[row->part])
		return err_set(err, ERR_RETRY, "an earlier event was not delivered");
	if (outgoing->count == COUNT(outgoing->records))
		return err_set(err, ERR_RETRY, "queue full");
	if (arena_init(&arena, 8192, err) < 0)
		return -1;
	if (envelope_write_event(&head, &arena, headers, &count, err) < 0) {
		arena_release(&arena);
		return -1;
	}
	uuid_format(key, &row->key);
	outgoing->records[outgoing->count++] =
		record_new((struct str){ .data = key, .size = UUID_TEXT_SIZE }, row->body, headers, count);
	arena_release(&arena);
	return 0;
}

static int edge_publish_dead(void *self, const struct dead_letter *letter, struct err *err)
{
	struct sim_session *session = self;
	struct header headers[HEADERS_MAX];
	struct arena arena;
	size_t count;

	if (session_fault(session, err) < 0)
		return -1;
	MUST(arena_init(&arena, letter->headers.size + 4096, err) == 0);
	MUST(headers_unpack(letter->headers, &arena, headers, &count, err) == 0);
	world_append(session->world, &session->world->dead_letters, letter->key, letter->value, headers, count);
	arena_release(&arena);
	if (session->dead_acked < COUNT(session->dead_parts)) {
		session->dead_parts[session->dead_acked] = letter->part;
		session->dead_offsets[session->dead_acked++] = letter->offset;
	}
	return 0;
}

static bool edge_has_failed(void *self, int32_t part)
{
	struct sim_session *session = self;

	return session->has_failed[part];
}

static size_t edge_dead_acked(void *self, int32_t *ret_parts, int64_t *ret_offsets, size_t max)
{
	struct sim_session *session = self;
	size_t count = session->dead_acked < max ? session->dead_acked : max;

	memcpy(ret_parts, session->dead_parts, count * sizeof(*ret_parts));
	memcpy(ret_offsets, session->dead_offsets, count * sizeof(*ret_offsets));
	session->dead_acked = 0;
	return count;
}

/* The broken producer of librdkafka: everything it held is lost, or comes late. */
static void break_producer(struct sim_session *session)
{
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		leave_ghost(&session->outgoing[part], session->world->ghosts[session->module][part]);
		session->has_failed[part] = true;
	}
}

/* ---- commands to other modules ---- */

static int64_t edge_oldest_send(void *self, int32_t part)
{
	const struct sim_session *session = self;
	int64_t oldest = 0;

	if (session->has_send_failed[part])
		return session->failed_send[part];
	for (size_t module = 0; module < SIM_MODULES; module++) {
		const struct sim_outgoing *sends = &session->sends[module][part];

		if (sends->count > 0 && (oldest == 0 || sends->records[0]->log_seq < oldest))
			oldest = sends->records[0]->log_seq;
	}
	return oldest;
}

static bool edge_has_send_failed(void *self, int32_t part)
{
	const struct sim_session *session = self;

	return session->has_send_failed[part];
}

/* As break_producer. */
static void break_sends(struct sim_session *session)
{
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		int64_t oldest = edge_oldest_send(session, part);

		session->failed_send[part] = oldest;
		session->has_send_failed[part] = oldest > 0;
		for (size_t module = 0; module < SIM_MODULES; module++)
			leave_ghost(&session->sends[module][part], session->world->send_ghosts[module][part]);
	}
}

static int edge_resume_sends(void *self, int32_t part, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t module = 0; module < SIM_MODULES; module++) /* of an earlier claim: they arrive, or not */
		leave_ghost(&session->sends[module][part], session->world->send_ghosts[module][part]);
	session->has_send_failed[part] = false;
	return 0;
}

/* Its own, as programs of the module say it. */
static struct str source_of(const struct sim_session *session, char *text, size_t size)
{
	snprintf(text, size, "/dcs/%s", session->world->modules[session->module]->name);
	return str_of(text);
}

static int edge_send(void *self, const struct sent_command *command, struct err *err)
{
	struct sim_session *session = self;
	char source[64];
	const struct command_head head = {
		.id = command->id,
		.correlation_id = command->correlation_id,
		.causation_id = command->causation_id,
		.source = source_of(session, source, sizeof(source)),
		.actor = command->actor,
		.token = str_of(session->world->modules[session->module]->name),
	};
	struct sim_outgoing *sends;
	struct header headers[HEADERS_MAX];
	char module[64];
	char key[UUID_TEXT_SIZE + 1];
	struct arena arena;
	size_t count;

	if (session_fault(session, err) < 0)
		return -1;
	if (session->has_send_failed[command->part])
		return err_set(err, ERR_RETRY, "an earlier command was not delivered");
	MUST(str_to_chars(module, sizeof(module), command->module));
	sends = &session->sends[sim_module_named(session->world, module)][command->part];
	if (sends->count == COUNT(sends->records))
		return err_set(err, ERR_RETRY, "queue full");
	MUST(arena_init(&arena, 8192, err) == 0);
	MUST(envelope_write_command(command->type, &head, &arena, headers, &count, err) == 0);
	uuid_format(key, &command->key);
	sends->records[sends->count] = record_new(str_of(key), command->value, headers, count);
	sends->records[sends->count++]->log_seq = command->seq;
	arena_release(&arena);
	return 0;
}

static size_t deliver_sends(struct sim_session *session)
{
	struct sim_world *world = session->world;
	size_t pending = 0;

	if (world->modules[session->module]->sends_as == 0)
		return 0;
	if (!world->is_calm && dice_hits(&world->dice, world->retry_rate))
		break_sends(session);
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (int32_t part = 0; part < SIM_PARTS; part++) {
			struct sim_outgoing *sends = &session->sends[module][part];

			if (sends->count > 0)
				deliver(world, &world->commands[module][part], sends,
					world->is_calm ? sends->count : dice_below(&world->dice, sends->count + 1));
			pending += sends->count;
		}
	return pending;
}

static size_t edge_deliveries(void *self, int timeout_ms)
{
	struct sim_session *session = self;
	struct sim_world *world = session->world;
	size_t pending = 0;

	world->now_ms += timeout_ms;
	if (!world->is_calm && dice_hits(&world->dice, world->retry_rate))
		break_producer(session);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		struct sim_outgoing *outgoing = &session->outgoing[part];

		if (outgoing->count > 0)
			deliver(world, &world->events[session->module][part], outgoing,
				world->is_calm ? outgoing->count : dice_below(&world->dice, outgoing->count + 1));
		pending += outgoing->count;
	}
	return pending + deliver_sends(session);
}

struct broker session_broker(struct sim_session *session)
{
	return (struct broker){
		.self = session,
		.poll = edge_poll,
		.parts = edge_parts,
		.topic_parts = edge_topic_parts,
		.spread = edge_spread,
		.part_of = edge_part_of,
		.place = edge_place,
		.start = edge_start,
		.stop = edge_stop,
		.report = edge_report,
		.headers = edge_headers,
		.release = edge_release,
		.bounds = edge_bounds,
		.read_at = edge_read_at,
		.resume = edge_resume,
		.publish = edge_publish,
		.publish_dead = edge_publish_dead,
		.has_failed = edge_has_failed,
		.dead_acked = edge_dead_acked,
		.send = edge_send,
		.has_send_failed = edge_has_send_failed,
		.oldest_send = edge_oldest_send,
		.resume_sends = edge_resume_sends,
		.deliveries = edge_deliveries,
	};
}

/* ---- life ---- */

struct sim_session *session_new(struct sim_world *world, size_t module, bool is_reader)
{
	struct sim_session *session = calloc(1, sizeof(*session));

	MUST(session);
	session->world = world;
	session->module = module;
	session->is_reader = is_reader;
	session->group = 2;
	memset(session->position, -1, sizeof(session->position));
	memset(session->placed, -1, sizeof(session->placed));
	return session;
}

void session_free(struct sim_session *session)
{
	struct sim_world *world = session->world;

	stage_free(session);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		struct sim_outgoing *outgoing = &session->outgoing[part];

		if (outgoing->count > 0)
			deliver(world, &world->events[session->module][part], outgoing,
				dice_below(&world->dice, outgoing->count + 1));
		leave_ghost(outgoing, world->ghosts[session->module][part]);
	}
	if (world->modules[session->module]->sends_as != 0)
		break_sends(session);
	free(session);
}

void world_empty(struct sim_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		record_free(log->records[i]);
	free(log->records);
	*log = (struct sim_log){ .records = NULL };
}

void broker_release(struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (int32_t part = 0; part < SIM_PARTS; part++) {
			world_empty(&world->commands[module][part]);
			world_empty(&world->events[module][part]);
			for (size_t i = 0; i < 8; i++) {
				lose_outgoing(&world->ghosts[module][part][i]);
				lose_outgoing(&world->send_ghosts[module][part][i]);
			}
		}
	world_empty(&world->dead_letters);
}

/* A prefix of what a dead program left behind reaches the broker; the rest may follow, or is lost. */
void ghosts_arrive(struct sim_world *world)
{
	size_t module = world_some_module(world);
	int32_t part = (int32_t)dice_below(&world->dice, SIM_PARTS);
	struct sim_outgoing *ghost = &world->ghosts[module][part][dice_below(&world->dice, 8)];

	if (ghost->count > 0) {
		deliver(world, &world->events[module][part], ghost, dice_below(&world->dice, ghost->count + 1));
		if (dice_hits(&world->dice, 500))
			lose_outgoing(ghost);
	}
	ghost = &world->send_ghosts[module][part][ghost - world->ghosts[module][part]];
	if (ghost->count > 0) {
		deliver(world, &world->commands[module][part], ghost, dice_below(&world->dice, ghost->count + 1));
		if (dice_hits(&world->dice, 500))
			lose_outgoing(ghost);
	}
}
