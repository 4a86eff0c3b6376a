-- What people look for and is not there.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- Searches that found nothing, by day: words that at least five of them used.
CREATE TABLE missed_search (
    day   BIGINT NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    n     BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, words)
);
