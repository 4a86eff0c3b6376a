-- The rooms every capability stands on. Same file name, tables, columns and nullability as the SQLite folder.
-- Types: INTEGER (integers, 0/1, fen, microseconds UTC), TEXT, BLOB. All tables STRICT.

-- What this store is for. One row, written at the first migration.
CREATE TABLE instance (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    instance_kind TEXT   NOT NULL CHECK (instance_kind IN ('demo', 'live')),
    restore_epoch INTEGER NOT NULL CHECK (restore_epoch >= 0),
    created_at    INTEGER NOT NULL
) STRICT;

-- Data keys of accounts, wrapped by the keyring. Deleting the row erases what was sealed with the key.
CREATE TABLE account_key (
    account_id TEXT NOT NULL PRIMARY KEY,
    key_id     TEXT NOT NULL,
    wrapped    TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id     TEXT NOT NULL,
    kind         TEXT   NOT NULL,
    ordering_key TEXT NOT NULL,
    body         TEXT   NOT NULL,
    trace_id     TEXT   NOT NULL,
    money        INTEGER NOT NULL CHECK (money IN (0, 1)),
    created_at   INTEGER NOT NULL,
    available_at INTEGER NOT NULL,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    lease_epoch  INTEGER NOT NULL CHECK (lease_epoch >= 0),
    lease_until  INTEGER,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    reason       TEXT,
    ended_at     INTEGER,
    CONSTRAINT outbox_event_unique UNIQUE (event_id),
    CONSTRAINT outbox_ended CHECK ((state = 'waiting') = (ended_at IS NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (available_at) WHERE state = 'waiting';
CREATE INDEX outbox_order ON outbox (ordering_key, seq) WHERE state = 'waiting';

CREATE TABLE inbox (
    source      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    raw         TEXT   NOT NULL,
    trace_id    TEXT   NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('received', 'applied')),
    applied_at  INTEGER,
    PRIMARY KEY (source, message_id),
    CONSTRAINT inbox_applied CHECK ((state = 'applied') = (applied_at IS NOT NULL))
) STRICT;
CREATE INDEX inbox_pending ON inbox (received_at) WHERE state = 'received';

CREATE TABLE idempotency (
    scope         TEXT NOT NULL,
    client_key    TEXT NOT NULL,
    fingerprint   TEXT   NOT NULL,
    field_digests TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('started', 'done')),
    step          TEXT,
    lease_until   INTEGER,
    lease_epoch   INTEGER NOT NULL CHECK (lease_epoch >= 1),
    answer_status INTEGER CHECK (answer_status BETWEEN 100 AND 599),
    answer_body   TEXT,
    created_at    INTEGER NOT NULL,
    done_at       INTEGER,
    PRIMARY KEY (scope, client_key),
    CONSTRAINT idempotency_started CHECK (state <> 'started' OR (step IS NOT NULL AND lease_until IS NOT NULL
        AND answer_status IS NULL AND answer_body IS NULL AND done_at IS NULL)),
    CONSTRAINT idempotency_done CHECK (state <> 'done'
        OR (answer_status IS NOT NULL AND answer_body IS NOT NULL AND done_at IS NOT NULL))
) STRICT;

CREATE TABLE job (
    name         TEXT NOT NULL PRIMARY KEY,
    every_s      INTEGER NOT NULL CHECK (every_s > 0),
    next_at      INTEGER NOT NULL,
    last_at      INTEGER,
    last_outcome TEXT,
    lease_until  INTEGER,
    lease_epoch  INTEGER NOT NULL CHECK (lease_epoch >= 0)
) STRICT;

-- An entry is written after its lines and closes them: the trigger adds them up.
CREATE TABLE ledger_entry (
    entry_id   TEXT NOT NULL PRIMARY KEY,
    fact       TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    trace_id   TEXT   NOT NULL,
    posted_at  INTEGER NOT NULL,
    line_count INTEGER NOT NULL CHECK (line_count >= 2),
    total_fen  INTEGER NOT NULL CHECK (total_fen > 0),
    CONSTRAINT ledger_fact_unique UNIQUE (fact)
) STRICT;
CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id, posted_at, entry_id);

