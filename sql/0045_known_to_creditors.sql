-- A customer is known to the creditors that whoever made him known was bound to, before there is a debt: an upstream service finds again what it
-- has made.
CREATE TABLE customers.creditor_customer (
	creditor_id uuid NOT NULL,
	customer_id uuid NOT NULL,
	PRIMARY KEY (creditor_id, customer_id)
);
COMMENT ON TABLE customers.creditor_customer IS 'Append-only: creditor_ids of CustomerCreated';
GRANT SELECT, INSERT ON customers.creditor_customer TO dcs_customers;
GRANT SELECT ON customers.creditor_customer TO dcs_api;

CREATE OR REPLACE VIEW api.known_customer AS
	SELECT creditor_id, customer_id FROM debts.debt
	UNION ALL
	SELECT creditor_id, customer_id FROM customers.creditor_customer;
COMMENT ON VIEW api.known_customer IS 'A customer is known to the creditors whom he owes or owed something, and to those of who made him known; rows may repeat';
