-- An e-mail's template may have an HTML part: kept, sealed, claimed and forgotten as the text is.
ALTER TABLE communications.template_version ADD COLUMN html text;
COMMENT ON COLUMN communications.template_version.html IS 'What stands in the body of the document; null: the message has a text only';
ALTER TABLE communications.outbox ADD COLUMN html_sealed bytea;
COMMENT ON COLUMN communications.outbox.html_sealed IS 'The same message as HTML; null: it has a text only';

CREATE OR REPLACE VIEW communications.api_template AS
	SELECT t.template_id, t.name, t.channel, t.language, t.version, v.message_class, v.subject, v.body, v.published_at,
		f.published_at AS created_at, v.html
	FROM communications.template t
	JOIN communications.template_version v ON v.template_id = t.template_id AND v.version = t.version
	JOIN communications.template_version f ON f.template_id = t.template_id AND f.version = 1;

CREATE OR REPLACE VIEW communications.api_communication AS
	SELECT c.communication_id, c.customer_id, c.version, c.state, c.channel, c.requested_on, c.message_class, c.template_name,
		c.template_version, c.language, c.contact_point_id, c.attempt, o.send_by, o.subject_sealed, o.body_sealed,
		ARRAY(SELECT d.debt_id FROM communications.communication_debt d WHERE d.communication_id = c.communication_id ORDER BY d.debt_id)
			AS debt_ids,
		v.verdict, v.until, string_to_array(v.rules, ' ') AS rules, v.decided_at,
		r.provider, r.provider_ref, r.provider_code, r.occurred_at, communications.allowed_actions(o.state) AS actions,
		c.created_at, c.updated_at, c.updated_seq, c.not_before, c.release_at, o.html_sealed
	FROM communications.communication c
	LEFT JOIN communications.outbox o ON o.communication_id = c.communication_id
	LEFT JOIN LATERAL (SELECT * FROM communications.compliance_decision x WHERE x.communication_id = c.communication_id
		ORDER BY x.decided_at DESC LIMIT 1) v ON true
	LEFT JOIN LATERAL (SELECT * FROM communications.receipt x WHERE x.communication_id = c.communication_id
		ORDER BY x.version DESC LIMIT 1) r ON true;

-- As in 0211, and the HTML.
CREATE OR REPLACE FUNCTION communications.forget(ids uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(communications.erasure_lock());
	WITH theirs AS MATERIALIZED (
		SELECT o.communication_id FROM communications.communication c
		JOIN communications.outbox o ON o.communication_id = c.communication_id
		WHERE c.customer_id = ANY (ids) ORDER BY o.communication_id FOR UPDATE OF o
	)
	UPDATE communications.outbox o SET address_sealed = '', subject_sealed = '', body_sealed = '', html_sealed = NULL,
		parameters_sealed = NULL
	FROM theirs t WHERE o.communication_id = t.communication_id;
END $$;

-- As in 0155, and the HTML.
DROP FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]), communications.claim_among(uuid[], text[]),
	communications.claimed(uuid[]);

CREATE FUNCTION communications.claim_among(ids uuid[], states text[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea, key_salt bytea,
		refusal text)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
DECLARE
	locked uuid[];
BEGIN
	locked := ARRAY(SELECT o.communication_id FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state = ANY (states) AND o.send_by > engine.now()
		ORDER BY o.communication_id FOR UPDATE);
	RETURN QUERY
		WITH asked AS MATERIALIZED (
			SELECT r.communication_id AS id, r.code FROM communications.refusal r WHERE r.communication_id = ANY (locked)
		), claimed AS (
			UPDATE communications.outbox o SET state = 'claimed', claims = o.claims + 1 FROM asked
			WHERE o.communication_id = asked.id AND asked.code IS NULL RETURNING o.*
		)
		SELECT asked.id, c.address_sealed, c.subject_sealed, c.body_sealed, c.html_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = c.customer_id), asked.code
		FROM asked LEFT JOIN claimed c ON c.communication_id = asked.id;
END $$;

CREATE FUNCTION communications.claim(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea, key_salt bytea,
		refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{released}');
$$;

CREATE FUNCTION communications.claim_again(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea, key_salt bytea,
		refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{claimed,waiting}');
$$;

CREATE FUNCTION communications.claimed(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea, key_salt bytea,
		refusal text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed, o.html_sealed,
		(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id), r.code
	FROM communications.outbox o JOIN communications.refusal r USING (communication_id)
	WHERE o.communication_id = ANY (ids) AND o.state = 'claimed';
$$;

REVOKE EXECUTE ON FUNCTION communications.claim_among(uuid[], text[]), communications.claim(uuid[]), communications.claim_again(uuid[]),
	communications.claimed(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]), communications.claimed(uuid[]) TO dcs_notifier;
