-- GET /customers/:id/explain: why dunning waits (producers/explain). The other tables of dunning are the gateway's to read since 0266.
GRANT SELECT ON dunning.stop TO dcs_api;
-- Of the debts that a message would name (as 0223); the gateway shows them by api_debt.
GRANT SELECT ON debts.public_debt, debts.public_payment TO dcs_api;
GRANT EXECUTE ON FUNCTION engine.now() TO dcs_api;

-- Of one person; circumstances are few, and of a stop only is_open changes.
CREATE INDEX stop_customer ON dunning.stop (customer_id);
