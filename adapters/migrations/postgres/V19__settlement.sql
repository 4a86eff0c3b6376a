-- From collection to payout: months of energy with their amounts, check tasks, trade tasks.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- One version of one month. Days and lines are sealed with the table's own key; the sums stay for the books.
CREATE TABLE energy_version (
    table_id              TEXT COLLATE "C" NOT NULL REFERENCES personal_table (table_id),
    period                TEXT COLLATE "C" NOT NULL,
    data_version          BIGINT NOT NULL CHECK (data_version >= 1),
    generation_account_id TEXT COLLATE "C" NOT NULL REFERENCES generation_account (generation_account_id),
    state                 TEXT NOT NULL CHECK (state IN ('collected', 'settled', 'overtaken')),
    days                  TEXT,
    lines                 TEXT,
    refusal               TEXT,
    gross_fen             BIGINT,
    tax_fen               BIGINT,
    subsidy_fen           BIGINT,
    net_fen               BIGINT,
    adjustment_fen        BIGINT NOT NULL,
    read_at               BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    settled_at            BIGINT,
    row_version           BIGINT NOT NULL CHECK (row_version >= 1),
    PRIMARY KEY (table_id, period, data_version),
    CONSTRAINT energy_version_settled CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
    CONSTRAINT energy_version_sums CHECK ((settled_at IS NULL) = (net_fen IS NULL)
        AND (settled_at IS NULL OR net_fen = gross_fen - tax_fen + subsidy_fen))
);
CREATE INDEX energy_version_unsettled ON energy_version (updated_at, table_id, period) WHERE state = 'collected';

CREATE TABLE check_task (
    check_task_id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    generation_account_id TEXT COLLATE "C" NOT NULL REFERENCES generation_account (generation_account_id),
    table_id              TEXT COLLATE "C" NOT NULL REFERENCES personal_table (table_id),
    period                TEXT COLLATE "C" NOT NULL,
    data_version          BIGINT NOT NULL CHECK (data_version >= 1),
    state                 TEXT NOT NULL CHECK (state IN ('OPEN', 'ANSWERED', 'IN_REVIEW', 'DISPATCHED', 'SUPERSEDED')),
    verdict               TEXT CHECK (verdict IN ('confirm', 'ignore', 'timeout', 'upheld')),
    net_fen               BIGINT NOT NULL,
    paid_before_fen       BIGINT NOT NULL,
    began_at              BIGINT NOT NULL,
    ends_at               BIGINT NOT NULL,
    reminded              BIGINT NOT NULL CHECK (reminded BETWEEN 0 AND 2),
    pushed_at             BIGINT,
    waited_again          BIGINT NOT NULL CHECK (waited_again IN (0, 1)),
    undo_spent            BIGINT NOT NULL CHECK (undo_spent IN (0, 1)),
    review_no             TEXT COLLATE "C",
    review_round          BIGINT NOT NULL CHECK (review_round >= 0),
    review_sent_at        BIGINT,
    review_began_at       BIGINT,
    newer_id              TEXT COLLATE "C",
    created_at            BIGINT NOT NULL,
    next_at               BIGINT,
    version               BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT check_task_once UNIQUE (table_id, period, data_version),
    CONSTRAINT check_task_review UNIQUE (review_no),
    CONSTRAINT check_task_waits CHECK (state IN ('DISPATCHED', 'SUPERSEDED') OR next_at IS NOT NULL),
    CONSTRAINT check_task_answered CHECK (state <> 'ANSWERED' OR verdict IS NOT NULL)
);
CREATE INDEX check_task_of_account ON check_task (generation_account_id, check_task_id);
CREATE INDEX check_task_next ON check_task (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE trade_task (
    trade_task_id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    check_task_id         TEXT COLLATE "C" NOT NULL REFERENCES check_task (check_task_id),
    generation_account_id TEXT COLLATE "C" NOT NULL REFERENCES generation_account (generation_account_id),
    table_id              TEXT COLLATE "C" NOT NULL REFERENCES personal_table (table_id),
    period                TEXT COLLATE "C" NOT NULL,
    state                 TEXT NOT NULL CHECK (state IN ('HELD', 'QUEUED', 'SENDING', 'UNKNOWN', 'PAID', 'RETURNED', 'WITHDRAWN')),
    accepted_fen          BIGINT NOT NULL,
    amount_fen            BIGINT NOT NULL CHECK (amount_fen > 0),
    queue_key             TEXT COLLATE "C" NOT NULL,
    weights_epoch         BIGINT NOT NULL,
    enqueued_at           BIGINT NOT NULL,
    payout_no             TEXT COLLATE "C",
    paid_fen              BIGINT CHECK (paid_fen >= 0),
    payee                 TEXT,
    sent_at               BIGINT,
    hold                  TEXT,
    payee_confirmed       BIGINT NOT NULL CHECK (payee_confirmed IN (0, 1)),
    frozen                BIGINT NOT NULL CHECK (frozen IN (0, 1)),
    next_at               BIGINT,
    version               BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT trade_task_payout UNIQUE (payout_no),
    CONSTRAINT trade_task_waits CHECK (state IN ('PAID', 'WITHDRAWN') OR next_at IS NOT NULL),
    CONSTRAINT trade_task_sent CHECK (state NOT IN ('SENDING', 'UNKNOWN', 'PAID')
        OR (payout_no IS NOT NULL AND sent_at IS NOT NULL)),
    CONSTRAINT trade_task_paid CHECK (state <> 'PAID' OR paid_fen IS NOT NULL)
);
CREATE UNIQUE INDEX trade_task_one ON trade_task (check_task_id) WHERE state <> 'WITHDRAWN';
-- The queue: its head is the first entry, and an entry takes its place in O(log n).
CREATE INDEX trade_task_queue ON trade_task (queue_key DESC, enqueued_at, trade_task_id) WHERE state = 'QUEUED' AND frozen = 0;
CREATE INDEX trade_task_keyed ON trade_task (weights_epoch) WHERE state = 'QUEUED';
CREATE INDEX trade_task_next ON trade_task (next_at) WHERE state IN ('HELD', 'SENDING', 'UNKNOWN', 'RETURNED');
CREATE INDEX trade_task_month ON trade_task (generation_account_id, period);
CREATE INDEX trade_task_sent_at ON trade_task (sent_at) WHERE sent_at IS NOT NULL;
