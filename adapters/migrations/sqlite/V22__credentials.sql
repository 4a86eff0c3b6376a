-- Login names and passwords, a second way in for browsers.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Login and hash are sealed with the account's own key; a login is found by its keyed digest.
CREATE TABLE credential (
    account_id   TEXT NOT NULL PRIMARY KEY REFERENCES account (account_id),
    login_digest TEXT NOT NULL,
    login        TEXT NOT NULL,
    password     TEXT NOT NULL,
    changed_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT credential_login_unique UNIQUE (login_digest)
) STRICT;
