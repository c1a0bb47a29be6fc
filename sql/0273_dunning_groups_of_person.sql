-- All groups of a person are asked about when a contact point is added.
CREATE INDEX debt_group_customer ON dunning.debt_group (customer_id);
