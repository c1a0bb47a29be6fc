-- Payment plans (consumers/debts/plan). A debt names the one that was activated last: a payment of a debt without one sees it without a look-up.

ALTER TABLE debts.debt ADD plan_id uuid;
COMMENT ON COLUMN debts.debt.plan_id IS 'The payment plan that was activated last; null: there is none';

CREATE TABLE debts.plan (
	plan_id            uuid PRIMARY KEY,
	debt_id            uuid NOT NULL,
	customer_id        uuid NOT NULL,
	total_minor        bigint NOT NULL CHECK (total_minor > 0),
	down_payment_minor bigint CHECK (down_payment_minor BETWEEN 1 AND total_minor - 1),
	paid_minor         bigint NOT NULL CHECK (paid_minor >= 0),
	missed             bigint NOT NULL CHECK (missed >= 0),
	version            bigint NOT NULL CHECK (version > 0),
	created_at         timestamptz NOT NULL,
	changed_at         timestamptz NOT NULL,
	down_payment_on    date CHECK ((down_payment_on IS NULL) = (down_payment_minor IS NULL)),
	first_due_on       date NOT NULL,
	proposed_on        date NOT NULL,
	broken_on          date,
	instalments        integer NOT NULL CHECK (instalments BETWEEN 2 AND 60),
	after_entries      integer NOT NULL,
	counts_from        integer,
	returned           integer NOT NULL CHECK (returned >= 0),
	holidays           smallint NOT NULL,
	frequency          text COLLATE "C" NOT NULL CHECK (frequency IN ('weekly', 'fortnightly', 'monthly')),
	state              text COLLATE "C" NOT NULL CHECK (state IN ('proposed', 'active', 'completed', 'broken', 'cancelled')),
	proposed_by        text COLLATE "C" NOT NULL,
	approved_by        text COLLATE "C"
);
COMMENT ON TABLE debts.plan IS 'Payment plans about one debt (consumers/DOMAIN.md 7). Their instalments are derived: debts.plan_instalments';
COMMENT ON COLUMN debts.plan.down_payment_minor IS 'Instalment 0, part of the total; null: none';
COMMENT ON COLUMN debts.plan.paid_minor IS 'Payments booked after its activation that were not reversed';
COMMENT ON COLUMN debts.plan.missed IS 'Bit n: instalment n was missed, though it may be paid since';
COMMENT ON COLUMN debts.plan.version IS '1, 2, 3 ...: the events about it, and the payments that count';
COMMENT ON COLUMN debts.plan.changed_at IS 'Of the last event about it';
COMMENT ON COLUMN debts.plan.broken_on IS 'Of the latest break, also of one that was reinstated; null: none';
COMMENT ON COLUMN debts.plan.after_entries IS 'Entries of the debt''s ledger when it was activated: payments of later ones count; 0: only proposed';
COMMENT ON COLUMN debts.plan.counts_from IS 'It was reinstated: misses of lower numbers do not break it; null: it was not';
COMMENT ON COLUMN debts.plan.returned IS 'Payments that count and were returned for want of funds';
COMMENT ON COLUMN debts.plan.holidays IS 'enum holidays: on whose business days a grace ends';
COMMENT ON COLUMN debts.plan.proposed_by IS 'The actor of its command; the second person is approved_by';

-- The plans of a debt, which are few. At most one of them is active.
CREATE INDEX plan_of_debt ON debts.plan (debt_id, plan_id);
CREATE UNIQUE INDEX plan_active ON debts.plan (debt_id) WHERE state = 'active';

GRANT SELECT, INSERT, UPDATE ON debts.plan TO dcs_debts;

-- As plan_instalment in consumers/debts/plan/schedule.c; tests/io compares them. A month is added to the first day, so a short one does not move those behind it.
CREATE FUNCTION debts.plan_instalments(plan debts.plan) RETURNS TABLE (number integer, due_on date, amount_minor bigint, paid_minor bigint, state text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
	WITH part AS (
		SELECT coalesce(plan.down_payment_minor, 0) AS down_minor, (plan.total_minor - coalesce(plan.down_payment_minor, 0)) / plan.instalments AS minor
	), numbered AS (
		SELECT n.number,
			CASE WHEN n.number = 0 THEN plan.down_payment_on
				WHEN plan.frequency = 'weekly' THEN plan.first_due_on + 7 * (n.number - 1)
				WHEN plan.frequency = 'fortnightly' THEN plan.first_due_on + 14 * (n.number - 1)
				ELSE (plan.first_due_on + make_interval(months => n.number - 1))::date END AS due_on,
			CASE WHEN n.number = 0 THEN p.down_minor
				WHEN n.number < plan.instalments THEN p.minor
				ELSE plan.total_minor - p.down_minor - p.minor * (plan.instalments - 1) END AS amount_minor,
			CASE WHEN n.number = 0 THEN 0 ELSE p.down_minor + p.minor * (n.number - 1) END AS before_minor
		FROM part p, generate_series(CASE WHEN plan.down_payment_minor IS NULL THEN 1 ELSE 0 END, plan.instalments) AS n (number)
	)
	SELECT i.number, i.due_on, i.amount_minor, greatest(0, least(i.amount_minor, plan.paid_minor - i.before_minor)),
		CASE WHEN plan.missed >> i.number & 1 = 1 THEN 'missed'
			WHEN plan.paid_minor >= i.before_minor + i.amount_minor THEN 'paid'
			ELSE 'open' END
	FROM numbered i ORDER BY i.number;
$$;
REVOKE EXECUTE ON FUNCTION debts.plan_instalments(debts.plan) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.plan_instalments(debts.plan) TO dcs_debts, dcs_api;

CREATE VIEW debts.api_plan AS
	SELECT p.plan_id, p.debt_id, p.customer_id, d.creditor_id, d.currency, p.total_minor, p.down_payment_minor, p.paid_minor, p.state, p.frequency, p.instalments,
		p.proposed_on, p.first_due_on, p.broken_on, p.counts_from IS NOT NULL AS is_reinstated,
		(SELECT json_agg(json_build_object('number', i.number, 'dueOn', i.due_on,
			'amount', json_build_object('amountMinor', i.amount_minor, 'currency', d.currency),
			'paid', json_build_object('amountMinor', i.paid_minor, 'currency', d.currency), 'state', i.state) ORDER BY i.number)::text
			FROM debts.plan_instalments(p) i) AS schedule,
		p.proposed_by, p.approved_by, p.version, public.dcs_plan_actions(p.state, p.counts_from IS NOT NULL) AS actions, p.created_at, p.changed_at AS updated_at
	FROM debts.plan p LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;
GRANT SELECT ON debts.api_plan TO dcs_api;
