-- A message comes in from an address: whose is it? The hash beside an address is made with its person's own key and finds nothing
-- across persons. This one is made with the programs' key. It is deleted when the person is erased.
ALTER TABLE customers.contact_point
	ADD COLUMN address_lookup bytea CHECK (octet_length(address_lookup) = 16),
	ADD CONSTRAINT contact_point_lookup_erased CHECK (state <> 'erased' OR address_lookup IS NULL);
COMMENT ON COLUMN customers.contact_point.address_lookup IS
	'Keyed hash, the same for all persons, of an e-mail address or number: finds who has it. Null: a letter''s or device''s; or older than the column and not yet filled by dcs reseal';
-- In no order, but written once: by the INSERT, and by an erasure.
CREATE INDEX contact_point_lookup ON customers.contact_point (address_lookup) WHERE address_lookup IS NOT NULL;

CREATE VIEW customers.api_address_owner AS
	SELECT address_lookup, customer_id, contact_point_id, channel, state FROM customers.contact_point WHERE address_lookup IS NOT NULL;
COMMENT ON VIEW customers.api_address_owner IS 'Who has an address, for what comes in from it';
GRANT SELECT ON customers.api_address_owner TO dcs_api;
