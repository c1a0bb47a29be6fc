-- Refunds of payments (consumers/debts/payment). A payment's row never changes: what was refunded of it is told by its entries of kind 16,
-- of which it may have several. IS NOT NULL, as in 0295: a look-up by the key can use this index only.
CREATE INDEX posting_refund ON debts.posting (payment_id) WHERE kind = 16 AND payment_id IS NOT NULL;
COMMENT ON COLUMN debts.posting.payment_id IS 'Of a payment, of its reversal, and of its refunds';

-- Made anew behind this file (current/debts_payment.sql): what can be done with a payment depends on what is left of its credit.
DROP VIEW debts.api_payment;
DROP FUNCTION debts.allowed_payment_actions(text, smallint);
