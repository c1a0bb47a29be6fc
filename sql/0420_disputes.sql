-- Disputes about debts (consumers/debts/dispute). What one stops is its hold's, which has the same id.

CREATE TABLE debts.dispute (
	dispute_id        uuid PRIMARY KEY,
	debt_id           uuid NOT NULL,
	customer_id       uuid NOT NULL,
	duplicate_of      uuid CHECK ((duplicate_of IS NOT NULL) = (state = 'duplicate')),
	portion_minor     bigint CHECK (portion_minor > 0),
	version           bigint NOT NULL CHECK (version > 0),
	created_at        timestamptz NOT NULL,
	changed_at        timestamptz NOT NULL,
	received_on       date NOT NULL,
	raised_on         date NOT NULL,
	sent_on           date CHECK ((sent_on IS NOT NULL) = (state IN ('upheld', 'rejected'))),
	entries           integer NOT NULL CHECK (entries >= 0),
	evidence_count    integer NOT NULL CHECK (evidence_count BETWEEN 0 AND 16),
	grounds           text COLLATE "C" NOT NULL CHECK (grounds IN ('not_mine', 'does_not_exist', 'wrong_amount', 'paid', 'identity_theft', 'other')),
	state             text COLLATE "C" NOT NULL CHECK (state IN ('open', 'verifying', 'upheld', 'rejected', 'duplicate')),
	in_writing        boolean NOT NULL,
	within_validation boolean NOT NULL,
	verification_ref  text COLLATE "C",
	evidence_refs     text COLLATE "C" NOT NULL,
	raised_by         text COLLATE "C" NOT NULL
);
COMMENT ON TABLE debts.dispute IS 'Disputes about a debt or a part of it (consumers/DOMAIN.md 2, 9)';
COMMENT ON COLUMN debts.dispute.duplicate_of IS 'The dispute, open or rejected, that it repeats';
COMMENT ON COLUMN debts.dispute.portion_minor IS 'The part that is disputed; null: all of the debt';
COMMENT ON COLUMN debts.dispute.sent_on IS 'The day of the answer; null: it is not resolved';
COMMENT ON COLUMN debts.dispute.entries IS 'Ledger entries of the debt when it was raised, then when it was resolved';
COMMENT ON COLUMN debts.dispute.within_validation IS 'Known to have come within the validation period; false: not known';
COMMENT ON COLUMN debts.dispute.evidence_refs IS 'Where the proofs are kept, a line each; evidence_count of them';
COMMENT ON COLUMN debts.dispute.raised_by IS 'The actor of its command';

-- The disputes of a debt, which are few.
CREATE INDEX dispute_of_debt ON debts.dispute (debt_id, dispute_id);

GRANT SELECT, INSERT, UPDATE ON debts.dispute TO dcs_debts;

CREATE VIEW debts.api_dispute AS
	SELECT p.dispute_id, p.debt_id, p.customer_id, d.creditor_id, d.currency, p.grounds, p.state, p.portion_minor, p.received_on, p.raised_on, p.sent_on,
		p.in_writing, p.within_validation, p.duplicate_of, p.verification_ref,
		CASE WHEN p.evidence_count = 0 THEN '{}' ELSE string_to_array(p.evidence_refs, E'\n') END AS evidence_refs,
		p.raised_by, p.version, public.dcs_dispute_actions(p.state) AS actions, p.created_at, p.changed_at AS updated_at
	FROM debts.dispute p LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;
GRANT SELECT ON debts.api_dispute TO dcs_api;

-- A hold that an open dispute needs is released by its resolution only (dispute_hold_kind in consumers/debts/dispute).
CREATE OR REPLACE VIEW debts.api_hold AS
	SELECT h.hold_id, h.debt_id, h.customer_id, d.creditor_id, h.kind, h.state, debts.hold_effects(h.effects) AS effects, h.from_on, h.until_on,
		h.review_on, h.review_asked_on, h.merged_into, h.evidence_ref, h.placed_by, h.version,
		public.dcs_hold_actions(h.state, h.kind = 'dispute' OR h.kind = 'identity_theft' AND EXISTS (SELECT FROM debts.dispute p
			WHERE p.debt_id = h.debt_id AND p.grounds = 'identity_theft' AND p.state IN ('open', 'verifying'))) AS actions,
		h.placed_at AS created_at, h.changed_at AS updated_at
	FROM debts.hold h LEFT JOIN debts.debt d ON d.debt_id = h.debt_id;
