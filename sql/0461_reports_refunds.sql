-- Money that was collected and given back is collected no more (consumers/DOMAIN.md 11, gross recovery).
ALTER TABLE reporting.collected ADD refunds bigint NOT NULL DEFAULT 0, ADD refunded_minor bigint NOT NULL DEFAULT 0;
COMMENT ON TABLE reporting.collected IS 'Money that came in, money that was taken back and money that was paid back, by day; the net is amount_minor - reversed_minor - refunded_minor';
COMMENT ON COLUMN reporting.collected.day IS 'Value date of a payment; business date of a reversal and of a refund, so that a reported day is not changed by them';
