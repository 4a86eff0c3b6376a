-- User names and passwords of generation accounts, a way in beside Alipay.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Name and hash are sealed with the owner's key; a name is found by its keyed digest.
CREATE TABLE generation_credential (
    generation_account_id TEXT NOT NULL PRIMARY KEY REFERENCES generation_account (generation_account_id),
    login_digest          TEXT NOT NULL,
    login                 TEXT NOT NULL,
    password              TEXT NOT NULL,
    changed_at            INTEGER NOT NULL,
    version               INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT generation_credential_login_unique UNIQUE (login_digest)
) STRICT;
