#ifndef WORKER_PARTITIONS_H
#define WORKER_PARTITIONS_H

#include "bus/bus.h"

/*
 * A key's partition follows from the number of partitions that the topic had when the module was begun (engine.partitions);
 * partitions that were added later move no key. For programs that send commands: sets this spread in the producer, for the
 * command topics of all modules. A topic whose number differs, or that is missing, is logged in one line. If the database is
 * unreachable, which is logged, keys are spread over all partitions of each topic; workers check each record's partition anyway.
 * ERR_RETRY: Kafka did not answer about a topic; the others were not asked about, since each question may take seconds.
 */
MUST_CHECK int partitions_keep(const char *conninfo, struct bus_producer *producer, struct err *err);

#endif
