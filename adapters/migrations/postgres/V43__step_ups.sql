-- What a step-up is for exactly: the digest that its code had.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE session ADD COLUMN step_up_digest TEXT;
