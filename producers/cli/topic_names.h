#ifndef CLI_TOPIC_NAMES_H
#define CLI_TOPIC_NAMES_H

#include <stddef.h>

#include "bus/bus.h"

/*
 * Which topics there are: the commands and the events of every module that has a command of its own, as the schemas say, and the
 * dead letters. `clock` and `engine` are no modules with topics: their messages stand in everybody's.
 */
#define TOPIC_NAME_MAX 128
#define TOPICS_MAX     64

enum topic_kind { TOPIC_COMMANDS, TOPIC_EVENTS };

void topic_name(char name[TOPIC_NAME_MAX], const char *module, enum topic_kind kind);

struct topics {
	char names[TOPICS_MAX][TOPIC_NAME_MAX];
	struct bus_topic topics[TOPICS_MAX];
	size_t count;
};

/* All of them, with their sizes. */
void topics_list(struct topics *topics, int32_t parts, int16_t replication);

#endif
