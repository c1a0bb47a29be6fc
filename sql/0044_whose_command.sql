-- Whose command it was: for those who are told of what is theirs only (producers/api/commands.h). Of what was decided its event says who
-- issued it; of what is parked, its row.

-- Whether what a command was about is a creditor's. What it was about to make and did not is nobody's.
CREATE FUNCTION api.is_about_creditor(module text, key uuid, subject uuid, creditor uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE module
		WHEN 'debts' THEN EXISTS (SELECT FROM debts.debt d WHERE d.debt_id = subject AND d.creditor_id = creditor)
		WHEN 'customers' THEN EXISTS (SELECT FROM api.known_customer k WHERE k.creditor_id = creditor AND k.customer_id = key)
		WHEN 'communications' THEN EXISTS (SELECT FROM communications.creditor_communication k
			WHERE k.creditor_id = creditor AND k.communication_id = subject)
		WHEN 'reports' THEN EXISTS (SELECT FROM reporting.public_report r WHERE r.report_id = subject AND r.creditor_id = creditor)
		ELSE false END;
$$;
REVOKE EXECUTE ON FUNCTION api.is_about_creditor(text, uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.is_about_creditor(text, uuid, uuid, uuid) TO dcs_api;

-- Who issued what is parked there (api.command: module, part, place).
CREATE FUNCTION api.parked_actor(module text, its_part integer, its_place bigint) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('SELECT actor FROM %I.parked WHERE part = $1 AND command_offset = $2', module) INTO found USING its_part, its_place;
	RETURN found;
END $$;
REVOKE EXECUTE ON FUNCTION api.parked_actor(text, integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.parked_actor(text, integer, bigint) TO dcs_api;
