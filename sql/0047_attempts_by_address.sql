-- Wrong passwords are counted by account and address together. They were counted by account alone, so five from anywhere locked the owner
-- out. Fifty from strangers' addresses within 15 minutes still close the account, but not to an address where its owner was right before.

CREATE TABLE users.password_attempt (
	user_id        uuid NOT NULL REFERENCES users.credential ON DELETE CASCADE,
	address        bytea NOT NULL CHECK (octet_length(address) = 16), -- keyed hash of an address, or of the /64 of an IPv6 one
	failures       integer NOT NULL DEFAULT 0,                        -- since failures_since
	failures_since timestamptz,
	locked_until   timestamptz,
	right_at       timestamptz,                                       -- when the password was right from here
	seen_at        timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, address)
) WITH (fillfactor = 80);
CREATE INDEX password_attempt_age ON users.password_attempt (seen_at);
COMMENT ON TABLE users.password_attempt IS 'Passwords that were tried, by account and address; kept for 90 days';
COMMENT ON COLUMN users.password_attempt.right_at IS 'The owner is known at this address: strangers cannot lock him out here';
COMMENT ON COLUMN users.credential.failures IS 'Wrong passwords from addresses at which the owner is not known, since failures_since';
COMMENT ON COLUMN users.credential.locked_until IS 'The account is closed to addresses at which its owner is not known';

-- As in 0009, for an address. The credential's row is locked first, so of many guesses at once five from one address are told the truth.
DROP FUNCTION users.finish_login(uuid, boolean, uuid, bytea);
DROP FUNCTION users.finish_password_change(uuid, boolean, text);
DROP FUNCTION users.judge_password(uuid, boolean);
CREATE FUNCTION users.judge_password(its_user uuid, fits boolean, its_address bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	its      users.credential;
	here     users.password_attempt;
	is_known boolean;
	span     CONSTANT interval := '15 minutes';
BEGIN
	SELECT c.* INTO its FROM users.credential c WHERE c.user_id = its_user FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'unknown';
	END IF;
	SELECT a.* INTO here FROM users.password_attempt a WHERE a.user_id = its_user AND a.address = its_address;
	is_known := coalesce(here.right_at > now() - interval '90 days', false);
	IF here.locked_until > now() OR (NOT is_known AND its.locked_until > now()) THEN
		RETURN 'locked';
	END IF;
	IF fits THEN
		INSERT INTO users.password_attempt (user_id, address, right_at) VALUES (its_user, its_address, now())
			ON CONFLICT (user_id, address) DO UPDATE SET failures = 0, failures_since = NULL, locked_until = NULL, right_at = now(), seen_at = now();
		DELETE FROM users.password_attempt d USING (SELECT a.user_id, a.address FROM users.password_attempt a
			WHERE a.seen_at < now() - interval '90 days' ORDER BY a.seen_at LIMIT 10 FOR UPDATE SKIP LOCKED) old
			WHERE d.user_id = old.user_id AND d.address = old.address;
		RETURN 'right';
	END IF;
	PERFORM set_config('synchronous_commit', 'off', true);
	here.failures := CASE WHEN here.failures_since > now() - span THEN here.failures + 1 ELSE 1 END;
	INSERT INTO users.password_attempt AS a (user_id, address, failures, failures_since) VALUES (its_user, its_address, 1, now())
		ON CONFLICT (user_id, address) DO UPDATE SET failures = here.failures, seen_at = now(),
			failures_since = CASE WHEN here.failures = 1 THEN now() ELSE a.failures_since END,
			locked_until = CASE WHEN here.failures >= 5 THEN now() + span END;
	IF NOT is_known THEN
		its.failures := CASE WHEN its.failures_since > now() - span THEN its.failures + 1 ELSE 1 END;
		UPDATE users.credential c SET failures = its.failures,
			failures_since = CASE WHEN its.failures = 1 THEN now() ELSE c.failures_since END,
			locked_until = CASE WHEN its.failures >= 50 THEN now() + span END WHERE c.user_id = its_user;
	END IF;
	RETURN 'wrong_password';
END $$;

-- Ends a login. outcome: succeeded (a session has begun, first_hash is its refresh token's), disabled, no_roles, or as judge_password.
-- Takes a few dead sessions away on the way.
CREATE FUNCTION users.finish_login(its_user uuid, fits boolean, its_address bytea, new_session uuid, first_hash bytea)
	RETURNS TABLE (outcome text, roles integer, customer_id uuid, seconds integer) LANGUAGE plpgsql AS $$
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
		INSERT INTO users.session (session_id, user_id, expires_at) VALUES (new_session, its_user, now() + interval '30 days')
			RETURNING * INTO its_session;
		seconds := users.refresh_seconds(its_session);
		INSERT INTO users.refresh_token (hash, session_id, expires_at)
			VALUES (first_hash, new_session, now() + make_interval(secs => seconds));
	END IF;
	RETURN QUERY SELECT outcome, its.roles, its.customer_id, seconds;
END $$;

-- Sets a new password if the old one was right. outcome: as judge_password; a row for each session that ended, one at least.
CREATE FUNCTION users.finish_password_change(its_user uuid, fits boolean, its_address bytea, new_hash text)
	RETURNS TABLE (outcome text, session_id uuid) LANGUAGE plpgsql AS $$
BEGIN
	outcome := users.judge_password(its_user, fits, its_address);
	IF outcome = 'right' THEN
		RETURN QUERY SELECT outcome, s FROM users.set_password(its_user, new_hash) s;
	END IF;
	IF NOT FOUND OR outcome <> 'right' THEN
		RETURN NEXT;
	END IF;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON users.password_attempt TO dcs_api;
