-- Debts can be amended and cancelled: an entry that takes back what was charged.

-- Wider than before, so what is there fulfils it: no need to read the whole ledger, which may be long, with the table locked.
ALTER TABLE debts.ledger_entry DROP CONSTRAINT ledger_entry_kind_check;
ALTER TABLE debts.ledger_entry ADD CONSTRAINT ledger_entry_kind_check
	CHECK (kind IN ('OPENING', 'PAYMENT', 'PAYMENT_REVERSAL', 'CREDIT_APPLIED', 'CANCELLATION')) NOT VALID;
