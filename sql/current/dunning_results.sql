-- What came of a policy, step by step and by arm of its experiment: for people who choose between policies. A row for each currency of the
-- groups. A payment or an opt-out counts for every step that it follows in time: the figures compare arms, and do not add up over steps.
CREATE OR REPLACE FUNCTION dunning.results(wanted text, from_on date)
	RETURNS TABLE (step integer, arm text, currency text, asked bigint, reached bigint, failed bigint, withdrawn bigint, under_way bigint,
		emails bigint, sms bigint, letters bigint, tasks bigint, paid bigint, paid_minor numeric, opted_out bigint)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog SET enable_hashjoin = on SET enable_seqscan = on AS $$
	-- within 30 days of the step, on one of the debts that it listed. No index of the ledger is on the debt: it is read as a whole, once.
	WITH money AS MATERIALIZED (SELECT s.step_id, sum(p.amount_minor) AS minor
		FROM dunning.step s
		JOIN dunning.step_debt l ON l.step_id = s.step_id
		JOIN debts.payment p ON p.debt_id = l.debt_id
		WHERE s.policy = wanted AND s.asked_on >= from_on AND s.state = 'taken' AND p.state = 'settled'
		AND p.received_on BETWEEN s.taken_on AND s.taken_on + 30
		GROUP BY s.step_id)
	SELECT s.step, coalesce(s.arm, ''), g.currency, count(*), count(*) FILTER (WHERE s.state = 'taken'),
		count(*) FILTER (WHERE s.state = 'failed'), count(*) FILTER (WHERE s.state = 'withdrawn'),
		count(*) FILTER (WHERE s.state = 'asked'),
		count(*) FILTER (WHERE s.state = 'taken' AND s.channel = 'email'),
		count(*) FILTER (WHERE s.state = 'taken' AND s.channel = 'sms'),
		count(*) FILTER (WHERE s.state = 'taken' AND s.channel = 'letter'),
		count(*) FILTER (WHERE s.state = 'taken' AND s.action <> 'send'),
		count(*) FILTER (WHERE money.minor > 0), coalesce(sum(money.minor), 0), count(*) FILTER (WHERE no_more.is_said)
	FROM dunning.step s
	JOIN dunning.debt_group g USING (group_id)
	LEFT JOIN money ON money.step_id = s.step_id
	-- within 7 days, of the channel of the step or of all
	CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM communications.withdrawal w
		WHERE w.customer_id = s.customer_id AND s.state = 'taken' AND (w.channel IS NULL OR w.channel = s.channel)
		AND w.withdrawn_at::date BETWEEN s.taken_on AND s.taken_on + 7) AS is_said) no_more
	WHERE s.policy = wanted AND s.asked_on >= from_on
	GROUP BY s.step, coalesce(s.arm, ''), g.currency ORDER BY 1, 2, 3;
$$;
REVOKE EXECUTE ON FUNCTION dunning.results(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dunning.results(text, date) TO dcs_api;
