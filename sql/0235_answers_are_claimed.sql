-- An answer to a person may leave though the consent to its channel is not in force (US-10: one confirmation of an opt-out, and one answer
-- if the person uses the channel again; the guard has allowed it for that). It is an answer if the person wrote at or after the last
-- withdrawal reached us, the guard allowed it at or after that message, and nothing else of ours went to the channel between the two. A
-- consent that has expired only since the verdict is refused as before, as is what was withdrawn since: told_at is after the verdict.
-- The message that it answers is no news for which the guard is asked again (0233): the verdict is of the same decision.
-- The rest of the view stays what it is, so its text is not repeated.
DO $migration$
DECLARE
	its text := pg_get_viewdef('communications.refusal'::regclass);
	answers constant text := $answers$EXISTS (
		SELECT FROM communications.compliance_decision d
		JOIN communications.inbound i ON i.customer_id = d.customer_id AND i.channel = d.channel AND i.created_at <= d.decided_at
		WHERE d.communication_id = o.communication_id AND d.verdict = 'allow' AND i.customer_id = o.customer_id
		AND (opt_out.customer_id IS NULL OR i.created_at >= opt_out.told_at)
		AND (permission.obtained_at > coalesce(opt_out.withdrawn_at, '-infinity') AND permission.expires_at > d.decided_at) IS NOT TRUE
		AND NOT EXISTS (SELECT FROM communications.contact_history h WHERE h.customer_id = o.customer_id AND h.channel = o.channel
			AND h.direction = 'outbound' AND h.ref <> o.communication_id AND h.at BETWEEN i.created_at AND d.decided_at))$answers$;
	answered constant text := $answered$(c.template_name IN ('help', 'opt_out_confirmation') AND i.channel = o.channel
		AND i.created_at = (SELECT max(d.decided_at) FROM communications.compliance_decision d
			WHERE d.communication_id = o.communication_id AND d.verdict = 'allow'))$answered$;
	found text := substring(its FROM $$WHEN ((?:(?!WHEN ).)*?) THEN 'withdrawn'$$);
	told text := substring(its FROM $$FROM communications\.inbound i\s+WHERE \(i\.customer_id = o\.customer_id\)$$);
BEGIN
	IF found IS NULL OR found !~ 'permission.obtained_at IS NULL' OR told IS NULL THEN
		RAISE EXCEPTION 'the view communications.refusal has another form';
	END IF;
	its := replace(its, found, '((' || found || ') AND NOT ' || answers || ')');
	EXECUTE 'CREATE OR REPLACE VIEW communications.refusal AS ' || replace(its, told, told || ' AND NOT ' || answered);
END $migration$;
