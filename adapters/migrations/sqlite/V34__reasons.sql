-- What an owner says when they reject a settlement; sealed with the key of the personal data table.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE check_task ADD COLUMN reason TEXT;
