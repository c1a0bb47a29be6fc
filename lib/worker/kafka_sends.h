#ifndef WORKER_KAFKA_SENDS_H
#define WORKER_KAFKA_SENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/bus.h"
#include "token/token.h"
#include "worker/edge.h"

/*
 * Commands to other modules on their way to Kafka (sender.h): a producer of their own, because a topic that refuses one must not
 * break the producer of events; a token that the program signs for itself; and for each partition which of its commands are not
 * acknowledged, in the order in which they were given. At most SENDS_MAX are on their way.
 */
struct kafka_sends;

/* Borrows the names and the keys. Opens nothing yet: the first resume does. */
MUST_CHECK int kafka_sends_new(const struct bus_conf *conf, const char *module, struct token_keys *keys, uint32_t roles,
			       struct kafka_sends **ret_sends, struct err *err);
void kafka_sends_free(struct kafka_sends *sends); /* accepts NULL; does not wait */

/* The functions of struct broker. `parts`: over how many partitions keys are spread; the target's topic must have as many. */
MUST_CHECK int kafka_sends_send(struct kafka_sends *sends, const struct sent_command *command, int32_t parts, struct err *err);
bool kafka_sends_has_failed(const struct kafka_sends *sends, int32_t part);
int64_t kafka_sends_oldest(const struct kafka_sends *sends, int32_t part);
MUST_CHECK int kafka_sends_resume(struct kafka_sends *sends, int32_t part, struct err *err);
size_t kafka_sends_deliveries(struct kafka_sends *sends); /* does not wait; the number on their way */

#endif
