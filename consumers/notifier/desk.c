#include "consumers/notifier/desk.h"

#include "bus/bus.h"
#include "crypto/crypto.h"
#include "worker/pg_edge.h"

#define PARAMS_SIZE_MAX ((size_t)1 << 20)
#define EXPIRED_MAX     500
#define GRANTED_COLUMN  9  /* of what is taken: whether it may leave */
#define TIME_COLUMN     10 /* the time of the rules */
#define FIT_COLUMN      11 /* until when it may leave */
#define TRIES_COLUMN    12
#define ASKS_COLUMN     13

/* ---- the owner ---- */

static const struct db_statement statement_lock = {
	"notifier_lock",
	"SELECT pg_advisory_lock(notifier.lock_class(), $1)",
};

/* A doubtful attempt is the exception: if the lost statement was the one that took it to ask, it is asked about again. */
static const struct db_statement statement_not_left = {
	"notifier_not_left",
	"WITH open AS MATERIALIZED (SELECT a.communication_id, a.attempt, d.asks FROM notifier.attempt a"
	" JOIN notifier.dispatch d USING (communication_id) WHERE a.owner = $1 AND NOT a.reported AND a.outcome IS NULL AND NOT "
	"EXISTS (SELECT FROM unnest($2::uuid[], $3::integer[]) f(communication_id, attempt)"
	" WHERE f.communication_id = a.communication_id AND f.attempt = a.attempt)),"
	" lost AS (UPDATE notifier.attempt a SET outcome = 'not_accepted', provider_code = 'not_started', ended_at = engine.now()"
	" FROM open WHERE a.communication_id = open.communication_id AND a.attempt = open.attempt AND open.asks = 0)"
	" UPDATE notifier.dispatch d SET state = CASE open.asks WHEN 0 THEN 'waiting' ELSE 'asking' END, next_at = engine.now()"
	" FROM open WHERE d.communication_id = open.communication_id AND d.state = 'sending'",
};

/*
 * A lock that is free has no owner: its notifier is dead. It is held to the end of the statement, so two notifiers cannot adopt
 * the same attempts.
 */
static const struct db_statement statement_adopt = {
	"notifier_adopt",
	"WITH owners AS MATERIALIZED (SELECT DISTINCT owner FROM notifier.attempt WHERE NOT reported AND owner <> $1),"
	" dead AS MATERIALIZED (SELECT owner FROM owners WHERE pg_try_advisory_xact_lock(notifier.lock_class(), owner)),"
	" left_over AS MATERIALIZED (SELECT b.communication_id, b.attempt, b.outcome IS NULL AS was_open,"
	" b.outcome IS NULL AND b.gateway = ANY ($2::text[]) AND coalesce(d.asks, 0) < $3 AS is_asked"
	" FROM dead JOIN notifier.attempt b USING (owner) LEFT JOIN notifier.dispatch d USING (communication_id) WHERE NOT "
	"b.reported),"
	" adopted AS (UPDATE notifier.attempt a SET owner = $1,"
	" outcome = CASE WHEN l.was_open AND NOT l.is_asked THEN 'unknown' ELSE a.outcome END,"
	" ended_at = CASE WHEN l.was_open AND NOT l.is_asked THEN engine.now() ELSE a.ended_at END"
	" FROM left_over l WHERE a.communication_id = l.communication_id AND a.attempt = l.attempt),"
	" moved AS (UPDATE notifier.dispatch d SET state = CASE WHEN l.is_asked THEN 'asking' ELSE 'done' END,"
	" asks = d.asks + l.is_asked::integer, next_at = engine.now() FROM left_over l"
	" WHERE d.communication_id = l.communication_id AND l.was_open AND d.state IN ('sending', 'asking') RETURNING l.is_asked)"
	" SELECT count(*) FROM moved WHERE NOT is_asked",
};

void desk_init(struct desk *desk, const char *conninfo)
{
	*desk = (struct desk){ .conninfo = conninfo };
	while (desk->owner == 0) {
		random_bytes(&desk->owner, sizeof(desk->owner));
		desk->owner &= INT32_MAX;
	}
	db_params_init(&desk->params, PARAMS_SIZE_MAX);
}

void desk_release(struct desk *desk)
{
	db_close(desk->db);
	db_params_release(&desk->params);
}

bool desk_is_open(const struct desk *desk)
{
	return desk->db != NULL && db_is_alive(desk->db);
}

static void add_attempt_ids(struct db_params *params, const struct attempt_id *ids, size_t count)
{
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &ids[i].communication_id);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, ids[i].attempt);
}

