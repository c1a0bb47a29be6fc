-- What a claim asks again about a message is one view: a row for each message of the outbox, a line for each check. It was a function,
-- which PostgreSQL planned anew at every call, three times a message: nine tenths of a claim's time. A view becomes a part of the statement
-- that reads it, so a session plans it once, and a claim asks about all of its messages in one statement.

-- What a class of messages asks of the debts that it names: null (nothing), owed, or due (and so owed). message_class_asks in C.
CREATE OR REPLACE FUNCTION communications.class_asks(message_class text) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE
		WHEN message_class IN ('demand', 'settlement_offer', 'legal_notice') THEN 'due'
		WHEN message_class IN ('validation_notice', 'reminder', 'promise_reminder', 'plan_notice') THEN 'owed'
		END;
ALTER FUNCTION communications.class_asks(text) RESET ALL; -- with a setting of its own it would be called, not inlined

DROP FUNCTION communications.refusal(uuid, uuid, text), communications.debt_refusal(uuid);

CREATE VIEW communications.refusal AS
	SELECT o.communication_id, CASE
		WHEN person.key_salt IS NULL THEN 'erased'
		WHEN point.state IS DISTINCT FROM 'usable' THEN 'address_invalid'
		WHEN permission.obtained_at IS NULL OR permission.obtained_at <= opt_out.withdrawn_at THEN 'withdrawn'
		WHEN debts.is_closed THEN 'debt_closed'
		WHEN debts.owes_nothing THEN 'nothing_owed'
		WHEN communications.class_asks(c.message_class) = 'due'
			AND debts.last_due_on > (SELECT max(h.business_date) FROM communications.partition_head h) THEN 'not_due'
		WHEN debts.has_changed THEN 'balance_changed'
		END AS code
	FROM communications.outbox o
	LEFT JOIN communications.communication c ON c.communication_id = o.communication_id
	LEFT JOIN customers.public_person person ON person.customer_id = o.customer_id
	LEFT JOIN customers.public_contact_point point ON point.contact_point_id = c.contact_point_id
	LEFT JOIN communications.permission permission
		ON permission.customer_id = o.customer_id AND permission.channel = o.channel AND permission.purpose = 'collect'
	LEFT JOIN communications.opt_out opt_out ON opt_out.customer_id = o.customer_id AND opt_out.channel = o.channel
	-- of the debts that the message asks for
	CROSS JOIN LATERAL (
		SELECT bool_or(d.debt_id IS NULL OR d.lifecycle IN ('SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')) AS is_closed,
			bool_or(d.balance_minor <= 0) AS owes_nothing, max(d.due_on) AS last_due_on,
			bool_or(d.balance_minor <> n.stated_minor) AS has_changed
		FROM communications.communication_debt n LEFT JOIN debts.public_debt d ON d.debt_id = n.debt_id
		WHERE n.communication_id = o.communication_id AND communications.class_asks(c.message_class) IS NOT NULL
	) debts;
COMMENT ON VIEW communications.refusal IS 'Why a message must not leave; null: it may. For the claims, which lock the outbox before they ask';

CREATE OR REPLACE FUNCTION communications.claim_among(ids uuid[], states text[])
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
			SELECT r.communication_id AS id, r.code FROM communications.refusal r WHERE r.communication_id = ANY (locked)
		), claimed AS (
			UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1 FROM asked
			WHERE o.communication_id = asked.id AND asked.code IS NULL RETURNING o.*
		)
		SELECT asked.id, c.address_sealed, c.subject_sealed, c.body_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = c.customer_id), asked.code
		FROM asked LEFT JOIN claimed c ON c.communication_id = asked.id;
END $$;

CREATE OR REPLACE FUNCTION communications.claimed(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, key_salt bytea, refusal text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed,
		(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id), r.code
	FROM communications.outbox o JOIN communications.refusal r USING (communication_id)
	WHERE o.communication_id = ANY (ids) AND o.state = 'claimed';
$$;

-- As the modules' roles (dcs_grant_module): the notifier's statements are planned once for a session's life, perhaps while the tables are
-- nearly empty, and each looks rows up one by one. It may join by hash what a statement itself has made, the claims of a batch.
DO $$
DECLARE
	setting text;
BEGIN
	FOREACH setting IN ARRAY ARRAY['enable_mergejoin', 'enable_seqscan', 'enable_bitmapscan', 'enable_memoize'] LOOP
		EXECUTE format('ALTER ROLE dcs_notifier IN DATABASE %I SET %s = off', current_database(), setting);
	END LOOP;
END $$;
