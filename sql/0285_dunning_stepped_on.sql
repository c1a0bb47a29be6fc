-- A group takes one step a day, also when its debt was paid, and is owed again, on that day (consumers/dunning/README.md, "The evaluation").

ALTER TABLE dunning.debt_group ADD COLUMN stepped_on date;
COMMENT ON COLUMN dunning.debt_group.stepped_on IS 'The last day on which a step was taken; null: none was';
UPDATE dunning.debt_group g SET stepped_on = s.taken_on
	FROM (SELECT group_id, max(taken_on) AS taken_on FROM dunning.step WHERE taken_on IS NOT NULL GROUP BY group_id) s
	WHERE s.group_id = g.group_id;