static int become_owner(struct desk *desk, const struct attempt_id *flying, size_t flying_count, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_int32(&desk->params, desk->owner);
	if (db_run(desk->db, &statement_lock, &desk->params, NULL, err) != 0)
		return -1;
	add_attempt_ids(&desk->params, flying, flying_count);
	return db_run(desk->db, &statement_not_left, &desk->params, NULL, err);
}

int desk_open(struct desk *desk, const struct attempt_id *flying, size_t flying_count, struct err *err)
{
	db_close(desk->db);
	desk->db = NULL;
	if (pg_connect(desk->conninfo, "notifier", &desk->db, err) != 0)
		return -1;
	if (become_owner(desk, flying, flying_count, err) == 0)
		return 0;
	db_close(desk->db);
	desk->db = NULL;
	return -1;
}

/* A statement that returns one number. */
static int run_count(struct desk *desk, const struct db_statement *statement, int64_t *ret_count, struct err *err)
{
	struct db_result result = { 0 };

	if (db_run(desk->db, statement, &desk->params, &result, err) != 0)
		return -1;
	*ret_count = db_int64(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

int desk_adopt(struct desk *desk, const char *const *asking, size_t asking_count, int64_t *ret_unknown, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_int32(&desk->params, desk->owner);
	db_array_begin(&desk->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < asking_count; i++)
		db_array_text(&desk->params, str_of(asking[i]));
	db_param_int32(&desk->params, ASKS_MAX);
	return run_count(desk, &statement_adopt, ret_unknown, err);
}

/* ---- claiming ---- */

/*
 * Locks the due rows and skips those that other notifiers have locked. Then the claim answers. On the first try a message goes
 * from released to claimed; on later tries it must still be claimed by us. A granted claim returns the texts. The guard is asked
 * again, and may refuse: that is an outcome like any other, and is reported: as failed, or, if it must not leave now, as not
 * accepted, whereupon communications takes it back and asks the guard. A message without an answer has its outcome already: its
 * row is done, without an attempt. PostgreSQL takes a LIMIT it does not know for a tenth of what waits, and would go through all rows
 * to join them; the array of ids says how few there are. An attempt in which no gateway was asked is no try: its time was over, or its statement was lost.
 */
static const struct db_statement statement_take = {
	"notifier_take",
	"WITH clock AS MATERIALIZED (SELECT engine.now() AS now),"
	" due AS MATERIALIZED (SELECT communication_id, customer_id, attempts, send_by FROM notifier.dispatch"
	" WHERE state IN ('queued', 'waiting') AND channel = $1"
	" AND next_at <= (SELECT now FROM clock) AND send_by > (SELECT now FROM clock)"
	" AND coalesce(last_gateway, '') <> ALL ($5::text[])"
	" ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED),"
	" claims AS MATERIALIZED (SELECT * FROM communications.claim("
	"(SELECT array_agg(communication_id) FROM due WHERE attempts = 0))"
	" UNION ALL SELECT * FROM communications.claim_again("
	"(SELECT array_agg(communication_id) FROM due WHERE attempts > 0))),"
	" answers AS MATERIALIZED (SELECT due.*, (SELECT now FROM clock) AS at, c.communication_id IS NOT NULL AS is_answered,"
	" c.communication_id IS NOT NULL AND c.refusal IS NULL AS is_granted, c.refusal, c.address_sealed, c.subject_sealed,"
	" c.body_sealed, c.html_sealed, c.key_salt, c.fit_until FROM due LEFT JOIN claims c USING (communication_id)),"
	" opened AS (INSERT INTO notifier.attempt (communication_id, attempt, customer_id, owner, gateway, started_at)"
	" SELECT communication_id, attempts + 1, customer_id, $3, $4, at FROM answers WHERE is_granted),"
	" refused AS (INSERT INTO notifier.attempt (communication_id, attempt, customer_id, owner, gateway, started_at, outcome, "
	"provider_code, ended_at) SELECT communication_id, attempts + 1, customer_id, $3, 'notifier', at,"
	" CASE refusal WHEN 'not_now' THEN 'not_accepted' ELSE 'failed' END, refusal, at FROM answers WHERE is_answered AND NOT "
	"is_granted),"
	" moved AS (UPDATE notifier.dispatch d SET attempts = a.attempts + a.is_answered::integer,"
	" state = CASE WHEN a.is_granted THEN 'sending' ELSE 'done' END"
	" FROM answers a WHERE d.communication_id = a.communication_id"
	" AND d.communication_id = ANY (ARRAY(SELECT communication_id FROM due)))"
	" SELECT communication_id, attempts + 1, customer_id, send_by, address_sealed, subject_sealed, body_sealed, "
	"html_sealed, key_salt, is_granted, at, fit_until, attempts + 1 - (SELECT count(*) FROM notifier.attempt a"
	" WHERE a.communication_id = answers.communication_id AND a.provider_code IN ('not_now', 'not_started'))::integer"
	" FROM answers ORDER BY NOT is_granted",
};

/* What is due is due at this time: in a rehearsal no event need have told it. */
static void note_time(const struct db_result *taken)
{
	if (taken->rows > 0)
		bus_note_clock(db_instant(taken, 0, TIME_COLUMN));
}

int desk_take(struct desk *desk, const struct desk_wish *wish, struct db_result *ret_taken, int64_t *ret_looked, struct err *err)
{
	struct db_result taken = { 0 };

	db_params_reset(&desk->params);
	db_param_text(&desk->params, str_of(wish->channel));
	db_param_int64(&desk->params, wish->count_max);
	db_param_int32(&desk->params, desk->owner);
	db_param_text(&desk->params, str_of(wish->gateway));
	db_array_begin(&desk->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < wish->not_after_count; i++)
		db_array_text(&desk->params, str_of(wish->not_after[i]));
	if (db_run(desk->db, &statement_take, &desk->params, &taken, err) != 0)
		return -1;
	note_time(&taken);
	*ret_looked = taken.rows;
	while (taken.rows > 0 && !db_bool(&taken, taken.rows - 1, GRANTED_COLUMN)) /* the granted ones come first */
		taken.rows--;
	*ret_taken = taken;
	return 0;
}

struct taken desk_taken(const struct db_result *taken, int row)
{
	struct taken one = { .id = { .communication_id = db_uuid(taken, row, 0), .attempt = db_int32(taken, row, 1) },
			     .customer_id = db_uuid(taken, row, 2),
			     .send_by_ms = db_instant(taken, row, 3),
			     .address = db_str(taken, row, 4),
			     .subject = db_str(taken, row, 5),
			     .text = db_str(taken, row, 6),
			     .html = db_is_null(taken, row, 7) ? STR("") : db_str(taken, row, 7),
			     .salt = db_str(taken, row, 8),
			     .may_leave = db_bool(taken, row, GRANTED_COLUMN) };

	one.claimed_at_ms = db_instant(taken, row, TIME_COLUMN);
	if (!db_is_null(taken, row, FIT_COLUMN))
		one.fit_until_ms = db_instant(taken, row, FIT_COLUMN);
	one.tries = db_int32(taken, row, TRIES_COLUMN);
	if (db_result_columns(taken) > ASKS_COLUMN) {
		one.asks = db_int32(taken, row, ASKS_COLUMN);
		one.started_at_ms = db_instant(taken, row, ASKS_COLUMN + 1);
	}
	return one;
}

/* ---- letters ---- */

static const struct db_statement statement_letter = {
	"notifier_letter",
	"SELECT full_name_sealed, name_version, language, message_class, creditor_id, dated_on FROM communications.letter($1)",
};

int desk_letter(struct desk *desk, const struct uuid *communication_id, struct db_result *ret_row, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_uuid(&desk->params, communication_id);
	return db_run(desk->db, &statement_letter, &desk->params, ret_row, err);
}

struct letter_facts desk_letter_facts(const struct db_result *row)
{
	struct letter_facts facts = { .name = db_str(row, 0, 0),
				      .name_version = db_int64(row, 0, 1),
				      .language = db_str(row, 0, 2),
				      .message_class = db_str(row, 0, 3),
				      .dated_on = db_date(row, 0, 5) };

	if (!db_is_null(row, 0, 4))
		facts.creditor_id = db_uuid(row, 0, 4);
	return facts;
}

/* ---- ending ---- */

/*
 * `ended_at IS NULL` says the same as `outcome IS NULL`, and is not the condition of an index: PostgreSQL took attempt_once, which
 * has nearly every attempt there ever was, for a short way to the open ones.
 */
static const struct db_statement statement_end = {
	"notifier_end",
	"WITH ended AS MATERIALIZED (SELECT * FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::timestamptz[],"
	" $6::timestamptz[], $7::text[], $8::text[], $9::integer[])"
	" u(communication_id, attempt, outcome, ended_at, retry_at, provider_ref, provider_code, opted_out)),"
	" noted AS (UPDATE notifier.attempt a SET outcome = e.outcome, ended_at = e.ended_at,"
	" provider_ref = nullif(e.provider_ref, ''), provider_code = nullif(e.provider_code, ''),"
	" opted_out = e.opted_out = 1 FROM ended e WHERE a.communication_id = e.communication_id"
	" AND a.attempt = e.attempt AND a.owner = $1 AND a.ended_at IS NULL"
	" RETURNING e.communication_id, e.outcome, e.retry_at, e.provider_code, a.gateway), moved AS (UPDATE notifier.dispatch d"
	" SET state = CASE n.outcome WHEN 'not_accepted' THEN 'waiting' ELSE 'done' END,"
	" next_at = n.retry_at, last_gateway = CASE WHEN n.provider_code = 'not_started' THEN d.last_gateway"
	" WHEN n.outcome = 'not_accepted' THEN n.gateway END FROM noted n"
	" WHERE d.communication_id = n.communication_id AND d.state = 'sending') SELECT count(*) FROM noted",
};

static void add_ended_texts(struct db_params *params, const struct ended *ended, size_t count)
{
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(ended[i].provider_ref));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(ended[i].provider_code));
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, ended[i].has_opted_out);
}

