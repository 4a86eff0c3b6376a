-- Counts of use kept narrow: a cell and its moment are one number each (adapters/src/sql/counts.rs).
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- at = grain * 100000000 + moment; cell = ((function * 10 + channel) * 10 + outcome) * 10000 + region, 0 nowhere.
CREATE TABLE access_tally (
    at   INTEGER NOT NULL CHECK (at >= 0),
    cell INTEGER NOT NULL CHECK (cell >= 0),
    n    INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (at, cell)
) STRICT, WITHOUT ROWID;

-- The same summed over all but one of their sides: at = (grain * 4 + side) * 100000000 + moment;
-- item = what * 10000 + region.
CREATE TABLE access_sum (
    at   INTEGER NOT NULL CHECK (at >= 0),
    item INTEGER NOT NULL CHECK (item >= 0),
    n    INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (at, item)
) STRICT, WITHOUT ROWID;

INSERT INTO access_tally (at, cell, n)
    SELECT grain * 100000000 + at,
        ((function * 10 + channel) * 10 + outcome) * 10000 + CASE region WHEN '-' THEN 0 ELSE CAST(region AS BIGINT) END, n
    FROM access_count;
INSERT INTO access_sum (at, item, n)
    SELECT (grain * 4 + side) * 100000000 + at, item * 10000 + CASE region WHEN '-' THEN 0 ELSE CAST(region AS BIGINT) END, n
    FROM access_total;

DROP TABLE access_count;
DROP TABLE access_total;
