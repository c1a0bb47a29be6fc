-- An erasure overwrites the rendered messages that it sees. A batch of the communications module that was rendering one in the same
-- moment committed it afterwards: nobody could open it, but it stayed. So a batch that reads a recipient's queue holds off erasures
-- until it is committed, and an erasure waits for the batches under way. One lock for all people: erasures are rare and short, and a
-- lock for each recipient would not fit into the server's table of locks.

CREATE FUNCTION communications.erasure_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 7234298791026976 $$;

-- A query of the store like the others: it comes first, and answers no row. The statements behind it see what an erasure that it
-- waited for has committed.
CREATE FUNCTION communications.hold_erasures() RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(communications.erasure_lock());
END $$;
COMMENT ON FUNCTION communications.hold_erasures() IS 'Until the end of the transaction no erasure overwrites messages';

CREATE OR REPLACE FUNCTION communications.forget(ids uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(communications.erasure_lock());
	WITH theirs AS MATERIALIZED (
		SELECT o.communication_id FROM communications.communication c
		JOIN communications.outbox o ON o.communication_id = c.communication_id
		WHERE c.customer_id = ANY (ids) ORDER BY o.communication_id FOR UPDATE OF o
	)
	UPDATE communications.outbox o SET address_sealed = '', subject_sealed = '', body_sealed = '' FROM theirs t
	WHERE o.communication_id = t.communication_id;
END $$;

REVOKE EXECUTE ON FUNCTION communications.hold_erasures(), communications.erasure_lock() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.hold_erasures(), communications.erasure_lock() TO dcs_communications;
