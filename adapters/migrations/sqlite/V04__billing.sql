-- The last good copies of what marketing said (report data: purged when nobody renews them).
-- A copy belongs to a home under one contract holder; the body is sealed, the home is its blind index.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE figure (
    home_index     TEXT NOT NULL,
    holder_version INTEGER NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('arrears', 'balance', 'bills', 'bill')),
    period         TEXT NOT NULL,
    body           TEXT NOT NULL,
    asked_at       INTEGER NOT NULL,
    outdated_at    INTEGER,
    PRIMARY KEY (home_index, holder_version, kind, period),
    CONSTRAINT figure_period CHECK ((kind = 'bill') = (period <> ''))
) STRICT;
CREATE INDEX figure_asked ON figure (asked_at);
