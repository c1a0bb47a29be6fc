-- What the gateway asks when a creditor reads: only what is about his creditors (producers/api, resource.h). Each way from a creditor to his
-- things is an index in the order of the list, so a page reads what it shows, however much others have.

-- Ids as the gateway packs them, 16 bytes each. Not inlined: it is run once a question.
CREATE FUNCTION api.ids(packed bytea) RETURNS SETOF uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4 SET search_path = pg_catalog AS $$
	SELECT encode(substring(packed FROM 16 * i + 1 FOR 16), 'hex')::uuid FROM generate_series(0, octet_length(packed) / 16 - 1) i;
$$;

-- Their debts, and by their debts their customers: the debt with the lowest id stands for a customer.
CREATE INDEX debt_of_creditor ON debts.debt (creditor_id, debt_id);
CREATE INDEX debt_creditor_customer ON debts.debt (creditor_id, customer_id, debt_id);

-- Who is known to which creditor.
CREATE VIEW api.known_customer AS SELECT creditor_id, customer_id FROM debts.debt;
COMMENT ON VIEW api.known_customer IS 'A customer is known to the creditors whom he owes or owed something; rows may repeat';

CREATE INDEX report_of_creditor ON reports.report (creditor_id, report_id);

-- A message belongs to the creditor whose debts it names. One that names none, or debts of several, is no creditor's.
CREATE TABLE communications.creditor_communication (
	creditor_id      uuid NOT NULL,
	communication_id uuid NOT NULL,
	PRIMARY KEY (creditor_id, communication_id)
);
COMMENT ON TABLE communications.creditor_communication IS 'Append-only: messages by the creditor that they are about; made of communication_debt';

-- All debts of a message are written by one statement (consumers/communications/store_insert.c).
CREATE FUNCTION communications.keep_creditor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO communications.creditor_communication (creditor_id, communication_id)
	SELECT (array_agg(d.creditor_id))[1], n.communication_id
	FROM named n JOIN debts.debt d ON d.debt_id = n.debt_id
	GROUP BY n.communication_id HAVING count(DISTINCT d.creditor_id) = 1
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER keep_creditor AFTER INSERT ON communications.communication_debt
	REFERENCING NEW TABLE AS named FOR EACH STATEMENT EXECUTE FUNCTION communications.keep_creditor();

INSERT INTO communications.creditor_communication (creditor_id, communication_id)
	SELECT (array_agg(d.creditor_id))[1], n.communication_id
	FROM communications.communication_debt n JOIN debts.debt d ON d.debt_id = n.debt_id
	GROUP BY n.communication_id HAVING count(DISTINCT d.creditor_id) = 1;

GRANT SELECT ON api.known_customer, communications.creditor_communication TO dcs_api;
GRANT EXECUTE ON FUNCTION api.ids(bytea) TO dcs_api;

-- One kind of plan more that is right only while tables are nearly empty (0015_api.sql): a table that is read whole and kept for each row.
DO $$
BEGIN
	EXECUTE format('ALTER ROLE dcs_api IN DATABASE %I SET enable_material = off', current_database());
END $$;
