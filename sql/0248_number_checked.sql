-- When a telephone number was last looked up in a data base of reassigned numbers: US-13 counts the days from then
-- (12 CFR 1006.6(d)(5), 47 CFR 64.1200(m)).
ALTER TABLE customers.contact_point ADD COLUMN number_checked_at timestamptz;
COMMENT ON COLUMN customers.contact_point.number_checked_at IS
	'The latest look-up that said the number was not reassigned since the consent; null: none was told';

CREATE OR REPLACE VIEW customers.public_contact_point AS
	SELECT contact_point_id, customer_id, channel, place, source, state, verified_at, address_sealed, version, number_checked_at
	FROM customers.contact_point;

-- As it is, with a column more.
DO $migration$
DECLARE
	its text := rtrim(pg_get_viewdef('customers.api_contact_point'::regclass), ';');
	found text := substring(its FROM $$updated_at\s+FROM customers\.contact_point\M$$);
BEGIN
	IF found IS NULL THEN
		RAISE EXCEPTION 'the view customers.api_contact_point has another form';
	END IF;
	EXECUTE 'CREATE OR REPLACE VIEW customers.api_contact_point AS '
		|| replace(its, found, 'updated_at, number_checked_at FROM customers.contact_point');
END $migration$;
