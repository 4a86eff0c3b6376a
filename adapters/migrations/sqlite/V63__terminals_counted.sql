-- How each kind of terminal does: requests by day, by what the client says it is, and by how they ended.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE access_terminal (
    day      INTEGER NOT NULL,
    terminal TEXT NOT NULL CHECK (terminal IN ('mini', 'phone', 'computer', 'desk', 'program')),
    outcome  INTEGER NOT NULL,
    n        INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, terminal, outcome)
) STRICT, WITHOUT ROWID;
