-- An entry of the ledger and the payment that it books are one row, debts.posting: a payment has one entry, and all that a payment says is
-- in it, but its source, reference and method. So a payment writes one row instead of two, and its reversal changes none: that a payment was
-- reversed is told by the entry that reverses it. debts.ledger_entry and debts.payment are views with the columns and words of before.
-- README.md says what was measured. Programs of before stop at the first entry they write: what they write to is a view.

CREATE FUNCTION debts.ledger_kind_name(kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['OPENING', 'PAYMENT', 'PAYMENT_REVERSAL', 'CREDIT_APPLIED', 'CANCELLATION'])[kind];
$$;
CREATE FUNCTION debts.contra_account_name(contra smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['CREDITOR_CLAIM', 'CASH_CLEARING'])[contra];
$$;

ALTER TABLE debts.ledger_entry RENAME TO ledger_entry_before;
ALTER TABLE debts.payment RENAME TO payment_before;

-- Of the values, only their sum is checked here: it is what no mistake may change. The others are checked by the rules, which assert
-- them, and by `dcs verify`, which recomputes them from the log.
CREATE TABLE debts.posting (
	seq             bigint NOT NULL,
	previous_seq    bigint,
	contra_minor    bigint,
	cost_minor      bigint,
	fee_minor       bigint,
	interest_minor  bigint,
	principal_minor bigint,
	credit_minor    bigint,
	reverses_seq    bigint,
	part            integer NOT NULL,
	previous_part   integer,
	entry_no        integer NOT NULL,
	occurred_on     date NOT NULL,
	business_date   date NOT NULL,
	kind            smallint NOT NULL,
	contra          smallint,
	debt_id         uuid NOT NULL,
	command_id      uuid NOT NULL,
	payment_id      uuid,
	method          text COLLATE "C",
	source          text COLLATE "C",
	external_ref    text COLLATE "C",
	CONSTRAINT posting_sums_to_zero CHECK (
		coalesce(contra_minor, 0) + coalesce(cost_minor, 0) + coalesce(fee_minor, 0) + coalesce(interest_minor, 0) +
		coalesce(principal_minor, 0) + coalesce(credit_minor, 0) = 0)
);
COMMENT ON TABLE debts.posting IS 'The double-entry ledger (consumers/DOMAIN.md 5), one row for each event that moves money, under the event''s number; append-only';
COMMENT ON COLUMN debts.posting.seq IS 'Of event_log, which has the event';
COMMENT ON COLUMN debts.posting.previous_seq IS 'The debt''s entry before; null on its first';
COMMENT ON COLUMN debts.posting.previous_part IS 'Where the debt''s entry before is, if not in this partition: of a debt that came to the wrong one';
COMMENT ON COLUMN debts.posting.entry_no IS '1, 2, 3 ... of the debt';
COMMENT ON COLUMN debts.posting.contra_minor IS 'The one account that is not the debt''s; of a payment its amount. A debit is above 0, a credit below; null is 0';
COMMENT ON COLUMN debts.posting.occurred_on IS 'Value date: when it happened; of a payment the day it was received';
COMMENT ON COLUMN debts.posting.business_date IS 'The day it was booked';
COMMENT ON COLUMN debts.posting.kind IS 'See debts.ledger_kind_name';
COMMENT ON COLUMN debts.posting.contra IS 'See debts.contra_account_name';
COMMENT ON COLUMN debts.posting.payment_id IS 'Of a payment, and of its reversal';
COMMENT ON COLUMN debts.posting.reverses_seq IS 'Of a reversal: the payment''s entry';
COMMENT ON COLUMN debts.posting.source IS 'Of a payment, as its method and external_ref';

-- What a row of before says twice must be the same, or it would be lost here.
DO $$
DECLARE
	broken uuid;
