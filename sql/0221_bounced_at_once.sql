-- A mail server may say at once that there is no such mailbox: the notifier reports the address as bounced beside the outcome.
ALTER TABLE notifier.dispatch ADD COLUMN contact_point_id uuid;
COMMENT ON COLUMN notifier.dispatch.contact_point_id IS 'Where it is sent to; null: released before the column';
