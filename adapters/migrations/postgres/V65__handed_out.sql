-- What was exchanged is handed out at an outlet, once: the number that its person shows there, when, and by whom of the staff.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE points_exchange ADD COLUMN exchange_no TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE points_exchange ADD COLUMN handed_at BIGINT;
ALTER TABLE points_exchange ADD COLUMN handed_by TEXT COLLATE "C";
UPDATE points_exchange SET exchange_no = upper(substr(exchange_id, 27));
CREATE INDEX points_exchange_numbered ON points_exchange (exchange_no);
CREATE INDEX points_exchange_owed ON points_exchange (exchange_id) WHERE handed_at IS NULL;
