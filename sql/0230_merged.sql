-- Mergeable messages: one that is released takes others along that wait. Those end as `merged`; their debts come to it.

ALTER TABLE communications.communication
	ADD COLUMN merge_key uuid,
	ADD COLUMN merged_into uuid,
	DROP CONSTRAINT communication_state_check,
	ADD CONSTRAINT communication_state_check CHECK (state IN ('scheduled', 'released', 'retry_wait', 'unknown', 'submitted', 'failed',
		'expired', 'rejected', 'delivered', 'cancelled', 'suppressed', 'merged'));
COMMENT ON COLUMN communications.communication.merge_key IS
	'Of a mergeable message that has waited: the same for all that can be one text, hashed with the person''s salt; null: not mergeable';
COMMENT ON COLUMN communications.communication.merged_into IS 'Of a merged message: the one that was sent with its debts';

-- As in 0074, and of a message that gets debts of another portfolio by a merge: it is of no single portfolio any more.
CREATE OR REPLACE FUNCTION communications.keep_creditor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO communications.creditor_communication AS k (creditor_id, communication_id, portfolio_id, created_at)
	SELECT (array_agg(d.creditor_id))[1], n.communication_id, communications.only_portfolio(array_agg(d.portfolio_id)), min(c.created_at)
	FROM named n JOIN debts.debt d ON d.debt_id = n.debt_id JOIN communications.communication c ON c.communication_id = n.communication_id
	GROUP BY n.communication_id HAVING count(DISTINCT d.creditor_id) = 1
	ON CONFLICT (creditor_id, communication_id) DO UPDATE SET portfolio_id = NULL
		WHERE k.portfolio_id IS DISTINCT FROM excluded.portfolio_id;
	RETURN NULL;
END $$;

CREATE OR REPLACE VIEW communications.api_communication AS
	SELECT c.communication_id, c.customer_id, c.version, c.state, c.channel, c.requested_on, c.message_class, c.template_name,
		c.template_version, c.language, c.contact_point_id, c.attempt, o.send_by, o.subject_sealed, o.body_sealed,
		ARRAY(SELECT d.debt_id FROM communications.communication_debt d WHERE d.communication_id = c.communication_id ORDER BY d.debt_id)
			AS debt_ids,
		v.verdict, v.until, string_to_array(v.rules, ' ') AS rules, v.decided_at,
		r.provider, r.provider_ref, r.provider_code, r.occurred_at, communications.allowed_actions(o.state) AS actions,
		c.created_at, c.updated_at, c.updated_seq, c.not_before, c.release_at, o.html_sealed, c.merged_into
	FROM communications.communication c
	LEFT JOIN communications.outbox o ON o.communication_id = c.communication_id
	LEFT JOIN LATERAL (SELECT * FROM communications.compliance_decision x WHERE x.communication_id = c.communication_id
		ORDER BY x.decided_at DESC LIMIT 1) v ON true
	LEFT JOIN LATERAL (SELECT * FROM communications.receipt x WHERE x.communication_id = c.communication_id
		ORDER BY x.version DESC LIMIT 1) r ON true;
