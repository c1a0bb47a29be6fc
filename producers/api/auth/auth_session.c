/* Sessions: from the login to the end, with refresh tokens that are valid once. */

#include <inttypes.h>

#include "base/base64url.h"
#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "model/command.h"
#include "producers/api/auth/auth_inside.h"
#include "schemas/users.h"

#define ANSWER_SIZE_MAX 16384
#define USERS_TOPIC     "dcs.users.commands.v1"

void auth_hash_secret(uint8_t ret_hash[SHA256_SIZE], const uint8_t secret[REFRESH_TOKEN_SIZE])
{
	sha256_pair(ret_hash, STR(""), (struct str){ .data = (const char *)secret, .size = REFRESH_TOKEN_SIZE });
}

void session_make_token(struct auth_job *job)
{
	random_bytes(job->token, sizeof(job->token));
	auth_hash_secret(job->token_hash, job->token);
}

/* ---- the answer ---- */

static void write_user(struct buf *buf, const struct auth_job *job)
{
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &job->user_id);
	buf_add_format(buf, "{\"id\":\"%s\",\"roles\":", id);
	roles_write(buf, job->roles);
	if (!uuid_is_none(&job->customer_id)) {
		uuid_format(id, &job->customer_id);
		buf_add_format(buf, ",\"customerId\":\"%s\"", id);
	}
	buf_add_u8(buf, '}');
}

int auth_sign_access(const struct auth_job *job, int life_s, char token[TOKEN_SIZE_MAX], struct err *err)
{
	int64_t now_ms = bus_now_ms();
	struct token_claims claims = { .roles = job->roles,
				       .version = job->token_version,
				       .issued_at_ms = now_ms,
				       .expires_at_ms = now_ms + life_s * INT64_C(1000) };

	_Static_assert(sizeof(claims.subject) > UUID_TEXT_SIZE, "an id is a subject");
	uuid_format(claims.subject, &job->user_id);
	return token_sign(job->auth->conf.keys, &claims, token, TOKEN_SIZE_MAX, err);
}

void session_answer(struct auth_job *job)
{
	char access[TOKEN_SIZE_MAX], refresh[BASE64URL_SIZE(REFRESH_TOKEN_SIZE) + 1];
	struct err failure = ERR_INIT;
	struct buf buf;

	if (auth_sign_access(job, AUTH_ACCESS_S, access, &failure) != 0) {
		log_error("no access token: %s", failure.text);
		auth_refuse(job, 503, "unavailable", "no token can be signed at the moment");
		return;
	}
	rights_forget(job->auth->conf.rights, &job->user_id); /* the new token may have roles that the cached rights lack */
	base64url_encode(refresh, job->token, sizeof(job->token));
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf,
		       "{\"accessToken\":\"%s\",\"tokenType\":\"Bearer\",\"expiresIn\":%d,\"refreshToken\":\"%s\","
		       "\"refreshExpiresIn\":%" PRId32 ",\"user\":",
		       access, AUTH_ACCESS_S, refresh, job->refresh_seconds);
	write_user(&buf, job);
	buf_add_text(&buf, "}\n");
	MUST(!buf.overflow);
	auth_answer(job, 200, buf_str(&buf));
	wipe(buf.data, buf.size);
	buf_release(&buf);
	wipe(access, sizeof(access));
	wipe(refresh, sizeof(refresh));
}

/* ---- the record ---- */

void session_record_end(struct auth *auth, const struct uuid *user_id, const struct uuid *session_id, const char *reason)
{
	const struct record_session_end body = { .user_id = *user_id, .session_id = *session_id, .reason = str_of(reason) };
	const struct outbound_command command = {
		.topic = USERS_TOPIC, .type = &record_session_end_type, .body = &body, .id = uuid_new(), .key = *user_id
	};
	struct err failure = ERR_INIT;

	if (outbound_publish(auth->conf.outbound, &command, NULL, NULL, &failure) != 0)
		log_warn("the end of a session is not in the record: %s", failure.text);
}

/* ---- POST /auth/refresh ---- */

static void refuse_refresh(struct auth_job *job)
{
	if (job->outcome == AUTH_REUSE)
		log_warn("a used refresh token was shown again: its session is over");
	if (job->outcome == AUTH_REUSE || job->outcome == AUTH_DISABLED)
		session_record_end(job->auth, &job->user_id, &job->session_id, auth_outcome_name(job->outcome));
	auth_refuse(job, 401, "invalid_refresh_token", "the refresh token is not good any more; log in");
}

