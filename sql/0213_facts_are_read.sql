-- Facts about a person, and the guard's verdicts, for the gateway.

CREATE VIEW communications.api_contact AS
	SELECT c.contact_id, c.customer_id,
		ARRAY(SELECT d.debt_id FROM communications.contact_debt d WHERE d.contact_id = c.contact_id ORDER BY d.debt_id) AS debt_ids,
		c.channel, c.direction, c.party, c.outcome, c.message_class, c.consented, c.at, c.recorded_at AS created_at
	FROM communications.contact c;

CREATE VIEW communications.api_circumstance AS
	SELECT c.circumstance_id, c.customer_id, c.kind, c.debt_id, c.from_on, c.until_on, c.evidence_ref, c.ended_at, c.ended_ref, c.version,
		c.recorded_at AS created_at
	FROM communications.circumstance c;

CREATE VIEW communications.api_preference AS
	SELECT p.preference_id, p.customer_id,
		coalesce((SELECT json_agg(json_build_object('weekdays', t.weekdays, 'fromMinute', t.from_minute, 'toMinute', t.to_minute)
			ORDER BY t.place) FROM communications.blocked_time t WHERE t.preference_id = p.preference_id), '[]')::text AS blocked_times,
		string_to_array(nullif(p.blocked_places, ''), ' ') AS blocked_places,
		string_to_array(nullif(p.blocked_channels, ''), ' ') AS blocked_channels,
		p.preferred_channel, p.valid_until,
		NOT EXISTS (SELECT FROM communications.preference n WHERE n.customer_id = p.customer_id AND n.set_seq > p.set_seq) AS is_newest,
		p.set_at AS created_at
	FROM communications.preference p;

CREATE VIEW communications.api_decision AS
	SELECT d.communication_id, d.customer_id, d.channel, d.message_class, d.verdict, d.until, string_to_array(d.rules, ' ') AS rules, d.facts,
		d.decided_at AS created_at
	FROM communications.compliance_decision d;

CREATE INDEX compliance_decision_customer ON communications.compliance_decision (customer_id, decided_at);

GRANT SELECT ON communications.api_contact, communications.api_circumstance, communications.api_preference, communications.api_decision
	TO dcs_api;
