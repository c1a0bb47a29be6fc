#include "drift.h"

static const struct db_statement write_drift = {
	"cli_drift_keep", "INSERT INTO engine.drift (promise, findings, verified_at) "
			  "SELECT 'P' || promise, findings, now() FROM unnest($1::integer[], $2::bigint[]) d (promise, findings) "
			  "ON CONFLICT (promise) DO UPDATE SET findings = excluded.findings, verified_at = excluded.verified_at"
};
static const struct db_statement has_drift = { "cli_has_drift", "SELECT to_regclass('engine.drift') IS NOT NULL" };
static const struct db_statement select_drift = {
	"cli_drift",
	"SELECT substr(promise, 2)::integer, findings, greatest(extract(epoch FROM now() - verified_at), 0)::bigint FROM "
	"engine.drift ORDER BY 1 LIMIT 9"
};

int drift_keep(struct db *db, const bool *is_wanted, const int64_t *findings, int promises, struct err *err)
{
	struct db_params params;
	int failed;

	db_params_init(&params, 1024);
	db_array_begin(&params, DB_ARRAY_INT32);
	for (int promise = 1; promise <= promises; promise++) {
		if (is_wanted[promise])
			db_array_int32(&params, promise);
	}
	db_array_begin(&params, DB_ARRAY_INT64);
	for (int promise = 1; promise <= promises; promise++) {
		if (is_wanted[promise])
			db_array_int64(&params, findings[promise]);
	}
	failed = db_run(db, &write_drift, &params, NULL, err);
	db_params_release(&params);
	return failed;
}

int drift_read(struct db *db, struct drift ret_drifts[DRIFT_PROMISES_MAX], size_t *ret_count, struct err *err)
{
	struct db_result result = { .pg = NULL };
	bool is_there;

	_Static_assert(DRIFT_PROMISES_MAX == 9, "the statement's limit");
	*ret_count = 0;
	if (db_run(db, &has_drift, NULL, &result, err) != 0)
		return -1;
	is_there = db_bool(&result, 0, 0);
	db_result_release(&result);
	if (!is_there)
		return 0;
	if (db_run(db, &select_drift, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++)
		ret_drifts[(*ret_count)++] =
			(struct drift){ db_int32(&result, i, 0), db_int64(&result, i, 1), db_int64(&result, i, 2) };
	db_result_release(&result);
	return 0;
}
