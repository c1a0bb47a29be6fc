-- The guard runs again immediately before a message leaves: whatever the customers module or the communications module knows by then. So
-- every claim, the first too, asks whether the person is there, the contact point still usable (a wrong_party's owner must not read about
-- somebody else's debt) and the permission in force. What it refuses stays as it was, until the notifier's report of it ends it.

DROP FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]);

-- Why a message must not leave; null: it may.
CREATE FUNCTION communications.refusal(communication_id uuid, customer_id uuid, channel text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT CASE
		WHEN NOT EXISTS (SELECT FROM customers.public_person p WHERE p.customer_id = $2 AND p.key_salt IS NOT NULL) THEN 'erased'
		WHEN NOT EXISTS (
			SELECT FROM communications.communication c
			JOIN customers.public_contact_point a ON a.contact_point_id = c.contact_point_id
			WHERE c.communication_id = $1 AND a.state = 'usable') THEN 'address_invalid'
		WHEN NOT EXISTS (
			SELECT FROM communications.permission p
			LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
			WHERE p.customer_id = $2 AND p.channel = $3 AND p.purpose = 'collect'
			AND (w.withdrawn_at IS NULL OR p.obtained_at > w.withdrawn_at)) THEN 'withdrawn'
		END;
$$;

-- Of the messages that are in one of these states and not late: makes those that may leave the notifier's own and gives their texts with the
-- salt that opens them; of the others it says why not (a refusal, and no texts).
-- Statement after statement, each with what is committed by then: first the locks, in id order as everybody takes them, so that a withdrawal
-- or an erasure that is being handled is waited for, and wins (P9); then the question, so that every invalidation whose event anybody can
-- have read is known. Contact points are not locked: an erasure locks them before it locks the outbox.
CREATE FUNCTION communications.claim_among(ids uuid[], states text[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea, refusal text)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
DECLARE
	locked uuid[];
BEGIN
	locked := ARRAY(SELECT o.communication_id FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state = ANY (states) AND o.send_by > now()
		ORDER BY o.communication_id FOR UPDATE);
	RETURN QUERY
		WITH asked AS MATERIALIZED (
			SELECT o.communication_id AS id, communications.refusal(o.communication_id, o.customer_id, o.channel) AS why
			FROM communications.outbox o WHERE o.communication_id = ANY (locked)
		), claimed AS (
			UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1 FROM asked
			WHERE o.communication_id = asked.id AND asked.why IS NULL RETURNING o.*
		)
		SELECT asked.id, c.address_sealed, c.subject_sealed, c.body_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = c.customer_id), asked.why
		FROM asked LEFT JOIN claimed c ON c.communication_id = asked.id;
END $$;

-- For the first try.
CREATE FUNCTION communications.claim(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea, refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{released}');
$$;

-- For another try of messages that were claimed before and certainly not accepted by the gateway.
CREATE FUNCTION communications.claim_again(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea, refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{claimed,waiting}');
$$;

REVOKE EXECUTE ON FUNCTION communications.refusal(uuid, uuid, text), communications.claim_among(uuid[], text[]),
	communications.claim(uuid[]), communications.claim_again(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]) TO dcs_notifier;
