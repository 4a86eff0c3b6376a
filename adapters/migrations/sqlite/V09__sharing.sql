-- Sharing a home: invitations, what came of them, and what rests on them.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Since when the present holder holds the home: `YYYY-MM-DD`.
ALTER TABLE binding_home ADD COLUMN holder_since TEXT;
CREATE INDEX binding_home_looked ON binding_home (looked_at);

-- `token_digest` is the keyed digest of the invitation's one-use token.
CREATE TABLE binding_grant (
    grant_id          TEXT NOT NULL PRIMARY KEY,
    home_index        TEXT NOT NULL REFERENCES binding_home (home_index),
    holder_binding_id TEXT NOT NULL REFERENCES binding (binding_id),
    role              TEXT NOT NULL CHECK (role IN ('payer_only', 'authorised')),
    holder_version    INTEGER NOT NULL CHECK (holder_version >= 0),
    state             TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'ended')),
    token_digest      TEXT NOT NULL,
    open_until        INTEGER NOT NULL,
    ends_at           INTEGER NOT NULL,
    accepted_by       TEXT REFERENCES account (account_id),
    created_at        INTEGER NOT NULL,
    accepted_at       INTEGER,
    ended_at          INTEGER,
    version           INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT binding_grant_token_unique UNIQUE (token_digest),
    CONSTRAINT binding_grant_accepted CHECK (state <> 'accepted' OR accepted_by IS NOT NULL),
    CONSTRAINT binding_grant_ended CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT;
CREATE INDEX binding_grant_of_home ON binding_grant (home_index) WHERE ended_at IS NULL;
CREATE INDEX binding_grant_by_holder ON binding_grant (holder_binding_id) WHERE ended_at IS NULL;
CREATE INDEX binding_grant_unaccepted ON binding_grant (open_until) WHERE state = 'open';

-- What the holder granted the person behind a link. `shown` = 0: the link rests on that alone.
ALTER TABLE binding ADD COLUMN grant_id TEXT REFERENCES binding_grant (grant_id);
ALTER TABLE binding ADD COLUMN shown INTEGER NOT NULL DEFAULT 1 CHECK (shown = 1 OR (shown = 0 AND grant_id IS NOT NULL));
-- The holder version under which the holder took the access away.
ALTER TABLE binding ADD COLUMN barred_version INTEGER;
CREATE INDEX binding_with_grant ON binding (grant_id) WHERE grant_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX binding_barred ON binding (home_index, account_id) WHERE barred_version IS NOT NULL;

-- Notices of other things than money. The list of kinds is the program's: an unknown one is an alarm when it is read.
DROP INDEX notice_of_account;
DROP INDEX notice_unread;
ALTER TABLE notice RENAME TO notice_of_money;
CREATE TABLE notice (
    notice_id  TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    event_id   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    params     TEXT NOT NULL,
    payment_id TEXT,
    created_at INTEGER NOT NULL,
    read_at    INTEGER,
    texted_at  INTEGER,
    CONSTRAINT notice_event_unique UNIQUE (event_id)
) STRICT;
INSERT INTO notice (notice_id, account_id, event_id, kind, params, payment_id, created_at, read_at, texted_at)
    SELECT notice_id, account_id, event_id, kind, params, payment_id, created_at, read_at, texted_at FROM notice_of_money;
DROP TABLE notice_of_money;
CREATE INDEX notice_of_account ON notice (account_id, notice_id);
CREATE INDEX notice_unread ON notice (account_id) WHERE read_at IS NULL;
