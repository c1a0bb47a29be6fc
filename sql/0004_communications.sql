-- The communications module: what may be written to whom, what was written, and what became of it.
-- Rendered texts and addresses are sealed (lib/crypto) with the customer's id beside them.

SELECT dcs_create_module('communications');

-- ---- templates ----

CREATE TABLE communications.template (
	template_id uuid PRIMARY KEY,
	name        text COLLATE "C" NOT NULL,
	channel     text COLLATE "C" NOT NULL CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	language    text COLLATE "C" NOT NULL,
	version     integer NOT NULL CHECK (version > 0), -- the newest published
	UNIQUE (name, channel, language)
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.template IS 'A text''s name; the texts themselves are template_version';

CREATE TABLE communications.template_version (
	template_id   uuid NOT NULL,
	version       integer NOT NULL,
	message_class text NOT NULL,
	subject       text NOT NULL,
	body          text NOT NULL,
	published_at  timestamptz NOT NULL,
	PRIMARY KEY (template_id, version)
);
COMMENT ON TABLE communications.template_version IS 'Append-only: a published version never changes';

-- ---- consent ----

CREATE TABLE communications.consent (
	consent_id   uuid PRIMARY KEY,
	customer_id  uuid NOT NULL,
	channel      text NOT NULL,
	purpose      text NOT NULL,
	basis        text NOT NULL,
	evidence_ref text NOT NULL,
	obtained_at  timestamptz NOT NULL
);
COMMENT ON TABLE communications.consent IS 'Append-only: every consent that was told, in force or not';

CREATE TABLE communications.withdrawal (
	customer_id  uuid NOT NULL,
	version      bigint NOT NULL CHECK (version > 0),
	channel      text,                        -- null: all
	via          text NOT NULL,
	keyword      text,
	withdrawn_at timestamptz NOT NULL,
	PRIMARY KEY (customer_id, version)
);
COMMENT ON TABLE communications.withdrawal IS 'Append-only: every withdrawal, 1, 2, 3 ... of the customer';

CREATE TABLE communications.permission (
	customer_id uuid NOT NULL,
	channel     text COLLATE "C" NOT NULL CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	purpose     text COLLATE "C" NOT NULL CHECK (purpose IN ('collect', 'marketing', 'calls_beyond_cap')),
	basis       text NOT NULL,
	obtained_at timestamptz NOT NULL,
	PRIMARY KEY (customer_id, channel, purpose)
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.permission IS 'The newest consent of each kind; in force if obtained after the channel''s opt_out';

CREATE TABLE communications.opt_out (
	customer_id  uuid NOT NULL,
	channel      text COLLATE "C" NOT NULL CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	withdrawn_at timestamptz NOT NULL,
	PRIMARY KEY (customer_id, channel)
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.opt_out IS 'The last withdrawal of each channel: no consent known when it was handled is later';

-- ---- messages ----

CREATE TABLE communications.compliance_decision (
	communication_id uuid NOT NULL,
	customer_id      uuid NOT NULL,
	decided_at       timestamptz NOT NULL,
	action           text NOT NULL,
	channel          text NOT NULL,
	message_class    text NOT NULL,
	verdict          text NOT NULL CHECK (verdict IN ('allow', 'defer', 'deny')),
	until            timestamptz,
	rules            text NOT NULL,           -- ids, joined by blanks
	facts            text NOT NULL,           -- what the rules were told; the event has its hash
	facts_hash       bytea NOT NULL,
	PRIMARY KEY (communication_id, decided_at)
);
COMMENT ON TABLE communications.compliance_decision IS 'Append-only: every verdict of the guard, also of refraining (1006.100)';

CREATE TABLE communications.communication (
	communication_id uuid PRIMARY KEY,
	customer_id      uuid NOT NULL,
	version          bigint NOT NULL CHECK (version > 0),
	attempt          integer NOT NULL,        -- of the last dispatch we know of; 0: none
	state            text NOT NULL CHECK (state IN ('released', 'retry_wait', 'unknown', 'submitted', 'failed', 'expired',
		'rejected', 'delivered', 'cancelled', 'suppressed')),
	channel          text NOT NULL CHECK (channel IN ('email', 'sms')),
	requested_on     date NOT NULL,
	message_class    text NOT NULL,
	template_name    text NOT NULL,
	template_version integer,                 -- null: not rendered, because suppressed
	language         text NOT NULL,
	contact_point_id uuid,
	rendered_hash    bytea
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.communication IS 'One message to one person, from the request on';
CREATE INDEX communication_customer ON communications.communication (customer_id, communication_id);

CREATE TABLE communications.communication_debt (
	communication_id uuid NOT NULL,
	debt_id          uuid NOT NULL,
	PRIMARY KEY (communication_id, debt_id)
);

CREATE TABLE communications.receipt (
	communication_id uuid NOT NULL,
	version          bigint NOT NULL,
	state            text NOT NULL,
	attempt          integer NOT NULL,
	provider         text NOT NULL,
	provider_ref     text,
	provider_code    text,
	occurred_at      timestamptz NOT NULL,
	PRIMARY KEY (communication_id, version)
);
COMMENT ON TABLE communications.receipt IS 'Append-only: what moved a message forward';

-- released --claim--> claimed --(not accepted)--> waiting --claim_again--> claimed;  cancelled, done: ends
CREATE TABLE communications.outbox (
	communication_id uuid PRIMARY KEY,
	customer_id      uuid NOT NULL,
	channel          text NOT NULL,
	state            text NOT NULL CHECK (state IN ('released', 'claimed', 'waiting', 'cancelled', 'done')),
	claims           integer NOT NULL DEFAULT 0, -- how often the notifier got it: the number of its attempt
	send_by          timestamptz NOT NULL,
	address_sealed   bytea NOT NULL,
	subject_sealed   bytea NOT NULL,
	body_sealed      bytea NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.outbox IS 'Rendered messages, for the notifier: nothing leaves without a committed claim (P8)';
CREATE INDEX outbox_unfinished ON communications.outbox (customer_id) WHERE state IN ('released', 'claimed', 'waiting');

-- Gives the notifier those of the messages that are still released and not late, and makes them its own. A withdrawal that is being
-- handled holds their locks: it is waited for, and wins. Locks are taken in id order by everybody.
CREATE FUNCTION communications.claim(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea)
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH wanted AS MATERIALIZED (
		SELECT o.communication_id FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state = 'released' AND o.send_by > now()
		ORDER BY o.communication_id FOR UPDATE
	)
	UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1 FROM wanted w
	WHERE o.communication_id = w.communication_id AND o.state = 'released'
	RETURNING o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed;
$$;

-- The same for another attempt at messages that were claimed before and certainly not accepted by the gateway. The customer is
-- asked again, so to speak: a permission withdrawn since the first claim is the end of it.
-- Two statements: the locks first, then the question with what was committed while they were waited for; a withdrawal wins (P9).
CREATE FUNCTION communications.claim_again(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state IN ('claimed', 'waiting')
		ORDER BY o.communication_id FOR UPDATE;
	RETURN QUERY UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1
		WHERE o.communication_id = ANY (ids) AND o.state IN ('claimed', 'waiting') AND o.send_by > now()
		AND EXISTS (
			SELECT FROM communications.permission p
			LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
			WHERE p.customer_id = o.customer_id AND p.channel = o.channel AND p.purpose = 'collect'
			AND (w.withdrawn_at IS NULL OR p.obtained_at > w.withdrawn_at))
		RETURNING o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed;
END $$;

SELECT dcs_grant_module('communications');
GRANT SELECT, INSERT, UPDATE ON communications.template, communications.permission, communications.opt_out,
	communications.communication, communications.outbox TO dcs_communications;
GRANT SELECT, INSERT ON communications.template_version, communications.consent, communications.withdrawal,
	communications.compliance_decision, communications.communication_debt, communications.receipt TO dcs_communications;

SELECT dcs_create_role('dcs_notifier');
REVOKE EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]) FROM PUBLIC;
GRANT USAGE ON SCHEMA communications TO dcs_notifier;
GRANT EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]) TO dcs_notifier;
