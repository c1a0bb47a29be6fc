#include "observe.h"

#include <string.h>

#include "topic_names.h"
#include "wire/envelope.h"

#define ARENA_SIZE   (32 * 1024 * 1024)
#define BROKER_MS    10000
#define STATEMENT_MS 30000
#define RECORDS_MS   5000
#define REST_MAX     1000

static const char select_heads[] = "SELECT part, epoch, owner, next_offset, log_seq, state = 'halted', coalesce(reason, ''), "
				   "quarantine::bigint FROM {schema}.partition_head ORDER BY part";
static const char select_parked[] = "SELECT part, count(*) FILTER (WHERE kind = 'wait'), count(*) FILTER (WHERE kind = 'bug'), "
				    "count(*) FILTER (WHERE kind = 'behind') FROM {schema}.parked GROUP BY part";
static const char select_dead[] =
	"SELECT part, count(*) FILTER (WHERE replayed_at IS NULL), count(*) FILTER (WHERE NOT published) "
	"FROM {schema}.dead_letter GROUP BY part";
/*
 * Only a Tick that left timers leaves a mark in the head, so nothing is counted in ordinary times; then a part of an index. The
 * others have been tried, and are few.
 */
static const char select_timers[] =
	"SELECT h.part, l.at_count + l.on_count + t.tried,"
	" coalesce(extract(epoch FROM h.tick_at - least(l.at_first, l.on_first, t.first)), 0)::bigint, t.broken"
	" FROM {schema}.partition_head h"
	" CROSS JOIN LATERAL (SELECT"
	"  (SELECT count(*) FROM (SELECT FROM {schema}.timer WHERE part = h.part AND tried_at IS NULL AND due_at <= h.timers_at"
	"   AND h.timers_before IS NOT NULL LIMIT 100000) a) AS at_count,"
	"  (SELECT count(*) FROM (SELECT FROM {schema}.timer WHERE part = h.part AND tried_at IS NULL AND due_on <= "
	"h.business_date"
	"   AND h.timers_before IS NOT NULL LIMIT 100000) a) AS on_count,"
	"  (SELECT min(due_at) FROM {schema}.timer WHERE part = h.part AND tried_at IS NULL AND due_at <= h.timers_at"
	"   AND h.timers_before IS NOT NULL) AS at_first,"
	"  (SELECT min(due_on) FROM {schema}.timer WHERE part = h.part AND tried_at IS NULL AND due_on <= h.business_date"
	"   AND h.timers_before IS NOT NULL)::timestamp AT TIME ZONE 'UTC' AS on_first) l"
	" CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE NOT broken) AS tried, count(*) FILTER (WHERE broken) AS broken,"
	"  min(coalesce(due_at, due_on::timestamp AT TIME ZONE 'UTC')) FILTER (WHERE NOT broken) AS first"
	"  FROM {schema}.timer WHERE part = h.part AND tried_at IS NOT NULL) t";
static const char select_reader_heads[] =
	"SELECT module, part, epoch, owner, next_offset, last_seq, state = 'halted', coalesce(reason, '') "
	"FROM {schema}.reader_head ORDER BY module, part";

/* ---- opening ---- */

static int open_module(struct observer *observer, size_t index, struct err *err)
{
	const char *module = observer->modules.names[index];
	char commands[TOPIC_NAME_MAX], events[TOPIC_NAME_MAX];
	int32_t parts = 0, events_parts = 0;

	topic_name(commands, module, TOPIC_COMMANDS);
	topic_name(events, module, TOPIC_EVENTS);
	if (bus_producer_parts(observer->producer, commands, &parts, err) != 0 ||
	    bus_producer_parts(observer->producer, events, &events_parts, err) != 0 ||
	    bus_reader_open(&observer->bus, commands, &observer->topics[index].commands, err) != 0 ||
	    bus_reader_open(&observer->bus, events, &observer->topics[index].events, err) != 0)
		return err_add(err, module);
	if (parts > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "%s: more than %d partitions", commands, BUS_PARTS_MAX);
	observer->topics[index].parts = parts;
	observer->topics[index].events_parts = events_parts < parts ? events_parts : parts;
	observer->topics[index].events_high = arena_take(&observer->arena, (size_t)parts, sizeof(int64_t));
	observer->topics[index].published_seq = arena_take(&observer->arena, (size_t)parts, sizeof(int64_t));
	observer->topics[index].heads = schema_statement(&observer->arena, "cli_heads", select_heads, module);
	observer->topics[index].parked = schema_statement(&observer->arena, "cli_parked_counts", select_parked, module);
	observer->topics[index].timers = schema_statement(&observer->arena, "cli_timer_counts", select_timers, module);
	observer->topics[index].dead = schema_statement(&observer->arena, "cli_dead_counts", select_dead, module);
	if (observer->topics[index].events_high == NULL || observer->topics[index].published_seq == NULL ||
	    observer->topics[index].dead == NULL)
		return err_set(err, ERR_FATAL, "no memory for %d partitions", parts);
	return 0;
}

