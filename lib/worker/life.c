#include "worker/life.h"

#include <unistd.h>

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "worker/stack.h"

#define AGAIN_MS   30000 /* after a failure: connecting may block the loop */
#define TIMEOUT_MS 30000

static const struct db_statement statement_sign = {
	"life_sign", "SELECT engine.sign_of_life($1, $2, $3, $4), (extract(epoch FROM engine.now()) * 1000)::bigint"
};
static const struct db_statement statement_end = { "life_end", "SELECT engine.end_of_life($1, $2)" };

void life_init(struct life *life, const char *conninfo)
{
	*life = (struct life){ .conninfo = conninfo, .host = "localhost" };
	(void)gethostname(life->host, sizeof(life->host) - 1);
}

static int run(struct life *life, const struct db_statement *statement, bool is_sign, struct err *err)
{
	struct db_result result = { 0 };
	struct db_params params;
	int64_t skew_ms;
	int rc;

	db_params_init(&params, 1024);
	db_param_text(&params, str_of(life->host));
	db_param_int32(&params, (int32_t)getpid());
	if (is_sign && bus_skew_ms(&skew_ms))
		db_param_int64(&params, skew_ms);
	else if (is_sign)
		db_param_null(&params);
	if (is_sign)
		db_param_bool(&params, !life->is_known);
	rc = db_run(life->db, statement, &params, &result, err);
	if (rc == 0 && is_sign)
		bus_note_clock(db_int64(&result, 0, 1));
	db_result_release(&result);
	db_params_release(&params);
	return rc;
}

static int give_sign(struct life *life, struct err *err)
{
	if (life->db && !db_is_alive(life->db)) {
		db_close(life->db);
		life->db = NULL;
	}
	if (!life->db && db_open(life->conninfo, "life", TIMEOUT_MS, &life->db, err) < 0)
		return -1;
	if (!life->is_known && stack_check(life->db, err) < 0) {
		life->is_refused = err->kind == ERR_FATAL;
		return -1;
	}
	if (run(life, &statement_sign, true, err) < 0)
		return -1;
	life->is_known = true;
	return 0;
}

int life_sign(struct life *life, struct err *err)
{
	struct err failure = ERR_INIT;
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms < life->next_ms)
		return 0;
	life->next_ms = now_ms + LIFE_MS;
	if (give_sign(life, &failure) == 0) {
		life->is_failing = false;
		return 0;
	}
	if (life->is_refused)
		return err_set(err, ERR_FATAL, "%s", failure.text);
	if (!life->is_failing)
		log_warn("no sign of life can be given: %s", failure.text);
	life->is_failing = true;
	life->next_ms = now_ms + AGAIN_MS;
	return 0;
}

void life_end(struct life *life)
{
	struct err failure = ERR_INIT;

	if (life->db && db_is_alive(life->db) && run(life, &statement_end, false, &failure) < 0)
		log_debug("the row of a program that has ended stays: %s", failure.text);
	db_close(life->db);
	*life = (struct life){ .conninfo = NULL };
}
