-- Key pairs of generation accounts.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- The private half lies here only as its vault wrapped it. One nonce at a time: what is encrypted names it.
CREATE TABLE generation_key (
    key_id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    generation_account_id TEXT COLLATE "C" NOT NULL REFERENCES generation_account (generation_account_id),
    vault                 TEXT NOT NULL,
    modulus               TEXT NOT NULL,
    wrapped               TEXT NOT NULL,
    nonce_digest          TEXT,
    nonce_expires_at      BIGINT,
    made_at               BIGINT NOT NULL,
    CONSTRAINT generation_key_nonce CHECK ((nonce_digest IS NULL) = (nonce_expires_at IS NULL))
);
CREATE UNIQUE INDEX generation_key_one ON generation_key (generation_account_id);
