-- The rooms every capability stands on. Same file name, tables, columns and nullability as the SQLite folder.
-- Types: BIGINT (integers, 0/1, fen, microseconds UTC), TEXT, BYTEA. Keys that are ordered by: COLLATE "C".

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append only: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- What this store is for. One row, written at the first migration.
CREATE TABLE instance (
    one           BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    instance_kind TEXT   NOT NULL CHECK (instance_kind IN ('demo', 'live')),
    restore_epoch BIGINT NOT NULL CHECK (restore_epoch >= 0),
    created_at    BIGINT NOT NULL
);

-- Data keys of accounts, wrapped by the keyring. Deleting the row erases what was sealed with the key.
CREATE TABLE account_key (
    account_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    key_id     TEXT NOT NULL,
    wrapped    TEXT NOT NULL
);

CREATE TABLE outbox (
    seq          BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     TEXT COLLATE "C" NOT NULL,
    kind         TEXT   NOT NULL,
    ordering_key TEXT COLLATE "C" NOT NULL,
    body         TEXT   NOT NULL,
    trace_id     TEXT   NOT NULL,
    money        BIGINT NOT NULL CHECK (money IN (0, 1)),
    created_at   BIGINT NOT NULL,
    available_at BIGINT NOT NULL,
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    lease_epoch  BIGINT NOT NULL CHECK (lease_epoch >= 0),
    lease_until  BIGINT,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    reason       TEXT,
    ended_at     BIGINT,
    CONSTRAINT outbox_event_unique UNIQUE (event_id),
    CONSTRAINT outbox_ended CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX outbox_due ON outbox (available_at) WHERE state = 'waiting';
CREATE INDEX outbox_order ON outbox (ordering_key, seq) WHERE state = 'waiting';

CREATE TABLE inbox (
    source      TEXT COLLATE "C" NOT NULL,
    message_id  TEXT COLLATE "C" NOT NULL,
    raw         TEXT   NOT NULL,
    trace_id    TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('received', 'applied')),
    applied_at  BIGINT,
    PRIMARY KEY (source, message_id),
    CONSTRAINT inbox_applied CHECK ((state = 'applied') = (applied_at IS NOT NULL))
);
CREATE INDEX inbox_pending ON inbox (received_at) WHERE state = 'received';

CREATE TABLE idempotency (
    scope         TEXT COLLATE "C" NOT NULL,
    client_key    TEXT COLLATE "C" NOT NULL,
    fingerprint   TEXT   NOT NULL,
    field_digests TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('started', 'done')),
    step          TEXT,
    lease_until   BIGINT,
    lease_epoch   BIGINT NOT NULL CHECK (lease_epoch >= 1),
    answer_status BIGINT CHECK (answer_status BETWEEN 100 AND 599),
    answer_body   TEXT,
    created_at    BIGINT NOT NULL,
    done_at       BIGINT,
    PRIMARY KEY (scope, client_key),
    CONSTRAINT idempotency_started CHECK (state <> 'started' OR (step IS NOT NULL AND lease_until IS NOT NULL
        AND answer_status IS NULL AND answer_body IS NULL AND done_at IS NULL)),
    CONSTRAINT idempotency_done CHECK (state <> 'done'
        OR (answer_status IS NOT NULL AND answer_body IS NOT NULL AND done_at IS NOT NULL))
);

CREATE TABLE job (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    every_s      BIGINT NOT NULL CHECK (every_s > 0),
    next_at      BIGINT NOT NULL,
    last_at      BIGINT,
    last_outcome TEXT,
    lease_until  BIGINT,
    lease_epoch  BIGINT NOT NULL CHECK (lease_epoch >= 0)
);

-- An entry is written after its lines and closes them: the trigger adds them up.
CREATE TABLE ledger_entry (
    entry_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fact       TEXT COLLATE "C" NOT NULL,
    payment_id TEXT COLLATE "C" NOT NULL,
    trace_id   TEXT   NOT NULL,
    posted_at  BIGINT NOT NULL,
    line_count BIGINT NOT NULL CHECK (line_count >= 2),
    total_fen  BIGINT NOT NULL CHECK (total_fen > 0),
    CONSTRAINT ledger_fact_unique UNIQUE (fact)
);
CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id, posted_at, entry_id);

