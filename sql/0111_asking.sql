-- A message of which nobody knows whether its gateway accepted it: where the gateway can be asked, or recognises a repetition, the
-- notifier asks, before it reports the outcome as unknown. The attempt stays open meanwhile (attempt_once: there is no other), and
-- the message is in the state `asking`.
ALTER TABLE notifier.dispatch
	ADD COLUMN asks integer NOT NULL DEFAULT 0 CHECK (asks >= 0), -- how often the last attempt became doubtful; above 0: never sent anew
	DROP CONSTRAINT dispatch_state_check,
	ADD CONSTRAINT dispatch_state_check CHECK (state IN ('queued', 'sending', 'waiting', 'asking', 'done'));
CREATE INDEX dispatch_asking ON notifier.dispatch (next_at) WHERE state = 'asking';

-- The texts of claimed messages once more, and whether each might still leave (null: it might). No claim: nothing changes.
CREATE FUNCTION communications.claimed(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea, refusal text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed,
		(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id),
		communications.refusal(o.communication_id, o.customer_id, o.channel)
	FROM communications.outbox o WHERE o.communication_id = ANY (ids) AND o.state = 'claimed';
$$;
REVOKE EXECUTE ON FUNCTION communications.claimed(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.claimed(uuid[]) TO dcs_notifier;
