-- The processes that serve, as each says of itself (LN-39, LN-54). No address of anybody.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE node (
    run      TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    version  TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,
    left_at  INTEGER
) STRICT;
CREATE INDEX node_seen ON node (seen_at);
