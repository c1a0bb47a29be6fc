-- What people can do next is said by the rules. `dcs migrate` makes public.dcs_<thing>_actions(state, fact) of the modules' tables (lib/model/actions.h), before
-- any migration and whenever a table changed; here is only where the state and the fact are found.

CREATE OR REPLACE FUNCTION debts.allowed_actions(debt debts.debt) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT public.dcs_debt_actions(debt.lifecycle,
		debt.entries > 1 AND debts.has_standing_payments(debt.part, debt.last_entry_seq, debt.debt_id));
$$;
COMMENT ON FUNCTION debts.allowed_actions(debts.debt) IS 'Operations that the debt''s state allows; who may is another question';

CREATE OR REPLACE FUNCTION debts.allowed_payment_actions(state text, lifecycle smallint) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_payment_actions(lifecycle, state <> 'settled');
$$;

CREATE OR REPLACE FUNCTION customers.allowed_actions(status text, is_owed boolean) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_customer_actions(status, is_owed);
$$;
COMMENT ON FUNCTION customers.allowed_actions(text, boolean) IS 'Operations that the customer''s status allows; is_owed: has open debts';

CREATE OR REPLACE FUNCTION customers.allowed_point_actions(state text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_contact_point_actions(state);
$$;

CREATE OR REPLACE FUNCTION communications.allowed_actions(outbox_state text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_communication_actions(outbox_state);
$$;

-- As in 0074, but for the actions. The newest entry shows in most cases that money stands on a debt, without a function call.
CREATE OR REPLACE VIEW debts.api_debt AS
	SELECT debt.debt_id, debt.customer_id, debt.creditor_id, debt.original_creditor_id, debt.portfolio_id, debt.external_ref, debt.currency,
		debt.opened_on, debt.due_on, debts.lifecycle_name(debt.lifecycle) AS lifecycle, debt.version, debt.cost_minor, debt.fee_minor,
		debt.interest_minor, debt.principal_minor, debt.credit_minor,
		debt.cost_minor + debt.fee_minor + debt.interest_minor + debt.principal_minor AS total_minor,
		public.dcs_debt_actions(debt.lifecycle, debt.entries > 1 AND (
			(SELECT e.kind FROM debts.ledger_entry e WHERE e.part = debt.part AND e.seq = debt.last_entry_seq) IN ('PAYMENT', 'CREDIT_APPLIED')
			OR debts.has_standing_payments(debt.part, debt.last_entry_seq, debt.debt_id))) AS actions,
		debt.created_at, coalesce(greatest(booked.at, debt.amended_at), debt.created_at) AS updated_at,
		CASE WHEN (debt.amended_at, debt.amended_seq) > (booked.at, debt.last_entry_seq) THEN debt.amended_seq
			ELSE debt.last_entry_seq END AS updated_seq
	FROM debts.debt LEFT JOIN debts.event_log booked ON booked.part = debt.part AND booked.seq = debt.last_entry_seq;
