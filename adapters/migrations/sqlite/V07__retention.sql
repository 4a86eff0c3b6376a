-- What the daily purge looks for: delivered events, applied messages, old keyed requests.
CREATE INDEX outbox_delivered ON outbox (ended_at) WHERE state = 'done';
CREATE INDEX inbox_done ON inbox (applied_at) WHERE state = 'applied';
CREATE INDEX idempotency_old ON idempotency (created_at);
