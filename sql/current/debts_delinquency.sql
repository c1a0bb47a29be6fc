-- The buckets of days past due that a debt has entered, as the gateway shows them. It has left one when it has entered the next.

CREATE OR REPLACE VIEW debts.api_delinquency AS
	SELECT b.debt_id, d.customer_id, d.creditor_id, d.portfolio_id, b.version, reporting.ageing_bucket_of(b.days_past_due) AS bucket,
		b.entered_on, lead(b.entered_on) OVER (PARTITION BY b.debt_id ORDER BY b.version) AS left_on, b.days_past_due, b.paused_days
	FROM debts.delinquency b JOIN debts.debt d ON d.debt_id = b.debt_id;
GRANT SELECT ON debts.api_delinquency TO dcs_api;