static int connect_database(struct observer *observer, struct err *err)
{
	db_close(observer->db);
	observer->db = NULL;
	return database_open(observer->pg, observer->pg_user, STATEMENT_MS, &observer->db, err);
}

static void leave_out(struct schemas *schemas, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < schemas->count; i++) {
		if (strcmp(schemas->names[i], name) != 0)
			memmove(schemas->names[kept++], schemas->names[i], sizeof(schemas->names[i]));
	}
	schemas->count = kept;
}

int observer_open(struct observer *observer, const char *bootstrap, const char *pg, const char *pg_user, const char *without,
		  struct err *err)
{
	memset(observer, 0, sizeof(*observer));
	observer->bus = (struct bus_conf){ .bootstrap = bootstrap, .client_id = "dcs-status" };
	observer->pg = pg;
	observer->pg_user = pg_user;
	if (arena_init(&observer->arena, ARENA_SIZE, err) != 0 || connect_database(observer, err) != 0 ||
	    command_schemas(observer->db, &observer->modules, err) != 0 ||
	    reader_schemas(observer->db, &observer->readers, err) != 0 ||
	    bus_producer_open(&observer->bus, &observer->producer, err) != 0)
		return -1;
	leave_out(&observer->readers, without);
	for (size_t i = 0; i < observer->modules.count; i++) {
		if (open_module(observer, i, err) != 0)
			return -1;
	}
	if (observe_reactions_open(observer, err) != 0)
		return -1;
	for (size_t i = 0; i < observer->readers.count; i++) {
		observer->reader_heads[i] =
			schema_statement(&observer->arena, "cli_reader_heads", select_reader_heads, observer->readers.names[i]);
		if (observer->reader_heads[i] == NULL)
			return err_set(err, ERR_FATAL, "no memory for the readers");
	}
	observer->mark = arena_mark(&observer->arena);
	return 0;
}

void observer_close(struct observer *observer)
{
	for (size_t i = 0; i < observer->modules.count; i++) {
		bus_reader_close(observer->topics[i].commands);
		bus_reader_close(observer->topics[i].events);
	}
	bus_producer_close(observer->producer);
	db_close(observer->db);
	arena_release(&observer->arena);
}

/* ---- the parts of modules ---- */

struct part_status *observation_part(const struct observation *observation, const char *module, int32_t part)
{
	for (size_t i = 0; i < observation->parts_count; i++) {
		if (observation->parts[i].module == module && observation->parts[i].part == part)
			return &observation->parts[i];
	}
	return NULL;
}

static int take_parts(struct observer *observer, struct observation *observation, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < observer->modules.count; i++)
		count += (size_t)observer->topics[i].parts;
	observation->parts = arena_take(&observer->arena, count, sizeof(*observation->parts));
	observation->readers = arena_take(&observer->arena, count * (observer->readers.count + 1), sizeof(*observation->readers));
	if (observation->parts == NULL || observation->readers == NULL)
		return err_set(err, ERR_FATAL, "no memory for %zu partitions", count);
	for (size_t i = 0; i < observer->modules.count; i++) {
		for (int32_t part = 0; part < observer->topics[i].parts; part++)
			observation->parts[observation->parts_count++] =
				(struct part_status){ .module = observer->modules.names[i], .part = part };
	}
	return 0;
}