BEGIN
	SELECT p.payment_id INTO broken FROM debts.payment_before p
		LEFT JOIN debts.ledger_entry_before e ON e.part = p.part AND e.seq = p.entry_seq
		LEFT JOIN debts.debt d ON d.debt_id = p.debt_id
		LEFT JOIN debts.ledger_entry_before r ON r.payment_id = p.payment_id AND r.kind = 'PAYMENT_REVERSAL'
		WHERE (e.kind, e.payment_id, e.debt_id, e.occurred_on, e.contra, e.contra_minor, d.customer_id, d.currency, r.seq IS NOT NULL)
			IS DISTINCT FROM ('PAYMENT', p.payment_id, p.debt_id, p.received_on, 'CASH_CLEARING', p.amount_minor, p.customer_id,
			p.currency, p.state = 'reversed')
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'payment % is not what its entry in the ledger says: see `dcs verify` of the programs of before', broken;
	END IF;
	SELECT e.payment_id INTO broken FROM debts.ledger_entry_before e LEFT JOIN debts.payment_before p ON p.part = e.part AND p.entry_seq = e.seq
		WHERE e.kind = 'PAYMENT' AND p.payment_id IS NULL LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'payment % is in the ledger and nowhere else: see `dcs verify` of the programs of before', broken;
	END IF;
END $$;

INSERT INTO debts.posting (seq, previous_seq, contra_minor, cost_minor, fee_minor, interest_minor, principal_minor, credit_minor, reverses_seq,
		part, previous_part, entry_no, occurred_on, business_date, kind, contra, debt_id, command_id, payment_id, method, source, external_ref)
	SELECT e.seq, e.previous_seq, e.contra_minor, e.cost_minor, e.fee_minor, e.interest_minor, e.principal_minor, e.credit_minor, e.reverses_seq,
		e.part, e.previous_part, e.entry_no, e.occurred_on, e.business_date,
		array_position('{OPENING,PAYMENT,PAYMENT_REVERSAL,CREDIT_APPLIED,CANCELLATION}', e.kind),
		array_position('{CREDITOR_CLAIM,CASH_CLEARING}', e.contra), e.debt_id, e.command_id, e.payment_id, p.method, p.source, p.external_ref
	FROM debts.ledger_entry_before e LEFT JOIN debts.payment_before p ON p.part = e.part AND p.entry_seq = e.seq
	ORDER BY e.part, e.seq;

-- All keys rise. Kind 2 is PAYMENT, 3 PAYMENT_REVERSAL: an index has the rows that have its key, and no others.
ALTER TABLE debts.posting ADD PRIMARY KEY (part, seq);
-- IS NOT NULL: a look-up by one of these keys can use the index of this key only. While there are no payments yet, the planner would
-- take any index that has all rows of the kind, and read the whole of it for each key, until the table is analysed again.
CREATE UNIQUE INDEX posting_payment ON debts.posting (payment_id) WHERE kind = 2 AND payment_id IS NOT NULL;
CREATE UNIQUE INDEX posting_reference ON debts.posting (source, external_ref) WHERE kind = 2 AND source IS NOT NULL;
CREATE UNIQUE INDEX posting_reversal ON debts.posting (payment_id) WHERE kind = 3 AND payment_id IS NOT NULL;

-- ---- as they were ----

CREATE VIEW debts.ledger_entry AS
	SELECT part, entry_no, seq, previous_seq, debt_id, command_id, occurred_on, business_date, debts.ledger_kind_name(kind) AS kind,
		debts.contra_account_name(contra) AS contra, contra_minor, cost_minor, fee_minor, interest_minor, principal_minor, credit_minor,
		payment_id, reverses_seq, previous_part
	FROM debts.posting;
COMMENT ON VIEW debts.ledger_entry IS 'The entries of the ledger, in words';

-- The debt is looked up by its key. With a join, a plan of the time when there were hardly any debts reads all of them for each payment.
-- Who asks for none of these columns, nor for the state, pays for neither.
CREATE VIEW debts.payment AS
	SELECT p.payment_id, p.debt_id, (SELECT d.customer_id FROM debts.debt d WHERE d.debt_id = p.debt_id) AS customer_id,
		p.contra_minor AS amount_minor, p.seq AS entry_seq, p.part, p.occurred_on AS received_on,
		(SELECT d.currency FROM debts.debt d WHERE d.debt_id = p.debt_id) AS currency,
		CASE WHEN EXISTS (SELECT FROM debts.posting r WHERE r.payment_id = p.payment_id AND r.kind = 3) THEN 'reversed'
			ELSE 'settled' END AS state,
		p.method, p.source, p.external_ref
	FROM debts.posting p
	WHERE p.kind = 2;
