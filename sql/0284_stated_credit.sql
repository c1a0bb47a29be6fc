-- The balance in a text is less what the customer has overpaid to the same creditor (consumers/communications/README.md, "Tokens").

ALTER TABLE communications.outbox ADD COLUMN stated_credit_minor bigint;
COMMENT ON COLUMN communications.outbox.stated_credit_minor IS
	'The credits by which the balance in the text is less; null: there is no text, it has no debts, or it is from before the column and left them out';
