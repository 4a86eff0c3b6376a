-- What staff changed about a channel or a kind of terminal: what it was before, to be put back, and why. The audit has
-- codes only.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE channel_change (
    change_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('limit', 'guard')),
    subject    TEXT COLLATE "C" NOT NULL,
    was        TEXT COLLATE "C" NOT NULL,
    became     TEXT COLLATE "C" NOT NULL,
    reason     TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    changed_by TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX channel_change_newest ON channel_change (changed_at, change_id);
