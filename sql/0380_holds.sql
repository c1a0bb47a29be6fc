-- Holds (consumers/debts/hold): for a time, something about a debt stops. What is stopped now stands in the debt's row, for every rule.

ALTER TABLE debts.debt ADD stopped smallint;
COMMENT ON COLUMN debts.debt.stopped IS 'What its active holds stop together: see debts.hold_effects; null: nothing';

CREATE TABLE debts.hold (
	hold_id         uuid PRIMARY KEY,
	debt_id         uuid NOT NULL,
	customer_id     uuid NOT NULL,
	kind            text COLLATE "C" NOT NULL CHECK (kind IN ('dispute', 'original_creditor_request', 'bankruptcy', 'deceased', 'incapacity',
		'vulnerable', 'breathing_space', 'crisis', 'plan_in_development', 'identity_theft', 'time_barred', 'payment_pending', 'manual')),
	state           text COLLATE "C" NOT NULL CHECK (state IN ('planned', 'active', 'released', 'expired', 'merged')),
	effects         smallint NOT NULL CHECK (effects BETWEEN 1 AND 255),
	version         bigint NOT NULL CHECK (version > 0),
	from_on         date NOT NULL,
	until_on        date CHECK (until_on > from_on),
	review_on       date,
	review_asked_on date,
	merged_into     uuid,
	evidence_ref    text NOT NULL,
	placed_by       text COLLATE "C" NOT NULL,
	placed_at       timestamptz NOT NULL,
	changed_at      timestamptz NOT NULL,
	CHECK ((merged_into IS NOT NULL) = (state = 'merged'))
);
COMMENT ON TABLE debts.hold IS 'What stops something about a debt for a time (consumers/DOMAIN.md 9)';
COMMENT ON COLUMN debts.hold.effects IS 'What it stops: see debts.hold_effects';
COMMENT ON COLUMN debts.hold.until_on IS 'The first day on which it is over; null: it is released one day';
COMMENT ON COLUMN debts.hold.review_asked_on IS 'Since this day somebody has to look at it; null: nobody has to';
COMMENT ON COLUMN debts.hold.merged_into IS 'The hold of the same kind of which it is a part';
COMMENT ON COLUMN debts.hold.changed_at IS 'Of the last event about it';
COMMENT ON COLUMN debts.hold.placed_by IS 'The actor of its command';

-- The holds of a debt and of a customer, which are few.
CREATE INDEX hold_of_debt ON debts.hold (debt_id, hold_id);
CREATE INDEX hold_of_customer ON debts.hold (customer_id, hold_id);

GRANT SELECT, INSERT, UPDATE ON debts.hold TO dcs_debts;

CREATE FUNCTION debts.hold_effects(bits smallint) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT array(SELECT word FROM unnest(ARRAY['contact', 'dunning', 'interest', 'fees', 'ageing', 'legal', 'credit_report', 'sale'])
		WITH ORDINALITY AS e (word, n) WHERE coalesce(bits, 0)::integer & (1 << (n::integer - 1)) <> 0 ORDER BY n);
$$;
REVOKE EXECUTE ON FUNCTION debts.hold_effects(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.hold_effects(smallint) TO dcs_api;

CREATE VIEW debts.api_hold AS
	SELECT h.hold_id, h.debt_id, h.customer_id, d.creditor_id, h.kind, h.state, debts.hold_effects(h.effects) AS effects, h.from_on, h.until_on,
		h.review_on, h.review_asked_on, h.merged_into, h.evidence_ref, h.placed_by, h.version,
		public.dcs_hold_actions(h.state, h.kind = 'dispute') AS actions,
		h.placed_at AS created_at, h.changed_at AS updated_at
	FROM debts.hold h LEFT JOIN debts.debt d ON d.debt_id = h.debt_id;
GRANT SELECT ON debts.api_hold TO dcs_api;
