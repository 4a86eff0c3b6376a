-- Accounts of one person become one.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- A link that fell together with another when accounts merged: what was paid by the one shows with the other.
CREATE TABLE binding_fold (
    binding_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES binding (binding_id),
    into_binding_id TEXT COLLATE "C" NOT NULL REFERENCES binding (binding_id)
);
CREATE INDEX binding_fold_into ON binding_fold (into_binding_id);
