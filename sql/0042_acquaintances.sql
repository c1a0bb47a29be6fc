-- Whether a creditor knows a customer is asked before he changes him: by the debts too, whose index is by creditor and customer.
GRANT SELECT ON debts.public_debt TO dcs_customers;
