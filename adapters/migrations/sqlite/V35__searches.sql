-- What people look for and is not there.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Searches that found nothing, by day: words that at least five of them used.
CREATE TABLE missed_search (
    day   INTEGER NOT NULL,
    words TEXT NOT NULL,
    n     INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, words)
) STRICT, WITHOUT ROWID;
