-- Who stopped what leaves, where a person did: whoever then lets it go on looked at no payout and no refund (money.md G7).
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE brake_trip ADD COLUMN stopped_by TEXT COLLATE "C";
ALTER TABLE payout_trip ADD COLUMN stopped_by TEXT COLLATE "C";
ALTER TABLE payout_trip ADD COLUMN stopped_at BIGINT;
