-- Notices that did not verify when they came: kept for a while, in case the key was wrong and not they.
CREATE TABLE notice_quarantine (
    digest      TEXT    NOT NULL PRIMARY KEY,
    raw         TEXT    NOT NULL,
    trace_id    TEXT    NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_quarantine_age ON notice_quarantine (received_at, digest);

-- Postings sent to marketing in one minute, over all nodes.
CREATE TABLE posting_pace (
    minute_at  INTEGER NOT NULL PRIMARY KEY,
    sent_count INTEGER NOT NULL CHECK (sent_count >= 0)
) STRICT;

-- The brake of automatic refunds has tripped and waits for two persons; at most one row is open.
CREATE TABLE brake_trip (
    tripped_at  INTEGER NOT NULL PRIMARY KEY,
    first_by    TEXT,
    first_at    INTEGER,
    second_by   TEXT,
    released_at INTEGER,
    CONSTRAINT brake_trip_first CHECK ((first_by IS NULL) = (first_at IS NULL)),
    CONSTRAINT brake_trip_released CHECK ((second_by IS NULL) = (released_at IS NULL)),
    CONSTRAINT brake_trip_two CHECK (second_by IS NULL OR (first_by IS NOT NULL AND second_by <> first_by))
) STRICT;
CREATE UNIQUE INDEX brake_trip_open ON brake_trip ((1)) WHERE released_at IS NULL;
