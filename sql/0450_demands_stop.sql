-- What is promised or arranged is not demanded: known to the guard of communications, and to its claims (HOLD-1).

CREATE OR REPLACE VIEW debts.public_debt AS
	SELECT debt_id, customer_id, creditor_id, external_ref, currency, opened_on, due_on,
		cost_minor + fee_minor + interest_minor + principal_minor AS balance_minor, credit_minor,
		debts.lifecycle_name(lifecycle) AS lifecycle, version, portfolio_id,
		coalesce(stopped::integer & 1, 0) <> 0 AS contact_is_stopped, coalesce(stopped::integer & 32, 0) <> 0 AS legal_is_stopped,
		-- a promise is open, a plan is active, or a settlement is accepted; a debt without a promise looks none up
		debts.lifecycle_name(lifecycle) = 'ARRANGED' OR (promise_id IS NOT NULL AND coalesce((SELECT p.state = 'open' FROM debts.promise p
			WHERE p.promise_id = debt.promise_id), false)) AS demand_is_stopped
	FROM debts.debt;
