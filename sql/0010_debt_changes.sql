-- Debts can be amended and cancelled: an entry that takes back what was charged, and what may be done with a debt next.

-- Wider than before, so what is there fulfils it: no need to read the whole ledger, which may be long, with the table locked.
ALTER TABLE debts.ledger_entry DROP CONSTRAINT ledger_entry_kind_check;
ALTER TABLE debts.ledger_entry ADD CONSTRAINT ledger_entry_kind_check
	CHECK (kind IN ('OPENING', 'PAYMENT', 'PAYMENT_REVERSAL', 'CREDIT_APPLIED', 'CANCELLATION')) NOT VALID;

-- Whether money stands on a debt: a payment that was not reversed. The newest entry tells, but after a reversal.
CREATE FUNCTION debts.has_standing_payments(its_part integer, its_last_entry_seq bigint, its_debt_id uuid) RETURNS boolean
	LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
	newest text := (SELECT kind FROM debts.ledger_entry WHERE part = its_part AND seq = its_last_entry_seq);
BEGIN
	IF newest <> 'PAYMENT_REVERSAL' THEN
		RETURN newest IN ('PAYMENT', 'CREDIT_APPLIED');
	END IF;
	RETURN (SELECT sum(contra_minor) <> 0 FROM debts.ledger_of(its_debt_id) WHERE contra = 'CASH_CLEARING');
END $$;

-- The commands that the rules of consumers/debts would take now, as the gateway names them. Written so that the planner can put
-- it into the query; a test holds it against the rules.
CREATE FUNCTION debts.allowed_actions(debt debts.debt) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT CASE
		WHEN debt.lifecycle IN (8, 9, 10) THEN '{}'::text[] -- WRITTEN_OFF, TRANSFERRED, CANCELLED
		WHEN debt.lifecycle NOT IN (1, 2) THEN '{recordPayment,amendDebt}'::text[] -- neither NEW nor ACTIVE
		WHEN debt.entries = 1 OR NOT debts.has_standing_payments(debt.part, debt.last_entry_seq, debt.debt_id)
		THEN '{recordPayment,amendDebt,cancelDebt}'::text[]
		ELSE '{recordPayment,amendDebt}'::text[]
	END;
$$;
COMMENT ON FUNCTION debts.allowed_actions(debts.debt) IS 'recordPayment, amendDebt, cancelDebt: those that the debt''s state allows; who may is another question';

-- The same for a payment: its state, and its debt's lifecycle.
CREATE FUNCTION debts.allowed_payment_actions(state text, lifecycle smallint) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN state = 'settled' AND lifecycle NOT IN (8, 9, 10) THEN '{reversePayment}'::text[] ELSE '{}'::text[] END;
$$;
