-- A provider says that the person wants nothing more from us (Twilio's 21610): the notifier reports the withdrawal beside the outcome.
ALTER TABLE notifier.attempt ADD COLUMN opted_out boolean NOT NULL DEFAULT false;