static int read_command_bounds(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct part_status *parts = observation_part(observation, observer->modules.names[index], 0);
	int64_t lows[BUS_PARTS_MAX], highs[BUS_PARTS_MAX];

	if (bus_reader_all_bounds(observer->topics[index].commands, observer->topics[index].parts, lows, highs, BROKER_MS, err) !=
	    0)
		return -1;
	for (int32_t part = 0; part < observer->topics[index].parts; part++) {
		parts[part].low = lows[part];
		parts[part].high = highs[part];
		parts[part].next_offset = lows[part];
	}
	return 0;
}

static void copy_text(char *chars, size_t size, struct str text)
{
	text = str_prefix(text, size - 1);
	if (text.size > 0)
		memcpy(chars, text.data, text.size);
	chars[text.size] = '\0';
}

static int read_heads(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (db_run(observer->db, observer->topics[index].heads, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct part_status *status =
			observation_part(observation, observer->modules.names[index], db_int32(&result, i, 0));

		if (status == NULL)
			continue; /* of a partition that the topic does not have: the worker reports it */
		status->claimed = true;
		status->epoch = db_int64(&result, i, 1);
		copy_text(status->owner, sizeof(status->owner), db_str(&result, i, 2));
		status->next_offset = db_int64(&result, i, 3);
		status->log_seq = db_int64(&result, i, 4);
		status->halted = db_bool(&result, i, 5);
		copy_text(status->reason, sizeof(status->reason), db_str(&result, i, 6));
		status->quarantine = db_int64(&result, i, 7);
	}
	db_result_release(&result);
	return 0;
}

static int read_counts(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct db_result parked = { .pg = NULL }, dead = { .pg = NULL };
	const char *module = observer->modules.names[index];
	int status = -1;

	if (db_run(observer->db, observer->topics[index].parked, NULL, &parked, err) != 0 ||
	    db_run(observer->db, observer->topics[index].dead, NULL, &dead, err) != 0)
		goto out;
	for (int i = 0; i < parked.rows; i++) {
		struct part_status *part = observation_part(observation, module, db_int32(&parked, i, 0));

		if (part == NULL)
			continue;
		part->parked_wait = db_int64(&parked, i, 1);
		part->parked_bug = db_int64(&parked, i, 2);
		part->parked_behind = db_int64(&parked, i, 3);
	}
	for (int i = 0; i < dead.rows; i++) {
		struct part_status *part = observation_part(observation, module, db_int32(&dead, i, 0));

		if (part == NULL)
			continue;
		part->dead = db_int64(&dead, i, 1);
		part->dead_unpublished = db_int64(&dead, i, 2);
	}
	status = 0;
out:
	db_result_release(&dead);
	db_result_release(&parked);
	return status;
}

static int read_timers(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct db_result timers = { .pg = NULL };

	if (db_run(observer->db, observer->topics[index].timers, NULL, &timers, err) != 0)
		return -1;
	for (int i = 0; i < timers.rows; i++) {
		struct part_status *part = observation_part(observation, observer->modules.names[index], db_int32(&timers, i, 0));

		if (part == NULL)
			continue;
		part->timers_due = db_int64(&timers, i, 1);
		part->timers_late_s = db_int64(&timers, i, 2);
		part->timers_broken = db_int64(&timers, i, 3);
	}
	db_result_release(&timers);
	return 0;
}

/* The ce_sequence of the last record of an events partition. */
struct last_events {
	int64_t *published_seq; /* by part */
	int result;
	struct err *err;
};

static void take_last_event(void *last_arg, int32_t part, const struct bus_record *record, int64_t offset)
{
	struct last_events *last = last_arg;
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	size_t count = 0;

	if (last->result != 0)
		return;
	if (record == NULL)
		last->result = err_set(last->err, ERR_RETRY, "partition %d of the events ended at %lld meanwhile", part,
				       (long long)offset);
	else if (bus_record_headers(record, headers, &count, last->err) != 0 ||
		 envelope_read(headers, count, &envelope, last->err) != 0)
		last->result = -1;
	else
		last->published_seq[part] = envelope.sequence;
}

static int read_events(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct part_status *parts = observation_part(observation, observer->modules.names[index], 0);
	struct last_events last = { .published_seq = observer->topics[index].published_seq, .err = err };
	int64_t lows[BUS_PARTS_MAX], highs[BUS_PARTS_MAX], offsets[BUS_PARTS_MAX];
	int64_t *seen = observer->topics[index].events_high;
	int32_t count = observer->topics[index].events_parts;

	if (bus_reader_all_bounds(observer->topics[index].events, count, lows, highs, BROKER_MS, err) != 0)
		return -1;
	for (int32_t part = 0; part < count; part++)
		offsets[part] = highs[part] > lows[part] && highs[part] != seen[part] ? highs[part] - 1 : -1;
	if (bus_reader_each(observer->topics[index].events, offsets, count, RECORDS_MS, take_last_event, &last, err) != 0 ||
	    last.result != 0)
		return -1;
	for (int32_t part = 0; part < count; part++) {
		seen[part] = highs[part];
		parts[part].events_high = highs[part];
		parts[part].published_seq = last.published_seq[part];
		parts[part].unpublished =
			parts[part].log_seq > last.published_seq[part] ? parts[part].log_seq - last.published_seq[part] : 0;
	}
	return 0;
}

static void take_rest(void *parts_arg, int32_t part, const struct bus_record *record, int64_t offset)
{
	struct part_status *parts = parts_arg;

	if (record == NULL && offset >= parts[part].high)
		parts[part].lag = 0;
}

/*
 * The number of commands not decided yet. Transaction markers and aborted records use offsets, too, and are no commands: if the
 * difference is small, the topic is read to find out whether there is any record.
 */
static int find_lags(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct part_status *parts = observation_part(observation, observer->modules.names[index], 0);
	int64_t offsets[BUS_PARTS_MAX];

	for (int32_t part = 0; part < observer->topics[index].parts; part++) {
		struct part_status *status = &parts[part];

		status->lag = status->high > status->next_offset ? status->high - status->next_offset : 0;
		offsets[part] = status->lag > 0 && status->lag <= REST_MAX && status->next_offset >= status->low
					? status->next_offset
					: -1;
	}
	return bus_reader_each(observer->topics[index].commands, offsets, observer->topics[index].parts, RECORDS_MS, take_rest,
			       parts, err);
}

/* ---- readers ---- */

static struct reader_status *find_reader(struct observation *observation, const char *reader, const char *module, int32_t part)
{
	for (size_t i = 0; i < observation->readers_count; i++) {
		struct reader_status *status = &observation->readers[i];

		if (status->reader == reader && status->module == module && (part < 0 || status->part == part))
			return status;
	}
	return NULL;
}

/* A reader of a module reads all its partitions; a partition without a head has not been read yet. */
static void expect_reader(struct observation *observation, const char *reader, const char *module)
{
	if (find_reader(observation, reader, module, -1) != NULL)
		return;
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];

		if (part->module == module)
			observation->readers[observation->readers_count++] = (struct reader_status){
				.reader = reader, .module = module, .part = part->part, .lag = part->events_high
			};
	}
}