int desk_end(struct desk *desk, const struct ended *ended, size_t count, int64_t *ret_noted, struct err *err)
{
	struct db_params *params = &desk->params;

	db_params_reset(params);
	db_param_int32(params, desk->owner);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &ended[i].id.communication_id);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, ended[i].id.attempt);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(dispatch_outcome_name(ended[i].outcome)));
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t i = 0; i < count; i++)
		db_array_instant(params, ended[i].ended_at_ms);
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t i = 0; i < count; i++)
		db_array_instant(params, ended[i].retry_at_ms);
	add_ended_texts(params, ended, count);
	return run_count(desk, &statement_end, ret_noted, err);
}

/* ---- doubts ---- */

static const struct db_statement statement_doubt = {
	"notifier_doubt",
	"UPDATE notifier.dispatch d SET state = 'asking', asks = d.asks + 1, next_at = u.ask_at"
	" FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[]) u(communication_id, attempt, ask_at)"
	" JOIN notifier.attempt a ON a.communication_id = u.communication_id AND a.attempt = u.attempt"
	" WHERE d.communication_id = u.communication_id AND d.state = 'sending' AND a.owner = $1 AND a.ended_at IS NULL",
};

int desk_doubt(struct desk *desk, const struct doubt_of *doubts, size_t count, struct err *err)
{
	struct db_params *params = &desk->params;

	db_params_reset(params);
	db_param_int32(params, desk->owner);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &doubts[i].id.communication_id);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, doubts[i].id.attempt);
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t i = 0; i < count; i++)
		db_array_instant(params, doubts[i].ask_at_ms);
	return db_run(desk->db, &statement_doubt, params, NULL, err);
}

