-- A sealed text opens in its place only: table, row, column and the row's version (lib/crypto/seal.h). So whoever opens one reads the version
-- with it. Rows of before are of the old form, which has the person's id only; their next write seals them anew.

CREATE OR REPLACE VIEW customers.public_person AS
	SELECT customer_id, status, kind, locale, country, region, timezone, full_name_sealed, key_salt, version FROM customers.customer;
CREATE OR REPLACE VIEW customers.public_contact_point AS
	SELECT contact_point_id, customer_id, channel, place, source, state, verified_at, address_sealed, version FROM customers.contact_point;

COMMENT ON COLUMN customers.customer.full_name_sealed IS 'For this row at this version';
COMMENT ON COLUMN customers.customer.birth_date_sealed IS 'YYYY-MM-DD; for this row at this version';
COMMENT ON COLUMN customers.contact_point.address_sealed IS 'For this row at this version';
COMMENT ON COLUMN communications.outbox.address_sealed IS 'For this row; a row''s texts never change: version 1';

-- A sealed text with its row and version in front, as the gateway opens it; null when the text is.
CREATE FUNCTION api.sealed(id uuid, version bigint, sealed bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN uuid_send(id) || int8send(version) || sealed;
GRANT EXECUTE ON FUNCTION api.sealed(uuid, bigint, bytea) TO dcs_api;
