-- The brake of payouts has tripped and waits for two persons; at most one row is open.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE payout_trip (
    tripped_at  BIGINT NOT NULL PRIMARY KEY,
    first_by    TEXT,
    second_by   TEXT,
    released_at BIGINT,
    CONSTRAINT payout_trip_first CHECK ((first_by IS NULL) = (released_at IS NULL)),
    CONSTRAINT payout_trip_second CHECK ((second_by IS NULL) = (released_at IS NULL)),
    CONSTRAINT payout_trip_two CHECK (second_by IS NULL OR second_by <> first_by)
);
CREATE UNIQUE INDEX payout_trip_open ON payout_trip ((1)) WHERE released_at IS NULL;
CREATE INDEX payout_trip_released ON payout_trip (released_at) WHERE released_at IS NOT NULL;
