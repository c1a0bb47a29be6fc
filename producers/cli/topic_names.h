#ifndef CLI_TOPIC_NAMES_H
#define CLI_TOPIC_NAMES_H

#include <stddef.h>

#include "bus/bus.h"
#include "model/topic.h"

/* The topics of all modules, and the dead letters. */
#define TOPICS_MAX 64

struct topics {
	char names[TOPICS_MAX][TOPIC_NAME_MAX];
	struct bus_topic topics[TOPICS_MAX];
	size_t count;
};

/* All of them, with their sizes. */
void topics_list(struct topics *topics, int32_t parts, int16_t replication);

#endif
