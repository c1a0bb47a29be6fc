#ifndef WORKER_PROGRAM_H
#define WORKER_PROGRAM_H

#include <signal.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "bus/bus.h"
#include "token/token.h"

/* The common parts of all long-running programs: settings, the owner's name, signals, waiting for an unreachable server. */
struct program {
	const char *name; /* "debts": service name in the log, database user dcs_<name> */

	/* settings */
	const char *kafka_bootstrap;
	const char *pg; /* conninfo without user */
	const char *keys_dir, *token_issuer, *token_audience;
	const char *log_level;
	const char *compression;
	int64_t prefetch_records, prefetch_kbytes, cache_mbytes;
	int64_t session_timeout_ms;
	int64_t batch_items_max, arena_mbytes;
	int64_t wait_max_ms;
	int64_t dead_letter_days;
	bool is_rehearsal;

	/* derived */
	char conninfo[512];
	char owner[96];     /* host:pid */
	char client_id[60]; /* dcs-<name>-<pid> */
	struct bus_conf bus;
};

#define PROGRAM_SETTINGS_MAX 48 /* the common ones and the program's own */

/*
 * Reads the common settings and the program's own in one go, so that --help, --show-config and the flags know all of them; sets
 * up the log, libsodium and the signals.
 */
MUST_CHECK int program_init(struct program *program, const char *name, const char *about, int argc, char **argv,
			    const struct conf_row *own, size_t own_count, enum conf_outcome *ret_outcome, struct err *err);

bool program_is_ending(void); /* SIGTERM or SIGINT came */

/* Waits; returns early when the program is ending. For back-off only. */
void program_wait(int64_t ms);

/*
 * Call it in every turn of a loop. Every few seconds it reads token keys that were added, changed or withdrawn, so that keys
 * rotate without a restart. A folder that cannot be read is logged, and the keys stay as they were.
 */
void program_look_at_keys(struct token_keys *keys);

/* Asks for the broker's time (bus_now_ms), before anything is signed. Without an answer the host's clock is used; that is logged
 * once. */
void program_ask_time(struct bus_producer *producer);

/* The same for a program without a producer of its own: for its heartbeat. */
void program_learn_time(const struct program *program);

/* Prints the failure and returns the exit status of a failed start. */
int program_fail(const struct err *err);

#endif
