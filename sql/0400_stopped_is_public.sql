-- What the holds of a debt stop of messages is known to other modules: the guard of communications, and its claims (HOLD-1).

-- The bits of debts.hold_effects, by their numbers: to make the words of each debt of a claim would cost more than the claim.
CREATE OR REPLACE VIEW debts.public_debt AS
	SELECT debt_id, customer_id, creditor_id, external_ref, currency, opened_on, due_on,
		cost_minor + fee_minor + interest_minor + principal_minor AS balance_minor, credit_minor,
		debts.lifecycle_name(lifecycle) AS lifecycle, version, portfolio_id,
		coalesce(stopped::integer & 1, 0) <> 0 AS contact_is_stopped, coalesce(stopped::integer & 32, 0) <> 0 AS legal_is_stopped
	FROM debts.debt;
