-- Generation accounts and their personal data tables.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- A household that sells power. The generation number goes with the cooperation; the row stays as a name for the books.
CREATE TABLE generation_account (
    generation_account_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id            TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    generation_no         TEXT,
    generation_index      TEXT COLLATE "C",
    feed_in               TEXT NOT NULL CHECK (feed_in IN ('full', 'surplus')),
    settlement_day        BIGINT NOT NULL CHECK (settlement_day BETWEEN 1 AND 28),
    contract_version      BIGINT NOT NULL CHECK (contract_version >= 1),
    state                 TEXT NOT NULL CHECK (state IN ('keyless', 'keyed', 'permitted', 'terminating', 'terminated')),
    termination_asked_at  BIGINT,
    created_at            BIGINT NOT NULL,
    next_at               BIGINT,
    ended_at              BIGINT,
    version               BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT generation_account_ended CHECK ((state = 'terminated') = (ended_at IS NOT NULL)),
    CONSTRAINT generation_account_number CHECK ((generation_no IS NULL) = (generation_index IS NULL)),
    CONSTRAINT generation_account_waits CHECK (state = 'terminated' OR next_at IS NOT NULL)
);
CREATE UNIQUE INDEX generation_account_one_live ON generation_account (generation_index) WHERE generation_index IS NOT NULL;
CREATE INDEX generation_account_of_owner ON generation_account (account_id, generation_account_id);
CREATE INDEX generation_account_next ON generation_account (next_at) WHERE next_at IS NOT NULL;

-- One per account and contract. Its data key lies in account_key under the table's id; destroying that erases it.
CREATE TABLE personal_table (
    table_id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    generation_account_id TEXT COLLATE "C" NOT NULL REFERENCES generation_account (generation_account_id),
    state                 TEXT NOT NULL CHECK (state IN ('open', 'erased')),
    permission_id         TEXT COLLATE "C",
    identity              TEXT,
    payee_since           BIGINT NOT NULL,
    opened_at             BIGINT NOT NULL,
    erased_at             BIGINT,
    version               BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT personal_table_erased CHECK ((state = 'erased') = (erased_at IS NOT NULL)),
    CONSTRAINT personal_table_permission CHECK ((state = 'open') = (permission_id IS NOT NULL)),
    CONSTRAINT personal_table_identity CHECK ((state = 'open') = (identity IS NOT NULL))
);
CREATE UNIQUE INDEX personal_table_one_open ON personal_table (generation_account_id) WHERE state = 'open';
CREATE UNIQUE INDEX personal_table_permission_id ON personal_table (permission_id) WHERE permission_id IS NOT NULL;
