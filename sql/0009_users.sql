-- The users module: who may log in, and what he may do. Passwords and sessions are the gateway's: they never pass through Kafka, and the
-- worker cannot read them.

SELECT dcs_create_module('users');

CREATE TABLE users.account (
	user_id       uuid PRIMARY KEY,
	login         text COLLATE "C" NOT NULL UNIQUE,
	state         text NOT NULL CHECK (state IN ('active', 'disabled')),
	roles         integer NOT NULL,
	customer_id   uuid,
	version       bigint NOT NULL CHECK (version > 0),
	registered_at timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE users.account IS 'Who may log in; written by the worker only';
COMMENT ON COLUMN users.account.roles IS 'Bits of lib/model/command.h: 1 admin, 2 compliance, 4 supervisor, 8 agent, 16 creditor, 128 consumer, 256 auditor, 512 reporting';
COMMENT ON COLUMN users.account.customer_id IS 'Whose portal user it is: with the role consumer, and only then';
COMMENT ON COLUMN users.account.version IS 'Events that changed the user so far: 1, 2, 3 ...';

-- The names of roles, in the order of their bits (lib/model/command.h).
CREATE FUNCTION users.role_names(roles integer) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(array_agg(r.name ORDER BY r.bit), '{}') FROM (VALUES (1, 'admin'), (2, 'compliance'), (4, 'supervisor'), (8, 'agent'),
		(16, 'creditor'), (32, 'system'), (64, 'notifier'), (128, 'consumer'), (256, 'auditor'), (512, 'reporting')) r (bit, name)
	WHERE roles & r.bit > 0;
$$;

-- The rights of users as the workers check them with every command. A view runs with its owner's rights: the grant on it is the whole grant.
CREATE VIEW users.public_user AS
	SELECT user_id, CASE state WHEN 'active' THEN roles ELSE 0 END AS roles, customer_id FROM users.account;
COMMENT ON VIEW users.public_user IS 'What a user may do now; a disabled one nothing';

-- ---- the gateway's: what a password or a token in hand is good for ----

CREATE TABLE users.credential (
	user_id        uuid PRIMARY KEY,                 -- may be there before its account: the command is on its way
	password_hash  text NOT NULL,                    -- argon2id, as libsodium writes it: with its salt and cost
	set_at         timestamptz NOT NULL DEFAULT now(),
	failures       integer NOT NULL DEFAULT 0,       -- since failures_since
	failures_since timestamptz,
	locked_until   timestamptz
) WITH (fillfactor = 80);

CREATE TABLE users.session (
	session_id uuid PRIMARY KEY,                     -- the family of its refresh tokens
	user_id    uuid NOT NULL,
	started_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	ended_at   timestamptz,
	end_reason text CHECK (end_reason IN ('logout', 'reuse', 'disabled', 'password'))
) WITH (fillfactor = 80);
CREATE INDEX session_expiry ON users.session (expires_at);
CREATE INDEX session_of_user ON users.session (user_id) WHERE ended_at IS NULL;
COMMENT ON TABLE users.session IS 'From a login until its refresh tokens end';

CREATE TABLE users.refresh_token (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256 of the token: 32 random bytes need no salt
	session_id uuid NOT NULL REFERENCES users.session ON DELETE CASCADE,
	expires_at timestamptz NOT NULL,
	used_at    timestamptz
) WITH (fillfactor = 80);
CREATE INDEX refresh_token_session ON users.refresh_token (session_id);

-- A right or wrong password, judged: right, wrong_password, locked (whatever it was), unknown (no credential). The credential's row is locked, so
-- of many guesses at once five are told the truth and no more: the fifth wrong one within 15 minutes locks the account for 15 minutes.
-- A count that a crash takes back is not worth waiting for the disk, and to wait would tell a known login from an unknown one.
CREATE FUNCTION users.judge_password(its_user uuid, fits boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	its users.credential;
BEGIN
	SELECT c.* INTO its FROM users.credential c WHERE c.user_id = its_user FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'unknown';
	ELSIF its.locked_until > now() THEN
		RETURN 'locked';
	ELSIF fits THEN
		UPDATE users.credential c SET failures = 0, failures_since = NULL, locked_until = NULL
			WHERE c.user_id = its_user AND c.failures > 0;
		RETURN 'right';
	END IF;
	PERFORM set_config('synchronous_commit', 'off', true);
	IF its.failures_since > now() - interval '15 minutes' THEN
		its.failures := its.failures + 1;
	ELSE
		its.failures := 1;
		its.failures_since := now();
	END IF;
	UPDATE users.credential c SET failures = its.failures, failures_since = its.failures_since,
		locked_until = CASE WHEN its.failures >= 5 THEN now() + interval '15 minutes' END WHERE c.user_id = its_user;
	RETURN 'wrong_password';
END $$;

-- The seconds that are left for a refresh token made now: 7 days, but no longer than its session.
CREATE FUNCTION users.refresh_seconds(its_session users.session) RETURNS integer LANGUAGE sql STABLE AS $$
	SELECT floor(extract(epoch FROM least(now() + interval '7 days', its_session.expires_at) - now()))::integer;
$$;

-- Ends a login. outcome: succeeded (a session has begun, first_hash is its refresh token's), disabled, no_roles, or as judge_password.
-- Takes a few dead sessions away on the way.
CREATE FUNCTION users.finish_login(its_user uuid, fits boolean, new_session uuid, first_hash bytea)
	RETURNS TABLE (outcome text, roles integer, customer_id uuid, seconds integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	its         users.account;
	its_session users.session;
BEGIN
	outcome := users.judge_password(its_user, fits);
	SELECT a.* INTO its FROM users.account a WHERE a.user_id = its_user;
	IF outcome = 'right' THEN
		outcome := CASE WHEN its.user_id IS NULL THEN 'unknown' WHEN its.state <> 'active' THEN 'disabled'
			WHEN its.roles = 0 THEN 'no_roles' ELSE 'succeeded' END;
	END IF;
	IF outcome = 'succeeded' THEN
		DELETE FROM users.session WHERE session_id IN
			(SELECT session_id FROM users.session WHERE expires_at < now() ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
		INSERT INTO users.session (session_id, user_id, expires_at) VALUES (new_session, its_user, now() + interval '30 days')
			RETURNING * INTO its_session;
		seconds := users.refresh_seconds(its_session);
		INSERT INTO users.refresh_token (hash, session_id, expires_at)
			VALUES (first_hash, new_session, now() + make_interval(secs => seconds));
	END IF;
	RETURN QUERY SELECT outcome, its.roles, its.customer_id, seconds;
END $$;

-- Takes a refresh token and gives the next one of its session. Its session's row is locked first, so of many uses of one token one wins; the
-- others find it used: a used token in somebody's hands is a stolen one, and ends the session for whoever holds the next (RFC 9700, 4.14.2).
-- outcome: rotated, unknown, expired, ended, reuse, disabled; of the last two this call ended the session.
CREATE FUNCTION users.rotate_refresh(used_hash bytea, next_hash bytea)
	RETURNS TABLE (outcome text, session_id uuid, user_id uuid, roles integer, customer_id uuid, seconds integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	its_session users.session;
	its_token   users.refresh_token;
	rights      users.public_user;
BEGIN
	SELECT t.* INTO its_token FROM users.refresh_token t WHERE t.hash = used_hash;
	SELECT s.* INTO its_session FROM users.session s WHERE s.session_id = its_token.session_id FOR UPDATE;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::uuid, 0, NULL::uuid, 0;
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
	ELSIF coalesce(rights.roles, 0) = 0 THEN
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
	RETURN QUERY SELECT outcome, its_session.session_id, its_session.user_id, coalesce(rights.roles, 0), rights.customer_id, seconds;
END $$;

-- The session of a refresh token is over. No row: there is no such session, or it was over already.
CREATE FUNCTION users.end_session(its_hash bytea) RETURNS TABLE (session_id uuid, user_id uuid) LANGUAGE sql AS $$
	UPDATE users.session s SET ended_at = now(), end_reason = 'logout' FROM users.refresh_token t
	WHERE t.hash = its_hash AND s.session_id = t.session_id AND s.ended_at IS NULL
	RETURNING s.session_id, s.user_id;
$$;

-- Sets a password. Every session ends: whoever had the old one is out. A row for each that ended.
CREATE FUNCTION users.set_password(its_user uuid, new_hash text) RETURNS SETOF uuid LANGUAGE sql AS $$
	INSERT INTO users.credential (user_id, password_hash) VALUES (its_user, new_hash)
		ON CONFLICT (user_id) DO UPDATE SET password_hash = new_hash, set_at = now(), failures = 0, failures_since = NULL, locked_until = NULL;
	UPDATE users.session s SET ended_at = now(), end_reason = 'password'
		WHERE s.user_id = its_user AND s.ended_at IS NULL AND s.expires_at > now() RETURNING s.session_id;
$$;

-- Sets a new password if the old one was right. outcome: as judge_password; a row for each session that ended, one at least.
CREATE FUNCTION users.finish_password_change(its_user uuid, fits boolean, new_hash text)
	RETURNS TABLE (outcome text, session_id uuid) LANGUAGE plpgsql AS $$
BEGIN
	outcome := users.judge_password(its_user, fits);
	IF outcome = 'right' THEN
		RETURN QUERY SELECT outcome, s FROM users.set_password(its_user, new_hash) s;
	END IF;
	IF NOT FOUND OR outcome <> 'right' THEN
		RETURN NEXT;
	END IF;
END $$;

-- ---- who may what ----

SELECT dcs_grant_module('users');
GRANT SELECT, INSERT, UPDATE ON users.account TO dcs_users;

-- Every worker checks rights, those of later modules too; ids and bits are no secret among programs.
GRANT USAGE ON SCHEMA users TO PUBLIC;
GRANT SELECT ON users.public_user TO PUBLIC;
SELECT dcs_create_role('dcs_api');
GRANT SELECT ON users.account TO dcs_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON users.credential, users.session, users.refresh_token TO dcs_api;
