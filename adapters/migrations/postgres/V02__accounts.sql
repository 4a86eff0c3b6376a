-- App users, how they stay signed in, what they agreed to. `*_index` and `*_digest` are keyed digests.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- One app user. Personal fields are sealed with the account's own key.
CREATE TABLE account (
    account_id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    app_id            TEXT COLLATE "C" NOT NULL,
    open_id           TEXT,
    open_id_index     TEXT COLLATE "C",
    user_id           TEXT,
    user_id_index     TEXT COLLATE "C",
    name              TEXT,
    id_no             TEXT,
    id_no_index       TEXT COLLATE "C",
    certified_at      BIGINT,
    phone             TEXT,
    phone_index       TEXT COLLATE "C",
    phone_verified_at BIGINT,
    created_at        BIGINT NOT NULL,
    version           BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT account_open_id_unique UNIQUE (app_id, open_id_index),
    CONSTRAINT account_user_id_unique UNIQUE (app_id, user_id_index),
    CONSTRAINT account_phone_unique UNIQUE (phone_index),
    CONSTRAINT account_identity CHECK (open_id_index IS NOT NULL OR user_id_index IS NOT NULL),
    CONSTRAINT account_open_id CHECK ((open_id IS NULL) = (open_id_index IS NULL)),
    CONSTRAINT account_user_id CHECK ((user_id IS NULL) = (user_id_index IS NULL)),
    CONSTRAINT account_real_name CHECK ((name IS NULL) = (id_no IS NULL) AND (name IS NULL) = (id_no_index IS NULL)
        AND (name IS NULL) = (certified_at IS NULL)),
    CONSTRAINT account_phone CHECK ((phone IS NULL) = (phone_index IS NULL)
        AND (phone IS NULL) = (phone_verified_at IS NULL))
);

CREATE TABLE consent (
    consent_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id   TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    purpose      TEXT NOT NULL CHECK (purpose IN ('identity_match', 'archive_update', 'notices')),
    version      TEXT NOT NULL,
    text_hash    TEXT NOT NULL,
    given_at     BIGINT NOT NULL,
    withdrawn_at BIGINT
);
CREATE UNIQUE INDEX consent_one_live ON consent (account_id, purpose) WHERE withdrawn_at IS NULL;

-- A signed-in device: the family of one chain of refresh tokens.
CREATE TABLE session (
    session_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    client         TEXT NOT NULL CHECK (client IN ('mini', 'h5')),
    browser_digest TEXT COLLATE "C",
    created_at     BIGINT NOT NULL,
    last_seen_at   BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    ended_at       BIGINT,
    ending         TEXT,
    version        BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT session_browser_unique UNIQUE (browser_digest),
    CONSTRAINT session_ended CHECK ((ended_at IS NULL) = (ending IS NULL))
);
CREATE INDEX session_of_account ON session (account_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX session_ended_at ON session (ended_at, session_id) WHERE ended_at IS NOT NULL;
CREATE INDEX session_expiry ON session (expires_at);

-- Refresh tokens, by digest. The successor is sealed and wiped half a minute after use.
CREATE TABLE refresh_token (
    token_digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id   TEXT COLLATE "C" NOT NULL REFERENCES session (session_id),
    account_id   TEXT COLLATE "C" NOT NULL,
    expires_at   BIGINT NOT NULL,
    spent_at     BIGINT,
    spent_device TEXT,
    successor    TEXT,
    CONSTRAINT refresh_token_spent CHECK ((spent_at IS NULL) = (spent_device IS NULL)
        AND (successor IS NULL OR spent_at IS NOT NULL))
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);
CREATE INDEX refresh_token_successor ON refresh_token (spent_at) WHERE successor IS NOT NULL;

-- Begun browser sign-ins; using one deletes it.
CREATE TABLE oauth_start (
    state_digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    cookie_digest TEXT COLLATE "C" NOT NULL,
    expires_at    BIGINT NOT NULL
);

CREATE TABLE otp (
    otp_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id  TEXT COLLATE "C" NOT NULL,
    session_id  TEXT COLLATE "C" NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('verify_phone', 'bind')),
    act_digest  TEXT COLLATE "C" NOT NULL,
    phone_key   TEXT COLLATE "C",
    code_digest TEXT,
    tries       BIGINT NOT NULL CHECK (tries >= 0),
    asked_at    BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    spent_at    BIGINT,
    version     BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT otp_armed CHECK ((phone_key IS NULL) = (code_digest IS NULL)),
    CONSTRAINT otp_spent CHECK (spent_at IS NULL OR code_digest IS NOT NULL)
);
CREATE INDEX otp_newest ON otp (session_id, purpose, act_digest, asked_at);
CREATE INDEX otp_expiry ON otp (expires_at);

-- Counters of guesses and of what was sent. `period` is a day or a year of Shanghai.
CREATE TABLE attempt (
    guard      TEXT COLLATE "C" NOT NULL,
    key_digest TEXT COLLATE "C" NOT NULL,
    period     TEXT COLLATE "C" NOT NULL,
    tally      BIGINT NOT NULL CHECK (tally >= 1),
    moved_at   BIGINT NOT NULL,
    PRIMARY KEY (guard, key_digest, period)
);
CREATE INDEX attempt_moved ON attempt (moved_at);

-- Distinct values of a counter.
CREATE TABLE attempt_value (
    guard        TEXT COLLATE "C" NOT NULL,
    key_digest   TEXT COLLATE "C" NOT NULL,
    period       TEXT COLLATE "C" NOT NULL,
    value_digest TEXT COLLATE "C" NOT NULL,
    moved_at     BIGINT NOT NULL,
    PRIMARY KEY (guard, key_digest, period, value_digest)
);
CREATE INDEX attempt_value_moved ON attempt_value (moved_at);
