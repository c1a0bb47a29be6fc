-- Whether a creditor knows a customer is asked before somebody who may only as a creditor creates a debt of his: else a debt would make known
-- whom it should not.
CREATE VIEW customers.public_acquaintance AS SELECT creditor_id, customer_id FROM customers.creditor_customer;
COMMENT ON VIEW customers.public_acquaintance IS 'Creditors that a customer was made known to when he was created; that he owes them something is told by debts';
GRANT SELECT ON customers.public_acquaintance TO dcs_debts;
