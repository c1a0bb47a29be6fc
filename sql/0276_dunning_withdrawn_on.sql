-- A group is not asked about again on the day on which a step of it was withdrawn (consumers/dunning/README.md, "A step's life").

ALTER TABLE dunning.debt_group ADD COLUMN withdrawn_on date;
COMMENT ON COLUMN dunning.debt_group.withdrawn_on IS 'The last day on which a step was withdrawn; null: none was since 0276';
