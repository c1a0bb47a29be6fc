-- An admin makes a user and gives him an invitation, with which he sets a password himself: no admin ever knows one that is in use.

CREATE TABLE users.invitation (
	user_id    uuid PRIMARY KEY,                         -- one at a time
	hash       bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32), -- SHA-256 of 32 random bytes
	expires_at timestamptz NOT NULL
);
COMMENT ON TABLE users.invitation IS 'Each is good once, for a password; the gateway''s, as credentials are';

-- False: there is no such user, or he is disabled.
CREATE FUNCTION users.add_invitation(its_user uuid, new_hash bytea) RETURNS boolean LANGUAGE sql AS $$
	WITH added AS (INSERT INTO users.invitation (user_id, hash, expires_at)
		SELECT a.user_id, new_hash, now() + interval '7 days' FROM users.account a
		WHERE a.user_id = its_user AND a.kind = 'person' AND a.state = 'active'
		ON CONFLICT (user_id) DO UPDATE SET hash = new_hash, expires_at = excluded.expires_at RETURNING 1)
	SELECT count(*) = 1 FROM added;
$$;

-- Sets a password by an invitation, which is used up. A row for each session that ended by it, one at least; none: it is no good (any more).
CREATE FUNCTION users.accept_invitation(its_hash bytea, new_hash text) RETURNS TABLE (user_id uuid, session_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	DELETE FROM users.invitation i USING users.account a
		WHERE i.hash = its_hash AND i.expires_at > now() AND a.user_id = i.user_id AND a.state = 'active' RETURNING i.user_id INTO user_id;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	RETURN QUERY SELECT accept_invitation.user_id, s FROM users.set_password(accept_invitation.user_id, new_hash) s;
	IF NOT FOUND THEN
		RETURN NEXT;
	END IF;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON users.invitation TO dcs_api;
