-- Promises to pay (consumers/debts/promise). A debt names its latest one: whether it is judged anew, a payment sees without a look-up.

ALTER TABLE debts.debt ADD promise_id uuid;
COMMENT ON COLUMN debts.debt.promise_id IS 'The latest promise about the debt; null: there is none';

CREATE TABLE debts.promise (
	promise_id    uuid PRIMARY KEY,
	debt_id       uuid NOT NULL,
	customer_id   uuid NOT NULL,
	amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
	enough_minor  bigint NOT NULL CHECK (enough_minor BETWEEN 0 AND amount_minor),
	paid_minor    bigint NOT NULL CHECK (paid_minor >= 0),
	version       bigint NOT NULL CHECK (version > 0),
	made_at       timestamptz NOT NULL,
	changed_at    timestamptz NOT NULL,
	made_on       date NOT NULL,
	due_on        date NOT NULL CHECK (due_on >= made_on),
	grace_ends_on date NOT NULL CHECK (grace_ends_on >= due_on),
	after_entries integer NOT NULL,
	state         text COLLATE "C" NOT NULL CHECK (state IN ('open', 'kept', 'partly_kept', 'broken', 'cancelled', 'superseded')),
	channel       text COLLATE "C" CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	taken_by      text COLLATE "C" NOT NULL
);
COMMENT ON TABLE debts.promise IS 'What debtors have promised to pay, and what came of it (consumers/DOMAIN.md 7)';
COMMENT ON COLUMN debts.promise.enough_minor IS 'So much keeps it: the amount, less the tolerance';
COMMENT ON COLUMN debts.promise.paid_minor IS 'Payments booked after it, with a value date from made_on to grace_ends_on, that were not reversed';
COMMENT ON COLUMN debts.promise.version IS '1, 2, 3 ...: the events about it, and the payments that count';
COMMENT ON COLUMN debts.promise.changed_at IS 'Of the last event about it';
COMMENT ON COLUMN debts.promise.after_entries IS 'Entries of the debt''s ledger when it was made: payments of later ones count';
COMMENT ON COLUMN debts.promise.taken_by IS 'The actor of its command';

-- The promises of a debt, which are few. At most one of them is open.
CREATE INDEX promise_of_debt ON debts.promise (debt_id, promise_id);
CREATE UNIQUE INDEX promise_open ON debts.promise (debt_id) WHERE state = 'open';

GRANT SELECT, INSERT, UPDATE ON debts.promise TO dcs_debts;

CREATE VIEW debts.api_promise AS
	SELECT p.promise_id, p.debt_id, p.customer_id, d.creditor_id, d.currency, p.amount_minor, p.paid_minor, p.state, p.made_on, p.due_on, p.grace_ends_on,
		p.channel, p.taken_by, p.version, public.dcs_promise_actions(p.state) AS actions, p.made_at AS created_at, p.changed_at AS updated_at
	FROM debts.promise p LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;
GRANT SELECT ON debts.api_promise TO dcs_api;
