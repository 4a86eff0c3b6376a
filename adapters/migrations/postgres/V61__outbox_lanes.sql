-- What a row of the outbox stands behind: 0 somebody waits for it at a screen, 1 what follows a payment, 2 the rest. Rows of
-- each are claimed in the order they came.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE outbox ADD COLUMN lane BIGINT NOT NULL DEFAULT 2 CHECK (lane BETWEEN 0 AND 2);
UPDATE outbox SET lane = 1 WHERE money = 1;
DROP INDEX outbox_in_line;
CREATE INDEX outbox_turn ON outbox (lane, seq) WHERE state = 'waiting';
