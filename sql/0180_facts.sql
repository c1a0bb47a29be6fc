-- Facts about a person that the guard asks for: contacts, circumstances (an attorney, a request to cease ...), preferences.

CREATE TABLE communications.contact (
	contact_id    uuid PRIMARY KEY,
	customer_id   uuid NOT NULL,
	channel       text NOT NULL,
	direction     text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
	party         text NOT NULL CHECK (party IN ('consumer', 'estate', 'attorney', 'third_party')),
	outcome       text NOT NULL CHECK (outcome IN ('unanswered', 'no_message', 'voicemail', 'conversation', 'busy', 'not_in_service',
		'wrong_number', 'sent', 'limited_voicemail', 'returned')),
	message_class text,
	consented     boolean NOT NULL,
	at            timestamptz NOT NULL,
	recorded_at   timestamptz NOT NULL
);
COMMENT ON TABLE communications.contact IS 'Append-only: who was called or written to, or called or wrote, outside of the messages of this system';
CREATE INDEX contact_customer ON communications.contact (customer_id, at); -- for caps, and the list of a customer

CREATE TABLE communications.contact_debt (
	contact_id uuid NOT NULL,
	debt_id    uuid NOT NULL,
	PRIMARY KEY (contact_id, debt_id)
);

CREATE TABLE communications.circumstance (
	circumstance_id uuid PRIMARY KEY,
	customer_id     uuid NOT NULL,
	version         bigint NOT NULL CHECK (version > 0),
	kind            text NOT NULL CHECK (kind IN ('attorney', 'cease', 'deceased', 'bankruptcy', 'restriction', 'incapacity',
		'breathing_space', 'crisis', 'plan_in_development', 'dispute', 'said_barred')),
	debt_id         uuid,          -- null: every debt of the customer
	from_on         date NOT NULL,
	until_on        date,          -- the first day on which it is over; null: open
	evidence_ref    text NOT NULL,
	recorded_at     timestamptz NOT NULL,
	recorded_seq    bigint NOT NULL,
	ended_at        timestamptz,   -- null: nobody ended it
	ended_ref       text
) WITH (fillfactor = 80);
COMMENT ON TABLE communications.circumstance IS 'What changes how a person may be contacted; a row stays when it is ended';
CREATE INDEX circumstance_customer ON communications.circumstance (customer_id);

CREATE TABLE communications.preference (
	preference_id     uuid PRIMARY KEY,
	customer_id       uuid NOT NULL,
	blocked_places    text NOT NULL, -- words, joined by blanks
	blocked_channels  text NOT NULL,
	preferred_channel text,
	valid_until       date,          -- the last day; null: until another is set
	set_at            timestamptz NOT NULL,
	set_seq           bigint NOT NULL
);
COMMENT ON TABLE communications.preference IS 'Append-only: the newest of a customer (set_seq) is in force';
CREATE INDEX preference_customer ON communications.preference (customer_id, set_seq);

CREATE TABLE communications.blocked_time (
	preference_id uuid NOT NULL,
	place         integer NOT NULL,
	weekdays      text NOT NULL,     -- on which it begins
	from_minute   integer NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
	to_minute     integer NOT NULL CHECK (to_minute BETWEEN 0 AND 1440),
	PRIMARY KEY (preference_id, place)
);

GRANT SELECT, INSERT ON communications.contact, communications.contact_debt, communications.preference, communications.blocked_time
	TO dcs_communications;
GRANT SELECT, INSERT, UPDATE ON communications.circumstance TO dcs_communications;

-- Every contact of a customer: what was recorded, and our own messages from their release on (the time of the verdict), unless they
-- certainly did not arrive. One of which nobody knows counts. `debts`: their ids, 16 bytes each; null: unknown, so about each.
CREATE VIEW communications.contact_history AS
	SELECT c.customer_id, c.contact_id AS ref, c.at, c.channel, c.direction, c.party, c.outcome, c.message_class, c.consented,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.contact_debt d
			WHERE d.contact_id = c.contact_id) AS debts
	FROM communications.contact c
	UNION ALL
	SELECT m.customer_id, m.communication_id, v.at, m.channel, 'outbound', 'consumer', 'sent', m.message_class, false,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.communication_debt d
			WHERE d.communication_id = m.communication_id)
	FROM communications.communication m
	CROSS JOIN LATERAL (SELECT max(d.decided_at) AS at FROM communications.compliance_decision d
		WHERE d.communication_id = m.communication_id AND d.verdict = 'allow') v
	WHERE m.state NOT IN ('failed', 'expired', 'rejected', 'cancelled', 'suppressed') AND v.at IS NOT NULL;
GRANT SELECT ON communications.contact_history TO dcs_communications;
