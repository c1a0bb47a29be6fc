-- A customer's history: the logs of the modules whose keys are customers; of dunning what it did and asked people to do, not what it
-- only noted (the predicate of dunning.event_log_shown). Bodies are as their rows keep them: who shows a page of it unpacks that page, by
-- dcs_event_body with the event's schema_id, key and subject.
CREATE OR REPLACE FUNCTION api.timeline(wanted uuid)
	RETURNS TABLE (place bigint, module text, event_id uuid, schema_id integer, subject uuid, command_id uuid, at timestamptz, body bytea, key uuid)
	LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT ((extract(epoch FROM x.at) * 1000)::bigint << 21) | (x.number << 19) | (x.seq & 524287), x.module, x.event_id, x.schema_id,
		x.subject, x.command_id, x.at, x.body, x.key
	FROM (
		SELECT 0::bigint AS number, 'customers' AS module, e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.key, e.seq
		FROM customers.event_row e WHERE e.key = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.key, e.seq
		FROM debts.debt d CROSS JOIN LATERAL debts.api_history(d.debt_id) e WHERE d.customer_id = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.key, e.seq
		FROM debts.event_row e WHERE e.key = wanted AND e.schema_id = ANY (public.dcs_schema_ids('CommandRejected'))
		UNION ALL
		SELECT 2, 'communications', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.key, e.seq
		FROM communications.event_row e WHERE e.key = wanted
		UNION ALL
		SELECT 3, 'dunning', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.key, e.seq
		FROM dunning.event_row e WHERE e.key = wanted AND e.schema_id = ANY (public.dcs_schema_ids('DunningStepDue', 'DunningStepTaken',
			'DunningStepFailed', 'DunningStepWithdrawn', 'DunningStepSkipped', 'DunningWaiting', 'TaskOpened', 'TaskTaken', 'TaskReleased', 'TaskPutOff',
			'TaskFinished', 'TaskCancelled', 'CommandRejected'))
	) x;
END $$;

REVOKE EXECUTE ON FUNCTION api.timeline(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.timeline(uuid) TO dcs_api;
