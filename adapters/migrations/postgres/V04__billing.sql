-- The last good copies of what marketing said (report data: purged when nobody renews them).
-- A copy belongs to a home under one contract holder; the body is sealed, the home is its blind index.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE figure (
    home_index     TEXT COLLATE "C" NOT NULL,
    holder_version BIGINT NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('arrears', 'balance', 'bills', 'bill')),
    period         TEXT COLLATE "C" NOT NULL,
    body           TEXT NOT NULL,
    asked_at       BIGINT NOT NULL,
    outdated_at    BIGINT,
    PRIMARY KEY (home_index, holder_version, kind, period),
    CONSTRAINT figure_period CHECK ((kind = 'bill') = (period <> ''))
);
CREATE INDEX figure_asked ON figure (asked_at);
