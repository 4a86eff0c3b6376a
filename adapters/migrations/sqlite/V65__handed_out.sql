-- What was exchanged is handed out at an outlet, once: when, and by whom of the staff. Its person shows the end of its id
-- there. What was exchanged before this was noted is taken for handed out when it was exchanged.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
ALTER TABLE points_exchange ADD COLUMN handed_at INTEGER;
ALTER TABLE points_exchange ADD COLUMN handed_by TEXT;
UPDATE points_exchange SET handed_at = at, handed_by = 'before';
CREATE INDEX points_exchange_numbered ON points_exchange (upper(substr(exchange_id, 27)));
CREATE INDEX points_exchange_owed ON points_exchange (exchange_id) WHERE handed_at IS NULL;
