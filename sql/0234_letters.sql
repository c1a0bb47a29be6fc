-- Messages of the channel letter.
ALTER TABLE communications.communication
	DROP CONSTRAINT communication_channel_check,
	ADD CONSTRAINT communication_channel_check CHECK (channel IN ('email', 'sms', 'letter'));

-- What a letter needs beside its texts, of one that is claimed.
CREATE FUNCTION communications.letter(id uuid)
	RETURNS TABLE (full_name_sealed bytea, name_version bigint, language text, message_class text, creditor_id uuid, dated_on date)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT p.full_name_sealed, p.version, c.language, c.message_class,
		(SELECT d.creditor_id FROM communications.communication_debt n JOIN debts.public_debt d ON d.debt_id = n.debt_id
			WHERE n.communication_id = c.communication_id LIMIT 1),
		coalesce((SELECT max(h.business_date) FROM communications.partition_head h), c.requested_on)
	FROM communications.outbox o
	JOIN communications.communication c ON c.communication_id = o.communication_id
	JOIN customers.public_person p ON p.customer_id = c.customer_id
	WHERE o.communication_id = id AND o.state = 'claimed' AND p.full_name_sealed IS NOT NULL;
$$;
REVOKE EXECUTE ON FUNCTION communications.letter(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.letter(uuid) TO dcs_notifier;

-- A letter needs no permission, as the guard says (rule_opt_out): only whoever has said no must have permitted it since. Nothing else of the
-- view changes, so its text is not repeated.
DO $$
DECLARE
	definition text := pg_get_viewdef('communications.refusal'::regclass);
	changed text := regexp_replace(definition, 'WHEN ((?:(?!WHEN ).)*?) THEN ''withdrawn''::text',
		'WHEN ((o.channel <> ''letter'' OR opt_out.withdrawn_at IS NOT NULL) AND (\1)) THEN ''withdrawn''::text');
BEGIN
	IF changed = definition THEN
		RAISE EXCEPTION 'the view communications.refusal has no line for a withdrawal';
	END IF;
	EXECUTE 'CREATE OR REPLACE VIEW communications.refusal AS ' || changed;
END $$;
