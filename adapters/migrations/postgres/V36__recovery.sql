-- After a restore: since when the copy knows nothing, what was compared since, and the trades only the channel knows.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE recovery (
    epoch       BIGINT NOT NULL PRIMARY KEY CHECK (epoch >= 1),
    since       BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL,
    begun_by    TEXT COLLATE "C" NOT NULL,
    looked_at   BIGINT,
    ended_at    BIGINT,
    ended_by    TEXT,
    proof       TEXT,
    payouts_at  BIGINT,
    payouts_by  TEXT,
    CONSTRAINT recovery_forward CHECK (since <= begun_at),
    CONSTRAINT recovery_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (proof IS NULL)),
    CONSTRAINT recovery_two_persons CHECK (ended_by IS NULL OR ended_by <> begun_by),
    CONSTRAINT recovery_payouts CHECK ((payouts_at IS NULL) = (payouts_by IS NULL))
);

-- The bills that were read, one per day; the digest is the file's.
CREATE TABLE recovery_statement (
    epoch    BIGINT NOT NULL REFERENCES recovery (epoch),
    day      TEXT COLLATE "C" NOT NULL,
    digest   TEXT COLLATE "C" NOT NULL,
    row_count BIGINT NOT NULL CHECK (row_count >= 0),
    own_count BIGINT NOT NULL CHECK (own_count BETWEEN 0 AND row_count),
    read_at  BIGINT NOT NULL,
    read_by  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (epoch, day)
);

-- Known orders of which a bill tells something the copy does not know.
CREATE TABLE recovery_look (
    payment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    asked_at   BIGINT NOT NULL,
    looked_at  BIGINT
);
CREATE INDEX recovery_look_open ON recovery_look (payment_id) WHERE looked_at IS NULL;

-- Trades of an earlier epoch whose order is not in the store.
CREATE TABLE lost_trade (
    lost_id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    out_trade_no   TEXT COLLATE "C" NOT NULL,
    trade_no       TEXT COLLATE "C" NOT NULL,
    state          TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('FOUND', 'OWING', 'RETURNING', 'ACCOUNTED', 'RETURNED', 'HELD')),
    paid_fen       BIGINT NOT NULL CHECK (paid_fen > 0),
    paid_at        BIGINT NOT NULL,
    posted_fen     BIGINT NOT NULL CHECK (posted_fen >= 0),
    gone_back_fen  BIGINT NOT NULL CHECK (gone_back_fen >= 0),
    owed_fen       BIGINT NOT NULL CHECK (owed_fen >= 0),
    out_request_no TEXT COLLATE "C",
    sent_at        BIGINT,
    empties        BIGINT NOT NULL CHECK (empties >= 0),
    found_at       BIGINT NOT NULL,
    turns          BIGINT NOT NULL CHECK (turns >= 0),
    next_at        BIGINT,
    version        BIGINT NOT NULL CHECK (version >= 1),
    trace_id       TEXT COLLATE "C" NOT NULL,
    CONSTRAINT lost_trade_number_unique UNIQUE (out_trade_no),
    CONSTRAINT lost_trade_refund_unique UNIQUE (out_request_no),
    CONSTRAINT lost_trade_has_turn CHECK (state IN ('ACCOUNTED', 'RETURNED') OR next_at IS NOT NULL),
    CONSTRAINT lost_trade_owed CHECK ((owed_fen > 0) = (out_request_no IS NOT NULL)),
    CONSTRAINT lost_trade_sent CHECK (state <> 'RETURNING' OR (owed_fen > 0 AND sent_at IS NOT NULL)),
    CONSTRAINT lost_trade_within CHECK (owed_fen + gone_back_fen <= paid_fen)
);
CREATE INDEX lost_trade_due ON lost_trade (next_at) WHERE next_at IS NOT NULL;
