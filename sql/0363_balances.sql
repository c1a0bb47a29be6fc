-- What was owed on any day (GET /debts/:id/balances): one row for each value date of the debt's entries, with the balances at its end. Of the
-- entries that were booked up to booked_to; null: of all. A day in between has the row of the day before.

CREATE FUNCTION debts.api_balances(wanted uuid, booked_to date)
	RETURNS TABLE (debt_id uuid, customer_id uuid, currency text, day date, total_minor bigint, cost_minor bigint, fee_minor bigint,
		interest_minor bigint, principal_minor bigint, credit_minor bigint)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH of_day AS (
		SELECT l.occurred_on, sum(l.cost_minor) AS cost, sum(l.fee_minor) AS fee, sum(l.interest_minor) AS interest,
			sum(l.principal_minor) AS principal, sum(l.credit_minor) AS credit
		FROM debts.ledger_of(wanted) l WHERE booked_to IS NULL OR l.business_date <= booked_to GROUP BY l.occurred_on
	), balance AS (
		SELECT occurred_on, coalesce(sum(cost) OVER day, 0)::bigint AS cost, coalesce(sum(fee) OVER day, 0)::bigint AS fee,
			coalesce(sum(interest) OVER day, 0)::bigint AS interest, coalesce(sum(principal) OVER day, 0)::bigint AS principal,
			coalesce(-sum(credit) OVER day, 0)::bigint AS credit
		FROM of_day WINDOW day AS (ORDER BY occurred_on)
	)
	SELECT d.debt_id, d.customer_id, d.currency, b.occurred_on, b.cost + b.fee + b.interest + b.principal, b.cost, b.fee, b.interest,
		b.principal, b.credit
	FROM balance b JOIN debts.debt d ON d.debt_id = wanted;
$$;
COMMENT ON FUNCTION debts.api_balances(uuid, date) IS 'Balances of a debt at the end of each value date';
REVOKE EXECUTE ON FUNCTION debts.api_balances(uuid, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.api_balances(uuid, date) TO dcs_api;
