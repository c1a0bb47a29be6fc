-- The debts module: what is owed, what was paid, and the double-entry ledger behind both. Money is in minor units of the
-- debt's currency.
--
-- No foreign keys: they would cost a look-up a row on the path that must be fast, and every row is written by the one worker
-- that owns its partition, after a rule has seen what it refers to. `dcs verify` checks what they would.

SELECT dcs_create_module('debts');

-- The changing columns stand together and no index has one: an update stays on its page (HOT) and its WAL record is short.
CREATE TABLE debts.debt (
	debt_id                  uuid PRIMARY KEY,
	customer_id              uuid NOT NULL,
	creditor_id              uuid NOT NULL,
	version                  bigint NOT NULL CHECK (version > 0),
	last_entry_seq           bigint NOT NULL,
	cost_minor               bigint NOT NULL CHECK (cost_minor >= 0),
	fee_minor                bigint NOT NULL CHECK (fee_minor >= 0),
	interest_minor           bigint NOT NULL CHECK (interest_minor >= 0),
	principal_minor          bigint NOT NULL CHECK (principal_minor >= 0),
	credit_minor             bigint NOT NULL CHECK (credit_minor >= 0),
	entries                  integer NOT NULL,
	lifecycle                smallint NOT NULL,
	part                     integer NOT NULL,
	opened_on                date NOT NULL,
	due_on                   date NOT NULL,
	currency                 text COLLATE "C" NOT NULL CHECK (octet_length(currency) = 3),
	external_ref             text COLLATE "C" NOT NULL,
	original_creditor_id     uuid,
	portfolio_id             uuid,
	used_cost_minor          bigint CHECK (used_cost_minor >= 0),
	used_fee_minor           bigint CHECK (used_fee_minor >= 0),
	used_interest_minor      bigint CHECK (used_interest_minor >= 0),
	used_principal_minor     bigint CHECK (used_principal_minor >= 0),
	CHECK (credit_minor = 0 OR cost_minor + fee_minor + interest_minor + principal_minor = 0),
	UNIQUE (creditor_id, external_ref)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE debts.debt IS 'A debt and its balances: the sums of its ledger entries';
COMMENT ON COLUMN debts.debt.version IS 'Events about the debt so far: 1, 2, 3 ...';
COMMENT ON COLUMN debts.debt.last_entry_seq IS 'Newest entry in ledger_entry (part, seq); the others hang on its previous_seq';
COMMENT ON COLUMN debts.debt.credit_minor IS 'Overpaid: what we owe the customer; above 0 only when nothing is owed';
COMMENT ON COLUMN debts.debt.entries IS 'Ledger entries so far';
COMMENT ON COLUMN debts.debt.lifecycle IS 'See debts.lifecycle_name and consumers/debts/lifecycle.c';
COMMENT ON COLUMN debts.debt.part IS 'The partition its customer is in, for good';
COMMENT ON COLUMN debts.debt.used_cost_minor IS 'Costs paid out of credit by CREDIT_APPLIED entries, and so on; null: none';

CREATE FUNCTION debts.lifecycle_name(lifecycle smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['NEW', 'ACTIVE', 'ARRANGED', 'LEGAL', 'CHARGED_OFF', 'PAID', 'SETTLED', 'WRITTEN_OFF', 'TRANSFERRED',
		'CANCELLED'])[lifecycle];
$$;

-- One entry for each event that moves money, under the event's own number: append-only, and the index grows at its end only.
-- A debit is above 0, a credit below; null is 0. Contra is the one account that is not the debt's.
CREATE TABLE debts.ledger_entry (
	part            integer NOT NULL,
	entry_no        integer NOT NULL CHECK (entry_no > 0), -- 1, 2, 3 ... of the debt
	seq             bigint NOT NULL,           -- of event_log, which tells the event
	previous_seq    bigint,                    -- the debt's entry before; null on its first
	debt_id         uuid NOT NULL,
	command_id      uuid NOT NULL,
	occurred_on     date NOT NULL,             -- value date: when it happened
	business_date   date NOT NULL,             -- the day it was booked
	kind            text COLLATE "C" NOT NULL CHECK (kind IN ('OPENING', 'PAYMENT', 'PAYMENT_REVERSAL', 'CREDIT_APPLIED')),
	contra          text COLLATE "C" CHECK (contra IN ('CREDITOR_CLAIM', 'CASH_CLEARING')),
	contra_minor    bigint,
	cost_minor      bigint,
	fee_minor       bigint,
	interest_minor  bigint,
	principal_minor bigint,
	credit_minor    bigint,
	payment_id      uuid,
	reverses_seq    bigint,
	PRIMARY KEY (part, seq),
	CONSTRAINT ledger_entry_sums_to_zero CHECK (
		coalesce(contra_minor, 0) + coalesce(cost_minor, 0) + coalesce(fee_minor, 0) + coalesce(interest_minor, 0) +
		coalesce(principal_minor, 0) + coalesce(credit_minor, 0) = 0)
);
COMMENT ON TABLE debts.ledger_entry IS 'The double-entry ledger (domain.md 5); append-only';

CREATE TABLE debts.payment (
	payment_id   uuid PRIMARY KEY,
	debt_id      uuid NOT NULL,
	customer_id  uuid NOT NULL,
	amount_minor bigint NOT NULL CHECK (amount_minor > 0),
	entry_seq    bigint NOT NULL,
	part         integer NOT NULL,
	received_on  date NOT NULL,
	currency     text COLLATE "C" NOT NULL CHECK (octet_length(currency) = 3),
	state        text COLLATE "C" NOT NULL CHECK (state IN ('settled', 'reversed')),
	method       text COLLATE "C" NOT NULL,
	source       text COLLATE "C" NOT NULL,
	external_ref text COLLATE "C" NOT NULL,
	UNIQUE (source, external_ref)
);
COMMENT ON TABLE debts.payment IS 'Money that came in; how it was allocated is told by its ledger entry (part, entry_seq)';

-- The entries of a debt, newest first, walked through the primary key: there is no index by debt.
CREATE FUNCTION debts.ledger_of(wanted uuid) RETURNS SETOF debts.ledger_entry LANGUAGE sql STABLE AS $$
	WITH RECURSIVE walk AS (
		SELECT e.* FROM debts.debt d JOIN debts.ledger_entry e ON e.part = d.part AND e.seq = d.last_entry_seq
		WHERE d.debt_id = wanted
		UNION ALL
		SELECT e.* FROM walk w JOIN debts.ledger_entry e ON e.part = w.part AND e.seq = w.previous_seq
	)
	SELECT * FROM walk;
$$;

-- What other modules may know.
CREATE VIEW debts.public_debt AS
	SELECT debt_id, customer_id, creditor_id, external_ref, currency, opened_on, due_on,
		cost_minor + fee_minor + interest_minor + principal_minor AS balance_minor, credit_minor,
		debts.lifecycle_name(lifecycle) AS lifecycle, version
	FROM debts.debt;
COMMENT ON VIEW debts.public_debt IS 'Lifecycle NEW: not yet moved by an event; whether it is due is told by due_on';

SELECT dcs_grant_module('debts');
GRANT SELECT, INSERT, UPDATE ON debts.debt, debts.payment TO dcs_debts;
GRANT SELECT, INSERT ON debts.ledger_entry TO dcs_debts;

SELECT dcs_create_role('dcs_communications');
GRANT USAGE ON SCHEMA debts TO dcs_communications;
GRANT SELECT ON debts.public_debt TO dcs_communications;
