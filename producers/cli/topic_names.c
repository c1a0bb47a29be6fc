#include "topic_names.h"

#include <stdio.h>

#include "base/day.h"
#include "worker/dead_letter.h"

#define FOR_EVER           (-1)
#define COMMANDS_FOR_MS    (7 * DAY_MS)  /* they hold personal data (lib/DESIGN.md 3) */
#define DEAD_LETTER_FOR_MS (30 * DAY_MS) /* a copy; the table keeps them longer */
#define TIME_FOR_MS        (DAY_MS / 24) /* empty records: only their delivery reports are used */
#define MESSAGE_BYTES_MAX  (1024 * 1024)
#define DEAD_BYTES_MAX     (MESSAGE_BYTES_MAX + 64 * 1024) /* the record and its fault */

static void add(struct topics *topics, const char *name, int32_t parts, int16_t replication, int64_t retention_ms,
		int64_t bytes_max)
{
	char *copy = topics->names[topics->count];

	MUST(topics->count < TOPICS_MAX);
	snprintf(copy, TOPIC_NAME_MAX, "%s", name);
	topics->topics[topics->count++] = (struct bus_topic){ .name = copy,
							      .parts = parts,
							      .replication = replication,
							      .retention_ms = retention_ms,
							      .message_bytes_max = bytes_max };
}

void topics_list(struct topics *topics, int32_t parts, int16_t replication)
{
	const char *modules[MODULES_MAX];
	size_t count = topic_modules(modules);
	char name[TOPIC_NAME_MAX];

	topics->count = 0;
	for (size_t i = 0; i < count; i++) {
		topic_name(name, modules[i], TOPIC_COMMANDS);
		add(topics, name, parts, replication, COMMANDS_FOR_MS, MESSAGE_BYTES_MAX);
		topic_name(name, modules[i], TOPIC_EVENTS);
		add(topics, name, parts, replication, FOR_EVER, MESSAGE_BYTES_MAX);
	}
	add(topics, DEAD_LETTER_TOPIC, parts, replication, DEAD_LETTER_FOR_MS, DEAD_BYTES_MAX);
	add(topics, BUS_TIME_TOPIC, 1, replication, TIME_FOR_MS, MESSAGE_BYTES_MAX);
}
