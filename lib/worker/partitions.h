#ifndef WORKER_PARTITIONS_H
#define WORKER_PARTITIONS_H

#include "bus/bus.h"

/*
 * A key's partition follows from the number of partitions that the topic had when the module was begun (engine.partitions);
 * partitions that were added later move no key. For programs that send commands: sets this spread in the producer, for the
 * command topics of all modules. A topic whose number differs is logged in one line. After a failure (the database is
 * unreachable), which is logged, keys are spread over all partitions of each topic; workers check each record's partition anyway.
 */
void partitions_keep(const char *conninfo, struct bus_producer *producer);

#endif
