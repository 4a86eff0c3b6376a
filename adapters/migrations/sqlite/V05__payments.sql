-- Payment orders (table P), their lines (L), their refunds (R), what keeps a second order out, and what was seen.
-- Whatever is not final has a next turn; a refund is never larger than what was paid.

CREATE TABLE payment (
    payment_id          TEXT NOT NULL PRIMARY KEY,
    account_id          TEXT NOT NULL,
    binding_id          TEXT NOT NULL,
    session_id          TEXT NOT NULL,
    purpose             TEXT NOT NULL CHECK (purpose IN ('arrears', 'top_up')),
    via                 TEXT NOT NULL CHECK (via IN ('mini', 'h5')),
    state               TEXT NOT NULL
        CHECK (state IN ('CREATED', 'PAYING', 'CLOSING', 'CLOSED', 'PAID', 'SUSPENSE', 'DONE')),
    version             INTEGER NOT NULL CHECK (version >= 1),
    lease_epoch         INTEGER NOT NULL CHECK (lease_epoch >= 0),
    lease_until         INTEGER,
    out_trade_no        TEXT NOT NULL,
    amount_fen          INTEGER NOT NULL CHECK (amount_fen > 0),
    subject             TEXT NOT NULL,
    shares              TEXT NOT NULL,
    buyer               TEXT,
    body                TEXT,
    ticket              TEXT,
    ticket_digest       TEXT,
    sends               INTEGER NOT NULL CHECK (sends >= 0),
    answers             INTEGER NOT NULL CHECK (answers >= 0),
    trade_no            TEXT,
    minted_at           INTEGER,
    created_at          INTEGER NOT NULL,
    expire_at           INTEGER NOT NULL,
    paid_at             INTEGER,
    closed_at           INTEGER,
    done_at             INTEGER,
    paid_fen            INTEGER NOT NULL CHECK (paid_fen >= 0),
    refund_reserved_fen INTEGER NOT NULL,
    refunded_fen        INTEGER NOT NULL CHECK (refunded_fen >= 0),
    suspense_fen        INTEGER NOT NULL,
    foreign_fen         INTEGER NOT NULL CHECK (foreign_fen >= 0),
    foreign_used_fen    INTEGER NOT NULL,
    has_lock            INTEGER NOT NULL CHECK (has_lock IN (0, 1)),
    frozen              INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    watched             INTEGER NOT NULL CHECK (watched IN (0, 1)),
    entered_at          INTEGER NOT NULL,
    turns               INTEGER NOT NULL CHECK (turns >= 0),
    next_at             INTEGER,
    wake_at             INTEGER,
    asked_at            INTEGER,
    trace_id            TEXT NOT NULL,
    CONSTRAINT payment_number_unique UNIQUE (out_trade_no),
    CONSTRAINT payment_ticket_unique UNIQUE (ticket_digest),
    CONSTRAINT payment_refunds_within_paid CHECK (refund_reserved_fen BETWEEN 0 AND paid_fen),
    CONSTRAINT payment_refunds_reserved CHECK (refunded_fen + foreign_fen <= refund_reserved_fen),
    CONSTRAINT payment_foreign_used CHECK (foreign_used_fen BETWEEN 0 AND foreign_fen),
    CONSTRAINT payment_suspense CHECK (suspense_fen BETWEEN 0 AND paid_fen),
    CONSTRAINT payment_paid CHECK ((paid_fen > 0) = (state IN ('PAID', 'SUSPENSE', 'DONE'))
        AND (paid_fen > 0) = (paid_at IS NOT NULL)),
    CONSTRAINT payment_has_turn CHECK (state = 'DONE' OR (state = 'CLOSED' AND watched = 0) OR next_at IS NOT NULL),
    CONSTRAINT payment_wakes CHECK (next_at IS NULL OR (wake_at IS NOT NULL AND wake_at <= next_at))
) STRICT;
CREATE INDEX payment_due ON payment (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX payment_own ON payment (account_id, binding_id, payment_id);

CREATE TABLE payment_line (
    line_id            TEXT NOT NULL PRIMARY KEY,
    payment_id         TEXT NOT NULL REFERENCES payment (payment_id),
    line_no            INTEGER NOT NULL CHECK (line_no BETWEEN 1 AND 99),
    attempt            INTEGER NOT NULL CHECK (attempt BETWEEN 1 AND 9),
    state              TEXT NOT NULL CHECK (state IN ('READY', 'POSTING', 'POST_UNKNOWN', 'FENCING(repost)',
        'FENCING(refund)', 'POSTED', 'REVERSING', 'MKT_REFUND', 'REFUND_DUE', 'REFUNDED', 'HELD')),
    channel_txn_no     TEXT NOT NULL,
    binding_id         TEXT NOT NULL,
    consumer_no        TEXT NOT NULL,
    consumer_index     TEXT NOT NULL,
    amount_fen         INTEGER NOT NULL CHECK (amount_fen > 0),
    purpose            TEXT NOT NULL CHECK (purpose IN ('arrears', 'top_up')),
    arrears_version    TEXT,
    body               TEXT,
    check_kind         TEXT NOT NULL CHECK (check_kind IN ('none', 'still_due', 'fresh_arrears')),
    sent_at            INTEGER,
    resends            INTEGER NOT NULL CHECK (resends >= 0),
    not_found          INTEGER NOT NULL CHECK (not_found >= 0),
    not_found_at       INTEGER,
    want_refund        INTEGER NOT NULL CHECK (want_refund IN (0, 1)),
    keep_as_prepayment INTEGER NOT NULL CHECK (keep_as_prepayment IN (0, 1)),
    fenced             INTEGER NOT NULL CHECK (fenced IN (0, 1)),
    credited           INTEGER NOT NULL CHECK (credited IN (0, 1)),
    let_go             INTEGER NOT NULL CHECK (let_go IN (0, 1)),
    sighting           TEXT CHECK (sighting IN ('same', 'other', 'not_there')),
    mkt_txn_no         TEXT,
    business_date      TEXT,
    posted_at          INTEGER,
    frozen             INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    entered_at         INTEGER NOT NULL,
    turns              INTEGER NOT NULL CHECK (turns >= 0),
    next_at            INTEGER,
    asked_at           INTEGER,
    CONSTRAINT payment_line_unique UNIQUE (payment_id, line_no),
    CONSTRAINT payment_line_number_unique UNIQUE (channel_txn_no),
    CONSTRAINT payment_line_has_turn CHECK (state IN ('POSTED', 'REFUNDED') OR next_at IS NOT NULL),
    CONSTRAINT payment_line_sent CHECK (state NOT IN ('POSTING', 'POST_UNKNOWN') OR (body IS NOT NULL AND sent_at IS NOT NULL))
) STRICT;
CREATE INDEX payment_line_home ON payment_line (consumer_index, state);
CREATE INDEX payment_line_waiting ON payment_line (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE payment_refund (
    refund_id      TEXT NOT NULL PRIMARY KEY,
    payment_id     TEXT NOT NULL REFERENCES payment (payment_id),
    line_id        TEXT NOT NULL REFERENCES payment_line (line_id),
    out_request_no TEXT NOT NULL,
    cause          TEXT NOT NULL,
    amount_fen     INTEGER NOT NULL CHECK (amount_fen > 0),
    state          TEXT NOT NULL
        CHECK (state IN ('PLANNED', 'SENDING', 'UNKNOWN', 'WAIT_FUNDS', 'BLOCKED', 'DONE', 'WITHDRAWN')),
    sent_at        INTEGER,
    empties        INTEGER NOT NULL CHECK (empties >= 0),
    empty_since    INTEGER,
    empty_at       INTEGER,
    created_at     INTEGER NOT NULL,
    done_at        INTEGER,
    frozen         INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    entered_at     INTEGER NOT NULL,
    turns          INTEGER NOT NULL CHECK (turns >= 0),
    next_at        INTEGER,
    asked_at       INTEGER,
    CONSTRAINT payment_refund_number_unique UNIQUE (out_request_no),
    CONSTRAINT payment_refund_cause_unique UNIQUE (cause),
    CONSTRAINT payment_refund_done CHECK ((state = 'DONE') = (done_at IS NOT NULL)),
    CONSTRAINT payment_refund_has_turn CHECK (state IN ('DONE', 'WITHDRAWN') OR next_at IS NOT NULL)
) STRICT;
CREATE INDEX payment_refund_payment ON payment_refund (payment_id, created_at, refund_id);

-- One per home for arrears, one per home and payer for a top-up: over versions, users and ways to pay.
CREATE TABLE open_claim (
    claim_key  TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment (payment_id),
    taken_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX open_claim_payment ON open_claim (payment_id);

-- What was seen of an order: one row per row, state and input, repeats counted.
CREATE TABLE payment_sighting (
    payment_id     TEXT NOT NULL REFERENCES payment (payment_id),
    machine        TEXT NOT NULL CHECK (machine IN ('P', 'L', 'R')),
    row_id         TEXT NOT NULL,
    state          TEXT NOT NULL,
    input          TEXT NOT NULL,
    next_state     TEXT NOT NULL,
    applied        INTEGER NOT NULL CHECK (applied IN (0, 1)),
    times          INTEGER NOT NULL CHECK (times >= 1),
    first_seen_at  INTEGER NOT NULL,
    last_asked_at  INTEGER NOT NULL,
    PRIMARY KEY (payment_id, machine, row_id, state, input, next_state, applied)
) STRICT;

-- Automatic refunds of one hour: the brake counts before anything is sent.
CREATE TABLE refund_brake (
    hour_at    INTEGER NOT NULL PRIMARY KEY,
    sent_count INTEGER NOT NULL CHECK (sent_count >= 0),
    sent_fen   INTEGER NOT NULL CHECK (sent_fen >= 0)
) STRICT;
