#include "rest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "topic_names.h"

#define LOOK_MS 2

static const char select_heads[] = "SELECT part, next_offset, log_seq, coalesce(tick_at, 'epoch'), state = 'halted', "
				   "coalesce(reason, '') FROM {schema}.partition_head ORDER BY part";
static const char select_reader_heads[] =
	"SELECT module, part, last_seq, state = 'halted', coalesce(reason, '') FROM {schema}.reader_head";

/* A message that is too late is no work for the time being: the notifier tells at its leisure. */
static const struct db_statement select_notifier = {
	"cli_rest_notifier",
	"SELECT EXISTS (SELECT FROM notifier.attempt WHERE NOT reported)"
	" OR EXISTS (SELECT FROM notifier.dispatch WHERE state = 'sending')"
	" OR EXISTS (SELECT FROM notifier.dispatch WHERE state IN ('queued', 'waiting', 'asking')"
	" AND next_at <= (SELECT engine.now()) AND send_by > (SELECT engine.now()))",
};

static int open_module(struct rest *rest, size_t index, struct bus_producer *producer, struct arena *arena, struct err *err)
{
	const char *module = rest->modules.names[index];
	char topic[TOPIC_NAME_MAX];

	topic_name(topic, module, TOPIC_COMMANDS);
	if (bus_producer_parts(producer, topic, &rest->parts[index], err) != 0)
		return -1;
	if (rest->parts[index] > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "%s: more than %d partitions", topic, BUS_PARTS_MAX);
	rest->heads[index] = schema_statement(arena, "cli_rest_heads", select_heads, module);
	return rest->heads[index] != NULL ? 0 : err_set(err, ERR_FATAL, "no memory for the modules");
}

int rest_open(struct rest *rest, struct db *db, struct bus_producer *producer, struct arena *arena, struct err *err)
{
	*rest = (struct rest){ .db = db };
	if (command_schemas(db, &rest->modules, err) != 0 || reader_schemas(db, &rest->readers, err) != 0)
		return -1;
	for (size_t i = 0; i < rest->modules.count; i++) {
		if (open_module(rest, i, producer, arena, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < rest->readers.count; i++) {
		rest->reader_heads[i] = schema_statement(arena, "cli_rest_readers", select_reader_heads, rest->readers.names[i]);
		if (rest->reader_heads[i] == NULL)
			return err_set(err, ERR_FATAL, "no memory for the readers");
	}
	return 0;
}

void rest_expect_tick(struct rest *rest, int64_t tick_ms)
{
	rest->tick_ms = tick_ms;
}

void rest_expect(struct rest *rest, size_t module, int32_t part, int64_t offset)
{
	MUST(module < rest->modules.count);
	MUST(part >= 0);
	MUST(part < BUS_PARTS_MAX);
	if (offset >= rest->next[module][part])
		rest->next[module][part] = offset + 1;
}

/* modules.count: there is none. */
static size_t find_module(const struct rest *rest, struct str name)
{
	size_t index = 0;

	while (index < rest->modules.count && !str_is(name, rest->modules.names[index]))
		index++;
	return index;
}

size_t rest_module(const struct rest *rest, const char *name)
{
	size_t index = find_module(rest, str_of(name));

	MUST(index < rest->modules.count);
	return index;
}

/* ---- one look: in the order of the work, so that what a part has done is seen by those behind it ---- */

static bool not_yet(struct rest *rest, const char *who, struct str module, int32_t part)
{
	(void)snprintf(rest->missing, sizeof(rest->missing), "%s %.*s/%" PRId32, who, (int)module.size, module.data, part);
	return false;
}

static int halted(struct str module, int32_t part, struct str reason, struct err *err)
{
	return err_set(err, ERR_FATAL, "%.*s/%" PRId32 " is halted: %.*s", (int)module.size, module.data, part, (int)reason.size,
		       reason.data);
}

static int look_at_module(struct rest *rest, size_t index, bool *ret_rests, struct err *err)
{
	struct str module = str_of(rest->modules.names[index]);
	struct db_result result = { .pg = NULL };
	int status = 0;

	if (db_run(rest->db, rest->heads[index], NULL, &result, err) != 0)
		return -1;
	if (result.rows < rest->parts[index])
		*ret_rests = not_yet(rest, "module", module, result.rows);
	for (int i = 0; i < result.rows && status == 0; i++) {
		int32_t part = db_int32(&result, i, 0);

		if (part < 0 || part >= BUS_PARTS_MAX)
			continue;
		rest->log_seq[index][part] = db_int64(&result, i, 2);
		if (db_bool(&result, i, 4))
			status = halted(module, part, db_str(&result, i, 5), err);
		else if (db_int64(&result, i, 1) < rest->next[index][part] || db_instant(&result, i, 3) < rest->tick_ms)
			*ret_rests = not_yet(rest, "module", module, part);
	}
	db_result_release(&result);
	return status;
}

static int look_at_reader(struct rest *rest, size_t index, bool *ret_rests, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int status = 0;

	if (db_run(rest->db, rest->reader_heads[index], NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows && status == 0; i++) {
		size_t module = find_module(rest, db_str(&result, i, 0));
		int32_t part = db_int32(&result, i, 1);

		if (module == rest->modules.count || part < 0 || part >= BUS_PARTS_MAX)
			continue;
		if (db_bool(&result, i, 3))
			status = halted(str_of(rest->readers.names[index]), part, db_str(&result, i, 4), err);
		else if (db_int64(&result, i, 2) < rest->log_seq[module][part])
			*ret_rests = not_yet(rest, rest->readers.names[index], db_str(&result, i, 0), part);
	}
	db_result_release(&result);
	return status;
}

static int look_at_notifier(struct rest *rest, bool *ret_rests, struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (db_run(rest->db, &select_notifier, NULL, &result, err) != 0)
		return -1;
	if (db_bool(&result, 0, 0))
		*ret_rests = not_yet(rest, "the notifier's", STR("messages"), 0);
	db_result_release(&result);
	return 0;
}

static int look(struct rest *rest, bool *ret_rests, struct err *err)
{
	*ret_rests = true;
	for (size_t i = 0; i < rest->modules.count && *ret_rests; i++) {
		if (look_at_module(rest, i, ret_rests, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < rest->readers.count && *ret_rests; i++) {
		if (look_at_reader(rest, i, ret_rests, err) != 0)
			return -1;
	}
	return *ret_rests ? look_at_notifier(rest, ret_rests, err) : 0;
}

int rest_wait(struct rest *rest, struct bus_producer *producer, int64_t timeout_ms, struct err *err)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	bool rests = false;

	for (;;) {
		if (look(rest, &rests, err) != 0)
			return -1;
		if (rests)
			return 0;
		if (clock_monotonic_ms() >= until_ms)
			return err_set(err, ERR_RETRY, "not at rest after %" PRId64 " s: %s", timeout_ms / 1000, rest->missing);
		bus_producer_poll(producer, LOOK_MS);
	}
}
