#include "worker/pg_edge.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "worker/pg_edge_inside.h"
#include "worker/stack.h"

#define STATEMENT_TIMEOUT_MS 30000
#define LOCK_NOT_AVAILABLE   "55P03"
#define PARAMS_SIZE_MAX      ((size_t)64 << 20)

const char *const pg_edge_parked_kinds[3] = { [PARKED_WAIT] = "wait", [PARKED_BUG] = "bug", [PARKED_BEHIND] = "behind" };

/* A frozen program must not lock the heads for ever (P11), and no program may wait long for a lock. */
static const struct db_statement statement_session = {
	"engine_session",
	"SELECT set_config('search_path', $1, false), set_config('idle_in_transaction_session_timeout', '10s', false),"
	" set_config('lock_timeout', '5s', false)",
};

/* ---- the connection ---- */

int pg_connect(const char *conninfo, const char *schema, struct db **ret_db, struct err *err)
{
	struct db_params params;
	struct db *db;
	int rc;

	if (db_open(conninfo, schema, STATEMENT_TIMEOUT_MS, &db, err) < 0)
		return -1;
	db_params_init(&params, 1024);
	db_param_text(&params, str_of(schema));
	rc = db_run(db, &statement_session, &params, NULL, err);
	db_params_release(&params);
	if (rc < 0 || stack_check(db, err) < 0) {
		db_close(db);
		return -1;
	}
	*ret_db = db;
	return 0;
}

/*
 * When a program freezes in the middle of a COPY or a pipeline, the server waits for its next byte without any limit and keeps
 * its locks: neither statement_timeout nor idle_in_transaction_session_timeout applies. So the next owner ends its connection;
 * the frozen program gets an error when it wakes up.
 */
void pg_evict(struct db *db, const struct db_statement *evict, const struct db_params *params)
{
	struct db_result result = { 0 };
	struct err err = ERR_INIT;

	if (strcmp(db_sqlstate(db), LOCK_NOT_AVAILABLE) != 0)
		return;
	if (db_run(db, evict, params, &result, &err) < 0) {
		log_warn("a head is locked, and its holder cannot be ended: %s", err.text);
		return;
	}
	log_warn("a head was locked for too long; connections ended: %lld", (long long)db_int64(&result, 0, 0));
	db_result_release(&result);
}

int pg_edge_connect_again(struct pg_edge *edge, struct err *err)
{
	if (edge->db && db_is_alive(edge->db))
		return 0;
	db_close(edge->db);
	edge->db = NULL;
	return pg_connect(edge->conninfo, edge->module, &edge->db, err);
}

int pg_edge_need_connection(const struct pg_edge *edge, struct err *err)
{
	if (!edge->db)
		return err_set(err, ERR_RETRY, "no connection to the database");
	return 0;
}

void pg_edge_copy_bytes(uint8_t *bytes, size_t size, struct str value)
{
	MUST(value.size == size);
	memcpy(bytes, value.data, size);
}

/* ---- life ---- */

int pg_edge_open(const char *conninfo, const char *module, const struct store *store, struct pg_edge **ret_edge,
		 struct database *ret_database, struct err *err)
{
	struct pg_edge *edge = calloc(1, sizeof(*edge));

	if (!edge)
		return err_set(err, ERR_FATAL, "no memory");
	edge->conninfo = conninfo;
	edge->module = module;
	edge->store = *store;
	db_params_init(&edge->params, PARAMS_SIZE_MAX);
	db_params_init(&edge->params_answers, PARAMS_SIZE_MAX);
	slot_loader_init(&edge->actors);
	pg_edge_init_copies(edge);
	buf_init(&edge->scope, SCOPE_TEXT_SIZE_MAX);
	buf_init(&edge->body, BUS_RECORD_MAX);
	*ret_edge = edge;
	*ret_database = (struct database){ .self = edge, .write = pg_edge_write };
	pg_edge_fill_heads(ret_database);
	pg_edge_fill_batch(ret_database);
	pg_edge_fill_read(ret_database);
	pg_edge_fill_timers(ret_database);
	pg_edge_fill_kept(ret_database);
	return 0;
}

void pg_edge_close(struct pg_edge *edge)
{
	if (!edge)
		return;
	db_close(edge->db);
	db_params_release(&edge->params);
	db_params_release(&edge->params_answers);
	slot_loader_release(&edge->actors);
	db_copy_release(&edge->log);
	db_copy_release(&edge->parked);
	buf_release(&edge->scope);
	buf_release(&edge->body);
	db_copy_release(&edge->dead);
	db_copy_release(&edge->kept);
	free(edge);
}