/* The columns of statement_take, and two more. A message that the outbox has no more has no texts. */
static const struct db_statement statement_ask = {
	"notifier_ask",
	"WITH due AS MATERIALIZED (SELECT d.communication_id, d.attempts, d.customer_id, d.send_by, d.asks, a.started_at"
	" FROM notifier.dispatch d JOIN notifier.attempt a ON a.communication_id = d.communication_id AND a.attempt = d.attempts"
	" WHERE d.state = 'asking' AND d.next_at <= (SELECT engine.now()) AND a.owner = $3 AND a.gateway = $1 AND a.ended_at IS "
	"NULL"
	" ORDER BY d.next_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED),"
	" texts AS MATERIALIZED (SELECT * FROM communications.claimed((SELECT array_agg(communication_id) FROM due))),"
	" moved AS (UPDATE notifier.dispatch d SET state = 'sending' FROM due WHERE d.communication_id = due.communication_id)"
	" SELECT due.communication_id, due.attempts, due.customer_id, due.send_by, t.address_sealed, t.subject_sealed, "
	"t.body_sealed,"
	" t.html_sealed, t.key_salt, t.communication_id IS NOT NULL AND t.refusal IS NULL AND due.send_by > engine.now(), "
	"engine.now(), "
	"t.fit_until, due.attempts, due.asks, due.started_at"
	" FROM due LEFT JOIN texts t USING (communication_id)",
};

int desk_ask(struct desk *desk, const char *gateway, int64_t count_max, struct db_result *ret_taken, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_text(&desk->params, str_of(gateway));
	db_param_int64(&desk->params, count_max);
	db_param_int32(&desk->params, desk->owner);
	if (db_run(desk->db, &statement_ask, &desk->params, ret_taken, err) != 0)
		return -1;
	note_time(ret_taken);
	return 0;
}

