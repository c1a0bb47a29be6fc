-- Messages that wait for their time: in the outbox without a text, as a timer of the module (lib/worker/timers.h). Text and address
-- are made when the guard has allowed them.

ALTER TABLE communications.communication
	ADD COLUMN not_before timestamptz,
	ADD COLUMN release_at timestamptz,
	DROP CONSTRAINT communication_state_check,
	ADD CONSTRAINT communication_state_check CHECK (state IN ('scheduled', 'released', 'retry_wait', 'unknown', 'submitted', 'failed',
		'expired', 'rejected', 'delivered', 'cancelled', 'suppressed'));
COMMENT ON COLUMN communications.communication.not_before IS 'As asked for; null: at once';
COMMENT ON COLUMN communications.communication.release_at IS 'Of a scheduled message: when the guard is asked (again); due_at of its timer';

ALTER TABLE communications.outbox
	ADD COLUMN parameters_sealed bytea,
	DROP CONSTRAINT outbox_state_check,
	ADD CONSTRAINT outbox_state_check CHECK (state IN ('scheduled', 'released', 'claimed', 'waiting', 'cancelled', 'done'));
COMMENT ON TABLE communications.outbox IS 'Messages for the notifier: nothing leaves without a committed claim (P8)';
COMMENT ON COLUMN communications.outbox.parameters_sealed IS 'Of a scheduled message: the values for its text, which is not there yet';
DROP INDEX communications.outbox_unfinished;
CREATE INDEX outbox_unfinished ON communications.outbox (customer_id) WHERE state IN ('scheduled', 'released', 'claimed', 'waiting');

-- The order of the debts is that of the text.
ALTER TABLE communications.communication_debt ADD COLUMN place smallint;
COMMENT ON COLUMN communications.communication_debt.place IS '1, 2, 3 ... as asked for; null: from before the column';
GRANT UPDATE (stated_minor) ON communications.communication_debt TO dcs_communications;

-- As in 0176, and the parameters too.
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
END $$;

CREATE OR REPLACE VIEW communications.api_communication AS
	SELECT c.communication_id, c.customer_id, c.version, c.state, c.channel, c.requested_on, c.message_class, c.template_name,
		c.template_version, c.language, c.contact_point_id, c.attempt, o.send_by, o.subject_sealed, o.body_sealed,
		ARRAY(SELECT d.debt_id FROM communications.communication_debt d WHERE d.communication_id = c.communication_id ORDER BY d.debt_id)
			AS debt_ids,
		v.verdict, v.until, string_to_array(v.rules, ' ') AS rules, v.decided_at,
		r.provider, r.provider_ref, r.provider_code, r.occurred_at, communications.allowed_actions(o.state) AS actions,
		c.created_at, c.updated_at, c.updated_seq, c.not_before, c.release_at
	FROM communications.communication c
	LEFT JOIN communications.outbox o ON o.communication_id = c.communication_id
	LEFT JOIN LATERAL (SELECT * FROM communications.compliance_decision x WHERE x.communication_id = c.communication_id
		ORDER BY x.decided_at DESC LIMIT 1) v ON true
	LEFT JOIN LATERAL (SELECT * FROM communications.receipt x WHERE x.communication_id = c.communication_id
		ORDER BY x.version DESC LIMIT 1) r ON true;
