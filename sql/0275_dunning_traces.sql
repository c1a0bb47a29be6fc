-- The task to trace somebody is of the person, not of each group that waits for a contact point.

ALTER TABLE dunning.person ADD COLUMN traces integer NOT NULL DEFAULT 0, ADD COLUMN trace_id uuid, ADD COLUMN is_traced boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN dunning.person.traces IS 'How many tasks to trace the person were opened so far: their ids count on';
COMMENT ON COLUMN dunning.person.trace_id IS 'The open one (open, taken, put off); null: none. One of each other group of before 0275 ends when it is finished';
COMMENT ON COLUMN dunning.person.is_traced IS 'One was opened since a step of the person was taken, and was not cancelled';

-- As the events say, in their order (consumers/dunning/evolve.c).
UPDATE dunning.person p SET traces = t.traces, trace_id = t.trace_id, is_traced = t.is_traced
FROM (
	SELECT e.key AS customer_id, count(*) FILTER (WHERE e.schema_id = ANY (public.dcs_schema_ids('TaskOpened'))) AS traces,
		(array_agg(e.schema_id ORDER BY e.seq DESC))[1] <> ALL (public.dcs_schema_ids('DunningStepTaken')) AS is_traced,
		(array_agg(CASE WHEN t.state NOT IN ('finished', 'cancelled') THEN t.task_id END ORDER BY e.seq DESC)
			FILTER (WHERE e.schema_id = ANY (public.dcs_schema_ids('TaskOpened'))))[1] AS trace_id
	FROM dunning.event_log e LEFT JOIN dunning.task t ON t.task_id = e.subject AND t.kind = 'trace'
	WHERE e.schema_id = ANY (public.dcs_schema_ids('DunningStepTaken'))
		OR e.schema_id = ANY (public.dcs_schema_ids('TaskOpened', 'TaskFinished')) AND t.task_id IS NOT NULL
	GROUP BY e.key
) t
WHERE t.customer_id = p.customer_id;

ALTER TABLE dunning.debt_group DROP COLUMN is_traced;
