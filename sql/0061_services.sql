-- Services: programs that an admin makes, which get tokens by a client id and a secret (POST /auth/token). They are accounts beside users: the
-- same roles and bindings, read by the same view.

ALTER TABLE users.account ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));
ALTER TABLE users.account DROP CONSTRAINT account_state_check;
ALTER TABLE users.account ADD CONSTRAINT account_state_check CHECK (state IN ('active', 'disabled', 'revoked'));
COMMENT ON TABLE users.account IS 'Who is let in: people with a password, services with a secret; written by the worker only';
COMMENT ON COLUMN users.account.login IS 'Of a service its name';

CREATE VIEW users.api_user AS
	SELECT user_id, login, state, roles, customer_id, version, registered_at, scope FROM users.account WHERE kind = 'person';
CREATE VIEW users.api_service AS
	SELECT user_id AS service_id, login AS name, state, roles, version, registered_at, scope FROM users.account WHERE kind = 'service';
GRANT SELECT ON users.api_user, users.api_service TO dcs_api;

-- The gateway's, as passwords are. 32 random bytes cannot be guessed, so a plain SHA-256 hides them as well as a slow hash would, and a token costs
-- no argon2.
CREATE TABLE users.client_secret (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	service_id uuid NOT NULL,
	made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	ends_at    timestamptz                           -- null: until another one is made
);
CREATE INDEX client_secret_service ON users.client_secret (service_id);
COMMENT ON TABLE users.client_secret IS 'Secrets of services: the newest, and the one before it for a day';

-- A secret more. The one before is good for another day, so that a service can be given the new one while it works; ends_old: it is over now. False:
-- there is no such service that may have one.
CREATE FUNCTION users.add_client_secret(its_service uuid, new_hash bytea, ends_old boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended(its_service::text, 0));
	IF NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = its_service AND a.kind = 'service' AND a.state = 'active') THEN
		RETURN false;
	END IF;
	DELETE FROM users.client_secret s WHERE s.service_id = its_service AND (ends_old OR s.ends_at IS NOT NULL);
	UPDATE users.client_secret s SET ends_at = now() + interval '1 day' WHERE s.service_id = its_service;
	INSERT INTO users.client_secret (hash, service_id) VALUES (new_hash, its_service);
	RETURN true;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON users.client_secret TO dcs_api;
