-- The restart of a limitation period may name the payment that restarted it. One that was reversed has restarted nothing, so the guard
-- asks each time whether the payment stands.
ALTER TABLE communications.circumstance
	ADD COLUMN payment_id uuid CHECK (payment_id IS NULL OR (kind = 'limitation_restarted' AND debt_id IS NOT NULL));
COMMENT ON COLUMN communications.circumstance.payment_id IS 'The payment that a restart of limitation rests on; null: something else, such as an acknowledgement';

CREATE VIEW debts.public_payment AS SELECT payment_id, debt_id, state FROM debts.payment;
COMMENT ON VIEW debts.public_payment IS 'Whether a payment of a debt stands: state settled or reversed';
GRANT SELECT ON debts.public_payment TO dcs_communications, dcs_api;

CREATE OR REPLACE VIEW communications.api_circumstance AS
	SELECT c.circumstance_id, c.customer_id, c.kind, c.debt_id, c.from_on, c.until_on, c.evidence_ref, c.ended_at, c.ended_ref, c.version,
		c.recorded_at AS created_at, c.payment_id
	FROM communications.circumstance c;
