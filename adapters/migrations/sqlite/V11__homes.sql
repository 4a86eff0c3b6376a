-- Orders that pay several homes, what was offered to the archive, what the State Grid user system was told.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- The homes of an order, so that it is found under each of them.
CREATE TABLE payment_home (
    binding_id TEXT NOT NULL,
    payment_id TEXT NOT NULL REFERENCES payment (payment_id),
    PRIMARY KEY (binding_id, payment_id)
) STRICT;
CREATE INDEX payment_home_of_payment ON payment_home (payment_id);
INSERT INTO payment_home (binding_id, payment_id) SELECT binding_id, payment_id FROM payment;

-- Certified values offered to empty fields of the archive. The values are sealed with the account's key, frozen before the
-- first send, and gone when the offer is over.
CREATE TABLE archive_update (
    update_id      TEXT NOT NULL PRIMARY KEY,
    account_id     TEXT NOT NULL REFERENCES account (account_id),
    binding_id     TEXT NOT NULL REFERENCES binding (binding_id),
    holder_version INTEGER NOT NULL CHECK (holder_version >= 0),
    consent_id     TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'done', 'stopped')),
    offered        TEXT,
    outcomes       TEXT NOT NULL,
    stopped_by     TEXT,
    asked_at       INTEGER NOT NULL,
    sent_at        INTEGER,
    ended_at       INTEGER,
    version        INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT archive_update_sent CHECK (state <> 'sending' OR sent_at IS NOT NULL),
    CONSTRAINT archive_update_ended CHECK ((state IN ('done', 'stopped')) = (ended_at IS NOT NULL)
        AND (ended_at IS NULL) = (offered IS NOT NULL)),
    CONSTRAINT archive_update_stopped CHECK ((state = 'stopped') = (stopped_by IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX archive_update_one_open ON archive_update (binding_id) WHERE ended_at IS NULL;
CREATE INDEX archive_update_of_account ON archive_update (account_id);

-- Phones that we wrote, or may have written, into the archive of a home: never a proof of anything. Sealed.
CREATE TABLE archive_own_phone (
    update_id  TEXT NOT NULL PRIMARY KEY,
    home_index TEXT NOT NULL,
    phone      TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX archive_own_phone_of_home ON archive_own_phone (home_index);

-- What the State Grid user system was told of an account, by number; `told_digest` is a keyed digest.
CREATE TABLE user_sync (
    account_id   TEXT NOT NULL PRIMARY KEY REFERENCES account (account_id),
    seq          INTEGER NOT NULL CHECK (seq >= 0),
    sent_digest  TEXT,
    told_seq     INTEGER NOT NULL,
    told_digest  TEXT,
    standing     TEXT NOT NULL CHECK (standing IN ('unknown', 'linked', 'removed', 'conflict')),
    looked_at    INTEGER NOT NULL,
    CONSTRAINT user_sync_told CHECK (told_seq BETWEEN 0 AND seq)
) STRICT;
CREATE INDEX user_sync_looked ON user_sync (looked_at);
