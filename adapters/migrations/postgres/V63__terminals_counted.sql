-- How each kind of terminal does: requests by day, by what the client says it is, and by how they ended.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE access_terminal (
    day      BIGINT NOT NULL,
    terminal TEXT COLLATE "C" NOT NULL CHECK (terminal IN ('mini', 'phone', 'computer', 'desk', 'program')),
    outcome  BIGINT NOT NULL,
    n        BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, terminal, outcome)
);
