-- What somebody wrote from an address that no customer has is nobody's, so no erasure reaches it. Sender and text are forgotten as dead letters
-- are, after dead-letter-days of the workers; the row stays.

ALTER TABLE communications.unknown_inbound
	ALTER COLUMN key_salt DROP NOT NULL,
	ALTER COLUMN sender_sealed DROP NOT NULL,
	ALTER COLUMN text_sealed DROP NOT NULL,
	ADD CONSTRAINT unknown_inbound_forgotten CHECK (num_nulls(key_salt, sender_sealed, text_sealed) IN (0, 3));
COMMENT ON TABLE communications.unknown_inbound IS 'What somebody wrote from an address that no customer has; for an operator to look at. Sender and text are forgotten after a while';
COMMENT ON COLUMN communications.unknown_inbound.key_salt IS 'Of this row alone: without it sender and text cannot be opened; null: they are forgotten';

-- The oldest that are kept are found by their end of the index.
CREATE INDEX unknown_inbound_kept ON communications.unknown_inbound (created_at) WHERE text_sealed IS NOT NULL;
GRANT UPDATE (key_salt, sender_sealed, text_sealed) ON communications.unknown_inbound TO dcs_communications;