static void refresh_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "refresh", auth_outcome_name(job->outcome));
	if (job->outcome == AUTH_ROTATED)
		session_answer(job);
	else
		refuse_refresh(job);
}

/* A job with the hash of the call's token; NULL: the call was answered. *ret_is_token: it has the form of ours. */
static struct auth_job *take_refresh_job(struct auth *auth, struct call *call, bool *ret_is_token)
{
	uint8_t token[BASE64URL_SIZE(REFRESH_TOKEN_SIZE)];
	struct refresh_body body = { .refresh_token = STR("") };
	struct auth_job *job = NULL;
	size_t size;

	if (!auth_take_body(auth, call, &refresh_record, &body))
		return NULL;
	*ret_is_token = body.refresh_token.size == sizeof(token) && base64url_decode(token, &size, body.refresh_token);
	job = auth_take_job(auth, call);
	if (job != NULL && *ret_is_token)
		auth_hash_secret(job->used_hash, token);
	wipe(token, sizeof(token));
	auth_forget_body(auth);
	return job;
}

void refresh_session(struct api *api, struct call *call)
{
	bool is_token;
	struct auth_job *job = auth_knows_time(call) ? take_refresh_job(api->auth, call, &is_token) : NULL;

	if (job == NULL)
		return;
	job->outcome = AUTH_UNKNOWN;
	if (!is_token) {
		refresh_is_done(job);
		return;
	}
	job->outcome = AUTH_AWAY;
	session_make_token(job);
	auth_submit(job, api->auth->sessions, work_rotate, refresh_is_done);
}

/* ---- POST /auth/logout ---- */

/* The token is invalid now, whether or not it was valid before: the logout has succeeded. */
static void end_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "logout", auth_outcome_name(job->outcome));
	if (job->outcome == AUTH_ENDED)
		session_record_end(job->auth, &job->user_id, &job->session_id, "logout");
	auth_answer(job, 204, STR(""));
}

void log_out(struct api *api, struct call *call)
{
	bool is_token;
	struct auth_job *job = take_refresh_job(api->auth, call, &is_token);

	if (job == NULL)
		return;
	if (!is_token) {
		job->outcome = AUTH_UNKNOWN;
		end_is_done(job);
		return;
	}
	auth_submit(job, api->auth->sessions, work_end_session, end_is_done);
}

/* ---- GET /auth/me ---- */

static void write_words(struct buf *buf, const char *name, struct str words)
{
	const char *comma = "";

	buf_add_format(buf, ",\"%s\":[", name);
	while (words.size > 0) {
		buf_add_text(buf, comma);
		json_write_string(buf, str_cut(words, ',', &words));
		comma = ",";
	}
	buf_add_u8(buf, ']');
}

/* A service that signs its own tokens has no account: the token is the only source. */
static void write_service(struct buf *buf, const struct principal *principal)
{
	char at[32];
	struct buf scope;
	struct str creditors, portfolios, sources;

	buf_init(&scope, SCOPE_TEXT_SIZE_MAX);
	scope_write(&principal->scope, &scope);
	creditors = str_cut(str_cut(buf_str(&scope), ';', &sources), '/', &portfolios);
	buf_add_text(buf, "{\"service\":");
	json_write_string(buf, str_of(principal->subject));
	buf_add_text(buf, ",\"roles\":");
	roles_write(buf, principal->roles);
	write_words(buf, "creditors", creditors);
	write_words(buf, "portfolios", portfolios);
	write_words(buf, "sources", sources);
	instant_format(at, principal->expires_at_ms);
	buf_add_format(buf, ",\"tokenExpiresAt\":\"%s\"}\n", at);
	buf_release(&scope);
}

void tell_me(struct api *api, struct call *call)
{
	const struct principal *principal = call_principal(call);
	struct buf buf;

	if (principal->is_user) {
		reads_answer_own(api->reads, call, &account_resource, &principal->user_id);
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	write_service(&buf, principal);
	MUST(!buf.overflow);
	call_answer(call, 200, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

/* ---- GET /.well-known/jwks.json ---- */

void tell_key_set(struct api *api, struct call *call)
{
	struct buf buf;

	buf_init(&buf, ANSWER_SIZE_MAX);
	token_keys_write_set(api->keys, &buf);
	call_set_header(call, "Cache-Control", STR("public, max-age=3600"));
	call_answer(call, 200, "application/jwk-set+json", buf_str(&buf));
	buf_release(&buf);
}
