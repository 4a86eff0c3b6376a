-- Generators whose cooperation the utility ended, until a contract renewed since is registered.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- The number by a keyed digest: it says nothing and finds nobody, and so outlives the account it was erased from.
CREATE TABLE generation_end (
    number_digest    TEXT NOT NULL PRIMARY KEY,
    contract_version INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL
) STRICT;