CREATE TABLE ledger_line (
    entry_id   TEXT COLLATE "C" NOT NULL,
    line_no    BIGINT NOT NULL CHECK (line_no >= 1),
    account    TEXT   NOT NULL CHECK (account <> ''),
    debit_fen  BIGINT NOT NULL CHECK (debit_fen >= 0),
    credit_fen BIGINT NOT NULL CHECK (credit_fen >= 0),
    PRIMARY KEY (entry_id, line_no),
    CONSTRAINT ledger_line_one_sided CHECK ((debit_fen > 0 AND credit_fen = 0) OR (debit_fen = 0 AND credit_fen > 0))
);

CREATE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_count BIGINT; debits NUMERIC; credits NUMERIC;
BEGIN
    SELECT COUNT(*), COALESCE(SUM(debit_fen), 0), COALESCE(SUM(credit_fen), 0)
      INTO found_count, debits, credits FROM ledger_line WHERE entry_id = NEW.entry_id;
    IF found_count <> NEW.line_count OR debits <> NEW.total_fen OR credits <> NEW.total_fen THEN
        RAISE EXCEPTION 'unbalanced: ledger_entry' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_balances BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances();

CREATE FUNCTION ledger_line_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_entry WHERE entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'closed: ledger_entry' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_line_open BEFORE INSERT ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION ledger_line_open();

-- At commit every line belongs to an entry and the entry still adds up, whoever wrote them.
CREATE FUNCTION ledger_line_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM ledger_entry e WHERE e.entry_id = NEW.entry_id
           AND e.line_count = (SELECT COUNT(*) FROM ledger_line l WHERE l.entry_id = e.entry_id)
           AND e.total_fen = (SELECT SUM(l.debit_fen) FROM ledger_line l WHERE l.entry_id = e.entry_id)
           AND e.total_fen = (SELECT SUM(l.credit_fen) FROM ledger_line l WHERE l.entry_id = e.entry_id)
    ) THEN
        RAISE EXCEPTION 'unbalanced: ledger_line' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_line_closed AFTER INSERT ON ledger_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_line_closed();

CREATE TRIGGER ledger_entry_fixed BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_kept BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_line_fixed BEFORE UPDATE OR DELETE ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_line_kept BEFORE TRUNCATE ON ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE evidence_entry (
    entry_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TRIGGER evidence_entry_fixed BEFORE UPDATE OR DELETE ON evidence_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_entry_kept BEFORE TRUNCATE ON evidence_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Beside the entry, because deleting the salt is how the entry's closed facts are erased.
CREATE TABLE evidence_salt (
    entry_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES evidence_entry (entry_id),
    salt     TEXT NOT NULL
);
CREATE TRIGGER evidence_salt_fixed BEFORE UPDATE ON evidence_salt
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Entries the sequencer has not placed yet; it deletes what it has placed.
CREATE TABLE evidence_queue (
    seq      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id TEXT COLLATE "C" NOT NULL REFERENCES evidence_entry (entry_id),
    CONSTRAINT evidence_queue_unique UNIQUE (entry_id)
);

CREATE TABLE audit_line (
    audit_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    act      TEXT   NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    outcome  TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    trace_id TEXT   NOT NULL
);
CREATE INDEX audit_line_subject ON audit_line (subject, at, audit_id);
CREATE TRIGGER audit_line_fixed BEFORE UPDATE OR DELETE ON audit_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_line_kept BEFORE TRUNCATE ON audit_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE case_file (
    case_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind      TEXT   NOT NULL,
    cause     TEXT COLLATE "C" NOT NULL,
    subject   TEXT COLLATE "C" NOT NULL,
    facts     TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    trace_id  TEXT   NOT NULL,
    closed_at BIGINT,
    CONSTRAINT case_cause_unique UNIQUE (cause)
);
CREATE INDEX case_file_subject ON case_file (subject, opened_at, case_id);
CREATE INDEX case_file_open ON case_file (opened_at) WHERE closed_at IS NULL;
