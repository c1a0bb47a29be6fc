-- What people write to us.

CREATE TABLE communications.inbound (
	inbound_id       uuid PRIMARY KEY,
	customer_id      uuid NOT NULL,
	contact_point_id uuid,                    -- the address that it came from; null: not known
	channel          text NOT NULL,
	intent           text NOT NULL CHECK (intent IN ('stop', 'help', 'other')),
	keyword          text,
	provider         text NOT NULL,
	provider_ref     text,
	received_at      timestamptz NOT NULL,
	created_at       timestamptz NOT NULL,
	text_sealed      bytea                    -- null: the person is erased
);
COMMENT ON TABLE communications.inbound IS 'Append-only but for an erasure: what a customer wrote';
CREATE INDEX inbound_customer ON communications.inbound (customer_id, created_at, inbound_id);

CREATE TABLE communications.unknown_inbound (
	inbound_id    uuid PRIMARY KEY,
	channel       text NOT NULL,
	intent        text NOT NULL CHECK (intent IN ('stop', 'help', 'other')),
	keyword       text,
	provider      text NOT NULL,
	provider_ref  text,
	received_at   timestamptz NOT NULL,
	created_at    timestamptz NOT NULL,
	key_salt      bytea NOT NULL,
	sender_sealed bytea NOT NULL,
	text_sealed   bytea NOT NULL
);
COMMENT ON TABLE communications.unknown_inbound IS 'Append-only: what somebody wrote from an address that no customer has; for an operator to look at';
COMMENT ON COLUMN communications.unknown_inbound.key_salt IS 'Of this row alone: without it sender and text cannot be opened';
CREATE INDEX unknown_inbound_created ON communications.unknown_inbound (created_at, inbound_id);

GRANT SELECT, INSERT ON communications.inbound, communications.unknown_inbound TO dcs_communications;

-- As in 0211, and what the person wrote.
CREATE OR REPLACE FUNCTION communications.forget(ids uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(communications.erasure_lock());
	WITH theirs AS MATERIALIZED (
		SELECT o.communication_id FROM communications.communication c
		JOIN communications.outbox o ON o.communication_id = c.communication_id
		WHERE c.customer_id = ANY (ids) ORDER BY o.communication_id FOR UPDATE OF o
	)
	UPDATE communications.outbox o SET address_sealed = '', subject_sealed = '', body_sealed = '', parameters_sealed = NULL
	FROM theirs t WHERE o.communication_id = t.communication_id;
	UPDATE communications.inbound SET text_sealed = NULL WHERE customer_id = ANY (ids);
END $$;

CREATE VIEW communications.api_inbound AS
	SELECT inbound_id, customer_id, contact_point_id, channel, intent, keyword, provider, provider_ref, received_at, created_at, text_sealed
	FROM communications.inbound;
CREATE VIEW communications.api_unknown_inbound AS
	SELECT inbound_id, channel, intent, keyword, provider, provider_ref, received_at, created_at, key_salt, sender_sealed, text_sealed
	FROM communications.unknown_inbound;
GRANT SELECT ON communications.api_inbound, communications.api_unknown_inbound TO dcs_api;
