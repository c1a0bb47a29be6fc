#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/err.h"
#include "model/module.h"
#include "worker/reader_rules.h"
#include "worker/store.h"

/*
 * The programs: a module's main.c calls one of these and returns its exit status. They read the settings, wait with back-off for
 * Kafka and PostgreSQL, run the engine until SIGTERM, then drain (in under 5 s). Exit status 0: ended by a signal; 1: a failure
 * that needs a restart or an operator.
 *
 * `prepare`, if given, runs once after the settings are read: the store's own start (key files).
 */
int worker_main(int argc, char **argv, const struct module *module, const struct store *store,
		int (*prepare)(void *store_self, struct err *err));

int reader_main(int argc, char **argv, const struct reader *reader);

#endif
