-- The kinds of terminals people use, what each may do (EC-14), and at which one somebody signed in.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE session ADD COLUMN terminal TEXT CHECK (terminal IN ('mini', 'phone', 'computer', 'desk', 'program'));

CREATE TABLE terminal (
    terminal   TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (terminal IN ('mini', 'phone', 'computer', 'desk', 'program')),
    channel    TEXT COLLATE "C" NOT NULL REFERENCES channel (channel),
    takes      TEXT NOT NULL CHECK (takes IN ('everything', 'reads', 'nothing')),
    confirms   BIGINT NOT NULL CHECK (confirms IN (0, 1)),
    per_minute BIGINT CHECK (per_minute BETWEEN 1 AND 1000000),
    changed_at BIGINT NOT NULL
);
INSERT INTO terminal (terminal, channel, takes, confirms, per_minute, changed_at) VALUES
    ('mini', 'mini', 'everything', 0, NULL, 0), ('phone', 'h5', 'everything', 0, NULL, 0),
    ('computer', 'h5', 'everything', 0, NULL, 0), ('desk', 'h5', 'everything', 1, NULL, 0),
    ('program', 'other', 'everything', 0, NULL, 0);
