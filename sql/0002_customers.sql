-- Roles of the programs, and what the engine of a command module may do with its own tables (lib/worker).

-- Roles are the cluster's, not the database's: another database may have made it already, or is making it now.
CREATE FUNCTION dcs_create_role(role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
		EXECUTE format('CREATE ROLE %I LOGIN', role);
	END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
	NULL;
END $$;

-- dcs_<module>: writes its own schema only; the log is append-only for it too.
CREATE FUNCTION dcs_grant_module(module text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	setting text;
BEGIN
	PERFORM dcs_create_role('dcs_' || module);
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', module, 'dcs_' || module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.partition_head TO %I', module, 'dcs_' || module);
	EXECUTE format('GRANT SELECT, INSERT ON %I.event_log TO %I', module, 'dcs_' || module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.parked TO %I', module, 'dcs_' || module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.dead_letter TO %I', module, 'dcs_' || module);
	-- A statement over unnest($1) is planned once for a connection's life, perhaps while its table is nearly empty. Only one kind of
	-- plan stays right as the table grows: for each item, by index (or ctid).
	FOREACH setting IN ARRAY ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan', 'enable_bitmapscan', 'enable_memoize'] LOOP
		EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s = off', 'dcs_' || module, current_database(), setting);
	END LOOP;
END $$;

-- The customers module: who owes, and where they can be reached.
-- Names, birth dates and addresses are sealed (lib/crypto) with the customer's id beside them; no event and no log has them.

SELECT dcs_create_module('customers');

CREATE TABLE customers.customer (
	customer_id       uuid PRIMARY KEY,
	external_ref      text COLLATE "C" NOT NULL UNIQUE,
	kind              text NOT NULL CHECK (kind IN ('natural', 'legal')),
	status            text NOT NULL CHECK (status IN ('active', 'merged', 'deceased', 'erased')),
	locale            text NOT NULL,
	country           text NOT NULL,
	region            text,
	timezone          text,
	version           bigint NOT NULL CHECK (version > 0),
	full_name_sealed  bytea NOT NULL,
	birth_date_sealed bytea                          -- YYYY-MM-DD
) WITH (fillfactor = 80);
COMMENT ON TABLE customers.customer IS 'Who owes: one row a person or company';
COMMENT ON COLUMN customers.customer.locale IS 'BCP 47 language, with or without a country: the language to write in';
COMMENT ON COLUMN customers.customer.country IS 'ISO 3166-1 alpha-2 of the residence';
COMMENT ON COLUMN customers.customer.version IS 'Events about the customer so far: 1, 2, 3 ...';

CREATE TABLE customers.contact_point (
	contact_point_id uuid PRIMARY KEY,
	customer_id      uuid NOT NULL,
	channel          text NOT NULL CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	place            text NOT NULL CHECK (place IN ('home', 'work', 'mobile', 'unknown')),
	source           text NOT NULL CHECK (source IN ('consumer', 'creditor', 'prior_collector', 'skip_trace')),
	state            text NOT NULL CHECK (state IN ('usable', 'bounced', 'wrong_party', 'reassigned', 'blocked')),
	version          bigint NOT NULL CHECK (version > 0),
	verified_at      timestamptz,
	address_hash     bytea NOT NULL CHECK (octet_length(address_hash) = 16),
	address_sealed   bytea NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE customers.contact_point IS 'An address of a customer on one channel; never deleted, an unusable one keeps its reason';
COMMENT ON COLUMN customers.contact_point.address_hash IS 'Keyed hash: to find and compare an address without reading it';
CREATE INDEX contact_point_customer ON customers.contact_point (customer_id);

-- What other modules may know. Views run with their owner's rights: the grant on the view is the whole grant.
CREATE VIEW customers.public_customer AS
	SELECT customer_id, status, locale, country, region, timezone FROM customers.customer;
CREATE VIEW customers.public_person AS
	SELECT customer_id, status, kind, locale, country, region, timezone, full_name_sealed FROM customers.customer;
CREATE VIEW customers.public_contact_point AS
	SELECT contact_point_id, customer_id, channel, place, source, state, verified_at, address_sealed FROM customers.contact_point;
COMMENT ON VIEW customers.public_person IS 'With the sealed name: for communications only, which writes to people';

SELECT dcs_grant_module('customers');
GRANT SELECT, INSERT, UPDATE ON customers.customer, customers.contact_point TO dcs_customers;

SELECT dcs_create_role('dcs_debts'), dcs_create_role('dcs_communications');
GRANT USAGE ON SCHEMA customers TO dcs_debts, dcs_communications;
GRANT SELECT ON customers.public_customer TO dcs_debts, dcs_communications;
GRANT SELECT ON customers.public_person, customers.public_contact_point TO dcs_communications;
