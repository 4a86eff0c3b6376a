-- Counts of moments that are over, many in a row (adapters/src/sql/slices.rs).
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- at as in access_tally, hours by their day; part = 0 for everything, of hours also each function;
-- n is the sum of what is packed.
CREATE TABLE access_pack (
    at    INTEGER NOT NULL CHECK (at >= 0),
    part  INTEGER NOT NULL CHECK (part >= 0),
    n     INTEGER NOT NULL CHECK (n > 0),
    cells BLOB NOT NULL,
    PRIMARY KEY (at, part)
) STRICT;
