-- The bucket of a number of days past due, as one CASE that is made from the rows of reporting.ageing_bucket: the planner puts it in the
-- place of a call, where a look into the view would compare each of its rows, for each debt that is shown.
DO $make$
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION reporting.ageing_bucket_of(days integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
		(SELECT format('SELECT CASE %s END', string_agg(format('WHEN days BETWEEN %s AND %s THEN %L::text', days_min, days_max, bucket), ' '
			ORDER BY bucket_no)) FROM reporting.ageing_bucket));
END $make$;
