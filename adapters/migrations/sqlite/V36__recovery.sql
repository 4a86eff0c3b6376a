-- After a restore: since when the copy knows nothing, what was compared since, and the trades only the channel knows.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE recovery (
    epoch       INTEGER NOT NULL PRIMARY KEY CHECK (epoch >= 1),
    since       INTEGER NOT NULL,
    begun_at    INTEGER NOT NULL,
    begun_by    TEXT NOT NULL,
    looked_at   INTEGER,
    ended_at    INTEGER,
    ended_by    TEXT,
    proof       TEXT,
    payouts_at  INTEGER,
    payouts_by  TEXT,
    CONSTRAINT recovery_forward CHECK (since <= begun_at),
    CONSTRAINT recovery_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (proof IS NULL)),
    CONSTRAINT recovery_two_persons CHECK (ended_by IS NULL OR ended_by <> begun_by),
    CONSTRAINT recovery_payouts CHECK ((payouts_at IS NULL) = (payouts_by IS NULL))
) STRICT;

-- The bills that were read, one per day; the digest is the file's.
CREATE TABLE recovery_statement (
    epoch    INTEGER NOT NULL REFERENCES recovery (epoch),
    day      TEXT NOT NULL,
    digest   TEXT NOT NULL,
    row_count INTEGER NOT NULL CHECK (row_count >= 0),
    own_count INTEGER NOT NULL CHECK (own_count BETWEEN 0 AND row_count),
    read_at  INTEGER NOT NULL,
    read_by  TEXT NOT NULL,
    PRIMARY KEY (epoch, day)
) STRICT;

-- Known orders of which a bill tells something the copy does not know.
CREATE TABLE recovery_look (
    payment_id TEXT NOT NULL PRIMARY KEY,
    asked_at   INTEGER NOT NULL,
    looked_at  INTEGER
) STRICT;
CREATE INDEX recovery_look_open ON recovery_look (payment_id) WHERE looked_at IS NULL;

-- Trades of an earlier epoch whose order is not in the store.
CREATE TABLE lost_trade (
    lost_id        TEXT NOT NULL PRIMARY KEY,
    out_trade_no   TEXT NOT NULL,
    trade_no       TEXT NOT NULL,
    state          TEXT NOT NULL
        CHECK (state IN ('FOUND', 'OWING', 'RETURNING', 'ACCOUNTED', 'RETURNED', 'HELD')),
    paid_fen       INTEGER NOT NULL CHECK (paid_fen > 0),
    paid_at        INTEGER NOT NULL,
    posted_fen     INTEGER NOT NULL CHECK (posted_fen >= 0),
    gone_back_fen  INTEGER NOT NULL CHECK (gone_back_fen >= 0),
    owed_fen       INTEGER NOT NULL CHECK (owed_fen >= 0),
    out_request_no TEXT,
    sent_at        INTEGER,
    empties        INTEGER NOT NULL CHECK (empties >= 0),
    found_at       INTEGER NOT NULL,
    turns          INTEGER NOT NULL CHECK (turns >= 0),
    next_at        INTEGER,
    version        INTEGER NOT NULL CHECK (version >= 1),
    trace_id       TEXT NOT NULL,
    CONSTRAINT lost_trade_number_unique UNIQUE (out_trade_no),
    CONSTRAINT lost_trade_refund_unique UNIQUE (out_request_no),
    CONSTRAINT lost_trade_has_turn CHECK (state IN ('ACCOUNTED', 'RETURNED') OR next_at IS NOT NULL),
    CONSTRAINT lost_trade_owed CHECK ((owed_fen > 0) = (out_request_no IS NOT NULL)),
    CONSTRAINT lost_trade_sent CHECK (state <> 'RETURNING' OR (owed_fen > 0 AND sent_at IS NOT NULL)),
    CONSTRAINT lost_trade_within CHECK (owed_fen + gone_back_fen <= paid_fen)
) STRICT;
CREATE INDEX lost_trade_due ON lost_trade (next_at) WHERE next_at IS NOT NULL;
