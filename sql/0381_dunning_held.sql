-- A debt about which a hold stops contact or dunning is not asked for (consumers/dunning/README.md, "The evaluation").

ALTER TABLE dunning.debt ADD COLUMN is_held boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN dunning.debt.is_held IS 'A hold stops contact or dunning about it';
