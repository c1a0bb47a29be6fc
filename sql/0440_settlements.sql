-- Settlements of debts (consumers/debts/settlement). A debt names the one that was offered last: a payment of a debt without one sees it without a look-up.

ALTER TABLE debts.debt ADD settlement_id uuid;
COMMENT ON COLUMN debts.debt.settlement_id IS 'The settlement that was offered last; null: there is none';

CREATE TABLE debts.settlement (
	settlement_id            uuid PRIMARY KEY,
	debt_id                  uuid NOT NULL,
	customer_id              uuid NOT NULL,
	amount_minor             bigint NOT NULL CHECK (amount_minor > 0),
	balance_minor            bigint NOT NULL CHECK (balance_minor > amount_minor),
	paid_minor               bigint NOT NULL CHECK (paid_minor >= 0),
	discount_cost_minor      bigint CHECK (discount_cost_minor > 0),
	discount_fee_minor       bigint CHECK (discount_fee_minor > 0),
	discount_interest_minor  bigint CHECK (discount_interest_minor > 0),
	discount_principal_minor bigint CHECK (discount_principal_minor > 0),
	version                  bigint NOT NULL CHECK (version > 0),
	created_at               timestamptz NOT NULL,
	changed_at               timestamptz NOT NULL,
	offered_on               date NOT NULL,
	expires_on               date NOT NULL CHECK (expires_on >= offered_on),
	pay_by                   date NOT NULL CHECK (pay_by >= expires_on),
	grace_ends_on            date NOT NULL CHECK (grace_ends_on >= pay_by),
	accepted_on              date CHECK (accepted_on <= expires_on),
	after_entries            integer NOT NULL CHECK (after_entries >= 0),
	state                    text COLLATE "C" NOT NULL CHECK (state IN ('offered', 'accepted', 'fulfilled', 'breached', 'withdrawn', 'expired')),
	offered_by               text COLLATE "C" NOT NULL,
	approved_by              text COLLATE "C",
	reason                   text COLLATE "C"
);
COMMENT ON TABLE debts.settlement IS 'Settlements of a debt: a part is paid, and the rest waived (consumers/DOMAIN.md 7)';
COMMENT ON COLUMN debts.settlement.balance_minor IS 'What was owed when it was offered, then when it was accepted';
COMMENT ON COLUMN debts.settlement.paid_minor IS 'Payments booked after its acceptance, with a value date in its time, that were not reversed';
COMMENT ON COLUMN debts.settlement.discount_principal_minor IS 'Of what was waived when it was fulfilled; null: nothing. So are the other parts; all null: it is not fulfilled';
COMMENT ON COLUMN debts.settlement.version IS '1, 2, 3 ...: the events about it, and the payments that count';
COMMENT ON COLUMN debts.settlement.changed_at IS 'Of the last event about it';
COMMENT ON COLUMN debts.settlement.grace_ends_on IS 'The last value date that counts';
COMMENT ON COLUMN debts.settlement.accepted_on IS 'null: it was never accepted';
COMMENT ON COLUMN debts.settlement.after_entries IS 'Entries of the debt''s ledger when it was accepted: payments of later ones count; 0: only offered';
COMMENT ON COLUMN debts.settlement.offered_by IS 'The actor of its command; the second person is approved_by';

-- The settlements of a debt, which are few. At most one of them is open or stands.
CREATE INDEX settlement_of_debt ON debts.settlement (debt_id, settlement_id);
CREATE UNIQUE INDEX settlement_standing ON debts.settlement (debt_id) WHERE state IN ('offered', 'accepted', 'fulfilled');

GRANT SELECT, INSERT, UPDATE ON debts.settlement TO dcs_debts;

CREATE VIEW debts.api_settlement AS
	SELECT p.settlement_id, p.debt_id, p.customer_id, d.creditor_id, d.currency, p.state, p.amount_minor, p.balance_minor, p.paid_minor,
		coalesce(p.discount_cost_minor, 0) + coalesce(p.discount_fee_minor, 0) + coalesce(p.discount_interest_minor, 0)
			+ coalesce(p.discount_principal_minor, 0) AS discount_minor,
		p.offered_on, p.expires_on, p.pay_by, p.grace_ends_on, p.accepted_on, p.reason, p.offered_by, p.approved_by, p.version,
		public.dcs_settlement_actions(p.state) AS actions, p.created_at, p.changed_at AS updated_at
	FROM debts.settlement p LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;
GRANT SELECT ON debts.api_settlement TO dcs_api;
