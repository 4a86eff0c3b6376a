-- The brake of payouts has tripped and waits for two persons; at most one row is open.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE payout_trip (
    tripped_at  INTEGER NOT NULL PRIMARY KEY,
    first_by    TEXT,
    second_by   TEXT,
    released_at INTEGER,
    CONSTRAINT payout_trip_first CHECK ((first_by IS NULL) = (released_at IS NULL)),
    CONSTRAINT payout_trip_second CHECK ((second_by IS NULL) = (released_at IS NULL)),
    CONSTRAINT payout_trip_two CHECK (second_by IS NULL OR second_by <> first_by)
) STRICT;
CREATE UNIQUE INDEX payout_trip_open ON payout_trip ((1)) WHERE released_at IS NULL;
CREATE INDEX payout_trip_released ON payout_trip (released_at) WHERE released_at IS NOT NULL;
