#ifndef WORKER_PARTITIONS_H
#define WORKER_PARTITIONS_H

#include "bus/bus.h"

/*
 * A key's partition follows from how many partitions its topic had when the module was begun (engine.partitions); what a topic
 * was given since moves nobody. For programs that send commands: their producer spreads keys so, on the command topics of all
 * modules. A topic that has another number by now is told in one line. A failure (the database is away) is logged, and keys are
 * spread over what topics have: workers judge each record.
 */
void partitions_keep(const char *conninfo, struct bus_producer *producer);

#endif
