-- A debt about which a promise to pay is open is not asked for (consumers/dunning/README.md, "The evaluation").

ALTER TABLE dunning.debt ADD COLUMN is_promised boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN dunning.debt.is_promised IS 'A promise to pay about it is open';
