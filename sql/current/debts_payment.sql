-- Payments, which are rows of the ledger: what was reversed or refunded of one is told by the entries that name it (sql/0295_posting.sql).

-- The debt is looked up by its key. With a join, a plan of the time when there were hardly any debts reads all of them for each payment.
-- Who asks for none of these columns, nor for the state or what was refunded, pays for none of them.
CREATE OR REPLACE VIEW debts.payment AS
	SELECT p.payment_id, p.debt_id, (SELECT d.customer_id FROM debts.debt d WHERE d.debt_id = p.debt_id) AS customer_id,
		p.contra_minor AS amount_minor, p.seq AS entry_seq, p.part, p.occurred_on AS received_on,
		(SELECT d.currency FROM debts.debt d WHERE d.debt_id = p.debt_id) AS currency,
		CASE WHEN EXISTS (SELECT FROM debts.posting r WHERE r.payment_id = p.payment_id AND r.kind = 3) THEN 'reversed'
			ELSE 'settled' END AS state,
		p.method, p.source, p.external_ref,
		(SELECT coalesce(sum(f.credit_minor), 0)::bigint FROM debts.posting f WHERE f.payment_id = p.payment_id AND f.kind = 16) AS refunded_minor
	FROM debts.posting p
	WHERE p.kind = 2;
COMMENT ON VIEW debts.payment IS 'Money that came in; how it was allocated is told by its ledger entry (part, entry_seq)';

CREATE OR REPLACE FUNCTION debts.allowed_payment_actions(lifecycle smallint, is_reversed boolean, refunded_minor bigint, left_minor bigint)
	RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_payment_actions(lifecycle, is_reversed OR refunded_minor > 0)
		|| public.dcs_payment_credit_actions(lifecycle, is_reversed OR left_minor <= 0);
$$;

-- `left_minor`: of the credit that the payment has made, what can be refunded: no more than is on the debt.
CREATE OR REPLACE VIEW debts.api_payment AS
	SELECT p.payment_id, p.debt_id, d.customer_id, p.contra_minor AS amount_minor, d.currency, p.occurred_on AS received_on,
		CASE WHEN r.seq IS NULL THEN 'settled' ELSE 'reversed' END AS state, p.method, p.source, p.external_ref,
		CASE WHEN r.seq IS NULL THEN 1 ELSE 2 END + back.refunds AS version,
		-coalesce(p.cost_minor, 0) AS cost_minor, -coalesce(p.fee_minor, 0) AS fee_minor,
		-coalesce(p.interest_minor, 0) AS interest_minor, -coalesce(p.principal_minor, 0) AS principal_minor,
		-coalesce(p.credit_minor, 0) AS credit_minor,
		debts.allowed_payment_actions(d.lifecycle, r.seq IS NOT NULL, back.minor, own.left_minor) AS actions,
		booked.at AS created_at, coalesce(undone.at, back.at, booked.at) AS updated_at,
		back.minor AS refunded_minor, own.left_minor
	FROM debts.posting p
	LEFT JOIN debts.debt d ON d.debt_id = p.debt_id
	LEFT JOIN debts.posting r ON r.payment_id = p.payment_id AND r.kind = 3
	LEFT JOIN debts.event_log booked ON booked.part = p.part AND booked.seq = p.seq
	LEFT JOIN debts.event_log undone ON undone.part = r.part AND undone.seq = r.seq
	CROSS JOIN LATERAL (SELECT count(*)::integer AS refunds, coalesce(sum(f.credit_minor), 0)::bigint AS minor, max(e.at) AS at
		FROM debts.posting f LEFT JOIN debts.event_log e ON e.part = f.part AND e.seq = f.seq
		WHERE f.payment_id = p.payment_id AND f.kind = 16) back
	CROSS JOIN LATERAL (SELECT CASE WHEN r.seq IS NULL THEN greatest(least(-coalesce(p.credit_minor, 0) - back.minor, d.credit_minor), 0)
		ELSE 0 END AS left_minor OFFSET 0) own
	WHERE p.kind = 2;
COMMENT ON VIEW debts.api_payment IS 'A payment was made by the event of its entry, and changed only by those of its reversal and of its refunds';
GRANT SELECT ON debts.api_payment TO dcs_api;
