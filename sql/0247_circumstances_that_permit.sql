-- Circumstances that guard rules ask about and nobody could record: an employer who forbids contact at work, an attorney who was asked
-- or who consents, the restart of a limitation period.
ALTER TABLE communications.circumstance
	DROP CONSTRAINT circumstance_kind_check,
	ADD CONSTRAINT circumstance_kind_check CHECK (kind IN ('attorney', 'cease', 'deceased', 'bankruptcy', 'restriction', 'incapacity',
		'breathing_space', 'crisis', 'plan_in_development', 'dispute', 'said_barred', 'employer_forbids', 'attorney_asked',
		'attorney_consents', 'limitation_restarted'));

-- A claim does not judge whether an attorney's consent or silence is enough: it trusts the verdict while one is on record, and has the
-- guard asked again (not_now) when something was recorded since, or when what permits was ended since. With none on record an attorney
-- stops every message, as before. Only two parts of the view change, so its text is not repeated.
DO $migration$
DECLARE
	its text := pg_get_viewdef('communications.refusal'::regclass);
	stops constant text := 'bool_or(communications.circumstance_stops(k.kind, c.message_class)) AS stop';
	told text := substring(its FROM $$max\(k\.recorded_at\) AS max\s+FROM communications\.circumstance k\s+WHERE [^\n]*ended_at IS NULL\)$$);
BEGIN
	IF told IS NULL OR strpos(its, stops) = 0 THEN
		RAISE EXCEPTION 'the view communications.refusal has another form';
	END IF;
	its := replace(its, stops, $$(bool_or(communications.circumstance_stops(k.kind, c.message_class) AND k.kind <> 'attorney')
		OR bool_or(k.kind = 'attorney') AND NOT bool_or(k.kind IN ('attorney_asked', 'attorney_consents'))) AS stop$$);
	its := replace(its, told, replace(replace(told, 'AND (k.ended_at IS NULL)',
			$$AND (k.ended_at IS NULL OR k.kind IN ('attorney_asked', 'attorney_consents', 'limitation_restarted'))$$),
		'max(k.recorded_at)', 'max(coalesce(k.ended_at, k.recorded_at))'));
	EXECUTE 'CREATE OR REPLACE VIEW communications.refusal AS ' || its;
END $migration$;
