-- Payment orders (table P), their lines (L), their refunds (R), what keeps a second order out, and what was seen.
-- Whatever is not final has a next turn; a refund is never larger than what was paid.

CREATE TABLE payment (
    payment_id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id          TEXT COLLATE "C" NOT NULL,
    binding_id          TEXT COLLATE "C" NOT NULL,
    session_id          TEXT NOT NULL,
    purpose             TEXT NOT NULL CHECK (purpose IN ('arrears', 'top_up')),
    via                 TEXT NOT NULL CHECK (via IN ('mini', 'h5')),
    state               TEXT NOT NULL
        CHECK (state IN ('CREATED', 'PAYING', 'CLOSING', 'CLOSED', 'PAID', 'SUSPENSE', 'DONE')),
    version             BIGINT NOT NULL CHECK (version >= 1),
    lease_epoch         BIGINT NOT NULL CHECK (lease_epoch >= 0),
    lease_until         BIGINT,
    out_trade_no        TEXT COLLATE "C" NOT NULL,
    amount_fen          BIGINT NOT NULL CHECK (amount_fen > 0),
    subject             TEXT NOT NULL,
    shares              TEXT NOT NULL,
    buyer               TEXT,
    body                TEXT,
    ticket              TEXT,
    ticket_digest       TEXT COLLATE "C",
    sends               BIGINT NOT NULL CHECK (sends >= 0),
    answers             BIGINT NOT NULL CHECK (answers >= 0),
    trade_no            TEXT,
    minted_at           BIGINT,
    created_at          BIGINT NOT NULL,
    expire_at           BIGINT NOT NULL,
    paid_at             BIGINT,
    closed_at           BIGINT,
    done_at             BIGINT,
    paid_fen            BIGINT NOT NULL CHECK (paid_fen >= 0),
    refund_reserved_fen BIGINT NOT NULL,
    refunded_fen        BIGINT NOT NULL CHECK (refunded_fen >= 0),
    suspense_fen        BIGINT NOT NULL,
    foreign_fen         BIGINT NOT NULL CHECK (foreign_fen >= 0),
    foreign_used_fen    BIGINT NOT NULL,
    has_lock            BIGINT NOT NULL CHECK (has_lock IN (0, 1)),
    frozen              BIGINT NOT NULL CHECK (frozen IN (0, 1)),
    watched             BIGINT NOT NULL CHECK (watched IN (0, 1)),
    entered_at          BIGINT NOT NULL,
    turns               BIGINT NOT NULL CHECK (turns >= 0),
    next_at             BIGINT,
    wake_at             BIGINT,
    asked_at            BIGINT,
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
);
CREATE INDEX payment_due ON payment (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX payment_own ON payment (account_id, binding_id, payment_id);

CREATE TABLE payment_line (
    line_id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id         TEXT COLLATE "C" NOT NULL REFERENCES payment (payment_id),
    line_no            BIGINT NOT NULL CHECK (line_no BETWEEN 1 AND 99),
    attempt            BIGINT NOT NULL CHECK (attempt BETWEEN 1 AND 9),
    state              TEXT NOT NULL CHECK (state IN ('READY', 'POSTING', 'POST_UNKNOWN', 'FENCING(repost)',
        'FENCING(refund)', 'POSTED', 'REVERSING', 'MKT_REFUND', 'REFUND_DUE', 'REFUNDED', 'HELD')),
    channel_txn_no     TEXT COLLATE "C" NOT NULL,
    binding_id         TEXT NOT NULL,
    consumer_no        TEXT NOT NULL,
    consumer_index     TEXT COLLATE "C" NOT NULL,
    amount_fen         BIGINT NOT NULL CHECK (amount_fen > 0),
    purpose            TEXT NOT NULL CHECK (purpose IN ('arrears', 'top_up')),
    arrears_version    TEXT,
    body               TEXT,
    check_kind         TEXT NOT NULL CHECK (check_kind IN ('none', 'still_due', 'fresh_arrears')),
    sent_at            BIGINT,
    resends            BIGINT NOT NULL CHECK (resends >= 0),
    not_found          BIGINT NOT NULL CHECK (not_found >= 0),
    not_found_at       BIGINT,
    want_refund        BIGINT NOT NULL CHECK (want_refund IN (0, 1)),
    keep_as_prepayment BIGINT NOT NULL CHECK (keep_as_prepayment IN (0, 1)),
    fenced             BIGINT NOT NULL CHECK (fenced IN (0, 1)),
    credited           BIGINT NOT NULL CHECK (credited IN (0, 1)),
    let_go             BIGINT NOT NULL CHECK (let_go IN (0, 1)),
    sighting           TEXT CHECK (sighting IN ('same', 'other', 'not_there')),
    mkt_txn_no         TEXT,
    business_date      TEXT,
    posted_at          BIGINT,
    frozen             BIGINT NOT NULL CHECK (frozen IN (0, 1)),
    entered_at         BIGINT NOT NULL,
    turns              BIGINT NOT NULL CHECK (turns >= 0),
    next_at            BIGINT,
    asked_at           BIGINT,
    CONSTRAINT payment_line_unique UNIQUE (payment_id, line_no),
    CONSTRAINT payment_line_number_unique UNIQUE (channel_txn_no),
    CONSTRAINT payment_line_has_turn CHECK (state IN ('POSTED', 'REFUNDED') OR next_at IS NOT NULL),
    CONSTRAINT payment_line_sent CHECK (state NOT IN ('POSTING', 'POST_UNKNOWN') OR (body IS NOT NULL AND sent_at IS NOT NULL))
);
CREATE INDEX payment_line_home ON payment_line (consumer_index, state);
CREATE INDEX payment_line_waiting ON payment_line (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE payment_refund (
    refund_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id     TEXT COLLATE "C" NOT NULL REFERENCES payment (payment_id),
    line_id        TEXT COLLATE "C" NOT NULL REFERENCES payment_line (line_id),
    out_request_no TEXT COLLATE "C" NOT NULL,
    cause          TEXT COLLATE "C" NOT NULL,
    amount_fen     BIGINT NOT NULL CHECK (amount_fen > 0),
    state          TEXT NOT NULL
        CHECK (state IN ('PLANNED', 'SENDING', 'UNKNOWN', 'WAIT_FUNDS', 'BLOCKED', 'DONE', 'WITHDRAWN')),
    sent_at        BIGINT,
    empties        BIGINT NOT NULL CHECK (empties >= 0),
    empty_since    BIGINT,
    empty_at       BIGINT,
    created_at     BIGINT NOT NULL,
    done_at        BIGINT,
    frozen         BIGINT NOT NULL CHECK (frozen IN (0, 1)),
    entered_at     BIGINT NOT NULL,
    turns          BIGINT NOT NULL CHECK (turns >= 0),
    next_at        BIGINT,
    asked_at       BIGINT,
    CONSTRAINT payment_refund_number_unique UNIQUE (out_request_no),
    CONSTRAINT payment_refund_cause_unique UNIQUE (cause),
    CONSTRAINT payment_refund_done CHECK ((state = 'DONE') = (done_at IS NOT NULL)),
    CONSTRAINT payment_refund_has_turn CHECK (state IN ('DONE', 'WITHDRAWN') OR next_at IS NOT NULL)
);
CREATE INDEX payment_refund_payment ON payment_refund (payment_id, created_at, refund_id);

-- One per home for arrears, one per home and payer for a top-up: over versions, users and ways to pay.
CREATE TABLE open_claim (
    claim_key  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id TEXT COLLATE "C" NOT NULL REFERENCES payment (payment_id),
    taken_at   BIGINT NOT NULL
);
CREATE INDEX open_claim_payment ON open_claim (payment_id);

-- What was seen of an order: one row per row, state and input, repeats counted.
CREATE TABLE payment_sighting (
    payment_id     TEXT COLLATE "C" NOT NULL REFERENCES payment (payment_id),
    machine        TEXT COLLATE "C" NOT NULL CHECK (machine IN ('P', 'L', 'R')),
    row_id         TEXT COLLATE "C" NOT NULL,
    state          TEXT COLLATE "C" NOT NULL,
    input          TEXT COLLATE "C" NOT NULL,
    next_state     TEXT COLLATE "C" NOT NULL,
    applied        BIGINT NOT NULL CHECK (applied IN (0, 1)),
    times          BIGINT NOT NULL CHECK (times >= 1),
    first_seen_at  BIGINT NOT NULL,
    last_asked_at  BIGINT NOT NULL,
    PRIMARY KEY (payment_id, machine, row_id, state, input, next_state, applied)
);

-- Automatic refunds of one hour: the brake counts before anything is sent.
CREATE TABLE refund_brake (
    hour_at    BIGINT NOT NULL PRIMARY KEY,
    sent_count BIGINT NOT NULL CHECK (sent_count >= 0),
    sent_fen   BIGINT NOT NULL CHECK (sent_fen >= 0)
);
