-- What a person writes to us is a contact, too: whoever wrote first may be answered (US-02, US-10), a number that wrote lately is fresh
-- (US-13), and nobody who has just written is asked for money at once (HOUSE-2). Of each channel the last message, as no rule looks at
-- earlier ones: whoever writes much must not displace the contacts that caps count (consumers/communications/communications.h).
CREATE OR REPLACE VIEW communications.contact_history AS
	SELECT c.customer_id, c.contact_id AS ref, c.at, c.channel, c.direction, c.party, c.outcome, c.message_class, c.consented,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.contact_debt d
			WHERE d.contact_id = c.contact_id) AS debts,
		false AS is_written
	FROM communications.contact c
	UNION ALL
	SELECT m.customer_id, m.communication_id, v.at, m.channel, 'outbound', 'consumer', 'sent', m.message_class, false,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.communication_debt d
			WHERE d.communication_id = m.communication_id),
		false
	FROM communications.communication m
	CROSS JOIN LATERAL (SELECT max(d.decided_at) AS at FROM communications.compliance_decision d
		WHERE d.communication_id = m.communication_id AND d.verdict = 'allow') v
	WHERE m.state NOT IN ('failed', 'expired', 'rejected', 'cancelled', 'suppressed') AND v.at IS NOT NULL
	UNION ALL
	SELECT w.customer_id, w.inbound_id, w.at, w.channel, 'inbound', 'consumer', 'sent', NULL, false, NULL, true
	FROM (SELECT DISTINCT ON (i.customer_id, i.channel) i.customer_id, i.inbound_id, i.channel, least(i.received_at, i.created_at) AS at
		FROM communications.inbound i
		ORDER BY i.customer_id, i.channel, least(i.received_at, i.created_at) DESC, i.inbound_id DESC) w;
