-- How many numbers a payout has had: the next of its month follows from them, also in a store that was put back.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE trade_task ADD COLUMN numbers INTEGER NOT NULL DEFAULT 0 CHECK (numbers >= 0);