static const struct db_statement statement_expire = {
	"notifier_expire",
	"WITH late AS MATERIALIZED (SELECT communication_id FROM notifier.dispatch WHERE state IN ('queued', 'waiting') AND "
	"send_by <= (SELECT engine.now())"
	" ORDER BY send_by LIMIT $2 FOR UPDATE SKIP LOCKED),"
	" moved AS (UPDATE notifier.dispatch d SET state = 'done', attempts = d.attempts + 1 FROM late"
	" WHERE d.communication_id = late.communication_id RETURNING d.communication_id, d.attempts, d.customer_id),"
	" noted AS (INSERT INTO notifier.attempt (communication_id, attempt, customer_id, owner, gateway, started_at, outcome, "
	"provider_code,"
	" ended_at) SELECT communication_id, attempts, customer_id, $1, 'notifier', engine.now(), 'failed', 'expired', "
	"engine.now() FROM moved "
	"RETURNING 1)"
	" SELECT count(*) FROM noted",
};

int desk_expire(struct desk *desk, int64_t *ret_expired, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_int32(&desk->params, desk->owner);
	db_param_int64(&desk->params, EXPIRED_MAX);
	return run_count(desk, &statement_expire, ret_expired, err);
}

/* ---- reporting ---- */

static const struct db_statement statement_unreported = {
	"notifier_unreported",
	"SELECT a.communication_id, a.attempt, a.customer_id, a.outcome, a.gateway, a.provider_ref, a.provider_code, a.ended_at,"
	" a.opted_out, d.channel, d.contact_point_id FROM notifier.attempt a JOIN notifier.dispatch d USING (communication_id)"
	" WHERE a.owner = $1 AND NOT a.reported AND a.outcome IS NOT NULL ORDER BY a.ended_at LIMIT $2",
};

int desk_unreported(struct desk *desk, int64_t count_max, struct db_result *ret_rows, struct err *err)
{
	db_params_reset(&desk->params);
	db_param_int32(&desk->params, desk->owner);
	db_param_int64(&desk->params, count_max);
	return db_run(desk->db, &statement_unreported, &desk->params, ret_rows, err);
}

struct unreported desk_unreported_row(const struct db_result *rows, int row)
{
	const struct uuid none = { .bytes = { 0 } };

	return (struct unreported){ .id = { .communication_id = db_uuid(rows, row, 0), .attempt = db_int32(rows, row, 1) },
				    .customer_id = db_uuid(rows, row, 2),
				    .outcome = db_str(rows, row, 3),
				    .gateway = db_str(rows, row, 4),
				    .provider_ref = db_str(rows, row, 5),
				    .provider_code = db_str(rows, row, 6),
				    .ended_at_ms = db_instant(rows, row, 7),
				    .has_opted_out = db_bool(rows, row, 8),
				    .channel = db_str(rows, row, 9),
				    .contact_point_id = db_is_null(rows, row, 10) ? none : db_uuid(rows, row, 10) };
}

static const struct db_statement statement_answered = {
	"notifier_answered",
	"SELECT n FROM communications.answered($1::uuid[]) n UNION ALL SELECT n FROM customers.answered($1::uuid[]) n",
};

int desk_answered(struct desk *desk, const struct uuid *commands, size_t count, bool *ret_is_answered, struct err *err)
{
	struct db_result result = { 0 };

	db_params_reset(&desk->params);
	db_array_begin(&desk->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		db_array_uuid(&desk->params, &commands[i]);
		ret_is_answered[i] = false;
	}
	if (db_run(desk->db, &statement_answered, &desk->params, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows; i++) {
		int32_t place = db_int32(&result, i, 0);

		MUST(place >= 1);
		MUST((size_t)place <= count);
		ret_is_answered[place - 1] = true;
	}
	db_result_release(&result);
	return 0;
}

static const struct db_statement statement_reported = {
	"notifier_reported",
	"UPDATE notifier.attempt a SET reported = true FROM unnest($1::uuid[], $2::integer[]) u(communication_id, attempt)"
	" WHERE a.communication_id = u.communication_id AND a.attempt = u.attempt",
};

int desk_reported(struct desk *desk, const struct attempt_id *ids, size_t count, struct err *err)
{
	db_params_reset(&desk->params);
	add_attempt_ids(&desk->params, ids, count);
	return db_run(desk->db, &statement_reported, &desk->params, NULL, err);
}
