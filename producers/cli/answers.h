#ifndef CLI_ANSWERS_H
#define CLI_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tally.h"

/*
 * The answers of a module to the commands of a tally, from its events topic (an event's ce_causationid is the command) and from
 * the dead-letter topic, both followed from before the first command is sent. A repetition has no new answer, and a parked
 * command none yet: for these the database is queried, once the topics are quiet. An unreachable database is no failure: these
 * commands stay unanswered.
 */
struct answers;

struct answers_conf {
	const char *bootstrap, *pg, *pg_user;
};

/* All of one module. Borrows everything. ERR_RETRY: brokers; ERR_POISON: no such topic. */
MUST_CHECK int answers_open(const struct answers_conf *conf, const char *module, struct tally *tally,
			    struct answers **ret_answers, struct err *err);
void answers_close(struct answers *answers); /* accepts NULL */

/* Reads the topics. Never waits. */
void answers_hear(struct answers *answers);
int answers_fd(const struct answers *answers); /* readable when there may be records */

/*
 * Queries the database for commands that the module has passed and not answered, at most every second; call it when the topics
 * are quiet.
 */
void answers_ask(struct answers *answers);

/* Why the last query of the database failed; NULL: it did not, or there was none. */
const char *answers_trouble(const struct answers *answers);

#endif
