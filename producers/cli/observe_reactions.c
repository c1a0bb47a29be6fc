/* The positions of modules that react (worker/follow.h, sender.h): events that they have not answered, commands not yet sent. */
#include "base/array.h"
#include "model/module.h"
#include "observe.h"

static const char select_followed[] =
	"SELECT source, part, next_offset, last_seq FROM {schema}.followed_head ORDER BY source, part";
static const char select_ages[] =
	"SELECT e.part, extract(epoch FROM (SELECT engine.now()) - e.at)::bigint FROM {schema}.event_log e "
	"JOIN unnest($1::integer[], $2::bigint[]) u (part, seq) ON u.part = e.part AND u.seq = e.seq";

/*
 * sent_head moves with a partition's next batch. So a command behind it may be in its topic, and then its module has answered it, or
 * has it still to read, which is a lag of that module. A command is looked up by indexes, one at a time: there are few.
 */
static const char select_sent[] =
	"SELECT h.part, coalesce(s.log_seq, 0), u.count,"
	" coalesce(extract(epoch FROM (SELECT engine.now()) - u.first), 0)::bigint"
	" FROM {schema}.partition_head h LEFT JOIN {schema}.sent_head s ON s.part = h.part"
	" CROSS JOIN LATERAL (SELECT count(*) AS count, min(i.at) AS first FROM"
	"  (SELECT e.at, e.subject FROM {schema}.event_log e WHERE e.part = h.part AND e.seq > coalesce(s.log_seq, 0)"
	"   AND e.schema_id = ANY (public.dcs_schema_ids('CommandIssued')) ORDER BY e.seq LIMIT 100000) i"
	"  WHERE (SELECT count(*) FROM (SELECT FROM api.command c WHERE c.command_id = i.subject LIMIT 1) known) = 0) u";

int observe_reactions_open(struct observer *observer, struct err *err)
{
	struct schemas reacting;

	if (reacting_schemas(observer->db, &reacting, err) != 0)
		return -1;
	for (size_t i = 0; i < observer->modules.count; i++) {
		const char *module = observer->modules.names[i];

		observer->topics[i].ages = schema_statement(&observer->arena, "cli_event_ages", select_ages, module);
		if (schemas_have(&reacting, module)) {
			observer->topics[i].followed =
				schema_statement(&observer->arena, "cli_followed", select_followed, module);
			observer->topics[i].sent = schema_statement(&observer->arena, "cli_sent", select_sent, module);
			if (observer->topics[i].followed == NULL || observer->topics[i].sent == NULL)
				return err_set(err, ERR_FATAL, "no memory for the modules");
		}
		if (observer->topics[i].ages == NULL)
			return err_set(err, ERR_FATAL, "no memory for the modules");
	}
	return 0;
}

/* modules.count: there is none, or no more. */
static size_t find_module(const struct observer *observer, struct str name)
{
	size_t index = 0;

	while (index < observer->modules.count && !str_is(name, observer->modules.names[index]))
		index++;
	return index;
}

static int read_positions(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (db_run(observer->db, observer->topics[index].followed, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows && observation->followed_count < observation->parts_count * FOLLOWS_MAX; i++) {
		size_t source = find_module(observer, db_str(&result, i, 0));
		struct followed_status status = { .module = observer->modules.names[index],
						  .part = db_int32(&result, i, 1),
						  .next_offset = db_int64(&result, i, 2),
						  .last_seq = db_int64(&result, i, 3) };
		const struct part_status *part;

		if (source == observer->modules.count)
			continue;
		status.follows = observer->modules.names[source];
		part = observation_part(observation, status.follows, status.part);
		if (part != NULL && part->log_seq > status.last_seq)
			status.lag = part->log_seq - status.last_seq;
		observation->followed[observation->followed_count++] = status;
	}
	db_result_release(&result);
	return 0;
}

/* How long the first events that were not answered have waited: of the positions from `first` on that follow this module. */
static int read_ages(struct observer *observer, size_t source, struct observation *observation, size_t first, struct err *err)
{
	const char *follows = observer->modules.names[source];
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int failed;

	db_params_init(&params, 64 * BUS_PARTS_MAX);
	db_array_begin(&params, DB_ARRAY_INT32);
	for (size_t i = first; i < observation->followed_count; i++)
		if (observation->followed[i].follows == follows && observation->followed[i].lag > 0)
			db_array_int32(&params, observation->followed[i].part);
	db_array_begin(&params, DB_ARRAY_INT64);
	for (size_t i = first; i < observation->followed_count; i++)
		if (observation->followed[i].follows == follows && observation->followed[i].lag > 0)
			db_array_int64(&params, observation->followed[i].last_seq + 1);
	failed = db_run(observer->db, observer->topics[source].ages, &params, &result, err);
	for (int row = 0; failed == 0 && row < result.rows; row++)
		for (size_t i = first; i < observation->followed_count; i++)
			if (observation->followed[i].follows == follows &&
			    observation->followed[i].part == db_int32(&result, row, 0))
				observation->followed[i].late_s = db_int64(&result, row, 1);
	db_result_release(&result);
	db_params_release(&params);
	return failed;
}

static int read_sent(struct observer *observer, size_t index, struct observation *observation, struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (db_run(observer->db, observer->topics[index].sent, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		struct part_status *part = observation_part(observation, observer->modules.names[index], db_int32(&result, i, 0));

		if (part == NULL)
			continue;
		part->reacts = true;
		part->sent_seq = db_int64(&result, i, 1);
		part->unsent = db_int64(&result, i, 2);
		part->unsent_s = db_int64(&result, i, 3);
	}
	db_result_release(&result);
	return 0;
}

int observe_reactions(struct observer *observer, struct observation *observation, struct err *err)
{
	observation->followed =
		arena_take(&observer->arena, observation->parts_count * FOLLOWS_MAX, sizeof(*observation->followed));
	if (observation->followed == NULL)
		return err_set(err, ERR_FATAL, "no memory for %zu partitions", observation->parts_count);
	for (size_t i = 0; i < observer->modules.count; i++) {
		size_t first = observation->followed_count;

		if (observer->topics[i].followed == NULL)
			continue;
		if (read_positions(observer, i, observation, err) != 0)
			return -1;
		for (size_t source = 0; source < observer->modules.count && observation->followed_count > first; source++)
			if (read_ages(observer, source, observation, first, err) != 0)
				return -1;
		if (read_sent(observer, i, observation, err) != 0)
			return -1;
	}
	return 0;
}
