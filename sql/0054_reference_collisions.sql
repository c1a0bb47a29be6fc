-- References that differ in blanks at the ends or in characters that nobody can see are the same from now on, at every door: commands come to
-- their rules in the normal form (lib/base/text.h). Rows of before keep what they say, and nothing is merged: which of two payments with
-- one reference was booked twice is for people to find out. This lists them, now and whenever it is asked.

-- The normal form, as far as SQL needs it to compare: composed, what has no shape taken out (of the middle too, where a command is refused),
-- blanks as U+0020, none at the ends.
CREATE FUNCTION public.dcs_normal_form(reference text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
	SELECT btrim(regexp_replace(regexp_replace(normalize(reference, NFC), '[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]', ' ', 'g'),
		'[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e'
		'\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8]', '', 'g'), ' ')
$$;
COMMENT ON FUNCTION public.dcs_normal_form(text) IS 'Two references that people cannot tell apart have the same';

CREATE VIEW debts.reference_collision AS
	SELECT 'debt' AS thing, d.creditor_id::text AS within, public.dcs_normal_form(d.external_ref) AS reference, count(*) AS things,
		array_agg(d.debt_id ORDER BY d.debt_id) AS ids
	FROM debts.debt d GROUP BY 2, 3 HAVING count(*) > 1
	UNION ALL
	SELECT 'payment', public.dcs_normal_form(p.source), public.dcs_normal_form(p.external_ref), count(*), array_agg(p.payment_id ORDER BY p.payment_id)
	FROM debts.payment p GROUP BY 2, 3 HAVING count(*) > 1;
COMMENT ON VIEW debts.reference_collision IS 'Debts of one creditor, payments of one source, whose references look the same: booked before they were brought into one form';

CREATE VIEW customers.reference_collision AS
	SELECT public.dcs_normal_form(c.external_ref) AS reference, count(*) AS things, array_agg(c.customer_id ORDER BY c.customer_id) AS ids
	FROM customers.customer c GROUP BY 1 HAVING count(*) > 1;
COMMENT ON VIEW customers.reference_collision IS 'Customers whose references look the same';

DO $$
DECLARE
	found bigint := (SELECT count(*) FROM debts.reference_collision) + (SELECT count(*) FROM customers.reference_collision);
BEGIN
	IF found > 0 THEN
		RAISE WARNING '% references stand for several things that nobody can tell apart: see debts.reference_collision, customers.reference_collision', found;
	END IF;
END $$;
