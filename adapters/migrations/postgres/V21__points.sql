-- Points: what is given for what, what they are exchanged for, and their books.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE points_rule (
    rule_id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fen_per_point BIGINT NOT NULL CHECK (fen_per_point > 0),
    points_max    BIGINT NOT NULL CHECK (points_max > 0),
    valid_from    BIGINT NOT NULL,
    valid_to      BIGINT,
    CONSTRAINT points_rule_window CHECK (valid_to IS NULL OR valid_to > valid_from)
);

CREATE TABLE points_gift (
    gift_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    title   TEXT NOT NULL,
    points  BIGINT NOT NULL CHECK (points > 0),
    stock   BIGINT NOT NULL CHECK (stock >= 0)
);

-- What the lines sum to, so that it can never fall below zero.
CREATE TABLE points_balance (
    account_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES account (account_id),
    points     BIGINT NOT NULL CHECK (points >= 0)
);

-- One entry per fact; its two lines sum to nothing.
CREATE TABLE points_entry (
    entry_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fact       TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    at         BIGINT NOT NULL,
    CONSTRAINT points_entry_fact_unique UNIQUE (fact)
);
CREATE INDEX points_entry_of_account ON points_entry (account_id, at);
CREATE TABLE points_line (
    entry_id TEXT COLLATE "C" NOT NULL REFERENCES points_entry (entry_id),
    side     TEXT COLLATE "C" NOT NULL,
    points   BIGINT NOT NULL,
    PRIMARY KEY (entry_id, side)
);

CREATE TABLE points_exchange (
    exchange_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    gift_id     TEXT COLLATE "C" NOT NULL REFERENCES points_gift (gift_id),
    title       TEXT NOT NULL,
    points      BIGINT NOT NULL CHECK (points > 0),
    client_key  TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT NOT NULL,
    at          BIGINT NOT NULL,
    CONSTRAINT points_exchange_key_unique UNIQUE (account_id, client_key)
);
