-- Erasure of a person (GDPR 17) by destruction of his key. Names, birth dates, addresses, rendered texts and the hashes of addresses are made
-- with a key of each person's own, from the programs' key and the salt in the customer's row (lib/crypto, person_key). An erased
-- customer has no salt: nothing of his can be opened or found again, in whatever table, log or topic it is.

ALTER TABLE customers.customer
	ADD COLUMN key_salt bytea DEFAULT '',
	ALTER COLUMN full_name_sealed DROP NOT NULL,
	ADD CONSTRAINT customer_erased CHECK (CASE status
		WHEN 'erased' THEN num_nonnulls(key_salt, full_name_sealed, birth_date_sealed) = 0
		ELSE num_nulls(key_salt, full_name_sealed) = 0 END);
COMMENT ON COLUMN customers.customer.key_salt IS 'Makes the key of all that is personal; empty: the programs'' key itself (from before there were salts); null: destroyed';

ALTER TABLE customers.contact_point
	ALTER COLUMN address_hash DROP NOT NULL,
	ALTER COLUMN address_sealed DROP NOT NULL,
	DROP CONSTRAINT contact_point_state_check,
	ADD CONSTRAINT contact_point_state_check CHECK (state IN ('usable', 'bounced', 'wrong_party', 'reassigned', 'blocked', 'erased')),
	ADD CONSTRAINT contact_point_erased CHECK (num_nulls(address_hash, address_sealed) = CASE state WHEN 'erased' THEN 2 ELSE 0 END);
COMMENT ON COLUMN customers.contact_point.address_hash IS 'By the person''s own key: to find and compare his addresses without reading them';

CREATE OR REPLACE VIEW customers.public_person AS
	SELECT customer_id, status, kind, locale, country, region, timezone, full_name_sealed, key_salt FROM customers.customer;
COMMENT ON VIEW customers.public_person IS 'With the sealed name and the salt that opens it, his addresses and his messages: for programs that write to people or show them';

-- ---- what keeps a person's data ----

-- For the debts of one customer: his page at the gateway, and the question whether he may be erased.
CREATE INDEX debt_customer ON debts.debt (customer_id);

CREATE VIEW debts.public_open_debt AS
	SELECT debt_id, customer_id, balance_minor, credit_minor FROM debts.public_debt
	WHERE credit_minor > 0 OR (balance_minor > 0 AND lifecycle NOT IN ('WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED'));
COMMENT ON VIEW debts.public_open_debt IS 'On which something is still owed, by the customer or to him: as long his data is kept (GDPR 17(3))';

GRANT USAGE ON SCHEMA debts TO dcs_customers;
GRANT SELECT ON debts.public_open_debt TO dcs_customers;

-- ---- what an erasure takes away outside of the customers' own tables, in its transaction ----

-- The rendered messages. Without the salt nobody can open them; those from before there were salts are destroyed by this alone.
CREATE FUNCTION communications.forget(ids uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH theirs AS MATERIALIZED (
		SELECT o.communication_id FROM communications.communication c
		JOIN communications.outbox o ON o.communication_id = c.communication_id
		WHERE c.customer_id = ANY (ids) ORDER BY o.communication_id FOR UPDATE OF o
	)
	UPDATE communications.outbox o SET address_sealed = '', subject_sealed = '', body_sealed = '' FROM theirs t
	WHERE o.communication_id = t.communication_id;
$$;

-- What became a dead letter under the customer's key, in every module: its bytes may be a command with his name in clear. The row stays.
CREATE FUNCTION dcs_forget_dead_letters(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	module text;
BEGIN
	FOR module IN SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname = 'dead_letter' AND c.relkind = 'r' ORDER BY 1
	LOOP
		EXECUTE format('UPDATE %I.dead_letter SET value = NULL, replayed_at = coalesce(replayed_at, now()) '
			'WHERE value IS NOT NULL AND key = ANY ($1)', module)
			USING ARRAY(SELECT convert_to(id::text, 'UTF8') FROM unnest(ids) id);
	END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION communications.forget(uuid[]), dcs_forget_dead_letters(uuid[]) FROM PUBLIC;
GRANT USAGE ON SCHEMA communications TO dcs_customers;
GRANT EXECUTE ON FUNCTION communications.forget(uuid[]), dcs_forget_dead_letters(uuid[]) TO dcs_customers;

-- ---- claims give the salt with the message; none: the customer was erased, and the message cannot leave ----

DROP FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]);

-- Gives the notifier those of the messages that are still released and not late, and makes them its own. A withdrawal that is being
-- handled holds their locks: it is waited for, and wins. Locks are taken in id order by everybody.
-- Two statements: the locks first, then the salts as they were committed while the locks were waited for.
CREATE FUNCTION communications.claim(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM FROM communications.outbox o WHERE o.communication_id = ANY (ids) AND o.state = 'released'
		ORDER BY o.communication_id FOR UPDATE;
	RETURN QUERY UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1
		WHERE o.communication_id = ANY (ids) AND o.state = 'released' AND o.send_by > now()
		RETURNING o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id);
END $$;

-- The same for another attempt at messages that were claimed before and certainly not accepted by the gateway. The customer is
-- asked again, so to speak: a permission withdrawn since the first claim is the end of it.
CREATE FUNCTION communications.claim_again(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state IN ('claimed', 'waiting')
		ORDER BY o.communication_id FOR UPDATE;
	RETURN QUERY UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1
		WHERE o.communication_id = ANY (ids) AND o.state IN ('claimed', 'waiting') AND o.send_by > now()
		AND EXISTS (
			SELECT FROM communications.permission p
			LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
			WHERE p.customer_id = o.customer_id AND p.channel = o.channel AND p.purpose = 'collect'
			AND (w.withdrawn_at IS NULL OR p.obtained_at > w.withdrawn_at))
		RETURNING o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id);
END $$;

REVOKE EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]) TO dcs_notifier;
