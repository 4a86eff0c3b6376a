-- Generations of keys, step-up, export, erasure, and what their purges look for.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Which key of each purpose this store is written with, and which ones still open or find something. The keys
-- themselves are in the keyring; a process whose keyring lacks one of these does not work on this store.
CREATE TABLE key_generation (
    purpose      TEXT NOT NULL,
    kid          TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('announced', 'active', 'retiring', 'retired')),
    announced_at INTEGER NOT NULL,
    moved_at     INTEGER NOT NULL,
    PRIMARY KEY (purpose, kid)
) STRICT;
CREATE UNIQUE INDEX key_generation_one_active ON key_generation (purpose) WHERE state = 'active';

-- A rotation that is under way: which pass it is in and how far that pass has come. Passes are repeated, round by
-- round, until a round moves nothing.
CREATE TABLE key_rotation (
    purpose      TEXT NOT NULL PRIMARY KEY,
    kid          TEXT NOT NULL,
    pass         INTEGER NOT NULL CHECK (pass >= 0),
    passed       TEXT NOT NULL,
    rows_moved   INTEGER NOT NULL CHECK (rows_moved >= 0),
    round_moved  INTEGER NOT NULL CHECK (round_moved >= 0),
    rows_skipped INTEGER NOT NULL CHECK (rows_skipped >= 0),
    began_at     INTEGER NOT NULL
) STRICT;

-- What a session was lately shown to be its owner's for, by a code to their phone.
ALTER TABLE session ADD COLUMN step_up_act TEXT;
ALTER TABLE session ADD COLUMN stepped_up_at INTEGER;

-- The words of a code's purpose are the program's; codes live for minutes, so theirs begin anew.
DROP INDEX otp_newest;
DROP INDEX otp_expiry;
ALTER TABLE otp RENAME TO otp_before;
CREATE TABLE otp (
    otp_id      TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    act_digest  TEXT NOT NULL,
    phone_key   TEXT,
    code_digest TEXT,
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    asked_at    INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    spent_at    INTEGER,
    version     INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT otp_armed CHECK ((phone_key IS NULL) = (code_digest IS NULL)),
    CONSTRAINT otp_spent CHECK (spent_at IS NULL OR code_digest IS NOT NULL)
) STRICT;
DROP TABLE otp_before;
CREATE INDEX otp_newest ON otp (session_id, purpose, act_digest, asked_at);
CREATE INDEX otp_expiry ON otp (expires_at);

-- A person's wish to be erased: it cools off, and may be taken back until it is done. It outlives the account.
CREATE TABLE erasure (
    erasure_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('cooling', 'withdrawn', 'done')),
    asked_at   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    -- When it is looked at next: due, put off while money is open, looked at again after it is done.
    next_at    INTEGER,
    ended_at   INTEGER,
    version    INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT erasure_ended CHECK ((state = 'cooling') = (ended_at IS NULL)),
    CONSTRAINT erasure_waits CHECK (state <> 'cooling' OR next_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX erasure_one_cooling ON erasure (account_id) WHERE state = 'cooling';
CREATE INDEX erasure_next ON erasure (next_at) WHERE next_at IS NOT NULL;

-- An erased account is a name for what is kept, and nothing else.
ALTER TABLE account ADD COLUMN erased_at INTEGER;

-- One-use ways to a document, for places that cannot send a header.
CREATE TABLE document_link (
    ticket_digest TEXT NOT NULL PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES account (account_id),
    document      TEXT NOT NULL,
    made_at       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER
) STRICT;
CREATE INDEX document_link_of_account ON document_link (account_id);
CREATE INDEX document_link_expiry ON document_link (expires_at);

-- Whose closed facts a salt opens: erasing somebody deletes theirs.
DROP TRIGGER evidence_salt_no_update;
ALTER TABLE evidence_salt ADD COLUMN account_id TEXT;
UPDATE evidence_salt SET account_id =
    (SELECT json_extract(e.body, '$.account_id') FROM evidence_entry e WHERE e.entry_id = evidence_salt.entry_id);
CREATE INDEX evidence_salt_of_account ON evidence_salt (account_id) WHERE account_id IS NOT NULL;
CREATE TRIGGER evidence_salt_no_update BEFORE UPDATE ON evidence_salt
BEGIN SELECT RAISE(ABORT, 'append only: evidence_salt'); END;

-- A line of the audit may go three years (1096 days) after it was written. The store has no clock: its newest line is one.
CREATE INDEX audit_line_age ON audit_line (at);
DROP TRIGGER audit_line_no_delete;
CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line
WHEN OLD.at > (SELECT MAX(at) FROM audit_line) - 94694400000000
BEGIN SELECT RAISE(ABORT, 'append only: audit_line'); END;

-- What the purges and the erasure look for.
CREATE INDEX consent_of_account ON consent (account_id, given_at);
CREATE INDEX consent_over ON consent (withdrawn_at) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX binding_over ON binding (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX binding_any_of_home ON binding (home_index);
CREATE INDEX binding_any_of_account ON binding (account_id);
CREATE INDEX match_offer_of_account ON match_offer (account_id);
CREATE INDEX otp_of_account ON otp (account_id);
CREATE INDEX refresh_token_of_account ON refresh_token (account_id);
CREATE INDEX session_any_of_account ON session (account_id);
CREATE INDEX payment_sighting_age ON payment_sighting (last_asked_at);
CREATE INDEX case_file_closed ON case_file (closed_at) WHERE closed_at IS NOT NULL;
