-- Of a creditor's debts somebody may be bound to those in some portfolios only (lib/model/scope.h): one condition more wherever a creditor is asked
-- for. What is about debts says which portfolios it is in; NULL or nothing: in none.

-- The condition. bound NULL: to all that is the creditors'. Inlined.
CREATE FUNCTION public.dcs_in_portfolios(its uuid[], bound uuid[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT bound IS NULL OR its && bound;
$$;
COMMENT ON FUNCTION public.dcs_in_portfolios(uuid[], uuid[]) IS 'Whether what is in these portfolios is in scope, when its creditor is';

-- ---- users ----

-- '<creditors>/<portfolios>;<sources>' (0040_scope.sql had no portfolios; without any nothing else stands there).
CREATE OR REPLACE FUNCTION users.creditors_of(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT string_to_array(split_part(split_part(scope, ';', 1), '/', 1), ',');
$$;
CREATE FUNCTION users.portfolios_of(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT string_to_array(split_part(split_part(scope, ';', 1), '/', 2), ',');
$$;
COMMENT ON COLUMN users.account.scope IS
	'Creditors, portfolios and payment sources that his roles are about: "<ids>/<ids>;<names>", * for all; changed by BindUser';

-- ---- customers ----

-- Whoever is bound to portfolios and makes a customer known finds him again, before there is a debt; who is bound to others does not.
CREATE TABLE customers.portfolio_customer (
	portfolio_id uuid NOT NULL,
	customer_id  uuid NOT NULL,
	PRIMARY KEY (customer_id, portfolio_id)
);
COMMENT ON TABLE customers.portfolio_customer IS 'Append-only: portfolio_ids of CustomerCreated, of the creditors in creditor_customer';
GRANT SELECT, INSERT ON customers.portfolio_customer TO dcs_customers;
GRANT SELECT ON customers.portfolio_customer TO dcs_api;

CREATE OR REPLACE VIEW customers.public_acquaintance AS
	SELECT k.creditor_id, k.customer_id,
		ARRAY(SELECT p.portfolio_id FROM customers.portfolio_customer p WHERE p.customer_id = k.customer_id) AS portfolio_ids
	FROM customers.creditor_customer k;
GRANT SELECT ON customers.public_acquaintance TO dcs_customers;

CREATE OR REPLACE VIEW api.known_customer AS
	SELECT creditor_id, customer_id, ARRAY[portfolio_id] AS portfolio_ids FROM debts.debt
	UNION ALL
	SELECT creditor_id, customer_id, portfolio_ids FROM customers.public_acquaintance;

-- ---- debts ----

DO $$
BEGIN
	EXECUTE 'CREATE OR REPLACE VIEW debts.public_debt AS '
		|| regexp_replace(pg_get_viewdef('debts.public_debt'::regclass), '\s+FROM\s', ', portfolio_id FROM ');
END $$;

-- ---- messages ----

-- A message is in a portfolio when all debts that it names are; in none when they are in several.
ALTER TABLE communications.creditor_communication ADD COLUMN portfolio_id uuid;
COMMENT ON COLUMN communications.creditor_communication.portfolio_id IS 'The one that all its debts are in; NULL: none';

-- The one portfolio of some debts; NULL: they are in several, or one is in none.
CREATE FUNCTION communications.only_portfolio(portfolios uuid[]) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN portfolios[1] = ALL (portfolios) THEN portfolios[1] END;
$$;

CREATE OR REPLACE FUNCTION communications.keep_creditor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO communications.creditor_communication (creditor_id, communication_id, portfolio_id)
	SELECT (array_agg(d.creditor_id))[1], n.communication_id, communications.only_portfolio(array_agg(d.portfolio_id))
	FROM named n JOIN debts.debt d ON d.debt_id = n.debt_id
	GROUP BY n.communication_id HAVING count(DISTINCT d.creditor_id) = 1
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;

UPDATE communications.creditor_communication k SET portfolio_id = w.portfolio_id
	FROM (SELECT n.communication_id, communications.only_portfolio(array_agg(d.portfolio_id)) AS portfolio_id
		FROM communications.communication_debt n JOIN debts.debt d ON d.debt_id = n.debt_id GROUP BY n.communication_id) w
	WHERE w.communication_id = k.communication_id AND w.portfolio_id IS NOT NULL;

-- ---- the gateway ----

-- The creditors that somebody is bound to, each with the portfolios (NULL: all), as the gateway packs them. Not inlined: it is run once a question.
CREATE FUNCTION api.scope(packed_creditors bytea, packed_portfolios bytea) RETURNS TABLE (creditor uuid, portfolios uuid[])
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4 SET search_path = pg_catalog AS $$
	SELECT c, CASE WHEN packed_portfolios IS NOT NULL THEN ARRAY(SELECT api.ids(packed_portfolios)) END FROM api.ids(packed_creditors) c;
$$;
GRANT EXECUTE ON FUNCTION api.scope(bytea, bytea) TO dcs_api;

-- As is_about_creditor (0044_whose_command.sql), which programs of before still ask. Figures are of no portfolio.
CREATE FUNCTION api.is_theirs(module text, key uuid, subject uuid, creditor uuid, portfolios uuid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE module
		WHEN 'debts' THEN EXISTS (SELECT FROM debts.debt d WHERE d.debt_id = subject AND d.creditor_id = creditor
			AND public.dcs_in_portfolios(ARRAY[d.portfolio_id], portfolios))
		WHEN 'customers' THEN EXISTS (SELECT FROM api.known_customer k WHERE k.creditor_id = creditor AND k.customer_id = key
			AND public.dcs_in_portfolios(k.portfolio_ids, portfolios))
		WHEN 'communications' THEN EXISTS (SELECT FROM communications.creditor_communication k
			WHERE k.creditor_id = creditor AND k.communication_id = subject AND public.dcs_in_portfolios(ARRAY[k.portfolio_id], portfolios))
		WHEN 'reports' THEN EXISTS (SELECT FROM reporting.public_report r WHERE r.report_id = subject AND r.creditor_id = creditor
			AND public.dcs_in_portfolios(NULL, portfolios))
		ELSE false END;
$$;
REVOKE EXECUTE ON FUNCTION api.is_theirs(text, uuid, uuid, uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.is_theirs(text, uuid, uuid, uuid, uuid[]) TO dcs_api;
