-- Points: what is given for what, what they are exchanged for, and their books.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE points_rule (
    rule_id       TEXT NOT NULL PRIMARY KEY,
    fen_per_point INTEGER NOT NULL CHECK (fen_per_point > 0),
    points_max    INTEGER NOT NULL CHECK (points_max > 0),
    valid_from    INTEGER NOT NULL,
    valid_to      INTEGER,
    CONSTRAINT points_rule_window CHECK (valid_to IS NULL OR valid_to > valid_from)
) STRICT;

CREATE TABLE points_gift (
    gift_id TEXT NOT NULL PRIMARY KEY,
    title   TEXT NOT NULL,
    points  INTEGER NOT NULL CHECK (points > 0),
    stock   INTEGER NOT NULL CHECK (stock >= 0)
) STRICT;

-- What the lines sum to, so that it can never fall below zero.
CREATE TABLE points_balance (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES account (account_id),
    points     INTEGER NOT NULL CHECK (points >= 0)
) STRICT;

-- One entry per fact; its two lines sum to nothing.
CREATE TABLE points_entry (
    entry_id   TEXT NOT NULL PRIMARY KEY,
    fact       TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    at         INTEGER NOT NULL,
    CONSTRAINT points_entry_fact_unique UNIQUE (fact)
) STRICT;
CREATE INDEX points_entry_of_account ON points_entry (account_id, at);
CREATE TABLE points_line (
    entry_id TEXT NOT NULL REFERENCES points_entry (entry_id),
    side     TEXT NOT NULL,
    points   INTEGER NOT NULL,
    PRIMARY KEY (entry_id, side)
) STRICT;

CREATE TABLE points_exchange (
    exchange_id TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (account_id),
    gift_id     TEXT NOT NULL REFERENCES points_gift (gift_id),
    title       TEXT NOT NULL,
    points      INTEGER NOT NULL CHECK (points > 0),
    client_key  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at          INTEGER NOT NULL,
    CONSTRAINT points_exchange_key_unique UNIQUE (account_id, client_key)
) STRICT;