COMMENT ON VIEW debts.payment IS 'Money that came in; how it was allocated is told by its ledger entry (part, entry_seq)';

GRANT SELECT, INSERT ON debts.posting TO dcs_debts;
GRANT SELECT ON debts.ledger_entry, debts.payment TO dcs_debts;
GRANT SELECT ON debts.ledger_entry TO dcs_api;

-- What reads them names them anew; each is as it was, but for `api_payment`, which finds the reversal by its index.
DROP VIEW debts.api_payment, debts.public_payment, debts.reference_collision;
DROP FUNCTION debts.ledger_of(uuid);

CREATE FUNCTION debts.ledger_of(wanted uuid) RETURNS SETOF debts.ledger_entry LANGUAGE sql STABLE AS $$
	WITH RECURSIVE walk AS (
		SELECT e.* FROM debts.debt d JOIN debts.ledger_entry e ON e.part = d.part AND e.seq = d.last_entry_seq
		WHERE d.debt_id = wanted
		UNION ALL
		SELECT e.* FROM walk w JOIN debts.ledger_entry e ON e.part = coalesce(w.previous_part, w.part) AND e.seq = w.previous_seq
	)
	SELECT * FROM walk;
$$;

CREATE VIEW debts.public_payment AS SELECT payment_id, debt_id, state FROM debts.payment;
COMMENT ON VIEW debts.public_payment IS 'Whether a payment of a debt stands: state settled or reversed';
GRANT SELECT ON debts.public_payment TO dcs_communications, dcs_api;

CREATE VIEW debts.reference_collision AS
	SELECT 'debt' AS thing, d.creditor_id::text AS within, public.dcs_normal_form(d.external_ref) AS reference, count(*) AS things,
		array_agg(d.debt_id ORDER BY d.debt_id) AS ids
	FROM debts.debt d GROUP BY 2, 3 HAVING count(*) > 1
	UNION ALL
	SELECT 'payment', public.dcs_normal_form(p.source), public.dcs_normal_form(p.external_ref), count(*), array_agg(p.payment_id ORDER BY p.payment_id)
	FROM debts.payment p GROUP BY 2, 3 HAVING count(*) > 1;
COMMENT ON VIEW debts.reference_collision IS 'Debts of one creditor, payments of one source, whose references look the same: booked before they were brought into one form';

CREATE VIEW debts.api_payment AS
	SELECT p.payment_id, p.debt_id, d.customer_id, p.contra_minor AS amount_minor, d.currency, p.occurred_on AS received_on,
		CASE WHEN r.seq IS NULL THEN 'settled' ELSE 'reversed' END AS state, p.method, p.source, p.external_ref,
		CASE WHEN r.seq IS NULL THEN 1 ELSE 2 END AS version,
		-coalesce(p.cost_minor, 0) AS cost_minor, -coalesce(p.fee_minor, 0) AS fee_minor,
		-coalesce(p.interest_minor, 0) AS interest_minor, -coalesce(p.principal_minor, 0) AS principal_minor,
		-coalesce(p.credit_minor, 0) AS credit_minor,
		debts.allowed_payment_actions(CASE WHEN r.seq IS NULL THEN 'settled' ELSE 'reversed' END, d.lifecycle) AS actions,
		booked.at AS created_at, CASE WHEN r.seq IS NULL THEN booked.at ELSE undone.at END AS updated_at
	FROM debts.posting p
	LEFT JOIN debts.debt d ON d.debt_id = p.debt_id
	LEFT JOIN debts.posting r ON r.payment_id = p.payment_id AND r.kind = 3
	LEFT JOIN debts.event_log booked ON booked.part = p.part AND booked.seq = p.seq
	LEFT JOIN debts.event_log undone ON undone.part = r.part AND undone.seq = r.seq
	WHERE p.kind = 2;
COMMENT ON VIEW debts.api_payment IS 'A payment was made by the event of its entry, and changed only by that of its reversal';
GRANT SELECT ON debts.api_payment TO dcs_api;

-- The views of current/ that read the table of before: `dcs migrate` makes them again behind this file.
DROP VIEW debts.api_debt;

DROP TABLE debts.payment_before, debts.ledger_entry_before;
