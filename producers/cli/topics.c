/* `dcs topics`: creates the topics that are missing. */
#include <stdio.h>

#include "base/array.h"
#include "cli.h"
#include "topic_names.h"

static struct {
	const char *bootstrap;
	int64_t parts, replication;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
	ROW_PARTS(&conf.parts),
	{ .name = "kafka.replication",
	  .kind = CONF_NUMBER,
	  .default_value = "1",
	  .number_min = 1,
	  .number_max = 9,
	  .target = &conf.replication,
	  .help = "copies of each partition; 3 where there are three brokers" },
};

static const struct usage usage = {
	.about = "usage: dcs topics [FLAGS]\n\n"
		 "Creates the topics that are missing, with time stamps of the broker: commands (kept 7 days), events (kept for "
		 "ever) of\n"
		 "every module, and the dead letters (30 days). A topic with another number of partitions is an error.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

int run_topics(int argc, char **argv)
{
	static struct topics topics;
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct bus_conf bus = { .client_id = "dcs-cli" };
	int status = EXIT_STATUS_OK;
	int created = 0;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	bus.bootstrap = conf.bootstrap;
	topics_list(&topics, (int32_t)conf.parts, (int16_t)conf.replication);
	if (bus_topics_create(&bus, topics.topics, topics.count, &created, &err) != 0)
		return fail_wrong(argv[0], &err);
	fprintf(stderr, "%d topics created, %zu were there\n", created, topics.count - (size_t)created);
	return status;
}