static const char *module_named(const struct observer *observer, struct str name)
{
	for (size_t i = 0; i < observer->modules.count; i++) {
		if (str_is(name, observer->modules.names[i]))
			return observer->modules.names[i];
	}
	return NULL;
}

static int read_reader(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	const char *reader = observer->readers.names[index];
	struct db_result result = { .pg = NULL };

	if (db_run(observer->db, observer->reader_heads[index], NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		const char *module = module_named(observer, db_str(&result, i, 0));
		const struct part_status *part = NULL;
		struct reader_status *status = NULL;

		if (module == NULL)
			continue;
		expect_reader(observation, reader, module);
		status = find_reader(observation, reader, module, db_int32(&result, i, 1));
		part = observation_part(observation, module, db_int32(&result, i, 1));
		if (status == NULL || part == NULL)
			continue;
		status->claimed = true;
		status->epoch = db_int64(&result, i, 2);
		copy_text(status->owner, sizeof(status->owner), db_str(&result, i, 3));
		status->next_offset = db_int64(&result, i, 4);
		status->last_seq = db_int64(&result, i, 5);
		status->halted = db_bool(&result, i, 6);
		copy_text(status->reason, sizeof(status->reason), db_str(&result, i, 7));
		status->lag = part->events_high > status->next_offset ? part->events_high - status->next_offset : 0;
	}
	if (result.rows == 0)
		observation->silent_reader = reader;
	db_result_release(&result);
	return 0;
}

/* ---- programs ---- */

static int read_programs(struct observer *observer, struct observation *observation, struct err *err)
{
	static const struct db_statement select = { "cli_programs",
						    "SELECT name, host, pid, extract(epoch FROM now() - started_at)::bigint, "
						    "(extract(epoch FROM now() - seen_at) * 1000)::bigint, broker_skew_ms "
						    "FROM engine.program ORDER BY name, host, pid LIMIT 1024" };
	struct db_result result = { .pg = NULL };

	_Static_assert(PROGRAMS_MAX == 1024, "the statement's limit");
	if (db_run(observer->db, &select, NULL, &result, err) != 0)
		return -1;
	observation->programs = arena_take(&observer->arena, PROGRAMS_MAX, sizeof(*observation->programs));
	if (observation->programs == NULL) {
		db_result_release(&result);
		return err_set(err, ERR_FATAL, "no memory for the programs");
	}
	for (int i = 0; i < result.rows; i++) {
		struct program_status *program = &observation->programs[observation->programs_count++];

		copy_text(program->name, sizeof(program->name), db_str(&result, i, 0));
		copy_text(program->host, sizeof(program->host), db_str(&result, i, 1));
		program->pid = db_int32(&result, i, 2);
		program->up_s = db_int64(&result, i, 3);
		program->silent_ms = db_int64(&result, i, 4);
		program->has_skew = !db_is_null(&result, i, 5);
		if (program->has_skew)
			program->skew_ms = db_int64(&result, i, 5);
	}
	db_result_release(&result);
	return 0;
}

/* ---- the stack ---- */

static int read_stack(struct observer *observer, struct observation *observation, struct err *err)
{
	static const struct db_statement select = { "cli_stack",
						    "SELECT is_rehearsal, at, collector, jurisdiction FROM engine.stack" };
	struct db_result result = { .pg = NULL };

	if (db_run(observer->db, &select, NULL, &result, err) != 0)
		return -1;
	MUST(result.rows == 1);
	observation->is_rehearsal = db_bool(&result, 0, 0);
	if (!db_is_null(&result, 0, 1))
		observation->rehearsed_ms = db_instant(&result, 0, 1);
	if (!db_is_null(&result, 0, 2))
		observation->collector = collector_by_name(db_str(&result, 0, 2));
	if (!db_is_null(&result, 0, 3) &&
	    !str_to_chars(observation->jurisdiction, sizeof(observation->jurisdiction), db_str(&result, 0, 3)))
		MUST_NOT_REACH("a country has two letters");
	db_result_release(&result);
	return 0;
}

/* ---- all of it ---- */

static bool any_events(const struct observation *observation)
{
	for (size_t i = 0; i < observation->parts_count; i++) {
		if (observation->parts[i].events_high > 0)
			return true;
	}
	return false;
}

int observe(struct observer *observer, struct observation *ret_observation, struct err *err)
{
	struct observation observation = { .parts_count = 0 };

	arena_rewind(&observer->arena, observer->mark);
	if ((observer->db == NULL || !db_is_alive(observer->db)) && connect_database(observer, err) != 0)
		return -1;
	if (take_parts(observer, &observation, err) != 0)
		return -1;
	for (size_t i = 0; i < observer->modules.count; i++) {
		if (read_command_bounds(observer, i, &observation, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < observer->modules.count; i++) {
		if (read_heads(observer, i, &observation, err) != 0 || read_counts(observer, i, &observation, err) != 0 ||
		    read_timers(observer, i, &observation, err) != 0)
			return -1;
	}
	if (observe_reactions(observer, &observation, err) != 0)
		return -1;
	for (size_t i = 0; i < observer->modules.count; i++) {
		if (read_events(observer, i, &observation, err) != 0 || find_lags(observer, i, &observation, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < observer->readers.count; i++) {
		if (read_reader(observer, i, &observation, err) != 0)
			return -1;
	}
	if (read_stack(observer, &observation, err) != 0 || read_programs(observer, &observation, err) != 0 ||
	    drift_read(observer->db, observation.drifts, &observation.drifts_count, err) != 0)
		return -1;
	if (!any_events(&observation))
		observation.silent_reader = NULL;
	*ret_observation = observation;
	return 0;
}

int observe_outcomes(struct observer *observer, struct observation *observation, struct err *err)
{
	static const struct db_statement exists = { "cli_has_attempts", "SELECT to_regclass('notifier.attempt') IS NOT NULL" };
	static const struct db_statement select = {
		"cli_outcomes", "SELECT gateway, coalesce(outcome, 'under_way'), count(*) FROM notifier.attempt "
				"GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 64"
	};
	struct db_result result = { .pg = NULL };
	bool has_notifier;

	_Static_assert(OUTCOMES_MAX == 64, "the statement's limit");
	if (db_run(observer->db, &exists, NULL, &result, err) != 0)
		return -1;
	has_notifier = db_bool(&result, 0, 0);
	db_result_release(&result);
	if (!has_notifier)
		return 0;
	if (db_run(observer->db, &select, NULL, &result, err) != 0)
		return -1;
	observation->outcomes = arena_take(&observer->arena, OUTCOMES_MAX, sizeof(*observation->outcomes));
	for (int i = 0; i < result.rows && observation->outcomes != NULL; i++) {
		struct outcome_count *outcome = &observation->outcomes[observation->outcomes_count++];

		copy_text(outcome->gateway, sizeof(outcome->gateway), db_str(&result, i, 0));
		copy_text(outcome->outcome, sizeof(outcome->outcome), db_str(&result, i, 1));
		outcome->count = db_int64(&result, i, 2);
	}
	db_result_release(&result);
	return observation->outcomes == NULL ? err_set(err, ERR_FATAL, "no memory for the outcomes") : 0;
}

bool observation_is_idle(const struct observation *observation)
{
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];

		if (part->lag > 0 || part->unpublished > 0 || part->parked_wait > 0 || part->dead_unpublished > 0 ||
		    part->unsent > 0)
			return false;
	}
	for (size_t i = 0; i < observation->followed_count; i++) {
		if (observation->followed[i].lag > 0)
			return false;
	}
	for (size_t i = 0; i < observation->readers_count; i++) {
		if (observation->readers[i].lag > 0)
			return false;
	}
	return observation->silent_reader == NULL;
}

int64_t observation_events(const struct observation *observation)
{
	int64_t events = 0;

	for (size_t i = 0; i < observation->parts_count; i++)
		events += observation->parts[i].log_seq;
	return events;
}

int64_t observation_halted(const struct observation *observation)
{
	int64_t count = 0;

	for (size_t i = 0; i < observation->parts_count; i++)
		count += observation->parts[i].halted;
	for (size_t i = 0; i < observation->readers_count; i++)
		count += observation->readers[i].halted;
	return count;
}

const struct program_status *observation_program(const struct observation *observation, const char *name)
{
	const struct program_status *newest = NULL;

	for (size_t i = 0; i < observation->programs_count; i++) {
		const struct program_status *program = &observation->programs[i];

		if (strcmp(program->name, name) == 0 && (newest == NULL || program->silent_ms < newest->silent_ms))
			newest = program;
	}
	return newest;
}

bool program_is_alive(const struct program_status *program)
{
	return program != NULL && program->silent_ms <= PROGRAM_SILENT_MS;
}

/* Each module and each reader counts once: by its first partition. */
int64_t observation_silent(const struct observation *observation)
{
	int64_t count = 0;

	for (size_t i = 0; i < observation->parts_count; i++)
		count += observation->parts[i].part == 0 &&
			 !program_is_alive(observation_program(observation, observation->parts[i].module));
	for (size_t i = 0; i < observation->readers_count; i++)
		count += (i == 0 || observation->readers[i].reader != observation->readers[i - 1].reader) &&
			 !program_is_alive(observation_program(observation, observation->readers[i].reader));
	for (size_t i = 0; i < observation->programs_count; i++)
		count += !program_is_alive(&observation->programs[i]);
	return count;
}
