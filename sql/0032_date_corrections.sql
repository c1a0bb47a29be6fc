-- Business dates that were taken back by hand (dcs business-date): who did it, and from when to when.

CREATE TABLE engine.date_correction (
	at      timestamptz NOT NULL DEFAULT now(),
	by      text NOT NULL DEFAULT session_user,
	module  text NOT NULL,
	part    integer NOT NULL,
	was     date NOT NULL,
	is_now  date NOT NULL CHECK (is_now < was)
);
COMMENT ON TABLE engine.date_correction IS 'Append-only; what was booked on days after is_now before `at` stays booked there';
