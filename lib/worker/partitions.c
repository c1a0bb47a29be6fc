#include "worker/partitions.h"

#include <stdio.h>

#include "base/log.h"
#include "model/topic.h"
#include "worker/pg_edge.h"

static const struct db_statement statement_partitions = { "partitions", "SELECT module, parts FROM engine.partitions" };

static int keep(struct bus_producer *producer, struct str module, int32_t parts, struct err *err)
{
	char name[TOPIC_NAME_MAX];
	char topic[TOPIC_NAME_MAX];
	int32_t found;

	snprintf(name, sizeof(name), "%.*s", (int)module.size, module.data);
	topic_name(topic, name, TOPIC_COMMANDS);
	if (bus_producer_parts(producer, topic, &found, err) != 0)
		return -1;
	if (found == parts)
		return 0;
	log_error("topic=%s has %d partitions, it was begun with %d next=\"keys go to the first %d; make it anew with %d\"",
		  topic, found, parts, parts, parts);
	return bus_producer_spread(producer, topic, parts, err);
}

static int read_rows(const char *conninfo, struct db **db, struct db_result *rows, struct err *err)
{
	if (pg_connect(conninfo, "engine", db, err) != 0)
		return -1;
	return db_run(*db, &statement_partitions, NULL, rows, err);
}

int partitions_keep(const char *conninfo, struct bus_producer *producer, struct err *err)
{
	struct db *db = NULL;
	struct db_result rows = { 0 };
	struct err failure = ERR_INIT;
	int result = 0;

	if (read_rows(conninfo, &db, &rows, &failure) != 0)
		log_warn("it is not known over how many partitions keys are spread: %s", failure.text);
	for (int row = 0; row < rows.rows && result == 0; row++) {
		failure = (struct err)ERR_INIT;
		if (keep(producer, db_str(&rows, row, 0), db_int32(&rows, row, 1), &failure) == 0)
			continue;
		if (failure.kind == ERR_POISON)
			log_warn("%s", failure.text);
		else
			result = err_set(err, failure.kind, "%s", failure.text);
	}
	db_result_release(&rows);
	db_close(db);
	return result;
}
