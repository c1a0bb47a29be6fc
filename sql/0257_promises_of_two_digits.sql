-- dcs verify checks P13, too: what modules that react have answered and sent.
ALTER TABLE engine.drift DROP CONSTRAINT drift_promise_check, ADD CONSTRAINT drift_promise_check CHECK (promise ~ '^P[1-9][0-9]?$');
