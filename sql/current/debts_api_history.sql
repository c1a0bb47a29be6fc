-- A debt's history. An event is found by one of the two ways only, also one that the ledger's list does not know. In plpgsql, which plans once
-- for a connection. Bodies are as their rows keep them: see api_timeline.sql.
CREATE OR REPLACE FUNCTION debts.api_history(wanted uuid) RETURNS SETOF debts.event_row
	LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT ON (e.part, e.seq) e.* FROM debts.ledger_of(wanted) l
	JOIN debts.event_row e ON e.part = l.part AND e.seq BETWEEN l.seq - 8 AND l.seq + 8 AND e.command_id = l.command_id
	WHERE e.subject = wanted AND e.schema_id = ANY (debts.ids_on_ledger());
	RETURN QUERY SELECT e.* FROM debts.event_row e
	WHERE e.subject = wanted AND e.schema_id <> ALL (debts.ids_on_ledger());
END $$;
