-- Debts as the gateway shows them.

CREATE OR REPLACE VIEW debts.api_debt AS
	SELECT debt.debt_id, debt.customer_id, debt.creditor_id, debt.original_creditor_id, debt.portfolio_id, debt.external_ref, debt.currency,
		debt.opened_on, debt.due_on, debts.lifecycle_name(debt.lifecycle) AS lifecycle, debt.version, debt.cost_minor, debt.fee_minor,
		debt.interest_minor, debt.principal_minor, debt.credit_minor,
		debt.cost_minor + debt.fee_minor + debt.interest_minor + debt.principal_minor AS total_minor,
		public.dcs_debt_actions(debt.lifecycle, debt.entries > 1 AND (
			(SELECT e.kind FROM debts.ledger_entry e WHERE e.part = debt.part AND e.seq = debt.last_entry_seq) IN ('PAYMENT', 'RECOVERY', 'CREDIT_APPLIED')
			OR debts.has_standing_payments(debt.part, debt.last_entry_seq, debt.debt_id))) AS actions,
		-- the newest of its last entry, which is in the ledger, and of its last change that moved no money
		debt.created_at, coalesce(greatest(booked.at, debt.amended_at), debt.created_at) AS updated_at,
		CASE WHEN (debt.amended_at, debt.amended_seq) > (booked.at, debt.last_entry_seq) THEN debt.amended_seq
			ELSE debt.last_entry_seq END AS updated_seq,
		age.days AS days_past_due,
		reporting.ageing_bucket_of(age.days) AS bucket,
		debts.allocation_order_name(debt.allocation) AS allocation_order, debt.allocation_policy_id, debt.allocation_policy_version,
		debts.hold_effects(debt.stopped) AS stopped, debt.charged_off_on, debt.promise_id, debt.plan_id, debt.settlement_id
	FROM debts.debt LEFT JOIN debts.event_log booked ON booked.part = debt.part AND booked.seq = debt.last_entry_seq
	-- days past due, of what is owed in our books, on the business date that rules have: the clock's, or the Ticks' if that is later. OFFSET 0
	-- keeps the planner from writing the whole expression into each place where days are used.
	CROSS JOIN LATERAL (SELECT CASE
		WHEN debts.lifecycle_name(debt.lifecycle) IN ('NEW', 'ACTIVE', 'ARRANGED', 'LEGAL', 'CHARGED_OFF')
			AND debt.cost_minor + debt.fee_minor + debt.interest_minor + debt.principal_minor > 0
		-- until yesterday of the day since which it is paused (NULL: today), without the days of pauses that are over
		THEN greatest(least((SELECT greatest(max(h.business_date), (engine.now() AT TIME ZONE 'UTC')::date) FROM debts.partition_head h),
			debt.paused_since - 1) - debt.due_on - coalesce(debt.paused_days, 0), 0) END AS days OFFSET 0) age;
GRANT SELECT ON debts.api_debt TO dcs_api;
