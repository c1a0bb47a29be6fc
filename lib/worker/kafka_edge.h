#ifndef WORKER_KAFKA_EDGE_H
#define WORKER_KAFKA_EDGE_H

#include "bus/bus.h"
#include "model/module.h"
#include "token/token.h"
#include "worker/edge.h"

/*
 * The engine's edge to Kafka: a consumer of dcs.<module>.commands.v1 in the group dcs-<module>, a producer for
 * dcs.<module>.events.v1 and the dead-letter topic, and two readers for the resume proof.
 */
struct kafka_edge;

MUST_CHECK int kafka_edge_open(const struct bus_conf *conf, const char *module, struct kafka_edge **ret_edge,
			       struct broker *ret_broker, struct err *err);

/* The same for a reader of a module's events, in the group dcs-<reader>-<module>: only the reading half is used. */
MUST_CHECK int kafka_edge_open_reader(const struct bus_conf *conf, const char *reader, const char *module,
				      struct kafka_edge **ret_edge, struct broker *ret_broker, struct err *err);

/* For a program with several readers: readable when `poll` has something to tell. */
MUST_CHECK int kafka_edge_fd(struct kafka_edge *edge, int *ret_fd, struct err *err);

/* For a module that reacts, before the first poll: its followed topics, and the token of what it sends. Borrows the keys. */
MUST_CHECK int kafka_edge_react(struct kafka_edge *edge, const struct module *module, struct token_keys *keys, struct err *err);

/* Leaves the group and closes within deadline_ms; the next owner publishes unacknowledged records again. Accepts NULL. */
void kafka_edge_close(struct kafka_edge *edge, int deadline_ms);

#endif
