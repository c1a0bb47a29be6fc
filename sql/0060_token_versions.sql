-- Tokens can be ended before they expire: each says the account's token_version of when it was signed (claim `ver`), and is nobody's word any more
-- when the account has a higher one. A version, and no time: no clock decides which token was before the end.

ALTER TABLE users.account ADD COLUMN token_version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN users.account.token_version IS 'Tokens that say less were ended: how often EndTokens, DisableUser ... have ended them';

-- As the rules would have counted: UserDisabled, in both versions.
UPDATE users.account a SET token_version = e.times FROM
	(SELECT subject, count(*) AS times FROM users.event_log WHERE schema_id = 1323 OR schema_id = 1330 GROUP BY subject) e WHERE e.subject = a.user_id;

CREATE OR REPLACE VIEW users.public_user AS
	SELECT user_id, CASE state WHEN 'active' THEN roles ELSE 0 END AS roles, customer_id, scope, token_version FROM users.account;

-- A session goes with the tokens of its time: who ends those ends it.
ALTER TABLE users.session ADD COLUMN token_version bigint NOT NULL DEFAULT 0;
UPDATE users.session s SET token_version = a.token_version FROM users.account a WHERE a.user_id = s.user_id AND a.token_version > 0;

-- What waits was signed by a token too.
CREATE FUNCTION dcs_add_token_version(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %I.parked ADD COLUMN token_version bigint NOT NULL DEFAULT 0', module);
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'parked' LOOP
		PERFORM dcs_add_token_version(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_token_version;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_token_version(module);
	PERFORM dcs_add_token_version(module);
END $$;

-- As in 0047, with the version for the token.
DROP FUNCTION users.finish_login(uuid, boolean, bytea, uuid, bytea);
CREATE FUNCTION users.finish_login(its_user uuid, fits boolean, its_address bytea, new_session uuid, first_hash bytea)
	RETURNS TABLE (outcome text, roles integer, customer_id uuid, seconds integer, token_version bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	its         users.account;
	its_session users.session;
BEGIN
	outcome := users.judge_password(its_user, fits, its_address);
	SELECT a.* INTO its FROM users.account a WHERE a.user_id = its_user;
	IF outcome = 'right' THEN
		outcome := CASE WHEN its.user_id IS NULL THEN 'unknown' WHEN its.state <> 'active' THEN 'disabled'
			WHEN its.roles = 0 THEN 'no_roles' ELSE 'succeeded' END;
	END IF;
	IF outcome = 'succeeded' THEN
		DELETE FROM users.session WHERE session_id IN
			(SELECT session_id FROM users.session WHERE expires_at < now() ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
		INSERT INTO users.session (session_id, user_id, expires_at, token_version)
			VALUES (new_session, its_user, now() + interval '30 days', its.token_version) RETURNING * INTO its_session;
		seconds := users.refresh_seconds(its_session);
		INSERT INTO users.refresh_token (hash, session_id, expires_at)
			VALUES (first_hash, new_session, now() + make_interval(secs => seconds));
	END IF;
	RETURN QUERY SELECT outcome, its.roles, its.customer_id, seconds, its.token_version;
END $$;

-- As in 0009; `disabled` also when the session's tokens were ended.
DROP FUNCTION users.rotate_refresh(bytea, bytea);
CREATE FUNCTION users.rotate_refresh(used_hash bytea, next_hash bytea) RETURNS TABLE (outcome text, session_id uuid, user_id uuid, roles integer,
	customer_id uuid, seconds integer, token_version bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	its_session users.session;
	its_token   users.refresh_token;
	rights      users.public_user;
BEGIN
	SELECT t.* INTO its_token FROM users.refresh_token t WHERE t.hash = used_hash;
	SELECT s.* INTO its_session FROM users.session s WHERE s.session_id = its_token.session_id FOR UPDATE;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::uuid, 0, NULL::uuid, 0, 0::bigint;
		RETURN;
	END IF;
	-- Read again: who held the lock before us may have used it.
	SELECT t.* INTO its_token FROM users.refresh_token t WHERE t.hash = used_hash;
	SELECT u.* INTO rights FROM users.public_user u WHERE u.user_id = its_session.user_id;
	IF its_session.ended_at IS NOT NULL THEN
		outcome := 'ended';
	ELSIF its_token.used_at IS NOT NULL THEN
		outcome := 'reuse';
	ELSIF its_token.expires_at < now() OR its_session.expires_at < now() THEN
		outcome := 'expired';
	ELSIF coalesce(rights.roles, 0) = 0 OR its_session.token_version < rights.token_version THEN
		outcome := 'disabled';
	ELSE
		outcome := 'rotated';
		seconds := users.refresh_seconds(its_session);
		UPDATE users.refresh_token SET used_at = now() WHERE hash = used_hash;
		INSERT INTO users.refresh_token (hash, session_id, expires_at)
			VALUES (next_hash, its_session.session_id, now() + make_interval(secs => seconds));
	END IF;
	IF outcome IN ('reuse', 'disabled') THEN
		UPDATE users.session s SET ended_at = now(), end_reason = outcome WHERE s.session_id = its_session.session_id;
	END IF;
	RETURN QUERY SELECT outcome, its_session.session_id, its_session.user_id, coalesce(rights.roles, 0), rights.customer_id, seconds,
		rights.token_version;
END $$;
