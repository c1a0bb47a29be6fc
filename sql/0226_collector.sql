-- For whom the debts of a stack are collected, and under which law: until a portfolio says it of its debts, one fact of the whole stack, set
-- by `dcs migrate` (DCS_COLLECTOR, DCS_JURISDICTION). Null: nobody has said, and the guard does not guess (FACT-1).
--
-- Unlike live or rehearsal it may change: the verdicts keep the facts that they had.

ALTER TABLE engine.stack
	ADD COLUMN collector    text CHECK (collector IN ('first_party', 'third_party')),
	ADD COLUMN jurisdiction char(2);
COMMENT ON COLUMN engine.stack.collector IS 'For whom the debts are collected: for their creditor himself, or for another; null: unknown';
COMMENT ON COLUMN engine.stack.jurisdiction IS 'The country under whose law they are, ISO 3166-1; null: that of each person''s place only';
