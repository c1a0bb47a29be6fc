-- When we were told of a channel's last withdrawal. A consent that we were told of before it, and that was handled after it because it
-- had to wait, does not outlive it. Null: from before there was this column; nothing that was told then waits any more.
ALTER TABLE communications.opt_out ADD COLUMN told_at timestamptz;
COMMENT ON COLUMN communications.opt_out.told_at IS 'When the last withdrawal was told to us: no consent told before is later than withdrawn_at';
