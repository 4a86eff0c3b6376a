-- Accounts of one person become one.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- A link that fell together with another when accounts merged: what was paid by the one shows with the other.
CREATE TABLE binding_fold (
    binding_id      TEXT NOT NULL PRIMARY KEY REFERENCES binding (binding_id),
    into_binding_id TEXT NOT NULL REFERENCES binding (binding_id)
) STRICT;
CREATE INDEX binding_fold_into ON binding_fold (into_binding_id);
