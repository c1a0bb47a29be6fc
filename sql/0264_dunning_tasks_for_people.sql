-- Tasks as GET /tasks shows them.

-- The debts of a task: those of its step, or those that are owed by the one who is traced; what is owed in them now.
CREATE VIEW dunning.api_task AS
	SELECT t.*, g.creditor_id, g.currency, d.debt_ids, d.portfolio_ids, d.owed_minor, public.dcs_task_actions(t.state) AS actions
	FROM dunning.task t
	JOIN dunning.debt_group g USING (group_id)
	CROSS JOIN LATERAL (
		SELECT coalesce(array_agg(o.debt_id ORDER BY o.due_on, o.debt_id), '{}') AS debt_ids,
			coalesce(array_agg(DISTINCT o.portfolio_id) FILTER (WHERE o.portfolio_id IS NOT NULL), '{}') AS portfolio_ids,
			coalesce(sum(o.balance_minor), 0)::bigint AS owed_minor
		FROM dunning.debt o
		WHERE o.group_id = t.group_id AND CASE WHEN t.kind = 'trace' THEN o.balance_minor > 0
			ELSE EXISTS (SELECT FROM dunning.step_debt l WHERE l.step_id = t.task_id AND l.debt_id = o.debt_id) END
	) d;
COMMENT ON VIEW dunning.api_task IS 'Tasks, with the debts that they are about';
GRANT SELECT ON dunning.api_task TO dcs_api;

-- They are in a customer's history, too (current/api_timeline.sql).
DROP INDEX dunning.event_log_shown;
CREATE INDEX event_log_shown ON dunning.event_log (key) WHERE schema_id = ANY (public.dcs_schema_ids('DunningStepDue', 'DunningStepTaken',
	'DunningStepFailed', 'DunningStepWithdrawn', 'DunningStepSkipped', 'DunningWaiting', 'TaskOpened', 'TaskTaken', 'TaskReleased', 'TaskPutOff',
	'TaskFinished', 'TaskCancelled', 'CommandRejected'));