CREATE TABLE ledger_line (
    entry_id   TEXT NOT NULL,
    line_no    INTEGER NOT NULL CHECK (line_no >= 1),
    account    TEXT   NOT NULL CHECK (account <> ''),
    debit_fen  INTEGER NOT NULL CHECK (debit_fen >= 0),
    credit_fen INTEGER NOT NULL CHECK (credit_fen >= 0),
    PRIMARY KEY (entry_id, line_no),
    CONSTRAINT ledger_line_one_sided CHECK ((debit_fen > 0 AND credit_fen = 0) OR (debit_fen = 0 AND credit_fen > 0))
) STRICT;

-- SQLite has no trigger at commit. A line without its entry counts nowhere: every reader joins the entry,
-- and an entry can be written only when its lines add up.
CREATE TRIGGER ledger_entry_balances BEFORE INSERT ON ledger_entry
WHEN (SELECT COUNT(*) FROM ledger_line WHERE entry_id = NEW.entry_id) IS NOT NEW.line_count
    OR (SELECT SUM(debit_fen) FROM ledger_line WHERE entry_id = NEW.entry_id) IS NOT NEW.total_fen
    OR (SELECT SUM(credit_fen) FROM ledger_line WHERE entry_id = NEW.entry_id) IS NOT NEW.total_fen
BEGIN SELECT RAISE(ABORT, 'unbalanced: ledger_entry'); END;

CREATE TRIGGER ledger_line_open BEFORE INSERT ON ledger_line
WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE entry_id = NEW.entry_id)
BEGIN SELECT RAISE(ABORT, 'closed: ledger_entry'); END;

CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'append only: ledger_entry'); END;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'append only: ledger_entry'); END;
CREATE TRIGGER ledger_line_no_update BEFORE UPDATE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'append only: ledger_line'); END;
CREATE TRIGGER ledger_line_no_delete BEFORE DELETE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'append only: ledger_line'); END;

CREATE TABLE evidence_entry (
    entry_id    TEXT NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER evidence_entry_no_update BEFORE UPDATE ON evidence_entry
BEGIN SELECT RAISE(ABORT, 'append only: evidence_entry'); END;
CREATE TRIGGER evidence_entry_no_delete BEFORE DELETE ON evidence_entry
BEGIN SELECT RAISE(ABORT, 'append only: evidence_entry'); END;

-- Beside the entry, because deleting the salt is how the entry's closed facts are erased.
CREATE TABLE evidence_salt (
    entry_id TEXT NOT NULL PRIMARY KEY REFERENCES evidence_entry (entry_id),
    salt     TEXT NOT NULL
) STRICT;

CREATE TRIGGER evidence_salt_no_update BEFORE UPDATE ON evidence_salt
BEGIN SELECT RAISE(ABORT, 'append only: evidence_salt'); END;

-- Entries the sequencer has not placed yet; it deletes what it has placed.
CREATE TABLE evidence_queue (
    seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    entry_id TEXT NOT NULL REFERENCES evidence_entry (entry_id),
    CONSTRAINT evidence_queue_unique UNIQUE (entry_id)
) STRICT;

CREATE TABLE audit_line (
    audit_id TEXT NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT   NOT NULL,
    act      TEXT   NOT NULL,
    subject  TEXT NOT NULL,
    outcome  TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    trace_id TEXT   NOT NULL
) STRICT;
CREATE INDEX audit_line_subject ON audit_line (subject, at, audit_id);

CREATE TRIGGER audit_line_no_update BEFORE UPDATE ON audit_line
BEGIN SELECT RAISE(ABORT, 'append only: audit_line'); END;
CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line
BEGIN SELECT RAISE(ABORT, 'append only: audit_line'); END;

CREATE TABLE case_file (
    case_id   TEXT NOT NULL PRIMARY KEY,
    kind      TEXT   NOT NULL,
    cause     TEXT NOT NULL,
    subject   TEXT NOT NULL,
    facts     TEXT   NOT NULL,
    opened_at INTEGER NOT NULL,
    trace_id  TEXT   NOT NULL,
    closed_at INTEGER,
    CONSTRAINT case_cause_unique UNIQUE (cause)
) STRICT;
CREATE INDEX case_file_subject ON case_file (subject, opened_at, case_id);
CREATE INDEX case_file_open ON case_file (opened_at) WHERE closed_at IS NULL;
