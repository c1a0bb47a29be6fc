-- Numbers of the ledger's rows as words (schemas/words.json), and what they say of a debt.

CREATE OR REPLACE FUNCTION debts.ledger_kind_name(kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['OPENING', 'PAYMENT', 'PAYMENT_REVERSAL', 'CREDIT_APPLIED', 'CANCELLATION', 'ASSESS_FEE', 'ASSESS_COST', 'WAIVE',
		'ADJUST_UP', 'ADJUST_DOWN', 'RECOVERY', 'WRITE_OFF', 'TRANSFER_OUT', 'SETTLEMENT_DISCOUNT', 'DISCOUNT_REVERSAL', 'REFUND'])[kind];
$$;

CREATE OR REPLACE FUNCTION debts.contra_account_name(contra smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['CREDITOR_CLAIM', 'CASH_CLEARING', 'FEE_INCOME', 'WAIVER', 'WRITE_OFF', 'SETTLEMENT_LOSS', 'REFUND_PAYABLE'])[contra];
$$;

CREATE OR REPLACE VIEW debts.ledger_entry AS
	SELECT part, entry_no, seq, previous_seq, debt_id, command_id, occurred_on, business_date,
		CASE WHEN is_recovery THEN 'RECOVERY' ELSE debts.ledger_kind_name(kind) END AS kind,
		debts.contra_account_name(contra) AS contra, contra_minor, cost_minor, fee_minor, interest_minor, principal_minor, credit_minor,
		payment_id, reverses_seq, previous_part
	FROM debts.posting;
COMMENT ON VIEW debts.ledger_entry IS 'The entries of the ledger, in words';

-- Whether a payment of the debt stands, of which not all was refunded. Its newest entry shows that in most cases: behind any other the debt's ledger is summed.
CREATE OR REPLACE FUNCTION debts.has_standing_payments(its_part integer, its_last_entry_seq bigint, its_debt_id uuid) RETURNS boolean
	LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
	newest text := (SELECT kind FROM debts.ledger_entry WHERE part = its_part AND seq = its_last_entry_seq);
BEGIN
	IF newest IN ('OPENING', 'CANCELLATION') THEN
		RETURN false;
	ELSIF newest IN ('PAYMENT', 'RECOVERY', 'CREDIT_APPLIED') THEN
		RETURN true;
	END IF;
	RETURN (SELECT coalesce(sum(contra_minor), 0) <> 0 FROM debts.ledger_of(its_debt_id) WHERE contra IN ('CASH_CLEARING', 'REFUND_PAYABLE'));
END $$;
