-- What staff changed about a channel or a kind of terminal: what it was before, to be put back, and why. The audit has
-- codes only.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE channel_change (
    change_id  TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('limit', 'guard')),
    subject    TEXT NOT NULL,
    was        TEXT NOT NULL,
    became     TEXT NOT NULL,
    reason     TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX channel_change_newest ON channel_change (changed_at, change_id);
