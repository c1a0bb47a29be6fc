#ifndef CLI_ASKER_H
#define CLI_ASKER_H

#include "base/arena.h"
#include "db/db.h"
#include "sender.h"
#include "wire/coder.h"

/* One command at a time, and its module's answer: sent like every other command, the answer read from the module's event log. */
struct asker {
	struct sender *sender;
	bool is_sent; /* the last command: the brokers have it */
	struct arena arena;
	struct db *db;
	const struct db_statement *look; /* the query for an answer of `module`; NULL: none yet */
	const char *module;
	int64_t timeout_s;
};

struct asker_conf {
	struct sender_conf sender;
	const char *pg, *pg_user;
};

/* A zeroed one may be closed too. ERR_FATAL, ERR_RETRY. */
MUST_CHECK int asker_open(struct asker *asker, const struct asker_conf *conf, struct err *err);
void asker_close(struct asker *asker);

/*
 * All commands are of one module. 0: done. ERR_POISON: refused, with the reason as text. ERR_RETRY: no answer in time; it may
 * be done later.
 */
MUST_CHECK int asker_ask(struct asker *asker, const struct message_type *type, const void *body, struct err *err);

#endif
