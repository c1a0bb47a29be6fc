#ifndef CLI_ANSWERS_H
#define CLI_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tally.h"

/*
 * What a module answers to the commands of a tally. Heard on its events topic (an event's ce_causationid is the command) and on
 * the topic of dead letters, both followed from before the first command is sent. A repetition has no new answer, and what is set
 * aside none yet: what the topics do not tell is asked of the database, once nothing is heard any more. A database that cannot be
 * asked is no failure: those commands stay without an answer.
 */
struct answers;

struct answers_conf {
	const char *bootstrap, *pg, *pg_user;
};

/* All of one module. Borrows everything. ERR_RETRY: brokers; ERR_POISON: no such topic. */
MUST_CHECK int answers_open(const struct answers_conf *conf, const char *module, struct tally *tally,
			    struct answers **ret_answers, struct err *err);
void answers_close(struct answers *answers); /* accepts NULL */

/* Takes what the topics have. Never waits. */
void answers_hear(struct answers *answers);
int answers_fd(const struct answers *answers); /* readable when there may be something to hear */

/* Asks the database about what the module has passed and has not answered, at most every second; call it when nothing is heard.
 */
void answers_ask(struct answers *answers);

/* Why the database could not be asked, the last time; NULL: it could, or was not. */
const char *answers_trouble(const struct answers *answers);

#endif
