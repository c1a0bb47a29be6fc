-- A debt's row has no CHECK any more. Each was parsed anew by every statement that writes debts, which at some hundreds of commands a second
-- are as many as there are commands. What they said holds all the same: the rules assert it before anything is written (ledger/book.c,
-- debt/store.c), and `dcs verify` recomputes it: P5 says of a balance that it is below 0, of credit that something is owed, P7 of the
-- other columns that they are not what the log says. NOT NULL and the unique keys stay.
DO $$
DECLARE
	its name;
BEGIN
	FOR its IN SELECT conname FROM pg_constraint WHERE conrelid = 'debts.debt'::regclass AND contype = 'c' LOOP
		EXECUTE format('ALTER TABLE debts.debt DROP CONSTRAINT %I', its);
	END LOOP;
END $$;
