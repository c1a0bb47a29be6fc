-- Debts that are charged off (consumers/debts/closing), and what is paid on them.

ALTER TABLE debts.debt ADD charged_off_on date, ADD charged_off_entries integer, ADD charged_off_from smallint;
COMMENT ON COLUMN debts.debt.charged_off_on IS 'The creditor''s books gave it up, and it is collected on; null: they did not. Stays when it is paid';
COMMENT ON COLUMN debts.debt.charged_off_entries IS 'Its entries then: with a later one the charge-off is not undone any more';
COMMENT ON COLUMN debts.debt.charged_off_from IS 'The lifecycle to which UndoChargeOff leads back';

-- The kind of a payment's row stays PAYMENT: its unique indexes are of that kind. debts.ledger_entry, now in current/, says RECOVERY.
ALTER TABLE debts.posting ADD is_recovery boolean;
COMMENT ON COLUMN debts.posting.is_recovery IS 'Of a payment on a debt that was charged off: true; otherwise null';
