-- What people are told. One row per fact, told in the app to everybody, by SMS to those who agreed.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- `params` are the facts the words are made from, sealed with the account's own key.
CREATE TABLE notice (
    notice_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    event_id   TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('credited', 'refunded')),
    params     TEXT NOT NULL,
    payment_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    read_at    BIGINT,
    texted_at  BIGINT,
    CONSTRAINT notice_event_unique UNIQUE (event_id)
);
CREATE INDEX notice_of_account ON notice (account_id, notice_id);
CREATE INDEX notice_unread ON notice (account_id) WHERE read_at IS NULL;
