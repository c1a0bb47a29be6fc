-- Several gateways on a channel: a message that one certainly did not accept goes to the next.
ALTER TABLE notifier.dispatch ADD COLUMN last_gateway text; -- the one that did not accept it last; null: none has
