-- Since when the publishing platform does not tell the prices of a month, and when it was last asked in vain: months that
-- could not be settled meanwhile have their time anew from then.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE untold_prices (
    period    TEXT NOT NULL PRIMARY KEY,
    untold_at INTEGER NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT;
