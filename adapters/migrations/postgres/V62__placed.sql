-- Whether a link had its turn to have its supply office read: those that had none are found without going over all links.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE binding ADD COLUMN placed BIGINT NOT NULL DEFAULT 0 CHECK (placed IN (0, 1));
UPDATE binding SET placed = 1 WHERE EXISTS (SELECT 1 FROM binding_region r WHERE r.binding_id = binding.binding_id);
CREATE INDEX binding_unplaced ON binding (binding_id) WHERE placed = 0 AND ended_at IS NULL;
