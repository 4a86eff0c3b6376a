-- Generators whose cooperation the utility ended, until a contract renewed since is registered.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- The number by a keyed digest: it says nothing and finds nobody, and so outlives the account it was erased from.
CREATE TABLE generation_end (
    number_digest    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    contract_version BIGINT NOT NULL,
    ended_at         BIGINT NOT NULL
);
